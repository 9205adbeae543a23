"""The local operator's way in: a Unix socket, one JSON line asked, one JSON line answered.

Nothing listens on the network. Who asks is known from the kernel (SO_PEERCRED), not from a password.
"""

import grp
import json
import logging
import os
import pwd
import socket
import struct
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ledsign.errors import ConfigError, LedsignError

log = logging.getLogger(__name__)

MAX_CALLS = 8  # at a time
MAX_LINE = 4 * 1024 * 1024  # a signed urgent notice (2 MB) in a JSON string, escaped


class NotRunningError(LedsignError):
    """No daemon answers on the socket."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: user id and name from the kernel."""

    uid: int
    gid: int
    name: str


Handler = Callable[[str, Mapping[str, object], Caller], Mapping[str, object]]


def _caller(connection: socket.socket) -> Caller:
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, gid = struct.unpack("3i", raw)
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Caller(uid, gid, name)


def _uids(users: Iterable[str]) -> set[int]:
    try:
        return {pwd.getpwnam(user).pw_uid for user in users}
    except KeyError as error:
        raise ConfigError(f"operators.users: {error}") from error


def _members(groups: Iterable[str]) -> set[str]:
    try:
        return {member for group in groups for member in grp.getgrnam(group).gr_mem}
    except KeyError as error:
        raise ConfigError(f"operators.groups: {error}") from error


def check_operators(users: Iterable[str], groups: Iterable[str]) -> None:
    """Raises ConfigError for an account or group this machine does not have."""
    _uids(users)
    _members(groups)


class ControlServer:
    """Serves the socket in threads of its own until ``close``; a verb of the handler runs in its caller's thread.

    ``questions`` are the verbs that change nothing: everybody on the machine may ask them, all others need
    root, the daemon's own user, or an operator of the configuration.
    """

    def __init__(
        self,
        path: Path,
        handler: Handler,
        questions: Collection[str],
        users: Iterable[str] = (),
        groups: Iterable[str] = (),
    ) -> None:
        self._handler = handler
        self._questions = frozenset(questions)
        self._closing = False
        self._places = threading.BoundedSemaphore(MAX_CALLS)
        self._uids = {0, os.getuid()} | _uids(users)
        self._names = _members(groups)
        self._gids = {grp.getgrnam(group).gr_gid for group in groups}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.bind(str(path))
        except OSError as error:
            raise ConfigError(f"control: {path}: {error}") from error
        path.chmod(0o666)  # who may speak is decided by credentials, verb by verb
        self._socket.listen(8)
        self._thread = threading.Thread(target=self._accept, name="control", daemon=True)
        self._thread.start()

    def allowed(self, caller: Caller) -> bool:
        """Whether the caller may change anything."""
        return caller.uid in self._uids or caller.gid in self._gids or caller.name in self._names

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self._closing = True
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError as error:
                if self._closing:
                    return
                log.error("control: %s", error)
                continue
            if not self._places.acquire(timeout=5):
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), name="control-call", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(30)
            try:
                caller = _caller(connection)
                request = _read_line(connection)
                answer = self._answer(request, caller)
                connection.sendall(json.dumps(answer, ensure_ascii=False).encode("utf-8") + b"\n")
            except (OSError, ValueError) as error:
                log.debug("control call dropped: %s", error)
            finally:
                self._places.release()

    def _answer(self, request: bytes, caller: Caller) -> Mapping[str, object]:
        document = json.loads(request)
        if not isinstance(document, dict) or not isinstance(document.get("verb"), str):
            return {"ok": False, "error": "malformed"}
        verb, arguments = document["verb"], document.get("arguments", {})
        if not isinstance(arguments, dict):
            return {"ok": False, "error": "malformed"}
        if verb not in self._questions and not self.allowed(caller):
            return {"ok": False, "error": "not_permitted", "detail": caller.name}
        try:
            return {"ok": True, **self._handler(verb, arguments, caller)}
        except LedsignError as error:
            log.warning("control %s by %s failed: %s", verb, caller.name, error)
            return {"ok": False, "error": getattr(error, "code", type(error).__name__), "detail": str(error)}


def _read_line(connection: socket.socket) -> bytes:
    data = bytearray()
    while not data.endswith(b"\n"):
        chunk = connection.recv(65536)
        if not chunk:
            raise ValueError("connection closed before the end of the line")
        data += chunk
        if len(data) > MAX_LINE:
            raise ValueError("line too long")
    return bytes(data)


def call(
    path: Path,
    verb: str,
    arguments: Mapping[str, object] | None = None,
    timeout: float = 40.0,
) -> dict[str, object]:
    """Ask the daemon. Raises NotRunningError when nobody answers; the answer has ``ok`` and, if not, ``error``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            line = json.dumps({"verb": verb, "arguments": dict(arguments or {})})
            connection.sendall(line.encode("utf-8") + b"\n")
            answer = json.loads(_read_line(connection))
        except (OSError, ValueError) as error:
            raise NotRunningError(f"{path}: {error}") from error
    return dict(answer)
