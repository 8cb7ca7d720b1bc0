"""Staying signed in: what open pages of staff ask for by themselves, and the step that goes on.

It knows no patients.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from app.web.access import Desk, guarded
from app.web.pages import see_other


def routes() -> list[Route]:
    """Looking and staying."""
    return [guarded("GET", "/desk", look), guarded("POST", "/account/stay", stay)]


def look(desk: Desk) -> Response:
    """GET /desk: whether an emergency waits unseen, and when the session ends; it goes on as is."""
    return desk.show("staff/desk.html")


def stay(_desk: Desk) -> Response:
    """POST /account/stay: someone is here; passing the door has kept the session."""
    return see_other("/desk")
