"""The worklist: what waits for a review, the most urgent first, page by page.

Pages go on after a place in the order, never by counting, so none is skipped or shown twice while
rows arrive. What is sealed on a line is opened here; it becomes words elsewhere.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, tuple_
from sqlmodel import col

from app.store import alarms, people
from app.store.ground import keys
from app.store.ground.scope import Criterion, Scope
from app.store.ground.sealing import RecordKey
from app.store.submissions import NoSuchSubmission, level_of, rank_of
from app.store.tables import Clinic, Doorbell, WorklistRow
from app.store.tables import RecordKey as RecordKeys
from app.store.tables.reviews import WAITING
from app.triage.terms import Urgency

PAGE = 50
Show = Literal["all", "mine", "unassigned", "second", "done"]
SHOWS: tuple[Show, ...] = ("all", "mine", "unassigned", "second", "done")
_READ = (
    *(col(WorklistRow.submission_id), col(WorklistRow.rank), col(WorklistRow.due_at)),
    *(col(WorklistRow.arrived), col(WorklistRow.arrived_at), col(WorklistRow.state)),
    *(col(WorklistRow.owner_id), col(WorklistRow.first_seen_at), col(WorklistRow.last_version)),
    *(col(WorklistRow.person_id), col(WorklistRow.rulebook_sha256), col(WorklistRow.line_sealed)),
)
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
    person: str | None
    rulebook_sha256: str
    told: dict[str, Any]

    @property
    def place(self) -> Place:
        """Where it stands in the order."""
        return Place(rank_of(self.level), self.due_at, self.arrived)


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands above the list. `unseen`: how many of a level nobody has looked at."""

    by_level: dict[Urgency, int]
    unseen: dict[Urgency, int]
    overdue: int
    oldest_unseen: datetime | None
    newest: int  # what arrived last
    alarm: datetime | None  # since when an emergency has waited for someone for too long
    undelivered: datetime | None  # since when that could not be told outside the pages


@dataclass(frozen=True, slots=True)
class ClinicNow:
    """What a page needs of the clinic. `rung`: how often its bell has rung."""

    region: str
    time_zone: str
    rung: int


def clinic_now(scope: Scope) -> ClinicNow:
    """To be read before the list: what rings in between is then fetched once more, not missed."""
    bell = scope.columns(col(Doorbell.rung)).scalar_subquery().label("rung")
    asked = scope.columns(col(Clinic.region), col(Clinic.time_zone)).add_columns(bell)
    row: Any = scope.run(asked).one()
    return ClinicNow(row.region, row.time_zone, row.rung or 0)


def page(
    scope: Scope,
    now: datetime,
    who: str,
    show: Show = "all",
    after: Place | None = None,
    limit: int = PAGE,
    today: datetime | None = None,
) -> list[Line]:
    """The lines of one page, in order. Whatever is asked for, open emergencies are there too.

    `today`: when the clinic's day began; what was closed since then is what is done.
    """
    where: list[Criterion] = [col(WorklistRow.forget_at) > now, *_shown(show, who, today or now)]
    if after is not None:
        where.append(tuple_(*_ORDER) > tuple_(*after))
    order: Sequence[Any] = _ORDER
    # Each with its key: one query less for every page. A join might begin at the keys.
    key = scope.columns(col(RecordKeys.wrapped)).correlate(WorklistRow)
    key = key.where(col(RecordKeys.record_id) == col(WorklistRow.submission_id)).scalar_subquery()
    asked = scope.columns(*_READ).add_columns(key.label("wrapped")).where(*where)
    rows: list[Any] = list(scope.run(asked.order_by(*order).limit(limit)))
    unwrap, kept = scope.keyring.unwrap, [row for row in rows if row.wrapped is not None]
    opened = {at.submission_id: unwrap(scope.clinic, at.submission_id, at.wrapped) for at in kept}
    return lines_of(rows, opened)


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


def counts(scope: Scope, now: datetime, alarm_before: datetime | None = None) -> Counts:
    """How many wait, by level, and how many of them unseen; how many are late; since when.

    `alarm_before`: an emergency that waits since before that time, as `alarms` has it, alarms.
    """
    level, arrived = col(WorklistRow.rank), col(WorklistRow.arrived_at)
    fresh = col(WorklistRow.first_seen_at).is_(None)
    still = (col(WorklistRow.closed).is_(False), col(WorklistRow.forget_at) > now)
    found = scope.columns(
        level,
        func.count().label("waiting"),
        func.count().filter(fresh).label("unseen"),
        func.count().filter(col(WorklistRow.due_at) <= now).label("late"),
        func.min(arrived).filter(fresh).label("oldest"),
        func.max(col(WorklistRow.arrived)).label("newest"),
    )
    alarm = alarms.asking_oldest(scope, now, alarm_before or now).scalar_subquery()
    undelivered = alarms.asking_undelivered(scope, now).scalar_subquery()
    found = found.add_columns(alarm.label("alarm"), undelivered.label("undelivered"))
    rows: list[Any] = list(scope.run(found.where(*still).group_by(level).order_by(level)))
    return Counts(
        by_level={level_of(row.rank): row.waiting for row in rows},
        unseen={level_of(row.rank): row.unseen for row in rows if row.unseen},
        overdue=sum(row.late for row in rows),
        oldest_unseen=min((row.oldest for row in rows if row.oldest is not None), default=None),
        newest=max((row.newest for row in rows), default=0),
        alarm=rows[0].alarm if rows and alarm_before else None,
        undelivered=rows[0].undelivered if rows else None,
    )


def _shown(show: Show, who: str, today: datetime) -> list[ColumnElement[bool]]:
    """What a filter lets through; an open emergency passes all of them."""
    waits, emergency = col(WorklistRow.closed).is_(False), col(WorklistRow.rank) == 0
    if show == "done":
        closed = and_(col(WorklistRow.closed).is_(True), col(WorklistRow.closed_at) >= today)
        return [or_(closed, and_(waits, emergency))]
    wanted = {
        "mine": col(WorklistRow.owner_id) == who,
        "unassigned": col(WorklistRow.owner_id).is_(None),
        "second": col(WorklistRow.state).in_(WAITING),
    }.get(show)
    return [waits] if wanted is None else [waits, or_(wanted, emergency)]


def _lines(scope: Scope, rows: Sequence[WorklistRow]) -> list[Line]:
    return lines_of(rows, keys.several(scope, [row.submission_id for row in rows]))


def lines_of(rows: Sequence[WorklistRow], opened: Mapping[str, RecordKey]) -> list[Line]:
    """Rows with what is sealed on them, without those whose key is gone."""
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
            person=row.person_id,
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
