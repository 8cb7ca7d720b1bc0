"""From the form of a step to its keeping: what every form of a review carries, and who was first.

It must not know what a step does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from starlette.responses import Response

from app.store import reviews
from app.store.accounts import staff
from app.store.review_steps import SAME_PERSON, ReviewStep
from app.store.reviews import EditConflict, StepNotAllowed
from app.web.pages import see_other
from app.web.staff_request import StaffRequest

LONGEST = 5000  # letters of a note
USUAL_IDENTIFIERS = ("full_name", "born_on")
"""The two facts that a form of closing names; others are ticked on the page for it."""

ShowRefusal = Callable[[StaffRequest, str, str], Response]
"""Shows the form again: (the request, the word for what is wrong, who was first or "")."""


def read_review_step(request: StaffRequest, kind: str) -> ReviewStep:
    """What the form says of a step, without what only some steps have."""
    return ReviewStep(
        kind,
        after=read_typed_number(request, "after"),
        key=f"{request.staff_id}:{request.path_id}:{request.typed_field('key')[:50]}",
        words=read_typed_lines(request, "words"),
        outcome=request.typed_field("outcome") or None,
        to_staff=request.typed_field("to_staff") or None,
    )


def strip_form_words(step: ReviewStep) -> ReviewStep:
    """Without the words and the outcome of a form: they belong to its last step alone."""
    return replace(step, words="", outcome=None)


def read_identity_check(request: StaffRequest) -> list[ReviewStep]:
    """That the usual two facts were compared, where the form says so."""
    if not request.typed_field("compared"):
        return []
    step = strip_form_words(read_review_step(request, "identify"))
    return [replace(step, outcome=SAME_PERSON, reason=" ".join(USUAL_IDENTIFIERS))]


def read_typed_lines(request: StaffRequest, name: str) -> str:
    """What was typed in lines, without what cannot be seen."""
    lines = request.raw_field(name)[:LONGEST].replace("\0", "").splitlines()
    return "\n".join(filter(None, map(str.strip, lines)))


def read_typed_number(request: StaffRequest, name: str) -> int:
    """A number that a form carries; -1 where it carries none."""
    text = request.typed_field(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def submit_steps(
    request: StaffRequest, steps: Sequence[ReviewStep], refuse: ShowRefusal
) -> Response:
    """Keep all of these steps or none, then show the submission; or show the form again."""
    try:
        with request.writing_scope() as scope:
            targets = request.context.policy.targets
            reviews.perform_steps(scope, request.path_id, steps, targets)
    except StepNotAllowed as refused:
        return refuse(request, refused.problem, "")
    except EditConflict as other:
        with request.reading_scope() as scope:
            name = staff.find_staff(scope, other.by).name
        return refuse(request, "first", name)  # it writes: looking is noted
    return see_other(f"/submissions/{request.path_id}")
