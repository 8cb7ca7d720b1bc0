"""A measured value counts at least as much as the same thing told, and none is passed over."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given

from app.documents.exchange import assess_json_body
from app.triage.labs import BadLab, find_unweighed_analytes, read_lab_amounts
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Urgency
from tests.builders import GATES, KNOWN, answers, assessed, examples, labs, rulebook, some_answers

CHILD = frozenset({"under_3m", "under_1", "child"})
TOLD = [
    ("reason", "high_calcium", {"calcium_adjusted": "2.76 mmol/L"}),
    ("reason", "high_calcium", {"calcium_adjusted": "11.1 mg/dL"}),
    ("reason", "high_calcium", {"calcium_total": "2.8 mmol/L"}),
    ("reason", "high_calcium", {"calcium_total": "2.5 mmol/L", "albumin": "25 g/L"}),
    ("reason", "high_calcium", {"calcium_ionised": "1.5 mmol/L"}),
    ("reason", "high_phosphate", {"phosphate": "2.51 mmol/L"}),
    ("kidney", "failing", {"egfr": "29 mL/min/1.73 m²"}),
    ("kidney", "failing", {"creatinine": "301 µmol/L"}),
    ("kidney", "weak", {"egfr": "59 mL/min/1.73 m²"}),
    ("medicines", "vitamin_d_calcium", {"vitamin_d": "376 nmol/L"}),
]
OF_ADULTS = [
    ("reason", "high_calcium", {"calcium_adjusted": "2.61 mmol/L"}),
    ("reason", "high_calcium", {"calcium_ionised": "1.34 mmol/L"}),
    ("reason", "high_phosphate", {"phosphate": "1.81 mmol/L"}),
]
OF_CHILDREN = {"phosphate", "creatinine"}
"""What has another range in children."""
WELL = {"reason": "lump", "kidney": "no", "medicines": "none"}


def said(given_answers: Answers, question: str, option: str) -> Answers:
    """The same person, who was told this too."""
    asked = rulebook().questionnaire[question]
    before = frozenset() if asked.kind == "one" else given_answers[question] - {asked.none}
    extended_answers = {**given_answers, question: before | {option}}
    if question in GATES:
        extended_answers["conditions"] = extended_answers["conditions"] - {"none"} | {
            GATES[question]
        }
    return extended_answers


@pytest.mark.parametrize(("question", "option", "value"), TOLD)
@examples(150)
@given(some_answers())
def test_a_value_beyond_its_limit_gives_at_least_what_the_told_option_gives(
    question: str, option: str, value: Mapping[str, str], someone: Answers
) -> None:
    without = {**someone, question: frozenset({WELL[question]})}
    assessment = assess_answers(rulebook(), said(without, question, option))
    assert assess_answers(rulebook(), without, labs(**value)).urgency >= assessment.urgency


@pytest.mark.parametrize(("question", "option", "value"), OF_ADULTS)
@examples(150)
@given(some_answers())
def test_a_value_beyond_the_limit_of_adults_does_so_in_adults(
    question: str, option: str, value: Mapping[str, str], someone: Answers
) -> None:
    if someone["age"] & (CHILD | {"not_sure"}):
        return
    without = {**someone, question: frozenset({WELL[question]})}
    assessment = assess_answers(rulebook(), said(without, question, option))
    assert assess_answers(rulebook(), without, labs(**value)).urgency >= assessment.urgency


@pytest.mark.parametrize("value", ["80 U/L", "500 U/L"])
def test_a_value_that_no_rule_weighs_is_named_and_bars_self_care(value: str) -> None:
    assert assessed(**KNOWN).urgency is Urgency.self_care
    found = assessed(labs(alp=value), **KNOWN)
    assert found.labs_not_weighed == ("alp",)
    assert found.urgency is Urgency.routine


def test_every_analyte_raises_a_level_or_is_named_as_not_weighed() -> None:
    """The loader holds it for a rulebook that names any; today's has to."""
    assert set(rulebook().laboratory.not_weighed) == {"albumin", "alp", "urate"}


def test_albumin_counts_through_the_calcium_that_it_adjusts() -> None:
    declared = rulebook().laboratory.not_weighed
    assert find_unweighed_analytes(declared, ["albumin"]) == ("albumin",)
    assert find_unweighed_analytes(declared, ["calcium_total", "albumin"]) == ()
    usual = assessed(labs(calcium_total="2.4 mmol/L", albumin="40 g/L"), **KNOWN)
    assert (usual.urgency, usual.labs_not_weighed) == (Urgency.self_care, ())


@pytest.mark.parametrize("age", ["adult", "child", "under_1"])
def test_a_value_outside_the_usual_range_bars_self_care(age: str) -> None:
    """At either end, and in every unit, for anyone with a known and quiet lump."""
    laboratory = rulebook().laboratory
    for analyte in laboratory.analytes.values():
        for unit in analyte.units:
            for limit, step in zip(unit.range, ("-0.2", "0.2"), strict=True):
                if limit is None:
                    continue
                beyond = {"value": str(limit + limit * type(limit)(step)), "unit": unit.name}
                if age != "adult" and analyte.id in OF_CHILDREN:
                    continue  # see test_each_age_has_its_own_usual_range
                found = assess_answers(rulebook(), answers(KNOWN, age=age), {analyte.id: beyond})
                assert found.urgency > Urgency.self_care, (analyte.id, beyond)


def test_a_calcium_that_only_fits_the_other_unit_is_asked_back() -> None:
    for analyte, value in (("calcium_adjusted", "2.5"), ("calcium_ionised", "1.25")):
        with pytest.raises(BadLab) as refused:
            read_lab_amounts(rulebook().laboratory, {analyte: {"value": value, "unit": "mg/dL"}})
        assert refused.value.problem == "other_unit"


def test_the_api_names_the_values_that_no_rule_weighs() -> None:
    labs_sent = {"urate": {"value": "600", "unit": "µmol/L"}}
    body = json.dumps({"answers": {"breath": ["none"]}, "labs": labs_sent}).encode()
    assert assess_json_body(rulebook(), body)["labs_not_weighed"] == ["urate"]
