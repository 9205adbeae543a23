"""What a panel can play: notices drawn once, split into their digest pages and their body pages."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ledsign.clock import Clock
from ledsign.errors import RenderError, StoreError
from ledsign.feed.store import Snapshot
from ledsign.frame import Page, PageKind
from ledsign.notice import AssetReader, Image, Notice, Urgency
from ledsign.playlist.item import Item
from ledsign.render.pages import Renderer

log = logging.getLogger(__name__)

DRAW_S = 0.4  # drawing time a look, once something can be shown


@dataclass(frozen=True, slots=True)
class Drawn:
    """A notice's pages: its digest page, if it has one, and its body in reading order."""

    digest: Page | None
    body: tuple[Page, ...]


class Repertoire:
    """Draws for one panel, at one pace (``night_least_s``: shortest dwell by night, before the pace); keeps only
    the dwell of each page, the renderer caches the rest.

    Emergencies are drawn first, the others for at most ``DRAW_S`` a look, so that whatever is ready can be shown
    meanwhile; ``pending`` counts those still to come. A notice that cannot be drawn is set aside in ``failed``
    (notice key -> why) and never stops the others.
    """

    def __init__(
        self,
        renderer: Renderer,
        assets: AssetReader,
        clock: Clock,
        pace: float = 1.0,
        night_least_s: float | None = None,
    ) -> None:
        self._renderer = renderer
        self._assets = assets
        self._clock = clock
        self._pace = pace
        self._night_least_s = None if night_least_s is None else night_least_s * pace
        self._items: dict[tuple[str, int], Item] = {}
        self._absent: dict[tuple[str, int], tuple[Image, ...]] = {}
        self._seen: Snapshot | None = None
        self._whole: tuple[Item, ...] = ()  # of the snapshot seen last, once everything in it is drawn
        self._at_work: Notice | None = None
        self.failed: dict[tuple[str, int], str] = {}
        self.pending = 0

    def drawn(self, notice: Notice) -> Drawn:
        """The notice's pages. Raises RenderError."""
        self._at_work = notice
        rendered = self._renderer.render(notice, self._assets)
        self._absent[notice.key], pages = rendered.absent, rendered.pages
        drawn = Drawn(
            next((page for page in pages if page.kind is PageKind.DIGEST), None),
            tuple(page for page in pages if page.kind is not PageKind.DIGEST),
        )
        self._at_work = None
        return drawn

    def announced(self, notice: Notice, digest: Page, starts: datetime) -> Page:
        """The digest page of a long notice, saying when its full text runs. Raises RenderError."""
        self._at_work = notice
        page = self._renderer.announced(notice, digest, starts)
        self._at_work = None
        return page

    def items(self, snapshot: Snapshot, alive: Callable[[], None]) -> tuple[Item, ...]:
        """Items of all notices held, those not drawn yet without pages; all others are forgotten, bitmaps
        included. ``alive`` is called for each that is drawn."""
        self._forget(snapshot)
        if self._whole:
            return self._whole
        until = self._clock.monotonic() + DRAW_S
        waiting = sorted((n for n in snapshot.notices if n.key not in self._items), key=_haste)
        ready = len(waiting) < len(snapshot.notices)
        for notice in waiting:
            if ready and self._clock.monotonic() > until:
                break
            alive()
            self._draw(notice)
            ready = True
        self.pending = sum(notice.key not in self._items for notice in snapshot.notices)
        found = tuple(
            replace(self._items.get(n.key, Item(n, ())), arrived_at=snapshot.arrived.get(n.id))
            for n in snapshot.notices
        )
        self._whole = () if self.pending else found
        return found

    @property
    def whole(self) -> tuple[Item, ...]:
        """The items handed out last; none while some are still to be drawn."""
        return self._whole

    def set_aside(self, why: str) -> bool:
        """Something failed unforeseen: the notice at work, if any, is not tried again. Whether there was one."""
        notice, self._at_work = self._at_work, None
        if notice is None:
            return False
        self._fail(notice, why)
        return True

    def _forget(self, snapshot: Snapshot) -> None:
        if snapshot is self._seen:
            return
        self._seen, self._whole = snapshot, ()
        keys = {notice.key for notice in snapshot.notices}
        for gone in [key for key in self._items if key not in keys]:
            self._renderer.forget(self._items.pop(gone).notice.digest)
            self.failed.pop(gone, None)
        self._absent = {key: images for key, images in self._absent.items() if key in keys}
        for key, images in self._absent.items():
            if any(self._assets(image) is not None for image in images):
                self._items.pop(key, None)  # a picture that came late changes the pages

    def _draw(self, notice: Notice) -> None:
        try:
            drawn = self.drawn(notice)
        except (RenderError, StoreError) as error:
            self._at_work = None
            self._fail(notice, str(error))
            return
        self._items[notice.key] = Item(
            notice,
            tuple(page.dwell_s * self._pace for page in drawn.body),
            None if drawn.digest is None else drawn.digest.dwell_s * self._pace,
            night_least_s=self._night_least_s,
        )

    def _fail(self, notice: Notice, why: str) -> None:
        log.error("notice %s is set aside: %s", notice.id, why)
        self.failed[notice.key], self._whole = why, ()
        self._items[notice.key] = Item(notice, ())  # the plan hides an item without pages


def _haste(notice: Notice) -> int:
    return {Urgency.EMERGENCY: 0, Urgency.URGENT: 1}.get(notice.urgency, 2)
