"""Showing a self-check to a nurse: its person makes a code that a nurse can type.

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
from app.store.worklist_rows import NoSuchSubmission
from app.triage.terms import Urgency
from app.web import journey as journeys
from app.web.access import StaffRequest, staff_route
from app.web.cookies import cookie_name
from app.web.pages import see_other
from app.web.patients.clinic_presence import has_reachable_clinic
from app.web.patients.submission_status import build_status_values
from app.web.visit import Visit, open_visit, redirect_with_journey

_ENDED = "patient/share_ended.html"


def page_routes() -> list[Route]:
    """The pages of the person whose self-check it is."""
    return [
        staff_route("GET", "/share", show_share_code),
        staff_route("GET", "/share/news", poll_share),
        staff_route("POST", "/share", create_share_code),
        Route("/share/back", redirect_to_share, methods=["GET"]),
        staff_route("POST", "/share/back", revoke_share_code),
    ]


def create_share_code(staff_request: StaffRequest) -> Response:
    """POST /share: keep answers and result under a code, for half an hour."""
    visit = open_visit(staff_request.request)
    if visit.path.next is not None or not has_reachable_clinic(staff_request.request):
        return see_other(visit.next_address if visit.path.next else "/result")
    submitted = visit.collect_submitted_answers()
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
    shared = replace(visit.journey, share=key)
    return redirect_with_journey(staff_request.request, "/share", shared)


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


def _render_waiting_code(staff_request: StaffRequest, visit: Visit, found: ShareStatus) -> Response:
    submitted = found.submitted
    return staff_request.render_page(
        "patient/share.html",
        region=visit.journey.region,
        code=found.code,
        square=make_qr_code(f"{staff_request.base_url}/shared#{found.code}"),
        minutes=math.ceil((found.expires_at - staff_request.now) / timedelta(minutes=1)),
        emergency=submitted is not None and submitted.assessment.urgency is Urgency.emergency,
        given=visit.presenter.all_answers(submitted.answers) if submitted else [],
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
    sealed = request.cookies[cookie_name(request, journeys.OWN)]
    return hashlib.sha256(sealed.encode()).hexdigest()
