"""The likely type: how evidence is weighed, and the conflicts that the evidence base settles."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.triage.conditions import Choice
from app.triage.rules import assess
from app.triage.terms import (
    CANNOT_TELL,
    NOT_CALCINOSIS,
    TYPES,
    Assessment,
    Evidence,
    TypeStanding,
    Urgency,
)
from app.triage.types import STANDINGS, Conflict, EvidenceLine
from tests.builders import Chosen, answers, assessed, labs, rulebook

# Weighing, with made-up evidence: each line hangs on one tick of `feel`.


def ticked(option: str) -> Choice:
    return Choice("feel", frozenset({option}))


def line(option: str, alike: str | None = None, /, **weights: int) -> EvidenceLine:
    return EvidenceLine(option, ticked(option), weights, (f"source-{option}",), alike)


def weighed(
    lines: Sequence[EvidenceLine],
    *feel: str,
    conflicts: Sequence[Conflict] = (),
    known: Chosen = "",
) -> Assessment:
    """The assessment with these lines only; `possible` from 2, `likely` from 4, one ahead."""
    assert (SCALE.possible_at, SCALE.likely_at, SCALE.margin, SCALE.look_alike_at) == (2, 4, 1, 2)
    book = replace(rulebook(), evidence=tuple(lines), conflicts=tuple(conflicts))
    return assess(book, answers(feel=feel, known=known or "lump"))


SCALE = rulebook().scale


def standing(result: Assessment, kind: str) -> TypeStanding:
    return next(one for one in result.types if one.type == kind)


def test_the_type_with_the_most_evidence_leads_and_stands_first() -> None:
    lines = [line("hard", dystrophic=2), line("several", metastatic=3)]
    result = weighed(lines, "hard", "several")
    assert result.likely_type == "metastatic"
    assert result.types[0].type == "metastatic"
    assert {one.type for one in result.types} == set(TYPES)


def test_evidence_against_a_type_takes_away() -> None:
    lines = [line("hard", dystrophic=3, metastatic=2), line("several", dystrophic=-2)]
    assert weighed(lines, "hard").likely_type == "dystrophic"
    assert weighed(lines, "hard", "several").likely_type == "metastatic"


def test_without_enough_evidence_it_cannot_tell() -> None:
    assert weighed([line("hard", dystrophic=1)], "hard").likely_type == CANNOT_TELL
    assert weighed([], "hard").likely_type == CANNOT_TELL


def test_without_a_clear_leader_it_cannot_tell() -> None:
    result = weighed([line("hard", dystrophic=3, metastatic=3)], "hard")
    assert result.likely_type == CANNOT_TELL
    assert standing(result, "dystrophic").standing == "possible"
    assert standing(result, "metastatic").standing == "possible"


def test_a_line_counts_only_when_it_certainly_holds() -> None:
    assert weighed([line("hard", dystrophic=3)], "not_sure").likely_type == CANNOT_TELL
    assert weighed([line("hard", dystrophic=3)], "hard", "not_sure").likely_type == "dystrophic"


SEEN_AND_TESTED = ["xray_calcium", "bloods_normal"]


def test_a_standing_is_likely_only_when_calcium_was_seen_and_blood_tested() -> None:
    lines = [line("hard", dystrophic=3), line("several", dystrophic=1)]
    assert standing(weighed(lines, "hard", "several"), "dystrophic").standing == "possible"
    seen = weighed(lines, "hard", "several", reason="xray_calcium")
    assert standing(seen, "dystrophic").standing == "possible"
    tested = weighed(lines, "hard", "several", known=SEEN_AND_TESTED)
    assert standing(tested, "dystrophic").standing == "likely"
    weak = weighed(lines, "hard", known=SEEN_AND_TESTED)
    assert standing(weak, "dystrophic").standing == "possible"


def test_only_the_leading_type_can_be_likely() -> None:
    lines = [line("hard", dystrophic=3, metastatic=3), line("several", dystrophic=3, metastatic=2)]
    both = weighed(lines, "hard", "several", known=SEEN_AND_TESTED)
    assert standing(both, "dystrophic").standing == "likely"
    assert standing(both, "metastatic").standing == "possible"


def test_a_type_without_evidence_is_unlikely() -> None:
    result = weighed([line("hard", dystrophic=3)], "hard")
    assert standing(result, "metastatic") == TypeStanding("metastatic", "unlikely", (), ())


def test_evidence_is_told_for_and_against_strongest_first_with_its_answers_and_sources() -> None:
    lines = [line("hard", dystrophic=1), line("several", dystrophic=3), line("soft", dystrophic=-2)]
    told = standing(weighed(lines, "hard", "several", "soft"), "dystrophic")
    assert [(e.id, e.weight) for e in told.evidence_for] == [("several", 3), ("hard", 1)]
    assert [(e.id, e.weight) for e in told.evidence_against] == [("soft", -2)]
    assert told.evidence_for[0].because == (Evidence("feel", ("several",)),)
    assert told.evidence_for[0].sources == ("source-several",)


def test_only_the_best_look_alike_counts_but_its_lines_add_up() -> None:
    one_each = [line("soft", "lipoma", not_calcinosis=2), line("jelly", "cyst", not_calcinosis=2)]
    together = [line("soft", "lipoma", not_calcinosis=2), line("jelly", "lipoma", not_calcinosis=2)]
    calcium = line("hard", dystrophic=3)
    assert weighed([*one_each, calcium], "soft", "jelly", "hard").likely_type == "dystrophic"
    assert weighed([*together, calcium], "soft", "jelly", "hard").likely_type == NOT_CALCINOSIS


def test_look_alikes_are_named_best_first_once_they_reach_the_mark() -> None:
    lines = [
        line("soft", "lipoma", not_calcinosis=2),
        line("jelly", "cyst", not_calcinosis=3),
        line("wart", "wart", not_calcinosis=1),
    ]
    named = weighed(lines, "soft", "jelly", "wart").look_alikes
    assert [alike.id for alike in named] == ["cyst", "lipoma"]
    assert named[0].because == (Evidence("feel", ("jelly",)),)
    assert named[0].sources == ("source-jelly",)


def test_the_first_conflict_that_leads_decides() -> None:
    lines = [line("hard", dystrophic=3)]
    conflicts = [
        Conflict("not-held", ticked("wart"), (), lead="idiopathic"),
        Conflict("first", ticked("hard"), (), lead="iatrogenic"),
        Conflict("second", ticked("hard"), (), lead="metastatic"),
    ]
    result = weighed(lines, "hard", conflicts=conflicts)
    assert (result.likely_type, result.conflicts) == ("iatrogenic", ("first",))


def test_a_conflict_for_some_leaders_only_passes_over_the_others() -> None:
    conflict = Conflict("some", ticked("hard"), (), "iatrogenic", only_before=("metastatic",))
    lines = [line("hard", dystrophic=2), line("several", metastatic=3)]
    assert weighed(lines, "hard", conflicts=[conflict]).likely_type == "dystrophic"
    assert weighed(lines, "hard", "several", conflicts=[conflict]).likely_type == "iatrogenic"


def test_a_cap_holds_a_standing_down_and_never_lifts_it() -> None:
    cap = Conflict(
        "cap", ticked("hard"), (), cap={"dystrophic": "possible", "metastatic": "likely"}
    )
    lines = [line("hard", dystrophic=3), line("several", dystrophic=3)]
    result = weighed(lines, "hard", "several", conflicts=[cap], reason="calcinosis")
    assert standing(result, "dystrophic").standing == "possible"
    assert standing(result, "metastatic").standing == "unlikely"
    assert result.conflicts == ("cap",)


def test_standings_are_words_from_unlikely_to_likely() -> None:
    assert STANDINGS == ("unlikely", "possible", "likely")


# The conflicts of the evidence base (section 2.4), on the real rulebook.

DEAD_SKIN = {"place": "thigh", "skin": "dead_skin", "pain": "severe"}
NET_CALF = {"place": "shin", "skin": "net", "pain": "moderate"}
GRITTY = ["hard", "white_yellow"]
NORMAL, PHOSPHATE = {"reason": "bloods_normal"}, {"reason": "high_phosphate"}
BOTH_CAUSES = {"autoimmune": "scleroderma", "place": "finger"}
FAMILY_HIP = {"age": "child", "conditions": "family_lumps", "place": "hip", "change": "over_5cm"}


@pytest.mark.parametrize(
    ("rule", "changes", "expected"),
    [
        ("1 dialysis", {**DEAD_SKIN, "kidney": "dialysis"}, "calciphylaxis"),
        ("1 transplant", {**NET_CALF, "kidney": "kidney_transplant"}, "calciphylaxis"),
        ("1 weak kidneys", {**NET_CALF, "kidney": "weak"}, "calciphylaxis"),
        ("1 warfarin", {**NET_CALF, "medicines": "warfarin_lately"}, "calciphylaxis"),
        ("1 two minor", {**NET_CALF, "conditions": ["overweight", "diabetes"]}, "calciphylaxis"),
        ("1 over metastatic", {**DEAD_SKIN, "kidney": "dialysis", "place": "hip"}, "calciphylaxis"),
        ("2", {"kidney": "dialysis", "place": "hip", "change": "over_5cm"}, "metastatic"),
        ("2 shoulder", {"kidney": "failing", "place": "shoulder"}, "metastatic"),
        ("3", {"kidney": "dialysis", "medicines": "heparin", "place": "tummy"}, "iatrogenic"),
        ("3 purple", {**DEAD_SKIN, "kidney": "dialysis", "medicines": "heparin"}, "calciphylaxis"),
        ("4", {"kidney": "weak", "conditions": "gout", "place": "finger"}, NOT_CALCINOSIS),
        ("5 labs normal", {**BOTH_CAUSES, **NORMAL, "kidney": "failing"}, "dystrophic"),
        ("5 phosphate", {**BOTH_CAUSES, **PHOSPHATE, "kidney": "dialysis"}, "metastatic"),
        ("5 no labs", {**BOTH_CAUSES, "kidney": "dialysis"}, CANNOT_TELL),
        ("6", {**DEAD_SKIN, "autoimmune": "lupus", "medicines": "immune_drugs"}, "calciphylaxis"),
        ("7 only there", {"autoimmune": "scleroderma", "place": "injection"}, "iatrogenic"),
        ("8 phosphate", {**FAMILY_HIP, "reason": "high_phosphate"}, "metastatic"),
        ("8 normal", {**FAMILY_HIP, "reason": "bloods_normal"}, "idiopathic"),
        ("9", {"autoimmune": "rheumatoid", "place": "elbow"}, NOT_CALCINOSIS),
        ("9 finger", {"autoimmune": "rheumatoid", "place": "finger"}, NOT_CALCINOSIS),
        ("10 skin", {"place": "genital", "feel": ["hard", "several"]}, "idiopathic"),
        ("10 testicle", {"place": "testicle", "feel": "hard"}, CANNOT_TELL),
        ("12 soft", {"feel": "soft"}, NOT_CALCINOSIS),
        ("12 nothing told", {"feel": "none"}, NOT_CALCINOSIS),
        ("14 drip", {"age": "under_3m", "place": "injection", "before": "drip"}, "iatrogenic"),
        ("14 birth", {"age": "under_3m", "before": "hard_birth", "feel": "sheets"}, NOT_CALCINOSIS),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_conflicts_are_settled_as_the_evidence_base_says(
    rule: str, changes: dict[str, Chosen], expected: str
) -> None:
    assert assessed(**changes).likely_type == expected, rule


@pytest.mark.parametrize(
    "changes",
    [
        {"kidney": "not_sure"},
        {"medicines": "not_sure"},
        {"reason": "not_sure"},
        {"skin": "dead_skin"},
    ],
    ids=str,
)
def test_idiopathic_never_leads_while_another_cause_is_open(changes: dict[str, Chosen]) -> None:
    """Section 2.4, 11: not with a strong sign of another type, nor with kidneys, calcium or
    vitamin D unknown."""
    assert assessed(**changes, feel=GRITTY).likely_type != "idiopathic"


def test_idiopathic_is_at_most_possible_without_blood_tests() -> None:
    untested = assessed(feel=GRITTY, reason=["calcinosis", "xray_calcium"])
    assert standing(untested, "idiopathic").standing == "possible"
    tested = assessed(feel=GRITTY, reason=["calcinosis", "bloods_normal"])
    assert standing(tested, "idiopathic").standing == "likely"


def test_an_autoimmune_illness_with_bad_kidneys_shows_both_causes_as_possible() -> None:
    both = assessed(**BOTH_CAUSES, kidney="dialysis", skin="normal")
    assert "K5-autoimmune-and-kidney" in both.conflicts
    assert standing(both, "dystrophic").standing == standing(both, "metastatic").standing
    assert standing(both, "metastatic").standing == "possible"


def test_normal_blood_speaks_against_metastatic_but_not_against_calciphylaxis() -> None:
    """The German registry's median calcium was normal (floor rule F5)."""
    normal = labs(calcium_adjusted="2.4 mmol/L", phosphate="1.1 mmol/L")
    dying = assessed(normal, **DEAD_SKIN, medicines="warfarin_lately")
    assert dying.likely_type == "calciphylaxis"
    against = {e.id for e in standing(dying, "calciphylaxis").evidence_against}
    assert not any(name.startswith("lab-") for name in against)
    quiet = assessed(normal)
    assert "lab-all-normal" in {e.id for e in standing(quiet, "metastatic").evidence_against}


