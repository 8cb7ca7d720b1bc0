"""What staff need to know of a person before they call: interpreter, access needs, safeguarding.

For staff alone: nothing that a patient sees reads it. It is the person's, where the clinic knows
whose the answers are, and else the line's; it stands on every line of theirs that is open.
"""

from collections.abc import Iterable
from datetime import datetime

from app.store import people
from app.store.db import audit, change_notifications
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import WorklistRow
from app.store.worklist_rows import require_row, row_payload, seal_payload

PATIENT_FLAGS = ("interpreter", "access", "safeguarding")


def list_patient_flags(scope: Scope, now: datetime, submission: str) -> list[str]:
    """The marks on a submission. Raises NoSuchSubmission or keys.Forgotten."""
    return list(row_payload(scope, require_row(scope, submission, now)).get("markers", []))


def save_patient_flags(
    scope: WritingScope, now: datetime, who: str, submission: str, chosen: Iterable[str]
) -> None:
    """Keep these marks and no others. Raises NoSuchSubmission or keys.Forgotten."""
    wanted = set(chosen)
    flags = [flag for flag in PATIENT_FLAGS if flag in wanted]
    row = require_row(scope, submission, now)
    rows = [row]
    if row.person_id is not None:
        people.save_person_flags(scope, row.person_id, flags)
        rows = scope.find_all(WorklistRow, person_id=row.person_id)
    for one in rows:
        _save_row_flags(scope, one, flags)
    # Which marks they are is as private as an answer, and no answer stands in the audit.
    audit.record_event(scope, now, who, "marks_changed", ("submission", submission))
    change_notifications.notify_change(scope)


def _save_row_flags(scope: WritingScope, row: WorklistRow, flags: list[str]) -> None:
    payload = {**row_payload(scope, row), "markers": flags}
    sealed = seal_payload(scope, row.submission_id, payload)
    scope.update_rows(WorklistRow, submission_id=row.submission_id, to={"line_sealed": sealed})
