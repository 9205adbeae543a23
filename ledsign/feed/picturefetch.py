"""Fetching the pictures that notices refer to: in small bites, each tried again later, none ever costs a notice."""

from collections.abc import Callable, Iterable
from typing import Protocol

from ledsign.clock import Clock
from ledsign.errors import FeedError, StoreError
from ledsign.feed.client import ASSET_CAP
from ledsign.feed.retries import Retries
from ledsign.feed.store import Store
from ledsign.notice import Image

PICTURES_S = 5.0  # a round spends no longer on pictures, so that it soon listens for emergencies again


class PictureSource(Protocol):
    """Where pictures come from. Raises FeedError only."""

    def asset(self, sha256: str, max_bytes: int = ASSET_CAP) -> bytes: ...


class PictureFetch:
    """``alive`` is called before every download. ``behind``: pictures were left over for the next round."""

    def __init__(self, source: PictureSource, store: Store, clock: Clock, alive: Callable[[], None]) -> None:
        self._source = source
        self._store = store
        self._clock = clock
        self._alive = alive
        self._until = 0.0  # monotonic s
        self._retries = Retries()
        self.behind = False

    def begin(self) -> None:
        """A round begins: it has ``PICTURES_S`` for pictures in all."""
        self._until, self.behind = self._clock.monotonic() + PICTURES_S, False

    def forget(self) -> None:
        """Try every picture again at once."""
        self._retries = Retries()

    def next_due(self) -> float | None:
        """When the next picture is to be tried again (monotonic s), None when none waits."""
        return self._retries.next_due()

    def fetch(self, images: Iterable[Image]) -> tuple[bool, str]:
        """Get the pictures that are missing and due; whether any came, and what went wrong last ("": nothing)."""
        came, fault = False, ""
        for image in images:
            now = self._clock.monotonic()
            if not image.name or not self._retries.is_due(image.sha256, now) or self._store.asset(image) is not None:
                continue
            if now >= self._until:
                self.behind = True
                break
            self._alive()
            try:
                data = self._source.asset(image.sha256, image.size or ASSET_CAP)
                self._store.put_asset(image.sha256, data)
            except (FeedError, StoreError) as error:
                fault = f"asset {image.sha256[:12]}: {error}"
                self._retries.fail(image.sha256, self._clock.monotonic())
                continue
            self._retries.forget(image.sha256)
            came = True
        return came, fault
