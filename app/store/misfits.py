"""Why a step of a review is not taken, in a word; "" where nothing speaks against it.

It reads what was done and changes nothing. The words for people stand elsewhere.
"""

from collections.abc import Iterable

from sqlmodel import col

from app.store import people
from app.store.clinics import known as clinic_of_scope
from app.store.ground.scope import Scope
from app.store.permissions import LEAD, may
from app.store.steps import (
    CALLS,
    DECISIONS,
    DISPOSITIONS,
    IDENTIFIED,
    IDENTIFIERS,
    IN_VAIN,
    LOWER_REASONS,
    SAME_PERSON,
    WITHOUT_IDENTITY,
    Here,
    Step,
    by_two,
)
from app.store.tables import ReviewEntry, Staff, WorklistRow
from app.triage.terms import Urgency

TRIES = 3
"""Calls in vain after which someone counts as not reached, as the services do that call people."""
_ANSWERS = {
    "second_look": ("second_yes", "second_no"),
    "second_close": ("close_yes", "close_no"),
}
"""The second person's word, by what waits for it."""
_BY_ANYONE = ("claim", *_ANSWERS["second_look"], *_ANSWERS["second_close"])
"""What does not need the submission to be one's own."""
_ALWAYS = ("claim", "note", "call", "identify")
_MEANWHILE = {
    "second_look": _ALWAYS,
    "second_close": (*_ALWAYS, "raise", "lower", "close", "ask_close"),
}
"""What can be done while a second person's word is waited for: whatever gets help goes on."""


def needs_claim(here: Here, kind: str) -> bool:
    """Whether the submission is nobody's, and the step takes it first."""
    return here.row.owner_id is None and kind not in _BY_ANYONE


def problem_of(scope: Scope, here: Here, step: Step) -> str:
    """Why this person may not do this with the submission as it is, in a word; "" if they may."""
    barred = barred_from(here, step.kind)
    if barred:
        return barred
    return _out_of_turn(here.row.state, step.kind) or _misfit(scope, here, step)


def barred_from(here: Here, kind: str) -> str:
    """Why this person may do nothing of this kind here, whatever it says; "" if they may."""
    others = here.row.owner_id not in (None, here.who.id)
    if here.row.closed:
        return "closed"
    if not may(here.who.role, "review"):
        return "role"
    if others and (kind not in _BY_ANYONE or (kind == "claim" and here.who.role != LEAD)):
        return "owned"
    return ""


def _out_of_turn(state: str, kind: str) -> str:
    """Whether it does not go with what a second person is asked, or not asked, now."""
    if any(kind in answers for answers in _ANSWERS.values()):
        fits = kind in _ANSWERS.get(state, ())
    else:
        fits = state not in _MEANWHILE or kind in _MEANWHILE[state]
    return "" if fits else "second_look"


def identified(scope: Scope, submission: str) -> bool:
    """Whether someone compared two identifiers last, and they fitted."""
    newest = [col(ReviewEntry.number).desc()]
    of_these = {"submission_id": submission, "kind": "identify"}
    last = scope.all(ReviewEntry, **of_these, order_by=newest, limit=1)
    return bool(last) and last[0].outcome == SAME_PERSON


def calls_in_vain(outcomes: Iterable[tuple[str, str | None]]) -> int:
    """How many calls reached nobody, of all (kind, outcome)s that were noted."""
    return sum(kind == "call" and outcome in IN_VAIN for kind, outcome in outcomes)


def _misfit(scope: Scope, here: Here, step: Step) -> str:
    """What the step itself lacks, in a word; "" if nothing."""
    match step.kind:
        case "note":
            return "" if step.words.strip() else "words"
        case "call":
            return "" if step.outcome in CALLS else "outcome"
        case "identify":
            return _identify_misfit(scope, here.row, step)
        case "hand_over":
            to = scope.one(Staff, id=step.to_staff, disabled_at=None)
            return "" if to and to.id != here.who.id and may(to.role, "review") else "to_staff"
        case "raise":
            return "" if here.level < Urgency.emergency else "highest"
        case "lower":
            return _lower_misfit(scope, here, step)
        case "second_yes" | "second_no":
            return _second_misfit(here, here.lowered)
        case "close":
            return _close_misfit(scope, here, step)
        case "ask_close":
            return _ask_misfit(scope, here, step)
        case "close_yes":
            asked = here.asked
            own = _second_misfit(here, asked)
            return own or _end_misfit(scope, here, asked.outcome if asked else None, said=True)
        case "close_no":
            return _second_misfit(here, here.asked)
        case "claim" | "release" | "agree":
            return ""
    return "kind"


def _identify_misfit(scope: Scope, row: WorklistRow, step: Step) -> str:
    if step.outcome not in IDENTIFIED:
        return "outcome"
    if step.outcome != SAME_PERSON:
        return ""
    named = (step.reason or "").split()
    if len(set(named)) < 2 or not set(named) <= set(IDENTIFIERS):
        return "identifiers"
    if row.person_id is not None:
        return ""
    if not step.reference.strip() or not step.name.strip():
        return "person"
    known = people.by_reference(scope, step.reference)
    other = known is not None and not people.same_name(known.name, step.name)
    return "other_name" if other and not step.sure else ""


def _lower_misfit(scope: Scope, here: Here, step: Step) -> str:
    if step.level is None or not Urgency.self_care <= step.level < here.level:
        return "level"
    if step.reason not in LOWER_REASONS or (step.reason == "other" and not step.words.strip()):
        return "reason"
    if here.version.rules and step.rule not in here.version.rules:
        return "rule"
    return "role" if clinic_of_scope(scope).may_lower == LEAD != here.who.role else ""


def _second_misfit(here: Here, asked: ReviewEntry | None) -> str:
    """A second person is another one than who asked, and may be one."""
    if asked is None or asked.author_id == here.who.id:
        return "own"
    return "" if may(here.who.role, "second_person") else "role"


def _close_misfit(scope: Scope, here: Here, step: Step) -> str:
    if step.outcome in by_two(here.level):
        return "second_person"
    return _end_misfit(scope, here, step.outcome, said=bool(step.words.strip()))


def _ask_misfit(scope: Scope, here: Here, step: Step) -> str:
    if step.outcome not in by_two(here.level):
        return "outcome"
    if not step.words.strip():
        return "why"
    return _end_misfit(scope, here, step.outcome, said=True)


def _end_misfit(scope: Scope, here: Here, outcome: str | None, *, said: bool) -> str:
    """What speaks against an end, whoever brings it about. `said`: words tell why."""
    if outcome not in DISPOSITIONS:
        return "outcome"
    submission = here.row.submission_id
    kinds = col(ReviewEntry.kind).in_(DECISIONS)
    if not scope.count(ReviewEntry, kinds, submission_id=submission, version_id=here.version.id):
        return "undecided"
    if outcome == "not_reached" and not said:
        calls = scope.all(ReviewEntry, submission_id=submission, kind="call")
        if calls_in_vain((call.kind, call.outcome) for call in calls) < TRIES:
            return "tries"
    if outcome not in WITHOUT_IDENTITY and not identified(scope, submission):
        return "unidentified"
    return ""
