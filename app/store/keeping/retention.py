"""Forgets what a clinic may keep no longer: the work of one hour, clinic by clinic.

Gone are: submissions past their `forget_at` (set by the clinic's days, 30 without a review and 90
after one, and looked at by every page as well), links that nobody used or that ended long ago,
persons of whom nothing is left, requests about persons that are long answered, messages that
ended a week ago, sessions and links of staff that are over. How it goes and what stays:
app/store/keeping/erasing.py.

In steps, each kept by itself with an entry in the audit that holds counts alone: it may be stopped
at any moment and started again, and two servers that do it at once only do each other's work.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col

from app.store import outbox
from app.store.accounts import sessions
from app.store.clinics import known as clinic_of_scope
from app.store.ground import doorbell
from app.store.ground.scope import Store, WritingScope
from app.store.keeping import audit, leftovers
from app.store.keeping.erasing import erase_invitations, erase_persons, erase_submissions
from app.store.tables import Invitation, Person, PersonRequest, StaffInvite, Submission, WorklistRow

AT_ONCE = 200
"""Records in one step: nobody who writes meanwhile waits long."""
_NEW = timedelta(days=1)  # someone just added may be about to get a link


class _OnlyLooking(Exception):
    """Takes everything back at the end of a dry run."""


def run(
    store: Store, clinic: str, now: datetime, actor: str = "job", *, dry: bool = False
) -> Mapping[str, int]:
    """Forget what is due at this clinic; give how many of each kind, those above nought.

    A dry run gives the same counts and changes nothing.
    """
    total: Counter[str] = Counter()
    more = True
    while more:
        with suppress(_OnlyLooking), store.writing(clinic) as scope:
            found = _everything(scope, now) if dry else _one_step(scope, now)
            more = not dry and max(found.values()) >= AT_ONCE
            total += found
            if dry:
                raise _OnlyLooking
            counts: dict[str, Any] = dict(+found)
            if counts:
                audit.add(scope, now, actor, "retention_run", ("clinic", clinic), **counts)
            if found["submissions"]:
                doorbell.ring(scope)
    return +total


def run_all(store: Store, now: datetime) -> None:
    """Forget what is due at every clinic and at none, as the server does each hour."""
    for clinic in store.clinics():
        run(store, clinic, now)
    leftovers.sweep(store, now)


def _everything(scope: WritingScope, now: datetime) -> Counter[str]:
    """All steps in one, for a dry run."""
    total = found = _one_step(scope, now)
    while max(found.values()) >= AT_ONCE:
        found = _one_step(scope, now)
        total = total + found
    return total


def _one_step(scope: WritingScope, now: datetime) -> Counter[str]:
    """The next records of each kind. Persons come last: they wait for what is theirs."""
    clinic = clinic_of_scope(scope)
    old = now - timedelta(days=clinic.reviewed_days)
    over = (col(StaffInvite.expires_at) <= now) | col(StaffInvite.used_at).is_not(None)
    return Counter(
        submissions=_submissions(scope, now),
        invitations=_invitations(scope, now - timedelta(days=clinic.unreviewed_days)),
        persons=_persons(scope, now),
        requests=scope.remove(PersonRequest, col(PersonRequest.asked_at) <= old),
        messages=outbox.sweep(scope, now),
        sessions=sessions.sweep(scope, now),
        staff_links=scope.remove(StaffInvite, over),
    )


def _submissions(scope: WritingScope, now: datetime) -> int:
    due = scope.all(
        WorklistRow,
        col(WorklistRow.forget_at) <= now,
        order_by=[col(WorklistRow.forget_at)],
        limit=AT_ONCE,
    )
    return erase_submissions(scope, [row.submission_id for row in due])


def _invitations(scope: WritingScope, before: datetime) -> int:
    """Links that ended without an answer, so long ago that nobody asks about them."""
    sent = scope.columns(col(Submission.invitation_id)).where(
        col(Submission.invitation_id).is_not(None)
    )
    ended = (col(Invitation.expires_at) <= before) | (col(Invitation.revoked_at) <= before)
    over = scope.all(Invitation, ended, col(Invitation.id).not_in(sent), limit=AT_ONCE)
    return erase_invitations(scope, [row.id for row in over])


def _persons(scope: WritingScope, now: datetime) -> int:
    invited = scope.columns(col(Invitation.person_id))
    listed = scope.columns(col(WorklistRow.person_id)).where(
        col(WorklistRow.person_id).is_not(None)  # one NULL, and "not in" holds for nobody
    )
    alone = (col(Person.id).not_in(invited), col(Person.id).not_in(listed))
    found = scope.all(Person, col(Person.made_at) <= now - _NEW, *alone, limit=AT_ONCE)
    return erase_persons(scope, [row.id for row in found])
