"""The town over real HTTP: publish, wake, roles, sizes, receipts."""

import gzip
import hashlib
import io
import json
import socket
import struct
import threading
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from kit import FakeClock
from ledsign.errors import ConfigError, FeedError
from ledsign.feed.integrity import verify
from ledsign.feed.strictjson import JsonObject, parse_json
from ledsign.resources import resource
from ledsign.town import Limits, load_town, make_signing, serve
from ledsign.town.samples import dated, load_form, load_samples
from townkit import KEYS, OTHER, TOWN, VILLAGE, Desk, town_config


def sample(name: str, clock: FakeClock) -> JsonObject:
    path = resource("configs", "samples", f"{name}.json")
    return dated(parse_json(path.read_bytes()), clock.now())


URGENT = {
    "title": "停水",
    "text": "全村停水抢修。",
    "level": "urgent",
    "instruction": "请储水。",
    "targets": [VILLAGE],
    "expires_minutes": 60,
    "issuer": {"code": VILLAGE, "name": "柳塘村民委员会"},
    "approvals": [{"actor": "村党组织书记"}, {"actor": "镇供水站"}],
}


# -- publish, feed, notice


def test_a_draft_is_signed_listed_and_served(desk: Desk) -> None:
    done = desk.call("POST", "/v1/notices", sample("s01-fraud", desk.clock))
    assert done.status == 201, done.body
    client = desk.client()
    feed = client.feed(None)
    assert feed.full
    assert [(e.id, e.revision, e.digest) for e in feed.entries] == [
        (done.body["id"], done.body["revision"], done.body["digest"])
    ]
    document = parse_json(client.notice(feed.entries[0].href))
    assert verify(document, desk.running.keyring) == done.body["digest"]
    assert document["integrity"]["mac_alg"] == "ed25519"
    again = client.feed(feed.cursor)
    assert (again.full, again.entries, again.cursor) == (False, (), feed.cursor)
    client.close()


def test_a_draft_without_id_gets_the_next_one(desk: Desk) -> None:
    draft = sample("s03-party-day", desk.clock)
    for name in ("id", "revision", "publish_at", "updated_at"):
        draft.pop(name)
    first = desk.call("POST", "/v1/notices", draft, key="publisher").body
    second = desk.call("POST", "/v1/notices", draft, key="publisher").body
    assert (first["id"], second["id"]) == (f"{VILLAGE}-20261121-C03-0001", f"{VILLAGE}-20261121-C03-0002")
    third = desk.call("POST", "/v1/notices", {**draft, "id": first["id"]}, key="publisher").body
    assert third["revision"] == 2


def test_the_same_bytes_again_change_nothing(desk: Desk) -> None:
    draft = sample("s01-fraud", desk.clock)
    first = desk.call("POST", "/v1/notices", draft)
    client = desk.client()
    cursor = client.feed(None).cursor
    again = desk.call("POST", "/v1/notices", draft)
    assert (first.status, again.status, again.body["seq"]) == (201, 200, 0)
    assert client.feed(cursor).entries == ()
    client.close()


def test_what_the_screens_would_refuse_is_refused_at_the_desk(desk: Desk) -> None:
    draft = sample("s01-fraud", desk.clock)
    body = [{"type": "paragraph", "text": "联系人13912345678", "align": "left", "indent": 0}]
    cases: list[tuple[dict[str, object], str]] = [
        ({"status": "draft"}, "status_not_published"),
        ({"body": body}, "pii"),
        ({"title": 7}, "schema"),
        ({"schema": "ledsign.notice/2"}, "schema_unsupported"),
        ({"publish_at": "gestern"}, "schema:datetime"),
        ({"urgency": "emergency"}, "approval_incomplete:emergency"),
    ]
    for change, reason in cases:
        refused = desk.call("POST", "/v1/notices", {**draft, **change})
        assert (refused.status, refused.body["error"]) == (422, reason), refused.body
    for raw, reason in [(b"{", "malformed_json"), (b'{"a":1,"a":2}', "duplicate_key"), (b"\xff", "not_utf8")]:
        refused = desk.call("POST", "/v1/notices", raw)
        assert (refused.status, refused.body["error"]) == (422, reason)
    client = desk.client()
    assert client.feed(None).entries == ()
    client.close()


