"""What staff need to know of a person before they call: interpreter, access needs, safeguarding.

For staff alone: nothing that a patient sees reads it. It is the person's, where the clinic knows
whose the answers are, and else the line's; it stands on every line of theirs that is open.
"""

from collections.abc import Iterable
from datetime import datetime

from app.store import people
from app.store.ground import doorbell
from app.store.ground.scope import Scope, WritingScope
from app.store.keeping import audit
from app.store.submissions import line, sealed_line, told_of
from app.store.tables import WorklistRow

MARKS = ("interpreter", "access", "safeguarding")


def of(scope: Scope, now: datetime, submission: str) -> list[str]:
    """The marks on a submission. Raises NoSuchSubmission or keys.Forgotten."""
    return list(told_of(scope, line(scope, submission, now)).get("markers", []))


def put(
    scope: WritingScope, now: datetime, who: str, submission: str, chosen: Iterable[str]
) -> None:
    """Keep these marks and no others. Raises NoSuchSubmission or keys.Forgotten."""
    wanted = set(chosen)
    marks = [mark for mark in MARKS if mark in wanted]
    row = line(scope, submission, now)
    rows = [row]
    if row.person_id is not None:
        people.mark(scope, row.person_id, marks)
        rows = scope.all(WorklistRow, person_id=row.person_id)
    for one in rows:
        _show(scope, one, marks)
    # Which marks they are is as private as an answer, and no answer stands in the audit.
    audit.add(scope, now, who, "marks_changed", ("submission", submission))
    doorbell.ring(scope)


def _show(scope: WritingScope, row: WorklistRow, marks: list[str]) -> None:
    told = {**told_of(scope, row), "markers": marks}
    sealed = sealed_line(scope, row.submission_id, told)
    scope.change(WorklistRow, submission_id=row.submission_id, to={"line_sealed": sealed})
