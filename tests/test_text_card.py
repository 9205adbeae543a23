"""A card with fonts of its own, end to end: it is told words, and the evidence says that words are all it proves."""

import json
from datetime import UTC, datetime
from pathlib import Path

from ledsign.checks import Grade, static_checks
from ledsign.clock import SystemClock
from ledsign.config import load_config
from ledsign.database import read_only
from ledsign.panel import load_panels
from ledsign.stage import Setting, play, set_stage
from ledsign.town.samples import load_samples

BUILT = datetime(2026, 1, 1, tzinfo=UTC)


def test_words_are_shown_recorded_as_words_and_never_as_a_picture(root: Path, tmp_path: Path) -> None:
    panel = load_panels(root / "configs" / "panels.yaml")["p10-192x96-mono"]
    clock = SystemClock()
    with set_stage(Setting(panel, "990203104205", tmp_path / "out", family="bxk", pace=0.05), clock) as stage:
        with play(stage, clock) as daemon:
            since = clock.monotonic()
            notice = stage.publish(load_samples()[3])
            assert stage.lit(notice, since, 15) is not None
            assert stage.card.wait_for(lambda card: len(card.shown) >= 4, 30)
        assert daemon.ledger.verify().ok
        assert all(entry.sha256 in stage.pages for entry in stage.card.shown)
        state = stage.config.parent / "state"
        connection = read_only(state / "ledsign.db")
        try:
            lines = [json.loads(line) for (line,) in connection.execute("SELECT line FROM ledger ORDER BY seq")]
        finally:
            connection.close()
        rows = [line for line in lines if line["row"] == "shown"]
        pages = [page for owner, page in stage.pages.values() if owner is not None]
        assert rows
        for row in rows:
            assert row["form"] == "text"
            assert row["page_sha256"] in {page.words_sha256 for page in pages}
            assert row["page_sha256"] not in {page.sha256 for page in pages}
        assert not list(state.rglob("*.png"))
        found = {each.name: each for each in static_checks(load_config(stage.config), clock, BUILT)}
        assert found["line.main"].grade is Grade.WARN
