"""Urgency: rules over answers, and the one entrance `assess`. The worst finding leads.

Conditions only ever raise the level. No match is not "fine": the floor is a routine appointment,
and self-care must be earned by a rule that certainly holds once everything has been answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.triage.advice import choose
from app.triage.conditions import Condition, Situation, judge
from app.triage.labs import Amounts, not_weighed, readings
from app.triage.questionnaire import Path
from app.triage.terms import Answers, Assessment, Evidence, Finding, Truth, Urgency
from app.triage.types import Behind, weigh

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


def assess(
    rulebook: "Rulebook",
    answers: Answers,
    labs: Mapping[str, Mapping[str, str]] | None = None,
) -> Assessment:
    """What the rulebook makes of these answers; see Assessment.

    Answers off the path never count. Unfinished answers are assessed as they stand: the level is
    "at least", and never self-care. Raises BadLab for a value that cannot be used.
    """
    path = rulebook.questionnaire.path(answers)
    amounts = counted(rulebook, path, labs)
    marks = rulebook.compiled.encode(path.answers, path.off_path, amounts)
    fired = rulebook.compiled.fired(marks)

    def behind(condition: Condition) -> tuple[Evidence, ...]:
        return rulebook.compiled.because(condition, marks, path.answers)

    found = [_finding(rulebook.rules[index], certain, behind) for index, certain in fired]
    urgency = Urgency(rulebook.compiled.level(marks))
    leading = sorted(
        (f for f in found if f.urgency > Urgency.self_care or urgency == Urgency.self_care),
        key=lambda finding: (-finding.urgency, not finding.certain),
    )
    holding = {group: test(marks) for group, test in rulebook.compiled.holding.items()}
    types = weigh(rulebook, holding, behind)
    advised = {rulebook.conditional_advice[index] for index in holding["advice"]}
    places = path.answers.get("place", frozenset())
    return Assessment(
        urgency=urgency,
        within=_shortest(leading, urgency),
        findings=tuple(leading),
        likely_type=types.likely,
        types=types.standings,
        look_alikes=types.look_alikes,
        conflicts=types.conflicts,
        contradictions=tuple(rulebook.contradictions[i].id for i in holding["contradictions"]),
        next_question=path.next.id if path.next else None,
        complete=path.next is None,
        ignored=path.ignored,
        advice=choose(rulebook.advice_by_level_and_type[urgency, types.likely], advised, places),
        labs_not_weighed=not_weighed(rulebook.laboratory.not_weighed, amounts),
    )


def counted(
    rulebook: "Rulebook", path: Path, labs: Mapping[str, Mapping[str, str]] | None
) -> Amounts:
    """The values, read in the way that gives the graver level to these answers. Raises BadLab."""
    ways = readings(rulebook.laboratory, labs or {})
    if len(ways) == 1:
        return ways[0]
    compiled = rulebook.compiled
    return max(
        ways, key=lambda way: compiled.level(compiled.encode(path.answers, path.off_path, way))
    )


def certain_emergency(rulebook: "Rulebook", path: Path) -> bool:
    """Whether an emergency is beyond doubt; a tenth of the work of `assess`, for every question."""
    marks = rulebook.compiled.encode(path.answers, path.off_path, {})
    return any(
        certain and rulebook.rules[index].urgency is Urgency.emergency
        for index, certain in rulebook.compiled.fired(marks)
    )


def urgency_by_walking(
    rules: tuple[Rule, ...],
    path: Path,
    situation: Situation,
    unread: Mapping[str, str | None] | None = None,
) -> Urgency:
    """The level by judging every condition in turn: the reference that the compiled form equals.

    `unread`: what no rule weighs (see Laboratory); such a value bars self-care.
    """
    level = Urgency.routine
    earned = False
    for rule in rules:
        truth = judge(rule.when, situation)
        if rule.urgency is Urgency.self_care:
            earned = earned or truth is Truth.TRUE
        elif truth is Truth.TRUE:
            level = max(level, rule.urgency)
        elif truth is Truth.UNSURE and rule.if_unsure is not None and _counts(rule, situation):
            level = max(level, rule.if_unsure)
    quiet = not any(
        judge(rule.when, situation) is Truth.TRUE
        for rule in rules
        if rule.urgency is not Urgency.self_care
    )
    sure = not any(situation.unsure[q][0] in chosen for q, chosen in path.answers.items())
    sure = sure and not not_weighed(unread or {}, situation.labs)
    if earned and quiet and sure and level is Urgency.routine and path.next is None:
        return Urgency.self_care
    return level


def _counts(rule: Rule, situation: Situation) -> bool:
    """Whether what limits the doubt of a rule, if anything does, certainly holds."""
    return rule.only_with is None or judge(rule.only_with, situation) is Truth.TRUE


def _finding(rule: Rule, certain: bool, behind: Behind) -> Finding:
    urgency = rule.urgency if certain else rule.if_unsure
    because = behind(rule.when)
    if not certain and rule.only_with is not None:
        because = tuple(dict.fromkeys([*because, *behind(rule.only_with)]))
    return Finding(
        rule=rule.id,
        urgency=rule.urgency if urgency is None else urgency,
        certain=certain,
        because=because,
        sources=rule.sources,
        within=rule.within,
    )


def _shortest(findings: list[Finding], urgency: Urgency) -> str | None:
    times = [f.within for f in findings if f.urgency == urgency and f.certain and f.within]
    return min(times, key=lambda time: int(time.split()[0])) if times else None
