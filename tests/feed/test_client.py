"""The client against servers that misbehave in every way a village uplink or a broken platform can.

The server is a real one on loopback whose answers are plain bytes, so that every fault is exactly what it says.
"""

import gzip
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kit import FakeClock
from ledsign.errors import FeedError
from ledsign.feed import client as client_module
from ledsign.feed import guarded
from ledsign.feed.client import Backoff, PlatformClient

SCREEN = "990203104205"
Handler = Callable[[socket.socket, str], None]


def answer(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def as_json(document: object, *headers: str) -> bytes:
    return answer("200 OK", json.dumps(document).encode(), "Content-Type: application/json", *headers)


def feed_document(**changes: object) -> dict[str, object]:
    document: dict[str, object] = {
        "schema": "ledsign.feed/1",
        "screen_code": SCREEN,
        "server_time": "2026-11-21T12:00:00.250+08:00",
        "cursor": "e-1",
        "full": True,
        "notices": [],
    }
    return {**document, **changes}


def entry(**changes: object) -> dict[str, object]:
    document: dict[str, object] = {
        "id": "990203104205-20261120-C12-0001",
        "revision": 1,
        "status": "published",
        "category": "C12",
        "urgency": "routine",
        "digest": "a" * 64,
        "updated_at": "2026-11-20T08:00:00+08:00",
        "href": "../../notices/990203104205-20261120-C12-0001/1",
    }
    return {**document, **changes}


class Bare:
    """A server that sends what it is told: one handler for all requests, given the socket and the request."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.requests: list[str] = []
        self.connections = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                line, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(line)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    chunk = line.recv(65536)
                    if not chunk:
                        return
                    data += chunk
                head, _, rest = data.partition(b"\r\n\r\n")
                length = next(
                    (int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")), 0
                )
                while len(rest) < length:
                    rest += line.recv(65536)
                data = rest[length:]
                request = head.decode() + "\n\n" + rest[:length].decode()
                self.requests.append(request)
                self._handler(line, request)
        except OSError:
            return

    def close(self) -> None:
        self._listener.close()
        for line in self._open:
            line.close()


@contextmanager
def bare(handler: Handler | bytes) -> Iterator[tuple[Bare, PlatformClient]]:
    reply = handler

    def send(line: socket.socket, _request: str) -> None:
        assert isinstance(reply, bytes)
        line.sendall(reply)

    server = Bare(send if isinstance(handler, bytes) else handler)
    client = PlatformClient(server.url, SCREEN, "test-key-of-the-screen", None, FakeClock())
    try:
        yield server, client
    finally:
        client.close()
        server.close()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short deadlines, so that the tests of patience are quick."""
    monkeypatch.setattr(client_module, "ANSWER_S", 0.6)
    monkeypatch.setattr(client_module, "ASSET_S", 0.6)


# -- what works


def test_a_feed_is_read_and_its_links_made_absolute() -> None:
    with bare(as_json(feed_document(notices=[entry()]))) as (server, client):
        feed = client.feed(None)
        assert (feed.cursor, feed.full) == ("e-1", True)
        assert feed.server_time is not None
        assert feed.server_time.isoformat() == "2026-11-21T12:00:00.250000+08:00"
        assert feed.entries[0].href == f"{server.url}/v1/notices/990203104205-20261120-C12-0001/1"
        head = server.requests[0]
        assert head.startswith(f"GET /v1/screens/{SCREEN}/feed?wait=0 ")
        assert "Authorization: Bearer test-key-of-the-screen" in head
        assert "Accept-Encoding: identity" in head


def test_one_connection_serves_many_requests() -> None:
    with bare(as_json(feed_document())) as (server, client):
        for _ in range(5):
            client.feed("e-1")
        assert server.connections == 1


def test_304_means_nothing_new() -> None:
    def handler(line: socket.socket, request: str) -> None:
        if 'If-None-Match: W/"one"' in request:
            line.sendall(b'HTTP/1.1 304 Not Modified\r\nETag: W/"one"\r\n\r\n')
        else:
            line.sendall(as_json(feed_document(full=False), 'ETag: W/"one"'))

    with bare(handler) as (server, client):
        client.feed("e-1")
        again = client.feed("e-1")
        assert (again.cursor, again.entries, again.full, again.server_time) == ("e-1", (), False, None)
        client.feed("e-1", wait=1)
        assert "If-None-Match" not in server.requests[2], "a long poll asks for what is new, not for a copy"


def test_receipts_come_back_accepted_or_with_a_reason() -> None:
    reply = as_json({"accepted": ["r1"], "rejected": [{"receipt_id": "r2", "reason": "conflict"}]})
    with bare(reply) as (server, client):
        sent = client.send_receipts([{"receipt_id": "r1", "seconds": 5.5}, {"receipt_id": "r2"}])
        assert (sent.accepted, dict(sent.rejected)) == (("r1",), {"r2": "conflict"})
        assert '"schema": "ledsign.receipts/1"' in server.requests[0]


def test_an_asset_is_the_bytes_its_digest_promises() -> None:
    data = b"picture" * 1000
    with bare(answer("200 OK", data)) as (_server, client):
        assert client.asset(hashlib.sha256(data).hexdigest()) == data
        with pytest.raises(FeedError, match="digest"):
            client.asset("b" * 64)
        with pytest.raises(FeedError, match="larger"):
            client.asset(hashlib.sha256(data).hexdigest(), max_bytes=1000)
        with pytest.raises(FeedError):
            client.asset("../../../etc/passwd")


# -- what is refused


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent"])
def test_redirects_are_not_followed(status: str) -> None:
    with bare(answer(status, b"", "Location: http://169.254.169.254/latest")) as (server, client):
        with pytest.raises(FeedError, match=status[:3]):
            client.feed(None)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "status", ["400 Bad", "401 Unauthorized", "404 Not", "429 Too", "500 Oh", "503 Later", "204 No"]
)
def test_other_statuses_are_errors(status: str) -> None:
    body = b'{"error": "some_code", "detail": ""}'
    reply = answer(status, body if status[:3] != "204" else b"")
    with bare(reply) as (_server, client), pytest.raises(FeedError, match=status[:3]):
        client.feed(None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schema": "ledsign.feed/1"',
        json.dumps(feed_document(schema="ledsign.feed/9")).encode(),
        json.dumps(feed_document(screen_code="990203104206")).encode(),
        json.dumps(feed_document(cursor="")).encode(),
        json.dumps(feed_document(cursor=17)).encode(),
        json.dumps(feed_document(full="yes")).encode(),
        json.dumps(feed_document(server_time="2026-11-21T12:00:00")).encode(),
        json.dumps(feed_document(notices={})).encode(),
        json.dumps(feed_document(notices=[entry(digest="short")])).encode(),
        json.dumps(feed_document(notices=[entry(revision=0)])).encode(),
        json.dumps(feed_document(notices=[entry(revision="1")])).encode(),
        json.dumps(feed_document(notices=[entry()] * 5001)).encode(),
    ],
)
def test_garbage_is_a_feed_error(body: bytes) -> None:
    reply = answer("200 OK", body, "Content-Type: application/json")
    with bare(reply) as (_server, client), pytest.raises(FeedError):
        client.feed(None)


