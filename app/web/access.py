"""The door: every request of staff passes it, and only those come in who may open that page.

Another clinic's record is never told apart from one that does not exist. It knows permissions and
sessions; it must not know what a page is about. app/web/routes.py says who may open which page.
"""

import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.store import audit_subjects
from app.store.accounts import passwords, sessions
from app.store.accounts.sessions import NotSignedIn, SignInRefused
from app.store.accounts.staff import NoSuchStaff
from app.store.clinic_texts import NoSuchText
from app.store.db import audit
from app.store.db.rate_limits import RateLimitExceeded
from app.store.db.record_keys import KeyDestroyed
from app.store.invitations import NoSuchInvitation
from app.store.person_requests import NoSuchPerson, NoSuchRequest
from app.store.worklist_rows import NoSuchSubmission
from app.web.pages import render_page, see_other
from app.web.staff_request import StaffRequest
from app.web.wire import read_cookie, read_form_fields, set_cookie, strip_invisible

ANYONE = "anyone"
STAFF = "any of staff"
"""Whoever is signed in; every other word is a permission of app/store/permissions.py."""
BACKGROUND_HEADER = "x-quiet"
SESSION_COOKIE = "staff"
_TYPED_WORDS = ("words", "patient_words", "body")
"""The boxes of more than a line, in which people put thought."""
_NEVER_SHOWN = ("password", "old", "new", "code")
_NOT_THERE = (
    *(NoSuchInvitation, NoSuchPerson, NoSuchRequest, NoSuchStaff, NoSuchSubmission),
    NoSuchText,
)
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")

StaffEndpoint = Callable[[StaffRequest], Response]


@dataclass(frozen=True, slots=True)
class PageAccess:
    """Who may open a page, and what its door has to know. `key`: its method and path."""

    key: str
    permission: str
    fresh_code: bool = False
    """It asks for the second factor again where that was last shown some minutes ago."""
    once: bool = False
    """It is refused once it is done, as a code that counts once; so is all with a fresh code.

    All else that is sent has one effect however often it comes; tests/web/test_once.py holds that.
    """
    hashes: bool = False
    """It takes a tenth of a second of a core and 64 MiB, and is therefore done a few at a time."""
    background: bool = False
    """Open pages ask for it by themselves, so it keeps no session alive."""
    asks_store: bool = True
    """One that asks the store for nothing needs no thread, and waits for none of those that do."""


def staff_route(key: str, page: StaffEndpoint, permission: str, **traits: bool) -> Route:
    """The route of a page that only those may open who have the permission."""
    access = PageAccess(key, permission, **traits)
    method, path = key.split(" ")

    async def serve_request(request: Request) -> Response:
        fields = await read_form_fields(request) if method == "POST" else {}
        if not access.asks_store:
            return _open_page(request, page, access, fields)
        if not access.hashes:
            return await run_in_threadpool(_open_page, request, page, access, fields)
        try:
            with passwords.reserve_hash_slot():
                return await to_thread.run_sync(
                    _open_page, request, page, access, fields, limiter=_password_limiter()
                )
        except passwords.PasswordQueueFull:
            raise HTTPException(503, headers={"Retry-After": "5"}) from None

    serve_request.access = access  # type: ignore[attr-defined]  # the pages of errors ask for it
    return Route(path, serve_request, methods=[method])


@functools.cache
def _password_limiter() -> CapacityLimiter:
    """Threads of their own, so that nobody else waits for one while passwords are looked at."""
    return CapacityLimiter(passwords.MAX_WAITING_PASSWORDS)


