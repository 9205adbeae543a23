"""Rounds of the feed loop: against the real town, against the reference feeds in every order, against a platform
that fails on purpose."""

import hashlib
import io
import itertools
import json
import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image as Picture

from kit import NOON, ZONE, FakeClock
from ledsign.clock import ClockTrust, TrustedClock
from ledsign.database import Database
from ledsign.errors import FeedError
from ledsign.feed.client import ASSET_CAP, Entry, Feed
from ledsign.feed.guarded import StatusError
from ledsign.feed.integrity import Keyring, load_keys
from ledsign.feed.picturefetch import PICTURES_S
from ledsign.feed.retries import RETRY_FIRST_S, TRIES
from ledsign.feed.store import Snapshot, Store
from ledsign.feed.sync import Syncer
from ledsign.latest import Latest
from ledsign.policy import load_policy
from ledsign.resources import resource
from ledsign.town import make_signing, serve
from ledsign.town.samples import dated, load_form, load_samples
from townkit import VILLAGE, Desk, town_config

POLICY = load_policy(resource("configs", "policy.yaml"))
SIGNING = make_signing("test-town", b"t" * 32)


@dataclass
class FakePlatform:
    """Serves what the test puts into it; ``log`` is the order of what was asked."""

    listing: list[Entry] = field(default_factory=list)
    notices: dict[str, bytes | FeedError] = field(default_factory=dict)
    assets: dict[str, bytes | FeedError] = field(default_factory=dict)
    cursor: str = "e-1"
    full: bool = False
    server_time: datetime | None = NOON
    authentic: bool = True
    down: bool = False
    log: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def feed(self, cursor: str | None, wait: float = 0.0) -> Feed:
        self.log.append(f"feed {cursor}")
        self.waits.append(wait)
        if self.down:
            raise FeedError("nobody there")
        return Feed(self.cursor, self.full, tuple(self.listing), self.server_time)

    def notice(self, href: str) -> bytes:
        self.log.append(href)
        return self._given(self.notices[href])

    def asset(self, sha256: str, max_bytes: int = ASSET_CAP) -> bytes:
        self.log.append(f"asset {sha256[:8]}")
        return self._given(self.assets.get(sha256, StatusError(404, "no such asset")))

    def _given(self, found: bytes | FeedError) -> bytes:
        if isinstance(found, FeedError):
            raise found
        return found

    def put(self, document: Mapping[str, object], href: str | None = None, **changes: object) -> Entry:
        """Sign and list a document; ``changes`` falsify its entry."""
        signed = SIGNING.sign(document)
        raw = json.dumps(signed, ensure_ascii=False).encode()
        href = href or f"{signed['id']}/{signed['revision']}"
        values: dict[str, object] = {
            "id": signed["id"],
            "revision": signed["revision"],
            "status": signed["status"],
            "category": signed["category"],
            "urgency": signed["urgency"],
            "digest": signed["integrity"]["digest"],
            "href": href,
            **changes,
        }
        entry = Entry(**values)
        self.notices[href] = raw
        self.listing.append(entry)
        return entry


@dataclass
class Screen:
    platform: FakePlatform
    clock: FakeClock
    trusted: TrustedClock
    database: Database
    store: Store
    out: Latest[Snapshot]
    syncer: Syncer

    def ids(self) -> list[str]:
        return [notice.id for notice in self.store.active().notices]


def open_screen(folder: Path, platform: FakePlatform, clock: FakeClock, keys: Keyring, code: str = VILLAGE) -> Screen:
    database = Database(folder / "screen.sqlite3", ballast_bytes=65536)
    store = Store(database)
    trusted = TrustedClock(clock, datetime(2026, 1, 1, tzinfo=ZONE))
    out = Latest(store.active())
    syncer = Syncer(platform, store, POLICY, keys, code, clock, trusted, out)
    return Screen(platform, clock, trusted, database, store, out, syncer)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    opened = open_screen(tmp_path, FakePlatform(), FakeClock(), SIGNING.keyring)
    yield opened
    opened.database.close()


def sample(name: str) -> dict[str, object]:
    found = next(item for item in load_samples() if item.path.stem == name)
    return dict(dated(found.document, NOON))


# -- one round


