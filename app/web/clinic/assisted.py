"""The nurse asks: the same questions, read out at the desk or on the phone.

It begins like an invitation and ends as a submission that is hers. The answers travel in a cookie
of their own, which is good for one session of hers and never for the self-check of a patient. It
knows no rule.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import replace

from starlette.responses import Response
from starlette.routing import Route

from app.store import assisting, clinics, invitations
from app.store.invitations import InvitationGone, Invited, NoSuchInvitation
from app.store.people import OtherName
from app.triage.answers import BadAnswer, read
from app.triage.questionnaire import Question
from app.web import journey as journeys
from app.web.access import Desk, guarded
from app.web.asking import (
    AGAIN,
    asked,
    before,
    button,
    looks_again,
    problem_words,
    progress,
    slipped,
    voice,
)
from app.web.clinic import guest_list
from app.web.clinic.guest_list import PROBLEMS
from app.web.journey import ABOUT, ASSISTED, ME, Journey, LostJourney, NoJourney
from app.web.pages import floor, see_other
from app.web.patients.invited import handed_of
from app.web.patients.visit import Visit, alarming, question_of, teller_of, visit, visit_of

START, ANSWERS, ASK = "/assisted", "/assisted/answers", "/assisted/ask/"
_FIELDS = ("reference", "name", "day", "kind")
_WHO = {"me": "assisted.about.me", "child": "assisted.about.child", "other": "assisted.about.other"}


class _NotAsking(Exception):
    """Nobody is being asked in this browser now, or someone else than the form is about."""


def routes() -> list[Route]:
    """The pages on which a nurse asks."""
    return [
        guarded("GET", START, page),
        guarded("POST", START, begin),
        guarded("GET", "/assisted/ask/{question}", question_page),
        guarded("POST", "/assisted/ask/{question}", answer),
        guarded("GET", ANSWERS, answers),
        guarded("POST", "/assisted/send", send),
        guarded("POST", "/assisted/stop", stop),
    ]


def page(desk: Desk, problems: dict[str, str] | None = None, about: str = "") -> Response:
    """GET /assisted: whom to ask, and who is being asked already."""
    try:
        here, going = _here(desk)
        onward = _onward(here)
    except _NotAsking:
        going, onward = None, ""
    return desk.show(
        "nurse/assisted.html",
        problems=problems,
        first=about,
        going=going,
        onward=onward,
        key=desk.typed("key") or secrets.token_urlsafe(12),
        typed={name: desk.typed(name) for name in _FIELDS},
        who_answers=_WHO,
        chosen=next((w for w in ABOUT if w == desk.typed("about")), ME),
    )


def begin(desk: Desk) -> Response:
    """POST /assisted: an invitation that is good for this once, and the first question."""
    guest = guest_list.guest_of([desk.typed(name) for name in _FIELDS])
    if isinstance(guest, str):
        return page(desk, {guest: PROBLEMS[guest]})
    who, key = desk.who, f"assisted:{desk.who.staff}:{desk.typed('key')[:50]}"
    try:
        (made,) = invitations.invite(desk.store, who.clinic, desk.now, who.staff, [guest], key)
    except OtherName as other:
        return page(desk, {"reference": "invitations.other_name"}, about=other.reference)
    with desk.store.reading(who.clinic) as scope:
        region = clinics.known(scope).region
    about = next((w for w in ABOUT if w == desk.typed("about")), ME)
    house = floor(desk.request)
    journey = Journey(region, house.now, about=about, invitation=made, session=who.token_hash)
    first = next(iter(house.rulebook.questionnaire)).id
    return _go(desk, f"{ASK}{first}", journey)


def question_page(desk: Desk) -> Response:
    """GET /assisted/ask/{question}: to be read out; filled in if it was answered before."""
    question = question_of(desk.request)
    try:
        here, going = _here(desk)
    except _NotAsking:
        return see_other(START)
    if not here.may_be_asked(question):
        return see_other(_onward(here))
    ticked = here.path.answers.get(question.id, frozenset())
    return _show_question(desk, question, here, going, ticked)


def answer(desk: Desk) -> Response:
    """POST /assisted/ask/{question}: take in what the patient said, and go on."""
    question = question_of(desk.request)
    try:
        here, going = _here(desk, desk.typed("of"))
    except _NotAsking:
        return see_other(START)
    if not here.may_be_asked(question):
        return see_other(_onward(here))
    given, again = desk.form.get(question.id, []), bool(desk.typed(AGAIN))
    try:
        chosen = read(question, given)
    except BadAnswer as bad:
        if signs := slipped(question, given, bad.problem):
            return _ask_back(desk, question, here, going, signs)
        return _show_question(desk, question, here, going, given, bad.problem, again=again)
    if looks_again(question, chosen, again):
        return _show_question(desk, question, here, going, chosen, again=True)
    now = visit_of(desk.request, here.journey.with_answer(question.id, chosen))
    return _go(desk, _onward(now), now.journey)


def answers(desk: Desk) -> Response:
    """GET /assisted/answers: all that was said, to be read back, and a way to change it."""
    try:
        here, going = _here(desk)
    except _NotAsking:
        return see_other(START)
    teller = teller_of(desk.request, here)
    return desk.show(
        "nurse/asked.html",
        region=here.journey.region,
        going=going,
        given=teller.all_answers(here.path.answers),
        alarming=alarming(desk.request, here),
        complete=here.path.next is None,
        onward=_onward(here),
        ask=ASK,
    )


def send(desk: Desk) -> Response:
    """POST /assisted/send: keep it. In an emergency also what is not answered to the end."""
    try:
        here, going = _here(desk, desk.typed("of"))
    except _NotAsking:
        return see_other(START)
    if here.path.next is not None and not alarming(desk.request, here):
        return see_other(_onward(here))
    who, targets = desk.who, desk.request.app.state.targets
    handed = handed_of(desk, here)
    try:
        kept = assisting.finish(
            desk.store, who.clinic, desk.now, who.staff, going.id, handed, targets
        )
    except InvitationGone:
        return page(desk, {"reference": "assisted.gone"})
    response = see_other(f"/submissions/{kept}")
    journeys.forget(response, desk.request, ASSISTED)
    return response


def stop(desk: Desk) -> Response:
    """POST /assisted/stop: drop what was said; the invitation stays, to be given to the patient."""
    response = see_other("/invitations")
    journeys.forget(response, desk.request, ASSISTED)
    return response


def _here(desk: Desk, of: str = "") -> tuple[Visit, Invited]:
    """Where the asking stands, and who is asked. Raises _NotAsking, also for another's form."""
    try:
        here = visit(desk.request, ASSISTED)
    except (NoJourney, LostJourney):
        raise _NotAsking from None
    journey = here.journey
    if journey.session != desk.who.token_hash or (of and of != journey.invitation):
        raise _NotAsking
    with desk.store.reading(desk.who.clinic) as scope:
        try:
            return here, invitations.one(scope, desk.now, journey.invitation)
        except NoSuchInvitation:
            raise _NotAsking from None


