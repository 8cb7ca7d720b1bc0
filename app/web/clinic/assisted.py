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
)
from app.presentation.respondent import ME, RESPONDENTS
from app.store import assisting, clinics, invitations
from app.store.invitations import InvitationGone, InvitationSummary, NoSuchInvitation
from app.store.people import NameMismatch
from app.triage.answers import BadAnswer, parse_answer
from app.triage.questionnaire import Question
from app.web import journey as journeys
from app.web.access import StaffRequest, staff_route
from app.web.clinic import patient_list
from app.web.clinic.patient_list import PROBLEMS
from app.web.journey import ASSISTED, Journey, LostJourney, NoJourney
from app.web.pages import app_context, see_other
from app.web.patients.handing_over import collect_submitted_answers
from app.web.patients.visit import (
    Visit,
    find_question,
    has_certain_emergency,
    make_presenter,
    make_visit,
    open_visit,
)

START, ANSWERS, ASK = "/assisted", "/assisted/answers", "/assisted/ask/"
_FIELDS = ("reference", "name", "day", "kind")
_WHO = {"me": "assisted.about.me", "child": "assisted.about.child", "other": "assisted.about.other"}


class _NoAssistedCheck(Exception):
    """Nobody is being asked in this browser now, or someone else than the form is about."""


def page_routes() -> list[Route]:
    """The pages on which a nurse asks."""
    return [
        staff_route("GET", START, show_assisted_start),
        staff_route("POST", START, begin_assisted_check),
        staff_route("GET", "/assisted/ask/{question}", show_assisted_question),
        staff_route("POST", "/assisted/ask/{question}", save_assisted_answer),
        staff_route("GET", ANSWERS, show_assisted_answers),
        staff_route("POST", "/assisted/send", submit_assisted_answers),
        staff_route("POST", "/assisted/stop", stop_assisted_check),
    ]


def show_assisted_start(
    staff_request: StaffRequest, problems: dict[str, str] | None = None, about: str = ""
) -> Response:
    """GET /assisted: whom to ask, and who is being asked already."""
    try:
        visit, invited = _load_assisted_visit(staff_request)
        onward = _next_address(visit)
    except _NoAssistedCheck:
        invited, onward = None, ""
    return staff_request.render_page(
        "nurse/assisted.html",
        problems=problems,
        first=about,
        going=invited,
        onward=onward,
        key=staff_request.typed_field("key") or secrets.token_urlsafe(12),
        typed={name: staff_request.typed_field(name) for name in _FIELDS},
        who_answers=_WHO,
        chosen=next((w for w in RESPONDENTS if w == staff_request.typed_field("about")), ME),
    )


def begin_assisted_check(staff_request: StaffRequest) -> Response:
    """POST /assisted: an invitation that is good for this once, and the first question."""
    guest = patient_list.parse_guest([staff_request.typed_field(name) for name in _FIELDS])
    if isinstance(guest, str):
        return show_assisted_start(staff_request, {guest: PROBLEMS[guest]})
    who, key = (
        staff_request.signed_in_staff,
        f"assisted:{staff_request.signed_in_staff.staff}:{staff_request.typed_field('key')[:50]}",
    )
    try:
        (made,) = invitations.invite_patients(
            staff_request.store, who.clinic, staff_request.now, who.staff, [guest], key
        )
    except NameMismatch as other:
        return show_assisted_start(
            staff_request, {"reference": "invitations.other_name"}, about=other.reference
        )
    with staff_request.store.reading_scope(who.clinic) as scope:
        region = clinics.load_clinic(scope).region
    about = next((w for w in RESPONDENTS if w == staff_request.typed_field("about")), ME)
    context = app_context(staff_request.request)
    journey = Journey(
        region, context.unix_time, about=about, invitation=made, session=who.token_hash
    )
    first = next(iter(context.rulebook.questionnaire)).id
    return _redirect_with_journey(staff_request, f"{ASK}{first}", journey)


def show_assisted_question(staff_request: StaffRequest) -> Response:
    """GET /assisted/ask/{question}: to be read out; filled in if it was answered before."""
    question = find_question(staff_request.request)
    try:
        visit, invited = _load_assisted_visit(staff_request)
    except _NoAssistedCheck:
        return see_other(START)
    if not visit.may_be_asked(question):
        return see_other(_next_address(visit))
    ticked = visit.path.answers.get(question.id, frozenset())
    return _render_question(staff_request, question, visit, invited, ticked)


def save_assisted_answer(staff_request: StaffRequest) -> Response:
    """POST /assisted/ask/{question}: take in what the patient said, and go on."""
    question = find_question(staff_request.request)
    try:
        visit, invited = _load_assisted_visit(staff_request, staff_request.typed_field("of"))
    except _NoAssistedCheck:
        return see_other(START)
    if not visit.may_be_asked(question):
        return see_other(_next_address(visit))
    given, again = (
        staff_request.form.get(question.id, []),
        bool(staff_request.typed_field(AGAIN_FIELD)),
    )
    try:
        chosen = parse_answer(question, given)
    except BadAnswer as bad:
        if signs := find_slipped_signs(question, given, bad.problem):
            return _ask_about_slip(staff_request, question, visit, invited, signs)
        return _render_question(
            staff_request, question, visit, invited, given, bad.problem, again=again
        )
    if must_look_again(question, chosen, again):
        return _render_question(staff_request, question, visit, invited, chosen, again=True)
    now = make_visit(staff_request.request, visit.journey.with_answer(question.id, chosen))
    return _redirect_with_journey(staff_request, _next_address(now), now.journey)


