"""A file that a verb writes: the old one stays until the new one is whole."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ledsign.cli.common import Exit, fail


@contextlib.contextmanager
def written_whole(path: Path | None) -> Iterator[TextIO | None]:
    """A stream into a new file beside ``path`` that takes its place at the end; after an error nothing has changed.
    What is no plain file (a pipe, a device) is written to as it is. None for standard output. Line ends stay as they
    are written. What the disk refuses ends the verb."""
    if path is None:
        yield None
        return
    plain = path.is_file() or not path.exists()
    part = path.with_name(path.name + ".new") if plain else path
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            if plain:
                os.fsync(stream.fileno())
        if plain:
            part.replace(path)
    except OSError as error:
        if plain and part.is_file():
            part.unlink()
        fail(Exit.DATA, f"{path}: {error.strerror or error}")
    except BaseException:
        if plain:
            part.unlink(missing_ok=True)
        raise
