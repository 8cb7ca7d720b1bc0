"""The doors of staff: joining by a link, signing in and out, staying, and one's own account.

Whoever is refused reads the same words, whatever the reason. It knows no patients.
"""

from starlette.responses import Response

from app.documents.receipt import make_qr_code
from app.store import claim_lapse, clinics
from app.store.accounts import factors, joining, sessions, staff
from app.store.accounts.sessions import NotSignedIn, SignInRefused
from app.store.accounts.staff import BadPassword, LinkGone, WrongCode
from app.store.db import audit
from app.store.db.encryption import parse_clinic_id
from app.web import journey as journeys
from app.web.access import clear_session_cookie, read_session_token, set_session_cookie
from app.web.journey import ASSISTED, OWN
from app.web.pages import see_other
from app.web.staff_doors import describe_browser, find_home_address
from app.web.staff_request import StaffRequest
from app.web.wire import LONGEST_LIFETIME, read_cookie, set_cookie

_DEVICE_COOKIE = "device"
"""Says who has signed in in this browser before; see app/store/accounts/sessions.py.

It outlasts signing out: it opens nothing, and only keeps strangers from using up one's tries.
"""
MOST_PROVIDERS_SHOWN = 10
"""Where there are more, each clinic's staff keep its address, which the command prints."""


def show_join_form(
    request: StaffRequest, problems: dict[str, str] | None = None, minutes: int = 0
) -> Response:
    """GET /join/{token}: choose a password, set up the second factor. Looking uses nothing up."""
    token = request.path_params["token"]
    try:
        invited = staff.open_staff_invite(request.store, token, request.now)
    except LinkGone:
        return request.render_page("staff/link_gone.html", status=404)
    key = " ".join(invited.secret[at : at + 4] for at in range(0, len(invited.secret), 4))
    return request.render_page(
        "staff/join.html",
        token=token,
        joining=invited,
        code=make_qr_code(invited.totp_uri),
        key=key,
        minutes=minutes,
        problems=problems,
    )


def submit_join(request: StaffRequest) -> Response:
    """POST /join/{token}: it is done, once, and signs in; the recovery codes are shown, once."""
    store, now = request.store, request.now
    try:
        joined = joining.join_and_sign_in(
            store,
            request.path_params["token"],
            request.raw_field("password"),
            request.typed_field("code"),
            now,
            address=request.client_address,
            browser=describe_browser(request.headers.get("user-agent", "")),
        )
    except LinkGone:
        return request.render_page("staff/link_gone.html", status=404)
    except BadPassword as bad:
        return show_join_form(request, {"password": f"password.problem.{bad.problem}"})
    except WrongCode as wrong:
        return show_join_form(request, *_describe_refusal(wrong.clock_error))
    _end_earlier_session(request)
    who = sessions.require_session(store, joined.session_token, now)
    request.signed_in = who
    home = find_home_address(who.role)
    response = request.render_page("staff/joined.html", codes=joined.recovery_codes, home=home)
    set_session_cookie(response, request, joined.session_token)
    remember_device(response, request, who.clinic, who.staff)
    journeys.clear_journey_cookie(response, request, ASSISTED)
    return response


def _describe_refusal(clock_error: int) -> tuple[dict[str, str], int]:
    """What is said of a code that was refused, and the minutes in it."""
    if not clock_error:
        return {"code": "code.problem"}, 0
    words = "code.problem.fast" if clock_error > 0 else "code.problem.slow"
    return {"code": words}, abs(clock_error)


def _end_earlier_session(request: StaffRequest) -> None:
    """Who was signed in here before gives way, and what they had is free for colleagues."""
    if earlier := read_session_token(request):
        sessions.sign_out(request.store, earlier, request.now)
        _end_claims(request, parse_clinic_id(earlier))


def show_sign_in(request: StaffRequest) -> Response:
    """GET /sign-in: who is already signed in goes on to their first page."""
    try:
        who = sessions.require_session(request.store, read_session_token(request), request.now)
    except NotSignedIn:
        return render_sign_in(request)
    return see_other(find_home_address(who.role))


def render_sign_in(
    request: StaffRequest, email: str = "", problems: dict[str, str] | None = None
) -> Response:
    """The first page of the door; the clinics whose staff may sign in elsewhere, if few."""
    providers = request.app.state.clinic_presence.providers
    few = providers if len(providers) <= MOST_PROVIDERS_SHOWN else []
    return request.render_page("staff/sign_in.html", email=email, providers=few, problems=problems)


def submit_sign_in(request: StaffRequest) -> Response:
    """POST /sign-in: the password, which leads to the second factor and nowhere else."""
    email = request.typed_field("email")
    try:
        token = sessions.start_sign_in(
            request.store,
            email,
            request.raw_field("password"),
            request.now,
            address=request.client_address,
            browser=describe_browser(request.headers.get("user-agent", "")),
            device_tokens=read_cookie(request, _DEVICE_COOKIE).split("."),
        )
    except SignInRefused:
        return render_sign_in(request, email, {"email": "sign_in.problem"})
    _end_earlier_session(request)
    response = see_other("/sign-in/code")
    set_session_cookie(response, request, token)
    return response


