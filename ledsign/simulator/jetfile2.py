"""A simulated JetFile II sign: what it answers to every command of the document that is spoken here.

Options behind the ``?`` of the URL it listens on: ``group``, ``unit`` (1-255, default 1 1), ``longest`` (data bytes
that a packet may have, default 1024), ``ram`` (kB of its disk E, default 8192), ``user`` and ``password`` (nothing
but a connection test before a login).
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from ledsign.errors import ConfigError
from ledsign.panel import Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.jetfile2 import JetFile2
from ledsign.protocol.jetfile2 import commands as c
from ledsign.protocol.jetfile2.base import Command
from ledsign.protocol.jetfile2.disk import Erase, FilePart, ReadFile, SystemPart
from ledsign.protocol.jetfile2.packets import OK, Reply, Request, Simple, SimpleReply, address, status_reply
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.jetfile2_disk import BAD_LENGTH, NO_FILE, Disks
from ledsign.simulator.jetfile2_glass import Glass

EMERGENCY_LIMIT = 1024
DAMAGED, BAD_MAIN, BAD_SUB, NOT_SPOKEN, NO_LOGIN = 0x9002, 0x9004, 0x9005, 0x9011, 0x9030
TEXT_TOO_BIG, BAD_TIME, NOT_STREAMING = 0x2901, 0x5201, 0x8305
_FACTORY_TIME = datetime(2007, 1, 1)  # noqa: DTZ001 -- a sign's clock knows no zone
_MAINS = range(1, 0x0B)
_LIMITS = {"group": (1, 255), "unit": (1, 255), "longest": (128, 1024), "ram": (16, 8192)}


class JetFile2Brain:
    """The sign. ``lit`` is told whenever the glass may have changed."""

    family = "jetfile2"

    def __init__(self, panel: Panel, lit: Lit, strict: bool) -> None:
        self._panel = panel
        self._where = (1, 1)
        self._user: tuple[str, str] | None = None
        self._disks = Disks(strict)
        self._glass = Glass(panel, lit, self._disks)
        self._clock_set, self._clock_set_at, self._zone = _FACTORY_TIME, self._glass.now(), 20
        self._levels: tuple[int, ...] = (255, 255, 255)
        self._known = True  # whoever speaks may do so

    # ---- what every brain does ------------------------------------------------------------------------------

    def configure(self, options: Mapping[str, str]) -> None:
        if unknown := sorted(set(options) - {*_LIMITS, "user", "password"}):
            raise ConfigError(f"a simulated jetfile2 sign has no option {unknown[0]!r}")
        for name, (low, high) in _LIMITS.items():
            value = options.get(name, str(low))
            if not (value.isdecimal() and low <= int(value) <= high):
                raise ConfigError(f"a simulated jetfile2 sign: {name} is {low}-{high}")
        self._where = int(options.get("group", "1")), int(options.get("unit", "1"))
        self._disks.longest = int(options.get("longest", "1024"))
        self._disks.ram = int(options.get("ram", "8192")) << 10
        self._user = (options["user"], options.get("password", "")) if "user" in options else None

    def run_on(self, now: Callable[[], float]) -> None:
        self._glass.now, self._clock_set_at = now, now()

    def talk(self, link: Link) -> Talk:
        return JetFile2(link, Role.CARD, {})

    def power_up(self) -> None:
        self._disks.power_up()
        self._glass.start()
        self._known = self._user is None
        self._glass.show("boot")

    def state(self) -> Mapping[str, object]:
        return {
            "on": self._glass.on,
            "mode": self._mode(),
            "brightness": list(self._levels),
            "files": self._disks.names(),
            "flash_writes": self._disks.flash_writes,
            "clock": self.clock.isoformat(timespec="seconds"),
        }

    @property
    def clock(self) -> datetime:
        """The sign's clock: runs on from what it was set to."""
        return self._clock_set + timedelta(seconds=self._glass.now() - self._clock_set_at)

    def due(self) -> float | None:
        return self._glass.due()

    def tick(self) -> None:
        self._glass.tick()

    # ---- talking --------------------------------------------------------------------------------------------

    def damaged(self, message: Message) -> Sequence[Message]:
        return (status_reply(message, DAMAGED),) if isinstance(message, Request) else ()

    def foreign(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, Request):
            return ()
        ok = struct.pack("<HH", OK, 0)
        code, serial = message.body.code, message.serial
        return (
            Reply(code, (serial - 1) & 0xFFFF, True, ok, source=address(message)),
            Reply(0x0301, serial ^ 0x5555, False, bytes(12), source=0x0901),
            Reply(0x0708, serial, True, ok, source=0x0901),
        )

    def answer(self, message: Message) -> Sequence[Message]:
        if isinstance(message, Simple):
            return self._simple(message)
        if not isinstance(message, Request):
            return ()
        mine = all(wanted in (0, own) for wanted, own in zip((message.group, message.unit), self._where, strict=True))
        if not mine:
            return ()
        done = self._do(message.body)
        if message.quiet:
            return ()
        if isinstance(done, int):
            return (status_reply(message, done),)
        return (Reply(message.body.code, message.serial, False, *done, source=address(message)),)

    def _simple(self, frame: Simple) -> Sequence[Message]:
        if frame.unit not in (0, self._where[1]) or frame.command != "A" or not self._known:
            return ()
        target, marker, text = frame.body.partition(b"\x06")
        name = target.decode("latin-1")
        key = (name[1:2], name[2:3], name[3:]) if name[:1] == "\x0f" else ("D", "T", name)
        if marker:
            self._disks.store(key, b"\x01Z00\x02A" + key[2][:1].encode("latin-1") + text + b"\x04")
            self._glass.play(key)
        return (SimpleReply(b"OK"),) if frame.answer else ()

    def _do(self, body: Command) -> int | tuple[bytes, bytes]:
        """Carry out a command: a status code, or argument and data of the answer."""
        if isinstance(body, c.Login):
            return self._login(body)
        if isinstance(body, c.Plain):
            return self._plain(body.verb) if self._known or body.verb is c.Verb.CONNECTION_TEST else NO_LOGIN
        if not self._known:
            return NO_LOGIN
        if isinstance(body, FilePart | SystemPart):
            return self._collect(body)
        actions: dict[type[Command], Callable[..., int | tuple[bytes, bytes]]] = {
            ReadFile: self._disks.read,
            Erase: self._disks.erase,
            c.Emergency: self._cut_in,
            c.Brightness: self._brightness,
            c.PowerOff: self._power_off,
            c.SetClock: self._set_clock,
            c.PlayFile: self._play,
            c.StreamStart: lambda _start: NOT_SPOKEN,
        }
        if action := actions.get(type(body)):
            return action(body)
        if body.code >> 8 not in _MAINS:
            return BAD_MAIN
        known = {0x0202, 0x0209, 0x020A, 0x0403, 0x0502, 0x0504, 0x0606, *map(int, c.Verb)}
        return BAD_LENGTH if body.code in known or 0x0204 <= body.code <= 0x0207 else BAD_SUB

    def _login(self, body: c.Login) -> int:
        self._known = self._user in (None, (body.user, body.password))
        return OK if self._known else NO_LOGIN

    def _plain(self, verb: c.Verb) -> int | tuple[bytes, bytes]:
        if verb in (c.Verb.BLACK_ON, c.Verb.BLACK_OFF):
            self._glass.black = verb is c.Verb.BLACK_ON
            self._glass.show("power")
        elif verb is c.Verb.POWER_ON:
            self._glass.on = True
            self._glass.show("power")
        elif verb is c.Verb.RESET:
            self.power_up()
        elif verb is c.Verb.RESTART_PLAYLIST:
            self._glass.back_to_playlist()
        answers: dict[c.Verb, Callable[[], int | tuple[bytes, bytes]]] = {
            c.Verb.CONNECTION_TEST: lambda: (bytes.fromhex("54020101df01a8c0") + bytes((*self._where, 0, 0)), b""),
            c.Verb.PARAMETERS: self._parameters,
            c.Verb.STATUS: lambda: (bytes((self._mode(), 24, 0xFF, 0, 60, 0, 0, 0)), b""),
            c.Verb.POWER_STATUS: lambda: (b"", bytes((0 if self._glass.on else 2, not self._glass.on)) + bytes(14)),
            c.Verb.READ_CLOCK: self._read_clock,
            c.Verb.STREAM_STATUS: lambda: NOT_STREAMING,
            c.Verb.STREAM_STOP: lambda: NOT_STREAMING,
        }
        return answers.get(verb, lambda: OK)()

    def _mode(self) -> int:
        return 1 if self._glass.emergency else 2 if self._glass.black else 0

    def _parameters(self) -> tuple[bytes, bytes]:
        numbers = 0x0254, 0x0100, 0x0100, 0x0101, self._panel.width, self._panel.height, 0x0254
        return struct.pack("<7H", *numbers) + bytes(self._where), b""

    # ---- files and glass ------------------------------------------------------------------------------------

    def _collect(self, part: FilePart | SystemPart) -> int:
        status, complete = self._disks.collect(part)
        if complete is not None:
            self._glass.stored(complete)
        return status

    def _play(self, body: c.PlayFile) -> int:
        return OK if self._glass.play((body.disk, body.folder, body.label)) else NO_FILE

    def _cut_in(self, body: c.Emergency) -> int:
        if len(body.file) > EMERGENCY_LIMIT:
            return TEXT_TOO_BIG
        return OK if self._glass.cut_in(body.file, body.seconds) else NO_FILE

    # ---- brightness, power, clock ---------------------------------------------------------------------------

    def _brightness(self, body: c.Brightness) -> int:
        self._levels = body.red, body.green, body.blue
        return OK

    def _power_off(self, _body: c.PowerOff) -> int:
        self._glass.on = False
        self._glass.show("power")
        return OK

    def _set_clock(self, body: c.SetClock) -> int:
        if not 2000 <= body.year < 2100:
            return BAD_TIME
        try:
            moment = body.year, body.month, body.day, body.hour, body.minute, body.second or 0
            self._clock_set, self._clock_set_at = datetime(*moment), self._glass.now()  # noqa: DTZ001
        except ValueError:
            return BAD_TIME
        self._zone = body.zone
        return OK

    def _read_clock(self) -> tuple[bytes, bytes]:
        at = self.clock
        digits = f"{at:%y}{at.year // 100:02d}{at:%m%d%H%M}"
        return bytes.fromhex(digits) + bytes((at.isoweekday() % 7, self._zone)), b""


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new sign, not yet powered up."""
    return JetFile2Brain(panel, lit, strict)
