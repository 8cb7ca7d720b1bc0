"""Urgency: rules over answers, and the one entrance `assess`. The worst finding leads.

Conditions only ever raise the level. No match is not "fine": the floor is a routine appointment,
and self-care must be earned by a rule that certainly holds once everything has been answered.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.triage.advice import choose_advice
from app.triage.conditions import Condition
from app.triage.labs import Amounts, find_unweighed_analytes, list_lab_readings
from app.triage.questionnaire import AnswerPath
from app.triage.terms import Answers, Assessment, Finding, Urgency
from app.triage.types import rank_types

if TYPE_CHECKING:
    from app.triage.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Rule:
    """Condition => urgency, with its sources; `if_unsure`: what an open "not sure" makes of it.

    `only_with`: the doubt counts only where this certainly holds.
    """

    id: str
    when: Condition
    urgency: Urgency
    sources: tuple[str, ...]
    review_by: str
    file: str
    if_unsure: Urgency | None = None
    only_with: Condition | None = None
    within: str | None = None


def assess_answers(
    rulebook: "Rulebook",
    answers: Answers,
    labs: Mapping[str, Mapping[str, str]] | None = None,
) -> Assessment:
    """What the rulebook makes of these answers; see Assessment.

    Answers off the path never count. Unfinished answers are assessed as they stand: the level is
    "at least", and never self-care. Raises BadLab for a value that cannot be used.
    """
    path = rulebook.questionnaire.trace_path(answers)
    amounts = read_counted_amounts(rulebook, path, labs)
    compiled = rulebook.compiled_rules
    bitset = compiled.encode_answers(path.answers, path.off_path, amounts)
    found = [
        _make_finding(rulebook, index, certain, bitset) for index, certain in compiled.fired(bitset)
    ]
    urgency = Urgency(compiled.level(bitset))
    leading = sorted(
        (f for f in found if f.urgency > Urgency.self_care or urgency == Urgency.self_care),
        key=lambda finding: (-finding.urgency, not finding.certain),
    )
    held = {group: test(bitset) for group, test in compiled.matched_groups.items()}
    reasons = {
        rulebook.evidence[index]: compiled.explain_match(bitset, index, "evidence")
        for index in held["evidence"]
    }
    conflicts = [rulebook.conflicts[index] for index in held["conflicts"]]
    types = rank_types(rulebook.scale, reasons, conflicts, likely_enough=bool(held["likely"]))
    return Assessment(
        urgency=urgency,
        within=find_shortest_time(f.within for f in leading if f.urgency == urgency and f.certain),
        findings=tuple(leading),
        likely_type=types.likely,
        types=types.standings,
        look_alikes=types.look_alikes,
        conflicts=types.conflicts,
        contradictions=tuple(rulebook.contradictions[i].id for i in held["contradictions"]),
        next_question=path.next.id if path.next else None,
        complete=path.next is None,
        ignored=path.ignored,
        advice=choose_advice(rulebook.advice_by_result[urgency, types.likely], held["advice"]),
        labs_not_weighed=find_unweighed_analytes(rulebook.laboratory.not_weighed, amounts),
    )


def read_counted_amounts(
    rulebook: "Rulebook", path: AnswerPath, labs: Mapping[str, Mapping[str, str]] | None
) -> Amounts:
    """The values, read in the way that gives the graver level to these answers. Raises BadLab."""
    ways = list_lab_readings(rulebook.laboratory, labs or {})
    if len(ways) == 1:
        return ways[0]
    compiled = rulebook.compiled_rules
    return max(ways, key=lambda way: compiled.level_of(path.answers, path.off_path, way))


def is_certain_emergency(rulebook: "Rulebook", path: AnswerPath) -> bool:
    """Whether an emergency is beyond doubt; a tenth of the work of `assess`, for every question."""
    bitset = rulebook.compiled_rules.encode_answers(path.answers, path.off_path, {})
    return any(
        certain and rulebook.rules[index].urgency is Urgency.emergency
        for index, certain in rulebook.compiled_rules.fired(bitset)
    )


def find_contradictions(rulebook: "Rulebook", path: AnswerPath) -> tuple[str, ...]:
    """Ids of the answers that cannot all be right; alone, a small part of the work of `assess`."""
    bitset = rulebook.compiled_rules.encode_answers(path.answers, path.off_path, {})
    matched = rulebook.compiled_rules.matched_groups["contradictions"](bitset)
    return tuple(rulebook.contradictions[index].id for index in matched)


def _make_finding(rulebook: "Rulebook", index: int, certain: bool, bitset: int) -> Finding:
    rule = rulebook.rules[index]
    doubtful = not certain and rule.only_with is not None
    groups = ("rule", "doubt") if doubtful else ("rule",)
    because = rulebook.compiled_rules.explain_match(bitset, index, *groups)
    urgency = rule.urgency if certain or rule.if_unsure is None else rule.if_unsure
    return Finding(rule.id, urgency, certain, because, rule.sources, rule.within)


def find_shortest_time(times: Iterable[str | None]) -> str | None:
    """The shortest of times such as "48 h"; None where there is none."""
    return min(filter(None, times), key=lambda time: int(time.split()[0]), default=None)
