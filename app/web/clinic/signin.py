"""The doors of staff: joining by a link, signing in with two factors, signing out.

Whoever is refused reads the same words, whatever the reason. It knows no patients.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import qr_code
from app.store.accounts import sessions, staff
from app.store.accounts.sessions import NotSignedIn, Refused
from app.store.accounts.staff import BadPassword, LinkGone, WrongCode
from app.store.permissions import may
from app.web import journey as journeys
from app.web.access import Desk, forget_token, guarded, keep_token, token_of
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


def routes() -> list[Route]:
    """The pages at the door."""
    return [
        guarded("GET", "/join/{token}", join_page),
        guarded("POST", "/join/{token}", join),
        guarded("GET", "/sign-in", sign_in_page),
        guarded("POST", "/sign-in", sign_in),
        guarded("GET", "/sign-in/code", code_page),
        guarded("POST", "/sign-in/code", prove),
        guarded("POST", "/sign-out", sign_out),
        guarded("GET", "/signed-out", signed_out),
    ]


def join_page(desk: Desk, problems: dict[str, str] | None = None) -> Response:
    """GET /join/{token}: choose a password, set up the second factor. Looking uses nothing up."""
    try:
        joining = staff.opened(desk.store, desk.request.path_params["token"], desk.now)
    except LinkGone:
        return desk.show("staff/link_gone.html", status=404)
    key = " ".join(joining.secret[at : at + 4] for at in range(0, len(joining.secret), 4))
    return desk.show(
        "staff/join.html",
        token=desk.request.path_params["token"],
        joining=joining,
        code=qr_code(joining.address),
        key=key,
        problems=problems,
    )


def join(desk: Desk) -> Response:
    """POST /join/{token}: it is done, once; the recovery codes are shown, once."""
    token = desk.request.path_params["token"]
    try:
        joining = staff.opened(desk.store, token, desk.now)
        codes = staff.join(desk.store, token, desk.raw("password"), desk.typed("code"), desk.now)
    except LinkGone:
        return desk.show("staff/link_gone.html", status=404)
    except BadPassword as bad:
        return join_page(desk, {"password": PASSWORD_PROBLEMS[bad.problem]})
    except WrongCode:
        return join_page(desk, {"code": "code.problem"})
    response = desk.show("staff/joined.html", codes=codes)
    known_device.remember(response, desk, joining.clinic, joining.staff)
    return response


def sign_in_page(desk: Desk) -> Response:
    """GET /sign-in: who is already signed in goes on to their first page."""
    try:
        who = sessions.signed_in(desk.store, token_of(desk.request), desk.now)
    except NotSignedIn:
        return desk.show("staff/sign_in.html", email="")
    return see_other(home(who.role))


def sign_in(desk: Desk) -> Response:
    """POST /sign-in: the password, which leads to the second factor and nowhere else."""
    email = desk.typed("email")
    try:
        token = sessions.sign_in(
            desk.store,
            email,
            desk.raw("password"),
            desk.now,
            address=desk.address,
            browser=browser_of(desk.request.headers.get("user-agent", "")),
            marks=known_device.marks(desk.request),
        )
    except Refused:
        refused = {"email": "sign_in.problem"}
        return desk.show("staff/sign_in.html", email=email, problems=refused)
    response = see_other("/sign-in/code")
    keep_token(response, desk.request, token)
    return response


def code_page(desk: Desk, problems: dict[str, str] | None = None) -> Response:
    """GET /sign-in/code: the second factor, for who has given the password."""
    if not token_of(desk.request):
        raise NotSignedIn
    return desk.show("staff/code.html", problems=problems)


def prove(desk: Desk) -> Response:
    """POST /sign-in/code: from here on they are signed in, under a new id."""
    store, token = desk.store, token_of(desk.request)
    try:
        fresh = sessions.prove(store, token, desk.typed("code"), desk.now, address=desk.address)
    except Refused:
        return code_page(desk, {"code": "code.problem"})
    who = sessions.signed_in(store, fresh, desk.now)
    response = see_other(home(who.role))
    keep_token(response, desk.request, fresh)
    known_device.remember(response, desk, who.clinic, who.staff)
    return response


def sign_out(desk: Desk) -> Response:
    """POST /sign-out: the session ends here and in the browser, with all that it kept."""
    sessions.sign_out(desk.store, token_of(desk.request), desk.now)
    return leave(desk)


def leave(desk: Desk) -> Response:
    """Out of the door: the browser drops the session and all that it kept of our pages.

    It is still known as one in which they signed in.
    """
    response = see_other("/signed-out")
    # Trap: with "cookies" in it, the browser would not be known any more.
    response.headers["Clear-Site-Data"] = '"storage", "cache"'
    forget_token(response, desk.request)
    for kind in (OWN, ASSISTED):
        journeys.forget(response, desk.request, kind)
    return response


def signed_out(desk: Desk) -> Response:
    """GET /signed-out: nobody is signed in here any more."""
    return desk.show("staff/signed_out.html")


def home(role: str) -> str:
    """The page on which this role begins."""
    return next((path for permission, path in _HOMES if may(role, permission)), "/account")


def browser_of(agent: str) -> str:
    """The browser and its machine in a few fixed words, so that its owner knows it again."""
    browsers = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome"}
    machines = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows"}
    machines |= {"Macintosh": "Mac", "Linux": "Linux"}
    found = [
        next((name for mark, name in names.items() if mark in agent), "")
        for names in ({**browsers, "Safari": "Safari"}, machines)
    ]
    return ", ".join(filter(None, found))
