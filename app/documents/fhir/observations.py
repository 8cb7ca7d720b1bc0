"""What was measured, and what the rules make of it, as FHIR R4 Observations."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from app.documents.fhir import codes
from app.documents.fhir.codes import Resource
from app.triage.lab_numbers import parse_number
from app.triage.labs import Analyte, RawLabs
from app.triage.rulebook import Rulebook
from app.triage.wording import Wording


def write_lab_observations(rulebook: Rulebook, words: Wording, labs: RawLabs) -> Iterator[Resource]:
    """One Observation for each value. What was typed stands in a note, as it was typed.

    An amount that can be read in two ways, or has no code for its unit, is given as text alone.
    """
    for name, value in labs.items():
        analyte = rulebook.laboratory.analytes[name]
        typed = f"{value['value']} {value['unit']}"
        yield {
            "resourceType": "Observation",
            "status": "final",
            "code": _write_analyte_code(analyte, value["unit"], words.labs[name].name),
            **({"effectiveDateTime": value["on"]} if value.get("on") else {}),
            **_write_value(analyte, value, typed),
            "note": [{"text": words.page_text("fhir.entered", typed=typed)}],
        }


def _write_analyte_code(analyte: Analyte, unit: str, name: str) -> Resource:
    known = analyte.find_unit(unit)
    coding = [{"system": codes.LOINC, "code": known.loinc}] if known and known.loinc else []
    return {**({"coding": coding} if coding else {}), "text": name}


def _write_value(analyte: Analyte, value: Mapping[str, str], typed: str) -> Resource:
    unit, number = analyte.find_unit(value["unit"]), parse_number(value["value"])
    code = codes.UCUM_CODES.get(unit.name) if unit else None
    if unit is None or code is None or number is None or len(number.possible_amounts) != 1:
        return {"valueString": typed}
    (amount,) = number.possible_amounts
    return {"valueQuantity": _write_quantity(amount, number.sign, unit.name, code)}


def _write_quantity(amount: Decimal, sign: str, unit: str, code: str) -> Resource:
    comparator = {"comparator": sign} if sign else {}
    return {"value": amount, **comparator, "unit": unit, "system": codes.UCUM, "code": code}


def write_level_observation(
    words: Wording, assessment: Mapping[str, Any], source: str, at: str | None = None
) -> Resource:
    """When to see a doctor, with the reasons; preliminary while a question is open.

    `assessment`: as `AssessmentWriter` gives it. `source`: the address of the answers.
    """
    level, complete = assessment["level"], assessment["complete"]
    notes = [] if complete else [words.page_text("fhir.at_least")]
    notes += [f"{level['when']}: {level['action']}"]
    notes += [finding["reason"] for finding in assessment["findings"]]
    notes += [words.page_text("fhir.disclaimer")]
    return {
        "resourceType": "Observation",
        "status": "final" if complete else "preliminary",
        "code": {"text": words.page_text("fhir.level")},
        **({"effectiveDateTime": at} if at else {}),
        "valueCodeableConcept": {
            "coding": [{"system": codes.LEVEL_SYSTEM, "code": assessment["urgency"]}],
            "text": level["heading"],
        },
        "note": [{"text": text} for text in notes],
        "method": _write_method(assessment),
        "derivedFrom": [{"reference": source}],
    }


def write_type_observation(
    words: Wording, assessment: Mapping[str, Any], source: str, at: str | None = None
) -> Resource:
    """The likely type, with what speaks for it; never a diagnosis."""
    likely = assessment["likely_type"]
    standings = [one for one in assessment["types"] if one["type"] == likely]
    notes = [line["note"] for one in standings for line in one["evidence_for"]]
    notes += [words.types[likely].parts["summary"], words.page_text("fhir.disclaimer")]
    return {
        "resourceType": "Observation",
        "status": "preliminary",
        "code": {"text": words.page_text("fhir.type")},
        **({"effectiveDateTime": at} if at else {}),
        "valueCodeableConcept": {
            "coding": [{"system": codes.TYPE_SYSTEM, "code": likely}],
            "text": words.types[likely].name,
        },
        "note": [{"text": text} for text in notes],
        "method": _write_method(assessment),
        "derivedFrom": [{"reference": source}],
    }


def _write_method(assessment: Mapping[str, Any]) -> Resource:
    rulebook = assessment["rulebook"]
    return {"text": f"Calcinosis Check, rulebook {rulebook['version']} ({rulebook['sha256']})"}
