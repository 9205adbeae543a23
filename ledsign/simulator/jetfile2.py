"""A simulated JetFile II sign: two disks (D flash, E RAM), a playlist, emergencies with a time to live.

Where the document is silent it does the cautious thing: a file exists only when its last packet is there and all
lengths agree; a file played on command is shown once, then the playlist goes on; without a playlist entry that
exists nothing is lit.
"""

import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ledsign.panel import Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.jetfile2 import JetFile2
from ledsign.protocol.jetfile2 import commands as c
from ledsign.protocol.jetfile2.packets import OK, Reply, Request, Simple, SimpleReply, address, status_reply
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.canvas import Pixels, logo, paste
from ledsign.simulator.jetfile2_files import PICTURE_S, playable, read_bmp, read_text

FILE_LIMIT, PACKET_LIMIT, EMERGENCY_LIMIT = 320 * 1024, 1024, 1024
BAD_MAIN, BAD_SUB, BAD_LENGTH, NO_FILE, TOO_BIG, DISORDER = 0x9004, 0x9005, 0x9006, 0x9008, 0x9013, 0x9014
FILE_TOO_BIG, TEXT_TOO_BIG, DAMAGED, NOT_STREAMING, NO_DISK = 0x2101, 0x2901, 0x9002, 0x8305, 0x9012
_FACTORY_TIME = datetime(2007, 1, 1)  # noqa: DTZ001 -- a sign's clock knows no zone
_MAINS = range(1, 0x0B)

Key = tuple[str, str, str]
"""Disk, folder, label."""


@dataclass
class _Upload:
    """A file on its way."""

    key: tuple[str, ...]
    last: c.FilePart | c.SystemPart
    data: bytes


