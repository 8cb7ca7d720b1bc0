"""Those who work at a clinic: inviting them by a link, joining, changing a password, disabling.

Nobody ever sees or chooses another one's password. Knows no pages and no words for people.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col

from app.store.accounts import factors, passwords
from app.store.clinics import NameTaken, name_of
from app.store.ground import keys, limits, signposts, tokens
from app.store.ground.limits import Limit
from app.store.ground.scope import Scope, Store, WritingScope
from app.store.keeping import audit
from app.store.tables import Staff, StaffInvite, StaffSession

LINK_LASTS = timedelta(minutes=30)
CHANGES = Limit("password change of one account", 10, timedelta(minutes=5))


class LinkGone(Exception):
    """The link was used, is too old, was replaced, or never was: nobody is told which."""


class BadPassword(Exception):
    """The new password will not do; `problem` is short, long or common."""

    def __init__(self, problem: passwords.Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class WrongCode(Exception):
    """The six-digit code is not the one of now, so the second factor does not work yet."""


class NoSuchStaff(Exception):
    """Nobody of this id works at this clinic."""


@dataclass(frozen=True, slots=True)
class Joining:
    """Someone who has opened their link, and the second factor that they are to set up."""

    clinic: str
    clinic_name: str
    staff: str
    name: str
    email: str
    secret: str

    @property
    def address(self) -> str:
        """What an authenticator app reads from a QR code."""
        return factors.address(self.secret, self.email, f"Calcinosis Check, {self.clinic_name}")


def invite(scope: WritingScope, now: datetime, by: str, *, email: str, name: str, role: str) -> str:
    """Add someone to the staff; give the token of the link by which they join. Raises NameTaken."""
    staff = secrets.token_urlsafe(12)
    if not signposts.put_up(scope, "staff", sign_in_name(email), staff):
        raise NameTaken
    key = keys.make(scope, staff)
    scope.add(
        Staff,
        id=staff,
        name=name,
        role=role,
        email_sealed=key.seal("staff", staff, "email", email.strip()),
        email_print=signposts.word_print(scope, "staff", sign_in_name(email)),
        made_at=now,
    )
    audit.add(scope, now, by, "staff_invited", ("staff", staff), role=role)
    return _new_link(scope, now, by, staff)


def invite_again(scope: WritingScope, now: datetime, by: str, staff: str) -> str:
    """A new link for someone who lost theirs, or their password, or their second factor.

    Until it is used, what they have still works. Raises NoSuchStaff.
    """
    if _known(scope, staff).disabled_at is not None:
        raise NoSuchStaff
    audit.add(scope, now, by, "staff_invited_again", ("staff", staff))
    return _new_link(scope, now, by, staff)


def opened(store: Store, token: str, now: datetime) -> Joining:
    """Who a link is for. Looking does not use it up. Raises LinkGone."""
    clinic = tokens.clinic_of(token)
    with store.reading(clinic) as scope:
        staff = _invited(scope, token, now)
        clinic_name, email = name_of(scope), email_of(scope, staff)
    secret = factors.secret_for(store.keyring, token)
    return Joining(clinic, clinic_name, staff.id, staff.name, email, secret)


def join(store: Store, token: str, password: str, code: str, now: datetime) -> list[str]:
    """Set password and second factor, once; give the recovery codes, to be shown once.

    All sessions end. Raises LinkGone, BadPassword or WrongCode.
    """
    joining = opened(store, token, now)
    wrong = passwords.problem(password, [joining.clinic_name, joining.name, joining.email])
    if wrong is not None:
        raise BadPassword(wrong)
    step = factors.step_of(joining.secret, code, now)
    if step is None:
        raise WrongCode
    kept = passwords.hashed(password)
    with store.writing(joining.clinic) as scope:
        staff = _invited(scope, token, now)  # by now, another tab may have been first
        scope.change(StaffInvite, token_hash=tokens.hashed(token), to={"used_at": now})
        scope.change(Staff, id=staff.id, to={"password_hash": kept, "joined_at": now})
        codes = factors.enrol(scope, staff.id, joining.secret, step)
        ended = end_sessions(scope, staff.id)
        audit.add(scope, now, staff.id, "staff_joined", ("staff", staff.id), sessions_ended=ended)
    return codes


def change_password(
    store: Store, clinic: str, staff: str, old: str, new: str, now: datetime
) -> bool:
    """Change one's own password and end all one's sessions; False where the old one is wrong.

    Raises BadPassword, NoSuchStaff or limits.TooMany.
    """
    limits.take(store.engine, CHANGES, staff, now)
    with store.reading(clinic) as scope:
        found = _known(scope, staff)
        context = [found.name, email_of(scope, found), name_of(scope)]
    if passwords.checked(old, found.password_hash) is None:
        return False
    wrong = passwords.problem(new, [*context, old])
    if wrong is not None:
        raise BadPassword(wrong)
    kept = passwords.hashed(new)
    with store.writing(clinic) as scope:
        same = {"id": staff, "password_hash": found.password_hash}
        if scope.change(Staff, **same, to={"password_hash": kept}) == 0:
            return False
        ended = end_sessions(scope, staff)
        audit.add(scope, now, staff, "password_changed", ("staff", staff), sessions_ended=ended)
    return True


def disable(scope: WritingScope, now: datetime, by: str, staff: str) -> None:
    """Shut someone out at once: their sessions and links end. Raises NoSuchStaff."""
    _known(scope, staff)
    scope.change(Staff, id=staff, to={"disabled_at": now})
    _drop_links(scope, now, staff)
    ended = end_sessions(scope, staff)
    audit.add(scope, now, by, "staff_disabled", ("staff", staff), sessions_ended=ended)


def enable(scope: WritingScope, now: datetime, by: str, staff: str) -> str:
    """Let someone back in, by a new link and with a new password. Raises NoSuchStaff."""
    _known(scope, staff)
    scope.change(Staff, id=staff, to={"disabled_at": None, "password_hash": None})
    audit.add(scope, now, by, "staff_enabled", ("staff", staff))
    return _new_link(scope, now, by, staff)


def names(scope: Scope, members: Iterable[str]) -> dict[str, str]:
    """What these members are called, by id."""
    asked = scope.columns(col(Staff.id), col(Staff.name))
    rows: list[Any] = list(scope.run(asked.where(col(Staff.id).in_(list(members)))))
    return {row.id: row.name for row in rows}


def everyone(scope: Scope) -> list[Staff]:
    """All staff of the clinic, by name, disabled ones too."""
    return scope.all(Staff, order_by=[col(Staff.name), col(Staff.id)])


def one(scope: Scope, staff: str) -> Staff:
    """The one of this id. Raises NoSuchStaff."""
    return _known(scope, staff)


def email_of(scope: Scope, staff: Staff) -> str:
    """The address that someone signs in with."""
    return keys.of(scope, staff.id).open("staff", staff.id, "email", staff.email_sealed)


def end_sessions(scope: WritingScope, staff: str) -> int:
    """End all of someone's sessions; give how many there were."""
    return scope.remove(StaffSession, staff_id=staff)


def sign_in_name(email: str) -> str:
    """The address as it is compared: capitals and stray spaces do not count."""
    return email.strip().casefold()


def _new_link(scope: WritingScope, now: datetime, by: str, staff: str) -> str:
    """The only link that works for them from now on."""
    _drop_links(scope, now, staff)
    token = tokens.new(scope.clinic)
    scope.add(
        StaffInvite,
        token_hash=tokens.hashed(token),
        staff_id=staff,
        made_by=by,
        made_at=now,
        expires_at=now + LINK_LASTS,
    )
    return token


def _drop_links(scope: WritingScope, now: datetime, staff: str) -> None:
    unused = col(StaffInvite.used_at).is_(None)
    scope.change(StaffInvite, unused, staff_id=staff, to={"used_at": now})


def _invited(scope: Scope, token: str, now: datetime) -> Staff:
    link = scope.one(StaffInvite, token_hash=tokens.hashed(token))
    if link is None or link.used_at is not None or now >= link.expires_at:
        raise LinkGone
    return _known(scope, link.staff_id)


def _known(scope: Scope, staff: str) -> Staff:
    found = scope.one(Staff, id=staff)
    if found is None:
        raise NoSuchStaff
    return found
