"""Has a notice passed everybody who must pass it? The chain is policy, the order is the law's."""

from collections.abc import Sequence

from ledsign.errors import RefusedError
from ledsign.notice import Approval, ApprovalStep, Notice, Urgency
from ledsign.policy import ApprovalRule

_EMERGENCY = "approval_incomplete:emergency"


def check_approval(notice: Notice, rule: ApprovalRule) -> None:
    """Raises RefusedError: approval_rejected, approval_incomplete[:emergency|:proofread], approval_order,
    check_failed:NAME."""
    approval = notice.approval
    if any(step.result != "pass" for step in approval.steps):
        raise RefusedError("approval_rejected", "a step was rejected")
    if notice.urgency is Urgency.EMERGENCY or approval.procedure == "emergency":
        _check_emergency(notice, rule)
    else:
        _check_normal(approval, rule)
    results = dict(approval.checks)
    for name in rule.checks:
        if results.get(name) != "pass":
            raise RefusedError(f"check_failed:{name}", "not passed")


def _check_emergency(notice: Notice, rule: ApprovalRule) -> None:
    """Two persons, a relayed warning, and nothing that could have waited for the normal chain."""
    approval = notice.approval
    if approval.procedure != "emergency":
        raise RefusedError(_EMERGENCY, "an emergency needs the emergency procedure")
    if notice.alert is None:
        raise RefusedError(_EMERGENCY, "an emergency relays a warning; there is no alert object")
    if notice.urgency not in (Urgency.EMERGENCY, Urgency.URGENT):
        raise RefusedError(_EMERGENCY, "the emergency procedure is for emergencies")
    distinct = rule.emergency_required if rule.emergency_distinct_actors else ()
    _check_chain(approval.steps, rule.emergency_required, (), distinct, _EMERGENCY)


def _check_normal(approval: Approval, rule: ApprovalRule) -> None:
    _check_chain(approval.steps, rule.normal, rule.optional, rule.distinct, "approval_incomplete")
    rounds = {proof.round: proof.at for proof in approval.proofread}
    times = [rounds.get(number) for number in range(1, rule.proofread_rounds + 1)]
    known = [at for at in times if at is not None]
    if len(known) < len(times):
        raise RefusedError("approval_incomplete:proofread", f"{len(known)} of {len(times)} rounds")
    if known != sorted(known):
        raise RefusedError("approval_order", "proof-reading rounds are out of order")


def _check_chain(
    steps: Sequence[ApprovalStep],
    chain: Sequence[str],
    optional: Sequence[str],
    distinct: Sequence[str],
    incomplete: str,
) -> None:
    """All steps of the chain, each signed by somebody, in time order, the distinct ones by different persons."""
    last = {step.step: step for step in steps if step.actor.strip()}
    for name in chain:
        if name not in last and name not in optional:
            raise RefusedError(incomplete, f"step {name} is missing")
    present = [last[name] for name in chain if name in last]
    if [step.at for step in present] != sorted(step.at for step in present):
        raise RefusedError("approval_order", "steps are out of order")
    actors = [last[name].actor.strip() for name in distinct if name in last]
    if len(set(actors)) < len(actors):
        raise RefusedError(incomplete, "one person signed two steps that need two")
