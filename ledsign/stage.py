"""A whole county on one machine: town platform, simulated card and daemon on loopback, for demos and tests.

The card is watched from its own side: what counts as lit is what the simulated card displayed, not what the
daemon believes.
"""

import json
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from ledsign.clock import Clock
from ledsign.config import load_config, policy_of
from ledsign.daemon import Daemon
from ledsign.drawing import renderer_for
from ledsign.errors import FeedError
from ledsign.feed.integrity import load_keys
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.feed.store import Snapshot
from ledsign.frame import Page, PixelFormat
from ledsign.notice import Image, Notice
from ledsign.panel import Panel
from ledsign.playlist.plan import plan
from ledsign.protocol.codec import Link, create, network_scheme
from ledsign.protocol.gbtext import decode, encode
from ledsign.render.pages import Renderer
from ledsign.repertoire import Repertoire
from ledsign.simulator import SimulatedCard, serve
from ledsign.simulator.canvas import to_page
from ledsign.simulator.lettering import letter
from ledsign.town import ApiKey, Role, Running, TownConfig, make_signing
from ledsign.town import serve as serve_town
from ledsign.town.samples import Sample, dated
from ledsign.trust import ClockTrust

SCREEN_KEY = "demo-screen-key-not-secret"
STAFF_KEY = "demo-staff-key-not-secret"
SAFE_LINES = ("村务公开",)


@dataclass(frozen=True, slots=True)
class Setting:
    """What to put on stage. ``baud`` makes the line a paced pseudo-terminal instead of TCP; ``pace`` shortens
    every dwell; ``keys`` are foreign keys that sign notices beside the town's own."""

    panel: Panel
    screen: str
    out: Path
    family: str = "cp5200"
    baud: int | None = None
    pace: float = 1.0
    web: str | None = None
    keys: Path | None = None


@dataclass(slots=True)
class Stage:
    """Town and card, running. ``pages``: page identity → (notice, page) as a renderer of its own draws it, among them
    the digest pages that announce long full texts; ``config`` is the file a daemon for this screen reads."""

    setting: Setting
    town: Running
    card: SimulatedCard
    config: Path
    clock: Clock
    renderer: Renderer
    words: bool = False  # the card draws text with letters of its own
    pages: dict[str, tuple[Notice | None, Page]] = field(default_factory=dict)
    assets: dict[str, bytes] = field(default_factory=dict)  # pictures the platform took
    notices: dict[str, Notice] = field(default_factory=dict)  # by id, as learnt last
    repertoire: Repertoire = field(init=False)

    def __post_init__(self) -> None:
        night = self.renderer.policy.dwell.night_min_s
        self.repertoire = Repertoire(self.renderer, self._asset, self.clock, self.setting.pace, night)

    def staff(self, method: str, path: str, document: object = None) -> dict[str, object]:
        """A request of the town's staff. Raises FeedError with the town's machine reason."""
        data = document if isinstance(document, bytes) else json.dumps(document).encode("utf-8")
        answer = requests.request(
            method,
            self.town.url + path,
            data=data if document is not None else None,
            headers={"Authorization": f"Bearer {STAFF_KEY}", "Content-Type": "application/json"},
            timeout=30,
        )
        body = answer.json()
        if answer.status_code >= 400:
            raise FeedError(f"{body.get('error')}: {body.get('detail', '')}")
        return dict(body)

    def publish(self, sample: Sample) -> Notice:
        """Publish a sample: drafts moved to today and signed by the town, signed ones as they are."""
        for sha256, path in sample.assets().items():
            try:
                self._put_asset(sha256, path.read_bytes())
            except FeedError:
                continue  # the platform refuses it; the notice degrades to the alt text on its own
        raw = sample.raw if sample.signed else json.dumps(dated(sample.document, self.clock.now())).encode()
        answer = self.staff("POST", "/v1/notices", raw)
        return self.learn(str(answer["id"]), int(str(answer["revision"])))

    def learn(self, notice_id: str, revision: int) -> Notice:
        """Draw a published notice with this stage's own renderer, so that its pages are known when they appear."""
        answer = requests.get(
            f"{self.town.url}/v1/notices/{notice_id}/{revision}",
            headers={"Authorization": f"Bearer {STAFF_KEY}"},
            timeout=30,
        )
        if answer.status_code != 200:
            raise FeedError(f"{notice_id}: {answer.status_code}")
        notice = parse_notice(parse_json(answer.content))
        for page in self.renderer.render(notice, self._asset).pages:
            self.pages[self.seen(page)] = (notice, page)
        self.notices[notice.id] = notice
        self._learn_announced()
        return notice

    def _learn_announced(self) -> None:
        """Draw the digest pages that say when today's full texts run, as everything published so far has it."""
        snapshot = Snapshot(tuple(self.notices.values()))
        items = self.repertoire.items(snapshot, lambda: None)
        while self.repertoire.pending:
            items = self.repertoire.items(snapshot, lambda: None)
        made = plan(items, {}, self.renderer.policy, self.clock.now(), ClockTrust.TRUSTED, self.setting.screen)
        for coming in made.announced:
            notice = self.notices[coming.key[0]]
            digest = self.repertoire.drawn(notice).digest
            if digest is not None:
                page = self.renderer.announced(notice, digest, coming.starts)
                self.pages[self.seen(page)] = (notice, page)

    def seen(self, page: Page) -> str:
        """The identity of what the card's glass shows of the page: its pixels, or its words in the card's letters."""
        panel = self.setting.panel
        if not self.words:
            return page.sha256
        words = decode(encode("\n".join(page.text))[0])  # as much as its fonts have
        return to_page(letter(words, panel.width, panel.height), panel).sha256

    def lit(self, notice: Notice, since: float, timeout: float) -> float | None:
        """Seconds from ``since`` (monotonic) until the card displayed a page of the notice; None if it never did."""

        def first() -> float | None:
            for shown in self.card.shown:
                if shown.at >= since and self.is_page_of(shown.sha256, notice):
                    return shown.at - since
            return None

        self.card.wait_for(lambda _card: first() is not None, timeout)
        return first()

    def gone(self, notice: Notice, since: float, timeout: float) -> float | None:
        """Seconds from ``since`` until the card's glass no longer shows the notice; None if it stays."""

        def ended(card: SimulatedCard) -> bool:
            return not self.is_page_of(card.glass, notice)

        if not self.card.wait_for(ended, timeout):
            return None
        after = [shown.at for shown in self.card.changes if shown.at >= since]
        return (after[0] - since) if after else 0.0

    def is_page_of(self, sha256: str, notice: Notice) -> bool:
        found = self.pages.get(sha256)
        return found is not None and found[0] is not None and found[0].id == notice.id

    def _put_asset(self, sha256: str, data: bytes) -> None:
        answer = requests.put(
            f"{self.town.url}/v1/assets/{sha256}",
            data=data,
            headers={"Authorization": f"Bearer {STAFF_KEY}", "Content-Type": "application/octet-stream"},
            timeout=30,
        )
        if answer.status_code >= 400:
            raise FeedError(str(answer.status_code))
        self.assets[sha256] = data

    def _asset(self, image: Image) -> bytes | None:
        return self.assets.get(image.sha256) if image.name else None


