"""What became of what a person handed over, told to that person.

When a nurse looks, whether the visit may be too late, what was decided, and what to watch for. An
emergency is always told to call, and never to wait. It knows no rule.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.requests import Request

from app.presentation.clinic_contact import ClinicContact, describe_promise
from app.presentation.dates import (
    describe_opening_hours,
    format_local_time,
    last_timely_day,
)
from app.presentation.ending import EndingFacts, EndingPresenter, collect_ending
from app.presentation.result import ResultPresenter
from app.presentation.safety_net import describe_safety_net
from app.store import submission_reads, submission_versions, worklist_rows
from app.store.clinics import load_clinic
from app.store.db.scope import Scope
from app.store.review_steps import BROUGHT_FORWARD
from app.store.submission_reads import SubmissionReceipt
from app.store.submission_versions import AnswersVersion
from app.triage.questionnaire import keep_known_answers
from app.triage.rules import assess_answers
from app.triage.terms import Urgency
from app.web.pages import app_context, filler_for
from app.web.staff_request import StaffRequest


def build_status_values(request: StaffRequest, scope: Scope, submission_id: str) -> dict[str, Any]:
    """What the page shows of a submission. Raises NoSuchSubmission or KeyDestroyed."""
    clinic, now = load_clinic(scope), request.now
    receipt = submission_reads.find_receipt(scope, submission_id, now)
    submission = submission_reads.find_submission(scope, submission_id)
    versions = submission_versions.list_versions(scope, submission_id)
    newest = next(version for version in reversed(versions) if version.kind != "nurse")
    row = worklist_rows.require_row(scope, submission_id, now)
    payload = worklist_rows.row_payload(scope, row)
    actions = submission_reads.list_actions(scope, submission_id)
    facts = collect_ending(row, receipt.urgency, payload, actions)
    within = request.context.policy.visit_days.get(receipt.urgency)
    last_day = last_timely_day(within, receipt.at, clinic.time_zone)
    language = request.context.page_wording.language
    ending = EndingPresenter(now, clinic.time_zone, language, last_day).describe(facts)
    calls = _must_call_now(receipt, facts.outcome)
    about, region = submission.about, submission.region
    presenter, _ = present_version(request, newest, about, region)
    assessment = assess_answers(presenter.rulebook, presenter.path.answers)
    words = request.context.page_wording

    def format_time(at: datetime | None) -> str:
        return format_local_time(at, clinic.time_zone, words.language) if at else ""

    return {
        "region": region,
        "contact": ClinicContact.from_clinic(clinic),
        "hours": describe_opening_hours(clinic.opening_hours, words),
        "reference": receipt.reference,
        "calls": calls,
        "ending": ending,
        "too_late": ending["too_late"] and not receipt.closed_at and not calls,
        "sent": format_time(receipt.at),
        "look": describe_promise(clinic, receipt.due_at, receipt.urgency, now, words.language),
        "seen": format_time(receipt.seen_at),
        "closed": format_time(receipt.closed_at),
        "wait_for_visit": not calls and not (ending["too_late"] and _is_told_late(facts, ending)),
        "card": presenter.build_card(assessment)
        if receipt.urgency is assessment.urgency
        else presenter.build_level_card(receipt.urgency.name),
        "given": presenter.all_answers(presenter.path.answers),
        "watch": describe_safety_net(presenter, assessment),
    }


def _must_call_now(receipt: SubmissionReceipt, outcome: str) -> bool:
    """Whether the person is to call now: an emergency stays one until someone lowered it."""
    own = receipt.result is Urgency.emergency and not receipt.closed_at
    return own or receipt.urgency is Urgency.emergency or outcome == "emergency_service"


def _is_told_late(facts: EndingFacts, ending: Mapping[str, Any]) -> bool:
    """Whether the end leaves a visit that the person must not wait for."""
    return bool(ending["instead"]) or facts.outcome == BROUGHT_FORWARD


def present_version(
    request: Request, version: AnswersVersion, about: str, region: str
) -> tuple[ResultPresenter, bool]:
    """Answers in the words of the rulebook that judged them, and whether it is at hand.

    Without it, in those of today's; what these no longer know is left out.
    """
    archive = app_context(request).archive
    book = archive.find_rulebook(version.rulebook_version, version.rulebook_sha256)
    context, answers = app_context(request), version.answers
    if book is not None:
        context = replace(context, rulebook=book)
    else:
        answers = dict(archive.translate_to_current(version.rulebook_version, answers))
    known = keep_known_answers(context.rulebook.questionnaire, answers).answers
    words, fill = context.page_wording, filler_for(context, region)
    return ResultPresenter(context.rulebook, words, fill, known, about), book is not None
