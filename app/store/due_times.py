"""By when open submissions are due, after a clinic changed its hours, closed days or targets.

What a patient reads is taken from the row, so a promise that no longer holds is gone from their
page with the change. It goes by the moment from which the old time was counted. What is late stays
late and nothing becomes late by a setting: such a row keeps its time. Emergencies go by the clock.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from app.store.clinics import Targets, load_clinic
from app.store.db import audit
from app.store.db.patient_tables import AssessmentVersion, ReviewEntry, WorklistRow
from app.store.db.scope import WritingScope
from app.store.db.tables import Clinic
from app.store.worklist_rows import due_time, rank_to_level

_COUNTING = ("time_zone", "opening_hours", "closed_days", "targets")
"""What a time depends on, of all that a clinic chooses."""


@contextmanager
def follow_clinic_settings(scope: WritingScope, targets: Targets) -> Iterator[None]:
    """What is changed inside moves the times of open rows with it, in the same transaction."""
    before = _read_counting(scope)
    yield
    if _read_counting(scope) != before:
        moved = _move_due_times(scope, Clinic(**before), targets)
        if moved:
            subject = ("clinic", scope.clinic)
            audit.record_event(scope, "due_times_changed", subject, number=moved)


def _read_counting(scope: WritingScope) -> dict[str, Any]:
    clinic = load_clinic(scope)
    return {name: getattr(clinic, name) for name in _COUNTING}


def _move_due_times(scope: WritingScope, before: Clinic, targets: Targets) -> int:
    """Count the times anew that lie ahead; give how many rows got another one."""
    clinic, moved = load_clinic(scope), 0
    ahead = {
        "due_at": (WorklistRow.closed.is_(False), WorklistRow.rank > 0),
        "move_due_at": (WorklistRow.move_due_at.is_not(None),),
    }
    for column, where in ahead.items():
        coming = getattr(WorklistRow, column) > scope.now
        starts = _list_starts(scope, *where, coming)
        for row in scope.find_all(WorklistRow, *where, coming):
            level, old = rank_to_level(row.rank), getattr(row, column)
            start = next(
                (
                    at
                    for at in starts.get(row.submission_id, ())
                    if due_time(before, at, level, targets) == old
                ),
                row.arrived_at,
            )
            new = due_time(clinic, start, level, targets)
            if new != old and new > scope.now:
                scope.update_rows(WorklistRow, submission_id=row.submission_id, to={column: new})
                moved += 1
    return moved


def _list_starts(scope: WritingScope, *where: Any) -> Mapping[str, list[datetime]]:
    """Submission -> the moments from which its time can have been counted, the newest first."""
    ids = scope.select_columns(WorklistRow.submission_id).where(*where)
    starts: dict[str, list[datetime]] = {}
    for table, at in (
        (AssessmentVersion, AssessmentVersion.made_at),
        (ReviewEntry, ReviewEntry.at),
    ):
        asked = scope.select_columns(table.submission_id, at.label("at"))
        for row in scope.execute_read(asked.where(table.submission_id.in_(ids))):
            starts.setdefault(row.submission_id, []).append(row.at)
    return {submission: sorted(times, reverse=True) for submission, times in starts.items()}
