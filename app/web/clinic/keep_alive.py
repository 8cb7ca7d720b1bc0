"""Staying signed in: what open pages of staff ask for by themselves, and the step that goes on.

It knows no patients.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from app.web.access import StaffRequest, staff_route
from app.web.pages import see_other


def page_routes() -> list[Route]:
    """Looking and staying."""
    return [
        staff_route("GET", "/desk", show_session_state),
        staff_route("POST", "/account/stay", keep_session_alive),
    ]


def show_session_state(staff_request: StaffRequest) -> Response:
    """GET /desk: whether an emergency waits unseen, and when the session ends; it goes on as is."""
    return staff_request.render_page("staff/desk.html")


def keep_session_alive(_request: StaffRequest) -> Response:
    """POST /account/stay: someone is here; passing the door has kept the session."""
    return see_other("/desk")
