"""Whether the server is up, for machines. It says nothing about any person."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.web.pages import app_context


def page_routes() -> list[Route]:
    """The status page."""
    return [Route("/healthz", show_health, methods=["GET"])]


async def show_health(request: Request) -> Response:
    """GET /healthz: up, and with which rulebook."""
    rulebook = app_context(request).rulebook
    return JSONResponse(
        {"status": "up", "rulebook": {"version": rulebook.version, "sha256": rulebook.sha256}}
    )
