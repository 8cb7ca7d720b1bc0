"""A reply becomes an answer, or is refused in words that never repeat it."""

import pytest

from app.triage.questionnaire import ANSWER_PROBLEMS, BadAnswer, keep_known_answers, parse_answer
from tests.builders import question, rulebook


def refusal(name: str, *reply: str) -> BadAnswer:
    with pytest.raises(BadAnswer) as refused:
        parse_answer(question(name), reply)
    return refused.value


def test_a_choice_is_read() -> None:
    assert parse_answer(question("age"), ["adult"]) == {"adult"}


def test_several_ticks_are_read_in_any_order() -> None:
    assert parse_answer(question("skin"), ["hot", "pus"]) == parse_answer(
        question("skin"), ["pus", "hot"]
    )


def test_a_tick_that_comes_twice_counts_once() -> None:
    assert parse_answer(question("skin"), ["hot", "hot"]) == {"hot"}
    assert parse_answer(question("age"), ["adult", "adult"]) == {"adult"}


@pytest.mark.parametrize("asked", rulebook().questionnaire.questions, ids=lambda asked: asked.id)
def test_not_sure_is_an_answer_to_every_question(asked) -> None:
    assert parse_answer(asked, [asked.unsure]) == {asked.unsure}


def test_not_sure_may_stand_beside_a_tick() -> None:
    assert parse_answer(question("skin"), ["hot", "not_sure"]) == {"hot", "not_sure"}


def test_none_of_these_stands_alone() -> None:
    assert parse_answer(question("skin"), ["normal"]) == {"normal"}
    assert refusal("skin", "normal", "hot").problem == "none_with_others"
    assert refusal("skin", "normal", "not_sure").problem == "none_with_others"


def test_an_empty_reply_is_missing() -> None:
    assert refusal("skin").problem == "missing"
    assert refusal("age").problem == "missing"


def test_one_choice_takes_one_value() -> None:
    assert refusal("age", "adult", "child").problem == "two_values"


@pytest.mark.parametrize(
    "reply", ["purple", "", "ADULT", "adult ", "hot", "a" * 100_000, "adult\0", "<b>"]
)
def test_an_unknown_option_is_refused_without_repeating_it(reply: str) -> None:
    refused = refusal("age", reply)
    assert refused.problem == "unknown_option"
    assert refused.question == "age"
    assert refused.allowed == question("age").option_ids
    written = str(refused)
    assert written == f"age: unknown_option; allowed: {', '.join(question('age').option_ids)}"


def test_a_word_in_place_of_a_list_is_no_answer() -> None:
    with pytest.raises(BadAnswer):
        parse_answer(question("kidney"), "no")


def test_every_problem_has_a_name_that_pages_can_explain() -> None:
    met = {
        refusal("age").problem,
        refusal("age", "what").problem,
        refusal("age", "adult", "child").problem,
        refusal("skin", "normal", "hot").problem,
    }
    assert met == set(ANSWER_PROBLEMS)


def test_what_is_still_known_is_kept_as_it_was() -> None:
    given = {"age": frozenset({"adult"}), "skin": frozenset({"pus", "hot"})}
    assert keep_known_answers(rulebook().questionnaire, given) == (given, ())


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("gone", {"yes"}),
        ("skin", {"hot", "gone"}),
        ("skin", {"normal", "hot"}),
        ("age", {"adult", "child"}),
        ("skin", set[str]()),
    ],
)
def test_an_answer_that_is_not_known_is_dropped_whole_and_named(
    name: str, chosen: set[str]
) -> None:
    given = {name: frozenset(chosen), "pain": frozenset({"mild"})}
    assert keep_known_answers(rulebook().questionnaire, given) == (
        {"pain": frozenset({"mild"})},
        (name,),
    )


def test_an_empty_answer_is_kept_where_it_says_that_nothing_was_asked() -> None:
    given = {"skin": frozenset[str](), "gone": frozenset[str]()}
    kept = keep_known_answers(rulebook().questionnaire, given, keep_empty=True)
    assert kept == ({"skin": frozenset()}, ("gone",))
