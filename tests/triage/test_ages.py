"""Property (q): what an age rules out is asked back, and being asked back lowers nobody's level."""

from dataclasses import replace
from itertools import product

import pytest

from app.rulebook.roles import list_age_contradictions
from app.triage.rules import assess_answers
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
    contradiction_ids = set(assess_answers(rulebook(), given).contradictions)
    wanted = {entry.asked_back} if entry.asked_back else set()
    of_age = {c.id for c in rulebook().contradictions if "age" in c.questions}
    assert (
        contradiction_ids & of_age
        == wanted
        == set(list_age_contradictions(rulebook(), entry.question, option, age))
    )


@pytest.mark.parametrize(("entry", "option", "age"), PAIRS)
def test_being_asked_back_about_the_age_lowers_no_level(entry, option, age):
    given, without = person(entry.question, option, age)
    asked = assess_answers(rulebook(), given)
    assert asked.urgency == assess_answers(SILENT, given).urgency
    if entry.asked_back:
        assert asked.urgency >= assess_answers(rulebook(), without).urgency
