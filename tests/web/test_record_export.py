"""A submission as a Bundle of FHIR R4: all that the page shows, for one person, and noted."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from app.documents.fhir.json_text import parse_json
from tests.documents.test_fhir import check
from tests.web.desk import EMERGENCY, House, Member
from tests.web.handed_in import act, checked
from tests.web.test_findings import filled, keep, sent


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


def exported(nurse: Member, address: str) -> dict[str, Any]:
    answer = nurse.client.get(f"{address}/fhir.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/fhir+json")
    assert "attachment" in answer.headers["content-disposition"]
    bundle: dict[str, Any] = parse_json(answer.content)
    return bundle


def all_of(bundle: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    resources = [entry["resource"] for entry in bundle["entry"]]
    return [one for one in resources if one["resourceType"] == kind]


def test_the_file_holds_person_answers_level_type_and_the_text_for_the_record(
    house: House, nurse: Member
) -> None:
    address = checked(house, nurse, EMERGENCY, reference="R-77", name="Zoë Ünal")
    act(nurse, address, "note", words="Her son drives her. 36.8 °C")
    bundle = exported(nurse, address)
    (patient,) = all_of(bundle, "Patient")
    assert patient["name"] == [{"text": "Zoë Ünal"}]
    assert patient["identifier"] == [{"value": "R-77"}]
    (response,) = all_of(bundle, "QuestionnaireResponse")
    assert {"emergency"} <= {
        coding["code"]
        for one in all_of(bundle, "Observation")
        for coding in one["valueCodeableConcept"]["coding"]
    }
    (document,) = all_of(bundle, "DocumentReference")
    text = base64.b64decode(document["content"][0]["attachment"]["data"]).decode()
    assert "36.8 °C" in text
    own = next(e["fullUrl"] for e in bundle["entry"] if e["resource"] is patient)
    for one in (response, document, *all_of(bundle, "Observation")):
        assert one["subject"] == {"reference": own}
    assert check([bundle])["faults"] == [[]]
    assert house.actions()[-1] == "submission_exported"


def test_blood_results_go_out_with_code_unit_and_digits(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse)
    labs = {"on": "2027-01-10", "value-phosphate": "2.50", "unit-phosphate": "mmol/L"}
    keep(nurse, nurse.post(address, filled(nurse.get(address)) | labs))
    bundle = exported(nurse, address.removesuffix("/findings"))
    values = [one for one in all_of(bundle, "Observation") if "valueQuantity" in one]
    (value,) = values
    assert str(value["valueQuantity"]["value"]) == "2.50"
    assert value["valueQuantity"]["code"] == "mmol/L"
    assert value["effectiveDateTime"] == "2027-01-10"


def test_a_level_that_the_clinic_raised_stands_beside_that_of_the_rules(
    house: House, nurse: Member
) -> None:
    address = checked(house, nurse)
    act(nurse, address, "raise", reason="seen", words="Looks worse than told.")
    codes = [
        one["valueCodeableConcept"]["coding"][0]["code"]
        for one in all_of(exported(nurse, address), "Observation")
        if one["code"]["text"].startswith("When to see a doctor")
    ]
    assert len(codes) == 2
    assert len(set(codes)) == 2