def test_the_content_type_is_checked() -> None:
    body = json.dumps(feed_document()).encode()
    for header in ("Content-Type: text/html", "X-None: 1"):
        reply = answer("200 OK", body, header)
        with bare(reply) as (_server, client), pytest.raises(FeedError, match="not application/json"):
            client.feed(None)
    with bare(answer("200 OK", body, "Content-Type: application/json; charset=utf-8")) as (_server, client):
        client.feed(None)


@pytest.mark.parametrize(
    "href",
    [
        "http://elsewhere.invalid/v1/notices/x/1",
        "//elsewhere.invalid/x",
        "https://127.0.0.1/x",
        "http://127.0.0.1:1/x",
        "file:///etc/passwd",
        "http://[broken",
        "http://127.0.0.1:99999/x",
    ],
)
def test_a_link_to_another_origin_is_refused(href: str) -> None:
    with bare(as_json(feed_document(notices=[entry(href=href)]))) as (server, client):
        with pytest.raises(FeedError):
            client.feed(None)
        with pytest.raises(FeedError):
            client.notice(href)
        assert len(server.requests) == 1


def test_a_gzip_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    reply = answer("200 OK", bomb, "Content-Type: application/json", "Content-Encoding: gzip")
    with bare(reply) as (_server, client), pytest.raises(FeedError, match="compressed"):
        client.feed(None)


