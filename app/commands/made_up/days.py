"""What still has to happen at made-up clinics, in the order of time. It knows nothing of what."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from app.store.ground.scope import Store
from app.triage.rulebook import Rulebook
from app.triage.targets import Targets
from app.triage.terms import Urgency

LONG = 12  # days back that what happened goes
Doing = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Town:
    """A made-up clinic and those who review there."""

    store: Store
    id: str
    region: str
    nurses: list[str]
    leads: list[str]


@dataclass(slots=True)
class Days:
    """What is still to happen, by time. What lies after `now` never happens."""

    rulebook: Rulebook
    targets: Targets
    now: datetime
    chance: Random
    tell: Callable[[int], None]
    to_come: list[tuple[datetime, int, Doing]] = field(default_factory=list)
    planned: int = 0
    sent: int = 0
    counts: Counter[tuple[str, date, str]] = field(default_factory=Counter)  # by clinic and day

    def plan(self, at: datetime, do: Doing) -> None:
        """Let this happen at that time."""
        self.planned += 1
        heapq.heappush(self.to_come, (at, self.planned, do))

    def pass_by(self) -> None:
        """Let everything happen, up to now."""
        while self.to_come and self.to_come[0][0] <= self.now:
            at, _, do = heapq.heappop(self.to_come)
            do(at)


@dataclass(frozen=True, slots=True)
class Sent:
    """What one person sent, as those who review it meet it."""

    town: Town
    id: str
    level: Urgency
    rules: tuple[str, ...]
