"""What a panel can play: notices drawn once, split into their digest pages and their body pages."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from ledsign.errors import RenderError
from ledsign.feed.store import Snapshot
from ledsign.frame import Page, PageKind
from ledsign.notice import AssetReader, Notice
from ledsign.playlist.plan import Item
from ledsign.render.pages import Renderer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A notice's pages: its digest page, if it has one, and its body in reading order."""

    digest: Page | None
    body: tuple[Page, ...]


class Repertoire:
    """Draws for one panel, at one pace; keeps only the dwell of each page, the renderer caches the pixels.

    A notice that cannot be drawn is set aside in ``failed`` (notice key -> why) and never stops the others.
    """

    def __init__(self, renderer: Renderer, assets: AssetReader, pace: float = 1.0) -> None:
        self._renderer = renderer
        self._assets = assets
        self._pace = pace
        self._items: dict[tuple[str, int], Item] = {}
        self.failed: dict[tuple[str, int], str] = {}

    def drawn(self, notice: Notice) -> Drawn:
        """The notice's pages. Raises RenderError."""
        pages = self._renderer.render(notice, self._assets).pages
        return Drawn(
            next((page for page in pages if page.kind is PageKind.DIGEST), None),
            tuple(page for page in pages if page.kind is not PageKind.DIGEST),
        )

    def items(
        self, snapshot: Snapshot, alive: Callable[[], None], least_s: float = 0.0
    ) -> tuple[Item, ...]:
        """Items of all notices held; all others are forgotten, bitmaps included. ``alive`` is called for each,
        ``least_s`` is the shortest dwell allowed (night)."""
        notices = snapshot.notices
        keys = {notice.key for notice in notices}
        for gone in [key for key in self._items if key not in keys]:
            self._renderer.forget(self._items.pop(gone).notice.digest)
            self.failed.pop(gone, None)
        items = []
        for notice in notices:
            alive()
            if notice.key not in self._items:
                self._draw(notice)
            arrived_at = snapshot.arrived.get(notice.id)
            items.append(replace(_slower(self._items[notice.key], least_s * self._pace), arrived_at=arrived_at))
        return tuple(items)

    def _draw(self, notice: Notice) -> None:
        try:
            drawn = self.drawn(notice)
        except RenderError as error:
            log.warning("notice %s cannot be drawn: %s", notice.id, error)
            self.failed[notice.key] = str(error)
            self._items[notice.key] = Item(notice, ())  # the plan hides an item without pages
            return
        self._items[notice.key] = Item(
            notice,
            tuple(page.dwell_s * self._pace for page in drawn.body),
            None if drawn.digest is None else drawn.digest.dwell_s * self._pace,
        )


def _slower(item: Item, least_s: float) -> Item:
    if not least_s:
        return item
    digest = None if item.digest_dwell is None else max(item.digest_dwell, least_s)
    return Item(item.notice, tuple(max(dwell, least_s) for dwell in item.dwells), digest)
