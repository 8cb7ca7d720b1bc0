"""Has anything changed? A second look that asks again only what could make the result more urgent.

It starts from the answers in the sealed cookie, wherever they came from, and ends at the result.
No step is stored; it knows no rule.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.triage.answers import BadAnswer, read
from app.triage.questionnaire import Question
from app.triage.second_look import recheck_questions
from app.web import journey as journeys
from app.web.asking import AGAIN, asked, button, looks_again, problem_words, slipped, voice
from app.web.pages import floor, see_other, show
from app.web.patients.visit import (
    Visit,
    alarming,
    alarming_with,
    question_of,
    reply,
    visit,
    visit_of,
)

BEGIN = "/changed"
END = "/result"


def routes() -> list[Route]:
    """The pages of a second look."""
    return [
        Route(BEGIN, offer, methods=["GET"]),
        Route(BEGIN, begin, methods=["POST"]),
        Route(f"{BEGIN}/{{question}}", question_page, methods=["GET"]),
        Route(f"{BEGIN}/{{question}}", answer, methods=["POST"]),
    ]


async def offer(request: Request) -> Response:
    """GET /changed: what will be asked again, and where the person is now."""
    here = visit(request)
    if here.path.next is not None and not here.journey.earlier:
        return see_other(here.onward)
    return show(
        request,
        "patient/changed.html",
        region=here.journey.region,
        alarmed=alarming(request, here),
        places={r: floor(request).words.regions[r] for r in floor(request).rulebook.regions},
        chosen=here.journey.region,
        back=END if not here.journey.earlier else "/answers",
        count=len(recheck_questions(floor(request).rulebook, here.path.answers)),
    )


async def begin(request: Request) -> Response:
    """POST /changed: a new second look, which forgets an earlier one."""
    here = visit(request)
    place = next(iter(await reply(request, "region")), here.journey.region)
    region = place if place in floor(request).rulebook.regions else here.journey.region
    journey = replace(here.journey, region=region, earlier={}, note="")
    response = see_other(onward(request, visit_of(request, journey)))
    journeys.keep(response, request, floor(request).key, journey)
    return response


async def question_page(request: Request) -> Response:
    """GET /changed/{question}: the question with the last answer filled in."""
    question, here = question_of(request), visit(request)
    if not here.may_be_asked(question):
        return see_other(onward(request, here))
    ticked = here.path.answers.get(question.id, frozenset())
    return _show_question(request, question, here, ticked)


async def answer(request: Request) -> Response:
    """POST /changed/{question}: take the answer in; stop as soon as an emergency is certain."""
    question, here = question_of(request), visit(request)
    if not here.may_be_asked(question):
        return see_other(onward(request, here))
    given, again = await reply(request, question.id), bool(await reply(request, AGAIN))
    try:
        chosen = read(question, given)
    except BadAnswer as bad:
        if signs := slipped(question, given, bad.problem):
            return _ask_back(request, question, here, signs)
        return _show_question(request, question, here, given, bad.problem, again=again)
    if looks_again(question, chosen, again):
        return _show_question(request, question, here, chosen, again=True)
    journey = here.journey.asked_again(question.id, chosen)
    now = visit_of(request, journey)
    interrupts = alarming(request, now) and not alarming(request, here)
    response = see_other("/emergency" if interrupts else onward(request, now))
    journeys.keep(response, request, floor(request).key, journey)
    return response


def onward(request: Request, here: Visit) -> str:
    """The next question that could raise the level, one that an answer opened, or the result."""
    left = _left(request, here)
    return f"{BEGIN}/{left[0]}" if left else END


def _left(request: Request, here: Visit) -> list[str]:
    again = recheck_questions(floor(request).rulebook, here.path.answers)
    left = [question for question in again if question not in here.journey.earlier]
    return [*left, *([here.path.next.id] if here.path.next else [])]


def _asked(here: Visit) -> list[str]:
    """What was asked again so far, in its order."""
    return [id_ for id_ in here.journey.earlier if id_ in here.path.answers]


def behind_result(here: Visit) -> str:
    """What came before the result: the last question of a second look, or the list of answers."""
    asked_again = _asked(here)
    return f"{BEGIN}/{asked_again[-1]}" if asked_again else "/answers"


def _could_come(here: Visit) -> list[str]:
    """Every question that may still be asked again, whatever is answered until then."""
    left = [
        question.id
        for question in here.path.asked
        if question.id not in here.journey.earlier
        and any(option.may_happen or option.may_end for option in question.options)
    ]
    return [*left, *([here.path.next.id] if here.path.next else [])]


def _back(here: Visit, question: Question) -> str:
    before = _asked(here)
    if question.id in before:
        before = before[: before.index(question.id)]
    return f"{BEGIN}/{before[-1]}" if before else BEGIN


def _ask_back(
    request: Request, question: Question, here: Visit, signs: Collection[str]
) -> Response:
    """As in the first check: a slip of one of two buttons."""
    person = voice(here.path.answers, here.journey.about)
    return show(
        request,
        "patient/asked_back.html",
        region=here.journey.region,
        status=422,
        question=asked(
            floor(request).words, question, person, lambda o: " checked" if o in signs else ""
        ),
        back=_back(here, question),
        action=f"{BEGIN}/{question.id}",
        alarmed=alarming(request, here),
        alarming_ticks=alarming_with(request, here, question, signs),
    )


def _show_question(
    request: Request,
    question: Question,
    here: Visit,
    ticked: Collection[str],
    problem: str = "",
    *,
    again: bool = False,
) -> Response:
    person = voice(here.path.answers, here.journey.about)
    view = asked(
        floor(request).words,
        question,
        person,
        lambda o: " checked" if o in ticked else "",
        again=again,
        was="" if problem or again else button(question, ticked),
    )
    more = [id_ for id_ in _could_come(here) if id_ != question.id]
    return show(
        request,
        "patient/changed_question.html",
        region=here.journey.region,
        error=bool(problem),
        status=422 if problem else 200,
        question=view,
        back=_back(here, question),
        more=len(more),
        alarmed=alarming(request, here),
        alarming_ticks=again and alarming_with(request, here, question, ticked),
        problem=problem_words(question, problem),
    )
