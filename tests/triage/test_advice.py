"""Which advice belongs to a result: by type, place, level and answers; the warnings always."""

from dataclasses import replace

import pytest

from app.triage.advice import AdviceRule, choose_advice, plan_advice, select_fitting_advice
from app.triage.rules import assess_answers
from app.triage.terms import (
    AT_EMERGENCY,
    CANNOT_TELL,
    NOT_CALCINOSIS,
    SECTIONS,
    TYPES,
    Advice,
    Assessment,
    Truth,
    Urgency,
)
from tests.builders import Chosen, answers, assessed, rulebook, ticks

NEVER = [
    "do-not-pick",
    "do-not-needle",
    "do-not-rub-acid",
]
"""What everyone is told not to do, whatever else."""
WHILE_THERE_IS_TIME = ["do-not-start-supplements", "do-not-start-drugs", "do-not-wait"]
"""What everyone is told not to do but in an emergency."""
WORDS = rulebook().wording["en"].advice
LIKELY = (*TYPES, NOT_CALCINOSIS, CANNOT_TELL)


def given(result: Assessment, section: str) -> list[str]:
    return [advice.id for advice in result.advice[section]]


def everything(**changes: Chosen) -> set[str]:
    return {
        advice.id
        for section_advice in assessed(**changes).advice.values()
        for advice in section_advice
    }


# Choosing, with made-up advice.


def made_up(name: str, section: str = "tests", **filters: object) -> AdviceRule:
    return AdviceRule(Advice(name, ("source",)), section, **filters)


def fits(rule: AdviceRule, urgency: Urgency = Urgency.routine, kind: str = "dystrophic") -> bool:
    return select_fitting_advice([rule], urgency, kind) == (rule,)


def test_advice_without_filters_is_for_everyone() -> None:
    assert all(fits(made_up("plain"), urgency, kind) for urgency in Urgency for kind in LIKELY)


def test_advice_for_some_types_is_for_those_types() -> None:
    rule = made_up("typed", types=frozenset({"metastatic"}))
    assert fits(rule, kind="metastatic")
    assert not fits(rule, kind="dystrophic")
    assert not fits(rule, kind=CANNOT_TELL)


def test_advice_for_some_levels_is_for_those_levels() -> None:
    rule = made_up("levelled", levels=frozenset({"soon"}))
    assert [urgency.name for urgency in Urgency if fits(rule, urgency)] == ["soon"]


def chosen(rules: list[AdviceRule], matched: list[int]) -> dict[str, tuple[Advice, ...]]:
    return dict(choose_advice(plan_advice(rules, Urgency.routine, "dystrophic"), matched))


def test_advice_for_some_places_needs_one_of_them_ticked() -> None:
    placed = made_up("placed", places=frozenset({"finger", "toe"}))
    book = replace(rulebook(), advice=(placed, made_up("plain")))
    for place, ids in (("toe", ["placed", "plain"]), ("back", ["plain"]), ("not_sure", ["plain"])):
        found = assess_answers(book, answers({"place": [place]}))
        assert given(found, "tests") == ids
    off_path = assess_answers(book, answers({"reason": ["none"], "place": ["toe"]}))
    assert given(off_path, "tests") == ["plain"]


def test_advice_with_a_condition_is_given_when_it_holds() -> None:
    condition = next(rule.when for rule in rulebook().advice if rule.when is not None)
    rules = [made_up("conditional", when=condition), made_up("plain")]
    assert [advice.id for advice in chosen(rules, [0])["tests"]] == ["conditional", "plain"]
    assert [advice.id for advice in chosen(rules, [])["tests"]] == ["plain"]


def test_every_section_is_there_in_reading_order_even_when_empty() -> None:
    assert tuple(chosen([], [])) == SECTIONS


# The advice of the real rulebook.

PEOPLE: list[dict[str, Chosen]] = [
    {},
    {"reason": "calcinosis"},
    {"skin": "hot"},
    {"breath": "confused"},
    {"kidney": "dialysis", "place": "hip"},
    {"medicines": "warfarin_lately", "place": "shin", "skin": "net", "pain": "moderate"},
    {"place": "injection", "before": "drip"},
    {"feel": "soft"},
    {"place": "testicle"},
    {"age": "under_3m"},
]


@pytest.mark.parametrize("person", PEOPLE, ids=str)
def test_everyone_is_told_what_never_to_do_first(person: dict[str, Chosen]) -> None:
    result = assessed(**person)
    do_not_ids = given(result, "do_not")
    assert do_not_ids[: len(NEVER)] == NEVER
    assert do_not_ids[len(NEVER)].startswith("do-not-stop-medicines")
    baby = "under_3m" in person.values()
    in_time = [f"{line}-baby" for line in WHILE_THERE_IS_TIME] if baby else WHILE_THERE_IS_TIME
    in_time = [line for line in in_time if line in WORDS]
    assert (result.urgency is Urgency.emergency) is not (set(in_time) <= {*do_not_ids})


