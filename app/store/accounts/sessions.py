"""Signing in, staying signed in, and signing out: sessions kept here, a random id in the browser.

Whoever is refused is told the same, after the same time, whatever the reason. Limits slow down
guessing and never lock anyone out for good. Knows no cookies and no pages.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col

from app.store import permissions
from app.store.accounts import devices, factors, passwords
from app.store.accounts.staff import sign_in_name
from app.store.ground import limits, signposts, tokens
from app.store.ground.limits import Limit
from app.store.ground.neighbourhood import neighbourhood
from app.store.ground.scope import Scope, Store, WritingScope
from app.store.keeping import audit
from app.store.tables import Staff, StaffSession

IDLE, LONGEST = timedelta(minutes=15), timedelta(hours=12)
BETWEEN_FACTORS = timedelta(minutes=10)
PROOF_LASTS = timedelta(minutes=5)
_WITH_STAFF = (
    *(col(StaffSession.token_hash), col(StaffSession.staff_id), col(StaffSession.stage)),
    *(col(StaffSession.started_at), col(StaffSession.seen_at), col(StaffSession.proved_at)),
    *(col(Staff.name), col(Staff.role)),
)
_TOUCH_AFTER = timedelta(seconds=30)  # not every request need write

_FIVE_MINUTES = timedelta(minutes=5)
ADDRESS = Limit("sign-in from one address", 10, _FIVE_MINUTES)
ACCOUNT = Limit("sign-in of one account", 2 * ADDRESS.tries, _FIVE_MINUTES)
"""More than one address has, which alone can therefore keep nobody out."""
SERVER = Limit("sign-in", 1000, _FIVE_MINUTES)
DEVICE = Limit("sign-in in a browser that is known", 10, _FIVE_MINUTES)
"""Taken instead of all of these, so that nobody elsewhere can use it up."""
FACTOR = (
    Limit("second factor", 5, _FIVE_MINUTES),
    Limit("second factor in an hour", 20, timedelta(hours=1)),
    Limit("second factor in a day", 50, timedelta(days=1)),
)


class Refused(Exception):
    """The sign-in or code was not accepted; nobody is told why."""


class NotSignedIn(Exception):
    """No session: never begun, ended, idle for too long, or too old."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Someone of a clinic's staff on one browser."""

    clinic: str
    staff: str
    name: str
    role: str
    token_hash: str
    proved_at: datetime
    ends_at: datetime

    def may(self, permission: str) -> bool:
        """Whether their role has the permission."""
        return permissions.may(self.role, permission)

    def proved_lately(self, now: datetime) -> bool:
        """Whether the second factor was shown within the last minutes."""
        return now - self.proved_at < PROOF_LASTS


def sign_in(
    store: Store,
    email: str,
    password: str,
    now: datetime,
    *,
    address: str,
    browser: str,
    marks: Sequence[str] = (),
) -> str:
    """The first half, by password: the id of a session that is good for `prove` alone.

    `marks`: what earlier sign-ins left in the browser, see `devices`.
    Raises Refused or limits.TooMany.
    """
    word = sign_in_name(email)
    clinic, staff = signposts.follow(store, "staff", word) or (audit.SERVER, "")
    with store.reading(clinic) as scope:
        found = scope.one(Staff, id=staff)
    account = signposts.word_print(store, "staff", word)
    _take_a_try(store, account, devices.known(store.keyring, found, marks), now, address)
    kept = found.password_hash if found and found.disabled_at is None else None
    renewed = passwords.checked(password, kept)
    with store.writing(clinic) as scope:
        # While the password was looked at, it may have been changed, or its owner disabled.
        still = scope.one(Staff, id=staff, password_hash=kept, disabled_at=None)
        if renewed is not None and still is not None:
            if renewed != kept:
                scope.change(Staff, id=staff, to={"password_hash": renewed})
            audit.add(scope, now, staff, "password_given", ("staff", staff), address)
            return _begin(scope, staff, "factor", browser, now, now, None)
        audit.add(scope, now, "nobody", "sign_in_refused", ("staff", staff), address)
    raise Refused


def _take_a_try(store: Store, account: str, device: str, now: datetime, address: str) -> None:
    """Raises limits.TooMany."""
    if device:
        with suppress(limits.TooMany):  # then it is a browser like any other
            limits.take(store.engine, DEVICE, device, now)
            return
    # In this order: a try that is refused for its address costs nobody else one.
    buckets = [(ADDRESS, neighbourhood(address)), (ACCOUNT, account), (SERVER, "")]
    limits.take_each(store.engine, buckets, now)


