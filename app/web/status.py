"""Whether the server is up, for machines. It says nothing about any person."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.web.pages import floor


def routes() -> list[Route]:
    """The status page."""
    return [Route("/healthz", healthz, methods=["GET"])]


async def healthz(request: Request) -> Response:
    """GET /healthz: up, and with which rulebook."""
    rulebook = floor(request).rulebook
    return JSONResponse(
        {"status": "up", "rulebook": {"version": rulebook.version, "sha256": rulebook.sha256}}
    )
