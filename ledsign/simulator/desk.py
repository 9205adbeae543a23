"""A simulated card on a simulated line in simulated time: no socket, no thread, no waiting.

Whoever drives it is given ``Desk.clock`` and ``Desk.open``. Every byte takes the time that the line's speed says,
the card answers after ``turn_s``, and the clock stands wherever the driver has waited to; the same seed gives the
same run. Used to tell beforehand what a page costs, and for campaigns that would take days on a real line.

What ends by itself on a card (content with a time to live) runs on this clock too, where the card is ``Clocked``.
"""

import heapq
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import count

from ledsign.errors import TransportError
from ledsign.panel import Panel
from ledsign.protocol.codec import Link
from ledsign.simulator.brain import Clocked, Configurable, Talk, Timed
from ledsign.simulator.conduct import Conduct
from ledsign.simulator.faults import Faults, parse_faults
from ledsign.simulator.record import Shown, Witness
from ledsign.simulator.simulated import BOOT_S, BRAINS, LULL_S

TURN_S = 0.002  # from the end of a request to the start of its answer
NET_MBIT = 10


class DeskClock:
    """Time that moves only when somebody waits for it."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8)))) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        self._elapsed += max(0.0, seconds)


class Desk:
    """The card. ``baud`` is the speed of a serial line, ``mbit`` that of a network. ``sent``/``answered`` count
    bytes towards and from the card, ``packets`` and ``longest`` what went in one piece, ``turns`` the answers;
    ``first_at``/``last_at`` when the first byte towards it went and when the last had gone."""

    def __init__(
        self,
        family: str,
        panel: Panel,
        link: Link,
        baud: int = 57600,
        faults: str = "",
        turn_s: float = TURN_S,
        options: Mapping[str, str] | None = None,
        mbit: float = NET_MBIT,
    ) -> None:
        """Raises KeyError for a family without a simulated card, ValueError for faults that make no sense."""
        wanted = parse_faults(faults)
        self.clock = DeskClock()
        self.panel = panel
        self.link = link
        self.byte_s = 10 / baud if link is Link.SERIAL else 8 / (mbit * 1e6)  # on the line
        self.turn_s = turn_s
        self._witness = Witness(panel, None)
        self._brain = BRAINS[family](panel, self._witness.lit, wanted.strict)
        if options and isinstance(self._brain, Configurable):
            self._brain.configure(options)
        if isinstance(self._brain, Clocked):
            self._brain.run_on(self.clock.monotonic)
        self.conduct = Conduct(self._brain, link, wanted)
        self._down_until: float | None = None
        self._line: DeskLine | None = None
        self._brain.power_up()
        self.reset()

    def reset(self) -> None:
        """Count from here."""
        self.sent = self.answered = self.turns = 0
        self.packets = self.longest = 0
        self.first_at: float | None = None
        self.last_at = 0.0

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
        self.wake()
        return self._witness.glass()[0].sha256

    def state(self) -> Mapping[str, object]:
        """What the card knows about itself."""
        return self._brain.state()

    def fault(self, faults: str | Faults) -> None:
        """Misbehave from now on; an empty specification ends it."""
        self.conduct.fault(parse_faults(faults) if isinstance(faults, str) else faults)

    def silence(self, seconds: float) -> None:
        """Say and do nothing for so long."""
        self.conduct.silence(self.clock.monotonic() + seconds)

    def open(self, address: object) -> "DeskLine":
        """A new connection; on a serial line the same line. Raises TransportError while the card boots."""
        self.wake()
        if self._down_until is not None and self.link is Link.NET:
            raise TransportError("connection refused")
        if self._line is not None:
            self._line.close()
        self._line = DeskLine(self, self._brain.talk(self.link))
        return self._line

    def wake(self) -> None:
        """Finish booting, and end what has run out, when it is time."""
        if self._down_until is not None and self.clock.monotonic() >= self._down_until:
            self._down_until = None
            self._brain.power_up()
        brain = self._brain
        if self._down_until is None and isinstance(brain, Clocked) and isinstance(brain, Timed) and brain.due() == 0:
            brain.tick()

    def reboot(self, boot_s: float = BOOT_S) -> None:
        """Restart: connections are reset, volatile memory is gone."""
        self.conduct.restarts = False
        self._witness.lit(self._witness.glass()[1] * 0, "off")
        self._down_until = self.clock.monotonic() + boot_s
        if self._line is not None:
            self._line.cut(self._brain.talk(self.link))

    def arrive(self) -> None:
        """Let everything that is on its way to the card reach it."""
        self.wake()
        if self._line is not None:
            self._line.arrive()

    @property
    def deaf(self) -> bool:
        """The card is booting."""
        return self._down_until is not None


class DeskLine:
    """One connection to a desk's card."""

    def __init__(self, desk: Desk, talk: Talk) -> None:
        self._desk = desk
        self._talk = talk
        self._events: list[tuple[float, int, str, bytes]] = []
        self._numbers = count()
        self._free = 0.0  # when the line has carried what was sent: one wire, one direction at a time
        self._busy = 0.0  # when the card has answered what came before
        self._heard = 0.0
        self._closed = ""

    def write(self, data: bytes, timeout: float) -> None:
        if self._closed:
            raise TransportError(f"write: {self._closed}")
        desk, now = self._desk, self._desk.clock.monotonic()
        begin = max(now, self._free)
        self._free = begin + len(data) * desk.byte_s
        desk.sent += len(data)
        desk.packets += 1
        desk.longest = max(desk.longest, len(data))
        desk.first_at = begin if desk.first_at is None else desk.first_at
        desk.last_at = self._free
        self._at(self._free, "request", data)

    def read(self, timeout: float) -> bytes:
        clock = self._desk.clock
        until = clock.monotonic() + max(0.0, timeout)
        while not self._closed:
            if not self._events or self._events[0][0] > until:
                clock.sleep(until - clock.monotonic())
                return b""
            at, _number, kind, data = heapq.heappop(self._events)
            clock.sleep(at - clock.monotonic())
            if kind == "answer":
                return data
            self._desk.wake()
            if not self._desk.deaf:
                self._hear(data, at)
        raise TransportError(f"read: {self._closed}")

    def arrive(self) -> None:
        """Requests that have arrived by now are heard, though nobody reads."""
        now, waiting = self._desk.clock.monotonic(), []
        while self._events and self._events[0][0] <= now:
            event = heapq.heappop(self._events)
            if event[2] == "answer":
                waiting.append(event)
            elif not self._desk.deaf:
                self._hear(event[3], event[0])
        for event in waiting:
            heapq.heappush(self._events, event)

    def _at(self, when: float, kind: str, data: bytes = b"") -> None:
        heapq.heappush(self._events, (when, next(self._numbers), kind, data))

    def _hear(self, data: bytes, now: float) -> None:
        """A request has arrived, or (no data) the line has been quiet since one came."""
        if data:
            self._heard = now
            self._at(now + LULL_S, "lull")
            found = self._talk.feed(self._desk.conduct.dice.noisy(data))
        elif now - self._heard >= LULL_S * 0.999:
            found = self._talk.silence()
        else:
            return
        for message in found:
            answer = self._desk.conduct.answer(self._talk, message, now)
            if self._desk.conduct.restarts:
                self._desk.reboot()
                return
            if answer is not None:
                self._answer(now + answer.wait_s, answer.pieces)

    def _answer(self, earliest: float, pieces: Sequence[bytes]) -> None:
        self._desk.turns += 1
        self._busy = max(earliest, self._busy) + self._desk.turn_s
        for piece in pieces:
            self._free = max(self._free, self._busy) + len(piece) * self._desk.byte_s
            self._desk.answered += len(piece)
            self._at(self._free, "answer", piece)

    def cut(self, talk: Talk) -> None:
        """The card restarts: what was on its way is lost, and on a network the connection with it."""
        self._events.clear()
        self._talk = talk
        if self._desk.link is Link.NET:
            self._closed = "reset by the card"

    def close(self) -> None:
        self._closed = self._closed or "closed"

    def line_seconds(self, count: int) -> float:
        return count * self._desk.byte_s
