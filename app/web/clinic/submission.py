"""One submission as a nurse reads it: the level and why at a glance, everything else below.

Every look is noted. It shows what the rules of that day made of the answers, and knows no rule.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from app.presentation.review_words import OUTCOMES, REASONS
from app.store import review_rules, review_steps
from app.store.db.tables.reviews import SECOND_PERSON_STATES
from app.store.permissions import role_allows
from app.store.review_rules import DECISION_KINDS
from app.store.review_steps import CALL_OUTCOMES, LOWER_REASONS, MIN_FAILED_CALLS, SAME_PERSON
from app.store.submission_reads import ReviewAction
from app.triage.terms import Urgency
from app.web.access import StaffRequest, staff_route
from app.web.clinic.account import format_local_time
from app.web.clinic.left_open import FITTING, find_second_people, find_unmet_needs
from app.web.clinic.review_forms import read_typed_lines
from app.web.clinic.sbar import write_sbar_text
from app.web.clinic.submission_view import (
    SubmissionView,
    describe_other_submissions,
    describe_patient_result,
    find_visit_deadline,
    open_submission,
    respondent_key,
    summarize_versions,
    trace_answer_history,
)
from app.web.clinic.worklist import build_row_view as build_row_view
from app.web.pages import app_context, see_other, translator_for


def page_routes() -> list[Route]:
    """The pages on which one submission is read."""
    return [
        staff_route("GET", "/submissions/{id}", show_submission),
        staff_route("GET", "/submissions/{id}/lower", show_lowering),
    ]


def show_submission(
    staff_request: StaffRequest, problem: str = "", at: str = "actions", first: str = ""
) -> Response:
    """GET /submissions/{id}: all that is known; looking is noted in the audit."""
    view = open_submission(staff_request)
    level = view.record.listed.level
    return staff_request.render_page(
        "nurse/submission.html",
        problems={at: problem} if problem else None,
        first=first,
        typed=read_typed_lines(staff_request, "words"),
        colleagues=find_second_people(staff_request, view)
        if view.record.listed.state == "second_close"
        else None,
        region=view.record.region,
        calls=translate_codes(staff_request, CALL_OUTCOMES, OUTCOMES),
        dispositions=translate_codes(
            staff_request, review_steps.closings_by_one(level), OUTCOMES | FITTING.get(level, {})
        ),
        others=describe_other_submissions(staff_request, view),
        shown=describe_patient_result(view),
        sbar=write_sbar_text(staff_request, view),
        sbar_full=write_sbar_text(staff_request, view, full=True),
        **describe_submission(staff_request, view),
        **describe_possible_steps(staff_request, view),
    )


def show_lowering(staff_request: StaffRequest, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/lower: stops, and names the signs that would be set aside."""
    view = open_submission(staff_request)
    level = view.record.listed.level
    below = [lower for lower in reversed(Urgency) if lower < level]
    if not below:
        return see_other(f"/submissions/{view.record.listed.submission}")
    decides = [
        rule
        for rule in view.presenter.fired_rules()
        if rule.level == view.presenter.assessment.urgency.name
    ]
    return staff_request.render_page(
        "nurse/lower.html",
        problems={"lower": problem} if problem else None,
        first=first,
        typed=read_typed_lines(staff_request, "words"),
        decides=decides,
        levels=[(lower.name, view.presenter.level_badge(lower)) for lower in below],
        lower_reasons=translate_codes(staff_request, LOWER_REASONS, REASONS),
        second_needed=_needs_second_person(view, level),
        **describe_submission(staff_request, view),
        **describe_possible_steps(staff_request, view),
    )


