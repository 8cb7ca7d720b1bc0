"""Invitations: a link and a code by which one person hands one self-check to a clinic.

Link and code follow from the invitation and the keyring, so that they can be shown again; the
database holds only their hashes. Opening uses nothing up, finishing does, once.
"""

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.store import patient_messages, people
from app.store.clinics import load_clinic
from app.store.db import audit, encryption, rate_limits, record_keys, server_records
from app.store.db.encryption import DataKey, KeyEncryptionKeys
from app.store.db.patient_tables import Invitation, PatientMessage
from app.store.db.rate_limits import RateLimit, network_prefix
from app.store.db.scope import PATIENT, Scope, Store, WritingScope
from app.store.db.tables import Clinic

CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that looks or sounds like another
CODE_LENGTH = 8
GRACE_PERIOD = timedelta(days=1)
"""How long after its end an invitation still takes answers that were begun before it."""
MAX_PER_BATCH = 200
MOST_UNFINISHED = 2000
LONGEST_VALIDITY = timedelta(days=366)
CODE_ATTEMPT_LIMIT = RateLimit("codes of invitations from one address", 20, timedelta(hours=1))
GLOBAL_CODE_LIMIT = RateLimit("codes of invitations", 1000, timedelta(hours=1))
ANSWERS_CODE_LIMIT = RateLimit("codes for the answers of one invitation", 5, timedelta(days=1))
INVITING_LIMIT = RateLimit("invitations by one of the staff", 400, timedelta(hours=1))


class InvitationGone(Exception):
    """The invitation ended, was taken back, or never was: nobody is told which."""


class NoSuchInvitation(Exception):
    """The clinic has no invitation of this id."""


@dataclass(frozen=True, slots=True)
class Invitee:
    """Whom to invite."""

    reference: str
    name: str
    appointment_on: date | None = None
    appointment_kind: str = ""
    contact: str = ""


class InvitationSummary(NamedTuple):
    """One invitation as staff see it; link and code are its ways in."""

    id: str
    person: people.PersonIdentity
    appointment_on: date | None
    appointment_kind: str
    token: str
    code: str
    expires_at: datetime
    expired: bool
    begun_at: datetime | None
    stopped_at: datetime | None
    contact: str
    message: PatientMessage | None  # the newest one to this person


class OpenedInvitation(NamedTuple):
    """One invitation as its person sees it."""

    clinic: Clinic
    id: str
    name: str
    appointment_on: date | None
    finished: bool


def invite_patients(
    store: Store, clinic: str, now: datetime, by: str, invitees: Sequence[Invitee], key: str
) -> list[str]:
    """Invite all of these or none; give the ids. The same key again gives the same.

    Raises people.NameMismatch or RateLimitExceeded.
    """
    inviter = f"{clinic} {by}"
    rate_limits.acquire_tokens(store.engine, INVITING_LIMIT, inviter, now, tries=len(invitees))
    with store.writing_scope(clinic, now, by) as scope:
        before = find_batch_rows(scope, key)
        if before:
            return [row.id for row in before]
        return [add_invitation(scope, one, f"{key}:{n}") for n, one in enumerate(invitees)]


def renew_invitation(store: Store, clinic: str, now: datetime, by: str, invitation: str) -> str:
    """A new link and code for the same visit, whose id it gives; the old ones stop working.

    Asked for once more, it is still one. Raises NoSuchInvitation, also where it was finished or
    taken back, or RateLimitExceeded.
    """
    rate_limits.acquire_tokens(store.engine, INVITING_LIMIT, f"{clinic} {by}", now)
    key = f"again:{invitation}"
    with store.writing_scope(clinic, now, by) as scope:
        made = scope.find_one(Invitation, idempotency_key=key)
        if made is not None:
            return made.id
        known = find_invitation(scope, now, invitation)
        revoke_invitation(scope, invitation)
        if scope.find_one(Invitation, id=invitation, revoked_at=None) is not None:
            raise NoSuchInvitation  # it is finished: there is nothing left to ask for
        name, reference = known.person.name, known.person.reference
        visit = (known.appointment_on, known.appointment_kind)
        invitee = Invitee(reference, name, *visit, known.contact)
        return add_invitation(scope, invitee, key)


def find_batch_rows(scope: Scope, key: str) -> list[Invitation]:
    """Those that were made under this key, in their order, whatever became of them."""
    order = {f"{key}:{number}": number for number in range(MAX_PER_BATCH)}
    rows = scope.find_all(Invitation, Invitation.idempotency_key.in_(order))
    return sorted(rows, key=lambda row: order[row.idempotency_key])