def test_a_round_keeps_notices_then_the_cursor(screen: Screen) -> None:
    screen.platform.put(sample("s01-fraud"))
    screen.platform.put(sample("s03-party-day"))
    pulled = screen.syncer.pull(25)
    assert len(pulled.accepted) == 2
    assert pulled.changed
    assert screen.store.cursor() == "e-1"
    assert len(screen.out.get()[0].notices) == 2
    assert screen.syncer.status.last_ok == NOON
    again = screen.syncer.pull(25)
    assert (again.accepted, again.changed) == ((), False)
    assert screen.platform.log[3:] == ["feed e-1"], "what is known is not fetched again"


def test_emergencies_come_first_and_at_once(screen: Screen) -> None:
    with_picture = screen.platform.put(sample("s10-bridge"))
    screen.platform.put(sample("s01-fraud"))
    emergency = emergency_document()
    screen.platform.put(emergency)
    seen: list[int] = []
    original = screen.platform.notice

    def notice(href: str) -> bytes:
        seen.append(len(screen.out.get()[0].notices))
        return original(href)

    screen.platform.notice = notice
    screen.syncer.pull()
    assert screen.platform.log[1] == f"{emergency['id']}/1"
    assert seen == [0, 1, 1], "the emergency was passed on before anything else was fetched"
    assert screen.platform.log.index(with_picture.href) < screen.platform.log.index("asset " + bridge_sha()[:8])


def bridge_sha() -> str:
    item = next(item for item in load_samples() if item.path.stem == "s10-bridge")
    return next(iter(item.assets()))


def emergency_document() -> dict[str, object]:
    from ledsign.town.forms import Issuer, Naming, UrgentForm, urgent_document

    form = UrgentForm.model_validate(load_form("emergency-flood"))
    issuer = Issuer(code="990203104000", name="清溪镇人民政府")
    naming = Naming("990203104000-20261121-C12-0001", "99020300000000_20261121120000_0", "https://x.invalid/n", NOON)
    return dict(urgent_document(form, issuer, naming))


def test_a_bad_notice_costs_one_line_and_holds_up_nobody(screen: Screen) -> None:
    draft = {**sample("s03-party-day"), "status": "draft"}
    bad = screen.platform.put(draft)
    garbage = screen.platform.put(sample("s05-resolution"))
    screen.platform.notices[garbage.href] = b"\x00garbage"
    foreign = screen.platform.put({**sample("s07-finance"), "targets": ["990203104206"]})
    screen.platform.put(sample("s01-fraud"))
    pulled = screen.syncer.pull()
    assert [key[0] for key in pulled.accepted] == [sample("s01-fraud")["id"]]
    assert {r.id: r.reason for r in pulled.refused} == {
        bad.id: "status_not_published",
        garbage.id: "malformed_json",
        foreign.id: "not_targeted",
    }
    assert screen.store.cursor() == "e-1"
    screen.syncer.pull()
    screen.syncer.pull()
    lines = [line for line in screen.store.audit() if line.event == "refused"]
    assert [line.times for line in lines] == [1, 1, 1], "a refused digest is not fetched again"
    assert screen.platform.log.count(bad.href) == 1
    screen.platform.listing.remove(bad)
    screen.platform.put({**draft, "status": "published", "revision": 2})
    assert len(screen.syncer.pull().accepted) == 1


def test_what_is_served_must_be_what_was_announced(screen: Screen) -> None:
    entry = screen.platform.put(sample("s01-fraud"), digest="f" * 64)
    pulled = screen.syncer.pull()
    assert [(r.id, r.reason) for r in pulled.refused] == [(entry.id, "digest_mismatch")]
    assert screen.ids() == []


def test_a_failed_fetch_is_repeated_and_the_cursor_on_disk_waits(screen: Screen) -> None:
    entry = screen.platform.put(sample("s01-fraud"))
    screen.platform.put(sample("s03-party-day"))
    good = screen.platform.notices[entry.href]
    screen.platform.notices[entry.href] = FeedError("timeout")
    pulled = screen.syncer.pull(25)
    assert (len(pulled.accepted), pulled.waiting) == (1, 1)
    assert screen.store.cursor() is None, "a restart asks again"
    screen.platform.listing.clear()
    screen.platform.cursor = "e-2"
    screen.syncer.pull(25)
    assert screen.platform.log[-1] == "feed e-1", "meanwhile the feed goes on"
    assert screen.platform.waits[-1] <= RETRY_FIRST_S
    screen.clock.advance(RETRY_FIRST_S)
    screen.platform.notices[entry.href] = good
    assert len(screen.syncer.pull(25).accepted) == 1
    assert screen.store.cursor() == "e-2"


