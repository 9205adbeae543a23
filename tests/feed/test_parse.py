"""From JSON to a ``Notice``: what becomes what, and every reason of refusal."""

import contextlib
import copy
import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledsign import notice as n
from ledsign.errors import RefusedError
from ledsign.feed.parse import digest_of, parse_json, parse_notice
from notices import ALERT, draft, emergency, image, paragraph, table, withdrawal

MATRIX = ["1" * 21] * 21


def _reason(document: dict[str, object]) -> str:
    with pytest.raises(RefusedError) as caught:
        parse_notice(document)
    return caught.value.reason


def test_members() -> None:
    notice = parse_notice(emergency())
    assert notice.key == (emergency()["id"], 1)
    assert notice.digest == digest_of(emergency())
    assert notice.urgency is n.Urgency.EMERGENCY
    assert notice.alert is not None
    assert notice.alert.expires == datetime.fromisoformat("2026-11-21T18:00:00+08:00")
    assert notice.approval.checks == (("secrecy", "pass"), ("content", "pass"), ("privacy", "pass"), ("typo", "pass"))
    assert notice.subtitle == ""


def test_every_block() -> None:
    body = [
        {"type": "heading", "level": 1, "text": "一、概况"},
        paragraph("正文"),
        {"type": "list", "style": "cn", "items": ["甲", "乙"]},
        table([["甲", "1"]], caption=None, unit="元", foot=[["合计", "1"]], notes="注"),
        image(width=None, bytes=9),
        {"type": "video", "src": "asset://a.mp4", "sha256": "0" * 64, "media_type": "video/mp4", "duration_s": 4,
         "alt": "短片", "poster": image()},
        {"type": "qr", "text": "https://platform.example.invalid/", "caption": "扫码", "matrix": MATRIX},
        {"type": "steps", "title": "流程", "items": ["申请", "审核"]},
        {"type": "qa", "question": "问", "answer": "答", "asked_on": "2026-11-01", "answered_on": None,
         "state": "办理中"},
        {"type": "signature", "issuer": "柳塘村", "date": "2026年11月20日"},
        {"type": "hologram", "alt": "模型", "data": [1]},
        {"type": "poem", "text": "诗"},
        {"type": "void"},
        {**paragraph("有新成员"), "weight": "bold"},
    ]  # fmt: skip
    blocks = parse_notice(draft(body=body)).body
    assert blocks[3] == n.Table(
        (n.Column("k0", "列0", "text", "left", True), n.Column("k1", "列1", "text", "left", False)),
        (("甲", "1"),),
        unit="元",
        foot=(("合计", "1"),),
        notes=("注",),
    )
    picture = n.Image("canal.png", "0" * 64, "image/png", "渗漏位置", "", "photo", 0, 0, 9)
    assert blocks[4] == picture
    assert blocks[5] == n.Video("短片", 4.0, n.Image("canal.png", "0" * 64, "image/png", "渗漏位置", "", "photo"))
    assert blocks[6] == n.Qr("https://platform.example.invalid/", "扫码", tuple(MATRIX))
    assert blocks[8] == n.Qa("问", "答", "2026-11-01", "", "办理中", "")
    assert blocks[10:13] == (
        n.UnknownBlock("hologram", "模型"),
        n.UnknownBlock("poem", "诗"),
        n.UnknownBlock("void", ""),
    )
    assert blocks[13] == n.Paragraph("有新成员", "justify", 2)


@pytest.mark.parametrize(
    "src",
    ["asset://../../etc/passwd", "http://192.0.2.1/a.png", "file:///etc/passwd", "asset://", "asset://..", "asset://.",
     "asset://a/b", "asset://a%2fb", "asset://a\nb", "ASSET://a", "asset://图.png", "asset://a.png?x"],
)  # fmt: skip
def test_an_address_that_is_no_asset_name_is_never_a_name(src: str) -> None:
    (block,) = parse_notice(draft(body=[image(src=src)])).body
    assert isinstance(block, n.Image)
    assert block.name == ""
    assert block.alt == "渗漏位置"


def test_a_digest_that_is_none_makes_the_image_unfetchable() -> None:
    (block,) = parse_notice(draft(body=[image(sha256="../secret")])).body
    assert isinstance(block, n.Image)
    assert block.name == ""


@pytest.mark.parametrize("matrix", [[], ["1"], ["1" * 22] * 22, ["12"] * 21, ["1" * 21] * 20, ["1" * 20 + "٣"] * 21])
def test_an_impossible_qr_keeps_its_text(matrix: list[str]) -> None:
    (block,) = parse_notice(draft(body=[{"type": "qr", "text": "t", "caption": None, "matrix": matrix}])).body
    assert block == n.Qr("t", "", ())


HEADER = [[{"text": "a", "rowspan": 2}, {"text": "b", "colspan": 2}], [{"text": "c"}, {"text": "d"}]]


