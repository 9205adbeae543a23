"""What went over a line, as a text file: one line for each write (``>``) and each read (``<``)::

    # ledsign recording 1
    # line serial:///dev/ttyUSB0?baud=57600&id=1
    # open
    0.000012 > a5 68 32 01 2e 01 01 cb 00 ae
    0.021408 < a5 e8 32 01 2e 01 ...
    # closed: read: device disconnected

Seconds count from the last ``open``. Other lines that begin with ``#`` mean nothing. ``ledsign card decode`` reads
it with the live codec; the ``>`` and ``<`` lines of the log are the same, cut after 40 bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ledsign.errors import RecordingError

HEAD = "# ledsign recording 1"
LIMIT = 32 << 20  # characters a file may have: some days of pages; a village PC's disk is small
_LINE, _OPEN = "# line ", "# open"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of one write (``sent``) or one read. ``number`` is the line in the file."""

    number: int
    at: float
    sent: bool
    data: bytes


class Recorder:
    """Writes a recording; stops silently to grow at its limit, for the line is worth more than its record."""

    def __init__(self, path: Path, url: str) -> None:
        """Adds to a file that is there. Raises OSError."""
        fresh = not path.exists() or not path.stat().st_size
        self._file: TextIO = path.open("a", encoding="ascii", errors="backslashreplace")
        self._room = LIMIT - path.stat().st_size
        if fresh:
            self._put(HEAD)
        self._put(f"{_LINE}{url}")
        self._put(_OPEN)

    def chunk(self, at: float, sent: bool, data: bytes) -> None:
        """``at``: seconds since the line was opened. Raises OSError."""
        self._put(f"{at:.6f} {'>' if sent else '<'} {data.hex(' ')}")

    def close(self, why: str = "") -> None:
        """Raises OSError; the file is closed nevertheless."""
        try:
            self._put(f"# closed: {why}" if why else "# closed")
        finally:
            self._file.close()

    def _put(self, line: str) -> None:
        if self._room > 0 and not self._file.closed:
            self._room -= len(line) + 1
            self._file.write((line if self._room > 0 else "# full") + "\n")
            self._file.flush()


def read(path: Path) -> Iterator[list[Chunk]]:
    """The chunks of each opening of the line, in order. Raises RecordingError naming the line that is none."""
    found: list[Chunk] = []
    opened = False
    for number, line in enumerate(_lines(path), 1):
        if line.strip() == _OPEN:
            if opened:
                yield found
            found, opened = [], True
        elif line.strip() and not line.startswith("#"):
            opened = True
            found.append(_chunk(path, number, line))
    if opened:
        yield found


def is_recording(path: Path) -> bool:
    """Whether the file begins like one. Raises RecordingError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(HEAD)) == HEAD.encode("ascii")
    except OSError as error:
        raise RecordingError(f"{path}: {error}") from error


def line_of(path: Path) -> str:
    """The URL of the line that was recorded. Raises RecordingError."""
    for line in _lines(path):
        if line.startswith(_LINE):
            return line.removeprefix(_LINE).strip()
    raise RecordingError(f"{path}: no recording, the line {_LINE!r} is missing")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: {error}") from error


def _chunk(path: Path, number: int, line: str) -> Chunk:
    at, _blank, rest = line.strip().partition(" ")
    mark, _blank, data = rest.partition(" ")
    try:
        seconds, read_or_sent = float(at), bytes.fromhex(data)
    except ValueError as error:
        raise RecordingError(f"{path}:{number}: {error}") from error
    if mark not in ("<", ">"):
        raise RecordingError(f"{path}:{number}: neither > nor <")
    return Chunk(number, seconds, mark == ">", read_or_sent)
