"""The form of a notice on the wire (``ledsign.notice/1``), for pydantic: types, bounds, known members.

Everything is strict and closed; only blocks (``feed/blocks.py``) are open for later schemas.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from ledsign import notice as n
from ledsign.feed.blocks import Block
from ledsign.feed.scalars import FAULT_WINDOW, Code12, Day, Moment, Short, Url


class Closed(BaseModel):
    """No conversion, no unknown member."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Issuer(Closed):
    code: Code12
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Period(Closed):
    kind: Literal["month", "quarter", "half", "year", "event"]
    label: Short
    start: Day
    end: Day

    def build(self) -> n.Period:
        return n.Period(self.kind, self.label, self.start, self.end)


class Validity(Closed):
    state: Short
    effective_on: Day | None = None
    repealed_on: Day | None = None

    def build(self) -> n.Validity:
        return n.Validity(self.state, self.effective_on, self.repealed_on)


class Step(Closed):
    step: Literal[
        "draft", "supervisory_review", "secretary_signoff", "publish",
        "town_filing", "archive", "duty_leader", "second_check",
    ]  # fmt: skip
    label: Short
    actor: Short
    at: Moment
    result: Literal["pass", "reject"]
    note: Short | None = None


class Proofread(Closed):
    round: Literal[1, 2, 3]
    by: Short
    at: Moment


Result = Literal["pass", "fail", "pending"]


class Checks(Closed):
    secrecy: Result
    content: Result
    privacy: Result
    typo: Result


class Approval(Closed):
    procedure: Literal["normal", "emergency"]
    steps: list[Step]
    proofread: list[Proofread]
    checks: Checks

    def build(self) -> n.Approval:
        checks = self.checks
        return n.Approval(
            self.procedure,
            tuple(n.ApprovalStep(s.step, s.label, s.actor, s.at, s.result) for s in self.steps),
            tuple(n.Proofread(p.round, p.by, p.at) for p in self.proofread),
            (
                ("secrecy", checks.secrecy),
                ("content", checks.content),
                ("privacy", checks.privacy),
                ("typo", checks.typo),
            ),
        )


class Display(Closed):
    not_before: Moment
    not_after: Moment | None
    retain_min_days: Annotated[int, Field(ge=0, le=3660)]
    min_daily_shows: Annotated[int, Field(ge=0, le=200)]
    digest: Annotated[str, StringConstraints(max_length=80)]

    @model_validator(mode="after")
    def _window(self) -> "Display":
        if self.not_after is not None and self.not_after <= self.not_before:
            raise PydanticCustomError(FAULT_WINDOW, "not_after is not later than not_before")
        return self

    def build(self) -> n.Display:
        return n.Display(self.not_before, self.not_after, self.retain_min_days, self.min_daily_shows, self.digest)


class Alert(Closed):
    identifier: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}_[0-9]{14}_[0-9]$")]
    msg_type: Literal["Alert", "Update", "Cancel"]
    references: list[Short]
    event_type: Short
    event_name: Short
    severity: Literal["red", "orange", "yellow", "blue", "unknown"]
    sender: Short
    sent: Moment
    effective: Moment
    expires: Moment
    area_codes: list[Code12]
    area_desc: Short
    instruction: Annotated[str, StringConstraints(max_length=2000)]
    relayed_by: Short

    def build(self) -> n.Alert:
        return n.Alert(
            self.identifier, self.msg_type, tuple(self.references), self.event_type, self.event_name, self.severity,
            self.sender, self.sent, self.effective, self.expires, tuple(self.area_codes), self.area_desc,
            self.instruction, self.relayed_by,
        )  # fmt: skip


class Exemption(Closed):
    kind: Literal["phone", "bank_account", "id_card", "address"]
    value: Short
    reason: Short


class Pii(Closed):
    level: Literal["none", "masked", "exempted"]
    reviewed_by: Short
    reviewed_at: Moment
    exemptions: list[Exemption]


