"""NTCIP 1203 dynamic message signs: SNMPv1 over UDP, or in HDLC frames on TCP and serial lines."""

from ledsign.protocol.ntcip.codec import NTCIP

__all__ = ["NTCIP"]
