"""Pixel streams: frames of plain pixels in datagrams that nobody answers. Public names: the three codecs."""

from ledsign.protocol.pixelstream.artnet import ArtNet
from ledsign.protocol.pixelstream.ddp import DDP
from ledsign.protocol.pixelstream.sacn import SACN

__all__ = ["DDP", "SACN", "ArtNet"]
