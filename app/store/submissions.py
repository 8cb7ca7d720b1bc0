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
from app.store.clinics import known as clinic_of_scope
from app.store.ground import doorbell, keys
from app.store.ground.scope import Scope, Store, WritingScope
from app.store.invitations import CODE_LETTERS, GRACE, InvitationGone, is_open
from app.store.keeping import audit
from app.store.lines import (
    NoSuchSubmission,
    anew,
    level_of,
    line,
    place,
    rank_of,
    row_of,
    sealed_line,
    shown_of,
    told_of,
)
from app.store.tables import AssessmentVersion, Invitation, Submission, WorklistRow
from app.store.tables.reviews import WAITING
from app.store.versions import Handed, Version, add_version, versions
from app.triage.targets import Targets
from app.triage.terms import Urgency

__all__ = [
    "Handed",
    "NoSuchSubmission",
    "Version",
    "level_of",
    "line",
    "place",
    "rank_of",
    "sealed_line",
    "told_of",
    "versions",
]


@dataclass(frozen=True, slots=True)
class Came:
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
class Arrived:
    """What the person is told: a reference to name, and by when a nurse looks."""

    submission: str
    reference: str
    at: datetime
    due_at: datetime
    seen_at: datetime | None
    closed_at: datetime | None
    urgency: Urgency  # the level that counts now
    result: Urgency  # what the rules made of the newest answers that the person gave


def send(
    store: Store, clinic: str, invitation: str, handed: Handed, targets: Targets, now: datetime
) -> Arrived:
    """Keep what an invited person sends; sent again unchanged, it is still kept once.

    Other answers are kept beside the first ones, and are to be seen again. A worse level moves the
    submission up the list, no level moves it down. Raises InvitationGone.
    """
    with store.writing(clinic) as scope:
        return _arrived(scope, finish(scope, now, invitation, handed, targets))


