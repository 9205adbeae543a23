"""The accept rule, reason by reason, and what is reported about an accepted notice."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.feed.accept import Context, Known, Verdict, judge
from ledsign.feed.parse import digest_of
from ledsign.feed.strictjson import JsonObject
from ledsign.notice import Image
from ledsign.policy import load_policy
from notices import ALERT, COUNTY, KEYS, SCREEN, TOWN, draft, emergency, image, paragraph, raw, table, withdrawal

NOW = datetime.fromisoformat("2026-11-21T09:00:00+08:00")
OTHER = "990203104206"


@pytest.fixture(scope="module")
def context(root: Path) -> Context:
    return Context(SCREEN, KEYS, load_policy(root / "configs" / "policy.yaml"), NOW)


def _steps(document: JsonObject, change: Callable[[dict[str, JsonObject]], None]) -> JsonObject:
    """The document with its approval steps changed; ``change`` gets them by name."""
    changed = copy.deepcopy(document)
    approval = changed["approval"]
    assert isinstance(approval, dict)
    rows = approval["steps"]
    assert isinstance(rows, list)
    by_name = {str(row["step"]): row for row in rows if isinstance(row, dict)}
    change(by_name)
    approval["steps"] = list(by_name.values())
    return changed


def _known(document: JsonObject, withdrawn: bool = False) -> Callable[[str], Known | None]:
    revision = document["revision"]
    assert isinstance(revision, int)
    return {document["id"]: Known(revision, digest_of(document), withdrawn)}.get  # type: ignore[return-value]


def test_a_lawful_notice(context: Context) -> None:
    verdict = judge(raw(draft()), context)
    assert verdict.notice is not None
    assert verdict == Verdict(
        True, id=str(draft()["id"]), revision=1, notice=verdict.notice, display=True, retain_days=10
    )


def _drop(name: str) -> Callable[[dict[str, JsonObject]], None]:
    return lambda steps: steps.__delitem__(name)


def _put(name: str, member: str, value: str) -> Callable[[dict[str, JsonObject]], None]:
    return lambda steps: steps[name].__setitem__(member, value)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (draft(category="C13", item="C13-01"), "unknown_category"),
        (draft(category="文化"), "unknown_category"),
        (draft(status="draft"), "status_not_published"),
        (draft(status="approved"), "status_not_published"),
        (draft(targets=[OTHER]), "not_targeted"),
        (draft(village_code=OTHER), "not_targeted"),  # another village cannot speak here
        (_steps(draft(), _drop("secretary_signoff")), "approval_incomplete"),
        (_steps(draft(), _drop("publish")), "approval_incomplete"),
        (_steps(draft(), _put("draft", "actor", " ")), "approval_incomplete"),
        (_steps(draft(), _put("secretary_signoff", "actor", "监委会主任")), "approval_incomplete"),
        (_steps(draft(), _put("supervisory_review", "result", "reject")), "approval_rejected"),
        (_steps(draft(), _put("supervisory_review", "at", "2026-11-20T09:05:00+08:00")), "approval_order"),
        (_steps(draft(), _put("draft", "at", "2026-11-20T01:00:00+00:00")), "approval_order"),  # 09:00 in China
        (draft(approval__proofread=[]), "approval_incomplete:proofread"),
        (draft(approval__checks__secrecy="fail"), "check_failed:secrecy"),
        (draft(approval__checks__typo="pending"), "check_failed:typo"),
        (draft(approval__procedure="emergency"), "approval_incomplete:emergency"),  # no way round the chain
        (draft(urgency="emergency"), "approval_incomplete:emergency"),
        (emergency(alert=None), "approval_incomplete:emergency"),
        (emergency(urgency="routine"), "approval_incomplete:emergency"),
        (_steps(emergency(), _drop("second_check")), "approval_incomplete:emergency"),
        (_steps(emergency(), _put("second_check", "actor", "带班领导")), "approval_incomplete:emergency"),
        (_steps(emergency(), _put("second_check", "at", "2026-11-20T05:32:00+08:00")), "approval_order"),
        (draft(body=[table([["a", "b"]] * 600), table([["a", "b"]] * 401)]), "too_large"),
        (draft(body=[paragraph("电话13900001234")]), "pii"),
        (draft(title="张某13900001234"), "pii"),
    ],
)  # fmt: skip
def test_refusals(context: Context, document: JsonObject, reason: str) -> None:
    verdict = judge(raw(document), context)
    assert (verdict.accept, verdict.reason) == (False, reason)
    assert (verdict.id, verdict.revision) == (document["id"], 1)
    assert not verdict.display
    assert not verdict.preempts


def test_bytes_that_are_no_notice(context: Context) -> None:
    assert judge(b"{", context).reason == "malformed_json"
    assert judge(b"{}", context).reason == "schema"
    assert judge(b'{"schema":"ledsign.notice/9"}', context).reason == "schema_unsupported"
    assert judge(b'{"schema":"ledsign.notice/1","id":5,"revision":true}', context).reason == "unsigned"


def test_a_tighter_byte_limit_of_the_policy(context: Context) -> None:
    limits = replace(context.policy.limits, bytes=500)
    tight = replace(context, policy=replace(context.policy, limits=limits))
    assert judge(raw(draft()), tight).reason == "too_large"


@pytest.mark.parametrize("text", ["有敏感词在内", "有敏 感词在内", "敏\u200b感词", "ＡＢＣ", "abc"])
def test_sensitive_words(context: Context, text: str) -> None:
    policy = replace(context.policy, sensitive_words=("敏感词", "AbC"))
    verdict = judge(raw(draft(body=[paragraph(text)])), replace(context, policy=policy))
    assert (verdict.reason, verdict.detail) == ("sensitive_word", "/body/0/text")


@pytest.mark.parametrize(
    ("issuer", "targets"),
    [
        (SCREEN, [SCREEN]),
        (TOWN, [TOWN]),
        (TOWN, [OTHER, SCREEN]),
        (COUNTY, [COUNTY]),
        (COUNTY, [SCREEN]),
        (COUNTY, [TOWN]),
    ],
)
def test_three_levels_are_heard(context: Context, issuer: str, targets: list[str]) -> None:
    assert judge(raw(draft(village_code=issuer, targets=targets)), context).accept


def test_revisions(context: Context) -> None:
    second = draft(revision=2)
    after = replace(context, known=_known(second))
    assert judge(raw(second), after).accept  # the same again changes nothing
    assert judge(raw(draft()), after).reason == "revision_rollback"
    assert judge(raw(draft(revision=2, title="改动")), after).reason == "revision_conflict"
    assert judge(raw(draft(revision=3)), after).accept


def test_tombstones(context: Context) -> None:
    gone = withdrawal(draft())
    after = replace(context, known=_known(gone, withdrawn=True))
    assert judge(raw(draft()), after).reason == "revision_rollback"
    assert judge(raw(gone), after).accept
    assert judge(raw(draft(revision=3)), after).accept  # approved anew
    taken_down = replace(context, known=_known(draft(), withdrawn=True))
    assert judge(raw(draft()), taken_down).reason == "revision_rollback"


def test_a_withdrawal_is_easy(context: Context) -> None:
    """It needs signature and target; a failed check or a missing step must not keep a leak on the screen."""
    gone = withdrawal(_steps(draft(approval__checks__privacy="fail"), _drop("publish")))
    verdict = judge(raw(gone), context)
    assert (verdict.accept, verdict.display, verdict.display_reason) == (True, False, "withdrawn")
    assert judge(raw({**gone, "targets": [OTHER]}), context).reason == "not_targeted"


def test_a_successor_that_addresses_others_retires_what_is_here(context: Context) -> None:
    moved = raw(draft(revision=2, targets=[OTHER]))
    assert not judge(moved, context).retires
    assert judge(moved, replace(context, known=_known(draft()))).retires
    assert not judge(raw(draft(revision=1, targets=[OTHER])), replace(context, known=_known(draft()))).retires


@pytest.mark.parametrize(
    ("document", "cancelled", "reason"),
    [
        (draft(display__not_before="2026-11-21T09:00:01+08:00"), (), "not_before"),
        (draft(channels=["board"]), (), "channel"),
        (draft(status="superseded"), (), "superseded"),
        (draft(validity={"state": "废止", "repealed_on": "2026-11-21"}), (), "repealed"),
        (emergency(alert={**ALERT, "expires": "2026-11-21T09:00:00+08:00"}), (), "alert_expired"),
        (emergency(alert={**ALERT, "area_codes": [OTHER]}), (), "alert_area"),
        (emergency(), [ALERT["identifier"]], "alert_cancelled"),
    ],
)
def test_accepted_but_not_on_screen(
    context: Context, document: JsonObject, cancelled: list[str], reason: str
) -> None:
    verdict = judge(raw(document), replace(context, cancelled=cancelled))
    assert (verdict.accept, verdict.display, verdict.display_reason) == (True, False, reason)


def test_an_emergency_preempts_and_its_cancel_does_not(context: Context) -> None:
    assert judge(raw(emergency()), context).preempts
    cancel = {**ALERT, "msg_type": "Cancel", "references": [ALERT["identifier"]]}
    assert not judge(raw(emergency(alert=cancel)), context).preempts
    assert not judge(raw(draft(urgency="urgent")), context).preempts


def test_degradations(context: Context) -> None:
    qr = {"type": "qr", "text": "t", "caption": "", "matrix": ["1"]}
    body = [paragraph("文"), {"type": "hologram"}, qr, image(src="http://192.0.2.1/"), image()]
    document = raw(draft(body=body))
    assert judge(document, context).degrade == ("unknown_block", "qr_impossible", "asset_refused")
    without = replace(context, assets=lambda _image: None)
    assert judge(document, without).degrade[3:] == ("asset_missing",)

    def problem(picture: Image) -> str | None:
        assert picture.name == "canal.png"  # a refused address is never looked at
        return "asset_undecodable"

    assert judge(document, replace(context, asset_problem=problem)).degrade[3:] == ("asset_undecodable",)
    assert not judge(document, replace(context, assets=lambda _image: b"x")).degrade[3:]


def test_warnings(context: Context) -> None:
    document = _steps(draft(item="C09-77", display__retain_min_days=3), _drop("town_filing"))
    verdict = judge(raw(document), context)
    assert verdict.lint == ("unknown_item", "item_of_other_category", "policy_tightened", "not_filed")
    assert verdict.retain_days == 10


def test_a_long_number_warns_only(context: Context) -> None:
    verdict = judge(raw(draft(body=[paragraph("账号 2010 0000 0000 0000 018")])), context)
    assert verdict.accept
    assert [(hit.kind, hit.severity) for hit in verdict.pii] == [("long_number", "warn")]


def test_the_number_is_in_no_word_of_the_verdict(context: Context) -> None:
    verdict = judge(raw(draft(body=[table([["甲", "13900001234"]])])), context)
    assert [(hit.kind, hit.cell) for hit in verdict.pii] == [("mobile", (0, 1))]
    assert "1390000" not in verdict.detail + repr(verdict.pii)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_delivery_is_never_accepted(context: Context, data: st.DataObject) -> None:
    """Any change of bytes that changes the content loses the signature."""
    delivered = bytearray(raw(draft()))
    position = data.draw(st.integers(0, len(delivered) - 1))
    before = delivered[position]
    delivered[position] = data.draw(st.integers(0, 255))
    verdict = judge(bytes(delivered), context)
    if verdict.accept:  # white space, or nothing at all
        assert verdict.notice is not None
        assert delivered[position] == before or verdict.notice.digest == digest_of(draft())