def find_expiry(clinic: Clinic, now: datetime, appointment_on: date | None) -> datetime:
    """When an invitation ends: after the clinic's days, yet not before the visit is over."""
    ends = now + timedelta(days=clinic.invitation_days)
    if appointment_on is None or appointment_on - now.date() > LONGEST_VALIDITY:
        return min(ends, now + LONGEST_VALIDITY)
    midnight = datetime.combine(appointment_on, time(), ZoneInfo(clinic.time_zone))
    # A day later by the calendar: on two days of the year that is 23 or 25 hours.
    visit_over = (midnight + timedelta(days=1)).astimezone(UTC)
    return min(max(ends, visit_over), now + LONGEST_VALIDITY)


def add_invitation(scope: WritingScope, invitee: Invitee, key: str) -> str:
    """Add an invitation, and its person where they are new; give its id. Raises NameMismatch."""
    person = people.ensure_person(scope, invitee.reference, invitee.name)
    while True:
        invitation = secrets.token_urlsafe(12)
        code = derive_invitation_code(scope.keyring, invitation)
        if server_records.index_word(scope, "code", code, invitation):
            break  # else its code leads elsewhere already
    link_token = derive_link_token(scope.keyring, scope.clinic, invitation)
    sealed, clinic = {}, load_clinic(scope)
    reachable = patient_messages.can_send(clinic, patient_messages.find_channel(invitee.contact))
    # How to reach someone is kept only where it will be used.
    for name in ("appointment_kind", "contact") if reachable else ("appointment_kind",):
        if text := getattr(invitee, name):
            seal = record_keys.load_data_key(scope, person).seal_field
            sealed[f"{name}_sealed"] = seal("invitation", invitation, name, text)
    scope.add_row(
        Invitation,
        id=invitation,
        person_id=person,
        token_hash=encryption.hash_token(link_token),
        code_print=server_records.hash_word(scope, "code", code),
        appointment_on=invitee.appointment_on,
        made_by=scope.who,
        made_at=scope.now,
        expires_at=find_expiry(clinic, scope.now, invitee.appointment_on),
        idempotency_key=key,
        **sealed,
    )
    patient_messages.add_message(scope, invitation, person, invitee.contact)
    audit.record_event(scope, "patient_invited", ("invitation", invitation), person=person)
    return invitation


def revoke_invitation(scope: WritingScope, invitation: str) -> None:
    """Take an invitation back; one that is finished stays. Raises NoSuchInvitation."""
    scope.require_one(Invitation, NoSuchInvitation, id=invitation)
    still = (Invitation.finished_at.is_(None), Invitation.revoked_at.is_(None))
    if scope.update_rows(Invitation, *still, id=invitation, to={"revoked_at": scope.now}):
        audit.record_event(scope, "invitation_revoked", ("invitation", invitation))


def list_batch_invitations(scope: Scope, now: datetime, key: str) -> list[InvitationSummary]:
    """Those that were invited together under this key, in their order, but who is taken back."""
    rows = [row for row in find_batch_rows(scope, key) if row.revoked_at is None]
    return summarize_invitations(scope, now, rows)


def list_unfinished_invitations(scope: Scope, now: datetime) -> list[InvitationSummary]:
    """The invitations that nobody has finished or taken back: by the day of the visit, by name."""
    still = (Invitation.finished_at.is_(None), Invitation.revoked_at.is_(None))
    by_day = [Invitation.appointment_on.is_(None), Invitation.appointment_on, Invitation.id]
    rows = scope.find_all(Invitation, *still, order_by=by_day, limit=MOST_UNFINISHED)
    found = summarize_invitations(scope, now, rows)
    return sorted(found, key=lambda one: (one.appointment_on or date.max, one.person.name.lower()))


def find_invitation(scope: Scope, now: datetime, invitation: str) -> InvitationSummary:
    """One invitation that is not taken back. Raises NoSuchInvitation."""
    found = scope.find_one(Invitation, id=invitation, revoked_at=None)
    shown = summarize_invitations(scope, now, [found] if found else [])
    if not shown:
        raise NoSuchInvitation
    return shown[0]


def open_invitation(store: Store, token: str, now: datetime) -> OpenedInvitation:
    """What a link leads to. Looking uses nothing up. Raises InvitationGone."""
    with store.reading_scope(encryption.parse_clinic_id(token)) as scope:
        found = scope.find_one(Invitation, token_hash=encryption.hash_token(token))
        if found is None or not is_invitation_open(found, now):
            raise InvitationGone
        person = people.find_people(scope, [found.person_id]).get(found.person_id)
        if person is None:
            raise InvitationGone
        clinic, finished = load_clinic(scope), found.finished_at is not None
        return OpenedInvitation(clinic, found.id, person.name, found.appointment_on, finished)


def note_beginning(store: Store, clinic: str, invitation: str, now: datetime) -> None:
    """Note that its person began to answer; only the first time counts."""
    _note_first_time(store, clinic, invitation, now, "begun_at")


