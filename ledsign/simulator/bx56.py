"""A simulated BX-5 or BX-6 card: files in flash, dynamic areas in memory, power, brightness, clock.

It answers in whatever generation it is asked, draws from the bytes it stored, and reads programmes, areas and
bitmaps with its own eyes. Where the documents are silent it is cautious: a file counts only when it came in order
and its CRC fits, and a transfer takes effect when it is ended.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ledsign.errors import ProtocolError
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.bx56 import BX56, commands
from ledsign.protocol.bx56.commands import ACK, NACK, Command, Reply
from ledsign.protocol.bx56.models import CardError, Generation, is_six
from ledsign.protocol.bx56.packets import ANYONE, Packet
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.bx56_files import Flash
from ledsign.simulator.bx56pictures import Region, read_areas, read_programme
from ledsign.simulator.canvas import Pixels, paste
from ledsign.simulator.onbon import OnbonBrain

_COLORS = {ColorMode.MONO: 1, ColorMode.DUAL: 3, ColorMode.RGB: 255}
_HIDING = (2, 3)  # run modes with a time-out


@dataclass(frozen=True)
class _Area:
    """A dynamic area in memory; ``alone``: programmes stop meanwhile."""

    region: Region
    alone: bool


class Bx56Brain(OnbonBrain[_Area]):
    """The card. ``lit`` is told whenever the glass may have changed."""

    family = "bx56"

    def __init__(self, panel: Panel, lit: Lit, strict: bool, address: int = 1) -> None:
        super().__init__(panel, lit, address)
        self._flash = Flash(strict)
        self._levels: tuple[int, ...] = (15,) * 48

    def talk(self, link: Link) -> Talk:
        return BX56(link, Role.CARD)

    def power_up(self) -> None:
        self._areas.drop(())
        self._flash.power_up()
        self._on = True
        self._show("boot")

    def state(self) -> Mapping[str, object]:
        return {
            "on": self._on,
            "brightness": list(self._levels),
            "areas": list(self._areas.shown),
            "files": sorted(self._flash.files),
            "erases": self._flash.erases,
            "clock": self.clock.isoformat(timespec="seconds"),
        }

    # ---- answers --------------------------------------------------------------------------------------------

    def answer(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, Packet) or not isinstance(message.body, Command):
            return ()
        if message.dst not in (self._address, ANYONE):
            return ()
        if message.generation is Generation.PROBE:
            kind = Generation.G6 if self._panel.mode is ColorMode.RGB else Generation.G5
            return (replace(self._reply(message, Reply(0xA2, 0x80, data=self._ping(False))), generation=kind),)
        return (self._reply(message, self._do(message.body, is_six_packet(message))),)

    def damaged(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, Packet):
            return ()
        return (self._reply(message, Reply(*NACK, error=CardError.CHECKSUM)),)

    def foreign(self, message: Message) -> Sequence[Message]:
        """The other card answers with an ACK to somebody, and once with a number nobody asked for."""
        if not isinstance(message, Packet):
            return ()
        ours = self._reply(message, Reply(*ACK))
        other = replace(ours, src=self._address + 1, seq=ours.seq + 7 & 0xFFFF)
        return (other, replace(other, body=Reply(0xA2, 0x8F, data=bytes(33))))

    def _reply(self, asked: Packet, body: Reply) -> Packet:
        own = ANYONE if asked.dst == ANYONE else self._address
        seq = asked.seq + 0x8000 & 0xFFFF if asked.generation is not Generation.AREA else 0
        return replace(asked, body=body, dst=asked.src, src=own, seq=seq, declared=None, leads=9)

    def _do(self, command: Command, six: bool) -> Reply:
        if isinstance(command, commands.UpdateAreas):
            return self._update(command.content, six)
        if isinstance(command, commands.DeleteAreas):
            self._areas.drop(command.ids)
            return self._changed("stored")
        if isinstance(command, commands.Power):
            self._on = command.on
            return self._changed("power")
        if isinstance(command, commands.Brightness):
            self._levels = command.levels
            return Reply(*ACK)
        if isinstance(command, commands.SetTime):
            self._time.set(datetime.fromisoformat(command.at))
            return Reply(*ACK)
        if isinstance(command, commands.Reset):
            self.power_up()
            return Reply(*ACK)
        found = self._flash.answer(command, six)
        if found is None:
            return self._query(command, six)
        reply, cause = found
        if cause:
            self._show(cause)
        return reply

    def _changed(self, cause: str) -> Reply:
        self._show(cause)
        return Reply(*ACK)

    def _update(self, content: bytes, six: bool) -> Reply:
        try:
            found = read_areas(content, six, self._panel.mode)
        except (ProtocolError, struct.error, IndexError, ValueError):
            return Reply(*NACK, error=25)
        for area in found:
            end_s = area.timeout_s if area.run_mode in _HIDING and area.timeout_s else None
            self._areas.put(area.number, _Area(area.region, area.immediate == 1), end_s)
        return self._changed("page")

    # ---- questions ------------------------------------------------------------------------------------------

    def _query(self, command: Command, six: bool) -> Reply:
        known = commands.Ping | commands.QueryStatus | commands.QueryFirmware | commands.ReadId
        if not isinstance(command, known):
            quiet = isinstance(command, commands.TimedPower | commands.CancelTimedPower | commands.LockScreen)
            return Reply(*ACK) if quiet else Reply(*NACK, error=2)
        answers: dict[type[Command], Callable[[], bytes]] = {
            commands.Ping: lambda: self._ping(six),
            commands.QueryStatus: lambda: self._status(six),
            commands.QueryFirmware: lambda: b"F001" + b"22.04.15" + b"2022-04-15 10:00:00",
            commands.ReadId: lambda: bytes(16 if six else 8),
        }
        return Reply(*command.REPLY, data=answers[type(command)]())

    def _device(self, six: bool) -> bytes:
        if self._panel.mode is ColorMode.RGB:
            return b"\x66\x02"
        return b"\x74\x02" if six else b"\x54\x02"

    def _ping(self, six: bool) -> bytes:
        size = struct.pack("<HBHH", self._address, 2, self._panel.width, self._panel.height)
        head = self._device(six) + b"22.04.15" + b"\x01" + size
        look = bytes((_COLORS[self._panel.mode], self._levels[0], self._on)) + bytes((8, 0, 0, 0, 0, 0))
        return head + look + bytes(4 + 4 + 16 + 128 + 128 if six else 4)

    def _status(self, six: bool) -> bytes:
        programmes = [name for name, _file in self._flash.programmes()]
        current = (programmes[0] if programmes else "").encode("ascii").ljust(4, b"\0")
        at = self.clock
        stamp = commands.SetTime(at.isoformat(timespec="seconds"), at.isoweekday()).pack()
        head = struct.pack("<BBBBH4s", self._on, 0, 0, self._levels[0], len(programmes), current)
        return head + bytes((0, 0, 0, 0)) + stamp + bytes(11) + (bytes(28) if six else b"")

    # ---- the glass ------------------------------------------------------------------------------------------

    def draw(self, glass: Pixels) -> None:
        areas = self._areas.shown.values()
        if not any(area.alone for area in areas):
            self._programme(glass)
        for area in areas:
            paste(glass, area.region.pictures[0], area.region.x, area.region.y)

    def _programme(self, glass: Pixels) -> None:
        """The first page of the first programme that may play today."""
        for name, file in self._flash.programmes():
            if not file.data:
                glass[:] = self._logo
                return
            pictures = self._flash.files.get("D" + name[1:])
            try:
                found = read_programme(file.data, pictures.data if pictures else b"", file.six, self._panel.mode)
            except (ProtocolError, struct.error, IndexError, ValueError):
                continue
            if found.plays_on(self.clock.date()):
                for region in found.regions:
                    paste(glass, region.pictures[0], region.x, region.y)
                return


def is_six_packet(packet: Packet) -> bool:
    """Which layout a packet's contents have; area packets only tell by the device they are for."""
    if packet.generation is Generation.AREA:
        return is_six(packet.device)
    return packet.generation is Generation.G6


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new card, not yet powered up."""
    return Bx56Brain(panel, lit, strict)
