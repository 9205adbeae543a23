"""Everything that goes out passes here: complete, sign, judge by the screens' own accept rule, keep.

A notice the screens would refuse is refused at the desk, with the same machine reason, while there is still
somebody who can correct it.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from ledsign.clock import Clock
from ledsign.errors import RefusedError
from ledsign.feed.accept import Context, Known, Verdict, judge
from ledsign.feed.strictjson import JsonObject, JsonValue, parse_json
from ledsign.notice import Status, covers
from ledsign.policy import Policy
from ledsign.town.access import STAFF, ApiKey, DeniedError, require
from ledsign.town.forms import (
    CancelForm,
    Issuer,
    Naming,
    UrgentForm,
    WithdrawForm,
    alert_identifier,
    cancel_document,
    stamp,
    urgent_document,
    withdrawn_document,
)
from ledsign.town.signing import Signing
from ledsign.town.storage import TownStorage


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a publish. ``seq`` wakes the screens; 0 when the same bytes were published before."""

    id: str
    revision: int
    digest: str
    seq: int
    alert: str | None
    lint: tuple[str, ...]


class Publisher:
    """One desk for all staff; a lock gives every publish its own number and revision."""

    def __init__(
        self, storage: TownStorage, signing: Signing, policy: Policy, clock: Clock, office: Issuer, public_url: str
    ) -> None:
        self._storage = storage
        self._signing = signing
        self._policy = policy
        self._clock = clock
        self._office = office
        self._public_url = public_url
        self._lock = threading.RLock()

    def publish(self, body: bytes, actor: ApiKey) -> Published:
        """A signed notice goes out as it is; a draft without integrity is completed and signed first.

        Raises DeniedError: 400/422 with the reason of the refusal, 403 beyond the key's role or reach.
        """
        require(actor, STAFF)
        try:
            document = parse_json(body)
        except RefusedError as error:
            raise DeniedError(422, error.reason, error.detail) from error
        with self._lock:
            if "integrity" in document:
                return self._release(body, document, actor)
            return self._sign_and_release(self._completed(document), actor)

    def urgent(self, form: UrgentForm, actor: ApiKey) -> Published:
        """Build, sign and publish an urgent notice or an emergency."""
        issuer = form.issuer or self._office
        require(actor, STAFF, [*form.targets, issuer.code])
        with self._lock:
            naming = self._naming(issuer.code)
            return self._sign_and_release(urgent_document(form, issuer, naming), actor)

    def cancel(self, identifier: str, form: CancelForm, actor: ApiKey) -> Published:
        """Publish the all-clear for an alert."""
        require(actor, STAFF)
        with self._lock:
            notice_id = self._storage.alert_notice(identifier)
            if notice_id is None:
                raise DeniedError(404, "alert_unknown")
            if identifier in self._storage.cancelled():
                raise DeniedError(409, "alert_cancelled")
            document = self._latest(notice_id, actor)
            naming = self._naming(notice_id[:12])
            return self._sign_and_release(cancel_document(form, document, naming), actor)

    def withdraw(self, notice_id: str, form: WithdrawForm, actor: ApiKey) -> Published:
        """Publish the revision that takes a notice off; again and again is as good as once."""
        require(actor, STAFF)
        with self._lock:
            latest = self._storage.latest(notice_id)
            if latest is not None and latest.status == Status.WITHDRAWN:
                require(actor, STAFF, latest.targets)
                return Published(latest.id, latest.revision, latest.digest, 0, None, ())
            document = self._latest(notice_id, actor)
            revision = int(cast(int, document["revision"])) + 1
            withdrawn = withdrawn_document(form, document, revision, self._clock.now())
            return self._sign_and_release(withdrawn, actor)

    def _latest(self, notice_id: str, actor: ApiKey) -> JsonObject:
        """The newest revision's document, when the actor reaches everything it addresses."""
        latest = self._storage.latest(notice_id)
        if latest is None:
            raise DeniedError(404, "notice_unknown")
        require(actor, STAFF, latest.targets)
        found = self._storage.raw(notice_id, latest.revision)
        if found is None or found[1] is None:
            raise DeniedError(410, "purged")
        return cast(JsonObject, json.loads(found[1]))

    def _completed(self, document: JsonObject) -> JsonObject:
        """A draft with id, revision and times filled in where it has none."""
        now = self._clock.now()
        whole: JsonObject = dict(document)
        whole.setdefault("publish_at", stamp(now))
        whole.setdefault("updated_at", stamp(now))
        if "id" not in whole:
            prefix = f"{whole.get('village_code')}-{now:%Y%m%d}-{whole.get('category')}"
            whole["id"] = self._storage.next_id(prefix)
        if "revision" not in whole:
            latest = self._storage.latest(str(whole["id"]))
            whole["revision"] = latest.revision + 1 if latest else 1
        return whole

    def _naming(self, code: str) -> Naming:
        now = self._clock.now()
        notice_id = self._storage.next_id(f"{code}-{now:%Y%m%d}-C12")
        for number in range(10):
            identifier = alert_identifier(code, now, number)
            if not self._storage.alert_known(identifier):
                return Naming(notice_id, identifier, f"{self._public_url}/n/{notice_id}", now)
        raise DeniedError(429, "too_many_alerts", "ten alerts within one second")

    def _sign_and_release(self, document: Mapping[str, JsonValue], actor: ApiKey) -> Published:
        signed = self._signing.sign(document)
        raw = json.dumps(signed, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return self._release(raw, signed, actor)

    def _release(self, raw: bytes, document: Mapping[str, JsonValue], actor: ApiKey) -> Published:
        now = self._clock.now()
        targets = document.get("targets")
        first = str(targets[0]) if isinstance(targets, list) and targets else ""
        known = self._known(str(document.get("id")))
        context = Context(
            screen=first,
            keys=self._signing.keyring,
            policy=self._policy,
            now=now,
            known=self._known,
            cancelled=self._storage.cancelled(),
        )
        verdict: Verdict = judge(raw, context)
        notice = verdict.notice
        if not verdict.accept or notice is None:
            raise DeniedError(422, verdict.reason or "schema", verdict.detail)
        require(actor, STAFF, [*notice.targets, notice.village_code, notice.issuer.code, notice.id[:12]])
        if known is not None and known.revision == notice.revision:
            return Published(notice.id, notice.revision, notice.digest, 0, None, verdict.lint)
        if not all(covers(notice.village_code, target) for target in notice.targets):
            raise DeniedError(422, "not_targeted", "a target lies outside the issuer's area")
        self._keep_audience(notice.id, notice.targets)
        seq = self._storage.add(notice, raw, actor.name, now)
        alert = notice.alert.identifier if notice.alert else None
        return Published(notice.id, notice.revision, notice.digest, seq, alert, verdict.lint)

    def _keep_audience(self, notice_id: str, targets: tuple[str, ...]) -> None:
        """A revision must reach every screen that has an earlier one, or the old one would stay on show."""
        latest = self._storage.latest(notice_id)
        if latest and not set(latest.targets) <= set(targets):
            raise DeniedError(409, "targets_narrowed", "withdraw the notice and publish a new one")

    def _known(self, notice_id: str) -> Known | None:
        latest = self._storage.latest(notice_id)
        if latest is None:
            return None
        return Known(latest.revision, latest.digest, latest.status == Status.WITHDRAWN)