def test_a_signed_notice_goes_out_byte_for_byte(tmp_path: Path, clock: FakeClock) -> None:
    county = make_signing("county-1")
    with serve(tmp_path, town_config(), clock, signing=make_signing("town-1", trust=county.keyring)) as running:
        desk = Desk(running, clock)
        raw = json.dumps(county.sign(sample("s02-village", clock)), ensure_ascii=False, indent=2).encode()
        assert desk.call("POST", "/v1/notices", raw).status == 201
        client = desk.client()
        assert client.notice(client.feed(None).entries[0].href) == raw
        tampered = raw.replace("312户".encode(), "999户".encode())
        assert desk.call("POST", "/v1/notices", tampered).body["error"] == "digest_mismatch"
        stranger = json.dumps(make_signing("stranger").sign(sample("s05-resolution", clock))).encode()
        assert desk.call("POST", "/v1/notices", stranger).body["error"] == "unknown_key"
        client.close()
        desk.session.close()


def test_hmac_town(tmp_path: Path, clock: FakeClock) -> None:
    from ledsign.feed.integrity import Algorithm

    signing = make_signing("shared-1", b"s" * 32, Algorithm.HMAC_SHA256)
    with serve(tmp_path, town_config(), clock, signing=signing) as running:
        desk = Desk(running, clock)
        assert desk.call("POST", "/v1/notices", sample("s01-fraud", clock)).status == 201
        client = desk.client()
        document = parse_json(client.notice(client.feed(None).entries[0].href))
        assert document["integrity"]["mac_alg"] == "hmac-sha256"
        client.close()
        desk.session.close()


def test_a_revision_may_not_lose_screens(desk: Desk) -> None:
    draft = sample("s01-fraud", desk.clock)
    desk.call("POST", "/v1/notices", draft)
    narrowed = desk.call("POST", "/v1/notices", {**draft, "revision": 2, "targets": [VILLAGE]})
    assert (narrowed.status, narrowed.body["error"]) == (409, "targets_narrowed")
    older = desk.call("POST", "/v1/notices", {**draft, "title": "另一个标题"})
    assert older.body["error"] == "revision_conflict"


# -- cursor and long poll


def test_cursors_only_grow_and_strangers_get_everything(desk: Desk) -> None:
    client = desk.client()
    numbers = []
    for name in ("s01-fraud", "s02-village", "s03-party-day"):
        desk.call("POST", "/v1/notices", sample(name, desk.clock))
        numbers.append(int(client.feed(None).cursor.split("-")[1]))
    assert numbers == sorted(set(numbers))
    epoch = client.feed(None).cursor.split("-")[0]
    assert len(client.feed(f"{epoch}-{numbers[0]}").entries) == 2
    for strange in ("public-5", "x", f"{epoch}-", f"{epoch}-٣", f"{epoch}-99999999999999999999", "0" * 200):
        feed = client.feed(strange)
        assert feed.full
        assert len(feed.entries) == 3
    client.close()


def test_once_a_day_the_listing_is_full(desk: Desk) -> None:
    desk.call("POST", "/v1/notices", sample("s01-fraud", desk.clock))
    client = desk.client()
    cursor = client.feed(None).cursor
    assert not client.feed(cursor).full
    desk.clock.advance(24 * 3600)
    assert client.feed(cursor, wait=20).full, "a full listing does not wait"
    assert not client.feed(cursor).full
    client.close()


def test_a_wait_without_news_ends_in_time_and_304_without_waiting(desk: Desk) -> None:
    client = desk.client()
    cursor = client.feed(None).cursor
    start = time.monotonic()
    feed = client.feed(cursor, wait=0.5)
    assert feed.entries == ()
    assert time.monotonic() - start > 0.4
    assert client.feed(cursor).server_time is not None
    assert client.feed(cursor).server_time is None, "not modified"
    desk.call("POST", "/v1/notices", sample("s01-fraud", desk.clock))
    assert len(client.feed(cursor).entries) == 1
    client.close()


