"""The renderer that suits a card."""

from pathlib import Path

from ledsign.frame import PixelFormat
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render.pack import most_colours, shows_shades
from ledsign.render.pages import Renderer


def renderer_for(panel: Panel, policy: Policy, cache: Path | None, form: PixelFormat) -> Renderer:
    """Draws for a card that takes its pages in this form. ``cache``: folder of unpacked atlases, None for none."""
    return Renderer(panel, policy, cache, most_colours(form), form is PixelFormat.TEXT, shows_shades(form))
