"""A self-check that its person shows: a nurse types the code, and it becomes a submission.

It knows no rule.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import RulebookArchive
from app.store import shares
from app.store.shares import ShareGone
from app.store.submission_versions import SubmittedAnswers
from app.store.submissions import Delivery
from app.triage.questionnaire import keep_known_answers
from app.triage.rules import assess_answers
from app.web.access import StaffRequest, staff_route
from app.web.clinic import patient_list
from app.web.clinic.patient_list import PROBLEMS
from app.web.pages import app_context, see_other

_FIELDS = ("reference", "name", "day")


def page_routes() -> list[Route]:
    """The page on which a nurse types the code."""
    return [
        staff_route("GET", "/shared", show_shared_form),
        staff_route("POST", "/shared", submit_shared_code),
    ]


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


def _reassess_today(
    staff_request: StaffRequest, submitted: SubmittedAnswers
) -> SubmittedAnswers | None:
    """What today's rules make of the answers; None where they are those of before."""
    rulebook = app_context(staff_request.request).rulebook
    archive: RulebookArchive = staff_request.request.app.state.archive
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