def finish(
    scope: WritingScope,
    now: datetime,
    invitation: str,
    handed: Handed,
    targets: Targets,
    taken_by: str | None = None,
) -> Submission:
    """Finish an invitation, once, by its person or by who of the staff asked them.

    Raises InvitationGone.
    """
    found = scope.one(Invitation, id=invitation)
    if found is None or not is_open(found, now, GRACE):
        raise InvitationGone
    before = scope.one(Submission, invitation_id=invitation)
    if before is not None:
        _change(scope, now, before, handed, targets, taken_by)
        return before
    scope.change(Invitation, id=invitation, to={"finished_at": now})
    person = people.several(scope, [found.person_id])[found.person_id]
    came = Came(
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
    return add(scope, now, handed, came, targets)


def add(
    scope: WritingScope, now: datetime, handed: Handed, came: Came, targets: Targets
) -> Submission:
    """Keep new answers with their line, their entry in the audit and the bell."""
    kept = scope.one(Submission, idempotency_key=came.key)
    if kept is not None:
        return kept
    submission = _add(scope, now, handed, came)
    _list(scope, now, submission, handed, came, targets)
    facts = {"level": handed.assessment.urgency.name, "source": came.source}
    actor = came.taken_by or "patient"
    audit.add(scope, now, actor, "submission_arrived", ("submission", submission.id), **facts)
    doorbell.ring(scope)
    return submission


def _change(
    scope: WritingScope,
    now: datetime,
    found: Submission,
    handed: Handed,
    targets: Targets,
    taken_by: str | None = None,
) -> None:
    row = row_of(scope, found.id)
    if row is None:
        raise InvitationGone
    own = [version for version in versions(scope, found.id) if version.kind != "nurse"]
    if own[-1].answers == handed.answers:
        return
    worse = _count(scope, now, row, handed, "changed", targets, taken_by, to=anew(row))
    subject, level = ("submission", found.id), handed.assessment.urgency.name
    actor = taken_by or "patient"
    audit.add(scope, now, actor, "answers_changed", subject, level=level, worse=worse)
    doorbell.ring(scope)


def add_findings(
    scope: WritingScope,
    now: datetime,
    row: WorklistRow,
    handed: Handed,
    targets: Targets,
    by: str,
    key: str,
) -> bool:
    """Keep what a nurse found beside the person's own answers; give whether it is worse.

    What a second person had not spoken to yet was about other answers: it ends here.
    """
    ends = {"state": "claimed", "waits_since": None} if row.state in WAITING else {}
    worse = _count(scope, now, row, handed, "nurse", targets, by, to=ends, key=key)
    subject, level = ("submission", row.submission_id), handed.assessment.urgency.name
    audit.add(scope, now, by, "findings_added", subject, level=level, worse=worse)
    doorbell.ring(scope)
    return worse


def _count(
    scope: WritingScope,
    now: datetime,
    row: WorklistRow,
    handed: Handed,
    kind: str,
    targets: Targets,
    by: str | None,
    to: Mapping[str, object],
    key: str = "",
) -> bool:
    """Add a version and what it changes on the line: a worse level counts, a lower one does not."""
    number, level = row.last_version + 1, handed.assessment.urgency
    add_version(scope, now, row.submission_id, handed, number, kind, by, key)
    counts = level_of(row.rank)
    worse = level > counts
    told = told_of(scope, row)
    if kind == "nurse":
        # The line goes on to say why it stands where it stands.
        told |= {**(shown_of(handed) if level >= counts else {}), "found": told.get("found", 0) + 1}
    else:
        told |= {**shown_of(handed), "worse": worse}
    changed = {
        **to,
        **(place(clinic_of_scope(scope), now, level, targets) if worse else {}),
        "last_version": number,
        "rulebook_sha256": handed.rulebook_sha256,
        "line_sealed": sealed_line(scope, row.submission_id, told),
    }
    scope.change(WorklistRow, submission_id=row.submission_id, to=changed)
    return worse


def arrived(scope: Scope, invitation: str, now: datetime) -> Arrived:
    """What became of what an invited person sent. Raises NoSuchSubmission."""
    found = scope.one(Submission, invitation_id=invitation)
    if found is None:
        raise NoSuchSubmission
    return became_of(scope, found.id, now)


def became_of(scope: Scope, submission: str, now: datetime) -> Arrived:
    """What became of a submission, for its person. Raises NoSuchSubmission."""
    line(scope, submission, now)
    return _arrived(scope, known(scope, submission))


def known(scope: Scope, submission: str) -> Submission:
    """The submission of this id. Raises NoSuchSubmission."""
    found = scope.one(Submission, id=submission)
    if found is None:
        raise NoSuchSubmission
    return found


def _add(scope: WritingScope, now: datetime, handed: Handed, came: Came) -> Submission:
    submission = secrets.token_urlsafe(12)
    keys.make(scope, submission)
    newest = scope.run(scope.columns(func.max(col(Submission.arrived)))).scalar()
    scope.add(
        Submission,
        id=submission,
        arrived=(newest or 0) + 1,
        arrived_at=now,
        reference=_new_reference(scope),
        source=came.source,
        invitation_id=came.invitation,
        taken_by=came.taken_by,
        about=handed.about,
        region=handed.region,
        idempotency_key=came.key,
    )
    author = came.taken_by if came.source == "assisted" else None
    add_version(scope, now, submission, handed, 1, "first", author)
    return known(scope, submission)


def _list(
    scope: WritingScope,
    now: datetime,
    submission: Submission,
    handed: Handed,
    came: Came,
    targets: Targets,
) -> None:
    """Put it on the worklist."""
    day, clinic = came.appointment_on, clinic_of_scope(scope)
    told = {
        **shown_of(handed),
        "reference": came.reference,
        "name": came.name,
        "appointment_on": day.isoformat() if day else None,
        "source": came.source,
        "markers": people.markers(scope, came.person) if came.person else [],
    }
    print_ = people.reference_print(scope, came.reference) if came.reference else None
    scope.add(
        WorklistRow,
        submission_id=submission.id,
        **place(clinic, now, handed.assessment.urgency, targets),
        arrived=submission.arrived,
        arrived_at=now,
        person_id=came.person,
        reference_print=print_,
        rulebook_sha256=handed.rulebook_sha256,
        line_sealed=sealed_line(scope, submission.id, told),
        forget_at=now + timedelta(days=clinic.unreviewed_days),
    )


def _new_reference(scope: Scope) -> str:
    """Six letters to name it by; none is given twice at a clinic."""
    while True:
        letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(6))
        reference = f"{letters[:3]}-{letters[3:]}"
        if scope.one(Submission, reference=reference) is None:
            return reference


def _arrived(scope: Scope, submission: Submission) -> Arrived:
    row = row_of(scope, submission.id)
    if row is None:
        raise InvitationGone
    # What a nurse found must not take back what the person was told by their own answers.
    own = col(AssessmentVersion.kind) != "nurse"
    newest_first = [col(AssessmentVersion.number).desc()]
    of_it = {"submission_id": submission.id}
    found = scope.all(AssessmentVersion, own, **of_it, order_by=newest_first, limit=1)
    return Arrived(
        submission.id,
        submission.reference,
        submission.arrived_at,
        row.due_at,
        row.first_seen_at,
        row.closed_at,
        level_of(row.rank),
        Urgency(found[0].urgency) if found else level_of(row.rank),
    )