def describe_submission(staff_request: StaffRequest, view: SubmissionView) -> dict[str, Any]:
    """What every page and paper about a submission says of it."""
    record, presenter = view.record, view.presenter
    rules_level = record.newest_version.urgency
    return {
        "id": record.listed.submission,
        "row": build_row_view(staff_request, view.clinic, view.staff_names, record.listed),
        "needed": find_visit_deadline(staff_request, view),
        "answered_by": respondent_key(view),
        "arrived": format_local_time(record.arrived_at, view.clinic.time_zone),
        "patient_reference": record.sent_as,
        "level": record.listed.level,
        "state": record.listed.state,
        "rules_badge": view.presenter.level_badge(rules_level)
        if rules_level != record.listed.level
        else "",
        "own_rulebook": view.has_own_rulebook,
        "rulebook": presenter.result_presenter.rulebook,
        "presenter": presenter,
        "likely": presenter.assessment.likely_type,
        "likely_words": presenter.result_presenter.words.types[presenter.assessment.likely_type],
        "kinds": presenter.result_presenter.fitting_types(presenter.assessment),
        "look_alikes": [
            (
                presenter.result_presenter.words.look_alikes[alike.id],
                presenter.short.group_evidence(alike.because),
            )
            for alike in presenter.assessment.look_alikes
        ],
        "versions": summarize_versions(staff_request, view),
        "given": trace_answer_history(staff_request, view),
        "labs": view.described_labs,
        "entries": [
            (
                entry,
                view.staff_names.get(entry.by, ""),
                format_local_time(entry.at, view.clinic.time_zone),
                review_rules.STEPS[entry.kind].words,
            )
            for entry in record.actions
        ],
        "left_open": find_unmet_needs(view),
        "outcomes": OUTCOMES,
        "reason_words": REASONS,
    }


def describe_possible_steps(staff_request: StaffRequest, view: SubmissionView) -> dict[str, Any]:
    """What can be done now, and by whom."""
    record, who = view.record, staff_request.signed_in_staff
    lowered, asked, checked = map(record.last_action, ("lower", "ask_close", "identify"))
    decided = any(
        e.kind in DECISION_KINDS and e.version == record.newest_version.id for e in record.actions
    )
    others = [m for m in view.members if m.id != who.staff and not m.disabled_at]
    return {
        "mine": record.listed.owner in (None, who.staff),
        "owner": record.listed.owner,
        "own_lowering": lowered is not None and lowered.by == who.staff,
        "lowering": _describe_lowering(view, lowered) if lowered else None,
        "own_asking": asked is not None and asked.by == who.staff,
        "asked": asked,
        "asked_by": view.staff_names.get(asked.by, "") if asked else "",
        "waits": record.listed.state in SECOND_PERSON_STATES,
        "by_two": review_steps.closings_by_two(record.listed.level),
        "decided": decided,
        "identified": checked is not None and checked.outcome == SAME_PERSON,
        "tied": record.listed.person is not None,
        "wrong_person": bool(record.listed.payload.get("wrong_person")),
        "in_vain": review_steps.count_failed_calls((e.kind, e.outcome) for e in record.actions),
        "tries": MIN_FAILED_CALLS,
        "last": record.actions[-1].number if record.actions else 0,
        "key": secrets.token_urlsafe(12),
        "can_take": [(m.id, m.name) for m in others if role_allows(m.role, "review")],
    }


def _describe_lowering(view: SubmissionView, lowered: ReviewAction) -> dict[str, str]:
    """To which level someone wants to lower, and which sign would be set aside."""
    rules = view.presenter.result_presenter.words.rules
    rule = lowered.rule or ""
    reason = view.presenter.result_presenter.fill(rules[rule].reason) if rule in rules else ""
    return {"badge": view.presenter.level_badge(Urgency[str(lowered.outcome)]), "reason": reason}


def _needs_second_person(view: SubmissionView, level: Urgency) -> bool:
    least = view.clinic.second_person_from
    return least is not None and level >= least


def translate_codes(
    staff_request: StaffRequest, codes: Iterable[str], words: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Codes with their words, to choose from."""
    t, _ = translator_for(app_context(staff_request.request), None)
    return [(code, t(words[code])) for code in codes]
