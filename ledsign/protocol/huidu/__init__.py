"""HuiDu full-colour cards: SDK2 (XML and files on TCP 10001). One public name: the codec."""

from ledsign.protocol.huidu.codec import HuiDu

__all__ = ["HuiDu"]
