"""The nurse asks: the same questions, read out at the desk or on the phone.

It begins like an invitation and ends as a submission that is hers. The answers travel in a cookie
of their own, which is good for one session of hers and never for the self-check of a patient. It
knows no rule.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from starlette.responses import Response

from app.presentation.invitation_checks import FIELD_OF_NOTE, LINE_WORDS
from app.presentation.question import AGAIN_FIELD, ME, RESPONDENTS, QuestionView
from app.store import clinics, invitations, submissions
from app.store.invitations import InvitationGone, InvitationSummary, Invitee, NoSuchInvitation
from app.store.people import NameMismatch
from app.web import journey as journeys
from app.web.clinic.invitation_cards import read_typed_patient
from app.web.journey import ASSISTED, Journey, LostJourney, NoJourney
from app.web.pages import see_other
from app.web.question_loop import QuestionLoop
from app.web.staff_request import StaffRequest
from app.web.visit import Visit, find_question, open_visit, redirect_with_journey

START, ANSWERS, ASK = "/assisted", "/assisted/answers", "/assisted/ask/"
_FIELDS = ("reference", "name", "day", "kind")
_WHO = {"me": "assisted.about.me", "child": "assisted.about.child", "other": "assisted.about.other"}


class AssistedCheck(NamedTuple):
    """Where the asking stands, and who is asked."""

    visit: Visit
    invited: InvitationSummary


def show_assisted_start(
    request: StaffRequest, problems: dict[str, str] | None = None, about: str = ""
) -> Response:
    """GET /assisted: whom to ask, and who is being asked already."""
    going = _find_assisted_check(request)
    return request.render_page(
        "nurse/assisted.html",
        problems=problems,
        first=about,
        going=going and going.invited,
        onward=_next_address(going.visit) if going else "",
        key=request.typed_field("key") or secrets.token_urlsafe(12),
        typed=request.typed_fields(*_FIELDS),
        who_answers=_WHO,
        chosen=_read_respondent(request),
    )


def begin_assisted_check(request: StaffRequest) -> Response:
    """POST /assisted: an invitation that is good for this once, and the first question."""
    patient = read_typed_patient(request)
    if patient.problem:
        field = FIELD_OF_NOTE.get(patient.problem, patient.problem)
        return show_assisted_start(request, {field: LINE_WORDS[patient.problem]})
    guest = Invitee(patient.reference, patient.name, patient.appointment_on, patient.kind)
    who, context = request.signed_in_staff, request.context
    key = f"assisted:{who.staff}:{request.typed_field('key')[:50]}"
    try:
        (made,) = invitations.invite_patients(
            request.store, who.clinic, request.now, who.staff, [guest], key
        )
    except NameMismatch as other:
        return show_assisted_start(
            request, {"reference": "invitations.other_name"}, about=other.reference
        )
    with request.reading_scope() as scope:
        region = clinics.load_clinic(scope).region
    about, now = _read_respondent(request), context.unix_time
    journey = Journey(region, now, about=about, invitation=made, session=who.token_hash)
    first = next(iter(context.rulebook.questionnaire)).id
    return redirect_with_journey(request, f"{ASK}{first}", journey, ASSISTED)


@dataclass(frozen=True)
class AssistedLoop(QuestionLoop):
    """The questions as a nurse reads them out."""

    request: StaffRequest
    invited: InvitationSummary

    start, folder = START, ASK
    page, slip_page = "nurse/ask.html", "nurse/asked_back.html"

    def next_address(self, visit: Visit) -> str:
        """The first open question, or all answers to be read back."""
        return _next_address(visit)

    def save_answer(self, chosen: frozenset[str]) -> Response:
        """Go on to the next question, whatever was said."""
        after = self.visit.continue_with(self.visit.journey.with_answer(self.question.id, chosen))
        request = self.request
        return redirect_with_journey(request, _next_address(after), after.journey, ASSISTED)

    def render_page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """One page for the nurse, which says who is asked."""
        problem = values.get("problem")
        return self.request.render_page(
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


def show_assisted_question(request: StaffRequest) -> Response:
    """GET /assisted/ask/{question}: to be read out; filled in if it was answered before."""
    question, going = find_question(request), _find_assisted_check(request)
    if going is None:
        return see_other(START)
    return AssistedLoop(going.visit, question, request, going.invited).show_question()


def save_assisted_answer(request: StaffRequest) -> Response:
    """POST /assisted/ask/{question}: take in what the patient said, and go on."""
    question, going = find_question(request), _find_assisted_check(request)
    if going is None:
        return see_other(START)
    loop = AssistedLoop(going.visit, question, request, going.invited)
    again = bool(request.typed_field(AGAIN_FIELD))
    return loop.submit_answer(request.chosen_values(question.id), again=again)


def show_assisted_answers(request: StaffRequest) -> Response:
    """GET /assisted/answers: all that was said, to be read back, and a way to change it."""
    going = _find_assisted_check(request)
    if going is None:
        return see_other(START)
    visit = going.visit
    return request.render_page(
        "nurse/asked.html",
        region=visit.journey.region,
        going=going.invited,
        given=visit.presenter.all_answers(visit.path.answers),
        alarming=visit.is_emergency,
        complete=visit.path.next is None,
        onward=_next_address(visit),
        ask=ASK,
    )


def submit_assisted_answers(request: StaffRequest) -> Response:
    """POST /assisted/send: keep it. In an emergency also what is not answered to the end."""
    going = _find_assisted_check(request)
    if going is None:
        return see_other(START)
    visit, targets = going.visit, request.context.policy.targets
    if visit.path.next is not None and not visit.is_emergency:
        return see_other(_next_address(visit))
    handed = visit.collect_submitted_answers()
    try:
        with request.writing_scope() as scope:
            kept = submissions.accept_assisted_answers(scope, going.invited.id, handed, targets)
    except InvitationGone:
        return show_assisted_start(request, {"reference": "assisted.gone"})
    response = see_other(f"/submissions/{kept}")
    journeys.clear_journey_cookie(response, request, ASSISTED)
    return response


def stop_assisted_check(request: StaffRequest) -> Response:
    """POST /assisted/stop: drop what was said; the invitation stays, to be given to the patient."""
    response = see_other("/invitations")
    journeys.clear_journey_cookie(response, request, ASSISTED)
    return response


def _find_assisted_check(request: StaffRequest) -> AssistedCheck | None:
    """Where the asking stands; None where nobody is asked, or another than the form is about."""
    try:
        visit = open_visit(request, ASSISTED)
    except (NoJourney, LostJourney):
        return None
    journey, of = visit.journey, request.typed_field("of")
    if journey.session != request.signed_in_staff.token_hash or (of and of != journey.invitation):
        return None
    try:
        with request.reading_scope() as scope:
            found = invitations.find_invitation(scope, request.now, journey.invitation)
    except NoSuchInvitation:
        return None
    return AssistedCheck(visit, found)


def _read_respondent(request: StaffRequest) -> str:
    typed = request.typed_field("about")
    return typed if typed in RESPONDENTS else ME


def _next_address(visit: Visit) -> str:
    return f"{ASK}{visit.path.next.id}" if visit.path.next else ANSWERS
