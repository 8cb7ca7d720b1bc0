"""The stop before what cannot wait is closed without the help that it asks for.

It names the signs that would be left, says what one person can do, and asks a second one.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from app.store import reviews
from app.store.reviews import Step
from app.web.access import Desk, guarded
from app.web.clinic.left_open import FITTING, second_people
from app.web.clinic.review_words import OUTCOMES, PROBLEMS
from app.web.clinic.seen import seen
from app.web.clinic.stepping import bare, compared, take, typed_step, typed_words
from app.web.clinic.submission import in_words, named, steps_now
from app.web.pages import see_other


def routes() -> list[Route]:
    """The page that stops, and its form."""
    return [
        guarded("GET", "/submissions/{id}/ask-close", ask_page),
        guarded("POST", "/submissions/{id}/ask-close", ask),
    ]


def ask_page(desk: Desk, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/ask-close: stops, and names what would be left without help."""
    here = seen(desk)
    level, values = here.record.line.level, steps_now(desk, here)
    ends = reviews.by_two(level)
    if here.record.line.state == "closed" or not ends or not values["mine"]:
        return see_other(f"/submissions/{here.record.line.submission}")
    return desk.show(
        "nurse/ask_close.html",
        problems={"ask-close": problem} if problem else None,
        first=first,
        typed=typed_words(desk, "words"),
        chosen=desk.typed("outcome"),
        ticked=bool(desk.typed("compared")),
        colleagues=second_people(desk, here),
        region=here.record.region,
        ends=named(desk, ends, OUTCOMES),
        alone=named(desk, reviews.alone(level), OUTCOMES | FITTING.get(level, {})),
        **in_words(desk, here),
        **values,
    )


def ask(desk: Desk) -> Response:
    """POST /submissions/{id}/ask-close: with how it is to end, and words why."""
    asked = typed_step(desk, "ask_close")
    decided: list[Step] = [bare(typed_step(desk, "agree"))] if desk.typed("agree") else []
    steps = [*compared(desk), *decided, asked]
    return take(desk, steps, lambda problem, first: ask_page(desk, PROBLEMS[problem], first))
