"""The code systems that our resources speak in. A code of ours means one option of one question."""

from typing import Any

from app.triage.questionnaire import Questionnaire

Resource = dict[str, Any]

QUESTIONNAIRE_ID = "calcinosis-check"
QUESTIONNAIRE_URL = "urn:uuid:6d7f2b0a-54f1-4d0f-9c67-2f5b7a7c1c35"
"""The canonical address of the questionnaire, whoever serves it; its version is the rulebook's."""
OPTION_SYSTEM = "urn:uuid:0b0c1c9e-2a6e-4f0d-8a55-6b1f5a0f1d11"
"""Options of questions, as `question.option`."""
LEVEL_SYSTEM = "urn:uuid:5f6f3f3c-8c55-4a57-9c0e-7c1f7a3d9b42"
TYPE_SYSTEM = "urn:uuid:7a0d5c59-1f4b-4c4a-9f1d-3f3a6d2b8e64"
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
_EXTENSIONS = "http://hl7.org/fhir/StructureDefinition"
OPTION_EXCLUSIVE = f"{_EXTENSIONS}/questionnaire-optionExclusive"
ITEM_CONTROL = f"{_EXTENSIONS}/questionnaire-itemControl"
ITEM_CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
ABSENT_REASON = f"{_EXTENSIONS}/data-absent-reason"

UCUM_CODES = {
    "mmol/L": "mmol/L",
    "mg/dL": "mg/dL",
    "g/L": "g/L",
    "g/dL": "g/dL",
    "pmol/L": "pmol/L",
    "pg/mL": "pg/mL",
    "µmol/L": "umol/L",
    "mL/min/1.73 m²": "mL/min/{1.73_m2}",
    "nmol/L": "nmol/L",
    "ng/mL": "ng/mL",
    "U/L": "U/L",
}
"""A unit of `rules/labs.yaml` -> its code. K/uL or mL/min/1.73.m2 would mean something else."""


def make_option_coding(question: str, option: str, display: str) -> Resource:
    """One option of one question."""
    return {"system": OPTION_SYSTEM, "code": f"{question}.{option}", "display": display}


def read_option_code(questionnaire: Questionnaire, question: str, code: object) -> str | None:
    """The option that a code of ours means at this question, if it means one."""
    asked, _, option = code.partition(".") if isinstance(code, str) else ("", "", "")
    return option if asked == question and questionnaire.has_option(question, option) else None
