"""What other answers would make of the level: each claim is what the rules themselves say."""

from __future__ import annotations

import pytest
from hypothesis import given

from app.triage.second_look import level_of_all
from app.triage.terms import Answers, Urgency
from app.triage.what_if import try_other_answers
from tests.builders import answers, examples, level, rulebook, some_answers


def with_answer(given: Answers, question: str, option: str) -> Answers:
    """The same answers with a yes where there was a no or a doubt."""
    asked = rulebook().questionnaire[question]
    if asked.kind == "one":
        return {**given, question: frozenset([option])}
    return {**given, question: given[question] - {asked.none, asked.unsure} | {option}}


@examples(40)
@given(some_answers())
def test_each_yes_leads_to_the_level_that_the_rules_give_it(given: Answers) -> None:
    on_path = rulebook().questionnaire.trace_path(given).answers
    found, now = try_other_answers(rulebook(), given), level(given)
    for one in found.raises:
        assert level(with_answer(on_path, one.question, one.option)) == one.urgency > now
    for question in found.open:
        for one in question.each:
            reached = level(with_answer(on_path, one.question, one.option))
            assert reached == one.urgency > question.if_no
    assert found.if_all_no <= now


@examples(40)
@given(some_answers())
def test_a_doubt_is_never_told_as_a_no(given: Answers) -> None:
    on_path, found = (
        rulebook().questionnaire.trace_path(given).answers,
        try_other_answers(rulebook(), given),
    )
    unsure = {q.id for q in rulebook().questionnaire if q.unsure in on_path.get(q.id, ())}
    noes = [*((one.question, one.option) for one in found.raises), *found.denied]
    assert {question for question, _ in noes} & unsure == set()
    assert {one.question for one in found.open} == unsure
    assert not [pair for pair in noes if pair[1] in on_path[pair[0]]]


@examples(40)
@given(some_answers())
def test_what_lowers_the_level_does_so_alone(given: Answers) -> None:
    on_path = rulebook().questionnaire.trace_path(given).answers
    for one in try_other_answers(rulebook(), given).lowers:
        asked = rulebook().questionnaire[one.question]
        rest = on_path[one.question] - {one.option} or frozenset([asked.none])
        if asked.kind == "many":
            kept = {**on_path, one.question: rest}
            assert level_of_all(rulebook(), kept, {}) == one.urgency >= level(kept)
        assert one.urgency < level(given)


def test_a_graver_choice_of_one_counts_as_answered_no() -> None:
    found = try_other_answers(rulebook(), answers(kidney="weak")).raises
    raised = {(one.question, one.option) for one in found}
    assert ("pain", "severe") in raised
    assert ("kidney", "dialysis") in raised


def test_a_sign_that_decides_alone_is_named_with_the_level_without_it() -> None:
    found = try_other_answers(rulebook(), answers(skin="pus")).lowers
    assert [(one.question, one.option, one.urgency) for one in found] == [
        ("skin", "pus", Urgency.routine)
    ]


def test_what_only_opens_a_question_is_not_named_beside_its_answer() -> None:
    found = try_other_answers(
        rulebook(), answers(kidney="dialysis", skin="open", pain="severe")
    ).lowers
    named = {(one.question, one.option) for one in found}
    assert ("kidney", "dialysis") in named
    assert not named & {("conditions", "kidneys"), ("reason", "lump")}


def test_a_doubt_about_what_it_is_takes_no_other_answer_away() -> None:
    found = try_other_answers(rulebook(), answers(reason="not_sure", skin="pus"))
    (doubt,) = found.open
    assert (doubt.question, doubt.if_no) == ("reason", Urgency.same_day)
    assert found.if_all_no is Urgency.same_day


def test_signs_that_hold_the_level_up_together_are_not_named_alone() -> None:
    given = answers(breath=["confused", "breathing"])
    assert try_other_answers(rulebook(), given).lowers == ()


@pytest.mark.parametrize("doubts", [["pain"], ["pain", "kidney", "skin"]])
def test_without_its_doubts_a_quiet_lump_is_routine(doubts: list[str]) -> None:
    given = answers(dict.fromkeys(doubts, "not_sure"))
    assert try_other_answers(rulebook(), given).if_all_no is Urgency.routine
