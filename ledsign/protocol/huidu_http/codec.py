"""The codec of HuiDu's HTTP SDK 3.0: what the driver and the simulated card share, and what a reply means."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import ClassVar, Self

from ledsign.errors import ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.http import HttpAsk, HttpReply, Reader, header, pack
from ledsign.protocol.huidu import codes
from ledsign.protocol.huidu_http.routines import PROGRAMMES, PROPERTIES, STATUS, UNAUTHORISED, greet, plan
from ledsign.protocol.huidu_http.session import Put, Say, Session, document_of, first_of, sign
from ledsign.protocol.message import Intent, Message, Prepare

_OPTIONS = ("key", "secret", "id", "ends", "keep")


@dataclass(frozen=True, slots=True)
class Signature(Message):
    """What is signed, and the signature that results."""

    key: str
    date: str
    body: str
    sign: str


class HuiDuHttp:
    """HuiDu cards on HTTP SDK 3.0. Options: ``key`` and ``secret`` (from the maker), ``id`` (the card's ID, needed
    behind a gateway), ``ends=0`` (programmes without an end), ``keep`` (picture files on the card, 2-500)."""

    family: ClassVar[str] = "huidu-http"
    ack: ClassVar[AckLevel] = AckLevel.ACKED
    default_port: ClassVar[int] = 30080
    links: ClassVar[frozenset[Link]] = frozenset({Link.NET})
    abilities: ClassVar[frozenset[Ability]] = frozenset(
        {
            Ability.FRAME,
            Ability.STORED,
            Ability.TTL,
            Ability.BRIGHTNESS,
            Ability.POWER,
            Ability.CLOCK,
            Ability.STATUS,
            Ability.CLEAR,
            Ability.READ_BACK,
        }
    )

    def __init__(self, role: Role = Role.DRIVER, session: Session | None = None) -> None:
        self._session = session or Session(serial=secrets.randbits(60))
        self._reader = Reader(role)

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        if unknown := sorted(set(options) - set(_OPTIONS)):
            raise ConfigError(f"huidu-http: unknown option {unknown[0]!r}; known: {', '.join(_OPTIONS)}")
        key, secret, ends = options.get("key", ""), options.get("secret", ""), options.get("ends", "1")
        keep = options.get("keep", "64")
        if link is Link.UDP or ends not in ("0", "1") or not (keep.isdecimal() and 2 <= int(keep) <= 500):
            raise ConfigError("huidu-http: http or tcp lines only, ends is 0 or 1, keep 2-500")
        if bool(key) != bool(secret) or not key.isascii() or not key.isprintable():
            raise ConfigError("huidu-http: key and secret belong together")
        session = Session(key, secret, options.get("id", ""), secrets.randbits(60), int(keep), ends == "1")
        return cls(role, session)

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` has no place here: a request's ID is in its headers."""
        if isinstance(message, Say | Put):
            return [pack(self._session.ask(message))]
        if isinstance(message, HttpAsk | HttpReply):
            return [pack(message)]
        raise UnsupportedError(f"huidu-http cannot say {type(message).__name__}")

    def feed(self, data: bytes) -> list[Message]:
        return list(self._reader.feed(data))

    def silence(self) -> list[Message]:
        return list(self._reader.silence())

    def reset(self) -> None:
        self._reader.clear()

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        if not isinstance(reply, HttpReply) or not isinstance(command, Say | Put):
            return Judgement(Verdict.FOREIGN)
        self._session.date = header(reply.headers, "date") or self._session.date
        if reply.status != 200:
            why = ", key or secret" if reply.status in UNAUTHORISED else ""
            return Judgement(Verdict.REFUSED, reply.status, f"HTTP {reply.status}{why}")
        try:
            document = document_of(reply)
            if document.get("method") != (command.method if isinstance(command, Say) else None):
                return Judgement(Verdict.FOREIGN)
            if document.get("message") != "ok":
                return _refused(document)
            return _judge(command, first_of(document))
        except ProtocolError:
            return Judgement(Verdict.DAMAGED)

    def routine(self, intent: Intent) -> Routine:
        return plan(self._session, intent)

    def greet(self, _intent: Prepare) -> Routine:
        return greet(self._session)

    def wear(self, command: Message) -> int:
        """Files and programmes lie in flash; this family has no other memory for pages."""
        writes = isinstance(command, Say) and command.method in ("replace", "remove")
        return int(writes or isinstance(command, Put))

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        taken = besides.method if isinstance(besides, Say) else ""
        return [probe for probe in (STATUS, PROPERTIES, PROGRAMMES) if probe.method != taken]

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        """``signature``: a JSON object with sdkKey, sdkSecret, date, body and sign; the sign is made again."""
        if kind != "signature":
            raise UnsupportedError(f"huidu-http knows no value {kind!r}")
        try:
            found = json.loads(data)
            key, secret, date, body = (found[name] for name in ("sdkKey", "sdkSecret", "date", "body"))
            value = Signature(key, date, body, found["sign"])
            again = json.dumps({**found, "sign": sign(secret, key, date, body)})
        except (ValueError, KeyError, TypeError) as error:
            raise ProtocolError(f"no signature: {error!r}") from error
        return value, again.encode("ascii")

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        """PNG only: without loss whatever the panel."""
        return (PixelFormat.PNG,)


def _judge(command: Say | Put, entry: dict[str, object]) -> Judgement:
    if entry.get("message") != "ok":
        return _refused(entry)
    if isinstance(command, Put):
        same = (
            entry.get("name") == command.name
            and str(entry.get("md5", "")).lower() == md5(command.data, usedforsecurity=False).hexdigest()
            and str(entry.get("size")) == str(len(command.data))
        )
        return Judgement(Verdict.CONFIRMED if same else Verdict.DAMAGED)
    done = entry.get("data")
    return Judgement(Verdict.CONFIRMED) if isinstance(done, dict | list) or done == "kSuccess" else _refused(entry)


def _refused(entry: dict[str, object]) -> Judgement:
    """``data`` names the reason as in SDK2."""
    name = str(entry.get("data", ""))
    code = codes.code_of(name)
    return Judgement(Verdict.REFUSED, codes.PROCESS_ERROR if code is None else code, name)
