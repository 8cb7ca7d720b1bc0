"""A clinic's own identity provider: which it is, whom of the staff it knows, and what it last said.

Whoever it lets in has the role of their group. A member is known by the provider's name for them
and never by an e-mail address, so nobody takes over an account of ours by having the same one. A
session that it gave is asked about again and again; once it says no, or nothing for too long, the
session ends. It speaks to nobody: that is app/web/identity_provider.py.
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from app.store.accounts import sessions, staff
from app.store.accounts.sessions import NotSignedIn, SignInRefused
from app.store.clinics import load_clinic
from app.store.db import audit, encryption, record_keys, server_records
from app.store.db.scope import Scope, Store, WritingScope
from app.store.db.tables import IdentityProvider, Staff, StaffSession

ROLE_ORDER = ("lead", "nurse", "admin", "auditor")
"""Who is in the groups of several roles has the first of these."""
CONFIRM_AFTER = timedelta(minutes=3)
"""A job looks each minute, so that a role that was taken away ends a session within five."""


class NoProvider(Exception):
    """The clinic has no identity provider."""


class ProviderSettings(NamedTuple):
    """`roles`: the group at the provider, by role; `claim`: where it says the groups."""

    issuer: str
    client_id: str
    secret: str
    claim: str
    roles: Mapping[str, str]


class ProviderIdentity(NamedTuple):
    """Someone as the provider knows them. `refresh`: by which it is asked about them again."""

    subject: str
    name: str
    email: str
    groups: Collection[str]
    refresh: str


class UnconfirmedSession(NamedTuple):
    """A session that the provider is to be asked about."""

    token_hash: str
    staff: str
    refresh: str


def save_provider(scope: WritingScope, chosen: ProviderSettings) -> None:
    """Let this provider sign people in; whom another one signed in, is signed out."""
    remove_provider(scope)
    key = record_keys.load_data_key(scope, scope.clinic)
    place = ("identity_provider", scope.clinic, "client_secret")
    scope.add_row(
        IdentityProvider,
        issuer=chosen.issuer,
        client_id=chosen.client_id,
        client_secret_sealed=key.seal_field(*place, chosen.secret),
        groups_claim=chosen.claim,
        roles=dict(chosen.roles),
    )
    groups = ", ".join(f"{role}={group}" for role, group in chosen.roles.items())
    subject = ("clinic", scope.clinic)
    audit.record_event(scope, "provider_chosen", subject, issuer=chosen.issuer, groups=groups)


def remove_provider(scope: WritingScope) -> None:
    """Let nobody in by a provider any more, and sign out whom it had let in."""
    if scope.delete_rows(IdentityProvider):
        scope.delete_rows(StaffSession, StaffSession.confirmed_at.is_not(None))
        audit.record_event(scope, "provider_removed", ("clinic", scope.clinic))


def load_provider(scope: Scope) -> ProviderSettings:
    """The provider of the clinic. Raises NoProvider."""
    row = scope.require_one(IdentityProvider, NoProvider)
    key = record_keys.load_data_key(scope, scope.clinic)
    place = ("identity_provider", scope.clinic, "client_secret")
    secret = key.open_field(*place, row.client_secret_sealed)
    return ProviderSettings(row.issuer, row.client_id, secret, row.groups_claim, row.roles)


def list_clinics(store: Store) -> list[tuple[str, str]]:
    """(Id, name) of each clinic that has one, by name."""
    found = []
    for clinic in store.list_clinic_ids():
        with store.reading_scope(clinic) as scope:
            if scope.find_one(IdentityProvider) is not None:
                found.append((clinic, load_clinic(scope).name))
    return sorted(found, key=lambda pair: pair[1])


def choose_role(roles: Mapping[str, str], groups: Collection[str]) -> str:
    """The role of who is in these groups; "" for nobody's."""
    return next((role for role in ROLE_ORDER if role in roles and roles[role] in groups), "")


def sign_in_by_provider(
    store: Store,
    clinic: str,
    who: ProviderIdentity,
    now: datetime,
    *,
    address: str,
    browser: str,
) -> str:
    """The id of a new session of this person, who becomes one of the staff the first time.

    Raises SignInRefused for who is shut out here or in no group of the clinic.
    """
    with store.writing_scope(clinic, now, "nobody") as scope:
        chosen = load_provider(scope)
        role, print_ = choose_role(chosen.roles, who.groups), _hash_subject(scope, chosen, who)
        known = scope.find_one(Staff, subject_print=print_)
        member = known.id if known else ""
        refused = not role or (known is not None and known.disabled_at is not None)
        if refused:
            why = "disabled" if role else "group"
            audit.record_event(scope, "sign_in_refused", ("staff", member), address, why=why)
        elif known is None:
            member = _add_member(scope, who, role, print_)
        else:
            _set_role(scope, known, role)
        if not refused:
            token = sessions.begin_session(scope, member, browser, full_since=now)
            _keep_confirmation(scope, encryption.hash_token(token), member, who.refresh)
            acting = scope.act_as(member)
            audit.record_event(acting, "signed_in", ("staff", member), address, by="provider")
    if refused:  # after the transaction, so that the entry of the audit stays
        raise SignInRefused
    return token


