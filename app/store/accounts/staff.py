"""Those who work at a clinic: inviting them by a link, joining, changing a password, disabling.

Nobody ever sees or chooses another one's password.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam

from app.store.accounts import factors, passwords
from app.store.clinics import NameTaken, load_clinic
from app.store.db import audit, encryption, rate_limits, record_keys, server_records
from app.store.db.rate_limits import RateLimit
from app.store.db.scope import Scope, Store, WritingScope, prepare_columns, prepare_statement
from app.store.db.tables import Staff, StaffInvite, StaffSession

LINK_LIFETIME = timedelta(minutes=30)
_NAMES = prepare_statement(
    prepare_columns(Staff.id, Staff.name).where(Staff.id.in_(bindparam("members", expanding=True)))
)
PASSWORD_CHANGE_LIMIT = RateLimit("password change of one account", 10, timedelta(minutes=5))


class LinkGone(Exception):
    """The link was used, is too old, was replaced, or never was: nobody is told which."""


class BadPassword(Exception):
    """The new password will not do; `problem` is short, long or common."""

    def __init__(self, problem: passwords.PasswordProblem) -> None:
        super().__init__(problem)
        self.problem = problem


class WrongCode(Exception):
    """The six-digit code is not the one of now, so the second factor does not work yet.

    `clock_error`: see `factors.measure_clock_error`.
    """

    def __init__(self, clock_error: int = 0) -> None:
        super().__init__()
        self.clock_error = clock_error


class NoSuchStaff(Exception):
    """Nobody of this id works at this clinic."""


class JoiningStaff(NamedTuple):
    """Someone who has opened their link, and the second factor that they are to set up."""

    clinic: str
    clinic_name: str
    staff: str
    name: str
    email: str
    secret: str

    @property
    def totp_uri(self) -> str:
        """What an authenticator app reads from a QR code."""
        issuer = f"Calcinosis Check, {self.clinic_name}"
        return factors.build_totp_uri(self.secret, self.email, issuer)


def invite_staff(scope: WritingScope, *, email: str, name: str, role: str) -> str:
    """Add someone to the staff; give the token of the link by which they join. Raises NameTaken."""
    staff = secrets.token_urlsafe(12)
    if not server_records.index_word(scope, "staff", normalize_email(email), staff):
        raise NameTaken
    key = record_keys.create_data_key(scope, staff)
    scope.add_row(
        Staff,
        id=staff,
        name=name,
        role=role,
        email_sealed=key.seal_field("staff", staff, "email", email.strip()),
        email_print=server_records.hash_word(scope, "staff", normalize_email(email)),
        made_at=scope.now,
    )
    audit.record_event(scope, "staff_invited", ("staff", staff), role=role)
    return _issue_link(scope, staff)


def reinvite_staff(scope: WritingScope, staff: str) -> str:
    """A new link for someone who lost theirs or a factor; what they have works until it is used.

    Raises NoSuchStaff.
    """
    if find_staff(scope, staff).disabled_at is not None:
        raise NoSuchStaff
    audit.record_event(scope, "staff_invited_again", ("staff", staff))
    return _issue_link(scope, staff)


def open_staff_invite(store: Store, token: str, now: datetime) -> JoiningStaff:
    """Who a link is for. Looking does not use it up. Raises LinkGone."""
    clinic = encryption.parse_clinic_id(token)
    with store.reading_scope(clinic) as scope:
        staff = _find_invited_staff(scope, token, now)
        clinic_name, email = load_clinic(scope).name, read_staff_email(scope, staff)
    secret = factors.derive_totp_secret(store.keyring, token)
    return JoiningStaff(clinic, clinic_name, staff.id, staff.name, email, secret)


def join_staff(store: Store, token: str, password: str, code: str, now: datetime) -> list[str]:
    """Set password and second factor, once, which ends all sessions; give the recovery codes.

    Raises LinkGone, BadPassword or WrongCode.
    """
    joining = open_staff_invite(store, token, now)
    _require_good_password(password, [joining.clinic_name, joining.name, joining.email])
    step = factors.match_totp_step(joining.secret, code, now)
    if step is None:
        raise WrongCode(factors.measure_clock_error(joining.secret, code, now))
    kept = passwords.hash_password(password)
    with store.writing_scope(joining.clinic, now, joining.staff) as scope:
        staff = _find_invited_staff(scope, token, now)  # by now, another tab may have been first
        scope.update_rows(StaffInvite, token_hash=encryption.hash_token(token), to={"used_at": now})
        scope.update_rows(Staff, id=staff.id, to={"password_hash": kept, "joined_at": now})
        codes = factors.enrol_second_factor(scope, staff.id, joining.secret, step)
        ended = end_all_sessions(scope, staff.id)
        audit.record_event(scope, "staff_joined", ("staff", staff.id), sessions_ended=ended)
    return codes


def change_password(
    store: Store, clinic: str, staff: str, old: str, new: str, now: datetime
) -> bool:
    """Change one's own password and end all one's sessions; False where the old one is wrong.

    Raises BadPassword, NoSuchStaff or RateLimitExceeded.
    """
    rate_limits.acquire_tokens(store.engine, PASSWORD_CHANGE_LIMIT, staff, now)
    with store.reading_scope(clinic) as scope:
        found = find_staff(scope, staff)
        context = [found.name, read_staff_email(scope, found), load_clinic(scope).name]
    if passwords.verify_password(old, found.password_hash) is None:
        return False
    _require_good_password(new, [*context, old])
    kept = passwords.hash_password(new)
    with store.writing_scope(clinic, now, staff) as scope:
        same = {"id": staff, "password_hash": found.password_hash}
        if scope.update_rows(Staff, **same, to={"password_hash": kept}) == 0:
            return False
        ended = end_all_sessions(scope, staff)
        audit.record_event(scope, "password_changed", ("staff", staff), sessions_ended=ended)
    return True


def disable_staff(scope: WritingScope, staff: str) -> None:
    """Shut someone out at once: their sessions and links end. Raises NoSuchStaff."""
    find_staff(scope, staff)
    scope.update_rows(Staff, id=staff, to={"disabled_at": scope.now})
    _revoke_links(scope, staff)
    ended = end_all_sessions(scope, staff)
    audit.record_event(scope, "staff_disabled", ("staff", staff), sessions_ended=ended)


def enable_staff(scope: WritingScope, staff: str) -> str:
    """Let someone back in, by a new link and with a new password. Raises NoSuchStaff."""
    find_staff(scope, staff)
    scope.update_rows(Staff, id=staff, to={"disabled_at": None, "password_hash": None})
    audit.record_event(scope, "staff_enabled", ("staff", staff))
    return _issue_link(scope, staff)


def find_staff_names(scope: Scope, members: Iterable[str]) -> dict[str, str]:
    """What these members are called, by id."""
    rows: Any = scope.execute_read(_NAMES, members=list(members))
    return {row.id: row.name for row in rows}


def list_staff(scope: Scope) -> list[Staff]:
    """All staff of the clinic, by name, disabled ones too."""
    return scope.find_all(Staff, order_by=[Staff.name, Staff.id])


def list_staff_names(scope: Scope) -> dict[str, str]:
    """What everyone of the staff is called, by id; disabled ones too."""
    return {member.id: member.name for member in list_staff(scope)}


def find_staff(scope: Scope, staff: str) -> Staff:
    """The one of this id. Raises NoSuchStaff."""
    return scope.require_one(Staff, NoSuchStaff, id=staff)


def read_staff_email(scope: Scope, staff: Staff) -> str:
    """The address that someone signs in with."""
    key = record_keys.load_data_key(scope, staff.id)
    return key.open_field("staff", staff.id, "email", staff.email_sealed)


def end_all_sessions(scope: WritingScope, staff: str) -> int:
    """End all of someone's sessions; give how many there were."""
    return scope.delete_rows(StaffSession, staff_id=staff)


def normalize_email(email: str) -> str:
    """The address as it is compared: capitals and stray spaces do not count."""
    return email.strip().casefold()


def _require_good_password(password: str, context: Iterable[str]) -> None:
    problem = passwords.find_password_problem(password, context)
    if problem is not None:
        raise BadPassword(problem)


def _issue_link(scope: WritingScope, staff: str) -> str:
    """The only link that works for them from now on."""
    _revoke_links(scope, staff)
    token = encryption.make_token(scope.clinic)
    scope.add_row(
        StaffInvite,
        token_hash=encryption.hash_token(token),
        staff_id=staff,
        made_by=scope.who,
        made_at=scope.now,
        expires_at=scope.now + LINK_LIFETIME,
    )
    return token


def _revoke_links(scope: WritingScope, staff: str) -> None:
    unused = StaffInvite.used_at.is_(None)
    scope.update_rows(StaffInvite, unused, staff_id=staff, to={"used_at": scope.now})


def _find_invited_staff(scope: Scope, token: str, now: datetime) -> Staff:
    link = scope.find_one(StaffInvite, token_hash=encryption.hash_token(token))
    if link is None or link.used_at is not None or now >= link.expires_at:
        raise LinkGone
    return find_staff(scope, link.staff_id)
