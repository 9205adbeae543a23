"""Be a card: answer like one, draw what it would show, fail like one. Shares only the codec with the driver."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledsign.errors import ConfigError
from ledsign.panel import Panel
from ledsign.simulator.faults import Faults, parse_faults
from ledsign.simulator.record import Shown
from ledsign.simulator.simulated import BRAINS, SimulatedCard
from ledsign.simulator.web import WebView

__all__ = ["Faults", "Shown", "SimulatedCard", "serve"]


@contextmanager
def serve(
    family: str,
    listen_url: str,
    panel: Panel,
    out_dir: Path | None = None,
    web: str | None = None,
    faults: str | Faults = "",
    baud: int | None = None,
) -> Iterator[SimulatedCard]:
    """A simulated card for as long as the block runs.

    ``listen_url``: ``tcp://127.0.0.1:0`` or ``pty:///path/of/link``; ``web``: ``HOST:PORT`` of a page that
    shows the glass; ``faults``: see ``simulator.faults``; ``baud`` paces a pseudo-terminal. Raises ConfigError.
    """
    if family not in BRAINS:
        raise ConfigError(f"no simulated card for family {family!r}; known: {', '.join(sorted(BRAINS))}")
    try:
        wanted = parse_faults(faults) if isinstance(faults, str) else faults
    except ValueError as error:
        raise ConfigError(str(error)) from error
    card = SimulatedCard(family, listen_url, panel, out_dir, wanted, baud)
    card.start()
    view = WebView(web, card) if web else None
    try:
        yield card
    finally:
        if view is not None:
            view.close()
        card.stop()
