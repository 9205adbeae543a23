"""One guarded HTTP exchange: what ``requests`` leaves open is closed here.

``requests`` has time-outs per read but none for the whole exchange, so a server that drips one byte at a time
holds a caller for ever; it also follows redirects, reads proxies and passwords from the environment, and
unpacks whatever it is sent. Here every exchange has a total deadline (a timer shuts the socket down, during
connect, TLS handshake, header and body alike), a cap on the body, no redirects, no environment, no cookies,
no compression, and at most one certificate authority when one is given.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from ledsign.errors import FeedError

CONNECT_S = 5.0
USER_TIMEOUT_MS = 15_000  # unacknowledged data: keep-alive probes stay silent then, this option does not
_CHUNK = 65_536
_USER_AGENT = "ledsign"


class StatusError(FeedError):
    """The platform answered with a status that is no success; ``status`` is the HTTP code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer: the status, the headers with lower-case names, the body within its cap."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Guard:
    """Knows the open sockets of one session and can cut them from another thread.

    It holds duplicates: they name the same connection during the TLS handshake too, when the socket object
    itself is out of reach.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._done: list[socket.socket] = []
        self._cut = False

    def arm(self) -> None:
        with self._lock:
            self._cut = False

    def watch(self, sock: socket.socket) -> socket.socket:
        twin = sock.dup()
        with self._lock:
            self._open.add(twin)
            late = self._cut
        if late:  # the time was up while the name was being resolved
            self.cut()
        return twin

    def forget(self, twin: socket.socket) -> None:
        """The connection object is done with it. An answer may still be read from it, when that ends with the
        connection, so it can be cut until ``sweep``."""
        with self._lock:
            self._done.append(twin)

    def sweep(self) -> None:
        """The exchange is over: let go of what is done."""
        with self._lock:
            done, self._done = self._done, []
            self._open.difference_update(done)
        for twin in done:
            twin.close()

    def cut(self) -> None:
        with self._lock:
            self._cut = True
            for twin in self._open:
                with suppress(OSError):  # the peer was faster
                    twin.shutdown(socket.SHUT_RDWR)


def _pools(guard: _Guard) -> dict[str, type[HTTPConnectionPool]]:
    """Connection pools whose connections report their sockets to ``guard``."""

    class Watched(HTTPConnection):
        twin: socket.socket | None = None

        def _new_conn(self) -> socket.socket:
            sock = super()._new_conn()
            self.twin = guard.watch(sock)
            return sock

        def close(self) -> None:
            if self.twin is not None:
                guard.forget(self.twin)
                self.twin = None
            super().close()

    class Secure(Watched, HTTPSConnection):
        """Watched below the encryption."""

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Watched

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _Adapter(HTTPAdapter):
    def __init__(self, guard: _Guard) -> None:
        self._guard = guard
        super().__init__(pool_connections=2, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: object) -> None:
        self.poolmanager = PoolManager(
            num_pools=connections,
            maxsize=maxsize,
            block=block,
            socket_options=[
                *HTTPConnection.default_socket_options,
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
                (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS),
            ],
        )
        self.poolmanager.pool_classes_by_scheme = _pools(self._guard)


class GuardedSession:
    """One connection's worth of requests to one platform. Not for several threads, except ``close``."""

    def __init__(self, ca_file: Path | None) -> None:
        self._guard = _Guard()
        self._closed = threading.Event()
        self._expired = threading.Event()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(ca_file) if ca_file else True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()
        adapter = _Adapter(self._guard)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """End a waiting exchange at once and refuse all later ones; for any thread."""
        self._closed.set()
        self._guard.cut()

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        deadline: float,
        cap: int,
        body: bytes | None = None,
    ) -> Reply:
        """Ask once and read the whole answer within ``deadline`` s and ``cap`` bytes.

        Redirects come back as the status they are. Raises FeedError for everything else that goes wrong.
        """
        self._guard.arm()
        if self._closed.is_set():  # asked after arming, so that a close in between is not lost
            raise FeedError("the client is closed")
        try:
            with self._deadline(deadline):
                return self._exchange(method, url, headers, deadline, cap, body)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            if self._closed.is_set():
                raise FeedError("the client is closed") from error
            if self._expired.is_set():
                raise FeedError(f"no complete answer within {deadline:g} s") from error
            raise FeedError(f"{type(error).__name__}: {error}") from error
        finally:
            self._guard.sweep()

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], deadline: float, cap: int, body: bytes | None
    ) -> Reply:
        response = self._session.request(
            method,
            url,
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", **headers},
            data=body,
            allow_redirects=False,
            stream=True,
            timeout=(min(CONNECT_S, deadline), deadline),
        )
        try:
            names = {name.lower(): value for name, value in response.headers.items()}
            whole = _read(response.raw, names, cap)
            if self._expired.is_set() or self._closed.is_set():
                raise OSError("cut")  # a body without a length ends like a complete one when it is cut
            return Reply(response.status_code, names, whole)
        finally:
            response.close()

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        self._expired.clear()
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # it must not cut the next exchange

    def _expire(self) -> None:
        self._expired.set()
        self._guard.cut()


def _read(raw: BaseHTTPResponse, headers: Mapping[str, str], cap: int) -> bytes:
    """The whole body, taken as it arrives; FeedError when it is compressed or larger than ``cap``."""
    if headers.get("content-encoding", "identity") != "identity":
        raise FeedError("the answer is compressed although that was not offered")
    if int(headers.get("content-length", "0")) > cap:
        raise FeedError(f"the answer is larger than {cap} bytes")
    body = bytearray()
    while chunk := raw.read1(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > cap:
            raise FeedError(f"the answer is larger than {cap} bytes")
    return bytes(body)
