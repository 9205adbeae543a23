"""Pictures of a notice as chunks: photos side by side, tall posters in strips, animations frame by frame, each with
its caption."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PIL.Image import Image as Pillow

from ledsign.notice import AssetReader, Block, Image
from ledsign.render import image as pictures
from ledsign.render import theme
from ledsign.render.items import Chunk, Item, Picture
from ledsign.render.linebreak import weight
from ledsign.render.setting import Setter, Style, aligned, run

_FRAMES: Final = 6  # pages of an animation
_STRIPS: Final = 6  # pages of a tall poster
_WHOLE_ROLES: Final = {"map", "seal", "flowchart"}  # never cut into strips
_PAIR_WIDTH: Final = 120  # LEDs: photos side by side are not narrower than that
_BEFORE: Final = re.compile("前|原貌|旧貌")
_AFTER: Final = re.compile("后|後|新貌|现状")
_CHART_LETTER: Final = 26  # pixels a letter of a drawn chart is high, about


class Illustrator:
    """Sets the pictures of one notice. ``calm``: still photos are dithered like moving ones."""

    def __init__(self, setter: Setter, style: Style, assets: AssetReader, *, calm: bool) -> None:
        self.setter, self.style, self.assets, self.calm = setter, style, assets, calm

    def shown(self, block: Image, raw: bytes) -> list[Chunk]:
        """The picture as chunks: one, or the frames of an animation, or the strips of a tall poster. Raises
        ImageFaultError."""
        found = pictures.frames(raw, _FRAMES)
        moving = len(found) > 1
        if not moving and block.role not in _WHOLE_ROLES:
            caption = min(2, -(-self.setter.text(block.caption.strip()).width // self.style.small.columns))
            below = caption * (self.style.small.cell + 2)
            found = pictures.pieces(found[0], self.style.panel_width, self.style.body.height - below, _STRIPS)
        count = len(found)
        name = block.caption.strip()
        captions = [f"{name} {number}/{count}".strip() if count > 1 else name for number in range(1, count + 1)]
        return [
            self._framed(picture, replace(block, caption=caption), fast=moving or self.calm)
            for picture, caption in zip(found, captions, strict=True)
        ]

    def _framed(self, picture: Pillow, block: Image, *, fast: bool) -> Chunk:
        """A picture with its caption below."""
        style, size = self.style, self.style.small
        caption = self.setter.text(block.caption.strip())
        lines = self.setter.lines(caption, size.columns)[:2]
        below = len(lines) * (size.cell + 2)
        least = style.least.cell / _CHART_LETTER if block.role == "flowchart" else 0.0
        room = style.body.height - below
        pixels = pictures.fit(picture, style.panel_width, room, style.mode, block.role, least, fast=fast)
        height, width = int(pixels.shape[0]), int(pixels.shape[1])
        placed = Picture((style.panel_width - width) // 2, 0, pixels)
        runs = []
        for number, line in enumerate(lines):
            x = aligned(line.width * size.half, size.width, "center")
            runs.append(run(line, x, height + 2 + number * (size.cell + 2), size.face, theme.HEADING))
        gap = size.pitch - size.cell
        return Chunk(height + below, (placed, *runs), weight(caption), gap=gap, picture=True)

    def pair(self, blocks: Sequence[Block]) -> list[Chunk]:
        """Two photos before and after, side by side with their captions where each is wide enough; else none."""
        first, second = blocks if len(blocks) == 2 else (None, None)
        if not (isinstance(first, Image) and isinstance(second, Image)):
            return []
        if not (_BEFORE.search(first.caption + first.alt) and _AFTER.search(second.caption + second.alt)):
            return []
        style, size = self.style, self.style.small
        room = (style.panel_width - size.half) // 2
        captions = [self.setter.text(block.caption.strip()) for block in (first, second)]
        if room < _PAIR_WIDTH or any(caption.width * size.half > room for caption in captions):
            return []
        below = size.cell + 2 if any(caption.width for caption in captions) else 0
        try:
            raws = [self.assets(block) for block in (first, second)]
            pictures_ = [
                pictures.prepare(raw, room, style.body.height - below, style.mode, block.role, fast=self.calm)
                for raw, block in zip(raws, (first, second), strict=True)
                if raw is not None
            ]
        except pictures.ImageFaultError:
            return []
        if len(pictures_) < 2:
            return []
        height = max(int(pixels.shape[0]) for pixels in pictures_)
        items: list[Item] = []
        for left, pixels, caption in zip((0, style.panel_width - room), pictures_, captions, strict=True):
            high, wide = int(pixels.shape[0]), int(pixels.shape[1])
            items.append(Picture(left + (room - wide) // 2, (height - high) // 2, pixels))
            if caption.width:
                x = left + aligned(caption.width * size.half, room, "center")
                items.append(run(caption, x, height + 2, size.face, theme.HEADING))
        read = sum(weight(caption) for caption in captions)
        return [Chunk(height + below, tuple(items), read, gap=size.pitch - size.cell, picture=True)]
