"""Advice where it could do harm: in an emergency, with too much calcium, and for a baby."""

from __future__ import annotations

import pytest

from app.assurance.mutation.pinned import load_worked_cases
from app.triage.rules import assess_answers
from app.triage.terms import AT_EMERGENCY, Answers, Assessment, Urgency
from tests.assurance.anyone import anyone
from tests.builders import RULES, SOAK, Chosen, Labs, answers, assessed, labs, rulebook, seeded
from tests.documents.test_receipt import published_cases

WORDS = rulebook().wording["en"].advice
UNTIL_HELP_COMES = {
    "while-waiting",
    "keep-company",
    "keep-door",
    "keep-rest",
    "keep-rest-baby",
    "self-bring-medicines",
    "bring-page",
    "bring-allergies",
    "bring-warfarin",
    "bring-thinners",
    "bring-steroids",
    "do-not-pick",
    "do-not-needle",
    "do-not-rub-acid",
    "do-not-stop-medicines",
    "do-not-stop-medicines-baby",
    "do-not-stop-dialysis",
    "do-not-stop-immune",
    "do-not-take-calcium",
    "do-not-stop-warfarin",
    "do-not-stop-thinners",
    "do-not-stop-steroids",
    "do-not-extra-water",
    "do-not-twist-back",
    "do-not-bandage",
    "do-not-rub-injection",
    "do-not-stop-heparin",
    "do-not-scrub-wound",
}
"""Every line that may be told in an emergency, read one by one."""
HOLD = "do-not-take-calcium"
BESIDE_NO_HOLD = {
    "prevent-calcium",
    "prevent-calcium-child",
    "prevent-calcium-baby",
    "self-binders",
}
"""Lines that tell someone to go on with calcium, or with tablets that hold it."""
SIGNS = ["thirst", "sick", "belly", "weak_tired"]


def people() -> list[tuple[Answers, Labs]]:
    """Every published and worked case, and some thousand people made up by chance."""
    cases: list[tuple[Answers, Labs]] = [(case.answers, {}) for case in published_cases()]
    cases += [(case.answers, case.labs) for case in load_worked_cases(rulebook(), RULES)]
    return [*cases, *anyone(seeded(None if SOAK else 17), 30_000 if SOAK else 3_000)]


PEOPLE = people()


def ids(result: Assessment) -> set[str]:
    return {advice.id for section_advice in result.advice.values() for advice in section_advice}


def advice_ids(**changes: Chosen) -> set[str]:
    return ids(assessed(**changes))


# --- An emergency ---


def test_in_an_emergency_nothing_is_advised_but_to_call_keep_bring_and_not_do() -> None:
    met = 0
    for given, values in PEOPLE:
        result = assess_answers(rulebook(), given, values)
        if result.urgency is Urgency.emergency:
            met += 1
            assert {s for s, lines in result.advice.items() if lines} == {*AT_EMERGENCY}
            assert ids(result) <= UNTIL_HELP_COMES
    assert met > 500


def test_every_line_that_was_read_for_an_emergency_can_be_told_in_one() -> None:
    """Else the list above would hold what nobody looks after."""
    found: set[str] = set()
    for given, values in PEOPLE:
        result = assess_answers(rulebook(), given, values)
        found |= ids(result) if result.urgency is Urgency.emergency else set()
    assert found == UNTIL_HELP_COMES


def test_while_waiting_someone_is_told_to_call_again() -> None:
    assert [advice.id for advice in assessed(breath="confused").advice["watch"]] == [
        "while-waiting"
    ]


def test_who_takes_warfarin_is_told_whom_to_tell_and_not_to_wait_with_the_call() -> None:
    assert {"bring-warfarin", "do-not-stop-warfarin"} <= advice_ids(
        breath="fit", medicines="warfarin_lately"
    )
    assert "Do not wait with the call" in WORDS["bring-warfarin"]
    assert "until a doctor changes it, and ask the team" in WORDS["do-not-stop-warfarin"]
    assert "Ask them today" in WORDS["treat-warfarin-swap"]


