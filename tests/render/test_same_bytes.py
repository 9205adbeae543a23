"""The same notice gives the same bytes on every machine, whatever its locale, zone, hash seed or compiler.

``golden/pages.sha256`` was written on one machine and is compared on every other one that runs the tests. Photos
depend on Pillow's resampling: a release of Pillow that draws them otherwise shows here.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from render.fingerprints import fingerprints

REFERENCE = Path(__file__).parent / "golden" / "pages.sha256"


def test_the_pages_are_those_of_the_first_machine(root: Path, cache: Path, update_golden: bool) -> None:
    drawn = list(fingerprints(root, cache))
    if update_golden:
        REFERENCE.write_text("\n".join(drawn) + "\n", encoding="ascii")
    assert drawn == REFERENCE.read_text(encoding="ascii").splitlines()


SURROUNDINGS: dict[str, dict[str, str]] = {
    "other seed, zone and language": {"PYTHONHASHSEED": "7", "TZ": "America/New_York", "LC_ALL": "tr_TR.UTF-8"},
    "plain C locale, numpy only": {"PYTHONHASHSEED": "0", "LC_ALL": "C", "PYTHONUTF8": "0", "LEDSIGN_KERNEL": "0"},
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_surroundings_change_nothing(name: str, root: Path, cache: Path, update_golden: bool) -> None:
    if update_golden:
        pytest.skip("the reference is being written")
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "LD_LIBRARY_PATH", "HOME"}}
    script = Path(__file__).parent / "fingerprints.py"
    done = subprocess.run(
        [sys.executable, script, root, cache], capture_output=True, text=True, timeout=120, check=True,
        env={**kept, **SURROUNDINGS[name], "PYTHONPATH": os.pathsep.join((str(root), str(root / "tests")))},
    )  # fmt: skip
    assert done.stdout.splitlines() == REFERENCE.read_text(encoding="ascii").splitlines()
