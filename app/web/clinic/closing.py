"""The stop before what cannot wait is closed without the help that it asks for.

It names the signs that would be left, says what one person can do, and asks a second one.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from app.presentation.review_words import OUTCOMES, PROBLEMS
from app.store import review_steps
from app.store.review_steps import ReviewStep
from app.web.access import StaffRequest, staff_route
from app.web.clinic.left_open import FITTING, find_second_people
from app.web.clinic.review_forms import (
    read_identity_check,
    read_review_step,
    read_typed_lines,
    strip_form_words,
    submit_steps,
)
from app.web.clinic.submission import describe_possible_steps, describe_submission, translate_codes
from app.web.clinic.submission_view import open_submission
from app.web.pages import see_other


def page_routes() -> list[Route]:
    """The page that stops, and its form."""
    return [
        staff_route("GET", "/submissions/{id}/ask-close", show_ask_close),
        staff_route("POST", "/submissions/{id}/ask-close", submit_ask_close),
    ]


def show_ask_close(staff_request: StaffRequest, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/ask-close: stops, and names what would be left without help."""
    view = open_submission(staff_request)
    level, values = view.record.listed.level, describe_possible_steps(staff_request, view)
    ends = review_steps.closings_by_two(level)
    if view.record.listed.state == "closed" or not ends or not values["mine"]:
        return see_other(f"/submissions/{view.record.listed.submission}")
    return staff_request.render_page(
        "nurse/ask_close.html",
        problems={"ask-close": problem} if problem else None,
        first=first,
        typed=read_typed_lines(staff_request, "words"),
        chosen=staff_request.typed_field("outcome"),
        ticked=bool(staff_request.typed_field("compared")),
        colleagues=find_second_people(staff_request, view),
        region=view.record.region,
        ends=translate_codes(staff_request, ends, OUTCOMES),
        alone=translate_codes(
            staff_request, review_steps.closings_by_one(level), OUTCOMES | FITTING.get(level, {})
        ),
        **describe_submission(staff_request, view),
        **values,
    )


def submit_ask_close(staff_request: StaffRequest) -> Response:
    """POST /submissions/{id}/ask-close: with how it is to end, and words why."""
    asked = read_review_step(staff_request, "ask_close")
    decided: list[ReviewStep] = (
        [strip_form_words(read_review_step(staff_request, "agree"))]
        if staff_request.typed_field("agree")
        else []
    )
    steps = [*read_identity_check(staff_request), *decided, asked]
    return submit_steps(
        staff_request,
        steps,
        lambda problem, first: show_ask_close(staff_request, PROBLEMS[problem], first),
    )
