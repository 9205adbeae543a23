"""The size that a card is set to against the panel's: on another one every page would be cut or stand wrong."""

from collections.abc import Mapping

from ledsign.errors import CardUnusableError
from ledsign.protocol.message import CardInfo, Prepare


def check_screen(width: int, height: int, panel: Prepare) -> None:
    """``width``, ``height``: LEDs, as the card says, 0 where it does not. Raises CardUnusableError (code 0) when
    they are not the panel's."""
    if width and height and (width, height) != (panel.width, panel.height):
        raise CardUnusableError(
            0, f"card is set to a screen of {width}x{height}, the panel is {panel.width}x{panel.height}"
        )


def check_named_screen(details: Mapping[str, str], panel: Prepare) -> None:
    """The same with ``screen`` (``64x32``) and ``rotation`` (degrees) of a card's details. One that is turned by a
    quarter may name width and height either way."""
    width, _x, height = details.get("screen", "").partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        return
    turned = details.get("rotation", "0") not in ("", "0", "180")
    if not (turned and (int(height), int(width)) == (panel.width, panel.height)):
        check_screen(int(width), int(height), panel)


def check_told(info: CardInfo | None, panel: Prepare) -> None:
    """The same for a card whose details have its ``size`` as WxH; one that tells none is not checked."""
    check_named_screen({"screen": info.details.get("size", "")} if info else {}, panel)