@pytest.mark.parametrize("urgency", list(Urgency), ids=lambda urgency: urgency.name)
@pytest.mark.parametrize("kind", LIKELY)
def test_every_level_and_type_has_something_in_each_section(urgency: Urgency, kind: str) -> None:
    sections = {
        rule.section
        for rule in select_fitting_advice(rulebook().advice, urgency, kind)
        if not rule.places
    }
    if urgency is Urgency.emergency:
        assert sections == {*AT_EMERGENCY}
        return
    assert {"watch", "tests", "self_care", "do_not", "ask"} <= sections
    assert kind not in TYPES or {"treatments", "complications", "prevention"} <= sections
    assert ("bring" in sections, "keep" in sections) == (urgency is Urgency.same_day, False)


@pytest.mark.parametrize("place", sorted({*ticks("place")} - {"injection"}))
def test_every_place_has_advice_of_its_own(place: str) -> None:
    """The spot of an injection has that of the type "from treatment"."""
    assert any(place in rule.places for rule in rulebook().advice)


def test_a_warning_is_given_to_those_who_are_not_sure_as_well() -> None:
    sure, unsure = everything(medicines="warfarin_lately"), everything(medicines="not_sure")
    assert "do-not-stop-warfarin" in sure & unsure
    assert "do-not-stop-warfarin" not in everything()
    assert "do-not-magnesium" in everything(kidney="not_sure")


def test_only_warnings_are_given_on_a_mere_perhaps() -> None:
    for rule in rulebook().advice:
        warns = rule.section in ("watch", "do_not") and not rule.certain
        assert rule.required_truth is (Truth.UNSURE if warns else Truth.TRUE)


def test_no_one_on_warfarin_is_left_without_the_warning_not_to_stop_it() -> None:
    for person in PEOPLE:
        medicines = {"medicines": "warfarin_lately"}
        assert "do-not-stop-warfarin" in everything(**{**person, **medicines})


def test_vinegar_is_only_ever_advised_against() -> None:
    words = rulebook().wording["en"].advice
    named = {
        rule.section for rule in rulebook().advice if "vinegar" in words[rule.advice.id].lower()
    }
    assert named == {"do_not"}


def test_no_advice_is_given_twice_and_each_names_its_sources() -> None:
    ids = [rule.advice.id for rule in rulebook().advice]
    assert len(ids) == len(set(ids))
    for rule in rulebook().advice:
        assert rule.section in SECTIONS
        assert rule.advice.sources
        assert set(rule.advice.sources) <= set(rulebook().sources)


def test_an_emergency_is_told_what_to_do_while_waiting() -> None:
    assert "while-waiting" in given(assessed(breath="confused"), "watch")
    assert "while-waiting" not in given(assessed(), "watch")


def test_who_is_not_sure_about_all_reads_the_general_line_for_every_medicine() -> None:
    unsure = everything(medicines="not_sure")
    assert {"do-not-stop-medicines", "do-not-stop-warfarin", "do-not-stop-steroids"} <= unsure
    assert not {"do-not-stop-thinners", "do-not-stop-heparin", "do-not-inject-lump"} & unsure
    sure = everything(medicines=["thinners", "heparin", "insulin", "not_sure"])
    assert {"do-not-stop-thinners", "do-not-stop-heparin", "do-not-inject-lump"} <= sure


def test_an_illness_is_named_only_to_who_has_it_or_is_not_sure() -> None:
    of_illnesses = {
        *("watch-scleroderma", "watch-overlap", "watch-muscles", "watch-eye-pxe"),
        *("watch-warfarin-bleed", "watch-warfarin-skin", "watch-steroids"),
    }
    assert not of_illnesses & everything()
    words = rulebook().wording["en"].advice
    for one in of_illnesses:
        assert words[one].startswith("With ")


def test_insulin_and_filler_have_advice_of_their_own() -> None:
    assert {"self-insulin-sites", "do-not-inject-lump"} <= everything(medicines="insulin")
    assert "do-not-stop-heparin" not in everything(medicines="insulin")
    assert "self-filler" in everything(before="filler")


def test_sixteen_babies_are_quoted_for_babies_alone() -> None:
    child = everything(age="under_1", place="injection", before="drip", feel="hard")
    adult = everything(place="injection", before="drip", feel="hard")
    assert ("treat-wait-injection" in child, "treat-wait-injection-older" in child) == (True, False)
    assert ("treat-wait-injection" in adult, "treat-wait-injection-older" in adult) == (False, True)