def test_publishing_wakes_the_waiting_screen(desk: Desk) -> None:
    client = desk.client()
    cursor = client.feed(None).cursor
    latencies = []
    for _ in range(10):
        arrived: list[tuple[float, int]] = []

        def wait(cursor: str = cursor, arrived: list[tuple[float, int]] = arrived) -> None:
            feed = client.feed(cursor, wait=20)
            arrived.append((time.monotonic(), len(feed.entries)))

        waiter = threading.Thread(target=wait)
        waiter.start()
        while desk.call("GET", "/v1/screens").body["waiting"] != 1:
            time.sleep(0.01)
        start = time.monotonic()
        assert desk.call("POST", "/v1/urgent", URGENT, key="publisher").status == 201
        waiter.join(20)
        latencies.append(arrived[0][0] - start)
        assert arrived[0][1] == 1
        cursor = client.feed(None).cursor
    millis = sorted(1000 * value for value in latencies)
    print(f"publish → feed answered: median {millis[5]:.1f} ms, max {millis[-1]:.1f} ms")
    client.close()


def test_a_publish_for_others_does_not_wake(desk: Desk) -> None:
    client = desk.client("other-screen")
    cursor = client.feed(None).cursor
    done: list[int] = []
    waiter = threading.Thread(target=lambda: done.append(len(client.feed(cursor, wait=1.5).entries)))
    waiter.start()
    desk.call("POST", "/v1/urgent", URGENT, key="publisher")
    waiter.join(20)
    assert done == [0]
    client.close()


def test_stopping_does_not_wait_for_long_polls(tmp_path: Path, clock: FakeClock) -> None:
    done: list[int] = []
    with serve(tmp_path, town_config(), clock) as running:
        desk = Desk(running, clock)
        client = desk.client()
        cursor = client.feed(None).cursor

        def wait() -> None:
            try:
                done.append(len(client.feed(cursor, wait=30).entries))
            except FeedError:
                done.append(-1)

        waiter = threading.Thread(target=wait)
        waiter.start()
        while desk.call("GET", "/v1/screens").body["waiting"] != 1:
            time.sleep(0.01)
        desk.session.close()
        start = time.monotonic()
    took = time.monotonic() - start
    waiter.join(10)
    print(f"stopped in {took:.2f} s")
    assert took < 10
    assert done
    client.close()


def test_a_restart_keeps_everything(tmp_path: Path, clock: FakeClock) -> None:
    with serve(tmp_path, town_config(), clock) as running:
        desk = Desk(running, clock)
        desk.call("POST", "/v1/notices", sample("s01-fraud", clock))
        client = desk.client()
        before = client.feed(None)
        raw = client.notice(before.entries[0].href)
        keyring = running.keyring
        client.close()
        desk.session.close()
    with serve(tmp_path, town_config(), clock) as running:
        assert running.keyring == keyring
        client = Desk(running, clock).client()
        after = client.feed(before.cursor)
        assert after.full, "the first answer after a restart is a full one"
        assert [e.digest for e in after.entries] == [e.digest for e in before.entries]
        assert client.notice(after.entries[0].href) == raw
        assert client.feed(after.cursor).entries == ()
        client.close()


# -- urgent, cancel, withdraw


def test_an_emergency_from_the_short_form(desk: Desk) -> None:
    done = desk.call("POST", "/v1/urgent", load_form("emergency-flood"))
    assert done.status == 201, done.body
    client = desk.client()
    (entry,) = client.feed(None).entries
    document = parse_json(client.notice(entry.href))
    assert document["urgency"] == "emergency"
    alert = document["alert"]
    assert isinstance(alert, dict)
    assert alert["identifier"] == done.body["alert"]
    assert alert["expires"] == "2026-11-21T15:00:00+08:00"
    cancelled = desk.call("POST", f"/v1/alerts/{done.body['alert']}/cancel", load_form("cancel-flood"))
    assert cancelled.status == 201, cancelled.body
    assert [e.urgency for e in client.feed(None).entries] == ["emergency", "urgent"]
    again = desk.call("POST", f"/v1/alerts/{done.body['alert']}/cancel", load_form("cancel-flood"))
    assert (again.status, again.body["error"]) == (409, "alert_cancelled")
    unknown = desk.call("POST", "/v1/alerts/99020300000000_20200101000000_0/cancel", load_form("cancel-flood"))
    assert unknown.status == 404
    client.close()


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"approvals": [{"actor": "一人"}]}, 422, "schema"),
        ({"approvals": [{"actor": "一人"}, {"actor": "一人"}]}, 422, "approval_incomplete:emergency"),
        ({"expires_minutes": 0}, 422, "schema"),
        ({"expires_minutes": 10_000}, 422, "schema"),
        ({"text": "   "}, 422, "schema"),
        ({"text": "请联系13912345678"}, 422, "pii"),
        ({"targets": []}, 422, "schema"),
        ({"targets": ["1"]}, 422, "schema"),
        ({"level": "routine"}, 422, "schema"),
        ({"unknown": 1}, 422, "schema"),
        ({"targets": ["990299000000"]}, 403, "reach"),
    ],
)
def test_urgent_forms_that_are_refused(quiet: Desk, change: dict[str, object], status: int, error: str) -> None:
    refused = quiet.call("POST", "/v1/urgent", {**load_form("emergency-flood"), **change})
    assert (refused.status, refused.body["error"]) == (status, error), refused.body


