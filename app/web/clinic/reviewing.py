"""What a nurse does with a submission: each form one step, or two that are kept together.

A step that comes second tells who was first and keeps what was typed. It knows no rule.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.triage.terms import Urgency
from app.web.access import Desk, guarded
from app.web.clinic.closing import ask_page
from app.web.clinic.review_words import PROBLEMS
from app.web.clinic.stepping import Refuse, bare, compared, take, typed_step
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
    before = compared(desk) if kinds[-1] == "close" else []
    return take(desk, [*before, *map(bare, steps[:-1]), steps[-1]], _again(desk))


def second(desk: Desk) -> Response:
    """POST /submissions/{id}/second: the second person's yes or no to a lowering or a closing."""
    about = "close" if desk.typed("about") == "close" else "second"
    kind = f"{about}_yes" if desk.typed("answer") == "yes" else f"{about}_no"
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
    return take(desk, [asked], lambda problem, first: lower_page(desk, PROBLEMS[problem], first))


def _again(desk: Desk) -> Refuse:
    """The page again; where one person cannot close it so, the page that stops and asks two."""

    def refuse(problem: str, first: str) -> Response:
        if problem == "second_person":
            return ask_page(desk, PROBLEMS[problem])
        return page(desk, PROBLEMS[problem], first=first)

    return refuse
