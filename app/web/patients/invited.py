"""Invited people: what a link or a code leads to, handing over, and what became of it.

Whoever has the link is its person; opening it uses nothing up. The same link goes on to show when
a nurse looked. An emergency is always told to call, and never to wait. It knows no rule.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.store import invitations, submissions
from app.store.ground import keys
from app.store.invitations import InvitationGone, Opened
from app.store.submissions import Handed
from app.web import journey as journeys
from app.web import tablet
from app.web.access import Desk, guarded
from app.web.journey import ABOUT, ME, Journey, LostJourney, NoJourney
from app.web.pages import floor, see_other
from app.web.patients.became import became, in_words
from app.web.patients.visit import Visit, meaning, visit

HERE = "here"
"""Stands in an address for the link that this browser is on already."""
_GONE = "patient/link_gone.html"


def routes() -> list[Route]:
    """The pages of invited people."""
    return [
        guarded("GET", "/i", code_page, asks_store=False),
        guarded("POST", "/i", code),
        guarded("GET", "/i/{token}", page),
        guarded("POST", "/i/{token}", begin),
        Route("/send", send_again, methods=["GET"]),
        guarded("POST", "/send", send),
    ]


def code_page(desk: Desk) -> Response:
    """GET /i: a box for the code of an invitation."""
    return desk.show("patient/invitation_code.html", on_tablet=tablet.is_on(desk.request))


def code(desk: Desk) -> Response:
    """POST /i: the code leads to where the link leads."""
    try:
        token = invitations.token_by_code(
            desk.store, desk.typed("code"), desk.now, address=desk.address
        )
    except InvitationGone:
        return desk.show(
            "patient/invitation_code.html",
            problems={"code": "invited.code.problem"},
            on_tablet=tablet.is_on(desk.request),
        )
    if not tablet.is_on(desk.request):
        return see_other(f"/i/{token}")
    region = invitations.opened(desk.store, token, desk.now).clinic.region
    response, here = see_other(f"/i/{HERE}"), floor(desk.request)
    journey = Journey(region, here.now, invitation=token)
    journeys.keep(response, desk.request, here.key, journey)
    return response


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
    here, token = floor(desk.request), _link(desk)
    about = next((who for who in desk.form.get("about", []) if who in ABOUT), ME)
    journey = Journey(found.clinic.region, here.now, about=about, invitation=token)
    try:
        going = visit(desk.request)
    except (NoJourney, LostJourney):
        going = None
    begun = going is not None and going.journey.invitation == token and going.journey.answers
    if going is not None and begun:
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
    try:
        clinic, invitation = invitations.of_token(desk.store, token)
        targets, handed = desk.request.app.state.targets, handed_of(desk, here)
        submissions.send(desk.store, clinic, invitation, handed, targets, desk.now)
    except InvitationGone:
        return desk.show("patient/not_sent.html", status=404, region=here.journey.region)
    return see_other(f"/i/{HERE if tablet.is_on(desk.request) else token}")


async def send_again(_: Request) -> Response:
    """GET /send: what a browser asks for that loads the page anew which could not be sent."""
    return see_other("/result")


def handed_of(desk: Desk, here: Visit) -> Handed:
    """What a person hands over: their answers, and what the rules make of them."""
    assessment, rulebook = meaning(desk.request, here), floor(desk.request).rulebook
    about, region = here.journey.about, here.journey.region
    return Handed.by(rulebook, here.path.answers, assessment, about=about, region=region)


def _token(desk: Desk) -> str:
    """The word in the address: the token of a link, or HERE."""
    word: str = desk.request.path_params["token"]
    return word


def _link(desk: Desk) -> str:
    """The token of the link. On a tablet it stands in no address, where Back would lead to it."""
    if _token(desk) != HERE:
        return _token(desk)
    try:
        return visit(desk.request).journey.invitation
    except (NoJourney, LostJourney):
        return ""


def _opened(desk: Desk) -> Opened:
    return invitations.opened(desk.store, _link(desk), desk.now)


def _welcome(desk: Desk, found: Opened) -> Response:
    return desk.show(
        "patient/invited.html",
        region=found.clinic.region,
        token=_token(desk),
        clinic=found.clinic.name,
        appointment=in_words(found.appointment_on),
    )


def _handed_over(desk: Desk, found: Opened) -> Response:
    with desk.store.reading(found.clinic.clinic_id) as scope:
        try:
            sent = submissions.arrived(scope, found.id, desk.now).submission
            values = became(desk, scope, sent)
        except (submissions.NoSuchSubmission, keys.Forgotten):
            return desk.show(_GONE, status=404)
    return desk.show("patient/handed_over.html", token=_token(desk), **values)
