"""What must hold of the real rulebook for any answers at all.

The order of severity is the one that stands in rules/questions.yaml: chains for choices; in a tick
list every tick is graver than none, but for reassuring and neutral ones.
"""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.triage.labs import Amounts
from app.triage.questionnaire import Question
from app.triage.rulebook import load
from app.triage.rules import assess
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, TYPES, Answers, Urgency
from tests.builders import (
    RULES,
    answers,
    assessed,
    examples,
    level,
    question,
    read_amounts,
    rulebook,
    some_amounts,
    some_answers,
    some_unfinished_answers,
    some_values,
    ticks,
    values_as_sent,
)

QUESTIONS = rulebook().questionnaire.questions
INFANT = {"age": frozenset({"under_1"})}
CALCIUM = {"calcium_total", "calcium_adjusted", "albumin"}

each_tick_list = pytest.mark.parametrize(
    "asked", [q for q in QUESTIONS if ticks(q.id, raising=True) and q.kind == "many"], ids=lambda q: q.id
)
each_chain = pytest.mark.parametrize(
    ("asked", "chain"),
    [(q, chain) for q in QUESTIONS for chain in q.severity],
    ids=lambda part: part.id if isinstance(part, Question) else "-".join(part),
)
each_question = pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: q.id)


def on_path(given_answers: Answers, asked: Question) -> Answers:
    """The same answers, of a baby if only babies are asked."""
    return {**given_answers, **INFANT} if asked.id == "baby" else given_answers


def changed(given_answers: Answers, asked: Question, *options: str) -> Answers:
    return {**given_answers, asked.id: frozenset(options)}


# Monotone: a graver answer is never less urgent.


@each_tick_list
@examples(300)
@given(some_answers(), some_amounts())
def test_one_more_tick_never_lowers_the_level(
    asked: Question, given_answers: Answers, amounts: Amounts
) -> None:
    before = on_path(given_answers, asked)
    now = level(before, amounts)
    for tick in ticks(asked.id, raising=True):
        after = changed(before, asked, *(before[asked.id] - {asked.none}), tick)
        assert level(after, amounts) >= now, f"{asked.id} + {tick}"


@each_chain
@examples(300)
@given(some_answers(), some_amounts())
def test_a_step_up_in_severity_never_lowers_the_level(
    asked: Question, chain: tuple[str, ...], given_answers: Answers, amounts: Amounts
) -> None:
    levels = [level(changed(given_answers, asked, option), amounts) for option in chain]
    for (milder, one), (graver, other) in pairwise(zip(chain, levels, strict=True)):
        assert one <= other, f"{asked.id}: {milder} -> {graver}"


@each_tick_list
@examples(300)
@given(some_answers(), some_amounts())
def test_not_sure_is_never_less_urgent_than_none_of_these(
    asked: Question, given_answers: Answers, amounts: Amounts
) -> None:
    start = on_path(given_answers, asked)
    none, unsure = (changed(start, asked, option or "") for option in (asked.none, asked.unsure))
    assert level(none, amounts) <= level(unsure, amounts)


@each_question
@examples(200)
@given(some_answers(), some_amounts())
def test_not_sure_lies_between_the_mildest_and_the_gravest_that_it_may_stand_for(
    asked: Question, given_answers: Answers, amounts: Amounts
) -> None:
    """Of an emergency it makes "same day" (floor rule F3), so that is all it has to reach."""
    start = on_path(given_answers, asked)
    meant = sorted((asked.unsure_among or frozenset(asked.option_ids)) - {asked.unsure})
    every = [frozenset([option]) for option in meant]
    if asked.kind == "many":
        every.append(frozenset(ticks(asked.id)) - {o.id for o in asked.options if o.reassuring})
    levels = [level({**start, asked.id: chosen}, amounts) for chosen in every]
    unsure = level(changed(start, asked, asked.unsure), amounts)
    assert unsure >= min(*levels, Urgency.same_day)
    assert unsure <= max(*levels, Urgency.routine)


