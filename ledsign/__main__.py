"""``python -m ledsign`` is the same program as ``ledsign``."""

from ledsign.cli import main

main()
