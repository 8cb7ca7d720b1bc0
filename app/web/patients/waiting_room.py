"""A tablet in the waiting room: a nurse hands it over, and it forgets each person in turn.

Her own session ends before, since it must not lie about. Each page works by a timed refresh where
no script runs. It knows no answers.
"""

from starlette.responses import Response

from app.store.accounts import sessions
from app.store.db import audit
from app.web import tablet
from app.web.access import clear_session_cookie, read_session_token
from app.web.journey import LostJourney, NoJourney
from app.web.pages import see_other
from app.web.staff_request import StaffRequest
from app.web.visit import open_visit


def show_waiting_room(request: StaffRequest) -> Response:
    """GET /waiting-room: what it does, and a button to begin or to end it on this device."""
    return request.render_page("nurse/waiting_room.html", on=tablet.is_tablet(request))


def start_tablet_mode(request: StaffRequest) -> Response:
    """POST /waiting-room: the nurse is signed out here, and the tablet asks for a code."""
    _record_tablet_action(request, "tablet_begun")
    sessions.sign_out(request.store, read_session_token(request), request.now)
    response = see_other("/i")
    tablet.wipe_browser(response, request)
    clear_session_cookie(response, request)
    tablet.mark_tablet(response, request, request.clinic)
    return response


def end_tablet_mode(request: StaffRequest) -> Response:
    """POST /waiting-room/end: this device is like any other again."""
    _record_tablet_action(request, "tablet_ended")
    response = see_other("/waiting-room")
    tablet.wipe_browser(response, request)
    tablet.unmark_tablet(response, request)
    return response


def show_still_there(request: StaffRequest) -> Response:
    """GET /i/still-there: asks before it wipes, where no script could."""
    try:
        onward = open_visit(request).next_address
    except (NoJourney, LostJourney):
        return see_other("/i")
    response = request.render_page("patient/still_there.html", onward=onward, seconds=tablet.ALARM)
    response.headers["Refresh"] = f"{tablet.ALARM}; url={tablet.WIPE_PATH}"
    return response


def wipe_tablet(request: StaffRequest) -> Response:
    """GET /i/wiped: the tablet forgets this person; on other devices nothing happens."""
    response = see_other("/i")
    if tablet.is_tablet(request):
        tablet.wipe_browser(response, request)
    return response


def _record_tablet_action(request: StaffRequest, action: str) -> None:
    with request.writing_scope() as scope:
        audit.record_event(scope, action, ("clinic", request.clinic), request.client_address)
