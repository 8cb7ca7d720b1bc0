"""What an end of a submission needs, what it changes, and what is added to it afterwards.

A visit that moves changes the line of its submission; the old day stays on the entries and on the
invitation. Which steps there are stands in `review_rules`. It knows levels, but no rule.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from app.store import opening_hours, review_steps, worklist_rows
from app.store.clinics import load_clinic
from app.store.db import record_keys
from app.store.db.patient_tables import ReviewEntry
from app.store.db.scope import Scope
from app.store.review_details import MovedVisit, open_details
from app.store.review_steps import BROUGHT_FORWARD, SAME_PERSON, ReviewStep, StepAttempt

MAX_LETTERS, MAX_TOLD_LETTERS = 5000, 1000
"""How long words for colleagues may be, and words for the person."""
RowChanges = Mapping[str, Any]
"""Columns of the row with their new values."""


def find_newest_entry(scope: Scope, submission: str, **equals: object) -> ReviewEntry | None:
    """The last thing that was done with a submission, of those that fit."""
    newest = [ReviewEntry.number.desc()]
    return scope.find_first(ReviewEntry, order_by=newest, submission_id=submission, **equals)


def is_identified(scope: Scope, submission: str) -> bool:
    """Whether someone compared two identifiers last, and they fitted."""
    last = find_newest_entry(scope, submission, kind="identify")
    return last is not None and last.outcome == SAME_PERSON


def find_disposition_conflict(
    attempt: StepAttempt, outcome: str | None, *, said: bool, decision_kinds: Sequence[str]
) -> str:
    """What speaks against an end, whoever brings it about. `said`: words tell why."""
    if outcome not in review_steps.DISPOSITIONS:
        return "outcome"
    scope, submission = attempt.scope, attempt.row.submission_id
    decided = ReviewEntry.kind.in_(decision_kinds)
    of_it = {"submission_id": submission, "version_id": attempt.version.id}
    if not scope.count_rows(ReviewEntry, decided, **of_it):
        return "undecided"
    if outcome == "not_reached":
        return _find_reach_conflict(attempt, said=said)
    known = outcome in review_steps.UNIDENTIFIED_DISPOSITIONS or is_identified(scope, submission)
    return _find_visit_conflict(attempt, outcome) if known else "unidentified"


def _find_reach_conflict(attempt: StepAttempt, *, said: bool) -> str:
    """What speaks against saying that nobody was reached."""
    scope, submission = attempt.scope, attempt.row.submission_id
    calls = scope.find_all(ReviewEntry, submission_id=submission, kind="call")
    failed = review_steps.count_failed_calls((call.kind, call.outcome) for call in calls)
    if failed < review_steps.MIN_FAILED_CALLS and not said:
        return "tries"
    # Whom nobody reached told nobody two things in the very form that says so.
    compared = find_newest_entry(scope, submission, kind="identify", at=scope.now)
    if not 0 < failed == len(calls) or compared is None or compared.author_id != scope.who:
        return ""
    after = compared.number > max(call.number for call in calls)
    return "compared" if after and compared.outcome == SAME_PERSON else ""


def _find_visit_conflict(attempt: StepAttempt, outcome: str) -> str:
    """What speaks against what an end says of the visit."""
    booked = worklist_rows.row_payload(attempt.scope, attempt.row)["appointment_on"]
    if outcome == "appointment_kept" and not booked:
        return "no_visit"
    visit = find_meant_visit(attempt)
    if outcome != BROUGHT_FORWARD:
        return "" if visit is None else "visit_other"
    return find_day_conflict(attempt, visit)


def find_day_conflict(attempt: StepAttempt, visit: MovedVisit | None) -> str:
    """What speaks against a new day; "" where nothing does, or it is not booked yet."""
    if visit is None:
        return "visit"
    today = opening_hours.local_day(load_clinic(attempt.scope), attempt.scope.now)
    return "visit_past" if visit.day is not None and visit.day < today else ""


def find_meant_visit(attempt: StepAttempt) -> MovedVisit | None:
    """Where the visit is to move: as the step says, or as the closing says that it agrees to."""
    asked = attempt.asked["ask_close"]
    if attempt.step.kind != "close_yes" or asked is None:
        return attempt.step.visit
    key = record_keys.load_data_key(attempt.scope, attempt.row.submission_id)
    return open_details(key, asked).visit


def find_length_conflict(step: ReviewStep) -> str:
    """Which words of the step are too long to keep, in a word; "" where none are."""
    if len(step.patient_words) > MAX_TOLD_LETTERS:
        return "told_long"
    return "long" if len(step.words) > MAX_LETTERS else ""


def need_visit(attempt: StepAttempt) -> str:
    """What the step that moves a visit lacks."""
    return find_day_conflict(attempt, attempt.step.visit)


def need_traces(attempt: StepAttempt) -> str:
    """What the step lacks that says what else was tried."""
    named = (attempt.step.reason or "").split()
    return "" if named and set(named) <= set(review_steps.TRACES) else "traces"


def need_some_words(attempt: StepAttempt) -> str:
    """What words that are added afterwards lack: at least one of the two boxes."""
    return "" if attempt.step.words.strip() or attempt.step.patient_words.strip() else "addendum"


def need_why(attempt: StepAttempt) -> str:
    """What reopening lacks: why."""
    return "" if attempt.step.words.strip() else "reopen"


def move_meant_visit(attempt: StepAttempt) -> RowChanges:
    """What the step that moves a visit changes on the row."""
    visit = attempt.step.visit
    return move_visit(attempt, visit) if visit else {}


def close_row(attempt: StepAttempt) -> RowChanges:
    """What an end changes on the row: it leaves the list, and its visit moves if it is to."""
    scope = attempt.scope
    forget = scope.now + timedelta(days=load_clinic(scope).reviewed_days)
    done = {"closed": True, "closed_at": scope.now, "state": "closed"}
    done |= dict.fromkeys(("waits_since", "handed_to_id"))
    visit = find_meant_visit(attempt)
    moved = {"move_due_at": None} if visit is None else move_visit(attempt, visit)
    return {**done, "forget_at": forget, **moved}


def move_visit(attempt: StepAttempt, visit: MovedVisit) -> RowChanges:
    """What changes on the row for a visit that moves; without a day, by when one is to be told."""
    if visit.day is not None:
        sealed = worklist_rows.seal_moved_visit(attempt.scope, attempt.row, visit)
        booked = {"line_sealed": sealed, "visit_on": visit.day}
        return {"move_due_at": None, "move_alarmed_at": None, **booked}
    clinic, level = load_clinic(attempt.scope), attempt.current_level
    due = worklist_rows.due_time(clinic, attempt.scope.now, level, attempt.targets)
    return {"move_due_at": due, "move_alarmed_at": None}


def reopen_row(attempt: StepAttempt) -> RowChanges:
    """What changes on the row of what is looked at again: its level stays, and it is due anew."""
    scope, clinic = attempt.scope, load_clinic(attempt.scope)
    return {
        **worklist_rows.rank_and_due(clinic, scope.now, attempt.current_level, attempt.targets),
        **dict.fromkeys(("closed_at", "waits_since", "alarmed_at")),
        "closed": False,
        "state": "claimed",
        "owner_id": attempt.staff.id,
        "forget_at": scope.now + timedelta(days=clinic.reviewed_days),
    }
