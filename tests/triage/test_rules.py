"""Urgency: what leads, what "not sure" makes of a rule, and what earns self-care."""

from dataclasses import replace

import pytest

from app.triage.conditions import Choice, LabBound, walk_leaves
from app.triage.labs import BadLab
from app.triage.rules import Rule, assess_answers
from app.triage.terms import Evidence, Urgency
from tests.builders import (
    FRESH,
    KNOWN,
    Chosen,
    answers,
    assessed,
    fired,
    labs,
    level,
    question,
    rulebook,
    ticks,
)

EMERGENCIES = [rule for rule in rulebook().rules if rule.urgency is Urgency.emergency]
SIGNS = tuple(
    (asked.id, sign)
    for asked in rulebook().questionnaire
    if asked.signs
    for sign in ticks(asked.id)
)
SAME_DAY_SIGNS = {("sudden", "no_drinks")}
BABY = {"age": "under_1"}


def urgency(**changes: Chosen) -> str:
    return assessed(**changes).urgency.name


def rule(name: str, on: str, urgency: Urgency, **more: object) -> Rule:
    """A made-up rule on one tick of `skin`."""
    when = Choice("skin", frozenset({on}))
    return Rule(name, when, urgency, ("expert",), "2027-11-20", "made-up.yaml", **more)


# What leads.


def test_no_match_is_not_fine_but_a_routine_appointment() -> None:
    nothing = replace(rulebook(), rules=())
    assert assess_answers(nothing, answers()).urgency is Urgency.routine


def test_the_worst_finding_leads_and_the_others_stay() -> None:
    both = assessed(skin=["dead_skin", "irritated"], change="grown")
    assert both.urgency is Urgency.emergency
    assert both.findings[0].rule == "E4b"
    assert {"E4b", "TW1", "R2"} <= fired(both)


def test_levels_never_average_or_cancel() -> None:
    many_quiet = assessed(skin=["hot", "irritated"], reason="calcinosis", change="under_2_weeks")
    assert many_quiet.urgency is Urgency.same_day


def test_a_certain_finding_stands_before_an_uncertain_one_of_its_level() -> None:
    both = assessed(breath="not_sure", skin="hot")
    certain = [finding.certain for finding in both.findings if finding.urgency == Urgency.same_day]
    assert certain == sorted(certain, reverse=True)
    assert certain[0] is True
    assert certain[-1] is False


def test_a_finding_names_the_answers_behind_it_and_its_sources() -> None:
    finding = assessed(change="grown").findings[0]
    assert finding.because == (Evidence("change", ("grown",)),)
    assert finding.sources == rulebook().find_rule("TW1").sources


def test_within_is_told_for_the_leading_level_only() -> None:
    assert assessed(age="child", change="grown").within == "48 h"
    assert assessed(age="adult", change="grown").within is None
    assert assessed(age="child", change="grown", skin="hot").within is None


def test_the_shortest_of_several_times_counts() -> None:
    rules = (
        rule("A", "hot", Urgency.soon, within="48 h"),
        rule("B", "pus", Urgency.soon, within="5 h"),
        rule("C", "net", Urgency.soon),
    )
    book = replace(rulebook(), rules=rules)
    assert assess_answers(book, answers(skin=["hot", "pus", "net"])).within == "5 h"
    assert assess_answers(book, answers(skin="net")).within is None


def test_a_time_that_is_only_possible_is_not_promised() -> None:
    book = replace(
        rulebook(), rules=(rule("A", "hot", Urgency.soon, within="48 h", if_unsure=Urgency.soon),)
    )
    unsure = assess_answers(book, answers(skin="not_sure"))
    assert (unsure.urgency, unsure.within) == (Urgency.soon, None)


def test_a_rule_without_if_unsure_says_nothing_of_not_sure() -> None:
    book = replace(rulebook(), rules=(rule("A", "hot", Urgency.soon),))
    unsure = assess_answers(book, answers(skin="not_sure"))
    assert (unsure.urgency, unsure.findings) == (Urgency.routine, ())


def test_a_laboratory_value_that_cannot_be_used_is_refused_not_dropped() -> None:
    with pytest.raises(BadLab):
        assessed(labs(calcium_adjusted="99 mmol/L"))


def test_unfinished_answers_name_the_next_question() -> None:
    started = assess_answers(rulebook(), {"age": frozenset({"adult"})})
    assert (started.complete, started.next_question) == (False, "breath")
    whole = assessed()
    assert (whole.complete, whole.next_question, whole.ignored) == (True, None, ())


def test_no_answers_at_all_give_the_floor() -> None:
    empty = assess_answers(rulebook(), {})
    assert (empty.urgency, empty.findings, empty.next_question) == (Urgency.routine, (), "age")


