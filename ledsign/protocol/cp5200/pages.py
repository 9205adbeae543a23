"""How pages get onto a CP5200 card: through a window in memory, or as template programmes that the card keeps.

Both bring a page up and leave nothing old behind. Windows hold it until something else is shown; programmes carry
an end, after which the card shows its safe page, but they are written to the card's disk, whose wear is not known.
"""

import struct
import zlib
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Protocol

from ledsign.errors import CardRefusedError, UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Routine
from ledsign.protocol.cp5200 import calls, i1, plans, templates
from ledsign.protocol.cp5200.packets import Burst, CallReply, Part
from ledsign.protocol.cp5200.templates import OWN_FORMAT, PLAY_NOW
from ledsign.protocol.message import Clear, Message, Prepare, ShowFrame, StorePage

MAX_PACKETS = 256  # PO is one byte
BURST = 8  # packets in a row without an answer, where the line itself is safe
SAFE, PAGE, URGENT = 1, 2, 3  # numbers of our programmes
_PROPS = {
    PixelFormat.PLANES_1: 0x01,
    PixelFormat.PLANES_2: 0x03,
    PixelFormat.PLANES_3: 0x07,
    PixelFormat.PLANES_24: 0x77,
}
_COLORS = {ColorMode.MONO: 0x01, ColorMode.DUAL: 0x03, ColorMode.RGB: 0x77}
_STAY = struct.pack(">HBB4x", 60, 1, 0)  # s, speed, effect: a single programme is drawn again once a minute
_DEFAULTS = struct.pack(">HBBBB10x", 60, 1, 2, 1, 0)  # stay, speed, font of 16, red, effect
_LEFT_OVER = -1  # code of a refusal that is ours, not the card's


def picture_data(frame: Frame) -> tuple[int, bytes]:
    """Picture format and data for a frame. Raises UnsupportedError for a format the card cannot take."""
    if frame.format is PixelFormat.GIF:
        return calls.GIF, frame.data
    prop = _PROPS.get(frame.format)
    if prop is None:
        raise UnsupportedError(f"cp5200 takes no {frame.format} frames")
    image = i1.I1Image(frame.width, frame.height, prop, frame.data)
    if len(frame.data) != i1.plane_size(frame.width, frame.height, image.depth) * image.colors:
        raise UnsupportedError(f"frame data do not fit {frame.width}x{frame.height} {frame.format}")
    return calls.I1, image.pack()


def cut(call: calls.Call, chunk: int) -> list[Part]:
    """A call as its packets. Raises UnsupportedError when there are more than can be numbered."""
    stream = bytes((call.code,)) + call.pack()
    slices = [stream[at : at + chunk] for at in range(0, len(stream), chunk)]
    if len(slices) > MAX_PACKETS:
        raise UnsupportedError(f"{len(stream)} bytes are more than one command can carry")
    return [Part(number, len(slices) - 1, data) for number, data in enumerate(slices)]


class Pages(Protocol):
    """A way to show pages. Each method gives the commands in order; ``show`` raises UnsupportedError at once."""

    abilities: frozenset[Ability]
    chunk: int  # data bytes a packet, of what is begun from now on

    def forget(self) -> None:
        """The line was closed."""
        ...

    def prepare(self, intent: Prepare) -> Routine: ...

    def show(self, intent: ShowFrame) -> Routine: ...

    def clear(self, intent: Clear) -> Routine: ...

    def keep(self, intent: StorePage) -> Routine: ...


def say(*commands: Message) -> Routine:
    """One command after the other, each when the one before is confirmed."""
    for command in commands:  # noqa: UP028 -- a tuple's iterator cannot be sent the replies
        yield command
    return None


def _whole(width: int, height: int) -> calls.SplitWindows:
    return calls.SplitWindows((calls.Window(0, 0, width, height),))


def _leave_zones(deep: bool) -> Routine:
    """Cancel what may lie over or under our page; firmware without such things has none to cancel."""
    with suppress(CardRefusedError):
        yield calls.GlobalZones(options=0, sync=0)
    if deep:
        with suppress(CardRefusedError):
            yield calls.SavedWindows(clear=True)
    return None


class WindowPages:
    """One window as large as the panel. A kept page is a saved window: the card starts with it."""

    abilities = frozenset({Ability.SAFE})

    def __init__(self, chunk: int) -> None:
        self.chunk = chunk

    def forget(self) -> None:
        """Windows are made anew by ``prepare``."""

    def prepare(self, intent: Prepare) -> Routine:
        yield from _leave_zones(intent.deep)
        yield _whole(intent.width, intent.height)
        return None

    def show(self, intent: ShowFrame) -> Routine:
        form, data = picture_data(intent.frame)
        return say(calls.Image(0, 0, 1, 0, form, 0, 0, data))

    def clear(self, intent: Clear) -> Routine:
        # no document says that a split blanks the glass; a black picture certainly does
        blank = bytes(i1.plane_size(intent.width, intent.height, 1))
        image = i1.I1Image(intent.width, intent.height, 0x01, blank)
        black = calls.Image(0, 0, 1, 0, calls.I1, 0, 0, image.pack())
        return say(_whole(intent.width, intent.height), black)

    def keep(self, intent: StorePage) -> Routine:
        form, data = picture_data(intent.frame)
        return say(calls.Image(0, 0, 1, 0, form, 0, 0, data), calls.SavedWindows(clear=False))


