"""Handing a self-check over: by the link of an invitation, or by a code that its person makes.

Whoever has the link is its person; opening it uses nothing up. The same link goes on to show when
a nurse looked. Without a link nothing is stored until its person asks for a code. The code stands
in no address that a server or a proxy notes: the square holds it behind the "#", which browsers
keep to themselves. An emergency is always told to call, and never to wait. It knows no rule.
"""

import hashlib
import math
from dataclasses import replace
from datetime import timedelta

from starlette.responses import Response

from app.documents.receipt import make_qr_code
from app.presentation.clinic_contact import ClinicContact
from app.presentation.dates import LONG_DAY, format_day, format_local_time
from app.presentation.question import ME, RESPONDENTS, list_emergency_signs
from app.store import invitations, shares, submission_reads, submissions
from app.store.clinics import load_clinic
from app.store.db.record_keys import KeyDestroyed
from app.store.db.scope import PATIENT
from app.store.invitations import InvitationGone, OpenedInvitation
from app.store.opening_hours import find_opening_state
from app.store.shares import ShareGone, ShareStatus
from app.store.submission_versions import SubmittedAnswers
from app.store.worklist_rows import NoSuchSubmission
from app.triage.terms import Urgency
from app.web import journey as journeys
from app.web.journey import Journey, LostJourney, NoJourney
from app.web.pages import see_other
from app.web.patients.clinic_presence import has_reachable_clinic
from app.web.patients.submission_status import build_status_values
from app.web.staff_request import StaffRequest
from app.web.tablet import is_tablet
from app.web.visit import Visit, describe_emergency, open_visit, redirect_with_journey
from app.web.wire import cookie_name

CURRENT_LINK = "here"
"""Stands in an address for the link that this browser is on already."""
_GONE, _ENDED = "patient/link_gone.html", "patient/share_ended.html"