def show_code_form(
    request: StaffRequest, problems: dict[str, str] | None = None, minutes: int = 0
) -> Response:
    """GET /sign-in/code: the second factor, for who has given the password."""
    if not read_session_token(request):
        raise NotSignedIn
    return request.render_page("staff/code.html", problems=problems, minutes=minutes)


def submit_code(request: StaffRequest) -> Response:
    """POST /sign-in/code: from here on they are signed in, under a new id."""
    store, token = request.store, read_session_token(request)
    try:
        fresh = sessions.prove_second_factor(
            store, token, request.typed_field("code"), request.now, address=request.client_address
        )
    except SignInRefused as refused:
        return show_code_form(request, *_describe_refusal(refused.clock_error))
    who = sessions.require_session(store, fresh, request.now)
    response = see_other(find_home_address(who.role))
    set_session_cookie(response, request, fresh)
    remember_device(response, request, who.clinic, who.staff)
    return response


def remember_device(response: Response, request: StaffRequest, clinic: str, member: str) -> None:
    """Let this browser be known from now on as one of this member of the clinic's staff."""
    known = read_cookie(request, _DEVICE_COOKIE).split(".")
    with request.store.reading_scope(clinic) as scope:
        kept = sessions.add_device_token(scope, staff.find_staff(scope, member), known)
    set_cookie(response, request, _DEVICE_COOKIE, ".".join(kept), "Strict", LONGEST_LIFETIME)


def submit_sign_out(request: StaffRequest) -> Response:
    """POST /sign-out: the session ends here and in the browser, with all that it kept."""
    token = read_session_token(request)
    sessions.sign_out(request.store, token, request.now)
    _end_claims(request, parse_clinic_id(token))
    return end_browser_session(request)


def _end_claims(request: StaffRequest, clinic: str) -> None:
    """What someone had who is now signed out everywhere is free for colleagues at once."""
    minutes = request.context.policy.claim_minutes
    claim_lapse.lapse_claims(request.store, clinic, request.now, minutes)


def end_browser_session(request: StaffRequest) -> Response:
    """Out of the door: the browser drops the session and all that it kept of our pages.

    It is still known as one in which they signed in.
    """
    response = see_other("/signed-out")
    # Trap: with "cookies" in it, the browser would not be known any more.
    response.headers["Clear-Site-Data"] = '"storage", "cache"'
    clear_session_cookie(response, request)
    for kind in (OWN, ASSISTED):
        journeys.clear_journey_cookie(response, request, kind)
    return response


def show_signed_out(request: StaffRequest) -> Response:
    """GET /signed-out: nobody is signed in here any more."""
    return request.render_page("staff/signed_out.html")


def show_account(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /account: who one is here, one's sessions, and a form for a new password."""
    who = request.signed_in_staff
    with request.reading_scope() as scope:
        clinic = clinics.load_clinic(scope)
        own = [
            (
                session.token_hash,
                session.browser,
                request.format_time(session.started_at, clinic.time_zone),
                session.token_hash == who.token_hash,
            )
            for session in sessions.list_sessions(scope, who.staff)
            if session.stage == "full" and sessions.is_session_live(session, request.now)
        ]
        left = factors.count_recovery_codes(scope, who.staff)
    return request.render_page(
        "staff/account.html",
        role=f"role.{who.role}",
        clinic=clinic.name,
        sessions=own,
        codes_left=left,
        problems=problems,
    )


def change_password(request: StaffRequest) -> Response:
    """POST /account/password: with it, all of one's sessions end."""
    who, new = request.signed_in_staff, request.raw_field("new")
    try:
        changed = staff.change_password(
            request.store, who.clinic, who.staff, request.raw_field("old"), new, request.now
        )
    except BadPassword as bad:
        return show_account(request, {"new": f"password.problem.{bad.problem}"})
    if not changed:
        return show_account(request, {"old": "account.old.problem"})
    _end_claims(request, who.clinic)
    response = end_browser_session(request)
    remember_device(response, request, who.clinic, who.staff)  # by the new password
    return response


def end_session(request: StaffRequest) -> Response:
    """POST /account/sessions: end one session; one that is not one's own is left alone."""
    who, chosen = request.signed_in_staff, request.typed_field("session")
    with request.writing_scope() as scope:
        if sessions.end_one_session(scope, who.staff, chosen):
            audit.record_event(scope, "session_ended", ("staff", who.staff))
    _end_claims(request, who.clinic)
    return end_browser_session(request) if chosen == who.token_hash else see_other("/account")


def show_session_state(request: StaffRequest) -> Response:
    """GET /desk: whether an emergency waits unseen, and when the session ends; it goes on as is."""
    return request.render_page("staff/desk.html")


def keep_session_alive(_request: StaffRequest) -> Response:
    """POST /account/stay: someone is here; passing the door has kept the session."""
    return see_other("/desk")