def test_antibiotics_are_taken_as_they_were_prescribed() -> None:
    assert not [text for text in WORDS.values() if "finish the course" in text]
    assert "ask before stopping early" in WORDS["self-antibiotics"]


# --- Too much calcium ---


@pytest.mark.parametrize("sign", SIGNS)
def test_signs_of_high_calcium_with_calcium_taken_stop_what_was_bought(sign: str) -> None:
    result = assessed(unwell=sign, medicines="vitamin_d_calcium")
    expected = Urgency.emergency if sign == "sick" else Urgency.same_day
    assert result.urgency is expected
    assert result.advice["do_not"][0].id == HOLD
    assert not BESIDE_NO_HOLD & ids(result)


@pytest.mark.parametrize(
    "changes",
    [
        {"unwell": "sick", "reason": "high_calcium"},
        {"unwell": "sick", "medicines": "not_sure"},
        {"unwell": "sick", "medicines": "not_sure", "reason": "not_sure"},
        {"age": "under_1", "baby_breath": "baby_half", "medicines": "vitamin_d_calcium"},
        {"unwell": ["thirst"], "medicines": ["vitamin_d_calcium", "binder"], "kidney": "dialysis"},
    ],
    ids=str,
)
def test_a_known_high_calcium_a_doubt_and_a_baby_count_too(changes: dict[str, Chosen]) -> None:
    result = assessed(**changes)
    assert result.urgency >= Urgency.same_day
    assert HOLD in ids(result)
    assert not BESIDE_NO_HOLD & ids(result)


def test_a_measured_high_calcium_with_calcium_taken_counts_too() -> None:
    value = labs(calcium_adjusted="3.1 mmol/L")
    assert HOLD in ids(assessed(value, medicines="vitamin_d_calcium"))
    assert HOLD not in ids(assessed(value))


def test_nobody_is_told_to_go_on_with_calcium_beside_the_line_to_take_no_more() -> None:
    met = 0
    for given, values in PEOPLE:
        result = assess_answers(rulebook(), given, values)
        if HOLD in ids(result):
            met += 1
            assert not BESIDE_NO_HOLD & ids(result)
    assert met > 100


def test_the_line_names_what_is_sold_as_harmless_and_asks_about_what_was_prescribed() -> None:
    text = WORDS[HOLD]
    assert all(word in text for word in ("vitamin D", "calcium", "chalk", "antacid"))
    assert "from a shop" in text
    assert "prescribed them, ask today" in text
    sources = {rule.advice.id: rule.advice.sources for rule in rulebook().advice}[HOLD]
    assert "edm-mas" in sources
    assert {rulebook().sources[source].strength for source in sources} >= {"guideline"}


def test_someone_well_who_takes_calcium_is_not_told_to_stop() -> None:
    assert HOLD not in advice_ids(medicines="vitamin_d_calcium")
    assert "prevent-calcium" in advice_ids(medicines="vitamin_d_calcium", reason="calcinosis")


# --- A baby ---

OF_ADULTS = (
    *("corns", "roomy shoes", "smoke", "gout", "gloves", "rough work", "healthy weight"),
    *("Leafy greens", "100 micrograms", "when you are thirsty", "lean on them", "underwear"),
    *("no pee comes", "bisphosphonates"),
)


@pytest.mark.parametrize("age", ["under_3m", "under_1"])
def test_a_baby_is_not_told_what_is_meant_for_adults(age: str) -> None:
    for place in rulebook().questionnaire["place"].option_ids:
        given = assessed(age=age, place=place, before="drip", baby="none")
        texts = [WORDS[advice] for advice in ids(given)]
        assert not [text for text in texts if any(word in text for word in OF_ADULTS)], place
    assert "do-not-stop-medicines-baby" in advice_ids(age=age)


def test_a_baby_on_warfarin_is_still_told_not_to_stop_it() -> None:
    assert "do-not-stop-warfarin" in advice_ids(age="under_1", medicines="warfarin_lately")


def test_an_adult_is_told_what_a_baby_is_not() -> None:
    assert {"do-not-stop-medicines", "self-foot", "do-not-cut-corns"} <= advice_ids(place="foot")
    assert answers(age="under_1")["age"] == {"under_1"}
