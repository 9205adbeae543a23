"""The compiled kernel (``kernel.c``), where it was built; numpy does the same without it, byte for byte.

``LEDSIGN_KERNEL=0`` in the environment turns it off.
"""

import os
from functools import cache
from types import ModuleType


@cache
def kernel() -> ModuleType | None:
    """The module, None where there is none or it is turned off."""
    if os.environ.get("LEDSIGN_KERNEL") == "0":
        return None
    try:
        from ledsign.render import _kernel  # it may not be there
    except ImportError:
        return None
    return _kernel if hasattr(_kernel, "breaks") else None  # else built from an older source
