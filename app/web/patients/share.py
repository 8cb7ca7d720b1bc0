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

from app.documents.receipt import make_qr_code
from app.store import shares
from app.store.db import record_keys
from app.store.shares import ShareGone, ShareStatus
from app.store.submission_versions import SubmittedAnswers
from app.store.worklist_rows import NoSuchSubmission
from app.triage.terms import Urgency
from app.web import journey as journeys
from app.web.pages import see_other
from app.web.patients.clinic_presence import has_reachable_clinic
from app.web.patients.submission_status import build_status_values
from app.web.staff_request import StaffRequest
from app.web.visit import Visit, open_visit, redirect_with_journey
from app.web.wire import cookie_name

_ENDED = "patient/share_ended.html"


def create_share_code(request: StaffRequest) -> Response:
    """POST /share: keep answers and result under a code, for half an hour."""
    visit = open_visit(request)
    if visit.path.next is not None or not has_reachable_clinic(request):
        return see_other(visit.next_address if visit.path.next else "/result")
    submitted = visit.collect_submitted_answers()
    old, key = visit.journey.share, _derive_share_key(request)
    if old and not request.typed_field("anew") and _is_already_shared(request, old, submitted):
        return see_other("/share")
    if old:
        shares.withdraw_share(request.store, old)
    shares.offer_share(request.store, key, submitted, request.now, address=request.client_address)
    shared = replace(visit.journey, share=key)
    return redirect_with_journey(request, "/share", shared)


def show_share_code(request: StaffRequest) -> Response:
    """GET /share: the code; later, who has it."""
    visit = open_visit(request)
    if not visit.journey.share:
        return see_other("/result")
    try:
        found = shares.find_share_status(request.store, visit.journey.share, request.now)
        return (
            _render_waiting_code(request, visit, found)
            if found.submitted
            else _render_status(request, found)
        )
    except (ShareGone, NoSuchSubmission, record_keys.KeyDestroyed):
        return request.render_page(_ENDED, region=visit.journey.region)


def poll_share(request: StaffRequest) -> Response:
    """GET /share/news: nothing as long as the code waits; then the page that says who has it."""
    visit = open_visit(request)
    try:
        waits = (
            shares.find_share_status(request.store, visit.journey.share, request.now).taken is None
        )
    except ShareGone:
        waits = False
    return Response(status_code=204) if waits else show_share_code(request)


def revoke_share_code(request: StaffRequest) -> Response:
    """POST /share/back: the code and all that was kept under it are deleted at once."""
    visit = open_visit(request)
    if visit.journey.share:
        shares.withdraw_share(request.store, visit.journey.share)
    return see_other("/share")


async def redirect_to_share(_: Request) -> Response:
    """GET /share/back: what a browser asks for that loads a failure to take it back anew."""
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


def _render_status(request: StaffRequest, found: ShareStatus) -> Response:
    clinic, submission = (found.taken.clinic, found.taken.submission) if found.taken else ("", "")
    with request.store.reading_scope(clinic) as scope:
        values = build_status_values(request, scope, submission)
    return request.render_page("patient/handed_over.html", token="", **values)


def _is_already_shared(request: StaffRequest, key: str, submitted: SubmittedAnswers) -> bool:
    """Whether this very thing waits under the code that there is, or someone took what did."""
    try:
        found = shares.find_share_status(request.store, key, request.now)
    except ShareGone:
        return False
    return found.submitted is None or found.submitted.answers == submitted.answers


def _derive_share_key(request: Request) -> str:
    """The same for a button pressed twice, and no other person's: each sealed cookie is unique."""
    sealed = request.cookies[cookie_name(request, journeys.OWN)]
    return hashlib.sha256(sealed.encode()).hexdigest()