def _open_page(
    request: Request, page: StaffEndpoint, access: PageAccess, fields: Mapping[str, list[str]]
) -> Response:
    """Let the request in, send it to the sign-in, or refuse it."""
    if any(strip_invisible(str(part)) != part for part in request.path_params.values()):
        raise HTTPException(404)  # PostgreSQL takes no text that holds a NUL
    if not is_secure_connection(request):
        return render_page(request, "staff/unsealed.html", status=403, who=None)
    staff_request = StaffRequest(request, fields)
    try:
        if access.permission == ANYONE:
            return page(staff_request)
        return _open_staff_page(staff_request, page, access)
    except NotSignedIn:
        typed = request.method == "POST" and access.permission != ANYONE
        response = _keep_typed_words(staff_request) if typed else see_other("/sign-in")
        clear_session_cookie(response, request)
        return response
    except KeyDestroyed:
        if not request.path_params:  # it is no record in the address whose key is gone
            raise
        raise HTTPException(404) from None
    except _NOT_THERE:
        raise HTTPException(404) from None
    except RateLimitExceeded as many:
        wait = {"Retry-After": str(math.ceil(many.wait.total_seconds()))}
        raise HTTPException(429, headers=wait) from None


def _keep_typed_words(request: StaffRequest) -> Response:
    """A page that holds the words of a form, to be sent after a new sign-in.

    Nothing is kept on the server, and no password or code comes back.
    """
    sent = [
        (name, value)
        for name, values in request.form_fields.items()
        for value in values
        if name not in _NEVER_SHOWN
    ]
    typed = [(name, value) for name, value in sent if name in _TYPED_WORDS]
    if not any(value.strip() for _, value in typed):
        return see_other("/sign-in")
    return request.render_page(
        "staff/not_sent.html",
        status=403,
        path=request.scope["path"],
        typed=typed,
        carried=[field for field in sent if field not in typed],
    )


def _ask_confirmation(request: StaffRequest) -> Response:
    """A page that holds the form until its sender has signed in at the clinic's provider anew."""
    carried = [
        (name, value)
        for name, values in request.form_fields.items()
        for value in values
        if name not in _NEVER_SHOWN
    ]
    path = request.scope["path"]
    return request.render_page("staff/confirm.html", status=403, path=path, carried=carried)


def _open_staff_page(request: StaffRequest, page: StaffEndpoint, access: PageAccess) -> Response:
    quiet = access.background or (request.method != "POST" and BACKGROUND_HEADER in request.headers)
    token = read_session_token(request)
    who = sessions.require_session(request.store, token, request.now, active=not quiet)
    request.signed_in = who
    if access.permission != STAFF and not who.has_permission(access.permission):
        _record_refusal(request, access)
        return request.render_page("staff/refused.html", status=403)
    if not access.fresh_code or who.proved_recently(request.now):
        return page(request)
    if who.by_provider:
        return _ask_confirmation(request) if request.method == "POST" else page(request)
    try:
        token = sessions.prove_second_factor(
            request.store,
            token,
            request.typed_field("code"),
            request.now,
            address=request.client_address,
        )
    except SignInRefused:
        request.code_refused = True
        return page(request)
    request.signed_in = replace(who, proved_at=request.now)
    response = page(request)
    set_session_cookie(response, request, token)
    return response


def _record_refusal(request: StaffRequest, access: PageAccess) -> None:
    """Note who was refused which page; of a submission that there is, also which one."""
    asked, place = str(request.path_params.get("id", "")), request.client_address
    is_submission = access.key.split(" ")[1].startswith("/submissions/{id}")
    with request.writing_scope() as scope:
        if is_submission and audit_subjects.has_submission(scope, asked):
            subject = ("submission", asked)
            audit.record_event(scope, "page_refused", subject, place, page=access.key)
        else:
            audit.record_event(scope, "page_refused", ("page", access.key), place)


def is_secure_connection(request: Request) -> bool:
    """Whether nobody on the way can read along: https, or this machine alone."""
    if request.scope["scheme"] == "https":
        return True
    # Not by request.url: taking an address apart keeps it, with all that a person typed there.
    return _LOCAL.fullmatch(request.headers.get("host", "")) is not None


def read_session_token(request: Request) -> str:
    """What the browser has of a session; "" where it has none. Raises nothing."""
    return read_cookie(request, SESSION_COOKIE)


def set_session_cookie(response: Response, request: Request, token: str) -> None:
    """Give the browser the id of its session, until the browser is closed."""
    set_cookie(response, request, SESSION_COOKIE, token, "Strict")


def clear_session_cookie(response: Response, request: Request) -> None:
    """Tell the browser to drop the id of its session."""
    set_cookie(response, request, SESSION_COOKIE, "", "Strict", 0)
