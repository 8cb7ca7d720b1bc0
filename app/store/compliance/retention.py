"""Forgets what a clinic may keep no longer: the work of one hour, clinic by clinic.

Gone are: submissions past their `forget_at` (set by the clinic's days, 30 without a review and 90
after one, and looked at by every page as well), links that nobody used or that ended long ago,
persons of whom nothing is left, requests about persons that are long answered, messages that
ended a week ago, sessions and links of staff that are over. How it goes and what stays:
app/store/compliance/erasing.py.

In steps, each kept by itself with an entry in the audit that holds counts alone: it may be stopped
at any moment and started again, and two servers that do it at once only do each other's work.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from app.store import outbox, shares
from app.store.accounts import sessions
from app.store.clinics import load_clinic
from app.store.compliance.erasing import erase_invitations, erase_persons, erase_submissions
from app.store.db import audit, change_notifications, jobs, rate_limits
from app.store.db.scope import Store, WritingScope
from app.store.db.tables import (
    Invitation,
    Person,
    PersonRequest,
    StaffInvite,
    Submission,
    WorklistRow,
)

AT_ONCE = 200
"""Records in one step: nobody who writes meanwhile waits long."""
_MIN_PERSON_AGE = timedelta(days=1)  # someone just added may be about to get a link


class _DryRunRollback(Exception):
    """Takes everything back at the end of a dry run."""


def run_retention(
    store: Store, clinic: str, now: datetime, actor: str = "job", *, dry: bool = False
) -> Mapping[str, int]:
    """Forget what is due at this clinic; give how many of each kind, those above nought.

    A dry run gives the same counts and changes nothing.
    """
    total: Counter[str] = Counter()
    more = True
    while more:
        with suppress(_DryRunRollback), store.writing_scope(clinic) as scope:
            found = _run_every_step(scope, now) if dry else _run_one_step(scope, now)
            more = not dry and max(found.values()) >= AT_ONCE
            total += found
            if dry:
                raise _DryRunRollback
            counts: dict[str, Any] = dict(+found)
            if counts:
                audit.record_event(scope, now, actor, "retention_run", ("clinic", clinic), **counts)
            if found["submissions"]:
                change_notifications.notify_change(scope)
    return +total


def run_all_retention(store: Store, now: datetime) -> None:
    """Forget what is due at every clinic and at none, as the server does each hour."""
    for clinic in store.list_clinic_ids():
        run_retention(store, clinic, now)
    delete_expired_rows(store, now)


def _run_every_step(scope: WritingScope, now: datetime) -> Counter[str]:
    """All steps in one, for a dry run."""
    total = found = _run_one_step(scope, now)
    while max(found.values()) >= AT_ONCE:
        found = _run_one_step(scope, now)
        total = total + found
    return total


def _run_one_step(scope: WritingScope, now: datetime) -> Counter[str]:
    """The next records of each kind. Persons come last: they wait for what is theirs."""
    clinic = load_clinic(scope)
    old = now - timedelta(days=clinic.reviewed_days)
    over = (StaffInvite.expires_at <= now) | StaffInvite.used_at.is_not(None)
    return Counter(
        submissions=_erase_due_submissions(scope, now),
        invitations=_erase_ended_invitations(scope, now - timedelta(days=clinic.unreviewed_days)),
        persons=_erase_orphaned_persons(scope, now),
        requests=scope.delete_rows(PersonRequest, PersonRequest.asked_at <= old),
        messages=outbox.delete_old_messages(scope, now),
        sessions=sessions.delete_expired_sessions(scope, now),
        staff_links=scope.delete_rows(StaffInvite, over),
    )


def _erase_due_submissions(scope: WritingScope, now: datetime) -> int:
    due = scope.find_all(
        WorklistRow,
        WorklistRow.forget_at <= now,
        order_by=[WorklistRow.forget_at],
        limit=AT_ONCE,
    )
    return erase_submissions(scope, [row.submission_id for row in due])


def _erase_ended_invitations(scope: WritingScope, before: datetime) -> int:
    """Links that ended without an answer, so long ago that nobody asks about them."""
    sent = scope.select_columns(Submission.invitation_id).where(
        Submission.invitation_id.is_not(None)
    )
    ended = (Invitation.expires_at <= before) | (Invitation.revoked_at <= before)
    over = scope.find_all(Invitation, ended, Invitation.id.not_in(sent), limit=AT_ONCE)
    return erase_invitations(scope, [row.id for row in over])


def _erase_orphaned_persons(scope: WritingScope, now: datetime) -> int:
    invited = scope.select_columns(Invitation.person_id)
    listed = scope.select_columns(WorklistRow.person_id).where(
        WorklistRow.person_id.is_not(None)  # one NULL, and "not in" holds for nobody
    )
    alone = (Person.id.not_in(invited), Person.id.not_in(listed))
    found = scope.find_all(Person, Person.made_at <= now - _MIN_PERSON_AGE, *alone, limit=AT_ONCE)
    return erase_persons(scope, [row.id for row in found])


def delete_expired_rows(store: Store, now: datetime) -> dict[str, int]:
    """Delete what belongs to no clinic and is over; give the counts that people would ask about."""
    jobs.delete_old_leases(store.engine, now)
    rate_limits.delete_full_buckets(store.engine, now)
    return {"share_codes": shares.delete_expired_shares(store, now)}
