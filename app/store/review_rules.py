"""Why a step of a review is not taken, in a word; "" where nothing speaks against it.

It reads what was done and changes nothing. The words for people stand elsewhere.
"""

from collections.abc import Iterable

from sqlmodel import col

from app.store import people
from app.store.clinics import load_clinic as clinic_of_scope
from app.store.db.scope import Scope
from app.store.db.tables import ReviewEntry, Staff, WorklistRow
from app.store.permissions import LEAD, role_allows
from app.store.review_steps import (
    CALL_OUTCOMES,
    DECISION_KINDS,
    DISPOSITIONS,
    FAILED_CALLS,
    IDENTIFIERS,
    IDENTITY_OUTCOMES,
    LOWER_REASONS,
    SAME_PERSON,
    UNIDENTIFIED_DISPOSITIONS,
    ReviewState,
    ReviewStep,
    closings_by_two,
)
from app.triage.terms import Urgency

MIN_FAILED_CALLS = 3
"""Calls in vain after which someone counts as not reached, as the services do that call people."""
_SECOND_PERSON_KINDS = {
    "second_look": ("second_yes", "second_no"),
    "second_close": ("close_yes", "close_no"),
}
"""The second person's word, by what waits for it."""
_UNOWNED_KINDS = (
    "claim",
    *_SECOND_PERSON_KINDS["second_look"],
    *_SECOND_PERSON_KINDS["second_close"],
)
"""What does not need the submission to be one's own."""
_ALWAYS_ALLOWED = ("claim", "note", "call", "identify")
_ALLOWED_WHILE_WAITING = {
    "second_look": _ALWAYS_ALLOWED,
    "second_close": (*_ALWAYS_ALLOWED, "raise", "lower", "close", "ask_close"),
}
"""What can be done while a second person's word is waited for: whatever gets help goes on."""


def needs_claim(review_state: ReviewState, kind: str) -> bool:
    """Whether the submission is nobody's, and the step takes it first."""
    return review_state.row.owner_id is None and kind not in _UNOWNED_KINDS


def find_conflict(scope: Scope, review_state: ReviewState, step: ReviewStep) -> str:
    """Why this person may not do this with the submission as it is, in a word; "" if they may."""
    barred = actor_conflict(review_state, step.kind)
    if barred:
        return barred
    return _turn_conflict(review_state.row.state, step.kind) or _step_conflict(
        scope, review_state, step
    )


def actor_conflict(review_state: ReviewState, kind: str) -> str:
    """Why this person may do nothing of this kind here, whatever it says; "" if they may."""
    others = review_state.row.owner_id not in (None, review_state.staff.id)
    if review_state.row.closed:
        return "closed"
    if not role_allows(review_state.staff.role, "review"):
        return "role"
    if others and (
        kind not in _UNOWNED_KINDS or (kind == "claim" and review_state.staff.role != LEAD)
    ):
        return "owned"
    return ""


def _turn_conflict(state: str, kind: str) -> str:
    """Whether it does not go with what a second person is asked, or not asked, now."""
    if any(kind in answers for answers in _SECOND_PERSON_KINDS.values()):
        fits = kind in _SECOND_PERSON_KINDS.get(state, ())
    else:
        fits = state not in _ALLOWED_WHILE_WAITING or kind in _ALLOWED_WHILE_WAITING[state]
    return "" if fits else "second_look"


def is_identified(scope: Scope, submission: str) -> bool:
    """Whether someone compared two identifiers last, and they fitted."""
    newest = [col(ReviewEntry.number).desc()]
    of_these = {"submission_id": submission, "kind": "identify"}
    last = scope.find_all(ReviewEntry, **of_these, order_by=newest, limit=1)
    return bool(last) and last[0].outcome == SAME_PERSON


def count_failed_calls(outcomes: Iterable[tuple[str, str | None]]) -> int:
    """How many calls reached nobody, of all (kind, outcome)s that were noted."""
    return sum(kind == "call" and outcome in FAILED_CALLS for kind, outcome in outcomes)


