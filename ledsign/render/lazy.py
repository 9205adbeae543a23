"""Pages whose pixels are made when they are looked at, and forgotten again: a full-HD page is six megabytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ledsign.frame import Page
from ledsign.render.plate import Plate


class Recent:
    """The pixels of the pages drawn last, up to a bound of bytes; always at least one."""

    def __init__(self, most_bytes: int, draw: Callable[[Plate], bytes]) -> None:
        self._most, self._draw = most_bytes, draw
        self._held: OrderedDict[Plate, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()  # a page may be looked at by another thread than the one that laid it out

    def pixels(self, plate: Plate) -> bytes:
        """The page's pixels, drawn now or remembered."""
        with self._lock:
            known = self._held.get(plate)
            if known is not None:
                self._held.move_to_end(plate)
                return known
            pixels = self._held[plate] = self._draw(plate)
            self._bytes += len(pixels)
            while self._bytes > self._most and len(self._held) > 1:
                self._bytes -= len(self._held.popitem(last=False)[1])
            return pixels

    def forget(self, plate: Plate) -> None:
        """Drop one page's pixels."""
        with self._lock:
            self._bytes -= len(self._held.pop(plate, b""))


class DrawnPage(Page):
    """A page like any other, except that ``pixels`` is composed on access. ``sha256`` is kept once known."""

    @classmethod
    def made(cls, recent: Recent, plate: Plate, **fields: Any) -> "DrawnPage":
        """``fields``: those of ``Page`` beside ``pixels``."""
        page = cls.__new__(cls)
        page.__dict__.update(fields, recent=recent, plate=plate)
        return page

    def __getattr__(self, name: str) -> bytes:
        # asked only for what is no plain attribute: the pixels
        if name != "pixels":
            raise AttributeError(name)
        recent: Recent = self.__dict__["recent"]
        return recent.pixels(self.__dict__["plate"])

    def standing(self, dwell_s: float) -> "DrawnPage":
        """The same page with another dwell."""
        page = DrawnPage.__new__(DrawnPage)
        page.__dict__.update(self.__dict__, dwell_s=dwell_s)
        return page

    @property
    def source(self) -> Plate:
        """What it is drawn from."""
        found: Plate = self.__dict__["plate"]
        return found
