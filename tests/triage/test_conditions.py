"""The condition language on a vocabulary of its own: four-valued logic, lab bounds, evidence."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.triage.conditions import (
    BadCondition,
    Condition,
    Situation,
    Vocabulary,
    judge_condition,
    negate_condition,
    parse_condition,
    walk_leaves,
)
from app.triage.explain import serialize_condition
from app.triage.questionnaire import Option, Question, Questionnaire
from app.triage.terms import Evidence, Truth
from tests.builders import examples
from tests.reference import explain_condition

FALSE, OPEN, UNSURE, TRUE = Truth
TICKS = ("hot", "pus", "none", "unsure")
ASKED = Questionnaire(
    (
        Question("size", "one", tuple(map(Option, ("small", "large", "unsure"))), "unsure"),
        Question("signs", "many", tuple(map(Option, TICKS)), "unsure", "none"),
        Question(
            "age",
            "one",
            tuple(map(Option, ("baby", "child", "adult", "unsure"))),
            "unsure",
            unsure_among=frozenset({"child", "adult"}),
        ),
    )
)  # fmt: skip
UNITS = {"calcium": ("mmol/L", "mg/dL")}
IS_LARGE = {"question": "size", "is": "large"}
IS_HOT = {"question": "signs", "includes": "hot"}
HIGH = {"lab": "calcium", "at_least": {"mmol/L": "3.5", "mg/dL": "14.0"}}

# The same leaf, made false, open, unsure and true by the answers.
SIZES = {FALSE: "small", UNSURE: "unsure", TRUE: "large"}
SIGNS = {FALSE: "none", UNSURE: "unsure", TRUE: "hot"}


def read(raw: object, named: Mapping[str, Condition] | None = None) -> Condition:
    questions = {q.id: (q.kind, q.option_ids) for q in ASKED}
    return parse_condition(raw, Vocabulary(questions, UNITS, named or {}))


def facing(
    off_path: frozenset[str] = frozenset(), mmol: str | None = None, **chosen: str
) -> Situation:
    """What stands before a condition; `mmol`: calcium, with mg/dL by its factor."""
    answers = {name: frozenset(options.split()) for name, options in chosen.items()}
    calcium = Decimal(mmol) if mmol else None
    amounts = (
        {"calcium": {"mmol/L": calcium, "mg/dL": calcium / Decimal("0.2495")}} if calcium else {}
    )
    return Situation(answers, off_path, ASKED.unsure_options, amounts)


def truth_of(raw: object, situation: Situation) -> Truth:
    return judge_condition(read(raw), situation)


def two_leaves(size: Truth, signs: Truth) -> Situation:
    """IS_LARGE as true as the first, IS_HOT as true as the second; OPEN is left unanswered."""
    chosen = {"size": SIZES.get(size), "signs": SIGNS.get(signs)}
    return facing(**{name: option for name, option in chosen.items() if option})


each_pair = pytest.mark.parametrize(("one", "other"), [(a, b) for a in Truth for b in Truth])


def test_false_stands_below_open_below_unsure_below_true() -> None:
    assert FALSE < OPEN < UNSURE < TRUE


@each_pair
def test_all_is_the_least_of_its_parts(one: Truth, other: Truth) -> None:
    assert truth_of({"all": [IS_LARGE, IS_HOT]}, two_leaves(one, other)) is min(one, other)


@each_pair
def test_any_is_the_most_of_its_parts(one: Truth, other: Truth) -> None:
    assert truth_of({"any": [IS_LARGE, IS_HOT]}, two_leaves(one, other)) is max(one, other)


@pytest.mark.parametrize(("count", "expected"), [(1, TRUE), (2, UNSURE), (3, OPEN), (4, FALSE)])
def test_at_least_is_as_true_as_its_weakest_needed_part(count: int, expected: Truth) -> None:
    parts = [
        IS_LARGE,
        IS_HOT,
        {"question": "age", "is": "baby"},
        {"question": "age", "is": "adult"},
    ]
    condition = {"at_least": count, "of": [*parts[:2], {"any": [parts[2]]}, HIGH]}
    assert truth_of(condition, facing(size="large", signs="unsure")) is expected


def test_at_least_counts_each_part_once() -> None:
    condition = {
        "at_least": 2,
        "of": [IS_LARGE, {"question": "signs", "includes_any": ["hot", "pus"]}],
    }
    assert truth_of(condition, facing(size="small", signs="hot pus")) is FALSE


@each_pair
def test_not_over_a_group_turns_each_leaf(one: Truth, other: Truth) -> None:
    """Turning the whole group round would let a later answer lower what was already said."""
    turned = {FALSE: TRUE, OPEN: OPEN, UNSURE: TRUE, TRUE: FALSE}
    stands = two_leaves(one, other)
    neither = truth_of({"not": {"any": [IS_LARGE, IS_HOT]}}, stands)
    assert neither is min(turned[one], turned[other])
    not_both = truth_of({"not": {"all": [IS_LARGE, IS_HOT]}}, stands)
    assert not_both is max(turned[one], turned[other])


def test_not_over_at_least_asks_for_the_remaining_count() -> None:
    condition = {"not": {"at_least": 2, "of": [IS_LARGE, IS_HOT, HIGH]}}
    assert truth_of(condition, facing(size="large", signs="none")) is TRUE
    assert truth_of(condition, facing(size="large", signs="hot")) is FALSE
    assert truth_of(condition, facing(size="large")) is OPEN
    assert truth_of(condition, facing(size="large", signs="unsure")) is TRUE


def test_not_twice_is_the_condition_itself() -> None:
    condition = read({"at_least": 2, "of": [IS_LARGE, IS_HOT, HIGH]})
    assert negate_condition(negate_condition(condition)) == condition


def test_not_over_a_name_keeps_the_name_for_whoever_explains_it() -> None:
    turned = read({"not": {"named": "big"}}, {"big": read(IS_LARGE)})
    assert getattr(turned, "name", None) == "big"
    assert judge_condition(turned, facing(size="small")) is TRUE
    assert judge_condition(turned, facing(size="large")) is FALSE


@pytest.mark.parametrize("raw", [IS_LARGE, {"question": "size", "any_of": ["small", "large"]}])
def test_an_unanswered_question_is_open_whichever_way_it_is_asked(raw: object) -> None:
    assert truth_of(raw, facing()) is OPEN
    assert truth_of({"not": raw}, facing()) is OPEN


def test_a_question_that_is_never_asked_is_false_and_its_negation_true() -> None:
    never = facing(off_path=frozenset({"size"}))
    assert truth_of(IS_LARGE, never) is FALSE
    assert truth_of({"not": IS_LARGE}, never) is TRUE


def test_not_sure_keeps_a_reason_open_and_takes_none_away() -> None:
    assert truth_of(IS_LARGE, facing(size="unsure")) is UNSURE
    assert truth_of({"not": IS_LARGE}, facing(size="unsure")) is TRUE


def test_a_tick_beside_not_sure_counts_and_leaves_the_other_options_unsure() -> None:
    both = facing(signs="hot unsure")
    assert truth_of(IS_HOT, both) is TRUE
    assert truth_of({"not": IS_HOT}, both) is FALSE
    assert truth_of({"question": "signs", "includes": "pus"}, both) is UNSURE


def test_not_sure_stands_only_for_the_options_that_it_may_stand_for() -> None:
    unsure = facing(age="unsure")
    assert truth_of({"question": "age", "is": "baby"}, unsure) is FALSE
    assert truth_of({"question": "age", "is": "child"}, unsure) is UNSURE
    assert truth_of({"question": "age", "any_of": ["baby", "child"]}, unsure) is UNSURE


def test_one_of_several_options_is_enough() -> None:
    assert (
        truth_of({"question": "signs", "includes_any": ["hot", "pus"]}, facing(signs="pus")) is TRUE
    )


def test_a_missing_laboratory_value_is_false_and_its_negation_true() -> None:
    assert truth_of(HIGH, facing()) is FALSE
    assert truth_of({"not": HIGH}, facing()) is TRUE


@pytest.mark.parametrize(
    ("mmol", "expected"),
    [("3.5", TRUE), ("3.4999", TRUE), ("3.493", TRUE), ("3.4929", FALSE), ("3.0", FALSE)],
)
def test_a_value_that_meets_the_bound_in_any_unit_meets_it(mmol: str, expected: Truth) -> None:
    """14.0 mg/dL is 3.493 mmol/L: below the one bound, on the other. The graver reading counts."""
    assert truth_of(HIGH, facing(mmol=mmol)) is expected


@pytest.mark.parametrize(
    ("comparison", "on_it"), [("at_least", TRUE), ("above", FALSE), ("below", FALSE)]
)
def test_only_at_least_holds_on_the_bound_itself(comparison: str, on_it: Truth) -> None:
    raw = {"lab": "calcium", comparison: {"mmol/L": "2.495", "mg/dL": "10"}}
    assert truth_of(raw, facing(mmol="2.495")) is on_it


def test_at_least_and_below_one_bound_leave_no_gap_and_no_overlap() -> None:
    bound = {"mmol/L": "2.495", "mg/dL": "10"}
    for mmol in ("2.4949999999", "2.495", "2.4950000001"):
        pair = [
            truth_of({"lab": "calcium", how: bound}, facing(mmol=mmol))
            for how in ("at_least", "below")
        ]
        assert sorted(pair) == [FALSE, TRUE]


def test_evidence_names_the_answers_that_made_it_hold() -> None:
    condition = read({"all": [IS_LARGE, {"question": "signs", "includes_any": ["hot", "pus"]}]})
    assert explain_condition(condition, facing(size="large", signs="pus unsure")) == (
        Evidence("size", ("large",)),
        Evidence("signs", ("pus",)),
    )


def test_evidence_of_a_negation_names_what_was_answered_instead() -> None:
    assert explain_condition(read({"not": IS_LARGE}), facing(size="small")) == (
        Evidence("size", ("small",)),
    )


def test_evidence_of_a_doubt_that_clears_nothing_names_the_doubt() -> None:
    doubtful = (Evidence("size", ("unsure",), unsure=True),)
    assert explain_condition(read({"not": IS_LARGE}), facing(size="unsure")) == doubtful


def test_evidence_of_an_uncertain_condition_keeps_the_parts_known_to_be_true() -> None:
    condition = read({"all": [IS_LARGE, IS_HOT]})
    assert explain_condition(condition, facing(size="large", signs="unsure")) == (
        Evidence("size", ("large",)),
        Evidence("signs", ("unsure",), unsure=True),
    )


def test_an_answer_is_named_once_however_often_it_counts() -> None:
    condition = read({"any": [IS_LARGE, {"all": [IS_LARGE, IS_HOT]}, IS_LARGE]})
    assert explain_condition(condition, facing(size="large", signs="none")) == (
        Evidence("size", ("large",)),
    )


@pytest.mark.parametrize("chosen", [{"size": "small"}, {}])
def test_a_condition_that_does_not_hold_has_no_evidence(chosen: dict[str, str]) -> None:
    assert explain_condition(read({"all": [IS_LARGE, IS_HOT]}), facing(**chosen)) == ()


def test_a_laboratory_value_is_named_as_evidence() -> None:
    assert explain_condition(read(HIGH), facing(mmol="3.6")) == (Evidence("", (), lab="calcium"),)


def test_a_laboratory_value_that_was_not_given_is_no_evidence() -> None:
    assert explain_condition(read({"not": HIGH}), facing()) == ()


def test_leaves_are_given_in_reading_order() -> None:
    condition = read({"any": [HIGH, {"all": [IS_HOT, {"not": IS_LARGE}]}]})
    named = [
        getattr(leaf, "question", None) or getattr(leaf, "analyte", None)
        for leaf in walk_leaves(condition)
    ]
    assert named == ["calcium", "signs", "size"]


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ("size", "a condition is expected, not a word; allowed: all, any, not"),
        ([], "a condition is expected, not a list"),
        (True, "not true or false"),
        (None, "not nothing"),
        (3, "not a number"),
        ({}, "not an empty one"),
        ({"either": [IS_HOT]}, "unknown condition 'either'; allowed: all, any, not"),
        ({"all": []}, "'all' takes a list of conditions"),
        ({"any": IS_HOT}, "'any' takes a list of conditions"),
        ({"all": [IS_HOT], "any": [IS_HOT]}, "unknown key 'any' in a condition"),
        ({"at_least": 0, "of": [IS_HOT]}, "'at_least' takes a whole number from 1 to 1"),
        ({"at_least": 3, "of": [IS_HOT, HIGH]}, "from 1 to 2"),
        ({"at_least": True, "of": [IS_HOT]}, "a whole number"),
        ({"at_least": "1", "of": [IS_HOT]}, "a whole number"),
        ({"not": [IS_HOT]}, "a condition is expected, not a list"),
        ({"named": "big"}, "unknown name 'big'; allowed here: none so far"),
        ({"question": "sise", "is": "large"}, "unknown question 'sise'; allowed here: size, signs"),
        ({"question": "size", "includes": "large"}, "question 'size' takes one of: is, any_of"),
        ({"question": "signs", "is": "hot"}, "'signs' takes one of: includes, includes_any"),
        ({"question": "size", "is": "large", "any_of": ["small"]}, "takes one of: is, any_of"),
        ({"question": "size"}, "takes one of: is, any_of"),
        ({"question": "size", "is": "huge"}, "unknown option 'huge' of question 'size'; allowed:"),
        ({"question": "size", "is": True}, "unknown option 'true'"),
        ({"question": "size", "any_of": []}, "'any_of' takes a list of option ids"),
        ({"question": "size", "any_of": ["small", "small"]}, "names an option twice"),
        ({"lab": "calzium", "below": {}}, "unknown lab 'calzium'; allowed: calcium"),
        ({"lab": "calcium", "is": "3"}, "takes one of: at_least, above, below"),
        ({"lab": "calcium", "above": {"mmol/L": "3"}}, "needs a bound in each of: mmol/L, mg/dL"),
        ({"lab": "calcium", "above": {"mmol/L": 3, "mg/dL": "12"}}, "takes numbers in quotes"),
        ({"lab": "calcium", "above": {"mmol/L": "high", "mg/dL": "12"}}, "takes numbers in quotes"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_grammar_is_refused_and_told_what_is_allowed(
    raw: object, complaint: str
) -> None:
    with pytest.raises(BadCondition) as refused:
        read(raw)
    assert complaint in str(refused.value)


some_leaves = st.sampled_from([
    IS_LARGE, IS_HOT, HIGH,
    {"question": "signs", "includes_any": ["hot", "pus"]},
    {"question": "age", "any_of": ["baby", "adult"]},
    {"lab": "calcium", "below": {"mmol/L": "1.9", "mg/dL": "7.6"}},
])  # fmt: skip
some_conditions = st.recursive(
    some_leaves,
    lambda parts: st.one_of(
        st.builds(lambda part: {"not": part}, parts),
        st.builds(lambda several: {"all": several}, st.lists(parts, min_size=1, max_size=3)),
        st.builds(lambda several: {"any": several}, st.lists(parts, min_size=1, max_size=3)),
        st.builds(
            lambda several: {"at_least": 2, "of": several}, st.lists(parts, min_size=2, max_size=4)
        ),
    ),
    max_leaves=8,
)


def some_situation(chosen: dict[str, str], off: set[str], mmol: str | None) -> Situation:
    given_ones = {name: options for name, options in chosen.items() if options and name not in off}
    return facing(frozenset(off), mmol, **given_ones)


some_situations = st.builds(
    some_situation,
    st.fixed_dictionaries({
        "size": st.sampled_from([None, "small", "large", "unsure"]),
        "signs": st.sampled_from([None, "none", "hot", "hot pus", "unsure", "pus unsure"]),
        "age": st.sampled_from([None, "baby", "child", "adult", "unsure"]),
    }),
    st.sets(st.sampled_from(["size", "signs", "age"]), max_size=1),
    st.sampled_from([None, "1.8", "2.4", "3.493", "3.6"]),
)  # fmt: skip


@examples(300)
@given(some_conditions, some_situations)
def test_what_is_false_for_certain_is_true_when_turned_round(
    raw: dict[str, object], situation: Situation
) -> None:
    truth, turned = truth_of(raw, situation), truth_of({"not": raw}, situation)
    assert truth is not FALSE or turned is TRUE
    assert turned is not FALSE or truth is TRUE


@examples(300)
@given(some_conditions, some_situations)
def test_a_condition_written_out_again_means_the_same(
    raw: dict[str, object], situation: Situation
) -> None:
    condition = read(raw)
    assert judge_condition(
        read(serialize_condition(condition, ASKED)), situation
    ) is judge_condition(condition, situation)


@examples(300)
@given(some_conditions, some_situations)
def test_what_holds_has_evidence_that_was_really_given(
    raw: dict[str, object], situation: Situation
) -> None:
    for evidence in explain_condition(read(raw), situation):
        if evidence.lab:
            assert evidence.lab in situation.labs
        else:
            assert set(evidence.options) <= situation.answers[evidence.question]
