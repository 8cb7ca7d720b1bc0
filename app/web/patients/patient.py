"""The self-check, page by page: start, questions, answers, emergency, clear.

Each route replays the answers, asks the engine and shows a page. No step is stored, so Back, a
deep link, two tabs and a changed answer are all the same few lines. It knows no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.store import shares
from app.store.tables import Clinic
from app.triage.answers import BadAnswer, read
from app.triage.questionnaire import Path, Question
from app.web import journey as journeys
from app.web import tablet
from app.web.asking import (
    AGAIN,
    asked,
    before,
    button,
    in_order,
    looks_again,
    problem_words,
    progress,
    slipped,
    voice,
)
from app.web.journey import ABOUT, ME, Journey, LostJourney, NoJourney
from app.web.pages import filler, floor, see_other, show
from app.web.patients import drop_off
from app.web.patients.clinics_here import offered
from app.web.patients.visit import (
    CannotWorkOut,
    Visit,
    alarming,
    alarming_with,
    meaning,
    question_of,
    reply,
    teller_of,
    visit,
    visit_of,
)
from app.web.still import TICK, still
from app.web.telling import Teller, emergencies

QUESTION = "patient/question.html"


def routes() -> list[Route]:
    """The pages of the self-check."""
    return [
        Route("/", start, methods=["GET"]),
        Route("/start", begun_again, methods=["GET"]),
        Route("/start", begin, methods=["POST"]),
        Route("/check/{question}", question_page, methods=["GET"]),
        Route("/check/{question}", answer, methods=["POST"]),
        Route("/answers", answers, methods=["GET"]),
        Route("/emergency", emergency, methods=["GET"]),
        Route("/clear", clear, methods=["POST"]),
        Route("/cleared", cleared, methods=["GET"]),
        Route("/about", about, methods=["GET"]),
        Route("/privacy", privacy, methods=["GET"]),
    ]


async def start(request: Request) -> Response:
    """GET /: what this is, the emergency box, and where the person is."""
    try:
        return _start_page(request, going=visit(request))
    except NoJourney:
        return _start_page(request, whom=_whom(request))
    except LostJourney:
        response = _start_page(request, lost=True)
        journeys.forget(response, request)
        return response


def _whom(request: Request) -> str:
    """Whom it is about, where no more than that was chosen yet."""
    here = floor(request)
    try:
        return journeys.open_journey(request, here.key, here.now).about
    except NoJourney:
        return ""


def _start_page(
    request: Request,
    *,
    going: Visit | None = None,
    lost: bool = False,
    problem: str = "",
    whom: str = "",
) -> Response:
    here = floor(request)
    values: dict[str, Any] = {
        "places": {r: here.words.regions[r] for r in here.rulebook.regions},
        "chosen": going.journey.region if going else "",
        "about": going.journey.about if going else whom,
        "onward": going.onward if going else "",
        "lost": lost,
        "problem": problem,
        "clinics": offered(request),
    }
    if not (going or lost or problem or whom):
        return still(request, "patient/start.html", name=_with(request), values=lambda: values)
    return show(
        request, "patient/start.html", error=bool(problem), status=422 if problem else 200, **values
    )


async def begin(request: Request) -> Response:
    """POST /start: the region is known, the questions begin. Answers already given stay."""
    here = floor(request)
    chosen = await reply(request, "region")
    whom = next((who for who in await reply(request, "about") if who in ABOUT), "")
    if len(chosen) != 1 or chosen[0] not in here.rulebook.regions:
        return _not_begun(request, whom)
    try:
        going = replace(visit(request).journey, region=chosen[0], about=whom or ME)
    except (NoJourney, LostJourney):
        going = Journey(region=chosen[0], begun=here.now, about=whom or ME)
    response = see_other(f"/check/{next(iter(here.rulebook.questionnaire)).id}")
    journeys.keep(response, request, here.key, going)
    return response


def _not_begun(request: Request, whom: str) -> Response:
    """Who loads this page anew finds what they chose: it is kept as far as there is no journey."""
    response, here = _start_page(request, problem="start.region.problem", whom=whom), floor(request)
    try:
        visit(request)
    except (NoJourney, LostJourney):
        if whom:
            chosen = Journey(region="", begun=here.now, about=whom)
            journeys.keep(response, request, here.key, chosen)
    return response


async def begun_again(_: Request) -> Response:
    """GET /start: what a browser asks for that loads the refused page anew."""
    return see_other("/")


async def question_page(request: Request) -> Response:
    """GET /check/{question}: one question, filled in if it was answered before."""
    question = question_of(request)
    here = visit(request)
    if not here.may_be_asked(question):
        return see_other(here.onward)
    ticked = here.path.answers.get(question.id, frozenset())
    response = _show_question(request, question, here, ticked)
    if here.journey.note:
        journeys.keep(response, request, floor(request).key, replace(here.journey, note=""))
    return response


async def answer(request: Request) -> Response:
    """POST /check/{question}: take the answer in, then go on, or say what is wrong with it."""
    question = question_of(request)
    here = visit(request)
    if not here.may_be_asked(question):
        return see_other(here.onward)
    given, again = await reply(request, question.id), bool(await reply(request, AGAIN))
    try:
        chosen = read(question, given)
    except BadAnswer as bad:
        if signs := slipped(question, given, bad.problem):
            return _ask_back(request, question, here, signs)
        return _show_question(request, question, here, given, bad.problem, again=again)
    if looks_again(question, chosen, again):
        return _show_question(request, question, here, chosen, again=True)
    now = visit_of(request, here.journey.with_answer(question.id, chosen))
    follows = now.path.next.id if now.path.next else ""
    drop_off.count(request, here.journey, question.id, follows)
    is_emergency = alarming(request, now)
    # Trap: a stiff hand taps twice. The second tap must not step over the page of the first.
    interrupts = is_emergency and here.journey.warned_at in ("", question.id)
    warned_at = question.id if interrupts else here.journey.warned_at
    response = see_other("/emergency" if interrupts else now.onward)
    kept = replace(now.journey, warned_at=warned_at if is_emergency else "")
    journeys.keep(response, request, floor(request).key, kept)
    return response


def _show_question(
    request: Request,
    question: Question,
    here: Visit,
    ticked: Collection[str],
    problem: str = "",
    *,
    again: bool = False,
) -> Response:
    number, more = progress(floor(request).rulebook.questionnaire, here.path, question)
    back = _back(request, question, here.path)
    person = voice(here.path.answers, here.journey.about)
    note, is_emergency = here.journey.note, alarming(request, here)
    was = "" if problem or again else button(question, ticked)

    def values(tick: Callable[[str], str]) -> dict[str, Any]:
        view = asked(floor(request).words, question, person, tick, again=again, was=was)
        return {
            "question": view,
            "number": number,
            "more": more,
            "back": back,
            "note": note,
            "alarmed": is_emergency,
            "alarming_ticks": again and alarming_with(request, here, question, ticked),
            "problem": problem_words(question, problem),
        }

    if problem or note or is_emergency or again:
        shown = values(lambda option: " checked" if option in ticked else "")
        status = 422 if problem else 200
        region, error = here.journey.region, bool(problem)
        return show(request, QUESTION, region=region, error=error, status=status, **shown)
    return still(
        request,
        QUESTION,
        region=here.journey.region,
        name=f"{question.id} {number} {more} {back} {person} {was}",
        values=lambda: values(lambda _: TICK),
        ticks=[option in ticked for option in in_order(question)],
    )


def _ask_back(
    request: Request, question: Question, here: Visit, signs: Collection[str]
) -> Response:
    """ "None of these" was pressed while these were ticked: one of the two is a slip."""
    person = voice(here.path.answers, here.journey.about)
    return show(
        request,
        "patient/asked_back.html",
        region=here.journey.region,
        status=422,
        question=asked(
            floor(request).words, question, person, lambda o: " checked" if o in signs else ""
        ),
        back=_back(request, question, here.path),
        action=f"/check/{question.id}",
        alarmed=alarming(request, here),
        alarming_ticks=alarming_with(request, here, question, signs),
    )


def _back(request: Request, question: Question, path: Path) -> str:
    earlier = before(floor(request).rulebook.questionnaire, path, question)
    return f"/check/{earlier.id}" if earlier else "/"


async def answers(request: Request) -> Response:
    """GET /answers: every answer with a way to change it; what does not fit is asked back."""
    here = visit(request)
    assessment = meaning(request, here)
    teller = teller_of(request, here)
    off = {id_: here.journey.answers[id_] for id_ in here.path.ignored}
    return show(
        request,
        "patient/answers.html",
        region=here.journey.region,
        given=teller.all_answers(here.path.answers),
        ignored=teller.all_answers(off),
        contradictions=teller.contradictions(assessment),
        alarmed=bool(emergencies(assessment)),
        onward="/result" if here.path.next is None else here.onward,
        complete=here.path.next is None,
    )


async def emergency(request: Request) -> Response:
    """GET /emergency: stop and get help. The person may go on; the message stays in sight."""
    here = visit(request)
    assessment = meaning(request, here)
    if not emergencies(assessment):
        return see_other(here.onward)
    teller = teller_of(request, here)
    return show(
        request,
        "patient/emergency.html",
        region=here.journey.region,
        about=voice(here.path.answers, here.journey.about),
        card=teller.card_of("emergency"),
        advice=teller.advice(assessment),
        reasons=teller.emergency(assessment),
        onward=here.onward,
    )


async def clear(request: Request) -> Response:
    """POST /clear: drop the answers, and all that the browser kept of these pages."""
    if tablet.is_on(request):
        return see_other(tablet.WIPE)
    response = see_other("/cleared")
    # Trap: where "cookies" stands here, Chromium leaves Set-Cookie aside, also over plain http,
    # where it does not heed this header: the answers would stay.
    cookies = '"cookies", ' if request.scope["scheme"] == "https" else ""
    response.headers["Clear-Site-Data"] = f'{cookies}"storage", "cache"'
    journeys.forget(response, request)
    return response


async def cleared(request: Request) -> Response:
    """GET /cleared: the answers are gone."""
    return still(request, "patient/cleared.html")


async def about(request: Request) -> Response:
    """GET /about: what this is and is not, and whose software it uses."""
    values = {"rulebook": floor(request).rulebook, "clinics": offered(request)}
    return still(request, "patient/about.html", name=_with(request), values=lambda: values)


async def privacy(request: Request) -> Response:
    """GET /privacy: where the answers are, and what a clinic keeps that they are sent to."""
    usual = {name: field.default for name, field in Clinic.model_fields.items()}
    values = {
        "clinics": offered(request),
        "reviewed": usual["reviewed_days"],
        "unreviewed": usual["unreviewed_days"],
        "minutes": shares.LASTS // timedelta(minutes=1),
    }
    return still(request, "patient/privacy.html", name=_with(request), values=lambda: values)


def _with(request: Request) -> str:
    """What a page that speaks of clinics is kept under."""
    return "clinics" if offered(request) else ""


async def no_journey(request: Request, _: Exception) -> Response:
    """Nothing begun, or a browser that keeps no cookie: one page says both."""
    return show(request, "patient/no_journey.html")


async def lost_journey(_request: Request, _: Exception) -> RedirectResponse:
    """The start page finds the unreadable cookie too, says so kindly and drops it."""
    return see_other("/")


async def cannot_work_out(request: Request, error: Exception) -> Response:
    """Careful advice where assessing failed."""
    region = error.region if isinstance(error, CannotWorkOut) else None
    here = floor(request)
    teller = Teller(here.rulebook, here.words, filler(here, region), {})
    return show(
        request,
        "errors/unworkable.html",
        region=region,
        card=teller.card_of("cannot_work_out"),
        status=500,
    )
