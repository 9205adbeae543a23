"""Messages for people through gettext: English in the source, ``zh_CN`` complete beside it.

The language is Chinese unless the environment asks for another one by name (``LEDSIGN_LANG=en``, or a
locale such as ``en_US.UTF-8`` in ``LC_ALL``, ``LC_MESSAGES`` or ``LANG``): a village PC without a locale
speaks Chinese. JSON output never passes through here.
"""

import gettext
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path


def language(environ: Mapping[str, str]) -> str:
    """Language code the environment asks for, ``zh_CN`` when it asks for none."""
    for name in ("LEDSIGN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(name, "").split(".")[0]
        if value and value not in {"C", "POSIX"}:
            return value
    return "zh_CN"


@cache
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation(
        "ledsign", Path(__file__).resolve().parent / "locale", [language(os.environ)], fallback=True
    )


def _(message: str) -> str:
    """The message in the user's language."""
    return _catalogue().gettext(message)
