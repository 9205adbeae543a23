"""HTTP/1.1 as bytes: requests and answers, with a length, in chunks, or up to the end of the connection."""

import re
from dataclasses import dataclass

from ledsign.errors import ProtocolError
from ledsign.protocol.codec import Role
from ledsign.protocol.message import Message

MAX_HEAD = 16 * 1024
MAX_ASK = 8 << 20  # an uploaded picture
MAX_REPLY = 2 << 20  # a list of programmes
_END = b"\r\n\r\n"
_TO_END = -1  # a body that ends with the connection
_START = {
    Role.DRIVER: re.compile(rb"HTTP/1\.[01] \d{3}[ \r]"),
    Role.CARD: re.compile(rb"(?:GET|POST) /"),
    Role.WITNESS: re.compile(rb"HTTP/1\.[01] \d{3}[ \r]|(?:GET|POST) /"),
}
_STATUS = re.compile(r"HTTP/1\.[01] (\d{3})(?: ([^\r\n]*))?", re.ASCII)
_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpAsk(Message):
    """A request as it was sent; ``content`` is its body without chunks."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

    @property
    def content(self) -> bytes:
        return unchunked(self.body)[0] if is_chunked(self.headers) else self.body


@dataclass(frozen=True, slots=True)
class HttpReply(Message):
    """An answer as it came; ``content`` is its body without chunks."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""

    @property
    def content(self) -> bytes:
        return unchunked(self.body)[0] if is_chunked(self.headers) else self.body


def header(headers: Headers, name: str) -> str:
    """The first header of that name, "" when there is none."""
    return next((value for key, value in headers if key.lower() == name), "")


def is_chunked(headers: Headers) -> bool:
    return header(headers, "transfer-encoding").lower() == "chunked"


def pack(message: HttpAsk | HttpReply) -> bytes:
    """The bytes of a message, its headers as they stand."""
    if isinstance(message, HttpAsk):
        first = f"{message.method} {message.target} HTTP/1.1"
    else:
        first = f"HTTP/1.1 {message.status} {message.reason}"
    lines = [first, *(f"{name}: {value}" for name, value in message.headers)]
    return "\r\n".join(lines).encode("latin-1") + _END + message.body


def unchunked(data: bytes) -> tuple[bytes, int]:
    """The body of a chunked message and how many bytes it took; 0 when the end is not there yet. Raises
    ProtocolError."""
    body, at = bytearray(), 0
    while True:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            if len(data) - at > 64:
                raise ProtocolError("chunk size is too long")
            return b"", 0
        size = data[at:line_end].partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,7}", size):
            raise ProtocolError("chunk size is no number")
        count, at = int(size, 16), line_end + 2
        if len(body) + count > MAX_ASK:
            raise ProtocolError("chunks are too long")
        if len(data) < at + count + 2:
            return b"", 0
        body += data[at : at + count]
        at += count + 2
        if count == 0:
            return bytes(body), at


class Reader:
    """Cuts a stream into messages; memory is bounded by the longest message there may be."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[HttpAsk | HttpReply]:
        found: list[HttpAsk | HttpReply] = []
        for at in range(0, len(data), MAX_REPLY):
            self._buffer += data[at : at + MAX_REPLY]
            found += self._scan()
        return found

    def silence(self) -> list[HttpAsk | HttpReply]:
        """The line is quiet: a body without a length is complete, everything else was a false start."""
        found: list[HttpAsk | HttpReply] = []
        if (open_end := self._without_length()) is not None:
            found.append(open_end)
            self._buffer.clear()
        while self._buffer:
            del self._buffer[:1]
            found += self._scan()
        return found

    def _without_length(self) -> HttpAsk | HttpReply | None:
        """The message that fills the rest of the buffer because nothing says how long it is."""
        try:
            head = self._head() if _START[self._role].match(self._buffer) else None
        except ProtocolError:
            return None
        if head is None or head[1] != _TO_END:
            return None
        return _with_body(head[0], bytes(self._buffer[head[2] :]))

    def clear(self) -> None:
        self._buffer.clear()

    def _scan(self) -> list[HttpAsk | HttpReply]:
        found: list[HttpAsk | HttpReply] = []
        while self._to_start():
            try:
                message = self._message()
            except ProtocolError:
                del self._buffer[:1]
                continue
            if message is None:
                break
            found.append(message)
        return found

    def _to_start(self) -> bool:
        """Throw away what no message starts with."""
        start = _START[self._role].search(self._buffer)
        if start is None:
            del self._buffer[: max(0, len(self._buffer) - 13)]  # the start may be cut in two
            return False
        del self._buffer[: start.start()]
        return True

    def _message(self) -> HttpAsk | HttpReply | None:
        """The message at the head, None when more must come. Raises ProtocolError."""
        head = self._head()
        if head is None:
            if len(self._buffer) > MAX_HEAD:
                raise ProtocolError("head is too long")
            return None
        message, length, start = head
        if length == _TO_END:
            if len(self._buffer) > MAX_REPLY:
                raise ProtocolError("answer is too long")
            return None
        if is_chunked(message.headers):
            length = unchunked(bytes(self._buffer[start:]))[1]
            if length == 0:
                return None
        if len(self._buffer) < start + length:
            return None
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return _with_body(message, body)

    def _head(self) -> tuple[HttpAsk | HttpReply, int, int] | None:
        """Message without body, length of the body, where it starts; None while the head is not whole."""
        end = self._buffer.find(_END, 0, MAX_HEAD + len(_END))
        if end < 0:
            return None
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        headers = tuple(_field(line) for line in lines)
        text = header(headers, "content-length")
        if text and not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) <= MAX_ASK):
            raise ProtocolError("length is no number, or too large")
        status = _STATUS.fullmatch(first)
        if status is not None:
            code = int(status[1])
            message: HttpAsk | HttpReply = HttpReply(code, status[2] or "", headers)
            length = int(text) if text else 0 if is_chunked(headers) or code in (204, 304) else _TO_END
        else:
            words = first.split(" ")
            if len(words) != 3 or not words[2].startswith("HTTP/1."):
                raise ProtocolError("no request line")
            message, length = HttpAsk(words[0], words[1], headers), int(text or 0)
        return message, length, end + len(_END)


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not _FIELD.match(name):
        raise ProtocolError("no header")
    return name, value.strip(" \t")


def _with_body(message: HttpAsk | HttpReply, body: bytes) -> HttpAsk | HttpReply:
    if isinstance(message, HttpAsk):
        return HttpAsk(message.method, message.target, message.headers, body)
    return HttpReply(message.status, message.reason, message.headers, body)
