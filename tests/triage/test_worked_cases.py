"""The worked cases: small made-up people who pin down each rule from both sides.

rules/cases/worked/*.yaml; a case says only what differs from default.yaml. `rule`: it certainly
fires; `near_miss`: it does not fire at all, one answer or one value away from a case where it does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest
import yaml

from app.triage.labs import read_lab_amounts
from app.triage.questionnaire import parse_answer
from app.triage.rules import assess_answers
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, TYPES, Answers, Assessment, Urgency
from tests.builders import WORKED, Labs, answers, fired, labs, question, rulebook

KEYS = {"id", "about", "answers", "labs", "urgency", "likely_type", "rule", "near_miss"}


@dataclass(frozen=True)
class Worked:
    """One worked case."""

    id: str
    about: str
    answers: Answers
    labs: Labs
    urgency: str
    likely_type: str | None
    rules: tuple[str, ...]
    near_misses: tuple[str, ...]


def worked_cases() -> Iterator[Worked]:
    for file in sorted(WORKED.glob("*.yaml")):
        if file.name != "default.yaml":
            yield from map(_worked, yaml.safe_load(file.read_text(encoding="utf-8")))


def _worked(raw: dict) -> Worked:
    assert set(raw) <= KEYS, raw
    return Worked(
        id=raw["id"],
        about=raw["about"],
        answers=answers(raw.get("answers", {})),
        labs=labs(**raw.get("labs", {})),
        urgency=raw["urgency"],
        likely_type=raw.get("likely_type"),
        rules=_several(raw.get("rule", [])),
        near_misses=_several(raw.get("near_miss", [])),
    )


def _several(names: str | list[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


CASES = list(worked_cases())
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_rule = pytest.mark.parametrize("rule", [rule.id for rule in rulebook().rules])


@cache
def _result(name: str) -> Assessment:
    case = next(case for case in CASES if case.id == name)
    return assess_answers(rulebook(), case.answers, case.labs)


@each_case
def test_a_worked_case_gets_its_level_and_type(case: Worked) -> None:
    result = _result(case.id)
    assert result.urgency.name == case.urgency
    assert case.likely_type in (None, result.likely_type)


@each_case
def test_a_worked_case_fires_its_rule_and_not_the_one_it_just_misses(case: Worked) -> None:
    result = _result(case.id)
    assert set(case.rules) <= fired(result)
    assert not set(case.near_misses) & {finding.rule for finding in result.findings}


@each_case
def test_a_worked_case_is_answered_whole_and_well(case: Worked) -> None:
    result = _result(case.id)
    assert (result.complete, result.ignored) == (True, ())
    for name, chosen in case.answers.items():
        assert parse_answer(question(name), sorted(chosen)) == chosen
    read_lab_amounts(rulebook().laboratory, case.labs)


def test_worked_cases_are_told_apart_by_their_ids_and_words() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
    assert all(case.about.endswith(".") or case.about.endswith("?") for case in CASES)


@each_rule
def test_every_rule_is_fired_by_a_worked_case(rule: str) -> None:
    assert any(rule in case.rules for case in CASES)


@each_rule
def test_every_rule_is_just_not_fired_by_another(rule: str) -> None:
    """ "Just": one answer, or one laboratory value, away from a case in which the rule fires."""
    firing = [case for case in CASES if rule in case.rules]
    missing = [case for case in CASES if rule in case.near_misses]
    assert any(_steps(one, other) == 1 for one in firing for other in missing)


@each_case
def test_a_near_miss_is_one_step_away_from_a_case_that_fires(case: Worked) -> None:
    for rule in case.near_misses:
        firing = [_steps(case, other) for other in CASES if rule in fired(_result(other.id))]
        assert min(firing) == 1, rule


def test_no_case_speaks_of_a_rule_that_is_not_there() -> None:
    known = {rule.id for rule in rulebook().rules}
    spoken = {name for case in CASES for name in (*case.rules, *case.near_misses)}
    assert spoken <= known


def test_worked_cases_reach_every_level_and_every_type() -> None:
    assert {case.urgency for case in CASES} == {urgency.name for urgency in Urgency}
    types = {case.likely_type for case in CASES if case.likely_type}
    assert types == {*TYPES, NOT_CALCINOSIS, CANNOT_TELL}


def _steps(one: Worked, other: Worked) -> int:
    """In how many answers and laboratory values two cases differ.

    An answer to a question that only one of them is asked belongs to the step that opens it.
    """
    asked = one.answers.keys() & other.answers.keys()
    changed = [q for q in asked if one.answers[q] != other.answers[q]]
    values = one.labs.keys() | other.labs.keys()
    return len(changed) + sum(one.labs.get(v) != other.labs.get(v) for v in values)
