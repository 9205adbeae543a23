"""Pages that no notice stands behind: the quiet one, and the technician's pattern."""

from collections.abc import Sequence

from ledsign.panel import Panel
from ledsign.render import theme
from ledsign.render.fonts import Face
from ledsign.render.items import Item, Rect
from ledsign.render.setting import Metrics, Setter, aligned, run


def quiet_lines(lines: Sequence[str], size: Metrics, panel: Panel, setter: Setter) -> list[Item]:
    """As many of the lines as the panel holds, in its middle."""
    texts = [part for line in lines for part in setter.lines(setter.text(line), size.columns)]
    room = (panel.height - size.cell) // size.pitch + 1
    texts = texts[:room]
    y = (panel.height - (len(texts) - 1) * size.pitch - size.cell) // 2
    items: list[Item] = []
    for number, text in enumerate(texts):
        x = aligned(text.width * size.half, size.width, "center") // 8 * 8
        items.append(run(text, x, y + number * size.pitch, size.face, theme.TEXT))
    return items


def test_pattern(panel: Panel, setter: Setter) -> list[Item]:
    """A border, every ink as a bar, the panel's name and a line of characters."""
    width, height = panel.width, panel.height
    items: list[Item] = [
        Rect(0, 0, width, 1, theme.TEXT),
        Rect(0, height - 1, width, 1, theme.TEXT),
        Rect(0, 0, 1, height, theme.TEXT),
        Rect(width - 1, 0, 1, height, theme.TEXT),
    ]
    inks = (theme.TEXT, theme.TITLE, theme.WARN, theme.BAND)
    bar = (width - 8) // len(inks)
    for number, ink in enumerate(inks):
        items.append(Rect(4 + number * bar, height - 12, bar - 2, 8, ink, dotted=bool(number % 2)))
    for number, line in enumerate((f"{width}x{height} {panel.mode}", "上左 测试 靐龘 0123")):
        text = setter.text(line)
        if 4 + text.width * 8 < width and 4 + number * 20 + 16 < height - 12:
            items.append(run(text, 4, 4 + number * 20, Face(), theme.TEXT))
    return items
