"""HuiDu for the codec kit: packets of the documents and of other people's clients, so that a bare clone tests too."""

import json

from ledsign.protocol.codec import Link, Role, create
from ledsign.protocol.message import QueryInfo, ShowText
from protocol import codec_kit as kit

SWITCH = (
    '<?xml version="1.0" encoding="utf-8"?><sdk guid="f7b3b451c4f3cf3310e2d6714fbb50e8">'
    '<in method="SwitchProgram"><program guid="p1" index="0"/></in></sdk>'
)
PACKETS = [
    ("hd-sdk2-001", "0800012005000001", "vendor code"),
    ("hd-sdk2-002", "0800022005000001", "vendor document"),
    ("hd-sdk2-003", "0a000220050000010000", "vendor code"),
    ("hd-sdk2-004", "04005f00", "vendor document"),
    ("hd-sdk2-022", "0e00028000000000000000000000", "stand-in card"),
    ("hd-sdk2-026", "04000580", "node client"),
    ("hd-sdk2-033", "a30003209700000000000000" + SWITCH.encode().hex(), "node client"),
]
STATUS = '{"method": "getDeviceStatus", "data": [], "id": "C16L-D00-A000F"}'


def case() -> kit.Case:
    unknown = bytes.fromhex("0600073001ff")  # a position report: documented, and of no use here
    return kit.Case(
        family="huidu",
        goldens=[kit.Golden(name, bytes.fromhex(text), Link.NET, source) for name, text, source in PACKETS],
        make=lambda link: create("huidu", link, Role.WITNESS),
        false_header={Link.NET: bytes.fromhex("28230420")},
        unknown={Link.NET: unknown},
        unsupported=[QueryInfo(), ShowText("x"), object()],
        mark="Other(cmd=12295",
        checked=False,
    )


def request(body: str, sign: str) -> bytes:
    """A request as the vendor's Python program signs it (vector hd-http-002)."""
    lines = [
        "POST /api/device/ HTTP/1.1",
        "requestId: da7ddf89-c102-4fb4-95e7-a8f7a72e697e",
        "sdkKey: a7fa6795aaa891e2",
        "date: Sat Nov 21 19:03:10  2026",
        f"sign: {sign}",
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("ascii")


def answer(document: object) -> bytes:
    """An answer as the vendor's document prints it."""
    body = json.dumps(document)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode("ascii")


DONE = {
    "method": "openDeviceScreen",
    "message": "ok",
    "data": [{"id": "C16L-D00-A000F", "message": "ok", "data": "kSuccess"}],
}


def http_case() -> kit.Case:
    goldens = [
        kit.Golden("hd-http-002", request(STATUS, "9d86c4364f51c3d941055bf6c9cf677b"), Link.NET, "vendor code"),
        kit.Golden("open", answer(DONE), Link.NET, "vendor document"),
    ]
    return kit.Case(
        family="huidu-http",
        goldens=goldens,
        make=lambda link: create("huidu-http", link, Role.WITNESS),
        false_header={Link.NET: b"POST /api/file/ HTTP/1.1\r\nContent-Length: 90000\r\n\r\n"},
        unknown={Link.NET: b"GET /api/nothing/ HTTP/1.1\r\nHost: card\r\n\r\n"},
        unsupported=[QueryInfo(), ShowText("x"), object()],
        mark="target='/api/nothing/'",
        checked=False,
    )
