"""What a page costs on the wire, to the byte: the formulas of docs/cards/, each direction for itself.

The card sits on a desk in simulated time; the second page is counted, for the first also prepares the card. The
formulas are the protocols' own: heads, arguments and answers as the documents lay them out.
"""

from math import ceil

import pytest

import cardkit
from ledsign.card import Card
from ledsign.frame import Frame
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Link
from ledsign.render.pack import pack
from ledsign.simulator.desk import Desk

SIZES = [(64, 32), (192, 96), (256, 128)]


def cost(family: str, link: Link, panel: Panel, *, again: bool = False) -> tuple[Frame, int, int]:
    """A page on a clean line: the frame, bytes towards the card, bytes of its answers. ``again``: one that was up
    before."""
    desk = Desk(family, panel, link)
    card = Card(family, cardkit.URLS[link], panel, desk.clock, opener=desk.open, jitter=lambda: 0.0)
    for seed in (1, 2):
        card.show(pack(cardkit.page(panel, seed), card.formats[0]))
    frame = pack(cardkit.page(panel, 1 if again else 3), card.formats[0])
    desk.reset()
    card.show(frame)
    sent, answered = desk.sent, desk.answered
    card.close()
    return frame, sent, answered


def bmp_bytes(panel: Panel) -> int:
    """A BMP file: 54 bytes of heads, four a colour of the palette, rows in groups of four bytes. The test's pages
    have two colours, or three, or four on a two-colour screen."""
    bits = 4 if panel.mode is ColorMode.DUAL else 1
    return 54 + (4 << bits) + 4 * ceil(panel.width * bits / 32) * panel.height


@pytest.mark.parametrize("link", [Link.NET, Link.UDP, Link.SERIAL])
@pytest.mark.parametrize("mode", ColorMode)
@pytest.mark.parametrize("size", SIZES)
def test_jetfile2(size: tuple[int, int], mode: ColorMode, link: Link) -> None:
    panel = Panel("desk", *size, mode, 10)
    if bmp_bytes(panel) > 30_000 and link is Link.SERIAL:
        return  # the same again, only longer
    _frame, sent, answered = cost("jetfile2", link, panel)
    file, packets = bmp_bytes(panel), ceil(bmp_bytes(panel) / 1024)
    least = file + 40 * packets + 38  # head and argument of each packet; one emergency that names the picture
    told = 20 * (packets + 1)
    if link is Link.SERIAL:  # the sum is weak there: what lies on the sign is read back
        assert (sent, answered) == (least + 36 * packets, told + file + 24 * packets)
        _frame, sent, answered = cost("jetfile2", link, panel, again=True)
        assert (sent, answered) == (36 + 38, 24 + 64 + 20), "it is still there: a sample of it is asked for"
    else:
        assert (sent, answered) == (least, told)


@pytest.mark.parametrize("mode", ColorMode)
@pytest.mark.parametrize("size", SIZES)
def test_huidu(size: tuple[int, int], mode: ColorMode) -> None:
    panel = Panel("desk", *size, mode, 10)
    frame, sent, answered = cost("huidu", Link.NET, panel)
    picture = len(frame.data)
    least = picture + 4 * ceil(picture / 9212) + 76 + 4  # file start with a name of 28 letters, file end
    time, playing, programme = 127, 141, sent - least - 127 - 141
    assert 640 <= programme <= 720, "all the rest is one AddProgram"
    assert answered < 14 + 6 + 3 * 256
    _frame, again, _answered = cost("huidu", Link.NET, panel, again=True)
    assert abs(again - programme - time - playing) <= 2, "a page that was up before is not uploaded"


def test_huidu_http() -> None:
    panel = Panel("desk", 192, 96, ColorMode.RGB, 10)
    frame, sent, answered = cost("huidu-http", Link.NET, panel)
    assert sent - len(frame.data) < 1750
    assert answered < 1250
