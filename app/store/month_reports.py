"""What a clinic did in a month, in numbers: how many came, how soon, how it ended, what changed.

A count is of submissions, or of invitations, never of a person by name. What retention erases is
added to a tally of its month first, so counts stay whole; times are of what is still kept. Knows
levels and codes, and no words for people.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import case, func

from app.store import agreement
from app.store.clinics import load_clinic
from app.store.db.patient_tables import (
    AssessmentVersion,
    Invitation,
    ReviewEntry,
    Submission,
    Tally,
    WorklistRow,
)
from app.store.db.scope import Scope, WritingScope
from app.store.review_rules import CLOSING_KINDS, DECISION_KINDS
from app.store.review_steps import BROUGHT_FORWARD
from app.store.worklist_rows import level_to_rank
from app.triage.terms import Urgency

TALLIED = "month:"
"""What the subject of a tally begins with that belongs to a report."""
STOPPED = "stopped"
ACTS = ("take_over", "lapse", "second_no", "reopen")
"""What is counted besides ends and changed levels, by the kind of its entry."""
_COUNTED_KINDS = (*CLOSING_KINDS, "raise", "lower", *ACTS)
_BY_REASON = ("raise", "lower")
_SAME_MOMENT = 0.01  # seconds, since SQLite tells times as fractions of days
_ASSISTED = "assisted:%"
"""Staff who ask the questions themselves invite nobody: such a key is none of an invitation."""


class Month(NamedTuple):
    """One month of a clinic: its first day, and when it begins and ends on the clinic's clock."""

    first: date
    begins: datetime
    ends: datetime


class ArrivalTimes(NamedTuple):
    """Of what came in at one level: seconds until someone looked and decided, and how many late.

    `timed` were decided at the level and on the answers that they came with; `late` of them after
    their target time.
    """

    looks: list[int]
    decisions: list[int]
    timed: int
    late: int


class MonthFigures(NamedTuple):
    """All of a month. `counts`: subject -> number, such as "level:soon" or "end:advice_given".

    `kept`: how many of those who came can still be timed. `not_booked`: visits that are to move and
    have no day, now.
    """

    counts: Mapping[str, int]
    times: Mapping[Urgency, ArrivalTimes]
    kept: int
    has_tallies: bool
    not_booked: int


def find_month(first: date, time_zone: str) -> Month:
    """The month of this day at a clinic."""
    begin = first.replace(day=1)
    end = (begin + timedelta(days=31)).replace(day=1)
    zone = ZoneInfo(time_zone)
    begins, ends = (datetime(day.year, day.month, 1, tzinfo=zone) for day in (begin, end))
    return Month(begin, begins, ends)


def count_month(scope: Scope, month: Month, now: datetime) -> MonthFigures:
    """All numbers of a month, in seven queries."""
    counts, times, kept = _count_arrivals(scope, month)
    counts.update(_count_entries(scope, month))
    counts.update(_count_invitations(scope, month))
    found = scope.select_columns(Tally.subject, func.sum(Tally.number)).group_by(Tally.subject)
    of_month = (Tally.day == month.first, Tally.subject.startswith(TALLIED))
    tallies: Any = scope.execute_read(found.where(*of_month)).all()
    for subject, number in tallies:
        counts[subject.removeprefix(TALLIED)] += int(number)
    waits = (WorklistRow.move_due_at.is_not(None), WorklistRow.forget_at > now)
    return MonthFigures(counts, times, kept, bool(tallies), scope.count_rows(WorklistRow, *waits))


