"""The desk of the emergency centre: what it activates over NTCIP 1203 becomes a notice like any other.

The notice is written here, on the centre's order, and signed with a key that is made at start and trusted by this
desk alone: no notice of the feed can use it. It then takes the same way as an operator's push: accept rule with
personal data guard and sensitive words, store, playlist, ledger. Who gave leave for that stands in the configuration
and in the notice's approval; what proves the order afterwards is the ledger.

Below ``urgent_from`` the centre is refused. While a life-safety warning is on nothing of the centre's is taken; while
another local emergency is on only its emergencies are.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn, Protocol

from ledsign.centre_notice import EVENT, NUMBER, alert_item, document, level_of, minutes_at_most, notice_id
from ledsign.clock import TrustedClock
from ledsign.config import Config, NtcipSection
from ledsign.errors import ConfigError, StoreError
from ledsign.feed.accept import Context, Verdict, judge
from ledsign.feed.integrity import Keyring, new_secret, public_key, sign
from ledsign.feed.store import Snapshot, Store
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.notice import Notice
from ledsign.ntcip_agent import NOTHING_MAY, CentreMessage, DeclinedError
from ledsign.ntcip_agent import Policy as AgentPolicy
from ledsign.player import Player
from ledsign.playlist.preempt import Level
from ledsign.policy import Policy
from ledsign.service import Pulse

log = logging.getLogger(__name__)

LOOP = "ntcip"
MEMORY, NOTICE = "ntcip", "ntcip-notice"  # words of the daemon's memory: the sign's own, and the latest notice's id
KEY_ID = "centre"
_CONTROLLER = 1 << 8  # of shortErrorStatus


class Office(Protocol):
    """What the desk needs of the daemon."""

    config: Config
    trusted: TrustedClock
    policy: Policy
    store: Store
    ledger: Ledger
    notices: Latest[Snapshot]
    blank: Latest[str]
    players: list[Player]
    pulse: Pulse

    def recall(self, name: str) -> str: ...
    def remember(self, name: str, value: str) -> None: ...


def agent_policy(section: NtcipSection) -> AgentPolicy:
    """Where and to whom the agent listens. Raises ConfigError for the address, a network or the community file."""
    try:
        community = section.community_file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"ntcip.community_file: {section.community_file}: {error}") from error
    return AgentPolicy.parse(section.listen, section.allow, community)


class CentreDesk:
    """One centre, one sign: at most one message at a time. Called by the agent's thread alone.

    Raises ConfigError when the policy has no place for relayed warnings.
    """

    def __init__(self, office: Office, section: NtcipSection) -> None:
        self._office = office
        self._section = section
        self._item = alert_item(office.policy)
        self._secret = new_secret()
        self._keys = Keyring({KEY_ID: public_key(self._secret)})
        self._level = Level.NOTICE
        self._shown: Notice | None = None
        self._down = False  # an operator took down what the sign still wants

    # ---- what the sign reports ------------------------------------------------------------------------------

    def alive(self) -> None:
        self._office.pulse.tick(LOOP)

    def percent(self) -> int:
        return self._office.policy.brightness_percent(self._office.trusted.read().at)

    def errors(self) -> int:
        statuses = [player.status.get()[0] for player in self._office.players]
        return _CONTROLLER if any(each.card_fault or each.loop_fault for each in statuses) else 0

    def local(self) -> bool:
        return bool(self._office.blank.get()[0])

    def guard(self) -> int:
        own = [
            claim.level
            for player in self._office.players
            for claim in player.status.get()[0].claims
            if not claim.exercise and not self._mine(claim.notice_id)
        ]
        highest = max(own, default=Level.NOTICE)
        if highest >= Level.LIFE_SAFETY:
            return NOTHING_MAY
        return self._section.emergency_from if highest >= Level.EMERGENCY else self._section.urgent_from

    def minutes(self, priority: int) -> int:
        return minutes_at_most(self._section, priority)

    def covered(self) -> bool:
        notice = self._shown
        if notice is None:
            return self._down
        if all(each.key != notice.key for each in self._office.notices.get()[0].notices):
            return True  # an operator took it down
        status = self._office.players[0].status.get()[0]
        if status.mode == "blank" or (status.mode == "dark" and self._level < Level.EMERGENCY):
            return True
        reason = status.hidden.get(notice.id, "unpresentable")
        return reason != "unpresentable" or notice.key in status.failed  # that it is not drawn yet hides it too

    # ---- orders ---------------------------------------------------------------------------------------------

    def show(self, message: CentreMessage) -> None:
        office, at = self._office, self._office.trusted.read().at
        screen, name = office.config.screen.code, notice_id(office.config.screen.code, self._item, at)
        known = office.store.known(name)
        revision = known.revision + 1 if known else 1
        made = document(message, self._section, screen, self._item, revision, at)
        raw = json.dumps(sign(made, KEY_ID, self._secret), ensure_ascii=False).encode("utf-8")
        verdict = self._judged(raw, at)
        notice = verdict.notice
        if not verdict.accept or notice is None:
            self._decline(verdict, raw, at, message)
        try:
            office.remember(NOTICE, name)
            for page in message.pages:
                if page.picture is not None:
                    office.store.put_asset(hashlib.sha256(page.picture).hexdigest(), page.picture)
            office.store.apply(verdict, raw, at)
        except StoreError as error:
            raise DeclinedError(str(error)) from error
        self._shown, self._level, self._down = notice, level_of(self._section, message.priority), False
        self._withdraw_but(notice)
        seconds = None if message.seconds is None else round(message.seconds)
        self._order("centre_shown", notice, message, seconds=seconds)

    def renew(self, message: CentreMessage) -> None:
        known = self._office.store.known(self._office.recall(NOTICE))
        self._down = known is not None and known.withdrawn
        if not self._down:
            self.show(message)

    def release(self) -> None:
        self._shown, self._down = None, False
        self._withdraw_but(None)

    def kept(self) -> str:
        return self._office.recall(MEMORY)

    def keep(self, memory: str) -> None:
        try:
            self._office.remember(MEMORY, memory)
        except StoreError as error:
            log.error("ntcip: the sign's memory cannot be written: %s", error)

    # ---- notices --------------------------------------------------------------------------------------------

    def _mine(self, notice_id: str) -> bool:
        return notice_id.startswith(self._office.config.screen.code) and notice_id.endswith(NUMBER)

    def _judged(self, raw: bytes, at: datetime) -> Verdict:
        office = self._office
        known, cancelled = office.store.known, office.store.cancelled()
        return judge(raw, Context(office.config.screen.code, self._keys, office.policy, at, known, cancelled))

    def _decline(self, verdict: Verdict, raw: bytes, at: datetime, message: CentreMessage) -> NoReturn:
        reason = verdict.reason or "schema"
        try:
            self._office.store.apply(verdict, raw, at)  # an audit line
        except StoreError as error:
            log.error("ntcip: %s", error)
        self._order("centre_refused", None, message, reason=reason)
        raise DeclinedError(reason, by_text=True)

    def _withdraw_but(self, kept: Notice | None) -> None:
        """Tombstones for whatever else of the centre's is held; what stays is told to the players."""
        store = self._office.store
        for notice in store.active().notices:
            ours = self._mine(notice.id) and notice.alert is not None and notice.alert.event_type == EVENT
            if not ours or (kept is not None and notice.key == kept.key):
                continue
            try:
                store.takedown(notice.id, "released", self._section.name, self._office.trusted.read().at)
            except StoreError as error:  # it is off the screen all the same
                log.error("ntcip: %s", error)
            detail = {"id": notice.id, "revision": notice.revision, "by": self._section.name}
            self._event("centre_released", detail)
        store.tell(self._office.notices)

    def _order(self, kind: str, notice: Notice | None, message: CentreMessage, **more: object) -> None:
        """What the centre ordered, into the ledger."""
        detail: dict[str, object] = {
            "by": self._section.name,
            "asker": message.asker,
            "leave": self._section.approved_by,
            "message": message.id,
            "priority": message.priority,
            "level": level_of(self._section, message.priority).name.lower(),
            **more,
        }
        if notice is not None:
            detail.update(id=notice.id, revision=notice.revision)
        self._event(kind, detail)

    def _event(self, kind: str, detail: Mapping[str, object]) -> None:
        reading = self._office.trusted.read()
        try:
            self._office.ledger.append_event(kind, reading.at, detail, reading.trust, urgent=True)
        except StoreError as error:
            log.error("ntcip: %s cannot be written down: %s", kind, error)
