"""The compiled rules say exactly what the interpreted walk says, on answers nobody thought of."""

import gc
import weakref
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.triage.compiled import CompiledRules
from app.triage.conditions import (
    AtLeast,
    Choice,
    Condition,
    LabBound,
    Situation,
    judge_condition,
    negate_condition,
    walk_leaves,
)
from app.triage.labs import Amounts
from app.triage.questionnaire import Option, Question, Questionnaire
from app.triage.rules import Rule, assess_answers, is_certain_emergency
from app.triage.safety_net import build_safety_net
from app.triage.second_look import assess_doubts
from app.triage.terms import Answers, Truth, Urgency
from tests.builders import (
    QUIET_LUMPS,
    answers,
    examples,
    read_amounts,
    rulebook,
    situation,
    some_amounts,
    some_answers,
    some_unfinished_answers,
    some_values,
    values_as_sent,
)
from tests.reference import explain_condition, reference_urgency

any_answers = some_answers() | some_unfinished_answers()


def marks_of(given_answers: Answers, amounts: Amounts) -> int:
    path = rulebook().questionnaire.trace_path(given_answers)
    return rulebook().compiled_rules.encode_answers(path.answers, path.off_path, amounts)


def counts(rule: Rule, facing: Situation) -> bool:
    """Whether a doubt about the rule counts."""
    return rule.only_with is None or judge_condition(rule.only_with, facing) is Truth.TRUE


@examples(2_000, soak=100_000)
@given(any_answers, some_amounts())
def test_the_compiled_form_says_what_walking_through_every_condition_says(
    given_answers: Answers, amounts: Amounts
) -> None:
    """The level, the rules that fire, and the evidence and conflicts that hold."""
    book, marks = rulebook(), marks_of(given_answers, amounts)
    path, facing = book.questionnaire.trace_path(given_answers), situation(given_answers, amounts)
    unread = book.laboratory.not_weighed
    assert book.compiled_rules.level(marks) == reference_urgency(book.rules, path, facing, unread)
    judged = [(i, rule, judge_condition(rule.when, facing)) for i, rule in enumerate(book.rules)]
    assert book.compiled_rules.fired(marks) == [
        (index, truth is Truth.TRUE)
        for index, rule, truth in judged
        if truth is Truth.TRUE
        or (truth is Truth.UNSURE and rule.if_unsure is not None and counts(rule, facing))
    ]
    for group, entries in (("evidence", book.evidence), ("conflicts", book.conflicts)):
        held = [i for i, e in enumerate(entries) if judge_condition(e.when, facing) is Truth.TRUE]
        assert book.compiled_rules.matched_groups[group](marks) == held


@examples(500, soak=20_000)
@given(any_answers, some_values())
def test_an_assessment_explains_itself_as_the_condition_tree_does(
    given_answers: Answers, values: list[tuple[str, str, str]]
) -> None:
    book = rulebook()
    found = assess_answers(book, given_answers, values_as_sent(values))
    facing = situation(given_answers, read_amounts(values))
    for finding in found.findings:
        rule = book.find_rule(finding.rule)
        behind = explain_condition(rule.when, facing)
        if not finding.certain and rule.only_with is not None:
            behind = (*behind, *explain_condition(rule.only_with, facing))
        assert finding.because == tuple(dict.fromkeys(behind))
    lines = {line.id: line for line in book.evidence if line.look_alike is None}
    spoken = [e for t in found.types for e in (*t.evidence_for, *t.evidence_against)]
    assert all(
        e.because == explain_condition(lines[e.id].when, facing) for e in spoken if e.id in lines
    )
    held = [c.id for c in book.contradictions if judge_condition(c.when, facing) is Truth.TRUE]
    assert list(found.contradictions) == held


@examples(500, soak=20_000)
@given(any_answers)
def test_the_alarm_on_a_question_page_is_that_of_the_whole_assessment(
    given_answers: Answers,
) -> None:
    findings = assess_answers(rulebook(), given_answers).findings
    alarm = any(f.certain and f.urgency is Urgency.emergency for f in findings)
    path = rulebook().questionnaire.trace_path(given_answers)
    assert is_certain_emergency(rulebook(), path) is alarm


# Conditions of every kind on a small questionnaire: also what the rulebook has no use for yet.

ASKED = Questionnaire((
    Question("size", "one", tuple(map(Option, ("s", "m", "l", "unsure"))), "unsure"),
    Question(
        "age", "one", tuple(map(Option, ("baby", "child", "adult", "unsure"))), "unsure",
        unsure_among=frozenset({"child", "adult"}),
    ),
    Question(
        "feed", "many", tuple(map(Option, ("milk", "cry", "none", "unsure"))), "unsure", "none",
        ask_if=Choice("age", frozenset({"baby"})),
    ),
    Question("skin", "many", tuple(map(Option, ("hot", "none", "unsure"))), "unsure", "none"),
))  # fmt: skip
OPTIONS = {q.id: q.option_ids for q in ASKED}

