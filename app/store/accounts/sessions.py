"""Signing in, staying signed in, and signing out: sessions kept here, a random id in the browser.

Whoever is refused is told the same, after the same time, whatever the reason. Limits slow down
guessing and never lock anyone out for good; who tries passwords from elsewhere cannot use up the
tries of a browser in which a member has signed in before. What such a browser holds is random, only
the keyring can tell whose it is, and it ends with the password that it was made for.
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam

from app.store import permissions
from app.store.accounts import factors, passwords
from app.store.accounts.staff import normalize_email
from app.store.db import audit, encryption, rate_limits, server_records
from app.store.db.encryption import KeyEncryptionKeys
from app.store.db.rate_limits import RateLimit, network_prefix
from app.store.db.scope import (
    Scope,
    Store,
    WritingScope,
    prepare_columns,
    prepare_statement,
)
from app.store.db.tables import Staff, StaffSession

IDLE_TIMEOUT, MAX_SESSION_AGE = timedelta(minutes=15), timedelta(hours=12)
SECOND_FACTOR_TIMEOUT = timedelta(minutes=10)
PROOF_LIFETIME = timedelta(minutes=5)
LONGEST_UNCONFIRMED = timedelta(minutes=15)
"""How long a session goes on while the clinic's identity provider cannot be asked."""
_WITH_STAFF = prepare_statement(  # both in one query, since every request asks this
    prepare_columns(
        *(StaffSession.token_hash, StaffSession.staff_id, StaffSession.stage),
        *(StaffSession.started_at, StaffSession.seen_at, StaffSession.proved_at),
        StaffSession.confirmed_at,
        *(Staff.name, Staff.role),
    ).where(
        Staff.id == StaffSession.staff_id,
        StaffSession.token_hash == bindparam("token"),
        Staff.disabled_at.is_(None),
    )
)
_TOUCH_INTERVAL = timedelta(seconds=30)  # not every request need write
_FIVE_MINUTES = timedelta(minutes=5)
ADDRESS_LIMIT = RateLimit("sign-in from one address", 10, _FIVE_MINUTES)
ACCOUNT_LIMIT = RateLimit("sign-in of one account", 2 * ADDRESS_LIMIT.capacity, _FIVE_MINUTES)
"""More than one address has, which alone can therefore keep nobody out."""
SERVER_LIMIT = RateLimit("sign-in", 1000, _FIVE_MINUTES)
DEVICE_LIMIT = RateLimit("sign-in in a browser that is known", 10, _FIVE_MINUTES)
"""Taken instead of all of these, so that nobody elsewhere can use it up."""
SECOND_FACTOR_LIMITS = (
    RateLimit("second factor", 5, _FIVE_MINUTES),
    RateLimit("second factor in an hour", 20, timedelta(hours=1)),
    RateLimit("second factor in a day", 50, timedelta(days=1)),
)
TYPED_CODE_LIMIT = RateLimit("one code", 1, timedelta(minutes=30))
"""What was refused as too early, with a word on the clock, must not count when its time comes."""
MAX_TOKENS_PER_BROWSER = 8
"""So many of a clinic's staff share one browser; a ninth takes the place of who is away longest."""
_HALF_LENGTH = 32  # letters of each half of a mark: what is random, and what shows that we made it
_TOKEN_PATTERN = re.compile(rf"[0-9a-f]{{{2 * _HALF_LENGTH}}}")


class SignInRefused(Exception):
    """Not accepted; nobody is told why, but for `clock_error`: see factors.measure_clock_error."""

    def __init__(self, clock_error: int = 0) -> None:
        super().__init__()
        self.clock_error = clock_error


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
    by_provider: bool = False
    """Signed in by the clinic's identity provider, which is also asked for a proof anew."""

    def has_permission(self, permission: str) -> bool:
        """Whether their role has the permission."""
        return permissions.role_allows(self.role, permission)

    def proved_recently(self, now: datetime) -> bool:
        """Whether the second factor was shown within the last minutes."""
        return now - self.proved_at < PROOF_LIFETIME


