"""Many invitations at once: who of a list is known, and new links for all who need one."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from app.store import people
from app.store.db import rate_limits
from app.store.db.patient_tables import Invitation
from app.store.db.scope import Scope, Store
from app.store.invitations import (
    INVITING_LIMIT,
    Invitee,
    add_invitation,
    find_batch_rows,
    revoke_invitation,
    summarize_invitations,
)


class KnownPatient(NamedTuple):
    """Someone whom the clinic knows by a reference; `invited_at`: None where nothing is open."""

    name: str
    invited_at: datetime | None


def find_known_patients(
    scope: Scope, now: datetime, references: Iterable[str]
) -> dict[str, KnownPatient]:
    """Who of these is known, each under the reference as `normalize_identifier` gives it.

    An invitation is open while it is neither finished nor taken back nor over; the newest counts.
    """
    known = people.find_by_references(scope, references)
    ids = {person.id for person in known.values()}
    still = (Invitation.finished_at.is_(None), Invitation.revoked_at.is_(None))
    rows = scope.find_all(
        Invitation,
        Invitation.person_id.in_(ids),
        Invitation.expires_at > now,
        *still,
        order_by=[Invitation.made_at],
    )
    invited = {row.person_id: row.made_at for row in rows}
    return {
        reference: KnownPatient(person.name, invited.get(person.id))
        for reference, person in known.items()
    }


def renew_invitations(
    store: Store, clinic: str, now: datetime, by: str, ids: Sequence[str], key: str
) -> int:
    """New links and codes for the same visits, under one key; give how many there are.

    The old ones stop working. Who is finished or taken back is passed over. The same key again
    makes nothing new. Raises RateLimitExceeded.
    """
    rate_limits.acquire_tokens(
        store.engine, INVITING_LIMIT, f"{clinic} {by}", now, tries=max(len(ids), 1)
    )
    with store.writing_scope(clinic, now, by) as scope:
        if before := find_batch_rows(scope, key):
            return len(before)
        old = summarize_invitations(scope, now, _find_unfinished(scope, ids))
        for number, one in enumerate(old):
            revoke_invitation(scope, one.id)
            reference, name = one.person.reference, one.person.name
            visit = (one.appointment_on, one.appointment_kind)
            invitee = Invitee(reference, name, *visit, one.contact)
            add_invitation(scope, invitee, f"{key}:{number}")
        return len(old)


def revoke_invitations(
    store: Store, clinic: str, now: datetime, by: str, ids: Collection[str]
) -> int:
    """Take these back; give how many. Who is finished or taken back already is passed over."""
    with store.writing_scope(clinic, now, by) as scope:
        rows = _find_unfinished(scope, ids)
        for row in rows:
            revoke_invitation(scope, row.id)
        return len(rows)


def _find_unfinished(scope: Scope, ids: Collection[str]) -> list[Invitation]:
    still = (Invitation.finished_at.is_(None), Invitation.revoked_at.is_(None))
    by_day = [Invitation.appointment_on, Invitation.id]
    return scope.find_all(Invitation, Invitation.id.in_(ids), *still, order_by=by_day)
