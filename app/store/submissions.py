"""Answers handed to a clinic, with what the rules made of them: added, never changed.

Each is kept together with its line on the worklist, its entry in the audit and the bell, in one
transaction, before the person is told that it arrived. Knows levels, but no rule and no words.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import col

from app.store import audit, doorbell, keys, people
from app.store.clinics import known as clinic_of_scope
from app.store.hours import due
from app.store.invitations import CODE_LETTERS, GRACE, InvitationGone, is_open
from app.store.scope import Scope, Store, WritingScope
from app.store.sealing import RecordKey
from app.store.tables import AssessmentVersion, Clinic, Invitation, Submission, WorklistRow
from app.triage.targets import Targets
from app.triage.terms import Answers, Assessment, Urgency


class NoSuchSubmission(Exception):
    """The clinic has no submission of this id, or has forgotten it."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a person hands over: their answers and what the rules made of them."""

    answers: Answers
    about: str
    region: str
    assessment: Assessment
    unsure: int
    rulebook_version: str
    rulebook_sha256: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """What the person is told: a reference to name, and by when a nurse looks."""

    submission: str
    reference: str
    at: datetime
    due_at: datetime
    seen_at: datetime | None
    closed_at: datetime | None
    urgency: Urgency  # the level that counts now
    result: Urgency  # what the rules made of the newest answers


@dataclass(frozen=True, slots=True)
class Version:
    """One set of answers of a submission, readable."""

    id: str
    number: int
    kind: str
    author: str | None
    made_at: datetime
    rulebook_version: str
    rulebook_sha256: str
    urgency: Urgency
    answers: dict[str, frozenset[str]]
    body: dict[str, Any]


def send(
    store: Store, clinic: str, invitation: str, handed: Handed, targets: Targets, now: datetime
) -> Arrived:
    """Keep what an invited person sends; sent again unchanged, it is still kept once.

    Other answers are kept beside the first ones, and are to be seen again. A worse level moves the
    submission up the list, no level moves it down. Raises InvitationGone.
    """
    with store.writing(clinic) as scope:
        found = scope.one(Invitation, id=invitation)
        if found is None or not is_open(found, now, GRACE):
            raise InvitationGone
        before = scope.one(Submission, invitation_id=invitation)
        if before is not None:
            _change(scope, now, before, handed, targets)
            return _arrived(scope, before)
        scope.change(Invitation, id=invitation, to={"finished_at": now})
        submission = _add(scope, now, handed, found)
        _list(scope, now, submission, handed, found, targets)
        subject = ("submission", submission.id)
        level = handed.assessment.urgency.name
        audit.add(scope, now, "patient", "submission_arrived", subject, level=level)
        doorbell.ring(scope)
        return _arrived(scope, submission)


def _change(
    scope: WritingScope, now: datetime, found: Submission, handed: Handed, targets: Targets
) -> None:
    row = _row(scope, found.id)
    if row is None:
        raise InvitationGone
    if versions(scope, found.id)[-1].answers == handed.answers:
        return
    record, number, level = (
        keys.of(scope, found.id),
        row.last_version + 1,
        handed.assessment.urgency,
    )
    _add_version(scope, now, record, found.id, handed, number, "changed")
    worse = level > level_of(row.rank)
    told = {**_line_of(record, row), **_told(handed), "worse": worse}
    to = {
        **_anew(row),
        **(place(clinic_of_scope(scope), now, level, targets) if worse else {}),
        "last_version": number,
        "rulebook_sha256": handed.rulebook_sha256,
        "line_sealed": record.seal("worklist_row", found.id, "line", json.dumps(told)),
    }
    scope.change(WorklistRow, submission_id=found.id, to=to)
    subject = ("submission", found.id)
    audit.add(scope, now, "patient", "answers_changed", subject, level=level.name, worse=worse)
    doorbell.ring(scope)


def arrived(scope: Scope, invitation: str, now: datetime) -> Arrived:
    """What became of what an invited person sent. Raises NoSuchSubmission."""
    found = scope.one(Submission, invitation_id=invitation)
    if found is None:
        raise NoSuchSubmission
    line(scope, found.id, now)
    return _arrived(scope, found)


def known(scope: Scope, submission: str) -> Submission:
    """The submission of this id. Raises NoSuchSubmission."""
    found = scope.one(Submission, id=submission)
    if found is None:
        raise NoSuchSubmission
    return found


def versions(scope: Scope, submission: str) -> list[Version]:
    """All sets of answers, the first one first. Raises keys.Forgotten."""
    record = keys.of(scope, submission)
    rows = scope.all(
        AssessmentVersion, submission_id=submission, order_by=[col(AssessmentVersion.number)]
    )
    return [_version(record, row) for row in rows]


def line(scope: Scope, submission: str, now: datetime) -> WorklistRow:
    """Its line on the worklist. Raises NoSuchSubmission, also when it is to be forgotten."""
    row = _row(scope, submission)
    if row is None or row.forget_at <= now:
        raise NoSuchSubmission
    return row


def place(clinic: Clinic, now: datetime, level: Urgency, targets: Targets) -> dict[str, object]:
    """Where a level stands on the worklist, and by when it is due at this clinic."""
    minutes = int(clinic.targets.get(level.name, targets[level]))
    return {"rank": rank_of(level), "due_at": due(clinic, now, minutes)}


def level_of(rank: int) -> Urgency:
    """The level that a rank of the worklist stands for; rank 0 is an emergency."""
    return Urgency(Urgency.emergency - rank)