def show_assisted_answers(staff_request: StaffRequest) -> Response:
    """GET /assisted/answers: all that was said, to be read back, and a way to change it."""
    try:
        visit, invited = _load_assisted_visit(staff_request)
    except _NoAssistedCheck:
        return see_other(START)
    result_presenter = make_presenter(staff_request.request, visit)
    return staff_request.render_page(
        "nurse/asked.html",
        region=visit.journey.region,
        going=invited,
        given=result_presenter.all_answers(visit.path.answers),
        alarming=has_certain_emergency(staff_request.request, visit),
        complete=visit.path.next is None,
        onward=_next_address(visit),
        ask=ASK,
    )


def submit_assisted_answers(staff_request: StaffRequest) -> Response:
    """POST /assisted/send: keep it. In an emergency also what is not answered to the end."""
    try:
        visit, invited = _load_assisted_visit(staff_request, staff_request.typed_field("of"))
    except _NoAssistedCheck:
        return see_other(START)
    if visit.path.next is not None and not has_certain_emergency(staff_request.request, visit):
        return see_other(_next_address(visit))
    who, targets = staff_request.signed_in_staff, staff_request.request.app.state.targets
    handed = collect_submitted_answers(staff_request, visit)
    try:
        kept = assisting.accept_assisted_answers(
            staff_request.store,
            who.clinic,
            staff_request.now,
            who.staff,
            invited.id,
            handed,
            targets,
        )
    except InvitationGone:
        return show_assisted_start(staff_request, {"reference": "assisted.gone"})
    response = see_other(f"/submissions/{kept}")
    journeys.clear_journey_cookie(response, staff_request.request, ASSISTED)
    return response


def stop_assisted_check(staff_request: StaffRequest) -> Response:
    """POST /assisted/stop: drop what was said; the invitation stays, to be given to the patient."""
    response = see_other("/invitations")
    journeys.clear_journey_cookie(response, staff_request.request, ASSISTED)
    return response


def _load_assisted_visit(
    staff_request: StaffRequest, of: str = ""
) -> tuple[Visit, InvitationSummary]:
    """Where the asking stands, and who is asked.

    Raises _NoAssistedCheck, also for another's form.
    """
    try:
        assisted_visit = open_visit(staff_request.request, ASSISTED)
    except (NoJourney, LostJourney):
        raise _NoAssistedCheck from None
    journey = assisted_visit.journey
    if journey.session != staff_request.signed_in_staff.token_hash or (
        of and of != journey.invitation
    ):
        raise _NoAssistedCheck
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        try:
            return assisted_visit, invitations.find_invitation(
                scope, staff_request.now, journey.invitation
            )
        except NoSuchInvitation:
            raise _NoAssistedCheck from None


def _redirect_with_journey(staff_request: StaffRequest, address: str, journey: Journey) -> Response:
    response = see_other(address)
    journeys.set_journey_cookie(
        response, staff_request.request, app_context(staff_request.request).key, journey, ASSISTED
    )
    return response


def _next_address(visit: Visit) -> str:
    return f"{ASK}{visit.path.next.id}" if visit.path.next else ANSWERS


def _previous_address(staff_request: StaffRequest, question: Question, visit: Visit) -> str:
    earlier = find_previous_question(
        app_context(staff_request.request).rulebook.questionnaire, visit.path, question
    )
    return f"{ASK}{earlier.id}" if earlier else START


def _ask_about_slip(
    staff_request: StaffRequest,
    question: Question,
    visit: Visit,
    invited: InvitationSummary,
    signs: Collection[str],
) -> Response:
    """ "None of these" was pressed while these were ticked: one of the two is a slip."""
    roles = app_context(staff_request.request).rulebook.roles
    person = find_respondent(roles, visit.path.answers, visit.journey.about)
    return staff_request.render_page(
        "nurse/asked_back.html",
        region=visit.journey.region,
        status=422,
        going=invited,
        question=build_question_view(
            app_context(staff_request.request).page_wording,
            question,
            person,
            lambda o: " checked" if o in signs else "",
        ),
        back=_previous_address(staff_request, question, visit),
        action=f"{ASK}{question.id}",
    )


def _render_question(
    staff_request: StaffRequest,
    question: Question,
    visit: Visit,
    invited: InvitationSummary,
    ticked: Collection[str],
    problem: str = "",
    *,
    again: bool = False,
) -> Response:
    context, path = app_context(staff_request.request), visit.path
    person = find_respondent(context.rulebook.roles, path.answers, visit.journey.about)
    view = build_question_view(
        context.page_wording,
        question,
        person,
        lambda o: " checked" if o in ticked else "",
        again=again,
        was="" if problem or again else find_pressed_button(question, ticked),
    )
    number, more = count_progress(context.rulebook.questionnaire, path, question)
    wrong = find_problem_key(question, problem)
    return staff_request.render_page(
        "nurse/ask.html",
        problems={view.first_line_id: wrong} if wrong else None,
        region=visit.journey.region,
        going=invited,
        question=replace(view, text=f"{context.page_wording.pages['assisted.ask']} {view.text}"),
        number=number,
        more=more,
        problem=wrong,
        alarming=has_certain_emergency(staff_request.request, visit),
        back=_previous_address(staff_request, question, visit),
        ask=ASK,
    )
