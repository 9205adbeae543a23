"""The disclosure policy: our list's figures, strict reading, terms, and overrides that may only tighten."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledsign.errors import ConfigError
from ledsign.feed.parse import parse_notice
from ledsign.notice import Notice, Urgency
from ledsign.policy import Policy, effective_retention, load_policy
from ledsign.tighten import merge
from notices import draft

QUIET = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def path(root: Path) -> Path:
    return root / "configs" / "policy.yaml"


@pytest.fixture(scope="module")
def policy(path: Path) -> Policy:
    return load_policy(path)


@pytest.fixture(scope="module")
def dawukou(path: Path) -> Policy:
    return load_policy(path, "dawukou")


@pytest.fixture(scope="module")
def one_of_each(policy: Policy) -> list[Notice]:
    """A notice of every item of the catalogue."""
    return [parse_notice(draft(item=item.code, category=item.code[:3])) for item in policy.items.values()]


def test_our_list_has_the_published_counts(policy: Policy) -> None:
    assert policy.counts == (12, 88, 63)


def test_figures_agree_with_the_reference_and_no_item_name_is_copied(policy: Policy, shared: Path) -> None:
    reference = load_policy(shared / "policy" / "default-policy.yaml")
    for field in dataclasses.fields(Policy):
        if field.name not in {"version", "categories", "items"}:
            assert getattr(policy, field.name) == getattr(reference, field.name), field.name
    assert [c.name for c in policy.categories.values()] == [c.name for c in reference.categories.values()]
    for code, item in reference.items.items():
        own = policy.items[code]
        assert own.name != item.name
        assert dataclasses.replace(own, name="", source="") == dataclasses.replace(item, name="", source="")


def test_values(policy: Policy) -> None:
    assert (policy.hours.open, policy.hours.close) == (390, 1290)
    assert policy.urgency_weights == {Urgency.URGENT: 8, Urgency.IMPORTANT: 3, Urgency.ROUTINE: 1}
    assert [policy.min_daily_shows.required(pages) for pages in (1, 6, 7, 60, 61)] == [6, 6, 3, 3, 1]
    assert policy.dwell.blank_s == 0.3
    assert policy.item("C07-99") is None


@pytest.mark.parametrize(
    ("item", "asked", "strict", "easier"),
    [
        ("C10-02", 3, 10, 7),  # the floor wins over a notice that asks less
        ("C10-02", 30, 30, 30),  # a notice may ask more
        ("C02-01", 10, 183, 183),  # long-standing content
        ("C12-07", 0, 30, 30),  # the item's own term, not the floor
        ("C05-01", 0, 0, 0),  # a call ends with its meeting
        ("C05-01", 5, 5, 5),
        ("C12-01", 0, 0, 0),
        ("C10-99", 0, 10, 7),  # unknown item: treated as disclosure
    ],
)
def test_effective_retention(
    policy: Policy, dawukou: Policy, item: str, asked: int, strict: int, easier: int
) -> None:
    notice = parse_notice(draft(item=item, category=item[:3], display__retain_min_days=asked))
    assert effective_retention(notice, policy) == strict
    assert effective_retention(notice, dawukou) == easier


def test_profile_dawukou_needs_no_supervisors(policy: Policy, dawukou: Policy) -> None:
    assert dawukou.approval.optional == ("supervisory_review",)
    assert policy.approval.optional == ()


def test_unknown_profile(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"policy\.yaml:\d+: profiles: no profile 'loose'; known: strict, dawukou"):
        load_policy(path, "loose")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('open: "06:30"', "open: 6:30", "6:30 would load as a number; write it in quotes"),
        ("emergency_overrides_hours: true", "emergency_overrides_hours: yes", "would load as a boolean"),
        ("min_seconds: 5", "min_secnds: 5", "display.page.min_secnds: unknown key; did you mean 'min_seconds'?"),
        ("proofread_rounds: 3", "proofread_rounds: 3\n  proofread_rounds: 1", "'proofread_rounds' stands twice"),
        ("code: C01-02", "code: C01-01", "item C01-01 stands twice"),
        ("code: C01-02", "code: C02-99", "item C02-99 does not belong to category C01"),
        ("timezone: Asia/Shanghai", "timezone: Asia/Nowhere", "no time zone"),
        ("retain_floor_days: 7", "retain_floor_days: seven", "retain_floor_days"),
        ("active_profile: strict", "active_profile: none", "no profile 'none'"),
        ("form: text, frequency: event, due: null,", "form: text, frequency: event,", "due: this key is missing"),
        ("mode: tighten_only", "mode: anything", "override_rule.mode"),
    ],
)
def test_faults_name_file_and_line(path: Path, tmp_path: Path, before: str, after: str, message: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    broken = tmp_path / "policy.yaml"
    broken.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_policy(broken)
    assert message in str(caught.value)
    line = text[: text.index(before)].count("\n") + 1
    assert any(f"policy.yaml:{near}:" in str(caught.value) for near in (line - 1, line, line + 1))


HEAD = "schema: ledsign.policy-override/1\nversion: local\n"


def _merged(policy: Policy, tmp_path: Path, text: str) -> Policy:
    override = tmp_path / "override.yaml"
    override.write_text(HEAD + text, encoding="utf-8")
    return merge(policy, override)


def test_override_tightens(policy: Policy, tmp_path: Path) -> None:
    merged = _merged(
        policy,
        tmp_path,
        "retain_floor_days: 14\n"
        "due: {month_fixed_day: 25, quarter_day: 8, realtime_hours: 12}\n"
        "limits: {rows: 500}\n"
        "sensitive_words: [某词]\n"
        "items:\n  - {code: C07-01, retain_min_days: 31, until_replaced: true}\n"
        "add_items:\n  - {code: C10-07, name: 路灯维护, form: table, frequency: quarter, due: quarter_day,\n"
        "     retain_min_days: 10, until_replaced: true, archive: 10年, pii: none, guide_dept: null}\n",
    )
    assert merged.retain_floor_days == 14
    assert (merged.deadlines.month_day, merged.deadlines.quarter_day, merged.deadlines.realtime_hours) == (25, 8, 12)
    assert merged.limits.rows == 500
    assert merged.limits.bytes == policy.limits.bytes
    assert merged.sensitive_words == ("某词",)
    assert merged.items["C07-01"].retain_min_days == 31
    assert merged.counts == (12, 89, 64)
    assert merged.categories["C10"].items[-1].name == "路灯维护"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("retain_floor_days: 9\n", "override.yaml:3: retain_floor_days: 9 would loosen"),
        ("due: {month_fixed_day: 31}\n", "due.month_fixed_day"),
        ("limits:\n  rows: 1001\n", "override.yaml:4: limits.rows"),
        ("proofread_rounds: 2\n", "proofread_rounds"),
        ("items:\n  - {code: C02-01, retain_min_days: 30}\n", "items.0.retain_min_days"),
        ("items:\n  - {code: C02-01, until_replaced: false}\n", "items.0.until_replaced"),
        ("items:\n  - {code: C02-77, retain_min_days: 30}\n", "no item C02-77"),
        ("sensitive_wrods: []\n", "did you mean 'sensitive_words'?"),
    ],
)
def test_override_that_loosens_is_refused(policy: Policy, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _merged(policy, tmp_path, text)
    assert message in str(caught.value)


@QUIET
@given(
    floor=st.integers(0, 60),
    code=st.sampled_from(["C01-01", "C02-01", "C05-01", "C07-01", "C12-07", "C12-01"]),
    days=st.integers(0, 400),
    day=st.integers(1, 31),
    rows=st.integers(0, 2000),
)
def test_no_override_loosens_anything(
    policy: Policy, one_of_each: list[Notice], tmp_path: Path, floor: int, code: str, days: int, day: int, rows: int
) -> None:
    text = (
        f"retain_floor_days: {floor}\ndue: {{month_fixed_day: {day}}}\nlimits: {{rows: {rows}}}\n"
        f"items:\n  - {{code: {code}, retain_min_days: {days}}}\n"
    )
    try:
        merged = _merged(policy, tmp_path, text)
    except ConfigError:
        return
    for notice in one_of_each:
        assert effective_retention(notice, merged) >= effective_retention(notice, policy)
    assert merged.deadlines.month_day <= policy.deadlines.month_day
    assert merged.limits.rows <= policy.limits.rows
