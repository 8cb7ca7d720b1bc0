"""What became of what a person handed over, told to that person.

When a nurse looks, whether the visit may be too late, what was decided, and what to watch for. An
emergency is always told to call, and never to wait. It knows no rule.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from app.documents.receipt import Shelf
from app.store import reviews, submissions
from app.store.clinics import known as clinic_of_scope
from app.store.ground.scope import Scope
from app.store.submissions import Arrived, Version
from app.store.tables import Clinic, Submission
from app.triage.answers import BadAnswer, read
from app.triage.rules import assess
from app.triage.terms import Answers, Urgency
from app.web.access import Desk
from app.web.caution import watch
from app.web.clinic.account import told
from app.web.clinic.review_words import INSTEAD, NOTED
from app.web.clinic.worklist import too_far
from app.web.pages import LANGUAGE, filler, floor
from app.web.telling import Teller

DECIDED = {
    "appointment_kept": "handed.decided.appointment_kept",
    "brought_forward": "handed.decided.brought_forward",
    "other_service": "handed.decided.other_service",
    "emergency_service": "handed.decided.emergency_service",
    "seen_today": "handed.decided.seen_today",
    "advice_given": "handed.decided.advice_given",
    "not_reached": "handed.decided.not_reached",
}


def became(desk: Desk, scope: Scope, submission: str) -> dict[str, Any]:
    """What the page shows of a submission. Raises NoSuchSubmission or keys.Forgotten."""
    clinic = clinic_of_scope(scope)
    arrived = submissions.became_of(scope, submission, desk.now)
    here = submissions.known(scope, submission)
    newest = [v for v in submissions.versions(scope, submission) if v.kind != "nurse"][-1]
    day = _appointment(scope, submission, desk.now)
    outcome = _outcome(scope, submission) if arrived.closed_at else ""
    calls = _calls(arrived, outcome)
    decided, instead = ended(arrived.urgency, outcome)
    teller = _teller(desk, here, newest)
    path = teller.rulebook.questionnaire.path(teller.answers)
    assessment = assess(teller.rulebook, path.answers)
    same = arrived.urgency is assessment.urgency
    return {
        "region": here.region,
        "clinic": clinic.name,
        "hours": opening_hours(clinic),
        "reference": arrived.reference,
        "calls": calls,
        "appointment": in_words(day),
        "too_late": _too_late(desk, clinic, arrived, day) and not calls,
        "sent": told(arrived.at, clinic.time_zone),
        "due": told(arrived.due_at, clinic.time_zone),
        "late": arrived.due_at <= desk.now,
        "seen": told(arrived.seen_at, clinic.time_zone) if arrived.seen_at else "",
        "closed": told(arrived.closed_at, clinic.time_zone) if arrived.closed_at else "",
        "decided": decided,
        "instead": instead,
        "wait_for_visit": not calls and not (instead and _far(desk, clinic, arrived, day)),
        "card": teller.card(assessment) if same else teller.card_of(arrived.urgency.name),
        "given": teller.all_answers(path.answers),
        "watch": watch(teller, assessment),
    }


def ended(level: Urgency, outcome: str) -> tuple[str, str]:
    """(What was agreed, what it does not stand in for), as keys of words; "" where there is none.

    An end that leaves this level without its help is never told as if it were that help.
    """
    if outcome not in reviews.by_two(level):
        return DECIDED.get(outcome, ""), ""
    reached = level is Urgency.emergency or outcome != "not_reached"
    return (NOTED if reached else DECIDED)[outcome], INSTEAD[level.name]


def opening_hours(clinic: Clinic) -> list[str]:
    """When the clinic is open, days of the same hours together: "Monday to Friday, 09:00 to 17:00".

    Nothing where it never is, since all minutes count then.
    """
    lines = []
    for hours, days in groupby(range(7), key=lambda day: clinic.opening_hours[day]):
        names = [calendar.day_name[day] for day in days]
        span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        times = " and ".join(f"{opens} to {closes}" for opens, closes in hours)
        lines += [f"{span}, {times}"] if times else []
    return lines


def in_words(day: date | None) -> str:
    """A day as people say it; "" where there is none."""
    return f"{day:%A} {day.day} {day:%B %Y}" if day else ""


def _calls(arrived: Arrived, outcome: str) -> bool:
    """Whether the person is to call now: an emergency stays one until someone lowered it."""
    own = arrived.result is Urgency.emergency and not arrived.closed_at
    return own or arrived.urgency is Urgency.emergency or outcome == "emergency_service"


def _too_late(desk: Desk, clinic: Clinic, arrived: Arrived, day: date | None) -> bool:
    """Whether they are needed sooner than the visit is, and nobody has decided yet."""
    return not arrived.closed_at and _far(desk, clinic, arrived, day)


def _far(desk: Desk, clinic: Clinic, arrived: Arrived, day: date | None) -> bool:
    """Whether the visit is later than the level asks for."""
    within = desk.request.app.state.visit_days.get(arrived.urgency)
    return day is not None and too_far(within, arrived.at, day, clinic.time_zone)


def _appointment(scope: Scope, submission: str, now: datetime) -> date | None:
    line = submissions.told_of(scope, submissions.line(scope, submission, now))
    day = line["appointment_on"]
    return date.fromisoformat(day) if day else None


def _outcome(scope: Scope, submission: str) -> str:
    """What was agreed when it was closed last."""
    closed: Sequence[reviews.Entry] = reviews.entries(scope, submission)
    ends = (e.outcome or "" for e in reversed(closed) if e.kind in reviews.CLOSINGS)
    return next(ends, "")


def _teller(desk: Desk, here: Submission, version: Version) -> Teller:
    """Tells by the rulebook of that day; without it, what today's knows by today's."""
    house, shelf = floor(desk.request), desk.request.app.state.shelf
    own = _book(shelf, version)
    book = own or house.rulebook
    house = replace(house, rulebook=book)
    given: Answers = version.answers
    answers = {}
    if own is None:
        given = shelf.in_todays_questions(version.rulebook_version, given)
    for question, chosen in given.items():
        try:
            answers[question] = read(book.questionnaire[question], sorted(chosen))
        except (KeyError, BadAnswer):
            continue  # of another rulebook: its person is told of the rest
    return Teller(book, book.wording[LANGUAGE], filler(house, here.region), answers, here.about)


def _book(shelf: Shelf, version: Version) -> Any:
    return shelf.find(version.rulebook_version, version.rulebook_sha256)
