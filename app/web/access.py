"""Who may open which page: the one table of it, and the door that every request of staff passes.

A page without an entry cannot be served. Another clinic's record is never told apart from one
that does not exist. It knows permissions and sessions; it must not know what a page is about.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.store.accounts import passwords, sessions
from app.store.accounts.sessions import NotSignedIn, SignedIn, SignInRefused
from app.store.db import audit
from app.store.db.rate_limits import RateLimitExceeded
from app.store.db.scope import Store, WritingScope
from app.web.cookies import read_cookie, set_cookie
from app.web.form_fields import read_form_fields, strip_invisible
from app.web.pages import app_context, render_page, see_other
from app.web.staff_layout import load_staff_frame

ANYONE = "anyone"
STAFF = "any of staff"
"""Whoever is signed in; every other word below is a permission of app/store/permissions.py."""

PERMISSIONS_BY_ROUTE: Mapping[str, str] = MappingProxyType(
    {
        # What patients and visitors see; the answers are in their own cookie.
        **dict.fromkeys(
            [
                *(
                    "GET /",
                    "GET /start",
                    "POST /start",
                    "GET /check/{question}",
                    "POST /check/{question}",
                ),
                *("GET /answers", "GET /result", "GET /emergency", "POST /clear", "GET /cleared"),
                *("GET /changed", "POST /changed"),
                *("GET /changed/{question}", "POST /changed/{question}"),
                *("GET /about", "GET /privacy", "GET /wrong-advice"),
                *("GET /verify", "POST /verify", "GET /healthz", "GET /static/{path:path}"),
                *("GET /learn", "GET /learn/words", "GET /learn/{page}", "GET /accessibility"),
                *("GET /rules", "GET /rules/types", "GET /rules/evidence", "GET /rules/sources"),
                *(
                    "GET /rules/look-alikes",
                    "GET /rules/flow.svg",
                    "GET /safety",
                    "GET /safety/hazards",
                ),
                *("GET /api/v1/openapi.json", "GET /api/v1/questionnaire", "POST /api/v1/assess"),
            ],
            ANYONE,
        ),
        # Invited people: who has the link is its person.
        **dict.fromkeys(["GET /i", "POST /i", "GET /i/{token}", "POST /i/{token}"], ANYONE),
        **dict.fromkeys(["GET /send", "POST /send"], ANYONE),
        # A self-check that its person shows to a nurse; the key is in their own cookie.
        **dict.fromkeys(
            ["GET /share", "GET /share/news", "POST /share", "GET /share/back", "POST /share/back"],
            ANYONE,
        ),
        "GET /shared": "invite_patients",
        "POST /shared": "invite_patients",
        # A tablet that patients pass on to each other.
        "GET /waiting-room": "invite_patients",
        "POST /waiting-room": "invite_patients",
        "POST /waiting-room/end": "invite_patients",
        "GET /i/still-there": ANYONE,
        "GET /i/wiped": ANYONE,
        # The doors of staff: what is behind a link or a half session is asked for by the page.
        "GET /join/{token}": ANYONE,
        "POST /join/{token}": ANYONE,
        "GET /sign-in": ANYONE,
        "POST /sign-in": ANYONE,
        "GET /sign-in/code": ANYONE,
        "POST /sign-in/code": ANYONE,
        "POST /sign-out": ANYONE,
        "GET /signed-out": ANYONE,
        "GET /account": STAFF,
        "POST /account/password": STAFF,
        "POST /account/sessions": STAFF,
        "POST /account/stay": STAFF,
        "GET /desk": STAFF,
        "GET /worklist": "see_worklist",
        "GET /worklist/live": "see_worklist",
        "POST /worklist/find": "see_worklist",
        "GET /worklist/{show}": "see_worklist",
        "GET /worklist/{show}/after/{place}": "see_worklist",
        "GET /submissions/{id}": "see_answers",
        "GET /submissions/{id}/lower": "lower",
        "GET /submissions/{id}/print": "see_answers",
        "GET /submissions/{id}/copy": "see_answers",
        "POST /submissions/{id}/lower": "lower",
        "POST /submissions/{id}/second": "second_person",
        "GET /submissions/{id}/ask-close": "review",
        "POST /submissions/{id}/ask-close": "review",
        **dict.fromkeys(
            [
                *("GET /assisted", "POST /assisted", "GET /assisted/answers"),
                *("GET /assisted/ask/{question}", "POST /assisted/ask/{question}"),
                *("POST /assisted/send", "POST /assisted/stop"),
            ],
            "review",
        ),
        "GET /submissions/{id}/findings": "review",
        "POST /submissions/{id}/findings": "review",
        "GET /submissions/{id}/identify": "review",
        "POST /submissions/{id}/identify": "review",
        "GET /submissions/{id}/marks": "review",
        "POST /submissions/{id}/marks": "review",
        "POST /submissions/{id}/{step}": "review",
        "GET /invitations": "invite_patients",
        "POST /invitations": "invite_patients",
        "POST /invitations/batch": "invite_patients",
        "GET /invitations/batch/{key}": "invite_patients",
        "GET /invitations/batch/{key}/slips": "invite_patients",
        "GET /invitations/batch/{key}/csv": "invite_patients",
        "GET /invitations/{id}": "invite_patients",
        "POST /invitations/{id}/again": "invite_patients",
        "POST /invitations/{id}/revoke": "invite_patients",
        "GET /audit": "see_audit",
        "POST /audit": "see_audit",
        "GET /audit/{kind}/{day}": "see_audit",
        "GET /audit/{kind}/{day}/before/{number}": "see_audit",
        "GET /audit/{kind}/{day}/file.csv": "see_audit",
        "GET /submissions/{id}/looks": "see_looks",
        "GET /agreement": "see_agreement",
        "GET /agreement/cases.yaml": "export_cases",
        "GET /agreement/cases/{entry}": "export_cases",
        "GET /people": "export_person",
        "POST /people": "export_person",
        "POST /people/{id}/export": "export_person",
        "POST /people/{id}/erase": "erase_person",
        "GET /people/requests": "export_person",
        "POST /people/requests/{id}/agree": "export_person",
        "POST /people/requests/{id}/refuse": "export_person",
        "POST /people/requests/{id}/file": "export_person",
        "GET /staff": "see_staff",
        "GET /staff/invite": "change_staff",
        "POST /staff/invite": "change_staff",
        "GET /staff/{id}": "change_staff",
        "POST /staff/{id}/link": "change_staff",
        "POST /staff/{id}/disable": "change_staff",
    }
)
FRESH_CODE_ROUTES = frozenset(
    {
        *("POST /staff/invite", "POST /staff/{id}/link", "POST /staff/{id}/disable"),
        *("POST /people/{id}/export", "POST /people/{id}/erase"),
        "POST /people/requests/{id}/agree",
    }
)
"""What asks for the second factor again where it was last shown some minutes ago."""

ONE_TIME_ROUTES = FRESH_CODE_ROUTES | {
    "POST /join/{token}",
    "POST /sign-in/code",
    "POST /account/password",
}
"""What is refused once it is done: a code counts once, and so does a link.

