"""All that is kept of one submission, as its page needs it: read in four statements.

Its line and those of the same person, all versions of its answers, all that was done, and the
keys to them. It changes nothing and knows no words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.store import reviews, versions, worklist
from app.store.ground import keys
from app.store.ground.scope import Scope
from app.store.reviews import Entry
from app.store.submissions import NoSuchSubmission
from app.store.tables import AssessmentVersion, ReviewEntry, Submission, WorklistRow
from app.store.versions import Version
from app.store.worklist import Line

_MOST = 50  # lines of one person
_READ = ("id", "number", "kind", "author_id", "made_at", "rulebook_version", "rulebook_sha256")


@dataclass(frozen=True, slots=True)
class Record:
    """One submission. `others`: what else this person sent, the newest first."""

    row: WorklistRow
    line: Line
    sent_as: str
    source: str
    about: str
    region: str
    arrived_at: datetime
    versions: tuple[Version, ...]
    entries: tuple[Entry, ...]
    others: tuple[Line, ...]

    @property
    def newest(self) -> Version:
        """The answers that count now."""
        return self.versions[-1]

    @property
    def own(self) -> Version:
        """The newest answers that the person gave, without what a nurse found."""
        return next(v for v in reversed(self.versions) if v.kind != "nurse")

    def done(self, *kinds: str) -> Entry | None:
        """The last thing of these kinds that was done."""
        return next((entry for entry in reversed(self.entries) if entry.kind in kinds), None)


def read(scope: Scope, now: datetime, submission: str) -> Record:
    """The whole submission. Raises NoSuchSubmission, also when it is to be forgotten."""
    rows = _rows(scope, now, submission)
    opened = keys.several(scope, [row.submission_id for row in rows])
    lines = {line.submission: line for line in worklist.lines_of(rows, opened)}
    if submission not in lines:
        raise NoSuchSubmission
    answers = _answers(scope, submission)
    done = scope.all(ReviewEntry, submission_id=submission, order_by=[col(ReviewEntry.number)])
    line, key = lines.pop(submission), opened[submission]
    return Record(
        row=next(row for row in rows if row.submission_id == submission),
        line=line,
        sent_as=answers[0].sent_as,
        source=answers[0].source,
        about=answers[0].about,
        region=answers[0].region,
        arrived_at=line.arrived_at,
        versions=tuple(versions.readable(key, row) for row in answers),
        entries=tuple(reviews.readable(key, row) for row in done),
        others=tuple(lines.values()),
    )


def _rows(scope: Scope, now: datetime, submission: str) -> list[WorklistRow]:
    """Its own line, and those of the same person."""
    own = aliased(WorklistRow)
    person = scope.columns(col(own.person_id)).where(col(own.submission_id) == submission)
    fits = or_(col(WorklistRow.submission_id) == submission, col(WorklistRow.person_id).in_(person))
    newest = [col(WorklistRow.arrived).desc()]
    return scope.all(
        WorklistRow, fits, col(WorklistRow.forget_at) > now, order_by=newest, limit=_MOST
    )


def _answers(scope: Scope, submission: str) -> Sequence[Any]:
    """Every version as it is kept, each with how the submission came."""
    found = scope.columns(
        *(getattr(AssessmentVersion, name) for name in (*_READ, "urgency", "body_sealed")),
        col(Submission.reference).label("sent_as"),
        col(Submission.source),
        col(Submission.about),
        col(Submission.region),
    )
    joined = col(Submission.id) == col(AssessmentVersion.submission_id)
    of_it = (joined, col(Submission.id) == submission)
    return scope.run(found.where(*of_it).order_by(col(AssessmentVersion.number))).all()
