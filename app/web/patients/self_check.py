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

from app.presentation.question import (
    AGAIN_FIELD,
    build_question_view,
    count_progress,
    find_pressed_button,
    find_previous_question,
    find_problem_key,
    find_respondent,
    find_slipped_signs,
    must_look_again,
    options_in_order,
)
from app.presentation.respondent import ME, RESPONDENTS
from app.presentation.result import ResultPresenter, find_certain_emergencies
from app.store import shares
from app.store.db.tables import Clinic
from app.triage.answers import BadAnswer, parse_answer
from app.triage.questionnaire import AnswerPath, Question
from app.web import journey as journeys
from app.web import tablet
from app.web.journey import Journey, LostJourney, NoJourney
from app.web.page_cache import TICK_HOLE, render_cached_page
from app.web.pages import app_context, filler_for, render_page, see_other
from app.web.patients import drop_off
from app.web.patients.clinic_presence import has_reachable_clinic
from app.web.patients.visit import (
    AssessmentFailed,
    Visit,
    assess_visit,
    find_question,
    has_certain_emergency,
    make_presenter,
    make_visit,
    open_visit,
    read_form_field,
    would_be_emergency,
)

QUESTION = "patient/question.html"


def page_routes() -> list[Route]:
    """The pages of the self-check."""
    return [
        Route("/", show_start, methods=["GET"]),
        Route("/start", redirect_to_start, methods=["GET"]),
        Route("/start", start_check, methods=["POST"]),
        Route("/check/{question}", show_question, methods=["GET"]),
        Route("/check/{question}", submit_answer, methods=["POST"]),
        Route("/answers", show_answers, methods=["GET"]),
        Route("/emergency", show_emergency, methods=["GET"]),
        Route("/clear", clear_answers, methods=["POST"]),
        Route("/cleared", show_cleared, methods=["GET"]),
        Route("/about", show_about, methods=["GET"]),
        Route("/privacy", show_privacy, methods=["GET"]),
    ]


async def show_start(request: Request) -> Response:
    """GET /: what this is, the emergency box, and where the person is."""
    try:
        return _render_start_page(request, visit=open_visit(request))
    except NoJourney:
        return _render_start_page(request, about=_read_about_choice(request))
    except LostJourney:
        response = _render_start_page(request, lost=True)
        journeys.clear_journey_cookie(response, request)
        return response


def _read_about_choice(request: Request) -> str:
    """Whom it is about, where no more than that was chosen yet."""
    context = app_context(request)
    try:
        return journeys.open_journey(request, context.key, context.unix_time).about
    except NoJourney:
        return ""


def _render_start_page(
    request: Request,
    *,
    visit: Visit | None = None,
    lost: bool = False,
    problem: str = "",
    about: str = "",
) -> Response:
    context = app_context(request)
    values: dict[str, Any] = {
        "places": {r: context.page_wording.regions[r] for r in context.rulebook.regions},
        "chosen": visit.journey.region if visit else "",
        "about": visit.journey.about if visit else about,
        "onward": visit.next_address if visit else "",
        "lost": lost,
        "problem": problem,
        "clinics": has_reachable_clinic(request),
    }
    if not (visit or lost or problem or about):
        return render_cached_page(
            request, "patient/start.html", name=_clinic_cache_name(request), values=lambda: values
        )
    return render_page(
        request, "patient/start.html", error=bool(problem), status=422 if problem else 200, **values
    )


async def start_check(request: Request) -> Response:
    """POST /start: the region is known, the questions begin. Answers already given stay."""
    context = app_context(request)
    chosen = await read_form_field(request, "region")
    about = next((who for who in await read_form_field(request, "about") if who in RESPONDENTS), "")
    if len(chosen) != 1 or chosen[0] not in context.rulebook.regions:
        return _refuse_start(request, about)
    try:
        journey = replace(open_visit(request).journey, region=chosen[0], about=about or ME)
    except (NoJourney, LostJourney):
        journey = Journey(region=chosen[0], begun=context.unix_time, about=about or ME)
    response = see_other(f"/check/{next(iter(context.rulebook.questionnaire)).id}")
    journeys.set_journey_cookie(response, request, context.key, journey)
    return response


