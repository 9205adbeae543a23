"""The flash of a simulated BX-5 or BX-6 card: files come in blocks and take effect when the transfer is ended."""

import struct
import zlib
from dataclasses import dataclass

from ledsign.protocol.bx56 import commands
from ledsign.protocol.bx56.commands import ACK, NACK, Command, Reply
from ledsign.protocol.bx56.models import CardError, FileType

_SIZE = 4 << 20
_SECTOR = 4096
DEMO = "P000"  # what the vendor's tool left in the flash


@dataclass
class File:
    """A file in flash; ``six``: written by a BX-6 header, so its pages are laid out that way."""

    type: int
    data: bytes
    six: bool


class Flash:
    """Files by name. A file counts only when it came in order and its CRC fits."""

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self.files: dict[str, File] = {DEMO: File(FileType.PROGRAMME, b"", False)}
        self.erases = 0
        self.crc_kind = ""  # which of the two known file sums the last file had
        self._started: commands.StartWrite | None = None
        self._came = b""
        self._done: dict[str, File] = {}  # whole, but the transfer is not ended

    def power_up(self) -> None:
        self._started, self._done = None, {}

    def programmes(self) -> list[tuple[str, File]]:
        return [(name, file) for name, file in sorted(self.files.items()) if file.type == FileType.PROGRAMME]

    def answer(self, command: Command, six: bool) -> tuple[Reply, str] | None:
        """The answer to a command about files, and the cause why the glass may look different ("": it does not);
        None when the command is none of those."""
        if isinstance(command, commands.BeginTransfer):
            self.power_up()
            return Reply(*ACK), ""
        if isinstance(command, commands.StartWrite):
            return self._start(command), ""
        if isinstance(command, commands.WriteBlock):
            return self._block(command, six), ""
        if isinstance(command, commands.EndTransfer):
            self.files |= self._done
            shows = bool(self._done)
            self.power_up()
            return Reply(*ACK), "page" if shows else "stored"
        if isinstance(command, commands.DeleteFiles | commands.Format):
            names = getattr(command, "names", ()) or tuple(self.files)
            self.files = {name: file for name, file in self.files.items() if name not in names}
            self.erases += 1
            return Reply(*ACK), "stored"
        if isinstance(command, commands.ListFiles):
            count = sum(file.type == command.type for file in self.files.values())
            return Reply(*command.REPLY, data=struct.pack("<H", count)), ""
        if isinstance(command, commands.QueryVolume):
            return Reply(*command.REPLY, data=struct.pack("<II", _SIZE, self._free())), ""
        return None

    def _free(self) -> int:
        return _SIZE - sum(len(file.data) for file in self.files.values())

    def _start(self, command: commands.StartWrite) -> Reply:
        if command.name in self.files and not command.overwrite:
            return Reply(*NACK, error=CardError.EXISTS)
        if command.length > self._free():
            return Reply(*NACK, error=CardError.MEMORY)
        self._started, self._came = command, b""
        self.erases += -(-command.length // _SECTOR)
        return Reply(*ACK)

    def _block(self, command: commands.WriteBlock, six: bool) -> Reply:
        started = self._started
        if started is None or command.name != started.name:
            return Reply(*NACK, error=CardError.NO_FILE)
        end = command.offset + len(command.data)
        if end <= len(self._came) and self._came[command.offset : end] == command.data and not self._strict:
            return Reply(*ACK)  # came twice
        if command.offset != len(self._came) or end > started.length:
            return Reply(*NACK, error=CardError.BLOCK)
        self._came += command.data
        if not command.last:
            return Reply(*ACK)
        return self._whole(started, six)

    def _whole(self, started: commands.StartWrite, six: bool) -> Reply:
        content, crc = self._came[:-4], int.from_bytes(self._came[-4:], "little")
        sums = {zlib.crc32(content): "standard", _bare_crc32(content): "java"}
        if len(self._came) != started.length or crc not in sums:
            self._started = None
            return Reply(*NACK, error=CardError.FILE_CRC)
        self.crc_kind = sums[crc]
        self._done[started.name] = File(started.type, self._came, six)
        return Reply(*ACK)


def _bare_crc32(data: bytes) -> int:
    """CRC-32 from 0 and without the final complement, as the vendor's Java kit computes it."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF
