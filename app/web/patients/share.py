"""Showing a self-check to a nurse: its person makes a code, and a nurse types it.

Nothing is stored until its person asks for the code. The code stands in no address that a server
or a proxy notes: the square holds it behind the "#", which browsers keep to themselves.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import qr_code
from app.store import shares
from app.store.ground import keys
from app.store.shares import Shared, ShareGone
from app.store.submissions import Came, Handed, NoSuchSubmission
from app.triage.answers import BadAnswer, read
from app.triage.rules import assess
from app.triage.terms import Urgency
from app.web import journey as journeys
from app.web.access import Desk, guarded
from app.web.clinic import guest_list
from app.web.clinic.guest_list import PROBLEMS
from app.web.journey import Journey
from app.web.pages import floor, see_other
from app.web.patients.became import became
from app.web.patients.clinics_here import offered
from app.web.patients.invited import handed_of
from app.web.patients.visit import Visit, teller_of, visit

_ENDED = "patient/share_ended.html"
_FIELDS = ("reference", "name", "day")


def routes() -> list[Route]:
    """The pages of its person, and the one on which a nurse types the code."""
    return [
        guarded("GET", "/share", page),
        guarded("GET", "/share/news", news),
        guarded("POST", "/share", share),
        Route("/share/back", back_again, methods=["GET"]),
        guarded("POST", "/share/back", take_back),
        guarded("GET", "/shared", shared_page),
        guarded("POST", "/shared", shared),
    ]


def share(desk: Desk) -> Response:
    """POST /share: keep answers and result under a code, for half an hour."""
    here = visit(desk.request)
    if here.path.next is not None or not offered(desk.request):
        return see_other(here.onward if here.path.next else "/result")
    handed = handed_of(desk, here)
    old, key = here.journey.share, _key(desk.request)
    if old and not desk.typed("anew") and _there_already(desk, old, handed):
        return see_other("/share")
    if old:
        shares.take_back(desk.store, old)
    shares.offer(desk.store, key, handed, desk.now, address=desk.address)
    return _keep(desk, replace(here.journey, share=key))


def page(desk: Desk) -> Response:
    """GET /share: the code; later, who has it."""
    here = visit(desk.request)
    if not here.journey.share:
        return see_other("/result")
    try:
        found = shares.look(desk.store, here.journey.share, desk.now)
        return _waiting(desk, here, found) if found.handed else _handed_over(desk, found)
    except (ShareGone, NoSuchSubmission, keys.Forgotten):
        return desk.show(_ENDED, region=here.journey.region)


def news(desk: Desk) -> Response:
    """GET /share/news: nothing as long as the code waits; then the page that says who has it."""
    here = visit(desk.request)
    try:
        waits = shares.look(desk.store, here.journey.share, desk.now).taken is None
    except ShareGone:
        waits = False
    return Response(status_code=204) if waits else page(desk)


def take_back(desk: Desk) -> Response:
    """POST /share/back: the code and all that was kept under it are deleted at once."""
    here = visit(desk.request)
    if here.journey.share:
        shares.take_back(desk.store, here.journey.share)
    return see_other("/share")


async def back_again(_: Request) -> Response:
    """GET /share/back: what a browser asks for that loads a failure to take it back anew."""
    return see_other("/share")


def shared_page(desk: Desk, problems: dict[str, str] | None = None) -> Response:
    """GET /shared: the nurse types the code, and what the clinic calls this person."""
    typed = {name: desk.typed(name) for name in ("code", *_FIELDS)}
    return desk.show("nurse/shared.html", typed=typed, problems=problems)


def shared(desk: Desk) -> Response:
    """POST /shared: what was shown becomes a submission, on the worklist like any other."""
    guest = guest_list.guest_of([desk.typed(name) for name in _FIELDS])
    if isinstance(guest, str):
        return shared_page(desk, {guest: PROBLEMS[guest]})
    # Who is meant is made sure of on the submission's own page.
    came = Came(
        source="share",
        key="",
        reference=guest.reference,
        name=guest.name,
        appointment_on=guest.appointment_on,
        taken_by=desk.who.staff,
    )
    code = desk.typed("code").rpartition("#")[2]
    targets = desk.request.app.state.targets
    try:
        found = shares.take(
            desk.store, desk.who.clinic, code, came, targets, lambda h: _today(desk, h), desk.now
        )
    except ShareGone:
        return shared_page(desk, {"code": "shared.code.problem"})
    return see_other(f"/submissions/{found}")


def _waiting(desk: Desk, here: Visit, found: Shared) -> Response:
    handed = found.handed
    return desk.show(
        "patient/share.html",
        region=here.journey.region,
        code=found.code,
        square=qr_code(f"{desk.base}/shared#{found.code}"),
        minutes=math.ceil((found.expires_at - desk.now) / timedelta(minutes=1)),
        emergency=handed is not None and handed.assessment.urgency is Urgency.emergency,
        given=teller_of(desk.request, here).all_answers(handed.answers) if handed else [],
    )


def _handed_over(desk: Desk, found: Shared) -> Response:
    clinic, submission = (found.taken.clinic, found.taken.submission) if found.taken else ("", "")
    with desk.store.reading(clinic) as scope:
        values = became(desk, scope, submission)
    return desk.show("patient/handed_over.html", token="", **values)


def _there_already(desk: Desk, key: str, handed: Handed) -> bool:
    """Whether this very thing waits under the code that there is, or someone took what did."""
    try:
        found = shares.look(desk.store, key, desk.now)
    except ShareGone:
        return False
    return found.handed is None or found.handed.answers == handed.answers


def _key(request: Request) -> str:
    """The same for a button pressed twice, and no other person's: each sealed cookie is unique."""
    sealed = request.cookies[journeys.cookie_name(request)]
    return hashlib.sha256(sealed.encode()).hexdigest()


def _today(desk: Desk, told: Handed) -> Handed | None:
    """What today's rules make of the answers; None where they are those of before."""
    book, shelf = floor(desk.request).rulebook, desk.request.app.state.shelf
    if told.rulebook_sha256 == book.sha256:
        return None
    given = shelf.in_todays_questions(told.rulebook_version, told.answers)
    try:
        asked = {id_: book.questionnaire[id_] for id_ in given}
        answers = {id_: read(asked[id_], sorted(given[id_])) for id_ in asked}
    except (KeyError, BadAnswer):
        return None  # what they no longer know, a nurse asks anew
    path = book.questionnaire.path(answers)
    return replace(
        told,
        answers=path.answers,
        assessment=assess(book, path.answers),
        rulebook_version=book.version,
        rulebook_sha256=book.sha256,
    )


def _keep(desk: Desk, journey: Journey) -> Response:
    response = see_other("/share")
    journeys.keep(response, desk.request, floor(desk.request).key, journey)
    return response
