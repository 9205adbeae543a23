"""The command responder: one UDP port, one sign, and a desk where its wishes arrive.

The centre sees an ordinary sign: message table, activation with priority and duration, CRCs, graphics, errors as
the standard says them. Its first permanent message stands for the village's own programme, which is what the
schedule shows; activating the schedule, or the end of a duration, gives the screen back. Clock and brightness
can only be read. SNMPv1 has no secrets: who may write is decided by address, so keep the port on a private line.
"""

import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from ledsign.clock import Clock
from ledsign.errors import ConfigError, ProtocolError
from ledsign.ntcip_agent.wish import CentreMessage, wish
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.ntcip import snmp
from ledsign.protocol.ntcip.codes import SCHEDULE, Memory, Scheme, Source
from ledsign.protocol.ntcip.sign import Shape, Shown, Sign

log = logging.getLogger(__name__)

_SCHEMES = {ColorMode.MONO: Scheme.MONO_1BIT, ColorMode.DUAL: Scheme.CLASSIC, ColorMode.RGB: Scheme.RGB_24BIT}
_PROGRAMME = b"LOCAL PROGRAMME"
_TICK_S = 1.0
_LEVELS = 100  # brightness steps: percent


@dataclass(frozen=True, slots=True)
class Policy:
    """Where the sign listens and to whom. ``listen``: IPv4 address and port (0: any free one); ``allow``: networks
    whose datagrams are read at all."""

    listen: tuple[str, int]
    allow: tuple[IPv4Network, ...]
    community: str

    @classmethod
    def parse(cls, listen: str, allow: tuple[str, ...], community: str) -> "Policy":
        """From a configuration's texts. Raises ConfigError."""
        host, _colon, port = listen.rpartition(":")
        try:
            policy = cls((str(IPv4Address(host)), int(port)), tuple(IPv4Network(n) for n in allow), community)
            community.encode("latin-1")
        except ValueError as error:
            raise ConfigError(f"ntcip: {error}") from error
        if not (0 <= policy.listen[1] <= 65535 and allow and community):
            raise ConfigError("ntcip: a port, at least one allowed network and a community are needed")
        return policy


@dataclass(frozen=True, slots=True)
class Desk:
    """Our program, as the agent sees it. Called by the agent's thread; all must return at once.

    ``priority``: run-time priority of what the screen shows by itself (1 ordinary … 255 nothing may cut in);
    ``percent``: brightness; ``errors``: bits of shortErrorStatus (5 pixel, 8 controller …); ``may``: whether a
    message of the centre may be shown at all (an operator may have blanked the screen); ``show``, ``blank`` and
    ``release``: its message, darkness at a priority, our own programme again.
    """

    priority: Callable[[], int]
    percent: Callable[[], int]
    errors: Callable[[], int]
    may: Callable[[CentreMessage | None], bool]
    show: Callable[[CentreMessage], None]
    blank: Callable[[int], None]
    release: Callable[[], None]


class NtcipAgent:
    """One sign on one port. ``run`` until told to stop; everything else is its own business."""

    def __init__(self, policy: Policy, panel: Panel, clock: Clock, desk: Desk, version: str = "1") -> None:
        self._policy = policy
        self._clock = clock
        self._desk = desk
        self._shape = Shape(
            panel.width,
            panel.height,
            _SCHEMES[panel.mode],
            permanent=(_PROGRAMME,),
            levels=_LEVELS,
            settable=False,
            model=panel.name,
            version=version,
            resting=SCHEDULE,
        )
        self._sign = Sign(self._shape, policy.community, guard=desk.priority, consent=self._may)
        self._sign.start(clock.monotonic())
        self._told: Shown = self._sign.state.shown  # the programme is what the screen shows anyway
        self._socket: socket.socket | None = None
        self.refused = 0  # datagrams that were no request of an allowed centre

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; known once it does."""
        if self._socket is None:
            raise ConfigError("ntcip: not listening")
        host, port = self._socket.getsockname()
        return str(host), int(port)

    def open(self) -> None:
        """Take the port. Raises OSError."""
        if self._socket is None:
            port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            port.bind(self._policy.listen)
            self._socket = port

    def close(self) -> None:
        """Leave the port; the screen goes back to its own programme."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if not self._own(self._told):
            self._desk.release()

    def run(self, stop: threading.Event) -> None:
        """Answer until ``stop`` is set. Raises OSError when the port cannot be had or is lost."""
        self.open()
        try:
            while not stop.is_set():
                self.step()
        finally:
            self.close()

    def step(self) -> None:
        """One request, or a second without one."""
        assert self._socket is not None
        self._socket.settimeout(_TICK_S)
        try:
            data, sender = self._socket.recvfrom(snmp.MAX_MESSAGE + 1)
        except TimeoutError:
            self._sign.tick(self._clock.monotonic(), self._unix())
        else:
            if answer := self.answer(data, sender[0]):
                self._send(answer, sender)
        self._tell()

    def _send(self, answer: bytes, sender: tuple[str, int]) -> None:
        assert self._socket is not None
        try:
            self._socket.sendto(answer, sender)
        except OSError as error:
            log.warning("ntcip: answer to %s: %s", sender, error)

    def answer(self, data: bytes, sender: str) -> bytes:
        """The answer to a datagram; b"" where none is due."""
        if not any(IPv4Address(sender) in network for network in self._policy.allow):
            self.refused += 1
            return b""
        try:
            request = snmp.parse(data)
        except ProtocolError as error:
            self.refused += 1
            log.debug("ntcip: %s: %s", sender, error)
            return b""
        self._sign.level, self._sign.errors = self._desk.percent(), self._desk.errors()
        reply = self._sign.handle(request, self._clock.monotonic(), self._unix())
        if reply is None:
            self.refused += 1
            return b""
        return snmp.pack(reply)

    def _unix(self) -> int:
        return int(self._clock.now().timestamp())

    # ---- the desk -------------------------------------------------------------------------------------------

    @staticmethod
    def _own(shown: Shown) -> bool:
        return shown.source is Source.SCHEDULER or shown.message.memory == Memory.PERMANENT

    def _may(self, shown: Shown) -> bool:
        if self._own(shown):
            return True
        return self._desk.may(None if shown.blank else wish(shown, self._shape))

    def _tell(self) -> None:
        """What changed on the sign becomes a wish at the desk."""
        shown = self._sign.state.shown
        if (shown.code, shown.message, shown.source) == (self._told.code, self._told.message, self._told.source):
            self._told = shown
            return
        was_own, self._told = self._own(self._told), shown
        if self._own(shown):
            if not was_own:
                self._desk.release()
        elif shown.blank:
            self._desk.blank(shown.row.priority)
        else:
            self._desk.show(wish(shown, self._shape))
