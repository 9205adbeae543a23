"""Notice to pixels: ``Renderer(panel, policy).render(notice, assets)`` gives pages, ``pack`` gives frames."""

from ledsign.render.fonts import MissingGlyph
from ledsign.render.pack import pack
from ledsign.render.pages import Rendered, Renderer

__all__ = ["MissingGlyph", "Rendered", "Renderer", "pack"]
