"""The worklist: what waits for a review, the most urgent first, page by page.

Pages go on after a place in the order, never by counting, so none is skipped or shown twice while
rows arrive. What is sealed on a line is opened here; it becomes words elsewhere.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, tuple_

from app.store import alarms, people
from app.store.db import record_keys
from app.store.db.encryption import DataKey
from app.store.db.patient_tables import SECOND_PERSON_STATES, WorklistRow
from app.store.db.scope import Scope, prepare_columns, prepare_statement
from app.store.db.tables import ChangeCounter, Clinic, RecordKey
from app.store.worklist_rows import NoSuchSubmission, open_payload, rank_to_level
from app.triage.terms import Urgency

WORKLIST_PAGE_SIZE = 50
WorklistFilter = Literal["all", "mine", "unassigned", "second", "done"]
WORKLIST_FILTERS: tuple[WorklistFilter, ...] = ("all", "mine", "unassigned", "second", "done")
_WORKLIST_COLUMNS = (
    *(WorklistRow.submission_id, WorklistRow.rank, WorklistRow.due_at),
    *(WorklistRow.arrived, WorklistRow.arrived_at, WorklistRow.state),
    *(WorklistRow.owner_id, WorklistRow.first_seen_at, WorklistRow.last_version),
    *(WorklistRow.person_id, WorklistRow.rulebook_sha256, WorklistRow.line_sealed),
    *(WorklistRow.handed_to_id, WorklistRow.viewer_id, WorklistRow.viewed_at),
    *(WorklistRow.lowered_from, WorklistRow.lowered_reason),
)
_WORKLIST_ORDER = (WorklistRow.rank, WorklistRow.due_at, WorklistRow.arrived)


class WorklistCursor(NamedTuple):
    """Where a page ended: the next one goes on behind it."""

    rank: int
    due_at: datetime
    arrived: int


class ListedSubmission(NamedTuple):
    """One submission on the list. `payload` holds ids and what the clinic calls the person."""

    row: WorklistRow
    payload: dict[str, Any]

    @property
    def level(self) -> Urgency:
        """The level that counts now."""
        return rank_to_level(self.row.rank)

    @property
    def page_cursor(self) -> WorklistCursor:
        """Where it stands in the order."""
        return WorklistCursor(self.row.rank, self.row.due_at, self.row.arrived)


class WorklistCounts(NamedTuple):
    """What stands above the list. `unseen`: how many of a level nobody has looked at."""

    by_level: dict[Urgency, int]
    unseen: dict[Urgency, int]
    overdue: int
    oldest_unseen: datetime | None
    newest: int  # what arrived last
    alarm: datetime | None  # since when an emergency has waited for someone for too long
    undelivered: datetime | None  # since when that could not be told outside the pages


class ClinicSnapshot(NamedTuple):
    """What a page needs of the clinic. `change_version`: how often its bell has rung."""

    region: str
    time_zone: str
    change_version: int


def read_clinic_snapshot(scope: Scope) -> ClinicSnapshot:
    """To be read before the list: what rings in between is then fetched once more, not missed."""
    bell = scope.select_columns(ChangeCounter.rung).scalar_subquery().label("rung")
    asked = scope.select_columns(Clinic.region, Clinic.time_zone).add_columns(bell)
    row: Any = scope.execute_read(asked).one()
    return ClinicSnapshot(row.region, row.time_zone, row.rung or 0)


def list_worklist_page(
    scope: Scope,
    now: datetime,
    who: str,
    show: WorklistFilter = "all",
    after: WorklistCursor | None = None,
    limit: int = WORKLIST_PAGE_SIZE,
    today: datetime | None = None,
) -> list[ListedSubmission]:
    """The lines of one page, in order. Whatever is asked for, open emergencies are there too.

    `today`: when the clinic's day began; what was closed since then is what is done.
    """
    where = [WorklistRow.forget_at > now, *_filter_criteria(show, who, today or now)]
    if after is not None:
        where.append(tuple_(*_WORKLIST_ORDER) > tuple_(*after))
    # Each with its key: one query less for every page. A join might begin at the keys.
    key = scope.select_columns(RecordKey.wrapped).correlate(WorklistRow)
    key = key.where(RecordKey.record_id == WorklistRow.submission_id).scalar_subquery()
    asked = scope.select_columns(*_WORKLIST_COLUMNS).add_columns(key.label("wrapped")).where(*where)
    rows: list[Any] = list(scope.execute_read(asked.order_by(*_WORKLIST_ORDER).limit(limit)))
    unwrap, kept = scope.keyring.unwrap_key, [row for row in rows if row.wrapped is not None]
    opened = {at.submission_id: unwrap(scope.clinic, at.submission_id, at.wrapped) for at in kept}
    return open_rows(rows, opened)


def find_listed_submission(scope: Scope, submission: str) -> ListedSubmission:
    """The line of one submission. Raises NoSuchSubmission."""
    lines = load_listed_submissions(scope, scope.find_all(WorklistRow, submission_id=submission))
    if not lines:
        raise NoSuchSubmission
    return lines[0]


def list_by_reference(scope: Scope, now: datetime, reference: str) -> list[ListedSubmission]:
    """All that the person of this reference sent, closed or not, the newest first."""
    theirs = WorklistRow.reference_print == people.hash_reference(scope, reference)
    kept, newest = WorklistRow.forget_at > now, [WorklistRow.arrived.desc()]
    rows = scope.find_all(WorklistRow, theirs, kept, order_by=newest, limit=WORKLIST_PAGE_SIZE)
    return load_listed_submissions(scope, rows)


_FRESH = WorklistRow.first_seen_at.is_(None)
_COUNTS = prepare_statement(
    prepare_columns(
        WorklistRow.rank,
        func.count().label("waiting"),
        func.count().filter(_FRESH).label("unseen"),
        func.count().filter(WorklistRow.due_at <= alarms.NOW).label("late"),
        func.min(WorklistRow.arrived_at).filter(_FRESH).label("oldest"),
        func.max(WorklistRow.arrived).label("newest"),
    )
    .add_columns(
        alarms.OLDEST_EMERGENCY.scalar_subquery().label("alarm"),
        alarms.UNDELIVERED_SINCE.scalar_subquery().label("undelivered"),
    )
    .where(WorklistRow.closed.is_(False), WorklistRow.forget_at > alarms.NOW)
    .group_by(WorklistRow.rank)
    .order_by(WorklistRow.rank)
)


def count_waiting(
    scope: Scope, now: datetime, alarm_before: datetime | None = None
) -> WorklistCounts:
    """How many wait, by level, and how many of them unseen; how many are late; since when.

    `alarm_before`: an emergency that waits since before that time, as `alarms` has it, alarms.
    """
    times = alarms.alarm_times(now, alarm_before or now)
    rows: list[Any] = list(scope.execute_read(_COUNTS, **times))
    return WorklistCounts(
        by_level={rank_to_level(row.rank): row.waiting for row in rows},
        unseen={rank_to_level(row.rank): row.unseen for row in rows if row.unseen},
        overdue=sum(row.late for row in rows),
        oldest_unseen=min((row.oldest for row in rows if row.oldest is not None), default=None),
        newest=max((row.newest for row in rows), default=0),
        alarm=rows[0].alarm if rows and alarm_before else None,
        undelivered=rows[0].undelivered if rows else None,
    )


def _filter_criteria(show: WorklistFilter, who: str, today: datetime) -> list[ColumnElement[bool]]:
    """What a filter lets through; an open emergency passes all of them."""
    waits, emergency = WorklistRow.closed.is_(False), WorklistRow.rank == 0
    if show == "done":
        closed = and_(WorklistRow.closed.is_(True), WorklistRow.closed_at >= today)
        return [or_(closed, and_(waits, emergency))]
    wanted = {
        "mine": or_(WorklistRow.owner_id == who, WorklistRow.handed_to_id == who),
        "unassigned": WorklistRow.owner_id.is_(None),
        "second": WorklistRow.state.in_(SECOND_PERSON_STATES),
    }.get(show)
    return [waits] if wanted is None else [waits, or_(wanted, emergency)]


def load_listed_submissions(scope: Scope, rows: Sequence[WorklistRow]) -> list[ListedSubmission]:
    """Rows with what is sealed on them, in their order."""
    return open_rows(rows, record_keys.load_data_keys(scope, [row.submission_id for row in rows]))


def open_rows(rows: Sequence[WorklistRow], opened: Mapping[str, DataKey]) -> list[ListedSubmission]:
    """Rows with what is sealed on them, without those whose key is gone."""
    return [
        ListedSubmission(row, open_payload(opened[row.submission_id], row))
        for row in rows
        if row.submission_id in opened
    ]
