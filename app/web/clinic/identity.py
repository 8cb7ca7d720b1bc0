"""Whose a submission is, and what staff need to know of them: two small forms.

What was compared is ticked, never typed. It knows no answers.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.store import clinics, marks, people, reviews, submissions, worklist
from app.store.accounts import staff
from app.store.ground import keys
from app.store.marks import MARKS
from app.store.reviews import IDENTIFIED, IDENTIFIERS, SAME_PERSON, WRONG_PERSON
from app.store.submissions import NoSuchSubmission
from app.web.access import Desk, guarded
from app.web.clinic.guest_list import LONGEST
from app.web.clinic.review_words import IDENTIFIER_WORDS, PROBLEMS
from app.web.clinic.stepping import submission_of, take, typed_step
from app.web.clinic.worklist import MARK_WORDS
from app.web.clinic.worklist import row as line_in_words
from app.web.pages import see_other

_WHERE = {"identifiers": "which", "person": "reference", "other_name": "sure"}


@dataclass(frozen=True, slots=True)
class Tick:
    """One box to tick."""

    id: str
    value: str
    words: str
    ticked: bool


def routes() -> list[Route]:
    """The two forms."""
    return [
        guarded("GET", "/submissions/{id}/identify", identify_page),
        guarded("POST", "/submissions/{id}/identify", identify),
        guarded("GET", "/submissions/{id}/marks", marks_page),
        guarded("POST", "/submissions/{id}/marks", mark),
    ]


def identify_page(desk: Desk, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/identify: what to compare, and whose it is where nobody knows."""
    values = _line(desk)
    told, nobodys = values["told"], values["nobodys"]
    typed = {
        "reference": desk.typed("reference") or told["reference"],
        "name": desk.typed("name") or told["name"],
    }
    words = "review.problem.first" if problem == "first" else PROBLEMS.get(problem, "")
    return desk.show(
        "nurse/identify.html",
        problems={_WHERE.get(problem, "identify"): words} if words else None,
        first=first,
        ticks=_ticks(desk, "which", IDENTIFIERS, IDENTIFIER_WORDS),
        typed=typed,
        other=_other_name(desk, typed["reference"]) if problem == "other_name" else "",
        needs_person=nobodys,
        **values,
    )


def identify(desk: Desk) -> Response:
    """POST /submissions/{id}/identify: it is this person, or it is someone else."""
    compared = [kind for kind in IDENTIFIERS if kind in desk.form.get("which", [])]
    outcome = next((known for known in IDENTIFIED if known == desk.typed("outcome")), None)
    step = replace(
        typed_step(desk, "identify"),
        outcome=outcome,
        reason=" ".join(compared) or None,
        reference=desk.typed("reference")[:LONGEST],
        name=desk.typed("name")[:LONGEST],
        sure=desk.typed("sure") == "yes",
    )
    return take(desk, [step], lambda problem, first: identify_page(desk, problem, first))


def marks_page(desk: Desk) -> Response:
    """GET /submissions/{id}/marks: what staff need to know before they call."""
    values = _line(desk)
    ticked = values["told"].get("markers", [])
    return desk.show(
        "nurse/marks.html",
        ticks=[Tick(f"mark-{m}", m, MARK_WORDS[m], m in ticked) for m in MARKS],
        **values,
    )


def mark(desk: Desk) -> Response:
    """POST /submissions/{id}/marks: these and no others."""
    try:
        with desk.store.writing(desk.who.clinic) as scope:
            chosen = desk.form.get("mark", [])
            marks.put(scope, desk.now, desk.who.staff, submission_of(desk), chosen)
    except (NoSuchSubmission, keys.Forgotten):
        raise HTTPException(404) from None
    return see_other(f"/submissions/{submission_of(desk)}")


def _line(desk: Desk) -> dict[str, Any]:
    """What both forms show of the submission. Raises HTTPException."""
    id_ = submission_of(desk)
    try:
        with desk.store.reading(desk.who.clinic) as scope:
            kept = submissions.line(scope, id_, desk.now)
            line = worklist.one(scope, id_)
            names = {member.id: member.name for member in staff.everyone(scope)}
            row = line_in_words(desk, clinics.known(scope), names, line)
            known = reviews.identified(scope, id_)
    except (NoSuchSubmission, keys.Forgotten):
        raise HTTPException(404) from None
    return {
        "id": id_,
        "row": row,
        "told": line.told,
        "nobodys": kept.person_id is None,
        "known": known,
        "last": kept.last_entry,
        "key": secrets.token_urlsafe(12),
        "right": SAME_PERSON,
        "wrong": WRONG_PERSON,
    }


def _other_name(desk: Desk, reference: str) -> str:
    """Under which name the clinic knows the reference that was typed."""
    with desk.store.reading(desk.who.clinic) as scope:
        known = people.by_reference(scope, reference)
    return known.name if known else ""


def _ticks(desk: Desk, name: str, values: tuple[str, ...], words: dict[str, str]) -> list[Tick]:
    chosen = desk.form.get(name, [])
    return [Tick(f"{name}-{value}", value, words[value], value in chosen) for value in values]
