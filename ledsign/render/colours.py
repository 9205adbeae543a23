"""Fewer colours, where a card takes only pictures with a palette: what is on the page is then what the card
shows, to the last LED. Inks stay exact; the colours of photos share what is left."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ledsign.render.items import Item, Picture


def limited(items: Sequence[Item], most: int, inks: Sequence[tuple[int, int, int]]) -> list[Item]:
    """The items with at most ``most`` colours together, those of all inks counted; the photos of one page are
    reduced as one (median cut, no dither: the same bytes every time, and files that stay small)."""
    photos = [item for item in items if isinstance(item, Picture) and item.pixels.ndim == 3]
    if not photos:
        return list(items)
    colors = np.concatenate([photo.pixels.reshape(-1, 3) for photo in photos])
    room = max(2, most - len(set(inks)))
    strip = Image.fromarray(colors[:, None, :])
    if strip.getcolors(room) is None:
        strip = strip.quantize(room, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    reduced = np.asarray(strip, dtype=np.uint8)[:, 0]
    done: list[Item] = []
    for item in items:
        if isinstance(item, Picture) and item.pixels.ndim == 3:
            count = item.w * item.h
            done.append(Picture(item.x, item.y, reduced[:count].reshape(item.h, item.w, 3)))
            reduced = reduced[count:]
        else:
            done.append(item)
    return done
