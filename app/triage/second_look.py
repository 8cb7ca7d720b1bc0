"""Looking again: what "I'm not sure" did to a result, and what to ask when all may have changed.

Also what may be an emergency because someone was not sure, and the signs that would settle it.
Knows no words and no page.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from app.triage.compiled import doubt_requirements
from app.triage.conditions import (
    AtLeast,
    Choice,
    Condition,
    LabBound,
    NamedCondition,
    Situation,
    judge_condition,
)
from app.triage.labs import Amounts, RawLabs
from app.triage.questionnaire import Question
from app.triage.rules import read_counted_amounts
from app.triage.safety_net import WhatIfStep, build_safety_net
from app.triage.terms import Answers, Assessment, Truth, Urgency

if TYPE_CHECKING:
    from app.triage.rulebook import Rulebook


class DoubtEffect(NamedTuple):
    """An unsure answer that made the result more careful, and the level if it were "no"."""

    question: str
    if_no: Urgency


class DoubtEffects(NamedTuple):
    """The level now, each doubt that made it more careful, and the level if all were "no"."""

    urgency: Urgency
    each: tuple[DoubtEffect, ...]
    if_all_no: Urgency


def assess_doubts(
    rulebook: "Rulebook", answers: Answers, labs: RawLabs | None = None
) -> DoubtEffects:
    """Which unsure answers made the result more careful, and what it would be without them.

    What else is ticked in the same answer stays, and so does what was answered to a question that
    only the doubt had asked. A question that has no "no" (how old?) counts by the calmest of the
    answers that "not sure" may stand for. Raises BadLab.
    """
    path = rulebook.questionnaire.trace_path(answers)
    amounts = read_counted_amounts(rulebook, path, labs)
    unsure = [q for q in path.asked if q.unsure in path.answers[q.id]]
    level_of = _make_level_finder(rulebook, amounts)
    calm = {q.id: _calmer_answers(rulebook, q, path.answers[q.id]) for q in unsure}

    def list_guesses(calmed: Iterable[Question]) -> Iterator[Answers]:
        ways = ([(question.id, one) for one in calm[question.id]] for question in calmed)
        return ({**path.answers, **dict(way)} for way in product(*ways))

    def stays_above(level: Urgency, calmed: Iterable[Question]) -> bool:
        return all(level_of(guess) > level for guess in list_guesses(calmed))

    now, calmest_guess = level_of(path.answers), min(list_guesses(unsure), key=level_of)
    calmest = level_of(calmest_guess)
    for question, ways in calm.items():  # what was calmest of all is tried first from now on
        ways.sort(key=calmest_guess[question].__ne__)
    each = [DoubtEffect(q.id, min(map(level_of, list_guesses([q])))) for q in unsure]
    telling = [
        doubt
        for doubt, question in zip(each, unsure, strict=True)
        if doubt.if_no < now or stays_above(calmest, [q for q in unsure if q is not question])
    ]
    named = {doubt.question for doubt in telling}
    if stays_above(calmest, [question for question in unsure if question.id in named]):
        telling = each  # several keep the level up together, in more than one way
    return DoubtEffects(now, tuple(telling), calmest)


def _make_level_finder(rulebook: "Rulebook", amounts: Amounts) -> Callable[[Answers], Urgency]:
    """`level_of_all` for many answers to the same questions: walks a path once for each way."""
    compiled, routing = rulebook.compiled_rules, rulebook.questionnaire.routing_questions
    closed: dict[tuple[frozenset[str] | None, ...], frozenset[str]] = {}

    def find_level(answers: Answers) -> Urgency:
        way = tuple(answers.get(question) for question in routing)
        if way not in closed:
            closed[way] = rulebook.questionnaire.trace_path(answers).off_path - answers.keys()
        return compiled.level_of(answers, closed[way], amounts)

    return find_level


def level_of_all(rulebook: "Rulebook", answers: Answers, amounts: Amounts) -> Urgency:
    """The level where every answer counts, also to a question that another answer would close.

    Trap: "not sure what it is" opens all questions. Read as "none of these" it would close them,
    and pus that was ticked there would seem to hang on that doubt.
    """
    return _make_level_finder(rulebook, amounts)(answers)


def _calmer_answers(
    rulebook: "Rulebook", question: Question, chosen: frozenset[str]
) -> list[frozenset[str]]:
    """The answer without the doubt, in every way that it may be meant where there is no "no"."""
    if question.none is not None:
        if chosen != {question.unsure}:
            return [chosen - {question.unsure}]
        # "None of these" may be what the check is not about: then a lump is the calmer reading.
        routes = question.id in rulebook.questionnaire.routing_questions
        neutral = [option.id for option in question.options if option.neutral and routes]
        return [frozenset([option]) for option in (question.none, *neutral)]
    mildest = [chain[0] for chain in question.severity if question.unsure in chain[1:]]
    meant = mildest or question.unsure_among or set(question.option_ids) - {question.unsure}
    return [frozenset([option]) for option in sorted(meant)]


def list_recheck_questions(
    rulebook: "Rulebook", answers: Answers, labs: RawLabs | None = None
) -> tuple[str, ...]:
    """The questions of which a change, alone or with others, could raise the level, as asked.

    Whatever happens, its changes in these questions lead as high as all of them. Raises BadLab.
    """
    path = rulebook.questionnaire.trace_path(answers)
    amounts = read_counted_amounts(rulebook, path, labs)
    now = rulebook.compiled_rules.level_of(path.answers, path.off_path, amounts)
    situation = Situation(
        path.answers, path.off_path, rulebook.questionnaire.unsure_options, amounts
    )
    steps = rulebook.watched_changes.possible_steps(answers)
    changing = {step.question.id for step in steps}
    asked = (
        changing
        if now == Urgency.self_care
        else changing.intersection(rulebook.questionnaire.routing_questions)
    )
    for rule in rulebook.rules:
        if rule.urgency > now:
            asked |= _questions_needed(rule.when, Truth.TRUE, situation, steps) or set()
        if rule.if_unsure is not None and rule.if_unsure > now:
            ways = [
                _questions_needed(part, truth, situation, steps)
                for part, truth in doubt_requirements(rule)
            ]
            needed = [way for way in ways if way is not None]
            asked |= set().union(*needed) if len(needed) == len(ways) else set()
    return tuple(q.id for q in rulebook.questionnaire if q.id in asked)


def _questions_needed(
    condition: Condition, enough: Truth, situation: Situation, steps: Sequence[WhatIfStep]
) -> set[str] | None:
    """Questions whose changes can make it true `enough`; empty: it is already; None: none can."""
    if judge_condition(condition, situation) >= enough:
        return set()
    match condition:
        case Choice():
            return (
                {condition.question} if any(step.may_satisfy(condition) for step in steps) else None
            )
        case NamedCondition():
            return _questions_needed(condition.part, enough, situation, steps)
        case AtLeast():
            parts = [_questions_needed(part, enough, situation, steps) for part in condition.parts]
            ways = [part for part in parts if part is not None]
            return set().union(*ways) if len(ways) >= condition.count else None
        case LabBound():
            return None


class OpenEmergency(NamedTuple):
    """`signs`: (question, option) of which each alone, if it were ticked, is an emergency.

    All of them stand in questions that were answered "not sure". `rules`: open rules that none of
    them settles, as far as half of them is certain; without any sign, every open rule.
    """

    signs: tuple[tuple[str, str], ...]
    rules: tuple[str, ...]


def find_open_emergency(
    rulebook: "Rulebook", answers: Answers, found: Assessment, labs: RawLabs | None = None
) -> OpenEmergency | None:
    """What may be an emergency in these answers; None where one is certain, or none is open."""
    grave = {rule.id for rule in rulebook.rules if rule.urgency is Urgency.emergency}
    left = [f for f in found.findings if not f.certain and f.rule in grave]
    if found.urgency is Urgency.emergency or not left:
        return None
    unsure = {q.id for q in rulebook.questionnaire if q.unsure in answers.get(q.id, ())}
    settling = [
        change
        for change in build_safety_net(rulebook, answers, labs).changes
        if change.urgency is Urgency.emergency and change.question in unsure
    ]
    settled = {rule for change in settling for rule in change.rules}
    others = [f for f in left if f.rule not in settled]
    if settling:
        others = [f for f in others if any(not piece.unsure for piece in f.because)]
    signs = tuple((change.question, change.option) for change in settling)
    return OpenEmergency(signs, tuple(f.rule for f in others))