def _step_conflict(scope: Scope, review_state: ReviewState, step: ReviewStep) -> str:
    """What the step itself lacks, in a word; "" if nothing."""
    match step.kind:
        case "note":
            return "" if step.words.strip() else "words"
        case "call":
            return "" if step.outcome in CALL_OUTCOMES else "outcome"
        case "identify":
            return _identify_conflict(scope, review_state.row, step)
        case "hand_over":
            to = scope.find_one(Staff, id=step.to_staff, disabled_at=None)
            return (
                ""
                if to and to.id != review_state.staff.id and role_allows(to.role, "review")
                else "to_staff"
            )
        case "raise":
            return "" if review_state.current_level < Urgency.emergency else "highest"
        case "lower":
            return _lower_conflict(scope, review_state, step)
        case "second_yes" | "second_no":
            return _second_person_conflict(review_state, review_state.last_lowering)
        case "close":
            return _close_conflict(scope, review_state, step)
        case "ask_close":
            return _ask_close_conflict(scope, review_state, step)
        case "close_yes":
            asked = review_state.last_closing_request
            own = _second_person_conflict(review_state, asked)
            return own or _disposition_conflict(
                scope, review_state, asked.outcome if asked else None, said=True
            )
        case "close_no":
            return _second_person_conflict(review_state, review_state.last_closing_request)
        case "claim" | "release" | "agree":
            return ""
    return "kind"


def _identify_conflict(scope: Scope, row: WorklistRow, step: ReviewStep) -> str:
    if step.outcome not in IDENTITY_OUTCOMES:
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
    known = people.find_by_reference(scope, step.reference)
    other = known is not None and not people.is_same_name(known.name, step.name)
    return "other_name" if other and not step.sure else ""


def _lower_conflict(scope: Scope, review_state: ReviewState, step: ReviewStep) -> str:
    if step.level is None or not Urgency.self_care <= step.level < review_state.current_level:
        return "level"
    if step.reason not in LOWER_REASONS or (step.reason == "other" and not step.words.strip()):
        return "reason"
    if review_state.version.rules and step.rule not in review_state.version.rules:
        return "rule"
    return "role" if clinic_of_scope(scope).may_lower == LEAD != review_state.staff.role else ""


def _second_person_conflict(review_state: ReviewState, asked: ReviewEntry | None) -> str:
    """A second person is another one than who asked, and may be one."""
    if asked is None or asked.author_id == review_state.staff.id:
        return "own"
    return "" if role_allows(review_state.staff.role, "second_person") else "role"


def _close_conflict(scope: Scope, review_state: ReviewState, step: ReviewStep) -> str:
    if step.outcome in closings_by_two(review_state.current_level):
        return "second_person"
    return _disposition_conflict(scope, review_state, step.outcome, said=bool(step.words.strip()))


def _ask_close_conflict(scope: Scope, review_state: ReviewState, step: ReviewStep) -> str:
    if step.outcome not in closings_by_two(review_state.current_level):
        return "outcome"
    if not step.words.strip():
        return "why"
    return _disposition_conflict(scope, review_state, step.outcome, said=True)


def _disposition_conflict(
    scope: Scope, review_state: ReviewState, outcome: str | None, *, said: bool
) -> str:
    """What speaks against an end, whoever brings it about. `said`: words tell why."""
    if outcome not in DISPOSITIONS:
        return "outcome"
    submission = review_state.row.submission_id
    kinds = col(ReviewEntry.kind).in_(DECISION_KINDS)
    if not scope.count_rows(
        ReviewEntry, kinds, submission_id=submission, version_id=review_state.version.id
    ):
        return "undecided"
    if outcome == "not_reached" and not said:
        calls = scope.find_all(ReviewEntry, submission_id=submission, kind="call")
        if count_failed_calls((call.kind, call.outcome) for call in calls) < MIN_FAILED_CALLS:
            return "tries"
    if outcome not in UNIDENTIFIED_DISPOSITIONS and not is_identified(scope, submission):
        return "unidentified"
    return ""