def test_a_body_larger_than_its_cap_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FEED_CAP", 10_000)
    announced = answer("200 OK", b"x", "Content-Type: application/json", length=10_001)
    with bare(announced) as (_server, client), pytest.raises(FeedError, match="larger"):
        client.feed(None)

    sent = 0

    def endless(line: socket.socket, _request: str) -> None:
        nonlocal sent
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        while sent < 50_000_000:
            sent += line.send(b" " * 65536)

    with bare(endless) as (_server, client), pytest.raises(FeedError, match="larger"):
        client.feed(None)
    assert sent < 50_000_000


def test_a_short_body_is_an_error() -> None:
    def handler(line: socket.socket, _request: str) -> None:
        line.sendall(answer("200 OK", b'{"schema":', "Content-Type: application/json", length=500))
        line.shutdown(socket.SHUT_RDWR)

    with bare(handler) as (_server, client), pytest.raises(FeedError):
        client.feed(None)


# -- patience


def drip(what: bytes, first: bytes = b"") -> Handler:
    def handler(line: socket.socket, _request: str) -> None:
        line.sendall(first)
        for index in range(200):
            line.sendall(what[index % len(what) : index % len(what) + 1])
            time.sleep(0.1)

    return handler


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "handler",
    [
        drip(b"x", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"),
        drip(b"x", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"),
        drip(b"x", b"HTTP/1.1 200 OK\r\nX-Long: "),
        drip(b"HTTP/1.1 200 OK but slowly"),
        lambda _line, _request: time.sleep(3),
    ],
    ids=["body", "body-without-length", "header", "status-line", "silence"],
)
def test_the_deadline_is_for_the_whole_answer(handler: Handler) -> None:
    with bare(handler) as (_server, client):
        start = time.monotonic()
        with pytest.raises(FeedError, match="within"):
            client.feed(None)
        took = time.monotonic() - start
        print(f"gave up after {took:.2f} s of 0.60 s")
        assert took < 5
        with pytest.raises(FeedError, match="within"):
            client.asset("c" * 64)


def test_close_ends_a_wait_from_another_thread() -> None:
    asked = threading.Event()

    def handler(_line: socket.socket, _request: str) -> None:
        asked.set()
        time.sleep(3)

    with bare(handler) as (_server, client):
        closer = threading.Thread(target=lambda: (asked.wait(5), client.close()))
        closer.start()
        start = time.monotonic()
        with pytest.raises(FeedError, match="closed"):
            client.feed("e-1", wait=30)
        assert time.monotonic() - start < 2.5
        closer.join()
        with pytest.raises(FeedError, match="closed"):
            client.feed("e-1")


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = PlatformClient(f"http://127.0.0.1:{port}", SCREEN, "key", None, FakeClock())
    with pytest.raises(FeedError):
        client.feed(None)


def test_a_server_that_comes_back_is_found_again() -> None:
    with bare(as_json(feed_document())) as (server, client):
        client.feed(None)
        for line in server._open:
            line.shutdown(socket.SHUT_RDWR)
        assert client.feed(None).cursor == "e-1"


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    with bare(as_json(feed_document(), "Set-Cookie: spy=1")) as (server, client):
        client.feed(None)
        client.feed(None)
        assert not any("Cookie" in request for request in server.requests)


def test_no_socket_is_kept_after_the_connection_is_gone() -> None:
    with bare(answer("200 OK", b"{}", "Connection: close", "Content-Type: application/json")) as (_server, client):
        for _ in range(3):
            with pytest.raises(FeedError):
                client.feed(None)
        assert not client._session._guard._open


def test_authentic_is_tls_or_this_machine() -> None:
    def of(url: str) -> bool:
        return PlatformClient(url, SCREEN, "key", None, FakeClock()).authentic

    assert of("https://town.example.invalid/led/")
    assert of("http://127.0.0.1:8600")
    assert not of("http://town.example.invalid")
    assert not of("http://127.0.0.1.example.invalid")


# -- back-off


def test_backoff_doubles_up_to_its_cap_and_starts_again() -> None:
    backoff = Backoff(1.0, 60.0, rng=lambda: 1.0)
    assert [backoff.next() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.next() == 1.0
    low = Backoff(1.0, 60.0, rng=lambda: 0.0)
    assert [low.next() for _ in range(3)] == [0.5, 1.0, 2.0]
    many = Backoff(1.0, 60.0)
    waits = [many.next() for _ in range(5000)]
    assert max(waits) <= 60
    assert len({round(wait, 6) for wait in waits[10:]}) > 1000, "screens must not come back together"


def test_connect_time_is_bounded() -> None:
    assert guarded.CONNECT_S <= 5
