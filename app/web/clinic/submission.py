"""One submission as a nurse reads it, and what she does with it, each form one step or two.

Every look is noted. A step that comes second tells who was first and keeps what was typed. It
shows what the rules of that day made of the answers, and knows no rule.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.presentation.review_words import FITTING, OUTCOMES, REASONS, problem_key
from app.presentation.submission_view import SubmissionView
from app.store import review_steps
from app.store.db.patient_tables import SECOND_PERSON_STATES
from app.store.permissions import role_allows
from app.store.review_rules import DECISION_KINDS
from app.store.review_steps import CALL_OUTCOMES, LOWER_REASONS, MIN_FAILED_CALLS, SAME_PERSON
from app.store.submission_reads import ReviewAction
from app.triage.terms import Urgency
from app.web.clinic.submission_reading import (
    OpenedSubmission,
    describe_assessment,
    describe_patient_result,
    open_submission,
    read_identity_check,
    read_review_step,
    read_typed_lines,
    strip_form_words,
    submit_steps,
)
from app.web.pages import see_other
from app.web.staff_request import StaffRequest

_STEPS = {
    "claim": ("claim",),
    "release": ("release",),
    "hand-over": ("hand_over",),
    "note": ("note",),
    "call": ("call",),
    "agree": ("agree",),
    "raise": ("raise",),
    "close": ("close",),
    "agree-close": ("agree", "close"),
}
"""The address of a form -> what it does, all of it or nothing."""


def show_submission(request: StaffRequest, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}: all that is known; looking is noted in the audit."""
    opened = open_submission(request)
    view, level = opened.view, opened.view.record.listed.level
    assessed = describe_assessment(view)
    sbar, sbar_full = view.write_sbar_texts(assessed)
    return request.render_page(
        "nurse/submission.html",
        problems={"actions": problem_key(problem)} if problem else None,
        first=first,
        calls=_translate_codes(request, CALL_OUTCOMES, OUTCOMES),
        dispositions=_translate_endings(request, level),
        others=[view.row_presenter.build_short_row(line) for line in view.record.others],
        assessed=assessed,
        given=view.trace_answer_history(),
        shown=describe_patient_result(view),
        sbar=sbar,
        sbar_full=sbar_full,
        **_describe_form(request, opened),
    )


