"""An uploaded picture: is it what its name promises, and small enough for every screen's decoder?"""

import hashlib
import io

from PIL import Image, UnidentifiedImageError

from ledsign.town.access import DeniedError

_FORMATS = ("PNG", "JPEG", "GIF")


def check_asset(data: bytes, sha256: str, max_pixels: int) -> str:
    """Media type of ``data``. Only the header is read, nothing is decoded.

    Raises DeniedError 422: asset_digest, asset_type, asset_pixels.
    """
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DeniedError(422, "asset_digest", "the bytes have another SHA-256")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            width, height, media_type = *image.size, image.get_format_mimetype()
    except Image.DecompressionBombError as error:
        raise DeniedError(422, "asset_pixels", f"at most {max_pixels} pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise DeniedError(422, "asset_type", "expected PNG, JPEG or GIF") from error
    if width * height > max_pixels:
        raise DeniedError(422, "asset_pixels", f"{width}×{height}, at most {max_pixels} pixels")
    return media_type or "application/octet-stream"
