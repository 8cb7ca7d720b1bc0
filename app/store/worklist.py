"""The worklist: what waits for a review, the most urgent first, page by page.

Pages go on after a place in the order, never by counting, so none is skipped or shown twice while
rows arrive. What is sealed on a line is opened here; it becomes words elsewhere.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, or_, tuple_

from app.store import alarms
from app.store.db import record_keys
from app.store.db.encryption import DataKey
from app.store.db.patient_tables import SECOND_PERSON_STATES, WorklistRow
from app.store.db.scope import Scope, join_selects, prepare_columns, prepare_statement
from app.store.db.tables import ChangeCounter, Clinic, RecordKey
from app.store.worklist_rows import (
    NoSuchSubmission,
    level_to_rank,
    open_payload,
    rank_to_level,
)
from app.triage.terms import Urgency

WORKLIST_PAGE_SIZE = 50
WORKLIST_FILTERS = (
    *("all", "mine", "unassigned", "second", "late", "moves", "visit", "done"),
    *(level.name for level in Urgency),
)
"""What can be asked for. `moves`: visits that are to move to a day that is not booked yet;
`visit`: who comes on one day; a level: what waits at it."""
_WORKLIST_COLUMNS = (
    *(WorklistRow.submission_id, WorklistRow.rank, WorklistRow.due_at),
    *(WorklistRow.arrived, WorklistRow.arrived_at, WorklistRow.state),
    *(WorklistRow.owner_id, WorklistRow.first_seen_at, WorklistRow.last_version),
    *(WorklistRow.person_id, WorklistRow.rulebook_sha256, WorklistRow.line_sealed),
    WorklistRow.move_due_at,
    *(WorklistRow.handed_to_id, WorklistRow.viewer_id, WorklistRow.viewed_at),
    *(WorklistRow.lowered_from, WorklistRow.lowered_reason),
)
# Each with its key: one query less for every page. A join might begin at the keys.
_LINES = prepare_columns(*_WORKLIST_COLUMNS).add_columns(
    prepare_columns(RecordKey.wrapped)
    .correlate(WorklistRow)
    .where(RecordKey.record_id == WorklistRow.submission_id)
    .scalar_subquery()
    .label("wrapped")
)
_SNAPSHOT = prepare_statement(
    prepare_columns(Clinic.region, Clinic.time_zone).add_columns(
        prepare_columns(ChangeCounter.rung).scalar_subquery().label("rung"),
        prepare_columns(func.count(WorklistRow.submission_id))
        .where(WorklistRow.taken_from_id == bindparam("who"))
        .scalar_subquery()
        .label("taken"),
    )
)
WORKLIST_ORDER = (WorklistRow.rank, WorklistRow.due_at, WorklistRow.arrived)


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
    """What a page needs of the clinic. `change_version`: how often its bell has rung.

    `taken_over`: how many were taken over from whoever asks, and not opened since.
    """

    region: str
    time_zone: str
    change_version: int
    taken_over: int = 0


def read_clinic_snapshot(scope: Scope, who: str = "") -> ClinicSnapshot:
    """To be read before the list: what rings in between is then fetched once more, not missed."""
    row: Any = scope.execute_read(_SNAPSHOT, who=who).one()
    return ClinicSnapshot(row.region, row.time_zone, row.rung or 0, row.taken)


def list_worklist_page(
    scope: Scope,
    now: datetime,
    who: str,
    show: str = "all",
    after: WorklistCursor | None = None,
    limit: int = WORKLIST_PAGE_SIZE,
    today: datetime | None = None,
    visit_on: date | None = None,
) -> list[ListedSubmission]:
    """The lines of one page, in order. Whatever is asked for, open emergencies are there too.

    `today`: when the clinic's day began; what was closed since then is what is done. `visit_on`:
    the day of the visits that are asked for.
    """
    kept: list[ColumnElement[bool]] = [WorklistRow.forget_at > now]
    if after is not None:
        kept.append(tuple_(*WORKLIST_ORDER) > tuple_(*after))
    parts = _filter_parts(show, who, now, today or now, visit_on)
    return read_lines(scope, [[*kept, *part] for part in parts], WORKLIST_ORDER, limit)


def read_lines(
    scope: Scope, parts: Sequence[Sequence[Any]], order: Sequence[Any], limit: int
) -> list[ListedSubmission]:
    """The first lines that fit any of these parts, in this order; no line may fit two of them."""
    asked = join_selects([_LINES.where(*part) for part in parts], order, limit)
    rows: list[Any] = list(scope.execute_read(asked))
    unwrap, kept = scope.keyring.unwrap_key, [row for row in rows if row.wrapped is not None]
    opened = {at.submission_id: unwrap(scope.clinic, at.submission_id, at.wrapped) for at in kept}
    return open_rows(rows, opened)


def find_next_submission(scope: Scope, now: datetime, who: str, after: str) -> str:
    """What someone can go on with once `after` is done; "" where nothing is left for them.

    An open emergency that is nobody's goes first, then what stands behind `after`, then the top.
    """
    done = scope.require_one(WorklistRow, NoSuchSubmission, submission_id=after)
    place = tuple_(*WORKLIST_ORDER) > (done.rank, done.due_at, done.arrived)
    free = or_(WorklistRow.owner_id.is_(None), WorklistRow.owner_id == who)
    waits = [WorklistRow.forget_at > now, WorklistRow.closed.is_(False), free]
    waits += [WorklistRow.state.not_in(SECOND_PERSON_STATES)]
    alarming = [WorklistRow.rank == 0, WorklistRow.owner_id.is_(None)]
    for where in ([*waits, *alarming], [*waits, place], waits):
        found = read_lines(scope, [where], WORKLIST_ORDER, 1)
        if found:
            return found[0].row.submission_id
    return ""


def find_listed_submission(scope: Scope, submission: str) -> ListedSubmission:
    """The line of one submission. Raises NoSuchSubmission."""
    lines = load_listed_submissions(scope, scope.find_all(WorklistRow, submission_id=submission))
    if not lines:
        raise NoSuchSubmission
    return lines[0]


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


def _filter_parts(
    show: str, who: str, now: datetime, today: datetime, visit_on: date | None
) -> list[list[ColumnElement[bool]]]:
    """What a filter lets through, in parts; an open emergency passes all of them."""
    waits, emergency = WorklistRow.closed.is_(False), WorklistRow.rank == 0
    if show == "done":
        return [[waits, emergency], [WorklistRow.closed.is_(True), WorklistRow.closed_at >= today]]
    if show == "moves":
        others = or_(WorklistRow.closed.is_(True), WorklistRow.rank > 0)
        return [[waits, emergency], [WorklistRow.move_due_at.is_not(None), others]]
    if show in Urgency.__members__:
        ranks = dict.fromkeys((0, level_to_rank(Urgency[show])))
        return [[waits, WorklistRow.rank == rank] for rank in ranks]
    apart = {"late": WorklistRow.due_at <= now, "visit": WorklistRow.visit_on == visit_on}
    if show in apart:
        others = WorklistRow.rank.in_(range(1, len(Urgency)))
        return [[waits, emergency], [waits, others, apart[show]]]
    wanted = {
        "mine": or_(WorklistRow.owner_id == who, WorklistRow.handed_to_id == who),
        "unassigned": WorklistRow.owner_id.is_(None),
        "second": WorklistRow.state.in_(SECOND_PERSON_STATES),
    }.get(show)
    return [[waits] if wanted is None else [waits, or_(wanted, emergency)]]


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
