"""The worklist: what waits for a review, the most urgent first, page by page.

Pages go on after a place in the order, never by counting, so none is skipped or shown twice while
rows arrive. What is sealed on a line is opened here; it becomes words elsewhere.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, func, or_, tuple_
from sqlmodel import col

from app.store import keys, people
from app.store.scope import Criterion, Scope
from app.store.submissions import NoSuchSubmission, level_of, rank_of
from app.store.tables import WorklistRow
from app.triage.terms import Urgency

PAGE = 50
Show = Literal["all", "mine", "unassigned", "second", "done"]
SHOWS: tuple[Show, ...] = ("all", "mine", "unassigned", "second", "done")
_ORDER = (col(WorklistRow.rank), col(WorklistRow.due_at), col(WorklistRow.arrived))


class Place(NamedTuple):
    """Where a page ended: the next one goes on behind it."""

    rank: int
    due_at: datetime
    arrived: int


@dataclass(frozen=True, slots=True)
class Line:
    """One submission on the list. `told` holds ids and what the clinic calls the person."""

    submission: str
    level: Urgency
    due_at: datetime
    arrived: int
    arrived_at: datetime
    state: str
    owner: str | None
    seen: bool
    versions: int
    rulebook_sha256: str
    told: dict[str, Any]

    @property
    def place(self) -> Place:
        """Where it stands in the order."""
        return Place(rank_of(self.level), self.due_at, self.arrived)


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands above the list."""

    by_level: dict[Urgency, int]
    overdue: int
    oldest_unseen: datetime | None


def page(
    scope: Scope,
    now: datetime,
    who: str,
    show: Show = "all",
    after: Place | None = None,
    limit: int = PAGE,
) -> list[Line]:
    """The lines of one page, in order. Whatever is asked for, open emergencies are there too."""
    where: list[Criterion] = [col(WorklistRow.forget_at) > now, _shown(show, who)]
    if after is not None:
        where.append(tuple_(*_ORDER) > tuple_(*after))
    order: Sequence[Any] = _ORDER
    rows = scope.all(WorklistRow, *where, closed=show == "done", order_by=order, limit=limit)
    return _lines(scope, rows)


def one(scope: Scope, submission: str) -> Line:
    """The line of one submission. Raises NoSuchSubmission."""
    lines = _lines(scope, scope.all(WorklistRow, submission_id=submission))
    if not lines:
        raise NoSuchSubmission
    return lines[0]


def by_reference(scope: Scope, now: datetime, reference: str) -> list[Line]:
    """All that the person of this reference sent, closed or not, the newest first."""
    print_ = people.reference_print(scope, reference)
    newest = [col(WorklistRow.arrived).desc()]
    kept = col(WorklistRow.forget_at) > now
    rows = scope.all(WorklistRow, kept, reference_print=print_, order_by=newest, limit=PAGE)
    return _lines(scope, rows)


def counts(scope: Scope, now: datetime) -> Counts:
    """How many wait, by level; how many are late; since when the oldest waits unseen."""
    unseen = func.min(col(WorklistRow.arrived_at)).filter(col(WorklistRow.first_seen_at).is_(None))
    late = func.count().filter(col(WorklistRow.due_at) <= now)
    found = scope.columns(col(WorklistRow.rank), func.count(), late, unseen)
    still = (col(WorklistRow.closed).is_(False), col(WorklistRow.forget_at) > now)
    rows: Any = scope.run(found.where(*still).group_by(col(WorklistRow.rank)))
    by_level, overdue, oldest = {}, 0, []
    for rank, number, late_ones, since in rows:
        by_level[level_of(rank)] = number
        overdue += late_ones
        oldest += [since] if since is not None else []
    return Counts(by_level, overdue, min(oldest, default=None))


def _shown(show: Show, who: str) -> ColumnElement[bool]:
    everything = col(WorklistRow.rank) >= 0
    wanted = {
        "mine": col(WorklistRow.owner_id) == who,
        "unassigned": col(WorklistRow.owner_id).is_(None),
        "second": col(WorklistRow.state) == "second_look",
    }.get(show, everything)
    return or_(wanted, col(WorklistRow.rank) == 0)


def _lines(scope: Scope, rows: Sequence[WorklistRow]) -> list[Line]:
    opened = keys.several(scope, [row.submission_id for row in rows])
    return [
        Line(
            submission=row.submission_id,
            level=level_of(row.rank),
            due_at=row.due_at,
            arrived=row.arrived,
            arrived_at=row.arrived_at,
            state=row.state,
            owner=row.owner_id,
            seen=row.first_seen_at is not None,
            versions=row.last_version,
            rulebook_sha256=row.rulebook_sha256,
            told=json.loads(
                opened[row.submission_id].open(
                    "worklist_row", row.submission_id, "line", row.line_sealed
                )
            ),
        )
        for row in rows
        if row.submission_id in opened
    ]
