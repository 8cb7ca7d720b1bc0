"""The likely type: how evidence is weighed, and the conflicts that the evidence base settles."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.triage.conditions import AtLeast, Choice, Condition, NamedCondition
from app.triage.rules import assess_answers
from app.triage.terms import (
    CANNOT_TELL,
    NOT_CALCINOSIS,
    TYPES,
    Assessment,
    Evidence,
    TypeStanding,
    Urgency,
)
from app.triage.types import STANDINGS, EvidenceLine, TypeConflict
from tests.builders import Chosen, answers, assessed, labs, rulebook

# Weighing, with made-up evidence: each line hangs on one tick of `feel`.


def ticked(option: str) -> Choice:
    return Choice("feel", frozenset({option}))


def line(option: str, alike: str | None = None, /, **weights: int) -> EvidenceLine:
    return EvidenceLine(option, ticked(option), weights, (f"source-{option}",), alike)


def weighed(
    lines: Sequence[EvidenceLine],
    *feel: str,
    conflicts: Sequence[TypeConflict] = (),
    more_reasons: Chosen = (),
) -> Assessment:
    """The assessment with these lines only; `possible` from 2, `likely` from 4, one ahead."""
    assert (SCALE.possible_at, SCALE.likely_at, SCALE.margin, SCALE.look_alike_at) == (2, 4, 1, 2)
    book = replace(rulebook(), evidence=tuple(lines), conflicts=tuple(conflicts))
    return assess_answers(book, answers(feel=feel, reason={"lump", *more_reasons}))


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
    seen = weighed(lines, "hard", "several", more_reasons=["xray_calcium"])
    assert standing(seen, "dystrophic").standing == "possible"
    tested = weighed(lines, "hard", "several", more_reasons=SEEN_AND_TESTED)
    assert standing(tested, "dystrophic").standing == "likely"
    weak = weighed(lines, "hard", more_reasons=SEEN_AND_TESTED)
    assert standing(weak, "dystrophic").standing == "possible"


def test_only_the_leading_type_can_be_likely() -> None:
    lines = [line("hard", dystrophic=3, metastatic=3), line("several", dystrophic=3, metastatic=2)]
    both = weighed(lines, "hard", "several", more_reasons=SEEN_AND_TESTED)
    assert standing(both, "dystrophic").standing == "likely"
    assert standing(both, "metastatic").standing == "possible"


def test_a_type_without_evidence_is_unlikely() -> None:
    result = weighed([line("hard", dystrophic=3)], "hard")
    assert standing(result, "metastatic") == TypeStanding("metastatic", "unlikely", (), ())


def test_evidence_is_told_for_and_against_strongest_first_with_its_answers_and_sources() -> None:
    lines = [line("hard", dystrophic=1), line("several", dystrophic=3), line("soft", dystrophic=-2)]
    type_standing = standing(weighed(lines, "hard", "several", "soft"), "dystrophic")
    assert [(e.id, e.weight) for e in type_standing.evidence_for] == [("several", 3), ("hard", 1)]
    assert [(e.id, e.weight) for e in type_standing.evidence_against] == [("soft", -2)]
    assert type_standing.evidence_for[0].because == (Evidence("feel", ("several",)),)
    assert type_standing.evidence_for[0].sources == ("source-several",)


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
        TypeConflict("not-held", ticked("wart"), (), lead="idiopathic"),
        TypeConflict("first", ticked("hard"), (), lead="iatrogenic"),
        TypeConflict("second", ticked("hard"), (), lead="metastatic"),
    ]
    result = weighed(lines, "hard", conflicts=conflicts)
    assert (result.likely_type, result.conflicts) == ("iatrogenic", ("first",))


def test_a_conflict_for_some_leaders_only_passes_over_the_others() -> None:
    conflict = TypeConflict("some", ticked("hard"), (), "iatrogenic", only_before=("metastatic",))
    lines = [line("hard", dystrophic=2), line("several", metastatic=3)]
    assert weighed(lines, "hard", conflicts=[conflict]).likely_type == "dystrophic"
    assert weighed(lines, "hard", "several", conflicts=[conflict]).likely_type == "iatrogenic"


def test_a_cap_holds_a_standing_down_and_never_lifts_it() -> None:
    cap = TypeConflict(
        "cap", ticked("hard"), (), cap={"dystrophic": "possible", "metastatic": "likely"}
    )
    lines = [line("hard", dystrophic=3), line("several", dystrophic=3)]
    result = weighed(lines, "hard", "several", conflicts=[cap], more_reasons=["calcinosis"])
    assert standing(result, "dystrophic").standing == "possible"
    assert standing(result, "metastatic").standing == "unlikely"
    assert result.conflicts == ("cap",)


def test_standings_are_words_from_unlikely_to_likely() -> None:
    assert STANDINGS == ("unlikely", "possible", "likely")


# The conflicts of the evidence base (section 2.4), on the real rulebook.

DEAD_SKIN = {"place": "thigh", "skin": "dead_skin", "pain": "severe"}
NET_CALF = {"place": "shin", "skin": "net", "pain": "moderate"}
GRITTY = ["hard", "white_yellow"]
NORMAL = {"reason": ["lump", "bloods_normal"]}
PHOSPHATE = {"reason": ["lump", "high_phosphate"]}
KIDNEYS, IMMUNE = {"conditions": "kidneys"}, {"conditions": "immune_illness"}
DIALYSIS = {**KIDNEYS, "kidney": "dialysis"}
HEPARIN = {**DIALYSIS, "medicines": "heparin"}
SCLERODERMA = {**IMMUNE, "autoimmune": "scleroderma"}
RHEUMATOID = {**IMMUNE, "autoimmune": "rheumatoid"}
BOTH = {
    "conditions": ["kidneys", "immune_illness"],
    "autoimmune": "scleroderma",
    "place": "finger",
}
FAMILY_HIP = {"age": "child", "conditions": "family_lumps", "place": "hip", "change": "over_5cm"}
GOUT_WEAK = {"conditions": ["kidneys", "gout"], "kidney": "weak"}
EARLY = {"place": "thigh", "pain": "severe", "feel": "sheets", "change": "weeks"}


@pytest.mark.parametrize(
    ("rule", "changes", "expected"),
    [
        ("1 dialysis", {**DEAD_SKIN, **DIALYSIS}, "calciphylaxis"),
        ("1 transplant", {**NET_CALF, **KIDNEYS, "kidney": "kidney_transplant"}, "calciphylaxis"),
        ("1 weak kidneys", {**NET_CALF, **KIDNEYS, "kidney": "weak"}, "calciphylaxis"),
        ("1 warfarin", {**NET_CALF, "medicines": "warfarin_lately"}, "calciphylaxis"),
        ("1 two minor", {**NET_CALF, "conditions": ["overweight", "diabetes"]}, "calciphylaxis"),
        ("1 over metastatic", {**DEAD_SKIN, **DIALYSIS, "place": "hip"}, "calciphylaxis"),
        ("1 before the skin breaks", {**EARLY, **DIALYSIS}, "calciphylaxis"),
        ("1c", {**DEAD_SKIN, **DIALYSIS, "place": "hand", "before": "drip"}, "iatrogenic"),
        ("2", {**DIALYSIS, "place": "hip", "change": "over_5cm"}, "metastatic"),
        ("2 shoulder", {**KIDNEYS, "kidney": "failing", "place": "shoulder"}, "metastatic"),
        ("2 chalk", {**DIALYSIS, "place": "finger", "skin": "chalky", "pain": "moderate"},
         "metastatic"),
        ("3", {**HEPARIN, "place": "tummy"}, "iatrogenic"),
        ("3 dead skin", {**DEAD_SKIN, **HEPARIN}, "calciphylaxis"),
        ("4", {**GOUT_WEAK, "place": "finger"}, NOT_CALCINOSIS),
        ("5 labs normal", {**BOTH, **NORMAL, "kidney": "failing"}, "dystrophic"),
        ("5 phosphate", {**BOTH, **PHOSPHATE, "kidney": "dialysis"}, "metastatic"),
        ("5 no labs", {**BOTH, "kidney": "dialysis"}, CANNOT_TELL),
        ("6", {**DEAD_SKIN, **IMMUNE, "autoimmune": "lupus", "medicines": "steroids"},
         "calciphylaxis"),
        ("7 only there", {**SCLERODERMA, "place": "injection"}, "iatrogenic"),
        ("8 phosphate", {**FAMILY_HIP, **PHOSPHATE}, "metastatic"),
        ("8 normal", {**FAMILY_HIP, **NORMAL}, "idiopathic"),
        ("9", {**RHEUMATOID, "place": "elbow"}, NOT_CALCINOSIS),
        ("9 finger", {**RHEUMATOID, "place": "finger"}, NOT_CALCINOSIS),
        ("10 skin", {"place": "genital", "feel": ["hard", "several"]}, "idiopathic"),
        ("10 firm", {"place": "genital", "feel": ["firm", "several"]}, "idiopathic"),
        ("10 testicle", {"place": "testicle", "feel": "hard"}, CANNOT_TELL),
        ("12 soft", {"feel": "soft"}, NOT_CALCINOSIS),
        ("12 firm", {"feel": "firm"}, NOT_CALCINOSIS),
        ("12 nothing told", {"feel": "none"}, NOT_CALCINOSIS),
        ("12 one hard lump", {"feel": "hard"}, CANNOT_TELL),
        ("14 drip", {"age": "under_3m", "place": "injection", "before": "drip"}, "iatrogenic"),
        ("14 birth", {"age": "under_3m", "before": "hard_birth", "feel": "sheets"}, NOT_CALCINOSIS),
        ("18", {"place": "injection", "medicines": "insulin"}, NOT_CALCINOSIS),
        ("19 fistula", {**DIALYSIS, "place": "access"}, NOT_CALCINOSIS),
        ("19 beats", {"feel": ["beats", "hard"], "before": "injury"}, NOT_CALCINOSIS),
        ("20", {"place": "finger", "feel": ["hard", "bony_joint"],
                "medicines": "vitamin_d_calcium"}, NOT_CALCINOSIS),
        ("21", {**SCLERODERMA, "reason": "pain_weakness"}, CANNOT_TELL),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_conflicts_are_settled_as_the_evidence_base_says(
    rule: str, changes: dict[str, Chosen], expected: str
) -> None:
    assert assessed(**changes).likely_type == expected, rule


# Calciphylaxis and its level: named.yaml says where it is feared, rule U4c gives that same day.

FEARED = "calciphylaxis_feared"


def asks_for(condition: Condition, name: str) -> bool:
    """Whether the condition can hold only where this name does."""
    match condition:
        case NamedCondition():
            return condition.name == name or asks_for(condition.part, name)
        case AtLeast():
            every = condition.count == len(condition.parts)
            return every and any(asks_for(part, name) for part in condition.parts)
        case _:
            return False


def test_nothing_speaks_for_calciphylaxis_but_where_it_is_feared() -> None:
    """So it is never the likely type where rule U4c does not give the level."""
    book = rulebook()
    speaking = {e.id: e.when for e in book.evidence if e.weights.get("calciphylaxis", 0) > 0}
    leading = {c.id: c.when for c in book.conflicts if c.lead == "calciphylaxis"}
    assert speaking
    assert leading
    both = {**speaking, **leading}
    assert [name for name, when in both.items() if not asks_for(when, FEARED)] == []
    assert book.scale.possible_at > 0


@pytest.mark.parametrize(
    "changes",
    [
        {**DEAD_SKIN},
        {**NET_CALF, "conditions": "diabetes"},
        {**EARLY},
        {**EARLY, "pain": "mild", **KIDNEYS, "kidney": "weak"},
        {**DEAD_SKIN, "conditions": "not_sure", "kidney": "not_sure", "autoimmune": "not_sure"},
    ],
    ids=str,
)
def test_calciphylaxis_is_not_named_where_it_is_not_certainly_feared(
    changes: dict[str, Chosen],
) -> None:
    assert assessed(**changes).likely_type != "calciphylaxis"


def test_who_is_not_sure_of_anything_is_never_told_that_it_is_no_calcium() -> None:
    unsure = {q.id: q.unsure for q in rulebook().questionnaire if q.unsure}
    everything = {name: frozenset([option]) for name, option in unsure.items()}
    assert assess_answers(rulebook(), everything).likely_type == CANNOT_TELL
    for name in ("reason", "feel", "skin"):
        assert (
            assessed(
                feel="none" if name != "feel" else "not_sure",
                **({} if name == "feel" else {name: "not_sure"}),
            ).likely_type
            == CANNOT_TELL
        ), name


@pytest.mark.parametrize(
    ("alike", "changes"),
    [
        ("hernia", {"place": "armpit_groin", "feel": "soft", "change": "comes_goes"}),
        ("blood_vessel_bulge", {"feel": "beats", "place": "knee"}),
        ("bone_in_muscle", {"place": "thigh", "before": "injury", "feel": "hard",
                            "pain": "moderate", "change": ["weeks", "deep"]}),
        ("insulin_lump", {"place": "tummy", "medicines": "insulin", "feel": "firm"}),
        ("injection_lump", {"place": "thigh", "medicines": "other_injections", "feel": "firm"}),
        ("vein_clot", {"place": "shin", "conditions": "veins", "pain": "mild", "feel": "firm",
                       "skin": "red_quiet", "change": "under_2_weeks"}),
        ("vein_stone", {"feel": ["soft", "hard"], "skin": "discoloured_old", "place": "chest"}),
        ("dermatofibroma", {"place": "shin", "feel": "firm", "change": ["years", "same"]}),
        ("foreign_body", {"place": "finger", "feel": "firm", "before": "injury"}),
        ("temple_artery", {"age": "older", "place": "scalp", "pain": "moderate", "feel": "none",
                           "unwell": ["sight_slow"]}),
        ("calcific_tendon", {"place": "finger", "pain": "severe", "skin": "hot", "feel": "none",
                             "change": "under_2_weeks"}),
        ("xanthoma", {"feel": ["yellow_lumps", "several"], "conditions": "cholesterol"}),
        ("pilomatrixoma", {"age": "child", "place": "neck", "feel": "hard",
                           "reason": ["lump", "xray_calcium"]}),
        ("skin_cyst", {"feel": ["dot_cheesy", "hard"], "reason": ["lump", "xray_calcium"]}),
        ("gout", {"place": "toe", "skin": "chalky", "feel": ["hard", "several"]}),
        ("osteoma", {"place": "face", "feel": ["hard", "several", "tiny"]}),
        ("amyloid", {**DIALYSIS, "place": "back", "feel": "firm", "change": "years"}),
        ("sarcoid_lump", {"conditions": "sarcoid_tb", "feel": ["firm", "several"]}),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_look_alikes_are_named_by_what_is_typical_of_them(
    alike: str, changes: dict[str, Chosen]
) -> None:
    found = assessed(**changes)
    assert alike in {one.id for one in found.look_alikes}
    quiet = assessed(feel="hard", place="elbow")
    assert alike not in {one.id for one in quiet.look_alikes}


@pytest.mark.parametrize(
    "changes",
    [
        {"conditions": "not_sure", "kidney": "not_sure"},
        {"medicines": "not_sure"},
        {"reason": ["lump", "not_sure"]},
        {"skin": "dead_skin"},
    ],
    ids=str,
)
def test_idiopathic_never_leads_while_another_cause_is_open(changes: dict[str, Chosen]) -> None:
    """Section 2.4, 11: not with a strong sign of another type, nor with kidneys, calcium or
    vitamin D unknown."""
    assert assessed(**changes, feel=GRITTY).likely_type != "idiopathic"


def test_idiopathic_is_at_most_possible_without_blood_tests() -> None:
    untested = assessed(feel=GRITTY, reason=["lump", "calcinosis", "xray_calcium"])
    assert standing(untested, "idiopathic").standing == "possible"
    tested = assessed(feel=GRITTY, reason=["lump", "calcinosis", "bloods_normal"])
    assert standing(tested, "idiopathic").standing == "likely"


def test_an_autoimmune_illness_with_bad_kidneys_shows_both_causes_as_possible() -> None:
    both = assessed(**BOTH, kidney="dialysis", skin="normal")
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
    evidence_lines = [e for kind in assessed(medicines="steroids").types for e in kind.evidence_for]
    assert [one.id for one in evidence_lines for evidence in one.because if evidence.lab] == []


def test_every_conflict_rule_can_hold() -> None:
    people: list[dict[str, Chosen]] = [
        {**DEAD_SKIN, **DIALYSIS},
        {**DEAD_SKIN, "place": "hand", "before": "drip"},
        {"feel": "beats"},
        {**DIALYSIS, "place": "hip"},
        {"medicines": "heparin", "place": "tummy"},
        {"age": "under_1", "before": "drip"},
        {"place": "injection", "medicines": "insulin"},
        {"place": "injection"},
        {"conditions": "gout", "place": "toe"},
        {"place": "finger", "feel": "bony_joint"},
        {**RHEUMATOID, "place": "elbow"},
        {"place": "finger", "skin": "dead_skin", "feel": "none"},
        {"place": "testicle"},
        {"feel": "not_sure"},
        {**SCLERODERMA, "reason": "pain_weakness"},
        {"feel": "none"},
        {**BOTH, "kidney": "dialysis"},
        {"conditions": "not_sure", "feel": GRITTY},
        {"place": "hip", "conditions": "family_lumps"},
        {"skin": "dead_skin", "before": "injury"},
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
