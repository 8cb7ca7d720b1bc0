"""Answers handed to a clinic, with what the rules made of them: added, never changed.

Each is kept together with its line on the worklist, its entry in the audit and the bell, in one
transaction, before the person is told that it arrived. Knows levels, but no rule and no words.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func
from sqlmodel import col

from app.store import people
from app.store.clinics import load_clinic as clinic_of_scope
from app.store.db import audit, change_notifications, record_keys
from app.store.db.scope import Scope, Store, WritingScope
from app.store.db.tables import AssessmentVersion, Invitation, Submission, WorklistRow
from app.store.db.tables.reviews import SECOND_PERSON_STATES
from app.store.invitations import CODE_LETTERS, GRACE_PERIOD, InvitationGone, is_invitation_open
from app.store.response_targets import Targets
from app.store.submission_versions import (
    SubmittedAnswers,
    add_version,
    list_versions,
)
from app.store.worklist_rows import (
    NoSuchSubmission,
    find_row,
    rank_and_due,
    rank_to_level,
    require_row,
    reset_for_new_answers,
    row_payload,
    seal_payload,
    summarize_answers,
)
from app.triage.terms import Urgency


@dataclass(frozen=True, slots=True)
class Delivery:
    """How answers came, and what the clinic calls the one whom they are about.

    `person` is None until someone has made sure who it is. `key` keeps what is sent twice once.
    """

    source: str
    key: str
    reference: str
    name: str
    appointment_on: date | None = None
    invitation: str | None = None
    person: str | None = None
    taken_by: str | None = None


@dataclass(frozen=True, slots=True)
class SubmissionReceipt:
    """What the person is told: a reference to name, and by when a nurse looks."""

    submission: str
    reference: str
    at: datetime
    due_at: datetime
    seen_at: datetime | None
    closed_at: datetime | None
    urgency: Urgency  # the level that counts now
    result: Urgency  # what the rules made of the newest answers that the person gave


def accept_answers(
    store: Store,
    clinic: str,
    invitation: str,
    submitted: SubmittedAnswers,
    targets: Targets,
    now: datetime,
) -> SubmissionReceipt:
    """Keep what an invited person sends; sent again unchanged, it is still kept once.

    Other answers are kept beside the first ones, and are to be seen again. A worse level moves the
    submission up the list, no level moves it down. Raises InvitationGone.
    """
    with store.writing_scope(clinic) as scope:
        return _build_receipt(scope, finish_invitation(scope, now, invitation, submitted, targets))


def finish_invitation(
    scope: WritingScope,
    now: datetime,
    invitation: str,
    submitted: SubmittedAnswers,
    targets: Targets,
    taken_by: str | None = None,
) -> Submission:
    """Finish an invitation, once, by its person or by who of the staff asked them.

    Raises InvitationGone.
    """
    found = scope.find_one(Invitation, id=invitation)
    if found is None or not is_invitation_open(found, now, GRACE_PERIOD):
        raise InvitationGone
    before = scope.find_one(Submission, invitation_id=invitation)
    if before is not None:
        _add_changed_answers(scope, now, before, submitted, targets, taken_by)
        return before
    scope.update_rows(Invitation, id=invitation, to={"finished_at": now})
    person = people.find_people(scope, [found.person_id])[found.person_id]
    delivery = Delivery(
        source="assisted" if taken_by else "invitation",
        key=f"invitation:{invitation}",
        reference=person.reference,
        name=person.name,
        appointment_on=found.appointment_on,
        invitation=invitation,
        # Whoever has the link is its person; whoever stands at the desk is asked who they are.
        person=None if taken_by else person.id,
        taken_by=taken_by,
    )
    return add_submission(scope, now, submitted, delivery, targets)


def add_submission(
    scope: WritingScope,
    now: datetime,
    submitted: SubmittedAnswers,
    delivery: Delivery,
    targets: Targets,
) -> Submission:
    """Keep new answers with their line, their entry in the audit and the bell."""
    kept = scope.find_one(Submission, idempotency_key=delivery.key)
    if kept is not None:
        return kept
    submission = _insert_submission(scope, now, submitted, delivery)
    _add_worklist_row(scope, now, submission, submitted, delivery, targets)
    facts = {"level": submitted.assessment.urgency.name, "source": delivery.source}
    actor = delivery.taken_by or "patient"
    audit.record_event(
        scope, now, actor, "submission_arrived", ("submission", submission.id), **facts
    )
    change_notifications.notify_change(scope)
    return submission


def _add_changed_answers(
    scope: WritingScope,
    now: datetime,
    found: Submission,
    submitted: SubmittedAnswers,
    targets: Targets,
    taken_by: str | None = None,
) -> None:
    row = find_row(scope, found.id)
    if row is None:
        raise InvitationGone
    own = [version for version in list_versions(scope, found.id) if version.kind != "nurse"]
    if own[-1].answers == submitted.answers:
        return
    worse = _apply_version(
        scope, now, row, submitted, "changed", targets, taken_by, to=reset_for_new_answers(row)
    )
    subject, level = ("submission", found.id), submitted.assessment.urgency.name
    actor = taken_by or "patient"
    audit.record_event(scope, now, actor, "answers_changed", subject, level=level, worse=worse)
    change_notifications.notify_change(scope)


def add_corrections(
    scope: WritingScope,
    now: datetime,
    row: WorklistRow,
    submitted: SubmittedAnswers,
    targets: Targets,
    by: str,
    key: str,
) -> bool:
    """Keep what a nurse found beside the person's own answers; give whether it is worse.

    What a second person had not spoken to yet was about other answers: it ends here.
    """
    ends = {"state": "claimed", "waits_since": None} if row.state in SECOND_PERSON_STATES else {}
    worse = _apply_version(scope, now, row, submitted, "nurse", targets, by, to=ends, key=key)
    subject, level = ("submission", row.submission_id), submitted.assessment.urgency.name
    audit.record_event(scope, now, by, "findings_added", subject, level=level, worse=worse)
    change_notifications.notify_change(scope)
    return worse


def _apply_version(
    scope: WritingScope,
    now: datetime,
    row: WorklistRow,
    submitted: SubmittedAnswers,
    kind: str,
    targets: Targets,
    by: str | None,
    to: Mapping[str, object],
    key: str = "",
) -> bool:
    """Add a version and what it changes on the line: a worse level counts, a lower one does not."""
    number, level = row.last_version + 1, submitted.assessment.urgency
    add_version(scope, now, row.submission_id, submitted, number, kind, by, key)
    counts = rank_to_level(row.rank)
    worse = level > counts
    payload = row_payload(scope, row)
    if kind == "nurse":
        # The line goes on to say why it stands where it stands.
        payload |= {
            **(summarize_answers(submitted) if level >= counts else {}),
            "found": payload.get("found", 0) + 1,
        }
    else:
        payload |= {**summarize_answers(submitted), "worse": worse}
    changed = {
        **to,
        **(rank_and_due(clinic_of_scope(scope), now, level, targets) if worse else {}),
        "last_version": number,
        "rulebook_sha256": submitted.rulebook_sha256,
        "line_sealed": seal_payload(scope, row.submission_id, payload),
    }
    scope.update_rows(WorklistRow, submission_id=row.submission_id, to=changed)
    return worse


def find_invitation_receipt(scope: Scope, invitation: str, now: datetime) -> SubmissionReceipt:
    """What became of what an invited person sent. Raises NoSuchSubmission."""
    found = scope.find_one(Submission, invitation_id=invitation)
    if found is None:
        raise NoSuchSubmission
    return find_receipt(scope, found.id, now)


def find_receipt(scope: Scope, submission: str, now: datetime) -> SubmissionReceipt:
    """What became of a submission, for its person. Raises NoSuchSubmission."""
    require_row(scope, submission, now)
    return _build_receipt(scope, find_submission(scope, submission))


def find_submission(scope: Scope, submission: str) -> Submission:
    """The submission of this id. Raises NoSuchSubmission."""
    found = scope.find_one(Submission, id=submission)
    if found is None:
        raise NoSuchSubmission
    return found


def _insert_submission(
    scope: WritingScope, now: datetime, submitted: SubmittedAnswers, delivery: Delivery
) -> Submission:
    submission = secrets.token_urlsafe(12)
    record_keys.create_data_key(scope, submission)
    newest = scope.execute_read(scope.select_columns(func.max(col(Submission.arrived)))).scalar()
    scope.add_row(
        Submission,
        id=submission,
        arrived=(newest or 0) + 1,
        arrived_at=now,
        reference=_make_reference(scope),
        source=delivery.source,
        invitation_id=delivery.invitation,
        taken_by=delivery.taken_by,
        about=submitted.about,
        region=submitted.region,
        idempotency_key=delivery.key,
    )
    author = delivery.taken_by if delivery.source == "assisted" else None
    add_version(scope, now, submission, submitted, 1, "first", author)
    return find_submission(scope, submission)


def _add_worklist_row(
    scope: WritingScope,
    now: datetime,
    submission: Submission,
    submitted: SubmittedAnswers,
    delivery: Delivery,
    targets: Targets,
) -> None:
    """Put it on the worklist."""
    day, clinic = delivery.appointment_on, clinic_of_scope(scope)
    payload = {
        **summarize_answers(submitted),
        "reference": delivery.reference,
        "name": delivery.name,
        "appointment_on": day.isoformat() if day else None,
        "source": delivery.source,
        "markers": people.load_person_flags(scope, delivery.person) if delivery.person else [],
    }
    print_ = people.hash_reference(scope, delivery.reference) if delivery.reference else None
    scope.add_row(
        WorklistRow,
        submission_id=submission.id,
        **rank_and_due(clinic, now, submitted.assessment.urgency, targets),
        arrived=submission.arrived,
        arrived_at=now,
        person_id=delivery.person,
        reference_print=print_,
        rulebook_sha256=submitted.rulebook_sha256,
        line_sealed=seal_payload(scope, submission.id, payload),
        forget_at=now + timedelta(days=clinic.unreviewed_days),
    )


def _make_reference(scope: Scope) -> str:
    """Six letters to name it by; none is given twice at a clinic."""
    while True:
        letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(6))
        reference = f"{letters[:3]}-{letters[3:]}"
        if scope.find_one(Submission, reference=reference) is None:
            return reference


def _build_receipt(scope: Scope, submission: Submission) -> SubmissionReceipt:
    row = find_row(scope, submission.id)
    if row is None:
        raise InvitationGone
    # What a nurse found must not take back what the person was told by their own answers.
    own = col(AssessmentVersion.kind) != "nurse"
    newest_first = [col(AssessmentVersion.number).desc()]
    of_it = {"submission_id": submission.id}
    found = scope.find_all(AssessmentVersion, own, **of_it, order_by=newest_first, limit=1)
    return SubmissionReceipt(
        submission.id,
        submission.reference,
        submission.arrived_at,
        row.due_at,
        row.first_seen_at,
        row.closed_at,
        rank_to_level(row.rank),
        Urgency(found[0].urgency) if found else rank_to_level(row.rank),
    )
