"""``ledsign notice verify``: would this screen accept these notices, and would it show them?"""

import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from ledsign.cli.common import Exit, clock_option, emit, fail, json_option
from ledsign.clock import SystemClock
from ledsign.database import Database
from ledsign.errors import ConfigError, RefusedError, StoreError
from ledsign.feed.accept import Context, Verdict, judge, nothing_known
from ledsign.feed.integrity import Keyring, load_keys
from ledsign.feed.parse import parse_json
from ledsign.feed.store import Store
from ledsign.feed.strictjson import MAX_BYTES
from ledsign.i18n import _
from ledsign.notice import Image
from ledsign.policy import Policy, load_policy
from ledsign.render.image import ImageFaultError, decode
from ledsign.resources import resource

DEFAULT_KEYS = Path("/etc/ledsign/keys.json")
MAX_ASSET_BYTES = 16_000_000
_NOWHERE = "000000000000"
_BALLAST_BYTES = 4096  # a scratch state needs no reserve


@click.group(help=_("Look at notices as a screen would."))
def notice() -> None:
    """Verbs about single notices."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all files of one call are judged with. ``screen`` None: each notice's own first addressee."""

    keys: Keyring
    policy: Policy
    screen: str | None
    now: datetime
    assets: Path | None


@notice.command(
    help=_(
        "Judge notice files by the accept rule: signature, form, addressee, approvals, personal data. "
        "Exit code 0: all accepted; 22: the only refusals are for personal data; 65: some other refusal or "
        "an unreadable file. All files are always judged. JSON is the output where no terminal is."
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--keys", "keys_file", type=click.Path(path_type=Path), help=_("Keys trusted (keys.json)."))
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help=_("Disclosure policy (YAML)."))
@click.option("--profile", help=_("Profile of the policy, such as strict."))
@click.option("--screen", help=_("Code of the screen, 12 digits; otherwise each notice's first addressee."))
@clock_option(_("Judge as of this time (ISO 8601 with offset)."))
@click.option("--state", type=click.Path(path_type=Path), help=_("Keep revisions and tombstones in this folder."))
@click.option(
    "--assets",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help=_("Folder of pictures; otherwise assets/ nearby."),
)
@json_option
def verify(
    files: tuple[Path, ...],
    keys_file: Path | None,
    policy_file: Path | None,
    profile: str | None,
    screen: str | None,
    moment: datetime | None,
    state: Path | None,
    assets: Path | None,
    as_json: bool,
) -> None:
    """One line a file, in the order given."""
    as_json = as_json or not sys.stdout.isatty()
    try:
        policy = load_policy(policy_file or resource("configs", "policy.yaml"), profile)
        keys = load_keys(keys_file or DEFAULT_KEYS)
    except ConfigError as error:
        fail(Exit.CONFIG, str(error))
    if screen is not None and not (len(screen) == 12 and screen.isascii() and screen.isdigit()):
        raise click.BadParameter(_("a screen's code has 12 digits"), param_hint="--screen")
    setting = _Setting(keys, policy, screen, moment or SystemClock(policy.zone).now(), assets)
    verdicts: list[Verdict] = []
    try:
        with _store(state) as store:
            for path in files:
                verdict = _judge(path, setting, store)
                verdicts.append(verdict)
                emit(_document(path, verdict), _text(path, verdict), as_json)
    except StoreError as error:
        fail(Exit.TEMPFAIL, str(error))
    code = _exit_code(verdicts)
    if code:
        raise click.exceptions.Exit(code)


@contextlib.contextmanager
def _store(folder: Path | None) -> Iterator[Store | None]:
    if folder is None:
        yield None
        return
    with Database(folder / "verify.db", ballast_bytes=_BALLAST_BYTES) as database:
        yield Store(database)


def _judge(path: Path, setting: _Setting, store: Store | None) -> Verdict:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        return Verdict(False, "unreadable", error.strerror or type(error).__name__)
    context = Context(
        screen=setting.screen or _addressee(raw),
        keys=setting.keys,
        policy=setting.policy,
        now=setting.now,
        known=store.known if store else nothing_known,
        cancelled=store.cancelled() if store else (),
        asset_problem=_asset_check(path, setting.assets),
    )
    verdict = judge(raw, context)
    if store is not None:
        store.apply(verdict, raw, setting.now)
    return verdict


def _addressee(raw: bytes) -> str:
    """The first target the file names, so that a file can be tried without knowing its screen."""
    try:
        targets = parse_json(raw).get("targets")
    except RefusedError:
        return _NOWHERE
    first = targets[0] if isinstance(targets, list) and targets else None
    return first if isinstance(first, str) else _NOWHERE


def _asset_check(path: Path, folder: Path | None) -> Callable[[Image], str | None] | None:
    """How to look at a file's pictures; None when there is no folder of pictures at all."""
    nearby: Sequence[Path] = (path.parent / "assets", path.parent.parent / "assets")
    found = folder or next((place for place in nearby if place.is_dir()), None)
    if found is None:
        return None
    return lambda image: _asset_problem(found, image)


def _asset_problem(folder: Path, image: Image) -> str | None:
    """What is wrong with a picture. ``image.name`` has passed the parser: letters, digits, ``.``, ``_``, ``-``."""
    data = None
    for name in (image.name, image.sha256):
        path = folder / name
        if path.is_file() and not path.is_symlink():
            try:
                with path.open("rb") as file:
                    data = file.read(MAX_ASSET_BYTES + 1)
            except OSError:
                return "asset_missing"
            break
    if data is None:
        return "asset_missing"
    if len(data) > MAX_ASSET_BYTES:
        return "asset_too_large"
    if hashlib.sha256(data).hexdigest() != image.sha256:
        return "asset_digest_mismatch"
    try:
        decode(data)
    except ImageFaultError as error:
        return error.reason
    return None


def _document(path: Path, verdict: Verdict) -> dict[str, object]:
    pii: list[dict[str, object]] = []
    for hit in verdict.pii:
        entry: dict[str, object] = {"kind": hit.kind, "where": hit.where, "severity": hit.severity}
        if hit.cell is not None:
            entry["cell"] = list(hit.cell)
        pii.append(entry)
    return {
        "file": str(path),
        "id": verdict.id,
        "revision": verdict.revision,
        "accept": verdict.accept,
        "reason": verdict.reason,
        "detail": verdict.detail,
        "display": verdict.display,
        "display_reason": verdict.display_reason,
        "retain_days": verdict.retain_days,
        "preempts": verdict.preempts,
        "degrade": list(verdict.degrade),
        "lint": list(verdict.lint),
        "pii": pii,
    }


def _text(path: Path, verdict: Verdict) -> str:
    if not verdict.accept:
        detail = f" ({verdict.detail})" if verdict.detail else ""
        return _("{file}: refused: {reason}{detail}").format(file=path, reason=verdict.reason, detail=detail)
    if verdict.display:
        line = _("{file}: accepted, would be shown; on show for at least {days} days").format(
            file=path, days=verdict.retain_days
        )
    else:
        line = _("{file}: accepted, not shown now: {reason}").format(file=path, reason=verdict.display_reason)
    if verdict.preempts:
        line += _("; cuts in as an emergency")
    for title, codes in ((_("left out"), verdict.degrade), (_("please look at"), verdict.lint)):
        if codes:
            line += f"\n    {title}: {', '.join(codes)}"
    return line


def _exit_code(verdicts: Sequence[Verdict]) -> int:
    reasons = {verdict.reason for verdict in verdicts if not verdict.accept}
    if not reasons:
        return Exit.OK
    return Exit.PII if reasons == {"pii"} else Exit.DATA