def start_sign_in(
    store: Store,
    email: str,
    password: str,
    now: datetime,
    *,
    address: str,
    browser: str,
    device_tokens: Sequence[str] = (),
) -> str:
    """The first half, by password: the id of a session that is good for the second half alone.

    `device_tokens`: what earlier sign-ins left in the browser, see `find_device_token`.
    Raises SignInRefused or RateLimitExceeded.
    """
    word = normalize_email(email)
    clinic, staff = server_records.resolve_word(store, "staff", word) or (audit.SERVER_CHAIN, "")
    with store.reading_scope(clinic) as scope:
        found = scope.find_one(Staff, id=staff)
    device = find_device_token(store.keyring, found, device_tokens)
    _acquire_attempt(store, server_records.hash_word(store, "staff", word), device, now, address)
    kept = found.password_hash if found and found.disabled_at is None else None
    renewed = passwords.verify_password(password, kept)
    with store.writing_scope(clinic, now, "nobody") as scope:
        # While the password was looked at, it may have been changed, or its owner disabled.
        still = scope.find_one(Staff, id=staff, password_hash=kept, disabled_at=None)
        if renewed is not None and still is not None:
            if renewed != kept:
                scope.update_rows(Staff, id=staff, to={"password_hash": renewed})
            audit.record_event(scope.act_as(staff), "password_given", ("staff", staff), address)
            return begin_session(scope, staff, browser)
        audit.record_event(scope, "sign_in_refused", ("staff", staff), address)
    raise SignInRefused


def _acquire_attempt(store: Store, account: str, device: str, now: datetime, address: str) -> None:
    """Raises RateLimitExceeded."""
    if device:
        with suppress(rate_limits.RateLimitExceeded):  # then it is a browser like any other
            rate_limits.acquire_tokens(store.engine, DEVICE_LIMIT, device, now)
            return
    # In this order: a try that is refused for its address costs nobody else one.
    prefix = network_prefix(address)
    buckets = [(ADDRESS_LIMIT, prefix), (ACCOUNT_LIMIT, account), (SERVER_LIMIT, "")]
    rate_limits.acquire_from_buckets(store.engine, buckets, now)


def prove_second_factor(store: Store, token: str, code: str, now: datetime, *, address: str) -> str:
    """The second half, or a proof anew by either kind of code: a new id for the session.

    Raises NotSignedIn, SignInRefused or RateLimitExceeded.
    """
    clinic = encryption.parse_clinic_id(token)
    with store.reading_scope(clinic) as scope:
        session, staff = load_live_session(scope, encryption.hash_token(token), now)
    if session.confirmed_at is not None:
        raise SignInRefused  # who signed in elsewhere has no code here
    buckets = [(limit, staff.id) for limit in SECOND_FACTOR_LIMITS]
    rate_limits.acquire_from_buckets(store.engine, buckets, now)
    typed = factors.hash_typed_code(store.keyring, staff.id, code)
    try:
        rate_limits.acquire_tokens(store.engine, TYPED_CODE_LIMIT, typed, now)
    except rate_limits.RateLimitExceeded:
        code = ""  # refused and noted as any other
    with store.writing_scope(clinic, now, staff.id) as scope:
        session, staff = load_live_session(scope, encryption.hash_token(token), now)
        first = session.stage == "factor"
        accepted = factors.consume_code(scope, staff, code)
        done = "signed_in" if first else "proved_again"
        action = done if accepted else "second_factor_refused"
        audit.record_event(scope, action, ("staff", staff.id), address)
        if accepted:
            scope.delete_rows(StaffSession, token_hash=session.token_hash)
            started = now if first else session.started_at
            fresh = begin_session(scope, staff.id, session.browser, full_since=started)
        else:
            clock_error = factors.measure_staff_clock(scope, staff, code)
    if not accepted:
        raise SignInRefused(clock_error)
    rate_limits.reset_bucket(store.engine, SECOND_FACTOR_LIMITS[0], staff.id)
    return fresh


def require_session(store: Store, token: str, now: datetime, *, active: bool = True) -> SignedIn:
    """Who is signed in. Raises NotSignedIn. Only with `active` does it keep the session alive."""
    clinic = encryption.parse_clinic_id(token)
    with store.reading_scope(clinic) as scope:
        found = scope.execute_read(_WITH_STAFF, token=encryption.hash_token(token))
        row: Any = found.one_or_none()
    if row is None or not is_session_live(row, now) or row.stage != "full" or not row.proved_at:
        raise NotSignedIn
    seen = row.seen_at
    if active and now - seen >= _TOUCH_INTERVAL:
        with store.writing_scope(clinic, now, row.staff_id) as scope:
            scope.update_rows(StaffSession, token_hash=row.token_hash, to={"seen_at": now})
        seen = now
    ends = min(seen + IDLE_TIMEOUT, row.started_at + MAX_SESSION_AGE)
    if row.confirmed_at is not None:
        ends = min(ends, row.confirmed_at + LONGEST_UNCONFIRMED)
    known = (clinic, row.staff_id, row.name, row.role, row.token_hash, row.proved_at, ends)
    return SignedIn(*known, by_provider=row.confirmed_at is not None)


