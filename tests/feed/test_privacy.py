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
        ("**990203790812004", []),  # 17 places, the head masked
        ("990203790812004***", []),
        ("***2010000000000018", []),
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # as the review found them
        ("138 12345678 5组", "mobile"),
        ("138-12345678 2户", "mobile"),
        ("1381234 5678 3", "mobile"),
        ("138/1234/5678", "mobile"),
        ("138_1234_5678", "mobile"),
        ("138，1234，5678", "mobile"),
        ("138   1234   5678", "mobile"),
        ("330102 199003071234 2人", "id_card"),
        ("*13812345678", "mobile"),
        # a further group follows or leads
        ("139 00001234 5组", "mobile"),
        ("139-00001234 2户", "mobile"),
        ("1390000 1234 3", "mobile"),
        ("3 1390000 1234", "mobile"),
        ("12 139 0000 1234 2026", "mobile"),
        ("5 13 9000 01 234 7", "mobile"),
        ("8860001 139-0000-1234", "mobile"),
        ("0000-8860001 139-0000-1234", "mobile"),
        ("2026-11-05 139 0000 1234 08:30", "mobile"),
        ("1,280.50 139 0000 1234 1,280.50", "mobile"),
        ("990203 199003071234 2人", "id_card"),
        ("2 990203 1990 0307 1234 2人", "id_card"),
        ("990203 1990 0307 123 X 2人", "id_card"),
        ("990203 1990-03-07 1234", "id_card"),
        ("990203 790812 004 2人", "id_card"),
        ("6222 0212 3456 7890 123 5", "bank_card"),
        ("1 6222 0212 3456 7890 123", "bank_card"),
        ("6222021 2345 67890 123 5", "bank_card"),
        ("622202 1234567890123 5户", "bank_card"),
        ("4111 1111 1111 1111 2", "bank_card"),
        ("TEL 139-0000-1234", "mobile"),
        ("GB139-0000-1234", "mobile"),
        ("13.45(67 89123", "mobile"),  # rising, but parted by this and that
        # separators
        ("139/0000/1234", "mobile"),
        ("139_0000_1234", "mobile"),
        ("139，0000，1234", "mobile"),
        ("139,0000,1234", "mobile"),
        ("139, 0000, 1234", "mobile"),
        ("139：0000：1234", "mobile"),
        ("139;0000;1234", "mobile"),
        ("139|0000|1234", "mobile"),
        ("139\\0000\\1234", "mobile"),
        ("139•0000•1234", "mobile"),
        ("139・0000・1234", "mobile"),
        ("139―0000−1234", "mobile"),
        ("139   0000   1234", "mobile"),
        ("139　　　0000　　　1234 3", "mobile"),
        ("139，0000，1234，5组", "mobile"),
        ("139/00001234/5", "mobile"),
        ("1:13900001234", "mobile"),
        ("1,13900001234,2", "mobile"),
        ("990203/19900307/1234", "id_card"),
        ("6222/0212/3456/7890/123", "bank_card"),
        # asterisks that mask nothing
        (f"*{MOBILE}", "mobile"),
        (f"***{MOBILE}", "mobile"),
        (f"{MOBILE}***", "mobile"),
        (f"5****{MOBILE}", "mobile"),
        ("**139 0000 1234**", "mobile"),
        (f"*{CARD}", "bank_card"),
        (f"****{CARD}", "bank_card"),
        ("**6222021234567890", "bank_card"),
        ("*990203790812004", "id_card"),
        ("990203790812004*", "id_card"),
    ],
)
def test_no_neighbour_separator_or_asterisk_hides_a_number(text: str, expected: str) -> None:
    assert expected in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "138****1388 990102********0000",
        "990102********0000 6217********0000",
        "990102********296X、6217********0000",
        "139****1512 3456789",  # the tail belongs to its masked number
        "1,280.50",
        "13,812,345,678.00元",
        "13,812,345,678",
        "1,380.00 5,123.40",
        "1380.05 12345.67",
        "1,280.50/1,380.00/5,123.40",
        "138,12,34567890",  # nobody spaces a number so with list marks
        "150，300，450，20",
        "第1,3,5,7,9,11,13,15组",
        "1 3 5 7 9 11 13 15",
        "13:45 1234567",
        "19 2026.11.05 2",
        "15:30 2026-11-5",
        "138 2012-10-12",
        "2026-11-05 08:00:00",
        "2026.11.05—2026.12.31",
        "2026/11/05 14:30—17:00",
        "0000-5550123",
        "0000-5550123/5550124",
        "0000-5550123 0000-5550124",
        "0951-6012345 0951-6012346",
        "0951 6212345 0951 6212346",
        "1395550 0951-6012345",
        "12345/12388/12315",
        "12345 12388",
        "12345，12388，12315",
        "政发〔2026〕138号 2026-0012",
        "GB 15603-2022 3.1",
        "GB/T 18030-2022 13",
        "编号 2026-1105-0012",
        "990102101201/20261105",
        "1 234 567、-0.5%、1:500",
        "139 0000 123",
        "139 0000 12345",
        "139/0000/123",
        "13900001234567",
        "990203 209013 12",
        "622 2021 2345",
    ],
)
def test_near_misses_pass(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize("text", ["12345 12388 110 119", "990203 19901307 1234"])
def test_long_runs_of_no_known_kind_only_warn(text: str) -> None:
    assert kinds(text) == ["long_number"]


def test_cells_of_a_table_are_not_joined() -> None:
    rows = [["139", "0000", "1234"], ["990203", "19900307", "1234"], ["6222 0212", "3456 7890", "123"]]
    assert scan(draft(body=[table(rows)])) == ()


def test_a_declared_account_is_lawful_whatever_its_parts_look_like() -> None:
    account, text = "4111111111111111222", "账号 4111 1111 1111 1111 222"
    assert kinds(text) == ["bank_card"]
    exemption = {"kind": "account", "value": account, "reason": "集体账户"}
    assert scan(draft(pii__exemptions=[exemption], body=[paragraph(f"{text} 3")])) == ()
    hits = scan(draft(pii__exemptions=[exemption], body=[paragraph(f"{text} 139 0000 1234")]))
    assert [hit.kind for hit in hits] == ["mobile"]


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


SEPARATORS = st.sampled_from(["", " ", "-", "\u2013", ".", "·", "(", "\u3000", "\u200b", " -", "--", "_", "   ", "•"])


@settings(max_examples=200, deadline=None)
@given(st.lists(SEPARATORS, min_size=10, max_size=10), st.sampled_from([MOBILE, "18800000000"]), st.booleans())
def test_separators_do_not_hide_a_mobile(separators: list[str], number: str, wide: bool) -> None:
    """Nor does a further group that follows."""
    text = "".join(digit + gap for digit, gap in zip(number, [*separators, ""], strict=True))
    if wide:
        text = "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in text)
    assert "mobile" in kinds(f"联系人{text}。")
    assert "mobile" in kinds(f"联系人{text} 5组")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789*xX-. ,/:中", max_size=60))
def test_any_text_is_scanned_without_error(text: str) -> None:
    list(find(text))
