"""What still has to happen at made-up clinics, in the order of time. It knows nothing of what."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from app.store.clinic_policy import Targets
from app.store.db.scope import Store
from app.triage.rulebook import Rulebook
from app.triage.terms import Urgency

DAYS_BACK = 12  # days back that what happened goes
DemoEvent = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """A made-up clinic and those who review there."""

    store: Store
    id: str
    region: str
    nurses: list[str]
    leads: list[str]


@dataclass(slots=True)
class DemoTimeline:
    """What is still to happen, by time. What lies after `now` never happens."""

    rulebook: Rulebook
    targets: Targets
    now: datetime
    chance: Random
    show_progress: Callable[[int], None]
    queue: list[tuple[datetime, int, DemoEvent]] = field(default_factory=list)
    planned: int = 0
    sent: int = 0
    counts: Counter[tuple[str, date, str]] = field(default_factory=Counter)  # by clinic and day

    def schedule_event(self, at: datetime, do: DemoEvent) -> None:
        """Let this happen at that time."""
        self.planned += 1
        heapq.heappush(self.queue, (at, self.planned, do))

    def run_due_events(self) -> None:
        """Let everything happen, up to now."""
        while self.queue and self.queue[0][0] <= self.now:
            at, _, do = heapq.heappop(self.queue)
            do(at)


@dataclass(frozen=True, slots=True)
class DemoSubmission:
    """What one person sent, as those who review it meet it."""

    demo_clinic: DemoClinic
    id: str
    level: Urgency
    rules: tuple[str, ...]
