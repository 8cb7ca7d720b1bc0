"""A doubt that counts only where something else is certain (`only_with`)."""

from dataclasses import replace
from functools import cache

from hypothesis import given

from app.triage.conditions import Choice, judge_condition
from app.triage.rulebook import Rulebook
from app.triage.rules import Rule, assess_answers
from app.triage.safety_net import build_safety_net
from app.triage.second_look import list_recheck_questions
from app.triage.terms import Answers, Evidence, Truth, Urgency
from tests.builders import (
    answers,
    examples,
    rulebook,
    situation,
    some_answers,
    some_unfinished_answers,
)
from tests.reference import reference_urgency

FEVER = Choice("unwell", frozenset({"fever"}))
RULE = Rule(
    "A", Choice("skin", frozenset({"hot"})), Urgency.emergency, ("expert",), "2027-11-20",
    "made-up.yaml", if_unsure=Urgency.same_day, only_with=FEVER,
)  # fmt: skip
BOOK = replace(rulebook(), rules=(RULE,))


def test_the_doubt_counts_only_with_what_is_certain() -> None:
    assert assess_answers(BOOK, answers(skin="not_sure")).urgency is Urgency.routine
    assert (
        assess_answers(BOOK, answers(skin="not_sure", unwell="not_sure")).urgency is Urgency.routine
    )
    assert (
        assess_answers(BOOK, answers(skin="not_sure", unwell="fever")).urgency is Urgency.same_day
    )


def test_without_a_doubt_the_rule_needs_nothing_else() -> None:
    assert assess_answers(BOOK, answers(skin="hot")).urgency is Urgency.emergency


def test_a_finding_in_doubt_names_what_it_counts_with() -> None:
    [finding] = assess_answers(BOOK, answers(skin="not_sure", unwell="fever")).findings
    assert not finding.certain
    assert finding.because == (
        Evidence("skin", ("not_sure",), unsure=True),
        Evidence("unwell", ("fever",)),
    )


def test_the_safety_net_tells_what_would_make_the_doubt_count() -> None:
    said = answers(skin="not_sure")
    urgency_by_change = {
        (c.question, c.option): c.urgency for c in build_safety_net(BOOK, said).changes
    }
    assert urgency_by_change["unwell", "fever"] is Urgency.same_day
    assert {"skin", "unwell"} <= set(list_recheck_questions(BOOK, said))


def test_nothing_is_rechecked_for_a_doubt_that_cannot_count() -> None:
    never = replace(RULE, only_with=Choice("age", frozenset({"child"})), urgency=Urgency.same_day)
    book = replace(BOOK, rules=(replace(never, when=Choice("place", frozenset({"hip"}))),))
    assert list_recheck_questions(book, answers(place="not_sure")) == ()


@cache
def limited() -> Rulebook:
    """The real rules, each with the condition of another one as the limit of its doubt."""
    rules = rulebook().rules
    turned = (*rules[7:], *rules[:7])
    return replace(
        rulebook(),
        rules=tuple(
            replace(rule, only_with=None if rule.if_unsure is None else other.when)
            for rule, other in zip(rules, turned, strict=True)
        ),
    )


@examples(300, soak=20_000)
@given(some_answers() | some_unfinished_answers())
def test_the_compiled_form_says_what_walking_says(given_answers: Answers) -> None:
    book = limited()
    path = book.questionnaire.trace_path(given_answers)
    marks, facing = (
        book.compiled_rules.encode_answers(path.answers, path.off_path, {}),
        situation(given_answers),
    )
    assert book.compiled_rules.level(marks) == reference_urgency(book.rules, path, facing)
    doubted = [
        index
        for index, rule in enumerate(book.rules)
        if rule.if_unsure is not None
        and rule.only_with is not None
        and judge_condition(rule.when, facing) is Truth.UNSURE
        and judge_condition(rule.only_with, facing) is Truth.TRUE
    ]
    assert [i for i, certain in book.compiled_rules.fired(marks) if not certain] == doubted