def test_a_withdrawal_is_a_signed_revision_and_purges(desk: Desk) -> None:
    published = desk.call("POST", "/v1/notices", sample("s14-party-dues", desk.clock), key="publisher").body
    client = desk.client()
    before = client.feed(None)
    desk.clock.advance(60)
    path = f"/v1/notices/{published['id']}/withdraw"
    done = desk.call("POST", path, load_form("withdraw-party-dues"), key="publisher")
    assert (done.status, done.body["revision"]) == (201, 2)
    (entry,) = client.feed(before.cursor).entries
    assert (entry.revision, entry.status) == (2, "withdrawn")
    document = parse_json(client.notice(entry.href))
    assert document["body"] == []
    with pytest.raises(FeedError, match="410"):
        client.notice(before.entries[0].href)
    again = desk.call("POST", path, load_form("withdraw-party-dues"), key="publisher")
    assert (again.status, again.body["revision"]) == (200, 2)
    late = desk.call("POST", "/v1/notices", sample("s14-party-dues", desk.clock), key="publisher")
    assert late.body["error"] == "revision_rollback"
    assert desk.call("POST", "/v1/notices/x/withdraw", load_form("withdraw-party-dues")).status == 404
    client.close()


# -- roles


@pytest.mark.parametrize(
    ("key", "method", "path", "document", "status", "error"),
    [
        ("none-such-key-at-all", "GET", "/v1/screens", None, 401, "key_unknown"),
        ("screen", "POST", "/v1/notices", {}, 403, "role"),
        ("screen", "POST", "/v1/urgent", URGENT, 403, "role"),
        ("screen", "POST", "/v1/notices/x/withdraw", load_form("withdraw-party-dues"), 403, "role"),
        ("screen", "PUT", "/v1/assets/" + "0" * 64, b"", 403, "role"),
        ("screen", "GET", "/v1/screens", None, 403, "role"),
        ("screen", "GET", "/v1/receipts", None, 403, "role"),
        ("screen", "GET", f"/v1/screens/{OTHER}/feed", None, 403, "reach"),
        ("screen", "POST", f"/v1/screens/{OTHER}/receipts", {}, 403, "reach"),
        ("admin", "GET", f"/v1/screens/{VILLAGE}/feed", None, 403, "role"),
        ("admin", "POST", f"/v1/screens/{VILLAGE}/heartbeat", {}, 403, "role"),
        ("auditor", "POST", "/v1/notices", {}, 403, "role"),
        ("auditor", "POST", "/v1/urgent", URGENT, 403, "role"),
        ("publisher", "POST", "/v1/urgent", {**URGENT, "targets": [OTHER]}, 403, "reach"),
        ("publisher", "POST", "/v1/urgent", {**URGENT, "level": "emergency", "targets": [TOWN]}, 403, "reach"),
        ("publisher", "POST", "/v1/urgent", {**URGENT, "issuer": None}, 403, "reach"),
    ],
)
def test_who_may_not(
    quiet: Desk, key: str, method: str, path: str, document: dict[str, object] | bytes | None, status: int, error: str
) -> None:
    refused = quiet.call(method, path, document, key=key)
    assert (refused.status, refused.body["error"]) == (status, error)


