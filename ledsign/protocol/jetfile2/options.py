"""What the URL of a JetFile II sign may say."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledsign.errors import ConfigError
from ledsign.protocol.codec import Link
from ledsign.protocol.jetfile2.disk import MAX_DATA

_KNOWN = ("group", "unit", "disk", "chunk", "dim", "verify", "keep", "palette", "user", "password")
LEAST_CHUNK = 128


@dataclass(frozen=True, slots=True)
class Options:
    """``chunk``: most bytes of a file in a packet; ``dim``: the level that means full brightness; ``verify``: read
    every picture back; ``keep``: send no picture that the sign still holds; ``palette``: those of few colours in few
    bits. The line that is ours alone and slow has both."""

    group: int
    unit: int
    disk: str
    chunk: int
    dim: int
    verify: bool
    keep: bool
    palette: bool
    user: str
    password: str = field(repr=False)

    @classmethod
    def read(cls, link: Link, options: Mapping[str, str]) -> "Options":
        """Raises ConfigError."""
        if unknown := sorted(set(options) - set(_KNOWN)):
            raise ConfigError(f"jetfile2: unknown option {unknown[0]!r}; known: {', '.join(_KNOWN)}")
        try:
            group, unit = int(options.get("group", "0")), int(options.get("unit", "0"))
            chunk, dim = int(options.get("chunk", str(MAX_DATA))), int(options.get("dim", "255"))
            ours = "1" if link is Link.SERIAL else "0"
            verify, keep = bool(int(options.get("verify", ours))), bool(int(options.get("keep", ours)))
            palette = bool(int(options.get("palette", "1")))
        except ValueError as error:
            raise ConfigError(f"jetfile2: {error}") from error
        disk, user, password = options.get("disk", "E").upper(), options.get("user", ""), options.get("password", "")
        small = all(0 <= value <= 255 for value in (group, unit, dim))
        if not (small and LEAST_CHUNK <= chunk <= MAX_DATA and disk in ("D", "E")):
            raise ConfigError("jetfile2: group, unit and dim are 0-255, chunk is 128-1024, disk is D or E")
        if not (user.isascii() and password.isascii()):
            raise ConfigError("jetfile2: user and password are ASCII")
        if len(user) > 13 or len(password) > 6:
            raise ConfigError("jetfile2: user has at most 13, password at most 6 characters")
        return cls(group, unit, disk, chunk, dim, verify, keep, palette, user, password)