def sign_out(store: Store, token: str, now: datetime) -> None:
    """End the session, if it is one."""
    hashed = encryption.hash_token(token)
    with store.writing_scope(encryption.parse_clinic_id(token), now, "nobody") as scope:
        session = scope.find_one(StaffSession, token_hash=hashed)
        if session is not None:
            scope.delete_rows(StaffSession, token_hash=hashed)
            staff = session.staff_id
            audit.record_event(scope.act_as(staff), "signed_out", ("staff", staff))


def list_present_staff(scope: Scope, now: datetime) -> set[str]:
    """Who of the staff is signed in now."""
    proved = scope.find_all(StaffSession, StaffSession.proved_at.is_not(None), stage="full")
    return {session.staff_id for session in proved if is_session_live(session, now)}


def end_one_session(scope: WritingScope, staff: str, token_hash: str) -> bool:
    """End one session of someone, picked from `list_sessions`; give whether there was one."""
    return scope.delete_rows(StaffSession, staff_id=staff, token_hash=token_hash) == 1


def list_sessions(scope: Scope, staff: str) -> list[StaffSession]:
    """Someone's sessions, the newest first."""
    return scope.find_all(StaffSession, staff_id=staff, order_by=[StaffSession.started_at.desc()])


def is_session_live(session: StaffSession, now: datetime) -> bool:
    """Whether it is still good: used lately enough, and not too old."""
    longest = MAX_SESSION_AGE if session.stage == "full" else SECOND_FACTOR_TIMEOUT
    confirmed = session.confirmed_at or now
    last = min(session.seen_at + IDLE_TIMEOUT, session.started_at + longest)
    return now < min(last, confirmed + LONGEST_UNCONFIRMED)


def delete_expired_sessions(scope: WritingScope) -> int:
    """Forget sessions that are over; give how many there were."""
    idle = StaffSession.seen_at <= scope.now - IDLE_TIMEOUT
    old = StaffSession.started_at <= scope.now - MAX_SESSION_AGE
    return scope.delete_rows(StaffSession, idle | old)


def begin_session(
    scope: WritingScope, staff: str, browser: str, full_since: datetime | None = None
) -> str:
    """A new session, half of one unless it is said since when they are signed in; give its id."""
    token = encryption.make_token(scope.clinic)
    scope.add_row(
        StaffSession,
        token_hash=encryption.hash_token(token),
        staff_id=staff,
        stage="full" if full_since else "factor",
        browser=browser[:100],
        started_at=full_since or scope.now,
        seen_at=scope.now,
        proved_at=scope.now if full_since else None,
    )
    return token


def load_live_session(scope: Scope, token_hash: str, now: datetime) -> tuple[StaffSession, Staff]:
    """A session that is still good, and whose it is. Raises NotSignedIn."""
    session = scope.require_one(StaffSession, NotSignedIn, token_hash=token_hash)
    staff = scope.require_one(Staff, NotSignedIn, id=session.staff_id, disabled_at=None)
    if not is_session_live(session, now):
        raise NotSignedIn
    return session, staff


def find_device_token(
    keyring: KeyEncryptionKeys, staff: Staff | None, device_tokens: Iterable[str]
) -> str:
    """The mark of this member's sign-in in the browser; "" where none counts, or no longer does."""
    if staff is None or staff.disabled_at is not None or staff.password_hash is None:
        return ""
    for token in _well_formed_tokens(device_tokens):
        own_token = _make_device_token(keyring, staff, token[:_HALF_LENGTH])
        if hmac.compare_digest(own_token, token):
            return token
    return ""


def add_device_token(scope: Scope, staff: Staff, device_tokens: Iterable[str]) -> list[str]:
    """The marks that the browser holds from now on, the one of this member first."""
    device_tokens = _well_formed_tokens(device_tokens)
    own_token = find_device_token(scope.keyring, staff, device_tokens)
    if not own_token:
        random = secrets.token_hex(_HALF_LENGTH // 2)
        own_token = _make_device_token(scope.keyring, staff, random)
    others = [token for token in device_tokens if token != own_token]
    return [own_token, *others][:MAX_TOKENS_PER_BROWSER]


def _well_formed_tokens(device_tokens: Iterable[str]) -> list[str]:
    formed = [token for token in device_tokens if _TOKEN_PATTERN.fullmatch(token)]
    return formed[:MAX_TOKENS_PER_BROWSER]


def _make_device_token(keyring: KeyEncryptionKeys, staff: Staff, random: str) -> str:
    words = (staff.clinic_id, staff.id, staff.email_print, staff.password_hash or "", random)
    return random + keyring.keyed_hash("known device", *words)[:_HALF_LENGTH]