@examples(500)
@given(some_answers(), some_values(), st.data())
def test_one_more_laboratory_value_never_lowers_the_level(
    given_answers: Answers, values: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    """Calcium and albumin aside: there a later value corrects an earlier one."""
    more = data.draw(some_values())
    added = [v for v in more if v[0] not in CALCIUM | {analyte for analyte, _, _ in values}]
    assume(added)
    before, after = read_amounts(values), read_amounts([*values, *added])
    assert level(given_answers, before) <= level(given_answers, after)


# What does not matter.


@examples(300)
@given(some_unfinished_answers(), st.randoms(use_true_random=False))
def test_the_order_of_answers_never_matters(given_answers: Answers, chance) -> None:
    names = list(given_answers)
    chance.shuffle(names)
    shuffled = {n: frozenset(chance.sample(sorted(given_answers[n]), len(given_answers[n]))) for n in names}
    assert assess(rulebook(), shuffled) == assess(rulebook(), given_answers)


@examples(300)
@given(some_answers(), some_answers())
def test_answers_off_the_path_never_matter(given_answers: Answers, others: Answers) -> None:
    off = rulebook().questionnaire.path(given_answers).off_path
    without = {name: chosen for name, chosen in given_answers.items() if name not in off}
    swapped = {**without, **{name: others[name] for name in off}}
    plain, stuffed = assess(rulebook(), without), assess(rulebook(), swapped)
    assert stuffed == replace(plain, ignored=tuple(sorted(off)))


@examples(300)
@given(some_unfinished_answers(), some_amounts())
def test_the_type_never_changes_the_level(given_answers: Answers, amounts: Amounts) -> None:
    assert level(given_answers, amounts) == _typeless(given_answers, amounts)


def _typeless(given_answers: Answers, amounts: Amounts) -> int:
    book = rulebook()
    path = book.questionnaire.path(given_answers)
    marks = TYPELESS.compiled.encode(path.answers, path.off_path, amounts)
    return TYPELESS.compiled.level(marks)


TYPELESS = replace(rulebook(), evidence=(), conflicts=(), contradictions=())


# Unfinished and unsure.


@examples(1_000)
@given(some_unfinished_answers(), some_answers(), some_values())
def test_an_unfinished_level_is_at_least_what_any_completion_gives(
    unfinished: Answers, rest: Answers, values: list[tuple[str, str, str]]
) -> None:
    """Whatever was found stays found. Only the bare floor (nothing found) may become self-care."""
    whole = {**rest, **unfinished}
    assume(set(rulebook().questionnaire.path(whole).answers) >= set(unfinished))
    so_far = assess(rulebook(), unfinished, values_as_sent(values))
    if so_far.findings:
        assert level(whole, read_amounts(values)) >= so_far.urgency


@examples(500)
@given(some_unfinished_answers(), some_amounts())
def test_unfinished_answers_never_give_self_care(unfinished: Answers, amounts: Amounts) -> None:
    if rulebook().questionnaire.path(unfinished).next is not None:
        assert level(unfinished, amounts) > Urgency.self_care


@each_question
@examples(100)
@given(some_answers(), some_amounts())
def test_not_sure_never_gives_self_care(
    asked: Question, given_answers: Answers, amounts: Amounts
) -> None:
    start = on_path(given_answers, asked)
    assert level(changed(start, asked, asked.unsure), amounts) > Urgency.self_care
    if asked.kind == "many":
        beside = changed(start, asked, *(start[asked.id] - {asked.none}), asked.unsure)
        assert level(beside, amounts) > Urgency.self_care


# What every assessment holds.


@examples(500)
@given(some_unfinished_answers(), some_values())
def test_the_worst_finding_leads(
    given_answers: Answers, values: list[tuple[str, str, str]]
) -> None:
    result = assess(rulebook(), given_answers, values_as_sent(values))
    order = [(finding.urgency, finding.certain) for finding in result.findings]
    assert order == sorted(order, reverse=True)
    worst = max((finding.urgency for finding in result.findings), default=Urgency.routine)
    assert result.urgency == worst
    assert len({finding.rule for finding in result.findings}) == len(result.findings)


@examples(300)
@given(some_unfinished_answers(), some_values())
def test_every_finding_is_an_answer_of_the_rulebook_with_its_reasons_and_sources(
    given_answers: Answers, values: list[tuple[str, str, str]]
) -> None:
    result = assess(rulebook(), given_answers, values_as_sent(values))
    for finding in result.findings:
        rule = rulebook().rule(finding.rule)
        assert finding.urgency == (rule.urgency if finding.certain else rule.if_unsure)
        assert finding.sources == rule.sources
        assert finding.certain or any(evidence.unsure for evidence in finding.because)
    assert result.likely_type in (*TYPES, NOT_CALCINOSIS, CANNOT_TELL)
    assert [kind.type for kind in result.types] == sorted(
        (kind.type for kind in result.types), key=lambda kind: kind != result.likely_type
    ) or result.likely_type in (NOT_CALCINOSIS, CANNOT_TELL)
    assert {kind.type for kind in result.types} == set(TYPES)


@examples(200)
@given(some_unfinished_answers(), some_values())
def test_the_same_answers_always_give_the_same_assessment(
    given_answers: Answers, values: list[tuple[str, str, str]]
) -> None:
    sent = values_as_sent(values)
    assert assess(rulebook(), given_answers, sent) == assess(SECOND, given_answers, sent)


SECOND = load(RULES)
"""The rulebook read a second time: nothing of the first may linger in an answer."""


# Everything can be reached.

A_PERSON_FOR_EACH_LEVEL = {
    "emergency": {"now": "confused"},
    "same_day": {"skin": "hot"},
    "soon": {"change": "growing"},
    "routine": {},
    "self_care": {"known": "calcinosis"},
}
A_PERSON_FOR_EACH_TYPE = {
    "dystrophic": {"place": "finger", "autoimmune": "scleroderma", "skin": "chalky"},
    "metastatic": {"place": "hip", "kidney": "dialysis"},
    "idiopathic": {"place": "genital", "feel": ["hard", "several"]},
    "iatrogenic": {"place": "injection", "before": "drip"},
    "calciphylaxis": {"place": "thigh", "kidney": "dialysis", "skin": "black", "pain": "severe"},
    NOT_CALCINOSIS: {"feel": "soft"},
    CANNOT_TELL: {"place": "testicle"},
}


def test_every_level_can_be_reached() -> None:
    assert set(A_PERSON_FOR_EACH_LEVEL) == {urgency.name for urgency in Urgency}
    for name, person in A_PERSON_FOR_EACH_LEVEL.items():
        assert assessed(**person).urgency.name == name


def test_every_type_can_be_reached() -> None:
    assert set(A_PERSON_FOR_EACH_TYPE) == {*TYPES, NOT_CALCINOSIS, CANNOT_TELL}
    for kind, person in A_PERSON_FOR_EACH_TYPE.items():
        assert assessed(**person).likely_type == kind


def test_every_question_can_be_on_a_path_and_every_option_chosen() -> None:
    for asked in QUESTIONS:
        for option in asked.option_ids:
            start = answers(age="under_1" if asked.id == "baby" else "adult")
            path = rulebook().questionnaire.path(changed(start, question(asked.id), option))
            assert path.answers[asked.id] == {option}
            assert path.next is None
