"""Onbon BX-K: cards with fonts of their own, which take text and no pictures. One public name: the codec."""

from ledsign.protocol.bxk.codec import BXK

__all__ = ["BXK"]