def test_a_village_key_stays_in_its_village(desk: Desk) -> None:
    town_wide = sample("s01-fraud", desk.clock)
    assert desk.call("POST", "/v1/notices", town_wide, key="publisher").body["error"] == "reach"
    done = desk.call("POST", "/v1/notices", town_wide).body
    withdraw = desk.call(
        "POST", f"/v1/notices/{done['id']}/withdraw", load_form("withdraw-party-dues"), key="publisher"
    )
    assert (withdraw.status, withdraw.body["error"]) == (403, "reach")
    flood = desk.call("POST", "/v1/urgent", {**load_form("emergency-flood"), "targets": [TOWN]}).body
    cancel = desk.call("POST", f"/v1/alerts/{flood['alert']}/cancel", load_form("cancel-flood"), key="publisher")
    assert (cancel.status, cancel.body["error"]) == (403, "reach")
    squatted = {**sample("s03-party-day", desk.clock), "id": f"{OTHER}-20261121-C03-0001"}
    assert desk.call("POST", "/v1/notices", squatted, key="publisher").body["error"] == "reach"
    own = desk.call("POST", "/v1/urgent", {**URGENT, "level": "emergency"}, key="publisher")
    assert own.status == 201, own.body
    other = desk.client("other-screen")
    entries = other.feed(None).entries
    assert {entry.id for entry in entries} == {done["id"], flood["id"]}
    mine = desk.client()
    foreign = next(e for e in mine.feed(None).entries if e.id == own.body["id"])
    with pytest.raises(FeedError, match="403"):
        other.notice(foreign.href)
    other.close()
    mine.close()


# -- assets


def png(size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG")
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has nothing behind it."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png()[33:]


def test_assets_go_round_by_digest(desk: Desk) -> None:
    data = png()
    digest = hashlib.sha256(data).hexdigest()
    client = desk.client()
    with pytest.raises(FeedError, match="404"):
        client.asset(digest)
    done = desk.call("PUT", f"/v1/assets/{digest}", data, key="publisher")
    assert (done.status, done.body["media_type"]) == (201, "image/png")
    assert desk.call("PUT", f"/v1/assets/{digest}", data, key="publisher").status == 201
    assert client.asset(digest) == data
    client.close()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"<svg/>", "asset_type"),
        (b"%!PS-Adobe EPSF-3.0", "asset_type"),
        (b"", "asset_type"),
        (png_header(9_000, 9_000), "asset_pixels"),
        (png_header(60_000, 60_000), "asset_pixels"),
        (gzip.compress(b" " * 1000, mtime=0), "asset_type"),
    ],
)
def test_assets_that_are_refused(quiet: Desk, data: bytes, error: str) -> None:
    digest = hashlib.sha256(data).hexdigest()
    refused = quiet.call("PUT", f"/v1/assets/{digest}", data)
    assert (refused.status, refused.body["error"]) == (422, error)
    wrong = quiet.call("PUT", "/v1/assets/" + "0" * 64, data)
    assert wrong.body["error"] == "asset_digest"
    assert quiet.call("PUT", "/v1/assets/..%2f..%2fkey", data).status == 404


# -- receipts, heartbeats, screens


def test_receipts_count_once(desk: Desk) -> None:
    client = desk.client()
    rows = [
        {
            "receipt_id": f"r{n}",
            "notice_id": "N-1",
            "page": n,
            "seconds": 7.5,
            "shown_at": "2026-11-21T12:00:00+08:00",
        }
        for n in range(3)
    ]
    assert client.send_receipts(rows).accepted == ("r0", "r1", "r2")
    sent = client.send_receipts([*rows, {"receipt_id": "r0", "notice_id": "N-2"}, {"notice_id": "no id"}])
    assert set(sent.accepted) == {"r1", "r2"}
    assert sent.rejected == {"r0": "conflict", "None": "schema"}
    found = desk.call("GET", "/v1/receipts?notice=N-1").body["receipts"]
    assert isinstance(found, list)
    assert sorted(row["row"]["page"] for row in found) == [0, 1, 2]
    assert desk.call("GET", "/v1/receipts?notice=N-9").body["receipts"] == []
    other = desk.client("other-screen")
    assert other.send_receipts(rows).accepted == ("r0", "r1", "r2"), "ids belong to a screen"
    mine = desk.call("GET", "/v1/receipts", key="publisher").body["receipts"]
    assert isinstance(mine, list)
    assert {row["screen"] for row in mine} == {VILLAGE}
    client.close()
    other.close()


