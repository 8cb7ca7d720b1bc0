"""The nurse asks: the same questions, read out at the desk or on the phone.

It begins like an invitation and ends as a submission that is hers. The answers travel in a cookie
of their own, which is good for one session of hers and never for the self-check of a patient. It
knows no rule.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from app.presentation.question import AGAIN_FIELD, ME, RESPONDENTS, QuestionView
from app.store import clinics, invitations, submissions
from app.store.invitations import InvitationGone, InvitationSummary, NoSuchInvitation
from app.store.people import NameMismatch
from app.web import journey as journeys
from app.web.access import StaffRequest, staff_route
from app.web.clinic import patient_list
from app.web.clinic.patient_list import PROBLEMS
from app.web.journey import ASSISTED, Journey, LostJourney, NoJourney
from app.web.pages import app_context, see_other
from app.web.question_loop import QuestionLoop
from app.web.visit import Visit, find_question, open_visit, redirect_with_journey

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
    return redirect_with_journey(staff_request.request, f"{ASK}{first}", journey, ASSISTED)


@dataclass(frozen=True)
class AssistedLoop(QuestionLoop):
    """The questions as a nurse reads them out."""

    staff_request: StaffRequest
    invited: InvitationSummary

    start, folder = START, ASK
    page, slip_page = "nurse/ask.html", "nurse/asked_back.html"

    def next_address(self, visit: Visit) -> str:
        """The first open question, or all answers to be read back."""
        return _next_address(visit)

    def save_answer(self, chosen: frozenset[str]) -> Response:
        """Go on to the next question, whatever was said."""
        after = self.visit.continue_with(self.visit.journey.with_answer(self.question.id, chosen))
        request = self.staff_request.request
        return redirect_with_journey(request, _next_address(after), after.journey, ASSISTED)

    def render_page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """One page for the nurse, which says who is asked."""
        problem = values.get("problem")
        return self.staff_request.render_page(
            template,
            problems={values["question"].first_line_id: problem} if problem else None,
            status=status,
            region=self.visit.journey.region,
            going=self.invited,
            ask=ASK,
            **values,
        )

    def build_view(
        self, tick: Callable[[str], str], *, again: bool = False, was: str = ""
    ) -> QuestionView:
        """The question, with what to say before it is read out."""
        view = super().build_view(tick, again=again, was=was)
        before = self.visit.context.page_wording.pages["assisted.ask"]
        return replace(view, text=f"{before} {view.text}")


def show_assisted_question(staff_request: StaffRequest) -> Response:
    """GET /assisted/ask/{question}: to be read out; filled in if it was answered before."""
    question = find_question(staff_request.request)
    try:
        visit, invited = _load_assisted_visit(staff_request)
    except _NoAssistedCheck:
        return see_other(START)
    return AssistedLoop(visit, question, staff_request, invited).show_question()


def save_assisted_answer(staff_request: StaffRequest) -> Response:
    """POST /assisted/ask/{question}: take in what the patient said, and go on."""
    question = find_question(staff_request.request)
    try:
        visit, invited = _load_assisted_visit(staff_request, staff_request.typed_field("of"))
    except _NoAssistedCheck:
        return see_other(START)
    given, again = staff_request.form.get(question.id, []), staff_request.typed_field(AGAIN_FIELD)
    loop = AssistedLoop(visit, question, staff_request, invited)
    return loop.submit_answer(given, again=bool(again))


def show_assisted_answers(staff_request: StaffRequest) -> Response:
    """GET /assisted/answers: all that was said, to be read back, and a way to change it."""
    try:
        visit, invited = _load_assisted_visit(staff_request)
    except _NoAssistedCheck:
        return see_other(START)
    return staff_request.render_page(
        "nurse/asked.html",
        region=visit.journey.region,
        going=invited,
        given=visit.presenter.all_answers(visit.path.answers),
        alarming=visit.is_emergency,
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
    if visit.path.next is not None and not visit.is_emergency:
        return see_other(_next_address(visit))
    who, targets = staff_request.signed_in_staff, staff_request.request.app.state.targets
    handed = visit.collect_submitted_answers()
    try:
        kept = submissions.accept_assisted_answers(
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


def _next_address(visit: Visit) -> str:
    return f"{ASK}{visit.path.next.id}" if visit.path.next else ANSWERS