@pytest.mark.parametrize("error", [StatusError(404, "gone"), StatusError(410, "purged")])
def test_what_is_gone_is_not_waited_for(screen: Screen, error: FeedError) -> None:
    entry = screen.platform.put(sample("s01-fraud"))
    screen.platform.notices[entry.href] = error
    assert screen.syncer.pull().waiting == 0
    assert screen.store.cursor() == "e-1"


def test_what_always_fails_is_given_up(screen: Screen) -> None:
    entry = screen.platform.put(sample("s01-fraud"))
    screen.platform.notices[entry.href] = FeedError("500")
    screen.syncer.pull()
    screen.platform.listing.clear()
    for _ in range(3 * TRIES):
        screen.clock.advance(300)
        screen.syncer.pull()
    assert screen.platform.log.count(entry.href) == TRIES
    assert screen.store.cursor() == "e-1"


def test_offline_nothing_is_lost_and_failures_are_counted(screen: Screen) -> None:
    screen.platform.put(sample("s01-fraud"))
    screen.syncer.pull()
    screen.platform.down = True
    for count in (1, 2, 3):
        with pytest.raises(FeedError):
            screen.syncer.pull(25)
        assert screen.syncer.status.failures == count
    assert len(screen.ids()) == 1
    assert screen.syncer.status.last_error == "nobody there"
    screen.platform.down = False
    screen.syncer.pull()
    assert screen.syncer.status.failures == 0


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    platform = FakePlatform()
    platform.put(sample("s01-fraud"))
    first = open_screen(tmp_path, platform, FakeClock(), SIGNING.keyring)
    first.syncer.pull()
    first.database.close()
    second = open_screen(tmp_path, platform, FakeClock(), SIGNING.keyring)
    assert len(second.ids()) == 1
    second.syncer.pull()
    assert platform.log[-1] == "feed e-1"
    second.database.close()


def test_a_notice_missing_in_a_full_listing_stays_and_is_reported(screen: Screen) -> None:
    entry = screen.platform.put(sample("s01-fraud"))
    screen.syncer.pull()
    screen.platform.listing.clear()
    screen.platform.full = True
    pulled = screen.syncer.pull()
    assert pulled.absent == (entry.id,)
    assert not pulled.changed
    assert screen.ids() == [entry.id]


# -- pictures


def test_an_ordinary_notice_is_announced_with_its_pictures(screen: Screen) -> None:
    item = next(item for item in load_samples() if item.path.stem == "s10-bridge")
    sha256, path = next(iter(item.assets().items()))
    screen.platform.assets[sha256] = path.read_bytes()
    screen.platform.put(sample("s10-bridge"))
    version = screen.out.get()[1]
    screen.syncer.pull()
    snapshot, now = screen.out.get()
    assert now == version + 1, "told once, with everything"
    image = next(snapshot.notices[0].images())
    assert screen.store.asset(image) == path.read_bytes()
    assert "asset_missing" not in screen.store.audit()[0].detail


def test_a_missing_picture_costs_the_picture_only_and_comes_later(screen: Screen) -> None:
    screen.platform.put(sample("s10-bridge"))
    pulled = screen.syncer.pull()
    assert len(pulled.accepted) == 1
    assert screen.store.cursor() == "e-1"
    screen.platform.listing.clear()
    screen.syncer.pull(25)
    assert screen.platform.log.count("asset " + bridge_sha()[:8]) == 1, "not at every round"
    assert screen.platform.waits[-1] <= RETRY_FIRST_S
    item = next(item for item in load_samples() if item.path.stem == "s10-bridge")
    screen.platform.assets[bridge_sha()] = item.assets()[bridge_sha()].read_bytes()
    screen.clock.advance(RETRY_FIRST_S)
    pulled = screen.syncer.pull(25)
    assert pulled.changed
    assert screen.store.missing_assets() == []


def test_slow_pictures_do_not_keep_a_round_from_listening(screen: Screen) -> None:
    items = [item for item in load_samples() if item.path.stem in ("s02-village", "s10-bridge")]
    for item in items:
        for sha256, path in item.assets().items():
            screen.platform.assets[sha256] = path.read_bytes()
        screen.platform.put(sample(item.path.stem))
    original = screen.platform.asset

    def asset(name: str, max_bytes: int = ASSET_CAP) -> bytes:
        screen.clock.advance(PICTURES_S)
        return original(name, max_bytes)

    screen.platform.asset = asset
    assert len(screen.syncer.pull(25).accepted) == 2
    assert len(screen.store.missing_assets()) == 1
    assert screen.syncer.pull(25).changed
    assert screen.platform.waits[-1] == 0, "asks at once instead of waiting"
    assert screen.store.missing_assets() == []
    screen.syncer.pull(25)
    assert screen.platform.waits[-1] == 25


