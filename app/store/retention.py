"""Forgets what a clinic may keep no longer: the work of one hour, clinic by clinic.

Gone are: submissions past their `forget_at` (set by the clinic's days, 30 without a review and 90
after one, and looked at by every page as well), links that nobody used or that ended long ago,
persons of whom nothing is left, requests about persons that are long answered, messages that
ended a week ago, sessions and links of staff that are over.

Each record's key goes first: from then on nobody can read it, here or in a copy of the database,
and the guards of rows that are only added let them go. Then go the rows, and the words that lead
to them. What stays is the audit: who looked, who decided what and when, under ids that lead to
nothing, with no answer, no note and no name; and for the reports of a month how many there were.
So the figures of agreement go back no further than the
answers do. A backup from before still holds the wrapped key: keep backups no longer than a
clinic may keep answers. PostgreSQL leaves removed rows in its files until it needs the room.

In steps, each kept by itself with an entry in the audit that holds counts alone: it may be stopped
at any moment and started again, and two servers that do it at once only do each other's work.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from app.store import alarms, month_reports, patient_messages, shares
from app.store.accounts import sessions
from app.store.clinics import load_clinic
from app.store.db import (
    audit,
    change_notifications,
    rate_limits,
    record_keys,
    server_records,
)
from app.store.db.patient_tables import (
    AssessmentVersion,
    Invitation,
    OutboxMessage,
    PatientMessage,
    Person,
    PersonRequest,
    ReviewEntry,
    Submission,
    WorklistRow,
)
from app.store.db.scope import Scope, Store, WritingScope
from app.store.db.tables import StaffInvite

AT_ONCE = 200
"""Records in one step: nobody who writes meanwhile waits long."""
_MIN_PERSON_AGE = timedelta(days=1)  # someone just added may be about to get a link


class _DryRunRollback(Exception):
    """Takes everything back at the end of a dry run."""


def run_retention(
    store: Store, clinic: str, now: datetime, actor: str = "job", *, dry: bool = False
) -> Mapping[str, int]:
    """Forget what is due at this clinic; give how many of each kind. `dry`: count, and no more."""
    total: Counter[str] = Counter()
    more = True
    while more:
        with suppress(_DryRunRollback), store.writing_scope(clinic, now, actor) as scope:
            found = _run_one_step(scope)
            while dry and max(found.values()) >= AT_ONCE:
                total += found
                found = _run_one_step(scope)
            more = not dry and max(found.values()) >= AT_ONCE
            total += found
            if dry:
                raise _DryRunRollback
            counts: dict[str, Any] = dict(+found)
            if counts:
                audit.record_event(scope, "retention_run", ("clinic", clinic), **counts)
            if found["submissions"]:
                change_notifications.notify_change(scope)
    return +total


def run_all_retention(store: Store, now: datetime) -> None:
    """Forget what is due at every clinic and at none, as the server does each hour."""
    for clinic in store.list_clinic_ids():
        run_retention(store, clinic, now)
    delete_expired_rows(store, now)


def _run_one_step(scope: WritingScope) -> Counter[str]:
    """The next records of each kind. Persons come last: they wait for what is theirs."""
    clinic = load_clinic(scope)
    old = scope.now - timedelta(days=clinic.reviewed_days)
    ended = scope.now - timedelta(days=clinic.unreviewed_days)
    over = (StaffInvite.expires_at <= scope.now) | StaffInvite.used_at.is_not(None)
    return Counter(
        submissions=_erase_due_submissions(scope),
        invitations=_erase_ended_invitations(scope, ended),
        persons=_erase_orphaned_persons(scope),
        requests=scope.delete_rows(PersonRequest, PersonRequest.asked_at <= old),
        messages=alarms.delete_old_messages(scope),
        contacts=patient_messages.forget_contacts(scope),
        sessions=sessions.delete_expired_sessions(scope),
        staff_links=scope.delete_rows(StaffInvite, over),
    )


def _erase_due_submissions(scope: WritingScope) -> int:
    over, first = WorklistRow.forget_at <= scope.now, [WorklistRow.forget_at]
    due = scope.find_all(WorklistRow, over, order_by=first, limit=AT_ONCE)
    return erase_submissions(scope, [row.submission_id for row in due])


def _erase_ended_invitations(scope: WritingScope, before: datetime) -> int:
    """Links that ended without an answer, so long ago that nobody asks about them."""
    by_link = Submission.invitation_id.is_not(None)
    sent = scope.select_columns(Submission.invitation_id).where(by_link)
    ended = (Invitation.expires_at <= before) | (Invitation.revoked_at <= before)
    over = scope.find_all(Invitation, ended, Invitation.id.not_in(sent), limit=AT_ONCE)
    return erase_invitations(scope, [row.id for row in over])


def _erase_orphaned_persons(scope: WritingScope) -> int:
    invited = scope.select_columns(Invitation.person_id)
    known = WorklistRow.person_id.is_not(None)  # one NULL, and "not in" holds for nobody
    listed = scope.select_columns(WorklistRow.person_id).where(known)
    old = Person.made_at <= scope.now - _MIN_PERSON_AGE
    alone = (old, Person.id.not_in(invited), Person.id.not_in(listed))
    found = scope.find_all(Person, *alone, limit=AT_ONCE)
    return erase_persons(scope, [row.id for row in found])


def delete_expired_rows(store: Store, now: datetime) -> dict[str, int]:
    """Delete what belongs to no clinic and is over; give the counts that people would ask about."""
    server_records.delete_old_leases(store.engine, now)
    rate_limits.delete_full_buckets(store.engine, now)
    return {"share_codes": shares.delete_expired_shares(store, now)}


def erase_submissions(scope: WritingScope, ids: Collection[str]) -> int:
    """Erase these submissions, each with the invitation that it came by; give how many."""
    found = scope.find_all(Submission, Submission.id.in_(ids))
    month_reports.tally_submissions(scope, ids)
    record_keys.destroy_data_keys(scope, ids)
    for table, column in (
        (ReviewEntry, ReviewEntry.submission_id),
        (OutboxMessage, OutboxMessage.submission_id),
        (WorklistRow, WorklistRow.submission_id),
        (AssessmentVersion, AssessmentVersion.submission_id),
        (Submission, Submission.id),
    ):
        scope.delete_rows(table, column.in_(ids))
    erase_invitations(scope, [row.invitation_id for row in found if row.invitation_id])
    return len(found)


def erase_invitations(scope: WritingScope, ids: Collection[str]) -> int:
    """Erase invitations by which nothing came, with the code that led to each."""
    month_reports.tally_invitations(scope, ids)
    server_records.unindex_records(scope, "code", *ids)
    scope.delete_rows(PatientMessage, PatientMessage.invitation_id.in_(ids))
    return scope.delete_rows(Invitation, Invitation.id.in_(ids))


def erase_persons(scope: WritingScope, ids: Collection[str]) -> int:
    """Erase people of whom nothing else is left."""
    record_keys.destroy_data_keys(scope, ids)
    return scope.delete_rows(Person, Person.id.in_(ids))


def erase_person_records(scope: WritingScope, person: str) -> dict[str, int]:
    """Erase a person and all that is theirs; give how many of each."""
    submissions = list_person_submissions(scope, person)
    links = scope.count_rows(Invitation, person_id=person)
    erase_submissions(scope, submissions)
    _reassign_invitations(scope, person)
    left = [row.id for row in scope.find_all(Invitation, person_id=person)]
    erase_invitations(scope, left)
    erase_persons(scope, [person])
    return {"submissions": len(submissions), "invitations": links}


def list_person_submissions(scope: Scope, person: str) -> list[str]:
    """The submissions of a person, in order: tied to them, or by their link and tied to nobody."""
    lines = scope.select_columns(WorklistRow.submission_id)
    theirs = lines.where(WorklistRow.person_id == person)
    tied = lines.where(WorklistRow.person_id.is_not(None))
    links = scope.select_columns(Invitation.id).where(Invitation.person_id == person)
    by_link = Submission.invitation_id.in_(links) & Submission.id.not_in(tied)
    whose = Submission.id.in_(theirs) | by_link
    return [row.id for row in scope.find_all(Submission, whose, order_by=[Submission.arrived])]


def _reassign_invitations(scope: WritingScope, person: str) -> None:
    """A link that someone else answered goes over to them: what they sent needs it."""
    theirs = scope.select_columns(Invitation.id).where(Invitation.person_id == person)
    pairs = scope.select_columns(Submission.invitation_id, WorklistRow.person_id)
    same = Submission.id == WorklistRow.submission_id
    for row in scope.execute_read(pairs.where(same, Submission.invitation_id.in_(theirs))).all():
        # What is sealed is sealed under the old key.
        nothing = dict.fromkeys(("appointment_kind_sealed", "contact_sealed"))
        to = {"person_id": row.person_id, **nothing}
        scope.update_rows(Invitation, id=row.invitation_id, to=to)
