"""Codes as a phone sees them: round dots, tilted, a little out of focus (``tools/qr_camera.py`` in full)."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render import Renderer
from render.samples import assets, samples

SHOTS = 6


@pytest.fixture(scope="module")
def camera(root: Path) -> ModuleType:
    pytest.importorskip("zxingcpp")
    spec = importlib.util.spec_from_file_location("qr_camera", root / "tools" / "qr_camera.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["p10-192x96-mono", "p10-256x128-dual", "p5-512x256-rgb"])
def test_every_shot_is_read(
    name: str, camera: ModuleType, panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    found = list(camera.codes(samples()["qr"], Renderer(panels[name], policy, cache), assets))
    assert len(found) == 1
    for part, text, module in found:
        read = camera.read(part, text, SHOTS)
        assert read == SHOTS if module >= 3 else read >= SHOTS - 1, (module, read)


def test_a_code_whose_dots_are_missing_is_not_read(
    camera: ModuleType, panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    """The camera is not so kind as to read anything."""
    part, text, _ = next(camera.codes(samples()["qr"], Renderer(panels["p10-320x160-mono"], policy, cache), assets))
    broken = part.copy()
    broken[::2] = 0
    broken[:, 40:60] = 0
    assert camera.read(broken, text, 2) == 0
