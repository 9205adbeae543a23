"""The JetFile II codec: what the driver and the simulated sign share, and how a page gets onto a sign."""

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, Self

from ledsign.errors import CardRefusedError, ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.jetfile2 import files, packets
from ledsign.protocol.jetfile2.commands import (
    MAX_DATA,
    Brightness,
    Command,
    Emergency,
    Erase,
    FilePart,
    Kind,
    Login,
    Plain,
    PlayFile,
    PowerOff,
    PutFile,
    PutSystem,
    ReadFile,
    SystemPart,
    Verb,
)
from ledsign.protocol.jetfile2.packets import Measure, Reply, Request, Simple, SimpleReply
from ledsign.protocol.message import (
    CardInfo,
    Clear,
    Intent,
    Message,
    Prepare,
    QueryInfo,
    SetBrightness,
    SetClock,
    SetPower,
    ShowFrame,
    ShowText,
)
from ledsign.protocol.noise import additive, best_chunk
from ledsign.protocol.wire import Splitter

DAMAGED, DISORDER = 0x9002, 0x9014
NOT_SPOKEN = frozenset({0x9004, 0x9005, 0x9011})  # a board without this command
PLAYED = "L"  # label of the text file that the playlist plays
PAGES, CUTS = "AB", "CD"  # labels of pictures: one stands while the other is written
_MODES = {2: Verb.BLACK_OFF, 4: Verb.TEST_END, 5: Verb.STREAM_STOP}  # what leads out of a sign's mode
_EMERGENCY = 1
_AROUND, _ANSWER = 28, 20  # bytes around the data of a packet, bytes of an answer
_UPLOADS = 3  # of a picture that reads back differently
_OPTIONS = ("group", "unit", "disk", "chunk", "dim", "verify", "user", "password")


