"""Who may do what: API keys with a role and a reach, and a light limit on requests."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledsign.notice import covers

_NAMES = 10_000


class Role(StrEnum):
    SCREEN = "screen"  # its own feed, receipts and heartbeat
    PUBLISHER = "publisher"  # publishes, pushes and withdraws within its reach
    TOWN_ADMIN = "town-admin"  # the same for a whole town, and sees its screens
    AUDITOR = "auditor"  # reads screens and receipts, changes nothing


STAFF = frozenset({Role.PUBLISHER, Role.TOWN_ADMIN})
READERS = frozenset({Role.PUBLISHER, Role.TOWN_ADMIN, Role.AUDITOR})


class DeniedError(Exception):
    """A request that is refused: HTTP status, machine code, and words for people."""

    def __init__(self, status: int, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``digest`` is the SHA-256 of the key, so that the town never keeps the key itself. ``code`` is the screen,
    the village or the town it stands for; ``name`` says whose it is and signs every publish."""

    digest: str
    role: Role
    code: str
    name: str

    @classmethod
    def of(cls, key: str, role: Role, code: str, name: str = "") -> "ApiKey":
        return cls(hashlib.sha256(key.encode()).hexdigest(), role, code, name or f"{role.value} {code}")

    def reaches(self, codes: Iterable[str]) -> bool:
        """Whether every target lies within this key's reach."""
        return all(covers(self.code, code) for code in codes)


class KeyRing:
    """All API keys, found by digest: comparing digests tells an attacker's clock nothing about a key."""

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._keys = {key.digest: key for key in keys}
        self.screens = tuple(sorted({key.code for key in keys if key.role is Role.SCREEN}))

    def authenticate(self, header: str | None) -> ApiKey:
        """The key behind ``Authorization: Bearer …``. Raises DeniedError 401."""
        scheme, _, value = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            raise DeniedError(401, "key_missing", "send Authorization: Bearer KEY")
        key = self._keys.get(hashlib.sha256(value.strip().encode()).hexdigest())
        if key is None:
            raise DeniedError(401, "key_unknown")
        return key


def require(key: ApiKey, roles: Iterable[Role], codes: Iterable[str] = ()) -> None:
    """Raise DeniedError 403 unless the key has one of the roles and reaches all codes."""
    if key.role not in roles:
        raise DeniedError(403, "role", f"a {key.role.value} key may not do this")
    if not key.reaches(codes):
        raise DeniedError(403, "reach", f"this key stands for {key.code} only")


class RateLimit:
    """A token bucket per name (a key or an address): ``burst`` at once, ``rate`` a second. Remembers a bounded
    number of names."""

    def __init__(self, rate: float, burst: float, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, name: str) -> bool:
        now = self._monotonic()
        tokens, then = self._buckets.pop(name, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._rate)
        allowed = tokens >= 1.0
        self._buckets[name] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > _NAMES:
            self._buckets.popitem(last=False)
        return allowed
