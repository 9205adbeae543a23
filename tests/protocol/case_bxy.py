"""Onbon BX-Y for the codec kit: a call of the wire log and its answer, as HTTP."""

import json

from ledsign.protocol.codec import Link, Role, create
from ledsign.protocol.message import QueryInfo, ShowText
from protocol import codec_kit as kit

CODE = {"username": "guest"}
ANSWER = '{"remotefunction": {"name": "getverificationcode", "output": {"verificationcode": "20190828100254557689"}}}'


def request(name: str, given: object, path: str = "/") -> bytes:
    function = {"name": name, "input": given}
    body = json.dumps({"protocol": {"name": "YQ-COM2", "version": "1.0", "remotefunction": function}})
    head = f"POST {path} HTTP/1.1\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode("ascii")


def case() -> kit.Case:
    chunked = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{len(ANSWER):x}\r\n{ANSWER}\r\n0\r\n\r\n"
    return kit.Case(
        family="bxy",
        goldens=[
            kit.Golden("Y-CODE-0", request("getVerificationCode", CODE), Link.NET, "capture"),
            kit.Golden("Y-CODE-0 answer", chunked.encode("ascii"), Link.NET, "capture"),
        ],
        make=lambda _link: create("bxy", Link.NET, Role.WITNESS),
        false_header={Link.NET: b"POST /upload HTTP/1.1\r\nContent-Length: 90000\r\n\r\n"},
        unknown={Link.NET: request("tellFortune", {}, "/;stok=00")},
        unsupported=[QueryInfo(), ShowText("x"), object()],
        mark="tellFortune",
        checked=False,
    )
