"""A simulated card in a running program: one loop that reads the plug, asks the brain and lights the glass.

One thread serves all conversations, so that replies leave in the order of their requests, as on a small
controller. What goes wrong is decided here (``faults``), never in the brain.
"""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from ledsign.panel import Panel
from ledsign.protocol.codec import Link, codec_class, must_carry
from ledsign.protocol.message import Message
from ledsign.simulator import bx56, bxk, bxy, colorlight, cp5200, huidu, huidu_http, jetfile2, ntcip, pixelstream
from ledsign.simulator.brain import BrainMaker, Configurable, Talk, Timed
from ledsign.simulator.canvas import logo
from ledsign.simulator.conduct import Conduct
from ledsign.simulator.dial import DialPlug
from ledsign.simulator.faults import Faults, parse_faults
from ledsign.simulator.line import Plug, PtyPlug, UdpPlug, Wire, make_plug
from ledsign.simulator.record import Shown, Witness

BRAINS: dict[str, BrainMaker] = {
    "artnet": pixelstream.make_artnet,
    "colorlight": colorlight.make,
    "cp5200": cp5200.make,
    "ddp": pixelstream.make_ddp,
    "huidu": huidu.make,
    "huidu-http": huidu_http.make,
    "jetfile2": jetfile2.make,
    "ntcip": ntcip.make,
    "sacn": pixelstream.make_sacn,
    "bx56": bx56.make,
    "bxk": bxk.make,
    "bxy": bxy.make,
}
LULL_S = 0.15  # a pause inside a packet that long means that the rest will not come
BOOT_S = 0.5


@dataclass
class _Conversation:
    wire: Wire
    talk: Talk


