"""The disk of a simulated CP5200 card: files written in order, or uploaded in segments that come in any order."""

from ledsign.protocol.cp5200 import basic, files
from ledsign.protocol.wire import sum16

_SIZE = 1_400_000
_YES, _NO = b"\x01", b"\0"


class Disk:
    """Files by name. A file counts only when it is whole."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._name, self._size = "", 0
        self._written = b""
        self._segments: dict[int, bytes] = {}

    @property
    def names(self) -> list[str]:
        return sorted(self._files)

    def read(self, name: str) -> bytes:
        return self._files[name]

    def answer(self, body: basic.Basic) -> bytes | None:
        """The data of the answer; None when it is no matter of files."""
        if isinstance(body, files.OpenFile):  # and BeginUpload, which is one
            return self._open(body)
        if isinstance(body, files.WriteFile):
            self._written += body.data
            return _YES
        if isinstance(body, files.CloseFile):
            good = len(self._written) == self._size and sum16(self._written) == body.total
            if good:
                self._files[self._name] = self._written
            return _YES if good else _NO
        if isinstance(body, files.UploadSegment):
            self._segments[body.number] = body.data
            return _YES
        if isinstance(body, files.EndUpload):
            return self._end(body.segments)
        if isinstance(body, files.DeleteFile):
            return _NO if self._files.pop(body.name.decode("latin-1"), None) is None else _YES
        if isinstance(body, files.FormatDisk):
            self._files = {}
            return _YES
        if isinstance(body, files.QueryFreeSpace):
            return _YES + (_SIZE - sum(map(len, self._files.values()))).to_bytes(4, "little")
        return None

    def _open(self, body: files.OpenFile) -> bytes:
        self._name, self._size = body.name.decode("latin-1"), body.size
        self._written, self._segments = b"", {}
        return _YES if body.size <= _SIZE - sum(map(len, self._files.values())) else _NO

    def _end(self, count: int) -> bytes:
        missing = [number for number in range(count) if number not in self._segments][: files.MOST_MISSING]
        data = b"".join(self._segments[number] for number in sorted(self._segments))
        if not missing and len(data) == self._size:
            self._files[self._name] = data
        return bytes((len(missing),)) + b"".join(number.to_bytes(2, "little") for number in missing)
