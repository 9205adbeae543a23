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
    None for standard output. Line ends stay as they are written. What the disk refuses ends the verb."""
    if path is None:
        yield None
        return
    part = path.with_name(path.name + ".new")
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        if part.is_file():
            part.unlink()
        fail(Exit.DATA, str(error))
    except BaseException:
        part.unlink(missing_ok=True)
        raise
