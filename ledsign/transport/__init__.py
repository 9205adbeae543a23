"""A pipe of bytes without meaning, named by a URL (``address``).

Every failure is a TransportError. After one the pipe is closed and never used again: how many bytes of the
last write went out is unknown, so whoever opens the line anew must resynchronise.
"""

from ledsign.transport.address import Address, parse_url, public_url
from ledsign.transport.line import Transport
from ledsign.transport.opener import Opener, open_transport

__all__ = ["Address", "Opener", "Transport", "open_transport", "parse_url", "public_url"]
