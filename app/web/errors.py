"""Every failure becomes a page of ours with the emergency box, or plain JSON below /api/.

It never repeats what was sent: a wrong reply can hold an answer about someone's health.
"""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as TookTooLong
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.presentation.result import ResultPresenter
from app.web.access import PageAccess
from app.web.journey import LostJourney, NoJourney
from app.web.pages import AppContext, app_context, filler_for, render_html, render_page, see_other
from app.web.visit import AssessmentFailed

log = logging.getLogger(__name__)

RETRY_AFTER = "5"  # seconds
OUR_FAULTS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
BY_BUTTON_ALONE = frozenset({"POST /send", "POST /share"})
"""Forms in which nothing was typed: the page of the fault has the same button."""

_WITH_OWN_WORDS = frozenset({403, 404, 405, 413, 422, 429, 500, 503})


def add_error_pages(app: FastAPI) -> None:
    """Say which page each exception becomes."""
    app.add_exception_handler(HTTPException, show_http_error)
    app.add_exception_handler(RequestValidationError, show_invalid_request)
    app.add_exception_handler(NoJourney, show_no_journey)
    app.add_exception_handler(LostJourney, redirect_lost_journey)
    app.add_exception_handler(AssessmentFailed, show_failed_assessment)


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
                await response(scope, receive, send)
                return
            _log_without_answers(error)
            await _last_response(scope)(scope, receive, send)


def is_store_failure(error: Exception) -> bool:
    """Whether the database does not do its part: gone, hung, locked, full or broken.

    What it refuses because of what we asked is a fault of ours.
    """
    if isinstance(error, DBAPIError):
        return not isinstance(error, OUR_FAULTS)
    return isinstance(error, TookTooLong)


def show_store_failure(request: Request, error: Exception) -> Response:
    """503: what that means for what was sent, and that it is worth trying again soon."""
    # Many come at once, so each has one line, without the message: it could hold an answer.
    driver = type(getattr(error, "orig", None) or error).__name__
    log.error("the database does not do its part: %s, %s", type(error).__name__, driver)
    wait = {"Retry-After": RETRY_AFTER}
    if _is_api_path(request.scope):
        return JSONResponse({"error": _status_phrase(503)}, 503, wait)
    response = render_page(
        request,
        "errors/store.html",
        status=503,
        kind=_classify_request(request),
        again=request.scope["path"] if _page_access(request).key in BY_BUTTON_ALONE else "",
    )
    response.headers.update(wait)
    return response


def _classify_request(request: Request) -> str:
    if request.method in ("GET", "HEAD"):
        return "look"
    access = _page_access(request)
    return "once" if access.once or access.fresh_code else "again"


def _page_access(request: Request) -> PageAccess:
    """What the door of this page has to know; nothing where it has none."""
    return getattr(request.scope.get("endpoint"), "access", PageAccess("", ""))


async def show_http_error(request: Request, error: Exception) -> Response:
    """The page, or the JSON, of an HTTP status."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = getattr(error, "headers", None)
    if _is_api_path(request.scope):
        response: Response = JSONResponse({"error": _status_phrase(status)}, status)
    else:
        response = render_page(
            request, "errors/error.html", status=status, kind=_error_kind(status)
        )
    response.headers.update(headers or {})
    return response


async def show_invalid_request(request: Request, error: Exception) -> Response:
    """422 without what was sent: FastAPI's own handler would echo it."""
    if not _is_api_path(request.scope):
        return render_page(request, "errors/error.html", status=422, kind="422")
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    where = [".".join(str(part) for part in fault["loc"]) for fault in faults]
    return JSONResponse({"error": _status_phrase(422), "where": where}, 422)


async def show_no_journey(request: Request, _: Exception) -> Response:
    """Nothing begun, or a browser that keeps no cookie: one page says both."""
    return render_page(request, "patient/no_journey.html")


async def redirect_lost_journey(_request: Request, _: Exception) -> Response:
    """The start page finds the unreadable cookie too, says so kindly and drops it."""
    return see_other("/")


async def show_failed_assessment(request: Request, error: Exception) -> Response:
    """Careful advice where assessing failed."""
    region, context = getattr(error, "region", None), app_context(request)
    presenter = ResultPresenter(
        context.rulebook, context.page_wording, filler_for(context, region), {}
    )
    card = presenter.build_level_card("cannot_work_out")
    return render_page(request, "errors/unworkable.html", region=region, card=card, status=500)


def render_last_page(context: AppContext) -> str:
    """The page for a failure of ours, rendered at start so that nothing can fail any more."""
    return render_html(context, "errors/error.html", "", region=None, error=False, kind="500")


def _last_response(scope: Scope) -> Response:
    if _is_api_path(scope):
        return JSONResponse({"error": _status_phrase(500)}, 500)
    return HTMLResponse(scope["app"].state.last_page, 500)


def _log_without_answers(error: Exception) -> None:
    """Where it failed and with what kind of fault; the message could hold an answer."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s, raised at:\n%s", type(error).__name__, places)


def _is_api_path(scope: Scope) -> bool:
    return bool(scope["path"].startswith("/api/"))


def _error_kind(status: int) -> str:
    return str(status) if status in _WITH_OWN_WORDS else "other"


def _status_phrase(status: int) -> str:
    return HTTPStatus(status).phrase
