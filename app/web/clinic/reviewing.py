"""What a nurse does with a submission: each form one step, or two that are kept together.

A step that comes second tells who was first and keeps what was typed. It knows no rule.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.store.reviews import SAME_PERSON, Step
from app.triage.terms import Urgency
from app.web.access import Desk, guarded
from app.web.clinic.review_words import PROBLEMS
from app.web.clinic.stepping import Refuse, take, typed_step
from app.web.clinic.submission import lower_page, page

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
USUAL = ("full_name", "born_on")
"""The two facts that the form of closing names."""
_PROBLEMS = {**PROBLEMS, "first": "review.problem.first"}


def routes() -> list[Route]:
    """The forms of a review. The last one fits every address of its form, so it comes last."""
    return [
        guarded("POST", "/submissions/{id}/lower", lower),
        guarded("POST", "/submissions/{id}/second", second),
        guarded("POST", "/submissions/{id}/{step}", step),
    ]


def step(desk: Desk) -> Response:
    """POST /submissions/{id}/{step}: what the form does, then the same page again."""
    kinds = _STEPS.get(desk.request.path_params["step"])
    if kinds is None:
        raise HTTPException(404)
    steps = [typed_step(desk, kind) for kind in kinds]
    before = [_compared(desk)] if kinds[-1] == "close" and desk.typed("compared") else []
    return take(desk, [*before, *map(_bare, steps[:-1]), steps[-1]], _again(desk))


def second(desk: Desk) -> Response:
    """POST /submissions/{id}/second: the second person's yes or no to a lowering."""
    kind = "second_yes" if desk.typed("answer") == "yes" else "second_no"
    return take(desk, [typed_step(desk, kind)], _again(desk))


def lower(desk: Desk) -> Response:
    """POST /submissions/{id}/lower: with level, coded reason, and the sign that is set aside."""
    chosen = desk.typed("level")
    asked = replace(
        typed_step(desk, "lower"),
        level=Urgency[chosen] if chosen in Urgency.__members__ else None,
        reason=desk.typed("reason") or None,
        rule=desk.typed("rule") or None,
    )
    return take(desk, [asked], lambda problem, first: lower_page(desk, _PROBLEMS[problem], first))


def _compared(desk: Desk) -> Step:
    """The usual two facts were compared; others are ticked on the page for it."""
    compared = replace(_bare(typed_step(desk, "identify")), outcome=SAME_PERSON)
    return replace(compared, reason=" ".join(USUAL))


def _again(desk: Desk) -> Refuse:
    return lambda problem, first: page(desk, _PROBLEMS[problem], first=first)


def _bare(step: Step) -> Step:
    """The words and the outcome of a form belong to its last step alone."""
    return replace(step, words="", outcome=None)
