"""The end of a shift: all that someone has is handed over at once, and accepted at once.

Handing over only asks. Until a colleague accepts, each submission stays its owner's.
"""

from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement

from app.store import reviews, submission_reads, worklist
from app.store.clinics import Targets
from app.store.db import record_keys
from app.store.db.patient_tables import WorklistRow
from app.store.db.scope import Scope, WritingScope
from app.store.review_steps import ReviewStep
from app.store.worklist import ListedSubmission

_MOST_TAKEN = 20  # that are told of on one page


def list_own_submissions(scope: Scope, who: str) -> list[ListedSubmission]:
    """What this member of staff has and can hand over, the most urgent first."""
    return _list_open(scope, WorklistRow.owner_id == who, WorklistRow.state == "claimed")


def list_handed_submissions(scope: Scope, who: str) -> list[ListedSubmission]:
    """What this member of staff is asked to take, the most urgent first."""
    return _list_open(scope, WorklistRow.handed_to_id == who)


class TakenOver(NamedTuple):
    """What a colleague took over; `reference`: what its person was given."""

    submission: str
    reference: str
    by: str
    at: datetime
    words: str


def list_taken_over(scope: Scope, who: str, now: datetime) -> list[TakenOver]:
    """What was taken over from this member of staff since they last opened it, newest first."""
    found = []
    for row in scope.find_all(WorklistRow, taken_from_id=who, limit=_MOST_TAKEN):
        if row.forget_at <= now:
            continue
        with suppress(record_keys.KeyDestroyed):
            actions = submission_reads.list_actions(scope, row.submission_id)
            last = next(a for a in reversed(actions) if a.kind == "take_over")
            submission = submission_reads.find_submission(scope, row.submission_id)
            words = (submission.reference, last.by, last.at, last.words)
            found.append(TakenOver(row.submission_id, *words))
    return sorted(found, key=lambda one: one.at, reverse=True)


def hand_over_all(scope: WritingScope, to: str | None, words: str, key: str, of: Targets) -> int:
    """Ask a colleague to take all that one has; give how many there were.

    `words`: a note that each entry holds; `key`: of the form. Raises StepNotAllowed.
    """
    lines = list_own_submissions(scope, scope.who)
    for line in lines:
        step = ReviewStep("hand_over", 0, key, words=words, to_staff=to)
        _perform_step(scope, line, step, of)
    return len(lines)


def accept_all(scope: WritingScope, key: str, of: Targets) -> int:
    """Take all that one is asked to take; give how many there were. Raises StepNotAllowed."""
    lines = list_handed_submissions(scope, scope.who)
    for line in lines:
        _perform_step(scope, line, ReviewStep("hand_accept", 0, key), of)
    return len(lines)


def _perform_step(
    scope: WritingScope, line: ListedSubmission, step: ReviewStep, of: Targets
) -> None:
    """After all that was done by now: those who write for one clinic take turns."""
    submission = line.row.submission_id
    key = f"{scope.who}:{submission}:{step.key}"
    last = ReviewStep(step.kind, line.row.last_entry, key, step.words, to_staff=step.to_staff)
    reviews.perform_step(scope, submission, last, of)


def _list_open(scope: Scope, *where: ColumnElement[bool]) -> list[ListedSubmission]:
    order = [WorklistRow.rank, WorklistRow.due_at, WorklistRow.arrived]
    rows = scope.find_all(WorklistRow, *where, closed=False, order_by=order)
    return worklist.load_listed_submissions(scope, rows)
