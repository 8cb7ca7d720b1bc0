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

from app.presentation.question import (
    AGAIN_FIELD,
    build_question_view,
    find_pressed_button,
    find_problem_key,
    find_respondent,
    find_slipped_signs,
    must_look_again,
)
from app.triage.answers import BadAnswer, parse_answer
from app.triage.questionnaire import Question
from app.triage.second_look import list_recheck_questions
from app.web import journey as journeys
from app.web.pages import app_context, render_page, see_other
from app.web.patients.visit import (
    Visit,
    find_question,
    has_certain_emergency,
    make_visit,
    open_visit,
    read_form_field,
    would_be_emergency,
)

RECHECK_PATH = "/changed"
RESULT_PATH = "/result"


def page_routes() -> list[Route]:
    """The pages of a second look."""
    return [
        Route(RECHECK_PATH, show_second_look, methods=["GET"]),
        Route(RECHECK_PATH, start_second_look, methods=["POST"]),
        Route(f"{RECHECK_PATH}/{{question}}", show_recheck_question, methods=["GET"]),
        Route(f"{RECHECK_PATH}/{{question}}", submit_recheck_answer, methods=["POST"]),
    ]


async def show_second_look(request: Request) -> Response:
    """GET /changed: what will be asked again, and where the person is now."""
    visit = open_visit(request)
    if visit.path.next is not None and not visit.journey.earlier:
        return see_other(visit.next_address)
    return render_page(
        request,
        "patient/changed.html",
        region=visit.journey.region,
        alarmed=has_certain_emergency(request, visit),
        places={
            r: app_context(request).page_wording.regions[r]
            for r in app_context(request).rulebook.regions
        },
        chosen=visit.journey.region,
        back=RESULT_PATH if not visit.journey.earlier else "/answers",
        count=len(list_recheck_questions(app_context(request).rulebook, visit.path.answers)),
    )


async def start_second_look(request: Request) -> Response:
    """POST /changed: a new second look, which forgets an earlier one."""
    visit = open_visit(request)
    place = next(iter(await read_form_field(request, "region")), visit.journey.region)
    region = place if place in app_context(request).rulebook.regions else visit.journey.region
    journey = replace(visit.journey, region=region, earlier={}, note="")
    response = see_other(next_recheck_address(request, make_visit(request, journey)))
    journeys.set_journey_cookie(response, request, app_context(request).key, journey)
    return response


async def show_recheck_question(request: Request) -> Response:
    """GET /changed/{question}: the question with the last answer filled in."""
    question, visit = find_question(request), open_visit(request)
    if not visit.may_be_asked(question):
        return see_other(next_recheck_address(request, visit))
    ticked = visit.path.answers.get(question.id, frozenset())
    return _render_question(request, question, visit, ticked)


async def submit_recheck_answer(request: Request) -> Response:
    """POST /changed/{question}: take the answer in; stop as soon as an emergency is certain."""
    question, visit = find_question(request), open_visit(request)
    if not visit.may_be_asked(question):
        return see_other(next_recheck_address(request, visit))
    given, again = (
        await read_form_field(request, question.id),
        bool(await read_form_field(request, AGAIN_FIELD)),
    )
    try:
        chosen = parse_answer(question, given)
    except BadAnswer as bad:
        if signs := find_slipped_signs(question, given, bad.problem):
            return _render_slip_question(request, question, visit, signs)
        return _render_question(request, question, visit, given, bad.problem, again=again)
    if must_look_again(question, chosen, again):
        return _render_question(request, question, visit, chosen, again=True)
    journey = visit.journey.with_new_answer(question.id, chosen)
    next_visit = make_visit(request, journey)
    interrupts = has_certain_emergency(request, next_visit) and not has_certain_emergency(
        request, visit
    )
    response = see_other("/emergency" if interrupts else next_recheck_address(request, next_visit))
    journeys.set_journey_cookie(response, request, app_context(request).key, journey)
    return response


def next_recheck_address(request: Request, visit: Visit) -> str:
    """The next question that could raise the level, one that an answer opened, or the result."""
    left = _questions_left(request, visit)
    return f"{RECHECK_PATH}/{left[0]}" if left else RESULT_PATH


def _questions_left(request: Request, visit: Visit) -> list[str]:
    again = list_recheck_questions(app_context(request).rulebook, visit.path.answers)
    left = [question for question in again if question not in visit.journey.earlier]
    return [*left, *([visit.path.next.id] if visit.path.next else [])]


def _questions_rechecked(visit: Visit) -> list[str]:
    """What was asked again so far, in its order."""
    return [id_ for id_ in visit.journey.earlier if id_ in visit.path.answers]


def address_before_result(visit: Visit) -> str:
    """What came before the result: the last question of a second look, or the list of answers."""
    asked_again = _questions_rechecked(visit)
    return f"{RECHECK_PATH}/{asked_again[-1]}" if asked_again else "/answers"


def _possible_questions(visit: Visit) -> list[str]:
    """Every question that may still be asked again, whatever is answered until then."""
    left = [
        question.id
        for question in visit.path.asked
        if question.id not in visit.journey.earlier
        and any(option.may_happen or option.may_end for option in question.options)
    ]
    return [*left, *([visit.path.next.id] if visit.path.next else [])]


def _back_address(visit: Visit, question: Question) -> str:
    before = _questions_rechecked(visit)
    if question.id in before:
        before = before[: before.index(question.id)]
    return f"{RECHECK_PATH}/{before[-1]}" if before else RECHECK_PATH


def _render_slip_question(
    request: Request, question: Question, visit: Visit, signs: Collection[str]
) -> Response:
    """As in the first check: a slip of one of two buttons."""
    roles = app_context(request).rulebook.roles
    respondent = find_respondent(roles, visit.path.answers, visit.journey.about)
    return render_page(
        request,
        "patient/asked_back.html",
        region=visit.journey.region,
        status=422,
        question=build_question_view(
            app_context(request).page_wording,
            question,
            respondent,
            lambda o: " checked" if o in signs else "",
        ),
        back=_back_address(visit, question),
        action=f"{RECHECK_PATH}/{question.id}",
        alarmed=has_certain_emergency(request, visit),
        alarming_ticks=would_be_emergency(request, visit, question, signs),
    )


def _render_question(
    request: Request,
    question: Question,
    visit: Visit,
    ticked: Collection[str],
    problem: str = "",
    *,
    again: bool = False,
) -> Response:
    roles = app_context(request).rulebook.roles
    respondent = find_respondent(roles, visit.path.answers, visit.journey.about)
    view = build_question_view(
        app_context(request).page_wording,
        question,
        respondent,
        lambda o: " checked" if o in ticked else "",
        again=again,
        was="" if problem or again else find_pressed_button(question, ticked),
    )
    more = [id_ for id_ in _possible_questions(visit) if id_ != question.id]
    return render_page(
        request,
        "patient/changed_question.html",
        region=visit.journey.region,
        error=bool(problem),
        status=422 if problem else 200,
        question=view,
        back=_back_address(visit, question),
        more=len(more),
        alarmed=has_certain_emergency(request, visit),
        alarming_ticks=again and would_be_emergency(request, visit, question, ticked),
        problem=find_problem_key(question, problem),
    )