@pytest.mark.parametrize(
    ("values", "evidence"),
    [
        ({"calcium_adjusted": "2.7 mmol/L"}, "lab-calcium-high"),
        ({"phosphate": "1.6 mmol/L"}, "lab-phosphate-high"),
        ({"calcium_adjusted": "2.5 mmol/L", "phosphate": "2.4 mmol/L"}, "lab-product-high"),
        ({"phosphate": "1.6 mmol/L", "egfr": "90 mL/min"}, "lab-phosphate-kidneys-normal"),
        ({"calcium_adjusted": "2.7 mmol/L", "pth": "9 pmol/L"}, "lab-pth-calcium-high"),
        ({"egfr": "20 mL/min"}, "lab-egfr-low"),
    ],
)
def test_high_values_speak_for_metastatic(values: dict[str, str], evidence: str) -> None:
    spoken = standing(assessed(labs(**values)), "metastatic").evidence_for
    assert evidence in {one.id for one in spoken}


def test_evidence_rests_on_answers_and_values_that_were_given() -> None:
    told = [e for kind in assessed(medicines="immune_drugs").types for e in kind.evidence_for]
    assert [one.id for one in told for evidence in one.because if evidence.lab] == []


def test_every_conflict_rule_can_hold() -> None:
    people: list[dict[str, Chosen]] = [
        {**DEAD_SKIN, "kidney": "dialysis"},
        {"kidney": "dialysis", "place": "hip"},
        {"medicines": "heparin", "place": "tummy"},
        {"age": "under_1", "before": "drip"},
        {"place": "injection"},
        {"conditions": "gout", "place": "toe"},
        {"autoimmune": "rheumatoid", "place": "elbow"},
        {"place": "finger", "skin": "dead_skin", "feel": "none"},
        {"place": "testicle"},
        {"feel": "none"},
        {**BOTH_CAUSES, "kidney": "dialysis"},
        {"kidney": "not_sure"},
        {"place": "hip", "conditions": "family_lumps"},
        {"skin": "dead_skin"},
        {},
    ]
    held = {name for person in people for name in assessed(**person).conflicts}
    assert held == {conflict.id for conflict in rulebook().conflicts}


# Type and level.


def test_a_harmless_type_never_lowers_the_level() -> None:
    stones = assessed(place="genital", feel=["hard", "several"], skin="hot")
    assert stones.likely_type == "idiopathic"
    assert stones.urgency is Urgency.same_day


def test_weights_are_on_the_scale_and_every_line_says_something() -> None:
    for one in rulebook().evidence:
        assert one.weights
        assert all(-3 <= weight <= 3 and weight for weight in one.weights.values())
        assert set(one.sources) <= set(rulebook().sources)


def test_every_type_has_evidence_for_it() -> None:
    for kind in (*TYPES, NOT_CALCINOSIS):
        assert any(one.weights.get(kind, 0) > 0 for one in rulebook().evidence)
