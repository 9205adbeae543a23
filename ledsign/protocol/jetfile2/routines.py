"""How a page gets onto a JetFile II sign, and what else it can be told."""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace

from ledsign.errors import CardRefusedError, ProtocolError, UnsupportedError
from ledsign.protocol.codec import Routine
from ledsign.protocol.jetfile2 import files
from ledsign.protocol.jetfile2.commands import Brightness, Emergency, Login, Plain, PlayFile, PowerOff, Verb
from ledsign.protocol.jetfile2.disk import Erase, Kind, PutFile, PutSystem, ReadFile
from ledsign.protocol.jetfile2.options import Options
from ledsign.protocol.jetfile2.packets import DISK_FULL, TOO_LONG, Reply
from ledsign.protocol.jetfile2.pieces import Pieces
from ledsign.protocol.jetfile2.shelf import DARK, Shelf
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
from ledsign.protocol.screen import check_named_screen

_NOT_SPOKEN = frozenset({0x9004, 0x9005, 0x9011})  # a board without this command
_PLAYED = "L"  # label of the text file that the playlist plays
_MODES = ("schedule", "emergency", "black", "remote", "test", "stream")
_WAYS_OUT = {2: Verb.BLACK_OFF, 4: Verb.TEST_END, 5: Verb.STREAM_STOP}
_EMERGENCY = 1
_NO_SENSOR = 0xFF
_UPLOADS = 3  # of a picture that reads back differently
_SAMPLE = 64  # bytes of a picture that show that it is there


