"""What can be done with a submission: one table of steps, each with who may, when, and its effect.

A step is taken in `reviews`; here stands whether it fits and what it changes. Knows levels, but no
rule, and of words for people only their keys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.store import (
    closing_rules,
    level_changes,
    ownership,
    people,
    review_steps,
    worklist_rows,
)
from app.store.closing_rules import RowChanges, close_row, move_meant_visit, reopen_row
from app.store.permissions import LEAD, NURSE, role_allows
from app.store.review_steps import BACK_TO_CLAIMED, SAME_PERSON, StepAttempt

_QUIET = ("new", "claimed")
"""The states in which no second person is asked about anything."""
_LOWERING, _CLOSING = ("second_look",), ("second_close",)
_OPEN = (*_QUIET, *_LOWERING, *_CLOSING)
_HELPING = (*_QUIET, *_CLOSING)
"""While a second person is asked about a closing, whatever gets help goes on."""
_AFTERWARDS = ("closed",)


def find_conflict(attempt: StepAttempt) -> str:
    """Why this person may not do this with the submission as it is, in a word; "" if they may."""
    barred = find_actor_conflict(attempt)
    if barred:
        return barred
    rule = STEPS.get(attempt.step.kind)
    if rule is None:
        return "kind"
    if attempt.row.state not in rule.states:
        return "open" if rule.states == _AFTERWARDS else "second_look"
    if rule.answers:
        asked = attempt.asked[rule.answers]
        if asked is None or asked.author_id == attempt.staff.id:
            return "own"
    if not role_allows(attempt.staff.role, rule.who.permission):
        return "role"
    return closing_rules.find_length_conflict(attempt.step) or (
        rule.needs(attempt) if rule.needs else ""
    )


def find_changes(attempt: StepAttempt) -> RowChanges:
    """What the step changes on the row."""
    effect = STEPS[attempt.step.kind].effect
    changes = effect(attempt) if callable(effect) else effect
    return {**ownership.note_act(attempt), **changes}


def find_actor_conflict(attempt: StepAttempt) -> str:
    """Why this person may do nothing of this kind here, whatever it says; "" if they may."""
    rule = STEPS.get(attempt.step.kind)
    if attempt.row.closed and (rule is None or "closed" not in rule.states):
        return "closed"
    if not role_allows(attempt.staff.role, "review"):
        return "role"
    others = attempt.row.owner_id not in (None, attempt.staff.id)
    return "owned" if others and attempt.staff.role not in _roles_of_others(attempt) else ""


def needs_claim(attempt: StepAttempt) -> bool:
    """Whether the submission is nobody's, and the step takes it first."""
    return attempt.row.owner_id is None and not _roles_of_others(attempt)


def _roles_of_others(attempt: StepAttempt) -> frozenset[str]:
    rule = STEPS.get(attempt.step.kind)
    return rule.who.others if rule else frozenset()


def _need_words(attempt: StepAttempt) -> str:
    return "" if attempt.step.words.strip() else "words"


def _need_call_outcome(attempt: StepAttempt) -> str:
    return "" if attempt.step.outcome in review_steps.CALL_OUTCOMES else "outcome"


def _need_identifiers(attempt: StepAttempt) -> str:
    step = attempt.step
    if step.outcome not in review_steps.IDENTITY_OUTCOMES:
        return "outcome"
    if step.outcome != SAME_PERSON:
        return ""
    named = (step.reason or "").split()
    if len(set(named)) < 2 or not set(named) <= set(review_steps.IDENTIFIERS):
        return "identifiers"
    if attempt.row.person_id is not None:
        return ""
    if not step.reference.strip() or not step.name.strip():
        return "person"
    known = people.find_by_reference(attempt.scope, step.reference)
    other = known is not None and not people.is_same_name(known.name, step.name)
    return "other_name" if other and not step.sure else ""


def _need_own_disposition(attempt: StepAttempt) -> str:
    outcome = attempt.step.outcome
    if outcome in review_steps.closings_by_two(attempt.current_level):
        return "second_person"
    return _disposition_conflict(attempt, outcome, said=bool(attempt.step.words.strip()))


def _need_asked_disposition(attempt: StepAttempt) -> str:
    outcome = attempt.step.outcome
    if outcome not in review_steps.closings_by_two(attempt.current_level):
        return "outcome"
    if not attempt.step.words.strip():
        return "why"
    return _disposition_conflict(attempt, outcome, said=True)


def _need_agreed_disposition(attempt: StepAttempt) -> str:
    asked = attempt.asked["ask_close"]
    return _disposition_conflict(attempt, asked.outcome if asked else None, said=True)


def _disposition_conflict(attempt: StepAttempt, outcome: str | None, *, said: bool) -> str:
    return closing_rules.find_disposition_conflict(
        attempt, outcome, said=said, decision_kinds=DECISION_KINDS
    )


def _change_person(attempt: StepAttempt) -> RowChanges:
    scope, row, step = attempt.scope, attempt.row, attempt.step
    if step.outcome != SAME_PERSON:
        return worklist_rows.untie_person(scope, row)
    if row.person_id is not None:
        return {}
    return worklist_rows.tie_person(scope, row, step.reference, step.name)


