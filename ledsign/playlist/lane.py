"""The ordinary notices, kept in the order in which their turns come round.

A board is played forward turn after turn, so whoever is next is found without looking at everybody: notices of one
weight are next in the order of their latest turns, and what they owe a day only ever falls. One turn costs a few
steps for each different weight, not for each notice.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from ledsign.playlist.entry import Entry, Phase

_Queue: TypeAlias = OrderedDict[str, Entry]


def _queue(entries: Iterable[Entry]) -> _Queue:
    return OrderedDict((entry.notice.id, entry) for entry in entries)


def _arrival(entry: Entry) -> tuple[float, int, str]:
    """The latest arrival first, of those the weightier."""
    return -(entry.arrived_at.timestamp() if entry.arrived_at else 0.0), -entry.urgency_weight, entry.notice.id


class Lane:
    """Entries of which one is on at a time. ``shown`` must be told of every turn."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.running = max(entries, key=lambda entry: entry.exposure.turn, default=None)
        self.sessions = [entry for entry in entries if entry.session]
        self._new = _queue(sorted((entry for entry in entries if not entry.exposure.turn), key=_arrival))
        self._queues: dict[Phase, list[_Queue]] = {}
        spoken = [entry for entry in entries if entry.digest_s is not None]
        spoken.sort(key=lambda entry: (entry.exposure.digest_air_s, entry.notice.id))
        self._speakers = _queue(spoken)

    @property
    def newest(self) -> Entry | None:
        """Of those never shown the latest arrival."""
        return next(iter(self._new.values()), None)

    @property
    def longest_silent(self) -> Entry | None:
        """Whose digest page was shown longest ago; None when nobody has one."""
        return next(iter(self._speakers.values()), None)

    def greatest_age(self, phase: Phase, turn: int, but: Entry | None) -> Entry | None:
        """Who may take a turn in that phase, ``but`` apart: a never shown one first, then the greatest weighted
        age at ``turn``."""
        for entry in self._new.values():
            if entry is not but and entry.owes(phase):
                return entry
        heads = [self._head(queue, phase, but) for queue in self._queued(phase)]
        found = [entry for entry in heads if entry is not None]
        if not found and but is None and phase is Phase.RELAXED:
            found = list(self.entries)  # all of them wait for their announced times
        return min(found, key=_by_age(turn), default=None)

    def _queued(self, phase: Phase) -> list[_Queue]:
        """One queue for each weight, of those who may take turns in that phase."""
        if phase not in self._queues:
            by_weight: dict[tuple[int, int], list[Entry]] = {}
            for entry in sorted(self.entries, key=lambda entry: entry.exposure.turn):
                by_weight.setdefault((entry.weight, entry.urgency_weight), []).append(entry)
            self._queues[phase] = [_queue(group) for group in by_weight.values()]
        return self._queues[phase]

    @staticmethod
    def _head(queue: _Queue, phase: Phase, but: Entry | None) -> Entry | None:
        """The one shown longest ago of those that may; whoever owes nothing any more is dropped for good."""
        paid = []
        found = None
        for entry in queue.values():
            if not entry.owes(phase):
                paid.append(entry.notice.id)
            elif entry is not but and entry.exposure.turn and not (phase is Phase.RELAXED and entry.waits):
                found = entry
                break
        for name in paid:
            del queue[name]
        return found

    def shown(self, entry: Entry, digest: bool) -> None:
        """``entry`` had a turn just now."""
        name = entry.notice.id
        if digest:
            self._speakers.move_to_end(name)
            return
        self.running = entry
        self._new.pop(name, None)
        for queues in self._queues.values():
            for queue in queues:
                if name in queue:
                    queue.move_to_end(name)


def _by_age(turn: int) -> Callable[[Entry], tuple[int, int, str]]:
    def key(entry: Entry) -> tuple[int, int, str]:
        return -(turn - entry.exposure.turn) * entry.weight, -entry.urgency_weight, entry.notice.id

    return key
