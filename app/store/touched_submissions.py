"""What a rulebook judged that was found wrong: so that a clinic can call those people."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from app.store.db.patient_tables import AssessmentVersion, Submission, WorklistRow
from app.store.db.scope import Scope
from app.triage.terms import Urgency


class TouchedSubmission(NamedTuple):
    """What a withdrawn rulebook judged. `reference`: the one that its person was given."""

    submission: str
    reference: str
    made_at: datetime
    level: Urgency
    closed: bool


def list_touched(scope: Scope, version: str) -> Iterator[TouchedSubmission]:
    """What a clinic has of submissions whose newest answers this rulebook judged, newest first."""
    columns = (
        Submission.id,
        Submission.reference,
        AssessmentVersion.made_at,
        AssessmentVersion.urgency,
        WorklistRow.closed,
    )
    asked = scope.select_columns(*columns).where(
        AssessmentVersion.submission_id == Submission.id,
        WorklistRow.submission_id == Submission.id,
        AssessmentVersion.number == WorklistRow.last_version,
        AssessmentVersion.rulebook_version == version,
    )
    for row in scope.execute_read(asked.order_by(AssessmentVersion.made_at.desc())):
        yield TouchedSubmission(
            row.id, row.reference, row.made_at, Urgency(row.urgency), row.closed
        )
