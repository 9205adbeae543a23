"""A card's URL, taken apart.

=====================================  ===============================================================
``tcp://HOST:PORT``                    the card is the server
``listen://HOST:PORT``                 the card dials us; HOST is our own address on the card's network
``http://HOST:PORT``                   a TCP connection for every request, as small HTTP servers want it
``udp://HOST:PORT?mbit=50``            datagrams; one write is one datagram, one read at most one; paced, so
                                       that a page in hundreds of datagrams does not overrun the receiver
``raw://eth1?experimental=1``          Ethernet frames on an interface of their own, paced like ``udp`` (``mbit``);
                                       nobody here has seen a real card take them, hence the word
``serial:///dev/ttyUSB0?baud=57600``   8N1, no flow control, opened exclusively; ``rs485=1``: the port's driver
                                       switches between sending and listening (adapters that do it by
                                       themselves, as most on USB, need nothing)
``pty:///run/ledsign/ttyLED``          a pseudo-terminal such as the simulator's; ``baud`` if its other end is
                                       paced to that rate, else bytes take no time
``record:FILE?line=URL``               any of the above, every byte of it written down; URL goes to the end
``replay:FILE``                        a recording answers, without any card
=====================================  ===============================================================

``connect=SECONDS`` is how long a connection may take, ``reply=SECONDS`` how long any answer of a slow card may.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from ledsign.errors import ConfigError
from ledsign.transport.recording import line_of

MBIT = 50
MOST_WAIT_S = 60  # for a connection, or an answer
_OPTIONS = {
    "tcp": {"connect", "reply"},
    "listen": {"connect", "reply"},
    "http": {"connect", "reply"},
    "udp": {"mbit", "reply"},
    "raw": {"mbit", "experimental"},
    "serial": {"baud", "rs485", "reply"},
    "pty": {"baud", "reply"},
}
_BOUNDS = {
    "rs485": (0, 1, ""),
    "mbit": (1, 10_000, ""),
    "connect": (1, MOST_WAIT_S, " seconds"),
    "reply": (1, MOST_WAIT_S, " seconds"),
}
_BAUDS = (2400, 4800, 9600, 19200, 38400, 57600, 115200)
_LINE = "?line="
_MASK = "***"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a card is. ``options`` are the keys that the line itself does not know; ``inner`` is the line that a
    recording is made of (or was), None for a plain line."""

    scheme: str
    host: str
    port: int
    path: str
    line: Mapping[str, int]
    options: Mapping[str, str]
    inner: "Address | None" = None
    url: str = ""

    @property
    def carrier(self) -> str:
        """What carries the bytes in the end: the scheme of the innermost line."""
        return self.inner.carrier if self.inner else self.scheme

    @property
    def session(self) -> bool:
        """Whether a card that restarts breaks the line: true on TCP, a serial line hides it."""
        return self.carrier in ("tcp", "listen")


def parse_url(url: str, default_port: int = 0) -> Address:
    """Read a line's URL. Raises ConfigError."""
    if url.startswith("record:"):
        return _recorded(url, default_port)
    if url.startswith("replay:"):
        return _replayed(url, default_port)
    try:
        parts = urlsplit(url)
        port = parts.port or default_port
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        known = _OPTIONS.get(parts.scheme, set())
        line = {key: _number(key, value) for key, value in query.items() if key in known}
    except ValueError as error:
        raise ConfigError(f"{url}: {error}") from error
    _possible(url, parts, port, line)
    rest = {key: value for key, value in query.items() if key not in known}
    return Address(parts.scheme, parts.hostname or "", port, parts.path, line, rest, None, url)


def _number(key: str, value: str) -> int:
    """Raises ValueError."""
    if not (value.isascii() and value.isdecimal() and len(value) <= 9):
        raise ValueError(f"{key} is a number, not {value!r}")
    return int(value)


def _possible(url: str, parts: SplitResult, port: int, line: Mapping[str, int]) -> None:
    """Raises ConfigError unless there can be such a line."""
    if parts.scheme not in _OPTIONS:
        raise ConfigError(f"{url}: unknown kind of line; known: {', '.join(sorted(_OPTIONS))}, record, replay")
    network = parts.scheme in ("tcp", "listen", "http", "udp")
    if network and not (parts.hostname and port):
        raise ConfigError(f"{url}: host and port are needed")
    if network and not _nameable(parts.hostname or ""):
        raise ConfigError(f"{url}: {parts.hostname!r} can be no host's name")
    if parts.scheme == "raw":
        _raw(url, parts, line)
    elif not network and (parts.hostname or not parts.path.startswith("/")):
        raise ConfigError(f"{url}: an absolute path is needed, such as {parts.scheme}:///dev/ttyUSB0")
    if line.get("baud", _BAUDS[0]) not in _BAUDS:
        raise ConfigError(f"{url}: baud is one of {', '.join(map(str, _BAUDS))}")
    for key, value in line.items():
        least, most, unit = _BOUNDS.get(key, (value, value, ""))
        if not least <= value <= most:
            raise ConfigError(f"{url}: {key} is {least} to {most}{unit}")


def _nameable(host: str) -> bool:
    """Whether a socket would look at it at all: it encodes names so, and a name that cannot be is no OSError."""
    try:
        return b"\0" not in host.encode("idna")
    except UnicodeError:
        return False


def _raw(url: str, parts: SplitResult, line: Mapping[str, int]) -> None:
    if not parts.hostname or parts.path.strip("/"):
        raise ConfigError(f"{url}: the name of a network interface is needed, such as raw://eth1")
    if line.get("experimental") != 1:
        raise ConfigError(f"{url}: raw Ethernet has not been tried on a real card; experimental=1 allows it")


def _recorded(url: str, default_port: int) -> Address:
    file, found, inner_url = url.removeprefix("record:").partition(_LINE)
    if not (file and found):
        raise ConfigError(f"{url}: a recording is made with record:FILE{_LINE}URL")
    inner = parse_url(inner_url, default_port)
    if inner.inner is not None:
        raise ConfigError(f"{url}: a recording of a recording")
    return replace(inner, scheme="record", path=file, inner=inner, url=url)


def _replayed(url: str, default_port: int) -> Address:
    """The line's kind and options as they stand in the recording, without its secrets: its packets have the
    factory's. Options given here go before those."""
    file, _mark, query = url.removeprefix("replay:").partition("?")
    if not file:
        raise ConfigError(f"{url}: replay:FILE needs a file")
    try:
        given = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError as error:
        raise ConfigError(f"{url}: {error}") from error
    inner = parse_url(line_of(Path(file)), default_port)
    recorded = {key: value for key, value in inner.options.items() if value != _MASK}
    return replace(inner, scheme="replay", path=file, inner=inner, options={**recorded, **given}, url=url)


def public_url(url: str) -> str:
    """The URL as it may stand in a log: without secrets."""
    return re.sub(r"([?&](?:secret|password|code|community)=)[^&]*", rf"\g<1>{_MASK}", url)
