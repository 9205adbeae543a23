"""Card families: messages and codecs. No port, no clock, no file: bytes and values only."""
