"""Property (q): what an age rules out is asked back, and being asked back lowers nobody's level."""

from dataclasses import replace
from itertools import product

import pytest

from app.triage.loading.checks_ages import asked_back
from app.triage.rules import assess
from tests.builders import answers, rulebook

PAIRS = [
    pytest.param(entry, option, age, id=f"{entry.question}-{option}-{age}")
    for entry in rulebook().age_pairs
    for option, age in product(entry.options, entry.ages)
]
BABYS = {"baby_breath": "none", "baby_body": "none", "baby": "none"}
SILENT = replace(rulebook(), contradictions=())


def person(question, option, age):
    """A quiet lump of this age with this one tick, and the same without the tick."""
    of_a_baby = BABYS if age in ("under_3m", "under_1") else {}
    return (
        answers({"age": age, **of_a_baby, question: option}),
        answers({"age": age, **of_a_baby}),
    )


@pytest.mark.parametrize(("entry", "option", "age"), PAIRS)
def test_each_pair_of_option_and_age_is_asked_back_or_left_open_as_it_is_said(entry, option, age):
    given, _ = person(entry.question, option, age)
    told = set(assess(rulebook(), given).contradictions)
    wanted = {entry.asked_back} if entry.asked_back else set()
    of_age = {c.id for c in rulebook().contradictions if "age" in c.questions}
    assert told & of_age == wanted == set(asked_back(rulebook(), entry.question, option, age))


@pytest.mark.parametrize(("entry", "option", "age"), PAIRS)
def test_being_asked_back_about_the_age_lowers_no_level(entry, option, age):
    given, without = person(entry.question, option, age)
    asked = assess(rulebook(), given)
    assert asked.urgency == assess(SILENT, given).urgency
    if entry.asked_back:
        assert asked.urgency >= assess(rulebook(), without).urgency
