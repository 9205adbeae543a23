"""The personal-data guard: what is a hit, where, and what must pass. All numbers are invented."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.feed.parse import parse_json
from ledsign.feed.privacy import find, scan
from notices import draft, image, paragraph, table

ID = "99020319790812004"  # no such province; the check digit would be computed below
MOBILE = "13900001234"
CARD = "6228480000000000012"


def kinds(text: str) -> list[str]:
    return list(dict.fromkeys(found.kind for found in find(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"身份证{ID}X", ["id_card"]),
        (f"身份证{ID}x。", ["id_card"]),
        (f"身份证{ID}5", ["id_card"]),  # wrong check digit: still somebody's number, mistyped
        ("990203790812004", ["id_card"]),
        ("990203 790812 004", ["id_card"]),
        ("990203-1979-0812-004X", ["id_card"]),
        ("990203(19790812)0045", ["id_card"]),
        ("９９０２０３１９７９０８１２００４５", ["id_card"]),
        (f"电话{MOBILE}", ["mobile"]),
        ("139 0000 1234", ["mobile"]),
        ("139-0000-1234", ["mobile"]),
        ("139.0000.1234", ["mobile"]),
        ("139\u20110000\u20141234", ["mobile"]),
        ("1 3 9 0 0 0 0 1 2 3 4", ["mobile"]),
        ("139\u200b0000\u20601234", ["mobile"]),
        ("139\u00ad0000\u202e1234", ["mobile"]),
        ("139\ufe0f00001234", ["mobile"]),
        ("13900\n001234", ["mobile"]),
        (f"+86{MOBILE}", ["mobile"]),
        ("+86 139 0000 1234", ["mobile"]),
        (f"86-{MOBILE}", ["mobile"]),
        (f"0086{MOBILE}", ["mobile"]),
        (f"0{MOBILE}", ["mobile"]),
        ("１３９００００１２３４", ["mobile"]),
        ("١٣٩٠٠٠٠١٢٣٤", ["mobile"]),
        ("①③⑨⓪⓪⓪⓪①②③④", ["mobile"]),
        (f"①{MOBILE}", ["mobile"]),
        (f"{MOBILE}²", ["mobile"]),
        (f"{MOBILE} 13700005678", ["mobile"]),
        ("139 0000 1234 2026年", ["mobile"]),
        (f"卡号{CARD}", ["bank_card"]),
        ("6228 4800 0000 0000 012", ["bank_card"]),
        ("4111 1111 1111 1111", ["bank_card"]),  # Luhn holds, any prefix
        (f"{CARD} {MOBILE}", ["bank_card", "mobile"]),
        ("2010000000000000018", ["long_number"]),
        # what must pass
        ("0000-8860001", []),
        ("(0000)8860001", []),
        ("12345、12388、110、119", []),
        ("99020310420520261120", []),
        (f"{ID[:6]}********{ID[-3:]}X", []),
        ("139****1234", []),
        (f"***{MOBILE}", []),
        (f"*{CARD}", []),
        ("*990203790812004", []),
        ("990203790812004*", []),
        ("2026年11月20日8:30—11:30", []),
        ("1,234,567.89元", []),
        ("12900001234", []),
        ("139000012345", []),
        ("990203191508", []),
        ("990203791312004", []),  # no month 13
        ("", []),
    ],
)
def test_find(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


def test_two_dates_are_no_card() -> None:
    assert set(kinds("2026.11.05—2026.12.31")) <= {"long_number"}
    assert set(kinds("20261105-20261225")) <= {"long_number"}


def test_a_full_number_after_a_mask_is_still_an_identity_number() -> None:
    assert kinds(f"*{ID}5") == ["id_card"]


@pytest.mark.parametrize("born", ["18991231", "19000101", "20261130", "20290131"])
def test_birth_centuries(born: str) -> None:
    assert kinds(f"990203{born}1234") == ["id_card"]


@pytest.mark.parametrize("born", ["17991231", "21000101", "19791301", "19790800", "19790832"])
def test_impossible_births_are_no_identity_numbers(born: str) -> None:
    assert "id_card" not in kinds(f"990203{born}1234")


def test_check_digits_grade_certainty() -> None:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, table of weights
    total = sum(int(digit) * weight for digit, weight in zip(ID, weights, strict=True))
    right = "10X98765432"[total % 11]
    for last in "0123456789X":
        (found,) = find(ID + last)
        assert found.certain is (last == right)


def test_places() -> None:
    document = draft(
        title=f"王某 {MOBILE}",
        subtitle=MOBILE,
        display__digest=MOBILE,
        body=[
            paragraph("无"),
            table([["李某", MOBILE], ["赵某", "139****0000"]], caption=MOBILE, notes=MOBILE, foot=[["合计", MOBILE]]),
            image(alt=MOBILE, caption=MOBILE),
            {"type": "qa", "question": MOBILE, "answer": MOBILE, "asked_on": "", "answered_on": "", "state": ""},
            {"type": "steps", "items": ["一", MOBILE]},
            {"type": "signature", "issuer": MOBILE, "date": ""},
            {"type": "hologram", "alt": MOBILE, "a/b~c": MOBILE},
        ],
    )
    assert [hit.where for hit in scan(document)] == [
        "/title", "/subtitle", "/display/digest",
        "/body/1/rows/0/1", "/body/1/caption", "/body/1/notes", "/body/1/foot/0/1",
        "/body/2/alt", "/body/2/caption", "/body/3/question", "/body/3/answer",
        "/body/4/items/1", "/body/5/issuer", "/body/6/alt", "/body/6/a~1b~0c",
    ]  # fmt: skip
    assert [hit.cell for hit in scan(document)][3] == (0, 1)
    assert {hit.severity for hit in scan(document)} == {"block"}


def test_machine_values_are_not_read() -> None:
    qr = {"type": "qr", "text": "t", "caption": "c", "matrix": ["1390000123400"]}
    assert scan(draft(body=[image(sha256=MOBILE, src=f"asset://{MOBILE}"), qr])) == ()


@pytest.mark.parametrize("value", [MOBILE, "139-0000-1234", "+86 139 0000 1234", "１３９００００１２３４"])
def test_a_declared_number_is_lawful(value: str) -> None:
    exemption = {"kind": "phone", "value": value, "reason": "公务电话"}
    document = draft(pii__exemptions=[exemption], body=[paragraph(f"值班电话 {MOBILE},投诉 13700005678")])
    assert [hit.kind for hit in scan(document)] == ["mobile"]
    document["body"] = [paragraph(f"值班电话 {MOBILE}")]
    assert scan(document) == ()


def test_hits_never_hold_the_number() -> None:
    hits = scan(draft(body=[paragraph(f"{ID}5 {MOBILE} {CARD}")]))
    assert len(hits) == 3
    assert not any(number in repr(hits) for number in (ID, MOBILE, CARD))


def test_the_good_notices_give_no_hit(corpus: Path) -> None:
    files = sorted(corpus.glob("p[0-9]*.json"))
    assert len(files) == 44
    assert {path.name: scan(parse_json(path.read_bytes())) for path in files} == {path.name: () for path in files}


SEPARATORS = st.sampled_from(["", " ", "-", "\u2013", ".", "·", "(", "\u3000", "\u200b", " -", "--"])


@settings(max_examples=200, deadline=None)
@given(st.lists(SEPARATORS, min_size=10, max_size=10), st.sampled_from([MOBILE, "18800000000"]), st.booleans())
def test_separators_do_not_hide_a_mobile(separators: list[str], number: str, wide: bool) -> None:
    text = "".join(digit + gap for digit, gap in zip(number, [*separators, ""], strict=True))
    if wide:
        text = "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in text)
    assert "mobile" in kinds(f"联系人{text}。")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789*xX-. 中", max_size=60))
def test_any_text_is_scanned_without_error(text: str) -> None:
    list(find(text))