@pytest.mark.parametrize(("name", "sign"), SIGNS)
def test_an_emergency_is_known_from_its_sign_alone(name: str, sign: str) -> None:
    age = "under_1" if name.startswith("baby_") else "adult"
    assessment = assess_answers(rulebook(), {"age": frozenset({age}), name: frozenset({sign})})
    graver = Urgency.same_day if (name, sign) in SAME_DAY_SIGNS else Urgency.emergency
    assert assessment.urgency is graver


def test_an_unknown_question_is_ignored_by_name() -> None:
    strange = assess_answers(rulebook(), {**answers(), "shoe_size": frozenset({"43"})})
    assert strange.ignored == ("shoe_size",)
    assert strange.urgency is assessed().urgency


def test_contradicting_answers_keep_the_graver_level_and_are_named() -> None:
    both = assessed(medicines="binder", skin="open")
    assert both.contradictions == ("kidney-binder",)
    assert both.urgency is Urgency.same_day


@pytest.mark.parametrize(
    ("changes", "contradiction"),
    [
        ({"pain": "no", "skin": "tender_lumps"}, "painless-but-hurting"),
        ({"change": ["under_2_weeks", "recent_change"]}, "new-and-old"),
        ({"change": ["weeks", "years"]}, "new-and-old"),
        ({"change": ["months", "years"]}, "new-and-old"),
        ({"change": ["same", "grown"]}, "same-and-changing"),
        ({"reason": ["calcinosis", "something_else"]}, "known-as-two"),
        ({"reason": ["bloods_normal", "high_calcium"]}, "calcium-high-and-normal"),
        ({"feel": ["soft", "hard"]}, "hard-and-soft"),
        ({"kidney": "no"}, "kidneys-and-none"),
        ({"autoimmune": "none"}, "immune-illness-and-none"),
        ({**BABY, "conditions": "gout"}, "age-and-illness"),
        ({"age": "older", "conditions": "pregnant"}, "age-and-illness"),
        ({"before": "hard_birth"}, "age-and-before"),
        ({**BABY, "before": "filler"}, "age-and-before"),
        ({**BABY, "medicines": "hormone_tablets"}, "age-and-medicine"),
    ],
)
def test_answers_that_cannot_both_be_true_are_asked_back(
    changes: dict[str, Chosen], contradiction: str
) -> None:
    assert contradiction in assessed(**changes).contradictions
    assert assessed().contradictions == ()


def test_every_contradiction_has_a_test() -> None:
    known = {"kidney-binder", "kidneys-and-none", "immune-illness-and-none", "new-and-old"}
    known |= {"same-and-changing", "known-as-two", "calcium-high-and-normal", "hard-and-soft"}
    known |= {"painless-but-hurting", "age-and-illness", "age-and-medicine", "age-and-before"}
    assert {c.id for c in rulebook().contradictions} == known


# "Not sure" is never "no" (floor rule F3).


@pytest.mark.parametrize("name", [asked.id for asked in rulebook().questionnaire if asked.signs])
def test_not_sure_on_signs_of_an_emergency_is_seen_the_same_day(name: str) -> None:
    person = BABY if name.startswith("baby_") else {}
    unsure = assessed(**{**person, name: "not_sure"})
    assert unsure.urgency is Urgency.same_day
    assert not unsure.findings[0].certain
    assert Evidence(name, ("not_sure",), unsure=True) in unsure.findings[0].because


QUIET_OTHERWISE = [q.id for q in rulebook().questionnaire if not q.signs and q.id != "baby"]


@pytest.mark.parametrize("age", ["child", "young", "adult", "older"])
@pytest.mark.parametrize("name", [name for name in QUIET_OTHERWISE if name != "age"])
def test_one_not_sure_outside_the_signs_of_an_emergency_alarms_nobody(name: str, age: str) -> None:
    """A known lump that is quiet (property o)."""
    doubt = (*KNOWN["reason"], "not_sure") if name == "reason" else "not_sure"
    assert level(answers({**KNOWN, "age": age, name: doubt})) is Urgency.routine


def test_only_laboratory_values_make_an_emergency_that_knows_no_not_sure() -> None:
    """A value is there or not; the answers beside it leave at least U8, for the same day."""
    sure = {rule.id: list(walk_leaves(rule.when)) for rule in EMERGENCIES if rule.if_unsure is None}
    assert all(any(isinstance(leaf, LabBound) for leaf in found) for found in sure.values())
    unsure = [rule.if_unsure for rule in EMERGENCIES if rule.id not in sure]
    assert set(unsure) == {Urgency.same_day}


def test_no_emergency_becomes_one_by_not_sure_alone() -> None:
    """Every question "not sure": a call today, not an ambulance."""
    unsure = {asked.id: frozenset({asked.unsure}) for asked in rulebook().questionnaire}
    assert level(unsure) is Urgency.same_day


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"skin": "hot", "unwell": "not_sure"}, {"E3b"}),
        ({"unwell": "joint_hot", "conditions": "not_sure"}, {"E10"}),
        ({"unwell": "sick", "medicines": "not_sure"}, {"E8"}),
        ({"unwell": "breathless", "kidney": "not_sure"}, {"E23"}),
        ({"unwell": "breathless", "autoimmune": "not_sure"}, {"E12", "E17"}),
    ],
)
def test_half_an_emergency_with_not_sure_for_the_other_half_is_seen_the_same_day(
    changes: dict[str, Chosen], rules: set[str]
) -> None:
    found = assessed(**changes)
    assert found.urgency is Urgency.same_day
    open_ones = {finding.rule for finding in found.findings if not finding.certain}
    assert rules <= open_ones