class SimulatedCard:
    """Made by ``serve``. Thread-safe. ``url`` is where a driver connects."""

    def __init__(
        self, family: str, listen_url: str, panel: Panel, out_dir: Path | None, faults: Faults, baud: int | None
    ) -> None:
        self.family = family
        self.panel = panel
        self._witness = Witness(panel, out_dir)
        self._brain = BRAINS[family](panel, self._witness.lit, faults.strict)
        if isinstance(self._brain, Configurable):
            self._brain.configure(dict(parse_qsl(urlsplit(listen_url).query)))
        self._plug: Plug = (
            DialPlug(listen_url)
            if urlsplit(listen_url).scheme == "dial"
            else make_plug(listen_url, codec_class(family).default_port, baud)
        )
        searched = self._plug.link is Link.UDP and hasattr(codec_class(family), "search")
        if not searched:  # such cards answer that, and no page, on datagrams
            must_carry(family, self._plug.link, listen_url)
        self._conduct = Conduct(self._brain, self._plug.link, faults)
        self._selector = selectors.DefaultSelector()
        self._bell_in, self._bell = socket.socketpair()
        self._conversations: dict[int, _Conversation] = {}
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._up_at: float | None = None  # when the card will have booted
        self._fresh: list[int] = []  # wires with half a packet
        self._wants_down: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"simulated-{family}", daemon=True)

    @property
    def url(self) -> str:
        return self._plug.url

    @property
    def received(self) -> int:
        """Messages understood, whatever was done with them."""
        return self._conduct.received

    @property
    def shown(self) -> Sequence[Shown]:
        """Pages in the order they were completed."""
        return tuple(self._witness.shown)

    @property
    def changes(self) -> Sequence[Shown]:
        """Every change of the glass, with its cause."""
        return tuple(self._witness.changes)

    @property
    def glass(self) -> str:
        """``Page.sha256`` of what is lit now."""
        return self._witness.glass()[0].sha256

    @property
    def pixels(self) -> bytes:
        """``Page.pixels`` of what is lit now."""
        return self._witness.glass()[0].pixels

    def png(self) -> bytes:
        return self._witness.png()

    def state(self) -> Mapping[str, object]:
        """What the card knows about itself."""
        with self._lock:
            return {
                "family": self.family,
                "panel": self.panel.name,
                "url": self.url,
                "sha256": self.glass,
                "shown": len(self._witness.shown),
                "received": self.received,
                "booting": self._up_at is not None,
            } | dict(self._brain.state())

    def wait_for(self, predicate: Callable[["SimulatedCard"], bool], timeout: float) -> bool:
        """Wait until the predicate holds for this card; looked at after every change of the glass."""
        return self._witness.wait_for(lambda: predicate(self), timeout)

    def fault(self, faults: str | Faults) -> None:
        """Misbehave from now on; an empty specification ends it. Packet numbers count from here."""
        with self._lock:
            self._conduct.fault(parse_faults(faults) if isinstance(faults, str) else faults)

    def silence(self, seconds: float) -> None:
        """Say and do nothing for so long."""
        with self._lock:
            self._conduct.silence(time.monotonic() + seconds)

    def reboot(self, boot_s: float = BOOT_S) -> None:
        """Restart as after a watchdog or a power cut: connections are reset, volatile memory is gone."""
        with self._lock:
            self._wants_down = boot_s
        self._bell.send(b"!")
        self._witness.wait_for(lambda: self._wants_down is None, 5)

    power_cycle = reboot

    def start(self) -> None:
        """Switch on. Raises OSError when the address is taken."""
        self._brain.power_up()
        self._plug.open()
        self._selector.register(self._bell_in, selectors.EVENT_READ)
        self._watch_plug()
        self._thread.start()

    def stop(self) -> None:
        """Switch off and leave nothing behind."""
        self._stop.set()
        self._bell.send(b"!")
        self._thread.join(10)
        for conversation in self._conversations.values():
            conversation.wire.close()
        self._plug.close()
        if isinstance(self._plug, PtyPlug | UdpPlug):
            self._plug.shut()
        self._selector.close()
        self._bell.close()
        self._bell_in.close()

    def _watch_plug(self) -> None:
        if self._plug.standing:
            self._adopt(self._plug.accept())
        else:
            self._selector.register(self._plug.fileno(), selectors.EVENT_READ)

    def _adopt(self, wire: Wire) -> None:
        self._conversations[wire.fileno()] = _Conversation(wire, self._brain.talk(self._plug.link))
        self._selector.register(wire.fileno(), selectors.EVENT_READ)

    def _run(self) -> None:
        while not self._stop.is_set():
            ready = self._selector.select(self._patience())
            with self._lock:
                self._mains()
                self._look([key.fd for key, _events in ready])

    def _patience(self) -> float | None:
        if self._up_at is not None:
            return max(0.0, self._up_at - time.monotonic())
        lull = LULL_S if self._fresh else None
        due = self._brain.due() if isinstance(self._brain, Timed) else None
        return min((wait for wait in (lull, due) if wait is not None), default=None)

    def _mains(self) -> None:
        """Restart and boot."""
        now = time.monotonic()
        if self._wants_down is not None:
            self._go_down(self._wants_down)
            self._wants_down = None
            self._witness.poke()
        elif self._up_at is not None and now >= self._up_at:
            self._up_at = None
            if not self._plug.standing:
                self._plug.open()
                self._watch_plug()
            self._brain.power_up()
        elif self._up_at is None and isinstance(self._brain, Timed) and self._brain.due() == 0:
            self._brain.tick()

    def _go_down(self, boot_s: float) -> None:
        self._witness.lit(logo(self.panel) * 0, "off")
        for fd in list(self._conversations):
            self._hang_up(fd, hard=True)
        if not self._plug.standing and self._plug.fileno() >= 0:
            self._selector.unregister(self._plug.fileno())
            self._plug.close()
        self._up_at = time.monotonic() + boot_s

    def _hang_up(self, fd: int, hard: bool = False) -> None:
        if self._plug.standing:
            self._conversations[fd].talk = self._brain.talk(self._plug.link)
            return
        self._selector.unregister(fd)
        self._conversations.pop(fd).wire.close(hard)

    def _look(self, ready: Sequence[int]) -> None:
        if not ready:
            for fd in self._fresh:
                if conversation := self._conversations.get(fd):
                    self._answer(conversation, conversation.talk.silence())
            self._fresh = []
        for fd in ready:
            if fd == self._bell_in.fileno():
                self._bell_in.recv(64)
            elif fd in self._conversations:
                self._listen(fd, self._conversations[fd])
            elif fd == self._plug.fileno():
                self._adopt(self._plug.accept())

    def _listen(self, fd: int, conversation: _Conversation) -> None:
        data = conversation.wire.receive()
        if data is None:
            self._hang_up(fd)
            return
        if self._up_at is not None:
            return  # still booting: the line is there, nobody listens
        self._fresh = [*(known for known in self._fresh if known != fd), fd]
        self._answer(conversation, conversation.talk.feed(self._conduct.dice.noisy(data)))

    def _answer(self, conversation: _Conversation, messages: Sequence[Message]) -> None:
        for message in messages:
            if self._up_at is not None:
                return
            answer = self._conduct.answer(conversation.talk, message, time.monotonic())
            if self._conduct.restarts:
                self._conduct.restarts = False
                self._go_down(BOOT_S)
            if answer is not None:
                self._stop.wait(answer.wait_s)
                for piece in answer.pieces:
                    conversation.wire.send(piece)
