"""Invited people: what a link or a code leads to, handing over, and what became of it.

Whoever has the link is its person; opening it uses nothing up. The same link goes on to show when
a nurse looked. An emergency is always told to call, and never to wait. It knows no rule.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.presentation.dates import format_long_day
from app.presentation.question import ME, RESPONDENTS
from app.store import invitations, submission_reads, submissions, worklist_rows
from app.store.db import record_keys
from app.store.db.scope import PATIENT
from app.store.invitations import InvitationGone, OpenedInvitation
from app.web import tablet
from app.web.journey import Journey, LostJourney, NoJourney
from app.web.pages import see_other
from app.web.patients.submission_status import build_status_values
from app.web.staff_request import StaffRequest
from app.web.visit import open_visit, redirect_with_journey

CURRENT_LINK = "here"
"""Stands in an address for the link that this browser is on already."""
_GONE = "patient/link_gone.html"


def show_code_form(request: StaffRequest) -> Response:
    """GET /i: a box for the code of an invitation."""
    return request.render_page("patient/invitation_code.html", on_tablet=tablet.is_tablet(request))


def submit_invitation_code(request: StaffRequest) -> Response:
    """POST /i: the code leads to where the link leads."""
    try:
        token = invitations.find_token_by_code(
            request.store, request.typed_field("code"), request.now, address=request.client_address
        )
    except InvitationGone:
        return request.render_page(
            "patient/invitation_code.html",
            problems={"code": "invited.code.problem"},
            on_tablet=tablet.is_tablet(request),
        )
    if not tablet.is_tablet(request):
        return see_other(f"/i/{token}")
    region = invitations.open_invitation(request.store, token, request.now).clinic.region
    journey = Journey(region, request.context.unix_time, invitation=token)
    return redirect_with_journey(request, f"/i/{CURRENT_LINK}", journey)


def show_invitation(request: StaffRequest) -> Response:
    """GET /i/{token}: who invites, and a button to begin; later, what became of it."""
    try:
        found = _open_invitation(request)
    except InvitationGone:
        return request.render_page(_GONE, status=404)
    return _render_status(request, found) if found.finished else _render_welcome(request, found)


def start_invited_check(request: StaffRequest) -> Response:
    """POST /i/{token}: the questions begin. Answers of someone else in this browser are dropped."""
    try:
        found = _open_invitation(request)
    except InvitationGone:
        return request.render_page(_GONE, status=404)
    context, token = request.context, _invitation_token(request)
    about = next((who for who in request.form_fields.get("about", []) if who in RESPONDENTS), ME)
    journey = Journey(found.clinic.region, context.unix_time, about=about, invitation=token)
    try:
        visit = open_visit(request)
    except (NoJourney, LostJourney):
        visit = None
    begun = visit is not None and visit.journey.invitation == token and visit.journey.answers
    if visit is not None and begun:
        return redirect_with_journey(request, visit.next_address, visit.journey)
    first = f"/check/{next(iter(context.rulebook.questionnaire)).id}"
    return redirect_with_journey(request, first, journey)


def send_submission(request: StaffRequest) -> Response:
    """POST /send: hand the answers over. What cannot be sent is still the person's to read."""
    visit = open_visit(request)
    token = visit.journey.invitation
    if visit.path.next is not None or not token:
        return see_other(visit.next_address if visit.path.next else "/result")
    try:
        clinic, invitation = invitations.resolve_token(request.store, token)
        targets, submitted = request.context.policy.targets, visit.collect_submitted_answers()
        with request.store.writing_scope(clinic, request.now, PATIENT) as scope:
            submissions.accept_answers(scope, invitation, submitted, targets)
    except InvitationGone:
        return request.render_page("patient/not_sent.html", status=404, region=visit.journey.region)
    return see_other(f"/i/{CURRENT_LINK if tablet.is_tablet(request) else token}")


async def redirect_to_result(_: Request) -> Response:
    """GET /send: what a browser asks for that loads the page anew which could not be sent."""
    return see_other("/result")


def _token_in_address(request: StaffRequest) -> str:
    """The word in the address: the token of a link, or HERE."""
    word: str = request.path_params["token"]
    return word


def _invitation_token(request: StaffRequest) -> str:
    """The token of the link. On a tablet it stands in no address, where Back would lead to it."""
    if _token_in_address(request) != CURRENT_LINK:
        return _token_in_address(request)
    try:
        return open_visit(request).journey.invitation
    except (NoJourney, LostJourney):
        return ""


def _open_invitation(request: StaffRequest) -> OpenedInvitation:
    return invitations.open_invitation(request.store, _invitation_token(request), request.now)


def _render_welcome(request: StaffRequest, found: OpenedInvitation) -> Response:
    return request.render_page(
        "patient/invited.html",
        region=found.clinic.region,
        token=_token_in_address(request),
        clinic=found.clinic.name,
        appointment=format_long_day(found.appointment_on, request.context.language),
    )


def _render_status(request: StaffRequest, found: OpenedInvitation) -> Response:
    with request.store.reading_scope(found.clinic.clinic_id) as scope:
        try:
            sent = submission_reads.find_invitation_receipt(scope, found.id, request.now).submission
            values = build_status_values(request, scope, sent)
        except (worklist_rows.NoSuchSubmission, record_keys.KeyDestroyed):
            return request.render_page(_GONE, status=404)
    return request.render_page(
        "patient/handed_over.html", token=_token_in_address(request), **values
    )