def _refuse_start(request: Request, about: str) -> Response:
    """Who loads this page anew finds what they chose: it is kept as far as there is no journey."""
    response, context = (
        _render_start_page(request, problem="start.region.problem", about=about),
        app_context(request),
    )
    try:
        open_visit(request)
    except (NoJourney, LostJourney):
        if about:
            chosen = Journey(region="", begun=context.unix_time, about=about)
            journeys.set_journey_cookie(response, request, context.key, chosen)
    return response


async def redirect_to_start(_: Request) -> Response:
    """GET /start: what a browser asks for that loads the refused page anew."""
    return see_other("/")


async def show_question(request: Request) -> Response:
    """GET /check/{question}: one question, filled in if it was answered before."""
    question = find_question(request)
    visit = open_visit(request)
    if not visit.may_be_asked(question):
        return see_other(visit.next_address)
    ticked = visit.path.answers.get(question.id, frozenset())
    response = _render_question(request, question, visit, ticked)
    if visit.journey.note:
        journeys.set_journey_cookie(
            response, request, app_context(request).key, replace(visit.journey, note="")
        )
    return response


async def submit_answer(request: Request) -> Response:
    """POST /check/{question}: take the answer in, then go on, or say what is wrong with it."""
    question = find_question(request)
    visit = open_visit(request)
    if not visit.may_be_asked(question):
        return see_other(visit.next_address)
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
    next_visit = make_visit(request, visit.journey.with_answer(question.id, chosen))
    follows = next_visit.path.next.id if next_visit.path.next else ""
    drop_off.count_answer(request, visit.journey, question.id, follows)
    is_emergency = has_certain_emergency(request, next_visit)
    # Trap: a stiff hand taps twice. The second tap must not step over the page of the first.
    interrupts = is_emergency and visit.journey.warned_at in ("", question.id)
    warned_at = question.id if interrupts else visit.journey.warned_at
    response = see_other("/emergency" if interrupts else next_visit.next_address)
    kept = replace(next_visit.journey, warned_at=warned_at if is_emergency else "")
    journeys.set_journey_cookie(response, request, app_context(request).key, kept)
    return response


def _render_question(
    request: Request,
    question: Question,
    visit: Visit,
    ticked: Collection[str],
    problem: str = "",
    *,
    again: bool = False,
) -> Response:
    number, more = count_progress(app_context(request).rulebook.questionnaire, visit.path, question)
    back = _back_address(request, question, visit.path)
    roles = app_context(request).rulebook.roles
    respondent = find_respondent(roles, visit.path.answers, visit.journey.about)
    note, is_emergency = visit.journey.note, has_certain_emergency(request, visit)
    was = "" if problem or again else find_pressed_button(question, ticked)

    def build_values(tick: Callable[[str], str]) -> dict[str, Any]:
        view = build_question_view(
            app_context(request).page_wording, question, respondent, tick, again=again, was=was
        )
        return {
            "question": view,
            "number": number,
            "more": more,
            "back": back,
            "note": note,
            "alarmed": is_emergency,
            "alarming_ticks": again and would_be_emergency(request, visit, question, ticked),
            "problem": find_problem_key(question, problem),
        }

    if problem or note or is_emergency or again:
        shown = build_values(lambda option: " checked" if option in ticked else "")
        status = 422 if problem else 200
        region, error = visit.journey.region, bool(problem)
        return render_page(request, QUESTION, region=region, error=error, status=status, **shown)
    return render_cached_page(
        request,
        QUESTION,
        region=visit.journey.region,
        name=f"{question.id} {number} {more} {back} {respondent} {was}",
        values=lambda: build_values(lambda _: TICK_HOLE),
        ticks=[option in ticked for option in options_in_order(question)],
    )


def _render_slip_question(
    request: Request, question: Question, visit: Visit, signs: Collection[str]
) -> Response:
    """ "None of these" was pressed while these were ticked: one of the two is a slip."""
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
        back=_back_address(request, question, visit.path),
        action=f"/check/{question.id}",
        alarmed=has_certain_emergency(request, visit),
        alarming_ticks=would_be_emergency(request, visit, question, signs),
    )


