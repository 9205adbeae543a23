"""Where the files that travel with the program are: in the wheel under ``data/``, in a checkout at the top."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Path of a shipped file such as ``resource("configs", "panels.yaml")``.

    Raises FileNotFoundError when neither an installed package nor a checkout holds it.
    """
    for root in (_PACKAGE / "data", _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError("/".join(parts))
