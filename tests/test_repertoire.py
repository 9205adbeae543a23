"""What a panel can play is drawn once, read once, and forgotten whole."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from kit import FakeClock
from ledsign.errors import RenderError
from ledsign.feed.store import Snapshot
from ledsign.frame import Page, PageKind
from ledsign.notice import AssetReader, Image, Notice, Urgency
from ledsign.panel import ColorMode
from ledsign.playlist.item import Item
from ledsign.repertoire import DRAW_S, Repertoire
from playlist_kit import at, notice


class Drawer:
    """Stands for the renderer: notes what it draws, takes its time, fails where it is told to."""

    def __init__(self, clock: FakeClock, seconds: float = 0.0) -> None:
        self.clock = clock
        self.seconds = seconds
        self.drawn: list[str] = []
        self.forgotten: list[str] = []
        self.bad: set[str] = set()

    def render(self, made: Notice, assets: AssetReader) -> "Drawer":
        self.clock.advance(self.seconds)
        self.drawn.append(made.id)
        if made.id in self.bad:
            raise RenderError("no such glyph")
        self.pages: Sequence[Page] = [
            Page(8, 8, ColorMode.MONO, bytes(8), 6.0, PageKind.DIGEST),
            Page(8, 8, ColorMode.MONO, bytes(8), 10.0),
        ]
        self.absent = tuple(image for image in made.images() if assets(image) is None)
        return self

    def announced(self, made: Notice, digest: Page, starts: datetime) -> Page:
        if made.id in self.bad:
            raise RenderError("no such glyph")
        return replace(digest, dwell_s=float(starts.hour))

    def forget(self, digest: str) -> None:
        self.forgotten.append(digest)


def picture(name: str) -> Image:
    return Image(name, name * 64, "image/png", "图", "", "photo", 8, 8)


class Folder:
    """Assets that may come late; counts how often each is read."""

    def __init__(self, *here: str) -> None:
        self.here = set(here)
        self.reads: list[str] = []

    def __call__(self, image: Image) -> bytes | None:
        self.reads.append(image.name)
        return b"png" if image.name in self.here else None


def made(drawer: Drawer, assets: AssetReader) -> Repertoire:
    return Repertoire(drawer, assets, drawer.clock)  # type: ignore[arg-type]


def quiet() -> None:
    """A sign of life that nobody listens to."""


def ids(found: Sequence[Item]) -> list[str]:
    return [item.notice.id for item in found if item.dwells]


def test_a_digest_page_that_cannot_say_its_hour_is_to_blame() -> None:
    drawer = Drawer(FakeClock())
    repertoire = made(drawer, Folder())
    digest = repertoire.drawn(notice("a")).digest
    assert digest is not None
    assert repertoire.announced(notice("a"), digest, at(16)).dwell_s == 16.0
    assert not repertoire.set_aside("nothing was at work")
    drawer.bad.add("a")
    with pytest.raises(RenderError):
        repertoire.announced(notice("a"), digest, at(16))
    assert repertoire.set_aside("no such glyph")
    assert repertoire.failed == {notice("a").key: "no such glyph"}


def test_each_notice_is_drawn_once_and_the_same_items_come_again() -> None:
    drawer = Drawer(FakeClock())
    repertoire = made(drawer, Folder())
    snapshot = Snapshot((notice("a"), notice("b")), arrived={"a": at(9)})
    first = repertoire.items(snapshot, quiet)
    assert repertoire.items(snapshot, quiet) is first
    assert [(item.dwells, item.digest_dwell, item.arrived_at) for item in first] == [
        ((10.0,), 6.0, at(9)),
        ((10.0,), 6.0, None),
    ]
    repertoire.items(replace(snapshot, notices=(notice("b"),)), quiet)
    assert (drawer.drawn, drawer.forgotten) == (["a", "b"], ["a-1"])


def test_pictures_are_read_once_and_one_that_came_late_draws_its_notice_anew() -> None:
    drawer, folder = Drawer(FakeClock()), Folder("1")
    repertoire = made(drawer, folder)
    both = replace(notice("a"), body=(picture("1"), picture("2")))
    one = replace(notice("b"), body=(picture("1"),))
    for _ in range(3):
        repertoire.items(Snapshot((both, one)), quiet)
    assert drawer.drawn == ["a", "b"]
    assert folder.reads == ["1", "2", "1", *["2"] * 2], "only what was not there is looked for again"
    folder.here.add("2")
    folder.reads.clear()
    for _ in range(2):
        repertoire.items(Snapshot((both, one)), quiet)
    assert (drawer.drawn, folder.reads) == (["a", "b", "a"], ["2", "1", "2"])


def test_an_emergency_is_drawn_first_and_many_large_ones_are_drawn_bit_by_bit() -> None:
    drawer = Drawer(FakeClock(), DRAW_S)
    repertoire = made(drawer, Folder())
    found = [notice("a"), notice("b"), notice("flood", urgency=Urgency.EMERGENCY)]
    snapshot = Snapshot(tuple(found))
    assert ids(repertoire.items(snapshot, quiet)) == ["a", "flood"]
    assert (drawer.drawn, repertoire.pending) == (["flood", "a"], 1), "what is ready is shown meanwhile"
    while repertoire.pending:
        repertoire.items(snapshot, quiet)
    assert drawer.drawn == ["flood", "a", "b"]
    assert ids(repertoire.items(snapshot, quiet)) == ["a", "b", "flood"]


def test_one_that_cannot_be_drawn_is_set_aside_and_named() -> None:
    drawer = Drawer(FakeClock())
    drawer.bad = {"a"}
    repertoire = made(drawer, Folder())
    snapshot = Snapshot((notice("a"), notice("b")))
    assert ids(repertoire.items(snapshot, quiet)) == ["b"]
    assert repertoire.failed == {("a", 1): "no such glyph"}
    assert not repertoire.set_aside("nobody was at work")
    with pytest.raises(RenderError):
        repertoire.drawn(notice("a"))
    assert repertoire.set_aside("crashed")
    assert ids(repertoire.items(snapshot, quiet)) == ["b"]