def test_screens_are_online_while_they_beat(desk: Desk) -> None:
    client = desk.client()
    client.heartbeat({"on_screen": {"notice": "N-1", "page": 1}, "offset_s": 0.25})
    client.feed(None)

    def states() -> dict[str, object]:
        screens = desk.call("GET", "/v1/screens", key="auditor").body["screens"]
        assert isinstance(screens, list)
        return {screen["code"]: screen["online"] for screen in screens}

    assert states() == {VILLAGE: True, OTHER: False}
    desk.clock.advance(91)
    assert states() == {VILLAGE: False, OTHER: False}
    screens = desk.call("GET", "/v1/screens", key="publisher").body["screens"]
    assert isinstance(screens, list)
    assert [screen["code"] for screen in screens] == [VILLAGE]
    assert screens[0]["heartbeat"]["offset_s"] == 0.25
    client.close()


# -- robustness


def test_errors_are_json_and_tell_nothing(desk: Desk) -> None:
    for method, path, status in [
        ("GET", "/", 404),
        ("GET", "/v1/notices", 405),
        ("GET", "/v1/notices/x/1", 404),
        ("GET", "/v1/notices/x/99999999999999999999", 404),
        ("POST", "/v1/screens/1/receipts", 403),
        ("GET", "/v1/receipts?limit=x", 422),
    ]:
        answer = desk.call(method, path)
        assert answer.status == status, (path, answer.body)
        assert set(answer.body) == {"error", "detail"}
        assert "Traceback" not in json.dumps(answer.body)


def test_bodies_have_a_limit(desk: Desk) -> None:
    assert desk.call("POST", "/v1/notices", b" " * 2_000_001).body["error"] == "too_large"
    assert desk.call("POST", "/v1/urgent", b" " * 64_001).body["error"] == "too_large"

    def chunks():
        for _ in range(100):
            yield b" " * 65536

    headers = {"Authorization": f"Bearer {KEYS['admin'][0]}"}
    reply = desk.session.post(desk.running.url + "/v1/notices", data=chunks(), headers=headers, timeout=20)
    assert reply.status_code == 413


def test_half_a_request_harms_nobody(desk: Desk) -> None:
    host, port = desk.running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:
        head = f"POST /v1/notices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEYS['admin'][0]}\r\n"
        line.sendall((head + "Content-Length: 500\r\n\r\n{").encode())
    with socket.create_connection((host, int(port))) as line:
        line.sendall(b"\x16\x03\x01garbage\r\n\r\n")
    assert desk.call("GET", "/v1/screens").status == 200


def test_guessing_keys_is_slowed_down(desk: Desk) -> None:
    statuses = [desk.call("GET", "/v1/screens", key=f"guess-number-{n:08d}").status for n in range(25)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert desk.call("GET", "/v1/screens").status == 200, "a good key still works from the same address"
    desk.clock.advance(60)
    assert desk.call("GET", "/v1/screens", key="guess-number-again").status == 401


def test_requests_are_limited_per_key(tmp_path: Path, clock: FakeClock) -> None:
    config = replace(town_config(), limits=Limits(requests_burst=5, requests_per_s=1))
    with serve(tmp_path, config, clock) as running:
        desk = Desk(running, clock)
        statuses = [desk.call("GET", "/v1/screens").status for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        assert desk.call("GET", "/v1/screens", key="auditor").status == 200
        clock.advance(2)
        assert desk.call("GET", "/v1/screens").status == 200
        desk.session.close()


def test_the_sample_configuration_loads(tmp_path: Path) -> None:
    config = load_town(resource("configs", "town.yaml"))
    assert {key.role.value for key in config.keys} == {"screen", "publisher", "town-admin", "auditor"}
    assert config.listen == ("127.0.0.1", 8600)
    text = resource("configs", "town.yaml").read_text(encoding="utf-8")
    for old, new in [("role: auditor", "role: king"), ("listen:", "lissen:"), ("127.0.0.1:8600", "nowhere")]:
        path = tmp_path / "town.yaml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(ConfigError, match="nowhere" if new == "nowhere" else "town.yaml:"):
            load_town(path)


def test_all_samples_go_out(desk: Desk) -> None:
    for item in load_samples():
        for digest, path in item.assets().items():
            assert desk.call("PUT", f"/v1/assets/{digest}", path.read_bytes()).status == 201
        done = desk.call("POST", "/v1/notices", dated(item.document, desk.clock.now()))
        assert done.status == 201, (item.path.name, done.body)
    assert desk.call("POST", "/v1/urgent", load_form("urgent-water-cut")).status == 201
