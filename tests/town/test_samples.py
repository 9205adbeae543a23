"""The sample notices: lawful, complete, coherent, and of any day."""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import requests
import zxingcpp
from PIL import Image as Picture

from kit import ZONE, FakeClock
from ledsign.errors import ConfigError
from ledsign.feed.accept import Context, judge
from ledsign.feed.client import PlatformClient
from ledsign.feed.integrity import load_keys
from ledsign.feed.strictjson import JsonObject
from ledsign.policy import load_policy
from ledsign.resources import resource
from ledsign.town import ApiKey, Role, TownConfig, make_signing, serve
from ledsign.town.samples import ANCHOR, Sample, dated, load_form, load_samples

POLICY = load_policy(resource("configs", "policy.yaml"))
SIGNING = make_signing("samples")
SAMPLES = {item.path.stem: item for item in load_samples()}
DAYS = [
    datetime(2026, 11, 20, 9, 0, tzinfo=ZONE),
    datetime(2026, 12, 31, 23, 59, tzinfo=ZONE),
    datetime(2027, 3, 1, 0, 1, tzinfo=ZONE),
    datetime(2028, 2, 29, 12, 0, tzinfo=ZONE),
    datetime(2026, 1, 5, 12, 0, tzinfo=ZONE),
    datetime(2031, 8, 31, 12, 0, tzinfo=ZONE),
]


@pytest.mark.parametrize("now", DAYS, ids=lambda now: f"{now:%Y-%m-%d}")
@pytest.mark.parametrize("item", SAMPLES.values(), ids=SAMPLES.keys())
def test_every_sample_is_accepted_and_on_show_on_any_day(item: Sample, now: datetime) -> None:
    assets = item.assets()
    raw = json.dumps(SIGNING.sign(dated(item.document, now)), ensure_ascii=False).encode()
    verdict = judge(
        raw,
        Context(
            screen="990203104205",
            keys=SIGNING.keyring,
            policy=POLICY,
            now=now,
            assets=lambda image: assets[image.sha256].read_bytes() if image.sha256 in assets else None,
        ),
    )
    assert verdict.accept, (verdict.reason, verdict.detail)
    assert verdict.display, verdict.display_reason
    assert verdict.degrade == ()
    assert verdict.pii == ()
    assert verdict.lint == ()
    assert verdict.notice is not None
    name = POLICY.item(verdict.notice.item)
    assert name is not None


def test_all_categories_and_the_main_forms_are_there() -> None:
    assert {item.document["category"] for item in SAMPLES.values()} == {f"C{n:02d}" for n in range(1, 13)}
    kinds = {block["type"] for item in SAMPLES.values() for block in blocks(item.document)}
    assert kinds >= {"paragraph", "list", "table", "image", "qr", "steps", "qa", "signature"}


def blocks(document: JsonObject) -> list[JsonObject]:
    body = document["body"]
    assert isinstance(body, list)
    return [block for block in body if isinstance(block, dict)]


def test_on_the_anchor_day_nothing_moves() -> None:
    at = datetime(ANCHOR.year, ANCHOR.month, ANCHOR.day, tzinfo=ZONE)
    for item in SAMPLES.values():
        assert dated(item.document, at) == item.document


def test_fields_and_wording_move_together() -> None:
    now = datetime(2027, 2, 10, 9, 0, tzinfo=ZONE)  # 82 days, 3 months, 1 quarter and 1 year on
    power = dated(SAMPLES["s12-power"].document, now)
    assert power["id"] == "990203104205-20270209-C12-0001"
    assert power["display"]["not_after"] == "2027-02-14T19:00:00+08:00"
    assert "2月14日" in json.dumps(power["body"], ensure_ascii=False)
    finance = dated(SAMPLES["s07-finance"].document, now)
    assert finance["title"] == "柳塘村2027年1月财务收支公开表"
    assert finance["period"] == {"kind": "month", "label": "2027年1月", "start": "2027-01-01", "end": "2027-01-31"}
    assert finance["archive"]["series"] == "2027-01"
    report = dated(SAMPLES["s06-supervision"].document, now)
    assert report["period"]["label"] == "2026年第四季度"
    assert (report["period"]["start"], report["period"]["end"]) == ("2026-10-01", "2026-12-31")
    assert dated(SAMPLES["s04-medical"].document, now)["title"] == "2028年度城乡居民医保缴费提醒"
    assert dated(SAMPLES["s13-fire"].document, now)["doc_number"] == "清府〔2027〕18号"
    assert dated(SAMPLES["s03-party-day"].document, now)["title"] == "2月主题党日安排"


