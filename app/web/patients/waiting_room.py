"""A tablet in the waiting room: a nurse hands it over, and it forgets each person in turn.

Her own session ends before, since it must not lie about. Each page works by a timed refresh where
no script runs. It knows no answers.
"""

from starlette.responses import Response
from starlette.routing import Route

from app.store.accounts import sessions
from app.store.db import audit
from app.web import tablet
from app.web.access import StaffRequest, clear_session_cookie, read_session_token, staff_route
from app.web.journey import LostJourney, NoJourney
from app.web.pages import see_other
from app.web.visit import open_visit


def page_routes() -> list[Route]:
    """The pages that begin, end and watch over it."""
    return [
        staff_route("GET", "/waiting-room", show_waiting_room),
        staff_route("POST", "/waiting-room", start_tablet_mode),
        staff_route("POST", "/waiting-room/end", end_tablet_mode),
        staff_route("GET", "/i/still-there", show_still_there, asks_store=False),
        staff_route("GET", "/i/wiped", wipe_tablet, asks_store=False),
    ]


def show_waiting_room(staff_request: StaffRequest) -> Response:
    """GET /waiting-room: what it does, and a button to begin or to end it on this device."""
    on = tablet.is_tablet(staff_request.request)
    return staff_request.render_page("nurse/waiting_room.html", on=on)


def start_tablet_mode(staff_request: StaffRequest) -> Response:
    """POST /waiting-room: the nurse is signed out here, and the tablet asks for a code."""
    request = staff_request.request
    _record_tablet_action(staff_request, "tablet_begun")
    sessions.sign_out(staff_request.store, read_session_token(request), staff_request.now)
    response = see_other("/i")
    tablet.wipe_browser(response, request)
    clear_session_cookie(response, request)
    tablet.mark_tablet(response, request, staff_request.signed_in_staff.clinic)
    return response


def end_tablet_mode(staff_request: StaffRequest) -> Response:
    """POST /waiting-room/end: this device is like any other again."""
    _record_tablet_action(staff_request, "tablet_ended")
    response = see_other("/waiting-room")
    tablet.wipe_browser(response, staff_request.request)
    tablet.unmark_tablet(response, staff_request.request)
    return response


def show_still_there(staff_request: StaffRequest) -> Response:
    """GET /i/still-there: asks before it wipes, where no script could."""
    try:
        onward = open_visit(staff_request.request).next_address
    except (NoJourney, LostJourney):
        return see_other("/i")
    response = staff_request.render_page(
        "patient/still_there.html", onward=onward, seconds=tablet.ALARM
    )
    response.headers["Refresh"] = f"{tablet.ALARM}; url={tablet.WIPE_PATH}"
    return response


def wipe_tablet(staff_request: StaffRequest) -> Response:
    """GET /i/wiped: the tablet forgets this person; on other devices nothing happens."""
    response = see_other("/i")
    if tablet.is_tablet(staff_request.request):
        tablet.wipe_browser(response, staff_request.request)
    return response


def _record_tablet_action(staff_request: StaffRequest, action: str) -> None:
    who, address = staff_request.signed_in_staff, staff_request.client_address
    with staff_request.store.writing_scope(who.clinic) as scope:
        subject = ("clinic", who.clinic)
        audit.record_event(scope, staff_request.now, who.staff, action, subject, address)
