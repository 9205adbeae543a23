"""A technician's set-up of a card: network, card ID and serial rate, brightness table, daily times, free space."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import time
from ipaddress import IPv4Address

from ledsign.errors import CardRefusedError, UnsupportedError
from ledsign.protocol.codec import Link, Routine
from ledsign.protocol.cp5200 import basic, files
from ledsign.protocol.cp5200.packets import Burst, Reply, Request
from ledsign.protocol.message import CardInfo, Message, UploadFile

BAUDS = (115200, 57600, 38400, 19200, 9600, 4800, 2400)
_NETWORK = ("address", "gateway", "mask", "port", "code")
_KEYS = (*_NETWORK, "id", "baud", "on", "off", "brightness")
_SEGMENT, _BURST = 512, 8
_MOST_FILE = 1_500_000  # the manual's limit
_LEFT = -2
_NO_CODE = b"\xff" * 4


def _checked(changes: Mapping[str, str]) -> None:
    """Raises UnsupportedError for a key or value that makes no sense, before anything is said."""
    try:
        for key, value in changes.items():
            if key not in _KEYS:
                raise UnsupportedError(f"cp5200: no set-up value {key!r}; known: {', '.join(_KEYS)}")
            if key in ("address", "gateway", "mask"):
                IPv4Address(value)
            elif key in ("on", "off"):
                time.fromisoformat(value)
            elif key == "baud" and int(value) not in BAUDS:
                raise UnsupportedError(f"cp5200: baud is one of {', '.join(map(str, BAUDS))}")
            elif key == "code" and len(bytes.fromhex(value)) != 4:
                raise UnsupportedError("cp5200: code is 8 hex digits")
            elif (key == "id" and not 1 <= int(value) <= 254) or (key == "port" and not 1 <= int(value) <= 65535):
                raise UnsupportedError(f"cp5200: {key} is out of range")
            elif key == "brightness":
                _levels(value)
    except ValueError as error:
        raise UnsupportedError(f"cp5200: {error}") from error


def _levels(text: str) -> tuple[int, ...]:
    """One level for the whole day, or one for each hour. Raises ValueError."""
    levels = tuple(int(part) for part in text.split(","))
    if len(levels) not in (1, 24) or not all(0 <= level <= 255 for level in levels):
        raise ValueError("brightness is one level of 0-31 or 24 of them; above 31 the sensor decides")
    return levels * (24 // len(levels))


def setup(family: str, link: Link, changes: Mapping[str, str]) -> Routine:
    """Write the changes, then read back what was written. Raises UnsupportedError at once."""
    _checked(changes)
    return _setup(family, link, changes)


def _setup(family: str, link: Link, changes: Mapping[str, str]) -> Routine:
    """What the card says of itself in the end. ``unread`` names what was confirmed and cannot be read back from
    here, for the card is elsewhere now. Raises CardRefusedError before a write that would need guessed values."""
    now: dict[str, str] = {}
    for record in (_NETWORK_RECORD, _IDENTITY, _SCHEDULE, _LEVELS):
        yield from _read(record, now)
    wanted = {**now, **changes}
    # where the card can be reached changes last: it may be deaf to us afterwards
    serial = link is Link.SERIAL
    last = (_NETWORK_RECORD, _IDENTITY) if serial else (_IDENTITY, _NETWORK_RECORD)
    due = [record for record in (_LEVELS, _SCHEDULE, *last) if not changes.keys().isdisjoint(record.keys)]
    if unknown := [key for record in due for key in record.keys if key not in wanted]:
        told = f"cp5200: the card does not tell {', '.join(unknown)}, which would be written, too: give them all"
        raise CardRefusedError(_LEFT, told)
    with suppress(CardRefusedError):
        now["free"] = str(int.from_bytes(_data((yield files.QueryFreeSpace()))[1:5], "little"))
    moved_by = {"baud"} if serial else {"address", "port", "code"}
    renamed: int | None = None
    unread: list[str] = []
    for record in due:
        yield _addressed(record.write(wanted), renamed)
        before = dict(now)
        for key in record.keys:
            now.pop(key, None)
        if record is _IDENTITY:
            renamed = int(wanted["id"])
        if not any(before.get(key) != wanted[key] for key in moved_by.intersection(record.keys)):
            yield from _read(record, now, renamed)
        unread += [key for key in record.keys if key not in now]
    return CardInfo(family, "", "", now | ({"unread": " ".join(unread)} if unread else {}))


@dataclass(frozen=True, slots=True)
class _Record:
    """Values that the card is asked for, and told, together."""

    keys: tuple[str, ...]
    query: basic.Basic
    told: Callable[[bytes], Mapping[str, str]]
    write: Callable[[Mapping[str, str]], basic.Basic]


def _read(record: _Record, found: dict[str, str], card_id: int | None = None) -> Routine:
    """What the card says; a question that it refuses is left out."""
    with suppress(CardRefusedError):
        found |= record.told(_data((yield _addressed(record.query, card_id))))
    return None


def _addressed(body: basic.Basic, card_id: int | None) -> Message:
    """To a card that has got another ID in the meantime."""
    return body if card_id is None else Request(body, card_id, body.FLAGS[0] | 1)


def _network_told(data: bytes) -> Mapping[str, str]:
    places = {key: str(IPv4Address(data[at : at + 4])) for key, at in (("address", 1), ("gateway", 5), ("mask", 9))}
    return places | {"port": str(int.from_bytes(data[13:15], "big")), "code": data[15:19].hex()}


def without_code(message: Message) -> Message:
    """The same with the factory's ID code in place of the card's own."""
    if isinstance(message, Request) and isinstance(message.body, basic.WriteNetwork):
        return replace(message, body=replace(message.body, id_code=_NO_CODE))
    query = basic.QueryNetwork()
    if isinstance(message, Reply) and message.command == query.code and len(message.data) == query.LEAST:
        return replace(message, data=message.data[: -len(_NO_CODE)] + _NO_CODE)
    return message


def _network(wanted: Mapping[str, str]) -> basic.Basic:
    own, gateway, mask = (IPv4Address(wanted[key]).packed for key in ("address", "gateway", "mask"))
    return basic.WriteNetwork(own, gateway, mask, int(wanted["port"]), bytes.fromhex(wanted["code"]))


def _identity_told(data: bytes) -> Mapping[str, str]:
    return {"id": str(data[1])} | ({"baud": str(BAUDS[data[2]])} if data[2] < len(BAUDS) else {})


def _identity(wanted: Mapping[str, str]) -> basic.Basic:
    return basic.WriteId(int(wanted["id"]), BAUDS.index(int(wanted["baud"])))


def _schedule_told(data: bytes) -> Mapping[str, str]:
    return {"on": f"{data[1]:02}:{data[2]:02}", "off": f"{data[3]:02}:{data[4]:02}"}


def _schedule(wanted: Mapping[str, str]) -> basic.Basic:
    on, off = time.fromisoformat(wanted["on"]), time.fromisoformat(wanted["off"])
    return basic.WriteSchedule(on.hour, on.minute, off.hour, off.minute)


_NETWORK_RECORD = _Record(_NETWORK, basic.QueryNetwork(), _network_told, _network)
_IDENTITY = _Record(("id", "baud"), basic.QueryId(), _identity_told, _identity)
_SCHEDULE = _Record(("on", "off"), basic.QuerySchedule(), _schedule_told, _schedule)
_LEVELS = _Record(
    ("brightness",),
    basic.QueryBrightness(),
    lambda data: {"brightness": ",".join(map(str, data[1:25]))},
    lambda wanted: basic.WriteBrightness(_levels(wanted["brightness"])),
)


def upload(intent: UploadFile) -> Routine:
    """A quick upload: segments in bursts, then those that the card names as missing, until none is.

    Raises UnsupportedError for a name that is not 8.3, or a file too large.
    """
    stem, dot, ending = intent.name.partition(".")
    fits = 1 <= len(stem) <= 8 and len(ending) <= 3 and intent.name.isascii() and intent.name.isprintable()
    if not fits or (dot and not ending) or "." in ending or not 0 < len(intent.data) <= _MOST_FILE:
        raise UnsupportedError("cp5200 takes files of at most 1.5 MB with a name of 8 characters, a dot and 3")
    return _upload(intent)


def _upload(intent: UploadFile) -> Routine:
    at, data = intent.at, intent.data
    stamp = bytes((at.hour, at.minute, at.second, at.year - 2000, at.month, at.day))
    yield files.BeginUpload(stamp, len(data), intent.name.encode("ascii"))
    segments = [
        files.UploadSegment(number, _SEGMENT, data[start : start + _SEGMENT])
        for number, start in enumerate(range(0, len(data), _SEGMENT))
    ]
    missing = tuple(range(len(segments)))
    for _round in range(8):
        for first in range(0, len(missing), _BURST):
            yield Burst(tuple(segments[number] for number in missing[first : first + _BURST]))
        missing = files.EndUpload.missing(_data((yield files.EndUpload(len(segments)))))
        if not missing:
            return None
        if max(missing) >= len(segments):
            break
    raise CardRefusedError(_LEFT, f"cp5200: segments {missing} of {intent.name} stay missing")


def _data(reply: Message | None) -> bytes:
    assert isinstance(reply, Reply)  # what ``judge`` let through
    return reply.data