def _go(desk: Desk, address: str, journey: Journey) -> Response:
    response = see_other(address)
    journeys.keep(response, desk.request, floor(desk.request).key, journey, ASSISTED)
    return response


def _onward(here: Visit) -> str:
    return f"{ASK}{here.path.next.id}" if here.path.next else ANSWERS


def _back(desk: Desk, question: Question, here: Visit) -> str:
    earlier = before(floor(desk.request).rulebook.questionnaire, here.path, question)
    return f"{ASK}{earlier.id}" if earlier else START


def _ask_back(
    desk: Desk, question: Question, here: Visit, going: Invited, signs: Collection[str]
) -> Response:
    """ "None of these" was pressed while these were ticked: one of the two is a slip."""
    person = voice(here.path.answers, here.journey.about)
    return desk.show(
        "nurse/asked_back.html",
        region=here.journey.region,
        status=422,
        going=going,
        question=asked(
            floor(desk.request).words,
            question,
            person,
            lambda o: " checked" if o in signs else "",
        ),
        back=_back(desk, question, here),
        action=f"{ASK}{question.id}",
    )


def _show_question(
    desk: Desk,
    question: Question,
    here: Visit,
    going: Invited,
    ticked: Collection[str],
    problem: str = "",
    *,
    again: bool = False,
) -> Response:
    house, path = floor(desk.request), here.path
    person = voice(path.answers, here.journey.about)
    view = asked(
        house.words,
        question,
        person,
        lambda o: " checked" if o in ticked else "",
        again=again,
        was="" if problem or again else button(question, ticked),
    )
    number, more = progress(house.rulebook.questionnaire, path, question)
    wrong = problem_words(question, problem)
    return desk.show(
        "nurse/ask.html",
        problems={view.first_id: wrong} if wrong else None,
        region=here.journey.region,
        going=going,
        question=replace(view, text=f"{house.words.pages['assisted.ask']} {view.text}"),
        number=number,
        more=more,
        problem=wrong,
        alarming=alarming(desk.request, here),
        back=_back(desk, question, here),
        ask=ASK,
    )
