"""What is known about a card on HTTP, the two messages the driver has, and their signature.

Sign = HMAC-MD5 with the secret over body, key and date, in lower-case hex; uploads and GET are signed without
the body (vendor's README and Python SDK). The date is used word for word, in whatever form.
"""

import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, TypeVar

from ledsign.errors import ProtocolError
from ledsign.protocol.http import Headers, HttpAsk, HttpReply
from ledsign.protocol.message import Message

T = TypeVar("T")
Steps: TypeAlias = Generator[Message, Message | None, T]

DEVICE, PROGRAM, FILE = "/api/device/", "/api/program/", "/api/file/"
_START_DATE = "Thu, 01 Jan 2026 00:00:00 GMT"  # until a card has told its own
_BOUNDARY = "ledsign-7d1f0c5b9a"
_DEPTH = 24


def sign(secret: str, key: str, date: str, body: str = "") -> str:
    """The ``sign`` header."""
    text = (body + key + date).encode("utf-8")
    return hmac.new(secret.encode("utf-8"), text, hashlib.md5).hexdigest()


@dataclass(frozen=True, slots=True)
class Say(Message):
    """A JSON request: ``data`` is JSON text, so that the message is a value."""

    path: str
    method: str
    data: str = "[]"


@dataclass(frozen=True, slots=True)
class Put(Message):
    """Upload a picture."""

    name: str
    data: bytes


@dataclass(slots=True)
class Session:
    """``files``: MD5 of what each of our file names on the card holds, least recently used first."""

    key: str = ""
    secret: str = ""
    device: str = ""
    serial: int = 0  # makes IDs of requests and programmes; starts at random
    keep: int = 64
    ends: bool = True
    date: str = _START_DATE
    host: str = "card"
    files: "OrderedDict[str, str]" = field(default_factory=OrderedDict)  # MD5 -> name
    standing: "Standing | None" = None

    def fresh(self, md5: str) -> str:
        """A programme ID that was never used."""
        self.serial += 1
        return f"{md5[:20]}{self.serial & 0xFFFFFFFFFFFF:012x}"

    def ask(self, message: Say | Put) -> HttpAsk:
        """The signed request."""
        signed = ""
        if isinstance(message, Say):
            document: dict[str, object] = {"method": message.method, "data": json.loads(message.data)}
            if self.device:
                document["id"] = self.device
            signed = json.dumps(document, ensure_ascii=True)
            body, kind, path = signed.encode("ascii"), "application/json", message.path
        else:
            body, kind, path = _multipart(message), f"multipart/form-data; boundary={_BOUNDARY}", FILE
        self.serial += 1
        number = f"{self.serial & (1 << 128) - 1:032x}"
        headers: Headers = (
            ("Host", self.host),
            ("requestId", "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))),
            ("sdkKey", self.key),
            ("date", self.date),
            ("sign", sign(self.secret, self.key, self.date, signed)),
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
        )
        return HttpAsk("POST", path, headers, body)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page as it is asked for; its end is counted by the card's clock."""

    width: int
    height: int
    name: str
    md5: str
    size: int
    ttl_s: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The page that stands: the names of its programmes, and its end by the card's clock if it has one."""

    wanted: Wanted
    names: tuple[str, ...]
    end: datetime | None


def _multipart(message: Put) -> bytes:
    head = (
        f"--{_BOUNDARY}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{message.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode("ascii") + message.data + f"\r\n--{_BOUNDARY}--\r\n".encode("ascii")


def document_of(reply: Message | None) -> dict[str, object]:
    """The JSON object of an answer. Raises ProtocolError."""
    if not isinstance(reply, HttpReply):
        raise ProtocolError("no HTTP answer")
    try:
        found = json.loads(reply.content)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"answer is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ProtocolError("answer is no JSON object")
    return found


def first_of(document: dict[str, object]) -> dict[str, object]:
    """The entry of ``data``: we speak to one card."""
    data = document.get("data")
    if isinstance(data, dict):
        return data
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return data[0]
    raise ProtocolError("answer names no card")


def values_of(reply: Message | None) -> dict[str, object]:
    """What a question was answered with."""
    data = first_of(document_of(reply)).get("data")
    return data if isinstance(data, dict) else {}