def prove(store: Store, token: str, code: str, now: datetime, *, address: str) -> str:
    """The second half, and again before what needs it afresh: a new id for the session.

    Takes a six-digit code or a recovery code. Raises NotSignedIn, Refused or limits.TooMany.
    """
    clinic = tokens.clinic_of(token)
    with store.reading(clinic) as scope:
        session, staff = _live(scope, token, now)
    limits.take_each(store.engine, [(limit, staff.id) for limit in FACTOR], now)
    with store.writing(clinic) as scope:
        session, staff = _live(scope, token, now)
        first = session.stage == "factor"
        accepted = factors.use(scope, staff, code, now)
        done = "signed_in" if first else "proved_again"
        action = done if accepted else "second_factor_refused"
        audit.add(scope, now, staff.id, action, ("staff", staff.id), address)
        if accepted:
            scope.remove(StaffSession, token_hash=session.token_hash)
            started = now if first else session.started_at
            fresh = _begin(scope, staff.id, "full", session.browser, started, now, now)
    if not accepted:
        raise Refused
    limits.give_back(store.engine, FACTOR[0], staff.id)
    return fresh


def signed_in(store: Store, token: str, now: datetime, *, active: bool = True) -> SignedIn:
    """Who is signed in. Raises NotSignedIn.

    With `active` false, as for an open stream, looking does not keep the session alive.
    """
    clinic = tokens.clinic_of(token)
    with store.reading(clinic) as scope:
        # Both in one query, since every request asks this.
        asked = scope.columns(*_WITH_STAFF).where(col(Staff.id) == col(StaffSession.staff_id))
        mine = (
            col(StaffSession.token_hash) == tokens.hashed(token),
            col(Staff.disabled_at).is_(None),
        )
        session: Any = scope.run(asked.where(*mine)).one_or_none()
    if session is None or not lives(session, now):
        raise NotSignedIn
    if session.stage != "full" or session.proved_at is None:
        raise NotSignedIn
    seen = session.seen_at
    if active and now - seen >= _TOUCH_AFTER:
        with store.writing(clinic) as scope:
            scope.change(StaffSession, token_hash=session.token_hash, to={"seen_at": now})
        seen = now
    ends = min(seen + IDLE, session.started_at + LONGEST)
    return SignedIn(
        clinic,
        session.staff_id,
        session.name,
        session.role,
        session.token_hash,
        session.proved_at,
        ends,
    )


def sign_out(store: Store, token: str, now: datetime) -> None:
    """End the session, if it is one."""
    with store.writing(tokens.clinic_of(token)) as scope:
        session = scope.one(StaffSession, token_hash=tokens.hashed(token))
        if session is not None:
            scope.remove(StaffSession, token_hash=session.token_hash)
            staff = session.staff_id
            audit.add(scope, now, staff, "signed_out", ("staff", staff))


def present(scope: Scope, now: datetime) -> set[str]:
    """Who of the staff is signed in now."""
    proved = col(StaffSession.proved_at).is_not(None)
    return {s.staff_id for s in scope.all(StaffSession, proved, stage="full") if lives(s, now)}


def end(scope: WritingScope, staff: str, token_hash: str) -> bool:
    """End one session of someone, picked from `of`; give whether there was one."""
    return scope.remove(StaffSession, staff_id=staff, token_hash=token_hash) == 1


def of(scope: Scope, staff: str) -> list[StaffSession]:
    """Someone's sessions, the newest first."""
    return scope.all(StaffSession, staff_id=staff, order_by=[col(StaffSession.started_at).desc()])


def lives(session: StaffSession, now: datetime) -> bool:
    """Whether it is still good: used lately enough, and not too old."""
    longest = LONGEST if session.stage == "full" else BETWEEN_FACTORS
    return now < min(session.seen_at + IDLE, session.started_at + longest)


def sweep(scope: WritingScope, now: datetime) -> int:
    """Forget sessions that are over; give how many there were."""
    over = (col(StaffSession.seen_at) <= now - IDLE) | (
        col(StaffSession.started_at) <= now - LONGEST
    )
    return scope.remove(StaffSession, over)


def _begin(
    scope: WritingScope,
    staff: str,
    stage: str,
    browser: str,
    started: datetime,
    now: datetime,
    proved: datetime | None,
) -> str:
    token = tokens.new(scope.clinic)
    scope.add(
        StaffSession,
        token_hash=tokens.hashed(token),
        staff_id=staff,
        stage=stage,
        browser=browser[:100],
        started_at=started,
        seen_at=now,
        proved_at=proved,
    )
    return token


def _live(scope: Scope, token: str, now: datetime) -> tuple[StaffSession, Staff]:
    session = scope.one(StaffSession, token_hash=tokens.hashed(token))
    if session is None:
        raise NotSignedIn
    staff = scope.one(Staff, id=session.staff_id, disabled_at=None)
    if staff is None or not lives(session, now):
        raise NotSignedIn
    return session, staff
