"""Simulated cards on real lines, loopback or pseudo-terminal, and a card object with little patience."""

import time
from contextlib import ExitStack

from ledsign import simulator
from ledsign.card import Card, Patience
from ledsign.clock import SystemClock
from ledsign.errors import CardRefusedError, TransportError
from ledsign.frame import Frame
from ledsign.panel import Panel

HASTY = Patience(reply_s=0.15, dead_s=0.8, quiet_s=0.01, lull_s=0.05, backoff_first_s=0.02, backoff_last_s=0.1)


def pair(
    stack: ExitStack,
    listen: str = "tcp://127.0.0.1:0",
    options: str = "",
    *,
    family: str,
    panel: Panel,
    scheme: str = "",
    baud: int | None = None,
    patience: Patience = HASTY,
) -> tuple[simulator.SimulatedCard, Card]:
    """A card, and who talks with it, until the stack is closed. ``options`` of the URL, without ``?``; ``scheme``:
    another one than that it listens on; ``baud`` of a paced line."""
    sim = stack.enter_context(simulator.serve(family, listen, panel, baud=baud))
    url = sim.url.replace(listen.partition(":")[0], scheme, 1) if scheme else sim.url
    url += f"{'&' if '?' in url else '?'}{options}" if options else ""
    card = Card(family, url, panel, SystemClock(), patience)
    stack.callback(card.close)
    return sim, card


def bring(card: Card, wanted: Frame, seconds: float = 12.0) -> int:
    """Show a frame whatever it takes; returns how often that failed."""
    losses, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            assert card.show(wanted) is card.ack
            return losses
        except (TransportError, CardRefusedError) as error:
            losses += 1
            time.sleep(max(0.01, getattr(error, "retry_in", 0.0)))
    raise AssertionError(f"not shown in {seconds} s: {card.exchanges}")
