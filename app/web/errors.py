"""Every failure becomes a page of ours with the emergency box, or plain JSON below /api/.

It never repeats what was sent: a wrong reply can hold an answer about someone's health.
"""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.store.ground.late import StoreUnavailable
from app.web.journey import LostJourney, NoJourney
from app.web.pages import Floor, render, show
from app.web.patients import patient
from app.web.patients.visit import CannotWorkOut

log = logging.getLogger(__name__)

_WITH_OWN_WORDS = frozenset({403, 404, 405, 413, 422, 429, 500, 503})


def add_error_pages(app: FastAPI) -> None:
    """Say which page each exception becomes."""
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, unreadable)
    app.add_exception_handler(NoJourney, patient.no_journey)
    app.add_exception_handler(LostJourney, patient.lost_journey)
    app.add_exception_handler(CannotWorkOut, patient.cannot_work_out)
    app.add_exception_handler(StoreUnavailable, not_open)


class LastResort:
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

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except HTTPException as error:
            response = await refused(Request(scope), error)
            await response(scope, receive, send)
        except ClientDisconnect:
            log.info("a request broke off half way")  # no fault, and nobody is left to answer
        except Exception as error:
            if begun:
                raise
            _log_without_answers(error)
            await _failed(scope)(scope, receive, send)


async def refused(request: Request, error: Exception) -> Response:
    """The page, or the JSON, of an HTTP status."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = getattr(error, "headers", None)
    if _is_api(request.scope):
        response: Response = JSONResponse({"error": _phrase(status)}, status)
    else:
        response = show(request, "errors/error.html", status=status, kind=_kind(status))
    response.headers.update(headers or {})
    return response


async def not_open(request: Request, _: Exception) -> Response:
    """503: what needs the database cannot be done now, and can be soon."""
    return await refused(request, HTTPException(503, headers={"Retry-After": "5"}))


async def unreadable(request: Request, error: Exception) -> Response:
    """422 without what was sent: FastAPI's own handler would echo it."""
    if not _is_api(request.scope):
        return show(request, "errors/error.html", status=422, kind="422")
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    where = [".".join(str(part) for part in fault["loc"]) for fault in faults]
    return JSONResponse({"error": _phrase(422), "where": where}, 422)


def last_page(here: Floor) -> str:
    """The page for a failure of ours, rendered at start so that nothing can fail any more."""
    return render(here, "errors/error.html", "", region=None, error=False, kind="500")


def _failed(scope: Scope) -> Response:
    if _is_api(scope):
        return JSONResponse({"error": _phrase(500)}, 500)
    return HTMLResponse(scope["app"].state.last_page, 500)


def _log_without_answers(error: Exception) -> None:
    """Where it failed and with what kind of fault; the message could hold an answer."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s, raised at:\n%s", type(error).__name__, places)


def _is_api(scope: Scope) -> bool:
    return bool(scope["path"].startswith("/api/"))


def _kind(status: int) -> str:
    return str(status) if status in _WITH_OWN_WORDS else "other"


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
