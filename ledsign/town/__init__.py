"""The embedded town platform: an API for screens and staff, its storage, its signing key."""

from ledsign.town.access import ApiKey, Role
from ledsign.town.config import Limits, TownConfig, load_town
from ledsign.town.server import Running, serve
from ledsign.town.signing import Signing, make_signing

__all__ = ["ApiKey", "Limits", "Role", "Running", "Signing", "TownConfig", "load_town", "make_signing", "serve"]
