"""Which pieces of advice belong to a result: by type, place, level and the person's answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.triage.conditions import Condition
from app.triage.terms import AT_EMERGENCY, SECTIONS, Advice, Truth, Urgency


@dataclass(frozen=True, slots=True)
class AdviceRule:
    """One piece of advice and when it is shown; an empty filter lets everyone see it.

    For a warning: `urgency` is where it leads, `covers` the (question, option) pairs whose lines
    in the safety net it stands for, `covered_by` those whose lines stand for it. `signs` are the
    options that say what it warns of: with one of them the level is at least its `urgency`.
    `no_option` says why no option tells it, or a part of it.
    """

    advice: Advice
    section: str
    types: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    when: Condition | None = None
    urgency: Urgency | None = None
    covers: frozenset[tuple[str, str]] = frozenset()
    covered_by: frozenset[tuple[str, str]] = frozenset()
    signs: frozenset[tuple[str, str]] = frozenset()
    no_option: str | None = None
    certain: bool = False

    @property
    def required_truth(self) -> Truth:
        """How true `when` has to be: warnings are also given to those who are not sure.

        But for those that are `certain`: another line says enough to whoever is not sure.
        """
        warns = self.section in ("watch", "do_not") and not self.certain
        return Truth.UNSURE if warns else Truth.TRUE


AdvicePlan = Mapping[str, Sequence[tuple[Advice, int | None, frozenset[str]]]]
"""Section -> its advice, the index of the condition and the places (any of them) that it needs."""


def select_fitting_advice(
    rules: Iterable[AdviceRule], urgency: Urgency, likely_type: str
) -> tuple[AdviceRule, ...]:
    """The advice that belongs to a level and a type, whatever else was answered."""
    known = tuple(rules)
    calm = urgency is not Urgency.emergency or not has_waiting_advice(known)
    return tuple(
        rule
        for rule in known
        if calm or rule.section in AT_EMERGENCY
        if (not rule.types or likely_type in rule.types)
        if (not rule.levels or urgency.name in rule.levels)
    )


def has_waiting_advice(rules: Iterable[AdviceRule]) -> bool:
    """Whether there is advice for the time until help comes.

    A rulebook that was published before there was any keeps what it told in an emergency.
    """
    return any(rule.section == "keep" for rule in rules)


def plan_advice(fitting: Iterable[AdviceRule], indices: Mapping[str, int]) -> AdvicePlan:
    """The advice by section. `indices`: those of the conditions, by id of the advice."""
    plan: dict[str, list[tuple[Advice, int | None, frozenset[str]]]] = {s: [] for s in SECTIONS}
    for rule in fitting:
        plan[rule.section].append((rule.advice, indices.get(rule.advice.id), rule.places))
    return plan


def choose_advice(
    plan: AdvicePlan, matched: Iterable[int], places: frozenset[str]
) -> Mapping[str, tuple[Advice, ...]]:
    """The advice of each section, in the order of the rulebook.

    `matched`: which of the conditions of advice hold, by index.
    """
    held = {None, *matched}
    return {
        section: tuple(
            [
                advice
                for advice, condition, needed in entries
                if condition in held and (not needed or not needed.isdisjoint(places))
            ]
        )
        for section, entries in plan.items()
    }