class TemplatePages:
    """Programmes 1 (safe page, level 1), 2 (page, level 2) and 3 (urgent page, level 3) in a template of one
    window. Their user number is the CRC-32 of the picture, so that the card can be asked what it holds."""

    abilities = frozenset({Ability.SAFE, Ability.STORED, Ability.CUT_IN, Ability.TTL})

    def __init__(self, chunk: int, burst: int) -> None:
        self.chunk = self._most = chunk
        self._burst = burst
        self._held: dict[int, int] = {}  # programme -> user number, as far as this connection knows

    def forget(self) -> None:
        self._held = {}

    def prepare(self, intent: Prepare) -> Routine:
        self._held = {}
        yield from _leave_zones(intent.deep)
        with suppress(CardRefusedError):
            yield calls.LeaveWindows()
        if intent.deep or not (yield from self._usable()):
            window = templates.TemplateWindow(calls.Window(0, 0, intent.width, intent.height))
            size = (intent.width, intent.height)
            yield templates.DefineTemplate(_COLORS[intent.mode], *size, 1, _DEFAULTS, (window,))
        yield templates.TemplateMode(0x11 if intent.deep else 0x01)  # deep: comes up like this after a power cut
        if intent.deep:
            with suppress(CardRefusedError):
                yield plans.DeletePlans()
        yield from self._delete(() if intent.deep else (PAGE, URGENT))
        return None

    def show(self, intent: ShowFrame) -> Routine:
        form, data = picture_data(intent.frame)
        minutes = 0 if intent.ttl_s is None else -(-intent.ttl_s // 60)
        if not 0 <= minutes <= 0xFFFF:
            raise UnsupportedError("a page stays at most 65535 minutes")
        number = URGENT if intent.urgent else PAGE
        return self._show(number, form | PLAY_NOW, data, minutes)

    def _show(self, number: int, form: int, data: bytes, minutes: int) -> Routine:
        yield from self._bring(number, form, data)
        yield plans.Properties((number,), level=number, loops=1, minutes=minutes)
        if number != URGENT and URGENT in self._held:
            yield from self._delete((URGENT,))
        return None

    def clear(self, intent: Clear) -> Routine:
        return self._delete(())

    def keep(self, intent: StorePage) -> Routine:
        form, data = picture_data(intent.frame)
        return self._keep(form, data)

    def _keep(self, form: int, data: bytes) -> Routine:
        yield from self._bring(SAFE, form, data)
        yield plans.Properties((SAFE,), level=1, loops=1, minutes=0)
        return None

    def _bring(self, number: int, form: int, data: bytes) -> Routine:
        """A picture into a programme, unless the card says that it holds this very one."""
        user = zlib.crc32(bytes((form,)) + data)
        if self._held.get(number) == user and (yield from self._holds(number, user)):
            yield from self._uncover()
            return None
        self._held.pop(number, None)
        yield from self._upload(templates.FillPicture(user, number, 1, form | OWN_FORMAT, _STAY + data))
        if not (yield from self._holds(number, user)):
            raise CardRefusedError(_LEFT_OVER, f"cp5200: programme {number} is not what was sent")
        self._held[number] = user
        return None

    def _uncover(self) -> Routine:
        """Another client may have laid windows over the programmes, or left template mode, and the card would say
        nothing of it."""
        with suppress(CardRefusedError):
            yield calls.LeaveWindows()
        if not (yield from self._usable()):
            yield templates.TemplateMode(0x01)
        return None

    def _upload(self, call: templates.FillPicture) -> Routine:
        """The first packet alone, then bursts of those that are missing until none is."""
        least = -(-(len(call.pack()) + 1) // MAX_PACKETS)
        parts = cut(call, min(self._most, max(self.chunk, least)))
        batch: Sequence[int] = (0,)
        for _round in range(4 + 4 * len(parts)):
            reply = yield Burst(tuple(parts[n] for n in batch), call.code, call.user)
            missing = _progress(reply).missing
            if not missing:
                return None
            if missing[-1] >= len(parts):
                break
            batch = missing[: self._burst]
        raise CardRefusedError(_LEFT_OVER, f"cp5200: {len(missing)} packets stay missing")

    def _holds(self, number: int, user: int) -> Generator[Message, Message | None, bool]:
        try:
            reply = yield templates.QueryPrograms(2, bytes((number, 0, 0, 0, 0)))
        except CardRefusedError:
            return False
        data = reply.data if isinstance(reply, CallReply) else b""
        return data[7:8] == bytes((number,)) and data[8:12] == user.to_bytes(4, "big")

    def _delete(self, numbers: tuple[int, ...]) -> Routine:
        """Delete programmes, all if none is named, and look that they are gone."""
        with suppress(CardRefusedError):  # there was none
            yield templates.DeletePrograms(numbers)
        self._held = {n: user for n, user in self._held.items() if numbers and n not in numbers}
        reply = yield templates.QueryPrograms(1)
        there = reply.data[7:] if isinstance(reply, CallReply) else b""
        left = [number for number in there if not numbers or number in numbers]
        if left:
            raise CardRefusedError(_LEFT_OVER, f"cp5200: programmes {left} would not be deleted")
        return None

    @staticmethod
    def _usable() -> Generator[Message, Message | None, bool]:
        """Whether the card is in template mode with a template of its own."""
        try:
            reply = yield templates.QueryTemplate()
        except CardRefusedError:
            return False
        data = reply.data if isinstance(reply, CallReply) else b""
        return len(data) >= 3 and data[1] == 1 and data[2] & 3 == 1


def _progress(reply: Message | None) -> templates.Progress:
    assert isinstance(reply, CallReply)  # what ``judge`` let through
    return templates.Progress.unpack(reply.data)
