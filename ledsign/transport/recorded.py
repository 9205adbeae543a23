"""Lines that write down what passes, and lines that answer from such a record."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ledsign.errors import TransportError
from ledsign.transport.address import Address, public_url
from ledsign.transport.line import Transport
from ledsign.transport.recording import Chunk, Recorder, read


class RecordingLine:
    """Another line, every byte of it written down, as ``public`` has it: it sees whole packets, for what is read
    is kept until there is a pause, or the other side's turn. A record that cannot be written breaks the line: it
    was asked for."""

    def __init__(self, address: Address, inner: Transport, public: Callable[[bytes], bytes]) -> None:
        self._inner = inner
        self._public = public
        self._heard, self._heard_at = b"", 0.0  # read, and not yet written down
        self._began = time.monotonic()
        assert address.inner is not None
        try:
            self._recorder = Recorder(Path(address.path), public_url(address.inner.url))
        except OSError as error:
            inner.close()
            raise TransportError(f"{address.path}: {error}") from error

    def write(self, data: bytes, timeout: float) -> None:
        self._note_heard()
        self._note(time.monotonic(), True, data)
        try:
            self._inner.write(data, timeout)
        except TransportError as error:
            self._end(str(error))
            raise

    def read(self, timeout: float) -> bytes:
        try:
            data = self._inner.read(timeout)
        except TransportError as error:
            self._end(str(error))
            raise
        if not data:
            self._note_heard()
        elif not self._heard:
            self._heard_at = time.monotonic()
        self._heard += data
        return data

    def _note_heard(self) -> None:
        data, self._heard = self._heard, b""
        if data:
            self._note(self._heard_at, False, data)

    def _note(self, at: float, sent: bool, data: bytes) -> None:
        try:
            self._recorder.chunk(at - self._began, sent, self._public(data))
        except OSError as error:
            self._inner.close()  # before all else: a serial port stays locked as long as it is open
            self._end(str(error))
            raise TransportError(f"recording: {error}") from error

    def _end(self, why: str) -> None:
        """Close a record beside an error that says more than a record which cannot be ended."""
        with suppress(OSError, TransportError):
            self._note_heard()
        with suppress(OSError):
            self._recorder.close(why)

    def close(self) -> None:
        try:
            self._note_heard()
            self._recorder.close()
        except OSError as error:
            raise TransportError(f"recording: {error}") from error
        finally:
            self._inner.close()

    def line_seconds(self, count: int) -> float:
        return self._inner.line_seconds(count)


class ReplayLine:
    """What was read is read again, as soon as what was written before it has been written again; no time passes.
    Anything else that is written is an error that names the line of the recording."""

    def __init__(self, file: str, chunks: list[Chunk]) -> None:
        self._file = file
        self._left = deque(chunks)

    def write(self, data: bytes, timeout: float) -> None:
        if not self._left or not self._left[0].sent:
            where = f"line {self._left[0].number}: it answers there" if self._left else "it ends before"
            raise TransportError(f"{self._file}, {where}; written was {data[:40].hex(' ')}")
        chunk = self._left.popleft()
        if chunk.data != data:
            said = f"recorded was {chunk.data[:40].hex(' ')}, written was {data[:40].hex(' ')}"
            raise TransportError(f"{self._file}, line {chunk.number}: {said}")

    def read(self, timeout: float) -> bytes:
        if not self._left:
            raise TransportError(f"{self._file}: the recording has ended")
        if self._left[0].sent:
            return b""
        return self._left.popleft().data

    def close(self) -> None:
        self._left.clear()

    def line_seconds(self, count: int) -> float:
        return 0.0


class Replayer:
    """Opens a recording again and again: each time its next opening of the line answers. Raises ConfigError."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._openings = deque(read(Path(file)))

    def open(self) -> ReplayLine:
        """Raises TransportError when the recording holds no further opening."""
        if not self._openings:
            raise TransportError(f"{self._file}: the recording has ended")
        return ReplayLine(self._file, self._openings.popleft())
