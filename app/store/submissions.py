"""Answers handed to a clinic, with what the rules made of them: added, never changed.

Each is kept together with its line on the worklist, its entry in the audit and the bell, in one
transaction, before the person is told that it arrived. Knows levels, but no rule and no words.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func

from app.store import month_reports, people, reviews
from app.store.clinics import Targets, load_clinic
from app.store.db import audit, change_notifications, record_keys
from app.store.db.patient_tables import (
    SECOND_PERSON_STATES,
    AssessmentVersion,
    Invitation,
    Submission,
    WorklistRow,
)
from app.store.db.scope import PATIENT, Scope, WritingScope
from app.store.invitations import CODE_LETTERS, GRACE_PERIOD, InvitationGone, is_invitation_open
from app.store.review_steps import ReviewStep
from app.store.submission_reads import (
    MOST_SENT,
    SubmissionReceipt,
    build_receipt,
    find_browser_row,
    find_submission,
    list_sent_rows,
    name_sending,
)
from app.store.submission_versions import SubmittedAnswers, add_version, list_versions
from app.store.worklist_rows import (
    describe_flags,
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
    `beside`: it stands beside what another browser sent by the same link; `worse`: above it.
    """

    source: str
    key: str
    reference: str
    name: str
    appointment_on: date | None = None
    invitation: str | None = None
    person: str | None = None
    beside: bool = False
    worse: bool = False


def accept_answers(
    scope: WritingScope, invitation: str, submitted: SubmittedAnswers, targets: Targets
) -> SubmissionReceipt:
    """Keep what an invited person sends; sent again unchanged, it is still kept once.

    Other answers of the same browser are kept with the first ones, and are to be seen again. A
    worse level moves the submission up the list, no level moves it down. What another browser
    sends by the same link is a submission of its own: who sent it, nobody can tell, so it changes
    nothing of the first. Raises InvitationGone.
    """
    return build_receipt(scope, _finish_invitation(scope, invitation, submitted, targets))


def accept_assisted_answers(
    scope: WritingScope, invitation: str, submitted: SubmittedAnswers, targets: Targets
) -> str:
    """Keep the answers and give them to who asked, once; give the id of the submission.

    Raises InvitationGone.
    """
    added = _finish_invitation(scope, invitation, submitted, targets)
    step = ReviewStep("claim", 0, f"assisted:{invitation}")
    reviews.perform_step(scope, added.id, step, targets)
    return added.id


def _finish_invitation(
    scope: WritingScope, invitation: str, submitted: SubmittedAnswers, targets: Targets
) -> Submission:
    """Finish an invitation, once, by its person or by who of the staff asked them."""
    found = scope.require_one(Invitation, InvitationGone, id=invitation)
    if not is_invitation_open(found, scope.now, GRACE_PERIOD):
        raise InvitationGone
    sent = list_sent_rows(scope, invitation)
    own = sent[0] if sent and scope.staff else find_browser_row(scope, sent, submitted.begun)
    if own is None and len(sent) == MOST_SENT:
        own = sent[-1]  # so that a link in the wrong hands cannot fill a worklist
    if own is not None:
        before = find_submission(scope, own.submission_id)
        _add_changed_answers(scope, before, submitted, targets)
        return before
    if not sent:
        scope.update_rows(Invitation, id=invitation, to={"finished_at": scope.now})
    person = people.find_people(scope, [found.person_id])[found.person_id]
    level = submitted.assessment.urgency
    delivery = Delivery(
        source="assisted" if scope.staff else "invitation",
        key=name_sending(invitation, len(sent) + 1),
        reference=person.reference,
        name=person.name,
        appointment_on=sent[0].visit_on if sent else found.appointment_on,
        invitation=None if sent else invitation,
        # Whoever has the link is its person; whoever stands at the desk is asked who they are.
        person=None if scope.staff else person.id,
        beside=bool(sent),
        worse=bool(sent) and all(level > rank_to_level(row.rank) for row in sent),
    )
    return add_submission(scope, submitted, delivery, targets)


def add_submission(
    scope: WritingScope, submitted: SubmittedAnswers, delivery: Delivery, targets: Targets
) -> Submission:
    """Keep new answers with their line, their entry in the audit and the bell."""
    kept = scope.find_one(Submission, idempotency_key=delivery.key)
    if kept is not None:
        return kept
    submission = _insert_submission(scope, submitted, delivery)
    _add_worklist_row(scope, submission, submitted, delivery, targets)
    facts = {"level": submitted.assessment.urgency.name, "source": delivery.source}
    audit.record_event(scope, "submission_arrived", ("submission", submission.id), **facts)
    if submitted.stopped:
        month_reports.tally_stop(scope)
    change_notifications.notify_change(scope)
    return submission