class JetFile2:
    """Signs that speak JetFile II. Options: ``group``, ``unit`` (0-255, default 0 0: everybody), ``disk`` (E, the
    RAM disk, or D, flash), ``chunk`` (128-1024 bytes a packet), ``dim`` (level that means full brightness),
    ``verify`` (1: read every picture back before it is shown; the default on serial lines), ``user``,
    ``password``."""

    family: ClassVar[str] = "jetfile2"
    ack: ClassVar[AckLevel] = AckLevel.ACKED
    numbered: ClassVar[bool] = True
    default_port: ClassVar[int] = 9520
    abilities: ClassVar[frozenset[Ability]] = frozenset({
        Ability.FRAME, Ability.TEXT, Ability.CUT_IN, Ability.TTL, Ability.BRIGHTNESS, Ability.POWER, Ability.CLOCK,
        Ability.STATUS, Ability.CLEAR, Ability.READ_BACK,
    })  # fmt: skip

    def __init__(self, link: Link, role: Role, options: Mapping[str, str]) -> None:
        """Raises ConfigError."""
        if unknown := sorted(set(options) - set(_OPTIONS)):
            raise ConfigError(f"jetfile2: unknown option {unknown[0]!r}; known: {', '.join(_OPTIONS)}")
        try:
            self._group, self._unit = int(options.get("group", "0")), int(options.get("unit", "0"))
            self._chunk, self._dim = int(options.get("chunk", "512")), int(options.get("dim", "255"))
            self._verify = bool(int(options.get("verify", "1" if link is Link.SERIAL else "0")))
        except ValueError as error:
            raise ConfigError(f"jetfile2: {error}") from error
        self._most = self._chunk
        self._disk = options.get("disk", "E").upper()
        self._login = Login(options.get("user", ""), options.get("password", ""))
        small = all(0 <= value <= 255 for value in (self._group, self._unit, self._dim))
        if not (small and 128 <= self._chunk <= 1024 and self._disk in ("D", "E")):
            raise ConfigError("jetfile2: group, unit and dim are 0-255, chunk is 128-1024, disk is D or E")
        if not all(map(str.isascii, (self._login.user, self._login.password))):
            raise ConfigError("jetfile2: user and password are ASCII")
        if len(self._login.user) > 13 or len(self._login.password) > 6:
            raise ConfigError("jetfile2: user has at most 13, password at most 6 characters")
        self._measure = Measure(role)
        self._splitter = Splitter(self._measure, packets.MAX_PACKET)
        self._serial = 0
        self._asked: deque[tuple[Message, int]] = deque(maxlen=64)  # commands and the serial of their first packet
        self._stands = {PAGES: "", CUTS: ""}  # label of the picture that is in use
        self._emergency = False  # one of ours may be running
        self._size = (0, 0)

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        return cls(link, role, options)

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` is not used: every packet has a serial of its own, which the reply repeats."""
        if isinstance(message, Request | Reply | Simple | SimpleReply):
            return [packets.pack(message)]
        bodies = self._bodies(message)
        self._asked.append((message, self._serial))
        requests = [
            Request(body, (self._serial + index) & 0xFFFF, self._group, self._unit)
            for index, body in enumerate(bodies)
        ]
        self._serial = (self._serial + len(bodies)) & 0xFFFF
        return [packets.pack(request) for request in requests]

    def _bodies(self, message: Message) -> list[Command]:
        if isinstance(message, Command):
            return [message]
        if not isinstance(message, PutFile | PutSystem):
            raise UnsupportedError(f"jetfile2 cannot say {type(message).__name__}")
        data, size = message.data, self._chunk
        pieces = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
        sizes = len(data), size, len(pieces)
        if isinstance(message, PutSystem):
            return [SystemPart(message.name, *sizes, at, piece) for at, piece in enumerate(pieces, 1)]
        head = message.kind, message.disk, 0, message.label
        return [FilePart(*head, *sizes, at, piece) for at, piece in enumerate(pieces, 1)]

    def feed(self, data: bytes) -> list[Message]:
        return [packets.parse(packet) for packet in self._splitter.feed(data)]

    def silence(self) -> list[Message]:
        found = [packets.parse(packet) for packet in self._splitter.silence()]
        self._measure.settle()
        return list(found)

    def reset(self) -> None:
        self._splitter.clear()
        self._measure.settle()

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        serial = next((first for asked, first in reversed(self._asked) if asked is command), None)
        if serial is None or not isinstance(reply, Reply) or reply.serial != (serial + index) & 0xFFFF:
            return Judgement(Verdict.FOREIGN)
        if reply.command != self._bodies(command)[index].code:
            return Judgement(Verdict.FOREIGN)
        code = reply.status
        if code is None or code in (packets.OK, packets.OK_TEXT):
            return Judgement(Verdict.CONFIRMED)
        verdicts = {DAMAGED: Verdict.DAMAGED, DISORDER: Verdict.DISORDER}
        return Judgement(verdicts.get(code, Verdict.REFUSED), code, packets.status_name(code))

    def routine(self, intent: Intent) -> Routine:
        if isinstance(intent, ShowFrame):
            return self._show(files.picture(intent.frame), intent.ttl_s)
        if isinstance(intent, ShowText):
            return self._switch(files.words(PLAYED, intent.text), intent.ttl_s)
        if isinstance(intent, Prepare):
            return self._prepare(intent)
        if isinstance(intent, Clear):
            return self._show(files.dark(intent.width, intent.height), None)
        if isinstance(intent, SetBrightness):
            return self._brightness(intent.percent)
        if isinstance(intent, SetPower):
            return self._say(Plain(Verb.POWER_ON) if intent.on else PowerOff(dark=True))
        if isinstance(intent, SetClock):
            return self._clock(intent)
        if isinstance(intent, QueryInfo):
            return self._info()
        raise UnsupportedError(f"jetfile2 cannot do {type(intent).__name__}")

    @staticmethod
    def _say(command: Message) -> Routine:
        yield command
        return None

    def _show(self, picture: bytes, ttl_s: int | None) -> Routine:
        group = PAGES if ttl_s is None else CUTS
        label = next(label for label in group if label != self._stands[group])
        yield from self._upload(label, picture)
        yield from self._switch(files.showing(PLAYED, self._disk, label), ttl_s)
        self._stands[group] = label
        return None

    def _upload(self, label: str, picture: bytes) -> Routine:
        """Write a picture that is not on the glass. The packets' sum is weak: two flipped bits can cancel out."""
        for _attempt in range(_UPLOADS):
            yield PutFile(Kind.PICTURE, self._disk, label, picture)
            if not self._verify:
                return None
            read = b""
            size = min(MAX_DATA, 2 * self._chunk)  # an answer is longer than its question: 1024 on a clean line
            for page in range(1, -(-len(picture) // size) + 1):
                reply = yield ReadFile(Kind.PICTURE, self._disk, label, size, page)
                read += reply.data if isinstance(reply, Reply) else b""
            if read == picture:
                return None
        raise ProtocolError("the sign holds another picture than was sent")

    def _switch(self, file: bytes, ttl_s: int | None) -> Routine:
        """Let a text file stand: for some seconds over everything, or until the next one."""
        if ttl_s is not None:
            yield Emergency(max(1, min(ttl_s, 0xFFFF)), sound=False, file=file)
            self._emergency = True
            return None
        yield PutFile(Kind.TEXT, self._disk, PLAYED, file)
        yield PlayFile(self._disk, Kind.TEXT.folder, PLAYED)
        if self._emergency:  # it cannot be called off: the same page takes its place, for one second, in which
            yield Emergency(1, sound=False, file=file)  # it must be possible to take that one's place too
        return None

    def greet(self, intent: Prepare) -> Routine:
        self._size = intent.width, intent.height
        if self._login.user:
            yield self._login
        return (yield from self._info())

    def _prepare(self, intent: Prepare) -> Routine:
        info = yield from self.greet(intent)
        status = yield Plain(Verb.STATUS)
        mode = status.arg[0] if isinstance(status, Reply) and status.arg else 0
        self._emergency = self._emergency or mode == _EMERGENCY
        if mode in _MODES:
            yield Plain(_MODES[mode])
        if intent.deep:
            with suppress(CardRefusedError):  # then the old playlist stays; a file played now still comes first
                yield PutSystem("SEQUENT.SYS", files.playlist(self._disk, PLAYED))
            for disk in sorted({"D", self._disk}):
                for kind in Kind:
                    with suppress(CardRefusedError):  # nothing of that kind there
                        yield Erase(kind, disk)
        yield from self._show(files.dark(intent.width, intent.height), None)
        return info

    def _brightness(self, percent: int) -> Routine:
        if not 0 <= percent <= 100:
            raise UnsupportedError("brightness must be 0 to 100 percent")
        level = max(1, round(percent * self._dim / 100)) if percent else 0
        try:
            yield Brightness(0, 0, level, level, level, *self._size)
        except CardRefusedError as refusal:
            if refusal.code not in NOT_SPOKEN:  # some boards have no brightness; that is no reason to stay dark
                raise
        return None

    def _clock(self, intent: SetClock) -> Routine:
        try:
            yield files.clock(intent.at)
        except CardRefusedError as refusal:
            if refusal.code not in NOT_SPOKEN:
                raise
            yield files.clock(intent.at, seconds=False)
        return None

    def _info(self) -> Routine:
        who = yield Plain(Verb.CONNECTION_TEST)
        what = yield Plain(Verb.PARAMETERS)
        if not (isinstance(who, Reply) and isinstance(what, Reply) and len(who.arg) >= 10 and len(what.arg) >= 16):
            return None
        low = [int.from_bytes(arg[at : at + 2], "little") for arg, at in ((who.arg, 0), (who.arg, 2))]
        width, height = (int.from_bytes(what.arg[at : at + 2], "little") for at in (8, 10))
        details = {
            "fpga": f"{low[1]:04x}",
            "ip": ".".join(map(str, reversed(who.arg[4:8]))),
            "group": str(who.arg[8]),
            "unit": str(who.arg[9]),
        }
        return CardInfo(self.family, f"{width}x{height}", f"{low[0]:04x}", details)

    def suit(self, ber: float) -> bool:
        before, self._chunk = self._chunk, best_chunk(ber, self._most, 128, _AROUND, _ANSWER)
        return self._chunk < before

    def undetected(self, command: Message, packet: bytes, ber: float) -> float:
        """A picture that is read back and compared cannot be wrong unseen."""
        checked = self._verify and isinstance(command, ReadFile | PutFile) and command.kind is Kind.PICTURE
        return 0.0 if checked else additive(packet, ber)

    def wear(self, command: Message) -> int:
        if isinstance(command, PutSystem):
            return 1
        return int(isinstance(command, PutFile | Erase) and command.disk == "D")

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        known = (Plain(Verb.CONNECTION_TEST), Plain(Verb.STATUS), Plain(Verb.POWER_STATUS))
        return [probe for probe in known if probe != besides]

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        raise UnsupportedError(f"jetfile2 knows no value {kind!r}")

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        forms = {
            ColorMode.MONO: PixelFormat.PLANES_1,
            ColorMode.DUAL: PixelFormat.PLANES_2,
            ColorMode.RGB: PixelFormat.RGB888,
        }
        return (forms[mode],)