def test_codes_and_figures_do_not_move() -> None:
    now = datetime(2029, 6, 30, 9, 0, tzinfo=ZONE)
    for item in SAMPLES.values():
        moved = dated(item.document, now)
        for before, after in zip(blocks(item.document), blocks(moved), strict=True):
            for name in ("matrix", "sha256", "src", "columns"):
                assert before.get(name) == after.get(name)
            if before["type"] == "table":
                figures = re.compile(r"[\d,]+\.\d\d")
                assert figures.findall(str(before)) == figures.findall(str(after))


def test_the_books_balance() -> None:
    rows = next(block for block in blocks(SAMPLES["s07-finance"].document) if block["type"] == "table")
    balance = Decimal(0)
    for index, (_n, _name, income, spent, left) in enumerate(rows["rows"]):
        income, spent, left = (Decimal(cell.replace(",", "").replace("—", "0")) for cell in (income, spent, left))
        balance = left if index == 0 else balance + income - spent
        assert left == balance
    assert Decimal(rows["foot"][0][4].replace(",", "")) == balance
    roster = next(block for block in blocks(SAMPLES["s09-subsidy"].document) if block["type"] == "table")
    total = sum(Decimal(row[5].replace(",", "")) for row in roster["rows"])
    assert total == Decimal(roster["foot"][0][5].replace(",", ""))
    assert len(roster["rows"]) == 30


def test_the_qr_codes_can_be_read() -> None:
    seen = 0
    for item in SAMPLES.values():
        for block in blocks(item.document):
            if block["type"] != "qr":
                continue
            matrix = block["matrix"]
            side = len(matrix) + 8
            picture = Picture.new("L", (side, side), 255)
            for y, row in enumerate(matrix):
                for x, module in enumerate(row):
                    if module == "1":
                        picture.putpixel((x + 4, y + 4), 0)
            found = zxingcpp.read_barcodes(picture.resize((side * 8, side * 8), Picture.Resampling.NEAREST))
            assert [code.text for code in found] == [block["text"]]
            seen += 1
    assert seen == 2


def test_every_host_and_person_is_invented() -> None:
    for path in [*resource("configs", "samples").rglob("*.json"), resource("configs", "town.yaml")]:
        text = path.read_text(encoding="utf-8")
        assert all(host.endswith(".invalid") for host in re.findall(r"https?://([^/\"\s]+)", text)), path
        assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", text), path
        assert set(re.findall(r"(?<!\d)\d{4}-\d{7}(?!\d)", text)) <= {"0000-5550123"}, path


def test_assets_lie_beside_the_notice_only(tmp_path: Path) -> None:
    document = dict(SAMPLES["s10-bridge"].document)
    document["body"] = [{"type": "image", "src": "asset://../../town.yaml", "sha256": "0" * 64}]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    (item,) = load_samples(tmp_path)
    assert dict(item.assets()) == {}


def test_folders_without_notices_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load_samples(tmp_path)
    (tmp_path / "index.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_samples(tmp_path)
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="bad"):
        load_samples(tmp_path)


def test_the_reference_notices_load_as_signed(corpus: Path) -> None:
    items = load_samples(corpus)
    assert len(items) == 44
    assert all(item.signed for item in items)
    video = next(item for item in items if item.path.stem.startswith("p41"))
    assert {path.name for path in video.assets().values()} >= {"clip-poster.png"}


def test_the_reference_notices_go_out_byte_for_byte(corpus: Path, tmp_path: Path) -> None:
    signing = make_signing("town", trust=load_keys(corpus / "public-test-keys.json"))
    clock = FakeClock(datetime(2026, 11, 21, 9, 0, tzinfo=ZONE))
    screen, staff = "test-key-of-the-screen", "test-key-of-the-county"
    keys = (
        ApiKey.of(screen, Role.SCREEN, "990102101201"),
        ApiKey.of(staff, Role.TOWN_ADMIN, "990102000000"),
    )
    config = TownConfig(keys=keys, code="990102101000", name="双樟镇人民政府")
    with serve(tmp_path, config, clock, signing=signing) as running, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {staff}"
        for item in load_samples(corpus):
            reply = session.post(f"{running.url}/v1/notices", data=item.raw, timeout=20)
            assert reply.status_code == 201, (item.path.name, reply.text)
        client = PlatformClient(running.url, "990102101201", screen, None, clock)
        entries = client.feed(None).entries
        assert len(entries) == 42, "p35 and p36 took the places of p21 and p06"
        raws = {item.raw for item in load_samples(corpus)}
        assert all(client.notice(entry.href) in raws for entry in entries)
        client.close()


def test_forms_are_there() -> None:
    assert load_form("urgent-water-cut")["level"] == "urgent"
    assert load_form("emergency-flood")["level"] == "emergency"


def test_short_dates_of_no_calendar_stay() -> None:
    moved = dated({"title": "13月40日、2月30日不是日期"}, datetime(2027, 1, 1, tzinfo=ZONE))
    assert moved["title"] == "13月40日、2月30日不是日期"
    assert date(2026, 11, 20) == ANCHOR