def save_corrections(
    scope: WritingScope,
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
    row = reviews.claim_if_unowned(scope, submission, key, targets)
    if row.last_version != seen:
        raise AnswersChanged
    return add_corrections(scope, row, submitted, targets, key)


def add_corrections(
    scope: WritingScope, row: WorklistRow, submitted: SubmittedAnswers, targets: Targets, key: str
) -> bool:
    """Keep what a nurse found beside the person's own answers; give whether it is worse.

    What a second person had not spoken to yet was about other answers: it ends here.
    """
    state = "claimed" if row.state in SECOND_PERSON_STATES else row.state
    ends = {"state": state, "waits_since": None, "acted_at": scope.now}
    payload = row_payload(scope, row)
    if submitted.assessment.urgency >= rank_to_level(row.rank):
        payload |= summarize_answers(submitted)  # else the line goes on to say why it stands there
    payload["found"] = payload.get("found", 0) + 1
    add_version(scope, row.submission_id, submitted, row.last_version + 1, "nurse", key)
    worse = _update_row(scope, row, submitted, targets, payload, ends)
    subject, level = ("submission", row.submission_id), submitted.assessment.urgency.name
    audit.record_event(scope, "findings_added", subject, level=level, worse=worse)
    change_notifications.notify_change(scope)
    return worse


def _add_changed_answers(
    scope: WritingScope, found: Submission, submitted: SubmittedAnswers, targets: Targets
) -> None:
    """Answers that are to be seen again, also where it was closed.

    Its owner keeps it, but not what came back worse: that is for whoever is there first.

    What a second person had not spoken to yet was about other answers: it ends here.
    """
    row = scope.require_one(WorklistRow, InvitationGone, submission_id=found.id)
    own = [version for version in list_versions(scope, found.id) if version.kind != "nurse"]
    if own[-1].answers == submitted.answers:
        return
    worse = submitted.assessment.urgency > rank_to_level(row.rank)
    owner = None if row.closed or worse else row.owner_id
    if worse and row.owner_id and not row.closed:
        reviews.end_claim(scope, row, "worse")
    anew = {
        "state": "claimed" if owner else "new",
        "owner_id": owner,
        "closed": False,
        **dict.fromkeys(("closed_at", "first_seen_at", "acted_at", "alarmed_at", "waits_since")),
    }
    payload = {**row_payload(scope, row), **summarize_answers(submitted), "worse": worse}
    add_version(scope, found.id, submitted, row.last_version + 1, "changed")
    _update_row(scope, row, submitted, targets, payload, anew)
    subject, level = ("submission", found.id), submitted.assessment.urgency.name
    audit.record_event(scope, "answers_changed", subject, level=level, worse=worse)
    change_notifications.notify_change(scope)


def _update_row(
    scope: WritingScope,
    row: WorklistRow,
    submitted: SubmittedAnswers,
    targets: Targets,
    payload: Mapping[str, object],
    changes: Mapping[str, object],
) -> bool:
    """What another version changes on the row; a worse level counts, a lower one does not."""
    level = submitted.assessment.urgency
    worse = level > rank_to_level(row.rank)
    risen = worse and row.lowered_from is not None and level >= row.lowered_from
    changed = {
        **changes,
        **(rank_and_due(load_clinic(scope), scope.now, level, targets) if worse else {}),
        **(dict.fromkeys(("lowered_from", "lowered_reason")) if risen else {}),
        "last_version": row.last_version + 1,
        "rulebook_sha256": submitted.rulebook_sha256,
        "line_sealed": seal_payload(scope, row.submission_id, payload),
    }
    scope.update_rows(WorklistRow, submission_id=row.submission_id, to=changed)
    return worse


def _insert_submission(
    scope: WritingScope, submitted: SubmittedAnswers, delivery: Delivery
) -> Submission:
    submission = secrets.token_urlsafe(12)
    record_keys.create_data_key(scope, submission)
    newest = scope.execute_read(scope.select_columns(func.max(Submission.arrived))).scalar()
    scope.add_row(
        Submission,
        id=submission,
        arrived=(newest or 0) + 1,
        arrived_at=scope.now,
        reference=_make_reference(scope),
        source=delivery.source,
        invitation_id=delivery.invitation,
        taken_by=scope.staff,
        about=submitted.about,
        region=submitted.region,
        idempotency_key=delivery.key,
    )
    # Who takes a share code did not give its answers.
    author = scope if delivery.source == "assisted" else scope.act_as(PATIENT)
    add_version(author, submission, submitted, 1, "first")
    return find_submission(scope, submission)


def _add_worklist_row(
    scope: WritingScope,
    submission: Submission,
    submitted: SubmittedAnswers,
    delivery: Delivery,
    targets: Targets,
) -> None:
    day, clinic = delivery.appointment_on, load_clinic(scope)
    known = people.load_person_flags(scope, delivery.person) if delivery.person else {}
    payload = {
        **summarize_answers(submitted),
        "reference": delivery.reference,
        "name": delivery.name,
        "appointment_on": day.isoformat() if day else None,
        "source": delivery.source,
        "begun": submitted.begun,
        "elsewhere": delivery.beside,
        "worse": delivery.worse,
        **describe_flags(known),
    }
    print_ = people.hash_reference(scope, delivery.reference) if delivery.reference else None
    scope.add_row(
        WorklistRow,
        submission_id=submission.id,
        **rank_and_due(clinic, scope.now, submitted.assessment.urgency, targets),
        arrived=submission.arrived,
        arrived_at=scope.now,
        person_id=delivery.person,
        reference_print=print_,
        visit_on=day,
        rulebook_sha256=submitted.rulebook_sha256,
        line_sealed=seal_payload(scope, submission.id, payload),
        forget_at=scope.now + timedelta(days=clinic.unreviewed_days),
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
        "stopped": submitted.stopped,
    }