All else that is sent has one effect however often it comes; tests/web/test_once.py holds that.
"""

PASSWORD_ROUTES = frozenset({"POST /sign-in", "POST /join/{token}", "POST /account/password"})
"""What takes a tenth of a second of a core and 64 MiB, and is therefore done a few at a time."""

BACKGROUND_ROUTES = frozenset({"GET /worklist/live", "GET /desk"})
BACKGROUND_HEADER = "x-quiet"
"""What open pages ask for by themselves, always or with this header, keeps no session alive."""

SESSION_COOKIE = "staff"
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


@dataclass(frozen=True, slots=True)
class StaffRequest:
    """One request of a member of staff, or of someone at their door."""

    request: Request
    store: Store
    now: datetime
    form: Mapping[str, list[str]] = field(default_factory=dict)
    signed_in: SignedIn | None = None
    code_refused: bool = False  # the second factor was asked for again, and was not right

    @property
    def signed_in_staff(self) -> SignedIn:
        """Who is signed in; there is no such person on a page for anyone."""
        if self.signed_in is None:
            raise NotSignedIn
        return self.signed_in

    def writing_scope(self) -> AbstractContextManager[WritingScope]:
        """A scope in which who is signed in writes, now, for their clinic."""
        who = self.signed_in_staff
        return self.store.writing_scope(who.clinic, self.now, who.staff)

    @property
    def client_address(self) -> str:
        """Where the request comes from."""
        return self.request.client.host if self.request.client else ""

    @property
    def base_url(self) -> str:
        """The address that people see before every path, as in links and square codes."""
        origin: str | None = self.request.scope.get("origin")
        return origin or str(self.request.base_url).rstrip("/")

    @property
    def asks_for_code(self) -> bool:
        """Whether a change of staff needs the second factor again."""
        return not self.signed_in_staff.proved_recently(self.now)

    @property
    def _is_demo_clinic(self) -> bool:
        """Whether all people of this clinic are made up; asked of the database once."""
        known: Callable[[str], bool] = self.request.app.state.for_show
        return self.signed_in is not None and known(self.signed_in.clinic)

    def raw_field(self, name: str) -> str:
        """What was typed, letter by letter, as for a password."""
        return next(iter(self.form.get(name, [])), "")

    def typed_field(self, name: str) -> str:
        """What was typed as one line, without what cannot be seen."""
        return strip_invisible(self.raw_field(name)).strip()

    def render_page(
        self,
        template: str,
        *,
        problems: Mapping[str, str] | None = None,
        status: int = 200,
        **values: Any,
    ) -> Response:
        """One page. `problems`: the id of a field -> the key of the words for what is wrong."""
        if self.signed_in is not None and "frame" not in values:
            values["frame"] = load_staff_frame(self.request, self.store, self.signed_in, self.now)
        return render_page(
            self.request,
            template,
            status=422 if problems else status,
            error=bool(problems),
            problems=problems or {},
            who=self.signed_in,
            for_show=self._is_demo_clinic,
            asks_for_code=self.signed_in is not None and self.asks_for_code,
            pages=PERMISSIONS_BY_ROUTE,
            **values,
        )


StaffEndpoint = Callable[[StaffRequest], Response]


def staff_route(method: str, path: str, page: StaffEndpoint, *, asks_store: bool = True) -> Route:
    """The route of a page that only those may open whom the table names.

    One that asks the store for nothing needs no thread, and waits for none of those that do.
    """
    key = f"{method} {path}"
    permission = PERMISSIONS_BY_ROUTE[key]

    async def serve_request(request: Request) -> Response:
        form = await read_form_fields(request) if method == "POST" else {}
        if not asks_store:
            return _open_page(request, page, key, form)
        if key not in PASSWORD_ROUTES:
            return await run_in_threadpool(_open_page, request, page, key, form)
        try:
            with passwords.reserve_hash_slot():
                return await to_thread.run_sync(
                    _open_page, request, page, key, form, limiter=_password_limiter()
                )
        except passwords.PasswordQueueFull:
            raise HTTPException(503, headers={"Retry-After": "5"}) from None

    serve_request.key = key  # type: ignore[attr-defined]  # the pages of errors ask for it
    serve_request.permission = permission  # type: ignore[attr-defined]  # the test of the table asks for it
    return Route(path, serve_request, methods=[method])


@functools.cache
def _password_limiter() -> CapacityLimiter:
    """Threads of their own, so that nobody else waits for one while passwords are looked at."""
    return CapacityLimiter(passwords.MAX_WAITING_PASSWORDS)


def _open_page(
    request: Request, page: StaffEndpoint, key: str, form: Mapping[str, list[str]]
) -> Response:
    """Let the request in, send it to the sign-in, or refuse it."""
    if any(strip_invisible(str(part)) != part for part in request.path_params.values()):
        raise HTTPException(404)  # PostgreSQL takes no text that holds a NUL
    if not is_secure_connection(request):
        return render_page(request, "staff/unsealed.html", status=403, who=None)
    now = datetime.fromtimestamp(app_context(request).clock(), UTC)
    staff_request = StaffRequest(request, request.app.state.store, now, form)
    try:
        return (
            page(staff_request)
            if PERMISSIONS_BY_ROUTE[key] == ANYONE
            else _open_staff_page(staff_request, page, key)
        )
    except NotSignedIn:
        response = see_other("/sign-in")
        clear_session_cookie(response, request)
        return response
    except RateLimitExceeded as many:
        wait = {"Retry-After": str(math.ceil(many.wait.total_seconds()))}
        raise HTTPException(429, headers=wait) from None


def _open_staff_page(staff_request: StaffRequest, page: StaffEndpoint, key: str) -> Response:
    quiet = key in BACKGROUND_ROUTES or (
        key.startswith("GET ") and BACKGROUND_HEADER in staff_request.request.headers
    )
    signed_in_staff = sessions.require_session(
        staff_request.store,
        read_session_token(staff_request.request),
        staff_request.now,
        active=not quiet,
    )
    staff_request = replace(staff_request, signed_in=signed_in_staff)
    if PERMISSIONS_BY_ROUTE[key] != STAFF and not signed_in_staff.has_permission(
        PERMISSIONS_BY_ROUTE[key]
    ):
        with staff_request.writing_scope() as scope:
            audit.record_event(scope, "page_refused", ("page", key), staff_request.client_address)
        return staff_request.render_page("staff/refused.html", status=403)
    if key not in FRESH_CODE_ROUTES or signed_in_staff.proved_recently(staff_request.now):
        return page(staff_request)
    try:
        token = sessions.prove_second_factor(
            staff_request.store,
            read_session_token(staff_request.request),
            staff_request.typed_field("code"),
            staff_request.now,
            address=staff_request.client_address,
        )
    except SignInRefused:
        return page(replace(staff_request, code_refused=True))
    response = page(
        replace(staff_request, signed_in=replace(signed_in_staff, proved_at=staff_request.now))
    )
    set_session_cookie(response, staff_request.request, token)
    return response


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
