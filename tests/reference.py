"""Levels and evidence by judging every condition in turn: what the compiled rules must equal."""

from collections.abc import Mapping

from app.triage.conditions import (
    Choice,
    Condition,
    LabBound,
    NamedCondition,
    Situation,
    judge_condition,
)
from app.triage.labs import find_unweighed_analytes
from app.triage.questionnaire import AnswerPath
from app.triage.rules import Rule
from app.triage.terms import Evidence, Truth, Urgency


def reference_urgency(
    rules: tuple[Rule, ...],
    path: AnswerPath,
    situation: Situation,
    unread: Mapping[str, str | None] | None = None,
) -> Urgency:
    """The level by judging every condition in turn: the reference that the compiled form equals.

    `unread`: what no rule weighs (see Laboratory); such a value bars self-care.
    """
    level = Urgency.routine
    earned = False
    for rule in rules:
        truth = judge_condition(rule.when, situation)
        if rule.urgency is Urgency.self_care:
            earned = earned or truth is Truth.TRUE
        elif truth is Truth.TRUE:
            level = max(level, rule.urgency)
        elif (
            truth is Truth.UNSURE and rule.if_unsure is not None and _doubt_counts(rule, situation)
        ):
            level = max(level, rule.if_unsure)
    quiet = not any(
        judge_condition(rule.when, situation) is Truth.TRUE
        for rule in rules
        if rule.urgency is not Urgency.self_care
    )
    sure = not any(situation.unsure[q][0] in chosen for q, chosen in path.answers.items())
    sure = sure and not find_unweighed_analytes(unread or {}, situation.labs)
    if earned and quiet and sure and level is Urgency.routine and path.next is None:
        return Urgency.self_care
    return level


def _doubt_counts(rule: Rule, situation: Situation) -> bool:
    """Whether what limits the doubt of a rule, if anything does, certainly holds."""
    return rule.only_with is None or judge_condition(rule.only_with, situation) is Truth.TRUE


def explain_condition(condition: Condition, situation: Situation) -> tuple[Evidence, ...]:
    """The answers that make the condition hold, or keep it open, each named once."""
    evidence: list[Evidence] = []
    truth = _collect_evidence(condition, situation, evidence)
    if truth < Truth.UNSURE:
        return ()
    return tuple(dict.fromkeys(evidence)) if len(evidence) > 1 else tuple(evidence)


def _collect_evidence(
    condition: Condition, situation: Situation, evidence: list[Evidence]
) -> Truth:
    """The truth of a condition; what it rests on is added to `evidence`, in one walk."""
    if isinstance(condition, NamedCondition):
        return _collect_evidence(condition.part, situation, evidence)
    if isinstance(condition, Choice):
        truth = judge_condition(condition, situation)
        if truth >= Truth.UNSURE:
            _add_answer_evidence(condition, situation, truth, evidence)
        return truth
    if isinstance(condition, LabBound):
        truth = judge_condition(condition, situation)
        if truth is Truth.TRUE and not condition.negated:
            evidence.append(Evidence("", (), lab=condition.analyte))
        return truth
    truths = []
    for part in condition.parts:
        before = len(evidence)
        truths.append(_collect_evidence(part, situation, evidence))
        if truths[-1] < Truth.UNSURE:
            del evidence[before:]
    truths.sort(reverse=True)
    return truths[condition.count - 1]


def _add_answer_evidence(
    leaf: Choice, situation: Situation, truth: Truth, evidence: list[Evidence]
) -> None:
    chosen = situation.answers.get(leaf.question)
    if not chosen:
        return
    unsure, could_be = situation.unsure[leaf.question]
    doubtful = unsure in chosen and not leaf.options.isdisjoint(could_be)
    if truth is Truth.UNSURE or (leaf.negated and doubtful):
        evidence.append(Evidence(leaf.question, (unsure,), unsure=True))
    else:
        telling = chosen if leaf.negated else chosen & leaf.options
        evidence.append(Evidence(leaf.question, tuple(sorted(telling))))
