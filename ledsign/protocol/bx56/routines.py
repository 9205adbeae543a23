"""How things are done on BX-5 and BX-6 cards: which commands, in which order, and what is learned on the way."""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass

from ledsign.errors import CardRefusedError, CardUnusableError, UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.bx56 import bitmap, commands, packets, programme
from ledsign.protocol.bx56.commands import Command, Reply
from ledsign.protocol.bx56.models import MODELS, CardError, FileType, Generation, Model, model_name
from ledsign.protocol.bx56.packets import Packet
from ledsign.protocol.codec import Routine
from ledsign.protocol.message import CardInfo, Message, Prepare, ShowFrame, StorePage
from ledsign.protocol.screen import check_told

WILDCARD = b"\xfe\xff"  # device bytes for whoever is there
FULL = (PixelFormat.RGB888, PixelFormat.PLANES_3)
_STAY = 6000  # 10 ms: a single page is loaded again by the card only once a minute
_COLORS = {1: "mono", 3: "dual", 7: "three-bit", 255: "full"}
_LAID_OUT = {"mono": ColorMode.MONO, "dual": ColorMode.DUAL, "full": ColorMode.RGB}  # other colours: not known how
_BUDGET = -1  # code of a refusal that is ours, not the card's


@dataclass(frozen=True, slots=True)
class Upload(Message):
    """A whole transfer: begin, every file with its blocks, end. Starts over when the card loses the thread."""

    files: tuple[programme.CardFile, ...]
    block: int

    def commands(self) -> list[Command]:
        """Its commands in order."""
        said: list[Command] = [commands.BeginTransfer()]
        for file in self.files:
            said.append(commands.StartWrite(file.name, file.type, len(file.data), file.crc))
            for at in range(0, len(file.data), self.block):
                data = file.data[at : at + self.block]
                last = at + self.block >= len(file.data)
                said.append(commands.WriteBlock(file.name, int(last), at, data))
        return [*said, commands.EndTransfer()]


