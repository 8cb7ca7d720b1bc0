"""From the form of a step to its keeping: what every form of a review carries, and who was first.

It must not know what a step does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.store import reviews
from app.store.accounts import staff
from app.store.reviews import SAME_PERSON, NotNow, SomeoneWasFirst, Step
from app.store.submissions import NoSuchSubmission
from app.web.access import Desk
from app.web.pages import see_other

LONGEST = 5000  # letters of a note
USUAL = ("full_name", "born_on")
"""The two facts that a form of closing names; others are ticked on the page for it."""

Refuse = Callable[[str, str], Response]
"""Shows the form again: (the word for what is wrong, who was first or "")."""


def submission_of(desk: Desk) -> str:
    """The id in the address."""
    found: str = desk.request.path_params["id"]
    return found


def typed_step(desk: Desk, kind: str) -> Step:
    """What the form says of a step, without what only some steps have."""
    return Step(
        kind,
        after=typed_number(desk, "after"),
        key=f"{desk.who.staff}:{submission_of(desk)}:{desk.typed('key')[:50]}",
        words=typed_words(desk, "words"),
        outcome=desk.typed("outcome") or None,
        to_staff=desk.typed("to_staff") or None,
    )


def bare(step: Step) -> Step:
    """Without the words and the outcome of a form: they belong to its last step alone."""
    return replace(step, words="", outcome=None)


def compared(desk: Desk) -> list[Step]:
    """That the usual two facts were compared, where the form says so."""
    if not desk.typed("compared"):
        return []
    step = bare(typed_step(desk, "identify"))
    return [replace(step, outcome=SAME_PERSON, reason=" ".join(USUAL))]


def typed_words(desk: Desk, name: str) -> str:
    """What was typed in lines, without what cannot be seen."""
    lines = desk.raw(name)[:LONGEST].replace("\0", "").splitlines()
    return "\n".join(filter(None, map(str.strip, lines)))


def typed_number(desk: Desk, name: str) -> int:
    """A number that a form carries; -1 where it carries none."""
    text = desk.typed(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def take(desk: Desk, steps: Sequence[Step], refuse: Refuse) -> Response:
    """Keep all of these steps or none, then show the submission; or show the form again."""
    try:
        with desk.store.writing(desk.who.clinic) as scope:
            targets = desk.request.app.state.targets
            reviews.do_all(scope, desk.now, desk.who.staff, submission_of(desk), steps, targets)
    except NoSuchSubmission:
        raise HTTPException(404) from None
    except NotNow as refused:
        return refuse(refused.problem, "")
    except SomeoneWasFirst as other:
        with desk.store.reading(desk.who.clinic) as scope:
            name = staff.one(scope, other.by).name
        return refuse("first", name)  # it writes: looking is noted
    return see_other(f"/submissions/{submission_of(desk)}")
