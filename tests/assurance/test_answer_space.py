"""The decision diagrams count and judge as one who walks through every answer set by hand.

Small rulebooks are walked in full, with the second reading of the rules; of the real one, people
are drawn and shown to the engine.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.assurance.proof.answer_space import AnswerSpace
from app.assurance.proof.answer_types import AT_MOST, AnswerTypes
from app.assurance.proof.asking import count_question_impact, format_impact_table
from app.assurance.proof.diagram_level import measure_walk_lengths
from app.assurance.proof.evaluator import LEVELS, Answers, Evaluator
from app.triage.rules import assess_answers
from tests.assurance.rulebooks import small_rulebook
from tests.builders import QUIET_LUMPS, RULES, SOAK, rulebook, seeded

PEOPLE = 20_000 if SOAK else 1_000
QUESTIONS: list[dict[str, Any]] = [
    {"id": "age", "kind": "one", "options": ["baby", "adult"]},
    {"id": "skin", "kind": "many", "none": "normal", "options": ["red", "open"]},
    {
        "id": "fever",
        "kind": "one",
        "options": ["high", "none"],
        "ask_if": {"not": {"question": "skin", "includes": "normal"}},
    },
    {"id": "place", "kind": "many", "none": "nowhere", "options": ["hand"]},
]
BABY, RED = {"question": "age", "is": "baby"}, {"question": "skin", "includes": "red"}
RULES_OF_FOUR: list[dict[str, Any]] = [
    {
        "id": "E1",
        "when": {"all": [BABY, RED]},
        "urgency": "emergency",
        "if_unsure": "same_day",
    },
    {"id": "U1", "when": {"question": "fever", "is": "high"}, "urgency": "same_day"},
    {
        "id": "T1",
        "when": {"at_least": "2", "of": [
            {"question": "skin", "includes": "open"},
            {"question": "place", "includes": "hand"},
            {"not": {"question": "age", "is": "adult"}},
        ]},
        "urgency": "soon",
    },
    {
        "id": "S1",
        "when": {"all": [
            {"question": "age", "is": "adult"},
            {"question": "skin", "includes": "normal"},
        ]},
        "urgency": "self_care",
    },
]  # fmt: skip
ADVICE = [{"id": "dress", "section": "ask", "types": "all", "places": ["hand"], "levels": ["soon"]}]


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """A rulebook of four questions, of which one is not always asked."""
    folder = small_rulebook(tmp_path / "four", QUESTIONS, RULES_OF_FOUR)
    (folder / "advice.yaml").write_text(json.dumps(ADVICE))
    return folder


def walks(judge: Evaluator, so_far: Mapping[str, frozenset[str]]) -> Iterator[Answers]:
    """Every way to answer what is still to be asked."""
    asked = judge.judge_answers(so_far).next
    if asked is None:
        yield so_far
        return
    for reply in _replies(next(q for q in judge.questions.values() if q["id"] == asked)):
        yield from walks(judge, {**so_far, asked: frozenset(reply)})


def _replies(question: Mapping[str, Any]) -> list[tuple[str, ...]]:
    ids = [*(option["id"] for option in question["options"]), question["unsure"]]
    most = 1 if question["kind"] == "one" else len(ids)
    ways = [way for n in range(most) for way in combinations(ids, n + 1)]
    return [*ways, (question["none"],)] if "none" in question else ways


def test_every_answer_set_is_counted_once_with_its_level(four: Path) -> None:
    space, judge = AnswerSpace(four), Evaluator(four)
    everyone = list(walks(judge, {}))
    by_hand = Counter(judge.judge_answers(answers).level for answers in everyone)
    assert len(by_hand) == len(LEVELS)
    assert {
        u: space.count_answer_sets(space.without_labs(space.exactly_at_level(u))) for u in LEVELS
    } == by_hand
    assert space.count_answer_sets(space.without_labs(space.complete_answers)) == len(everyone)


def test_the_lengths_of_all_walks_are_counted(four: Path) -> None:
    space = AnswerSpace(four)
    by_hand = Counter(len(answers) for answers in walks(Evaluator(four), {}))
    assert {
        steps: space.count_answer_sets(where)
        for steps, where in measure_walk_lengths(space).items()
    } == by_hand


def test_what_an_answer_can_still_change_is_counted_as_by_hand(four: Path) -> None:
    space, judge = AnswerSpace(four), Evaluator(four)
    everyone = list(walks(judge, {}))
    found = count_question_impact(space)
    for name in judge.questions:
        earlier = list(judge.questions)[: list(judge.questions).index(name)]
        moved = {name, *space.find_follow_ups(name)}
        befores, calm = set(), set()
        levels: dict[tuple[Any, Any], set[str]] = {}
        advised: dict[tuple[Any, Any], set[bool]] = {}
        for answers in (a for a in everyone if name in a):
            before = tuple(answers.get(q) for q in earlier)
            rest = tuple(answers.get(q) for q in judge.questions if q not in moved)
            level = judge.judge_answers(answers).level
            befores.add(before)
            levels.setdefault((before, rest), set()).add(level)
            if level != "emergency":
                calm.add(before)
                advice = level == "soon" and "hand" in answers["place"]
                advised.setdefault((before, rest), set()).add(advice)
        worth = found[name]
        assert (worth.asked, worth.open) == (len(befores), len(calm))
        assert worth.level == len({before for (before, _), u in levels.items() if len(u) > 1})
        assert worth.advice == len({before for (before, _), a in advised.items() if len(a) > 1})
    assert "never" in format_impact_table(found)


def test_two_rulebooks_beside_each_other_show_where_they_differ(four: Path, tmp_path: Path) -> None:
    milder = [{**rule, "urgency": "soon"} if rule["id"] == "U1" else rule for rule in RULES_OF_FOUR]
    other = small_rulebook(tmp_path / "milder", QUESTIONS, milder)
    old = AnswerSpace(four)
    new = AnswerSpace(other, beside=old)
    down = (
        old.complete_answers
        & new.complete_answers
        & old.at_least["same_day"]
        & ~new.at_least["same_day"]
    )
    judge, later = Evaluator(four), Evaluator(other)
    by_hand = [
        a for a in walks(judge, {}) if judge.judge_answers(a).level != later.judge_answers(a).level
    ]
    assert new.count_answer_sets(new.whatever_labs(down)) == len(by_hand) > 0
    assert new.decode_case(new.find_smallest(down) or {})["fever"] == ["high"]


@pytest.fixture(scope="module")
def types() -> AnswerTypes:
    """The likely types of those who say little, by the real rulebook."""
    found = AnswerTypes(AnswerSpace(RULES))
    assert found.likely_types
    return found


def who_says_little(chance: Random) -> Answers:
    """A quiet lump with so little said that the diagrams know it; the lump is one of these things.

    Without a lump or the like hardly a question is asked.
    """
    silent = {q.id: frozenset([q.none]) for q in rulebook().questionnaire if q.none}
    given = {**QUIET_LUMPS[0], **silent, "reason": frozenset(["lump"])}
    others = [q for q in rulebook().questionnaire if q.id != "reason"]
    for question in chance.sample(others, chance.randint(0, AT_MOST - 1)):
        given[question.id] = frozenset([chance.choice(question.option_ids)])
    return rulebook().questionnaire.trace_path(given).answers


def named(types: AnswerTypes, answers: Answers) -> list[str]:
    """The kinds that the diagrams name for these answers."""
    space = types.space
    person = dict.fromkeys(space.bdd.vars, False) | {
        space.options[name][option]: True
        for name, chosen in answers.items()
        for option in chosen
        if option in space.options[name]
    }
    return [k for k, u in types.likely_types.items() if space.bdd.let(person, u) == space.bdd.true]


def test_the_diagrams_name_the_likely_type_that_the_engine_names(types: AnswerTypes) -> None:
    chance, met = seeded(None if SOAK else 6), 0
    for _ in range(PEOPLE):
        answers = who_says_little(chance)
        if kinds := named(types, answers):
            assert kinds == [assess_answers(rulebook(), answers).likely_type]
            met += 1
    assert met > PEOPLE * 0.9


def test_the_engine_names_every_type_that_the_diagrams_name(types: AnswerTypes) -> None:
    space = types.space
    for kind, where in types.likely_types.items():
        case_answers = space.decode_case(space.find_smallest(where) or {})
        answers = {name: frozenset(chosen) for name, chosen in case_answers.items()}
        assert assess_answers(rulebook(), answers).likely_type == kind
        assert named(types, answers) == [kind]
