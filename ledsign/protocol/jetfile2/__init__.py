"""JetFile II: signs of Chainzone / Texcellent and their rebrands. One public name: the codec."""

from ledsign.protocol.jetfile2.codec import JetFile2

__all__ = ["JetFile2"]
