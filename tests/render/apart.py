"""Items of a page one by one: what layout hands over as arrays taken apart again, for tests that look at single
lines of text and single boxes."""

from collections.abc import Iterable, Iterator

from ledsign.render.glyphs import cells
from ledsign.render.items import Boxes, Item, Lines, Picture, Rect, Run


def apart(items: Iterable[Item]) -> Iterator[Run | Rect | Picture]:
    """Every run and every box on its own."""
    for item in items:
        if isinstance(item, Lines):
            start = 0
            for x, y, count in zip(item.x.tolist(), item.y.tolist(), item.counts.tolist(), strict=True):
                text = item.text[start : start + count]
                yield Run(x, y, item.scale, item.color, cells(text), 0, item.size)
                start += count
        elif isinstance(item, Boxes):
            for x, y, w, h, dotted in item.places.tolist():
                yield Rect(x, y, w, h, item.color, bool(dotted))
        else:
            yield item
