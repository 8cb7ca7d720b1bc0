"""Which pieces of advice belong to a result: by type, place, level and the person's answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.triage.conditions import Condition, Situation, judge
from app.triage.terms import SECTIONS, Advice, Truth, Urgency


@dataclass(frozen=True, slots=True)
class AdviceRule:
    """One piece of advice and when it is shown; an empty filter lets everyone see it."""

    id: str
    section: str
    sources: tuple[str, ...]
    types: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    when: Condition | None = None


def choose(
    rules: Iterable[AdviceRule], situation: Situation, urgency: Urgency, likely_type: str
) -> Mapping[str, tuple[Advice, ...]]:
    """The advice of each section, in the order of the rulebook."""
    places = situation.answers.get("place", frozenset())
    chosen: dict[str, list[Advice]] = {section: [] for section in SECTIONS}
    for rule in rules:
        if (
            (not rule.types or likely_type in rule.types)
            and (not rule.places or rule.places & places)
            and (not rule.levels or urgency.name in rule.levels)
            and (rule.when is None or judge(rule.when, situation) >= _enough(rule.section))
        ):
            chosen[rule.section].append(Advice(rule.id, rule.sources))
    return {section: tuple(entries) for section, entries in chosen.items()}


def _enough(section: str) -> Truth:
    """Warnings are also given to those who are not sure."""
    return Truth.UNSURE if section in ("watch", "do_not") else Truth.TRUE