def show_code_form(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /i: a box for the code of an invitation."""
    return request.render_page(
        "patient/invitation_code.html",
        problems=problems,
        on_tablet=is_tablet(request),
    )


def submit_invitation_code(request: StaffRequest) -> Response:
    """POST /i: the code leads to where the link leads."""
    store, now = request.store, request.now
    code, address = request.typed_field("code"), request.client_address
    try:
        token = invitations.find_token_by_code(store, code, now, address=address)
    except InvitationGone:
        return show_code_form(request, {"code": "invited.code.problem"})
    if not is_tablet(request):
        return see_other(f"/i/{token}")
    region = invitations.open_invitation(store, token, now).clinic.region
    journey = Journey(region, request.context.unix_time, invitation=token)
    return redirect_with_journey(request, f"/i/{CURRENT_LINK}", journey)


def show_invitation(request: StaffRequest) -> Response:
    """GET /i/{token}: who invites, and a button to begin; later, what became of it."""
    try:
        found = _open_invitation(request)
    except InvitationGone:
        return request.render_page(_GONE, status=404)
    token: str = request.path_params["token"]
    context, language = request.context, request.context.language
    visit = _find_invited_visit(request, _invitation_token(request))
    if found.finished:
        return _render_handed_over(request, found, token, visit)
    return request.render_page(
        "patient/invited.html",
        about=visit.journey.about if visit else ME,
        signs=list_emergency_signs(context.rulebook.questionnaire, context.page_wording),
        region=found.clinic.region,
        token=token,
        contact=ClinicContact.from_clinic(found.clinic),
        appointment=format_day(found.appointment_on, language, LONG_DAY),
    )


def show_answers_by_code(request: StaffRequest) -> Response:
    """POST /i/{token}/answers: what was sent, in another browser, by a code of the clinic."""
    try:
        found = _open_invitation(request)
    except InvitationGone:
        return request.render_page(_GONE, status=404)
    token: str = request.path_params["token"]
    if not found.finished:
        return see_other(f"/i/{token}")
    clinic, code = found.clinic.clinic_id, request.typed_field("code")
    fits = invitations.check_answers_code(request.store, clinic, found.id, code, request.now)
    problems = None if fits else {"code": "handed.answers.problem"}
    return _render_handed_over(request, found, token, by_code=fits, problems=problems)


def start_invited_check(request: StaffRequest) -> Response:
    """POST /i/{token}: the questions begin. Answers of someone else in this browser are dropped."""
    try:
        found = _open_invitation(request)
    except InvitationGone:
        return request.render_page(_GONE, status=404)
    context, token = request.context, _invitation_token(request)
    about = next((who for who in request.form_fields.get("about", []) if who in RESPONDENTS), ME)
    invitations.note_beginning(request.store, found.clinic.clinic_id, found.id, request.now)
    journey = Journey(found.clinic.region, context.unix_time, about=about, invitation=token)
    if visit := _find_invited_visit(request, token):
        if about == visit.journey.about:
            return redirect_with_journey(request, visit.next_address, visit.journey)
        journey = visit.journey.begin_afresh(context.unix_time, about)
    first = f"/check/{next(iter(context.rulebook.questionnaire)).id}"
    return redirect_with_journey(request, first, journey)


def _find_invited_visit(request: StaffRequest, token: str) -> Visit | None:
    """What this browser has answered already by this invitation; None where it has nothing."""
    try:
        visit = open_visit(request)
    except (NoJourney, LostJourney):
        return None
    return visit if visit.journey.invitation == token and visit.journey.answers else None


def send_submission(request: StaffRequest) -> Response:
    """POST /send: hand the answers over. What cannot be sent is still the person's to read."""
    visit = open_visit(request)
    token = visit.journey.invitation
    if visit.path.next is not None or not token:
        return see_other(visit.next_address if visit.path.next else "/result")
    try:
        _hand_over(request, visit)
    except InvitationGone:
        region = visit.journey.region
        return request.render_page("patient/not_sent.html", status=404, region=region)
    address = f"/i/{CURRENT_LINK if is_tablet(request) else token}"
    sent = replace(visit.journey, sent=visit.journey.mark_of_answers)
    return redirect_with_journey(request, address, sent)


def _hand_over(request: StaffRequest, visit: Visit) -> None:
    """Give what was answered to the clinic that invites. Raises InvitationGone."""
    clinic, invitation = invitations.resolve_token(request.store, visit.journey.invitation)
    targets, submitted = request.context.policy.targets, visit.collect_submitted_answers()
    with request.store.writing_scope(clinic, request.now, PATIENT) as scope:
        submissions.accept_answers(scope, invitation, submitted, targets)


def tell_clinic(request: StaffRequest) -> Response:
    """POST /emergency/clinic: the clinic gets what was answered so far. It calls no help."""
    visit = open_visit(request)
    if not visit.is_emergency or not visit.journey.invitation:
        return see_other("/emergency")  # which goes on where there is none
    try:
        _hand_over(request, visit)
    except InvitationGone:
        return _render_emergency(request, visit, failed=True)
    return see_other("/emergency/clinic")


def show_clinic_told(request: StaffRequest) -> Response:
    """GET /emergency/clinic: to call comes first; then what the clinic has, and when it looks."""
    visit = open_visit(request)
    if not visit.is_emergency:
        return see_other("/emergency")
    try:
        clinic, invitation = invitations.resolve_token(request.store, visit.journey.invitation)
        with request.store.reading_scope(clinic) as scope:
            sent = submission_reads.find_invitation_receipt(
                scope, invitation, request.now, visit.journey.begun
            )
            opens = find_opening_state(load_clinic(scope), request.now).opens
            zone = load_clinic(scope).time_zone
    except (InvitationGone, NoSuchSubmission):
        return see_other("/emergency")
    language = request.context.language
    when = format_local_time(opens, zone, language) if opens else ""
    return _render_emergency(request, visit, reference=sent.reference, opens=when)


def _render_emergency(
    request: StaffRequest,
    visit: Visit,
    *,
    reference: str = "",
    opens: str = "",
    failed: bool = False,
) -> Response:
    """The stop page with what became of the message. `opens`: from when on somebody reads it."""
    values = describe_emergency(visit)
    clinic = {"reference": reference, "opens": opens, "failed": failed}
    status = 404 if failed else 200
    return request.render_page("patient/emergency.html", status=status, tells=clinic, **values)


def _invitation_token(request: StaffRequest) -> str:
    """The token of the link. On a tablet it stands in no address, where Back would lead to it."""
    token: str = request.path_params["token"]
    if token != CURRENT_LINK:
        return token
    try:
        return open_visit(request).journey.invitation
    except (NoJourney, LostJourney):
        return ""


def _open_invitation(request: StaffRequest) -> OpenedInvitation:
    token = _invitation_token(request)
    return invitations.open_invitation(request.store, token, request.now)


def _render_handed_over(
    request: StaffRequest,
    found: OpenedInvitation,
    token: str,
    visit: Visit | None = None,
    *,
    by_code: bool = False,
    problems: dict[str, str] | None = None,
) -> Response:
    """What became of it. Whoever has the link reads that; the answers are another matter.

    `visit`: what this browser has answered by this link.
    """
    begun = visit.journey.begun if visit else 0
    with request.store.reading_scope(found.clinic.clinic_id) as scope:
        try:
            sent = submission_reads.find_invitation_receipt(scope, found.id, request.now, begun)
            several = len(submission_reads.list_sent_rows(scope, found.id)) > 1
            own = submission_reads.came_from_browser(scope, sent.submission, begun)
            values = build_status_values(request, scope, sent.submission)
        except (NoSuchSubmission, KeyDestroyed):
            return request.render_page(_GONE, status=404)
    return request.render_page(
        "patient/handed_over.html",
        problems=problems,
        token=token,
        shows_answers=by_code or own,
        several=several,
        **values,
    )


def create_share_code(request: StaffRequest) -> Response:
    """POST /share: keep answers and result under a code, for half an hour."""
    store, now = request.store, request.now
    visit = open_visit(request)
    if visit.path.next is not None or not has_reachable_clinic(request):
        return see_other(visit.next_address if visit.path.next else "/result")
    submitted, old = visit.collect_submitted_answers(), visit.journey.share
    # The same for a button pressed twice, and no other person's: each sealed cookie is unique.
    sealed = request.cookies[cookie_name(request, journeys.OWN)]
    key = hashlib.sha256(sealed.encode()).hexdigest()
    anew = request.typed_field("anew")
    if old and not anew and _is_already_shared(request, old, submitted):
        return see_other("/share")
    if old:
        shares.withdraw_share(store, old)
    shares.offer_share(store, key, submitted, now, address=request.client_address)
    return redirect_with_journey(request, "/share", replace(visit.journey, share=key))


def show_share_code(request: StaffRequest) -> Response:
    """GET /share: the code; later, who has it."""
    visit = open_visit(request)
    share, region = visit.journey.share, visit.journey.region
    if not share:
        return see_other("/result")
    try:
        found = shares.find_share_status(request.store, share, request.now)
        if found.submitted:
            return _render_waiting_code(request, visit, found)
        clinic, sent = (found.taken.clinic, found.taken.submission) if found.taken else ("", "")
        with request.store.reading_scope(clinic) as scope:
            values = build_status_values(request, scope, sent)
        return request.render_page(
            "patient/handed_over.html", token="", shows_answers=True, several=False, **values
        )
    except (ShareGone, NoSuchSubmission, KeyDestroyed):
        return request.render_page(_ENDED, region=region)


def poll_share(request: StaffRequest) -> Response:
    """GET /share/news: nothing as long as the code waits; then the page that says who has it."""
    share = open_visit(request).journey.share
    try:
        found = shares.find_share_status(request.store, share, request.now)
        waits = found.taken is None
    except ShareGone:
        waits = False
    return Response(status_code=204) if waits else show_share_code(request)


def revoke_share_code(request: StaffRequest) -> Response:
    """POST /share/back: the code and all that was kept under it are deleted at once."""
    visit = open_visit(request)
    if visit.journey.share:
        shares.withdraw_share(request.store, visit.journey.share)
    return see_other("/share")


def _render_waiting_code(request: StaffRequest, visit: Visit, found: ShareStatus) -> Response:
    submitted = found.submitted
    return request.render_page(
        "patient/share.html",
        region=visit.journey.region,
        code=found.code,
        square=make_qr_code(f"{request.origin}/shared#{found.code}"),
        minutes=math.ceil((found.expires_at - request.now) / timedelta(minutes=1)),
        emergency=submitted is not None and submitted.assessment.urgency is Urgency.emergency,
        given=visit.presenter.all_answers(submitted.answers) if submitted else [],
    )


def _is_already_shared(request: StaffRequest, key: str, submitted: SubmittedAnswers) -> bool:
    """Whether this very thing waits under the code that there is, or someone took what did."""
    try:
        found = shares.find_share_status(request.store, key, request.now)
    except ShareGone:
        return False
    return found.submitted is None or found.submitted.answers == submitted.answers