small_choices = st.one_of(
    *(
        st.builds(
            Choice,
            st.just(name),
            st.frozensets(st.sampled_from(options), min_size=1),
            st.booleans(),
        )
        for name, options in OPTIONS.items()
    )
)
small_bounds = st.builds(
    LabBound,
    st.sampled_from(["calcium", "pth"]),
    st.sampled_from(["at_least", "above", "below"]),
    st.tuples(st.tuples(st.just("SI"), st.sampled_from([Decimal(2), Decimal(3)]))),
    st.booleans(),
)
small_conditions: st.SearchStrategy[Condition] = st.recursive(
    small_choices | small_bounds,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=4).flatmap(
            lambda several: st.builds(
                AtLeast, st.integers(1, len(several)), st.just(tuple(several))
            )
        ),
        parts.map(negate_condition),
    ),
    max_leaves=8,
)  # fmt: skip
small_answers = st.fixed_dictionaries(
    {},
    optional={
        q.id: st.frozensets(
            st.sampled_from(q.option_ids), min_size=1, max_size=1 if q.kind == "one" else 3
        )
        for q in ASKED
    },
)
small_amounts = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from([{"SI": Decimal(v)} for v in ("1.9", "2", "2.5", "3", "3.1")])
        for name in ("calcium", "pth")
    },
)
# The loader refuses a "not sure" that is graver than the rule, or that earns self-care.
lawful_levels = [
    (urgency, unsure)
    for urgency in Urgency
    for unsure in (None, *Urgency)
    if unsure is None or Urgency.self_care < unsure <= urgency
]
small_rules = st.lists(
    st.builds(
        lambda when, levels: Rule("id", when, levels[0], (), "", "", levels[1]),
        small_conditions,
        st.sampled_from(lawful_levels),
    ),
    max_size=4,
)


@examples(500, soak=20_000)
@given(small_rules, small_answers, small_amounts)
def test_any_rules_at_all_are_compiled_truly(
    rules: list[Rule], chosen: Answers, amounts: Amounts
) -> None:
    path = ASKED.trace_path(chosen)
    facing = Situation(path.answers, path.off_path, ASKED.unsure_options, amounts)
    compiled = CompiledRules(ASKED, rules, {})
    marks = compiled.encode_answers(path.answers, path.off_path, amounts)
    assert compiled.level(marks) == reference_urgency(tuple(rules), path, facing)
    fired = compiled.fired(marks)
    assert {i for i, certain in fired if certain} == {
        i for i, rule in enumerate(rules) if judge_condition(rule.when, facing) is Truth.TRUE
    }
    assert [compiled.explain_match(marks, i, "rule") for i, _ in fired] == [
        explain_condition(rules[i].when, facing) for i, _ in fired
    ]


def small_routes(*above: str) -> st.SearchStrategy[Condition]:
    """Conditions on answers to these questions alone."""
    return small_conditions.filter(
        lambda when: all(
            isinstance(leaf, Choice) and leaf.question in above for leaf in walk_leaves(when)
        )
    )


@examples(500, soak=20_000)
@given(small_routes("size", "age"), small_routes("size", "age", "feed"), small_answers)
def test_the_compiled_path_is_the_one_that_walking_gives(
    feed: Condition, skin: Condition, chosen: Answers
) -> None:
    """Also for an answer without an option, and for one that today's question does not have."""
    waiting = {"feed": feed, "skin": skin}
    asked = Questionnaire(tuple(replace(q, ask_if=waiting.get(q.id)) for q in ASKED))
    for given_answers in (
        chosen,
        {**chosen, "age": frozenset()},
        {**chosen, "size": frozenset({"gone"})},
    ):
        kept: dict[str, frozenset[str]] = {}
        off: set[str] = set()
        for question in asked:
            facing = Situation(kept, off, asked.unsure_options, {})
            if question.ask_if and judge_condition(question.ask_if, facing) is Truth.FALSE:
                off.add(question.id)
            elif question.id in given_answers:
                kept[question.id] = given_answers[question.id]
        path = asked.trace_path(given_answers)
        assert (path.off_path, path.answers) == (off, kept)


def test_the_same_answers_give_the_same_marks_and_others_do_not() -> None:
    quiet = marks_of(answers(), {})
    assert marks_of(dict(reversed(answers().items())), {}) == quiet
    one_step = [
        marks_of(answers({asked.id: [option]}), {})
        for asked in rulebook().questionnaire
        for option in asked.option_ids
        if asked.id in answers() and answers()[asked.id] != {option}
    ]
    assert len({quiet, *one_step}) == len(one_step) + 1


def test_the_compiled_form_holds_no_word_of_the_rulebook() -> None:
    """Its source is made of numbers only, so that no rule file can put code into it."""
    compiled = rulebook().compiled_rules
    functions = [compiled.level, compiled.fired, *compiled.matched_groups.values()]
    constants = {type(c) for f in functions for c in f.__code__.co_consts}
    names = {name for f in functions for name in f.__code__.co_names}
    assert constants <= {int, bool, type(None), tuple}
    assert names <= {"append", "bool", "sort"}


def test_nothing_that_a_person_answered_is_kept() -> None:
    given_answers = {
        question: frozenset(sorted(chosen)) for question, chosen in QUIET_LUMPS[0].items()
    }
    kept = [weakref.ref(chosen) for chosen in given_answers.values()]
    assess_answers(rulebook(), given_answers)
    build_safety_net(rulebook(), given_answers)
    assess_doubts(rulebook(), given_answers)
    del given_answers
    gc.collect()
    assert kept
    assert [chosen() for chosen in kept if chosen() is not None] == []
