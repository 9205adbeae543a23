"""Pixel streams: frames of plain pixels in datagrams that nobody answers. One codec a module: ``artnet`` and ``sacn``
load the library of their protocol, which a line that speaks another one does not need."""