def _back_address(request: Request, question: Question, path: AnswerPath) -> str:
    earlier = find_previous_question(app_context(request).rulebook.questionnaire, path, question)
    return f"/check/{earlier.id}" if earlier else "/"


async def show_answers(request: Request) -> Response:
    """GET /answers: every answer with a way to change it; what does not fit is asked back."""
    visit = open_visit(request)
    assessment = assess_visit(request, visit)
    presenter = make_presenter(request, visit)
    off = {id_: visit.journey.answers[id_] for id_ in visit.path.ignored}
    return render_page(
        request,
        "patient/answers.html",
        region=visit.journey.region,
        given=presenter.all_answers(visit.path.answers),
        ignored=presenter.all_answers(off),
        contradictions=presenter.asked_contradictions(assessment),
        alarmed=bool(find_certain_emergencies(assessment)),
        onward="/result" if visit.path.next is None else visit.next_address,
        complete=visit.path.next is None,
    )


async def show_emergency(request: Request) -> Response:
    """GET /emergency: stop and get help. The person may go on; the message stays in sight."""
    visit = open_visit(request)
    assessment = assess_visit(request, visit)
    if not find_certain_emergencies(assessment):
        return see_other(visit.next_address)
    presenter = make_presenter(request, visit)
    return render_page(
        request,
        "patient/emergency.html",
        region=visit.journey.region,
        about=find_respondent(presenter.rulebook.roles, visit.path.answers, visit.journey.about),
        card=presenter.build_level_card("emergency"),
        advice=presenter.advice_by_section(assessment),
        reasons=presenter.emergency_reasons(assessment),
        onward=visit.next_address,
    )


async def clear_answers(request: Request) -> Response:
    """POST /clear: drop the answers, and all that the browser kept of these pages."""
    if tablet.is_tablet(request):
        return see_other(tablet.WIPE_PATH)
    response = see_other("/cleared")
    # Trap: where "cookies" stands here, Chromium leaves Set-Cookie aside, also over plain http,
    # where it does not heed this header: the answers would stay.
    cookies = '"cookies", ' if request.scope["scheme"] == "https" else ""
    response.headers["Clear-Site-Data"] = f'{cookies}"storage", "cache"'
    journeys.clear_journey_cookie(response, request)
    return response


async def show_cleared(request: Request) -> Response:
    """GET /cleared: the answers are gone."""
    return render_cached_page(request, "patient/cleared.html")


async def show_about(request: Request) -> Response:
    """GET /about: what this is and is not, and whose software it uses."""
    values = {"rulebook": app_context(request).rulebook, "clinics": has_reachable_clinic(request)}
    return render_cached_page(
        request, "patient/about.html", name=_clinic_cache_name(request), values=lambda: values
    )


async def show_privacy(request: Request) -> Response:
    """GET /privacy: where the answers are, and what a clinic keeps that they are sent to."""
    usual = {name: field.default for name, field in Clinic.model_fields.items()}
    values = {
        "clinics": has_reachable_clinic(request),
        "reviewed": usual["reviewed_days"],
        "unreviewed": usual["unreviewed_days"],
        "minutes": shares.SHARE_LIFETIME // timedelta(minutes=1),
    }
    return render_cached_page(
        request, "patient/privacy.html", name=_clinic_cache_name(request), values=lambda: values
    )


def _clinic_cache_name(request: Request) -> str:
    """What a page that speaks of clinics is kept under."""
    return "clinics" if has_reachable_clinic(request) else ""


async def show_no_journey(request: Request, _: Exception) -> Response:
    """Nothing begun, or a browser that keeps no cookie: one page says both."""
    return render_page(request, "patient/no_journey.html")


async def redirect_lost_journey(_request: Request, _: Exception) -> RedirectResponse:
    """The start page finds the unreadable cookie too, says so kindly and drops it."""
    return see_other("/")


async def show_failed_assessment(request: Request, error: Exception) -> Response:
    """Careful advice where assessing failed."""
    region = error.region if isinstance(error, AssessmentFailed) else None
    context = app_context(request)
    presenter = ResultPresenter(
        context.rulebook, context.page_wording, filler_for(context, region), {}
    )
    return render_page(
        request,
        "errors/unworkable.html",
        region=region,
        card=presenter.build_level_card("cannot_work_out"),
        status=500,
    )