def show_lowering(request: StaffRequest, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/lower: stops, and names the signs that would be set aside."""
    opened = open_submission(request)
    view, level = opened.view, opened.view.record.listed.level
    below = [lower for lower in reversed(Urgency) if lower < level]
    if not below:
        return see_other(f"/submissions/{view.record.listed.submission}")
    deciding_level = view.presenter.assessment.urgency.name
    least = opened.clinic.second_person_from
    return request.render_page(
        "nurse/lower.html",
        problems={"lower": problem_key(problem)} if problem else None,
        first=first,
        decides=[rule for rule in view.presenter.fired_rules() if rule.level == deciding_level],
        levels=[(lower.name, view.presenter.level_badge(lower)) for lower in below],
        lower_reasons=_translate_codes(request, LOWER_REASONS, REASONS),
        second_needed=least is not None and level >= least,
        **_describe_form(request, opened),
    )


def show_ask_close(request: StaffRequest, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/ask-close: stops, and names what would be left without help."""
    opened = open_submission(request, asks_colleagues=True)
    listed = opened.view.record.listed
    ends, mine = review_steps.closings_by_two(listed.level), opened.is_free_for(request.staff_id)
    if listed.state == "closed" or not ends or not mine:
        return see_other(f"/submissions/{listed.submission}")
    return request.render_page(
        "nurse/ask_close.html",
        problems={"ask-close": problem_key(problem)} if problem else None,
        first=first,
        chosen=request.typed_field("outcome"),
        ticked=bool(request.typed_field("compared")),
        ends=_translate_codes(request, ends, OUTCOMES),
        alone=_translate_endings(request, listed.level),
        **_describe_form(request, opened),
    )


def submit_ask_close(request: StaffRequest) -> Response:
    """POST /submissions/{id}/ask-close: with how it is to end, and words why."""
    asked = read_review_step(request, "ask_close")
    agrees = bool(request.typed_field("agree"))
    decided = [strip_form_words(replace(asked, kind="agree"))] if agrees else []
    steps = [*read_identity_check(request), *decided, asked]
    return submit_steps(request, steps, show_ask_close)


def submit_review_step(request: StaffRequest) -> Response:
    """POST /submissions/{id}/{step}: what the form does, then the same page again."""
    kinds = _STEPS.get(request.path_params["step"])
    if kinds is None:
        raise HTTPException(404)
    *earlier, last = (read_review_step(request, kind) for kind in kinds)
    before = read_identity_check(request) if last.kind == "close" else []
    return submit_steps(request, [*before, *map(strip_form_words, earlier), last], _show_refusal)


def submit_second_decision(request: StaffRequest) -> Response:
    """POST /submissions/{id}/second: the second person's yes or no to a lowering or a closing."""
    about = "close" if request.typed_field("about") == "close" else "second"
    kind = f"{about}_yes" if request.typed_field("answer") == "yes" else f"{about}_no"
    return submit_steps(request, [read_review_step(request, kind)], _show_refusal)


def submit_lowering(request: StaffRequest) -> Response:
    """POST /submissions/{id}/lower: with level, coded reason, and the sign that is set aside."""
    chosen = request.typed_field("level")
    asked = replace(
        read_review_step(request, "lower"),
        level=Urgency[chosen] if chosen in Urgency.__members__ else None,
        reason=request.typed_field("reason") or None,
        rule=request.typed_field("rule") or None,
    )
    return submit_steps(request, [asked], show_lowering)


def _show_refusal(request: StaffRequest, problem: str, first: str) -> Response:
    """The page again; where one person cannot close it so, the page that stops and asks two."""
    if problem == "second_person":
        return show_ask_close(request, problem)
    return show_submission(request, problem, first)


def _describe_form(request: StaffRequest, opened: OpenedSubmission) -> dict[str, Any]:
    """What every page with a form says: the submission, what can be done now, and by whom."""
    view, own_id = opened.view, request.staff_id
    record, needs = view.record, view.find_unmet_needs()
    lowered, asked, checked = map(record.last_action, ("lower", "ask_close", "identify"))
    newest = record.newest_version.id
    return {
        **view.describe(),
        "frame": opened.frame,
        "region": record.region,
        "typed": read_typed_lines(request, "words"),
        "colleagues": opened.colleagues,
        "left_open": needs,
        "mine": opened.is_free_for(own_id),
        "owner": record.listed.owner,
        "own_lowering": lowered is not None and lowered.by == own_id,
        "lowering": _describe_lowering(view, lowered) if lowered else None,
        "own_asking": asked is not None and asked.by == own_id,
        "asked": asked,
        "asked_by": view.staff_name(asked.by) if asked else "",
        "waits": record.listed.state in SECOND_PERSON_STATES,
        "by_two": review_steps.closings_by_two(record.listed.level),
        "decided": any(e.kind in DECISION_KINDS and e.version == newest for e in record.actions),
        "identified": checked is not None and checked.outcome == SAME_PERSON,
        "tied": record.listed.person is not None,
        "wrong_person": bool(record.listed.payload.get("wrong_person")),
        "in_vain": needs.in_vain,
        "tries": MIN_FAILED_CALLS,
        "last": record.actions[-1].number if record.actions else 0,
        "key": secrets.token_urlsafe(12),
        "can_take": [
            (member.id, member.name)
            for member in view.members
            if member.id != own_id and not member.disabled_at and role_allows(member.role, "review")
        ],
    }


def _describe_lowering(view: SubmissionView, lowered: ReviewAction) -> dict[str, str]:
    """To which level someone wants to lower, and which sign would be set aside."""
    result, rule = view.presenter.result_presenter, lowered.rule or ""
    known = rule in result.words.rules
    return {
        "badge": view.presenter.level_badge(Urgency[str(lowered.outcome)]),
        "reason": result.fill(result.words.rules[rule].reason) if known else "",
    }


def _translate_endings(request: StaffRequest, level: Urgency) -> list[tuple[str, str]]:
    """How one person may close a submission of this level, to choose from."""
    words = OUTCOMES | FITTING.get(level, {})
    return _translate_codes(request, review_steps.closings_by_one(level), words)


def _translate_codes(
    request: StaffRequest, codes: Iterable[str], words: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Codes with their words, to choose from."""
    return [(code, request.translate(words[code])) for code in codes]