def _await_closing(attempt: StepAttempt) -> RowChanges:
    return {"state": "second_close", "waits_since": attempt.scope.now, "alarmed_at": None}


class StepActor(NamedTuple):
    """Who may take a step. Everyone needs the permission "review" besides this one.

    `others`: the roles that may take it on someone else's submission; where there are any, the
    step never takes for its author what is nobody's.
    """

    permission: str = "review"
    others: frozenset[str] = frozenset()


_OWNER, _LOWERING_OWNER = StepActor(), StepActor("lower")
_ANY_LEAD = StepActor(others=frozenset({LEAD}))
_ANYONE = StepActor(others=frozenset({NURSE, LEAD}))
_SECOND_PERSON = StepActor("second_person", frozenset({NURSE, LEAD}))


@dataclass(frozen=True, slots=True)
class StepRule:
    """One kind of step.

    `states`: of the row in which it can be taken. `needs`: gives a word for what the step lacks.
    `effect`: what changes on the row. `answers`: the kind of step that a second person speaks to
    by it. `decides`: on the level, and without a decision nothing is closed. `form`: the last part
    of the address of its form, where the form is this step alone.
    """

    who: StepActor
    states: tuple[str, ...]
    needs: Callable[[StepAttempt], str] | None = None
    effect: RowChanges | Callable[[StepAttempt], RowChanges] = field(default_factory=dict)
    answers: str = ""
    decides: bool = False
    closes: bool = False
    form: str = ""


STEPS: Mapping[str, StepRule] = {
    "claim": StepRule(
        _ANY_LEAD,
        _OPEN,
        ownership.find_claim_conflict,
        ownership.take_submission,
        form="claim",
    ),
    "release": StepRule(_OWNER, _QUIET, effect=ownership.RELEASED, form="release"),
    "hand_over": StepRule(
        _OWNER,
        _QUIET,
        ownership.find_colleague_conflict,
        ownership.hand_over,
        form="hand-over",
    ),
    "note": StepRule(_OWNER, _OPEN, _need_words, form="note"),
    "call": StepRule(_OWNER, _OPEN, _need_call_outcome, form="call"),
    "identify": StepRule(_OWNER, _OPEN, _need_identifiers, _change_person),
    "agree": StepRule(_OWNER, _QUIET, decides=True, form="agree"),
    "raise": StepRule(
        _OWNER,
        _HELPING,
        level_changes.find_raising_conflict,
        level_changes.raise_level,
        decides=True,
        form="raise",
    ),
    "lower": StepRule(
        _LOWERING_OWNER,
        _HELPING,
        level_changes.find_lowering_conflict,
        level_changes.lower_level,
        decides=True,
    ),
    "second_yes": StepRule(
        _SECOND_PERSON,
        _LOWERING,
        effect=level_changes.lower_as_asked,
        answers="lower",
        decides=True,
    ),
    "second_no": StepRule(
        _SECOND_PERSON, _LOWERING, effect=BACK_TO_CLAIMED, answers="lower", decides=True
    ),
    "close": StepRule(
        _OWNER, _HELPING, _need_own_disposition, close_row, closes=True, form="close"
    ),
    "ask_close": StepRule(_OWNER, _HELPING, _need_asked_disposition, _await_closing),
    "close_yes": StepRule(
        _SECOND_PERSON,
        _CLOSING,
        _need_agreed_disposition,
        close_row,
        answers="ask_close",
        closes=True,
    ),
    "close_no": StepRule(_SECOND_PERSON, _CLOSING, effect=BACK_TO_CLAIMED, answers="ask_close"),
    "visit": StepRule(
        _ANYONE, (*_HELPING, *_AFTERWARDS), closing_rules.need_visit, move_meant_visit
    ),
    "trace": StepRule(_OWNER, _OPEN, closing_rules.need_traces),
    "addendum": StepRule(_ANYONE, _AFTERWARDS, closing_rules.need_some_words, form="addendum"),
    "reopen": StepRule(_ANYONE, _AFTERWARDS, closing_rules.need_why, reopen_row, form="reopen"),
    "take_over": StepRule(
        _ANYONE,
        _OPEN,
        ownership.find_take_over_conflict,
        ownership.take_submission,
        form="take-over",
    ),
    "hand_accept": StepRule(
        _ANYONE,
        _OPEN,
        ownership.find_acceptance_conflict,
        ownership.take_submission,
        form="hand-accept",
    ),
    "hand_refuse": StepRule(
        _ANYONE,
        _OPEN,
        ownership.find_acceptance_conflict,
        {"handed_to_id": None},
        form="hand-refuse",
    ),
    # Nobody takes it: it is what is noted where a claim ends by itself.
    "lapse": StepRule(_OWNER, (), effect=ownership.LET_GO),
}
"""Every step, in the order of the words that the database takes for it."""
DECISION_KINDS = tuple(kind for kind, rule in STEPS.items() if rule.decides)
CLOSING_KINDS = tuple(kind for kind, rule in STEPS.items() if rule.closes)
"""What ends a submission: one person's closing, or a second one's yes to it."""
