"""The files of a simulated JetFile II sign: two disks (D flash, E RAM) and the system files, packet by packet."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ledsign.protocol.jetfile2.disk import Erase, FilePart, ReadFile, SystemPart
from ledsign.protocol.jetfile2.packets import DISK_FULL, OK, TOO_LONG
from ledsign.simulator.jetfile2_files import playable

FILE_LIMIT, PACKET_LIMIT, RAM = 320 * 1024, 1024, 8 << 20
BAD_LENGTH, NO_FILE, NO_DISK, DISORDER, FILE_TOO_BIG = 0x9006, 0x9008, 0x9012, 0x9014, 0x2101
_SEQUENCE = "SEQUENT.SYS"

Key: TypeAlias = tuple[str, str, str]
"""Disk, folder, label; of a system file "", "" and its name."""


@dataclass(frozen=True)
class _Upload:
    """A file on its way."""

    key: Key
    last: FilePart | SystemPart
    data: bytes


class Disks:
    """A file exists only when its last packet is there and all lengths agree. ``longest``: data bytes that a packet
    may have; ``ram``: bytes that fit on disk E; ``strict``: a packet that comes twice is out of order."""

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._files: dict[Key, bytes] = {}
        self._upload: _Upload | None = None
        self.longest, self.ram = PACKET_LIMIT, RAM
        self.flash_writes = 0

    def power_up(self) -> None:
        """RAM is gone, and half a file."""
        self._files = {key: data for key, data in self._files.items() if key[0] != "E"}
        self._upload = None

    def names(self) -> Sequence[str]:
        """Of all but the system files."""
        return sorted(":".join(key) for key in self._files if key[0])

    def get(self, key: Key) -> bytes | None:
        return self._files.get(key)

    def store(self, key: Key, data: bytes) -> None:
        self.flash_writes += key[0] != "E"
        self._files[key] = data

    def collect(self, part: FilePart | SystemPart) -> tuple[int, Key | None]:
        """A packet of a file: its status, and the file's key when it is complete."""
        if isinstance(part, SystemPart):
            key: Key = ("", "", part.name)
        elif part.disk not in ("D", "E"):
            return NO_DISK, None
        else:
            key = part.disk, part.kind.folder, part.label
        full = min(part.size, part.total - (part.current - 1) * part.size)
        if part.size > self.longest or part.total > FILE_LIMIT:
            return (FILE_TOO_BIG if part.total > FILE_LIMIT else TOO_LONG), None
        if not part.size or len(part.data) != full or part.count != max(1, -(-part.total // part.size)):
            return BAD_LENGTH, None
        if sum(len(data) for at, data in self._files.items() if at[0] == "E" and at != key) + part.total > self.ram:
            return DISK_FULL, None
        before = self._upload
        if part.current == 1:
            upload = _Upload(key, part, part.data)
        elif before is not None and part == before.last and not self._strict:
            return OK, None  # came twice
        elif before is None or before.key != key or part.current != before.last.current + 1:
            return DISORDER, None
        else:
            upload = _Upload(key, part, before.data + part.data)
        self._upload = upload
        if part.current < part.count:
            return OK, None
        self.store(key, upload.data)
        return OK, key

    def read(self, body: ReadFile) -> int | tuple[bytes, bytes]:
        """A page of a file: argument and data of the answer, or a status."""
        data = self._files.get((body.disk, body.kind.folder, body.label))
        if data is None:
            return NO_FILE
        start = (body.page - 1) * body.size
        sizes = struct.pack("<HHI", len(data) & 0xFFFF, body.page, len(data))
        return sizes, data[start : start + min(body.size, self.longest)]

    def erase(self, body: Erase) -> int:
        gone = [key for key in self._files if key[:2] == (body.disk, body.kind.folder)]
        self.flash_writes += bool(gone) and body.disk != "E"
        for key in gone:
            del self._files[key]
        return OK

    @property
    def has_playlist(self) -> bool:
        return ("", "", _SEQUENCE) in self._files

    def scheduled(self) -> Key | None:
        """The file whose turn it is in the playlist."""
        entries = playable(self._files.get(("", "", _SEQUENCE), b""))
        return next((key for key in entries if key in self._files), None)
