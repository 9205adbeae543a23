"""HuiDu cards on HTTP SDK 3.0 (JSON on port 30080). One public name: the codec."""

from ledsign.protocol.huidu_http.codec import HuiDuHttp

__all__ = ["HuiDuHttp"]
