"""A technician's set-up of a card: network, card ID and serial rate, brightness table, daily times, free space."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import time
from ipaddress import IPv4Address

from ledsign.errors import CardRefusedError, UnsupportedError
from ledsign.protocol.codec import Routine
from ledsign.protocol.cp5200 import basic, files
from ledsign.protocol.cp5200.packets import Burst, Reply
from ledsign.protocol.message import CardInfo, Message, UploadFile

BAUDS = (115200, 57600, 38400, 19200, 9600, 4800, 2400)
_NETWORK = ("address", "gateway", "mask", "port", "code")
_KEYS = (*_NETWORK, "id", "baud", "on", "off", "brightness")
_SEGMENT, _BURST = 512, 8
_MOST_FILE = 1_500_000  # the manual's limit
_LEFT = -2


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


def setup(family: str, changes: Mapping[str, str]) -> Routine:
    """Write the changes, then read everything. Raises UnsupportedError at once."""
    _checked(changes)
    return _setup(family, changes)


def _setup(family: str, changes: Mapping[str, str]) -> Routine:
    now: dict[str, str] = {}
    yield from _read(now)
    wanted = {**now, **changes}
    if "brightness" in changes:
        yield basic.WriteBrightness(_levels(wanted["brightness"]))
    if "on" in changes or "off" in changes:
        on, off = (time.fromisoformat(wanted.get(key, "00:00")) for key in ("on", "off"))
        yield basic.WriteSchedule(on.hour, on.minute, off.hour, off.minute)
    # where the card can be reached changes last: it may be deaf to us afterwards
    if any(key in changes for key in _NETWORK):
        places = (wanted.get(key, "0.0.0.0") for key in ("address", "gateway", "mask"))
        own, gateway, mask = (IPv4Address(place).packed for place in places)
        code = bytes.fromhex(wanted.get("code", "ffffffff"))
        yield basic.WriteNetwork(own, gateway, mask, int(wanted.get("port", "5200")), code)
    if "id" in changes or "baud" in changes:
        yield basic.WriteId(int(wanted.get("id", "1")), BAUDS.index(int(wanted.get("baud", "115200"))))
    return CardInfo(family, "", "", wanted)


def _read(found: dict[str, str]) -> Routine:
    """What the card says; a question that it refuses is left out."""
    with suppress(CardRefusedError):
        data = _data((yield basic.QueryNetwork()))
        for key, at in (("address", 1), ("gateway", 5), ("mask", 9)):
            found[key] = str(IPv4Address(data[at : at + 4]))
        found |= {"port": str(int.from_bytes(data[13:15], "big")), "code": data[15:19].hex()}
    with suppress(CardRefusedError):
        data = _data((yield basic.QueryId()))
        found["id"] = str(data[1])
        if data[2] < len(BAUDS):
            found["baud"] = str(BAUDS[data[2]])
    with suppress(CardRefusedError):
        data = _data((yield basic.QuerySchedule()))
        found |= {"on": f"{data[1]:02}:{data[2]:02}", "off": f"{data[3]:02}:{data[4]:02}"}
    with suppress(CardRefusedError):
        found["brightness"] = ",".join(map(str, _data((yield basic.QueryBrightness()))[1:25]))
    with suppress(CardRefusedError):
        found["free"] = str(int.from_bytes(_data((yield files.QueryFreeSpace()))[1:5], "little"))
    return None


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
