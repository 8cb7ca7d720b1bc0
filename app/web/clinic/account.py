"""One's own account: where one is signed in, and one's password. It knows no patients."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from app.store import clinics
from app.store.accounts import factors, sessions, staff
from app.store.accounts.staff import BadPassword
from app.store.db import audit
from app.web.access import StaffRequest, staff_route
from app.web.clinic import known_device
from app.web.clinic.page_parts import format_time, role_key
from app.web.clinic.signin import PASSWORD_PROBLEMS, end_browser_session
from app.web.pages import see_other


def page_routes() -> list[Route]:
    """The pages of one's own account."""
    return [
        staff_route("GET", "/account", show_account),
        staff_route("POST", "/account/password", change_password),
        staff_route("POST", "/account/sessions", end_session),
    ]


def show_account(staff_request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /account: who one is here, one's sessions, and a form for a new password."""
    who = staff_request.signed_in_staff
    with staff_request.store.reading_scope(who.clinic) as scope:
        clinic = clinics.load_clinic(scope)
        own = [
            (
                session.token_hash,
                session.browser,
                format_time(staff_request, session.started_at, clinic.time_zone),
                session.token_hash == who.token_hash,
            )
            for session in sessions.list_sessions(scope, who.staff)
            if session.stage == "full" and sessions.is_session_live(session, staff_request.now)
        ]
        left = factors.count_recovery_codes(scope, who.staff)
    return staff_request.render_page(
        "staff/account.html",
        role=role_key(who.role),
        clinic=clinic.name,
        sessions=own,
        codes_left=left,
        problems=problems,
    )


def change_password(staff_request: StaffRequest) -> Response:
    """POST /account/password: with it, all of one's sessions end."""
    who, new = staff_request.signed_in_staff, staff_request.raw_field("new")
    try:
        changed = staff.change_password(
            staff_request.store,
            who.clinic,
            who.staff,
            staff_request.raw_field("old"),
            new,
            staff_request.now,
        )
    except BadPassword as bad:
        return show_account(staff_request, {"new": PASSWORD_PROBLEMS[bad.problem]})
    if not changed:
        return show_account(staff_request, {"old": "account.old.problem"})
    response = end_browser_session(staff_request)
    known_device.remember_device(
        response, staff_request, who.clinic, who.staff
    )  # by the new password
    return response


def end_session(staff_request: StaffRequest) -> Response:
    """POST /account/sessions: end one session; one that is not one's own is left alone."""
    who, chosen = staff_request.signed_in_staff, staff_request.typed_field("session")
    with staff_request.store.writing_scope(who.clinic) as scope:
        if sessions.end_one_session(scope, who.staff, chosen):
            audit.record_event(
                scope, staff_request.now, who.staff, "session_ended", ("staff", who.staff)
            )
    return end_browser_session(staff_request) if chosen == who.token_hash else see_other("/account")