def find_percentile(seconds: Sequence[int], share: int) -> timedelta:
    """The wait that so many hundredths of them did not go beyond. Raises IndexError for none."""
    return timedelta(seconds=sorted(seconds)[(len(seconds) * share + 99) // 100 - 1])


def tally_stop(scope: WritingScope) -> None:
    """Count one more whom an emergency stopped and who told the clinic."""
    _add_to_months(scope, [(scope.now, STOPPED)])


def tally_submissions(scope: WritingScope, ids: Collection[str]) -> None:
    """Add to the tallies of their months what is about to be erased."""
    of_them = AssessmentVersion.submission_id.in_(list(ids))
    arrived = scope.select_columns(
        AssessmentVersion.urgency, Submission.source, Submission.arrived_at
    )
    same = (AssessmentVersion.submission_id == Submission.id, AssessmentVersion.number == 1)
    rows: Any = scope.execute_read(arrived.where(of_them, *same)).all()
    facts = [
        (at, subject)
        for level, source, at in rows
        for subject in (f"level:{Urgency(level).name}", f"source:{source}")
    ]
    columns = (ReviewEntry.submission_id, ReviewEntry.kind, _word_of_entry(), ReviewEntry.at)
    done = scope.select_columns(*columns).where(
        ReviewEntry.submission_id.in_(list(ids)), _is_counted()
    )
    zone, seen = ZoneInfo(load_clinic(scope).time_zone), set()
    entries: Any = scope.execute_read(done).all()
    for submission, kind, word, at in entries:
        local = at.astimezone(zone)
        for subject in _name_subjects(kind, word):
            once = (submission, kind, subject, local.year, local.month)
            if once not in seen:
                facts.append((at, subject))
            seen.add(once)
    _add_to_months(scope, facts)


def tally_invitations(scope: WritingScope, ids: Collection[str]) -> None:
    """Add to the tallies of their months the invitations that are about to be erased."""
    by_patients = Invitation.idempotency_key.not_like(_ASSISTED)
    rows = scope.find_all(Invitation, Invitation.id.in_(list(ids)), by_patients)
    _add_to_months(scope, [(row.made_at, f"invited:{_state_of(row)}") for row in rows])


def _state_of(row: Invitation) -> str:
    if row.finished_at is not None:
        return "sent"
    if row.revoked_at is not None:
        return "revoked"
    if row.stopped_at is not None:
        return "stopped"
    return "began" if row.begun_at is not None else "unopened"


def _add_to_months(scope: WritingScope, facts: Sequence[tuple[datetime, str]]) -> None:
    if not facts:
        return
    zone = ZoneInfo(load_clinic(scope).time_zone)
    by_month: dict[date, list[str]] = defaultdict(list)
    for at, subject in facts:
        by_month[at.astimezone(zone).date().replace(day=1)].append(f"{TALLIED}{subject}")
    for first, subjects in sorted(by_month.items()):
        agreement.add_tallies(scope, first, *subjects)


def _count_arrivals(
    scope: Scope, month: Month
) -> tuple[Counter[str], dict[Urgency, ArrivalTimes], int]:
    again, decided = _list_answered_again(scope, month), _measure_decisions(scope, month)
    counts: Counter[str] = Counter()
    times: dict[Urgency, ArrivalTimes] = {}
    rows: Any = scope.execute_read(_arrivals_query(scope, month)).all()
    for id_, source, level, look, due, rank, versions in rows:
        urgency, decision = Urgency(level), decided.get(id_)
        counts[f"level:{urgency.name}"] += 1
        counts[f"source:{source}"] += 1
        if source == "assisted" or id_ in again:
            continue  # nobody waited for a look, or it is the second answers that were looked at
        known = times.get(urgency) or ArrivalTimes([], [], 0, 0)
        if look is not None:
            known.looks.append(round(look))
        if decision is not None:
            known.decisions.append(round(decision))
            if versions == 1 and rank == level_to_rank(urgency):
                late = known.late + (decision - float(due) > _SAME_MOMENT)
                known = known._replace(timed=known.timed + 1, late=late)
        times[urgency] = known
    return counts, dict(sorted(times.items(), reverse=True)), len(rows)


def _arrivals_query(scope: Scope, month: Month) -> Any:
    """Of each that came: waits in seconds, since ten thousand times cost more to read."""
    waits = (
        agreement.seconds_between(scope, at, Submission.arrived_at)
        for at in (WorklistRow.first_seen_at, WorklistRow.due_at)
    )
    first = (Submission.id, Submission.source, AssessmentVersion.urgency)
    columns = (*first, *waits, WorklistRow.rank, WorklistRow.last_version)
    return scope.select_columns(*columns).where(
        AssessmentVersion.submission_id == Submission.id,
        AssessmentVersion.number == 1,
        WorklistRow.submission_id == Submission.id,
        Submission.arrived_at >= month.begins,
        Submission.arrived_at < month.ends,
    )


def _measure_decisions(scope: Scope, month: Month) -> dict[str, float]:
    """Submission -> seconds from its arrival to its first decision."""
    first, arrived = func.min(ReviewEntry.at), func.min(Submission.arrived_at)
    waited = agreement.seconds_between(scope, first, arrived)
    found = scope.select_columns(ReviewEntry.submission_id, waited).where(
        ReviewEntry.submission_id == Submission.id,
        ReviewEntry.kind.in_(DECISION_KINDS),
        Submission.arrived_at >= month.begins,
        Submission.arrived_at < month.ends,
    )
    rows: Any = scope.execute_read(found.group_by(ReviewEntry.submission_id)).all()
    return {submission: float(seconds) for submission, seconds in rows}


def _list_answered_again(scope: Scope, month: Month) -> set[str]:
    changed = scope.select_columns(AssessmentVersion.submission_id).where(
        AssessmentVersion.kind == "changed", AssessmentVersion.made_at >= month.begins
    )
    return set(scope.execute_read(changed).scalars())


def _count_entries(scope: Scope, month: Month) -> Counter[str]:
    within = (ReviewEntry.at >= month.begins, ReviewEntry.at < month.ends)
    number, word = func.count(ReviewEntry.submission_id.distinct()), _word_of_entry().label("word")
    counted = scope.select_columns(ReviewEntry.kind, word, number).where(*within, _is_counted())
    rows: Any = scope.execute_read(counted.group_by(ReviewEntry.kind, word)).all()
    counts: Counter[str] = Counter()
    for kind, said, times in rows:
        for subject in _name_subjects(kind, said):
            counts[subject] += times
    return counts


def _word_of_entry() -> Any:
    """How it ended, why the level changed, or nothing."""
    return case(
        (ReviewEntry.kind.in_(CLOSING_KINDS), ReviewEntry.outcome),
        (ReviewEntry.kind.in_(_BY_REASON), ReviewEntry.reason),
        else_=None,
    )


def _is_counted() -> Any:
    return ReviewEntry.kind.in_((*_COUNTED_KINDS, "visit"))


def _name_subjects(kind: str, word: str | None) -> Iterator[str]:
    """Under what an entry of this kind counts."""
    if kind in CLOSING_KINDS:
        yield f"end:{word}"
    elif kind in _BY_REASON:
        yield f"{kind}:{word or 'other'}"
    elif kind in ACTS:
        yield f"act:{kind}"
    if kind == "visit" or (kind in CLOSING_KINDS and word == BROUGHT_FORWARD):
        yield "act:moved"


def _count_invitations(scope: Scope, month: Month) -> dict[str, int]:
    state = case(
        (Invitation.finished_at.is_not(None), "sent"),
        (Invitation.revoked_at.is_not(None), "revoked"),
        (Invitation.stopped_at.is_not(None), "stopped"),
        (Invitation.begun_at.is_not(None), "began"),
        else_="unopened",
    ).label("state")
    counted = scope.select_columns(state, func.count()).where(
        Invitation.made_at >= month.begins,
        Invitation.made_at < month.ends,
        Invitation.idempotency_key.not_like(_ASSISTED),
    )
    rows: Any = scope.execute_read(counted.group_by(state)).all()
    return {f"invited:{word}": number for word, number in rows}
