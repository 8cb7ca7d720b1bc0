"""Joining and being signed in by it: both factors were given, so nobody gives them twice."""

from datetime import datetime
from typing import NamedTuple

from app.store.accounts import sessions, staff
from app.store.accounts.sessions import NotSignedIn
from app.store.db import audit
from app.store.db.scope import Store
from app.store.db.tables import Staff


class Joined(NamedTuple):
    """What is shown once, and what the browser holds from now on."""

    recovery_codes: list[str]
    session_token: str


def join_and_sign_in(
    store: Store,
    token: str,
    password: str,
    code: str,
    now: datetime,
    *,
    address: str,
    browser: str,
) -> Joined:
    """Use up a link as `staff.join_staff` does, and begin a whole session.

    Raises LinkGone, BadPassword or WrongCode, or NotSignedIn for who was shut out meanwhile.
    """
    joining = staff.open_staff_invite(store, token, now)
    codes = staff.join_staff(store, token, password, code, now)
    with store.writing_scope(joining.clinic, now, joining.staff) as scope:
        scope.require_one(Staff, NotSignedIn, id=joining.staff, disabled_at=None)
        session = sessions.begin_session(scope, joining.staff, browser, full_since=now)
        audit.record_event(scope, "signed_in", ("staff", joining.staff), address)
    return Joined(codes, session)
