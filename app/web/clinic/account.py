"""One's own account: where one is signed in, and one's password. It knows no patients."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.responses import Response
from starlette.routing import Route

from app.store import clinics
from app.store.accounts import factors, sessions, staff
from app.store.accounts.staff import BadPassword
from app.store.keeping import audit
from app.web.access import Desk, guarded
from app.web.clinic import known_device
from app.web.clinic.signin import PASSWORD_PROBLEMS, leave
from app.web.pages import see_other

ROLES = {
    "nurse": "role.nurse",
    "lead": "role.lead",
    "admin": "role.admin",
    "auditor": "role.auditor",
}


def routes() -> list[Route]:
    """The pages of one's own account."""
    return [
        guarded("GET", "/account", account),
        guarded("POST", "/account/password", change_password),
        guarded("POST", "/account/sessions", end_session),
    ]


def account(desk: Desk, problems: dict[str, str] | None = None) -> Response:
    """GET /account: who one is here, one's sessions, and a form for a new password."""
    who = desk.who
    with desk.store.reading(who.clinic) as scope:
        clinic = clinics.known(scope)
        own = [
            (
                session.token_hash,
                session.browser,
                told(session.started_at, clinic.time_zone),
                session.token_hash == who.token_hash,
            )
            for session in sessions.of(scope, who.staff)
            if session.stage == "full" and sessions.lives(session, desk.now)
        ]
        left = factors.recovery_codes_left(scope, who.staff)
    return desk.show(
        "staff/account.html",
        role=ROLES[who.role],
        clinic=clinic.name,
        sessions=own,
        codes_left=left,
        problems=problems,
    )


def change_password(desk: Desk) -> Response:
    """POST /account/password: with it, all of one's sessions end."""
    who, new = desk.who, desk.raw("new")
    try:
        changed = staff.change_password(
            desk.store, who.clinic, who.staff, desk.raw("old"), new, desk.now
        )
    except BadPassword as bad:
        return account(desk, {"new": PASSWORD_PROBLEMS[bad.problem]})
    if not changed:
        return account(desk, {"old": "account.old.problem"})
    response = leave(desk)
    known_device.remember(response, desk, who.clinic, who.staff)  # by the new password
    return response


def end_session(desk: Desk) -> Response:
    """POST /account/sessions: end one session; one that is not one's own is left alone."""
    who, chosen = desk.who, desk.typed("session")
    with desk.store.writing(who.clinic) as scope:
        if sessions.end(scope, who.staff, chosen):
            audit.add(scope, desk.now, who.staff, "session_ended", ("staff", who.staff))
    return leave(desk) if chosen == who.token_hash else see_other("/account")


def told(at: datetime, time_zone: str) -> str:
    """A time as the clinic's clocks and calendars say it."""
    there = at.astimezone(ZoneInfo(time_zone))
    return f"{there.day} {there:%B %Y, %H:%M}"
