"""The embedded town: storage, desk and web server in one process, started and stopped like any other object."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from ledsign.clock import Clock
from ledsign.database import Database
from ledsign.errors import ConfigError
from ledsign.feed.integrity import Keyring
from ledsign.policy import load_policy
from ledsign.resources import resource
from ledsign.town.access import KeyRing
from ledsign.town.app import TownApp
from ledsign.town.config import TownConfig
from ledsign.town.devices import Devices
from ledsign.town.forms import Issuer
from ledsign.town.hub import Hub
from ledsign.town.publish import Publisher
from ledsign.town.signing import Signing, load_signing, load_trust, write_screen_keys
from ledsign.town.storage import TownStorage

_START_S = 20.0
_STOP_S = 3
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Running:
    """A town that answers. ``keyring`` is what its screens trust, ``keys_file`` the same as a file."""

    url: str
    keyring: Keyring
    keys_file: Path


class _Server:
    """uvicorn in a thread of its own, stopped without waiting for long polls to run out."""

    def __init__(self, app: TownApp, hub: Hub, listener: socket.socket, connections: int) -> None:
        self._hub = hub
        self._listener = listener
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        app.asgi.router.lifespan_context = self._lifespan
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                app.asgi,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=connections,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=_STOP_S,
            )
        )
        self._thread = threading.Thread(target=self._run, name="town", daemon=True)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        yield

    def _run(self) -> None:
        self._uvicorn.run(sockets=[self._listener])

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(_START_S):
            raise ConfigError("the town's web server did not start")

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hub.close)
        self._thread.join(_STOP_S + 5)
        self._listener.close()


@contextmanager
def serve(
    data: Path,
    config: TownConfig,
    clock: Clock,
    *,
    host: str | None = None,
    port: int | None = None,
    signing: Signing | None = None,
) -> Iterator[Running]:
    """Run a town on ``host:port`` (the configuration's address; port 0 picks a free one) until the block ends.

    ``data`` holds its database, assets and keys. ``signing`` replaces the key file. Raises ConfigError for a
    wrong key or policy file or an address that is taken, StoreError for the disk.
    """
    if signing is None:
        signing = load_signing(config.signing_file or data / "signing-key.json", load_trust(config.trust_file))
    policy = load_policy(config.policy_file or resource("configs", "policy.yaml"))
    address = (host if host is not None else config.listen[0], port if port is not None else config.listen[1])
    if config.loopback_only and address[0] not in _LOOPBACK:
        raise ConfigError(f"the sample's test keys may not answer on {address[0]}; write your own configuration")
    listener = _listen(address)
    try:
        with Database(data / "town.sqlite3") as database:
            storage = TownStorage(database, data / "assets")
            office = Issuer(code=config.code, name=config.name)
            publisher = Publisher(storage, signing, policy, clock, office, config.public_url)
            hub = Hub()
            devices = Devices(database, clock)
            app = TownApp(storage, devices, publisher, KeyRing(config.keys), hub, clock, config.limits)
            keys_file = write_screen_keys(data, signing)
            server = _Server(app, hub, listener, config.limits.connections)
            server.start()
            try:
                yield Running(_url(listener), signing.keyring, keys_file)
            finally:
                server.stop()
    finally:
        listener.close()


def _listen(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on {address[0]}:{address[1]}: {error}") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
