"""Invited people: what a link or a code leads to, handing over, and what became of it.

Whoever has the link is its person; opening it uses nothing up. The same link goes on to show when
a nurse looked. An emergency is always told to call, and never to wait. It knows no rule.
"""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response
from starlette.routing import Route

from app.store import invitations, submissions
from app.store.invitations import InvitationGone, Opened
from app.store.submissions import Handed
from app.store.tables import Clinic
from app.triage.terms import Urgency
from app.web import journey as journeys
from app.web.access import Desk, guarded
from app.web.account import told
from app.web.journey import ME, Journey, LostJourney, NoJourney
from app.web.pages import floor, see_other
from app.web.patient import ABOUT, meaning, visit

_GONE = "patient/link_gone.html"


def routes() -> list[Route]:
    """The pages of invited people."""
    return [
        guarded("GET", "/i", code_page),
        guarded("POST", "/i", code),
        guarded("GET", "/i/{token}", page),
        guarded("POST", "/i/{token}", begin),
        guarded("POST", "/send", send),
    ]


def code_page(desk: Desk) -> Response:
    """GET /i: a box for the code of an invitation."""
    return desk.show("patient/invitation_code.html")


def code(desk: Desk) -> Response:
    """POST /i: the code leads to where the link leads."""
    try:
        token = invitations.token_by_code(
            desk.store, desk.typed("code"), desk.now, address=desk.address
        )
    except InvitationGone:
        return desk.show("patient/invitation_code.html", problems={"code": "invited.code.problem"})
    return see_other(f"/i/{token}")


def page(desk: Desk) -> Response:
    """GET /i/{token}: who invites, and a button to begin; later, what became of it."""
    try:
        found = _opened(desk)
    except InvitationGone:
        return desk.show(_GONE, status=404)
    return _handed_over(desk, found) if found.finished else _welcome(desk, found)


def begin(desk: Desk) -> Response:
    """POST /i/{token}: the questions begin. Answers of someone else in this browser are dropped."""
    try:
        found = _opened(desk)
    except InvitationGone:
        return desk.show(_GONE, status=404)
    here, token = floor(desk.request), desk.request.path_params["token"]
    about = next((who for who in desk.form.get("about", []) if who in ABOUT), ME)
    journey = Journey(found.clinic.region, here.now, about=about, invitation=token)
    try:
        going = visit(desk.request)
    except (NoJourney, LostJourney):
        going = None
    if going is not None and going.journey.invitation == token:
        response = see_other(going.onward)
        journey = going.journey
    else:
        response = see_other(f"/check/{next(iter(here.rulebook.questionnaire)).id}")
    journeys.keep(response, desk.request, here.key, journey)
    return response


def send(desk: Desk) -> Response:
    """POST /send: hand the answers over. What cannot be sent is still the person's to read."""
    here = visit(desk.request)
    token = here.journey.invitation
    if here.path.next is not None or not token:
        return see_other(here.onward if here.path.next else "/result")
    assessment, rulebook = meaning(desk.request, here), floor(desk.request).rulebook
    answers = here.path.answers
    handed = Handed(
        answers,
        here.journey.about,
        here.journey.region,
        assessment,
        unsure=sum(rulebook.questionnaire[q].unsure in chosen for q, chosen in answers.items()),
        rulebook_version=rulebook.version,
        rulebook_sha256=rulebook.sha256,
    )
    try:
        clinic, invitation = invitations.of_token(desk.store, token)
        targets = desk.request.app.state.targets
        submissions.send(desk.store, clinic, invitation, handed, targets, desk.now)
    except InvitationGone:
        return desk.show("patient/not_sent.html", status=404, region=here.journey.region)
    return see_other(f"/i/{token}")


def _opened(desk: Desk) -> Opened:
    return invitations.opened(desk.store, desk.request.path_params["token"], desk.now)


def _welcome(desk: Desk, found: Opened) -> Response:
    return desk.show(
        "patient/invited.html",
        region=found.clinic.region,
        token=desk.request.path_params["token"],
        clinic=found.clinic.name,
        appointment=_day(found),
    )


def _handed_over(desk: Desk, found: Opened) -> Response:
    with desk.store.reading(found.clinic.clinic_id) as scope:
        try:
            arrived = submissions.arrived(scope, found.id, desk.now)
        except submissions.NoSuchSubmission:
            return desk.show(_GONE, status=404)
    calls = Urgency.emergency in (arrived.urgency, arrived.result) and not arrived.closed_at
    return desk.show(
        "patient/handed_over.html",
        region=found.clinic.region,
        token=desk.request.path_params["token"],
        clinic=found.clinic.name,
        appointment=_day(found),
        reference=arrived.reference,
        calls=calls,
        level=floor(desk.request).words.levels[arrived.urgency.name].parts["badge"],
        sent=_time(arrived.at, found.clinic),
        due=_time(arrived.due_at, found.clinic),
        late=arrived.due_at <= desk.now,
        seen=_time(arrived.seen_at, found.clinic),
        closed=_time(arrived.closed_at, found.clinic),
    )


def _time(at: datetime | None, clinic: Clinic) -> str:
    return told(at, clinic.time_zone) if at else ""


def _day(found: Opened) -> str:
    day = found.appointment_on
    return f"{day:%A} {day.day} {day:%B %Y}" if day else ""
