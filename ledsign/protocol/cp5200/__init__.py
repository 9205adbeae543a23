"""C-Power 5200 / CP5200: multi-window cards on serial lines and TCP. One public name: the codec."""

from ledsign.protocol.cp5200.codec import CP5200

__all__ = ["CP5200"]
