"""What a nurse does with a submission: each form one step, or two that are kept together.

A step that comes second tells who was first and keeps what was typed. It knows no rule.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.presentation.review_words import PROBLEMS
from app.store.review_rules import STEPS
from app.triage.terms import Urgency
from app.web.access import StaffRequest, staff_route
from app.web.clinic.closing import show_ask_close
from app.web.clinic.review_forms import (
    ShowRefusal,
    read_identity_check,
    read_review_step,
    strip_form_words,
    submit_steps,
)
from app.web.clinic.submission import show_lowering, show_submission

_STEPS_BY_FORM = {
    **{rule.form: (kind,) for kind, rule in STEPS.items() if rule.form},
    "agree-close": ("agree", "close"),
}
"""The address of a form -> what it does, all of it or nothing."""


def page_routes() -> list[Route]:
    """The forms of a review. The last one fits every address of its form, so it comes last."""
    return [
        staff_route("POST", "/submissions/{id}/lower", submit_lowering),
        staff_route("POST", "/submissions/{id}/second", submit_second_decision),
        staff_route("POST", "/submissions/{id}/{step}", submit_review_step),
    ]


def submit_review_step(staff_request: StaffRequest) -> Response:
    """POST /submissions/{id}/{step}: what the form does, then the same page again."""
    kinds = _STEPS_BY_FORM.get(staff_request.request.path_params["step"])
    if kinds is None:
        raise HTTPException(404)
    steps = [read_review_step(staff_request, kind) for kind in kinds]
    before = read_identity_check(staff_request) if kinds[-1] == "close" else []
    return submit_steps(
        staff_request,
        [*before, *map(strip_form_words, steps[:-1]), steps[-1]],
        _make_refusal_page(staff_request),
    )


def submit_second_decision(staff_request: StaffRequest) -> Response:
    """POST /submissions/{id}/second: the second person's yes or no to a lowering or a closing."""
    about = "close" if staff_request.typed_field("about") == "close" else "second"
    kind = f"{about}_yes" if staff_request.typed_field("answer") == "yes" else f"{about}_no"
    return submit_steps(
        staff_request, [read_review_step(staff_request, kind)], _make_refusal_page(staff_request)
    )


def submit_lowering(staff_request: StaffRequest) -> Response:
    """POST /submissions/{id}/lower: with level, coded reason, and the sign that is set aside."""
    chosen = staff_request.typed_field("level")
    asked = replace(
        read_review_step(staff_request, "lower"),
        level=Urgency[chosen] if chosen in Urgency.__members__ else None,
        reason=staff_request.typed_field("reason") or None,
        rule=staff_request.typed_field("rule") or None,
    )
    return submit_steps(
        staff_request,
        [asked],
        lambda problem, first: show_lowering(staff_request, PROBLEMS[problem], first),
    )


def _make_refusal_page(staff_request: StaffRequest) -> ShowRefusal:
    """The page again; where one person cannot close it so, the page that stops and asks two."""

    def show_refusal(problem: str, first: str) -> Response:
        if problem == "second_person":
            return show_ask_close(staff_request, PROBLEMS[problem])
        return show_submission(staff_request, PROBLEMS[problem], first=first)

    return show_refusal
