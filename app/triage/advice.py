"""Which pieces of advice belong to a result: by type, place, level and the person's answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.triage.conditions import Choice, Condition
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

    def list_requirements(self, place_question: str) -> list[tuple[Condition, Truth]]:
        """What the answers have to say for it, and how certainly."""
        when = [] if self.when is None else [(self.when, self.required_truth)]
        placed = [(Choice(place_question, self.places), Truth.TRUE)] if self.places else []
        return [*when, *placed]


class AdvicePlan(NamedTuple):
    """What may be advised with one result, by the place of its rule in the rulebook.

    `always`: what needs nothing of the answers.
    """

    fitting: Mapping[int, tuple[str, Advice]]
    always: tuple[int, ...]


def select_fitting_advice(
    rules: Sequence[AdviceRule], urgency: Urgency, likely_type: str
) -> tuple[AdviceRule, ...]:
    """The advice that belongs to a level and a type, whatever else was answered."""
    calm = urgency is not Urgency.emergency or not has_waiting_advice(rules)
    return tuple(
        rule
        for rule in rules
        if calm or rule.section in AT_EMERGENCY
        if (not rule.types or likely_type in rule.types)
        if (not rule.levels or urgency.name in rule.levels)
    )


def has_waiting_advice(rules: Iterable[AdviceRule]) -> bool:
    """Whether there is advice for the time until help comes.

    A rulebook that was published before there was any keeps what it told in an emergency.
    """
    return any(rule.section == "keep" for rule in rules)


def plan_advice(rules: Sequence[AdviceRule], urgency: Urgency, likely_type: str) -> AdvicePlan:
    """The plan of one result."""
    ids = {rule.advice.id for rule in select_fitting_advice(rules, urgency, likely_type)}
    fitting = {i: rule for i, rule in enumerate(rules) if rule.advice.id in ids}
    return AdvicePlan(
        {i: (rule.section, rule.advice) for i, rule in fitting.items()},
        tuple(i for i, rule in fitting.items() if rule.when is None and not rule.places),
    )


def choose_advice(plan: AdvicePlan, matched: Iterable[int]) -> Mapping[str, tuple[Advice, ...]]:
    """The advice of each section, in the order of the rulebook.

    `matched`: the places of the rules of which the answers say what they need.
    """
    chosen: dict[str, list[Advice]] = {section: [] for section in SECTIONS}
    for place in sorted([*plan.always, *matched]):
        if place in plan.fitting:
            section, advice = plan.fitting[place]
            chosen[section].append(advice)
    return {section: tuple(some) for section, some in chosen.items()}
