"""Invitations: a link and a code by which one person hands one self-check to a clinic.

Link and code follow from the invitation and the keyring, so that they can be shown again; the
database holds only their hashes. Opening uses nothing up, finishing does, once.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import col

from app.store import people
from app.store.clinics import known as clinic_of_scope
from app.store.ground import keys, limits, signposts, tokens
from app.store.ground.limits import Limit
from app.store.ground.neighbourhood import neighbourhood
from app.store.ground.scope import Scope, Store, WritingScope
from app.store.ground.sealing import Keyring, RecordKey
from app.store.keeping import audit
from app.store.tables import Clinic, Invitation

CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that looks or sounds like another
CODE_LENGTH = 8
GRACE = timedelta(days=1)
"""How long after its end an invitation still takes answers that were begun before it."""
MOST_AT_ONCE = 200
CODES = Limit("codes of invitations from one address", 20, timedelta(hours=1))
ALL_CODES = Limit("codes of invitations", 1000, timedelta(hours=1))
PEOPLE = Limit("invitations by one of the staff", 400, timedelta(hours=1))


class InvitationGone(Exception):
    """The invitation ended, was taken back, or never was: nobody is told which."""


class NoSuchInvitation(Exception):
    """The clinic has no invitation of this id."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom to invite."""

    reference: str
    name: str
    appointment_on: date | None = None
    appointment_kind: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """One invitation as staff see it; link and code are its ways in."""

    id: str
    person: people.Known
    appointment_on: date | None
    appointment_kind: str
    token: str
    code: str
    expires_at: datetime
    expired: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """One invitation as its person sees it."""

    clinic: Clinic
    id: str
    name: str
    appointment_on: date | None
    finished: bool


def invite(
    store: Store, clinic: str, now: datetime, by: str, guests: Sequence[Guest], key: str
) -> list[str]:
    """Invite all of these or none; give the ids. The same key again gives the same.

    Raises people.OtherName or limits.TooMany.
    """
    limits.take(store.engine, PEOPLE, f"{clinic} {by}", now, tries=len(guests))
    with store.writing(clinic) as scope:
        before = _of_batch(scope, key)
        if before:
            return [row.id for row in before]
        ends = _ending(scope, now)
        return [
            _invite_one(scope, now, by, guest, f"{key}:{n}", ends) for n, guest in enumerate(guests)
        ]


def invite_again(store: Store, clinic: str, now: datetime, by: str, invitation: str) -> str:
    """A new link and code for the same visit, whose id it gives; the old ones stop working.

    Asked for once more, it is still one. Raises NoSuchInvitation, also where it was finished or
    taken back, or limits.TooMany.
    """
    limits.take(store.engine, PEOPLE, f"{clinic} {by}", now)
    key = f"again:{invitation}"
    with store.writing(clinic) as scope:
        made = scope.one(Invitation, idempotency_key=key)
        if made is not None:
            return made.id
        known = one(scope, now, invitation)
        revoke(scope, now, by, invitation)
        if scope.one(Invitation, id=invitation, revoked_at=None) is not None:
            raise NoSuchInvitation  # it is finished: there is nothing left to ask for
        name, reference = known.person.name, known.person.reference
        guest = Guest(reference, name, known.appointment_on, known.appointment_kind)
        return _invite_one(scope, now, by, guest, key, _ending(scope, now))


def _of_batch(scope: Scope, key: str) -> list[Invitation]:
    order = {f"{key}:{number}": number for number in range(MOST_AT_ONCE)}
    rows = scope.all(Invitation, col(Invitation.idempotency_key).in_(order))
    return sorted(rows, key=lambda row: order[row.idempotency_key])


def _ending(scope: Scope, now: datetime) -> datetime:
    return now + timedelta(days=clinic_of_scope(scope).invitation_days)


def _invite_one(
    scope: WritingScope, now: datetime, by: str, guest: Guest, key: str, ends: datetime
) -> str:
    person = people.named(scope, now, guest.reference, guest.name)
    invitation = secrets.token_urlsafe(12)
    while not signposts.put_up(scope, "code", code_of(scope.keyring, invitation), invitation):
        invitation = secrets.token_urlsafe(12)  # its code leads elsewhere already
    sealed = None
    if guest.appointment_kind:
        seal = keys.of(scope, person).seal
        sealed = seal("invitation", invitation, "appointment_kind", guest.appointment_kind)
    scope.add(
        Invitation,
        id=invitation,
        person_id=person,
        token_hash=tokens.hashed(token_of(scope.keyring, scope.clinic, invitation)),
        code_print=signposts.word_print(scope, "code", code_of(scope.keyring, invitation)),
        appointment_on=guest.appointment_on,
        appointment_kind_sealed=sealed,
        made_by=by,
        made_at=now,
        expires_at=ends,
        idempotency_key=key,
    )
    audit.add(scope, now, by, "patient_invited", ("invitation", invitation), person=person)
    return invitation