def test_a_wrong_picture_is_not_kept(screen: Screen) -> None:
    screen.platform.assets[bridge_sha()] = b"something else"
    screen.platform.put(sample("s10-bridge"))
    assert len(screen.syncer.pull().accepted) == 1
    assert len(screen.store.missing_assets()) == 1


def test_an_emergency_does_not_wait_for_its_picture(screen: Screen) -> None:
    out = io.BytesIO()
    Picture.new("1", (64, 32)).save(out, "PNG")
    data = out.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    document = emergency_document()
    body = document["body"]
    assert isinstance(body, list)
    image = {
        "type": "image",
        "src": "asset://route.png",
        "sha256": sha256,
        "media_type": "image/png",
        "alt": "转移路线",
        "caption": "",
        "role": "map",
        "width": 64,
        "height": 32,
        "bytes": len(data),
    }
    screen.platform.put({**document, "body": [*body, image]})
    screen.platform.assets[sha256] = data
    told: list[int] = []
    original = screen.platform.asset

    def asset(name: str, max_bytes: int = ASSET_CAP) -> bytes:
        told.append(len(screen.out.get()[0].notices))
        return original(name, max_bytes)

    screen.platform.asset = asset
    screen.syncer.pull()
    assert told == [1]
    assert screen.store.missing_assets() == []


# -- time


def test_the_platform_confirms_the_clock_only_where_it_can_be_believed(screen: Screen) -> None:
    screen.platform.authentic = False
    screen.syncer.pull()
    assert screen.trusted.read().trust is ClockTrust.HOLDOVER
    assert screen.syncer.status.offset_s is None
    screen.platform.authentic = True
    screen.clock.advance(2)
    screen.syncer.pull()
    assert screen.trusted.read().trust is ClockTrust.TRUSTED
    assert screen.syncer.status.offset_s == 2
    screen.platform.server_time = NOON + timedelta(hours=1)
    screen.syncer.pull()
    assert screen.trusted.read().trust is ClockTrust.UNTRUSTED


def test_a_clock_of_1970_does_not_decide_what_is_shown(tmp_path: Path) -> None:
    platform = FakePlatform()
    platform.put(emergency_document())
    opened = open_screen(tmp_path, platform, FakeClock(datetime(1970, 1, 1, tzinfo=ZONE)), SIGNING.keyring)
    pulled = opened.syncer.pull()
    assert len(pulled.accepted) == 1
    assert opened.store.audit()[0].at == NOON
    opened.database.close()


# -- receipts


# -- the reference feeds


def corpus_feed(corpus: Path, name: str) -> tuple[Feed, dict[str, bytes]]:
    document = json.loads((corpus / "feeds" / name).read_bytes())
    files: dict[str, bytes] = {}
    entries = []
    for line in document["notices"]:
        href = line["href"].removeprefix("../")
        files[href] = (corpus / href).read_bytes()
        values = {key: line[key] for key in ("id", "revision", "status", "category", "urgency", "digest")}
        entries.append(Entry(**values, href=href))
    server_time = datetime.fromisoformat(document["server_time"])
    return Feed(document["cursor"], document["full"], tuple(entries), server_time), files


def test_the_reference_feeds_end_in_one_state_in_any_order(corpus: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in (corpus / "feeds").glob("t*.json"))
    assert len(names) == 6
    keys = load_keys(corpus / "public-test-keys.json")
    clock = datetime(2026, 11, 21, 9, 0, tzinfo=ZONE)
    rng = random.Random(20261121)
    orders = [names, names[::-1], *(rng.sample(names, 6) for _ in range(3))]
    orders += [[*rng.sample(names, 6), *rng.choices(names, k=6)] for _ in range(2)]
    states = []
    for number, order in enumerate(orders):
        platform = FakePlatform()
        screen = open_screen(tmp_path / str(number), platform, FakeClock(clock), keys, "990102101201")
        for name in order:
            feed, files = corpus_feed(corpus, name)
            platform.listing, platform.cursor, platform.full = list(feed.entries), feed.cursor, feed.full
            platform.server_time = feed.server_time
            platform.authentic = False
            platform.notices.update(files)
            pulled = screen.syncer.pull()
            assert pulled.refused == (), (order, pulled.refused)
        active = screen.store.active()
        states.append((tuple((n.key, n.digest) for n in active.notices), active.cancelled))
        known = screen.store.known("990102101201-20261105-C03-0001")
        assert known is not None
        assert known.withdrawn
        screen.database.close()
    assert len(set(states)) == 1
    held, cancelled = states[0]
    print(f"{len(orders)} orders, {len(held)} notices held")
    assert cancelled == {"99010200000000_20261107055500_0"}
    assert (("990102101201-20261010-C08-0001", 2)) in {key for key, _digest in held}


