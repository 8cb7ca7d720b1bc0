"""Every failure becomes a page of ours with the emergency box, or JSON below /api/ and /fhir/.

It never repeats what was sent: a wrong reply can hold an answer about someone's health.
"""

import logging
import traceback
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.documents.fhir.outcomes import Issue, write_outcome
from app.presentation.result import ResultPresenter
from app.web.access import PageAccess
from app.web.journey import LostJourney, NoJourney
from app.web.pages import AppContext, app_context, filler_for, render_html, render_page, see_other
from app.web.visit import AssessmentFailed

log = logging.getLogger(__name__)

FHIR_PATH = "/fhir/"
MACHINE_PATHS = ("/api/", FHIR_PATH)
"""What programs ask, without a cookie."""
RETRY_AFTER = "5"  # seconds
OUR_FAULTS = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)
BY_BUTTON_ALONE = frozenset({"POST /send", "POST /share"})
"""Forms in which nothing was typed: the page of the fault has the same button."""

_WITH_OWN_WORDS = frozenset({403, 404, 405, 413, 422, 429, 500, 503})


class UnhandledErrorMiddleware:
    """Turns what the pages did not foresee into a page; without it the headers would be missing.

    Starlette's own last resort stands outside all middleware.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer this request, come what may."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except HTTPException as error:
            response = await show_http_error(Request(scope), error)
            await response(scope, receive, send)
        except ClientDisconnect:
            log.info("a request broke off half way")  # no fault, and nobody is left to answer
        except Exception as error:
            if begun:
                raise
            if is_store_failure(error):
                response = show_store_failure(Request(scope), error)
            else:
                response = _make_last_response(scope, error)
            await response(scope, receive, send)


def is_store_failure(error: Exception) -> bool:
    """Whether the database does not do its part: gone, hung, locked, full or broken.

    What it refuses because of what we asked is a fault of ours.
    """
    if isinstance(error, exc.DBAPIError):
        return not isinstance(error, OUR_FAULTS)
    return isinstance(error, exc.TimeoutError)


def show_store_failure(request: Request, error: Exception) -> Response:
    """503: what that means for what was sent, and that it is worth trying again soon."""
    # Many come at once, so each has one line, without the message: it could hold an answer.
    driver = type(getattr(error, "orig", None) or error).__name__
    log.error("the database does not do its part: %s, %s", type(error).__name__, driver)
    access = getattr(request.scope.get("endpoint"), "access", PageAccess("", ""))
    kind = "once" if access.once or access.fresh_code else "again"
    return _respond_with_error(
        request,
        503,
        {"Retry-After": RETRY_AFTER},
        template="errors/store.html",
        kind="look" if request.method in ("GET", "HEAD") else kind,
        again=request.scope["path"] if access.key in BY_BUTTON_ALONE else "",
    )


async def show_http_error(request: Request, error: Exception) -> Response:
    """The page, or the JSON, of an HTTP status; 422 for what FastAPI cannot read."""
    status = error.status_code if isinstance(error, HTTPException) else 422
    kind = str(status) if status in _WITH_OWN_WORDS else "other"
    return _respond_with_error(request, status, getattr(error, "headers", None) or {}, kind=kind)


async def show_no_journey(request: Request, _: Exception) -> Response:
    """Nothing begun, or a browser that keeps no cookie: one page says both."""
    return render_page(request, "patient/no_journey.html")


async def redirect_lost_journey(_request: Request, _: Exception) -> Response:
    """The start page finds the unreadable cookie too, says so kindly and drops it."""
    return see_other("/")


async def show_failed_assessment(request: Request, error: Exception) -> Response:
    """Careful advice where assessing failed."""
    region, context = getattr(error, "region", None), app_context(request)
    fill = filler_for(context, region)
    presenter = ResultPresenter(context.rulebook, context.page_wording, fill, {})
    card = presenter.build_level_card("cannot_work_out")
    return render_page(request, "errors/unworkable.html", region=region, card=card, status=500)


ERROR_PAGES: dict[
    int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]
] = {
    HTTPException: show_http_error,
    RequestValidationError: show_http_error,  # FastAPI's own would repeat what was sent
    NoJourney: show_no_journey,
    LostJourney: redirect_lost_journey,
    AssessmentFailed: show_failed_assessment,
}
"""Which page each exception becomes."""


def render_last_page(context: AppContext) -> str:
    """The page for a failure of ours, rendered at start so that nothing can fail any more."""
    return render_html(context, "errors/error.html", "", region=None, error=False, kind="500")


def _make_last_response(scope: Scope, error: Exception) -> Response:
    # Where it failed and with what kind of fault; the message could hold an answer.
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s, raised at:\n%s", type(error).__name__, places)
    if _is_api_path(scope):
        return _answer_machine(scope, 500)
    return HTMLResponse(scope["app"].state.last_page, 500)


def _respond_with_error(
    request: Request,
    status: int,
    headers: Mapping[str, str],
    template: str = "errors/error.html",
    **values: Any,
) -> Response:
    if _is_api_path(request.scope):
        response = _answer_machine(request.scope, status)
    else:
        response = render_page(request, template, status=status, **values)
    response.headers.update(headers)
    return response


def _is_api_path(scope: Scope) -> bool:
    return bool(scope["path"].startswith(MACHINE_PATHS))


def _answer_machine(scope: Scope, status: int) -> Response:
    """The fault as JSON; below /fhir/ as that standard has it."""
    phrase = HTTPStatus(status).phrase
    if not scope["path"].startswith(FHIR_PATH):
        return JSONResponse({"error": phrase}, status)
    severity, code = ("fatal", "exception") if status >= 500 else ("error", "processing")
    outcome = write_outcome([Issue(severity, code, "", phrase)])
    return JSONResponse(outcome, status, media_type="application/fhir+json")
