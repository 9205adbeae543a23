"""The witness in front of the glass: every picture a simulated card shows, in memory and as PNG files."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ledsign.frame import Page
from ledsign.panel import Panel
from ledsign.simulator.canvas import Pixels, as_shown, to_page, to_png

KEPT = 20_000  # pictures remembered; a year of pages would not fit into a village PC
_PAGES = ("page", "text")


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture on the glass. ``at`` is monotonic; ``sha256`` is the page's identity (``Page.sha256``);
    ``cause``: page, text, or what else changed the glass (boot, saved, split, stored, power, off)."""

    at: float
    sha256: str
    cause: str
    path: Path | None


class Witness:
    """Remembers pictures; whoever waits is woken by each."""

    def __init__(self, panel: Panel, out_dir: Path | None) -> None:
        self.panel = panel
        self.shown: list[Shown] = []  # pages, in order, each time one was completed
        self.changes: list[Shown] = []  # every change of the glass, whatever caused it
        self._out = out_dir
        self._written = ""
        self._count = 0
        self._glass: Pixels | None = None
        self._changed = threading.Condition()
        if out_dir is not None:
            out_dir.mkdir(parents=True, exist_ok=True)

    def lit(self, pixels: Pixels, cause: str) -> None:
        """The glass shows this now."""
        page = to_page(pixels, self.panel)
        with self._changed:
            self._glass = pixels
            path = self._keep(pixels, page, cause) if cause in _PAGES else None
            entry = Shown(time.monotonic(), page.sha256, cause, path)
            if cause in _PAGES:
                self._remember(self.shown, entry)
            if not self.changes or self.changes[-1].sha256 != entry.sha256:
                self._remember(self.changes, entry)
            self._changed.notify_all()

    def poke(self) -> None:
        """Something else changed that a waiter may be looking at."""
        with self._changed:
            self._changed.notify_all()

    @staticmethod
    def _remember(entries: list[Shown], entry: Shown) -> None:
        entries.append(entry)
        del entries[:-KEPT]

    def _keep(self, pixels: Pixels, page: Page, cause: str) -> Path | None:
        if self._out is None:
            return None
        path = self._out / f"{max(1, self._count):04d}-{page.sha256[:8]}.png"
        if self._written != page.sha256:
            self._count += 1
            path = self._out / f"{self._count:04d}-{page.sha256[:8]}.png"
            path.write_bytes(to_png(pixels, self.panel.mode))
            self._written = page.sha256
        line = {"time": time.monotonic(), "sha256": page.sha256, "file": path.name, "cause": cause}
        with (self._out / "index.jsonl").open("a", encoding="utf-8") as index:
            index.write(json.dumps(line) + "\n")
        return path

    def wait_for(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Wait until the predicate holds, looking again at each change."""
        with self._changed:
            return self._changed.wait_for(predicate, timeout)

    def glass(self) -> tuple[Page, Pixels]:
        """What is lit now, as page and as pixels."""
        with self._changed:
            if self._glass is None:
                raise RuntimeError("the card was never switched on")
            return to_page(self._glass, self.panel), as_shown(self._glass, self.panel.mode)

    def png(self) -> bytes:
        """What is lit now, as PNG."""
        with self._changed:
            return b"" if self._glass is None else to_png(self._glass, self.panel.mode)
