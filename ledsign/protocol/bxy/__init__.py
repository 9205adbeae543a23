"""Onbon BX-Y full-colour cards: JSON over HTTP. One public name: the codec."""

from ledsign.protocol.bxy.codec import BXY

__all__ = ["BXY"]
