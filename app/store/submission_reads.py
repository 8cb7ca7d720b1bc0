"""All that is kept of one submission: for its page, read in four statements, and for its person.

Its row and those of the same person, all versions of its answers, all that was done, and the
keys to them. It changes nothing and knows no words.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_
from sqlalchemy.orm import aliased

from app.store import worklist
from app.store.db import record_keys
from app.store.db.encryption import DataKey
from app.store.db.patient_tables import AssessmentVersion, ReviewEntry, Submission, WorklistRow
from app.store.db.scope import Scope, prepare_columns, prepare_rows, prepare_statement
from app.store.invitations import InvitationGone
from app.store.review_details import MovedVisit, open_details
from app.store.submission_versions import AnswersVersion, open_version
from app.store.worklist import ListedSubmission
from app.store.worklist_rows import NoSuchSubmission, open_payload, rank_to_level, require_row
from app.triage.terms import Urgency

MOST_SENT = 5
"""How many submissions come by one link, each from a browser of its own."""
_MAX_ROWS_PER_PERSON = 50  # lines of one person
_VERSION_COLUMNS = (
    *(AssessmentVersion.id, AssessmentVersion.number, AssessmentVersion.kind),
    *(AssessmentVersion.author_id, AssessmentVersion.made_at, AssessmentVersion.rulebook_version),
    *(AssessmentVersion.rulebook_sha256, AssessmentVersion.urgency, AssessmentVersion.body_sealed),
    *(Submission.reference.label("sent_as"), Submission.source),
    *(Submission.about, Submission.region, Submission.invitation_id),
)
_VERSIONS = prepare_statement(
    prepare_columns(*_VERSION_COLUMNS)
    .where(Submission.id == AssessmentVersion.submission_id, Submission.id == bindparam("of"))
    .order_by(AssessmentVersion.number)
)
_ACTIONS = prepare_statement(
    prepare_rows(ReviewEntry)
    .where(ReviewEntry.submission_id == bindparam("of"))
    .order_by(ReviewEntry.number)
)
_OWN_ROW: Any = aliased(WorklistRow)
_PERSON_ROWS = prepare_statement(
    prepare_rows(WorklistRow)
    .where(
        WorklistRow.forget_at > bindparam("now"),
        or_(
            WorklistRow.submission_id == bindparam("of"),
            WorklistRow.person_id.in_(
                prepare_columns(_OWN_ROW.person_id).where(_OWN_ROW.submission_id == bindparam("of"))
            ),
        ),
    )
    .order_by(WorklistRow.arrived.desc())
    .limit(_MAX_ROWS_PER_PERSON)
)
"""The line of a submission, and those of the same person."""


class ReviewAction(NamedTuple):
    """One thing that was done, readable; `patient_words` are for the person, `words` are not.

    `rules`: whose signs were set aside. `to_staff`: who is asked to take it, or had it before.
    """

    number: int
    kind: str
    by: str
    at: datetime
    version: str
    urgency: Urgency
    level_before: Urgency | None
    reason: str | None
    rules: tuple[str, ...]
    outcome: str | None
    to_staff: str | None
    answers_number: int | None
    words: str
    patient_words: str = ""
    visit: MovedVisit | None = None


class SubmissionRecord(NamedTuple):
    """One submission. `others`: what else this person sent, the newest first."""

    row: WorklistRow
    listed: ListedSubmission
    sent_as: str
    source: str
    invitation: str | None
    about: str
    region: str
    versions: tuple[AnswersVersion, ...]
    actions: tuple[ReviewAction, ...]
    others: tuple[ListedSubmission, ...]

    @property
    def newest_version(self) -> AnswersVersion:
        """The answers that count now."""
        return self.versions[-1]

    @property
    def newest_own_version(self) -> AnswersVersion:
        """The newest answers that the person gave, without what a nurse found."""
        return next(v for v in reversed(self.versions) if v.kind != "nurse")

    def last_action(self, *kinds: str) -> ReviewAction | None:
        """The last thing of these kinds that was done."""
        return next((entry for entry in reversed(self.actions) if entry.kind in kinds), None)


class SubmissionReceipt(NamedTuple):
    """What the person is told: a reference to name, and by when a nurse looks."""

    submission: str
    reference: str
    at: datetime
    due_at: datetime
    seen_at: datetime | None
    closed_at: datetime | None
    urgency: Urgency  # the level that counts now
    result: Urgency  # what the rules made of the newest answers that the person gave


def load_record(scope: Scope, now: datetime, submission: str) -> SubmissionRecord:
    """The whole submission. Raises NoSuchSubmission, also when it is to be forgotten."""
    rows: list[WorklistRow] = list(
        scope.execute_read(_PERSON_ROWS, of=submission, now=now).scalars()
    )
    opened = record_keys.load_data_keys(scope, [row.submission_id for row in rows])
    lines = {line.row.submission_id: line for line in worklist.open_rows(rows, opened)}
    if submission not in lines:
        raise NoSuchSubmission
    answers: list[Any] = list(scope.execute_read(_VERSIONS, of=submission))
    done: list[ReviewEntry] = list(scope.execute_read(_ACTIONS, of=submission).scalars())
    line, key = lines.pop(submission), opened[submission]
    return SubmissionRecord(
        row=line.row,
        listed=line,
        sent_as=answers[0].sent_as,
        source=answers[0].source,
        invitation=answers[0].invitation_id,
        about=answers[0].about,
        region=answers[0].region,
        versions=tuple(open_version(key, row) for row in answers),
        actions=tuple(open_action(key, row) for row in done),
        others=tuple(lines.values()),
    )


def list_actions(scope: Scope, submission: str) -> list[ReviewAction]:
    """All that was done, the first thing first. Raises KeyDestroyed."""
    key = record_keys.load_data_key(scope, submission)
    rows: list[ReviewEntry] = list(scope.execute_read(_ACTIONS, of=submission).scalars())
    return [open_action(key, row) for row in rows]


def open_action(key: DataKey, row: ReviewEntry) -> ReviewAction:
    """One thing that was done, opened."""
    place, sealed = ("review_entry", row.id, "words"), row.words_sealed
    done = (row.number, row.kind, row.author_id, row.at, row.version_id, Urgency(row.urgency))
    before = None if row.urgency_before is None else Urgency(row.urgency_before)
    rules = tuple(row.rules_set_aside or filter(None, [row.rule]))
    said = (before, row.reason, rules, row.outcome, row.to_staff_id, row.answers_number)
    words = key.open_field(*place, sealed) if sealed else ""
    return ReviewAction(*done, *said, words, *open_details(key, row))


def find_invitation_receipt(
    scope: Scope, invitation: str, now: datetime, begun: int = 0
) -> SubmissionReceipt:
    """What became of what came by a link: what this browser sent, else the worst of it.

    `begun`: when this browser's check began, in seconds since 1970; 0 where it has none. Raises
    NoSuchSubmission.
    """
    rows = [row for row in list_sent_rows(scope, invitation) if row.forget_at > now]
    if not rows:
        raise NoSuchSubmission
    own = find_browser_row(scope, rows, begun) if begun else None
    worst = min(rows, key=lambda row: (row.rank, row.closed))
    return find_receipt(scope, (own or worst).submission_id, now)


def list_sent_rows(scope: Scope, invitation: str) -> list[WorklistRow]:
    """The rows of all that came by this link, the first first."""
    keys = [name_sending(invitation, number) for number in range(1, MOST_SENT + 1)]
    sent = scope.select_columns(Submission.id).where(Submission.idempotency_key.in_(keys))
    by_arrival = [WorklistRow.arrived]
    return scope.find_all(WorklistRow, WorklistRow.submission_id.in_(sent), order_by=by_arrival)


def came_from_browser(scope: Scope, submission: str, begun: int) -> bool:
    """Whether the browser whose check began then sent it; an earlier edition cannot tell."""
    row = scope.require_one(WorklistRow, NoSuchSubmission, submission_id=submission)
    payload = open_payload(record_keys.load_data_key(scope, submission), row)
    return begun != 0 and payload.get("begun") == begun


def name_sending(invitation: str, number: int) -> str:
    """What tells the first, second and so on of one link apart."""
    return f"invitation:{invitation}" + (f":{number}" if number > 1 else "")


def find_browser_row(scope: Scope, rows: Sequence[WorklistRow], begun: int) -> WorklistRow | None:
    """The one of these that came from the browser whose check began then.

    An earlier edition did not keep it: such a row is taken for that of any browser.
    """
    keys = record_keys.load_data_keys(scope, [row.submission_id for row in rows])
    began = {
        row.submission_id: open_payload(keys[row.submission_id], row).get("begun", 0)
        for row in rows
        if row.submission_id in keys
    }
    return next((row for row in rows if began.get(row.submission_id) in (0, begun)), None)


def find_receipt(scope: Scope, submission: str, now: datetime) -> SubmissionReceipt:
    """What became of a submission, for its person. Raises NoSuchSubmission."""
    row = require_row(scope, submission, now)
    return build_receipt(scope, find_submission(scope, submission), row)


def build_receipt(
    scope: Scope, submission: Submission, row: WorklistRow | None = None
) -> SubmissionReceipt:
    """What the person of this submission is told; `row`: its own, where it was read already.

    Raises InvitationGone once it is forgotten.
    """
    row = row or scope.require_one(WorklistRow, InvitationGone, submission_id=submission.id)
    # What a nurse found must not take back what the person was told by their own answers.
    own = AssessmentVersion.kind != "nurse"
    newest = [AssessmentVersion.number.desc()]
    found = scope.find_first(AssessmentVersion, own, order_by=newest, submission_id=submission.id)
    level = rank_to_level(row.rank)
    result = Urgency(found.urgency) if found else level
    sent = (submission.id, submission.reference, submission.arrived_at)
    return SubmissionReceipt(*sent, row.due_at, row.first_seen_at, row.closed_at, level, result)


def find_submission(scope: Scope, submission: str) -> Submission:
    """The submission of this id. Raises NoSuchSubmission."""
    return scope.require_one(Submission, NoSuchSubmission, id=submission)
