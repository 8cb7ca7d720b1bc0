"""Raising and lowering a level: what each needs, and what it changes on the row.

A level is lowered one step at a time, and only if each sign that holds it up is set aside by
itself; what one person may not do alone waits for a second one. Knows levels and ids of rules.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app.store import review_steps, worklist_rows
from app.store.clinics import load_clinic
from app.store.db import record_keys
from app.store.db.tables import Clinic
from app.store.permissions import LEAD
from app.store.review_steps import StepAttempt
from app.store.submission_versions import open_version
from app.triage.terms import Urgency

WORDS_FROM = Urgency.same_day
"""From this level on nobody lowers without words, and nobody alone, whatever a clinic chose."""


def needs_second_person(clinic: Clinic, level: Urgency, to: Urgency) -> bool:
    """Whether a second person has to agree: to a grave level, a leap, or as the clinic chose."""
    least = clinic.second_person_from
    return level >= WORDS_FROM or level - to > 1 or (least is not None and level >= least)


def list_signs_above(findings: Iterable[Iterable[Any]], to: Urgency) -> list[str]:
    """The rules that hold a level above this one, the gravest first, of (rule, level, sure)s."""
    held = [(Urgency[level], rule) for rule, level, *_ in findings if Urgency[level] > to]
    return [rule for _, rule in sorted(held, key=lambda one: -one[0])]


def find_lowering_conflict(attempt: StepAttempt) -> str:
    """What a lowering lacks, in a word; "" where it lacks nothing."""
    step = attempt.step
    if step.level is None or not Urgency.self_care <= step.level < attempt.current_level:
        return "level"
    if set(_list_held_signs(attempt, step.level)) - set(step.rules):
        return "signs"
    unsaid = not step.words.strip()
    if step.reason not in review_steps.LOWER_REASONS or (step.reason == "other" and unsaid):
        return "reason"
    if attempt.current_level >= WORDS_FROM and unsaid:
        return "lower_words"
    return "role" if load_clinic(attempt.scope).may_lower == LEAD != attempt.staff.role else ""


def find_raising_conflict(attempt: StepAttempt) -> str:
    """What speaks against raising it, in a word: the level, or that nobody said why."""
    if attempt.current_level >= Urgency.emergency:
        return "highest"
    step = attempt.step
    unsaid = step.reason == "other" and not step.words.strip()
    return "raise" if unsaid or step.reason not in review_steps.RAISE_REASONS else ""


def raise_level(attempt: StepAttempt) -> Mapping[str, Any]:
    """What raising by one level changes on the row."""
    return set_level(attempt, Urgency(attempt.current_level + 1))


def lower_level(attempt: StepAttempt) -> Mapping[str, Any]:
    """What a lowering changes on the row: the level, or that a second person is asked."""
    to = Urgency(attempt.step.level or 0)
    if needs_second_person(load_clinic(attempt.scope), attempt.current_level, to):
        waits = {"waits_since": attempt.scope.now, "alarmed_at": None}
        return {"state": "second_look", **waits}
    return set_level(attempt, to, attempt.step.reason)


def lower_as_asked(attempt: StepAttempt) -> Mapping[str, Any]:
    """What it changes on the row that a second person agreed to the last lowering."""
    asked = attempt.asked["lower"]
    if asked is None:
        return set_level(attempt, attempt.current_level)
    return set_level(attempt, Urgency[str(asked.outcome)], asked.reason)


def set_level(attempt: StepAttempt, level: Urgency, reason: str | None = None) -> dict[str, Any]:
    """What another level changes on the row; `reason`: why it was lowered."""
    clinic, before = load_clinic(attempt.scope), attempt.row.lowered_from
    placed = worklist_rows.rank_and_due(clinic, attempt.scope.now, level, attempt.targets)
    lowered = {"lowered_from": before, "lowered_reason": attempt.row.lowered_reason}
    if level < attempt.current_level:
        highest = max(attempt.current_level, before or 0)
        lowered = {"lowered_from": int(highest), "lowered_reason": reason}
    elif before is not None and level >= before:
        lowered = {"lowered_from": None, "lowered_reason": None}
    return {**placed, **lowered, **review_steps.BACK_TO_CLAIMED}


def select_signs_set_aside(attempt: StepAttempt) -> list[str]:
    """The rules that an entry of a lowering keeps: those that hold a level above the new one."""
    step = attempt.step
    return _list_held_signs(attempt, step.level) if step.level is not None else []


def _list_held_signs(attempt: StepAttempt, to: Urgency) -> list[str]:
    key = record_keys.load_data_key(attempt.scope, attempt.row.submission_id)
    return list_signs_above(open_version(key, attempt.version).body["findings"], to)
