"""The doors of staff: joining by a link, signing in and out, staying, and one's own account.

Whoever is refused reads the same words, whatever the reason. It knows no patients.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import make_qr_code
from app.store import clinics
from app.store.accounts import factors, sessions, staff
from app.store.accounts.sessions import NotSignedIn, SignInRefused
from app.store.accounts.staff import BadPassword, LinkGone, WrongCode
from app.store.db import audit
from app.store.permissions import role_allows
from app.web import journey as journeys
from app.web.access import (
    StaffRequest,
    clear_session_cookie,
    read_session_token,
    set_session_cookie,
    staff_route,
)
from app.web.clinic import known_device
from app.web.clinic.page_parts import format_time, role_key
from app.web.journey import ASSISTED, OWN
from app.web.pages import see_other

_HOMES = (("see_worklist", "/worklist"), ("see_staff", "/staff"))
"""Where someone begins: the first page that they may open."""


def page_routes() -> list[Route]:
    """The pages at the door."""
    return [
        staff_route("GET", "/join/{token}", show_join_form),
        staff_route("POST", "/join/{token}", submit_join),
        staff_route("GET", "/sign-in", show_sign_in),
        staff_route("POST", "/sign-in", submit_sign_in),
        staff_route("GET", "/sign-in/code", show_code_form),
        staff_route("POST", "/sign-in/code", submit_code),
        staff_route("POST", "/sign-out", submit_sign_out),
        staff_route("GET", "/signed-out", show_signed_out),
        staff_route("GET", "/account", show_account),
        staff_route("POST", "/account/password", change_password),
        staff_route("POST", "/account/sessions", end_session),
        staff_route("GET", "/desk", show_session_state),
        staff_route("POST", "/account/stay", keep_session_alive),
    ]


def show_join_form(staff_request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /join/{token}: choose a password, set up the second factor. Looking uses nothing up."""
    try:
        joining = staff.open_staff_invite(
            staff_request.store, staff_request.request.path_params["token"], staff_request.now
        )
    except LinkGone:
        return staff_request.render_page("staff/link_gone.html", status=404)
    key = " ".join(joining.secret[at : at + 4] for at in range(0, len(joining.secret), 4))
    return staff_request.render_page(
        "staff/join.html",
        token=staff_request.request.path_params["token"],
        joining=joining,
        code=make_qr_code(joining.totp_uri),
        key=key,
        problems=problems,
    )


def submit_join(staff_request: StaffRequest) -> Response:
    """POST /join/{token}: it is done, once; the recovery codes are shown, once."""
    token = staff_request.request.path_params["token"]
    try:
        joining = staff.open_staff_invite(staff_request.store, token, staff_request.now)
        codes = staff.join_staff(
            staff_request.store,
            token,
            staff_request.raw_field("password"),
            staff_request.typed_field("code"),
            staff_request.now,
        )
    except LinkGone:
        return staff_request.render_page("staff/link_gone.html", status=404)
    except BadPassword as bad:
        return show_join_form(staff_request, {"password": f"password.problem.{bad.problem}"})
    except WrongCode:
        return show_join_form(staff_request, {"code": "code.problem"})
    response = staff_request.render_page("staff/joined.html", codes=codes)
    known_device.remember_device(response, staff_request, joining.clinic, joining.staff)
    return response


def show_sign_in(staff_request: StaffRequest) -> Response:
    """GET /sign-in: who is already signed in goes on to their first page."""
    try:
        who = sessions.require_session(
            staff_request.store, read_session_token(staff_request.request), staff_request.now
        )
    except NotSignedIn:
        return staff_request.render_page("staff/sign_in.html", email="")
    return see_other(home_address(who.role))


def submit_sign_in(staff_request: StaffRequest) -> Response:
    """POST /sign-in: the password, which leads to the second factor and nowhere else."""
    email = staff_request.typed_field("email")
    try:
        token = sessions.start_sign_in(
            staff_request.store,
            email,
            staff_request.raw_field("password"),
            staff_request.now,
            address=staff_request.client_address,
            browser=describe_browser(staff_request.request.headers.get("user-agent", "")),
            device_tokens=known_device.read_device_tokens(staff_request.request),
        )
    except SignInRefused:
        refused = {"email": "sign_in.problem"}
        return staff_request.render_page("staff/sign_in.html", email=email, problems=refused)
    response = see_other("/sign-in/code")
    set_session_cookie(response, staff_request.request, token)
    return response


def show_code_form(staff_request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /sign-in/code: the second factor, for who has given the password."""
    if not read_session_token(staff_request.request):
        raise NotSignedIn
    return staff_request.render_page("staff/code.html", problems=problems)


def submit_code(staff_request: StaffRequest) -> Response:
    """POST /sign-in/code: from here on they are signed in, under a new id."""
    store, token = staff_request.store, read_session_token(staff_request.request)
    try:
        fresh = sessions.prove_second_factor(
            store,
            token,
            staff_request.typed_field("code"),
            staff_request.now,
            address=staff_request.client_address,
        )
    except SignInRefused:
        return show_code_form(staff_request, {"code": "code.problem"})
    who = sessions.require_session(store, fresh, staff_request.now)
    response = see_other(home_address(who.role))
    set_session_cookie(response, staff_request.request, fresh)
    known_device.remember_device(response, staff_request, who.clinic, who.staff)
    return response


def submit_sign_out(staff_request: StaffRequest) -> Response:
    """POST /sign-out: the session ends here and in the browser, with all that it kept."""
    sessions.sign_out(
        staff_request.store, read_session_token(staff_request.request), staff_request.now
    )
    return end_browser_session(staff_request)


def end_browser_session(staff_request: StaffRequest) -> Response:
    """Out of the door: the browser drops the session and all that it kept of our pages.

    It is still known as one in which they signed in.
    """
    response = see_other("/signed-out")
    # Trap: with "cookies" in it, the browser would not be known any more.
    response.headers["Clear-Site-Data"] = '"storage", "cache"'
    clear_session_cookie(response, staff_request.request)
    for kind in (OWN, ASSISTED):
        journeys.clear_journey_cookie(response, staff_request.request, kind)
    return response


def show_signed_out(staff_request: StaffRequest) -> Response:
    """GET /signed-out: nobody is signed in here any more."""
    return staff_request.render_page("staff/signed_out.html")


def home_address(role: str) -> str:
    """The page on which this role begins."""
    return next((path for permission, path in _HOMES if role_allows(role, permission)), "/account")


def describe_browser(agent: str) -> str:
    """The browser and its machine in a few fixed words, so that its owner knows it again."""
    browsers = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome"}
    machines = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows"}
    machines |= {"Macintosh": "Mac", "Linux": "Linux"}
    found = [
        next((name for mark, name in names.items() if mark in agent), "")
        for names in ({**browsers, "Safari": "Safari"}, machines)
    ]
    return ", ".join(filter(None, found))


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
        return show_account(staff_request, {"new": f"password.problem.{bad.problem}"})
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
    with staff_request.writing_scope() as scope:
        if sessions.end_one_session(scope, who.staff, chosen):
            audit.record_event(scope, "session_ended", ("staff", who.staff))
    return end_browser_session(staff_request) if chosen == who.token_hash else see_other("/account")


def show_session_state(staff_request: StaffRequest) -> Response:
    """GET /desk: whether an emergency waits unseen, and when the session ends; it goes on as is."""
    return staff_request.render_page("staff/desk.html")


def keep_session_alive(_request: StaffRequest) -> Response:
    """POST /account/stay: someone is here; passing the door has kept the session."""
    return see_other("/desk")
