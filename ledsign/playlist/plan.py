"""``plan``: what the screen shows now and next, until when that holds, and why the rest is not shown.

A pure function of notices, exposures, policy and time. It may be asked at any moment, after every page: an
unfinished slice goes on where its account stands. For every moment in [at, ``valid_until``) the slots are the
same as long as nothing new is shown or received.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledsign.playlist.announce import Announcement
from ledsign.playlist.capacity import Grant, check
from ledsign.playlist.exposure import Exposure, Key
from ledsign.playlist.hours import later
from ledsign.playlist.item import Item
from ledsign.playlist.preempt import Claimant
from ledsign.playlist.rotation import Slot
from ledsign.playlist.situation import PlanMode, Situation
from ledsign.policy import Policy
from ledsign.trust import ClockTrust

AHEAD = 4
REASK_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The coming turns, the first one now. ``hidden``: notice id -> why it is not in the rotation (reasons of
    ``visibility`` and expired, released, replaced, corrected, unpresentable, clock_untrusted, outranked,
    exercise_unmarked, exercise_over, exercise_dark).
    ``short``: ordinary notices whose daily showings do not fit; ``blame``: the smallest set of notices that this
    is due to. ``announced``: today's long full texts. ``claims``: notices on show that came as cut-ins."""

    slots: tuple[Slot, ...]
    valid_until: datetime
    mode: PlanMode
    hidden: Mapping[str, str]
    short: tuple[Grant, ...] = ()
    blame: tuple[Key, ...] = ()
    announced: tuple[Announcement, ...] = ()
    claims: tuple[Claimant, ...] = ()


def plan(
    items: Sequence[Item],
    exposures: Mapping[Key, Exposure],
    policy: Policy,
    at: datetime,
    trust: ClockTrust,
    screen: str,
    cancelled: Collection[str] = (),
    ahead: int = AHEAD,
    earliest: datetime | None = None,
) -> Plan:
    """What to show at ``at`` (aware) and the ``ahead`` turns to come, as if nothing interfered.

    ``exposures`` must hold the account of every revision shown lately, also of those that are gone: turn
    numbers and air time come from them. ``cancelled``: identifiers of cancelled or updated alerts. ``earliest``:
    before this it certainly is not, whatever the clock says.
    """
    situation = Situation(items, exposures, policy, at, trust, screen, cancelled, earliest)
    board, phase = situation.board, situation.phase(at)
    evening = situation.at.replace(hour=23, minute=0)  # the turns ahead count for this day, after its announced times
    edges = situation.edges + situation.starts
    if situation.deadline is not None:
        edges += [edge for edge in board.phase_edges(situation.deadline) if edge > at]
    mode = situation.mode
    slots: list[Slot] = []
    while len(slots) < ahead:
        slot = board.next(phase, situation.lit)
        if slot is None:
            break
        board.shown(slot, evening, passes_min=policy.complete_passes_min)
        slots.append(slot)
    if slots or not edges:
        edges.append(later(at, slots[0].seconds if slots else REASK_S))
    short = tuple(each for each in situation.grants if each.short)
    until = min(edges).astimezone(policy.zone)
    blame = check([each.need for each in situation.grants], situation.light, situation.cut_ins).blame if short else ()
    claims = tuple(situation.claims)
    return Plan(tuple(slots), until, mode, situation.hidden, short, blame, situation.announced, claims)
