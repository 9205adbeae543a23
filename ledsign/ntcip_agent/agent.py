"""The command responder: one UDP port, one sign, and a desk where its wishes arrive.

The centre sees an ordinary sign: message table, activation with priority and duration, CRCs, graphics, errors as
the standard says them. Its first permanent message stands for the village's own programme, which is what the
schedule shows. Activating the schedule, a blank message or the end of a duration gives the screen back: the network
never darkens it. Clock and brightness can only be read. SNMPv1 has no secrets: who may write is decided by address
and community, so keep the port on a private line.
"""

import logging
import socket
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from ledsign.clock import Clock
from ledsign.errors import ConfigError, ProtocolError
from ledsign.ntcip_agent.desk import DeclinedError, Desk
from ledsign.ntcip_agent.wish import CentreMessage, wish
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.ntcip import snmp
from ledsign.protocol.ntcip.codes import SCHEDULE, ActivateError, Activation, Memory, MultiFault, Scheme, Source
from ledsign.protocol.ntcip.multi import MultiError
from ledsign.protocol.ntcip.sign import Shape, Shown, Sign
from ledsign.protocol.ntcip.sign.keep import dump, load

log = logging.getLogger(__name__)

_SCHEMES = {ColorMode.MONO: Scheme.MONO_1BIT, ColorMode.DUAL: Scheme.CLASSIC, ColorMode.RGB: Scheme.RGB_24BIT}
_PROGRAMME = b"LOCAL PROGRAMME"
_TICK_S = 1.0
_KEEP_S = 5.0  # stored messages and graphics are written down so often, what is shown at once
_AGAIN_S = 10.0  # pause before the port is tried again
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
            darkens=False,
            model=panel.name,
            version=version,
            resting=SCHEDULE,
        )
        self._sign = Sign(
            self._shape, policy.community, guard=desk.guard, consent=self._consent, minutes=self._minutes
        )
        self._sign.start(clock.monotonic())
        self._remember()
        self._begun = False
        self._told: Shown | None = None  # what the desk was last given; None: nothing of the centre's
        self._kept = self._sign.state.copy()
        self._kept_at = clock.monotonic()
        self._socket: socket.socket | None = None
        self.refused = 0  # datagrams that were no request of an allowed centre

    def _remember(self) -> None:
        """Go on where the program stopped."""
        kept = self._desk.kept()
        if not kept:
            return
        now = self._clock.monotonic()
        try:
            self._sign.resume(load(kept, self._sign.state, now, self._clock.now().timestamp()), now)
        except ProtocolError as error:
            log.warning("ntcip: the sign begins anew: %s", error)

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
            port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            try:
                port.bind(self._policy.listen)
            except OSError:
                port.close()
                raise
            self._socket = port

    def close(self) -> None:
        """Leave the port; what the centre wants stays wanted."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def run(self, stop: threading.Event) -> None:
        """Answer until ``stop`` is set; wait for a port that cannot be had. Raises OSError when it is lost."""
        while not stop.is_set() and not self._opened():
            self._desk.alive()
            stop.wait(_AGAIN_S)
        try:
            while not stop.is_set():
                self.step()
        finally:
            self.close()

    def _opened(self) -> bool:
        """Whether the port was had; what the centre wanted before a restart is looked after all the same."""
        self._look()
        try:
            self.open()
        except OSError as error:
            log.error("ntcip: cannot listen on %s:%d: %s", *self._policy.listen, error)
            return False
        return True

    def step(self) -> None:
        """One request, or a second without one."""
        self._desk.alive()
        self._look()
        data, sender = self._received()
        if data and (answer := self.answer(data, sender[0])):
            self._send(answer, sender)
        self._sign.tick(self._clock.monotonic(), self._unix())  # also where strangers keep the port busy
        self._settle()
        if self._clock.monotonic() - self._kept_at >= _KEEP_S:
            self._keep()

    def _received(self) -> tuple[bytes, tuple[str, int]]:
        """A datagram and whose it is; b"" when none came within a second."""
        assert self._socket is not None
        self._socket.settimeout(_TICK_S)
        try:
            data, (host, port) = self._socket.recvfrom(snmp.MAX_MESSAGE + 1)
        except TimeoutError:
            return b"", ("", 0)
        return data, (host, port)

    def _send(self, answer: bytes, sender: tuple[str, int]) -> None:
        assert self._socket is not None
        try:
            self._socket.sendto(answer, sender)
        except OSError as error:
            log.warning("ntcip: answer to %s: %s", sender, error)

    def answer(self, data: bytes, sender: str) -> bytes:
        """The answer to a datagram; b"" where none is due. What it changes is settled before it is given."""
        if not any(IPv4Address(sender) in network for network in self._policy.allow):
            self.refused += 1
            return b""
        try:
            request = snmp.parse(data)
        except ProtocolError as error:
            self.refused += 1
            log.debug("ntcip: %s: %s", sender, error)
            return b""
        self._look()
        reply = self._sign.handle(request, self._clock.monotonic(), self._unix())
        if reply is None:
            self.refused += 1
            return b""
        self._settle()
        return snmp.pack(reply)

    def _unix(self) -> int:
        return int(self._clock.now().timestamp())

    # ---- the desk -------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """What the village does meanwhile, as the centre may see it."""
        sign, desk = self._sign, self._desk
        if not self._begun:
            self._begun = True
            self._sign.tick(self._clock.monotonic(), self._unix())
            self._agree()
        sign.level, sign.errors, sign.local = desk.percent(), desk.errors(), desk.local()
        sign.cover(self._told is not None and desk.covered())

    @staticmethod
    def _own(shown: Shown) -> bool:
        return shown.source is Source.SCHEDULER or shown.message.memory == Memory.PERMANENT

    def _minutes(self, code: Activation) -> int:
        return min(code.minutes, self._desk.minutes(code.priority))

    def _consent(self, shown: Shown) -> ActivateError:
        """Asked while the activation can still fail: what the desk takes is on disk before the centre hears "done".
        Raises MultiError for what the message says."""
        if self._own(shown):
            return ActivateError.NONE
        try:
            self._desk.show(self._wish(shown))
        except DeclinedError as error:
            log.warning("ntcip: not shown: %s", error)
            if error.by_text:
                raise MultiError(MultiFault.OTHER, 0, error.reason) from error
            return ActivateError.OTHER
        self._told = shown
        return ActivateError.NONE

    def _wish(self, shown: Shown) -> CentreMessage:
        return wish(shown, self._shape, self._clock.monotonic())

    def _settle(self) -> None:
        """What changed on the sign becomes a wish at the desk: an end, another duration, a SET that was undone."""
        wanted, told = self._sign.wanted, self._told
        if told is not None if self._own(wanted) else told is None or _differ(wanted, told):
            self._agree()
        elif wanted != (self._kept.aside or self._kept.shown):
            self._keep()

    def _agree(self) -> None:
        """Bring the desk to what the sign holds."""
        wanted = self._sign.wanted
        if not self._own(wanted):
            self._told = wanted
            try:
                self._desk.renew(self._wish(wanted))
            except DeclinedError as error:
                log.warning("ntcip: no longer shown: %s", error)
                self._sign.event(Source.END_DURATION, SCHEDULE)
        if self._own(self._sign.wanted):
            self._desk.release()
            self._told = None
        self._keep()

    def _keep(self) -> None:
        """Write the sign's memory down when it has changed."""
        now = self._clock.monotonic()
        self._kept_at = now
        if self._sign.state != self._kept:
            self._kept = self._sign.state.copy()
            self._desk.keep(dump(self._kept, now, self._clock.now().timestamp()))


def _differ(one: Shown, other: Shown) -> bool:
    return (one.code, one.message, one.source, one.until) != (other.code, other.message, other.source, other.until)
