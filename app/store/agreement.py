"""How nurses decided beside what the rules said, counted in the database, of all that is kept.

A decision is an entry "agree", "raise" or "lower". What retention erased is counted no more. Knows
ids of rules and coded reasons, and no words for people.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, or_

from app.store.db import record_keys
from app.store.db.patient_tables import AssessmentVersion, ReviewEntry, Tally, WorklistRow
from app.store.db.scope import Scope, WritingScope
from app.store.submission_versions import AnswersVersion, open_version
from app.store.worklist_rows import level_to_rank
from app.triage.terms import Urgency

AGREE, RAISE, LOWER = KINDS = ("agree", "raise", "lower")
MOST_SHOWN = 50
MOST_EXPORTED = 1000
NO_RULE = ""
"""Stands for the level that is given when no rule fits."""
_IS_DECISION = ReviewEntry.kind.in_(KINDS)


class DecisionCounts(NamedTuple):
    """How often the level was agreed to, raised and lowered."""

    agreed: int = 0
    raised: int = 0
    lowered: int = 0

    @property
    def decision_total(self) -> int:
        """All decisions."""
        return self.agreed + self.raised + self.lowered

    @property
    def override_total(self) -> int:
        """Those that were not agreement."""
        return self.raised + self.lowered


class DecisionTimes(NamedTuple):
    """From arrival to the first decision, of one level.

    `in_time` of `timed` were decided by their target time; only those count whose level stayed,
    since another level has another target.
    """

    number: int
    median: timedelta
    ninth_tenth: timedelta
    timed: int
    in_time: int


class Disagreement(NamedTuple):
    """One decision against the rules, and the answers that it was about."""

    entry: str
    submission: str
    at: datetime
    by: str
    kind: str
    level: Urgency  # what the rules said
    to: Urgency  # what the nurse said
    reason: str | None
    rule: str | None
    version: AnswersVersion


def count_by_nurse(scope: Scope) -> dict[str, DecisionCounts]:
    """Decisions by who made them."""
    by = (ReviewEntry.author_id, ReviewEntry.kind)
    return _count_decisions(_count_groups(scope, by, _IS_DECISION))


def count_by_rule(scope: Scope) -> dict[str, DecisionCounts]:
    """Decisions by the rule that gave the level; of a lowering, by each rule that it set aside."""
    kind, of = ReviewEntry.kind, AssessmentVersion.clinic_id
    # By submission too: that way there is an index, else each row would look at all others.
    same = (
        ReviewEntry.submission_id == AssessmentVersion.submission_id,
        ReviewEntry.version_id == AssessmentVersion.id,
    )
    rule = _json_elements(scope, AssessmentVersion.rules)
    # Trap: PostgreSQL knows the table inside `rule` only if it stands before it.
    firing = _count_groups(scope, (of, rule, kind), *same, kind.in_((AGREE, RAISE)))
    lowered = [(aside, LOWER, number) for aside, _, number in _count_set_aside(scope) if aside]
    empty = func.json_array_length(AssessmentVersion.rules) == 0
    none = _count_groups(scope, (of, kind), *same, empty, _IS_DECISION)
    by_rule = [row[1:] for row in firing]
    return _count_decisions([*by_rule, *lowered, *((NO_RULE, *row[1:]) for row in none)])


def count_lowering_reasons(scope: Scope) -> dict[tuple[str, str], int]:
    """How often a rule was set aside for a coded reason: (rule, reason) -> number."""
    return {(rule, reason): number for rule, reason, number in _count_set_aside(scope) if reason}


def _count_set_aside(scope: Scope) -> list[tuple[str, str | None, int]]:
    """(rule, coded reason, how often it was set aside for it); a lowering may set aside several."""
    make_list = func.json_array if scope.dialect_name == "sqlite" else func.json_build_array
    # Older entries name one rule alone.
    all_ = func.coalesce(ReviewEntry.rules_set_aside, make_list(ReviewEntry.rule))
    # Trap: PostgreSQL knows the table inside `each` only if it stands before it.
    of, each, reason = ReviewEntry.clinic_id, _json_elements(scope, all_), ReviewEntry.reason
    rows = _count_groups(scope, (of, each, reason), ReviewEntry.kind == LOWER)
    return [(rule or NO_RULE, why, number) for _, rule, why, number in rows]


class ClosingRequestCounts(NamedTuple):
    """How often a second person was asked to agree to a closing, and what they said."""

    times: int = 0
    agreed: int = 0
    refused: int = 0


def count_closing_requests(scope: Scope) -> dict[str, ClosingRequestCounts]:
    """Closings without the help that the level asks for, by how it was to end."""
    by, kinds = (ReviewEntry.outcome, ReviewEntry.kind), ("ask_close", "close_yes", "close_no")
    counted = _collect_counts(_count_groups(scope, by, ReviewEntry.kind.in_(kinds)), kinds)
    return {end: ClosingRequestCounts(*counts) for end, counts in sorted(counted.items())}


def measure_decision_times(scope: Scope) -> dict[Urgency, DecisionTimes]:
    """From arrival to the first decision, by the level that the rules gave at first."""
    first = _first_decisions_query(scope)
    level, number = AssessmentVersion.urgency, AssessmentVersion.number
    of_it = (first.c.submission_id == AssessmentVersion.submission_id, number == 1)
    waited = seconds_between(scope, first.c.at, AssessmentVersion.made_at)
    ordered = func.row_number().over(partition_by=level, order_by=waited).label("place")
    together = func.count().over(partition_by=level).label("together")
    ranked = scope.select_columns(level, waited.label("waited"), ordered, together).where(*of_it)
    ranked_rows = ranked.subquery()
    half, most = (_percentile_position(ranked_rows.c.together, share) for share in (50, 90))
    place = ranked_rows.c.place
    chosen = scope.select_columns(*ranked_rows.c).where(or_(place == half, place == most))
    rows: Any = scope.execute_read(chosen).all()
    timed = _count_in_time(scope, first)
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for urgency, seconds, place, all_ in rows:
        known = found[urgency]
        known["number"] = all_
        for name, share in (("median", 50), ("ninth_tenth", 90)):
            if place == _percentile_position(all_, share):
                known[name] = timedelta(seconds=round(float(seconds)))
    return {
        Urgency(level): DecisionTimes(**known, timed=timed[level][0], in_time=timed[level][1])
        for level, known in sorted(found.items(), reverse=True)
    }


def list_disagreements(
    scope: Scope, entry: str | None = None, limit: int = MOST_SHOWN
) -> list[Disagreement]:
    """Decisions against the rules, the newest first, with the answers; three queries."""
    only: dict[str, object] = {} if entry is None else {"id": entry}
    against = ReviewEntry.kind.in_((RAISE, LOWER))
    newest = [ReviewEntry.at.desc(), ReviewEntry.id]
    entries = scope.find_all(ReviewEntry, against, order_by=newest, limit=limit, **only)
    opened = record_keys.load_data_keys(scope, {row.submission_id for row in entries})
    wanted = AssessmentVersion.id.in_({row.version_id for row in entries})
    rows = {row.id: row for row in scope.find_all(AssessmentVersion, wanted)}
    return [
        _build_disagreement(row, open_version(opened[row.submission_id], rows[row.version_id]))
        for row in entries
        if row.submission_id in opened
    ]


def _build_disagreement(row: ReviewEntry, version: AnswersVersion) -> Disagreement:
    to = Urgency[str(row.outcome)] if row.kind == LOWER else Urgency(row.urgency)
    done = (row.id, row.submission_id, row.at, row.author_id, row.kind)
    return Disagreement(*done, version.urgency, to, row.reason, row.rule, version)


def _count_in_time(scope: Scope, first: Any) -> dict[int, tuple[int, int]]:
    """Level -> (how many whose level stayed, how many of them decided by their target time)."""
    level = AssessmentVersion.urgency
    by_then = func.count().filter(first.c.at <= WorklistRow.due_at)
    same = (
        first.c.submission_id == AssessmentVersion.submission_id,
        first.c.submission_id == WorklistRow.submission_id,
        WorklistRow.last_version == 1,
        WorklistRow.rank == level_to_rank(Urgency.self_care) - level,
    )
    found = scope.select_columns(level, func.count(), by_then).where(*same).group_by(level)
    rows: Any = scope.execute_read(found).all()
    return defaultdict(lambda: (0, 0), {urgency: (all_, good) for urgency, all_, good in rows})


def _first_decisions_query(scope: Scope) -> Any:
    submission = ReviewEntry.submission_id
    earliest = scope.select_columns(submission, func.min(ReviewEntry.at).label("at"))
    return earliest.where(_IS_DECISION).group_by(submission).subquery()


def _count_groups(scope: Scope, by: Sequence[Any], *where: Any) -> list[Any]:
    """Rows of these columns, each with how many rows of the table have them."""
    counted = scope.select_columns(*by, func.count()).where(*where)
    return list(scope.execute_read(counted.group_by(*by)))


def _count_decisions(rows: Iterable[Any]) -> dict[str, DecisionCounts]:
    return {name: DecisionCounts(*counts) for name, counts in _collect_counts(rows, KINDS).items()}


def _collect_counts(rows: Iterable[Any], kinds: Sequence[str]) -> dict[str, list[int]]:
    """Name -> how often each of these kinds was counted for it."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, kind, number in rows:
        found[name][kind] += number
    return {name: [counter[kind] for kind in kinds] for name, counter in found.items()}


