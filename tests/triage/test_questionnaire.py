"""The path that answers take through the questions, and what the rulebook says of its own order."""

import pytest
from hypothesis import given

from app.triage.conditions import Choice, walk_leaves
from app.triage.questionnaire import Option, Question, Questionnaire
from app.triage.terms import Answers
from tests.builders import (
    answers,
    examples,
    question,
    rulebook,
    some_answers,
    some_unfinished_answers,
    ticks,
)

INFANTS = ("under_3m", "under_1")


def one(name: str, *options: str, ask_if: Choice | None = None) -> Question:
    return Question(
        name, "one", tuple(Option(o) for o in (*options, "unsure")), "unsure", ask_if=ask_if
    )


SMALL = Questionnaire((
    one("first", "yes", "no"),
    one("second", "yes", "no", ask_if=Choice("first", frozenset({"yes"}))),
    one("third", "yes", "no", ask_if=Choice("second", frozenset({"yes"}))),
    one("last", "yes", "no"),
))  # fmt: skip
"""Each of the first three opens the next one."""


def path(**chosen: str):
    return SMALL.trace_path({name: frozenset([option]) for name, option in chosen.items()})


def names(questions) -> list[str]:
    return [asked.id for asked in questions]


def test_without_answers_the_first_question_is_next() -> None:
    empty = path()
    assert empty.next == SMALL["first"]
    assert (empty.asked, empty.ignored, empty.off_path) == ((), (), frozenset())


def test_the_first_open_question_is_next_even_where_later_ones_are_answered() -> None:
    assert path(first="no", last="yes").next is None
    assert path(first="yes", last="yes").next == SMALL["second"]


def test_a_question_whose_condition_is_false_is_not_asked_and_leads_to_nothing() -> None:
    closed = path(first="no", second="yes", third="yes", last="no")
    assert names(closed.asked) == ["first", "last"]
    assert closed.ignored == ("second", "third")
    assert closed.off_path == {"second", "third"}
    assert set(closed.answers) == {"first", "last"}


def test_an_unknown_answer_never_hides_a_question() -> None:
    assert names(path(first="unsure", second="yes", third="yes").asked) == [
        "first",
        "second",
        "third",
    ]
    assert path(first="unsure").next == SMALL["second"]
    assert path(second="yes", third="no").off_path == frozenset()


def test_answers_to_questions_that_do_not_exist_are_ignored_by_name() -> None:
    assert path(first="no", seventh="yes").ignored == ("seventh",)


def test_what_remains_is_the_longest_way_still_open() -> None:
    assert path().remaining_at_most == SMALL.count_longest_path() == 4
    assert path(first="no").remaining_at_most == 1
    assert path(first="yes").remaining_at_most == 3
    assert path(first="yes", second="no", last="no").remaining_at_most == 0


def test_the_real_path_has_at_most_sixteen_questions() -> None:
    assert rulebook().questionnaire.count_longest_path() <= 16


@pytest.mark.parametrize("age", question("age").option_ids)
def test_every_age_is_asked_about_being_unwell_once_in_its_own_words(age: str) -> None:
    asked = names(rulebook().questionnaire.trace_path(answers(age=age)).asked)
    assert ("baby" in asked) == (age in INFANTS)
    assert ("unwell" in asked) == (age not in INFANTS)


@pytest.mark.parametrize("age", question("age").option_ids)
def test_the_signs_of_an_emergency_are_asked_first(age: str) -> None:
    """Only the age comes before them: it says whether a baby's signs are asked for."""
    first, *asked = rulebook().questionnaire.trace_path(answers(age=age)).asked
    assert first.id == "age"
    screens = ["baby_breath", "baby_body"] if age in INFANTS else ["breath", "limbs", "sudden"]
    assert [one.id for one in asked if one.signs] == screens
    assert [one.id for one in asked[: len(screens)]] == screens


def test_every_question_ends_with_none_of_these_and_not_sure() -> None:
    for asked in rulebook().questionnaire:
        assert asked.option_ids[-1] == asked.unsure
        assert asked.kind == "one" or asked.option_ids[-2] == asked.none


def test_every_option_has_its_place_in_the_order_of_severity() -> None:
    """A choice stands in a chain (but for age); a tick raises unless it says otherwise."""
    for asked in rulebook().questionnaire:
        if asked.kind == "one" and asked.id != "age":
            placed = {option for chain in asked.severity for option in chain}
            assert placed == set(asked.option_ids)
            assert all(len(set(chain)) == len(chain) for chain in asked.severity)
        for option in asked.options:
            assert not (option.reassuring and option.neutral)


def test_the_ticks_that_reassure_are_few_and_known() -> None:
    reassuring = {
        (asked.id, option.id)
        for asked in rulebook().questionnaire
        for option in asked.options
        if option.reassuring
    }
    assert reassuring == {
        ("reason", "calcinosis"),
        ("change", "under_2_weeks"),
        ("change", "same"),
        ("change", "smaller"),
    }


def test_someone_unsure_of_the_age_is_not_a_baby() -> None:
    assert question("age").unsure_among == set(ticks("age")) - set(INFANTS)


@examples(300)
@given(some_unfinished_answers())
def test_every_question_is_answered_or_next_or_open_or_not_asked(given_answers: Answers) -> None:
    taken = rulebook().questionnaire.trace_path(given_answers)
    assert set(taken.answers) == set(names(taken.asked))
    assert set(taken.answers) | set(taken.ignored) == set(given_answers)
    assert not taken.off_path & set(taken.answers)
    open_ones = set(names(rulebook().questionnaire)) - set(taken.answers) - taken.off_path
    assert (taken.next is None) == (not open_ones)
    assert taken.next is None or taken.next.id in open_ones


@examples(300)
@given(some_answers())
def test_answering_one_by_one_in_order_never_lengthens_what_remains(whole: Answers) -> None:
    so_far: dict[str, frozenset[str]] = {}
    remaining = rulebook().questionnaire.trace_path(so_far).remaining_at_most
    while (following := rulebook().questionnaire.trace_path(so_far).next) is not None:
        so_far[following.id] = whole[following.id]
        now_left = rulebook().questionnaire.trace_path(so_far).remaining_at_most
        assert now_left <= remaining - 1
        remaining = now_left
    assert remaining == 0
    assert len(so_far) <= rulebook().longest_path


NARROWING = [asked for asked in rulebook().questionnaire if asked.narrows is not None]


@pytest.mark.parametrize("asked", NARROWING, ids=lambda asked: asked.id)
def test_not_sure_opens_every_question_that_narrows(asked: Question) -> None:
    """Who cannot say whether the line above is theirs is asked the question itself."""
    assert asked.narrows is not None
    (above,) = {leaf.question for leaf in walk_leaves(asked.narrows) if isinstance(leaf, Choice)}
    unsure = answers() | {above: frozenset({question(above).unsure})}
    assert asked.id not in rulebook().questionnaire.trace_path(unsure).off_path
