"""What is said to a BX-Y card over HTTP, and its answers.

A function is a POST whose JSON names it and carries its input; an answer repeats the name in lower case and has an
output, an error, or neither. Names and keys are read without regard to case. ``/upload`` takes one file without a
login; everything else but the login itself carries ``;stok=`` with the session. Sources: vendor specification of
2020, wire log of two physical BX-Y04 (login, properties, uploads, play), requests of the vendor's Java kit.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ledsign.errors import ProtocolError
from ledsign.protocol.http import HttpAsk, HttpReply, header
from ledsign.protocol.message import Message

JSON_TYPE = "application/json; charset=UTF-8"
UPLOADED = b"Upload OK"
LOGIN_FREE = frozenset({"getverificationcode", "userlogin"})
Json: TypeAlias = Mapping[str, object]
_PATH = re.compile(r"(?P<place>/|/dynamic/|/upload)(?:;stok=(?P<token>[0-9a-zA-Z]*))?\Z")
_CODE = re.compile(rb'"verificationcode": ?"(\d{1,64})"', re.IGNORECASE)
_SUM = re.compile(rb'"password": ?"([0-9a-f]{40})"', re.IGNORECASE)
_DISPOSITION = re.compile(rb'form-data; *name="([^"\r\n]{1,200})"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Say(Message):
    """Call a function. ``pictures``: parts of a form, by name; their functions go to ``/dynamic/``."""

    name: str
    input: Json | None = None
    pictures: tuple[tuple[str, bytes], ...] = ()
    token: str = ""


@dataclass(frozen=True, slots=True)
class Put(Message):
    """Upload a file into the temporary area; its name is the MD5 of its content, which the card verifies."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read. ``error`` 0: none; ``name`` in lower case; ``output`` with keys in lower case."""

    name: str
    output: Json
    error: int = 0
    text: str = ""


def hashed_password(password: str, code: str) -> str:
    """What is sent in place of the password; the sums are the card's choice."""
    inner = hashlib.sha1(password.encode("utf-8")).hexdigest()
    return hashlib.sha1((code + inner).encode("ascii")).hexdigest()


def with_password(data: bytes, password: str) -> bytes:
    """A request's bytes; where it logs in, as with this password. Sums are all of one length."""
    code, given = _CODE.search(data), _SUM.search(data)
    if code is None or given is None:
        return data
    hashed = hashed_password(password, code[1].decode("ascii")).encode("ascii")
    return data[: given.start(1)] + hashed + data[given.end(1) :]


def lower_keys(value: object) -> object:
    """The same JSON value with all keys in lower case."""
    if isinstance(value, Mapping):
        return {str(key).lower(): lower_keys(each) for key, each in value.items()}
    if isinstance(value, list):
        return [lower_keys(each) for each in value]
    return value


def envelope(say: Say) -> Json:
    """The JSON of a call."""
    function: dict[str, object] = {"name": say.name}
    if say.input is not None:
        function["input"] = say.input
    return {"protocol": {"name": "YQ-COM2", "version": "1.0", "remotefunction": function}}


def _form(parts: list[tuple[str, bytes, bytes]]) -> tuple[str, bytes]:
    """Content type and body of a form; the boundary stands nowhere in the parts."""
    salt = 0
    while True:
        boundary = f"ledsign{salt:08d}".encode("ascii")
        if not any(boundary in data for _name, _head, data in parts):
            break
        salt += 1
    out = b""
    for name, head, data in parts:
        disposition = f'Content-Disposition: form-data; name="{name}"'.encode("ascii")
        out += b"--" + boundary + b"\r\n" + disposition + head + b"\r\n\r\n" + data + b"\r\n"
    return f"multipart/form-data; boundary={boundary.decode('ascii')}", out + b"--" + boundary + b"--\r\n"


def ask(message: Say | Put, host: str = "card") -> HttpAsk:
    """A call or an upload as a request."""
    if isinstance(message, Put):
        head = f'; filename="{message.name}"\r\nContent-Type: application/octet-stream'.encode("ascii")
        target = "/upload"
        kind, body = _form([(message.name, head, message.data)])
    else:
        body, kind = json.dumps(envelope(message), ensure_ascii=False).encode("utf-8"), JSON_TYPE
        place = "/"
        if message.pictures:
            place = "/dynamic/"
            octets = b"\r\nContent-Type: application/octet-stream"
            kind, body = _form(
                [
                    (name, b'; filename="' + name.encode("ascii") + b'"' + octets, data)
                    for name, data in message.pictures
                ]
                + [("command", b"\r\nContent-Type: " + JSON_TYPE.encode("ascii"), body)]
            )
        target = place if message.name.lower() in LOGIN_FREE else f"{place};stok={message.token}"
    headers = (("Host", host), ("Content-Type", kind), ("Content-Length", str(len(body))))
    return HttpAsk("POST", target, headers, body)


def parts_of(request: HttpAsk) -> dict[str, bytes]:
    """The parts of a form by name. Raises ProtocolError."""
    kind = header(request.headers, "content-type")
    boundary = kind.partition("boundary=")[2].strip('"').encode("latin-1")
    if not kind.lower().startswith("multipart/form-data") or not boundary:
        raise ProtocolError("no form")
    found: dict[str, bytes] = {}
    for piece in (b"\r\n" + request.content).split(b"\r\n--" + boundary)[1:]:
        if piece.startswith(b"--"):
            return found
        head, gap, data = piece.partition(b"\r\n\r\n")
        name = _DISPOSITION.search(head)
        if not gap or not name:
            raise ProtocolError("part without a name")
        found[name[1].decode("latin-1")] = data
    raise ProtocolError("form without an end")


def _document(data: bytes) -> Json:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ProtocolError("no JSON object")
    return found


def _table(value: object, what: str) -> Json:
    if not isinstance(value, Mapping):
        raise ProtocolError(f"{what} is missing")
    return value


def read_ask(request: HttpAsk) -> Say | Put:
    """A request as a call or an upload. Raises ProtocolError."""
    path = _PATH.match(request.target)
    if request.method != "POST" or path is None:
        raise ProtocolError("no such address")
    if path["place"] == "/upload":
        parts = list(parts_of(request).items())
        if len(parts) != 1:
            raise ProtocolError("one file at a time")
        return Put(*parts[0])
    pictures: dict[str, bytes] = {}
    body = request.content
    if header(request.headers, "content-type").lower().startswith("multipart/"):
        pictures = parts_of(request)
        body = pictures.pop("command", b"")
    protocol = _table(_document(body).get("protocol"), "protocol")
    function = _table(protocol.get("remotefunction"), "remotefunction")
    given = function.get("input")
    called = function.get("name")
    if not isinstance(called, str) or (given is not None and not isinstance(given, Mapping)):
        raise ProtocolError("function without a name, or with a strange input")
    return Say(called, given, tuple(pictures.items()), path["token"] or "")


def read_reply(reply: HttpReply) -> Answer:
    """An answer's content. Raises ProtocolError when it is none of this card's."""
    if reply.content.strip() == UPLOADED:
        return Answer("upload", {})
    function = lower_keys(_table(_document(reply.content).get("remotefunction"), "remotefunction"))
    assert isinstance(function, dict)
    name, error = function.get("name", ""), function.get("error")
    output = function.get("output")
    code, text = 0, ""
    if isinstance(error, dict):
        code, text = int(error.get("code", 255)), str(error.get("mesg", ""))
    return Answer(str(name).lower(), output if isinstance(output, dict) else {}, code, text)
