"""When to ask again for what could not be fetched."""

from dataclasses import dataclass, field

RETRY_FIRST_S = 2.0
RETRY_CAP_S = 300.0
TRIES = 8  # then left alone until a full listing names it again


@dataclass(slots=True)
class Retries:
    """What failed, when it is due again (monotonic s), and how often it failed."""

    due: dict[str, float] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    def fail(self, name: str, now: float) -> None:
        count = self.failures[name] = self.failures.get(name, 0) + 1
        self.due[name] = now + min(RETRY_CAP_S, RETRY_FIRST_S * 2.0 ** (count - 1))

    def forget(self, name: str) -> None:
        self.due.pop(name, None)
        self.failures.pop(name, None)

    def is_due(self, name: str, now: float) -> bool:
        return self.failures.get(name, 0) < TRIES and self.due.get(name, now) <= now

    def next_due(self) -> float | None:
        return min((due for name, due in self.due.items() if self.failures[name] < TRIES), default=None)