def note_stop_page(store: Store, clinic: str, invitation: str, now: datetime) -> None:
    """Note that its person met the stop page; only the first time counts."""
    _note_first_time(store, clinic, invitation, now, "stopped_at")


def _note_first_time(
    store: Store, clinic: str, invitation: str, now: datetime, column: str
) -> None:
    not_yet = {"id": invitation, column: None}
    with store.reading_scope(clinic) as scope:
        if scope.find_one(Invitation, **not_yet) is None:
            return
    with store.writing_scope(clinic, now, PATIENT) as scope:
        scope.update_rows(Invitation, **not_yet, to={column: now})


def find_token_by_code(store: Store, code: str, now: datetime, *, address: str) -> str:
    """The link's token of a code that was typed. Raises InvitationGone or RateLimitExceeded."""
    buckets = [(CODE_ATTEMPT_LIMIT, network_prefix(address)), (GLOBAL_CODE_LIMIT, "")]
    rate_limits.acquire_from_buckets(store.engine, buckets, now)
    clinic, invitation = server_records.resolve_word(store, "code", normalize_code(code)) or (
        "",
        "",
    )
    token = derive_link_token(store.keyring, clinic, invitation)
    open_invitation(store, token, now)
    return token


def check_answers_code(
    store: Store, clinic: str, invitation: str, code: str, now: datetime
) -> bool:
    """Whether this code shows the answers in any browser. Raises RateLimitExceeded after five."""
    rate_limits.acquire_tokens(store.engine, ANSWERS_CODE_LIMIT, f"{clinic} {invitation}", now)
    return normalize_code(code) == derive_answers_code(store.keyring, invitation)


def resolve_token(store: Store, token: str) -> tuple[str, str]:
    """(The clinic, the invitation) of a link, whatever became of it. Raises InvitationGone."""
    hashed = encryption.hash_token(token)
    with store.reading_scope(encryption.parse_clinic_id(token)) as scope:
        found = scope.require_one(Invitation, InvitationGone, token_hash=hashed)
    return found.clinic_id, found.id


def is_invitation_open(
    invitation: Invitation, now: datetime, grace: timedelta = timedelta()
) -> bool:
    """Whether it still leads anywhere; a finished one goes on to show what became of it."""
    if invitation.revoked_at is not None:
        return False
    return invitation.finished_at is not None or now < invitation.expires_at + grace


def derive_link_token(keyring: KeyEncryptionKeys, clinic: str, invitation: str) -> str:
    """The token of the link: 256 bits that nobody can work out without the keyring."""
    return f"{clinic}.{keyring.keyed_hash('invitation link', clinic, invitation)}"


def derive_invitation_code(keyring: KeyEncryptionKeys, invitation: str) -> str:
    """The code to read over the phone."""
    return spell_code(keyring.keyed_hash("invitation code", invitation))


def derive_answers_code(keyring: KeyEncryptionKeys, invitation: str) -> str:
    """The code that the clinic reads out, apart from the link, to whom it has checked."""
    return spell_code(keyring.keyed_hash("answers code", invitation))


def spell_code(fingerprint: str) -> str:
    """A keyed hash as a code that people can read out and type."""
    number, base = int(fingerprint, 16), len(CODE_LETTERS)
    return "".join(CODE_LETTERS[number // base**place % base] for place in range(CODE_LENGTH))


def normalize_code(code: str) -> str:
    """A code without what people put between its letters, in whatever width they were typed."""
    plain = unicodedata.normalize("NFKC", code).upper()
    return "".join(letter for letter in plain if letter in CODE_LETTERS)


def summarize_invitations(
    scope: Scope, now: datetime, rows: Sequence[Invitation]
) -> list[InvitationSummary]:
    """These rows as staff see them, without those whose person is forgotten."""
    known = people.find_people(scope, {row.person_id for row in rows})
    opened = record_keys.load_data_keys(scope, known)
    messages = patient_messages.find_newest(scope, [row.id for row in rows])
    return [
        InvitationSummary(
            row.id,
            known[row.person_id],
            row.appointment_on,
            open_sealed_field(opened[row.person_id], row, "appointment_kind"),
            derive_link_token(scope.keyring, scope.clinic, row.id),
            derive_invitation_code(scope.keyring, row.id),
            row.expires_at,
            now >= row.expires_at,
            row.begun_at,
            row.stopped_at,
            open_sealed_field(opened[row.person_id], row, "contact"),
            messages.get(row.id),
        )
        for row in rows
        if row.person_id in known
    ]


def open_sealed_field(key: DataKey, row: Invitation, name: str) -> str:
    """The appointment_kind or contact of an invitation; "" where there is none."""
    sealed = getattr(row, f"{name}_sealed")
    return key.open_field("invitation", row.id, name, sealed) if sealed else ""