class Doing:
    """The routines of one conversation. ``model``, ``address`` and ``device`` are what it knows of the card.

    ``stored``: pages are programmes in flash instead of dynamic areas in memory; ``writes``: files that may be
    written in all.
    """

    def __init__(self, chosen: Model | None, order: str, block: int | None, stored: bool, writes: int) -> None:
        self._chosen = chosen
        self._order = order
        self._block = block
        self.stored = stored
        self._writes = writes
        self.model = chosen or MODELS["6e"]
        self.forget()

    def forget(self) -> None:
        """Another conversation begins, perhaps with another card."""
        self.address, self.device = packets.ANYONE, WILDCARD
        self._cut_in = False
        self._written: tuple[programme.CardFile, ...] = ()  # on the card, as far as this connection knows

    def model_for(self, mode: ColorMode) -> Model:
        return self._chosen or MODELS["6q" if mode is ColorMode.RGB else "6e"]

    def show(self, intent: ShowFrame) -> Routine:
        """Raises UnsupportedError at once."""
        model, place, picture = self._laid_out(intent.frame)
        if self.stored and not (intent.urgent and model.areas):
            return self._store(programme.programme(model.generation, 0, place, [picture]))
        if intent.ttl_s is not None and not 1 <= intent.ttl_s <= 0xFFFF:
            raise UnsupportedError("a page stays 1 to 65535 s")
        content = programme.dynamic_area(model.generation, place, [picture], timeout_s=intent.ttl_s or 0)
        return self._area(content)

    def keep(self, intent: StorePage) -> Routine:
        """A programme below the dynamic area: it is seen when that has ended, and after a power cut."""
        if self.stored:
            raise UnsupportedError("bx56: the pages themselves are programmes here")
        model, place, picture = self._laid_out(intent.frame)
        return self._store(programme.programme(model.generation, 0, place, [picture]))

    def _laid_out(self, frame: Frame) -> tuple[Model, programme.Place, programme.Picture]:
        model = self.model_for(ColorMode.RGB if frame.format in FULL else ColorMode.DUAL)
        picture = programme.Picture(bitmap.pack(frame, model, self._order), _STAY)
        return model, programme.Place(0, 0, frame.width, frame.height), picture

    def _area(self, content: bytes) -> Routine:
        yield commands.UpdateAreas(content)
        self._cut_in = True
        return None

    def _store(self, files: tuple[programme.CardFile, ...]) -> Routine:
        """Write a programme, unless the card has it already, and take what covers it away."""
        if files != self._written or not (yield from self._plays()):
            if self._writes < len(files):
                raise CardRefusedError(_BUDGET, "bx56: no more flash writes allowed (option writes)")
            self._writes -= len(files)
            self._written = ()
            yield Upload(files, self._block or self.model.block)
            self._written = files
        if self._cut_in:
            yield from self._delete_areas()
        return None

    @staticmethod
    def _plays() -> Generator[Message, Message | None, bool]:
        """Whether there still is a programme: another client may have deleted ours."""
        try:
            return any(_data((yield commands.QueryStatus()))[4:6])
        except CardRefusedError:
            return False

    def _delete_areas(self) -> Routine:
        yield commands.DeleteAreas()
        self._cut_in = False
        return None

    def greet(self, intent: Prepare) -> Routine:
        self.forget()
        self.model = self.model_for(intent.mode)
        return self._learn((yield commands.Ping()))

    def prepare(self, intent: Prepare) -> Routine:
        info = yield from self.greet(intent)
        self._check_fit(info, intent)
        if self.model.areas:
            yield from self._delete_areas()
        if intent.deep or self.stored:
            yield from self._delete_programmes()
        return info

    def _check_fit(self, info: CardInfo | None, panel: Prepare) -> None:
        """Another size cuts every page, another number of colours makes stripes of it; the card confirms both.
        Raises CardUnusableError."""
        check_told(info, panel)
        told = _LAID_OUT.get(info.details["colors"]) if info else None
        wanted = ColorMode.RGB if self.model.full_color else panel.mode
        if told not in (None, wanted):
            raise CardUnusableError(0, f"card is set to {told} colours, the panel is {wanted}")

    def clear(self) -> Routine:
        if self.model.areas:
            yield from self._delete_areas()
        self._written = ()
        yield from self._delete_programmes()
        return None

    def _delete_programmes(self) -> Routine:
        """Delete stored programmes and look that none is left; writes nothing when there are none."""
        if not (yield from self._count()):
            return None
        yield commands.DeleteFiles()
        left = yield from self._count()
        if left:
            raise CardRefusedError(CardError.EXISTS, f"bx56: {left} programmes would not be deleted")
        return None

    def _count(self) -> Generator[Message, Message | None, int]:
        kinds = [FileType.PROGRAMME]
        if self.model.generation is Generation.G6:
            kinds.append(FileType.DATA)
        count = 0
        for kind in kinds:
            reply = yield commands.ListFiles(kind)
            count += int.from_bytes(_data(reply)[:2], "little")
        return count

    def info(self) -> Routine:
        reply = yield commands.Ping()
        info = self._learn(reply)
        with suppress(CardRefusedError):
            status = _data((yield commands.QueryStatus()))
            details = {"on": str(status[0]), "programmes": str(int.from_bytes(status[4:6], "little"))}
            return CardInfo(info.family, info.model, info.firmware, {**info.details, **details})
        return info

    def _learn(self, reply: Message | None) -> CardInfo:
        """Speak to the card by its own address and number from now on."""
        data = _data(reply)
        self.device = data[:2]
        self.address = int.from_bytes(data[11:13], "little")
        width, height = (int.from_bytes(data[at : at + 2], "little") for at in (14, 16))
        details = {
            "address": str(self.address),
            "size": f"{width}x{height}",
            "colors": _COLORS.get(data[18], str(data[18])),
        }
        return CardInfo("bx56", model_name(self.device), data[2:10].decode("ascii", "replace"), details)


def _data(reply: Message | None) -> bytes:
    return reply.body.data if isinstance(reply, Packet) and isinstance(reply.body, Reply) else b""
