"""The self-check, page by page: start, questions, answers, emergency, clear.

Each route replays the answers, asks the engine and shows a page. No step is stored, so Back, a
deep link, two tabs and a changed answer are all the same few lines. It knows no rule.
"""

import logging
import re
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import OperationalError
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from app.presentation.question import (
    ME,
    RESPONDENTS,
    find_pressed_button,
    list_emergency_signs,
    options_in_order,
)
from app.store import invitations, shares
from app.store.db.tables import REVIEWED_DAYS, UNREVIEWED_DAYS
from app.store.invitations import InvitationGone
from app.web import journey as journeys
from app.web import tablet
from app.web.journey import Journey, LostJourney, NoJourney
from app.web.page_cache import TICK_HOLE, render_cached_page
from app.web.pages import app_context, render_page, see_other
from app.web.patients.clinic_presence import count_answer, has_reachable_clinic
from app.web.question_loop import PatientLoop
from app.web.visit import Visit, describe_emergency, open_visit, redirect_with_journey
from app.web.wire import read_form

log = logging.getLogger(__name__)


async def show_start(request: Request) -> Response:
    """GET /: what this is, the emergency box, and where the person is."""
    context = app_context(request)
    try:
        return _render_start_page(request, visit=open_visit(request))
    except NoJourney:
        try:  # whom it is about may have been chosen already, and no more
            about = journeys.open_journey(request, context.keys, context.unix_time).about
        except NoJourney:
            about = ""
        return _render_start_page(request, about=about)
    except LostJourney:
        response = _render_start_page(request, lost=True)
        journeys.clear_journey_cookie(response, request)
        return response


def _render_start_page(
    request: Request,
    *,
    visit: Visit | None = None,
    about: str = "",
    problem: str = "",
    lost: bool = False,
) -> Response:
    context = app_context(request)
    values: dict[str, Any] = {
        "signs": list_emergency_signs(context.rulebook.questionnaire, context.page_wording),
        "places": {r: context.page_wording.regions[r] for r in context.rulebook.regions},
        "chosen": visit.journey.region if visit else "",
        "about": visit.journey.about if visit else about,
        "onward": visit.next_address if visit else "",
        "lost": lost,
        "problem": problem,
    }
    if not (visit or lost or problem or about):
        return _render_clinic_page(request, "patient/start.html", **values)
    values |= {"clinics": has_reachable_clinic(request), "error": bool(problem)}
    return render_page(request, "patient/start.html", status=422 if problem else 200, **values)


async def start_check(request: Request) -> Response:
    """POST /start: the region is known, the questions begin. Answers of the same person stay."""
    context = app_context(request)
    form = await read_form(request)
    chosen = form.get("region", [])
    about = next((who for who in form.get("about", []) if who in RESPONDENTS), "")
    if len(chosen) != 1 or chosen[0] not in context.rulebook.regions:
        return _refuse_start(request, about)
    try:
        journey = replace(open_visit(request).journey, region=chosen[0])
        if about not in ("", journey.about):
            journey = journey.begin_afresh(context.unix_time, about)
    except (NoJourney, LostJourney):
        journey = Journey(region=chosen[0], begun=context.unix_time, about=about or ME)
    first = next(iter(context.rulebook.questionnaire))
    return redirect_with_journey(request, f"/check/{first.id}", journey)


def _refuse_start(request: Request, about: str) -> Response:
    """Who loads this page anew finds what they chose: it is kept as far as there is no journey."""
    context = app_context(request)
    response = _render_start_page(request, problem="start.region.problem", about=about)
    try:
        open_visit(request)
    except (NoJourney, LostJourney):
        if about:
            chosen = Journey(region="", begun=context.unix_time, about=about)
            journeys.set_journey_cookie(response, request, context.keys, chosen)
    return response


class SelfCheckLoop(PatientLoop):
    """The questions in their order; a page that hardly changes comes from the cache."""

    start, folder, page = "/", "/check/", "patient/question.html"

    def next_address(self, visit: Visit) -> str:
        """The first open question, or the list of answers."""
        return visit.next_address

    def save_answer(self, chosen: frozenset[str]) -> Response:
        """Go on; an emergency stops the person once, and again only for a new answer to it."""
        visit, question = self.visit, self.question.id
        after = visit.continue_with(visit.journey.with_answer(question, chosen))
        follows = after.path.next.id if after.path.next else ""
        count_answer(self.request, visit.journey, question, follows)
        # Trap: a stiff hand taps twice. The second tap must not step over the page of the first.
        interrupts = after.is_emergency and visit.journey.warned_at in ("", question)
        warned_at = question if interrupts else visit.journey.warned_at
        address = "/emergency" if interrupts else self.next_address(after)
        kept = replace(after.journey, warned_at=warned_at if after.is_emergency else "")
        return redirect_with_journey(self.request, address, kept)

    def render_question(
        self, ticked: Collection[str], problem: str = "", *, again: bool = False
    ) -> Response:
        """The page from the cache, unless it says something that few pages say."""
        if problem or again or self.visit.journey.note or self.visit.is_emergency:
            return super().render_question(ticked, problem, again=again)
        was, back = find_pressed_button(self.question, ticked), self.previous_address()
        place = self.progress_values()

        def build_values() -> dict[str, Any]:
            view = self.build_view(lambda _: TICK_HOLE, was=was)
            nothing = dict.fromkeys(("note", "alarmed", "alarming_ticks", "problem"), "")
            return {"question": view, "back": back, **place, **nothing}

        return render_cached_page(
            self.request,
            self.page,
            region=self.visit.journey.region,
            variant=(self.question.id, *place.values(), back, self.visit.respondent, was),
            values=build_values,
            ticks=[option in ticked for option in options_in_order(self.question)],
        )