class Sign:
    """One sign, as far as it is known; its routines."""

    def __init__(self, options: Options, pieces: Pieces) -> None:
        self._options = options
        self._pieces = pieces
        self._shelf = Shelf()
        self._emergency = False  # one of ours may be running
        self._size = (0, 0)  # the panel's

    def routine(self, intent: Intent) -> Routine:
        """Raises UnsupportedError before the first command."""
        if isinstance(intent, ShowFrame):
            return self._show(files.picture(intent.frame, fewest=self._options.palette), intent.ttl_s)
        if isinstance(intent, ShowText):
            return self._switch(files.words(_PLAYED, intent.text), intent.ttl_s)
        if isinstance(intent, Prepare):
            return self._prepare(intent)
        if isinstance(intent, Clear):
            return self._dark(intent)
        if isinstance(intent, SetBrightness):
            return self._brightness(intent.percent)
        if isinstance(intent, SetPower):
            return self._say(Plain(Verb.POWER_ON) if intent.on else PowerOff(dark=True))
        if isinstance(intent, SetClock):
            return self._clock(intent)
        if isinstance(intent, QueryInfo):
            return self._report()
        raise UnsupportedError(f"jetfile2 cannot do {type(intent).__name__}")

    @staticmethod
    def _say(command: Message) -> Routine:
        yield command
        return None

    # ---- pages ----------------------------------------------------------------------------------------------

    def _show(self, picture: bytes, ttl_s: int | None) -> Routine:
        label = self._shelf.find(picture) if self._options.keep else None
        if label is None or not (yield from self._still_there(label, picture)):
            label = yield from self._bring(picture)
        return (yield from self._light(label, ttl_s))

    def _dark(self, intent: Prepare | Clear) -> Routine:
        """A black page that stays."""
        yield from self._upload(DARK, files.dark(intent.width, intent.height))
        return (yield from self._light(DARK, None))

    def _light(self, label: str, ttl_s: int | None) -> Routine:
        self._shelf.named(label)
        yield from self._switch(files.showing(_PLAYED, self._options.disk, label), ttl_s)
        self._shelf.shown(label, standing=ttl_s is None, cut=self._emergency)
        return None

    def _bring(self, picture: bytes) -> Generator[Message, Message | None, str]:
        """Upload; the label. A disk that turns out to be small holds fewer pictures."""
        label = self._shelf.free()
        try:
            yield from self._upload(label, picture)
        except CardRefusedError as refusal:
            if refusal.code != DISK_FULL or not self._shelf.crowd():
                raise
            label = self._shelf.free()
            yield from self._upload(label, picture)
        self._shelf.put(label, picture)
        return label

    def _still_there(self, label: str, picture: bytes) -> Generator[Message, Message | None, bool]:
        """A piece from its middle: after an unseen restart the RAM disk is empty."""
        page = len(picture) // 2 // _SAMPLE + 1
        try:
            reply = yield ReadFile(Kind.PICTURE, self._options.disk, label, _SAMPLE, page)
        except CardRefusedError:
            reply = None
        found = isinstance(reply, Reply) and reply.data == picture[(page - 1) * _SAMPLE : page * _SAMPLE]
        if not found:
            self._shelf.drop(label)
        return found

    def _upload(self, label: str, picture: bytes) -> Routine:
        """Write a picture that is not on the glass. The packets' sum is weak: two flipped bits can cancel out."""
        disk = self._options.disk
        for _attempt in range(_UPLOADS):
            try:
                yield PutFile(Kind.PICTURE, disk, label, picture)
            except CardRefusedError as refusal:
                if refusal.code == TOO_LONG and self._pieces.shorten():
                    continue
                raise
            if not self._options.verify:
                return None
            read = b""
            size = self._pieces.size
            for page in range(1, -(-len(picture) // size) + 1):
                reply = yield ReadFile(Kind.PICTURE, disk, label, size, page)
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
        disk = self._options.disk
        yield PutFile(Kind.TEXT, disk, _PLAYED, file)
        yield PlayFile(disk, Kind.TEXT.folder, _PLAYED)
        if self._emergency:  # it cannot be called off: the same page takes its place, for one second, in which
            yield Emergency(1, sound=False, file=file)  # it must be possible to take that one's place too
        return None

    # ---- a known state --------------------------------------------------------------------------------------

    def greet(self, intent: Prepare) -> Routine:
        self._size = intent.width, intent.height
        if self._options.user:
            yield Login(self._options.user, self._options.password)
        return (yield from self._info())

    def _prepare(self, intent: Prepare) -> Routine:
        self._shelf.forget(files.longest(intent.mode, intent.width, intent.height))
        info = yield from self.greet(intent)
        if info is not None:
            check_named_screen({"screen": info.model}, intent)
        status = yield Plain(Verb.STATUS)
        mode = status.values[0] if isinstance(status, Reply) and status.values else 0
        self._emergency = self._emergency or mode == _EMERGENCY
        if mode in _WAYS_OUT:
            yield Plain(_WAYS_OUT[mode])
        if intent.deep:
            disk = self._options.disk
            with suppress(CardRefusedError):  # then the old playlist stays; a file played now still comes first
                yield PutSystem("SEQUENT.SYS", files.playlist(disk, _PLAYED))
            for each in sorted({"D", disk}):
                for kind in Kind:
                    with suppress(CardRefusedError):  # nothing of that kind there
                        yield Erase(kind, each)
        yield from self._dark(intent)
        return info

    # ---- orders ---------------------------------------------------------------------------------------------

    def _brightness(self, percent: int) -> Routine:
        if not 0 <= percent <= 100:
            raise UnsupportedError("brightness must be 0 to 100 percent")
        level = max(1, round(percent * self._options.dim / 100)) if percent else 0
        try:
            yield Brightness(0, 0, level, level, level, *self._size)
        except CardRefusedError as refusal:
            if refusal.code not in _NOT_SPOKEN:  # some boards have no brightness; that is no reason to stay dark
                raise
        return None

    def _clock(self, intent: SetClock) -> Routine:
        try:
            yield files.clock(intent.at)
        except CardRefusedError as refusal:
            if refusal.code not in _NOT_SPOKEN:
                raise
            yield files.clock(intent.at, seconds=False)
        return None

    def _report(self) -> Routine:
        """Who it is, and how it fares."""
        info = yield from self._info()
        status = yield Plain(Verb.STATUS)
        if info is None or not isinstance(status, Reply) or len(status.values) < 5:
            return info
        mode, cabinet, outdoors, _auto_power, humidity = status.values[:5]
        details = {"mode": _MODES[mode] if mode < len(_MODES) else str(mode)}
        found = {"cabinet_c": cabinet, "outdoors_c": outdoors, "humidity": humidity}
        details |= {name: str(value) for name, value in found.items() if value != _NO_SENSOR}
        return replace(info, details={**info.details, **details})

    def _info(self) -> Routine:
        who = yield Plain(Verb.CONNECTION_TEST)
        what = yield Plain(Verb.PARAMETERS)
        if not (isinstance(who, Reply) and isinstance(what, Reply)):
            return None
        card, sign = who.values, what.values
        if len(card) < 10 or len(sign) < 16:
            return None
        firmware, fpga = (int.from_bytes(card[at : at + 2], "little") for at in (0, 2))
        width, height = (int.from_bytes(sign[at : at + 2], "little") for at in (8, 10))
        details = {
            "fpga": f"{fpga:04x}",
            "ip": ".".join(map(str, reversed(card[4:8]))),
            "group": str(card[8]),
            "unit": str(card[9]),
        }
        return CardInfo("jetfile2", f"{width}x{height}", f"{firmware:04x}", details)
