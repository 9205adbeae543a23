"""A running town on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import FakeClock
from ledsign.town import serve
from townkit import Desk, town_config


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def desk(tmp_path: Path, clock: FakeClock) -> Iterator[Desk]:
    with serve(tmp_path / "town", town_config(), clock) as running:
        desk = Desk(running, clock)
        try:
            yield desk
        finally:
            desk.session.close()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One town for all tests in which every request is refused."""
    clock = FakeClock()
    with serve(tmp_path_factory.mktemp("town"), town_config(), clock) as running:
        desk = Desk(running, clock)
        try:
            yield desk
        finally:
            desk.session.close()