class Correction(Closed):
    of_id: Short
    of_revision: Annotated[int, Field(ge=1)]
    reason: Literal["typo", "data_error", "policy_change", "other"]
    summary: str
    issued_at: Moment
    approved_by: Short

    def build(self) -> n.Correction:
        return n.Correction(self.of_id, self.of_revision, self.reason, self.summary, self.issued_at, self.approved_by)


class Withdrawal(Closed):
    reason_code: Literal["privacy", "secrecy", "public_opinion", "error", "expired", "other"]
    reason: str
    ordered_by: Short
    at: Moment
    purge: bool
    replacement_id: Short | None = None

    def build(self) -> n.Withdrawal:
        return n.Withdrawal(self.reason_code, self.reason, self.ordered_by, self.at, self.purge, self.replacement_id)


class Archive(Closed):
    series: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    retention: Literal["永久", "30年", "10年"]


class Integrity(Closed):
    """Its values are checked before anything else (``feed/integrity.py``); here only its members."""

    canon: str
    digest_alg: str
    digest: str
    mac_alg: str
    key_id: str
    mac: str


class Notice(Closed):
    schema_: Literal["ledsign.notice/1"] = Field(alias="schema")
    id: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}-[0-9]{8}-C[0-9]{2}-[0-9]{4}$")]
    revision: Annotated[int, Field(ge=1)]
    status: Literal["draft", "reviewed", "approved", "published", "withdrawn", "superseded", "archived"]
    village_code: Code12
    level: Literal["village", "town", "county"]
    targets: Annotated[list[Code12], Field(min_length=1)]
    category: Annotated[str, StringConstraints(min_length=1, max_length=16)]  # against the policy: unknown_category
    item: Annotated[str, StringConstraints(pattern=r"^C[0-9]{2}-[0-9]{2}$")]
    title: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    subtitle: Short | None = None
    doc_number: Short | None = None
    index_number: Short | None = None
    lang: Literal["zh-Hans", "zh-Hant"]
    issuer: Issuer
    period: Period | None = None
    validity: Validity | None = None
    approval: Approval
    publish_at: Moment
    updated_at: Moment
    display: Display
    urgency: Literal["routine", "important", "urgent", "emergency"]
    priority: Annotated[int, Field(ge=0, le=100)]
    alert: Alert | None = None
    channels: list[Literal["led", "miniapp", "board", "speaker", "website", "sms", "leaflet"]]
    canonical_url: Url
    pii: Pii
    correction: Correction | None = None
    withdrawal: Withdrawal | None = None
    archive: Archive
    body: list[Block]
    integrity: Integrity | None = None

    def build(self, digest: str) -> n.Notice:
        """The frozen value; ``digest`` is that of the canonical form."""
        return n.Notice(
            id=self.id,
            revision=self.revision,
            status=n.Status(self.status),
            village_code=self.village_code,
            level=self.level,
            targets=tuple(self.targets),
            category=self.category,
            item=self.item,
            title=self.title,
            subtitle=self.subtitle or "",
            doc_number=self.doc_number or "",
            index_number=self.index_number or "",
            lang=self.lang,
            issuer=n.Issuer(self.issuer.code, self.issuer.name),
            period=self.period.build() if self.period else None,
            validity=self.validity.build() if self.validity else None,
            approval=self.approval.build(),
            publish_at=self.publish_at,
            updated_at=self.updated_at,
            display=self.display.build(),
            urgency=n.Urgency(self.urgency),
            priority=self.priority,
            alert=self.alert.build() if self.alert else None,
            channels=tuple(self.channels),
            canonical_url=self.canonical_url,
            exemptions=tuple(n.Exemption(e.kind, e.value, e.reason) for e in self.pii.exemptions),
            correction=self.correction.build() if self.correction else None,
            withdrawal=self.withdrawal.build() if self.withdrawal else None,
            body=tuple(block.build() for block in self.body),
            digest=digest,
        )
