"""Paragraphs as arrays: the same lights as line after line."""

import numpy as np
import pytest

from ledsign.panel import ColorMode
from ledsign.render import theme
from ledsign.render.atlas import Atlas
from ledsign.render.fonts import Face
from ledsign.render.items import Item, Lines
from ledsign.render.plate import plate
from ledsign.render.prose import Prose
from ledsign.render.raster import compose
from ledsign.render.setting import Metrics, Setter, fitted, line_chunk, line_of

TEXT = (
    "村委会于2026年11月21日9:30至11:00召开村民代表会议，表决通过了道路硬化项目（一期）的资金使用方案，共计1,280.50元，"
    "由村务监督委员会全程监督。有异议者，请在公示期内，到村部反映，或者拨打电话，我们将及时答复。e\u0301t\u0301"
)


def drawn(atlas: Atlas, items: list[Item], size: Metrics) -> bytes:
    made = plate(atlas, items, size.width, size.height, ColorMode.MONO, theme.palette(ColorMode.MONO))
    return compose(atlas, made, ColorMode.MONO)


@pytest.mark.parametrize("align", ["left", "center", "right"])
@pytest.mark.parametrize("columns", [9, 16, 23])
def test_lines_are_those_set_one_by_one(atlas: Atlas, align: str, columns: int) -> None:
    """From any line to any other, as a page that begins with it shows them."""
    setter, size = Setter(atlas), fitted(columns * 8, 600, Face())
    text = setter.text(TEXT)
    spans = setter.spans(text, columns - 2, columns - 4)
    assert any(half for _, _, half in spans) is bool(columns % 2)  # marks squeezed at a line's end
    prose = Prose(text, spans, size, 1, (16, 32), align, drawn_out=False)
    for first, last in ((0, 1), (0, len(spans)), (1, len(spans) - 1), (len(spans) - 1, len(spans))):
        singly: list[Item] = []
        for row in range(first, min(last, first + 25)):
            line = line_chunk(line_of(text, *spans[row]), size, 1, x=16 if row else 32, align=align)
            singly += [item.moved(0, (row - first) * size.pitch) for item in line.items]
            assert line.weight == prose.weight[row]
        found = prose.drawn(first, min(last, first + 25), 0)
        assert len(found) == 1
        assert drawn(atlas, list(found), size) == drawn(atlas, singly, size)
    assert prose.down(1, 3) == 2 * size.pitch


def test_justified_lines_end_at_the_edge_and_the_last_does_not(atlas: Atlas) -> None:
    setter, size = Setter(atlas), fitted(326, 600, Face())
    text = setter.text(TEXT.replace("e\u0301t\u0301", ""))
    spans = setter.spans(text, size.columns, size.columns - 4)
    prose = Prose(text, spans, size, 1, (0, 32), "justify", drawn_out=True)
    (lines,) = prose.drawn(0, len(spans), 0)
    assert isinstance(lines, Lines)
    ends = np.cumsum(lines.counts)
    pieces = zip((ends - lines.counts).tolist(), ends.tolist(), strict=True)
    widths = np.array([lines.text[start:end].width * 8 for start, end in pieces])
    right = [int((lines.x + widths)[lines.y == row * size.pitch].max()) for row in range(len(spans))]
    ragged = [text[start:end].width * 8 for start, end, _ in spans]
    assert any(edge == size.columns * 8 > wide for edge, wide in zip(right[:-1], ragged[:-1], strict=True))
    assert right[-1] == ragged[-1]
    assert int(lines.counts.sum()) == sum(end - start for start, end, _ in spans)


def test_blank_lines_hold_nothing(atlas: Atlas) -> None:
    setter, size = Setter(atlas), fitted(160, 600, Face())
    text = setter.text("甲乙丙")
    prose = Prose(text, [(0, 2, False), (2, 2, False), (2, 3, False)], size, 1, (0, 0), "left", drawn_out=False)
    assert prose.drawn(1, 2, 0) == []
    (lines,) = prose.drawn(0, 3, 0)
    assert isinstance(lines, Lines)
    assert lines.y.tolist() == [0, 2 * size.pitch]
