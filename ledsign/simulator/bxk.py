"""A simulated BX-K card: dynamic areas in memory, text programmes in flash, power, brightness, clock.

It draws text with our letters where a real card has its own, so only the words can be compared. Where the document
is silent it is cautious: a file counts only when it came in order and its CRC-16 fits; too much text for a dynamic
area is refused.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ledsign.errors import ProtocolError
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.bxk import BXK, commands
from ledsign.protocol.bxk.commands import ACK, NACK, Command
from ledsign.protocol.bxk.packets import ANYONE, Packet, Reply
from ledsign.protocol.bxk.text import LEDS, LOOP_AND_END, Area, Programme, plain
from ledsign.protocol.codec import Link
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.canvas import Pixels, paste
from ledsign.simulator.lettering import letter
from ledsign.simulator.onbon import OnbonBrain

_DEMO = "P000"  # what the vendor's tool left in the flash
_ROOM = 1024  # bytes of a dynamic area and of a block
_HEADS = 18  # of a block, in the same buffer
_FILES = 32
_DEVICE = 0x61  # BX-6K1


class BxkBrain(OnbonBrain[Area]):
    """The card. ``lit`` is told whenever the glass may have changed."""

    family = "bxk"

    def __init__(self, panel: Panel, lit: Lit, address: int = 1) -> None:
        super().__init__(panel, lit, address)
        self._files: dict[str, bytes] = {_DEMO: b""}
        self._started: commands.StartWrite | None = None
        self._came = b""
        self._level = 15

    def talk(self, link: Link) -> Talk:
        return BXK()

    def power_up(self) -> None:
        self._areas.drop(())
        self._started, self._on = None, True
        self._show("boot")

    def state(self) -> Mapping[str, object]:
        return {
            "on": self._on,
            "brightness": self._level,
            "areas": {number: plain(area.data)[0] for number, area in self._areas.shown.items()},
            "files": sorted(self._files),
            "clock": self.clock.isoformat(timespec="seconds"),
        }

    # ---- answers --------------------------------------------------------------------------------------------

    def answer(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, Packet) or not isinstance(message.body, Command):
            return ()
        if message.dst not in (self._address, ANYONE):
            return ()
        reply = self._do(message.body)
        return (self._reply(message, reply),) if message.response == 1 else ()

    def damaged(self, message: Message) -> Sequence[Message]:
        return (self._reply(message, Reply(*NACK, commands.CHECKSUM)),) if isinstance(message, Packet) else ()

    def foreign(self, message: Message) -> Sequence[Message]:
        """Another card's answers: with its own address, and with a command that nobody sent."""
        if not isinstance(message, Packet):
            return ()
        ours = self._reply(message, Reply(0xA2, 0x87, 0, b"\1\0"))
        return (ours, replace(ours, src=self._address + 1))

    def _reply(self, asked: Packet, body: Reply) -> Packet:
        own = ANYONE if asked.dst == ANYONE else self._address
        return replace(asked, body=body, dst=asked.src, src=own, response=1, reserved=b"\0\0", leads=9)

    def _do(self, command: Command) -> Reply:
        if isinstance(command, commands.UpdateAreas):
            return self._update(command)
        if isinstance(command, commands.Power):
            self._on = command.state == 1
            return self._changed("power")
        if isinstance(command, commands.Brightness):
            self._level = command.level
            return Reply(*ACK)
        if isinstance(command, commands.SetTime):
            self._time.set(datetime.fromisoformat(command.at))
            return Reply(*ACK)
        if isinstance(command, commands.ClearScreen):
            self._areas.drop(())
            return self._changed("stored")
        if isinstance(command, commands.QueryStatus):
            return Reply(*command.code, 0, self._status())
        if isinstance(command, commands.ReadParameters):
            size = struct.pack("<HBBHH", self._address, _DEVICE, 2, self._panel.width, self._panel.height)
            return Reply(*command.REPLY, 0, size + bytes((1 + (self._panel.mode is not ColorMode.MONO),)) + bytes(17))
        return self._file(command)

    def _changed(self, cause: str) -> Reply:
        self._show(cause)
        return Reply(*ACK)

    def _update(self, command: commands.UpdateAreas) -> Reply:
        if any(len(area.pack()) > _ROOM for area in command.areas):
            return Reply(*NACK, commands.NO_SPACE)
        if command.everything or command.delete:
            self._areas.drop(() if command.everything else command.delete)
        for area in command.areas:
            self._areas.put(area.number, area, area.end if area.mode == LOOP_AND_END and area.end else None)
        return self._changed("text" if command.areas else "stored")

    def _file(self, command: Command) -> Reply:
        if isinstance(command, commands.DeleteFiles | commands.Format | commands.Reset):
            names = getattr(command, "names", ()) or tuple(self._files)
            self._files = {name: data for name, data in self._files.items() if name not in names}
            return self._changed("stored")
        if isinstance(command, commands.StartWrite):
            if command.name.decode("latin-1") in self._files and not command.overwrite:
                return Reply(*NACK, commands.EXISTS)
            if len(self._files) >= _FILES:
                return Reply(*NACK, commands.NO_SPACE)
            self._started, self._came = command, b""
            return Reply(*ACK)
        if isinstance(command, commands.WriteBlock):
            return self._block(command)
        return Reply(*ACK) if not isinstance(command, commands.OtherCommand) else Reply(*NACK, commands.BAD_COMMAND)

    def _block(self, command: commands.WriteBlock) -> Reply:
        started = self._started
        if started is None or command.name != started.name:
            return Reply(*command.code, commands.NO_FILE, bytes(4))
        if command.length + _HEADS > _ROOM:
            return Reply(*command.code, commands.NO_SPACE, struct.pack("<I", len(self._came)))
        end = command.offset + command.length
        if end <= len(self._came) and self._came[command.offset : end] == command.data:
            return Reply(*command.code, 0, struct.pack("<I", len(self._came)))  # came twice
        if command.offset != len(self._came):
            return Reply(*command.code, commands.BLOCK, struct.pack("<I", len(self._came)))
        self._came += command.data
        if command.last:
            try:
                Programme.unpack(self._came)
            except ProtocolError:
                self._started = None
                return Reply(*command.code, commands.FILE_CRC, struct.pack("<I", command.offset))
            self._files[started.name.decode("latin-1")] = self._came
            self._show("stored")
        return Reply(*command.code, 0, struct.pack("<I", len(self._came)))

    def _status(self) -> bytes:
        at, names = self.clock, sorted(self._files)
        bcd = (at.year % 100, at.year // 100, at.month, at.day, at.isoweekday(), at.hour, at.minute, at.second)
        stamp = bytes(value // 10 << 4 | value % 10 for value in bcd)
        name = (names[0] if names else "").encode("latin-1").ljust(4, b"\0")
        head = bytes((1 if self._on else 2, self._level)) + stamp + bytes((len(names),)) + name
        return head + bytes((0, 0, len(self._areas.shown), *self._areas.shown)) + bytes(28)

    # ---- the glass ------------------------------------------------------------------------------------------

    def draw(self, glass: Pixels) -> None:
        areas = [*self._areas.shown.values()]
        for name, data in sorted(self._files.items())[:1]:  # the first programme, below the dynamic areas
            if name == _DEMO and not data:
                glass[:] = self._logo
            else:
                areas = [*Programme.unpack(data).areas, *areas]
        for area in areas:
            self._draw(glass, area)

    @staticmethod
    def _draw(glass: Pixels, area: Area) -> None:
        x, width = ((value & ~LEDS) * (1 if value & LEDS else 8) for value in (area.x, area.width))
        text, size = plain(area.data)
        if area.single == 1:
            text = text.replace("\n", " ")
        paste(glass, letter(text, width, area.height, size), x, area.y)


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new card, not yet powered up; packets have no order that ``strict`` could mind."""
    return BxkBrain(panel, lit)