class ChangeLoop(SelfCheckLoop):
    """One question out of the list of answers, and back to it."""

    start, folder, page = "/answers", "/answers/", "patient/change_question.html"

    def next_address(self, visit: Visit) -> str:
        """The list of answers, or the question that the new answer has opened."""
        opens = visit.path.next not in (None, self.visit.path.next)
        return visit.next_address if opens else self.start

    def previous_address(self) -> str:
        """The list of answers, whatever was asked before."""
        return self.start

    def progress_values(self) -> dict[str, int]:
        """Whether a new answer may open more questions."""
        questionnaire = self.visit.context.rulebook.questionnaire
        return {"opens": self.question.id in questionnaire.routing_questions}


async def show_question(request: Request) -> Response:
    """GET /check/{question}: one question, filled in if it was answered before."""
    loop = SelfCheckLoop.open_loop(request)
    response, visit = loop.show_question(), loop.visit
    if visit.journey.note and visit.may_be_asked(loop.question):
        seen = replace(visit.journey, note="")
        journeys.set_journey_cookie(response, request, visit.context.keys, seen)
    return response


async def submit_answer(request: Request) -> Response:
    """POST /check/{question}: take the answer in, then go on, or say what is wrong with it."""
    return await SelfCheckLoop.open_loop(request).submit_form()


async def show_change(request: Request) -> Response:
    """GET /answers/{question}: one question out of the list, with the answer filled in."""
    return ChangeLoop.open_loop(request).show_question()


async def submit_change(request: Request) -> Response:
    """POST /answers/{question}: take the new answer in, then back to the list."""
    return await ChangeLoop.open_loop(request).submit_form()


async def show_answers(request: Request) -> Response:
    """GET /answers: every answer with a way to change it; what does not fit is asked back."""
    visit = open_visit(request)
    presenter = visit.presenter
    off = {id_: visit.journey.answers[id_] for id_ in visit.path.ignored}
    return render_page(
        request,
        "patient/answers.html",
        region=visit.journey.region,
        given=presenter.all_answers(visit.path.answers),
        ignored=presenter.all_answers(off),
        contradictions=presenter.asked_contradictions(visit.contradictions),
        alarmed=visit.is_emergency,
        onward="/result" if visit.path.next is None else visit.next_address,
        complete=visit.path.next is None,
    )


async def show_emergency(request: Request) -> Response:
    """GET /emergency: stop and get help. The person may go on; the message stays in sight."""
    visit = open_visit(request)
    if not visit.is_emergency:
        return see_other(visit.next_address)
    # Of a message to the clinic it asks no database: the page is there whatever happens to one.
    tells = {"reference": "", "opens": "", "failed": False} if visit.journey.invitation else None
    values = describe_emergency(visit)
    response = render_page(request, "patient/emergency.html", tells=tells, **values)
    if visit.journey.invitation:
        response.background = BackgroundTask(_note_stop_page, visit)
    return response


def _note_stop_page(visit: Visit) -> None:
    """Let the clinic see on its list of invitations that somebody met this page."""
    store, now = visit.context.store, visit.context.now
    try:
        clinic, invitation = invitations.resolve_token(store, visit.journey.invitation)
        invitations.note_stop_page(store, clinic, invitation, now)
    except (InvitationGone, OperationalError) as error:
        log.warning("that a stop page was met is not noted: %s", type(error).__name__)


async def ask_clear(request: Request) -> Response:
    """GET /clear: asks once before all answers go; the way out leads back to where one was."""
    return render_page(request, "patient/clear.html", before=_find_page_before(request))


def _find_page_before(request: Request) -> str:
    """The path of our own page that the browser says it comes from; else the start."""
    own = request.scope.get("origin") or f"{request.scope['scheme']}://{request.headers['host']}"
    came_from = request.headers.get("referer", "")
    path = came_from.removeprefix(own)
    # Trap: a path of two slashes, or one that a browser reads so, leads to another site.
    is_ours = came_from.startswith(own) and re.fullmatch(r"(/[\w.-]+)+", path, re.ASCII)
    return path if is_ours and path not in ("/clear", "/cleared") else "/"


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
    return _render_clinic_page(
        request, "patient/about.html", rulebook=app_context(request).rulebook
    )


async def show_privacy(request: Request) -> Response:
    """GET /privacy: where the answers are, and what a clinic keeps that they are sent to."""
    return _render_clinic_page(
        request,
        "patient/privacy.html",
        reviewed=REVIEWED_DAYS,
        unreviewed=UNREVIEWED_DAYS,
        minutes=shares.SHARE_LIFETIME // timedelta(minutes=1),
    )


def _render_clinic_page(request: Request, template: str, **values: Any) -> Response:
    """A page from the cache that speaks of clinics where one could take a code."""
    clinics = has_reachable_clinic(request)
    variant = ("clinics",) if clinics else ()
    return render_cached_page(
        request, template, variant=variant, values=lambda: {"clinics": clinics, **values}
    )
