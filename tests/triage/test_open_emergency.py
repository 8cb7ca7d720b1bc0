"""An emergency that "not sure" leaves open: found for everyone, named by what would settle it."""

from __future__ import annotations

import pytest

from app.triage.explain import describe_open_signs
from app.triage.rules import assess_answers
from app.triage.second_look import OpenEmergency, find_open_emergency
from app.triage.terms import Answers, Urgency
from tests.assurance.anyone import anyone
from tests.builders import SOAK, Chosen, Labs, answers, question, rulebook, seeded, ticks

WORDS = rulebook().wording["en"]
PEOPLE = list(anyone(seeded(None if SOAK else 23), 20_000 if SOAK else 2_000))


def found(given: Answers, labs: Labs | None = None) -> OpenEmergency | None:
    return find_open_emergency(rulebook(), given, assess_answers(rulebook(), given, labs), labs)


def open_of(**changes: Chosen) -> OpenEmergency | None:
    return found(answers(**changes))


def lines(open_: OpenEmergency, ages: frozenset[str] = frozenset({"adult"})) -> list[str]:
    return describe_open_signs(
        open_, rulebook().questionnaire, WORDS, WORDS.questions.__getitem__, ages
    )


def test_every_open_emergency_is_found_and_named_and_nothing_else_is() -> None:
    met = 0
    for given, labs in PEOPLE:
        result = assess_answers(rulebook(), given, labs)
        grave = {rule.id for rule in rulebook().rules if rule.urgency is Urgency.emergency}
        left = [f for f in result.findings if f.rule in grave and not f.certain]
        open_ = found(given, labs)
        assert (open_ is not None) is (left != [] and result.urgency < Urgency.emergency)
        if open_ is not None:
            met += 1
            assert lines(open_) != []
            assert result.urgency is Urgency.same_day
    assert met > 25


def test_a_sign_that_is_named_is_an_emergency_once_it_is_ticked() -> None:
    for given, labs in PEOPLE:
        open_ = found(given, labs)
        for name, option in open_.signs if open_ else ():
            ticked = {option} if question(name).kind == "one" else given[name] | {option}
            after = assess_answers(rulebook(), {**given, name: frozenset(ticked)}, labs)
            assert question(name).unsure in given[name]
            assert after.urgency is Urgency.emergency


def test_not_sure_about_the_signs_of_an_emergency_names_each_of_them() -> None:
    open_ = open_of(breath="not_sure")
    assert open_ is not None
    assert [option for _, option in open_.signs] == list(ticks("breath"))
    assert set(lines(open_)) <= set(WORDS.any_age_box)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"limbs": "not_sure"}, "New black, grey or dark purple skin"),
        ({"skin": "not_sure", "pain": "mild"}, "New black, grey or dark purple skin"),
        ({"unwell": ["joint_hot", "not_sure"]}, "A sore joint that suddenly cannot move"),
        (
            {"unwell": "sick", "reason": "not_sure"},
            "Drinks that do not stay down, or great thirst with weakness",
        ),
        ({"autoimmune": "not_sure", "unwell": "swallowing"}, "Trouble swallowing or breathing"),
        ({"age": "under_1", "baby_breath": "not_sure"}, "loppy"),
    ],
    ids=str,
)
def test_the_sign_is_named_in_plain_words(changes: dict[str, Chosen], named: str) -> None:
    open_ = open_of(**changes)
    assert open_ is not None
    ages = answers(**changes)["age"]
    assert any(named in line for line in lines(open_, ages))


def test_a_certain_emergency_and_a_harmless_doubt_leave_nothing_open() -> None:
    assert open_of(breath=["breathing", "not_sure"]) is None
    assert open_of(before="not_sure") is None
    assert open_of() is None


def test_no_line_is_said_twice() -> None:
    for given, labs in PEOPLE:
        if open_ := found(given, labs):
            assert len(set(lines(open_))) == len(lines(open_))
