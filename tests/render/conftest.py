"""Fixtures of the render room."""

from pathlib import Path

import pytest

from ledsign.panel import Panel, load_panels
from ledsign.policy import Policy, load_policy
from ledsign.render.atlas import Atlas, load


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("atlas")


@pytest.fixture(scope="session")
def atlas(cache: Path) -> Atlas:
    return load(cache)


@pytest.fixture(scope="session")
def policy(root: Path) -> Policy:
    return load_policy(root / "configs" / "policy.yaml")


@pytest.fixture(scope="session")
def panels(root: Path) -> dict[str, Panel]:
    return load_panels(root / "configs" / "panels.yaml")