# Self-care has to be earned (floor rule F1).


@pytest.mark.parametrize(("person", "earns"), [(KNOWN, "S1"), (FRESH, "S2")])
def test_self_care_is_earned_by_a_rule(person: dict[str, str], earns: str) -> None:
    quiet = assessed(**person)
    assert quiet.urgency is Urgency.self_care
    assert fired(quiet) == {earns}


def test_a_rule_that_earns_self_care_is_not_told_beside_a_graver_finding() -> None:
    assert "S1" not in fired(assessed(**KNOWN, age="child"))


# Each answer that bars a lump already known as calcinosis, and a lump of less than two weeks.
BARS_BOTH = {
    **{name: [*ticks(name), "not_sure"] for name in ("breath", "limbs", "sudden")},
    "age": ["under_3m", "under_1", "child", "not_sure"],
    "place": ["testicle", "breast", "eye", "genital", "access", "not_sure"],
    "skin": [*ticks("skin"), "not_sure"],
    "unwell": [*ticks("unwell"), "not_sure"],
    "pain": ["mild", "moderate", "severe", "not_sure"],
    "change": [
        *[
            "grown",
            "more_came",
            "growing_slowly",
            "recent_change",
            "over_5cm",
            "deep",
            "grew_back",
            "limits",
        ],
        "not_sure",
    ],
    "feel": ["beats", "not_sure"],
    "reason": ["something_else", "high_calcium", "high_phosphate", "not_sure"],
    "medicines": ["chemo", "steroids", "immune_drugs", "binder", "not_sure"],
    "conditions": ["diabetes", "pregnant", "transplant_other", "weak_defences", "not_sure"],
    "before": ["radiotherapy", "not_sure"],
}
BARS_KNOWN = {"feel": ["gland"], "change": ["none"]}
BARS_FRESH = {
    "age": ["young"],
    "change": ["none"],
    "medicines": ticks("medicines"),
    "conditions": ticks("conditions"),
    "before": ["burn"],
}


def _cases(person: dict[str, str], *barring: dict[str, list[str]]) -> list[tuple[str, Chosen]]:
    """(question, answer): the bar beside what the person ticked anyway."""
    cases: list[tuple[str, Chosen]] = []
    for bars in barring:
        for name, options in bars.items():
            asked = question(name)
            base = set(answers(person)[name]) - {asked.none}
            for option in options:
                alone = asked.kind == "one" or option == asked.none
                cases.append((name, [option] if alone else sorted(base | {option})))
    return cases


@pytest.mark.parametrize(("name", "chosen"), _cases(KNOWN, BARS_BOTH, BARS_KNOWN), ids=str)
def test_a_known_lump_with_anything_new_is_not_left_to_self_care(name: str, chosen: Chosen) -> None:
    assert level(answers(KNOWN, **{name: chosen})) > Urgency.self_care


@pytest.mark.parametrize(("name", "chosen"), _cases(FRESH, BARS_BOTH, BARS_FRESH), ids=str)
def test_a_fresh_lump_with_any_risk_is_not_left_to_self_care(name: str, chosen: Chosen) -> None:
    assert level(answers(FRESH, **{name: chosen})) > Urgency.self_care


@pytest.mark.parametrize("person", [KNOWN, FRESH], ids=["known", "fresh"])
@pytest.mark.parametrize(
    "left_out",
    [q for q in answers() if q in rulebook().questionnaire.trace_path(answers()).answers],
)
def test_self_care_needs_every_question_answered(person: dict[str, str], left_out: str) -> None:
    given = {name: chosen for name, chosen in answers(person).items() if name != left_out}
    assert level(given) is Urgency.routine


# The rulebook's own promises.


def test_every_rule_has_a_source_and_a_date_to_look_at_it_again() -> None:
    for one in rulebook().rules:
        assert set(one.sources) <= set(rulebook().sources)
        assert one.sources
        assert one.review_by > rulebook().date


@pytest.mark.parametrize("urgency", list(Urgency), ids=lambda urgency: urgency.name)
def test_every_level_has_rules(urgency: Urgency) -> None:
    assert any(rule.urgency is urgency for rule in rulebook().rules)


def test_the_three_rows_of_the_source_document_are_rules() -> None:
    """Persistent or painful bumps; skin irritation or inflammation; uncertain diagnosis."""
    assert {"R1", "R2", "R3"} <= {r.id for r in rulebook().rules if "sd2" in r.sources}
