"""Checksums of the pages of all samples on all panels, in any process: ``python fingerprints.py ROOT CACHE``."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from ledsign.panel import load_panels
from ledsign.policy import load_policy
from ledsign.render import Renderer
from render.samples import assets, samples


def fingerprints(root: Path, cache: Path) -> Iterator[str]:
    """Panel, sample, pages, and one checksum over all of them, a line each."""
    policy = load_policy(root / "configs" / "policy.yaml")
    for name, panel in load_panels(root / "configs" / "panels.yaml").items():
        renderer = Renderer(panel, policy, cache)
        for sample, notice in samples().items():
            pages = renderer.render(notice, assets).pages
            digest = hashlib.sha256("".join(page.sha256 for page in pages).encode()).hexdigest()
            yield f"{name} {sample} {len(pages)} {digest[:16]}"


if __name__ == "__main__":
    for line in fingerprints(Path(sys.argv[1]), Path(sys.argv[2])):
        print(line)
