"""A tablet in the waiting room: a nurse hands it over, and it forgets each person in turn.

Her own session ends before, since it must not lie about. Each page works by a timed refresh where
no script runs. It knows no answers.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from app.store.accounts import sessions
from app.store.keeping import audit
from app.web import tablet
from app.web.access import Desk, forget_token, guarded, token_of
from app.web.journey import LostJourney, NoJourney
from app.web.pages import see_other
from app.web.patients.visit import visit


def routes() -> list[Route]:
    """The pages that begin, end and watch over it."""
    return [
        guarded("GET", "/waiting-room", page),
        guarded("POST", "/waiting-room", begin),
        guarded("POST", "/waiting-room/end", end),
        guarded("GET", "/i/still-there", still_there, asks_store=False),
        guarded("GET", "/i/wiped", wiped, asks_store=False),
    ]


def page(desk: Desk) -> Response:
    """GET /waiting-room: what it does, and a button to begin or to end it on this device."""
    return desk.show("nurse/waiting_room.html", on=tablet.is_on(desk.request))


def begin(desk: Desk) -> Response:
    """POST /waiting-room: the nurse is signed out here, and the tablet asks for a code."""
    _note(desk, "tablet_begun")
    sessions.sign_out(desk.store, token_of(desk.request), desk.now)
    response = see_other("/i")
    tablet.wipe(response, desk.request)
    forget_token(response, desk.request)
    tablet.switch_on(response, desk.request, desk.who.clinic)
    return response


def end(desk: Desk) -> Response:
    """POST /waiting-room/end: this device is like any other again."""
    _note(desk, "tablet_ended")
    response = see_other("/waiting-room")
    tablet.wipe(response, desk.request)
    tablet.switch_off(response, desk.request)
    return response


def still_there(desk: Desk) -> Response:
    """GET /i/still-there: asks before it wipes, where no script could."""
    try:
        onward = visit(desk.request).onward
    except (NoJourney, LostJourney):
        return see_other("/i")
    response = desk.show("patient/still_there.html", onward=onward, seconds=tablet.ALARM)
    response.headers["Refresh"] = f"{tablet.ALARM}; url={tablet.WIPE}"
    return response


def wiped(desk: Desk) -> Response:
    """GET /i/wiped: the tablet forgets this person; on other devices nothing happens."""
    response = see_other("/i")
    if tablet.is_on(desk.request):
        tablet.wipe(response, desk.request)
    return response


def _note(desk: Desk, action: str) -> None:
    who = desk.who
    with desk.store.writing(who.clinic) as scope:
        audit.add(scope, desk.now, who.staff, action, ("clinic", who.clinic), desk.address)
