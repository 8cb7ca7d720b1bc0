"""Property (k): a warning promises no more than the rules give to whoever has what it warns of."""

from collections.abc import Iterator

import pytest

from app.triage.advice import AdviceRule
from app.triage.conditions import Choice, judge_condition, walk_leaves
from app.triage.terms import Answers, Truth
from tests.assurance.anyone import reply
from tests.builders import GATES, QUIET_LUMPS, level, question, rulebook, seeded, situation

WARNINGS = [rule for rule in rulebook().advice if rule.section == "watch"]
SIGNS = [
    pytest.param(rule, sign, id=f"{rule.advice.id}-{sign[1]}")
    for rule in WARNINGS
    for sign in sorted(rule.signs)
]
AGES = {"baby_breath": ("under_3m", "under_1"), "baby_body": ("under_3m", "under_1")}
AGES["baby"] = AGES["baby_breath"]
TRIES, ENOUGH = 400, 5


def with_the_sign(rule: AdviceRule, sign: tuple[str, str]) -> Iterator[Answers]:
    """People for whom the warning certainly holds, quiet but for it and the sign."""
    chance = seeded(7)
    read = (
        [leaf for leaf in walk_leaves(rule.when) if isinstance(leaf, Choice)] if rule.when else []
    )
    asked = sorted({leaf.question for leaf in read})
    for _ in range(TRIES):
        given = dict(chance.choice(QUIET_LUMPS))
        for name in asked:
            given[name] = reply(chance, question(name))
        if rule.places:
            given["place"] = frozenset([chance.choice(sorted(rule.places))])
        for name, gate in GATES.items():
            if name in asked:
                given["conditions"] = given["conditions"] - {"none", "not_sure"} | {gate}
        name, option = sign
        if name in AGES and "age" not in asked:
            given["age"] = frozenset([chance.choice(AGES[name])])
        many = question(name).kind == "many"
        rule_applies = (
            rule.when is None or judge_condition(rule.when, situation(given)) is Truth.TRUE
        )
        before = given[name] - {question(name).none} if many else frozenset[str]()
        given[name] = before | {option}
        kept = rulebook().questionnaire.trace_path(given).answers
        if rule_applies and option in kept.get(name, ()):
            yield given


@pytest.mark.parametrize(("rule", "sign"), SIGNS)
def test_whoever_has_the_sign_of_a_warning_gets_its_level(
    rule: AdviceRule, sign: tuple[str, str]
) -> None:
    people = list(with_the_sign(rule, sign))
    assert len(people) >= ENOUGH
    assert rule.urgency is not None
    levels = {level(given) for given in people}
    assert min(levels) >= rule.urgency
    assert rule.urgency in levels, "it says too little"


def test_a_warning_without_signs_says_why_no_option_tells_it() -> None:
    unsigned = {rule.advice.id for rule in WARNINGS if not rule.signs and rule.no_option}
    assert unsigned == {"watch-two-weeks", "watch-worried"}
    silent = {rule.advice.id for rule in WARNINGS if not rule.signs and not rule.no_option}
    assert silent == {"while-waiting", "watch-dark-skin"}


def test_what_a_warning_stands_for_is_among_its_signs() -> None:
    for rule in WARNINGS:
        if rule.signs:
            assert rule.covers | rule.covered_by <= rule.signs, rule.advice.id


def test_the_emergency_box_of_a_baby_speaks_of_a_baby_alone() -> None:
    words = rulebook().wording["en"]
    for age in ("under_3m", "under_1"):
        lines = words.emergency_box_for({age})
        assert tuple(lines) == tuple(words.box_lines)
        text = " ".join(lines.values())
        assert not [word for word in ("speech", "testicle", "headache", "baby") if word in text]
    assert words.emergency_box_for({"adult"}) == words.box_lines
    assert words.emergency_box_for(()) == words.box_lines | words.box_of_any_age
    assert "baby" in " ".join(words.any_age_box)
