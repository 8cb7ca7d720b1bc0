"""The doors of staff: joining by a link, signing in with two factors, signing out.

Whoever is refused reads the same words, whatever the reason. It knows no patients.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import make_qr_code
from app.store.accounts import sessions, staff
from app.store.accounts.sessions import NotSignedIn, SignInRefused
from app.store.accounts.staff import BadPassword, LinkGone, WrongCode
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
from app.web.journey import ASSISTED, OWN
from app.web.pages import see_other

PASSWORD_PROBLEMS = {
    "short": "password.problem.short",
    "long": "password.problem.long",
    "common": "password.problem.common",
}
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
        return show_join_form(staff_request, {"password": PASSWORD_PROBLEMS[bad.problem]})
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
