"""All 80 files of the reference corpus agree with their oracles, at their clock and screen, in their order."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from ledsign.database import Database
from ledsign.feed.accept import Context, Verdict, judge
from ledsign.feed.integrity import load_keys
from ledsign.feed.store import Store
from ledsign.policy import load_policy

SCREEN = "990102101201"
REASONS = {  # the oracle's words for what the program names by one word
    "p08-xichuan-2017-repealed.json": "repealed",
    "p36-withdrawn-privacy.json": "withdrawn",
    "negative/n17-not-yet.json": "not_before",
    "negative/n20-alert-expired-on-arrival.json": "alert_expired",
    "negative/n34-late-alert-already-cancelled.json": "alert_cancelled",
}
DEGRADED = {
    "negative/n11-unknown-block.json": ("unknown_block",),
    "negative/n25-asset-traversal-ssrf.json": ("asset_refused", "asset_refused"),
}


@pytest.fixture(scope="module")
def verdicts(corpus: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Verdict]]:
    """Every file judged in the order of the index, with memory from one to the next."""
    index = json.loads((corpus / "index.json").read_text(encoding="utf-8"))
    keys, policy = load_keys(corpus / "public-test-keys.json"), load_policy(root / "configs" / "policy.yaml")
    with Database(tmp_path_factory.mktemp("oracle") / "state.db", ballast_bytes=4096) as database:
        store = Store(database)
        result = {}
        for entry in [*index["notices"], *index["negative"]]:
            now = datetime.fromisoformat(entry.get("clock", index["test_clock"]))
            context = Context(SCREEN, keys, policy, now, store.known, store.cancelled())
            raw = (corpus / entry["file"]).read_bytes()
            result[entry["file"]] = verdict = judge(raw, context)
            store.apply(verdict, raw, now)
        yield result


def test_all_of_them(corpus: Path, verdicts: dict[str, Verdict]) -> None:
    index = json.loads((corpus / "index.json").read_text(encoding="utf-8"))
    entries = [*index["notices"], *index["negative"]]
    assert len(entries) == 80
    wrong = [entry["file"] for entry in entries if not _agrees(entry, verdicts[entry["file"]])]
    assert wrong == []


def _agrees(entry: dict[str, dict[str, object]], verdict: Verdict) -> bool:
    name, expect = str(entry["file"]), entry["expect"]
    if verdict.accept is not expect["accept"]:
        return False
    if not verdict.accept:
        kinds = [hit.kind for hit in verdict.pii if hit.severity == "block"]
        cells = [list(hit.cell) for hit in verdict.pii if hit.cell]
        return (
            verdict.reason == expect["reason"]
            and kinds == expect.get("kinds", kinds)
            and cells == expect.get("cells", cells)
        )
    lint = expect.get("lint", [])
    assert isinstance(lint, list)
    return (
        verdict.display is expect.get("display", verdict.display)
        and verdict.display_reason == REASONS.get(name, verdict.display_reason)
        and set(lint) <= set(verdict.lint)
        and verdict.preempts is (expect.get("preempts", verdict.preempts))
        and verdict.degrade == DEGRADED.get(name, ())
        and not any(hit.severity == "block" for hit in verdict.pii)
    )


def test_retention_of_the_named_cases(corpus: Path, root: Path, verdicts: dict[str, Verdict]) -> None:
    assert verdicts["p23-dibao-7days.json"].retain_days == 10
    assert verdicts["p13-meeting-call-short.json"].retain_days == 5  # only what the call itself asks
    low = verdicts["negative/n18-retention-below-policy.json"]
    assert low.retain_days == 10
    assert "policy_tightened" in low.lint
    policy = load_policy(root / "configs" / "policy.yaml", "dawukou")
    keys = load_keys(corpus / "public-test-keys.json")
    context = Context(SCREEN, keys, policy, datetime.fromisoformat("2026-11-21T09:00:00+08:00"))
    assert judge((corpus / "p23-dibao-7days.json").read_bytes(), context).retain_days == 7


def test_warnings_of_n16_and_quiet_of_the_clean_copy(verdicts: dict[str, Verdict]) -> None:
    public = verdicts["negative/n16-not-pii-public-contact.json"]
    assert [(hit.kind, hit.severity) for hit in public.pii] == [("long_number", "warn")]
    assert "undeclared_phone" in public.lint
    assert set(verdicts["p38-dawukou-clean-hant.json"].lint) <= {"policy_tightened"}


def test_the_reference_policy_gives_the_same_answers(
    corpus: Path, shared: Path, verdicts: dict[str, Verdict]
) -> None:
    policy = load_policy(shared / "policy" / "default-policy.yaml")
    keys = load_keys(corpus / "public-test-keys.json")
    context = Context(SCREEN, keys, policy, datetime.fromisoformat("2026-11-21T09:00:00+08:00"))
    for path in sorted(corpus.glob("p[0-9]*.json")):
        assert judge(path.read_bytes(), context).retain_days == verdicts[path.name].retain_days


def test_during_the_flood(corpus: Path, root: Path, tmp_path: Path) -> None:
    """At its own time p29 takes the screen, p30 ends it and is itself shown until it expires."""
    keys, policy = load_keys(corpus / "public-test-keys.json"), load_policy(root / "configs" / "policy.yaml")
    with Database(tmp_path / "state.db", ballast_bytes=4096) as database:
        store = Store(database)

        def deliver(name: str, at: str) -> Verdict:
            now = datetime.fromisoformat(at)
            context = Context(SCREEN, keys, policy, now, store.known, store.cancelled())
            raw = (corpus / name).read_bytes()
            verdict = judge(raw, context)
            store.apply(verdict, raw, now)
            return verdict

        flood = deliver("p29-flood-red-emergency.json", "2026-11-07T06:02:35+08:00")
        assert (flood.display, flood.preempts) == (True, True)
        cancel = deliver("p30-flood-cancel.json", "2026-11-07T10:41:05+08:00")
        assert (cancel.display, cancel.preempts) == (True, False)
        again = deliver("p29-flood-red-emergency.json", "2026-11-07T10:42:00+08:00")
        assert (again.display, again.display_reason) == (False, "alert_cancelled")