def test_a_header_of_two_levels_and_spans() -> None:
    block = table([["1", "2", "3"], ["4", "5", "6"]], header=HEADER, spans=[{"row": 0, "col": 0, "rowspan": 2}])
    (parsed,) = parse_notice(draft(body=[block])).body
    assert isinstance(parsed, n.Table)
    assert parsed.header[0][0] == n.HeaderCell("a", 1, 2)
    assert parsed.spans == (n.Span(0, 0, 2, 1),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": "ledsign.notice/2"}, "schema_unsupported"),
        ({"schema": None}, "schema"),
        ({"revision": "1"}, "schema"),
        ({"revision": True}, "schema"),
        ({"revision": 0}, "schema"),
        ({"surprise": 1}, "schema"),
        ({"display__surprise": 1}, "schema"),
        ({"title": ""}, "schema"),
        ({"title": "长" * 121}, "schema"),
        ({"targets": []}, "schema"),
        ({"targets": ["99020310420"]}, "schema"),
        ({"targets": ["٩٩٠٢٠٣١٠٤٢٠٥"]}, "schema"),
        ({"channels": ["fax"]}, "schema"),
        ({"publish_at": "2026-02-30T10:00:00+08:00"}, "schema:datetime"),
        ({"publish_at": "2026-11-20T10:00:00"}, "schema:datetime"),
        ({"publish_at": "2026-11-20T10:00:00Z"}, "schema:datetime"),
        ({"publish_at": "2026-11-20 10:00:00+08:00"}, "schema:datetime"),
        ({"publish_at": "2026-11-20T10:00:00+99:00"}, "schema:datetime"),
        ({"publish_at": "9999-12-31T23:59:59+08:00"}, "schema:datetime"),
        ({"publish_at": 1}, "schema:datetime"),
        ({"publish_at": "nonsense", "revision": "1"}, "schema"),  # a fault of form counts first
        ({"period": {"kind": "month", "label": "x", "start": "2026-11-31", "end": "2026-12-01"}}, "schema:datetime"),
        ({"display__not_after": "2026-11-20T09:10:00+08:00"}, "schema:window"),
        ({"canonical_url": "javascript:alert(1)"}, "schema:url"),
        ({"canonical_url": "https://"}, "schema:url"),
        ({"canonical_url": "https://a b/"}, "schema:url"),
        ({"canonical_url": "https://u:p@platform.example.invalid/"}, "schema:url"),
        ({"canonical_url": "https://[::1"}, "schema:url"),
        ({"canonical_url": "https://h:99999/"}, "schema:url"),
        ({"alert": {**ALERT, "identifier": "1"}}, "schema"),
        ({"body": "text"}, "schema"),
        ({"body": [{"no": "type"}]}, "schema"),
        ({"body": ["text"]}, "schema"),
        ({"body": [{"type": "paragraph", "text": 5, "align": "left", "indent": 0}]}, "schema"),
        ({"body": [table([["1", "2"], ["3"]])]}, "schema"),
        ({"body": [table([["1", "2"]], foot=[["1"]])]}, "schema"),
        ({"body": [table([["1", "2"]], header=[[{"text": "a", "colspan": 3}]])]}, "schema"),
        ({"body": [table([["1", "2"]], header=[[{"text": "a"}]])]}, "schema"),
        ({"body": [table([["1", "2"]], spans=[{"row": 0, "col": 1, "colspan": 2}])]}, "schema"),
        ({"body": [table([["1", "2"]], spans=[{"row": 0, "col": 0}, {"row": 0, "col": 0}])]}, "schema"),
        ({"body": [image(alt="")]}, "schema"),
        ({"body": []}, "empty_body"),
        ({"body": [paragraph(" \u3000"), {"type": "void"}]}, "empty_body"),
    ],
)  # fmt: skip
def test_refusals(changes: dict[str, object], reason: str) -> None:
    assert _reason(draft(**changes)) == reason


def test_a_withdrawal_needs_no_body() -> None:
    notice = parse_notice(withdrawal(draft()))
    assert notice.status is n.Status.WITHDRAWN
    assert notice.withdrawal is not None
    assert notice.withdrawal.reason_code == "privacy"


def test_details_name_the_place_and_never_the_value() -> None:
    with pytest.raises(RefusedError) as caught:
        parse_notice(draft(priority="13800138000"))
    assert "/priority" in caught.value.detail
    assert "138" not in caught.value.detail


def test_unicode_beyond_our_tables_is_kept() -> None:
    """A character that this Python's Unicode tables do not know (extension H) is somebody's name."""
    (block,) = parse_notice(draft(body=[paragraph("\U00031350\U00030edd")])).body
    assert block == n.Paragraph("\U00031350\U00030edd", "justify", 2)


LEAVES = (None, True, -1, 0, 10**14, "", "文", "2026-13-01T00:00:00+08:00", [], [[]], {}, {"type": "table"}, ["x", 1])


def _places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in _places(inner, (*path, key)))]


RICH = emergency(
    body=[paragraph("文"), table([["1", "2"]], header=[[{"text": "a", "colspan": 2}]], spans=[{"row": 0, "col": 0}]),
          image(), {"type": "list", "style": "dot", "items": ["x"]}]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([place for place in _places(RICH) if place]), st.sampled_from(LEAVES), st.booleans())
def test_any_member_replaced_or_missing_is_parsed_or_refused(
    place: tuple[str | int, ...], leaf: object, drop: bool
) -> None:
    document = copy.deepcopy(RICH)
    target: object = document
    for key in place[:-1]:
        target = target[key]  # type: ignore[index]
    if drop:
        del target[place[-1]]  # type: ignore[attr-defined]
    else:
        target[place[-1]] = copy.deepcopy(leaf)  # type: ignore[index]
    with contextlib.suppress(RefusedError):
        parse_notice(parse_json(json.dumps(document).encode()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_corpus_files_are_parsed_or_refused(corpus: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(corpus.glob("p[0-9]*.json"))))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        position = data.draw(st.integers(0, len(raw) - 1))
        raw[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RefusedError):
        parse_notice(parse_json(bytes(raw)))