# -- the real town


def test_from_the_desk_to_the_store_and_back(tmp_path: Path) -> None:
    clock = FakeClock()
    with serve(tmp_path / "town", town_config(), clock) as running:
        desk = Desk(running, clock)
        client = desk.client()
        database = Database(tmp_path / "screen" / "screen.sqlite3", ballast_bytes=65536)
        store = Store(database)
        trusted = TrustedClock(clock, datetime(2026, 1, 1, tzinfo=ZONE))
        syncer = Syncer(client, store, POLICY, running.keyring, VILLAGE, clock, trusted)
        published = {}
        for item in load_samples():
            for sha256, path in item.assets().items():
                desk.call("PUT", f"/v1/assets/{sha256}", path.read_bytes())
            done = desk.call("POST", "/v1/notices", dated(item.document, clock.now()))
            published[item.path.stem] = done.body["id"]
        pulled = syncer.pull()
        assert len(pulled.accepted) == len(published) == 14
        assert pulled.refused == ()
        assert store.missing_assets() == []
        assert trusted.read().trust is ClockTrust.TRUSTED

        flood = desk.call("POST", "/v1/urgent", load_form("emergency-flood")).body
        assert syncer.pull(20).accepted == ((flood["id"], 1),)
        desk.call("POST", f"/v1/alerts/{flood['alert']}/cancel", load_form("cancel-flood"))
        syncer.pull(20)
        assert store.cancelled() == {flood["alert"]}

        dues = published["s14-party-dues"]
        desk.call("POST", f"/v1/notices/{dues}/withdraw", load_form("withdraw-party-dues"))
        assert syncer.pull(20).changed
        known = store.known(str(dues))
        assert known is not None
        assert known.withdrawn
        assert dues not in {notice.id for notice in store.active().notices}
        client.close()
        database.close()
        desk.session.close()


def test_how_long_from_the_desk_to_the_wake(tmp_path: Path) -> None:
    """Measured, not gated: publish until the daemon would be told, verified and on disk."""
    clock = FakeClock()
    with serve(tmp_path / "town", town_config(), clock) as running:
        desk = Desk(running, clock)
        client = desk.client()
        database = Database(tmp_path / "screen" / "screen.sqlite3", ballast_bytes=65536)
        store = Store(database)
        out = Latest(store.active())
        trusted = TrustedClock(clock, datetime(2026, 1, 1, tzinfo=ZONE))
        syncer = Syncer(client, store, POLICY, running.keyring, VILLAGE, clock, trusted, out)
        syncer.pull()
        stop = threading.Event()

        def loop() -> None:
            while not stop.is_set():
                syncer.pull(0.5)

        thread = threading.Thread(target=loop)
        thread.start()
        times = []
        for _ in range(10):
            while desk.call("GET", "/v1/screens").body["waiting"] != 1:
                time.sleep(0.005)
            version = out.get()[1]
            start = time.monotonic()
            assert desk.call("POST", "/v1/urgent", load_form("emergency-flood")).status == 201
            assert out.wait(version, 20)
            times.append(1000 * (time.monotonic() - start))
        stop.set()
        thread.join(20)
        times.sort()
        print(f"emergency posted → store and wake: median {times[5]:.1f} ms, max {times[-1]:.1f} ms")
        assert len(store.active().notices) == 10
        client.close()
        database.close()
        desk.session.close()


def test_orders_of_publishing_do_not_matter_to_who_is_held(screen: Screen) -> None:
    """Revisions listed twice or backwards: the newest wins."""
    first = sample("s01-fraud")
    for order in itertools.permutations([1, 2, 3]):
        screen.platform.listing.clear()
        for revision in order:
            screen.platform.put({**first, "revision": revision, "title": f"第{revision}版"})
        screen.syncer.pull()
        held = screen.store.known(str(first["id"]))
        assert held is not None
        assert held.revision == 3