def revoke(scope: WritingScope, now: datetime, by: str, invitation: str) -> None:
    """Take an invitation back; one that is finished stays. Raises NoSuchInvitation."""
    if scope.one(Invitation, id=invitation) is None:
        raise NoSuchInvitation
    still = (col(Invitation.finished_at).is_(None), col(Invitation.revoked_at).is_(None))
    if scope.change(Invitation, *still, id=invitation, to={"revoked_at": now}):
        audit.add(scope, now, by, "invitation_revoked", ("invitation", invitation))


def batch(scope: Scope, now: datetime, key: str) -> list[Invited]:
    """Those that were invited together under this key, in their order, but who is taken back."""
    return _shown(scope, now, [row for row in _of_batch(scope, key) if row.revoked_at is None])


def not_done_yet(scope: Scope, now: datetime, limit: int = 200) -> list[Invited]:
    """The invitations that nobody has finished or taken back, the newest first."""
    still = (col(Invitation.finished_at).is_(None), col(Invitation.revoked_at).is_(None))
    newest = [col(Invitation.made_at).desc(), col(Invitation.id)]
    return _shown(scope, now, scope.all(Invitation, *still, order_by=newest, limit=limit))


def one(scope: Scope, now: datetime, invitation: str) -> Invited:
    """One invitation that is not taken back. Raises NoSuchInvitation."""
    found = scope.one(Invitation, id=invitation, revoked_at=None)
    shown = _shown(scope, now, [found] if found else [])
    if not shown:
        raise NoSuchInvitation
    return shown[0]


def opened(store: Store, token: str, now: datetime) -> Opened:
    """What a link leads to. Looking uses nothing up. Raises InvitationGone."""
    with store.reading(tokens.clinic_of(token)) as scope:
        found = scope.one(Invitation, token_hash=tokens.hashed(token))
        if found is None or not is_open(found, now):
            raise InvitationGone
        person = people.several(scope, [found.person_id])
        if found.person_id not in person:
            raise InvitationGone
        return Opened(
            clinic_of_scope(scope),
            found.id,
            person[found.person_id].name,
            found.appointment_on,
            found.finished_at is not None,
        )


def token_by_code(store: Store, code: str, now: datetime, *, address: str) -> str:
    """The link's token of the code that someone typed. Raises InvitationGone or limits.TooMany."""
    buckets = [(CODES, neighbourhood(address)), (ALL_CODES, "")]
    limits.take_each(store.engine, buckets, now)
    clinic, invitation = signposts.follow(store, "code", as_typed(code)) or ("", "")
    token = token_of(store.keyring, clinic, invitation)
    opened(store, token, now)
    return token


def of_token(store: Store, token: str) -> tuple[str, str]:
    """(The clinic, the invitation) of a link, whatever became of it. Raises InvitationGone."""
    with store.reading(tokens.clinic_of(token)) as scope:
        found = scope.one(Invitation, token_hash=tokens.hashed(token))
    if found is None:
        raise InvitationGone
    return found.clinic_id, found.id


def is_open(invitation: Invitation, now: datetime, grace: timedelta = timedelta()) -> bool:
    """Whether it still leads anywhere; a finished one goes on to show what became of it."""
    if invitation.revoked_at is not None:
        return False
    return invitation.finished_at is not None or now < invitation.expires_at + grace


def token_of(keyring: Keyring, clinic: str, invitation: str) -> str:
    """The token of the link: 256 bits that nobody can work out without the keyring."""
    return f"{clinic}.{keyring.fingerprint('invitation link', clinic, invitation)}"


def code_of(keyring: Keyring, invitation: str) -> str:
    """The code to read over the phone."""
    return spelled(keyring.fingerprint("invitation code", invitation))


def spelled(fingerprint: str) -> str:
    """A keyed hash as a code that people can read out and type."""
    number = int(fingerprint, 16)
    letters = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(CODE_LETTERS))
        letters.append(CODE_LETTERS[place])
    return "".join(letters)


def as_typed(code: str) -> str:
    """A code without what people put between its letters."""
    return "".join(letter for letter in code.upper() if letter in CODE_LETTERS)


def _shown(scope: Scope, now: datetime, rows: Sequence[Invitation]) -> list[Invited]:
    known = people.several(scope, {row.person_id for row in rows})
    opened = keys.several(scope, known)
    return [
        Invited(
            row.id,
            known[row.person_id],
            row.appointment_on,
            _kind(opened[row.person_id], row),
            token_of(scope.keyring, scope.clinic, row.id),
            code_of(scope.keyring, row.id),
            row.expires_at,
            now >= row.expires_at,
        )
        for row in rows
        if row.person_id in known
    ]


def _kind(key: RecordKey, row: Invitation) -> str:
    """What sort of appointment it is for; "" where nothing was said."""
    if row.appointment_kind_sealed is None:
        return ""
    return key.open("invitation", row.id, "appointment_kind", row.appointment_kind_sealed)
