"""What became of what a person handed over, told to that person.

When a nurse looks, whether the visit may be too late, what was decided, and what to watch for. An
emergency is always told to call, and never to wait. It knows no rule.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from app.documents.receipt import RulebookArchive
from app.presentation.dates import format_local_time, format_long_day, is_visit_late
from app.presentation.result import ResultPresenter
from app.presentation.review_words import INSTEAD, NOTED
from app.presentation.safety_net import describe_safety_net
from app.store import (
    review_rules,
    review_steps,
    submission_reads,
    submission_versions,
    worklist_rows,
)
from app.store.clinics import load_clinic
from app.store.db.scope import Scope
from app.store.db.tables import Clinic, Submission
from app.store.submission_reads import SubmissionReceipt
from app.store.submission_versions import AnswersVersion
from app.triage.questionnaire import keep_known_answers
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Urgency
from app.web.access import StaffRequest
from app.web.pages import app_context, filler_for

DECISION_KEYS = {
    "appointment_kept": "handed.decided.appointment_kept",
    "brought_forward": "handed.decided.brought_forward",
    "other_service": "handed.decided.other_service",
    "emergency_service": "handed.decided.emergency_service",
    "seen_today": "handed.decided.seen_today",
    "advice_given": "handed.decided.advice_given",
    "not_reached": "handed.decided.not_reached",
}


def build_status_values(
    staff_request: StaffRequest, scope: Scope, submission_id: str
) -> dict[str, Any]:
    """What the page shows of a submission. Raises NoSuchSubmission or keys.Forgotten."""
    clinic = load_clinic(scope)
    submission_receipt = submission_reads.find_receipt(scope, submission_id, staff_request.now)
    submission = submission_reads.find_submission(scope, submission_id)
    newest = [
        v for v in submission_versions.list_versions(scope, submission_id) if v.kind != "nurse"
    ][-1]
    day = _find_appointment_day(scope, submission_id, staff_request.now)
    outcome = _find_last_outcome(scope, submission_id) if submission_receipt.closed_at else ""
    calls = _must_call_now(submission_receipt, outcome)
    decided, instead = find_ending_keys(submission_receipt.urgency, outcome)
    presenter = _make_status_presenter(staff_request, submission, newest)
    path = presenter.rulebook.questionnaire.trace_path(presenter.answers)
    assessment = assess_answers(presenter.rulebook, path.answers)
    language = app_context(staff_request.request).language

    def format_time(at: datetime | None) -> str:
        return format_local_time(at, clinic.time_zone, language) if at else ""

    same = submission_receipt.urgency is assessment.urgency
    return {
        "region": submission.region,
        "clinic": clinic.name,
        "hours": describe_opening_hours(clinic),
        "reference": submission_receipt.reference,
        "calls": calls,
        "appointment": format_long_day(day, language),
        "too_late": _visit_too_late(staff_request, clinic, submission_receipt, day) and not calls,
        "sent": format_time(submission_receipt.at),
        "due": format_time(submission_receipt.due_at),
        "late": submission_receipt.due_at <= staff_request.now,
        "seen": format_time(submission_receipt.seen_at),
        "closed": format_time(submission_receipt.closed_at),
        "decided": decided,
        "instead": instead,
        "wait_for_visit": not calls
        and not (instead and _visit_too_far(staff_request, clinic, submission_receipt, day)),
        "card": presenter.build_card(assessment)
        if same
        else presenter.build_level_card(submission_receipt.urgency.name),
        "given": presenter.all_answers(path.answers),
        "watch": describe_safety_net(presenter, assessment),
    }


def find_ending_keys(level: Urgency, outcome: str) -> tuple[str, str]:
    """(What was agreed, what it does not stand in for), as keys of words; "" where there is none.

    An end that leaves this level without its help is never told as if it were that help.
    """
    if outcome not in review_steps.closings_by_two(level):
        return DECISION_KEYS.get(outcome, ""), ""
    reached = level is Urgency.emergency or outcome != "not_reached"
    return (NOTED if reached else DECISION_KEYS)[outcome], INSTEAD[level.name]


def describe_opening_hours(clinic: Clinic) -> list[str]:
    """When the clinic is open, days of the same hours together: "Monday to Friday, 09:00 to 17:00".

    Nothing where it never is, since all minutes count then.
    """
    lines = []
    for hours, days in groupby(range(7), key=lambda day: clinic.opening_hours[day]):
        names = [calendar.day_name[day] for day in days]
        span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        times = " and ".join(f"{opens} to {closes}" for opens, closes in hours)
        lines += [f"{span}, {times}"] if times else []
    return lines


def _must_call_now(submission_receipt: SubmissionReceipt, outcome: str) -> bool:
    """Whether the person is to call now: an emergency stays one until someone lowered it."""
    own = submission_receipt.result is Urgency.emergency and not submission_receipt.closed_at
    return own or submission_receipt.urgency is Urgency.emergency or outcome == "emergency_service"


def _visit_too_late(
    staff_request: StaffRequest,
    clinic: Clinic,
    submission_receipt: SubmissionReceipt,
    day: date | None,
) -> bool:
    """Whether they are needed sooner than the visit is, and nobody has decided yet."""
    return not submission_receipt.closed_at and _visit_too_far(
        staff_request, clinic, submission_receipt, day
    )


def _visit_too_far(
    staff_request: StaffRequest,
    clinic: Clinic,
    submission_receipt: SubmissionReceipt,
    day: date | None,
) -> bool:
    """Whether the visit is later than the level asks for."""
    within = staff_request.request.app.state.visit_days.get(submission_receipt.urgency)
    return day is not None and is_visit_late(within, submission_receipt.at, day, clinic.time_zone)


def _find_appointment_day(scope: Scope, submission_id: str, now: datetime) -> date | None:
    row_payload = worklist_rows.row_payload(
        scope, worklist_rows.require_row(scope, submission_id, now)
    )
    day = row_payload["appointment_on"]
    return date.fromisoformat(day) if day else None


def _find_last_outcome(scope: Scope, submission_id: str) -> str:
    """What was agreed when it was closed last."""
    closed: Sequence[submission_reads.ReviewAction] = submission_reads.list_actions(
        scope, submission_id
    )
    ends = (e.outcome or "" for e in reversed(closed) if e.kind in review_rules.CLOSING_KINDS)
    return next(ends, "")


def _make_status_presenter(
    staff_request: StaffRequest, submission: Submission, version: AnswersVersion
) -> ResultPresenter:
    """Tells by the rulebook of that day; without it, what today's knows by today's."""
    context = app_context(staff_request.request)
    archive: RulebookArchive = staff_request.request.app.state.archive
    own = archive.find_rulebook(version.rulebook_version, version.rulebook_sha256)
    rulebook = own or context.rulebook
    context = replace(context, rulebook=rulebook)
    given: Answers = version.answers
    if own is None:
        given = archive.translate_to_current(version.rulebook_version, given)
    # What is of another rulebook is dropped: its person is told of the rest.
    answers = keep_known_answers(rulebook.questionnaire, given).answers
    return ResultPresenter(
        rulebook,
        rulebook.wording[context.language],
        filler_for(context, submission.region),
        answers,
        submission.about,
    )
