"""A state that cannot be opened: the safe page stands in, nothing is lost, and the screen comes back by itself."""

import threading
from pathlib import Path

import pytest

from ledsign.clock import SystemClock
from ledsign.config import load_config
from ledsign.daemon import Daemon
from ledsign.database import Database
from ledsign.errors import HeldError, StoreError
from ledsign.panel import load_panels
from ledsign.stage import Setting, Stage, set_stage
from ledsign.standin import opened


@pytest.fixture
def stage(root: Path, tmp_path: Path) -> object:
    panel = load_panels(root / "configs" / "panels.yaml")["p10-192x96-mono"]
    with set_stage(Setting(panel, "990203104205", tmp_path / "out", pace=0.05), SystemClock()) as made:
        yield made


def test_a_damaged_database_leaves_the_safe_page_lit_until_it_is_put_right(stage: Stage) -> None:
    config, clock, stop = load_config(stage.config), SystemClock(), threading.Event()
    file = config.state / "ledsign.db"
    Daemon(config, clock).database.close()
    whole = file.read_bytes()
    damaged = b"no database at all" * 500
    file.write_bytes(damaged)
    found: list[Daemon | None] = []
    waiting = threading.Thread(
        target=lambda: found.append(opened(lambda: Daemon(config, clock), config, clock, stop, retry_s=0.5))
    )
    waiting.start()
    try:
        safe = {name for name, (notice, _page) in stage.pages.items() if notice is None}
        assert stage.card.wait_for(lambda card: card.glass in safe, 30)
        assert file.read_bytes() == damaged, "the damaged file is left to whoever can mend it"
        assert not found
        file.write_bytes(whole)
        waiting.join(20)
        assert found
        assert found[0] is not None
        found[0].database.close()
    finally:
        stop.set()
        waiting.join(20)


def test_what_fails_behind_the_database_lets_go_of_it(stage: Stage) -> None:
    """Else the next try would find the state held by this very process."""
    config, clock = load_config(stage.config), SystemClock()
    Daemon(config, clock).database.close()
    key = config.state / "device.key"
    key.chmod(0o644)
    with pytest.raises(StoreError, match=r"device\.key"):
        Daemon(config, clock)
    key.chmod(0o600)
    Daemon(config, clock).database.close()


def test_the_stand_in_ends_when_it_is_told_to_and_yields_to_another_daemon(stage: Stage) -> None:
    config, clock, stop = load_config(stage.config), SystemClock(), threading.Event()
    with Database(config.state / "ledsign.db"):
        with pytest.raises(HeldError):
            opened(lambda: Daemon(config, clock), config, clock, stop)
        assert not stage.card.shown, "the other one has the screen"
    stop.set()
    assert opened(lambda: Daemon(config, clock), config, clock, stop) is None
