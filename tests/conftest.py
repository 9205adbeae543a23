"""Fixtures for all rooms."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

# the same examples on every run: a change is judged by what it changed; HYPOTHESIS_PROFILE=default searches anew
settings.register_profile("steady", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

os.environ["LEDSIGN_LANG"] = "en"  # tests read the source's own messages, wherever they run

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What a test opens, closed at its end."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture(params=["tcp", "pty"])
def listen(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a simulated card is to listen: a network, and a line."""
    return "tcp://127.0.0.1:0" if request.param == "tcp" else f"pty://{tmp_path}/ttyLED"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference data beside the checkout (``LEDSIGN_SHARED`` names another place)."""
    path = Path(os.environ.get("LEDSIGN_SHARED", ROOT.parent / "shared"))
    if not (path / "corpus" / "index.json").exists():
        pytest.skip("the shared reference data is not beside this checkout")
    return path


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    return shared / "corpus"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew")
    parser.addoption("--kills", type=int, default=4, help="how often the daemon is killed (make kill: 50)")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
