"""The accept rule: may this notice be shown on this screen? One answer, one machine reason.

Order of refusal: bytes and JSON, schema version, signature, form, category, target, revision, approval and
checks, status, size, personal data, sensitive words. A withdrawal must be easy: what takes something off the
screen needs signature, target and revision, not the whole chain.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from ledsign.errors import RefusedError
from ledsign.feed.approval import check_approval
from ledsign.feed.integrity import Keyring, verify
from ledsign.feed.lint import lint
from ledsign.feed.parse import check_schema, parse_json, parse_notice
from ledsign.feed.privacy import BLOCK, PiiHit, scan
from ledsign.feed.texts import texts
from ledsign.notice import AssetReader, Image, Notice, Qr, Status, Table, UnknownBlock, Urgency, covers
from ledsign.policy import Policy, effective_retention
from ledsign.visibility import hidden_because

_ENDS = (Status.WITHDRAWN, Status.SUPERSEDED, Status.ARCHIVED)
_ID = re.compile(r"[0-9]{12}-[0-9]{8}-C[0-9]{2}-[0-9]{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """The newest revision of an id that was ever accepted here; ``withdrawn``: it is a tombstone."""

    revision: int
    digest: str
    withdrawn: bool


def nothing_known(_id: str) -> Known | None:
    """``Context.known`` of a screen without memory."""
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What the rule looks at besides the bytes.

    ``assets`` gives checked bytes or None; ``asset_problem``, where given, names the fault instead
    (asset_missing, asset_digest_mismatch, asset_undecodable ...). Without either, assets are not looked at.
    """

    screen: str
    keys: Keyring
    policy: Policy
    now: datetime
    known: Callable[[str], Known | None] = nothing_known
    cancelled: Collection[str] = ()
    assets: AssetReader | None = None
    asset_problem: Callable[[Image], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``accept`` or ``reason``. ``id`` and ``revision`` are what the document claims, also when refused.

    ``retires``: refused for this screen, but proof that the older revision here must go (its successor no
    longer addresses this screen). ``degrade``: what will be replaced by its alt text, or left out, and why.
    """

    accept: bool
    reason: str | None = None
    detail: str = ""
    id: str | None = None
    revision: int | None = None
    notice: Notice | None = None
    display: bool = False
    display_reason: str | None = None
    retain_days: int = 0
    preempts: bool = False
    retires: bool = False
    degrade: tuple[str, ...] = ()
    lint: tuple[str, ...] = ()
    pii: tuple[PiiHit, ...] = ()


def judge(raw: bytes, context: Context) -> Verdict:
    """Judge one delivery. Never raises for what is in ``raw``."""
    try:
        document = parse_json(raw)
    except RefusedError as error:
        return Verdict(False, error.reason, error.detail)
    claimed_id, claimed_revision = _claims(document)
    notice: Notice | None = None
    hits: tuple[PiiHit, ...] = ()
    try:
        check_schema(document)
        verify(document, context.keys)
        notice = parse_notice(document)
        _check_identity(notice, context)
        if notice.status not in _ENDS:
            check_approval(notice, context.policy.approval)
            _check_published(notice)
            _check_size(notice, raw, context.policy)
            hits = scan(document)
            _check_texts(document, hits, context.policy)
    except RefusedError as error:
        return Verdict(
            False,
            error.reason,
            error.detail,
            claimed_id,
            claimed_revision,
            notice,
            retires=error.reason == "not_targeted" and notice is not None and _succeeds(notice, context),
            pii=hits,
        )
    return _accepted(document, notice, hits, context)


def _claims(document: Mapping[str, object]) -> tuple[str | None, int | None]:
    name, revision = document.get("id"), document.get("revision")
    proper_id = isinstance(name, str) and _ID.fullmatch(name) is not None
    proper_revision = isinstance(revision, int) and not isinstance(revision, bool)
    return (str(name) if proper_id else None), (revision if proper_revision else None)  # type: ignore[return-value]


def _check_identity(notice: Notice, context: Context) -> None:
    if notice.category not in context.policy.categories:
        raise RefusedError("unknown_category", "the policy has no such category")
    if not _addressed(notice, context.screen):
        raise RefusedError("not_targeted", "its targets, or its issuer's area, do not cover this screen")
    known = context.known(notice.id)
    if known is None:
        return
    if notice.revision < known.revision:
        raise RefusedError("revision_rollback", f"revision {known.revision} is known")
    if notice.revision == known.revision and notice.digest != known.digest:
        raise RefusedError("revision_conflict", "same revision, other content")
    if notice.revision == known.revision and known.withdrawn and notice.status is not Status.WITHDRAWN:
        raise RefusedError("revision_rollback", "this revision was taken down")


def _check_published(notice: Notice) -> None:
    if notice.status is not Status.PUBLISHED:
        raise RefusedError("status_not_published", f"status is {notice.status}")


def _addressed(notice: Notice, screen: str) -> bool:
    """A target covers the screen, and the issuing unit's own area does: no village speaks for another."""
    return covers(notice.village_code, screen) and any(covers(target, screen) for target in notice.targets)


def _succeeds(notice: Notice, context: Context) -> bool:
    known = context.known(notice.id)
    newer = known is not None and not known.withdrawn and notice.revision > known.revision
    return newer and notice.status in (Status.PUBLISHED, *_ENDS)


def _check_size(notice: Notice, raw: bytes, policy: Policy) -> None:
    rows = sum(len(block.rows) for block in notice.body if isinstance(block, Table))
    if rows > policy.limits.rows:
        raise RefusedError("too_large", f"{rows} rows, at most {policy.limits.rows}")
    if len(raw) > policy.limits.bytes:
        raise RefusedError("too_large", f"{len(raw)} bytes, at most {policy.limits.bytes}")


def _check_texts(document: Mapping[str, object], hits: tuple[PiiHit, ...], policy: Policy) -> None:
    blocking = [f"{hit.kind} at {hit.where}" for hit in hits if hit.severity == BLOCK]
    if blocking:
        raise RefusedError("pii", "; ".join(blocking[:10]))
    words = [_folded(word) for word in policy.sensitive_words]
    for where, text in texts(document) if words else ():
        folded = _folded(text)
        if any(word in folded for word in words):
            raise RefusedError("sensitive_word", where)


def _folded(text: str) -> str:
    """Comparable form: width and case folded, blanks and invisible characters dropped."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if not char.isspace() and unicodedata.category(char) != "Cf")


def _accepted(document: Mapping[str, object], notice: Notice, hits: tuple[PiiHit, ...], context: Context) -> Verdict:
    hidden = hidden_because(notice, context.now, context.screen, context.cancelled)
    alert = notice.alert
    return Verdict(
        True,
        id=notice.id,
        revision=notice.revision,
        notice=notice,
        display=hidden is None,
        display_reason=hidden,
        retain_days=effective_retention(notice, context.policy),
        preempts=notice.urgency is Urgency.EMERGENCY
        and notice.status is Status.PUBLISHED
        and alert is not None
        and alert.msg_type != "Cancel",
        degrade=_degraded(notice, context),
        lint=lint(document) + _warnings(notice, context.policy),
        pii=hits,
    )


def _degraded(notice: Notice, context: Context) -> tuple[str, ...]:
    reasons = []
    for block in notice.body:
        if isinstance(block, UnknownBlock):
            reasons.append("unknown_block")
        elif isinstance(block, Qr) and not block.matrix:
            reasons.append("qr_impossible")
    problems = (_image_problem(image, context) for image in notice.images())
    return (*reasons, *(problem for problem in problems if problem is not None))


def _image_problem(image: Image, context: Context) -> str | None:
    if not image.name:
        return "asset_refused"
    if context.asset_problem is not None:
        return context.asset_problem(image)
    if context.assets is not None and context.assets(image) is None:
        return "asset_missing"
    return None


def _warnings(notice: Notice, policy: Policy) -> tuple[str, ...]:
    """What the town should hear about an accepted notice."""
    if notice.status in _ENDS:
        return ()
    found = []
    item = policy.item(notice.item)
    if item is None:
        found.append("unknown_item")
    if not notice.item.startswith(notice.category + "-"):
        found.append("item_of_other_category")
    if effective_retention(notice, policy) > notice.display.retain_min_days:
        found.append("policy_tightened")
    if notice.approval.procedure == "normal" and all(s.step != "town_filing" for s in notice.approval.steps):
        found.append("not_filed")
    return tuple(found)
