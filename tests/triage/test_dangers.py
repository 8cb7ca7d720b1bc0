"""What must not be missed: every result says of each danger what was asked and what was told."""

import pytest

from app.triage.dangers import CLEAR, FOUND, OPEN, SIGN, STATES, UNSURE, look_for
from app.triage.rules import assess
from app.triage.terms import Answers, Urgency
from tests.builders import answers, rulebook
from tests.triage.test_safetynet import known_people, some_people

DANGERS = [
    "calciphylaxis",
    "infection",
    "septic_joint",
    "cancer",
    "finger_blood_flow",
    "nerves",
    "high_calcium",
]
BABY = {"age": "under_1", "baby": "none"}


def found_in(given: Answers) -> dict[str, str]:
    return {name: state for name, (state, _) in whole(given).items()}


def whole(given: Answers) -> dict[str, tuple[str, bool]]:
    book = rulebook()
    path, findings = book.questionnaire.path(given), assess(book, given).findings
    looked = look_for(book.dangers, book.questionnaire, path, findings)
    return {one.danger: (one.state, one.partly_asked) for one in looked}


def test_all_seven_are_looked_for_in_every_result() -> None:
    for given, _ in known_people()[::3]:
        found = found_in(given)
        assert list(found) == DANGERS
        assert set(found.values()) <= set(STATES)


def test_a_quiet_lump_shows_no_sign_of_any() -> None:
    assert set(found_in(answers()).values()) == {CLEAR}


@pytest.mark.parametrize(
    ("danger", "given"),
    [
        ("calciphylaxis", {"skin": "purple_new"}),
        ("calciphylaxis", {"kidney": "dialysis", "pain": "severe"}),
        ("infection", {"skin": "pus"}),
        ("infection", {"now": "sepsis"}),
        ("septic_joint", {"unwell": "joint_hot"}),
        ("cancer", {"change": "growing"}),
        ("cancer", {"skin": "sore_4_weeks"}),
        ("finger_blood_flow", {"now": "finger"}),
        ("nerves", {"now": "nerves"}),
        ("nerves", {"unwell": "numb_limb"}),
        ("high_calcium", {"unwell": "thirst", "medicines": "vitamin_d_calcium"}),
    ],
)
def test_answers_that_a_rule_on_it_counts_point_to_it(danger: str, given: dict[str, str]) -> None:
    assert found_in(answers(given))[danger] == FOUND


@pytest.mark.parametrize(
    ("danger", "given"),
    [
        ("infection", {"unwell": "fever"}),
        ("high_calcium", {"unwell": "thirst"}),
        ("high_calcium", {"known": "high_calcium"}),
        ("finger_blood_flow", {"autoimmune": "finger_colour"}),
    ],
)
def test_a_sign_that_counts_only_with_others_is_told_as_one(
    danger: str, given: dict[str, str]
) -> None:
    assert found_in(answers(given))[danger] == SIGN


def test_a_doubt_clears_no_danger() -> None:
    found = found_in(answers(now="not_sure", skin="not_sure", unwell="not_sure"))
    assert set(found.values()) == {UNSURE}
    assert found_in(answers(skin=["not_sure", "pus"]))["infection"] == FOUND


def test_signs_that_are_still_to_be_asked_are_told() -> None:
    some = {name: chosen for name, chosen in answers().items() if name in ("now", "age")}
    assert set(found_in(some).values()) == {OPEN}


def test_of_a_baby_it_is_told_what_was_not_asked_and_of_others_nothing() -> None:
    partly = {name for name, (_, some) in whole(answers(BABY)).items() if some}
    assert partly == {"nerves", "high_calcium"}
    assert not any(some for _, some in whole(answers()).values())


def test_a_sign_that_is_ticked_is_never_called_clear() -> None:
    for given, _ in [*known_people(), *some_people(300, seed=9)]:
        found, counted = found_in(given), rulebook().questionnaire.path(given).answers
        for danger in rulebook().dangers:
            if any(signs & counted.get(name, set()) for name, signs in danger.signs.items()):
                assert found[danger.id] in (FOUND, UNSURE, SIGN)


def test_every_emergency_is_of_a_danger_or_a_sign_of_the_emergency_box() -> None:
    """What no danger names is an emergency of its own kind; a new one has to be thought of here."""
    emergencies = {r.id for r in rulebook().rules if r.urgency is Urgency.emergency}
    named = set().union(*(danger.rules for danger in rulebook().dangers))
    of_its_own = {"E1", "E7", "E11", "E15", "E18", "E19", "E20", "E12", "E23", "E17", "E16"}
    of_its_own |= {"E25", "E26", "E27"}  # a clot in the lung, a trapped hernia, no insulin
    assert emergencies - named <= of_its_own
