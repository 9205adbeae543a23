"""What a simulated JetFile II sign shows: an emergency, else a file played on command, else the playlist.

Where the document is silent it does the cautious thing: a file played on command is shown once, then the playlist
goes on; without a playlist entry that exists nothing is lit.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ledsign.panel import Panel
from ledsign.simulator.brain import Lit
from ledsign.simulator.canvas import Pixels, logo, paste
from ledsign.simulator.jetfile2_disk import Disks, Key
from ledsign.simulator.jetfile2_files import PICTURE_S, read_bmp, read_text


@dataclass(frozen=True)
class _Content:
    """What a file shows, why, and for how many seconds."""

    pixels: Pixels
    cause: str
    seconds: float


class Glass:
    """The lit side. ``now``: the time that lives are counted by, in s."""

    def __init__(self, panel: Panel, lit: Lit, disks: Disks) -> None:
        self._panel = panel
        self._lit = lit
        self._disks = disks
        self._logo = logo(panel)
        self._dark: Pixels = np.zeros_like(self._logo)
        self.now: Callable[[], float] = time.monotonic
        self.start()

    def start(self) -> None:
        self.on, self.black = True, False
        self._emergency: tuple[bytes, float] | None = None  # text file and its end
        self._once: tuple[_Content, float] | None = None  # and its end
        self._last: bytes | None = None

    @property
    def emergency(self) -> bool:
        return self._emergency is not None

    # ---- what ends by itself --------------------------------------------------------------------------------

    def due(self) -> float | None:
        ends = [each[1] for each in (self._emergency, self._once) if each is not None]
        return max(0.0, min(ends) - self.now()) if ends else None

    def tick(self) -> None:
        now = self.now()
        if self._emergency is not None and self._emergency[1] <= now:
            self._emergency = None
        if self._once is not None and self._once[1] <= now:
            self._once = None
        self.show("stored")

    # ---- what is to be shown --------------------------------------------------------------------------------

    def play(self, key: Key) -> bool:
        """A file on command; whether there is such a one."""
        content = self._content(key)
        if content is None:
            return False
        self._once = content, self.now() + content.seconds
        self.show(content.cause)
        return True

    def cut_in(self, file: bytes, seconds: int) -> bool:
        """An emergency, 0 seconds for ever; whether the file can be read."""
        if self._text(file) is None:
            return False
        self._emergency = file, self.now() + (seconds or 1e9)
        self.show("text")
        return True

    def stored(self, key: Key) -> None:
        """A file is complete: what the playlist plays begins again."""
        if self._once is None and self._disks.scheduled() == key:
            self.show("stored")

    def back_to_playlist(self) -> None:
        self._once = None
        self.show("stored")

    def show(self, cause: str) -> None:
        """Light what has its turn; nothing is reported when the glass stays as it was."""
        pixels = self._dark
        if self.on and not self.black:
            pixels, cause = self._turn(cause)
        shown = pixels.tobytes()
        if shown != self._last:
            self._last = shown
            self._lit(pixels, cause if pixels.any() or cause not in ("page", "text") else "dark")

    def _turn(self, cause: str) -> tuple[Pixels, str]:
        if self._emergency is not None:
            content = self._text(self._emergency[0])
        elif self._once is not None:
            content = self._once[0]
        else:
            key = self._disks.scheduled()
            content = self._content(key) if key is not None else None
        if content is not None:
            return content.pixels, content.cause
        return (self._dark if self._disks.has_playlist else self._logo), cause

    # ---- files ----------------------------------------------------------------------------------------------

    def _content(self, key: Key) -> _Content | None:
        """None when the file is damaged or not there."""
        data = self._disks.get(key)
        if data is None:
            return None
        if key[1] == "P":
            picture = read_bmp(data)
            return None if picture is None else _Content(self._placed(picture), "page", PICTURE_S)
        return self._text(data)

    def _text(self, file: bytes) -> _Content | None:
        text = read_text(file)
        if text is None:
            return None
        if text.picture is None:
            bar = self._dark.copy()
            if text.words:
                bar[self._panel.height // 3 : self._panel.height // 3 * 2] = 255
            return _Content(bar, "text", text.seconds)
        disk, label = text.picture
        picture = read_bmp(self._disks.get(("D" if disk == "_" else disk, "P", label)) or b"")
        return None if picture is None else _Content(self._placed(picture), "page", text.seconds)

    def _placed(self, picture: Pixels) -> Pixels:
        glass = self._dark.copy()
        paste(glass, picture, 0, 0)
        return glass
