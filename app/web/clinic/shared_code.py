"""A self-check that its person shows: a nurse types the code, and it becomes a submission.

It knows no rule.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from starlette.responses import Response

from app.store import shares
from app.store.shares import ShareGone
from app.store.submission_versions import SubmittedAnswers
from app.store.submissions import Delivery
from app.triage.answers import keep_known_answers
from app.triage.rules import assess_answers
from app.web.clinic.patient_list import PROBLEMS, parse_guest
from app.web.pages import AppContext, see_other
from app.web.staff_request import StaffRequest

_FIELDS = ("reference", "name", "day")


def show_shared_form(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /shared: the nurse types the code, and what the clinic calls this person."""
    typed = request.typed_fields("code", *_FIELDS)
    return request.render_page("nurse/shared.html", typed=typed, problems=problems)


def submit_shared_code(request: StaffRequest) -> Response:
    """POST /shared: what was shown becomes a submission, on the worklist like any other."""
    guest = parse_guest([*request.typed_fields(*_FIELDS).values()])
    if isinstance(guest, str):
        return show_shared_form(request, {guest: PROBLEMS[guest]})
    # Who is meant is made sure of on the submission's own page.
    delivery = Delivery(
        source="share",
        key="",
        reference=guest.reference,
        name=guest.name,
        appointment_on=guest.appointment_on,
    )
    code = request.typed_field("code").rpartition("#")[2]
    try:
        submission_id = shares.redeem_share(
            request.store,
            request.clinic,
            request.now,
            request.staff_id,
            code,
            delivery,
            request.context.policy.targets,
            partial(_reassess_today, request.context),
        )
    except ShareGone:
        return show_shared_form(request, {"code": "shared.code.problem"})
    return see_other(f"/submissions/{submission_id}")


def _reassess_today(context: AppContext, submitted: SubmittedAnswers) -> SubmittedAnswers | None:
    """What today's rules make of the answers; None where they are those of before."""
    rulebook = context.rulebook
    if submitted.rulebook_sha256 == rulebook.sha256:
        return None
    given = context.archive.translate_to_current(submitted.rulebook_version, submitted.answers)
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