def home_screen(samples: Sequence[Sample]) -> str:
    """The village most of the notices are about."""
    codes = Counter(
        str(sample.document.get("village_code", ""))
        for sample in samples
        if not str(sample.document.get("village_code", "")).endswith("000")
    )
    return codes.most_common(1)[0][0] if codes else "990203104205"


def _town_config(screen: str) -> TownConfig:
    return TownConfig(
        keys=(
            ApiKey.of(SCREEN_KEY, Role.SCREEN, screen, "demo screen"),
            ApiKey.of(STAFF_KEY, Role.TOWN_ADMIN, screen[:6] + "000000", "demo staff"),
        ),
        code=screen[:9] + "000",
        name="清溪镇人民政府",
    )


def _write_config(setting: Setting, state: Path, town: Running, card: SimulatedCard) -> Path:
    key = state / "platform.key"
    key.write_text(SCREEN_KEY, encoding="utf-8")
    key.chmod(0o600)
    document: Mapping[str, object] = {
        "screen": {"code": setting.screen, "name": "demo"},
        "platform": {"url": town.url, "key_file": str(key), "heartbeat_seconds": 2},
        "keys_file": str(town.keys_file),
        "panels": [
            {"name": "main", "profile": setting.panel.name, "card": {"family": setting.family, "url": card.url}}
        ],
        "hours": {"open": "00:00", "close": "24:00"},
        "state": "state",
        "control": "control.sock",
        "cache": "cache",
        "safe_page": list(SAFE_LINES),
        "log_level": "warning",
    }
    path = state / "ledsign.yaml"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")  # JSON is YAML
    return path


def _first_format(setting: Setting) -> PixelFormat:
    """What the card takes: the daemon draws for it, so does the stage."""
    link = Link.UDP if network_scheme(setting.family) == "udp" else Link.NET
    panel = setting.panel
    return create(setting.family, link).formats(panel.mode, panel.width, panel.height)[0]


@contextmanager
def set_stage(setting: Setting, clock: Clock) -> Iterator[Stage]:
    """Town and card on loopback until the block ends; then both are stopped and their state is removed."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ledsign-")))
        signing = make_signing("demo-town", trust=load_keys(setting.keys) if setting.keys else None)
        town = stack.enter_context(
            serve_town(state / "town", _town_config(setting.screen), clock, host="127.0.0.1", port=0, signing=signing)
        )
        network = f"{network_scheme(setting.family)}://127.0.0.1:0"
        line = network if setting.baud is None else f"pty://{state}/line"
        card = stack.enter_context(
            serve(setting.family, line, setting.panel, setting.out / "card", setting.web, baud=setting.baud)
        )
        config = _write_config(setting, state, town, card)
        form = _first_format(setting)
        words = form is PixelFormat.TEXT
        policy = policy_of(load_config(config))
        renderer = renderer_for(setting.panel, policy, state / "cache", form)
        stage = Stage(setting, town, card, config, clock, renderer, words)
        safe = renderer.safe_page(SAFE_LINES)
        stage.pages[stage.seen(safe)] = (None, safe)
        yield stage


@contextmanager
def play(stage: Stage, clock: Clock) -> Iterator[Daemon]:
    """A daemon for the stage's screen, in threads of this process, until the block ends."""
    daemon = Daemon(load_config(stage.config), clock, pace=stage.setting.pace)
    stop = threading.Event()
    thread = threading.Thread(target=daemon.run, args=(stop,), name="daemon", daemon=True)
    thread.start()
    try:
        yield daemon
    finally:
        stop.set()
        thread.join(30)