def prove_by_provider(
    store: Store, clinic: str, token_hash: str, who: ProviderIdentity, now: datetime
) -> None:
    """Note that who is signed in has just signed in at the provider once more.

    Raises NotSignedIn where it is another session or person.
    """
    with store.writing_scope(clinic, now, "nobody") as scope:
        session, member = sessions.load_live_session(scope, token_hash, now)
        print_ = _hash_subject(scope, load_provider(scope), who)
        if session.confirmed_at is None or member.subject_print != print_:
            raise NotSignedIn
        to = {"proved_at": now}
        scope.update_rows(StaffSession, token_hash=session.token_hash, to=to)
        _keep_confirmation(scope, session.token_hash, member.id, who.refresh)
        audit.record_event(scope.act_as(member.id), "proved_again", ("staff", member.id))


def list_unconfirmed(scope: Scope, now: datetime) -> list[UnconfirmedSession]:
    """The live sessions of which the provider has said nothing for a while."""
    old = StaffSession.confirmed_at <= now - CONFIRM_AFTER
    rows = [row for row in scope.find_all(StaffSession, old) if sessions.is_session_live(row, now)]
    keys = record_keys.load_data_keys(scope, {row.staff_id for row in rows})
    return [
        UnconfirmedSession(row.token_hash, row.staff_id, _open_refresh(keys[row.staff_id], row))
        for row in rows
        if row.staff_id in keys
    ]


def confirm_session(
    scope: WritingScope, session: UnconfirmedSession, who: ProviderIdentity
) -> bool:
    """Keep what the provider said of a session; give whether it goes on.

    In no group any more, or someone else, all their sessions end.
    """
    chosen, member = load_provider(scope), staff.find_staff(scope, session.staff)
    role = choose_role(chosen.roles, who.groups)
    if not role or member.subject_print != _hash_subject(scope, chosen, who):
        end_sessions(scope, session.staff)
        return False
    _set_role(scope, member, role)
    _keep_confirmation(scope, session.token_hash, session.staff, who.refresh)
    return True


def end_sessions(scope: WritingScope, member: str) -> None:
    """End all sessions of whom the provider lets in no more."""
    ended = staff.end_all_sessions(scope, member)
    audit.record_event(scope, "provider_said_no", ("staff", member), sessions_ended=ended)


def _add_member(scope: WritingScope, who: ProviderIdentity, role: str, print_: str) -> str:
    member = secrets.token_urlsafe(12)
    key = record_keys.create_data_key(scope, member)
    scope.add_row(
        Staff,
        id=member,
        name=who.name,
        role=role,
        email_sealed=key.seal_field("staff", member, "email", who.email),
        # No word of a sign-in leads there: a local account of this address stays another one.
        email_print=server_records.hash_word(scope, "staff", f"provider {print_}"),
        made_at=scope.now,
        joined_at=scope.now,
        subject_print=print_,
    )
    audit.record_event(scope, "staff_joined", ("staff", member), by="provider", role=role)
    return member


def _set_role(scope: WritingScope, member: Staff, role: str) -> None:
    if member.role != role:
        scope.update_rows(Staff, id=member.id, to={"role": role})
        subject, facts = ("staff", member.id), {"was": member.role, "is": role}
        audit.record_event(scope, "role_changed", subject, **facts)


def _keep_confirmation(scope: WritingScope, token_hash: str, member: str, refresh: str) -> None:
    key = record_keys.load_data_key(scope, member)
    sealed = key.seal_field("staff_session", token_hash, "refresh", refresh)
    to = {"refresh_sealed": sealed, "confirmed_at": scope.now}
    scope.update_rows(StaffSession, token_hash=token_hash, to=to)


def _open_refresh(key: encryption.DataKey, row: StaffSession) -> str:
    sealed = row.refresh_sealed
    return key.open_field("staff_session", row.token_hash, "refresh", sealed) if sealed else ""


def _hash_subject(scope: Scope, chosen: ProviderSettings, who: ProviderIdentity) -> str:
    words = (scope.clinic, chosen.issuer, who.subject)
    return scope.keyring.keyed_hash("provider subject", *words)
