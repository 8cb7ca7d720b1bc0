"""The end of a shift: all that someone has is handed over on one page, and accepted at once.

Handing over asks; until a colleague accepts, each stays its owner's and goes on alarming.
"""

import secrets

from starlette.responses import Response

from app.presentation.review_words import problem_key
from app.store import clinics, shifts
from app.store.accounts import staff
from app.store.permissions import role_allows
from app.store.reviews import StepNotAllowed
from app.web.clinic.submission_reading import (
    list_taken_notices,
    make_row_presenter,
    read_typed_lines,
)
from app.web.pages import see_other
from app.web.staff_request import StaffRequest

_ADDRESS = "/hand-over"


def show_shift(request: StaffRequest, problem: str = "") -> Response:
    """GET /hand-over: what one has, to be handed over; and what one is asked to take."""
    own = request.staff_id
    with request.reading_scope() as scope:
        clinic, members = clinics.load_clinic(scope), staff.list_staff(scope)
        mine = shifts.list_own_submissions(scope, own)
        asked = shifts.list_handed_submissions(scope, own)
        taken = list_taken_notices(request, scope, clinic.time_zone)
    presenter, names = make_row_presenter(request, clinic), {m.id: m.name for m in members}
    able = [m for m in members if m.id != own and m.joined_at and not m.disabled_at]
    return request.render_page(
        "nurse/shift.html",
        problems={"to-staff": problem_key(problem)} if problem else None,
        mine=[presenter.build_row(names, line) for line in mine],
        asked=[presenter.build_row(names, line) for line in asked],
        can_take=[(m.id, m.name) for m in able if role_allows(m.role, "review")],
        taken=taken,
        chosen=request.typed_field("to_staff"),
        typed=read_typed_lines(request, "words"),
        key=secrets.token_urlsafe(12),
    )


def submit_shift(request: StaffRequest) -> Response:
    """POST /hand-over: asks a colleague to take all that one has, with one note."""
    to, words = request.typed_field("to_staff") or None, read_typed_lines(request, "words")
    targets, key = request.context.policy.targets, request.typed_field("key")[:50]
    try:
        with request.writing_scope() as scope:
            shifts.hand_over_all(scope, to, words, key, targets)
    except StepNotAllowed as refused:
        return show_shift(request, refused.problem)
    return see_other(_ADDRESS)


def submit_acceptance(request: StaffRequest) -> Response:
    """POST /hand-over/accept: takes all that one is asked to take."""
    targets, key = request.context.policy.targets, request.typed_field("key")[:50]
    with request.writing_scope() as scope:
        shifts.accept_all(scope, key, targets)
    return see_other(_ADDRESS)
