"""Answers handed to a clinic, with what the rules made of them: added, never changed.

Each is kept together with its line on the worklist, its entry in the audit and the bell, in one
transaction, before the person is told that it arrived. Knows levels, but no rule and no words.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func

from app.store import people, reviews
from app.store.clinic_policy import Targets
from app.store.clinics import load_clinic
from app.store.db import audit, change_notifications, record_keys
from app.store.db.scope import Scope, Store, WritingScope
from app.store.db.tables import AssessmentVersion, Invitation, Submission, WorklistRow
from app.store.db.tables.reviews import SECOND_PERSON_STATES
from app.store.invitations import CODE_LETTERS, GRACE_PERIOD, InvitationGone, is_invitation_open
from app.store.review_steps import ReviewStep
from app.store.submission_reads import SubmissionReceipt, build_receipt, find_submission
from app.store.submission_versions import (
    SubmittedAnswers,
    add_version,
    list_versions,
)
from app.store.worklist_rows import (
    find_row,
    rank_and_due,
    rank_to_level,
    row_payload,
    seal_payload,
)
from app.triage.terms import Urgency


class AnswersChanged(Exception):
    """Other answers came in since the form was opened: it has to be looked at again."""


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
        return build_receipt(scope, finish_invitation(scope, now, invitation, submitted, targets))


def accept_assisted_answers(
    store: Store,
    clinic: str,
    now: datetime,
    who: str,
    invitation: str,
    submitted: SubmittedAnswers,
    targets: Targets,
) -> str:
    """Keep the answers and give them to who asked, once; give the id of the submission.

    Raises InvitationGone.
    """
    with store.writing_scope(clinic) as scope:
        added = finish_invitation(scope, now, invitation, submitted, targets, taken_by=who)
        step = ReviewStep("claim", 0, f"assisted:{invitation}")
        reviews.perform_step(scope, now, who, added.id, step, targets)
        return added.id


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


def save_corrections(
    scope: WritingScope,
    now: datetime,
    who: str,
    submission: str,
    submitted: SubmittedAnswers,
    targets: Targets,
    *,
    seen: int,
    key: str,
) -> bool:
    """Keep what was found; give whether the level rose. Sent again under one key, it is kept once.

    `seen`: the number of the version that the form began with. What is nobody's is taken first.
    Raises NoSuchSubmission, StepNotAllowed, AnswersChanged or KeyDestroyed.
    """
    if scope.find_one(AssessmentVersion, idempotency_key=key) is not None:
        return False
    review_state = reviews.claim_if_unowned(scope, now, who, submission, f"{key}:claim")
    if review_state.version.number != seen:
        raise AnswersChanged
    return add_corrections(scope, now, review_state.row, submitted, targets, who, key)


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
        **(rank_and_due(load_clinic(scope), now, level, targets) if worse else {}),
        "last_version": number,
        "rulebook_sha256": submitted.rulebook_sha256,
        "line_sealed": seal_payload(scope, row.submission_id, payload),
    }
    scope.update_rows(WorklistRow, submission_id=row.submission_id, to=changed)
    return worse


def _insert_submission(
    scope: WritingScope, now: datetime, submitted: SubmittedAnswers, delivery: Delivery
) -> Submission:
    submission = secrets.token_urlsafe(12)
    record_keys.create_data_key(scope, submission)
    newest = scope.execute_read(scope.select_columns(func.max(Submission.arrived))).scalar()
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
    day, clinic = delivery.appointment_on, load_clinic(scope)
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


def summarize_answers(submitted: SubmittedAnswers) -> dict[str, object]:
    """What the answers put on the line: ids, which a page turns into words."""
    assessment = submitted.assessment
    return {
        "rules": [f.rule for f in assessment.findings if f.urgency == assessment.urgency],
        "flags": sum(f.certain and f.urgency >= Urgency.same_day for f in assessment.findings),
        "unsure": submitted.unsure,
        "age": next(iter(sorted(submitted.answers.get("age", ()))), ""),
        "about": submitted.about,
    }


def reset_for_new_answers(row: WorklistRow) -> dict[str, object]:
    """New answers are to be seen again, also where it was closed; its owner keeps it.

    What a second person had not spoken to yet was about other answers: it ends here.
    """
    state = "claimed" if row.owner_id and not row.closed else "new"
    owner = row.owner_id if state == "claimed" else None
    seen = {"first_seen_at": None, "alarmed_at": None, "waits_since": None}
    return {"closed": False, "closed_at": None, "state": state, "owner_id": owner, **seen}
