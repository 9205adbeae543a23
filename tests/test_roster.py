"""A long roster end to end: its digest page says when the full text runs, and that is when it runs."""

import json
from contextlib import closing
from datetime import datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from click.testing import CliRunner

from ledsign.cli.ledger import ledger
from ledsign.clock import ShiftedClock
from ledsign.database import read_only
from ledsign.frame import PageKind
from ledsign.panel import load_panels
from ledsign.stage import Setting, Stage, play, set_stage
from ledsign.town.samples import Sample, load_samples

ZONE = ZoneInfo("Asia/Shanghai")
AHEAD_S = 25.0  # of the announced time; the announcement is on the glass within a few


def roster() -> Sample:
    """A sample with a table of sixty households in place of its thirty: 94 pages on a small panel."""
    sample = next(each for each in load_samples() if each.path.stem == "s09-subsidy")
    document = json.loads(sample.raw)
    table = next(block for block in document["body"] if block["type"] == "table")
    thirty = [row for row in table["rows"] if row[0].isdecimal()]
    table["rows"] = [[str(number + 1), *thirty[number % len(thirty)][1:]] for number in range(60)]
    return Sample(sample.path, json.dumps(document).encode(), document)


def rows_of(stage: Stage, notice_id: str) -> list[dict[str, Any]]:
    with closing(read_only(stage.config.parent / "state" / "ledsign.db")) as connection:
        lines = connection.execute("SELECT line FROM ledger WHERE notice = ? ORDER BY seq", (notice_id,))
        return [json.loads(line) for (line,) in lines]


def test_a_roster_is_announced_on_its_digest_page_and_runs_at_that_time(root: Path, tmp_path: Path) -> None:
    four = datetime.combine(datetime.now(ZONE).date() + timedelta(days=1), clock_time(16), ZONE)
    panel = load_panels(root / "configs" / "panels.yaml")["p10-192x96-mono"]
    clock = ShiftedClock(four - timedelta(seconds=AHEAD_S))
    with set_stage(Setting(panel, "990203104205", tmp_path / "out", pace=0.05), clock) as stage:
        with play(stage, clock):
            other = stage.publish(load_samples()[3])
            assert stage.card.wait_for(lambda card: len(card.shown) >= 7, 20)  # its whole text pays for a digest page
            assert stage.is_page_of(stage.card.glass, other)
            long = stage.publish(roster())
            known = [page for owner, page in stage.pages.values() if owner is not None and owner.id == long.id]
            assert max(page.of for page in known) > 60
            plain, announcing = [page for page in known if page.kind is PageKind.DIGEST]
            assert plain.sha256 != announcing.sha256
            while clock.now() < four + timedelta(seconds=30) and _later_pages(stage, long.id, four) < 4:
                clock.sleep(0.2)
        assert all(entry.sha256 in stage.pages for entry in stage.card.shown), "also the announcing page is known"
        rows = rows_of(stage, long.id)
        digests = [row for row in rows if row["kind"] == PageKind.DIGEST]
        assert digests, "it was announced before its time"
        assert {row["page_sha256"] for row in digests} == {announcing.sha256}
        later = [row for row in rows if row["n"] and datetime.fromisoformat(row["shown_at"]) >= four]
        full = later[later[0]["n"] > 1 :]  # one page of the introduction may have been on its way at four
        assert [row["n"] for row in full[:3]] == [1, 2, 3], "the full text runs from its first page"
        late = datetime.fromisoformat(full[0]["shown_at"]) - four
        assert late <= timedelta(seconds=15), "within a turn of its time"
        assert {row["page_sha256"] for row in full} <= {entry.sha256 for entry in stage.card.shown}
        out = tmp_path / "certificate.html"
        order = ["certificate", long.id, "--config", str(stage.config), "--format", "html", "--out", str(out)]
        made = CliRunner().invoke(ledger, order)
        assert made.exit_code == 0, made.output
        text = out.read_text(encoding="utf-8")
        assert text.count("摘要页") == 1
        assert text.index("摘要页") < text.index("第 1 页") < text.index("第 2 页")


def _later_pages(stage: Stage, notice_id: str, since: datetime) -> int:
    return sum(row["n"] > 0 and datetime.fromisoformat(row["shown_at"]) >= since for row in rows_of(stage, notice_id))
