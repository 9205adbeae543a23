"""The sign's end of the standard, without glass and without a port: memories, rules, errors.

The simulated sign draws what it holds; ``ledsign.ntcip_agent`` presents our own screen through it.
"""

from ledsign.protocol.ntcip.sign.memory import Graphic, Row, Shape, Shown
from ledsign.protocol.ntcip.sign.sign import Sign

__all__ = ["Graphic", "Row", "Shape", "Shown", "Sign"]
