"""What must not be missed: every result says of each danger what was asked and what was told."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.triage.dangers import (
    CLEAR,
    FOUND,
    OPEN,
    SIGN,
    STATES,
    UNSURE,
    add_todays_signs,
    assess_dangers,
)
from app.triage.rules import assess_answers
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
ALIKE = {
    "abscess": "infection",
    "infection_or_warfarin_skin": "infection",
    "joint_infection": "septic_joint",
    "sarcoma": "cancer",
    "skin_cancer": "cancer",
    "finger_blood_flow": "finger_blood_flow",
}
"""Look-alikes that are a danger by another name."""
HARMLESS = {
    *("gout", "ganglion", "mucous_cyst", "bony_nodes", "skin_cyst", "lipoma", "xanthoma", "pxe"),
    *("rheumatoid_nodule", "osteoma", "wart_molluscum", "lymph_node", "fat_necrosis", "milia"),
    *("tendon_tumour", "pilomatrixoma", "bone_in_muscle", "insulin_lump", "injection_lump"),
    *("vein_stone", "dermatofibroma", "foreign_body", "calcific_tendon", "amyloid"),
    "sarcoid_lump",
}
OF_THEIR_OWN = {"hernia", "blood_vessel_bulge", "vein_clot", "temple_artery"}
"""No harmless look-alikes, and no danger of the list: each has an urgency rule of its own."""
TOGETHER = [
    (
        "finger_blood_flow",
        "place",
        {"finger", "toe", "widespread"},
        "skin",
        {"dead_skin", "purple_quiet"},
    ),
    ("nerves", "baby_breath", {"baby_limp"}, "baby_breath", {"baby_limp"}),
    *(
        ("high_calcium", q, {o}, q, {o})
        for q, o in (("baby_breath", "baby_half"), ("baby", "baby_less"))
    ),
]
"""Signs that speak of a danger, some only where two of them meet."""


def found_in(given: Answers) -> dict[str, str]:
    return {name: state for name, (state, _) in whole(given).items()}


def whole(given: Answers) -> dict[str, tuple[str, bool]]:
    book = rulebook()
    path = book.questionnaire.trace_path(given)
    looked = assess_dangers(
        book.dangers, book.questionnaire, path, assess_answers(book, path.answers)
    )
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
        ("calciphylaxis", {"skin": "purple_quiet"}),
        ("calciphylaxis", {"kidney": "dialysis", "pain": "severe"}),
        ("infection", {"skin": "pus"}),
        ("infection", {"sudden": "shaking"}),
        ("septic_joint", {"unwell": "joint_hot"}),
        ("cancer", {"change": "grown"}),
        ("cancer", {"skin": "sore_4_weeks"}),
        ("finger_blood_flow", {"limbs": "digit_dead"}),
        ("nerves", {"limbs": "both_weak"}),
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
        ("high_calcium", {"reason": "high_calcium"}),
        ("finger_blood_flow", {"unwell": "finger_colour"}),
    ],
)
def test_a_sign_that_counts_only_with_others_is_told_as_one(
    danger: str, given: dict[str, str]
) -> None:
    assert found_in(answers(given))[danger] == SIGN


def test_a_doubt_clears_no_danger() -> None:
    found = found_in(answers(breath="not_sure", skin="not_sure", unwell="not_sure"))
    assert set(found.values()) == {UNSURE}
    assert found_in(answers(skin=["not_sure", "pus"]))["infection"] == FOUND


def test_a_closer_look_that_was_not_asked_denies_nothing() -> None:
    """Who has no sore skin is not asked about it."""
    state = found_in(answers(reason="pain_weakness"))
    assert (state["cancer"], state["calciphylaxis"]) == (OPEN, OPEN)


def test_signs_that_are_still_to_be_asked_are_told() -> None:
    some = {name: chosen for name, chosen in answers().items() if name in ("breath", "age")}
    assert set(found_in(some).values()) == {OPEN}


def test_of_a_baby_it_is_told_what_was_not_asked_and_of_others_nothing() -> None:
    partly = {name for name, (_, some) in whole(answers(BABY)).items() if some}
    assert partly == {"nerves", "high_calcium"}
    assert not any(some for _, some in whole(answers()).values())


def test_a_sign_that_is_ticked_is_never_called_clear() -> None:
    for given, _ in [*known_people(), *some_people(300, seed=9)]:
        found, counted = found_in(given), rulebook().questionnaire.trace_path(given).answers
        for danger in rulebook().dangers:
            if any(signs & counted.get(name, set()) for name, signs in danger.signs.items()):
                assert found[danger.id] in (FOUND, UNSURE, SIGN)


def test_black_skin_on_a_finger_is_a_sign_of_a_finger_with_too_little_blood() -> None:
    for place in ("finger", "toe"):
        assert found_in(answers(place=place, skin="dead_skin"))["finger_blood_flow"] == SIGN
    assert found_in(answers(place="back", skin="dead_skin"))["finger_blood_flow"] == CLEAR


def test_where_nobody_knows_the_place_black_skin_may_be_on_a_finger() -> None:
    assert found_in(answers(place="not_sure", skin="dead_skin"))["finger_blood_flow"] == UNSURE
    assert found_in(answers(place="finger", skin="not_sure"))["finger_blood_flow"] == UNSURE


@pytest.mark.parametrize(
    ("danger", "question", "sign"),
    [
        ("nerves", "baby_breath", "baby_limp"),
        ("high_calcium", "baby_breath", "baby_half"),
        ("high_calcium", "baby_breath", "baby_dry"),
        ("high_calcium", "baby", "baby_less"),
        ("high_calcium", "baby", "baby_nappies"),
    ],
)
def test_what_a_baby_is_asked_instead_counts_as_a_sign(
    danger: str, question: str, sign: str
) -> None:
    assert found_in(answers(BABY | {question: sign}))[danger] == SIGN


def test_what_cannot_be_asked_of_a_baby_is_not_called_clear() -> None:
    found = found_in(answers(BABY))
    assert (found["nerves"], found["high_calcium"], found["cancer"]) == (OPEN, OPEN, CLEAR)


def single_options() -> Iterator[Answers]:
    """Each option alone, on a lump that is quiet, on a finger, and of a baby."""
    for person in ({}, {"place": "finger"}, BABY):
        for question in rulebook().questionnaire:
            yield from (answers(person | {question.id: one}) for one in question.option_ids)


def test_no_danger_is_denied_where_a_sign_or_look_alike_or_rule_of_it_speaks() -> None:
    book = rulebook()
    people = [*(given for given, _ in [*known_people(), *some_people(2000, seed=11)])]
    for given in [*people, *single_options()]:
        path = book.questionnaire.trace_path(given)
        assessment = assess_answers(book, path.answers)
        denied = {name for name, state in found_in(given).items() if state == CLEAR}
        for danger in (known for known in book.dangers if known.id in denied):
            assert not danger.rules & {finding.rule for finding in assessment.findings}
            for question, signs in danger.signs.items():
                answered = path.answers.get(question, frozenset())
                assert answered or question in path.off_path
                assert not answered & {*signs, book.questionnaire[question].unsure}
            assert not path.off_path & set(danger.not_asked)
        assert denied.isdisjoint(ALIKE.get(alike.id, "") for alike in assessment.look_alikes)
        for danger, first, some, second, others in TOGETHER:
            if some & path.answers.get(first, set()) and others & path.answers.get(second, set()):
                assert danger not in denied


def test_every_look_alike_is_of_a_danger_or_harmless() -> None:
    """A new one has to be thought of here."""
    book = rulebook()
    assert set(book.wording["en"].look_alikes) == {*ALIKE, *HARMLESS, *OF_THEIR_OWN}
    assert {a: d.id for d in book.dangers for a in d.look_alikes} == ALIKE


def test_answers_judged_by_older_rules_are_searched_for_the_signs_of_today() -> None:
    book = rulebook()
    older = tuple(replace(danger, also=(), look_alikes=frozenset()) for danger in book.dangers)
    given = answers(place="finger", skin="dead_skin")
    path, assessment = book.questionnaire.trace_path(given), assess_answers(book, given)
    today = add_todays_signs(older, book.dangers, book.questionnaire)
    states = {
        one.danger: one.state for one in assess_dangers(today, book.questionnaire, path, assessment)
    }
    assert states == found_in(given)
    elsewhere = replace(older[4], also=({"no_such": frozenset({"x"})},))
    (kept,) = add_todays_signs(older[4:5], [elsewhere], book.questionnaire)
    assert kept.also == ()


def test_every_emergency_is_of_a_danger_or_a_sign_of_the_emergency_box() -> None:
    """What no danger names is an emergency of its own kind; a new one has to be thought of here."""
    emergencies = {r.id for r in rulebook().rules if r.urgency is Urgency.emergency}
    named = set().union(*(danger.rules for danger in rulebook().dangers))
    of_its_own = {"E1", "E7", "E11", "E15", "E18", "E19", "E20", "E12", "E23", "E17", "E16"}
    of_its_own |= {"E25", "E26", "E27", "E28"}  # a clot in the lung, a trapped hernia, no insulin
    of_its_own |= {"E29", "E31", "E32", "E35"}  # head, torsion, a lump that beats, no steroid
    assert emergencies - named <= of_its_own