def _json_elements(scope: Scope, column: Any) -> Any:
    """Every text of a JSON list, as a column."""
    if scope.dialect_name == "sqlite":
        return func.json_each(column).table_valued("value", joins_implicitly=True).c.value
    texts = func.json_array_elements_text(column)
    return texts.table_valued("value", joins_implicitly=True).c.value


def seconds_between(scope: Scope, until: Any, since: Any) -> Any:
    """The seconds from one time to another, as a column."""
    if scope.dialect_name == "sqlite":
        return (func.julianday(until) - func.julianday(since)) * 86_400
    return func.date_part("epoch", until) - func.date_part("epoch", since)


def _percentile_position(number: Any, share: int) -> Any:
    """Which one in the order has so many hundredths at or below it."""
    return (number * share + 99) // 100


def add_tallies(scope: WritingScope, day: date, *subjects: str) -> None:
    """Count each of these once more, and as often as it is named."""
    for subject, times in Counter(subjects).items():
        more = {"number": Tally.number + times}
        if scope.update_rows(Tally, day=day, subject=subject, to=more) == 0:
            scope.add_row(Tally, day=day, subject=subject, number=times)


def sum_tallies(scope: Scope, since: date) -> dict[str, int]:
    """How often each thing happened from this day on."""
    found = scope.select_columns(Tally.subject, func.sum(Tally.number))
    rows: Any = scope.execute_read(found.where(Tally.day >= since).group_by(Tally.subject))
    return {subject: int(number) for subject, number in rows}
