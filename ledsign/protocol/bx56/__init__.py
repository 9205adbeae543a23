"""Onbon BX-5 and BX-6 graphics cards on serial lines and TCP. One public name: the codec."""

from ledsign.protocol.bx56.codec import BX56

__all__ = ["BX56"]
