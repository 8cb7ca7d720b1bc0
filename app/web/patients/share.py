"""Showing a self-check to a nurse: its person makes a code, and a nurse types it.

Nothing is stored until its person asks for the code. The code stands in no address that a server
or a proxy notes: the square holds it behind the "#", which browsers keep to themselves.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import make_qr_code
from app.store import shares
from app.store.db import record_keys
from app.store.shares import ShareGone, ShareStatus
from app.store.submission_versions import SubmittedAnswers
from app.store.submissions import Delivery
from app.store.worklist_rows import NoSuchSubmission
from app.triage.answers import keep_known_answers
from app.triage.rules import assess_answers
from app.triage.terms import Urgency
from app.web import journey as journeys
from app.web.access import StaffRequest, staff_route
from app.web.clinic import patient_list
from app.web.clinic.patient_list import PROBLEMS
from app.web.journey import Journey
from app.web.pages import app_context, see_other
from app.web.patients.clinic_presence import has_reachable_clinic
from app.web.patients.handing_over import collect_submitted_answers
from app.web.patients.submission_status import build_status_values
from app.web.patients.visit import Visit, make_presenter, open_visit

_ENDED = "patient/share_ended.html"
_FIELDS = ("reference", "name", "day")


def page_routes() -> list[Route]:
    """The pages of its person, and the one on which a nurse types the code."""
    return [
        staff_route("GET", "/share", show_share_code),
        staff_route("GET", "/share/news", poll_share),
        staff_route("POST", "/share", create_share_code),
        Route("/share/back", redirect_to_share, methods=["GET"]),
        staff_route("POST", "/share/back", revoke_share_code),
        staff_route("GET", "/shared", show_shared_form),
        staff_route("POST", "/shared", submit_shared_code),
    ]


def create_share_code(staff_request: StaffRequest) -> Response:
    """POST /share: keep answers and result under a code, for half an hour."""
    visit = open_visit(staff_request.request)
    if visit.path.next is not None or not has_reachable_clinic(staff_request.request):
        return see_other(visit.next_address if visit.path.next else "/result")
    submitted = collect_submitted_answers(staff_request, visit)
    old, key = visit.journey.share, _derive_share_key(staff_request.request)
    if (
        old
        and not staff_request.typed_field("anew")
        and _is_already_shared(staff_request, old, submitted)
    ):
        return see_other("/share")
    if old:
        shares.withdraw_share(staff_request.store, old)
    shares.offer_share(
        staff_request.store, key, submitted, staff_request.now, address=staff_request.client_address
    )
    return _redirect_with_journey(staff_request, replace(visit.journey, share=key))


def show_share_code(staff_request: StaffRequest) -> Response:
    """GET /share: the code; later, who has it."""
    visit = open_visit(staff_request.request)
    if not visit.journey.share:
        return see_other("/result")
    try:
        found = shares.find_share_status(
            staff_request.store, visit.journey.share, staff_request.now
        )
        return (
            _render_waiting_code(staff_request, visit, found)
            if found.submitted
            else _render_status(staff_request, found)
        )
    except (ShareGone, NoSuchSubmission, record_keys.KeyDestroyed):
        return staff_request.render_page(_ENDED, region=visit.journey.region)


def poll_share(staff_request: StaffRequest) -> Response:
    """GET /share/news: nothing as long as the code waits; then the page that says who has it."""
    visit = open_visit(staff_request.request)
    try:
        waits = (
            shares.find_share_status(
                staff_request.store, visit.journey.share, staff_request.now
            ).taken
            is None
        )
    except ShareGone:
        waits = False
    return Response(status_code=204) if waits else show_share_code(staff_request)


def revoke_share_code(staff_request: StaffRequest) -> Response:
    """POST /share/back: the code and all that was kept under it are deleted at once."""
    visit = open_visit(staff_request.request)
    if visit.journey.share:
        shares.withdraw_share(staff_request.store, visit.journey.share)
    return see_other("/share")


async def redirect_to_share(_: Request) -> Response:
    """GET /share/back: what a browser asks for that loads a failure to take it back anew."""
    return see_other("/share")


def show_shared_form(
    staff_request: StaffRequest, problems: dict[str, str] | None = None
) -> Response:
    """GET /shared: the nurse types the code, and what the clinic calls this person."""
    typed_fields = {name: staff_request.typed_field(name) for name in ("code", *_FIELDS)}
    return staff_request.render_page("nurse/shared.html", typed=typed_fields, problems=problems)


def submit_shared_code(staff_request: StaffRequest) -> Response:
    """POST /shared: what was shown becomes a submission, on the worklist like any other."""
    guest = patient_list.parse_guest([staff_request.typed_field(name) for name in _FIELDS])
    if isinstance(guest, str):
        return show_shared_form(staff_request, {guest: PROBLEMS[guest]})
    # Who is meant is made sure of on the submission's own page.
    delivery = Delivery(
        source="share",
        key="",
        reference=guest.reference,
        name=guest.name,
        appointment_on=guest.appointment_on,
        taken_by=staff_request.signed_in_staff.staff,
    )
    code = staff_request.typed_field("code").rpartition("#")[2]
    targets = staff_request.request.app.state.targets
    try:
        submission_id = shares.redeem_share(
            staff_request.store,
            staff_request.signed_in_staff.clinic,
            code,
            delivery,
            targets,
            lambda h: _reassess_today(staff_request, h),
            staff_request.now,
        )
    except ShareGone:
        return show_shared_form(staff_request, {"code": "shared.code.problem"})
    return see_other(f"/submissions/{submission_id}")


def _render_waiting_code(staff_request: StaffRequest, visit: Visit, found: ShareStatus) -> Response:
    submitted = found.submitted
    return staff_request.render_page(
        "patient/share.html",
        region=visit.journey.region,
        code=found.code,
        square=make_qr_code(f"{staff_request.base_url}/shared#{found.code}"),
        minutes=math.ceil((found.expires_at - staff_request.now) / timedelta(minutes=1)),
        emergency=submitted is not None and submitted.assessment.urgency is Urgency.emergency,
        given=make_presenter(staff_request.request, visit).all_answers(submitted.answers)
        if submitted
        else [],
    )


def _render_status(staff_request: StaffRequest, found: ShareStatus) -> Response:
    clinic, submission = (found.taken.clinic, found.taken.submission) if found.taken else ("", "")
    with staff_request.store.reading_scope(clinic) as scope:
        values = build_status_values(staff_request, scope, submission)
    return staff_request.render_page("patient/handed_over.html", token="", **values)


def _is_already_shared(staff_request: StaffRequest, key: str, submitted: SubmittedAnswers) -> bool:
    """Whether this very thing waits under the code that there is, or someone took what did."""
    try:
        found = shares.find_share_status(staff_request.store, key, staff_request.now)
    except ShareGone:
        return False
    return found.submitted is None or found.submitted.answers == submitted.answers


def _derive_share_key(request: Request) -> str:
    """The same for a button pressed twice, and no other person's: each sealed cookie is unique."""
    sealed = request.cookies[journeys.journey_cookie_name(request)]
    return hashlib.sha256(sealed.encode()).hexdigest()


def _reassess_today(
    staff_request: StaffRequest, submitted: SubmittedAnswers
) -> SubmittedAnswers | None:
    """What today's rules make of the answers; None where they are those of before."""
    rulebook, archive = (
        app_context(staff_request.request).rulebook,
        staff_request.request.app.state.archive,
    )
    if submitted.rulebook_sha256 == rulebook.sha256:
        return None
    given = archive.translate_to_current(submitted.rulebook_version, submitted.answers)
    known = keep_known_answers(rulebook.questionnaire, given)
    if known.dropped:
        return None  # what they no longer know, a nurse asks anew
    path = rulebook.questionnaire.trace_path(known.answers)
    return replace(
        submitted,
        answers=path.answers,
        assessment=assess_answers(rulebook, path.answers),
        rulebook_version=rulebook.version,
        rulebook_sha256=rulebook.sha256,
    )


def _redirect_with_journey(staff_request: StaffRequest, journey: Journey) -> Response:
    response = see_other("/share")
    journeys.set_journey_cookie(
        response, staff_request.request, app_context(staff_request.request).key, journey
    )
    return response
