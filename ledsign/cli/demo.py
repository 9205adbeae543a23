"""``ledsign demo``: the main job on one machine, watched from the card's side, with measured times."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import click

from ledsign.cli.common import Exit, clock_option, emit, fail, json_option, panel_option
from ledsign.clock import Clock, ShiftedClock, SystemClock
from ledsign.daemon import Daemon
from ledsign.errors import ConfigError, FeedError, LedsignError
from ledsign.i18n import _
from ledsign.notice import Notice
from ledsign.panel import Panel
from ledsign.promise import beyond
from ledsign.stage import Setting, Stage, home_screen, play, set_stage
from ledsign.town.samples import Sample, load_form, load_samples

ROUTINE_S, EMERGENCY_S, EMERGENCY_SERIAL_S, TAKEDOWN_S = 2.0, 1.0, 3.0, 2.0  # what the demo promises


class _Reporter:
    """Prints every page the card displays, and every act, with the time since the start."""

    def __init__(self, stage: Stage, as_json: bool) -> None:
        self._stage = stage
        self._json = as_json
        self._origin = stage.clock.monotonic()
        self._printed = 0
        self.foreign = 0  # pages on the glass that no preview drew
        self.seen: set[str] = set()

    @property
    def elapsed(self) -> float:
        return self._stage.clock.monotonic() - self._origin

    def act(self, name: str, seconds: float | None, promise: float | None, text: str) -> None:
        document = {"event": name, "t": round(self.elapsed, 3), "seconds": seconds, "promise": promise}
        if seconds is not None:
            text += f": {seconds:.3f} s" + (f" (≤ {promise:.3g} s)" if promise else "")
        emit(document, f"{self.elapsed:6.1f}  ** {text}", self._json)

    def pages(self) -> None:
        """Everything displayed since the last call."""
        shown = self._stage.card.shown
        for entry in shown[self._printed :]:
            found = self._stage.pages.get(entry.sha256)
            self.foreign += found is None
            notice, page = found if found is not None else (None, None)
            self.seen |= {notice.id} if notice else set()
            document = {
                "event": "page",
                "t": round(entry.at - self._origin, 3),
                "sha256": entry.sha256,
                "notice_id": notice.id if notice else None,
                "n": page.n if page else None,
                "of": page.of if page else None,
                "kind": str(page.kind) if page else None,
                "png": str(entry.path) if entry.path else None,
                "equals_preview": found is not None,
            }
            what = notice.title if notice else _("safe page") if page else _("UNKNOWN PICTURE")
            number = "" if notice is None or page is None else f"{page.n}/{page.of}" if page.n else _("digest")
            line = f"{entry.at - self._origin:6.1f}  {entry.sha256[:8]}  {number:>7}  {what}"
            emit(document, line, self._json)
        self._printed = len(shown)


class _Acts:
    """The acts, spread over the seconds there are."""

    def __init__(
        self, stage: Stage, daemon: Daemon, reporter: _Reporter, seconds: float, late: Sample | None
    ) -> None:
        self._stage = stage
        self._daemon = daemon
        self._report = reporter
        self._seconds = seconds
        self._late = late
        self._line_s = beyond(EMERGENCY_S, stage.setting.family, stage.card.url, stage.setting.panel)
        emergency = EMERGENCY_S + self._line_s
        self._emergency_promise = max(emergency, EMERGENCY_SERIAL_S) if stage.setting.baud else emergency
        self._last: Notice | None = None
        self._alert = ""
        self.missed: list[str] = []

    def acts(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """(share of the time at which it begins, act)."""
        if self._late is not None:
            yield 0.22, self.routine
        yield 0.38, self.urgent
        yield 0.62, self.emergency
        yield 0.76, self.cancel
        yield 0.86, self.withdraw

    def routine(self) -> None:
        """A clerk publishes one more notice."""
        assert self._late is not None
        since = self._stage.clock.monotonic()
        self._last = self._stage.publish(self._late)
        lit = self._stage.lit(self._last, since, 30)
        self._measured("routine", lit, ROUTINE_S + self._line_s, _("published → lit"))

    def urgent(self) -> None:
        """The water is cut off: lit at once, then every second turn."""
        since = self._stage.clock.monotonic()
        notice = self._push("urgent-water-cut")
        self._measured("urgent", self._stage.lit(notice, since, 30), ROUTINE_S + self._line_s, _("urgent → lit"))

    def emergency(self) -> None:
        """Flood: inside the page."""
        since = self._stage.clock.monotonic()
        notice = self._push("emergency-flood")
        lit = self._stage.lit(notice, since, 30)
        self._last_emergency = notice
        self._measured("emergency", lit, self._emergency_promise, _("EMERGENCY → lit, inside the page"))

    def cancel(self) -> None:
        """The all-clear: the rotation goes on at its bookmark."""
        since = self._stage.clock.monotonic()
        answer = self._stage.staff("POST", f"/v1/alerts/{self._alert}/cancel", load_form("cancel-flood"))
        self._stage.learn(str(answer["id"]), int(str(answer["revision"])))
        gone = self._stage.gone(self._last_emergency, since, 30)
        self._measured("cancel", gone, TAKEDOWN_S + self._line_s, _("called off → rotation continues"))

    def withdraw(self) -> None:
        """Whatever is on the screen now had an error: off, and it stays off."""
        found = self._stage.pages.get(self._stage.card.glass)
        notice = found[0] if found is not None and found[0] is not None else self._last
        if notice is None:
            return
        since = self._stage.clock.monotonic()
        self._stage.staff("POST", f"/v1/notices/{notice.id}/withdraw", load_form("withdraw-party-dues"))
        gone = self._stage.gone(notice, since, 30)
        self._measured("takedown", gone, TAKEDOWN_S + self._line_s, _("withdrawn → dark"))
        while self._daemon.store.raw(notice.id) is not None:  # its turn may have ended before the word came
            if self._stage.clock.monotonic() - since > TAKEDOWN_S + self._line_s:
                self.missed.append("takedown: bytes still in the store")
                break
            self._stage.clock.sleep(0.02)

    def _push(self, form: str) -> Notice:
        document = load_form(form)
        screen = self._stage.setting.screen
        document["targets"] = [screen]
        if "issuer" in document:
            document["issuer"] = {"code": screen, "name": "村民委员会"}
        answer = self._stage.staff("POST", "/v1/urgent", document)
        self._alert = str(answer.get("alert") or "")
        return self._stage.learn(str(answer["id"]), int(str(answer["revision"])))

    def _measured(self, name: str, seconds: float | None, promise: float | None, text: str) -> None:
        rounded = None if seconds is None else round(seconds, 3)
        self._report.pages()
        self._report.act(name, rounded, promise, text)
        if seconds is None or (promise is not None and seconds > promise):
            self.missed.append(f"{name}: {'never' if seconds is None else f'{seconds:.3f} s'}")

    def run(self) -> None:
        """Play all acts, printing what the card shows in between."""
        for share, act in self.acts():
            self._watch_until(share * self._seconds)
            act()
        self._watch_until(self._seconds)

    def _watch_until(self, elapsed: float) -> None:
        quiet = threading.Event()
        while self._report.elapsed < elapsed:
            self._report.pages()
            quiet.wait(min(0.2, max(0.0, elapsed - self._report.elapsed)))


def _samples(folder: Path | None) -> tuple[Sample, ...]:
    try:
        return load_samples(folder)
    except ConfigError as error:
        fail(Exit.DATA, str(error))


def _keys(folder: Path | None, keys: Path | None) -> Path | None:
    """The keys that sign foreign notices: named, or the one key file lying beside them."""
    if keys is not None or folder is None:
        return keys
    found = sorted(folder.glob("*keys*.json"))
    return found[0] if len(found) == 1 else None


def _publish_all(stage: Stage, samples: tuple[Sample, ...], as_json: bool) -> int:
    count = 0
    for sample in samples:
        try:
            notice = stage.publish(sample)
        except FeedError as error:
            document = {"event": "not_published", "file": sample.path.name, "reason": str(error)}
            emit(document, f"        {sample.path.name}: {error}", as_json)
            continue
        count += 1
        document = {"event": "published", "file": sample.path.name, "notice_id": notice.id}
        emit(document, f"        {notice.id}  {notice.title}", as_json)
    return count


def _settle(daemon: Daemon, clock: Clock) -> dict[str, object]:
    """After the play: has every row of evidence arrived at the town, once, and does the chain hold?"""
    quiet = threading.Event()
    until = clock.monotonic() + 15
    while daemon.outbox.unsent_count() and clock.monotonic() < until:
        quiet.wait(0.1)
    verified = daemon.ledger.verify()
    return {"rows": verified.rows, "chain": verified.ok, "unsent": daemon.outbox.unsent_count()}


@click.command(help=_("The main job on this machine: platform, daemon, simulated card; prints what the card shows."))
@click.option(
    "--seconds", type=click.FloatRange(8, 86_400), default=60.0, show_default=True, help=_("How long the play takes.")
)
@panel_option
@click.option("--card", "family", default="cp5200", show_default=True, help=_("Card family."))
@click.option("--serial", "baud", type=int, help=_("Use a serial line of this speed instead of TCP."))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-out"),
    show_default=True,
    help=_("For the pictures."),
)
@click.option(
    "--notices",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=_("Folder of notices instead of the samples."),
)
@click.option("--keys", type=click.Path(exists=True, path_type=Path), help=_("Keys that signed those notices."))
@clock_option(_("Begin at this time (ISO 8601 with offset)."))
@click.option(
    "--pace",
    type=click.FloatRange(0.001, 10),
    default=1.0,
    show_default=True,
    help=_("Factor on every dwell, to see more pages."),
)
@click.option("--web", help=_("HOST:PORT of a page that shows the screen live."))
@json_option
def demo(
    seconds: float,
    panel: Panel,
    family: str,
    baud: int | None,
    out: Path,
    folder: Path | None,
    keys: Path | None,
    moment: datetime | None,
    pace: float,
    web: str | None,
    as_json: bool,
) -> None:
    samples = _samples(folder)
    clock: Clock = ShiftedClock(moment) if moment else SystemClock()
    late = samples[-1] if folder is None and len(samples) > 1 else None
    setting = Setting(panel, home_screen(samples), out, family, baud, pace, web, _keys(folder, keys))
    try:
        with set_stage(setting, clock) as stage, play(stage, clock) as daemon:
            reporter = _Reporter(stage, as_json)
            published = _publish_all(stage, samples[:-1] if late else samples, as_json)
            acts = _Acts(stage, daemon, reporter, seconds, late)
            acts.run()
            evidence = _settle(daemon, clock)
            reporter.pages()
    except LedsignError as error:
        fail(Exit.UNEXPECTED, str(error))
    faults = [*acts.missed]
    if reporter.foreign:
        faults.append(f"{reporter.foreign} pictures that no preview drew")
    if not evidence["chain"] or evidence["unsent"]:
        faults.append(f"evidence: {evidence}")
    if not published:
        faults.append("nothing was published")
    summary = {
        "event": "summary",
        "published": published,
        "notices_shown": len(reporter.seen),
        "pages_shown": len(stage.card.shown),
        "pictures": str(out / "card"),
        "evidence": evidence,
        "faults": faults,
        "ok": not faults,
    }
    text = _("{pages} pages of {notices} notices shown, all equal to the preview; pictures in {out}").format(
        pages=len(stage.card.shown), notices=len(reporter.seen), out=out / "card"
    )
    text += "\n" + _("evidence: {rows} rows, chain sound, all with the town").format(rows=evidence["rows"])
    emit(summary, text if not faults else _("FAULTS: {faults}").format(faults="; ".join(faults)), as_json)
    if faults:
        raise click.exceptions.Exit(int(Exit.UNEXPECTED))