def rank_of(level: Urgency) -> int:
    """The rank of a level on the worklist."""
    return Urgency.emergency - level


def _add(scope: WritingScope, now: datetime, handed: Handed, invitation: Invitation) -> Submission:
    submission = secrets.token_urlsafe(12)
    record = keys.make(scope, submission)
    newest = scope.run(scope.columns(func.max(col(Submission.arrived)))).scalar()
    scope.add(
        Submission,
        id=submission,
        arrived=(newest or 0) + 1,
        arrived_at=now,
        reference=_new_reference(scope),
        source="invitation",
        invitation_id=invitation.id,
        about=handed.about,
        region=handed.region,
        idempotency_key=f"invitation:{invitation.id}",
    )
    _add_version(scope, now, record, submission, handed, 1, "first")
    return known(scope, submission)


def _add_version(
    scope: WritingScope,
    now: datetime,
    record: RecordKey,
    submission: str,
    handed: Handed,
    number: int,
    kind: str,
) -> None:
    version, told = secrets.token_urlsafe(12), handed.assessment
    body = {
        "answers": {question: sorted(chosen) for question, chosen in handed.answers.items()},
        "about": handed.about,
        "region": handed.region,
        "urgency": told.urgency.name,
        "within": told.within,
        "likely_type": told.likely_type,
        "findings": [[f.rule, f.urgency.name, f.certain] for f in told.findings],
    }
    scope.add(
        AssessmentVersion,
        id=version,
        submission_id=submission,
        number=number,
        kind=kind,
        made_at=now,
        rulebook_version=handed.rulebook_version,
        rulebook_sha256=handed.rulebook_sha256,
        urgency=int(told.urgency),
        rules=[f.rule for f in told.findings if f.urgency == told.urgency],
        body_sealed=record.seal("assessment_version", version, "body", json.dumps(body)),
        idempotency_key=f"{submission}:{number}",
    )


def _list(
    scope: WritingScope,
    now: datetime,
    submission: Submission,
    handed: Handed,
    invitation: Invitation,
    targets: Targets,
) -> None:
    """Put it on the worklist."""
    person = people.several(scope, [invitation.person_id])[invitation.person_id]
    day = invitation.appointment_on
    told = {
        **_told(handed),
        "reference": person.reference,
        "name": person.name,
        "appointment_on": day.isoformat() if day else None,
    }
    record = keys.of(scope, submission.id)
    scope.add(
        WorklistRow,
        submission_id=submission.id,
        **place(clinic_of_scope(scope), now, handed.assessment.urgency, targets),
        arrived=submission.arrived,
        arrived_at=now,
        person_id=invitation.person_id,
        reference_print=people.reference_print(scope, person.reference),
        rulebook_sha256=handed.rulebook_sha256,
        line_sealed=record.seal("worklist_row", submission.id, "line", json.dumps(told)),
        forget_at=now + timedelta(days=clinic_of_scope(scope).unreviewed_days),
    )


def _told(handed: Handed) -> dict[str, object]:
    """What the answers put on the line: ids, which a page turns into words."""
    told = handed.assessment
    return {
        "rules": [f.rule for f in told.findings if f.urgency == told.urgency],
        "flags": sum(f.certain and f.urgency >= Urgency.same_day for f in told.findings),
        "unsure": handed.unsure,
        "age": next(iter(sorted(handed.answers.get("age", ()))), ""),
        "about": handed.about,
    }


def _anew(row: WorklistRow) -> dict[str, object]:
    """New answers are to be seen again, also where it was closed; its owner keeps it.

    A lowering that a second person had not spoken to yet was of other answers: it ends here.
    """
    state = "claimed" if row.owner_id and not row.closed else "new"
    owner = row.owner_id if state == "claimed" else None
    seen = {"first_seen_at": None, "alarmed_at": None}
    return {"closed": False, "closed_at": None, "state": state, "owner_id": owner, **seen}


def _line_of(record: RecordKey, row: WorklistRow) -> dict[str, Any]:
    opened = record.open("worklist_row", row.submission_id, "line", row.line_sealed)
    line: dict[str, Any] = json.loads(opened)
    return line


def _new_reference(scope: Scope) -> str:
    """Six letters to name it by; none is given twice at a clinic."""
    while True:
        letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(6))
        reference = f"{letters[:3]}-{letters[3:]}"
        if scope.one(Submission, reference=reference) is None:
            return reference


def _arrived(scope: Scope, submission: Submission) -> Arrived:
    row = _row(scope, submission.id)
    if row is None:
        raise InvitationGone
    last = {"submission_id": submission.id, "number": row.last_version}
    newest = scope.one(AssessmentVersion, **last)
    return Arrived(
        submission.id,
        submission.reference,
        submission.arrived_at,
        row.due_at,
        row.first_seen_at,
        row.closed_at,
        level_of(row.rank),
        Urgency(newest.urgency) if newest else level_of(row.rank),
    )


def _row(scope: Scope, submission: str) -> WorklistRow | None:
    return scope.one(WorklistRow, submission_id=submission)


def _version(record: RecordKey, row: AssessmentVersion) -> Version:
    body = json.loads(record.open("assessment_version", row.id, "body", row.body_sealed))
    return Version(
        row.id,
        row.number,
        row.kind,
        row.author_id,
        row.made_at,
        row.rulebook_version,
        row.rulebook_sha256,
        Urgency(row.urgency),
        {question: frozenset(chosen) for question, chosen in body["answers"].items()},
        body,
    )