class JetFile2Brain:
    """The sign. ``lit`` is told whenever the glass may have changed."""

    family = "jetfile2"

    def __init__(self, panel: Panel, lit: Lit, strict: bool, group: int = 1, unit: int = 1) -> None:
        self._panel = panel
        self._lit = lit
        self._strict = strict
        self._where = (group, unit)
        self._logo = logo(panel)
        self._dark: Pixels = np.zeros_like(self._logo)
        self._files: dict[Key, bytes] = {}
        self._system: dict[str, bytes] = {}
        self._clock_set, self._clock_set_at, self._zone = _FACTORY_TIME, time.monotonic(), 20
        self._levels: tuple[int, ...] = (255, 255, 255)
        self.flash_writes = 0
        self._start()

    def _start(self) -> None:
        self._files = {key: data for key, data in self._files.items() if key[0] != "E"}
        self._upload: _Upload | None = None
        self._on, self._black = True, False
        self._emergency: tuple[bytes, float] | None = None  # text file and its end
        self._once: tuple[Pixels, str, float] | None = None  # picture, cause, and its end
        self._last: bytes | None = None

    def talk(self, link: Link) -> Talk:
        return JetFile2(link, Role.CARD, {})

    def power_up(self) -> None:
        self._start()
        self._show("boot")

    def state(self) -> Mapping[str, object]:
        return {
            "on": self._on,
            "mode": self._mode(),
            "brightness": list(self._levels),
            "files": sorted("{}:{}:{}".format(*key) for key in self._files),
            "flash_writes": self.flash_writes,
            "clock": self.clock.isoformat(timespec="seconds"),
        }

    @property
    def clock(self) -> datetime:
        """The sign's clock: runs on from what it was set to."""
        return self._clock_set + timedelta(seconds=time.monotonic() - self._clock_set_at)

    # ---- what ends by itself --------------------------------------------------------------------------------

    def due(self) -> float | None:
        ends = [each[-1] for each in (self._emergency, self._once) if each is not None]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def tick(self) -> None:
        now = time.monotonic()
        if self._emergency is not None and self._emergency[1] <= now:
            self._emergency = None
        if self._once is not None and self._once[2] <= now:
            self._once = None
        self._show("stored")

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
        if frame.unit not in (0, self._where[1]) or frame.command != "A":
            return ()
        target, marker, text = frame.body.partition(b"\x06")
        name = target.decode("latin-1")
        key = (name[1:2], name[2:3], name[3:]) if name[:1] == "\x0f" else ("D", "T", name)
        if marker:
            self._store(key, b"\x01Z00\x02A" + key[2][:1].encode("latin-1") + text + b"\x04")
            self._play(key)
        return (SimpleReply(b"OK"),) if frame.answer else ()

    def _do(self, body: c.Command) -> int | tuple[bytes, bytes]:
        """Carry out a command: a status code, or argument and data of the answer."""
        if isinstance(body, c.FilePart | c.SystemPart):
            return self._collect(body)
        if isinstance(body, c.Plain):
            return self._plain(body.verb)
        actions: dict[type[c.Command], Callable[..., int | tuple[bytes, bytes]]] = {
            c.ReadFile: self._read_file,
            c.Emergency: self._cut_in,
            c.Brightness: self._brightness,
            c.PowerOff: self._power_off,
            c.SetClock: self._set_clock,
            c.PlayFile: lambda play: self._play((play.disk, play.folder, play.label)),
            c.Erase: self._erase,
            c.Login: lambda _login: OK,
            c.StreamStart: lambda _start: 0x9011,
        }
        if action := actions.get(type(body)):
            return action(body)
        if body.code >> 8 not in _MAINS:
            return BAD_MAIN
        known = {0x0202, 0x0209, 0x020A, 0x0403, 0x0502, 0x0504, 0x0606, *map(int, c.Verb)}
        return BAD_LENGTH if body.code in known or 0x0204 <= body.code <= 0x0207 else BAD_SUB

    def _plain(self, verb: c.Verb) -> int | tuple[bytes, bytes]:
        if verb in (c.Verb.BLACK_ON, c.Verb.BLACK_OFF, c.Verb.POWER_ON):
            self._black = verb is c.Verb.BLACK_ON if verb is not c.Verb.POWER_ON else self._black
            self._on = self._on or verb is c.Verb.POWER_ON
            self._show("power")
        elif verb is c.Verb.RESET:
            self.power_up()
        elif verb is c.Verb.RESTART_PLAYLIST:
            self._once = None
            self._show("stored")
        answers: dict[c.Verb, Callable[[], int | tuple[bytes, bytes]]] = {
            c.Verb.CONNECTION_TEST: lambda: (bytes.fromhex("54020101df01a8c0") + bytes((*self._where, 0, 0)), b""),
            c.Verb.PARAMETERS: self._parameters,
            c.Verb.STATUS: lambda: (bytes((self._mode(), 24, 0xFF, 0, 60, 0, 0, 0)), b""),
            c.Verb.POWER_STATUS: lambda: (b"", bytes((0 if self._on else 2, not self._on)) + bytes(14)),
            c.Verb.READ_CLOCK: self._read_clock,
            c.Verb.STREAM_STATUS: lambda: NOT_STREAMING,
            c.Verb.STREAM_STOP: lambda: NOT_STREAMING,
        }
        return answers.get(verb, lambda: OK)()

    def _mode(self) -> int:
        return 1 if self._emergency is not None else 2 if self._black else 0

    def _parameters(self) -> tuple[bytes, bytes]:
        numbers = 0x0254, 0x0100, 0x0100, 0x0101, self._panel.width, self._panel.height, 0x0254
        return struct.pack("<7H", *numbers) + bytes(self._where), b""

    # ---- files ----------------------------------------------------------------------------------------------

    def _collect(self, part: c.FilePart | c.SystemPart) -> int:
        if isinstance(part, c.SystemPart):
            key: tuple[str, ...] = (part.name,)
        elif part.disk not in ("D", "E"):
            return NO_DISK
        else:
            key = part.disk, part.kind.folder, part.label
        full = min(part.size, part.total - (part.current - 1) * part.size)
        if part.size > PACKET_LIMIT or part.total > FILE_LIMIT:
            return FILE_TOO_BIG if part.total > FILE_LIMIT else TOO_BIG
        if len(part.data) != full or part.count != max(1, -(-part.total // part.size)):
            return BAD_LENGTH
        before = self._upload
        if part.current == 1:
            self._upload = _Upload(key, part, part.data)
        elif before is not None and part == before.last and not self._strict:
            return OK  # came twice
        elif before is None or before.key != key or part.current != before.last.current + 1:
            return DISORDER
        else:
            self._upload = _Upload(key, part, before.data + part.data)
        if part.current == part.count and self._upload is not None:
            self._store(key, self._upload.data)
        return OK

    def _store(self, key: tuple[str, ...], data: bytes) -> None:
        self.flash_writes += key[0] != "E"
        if len(key) == 1:
            self._system[key[0]] = data
            return
        self._files[key[0], key[1], key[2]] = data
        if self._once is None and self._scheduled() == key:
            self._show("stored")  # what the playlist plays begins again

    def _read_file(self, body: c.ReadFile) -> int | tuple[bytes, bytes]:
        data = self._files.get((body.disk, body.kind.folder, body.label))
        if data is None:
            return NO_FILE
        start = (body.page - 1) * body.size
        sizes = struct.pack("<HHI", len(data) & 0xFFFF, body.page, len(data))
        return sizes, data[start : start + min(body.size, PACKET_LIMIT)]

    def _erase(self, body: c.Erase) -> int:
        gone = [key for key in self._files if key[:2] == (body.disk, body.kind.folder)]
        self.flash_writes += bool(gone) and body.disk != "E"
        for key in gone:
            del self._files[key]
        return OK

    # ---- the glass ------------------------------------------------------------------------------------------

    def _scheduled(self) -> Key | None:
        """The file whose turn it is in the playlist."""
        entries = playable(self._system.get("SEQUENT.SYS", b""))
        return next((key for key in entries if key in self._files), None)

    def _content(self, key: Key) -> tuple[Pixels, str, float] | None:
        """What a file shows: pixels, cause, seconds. None when it is damaged or not there."""
        data = self._files.get(key)
        if data is None:
            return None
        if key[1] == "P":
            picture = read_bmp(data)
            return None if picture is None else (self._placed(picture), "page", PICTURE_S)
        return self._text(data)

    def _text(self, file: bytes) -> tuple[Pixels, str, float] | None:
        text = read_text(file)
        if text is None:
            return None
        if text.picture is None:
            bar = self._dark.copy()
            if text.words:
                bar[self._panel.height // 3 : self._panel.height // 3 * 2] = 255
            return bar, "text", text.seconds
        disk, label = text.picture
        picture = read_bmp(self._files.get(("D" if disk == "_" else disk, "P", label), b""))
        return None if picture is None else (self._placed(picture), "page", text.seconds)

    def _placed(self, picture: Pixels) -> Pixels:
        glass = self._dark.copy()
        paste(glass, picture, 0, 0)
        return glass

    def _play(self, key: Key) -> int:
        content = self._content(key)
        if content is None:
            return NO_FILE
        self._once = (content[0], content[1], time.monotonic() + content[2])
        self._show(content[1])
        return OK

    def _cut_in(self, body: c.Emergency) -> int:
        if len(body.file) > EMERGENCY_LIMIT:
            return TEXT_TOO_BIG
        if self._text(body.file) is None:
            return NO_FILE
        self._emergency = (body.file, time.monotonic() + (body.seconds or 1e9))
        self._show("text")
        return OK

    def _show(self, cause: str) -> None:
        """Light what has its turn; nothing is reported when the glass stays as it was."""
        pixels = self._dark
        if self._on and not self._black:
            pixels, cause = self._turn(cause)
        shown = pixels.tobytes()
        if shown != self._last:
            self._last = shown
            self._lit(pixels, cause if pixels.any() or cause not in ("page", "text") else "dark")

    def _turn(self, cause: str) -> tuple[Pixels, str]:
        if self._emergency is not None:
            content = self._text(self._emergency[0])
        elif self._once is not None:
            return self._once[0], self._once[1]
        else:
            key = self._scheduled()
            content = self._content(key) if key is not None else None
        if content is not None:
            return content[0], content[1]
        return (self._dark if "SEQUENT.SYS" in self._system else self._logo), cause

    # ---- brightness, power, clock ---------------------------------------------------------------------------

    def _brightness(self, body: c.Brightness) -> int:
        self._levels = body.red, body.green, body.blue
        return OK

    def _power_off(self, _body: c.PowerOff) -> int:
        self._on = False
        self._show("power")
        return OK

    def _set_clock(self, body: c.SetClock) -> int:
        try:
            moment = body.year, body.month, body.day, body.hour, body.minute, body.second or 0
            self._clock_set, self._clock_set_at = datetime(*moment), time.monotonic()  # noqa: DTZ001
        except ValueError:
            return 0x5201
        self._zone = body.zone
        return OK

    def _read_clock(self) -> tuple[bytes, bytes]:
        at = self.clock
        digits = f"{at:%y}{at.year // 100:02d}{at:%m%d%H%M}"
        return bytes.fromhex(digits) + bytes((at.isoweekday() % 7, self._zone)), b""


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new sign, not yet powered up."""
    return JetFile2Brain(panel, lit, strict)
