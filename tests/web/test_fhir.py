"""FHIR over HTTP: status codes, media types, every fault an OperationOutcome, nothing stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.documents.fhir import codes
from app.main import create_app
from app.settings import Settings

ASSESS = "/fhir/Questionnaire/$assess"
FHIR_JSON = "application/fhir+json"
EMPTY = {"resourceType": "QuestionnaireResponse", "status": "in-progress"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("var")
    with TestClient(create_app(Settings(var=folder)), raise_server_exceptions=False) as client:
        yield client


def post(api: TestClient, body: object, kind: str = FHIR_JSON, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.post(ASSESS, content=content, headers={"Content-Type": kind, **headers})


def test_the_server_says_what_it_can_do_and_gives_the_questionnaire(api: TestClient) -> None:
    answer = api.get("/fhir/metadata")
    assert answer.headers["content-type"] == f"{FHIR_JSON}; charset=utf-8"
    assert answer.json()["fhirVersion"] == "4.0.1"
    asked = api.get(f"/fhir/Questionnaire/{codes.QUESTIONNAIRE_ID}").json()
    assert asked["resourceType"] == "Questionnaire"
    assert len(asked["item"]) > 15


def test_an_empty_response_gives_a_bundle_and_no_cookie(api: TestClient) -> None:
    answered = post(api, EMPTY)
    assert answered.status_code == 200
    assert answered.json()["resourceType"] == "Bundle"
    assert "set-cookie" not in answered.headers
    assert answered.headers["cache-control"] == "no-store"


def test_a_program_of_another_site_may_ask(api: TestClient) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert post(api, EMPTY, **foreign).status_code == 200
    assert post(api, EMPTY, "application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"canary-7f3a", FHIR_JSON, 400),
        (EMPTY, "text/plain; canary-7f3a", 415),
        (EMPTY, "", 415),
        ({**EMPTY, "questionnaire": "canary-7f3a"}, FHIR_JSON, 422),
        ({"resourceType": "canary-7f3a"}, FHIR_JSON, 422),
        ({**EMPTY, "item": [{"linkId": "canary-7f3a"}]}, FHIR_JSON, 422),
        (b" " * 70_000, FHIR_JSON, 413),
    ],
)
def test_every_fault_is_an_outcome_that_repeats_nothing(
    api: TestClient, body: object, kind: str, status: int
) -> None:
    answered = post(api, body, kind)
    assert answered.status_code == status
    assert answered.headers["content-type"].startswith(FHIR_JSON)
    answer = answered.json()
    assert answer["resourceType"] == "OperationOutcome"
    assert answer["issue"][0]["severity"] == "error"
    assert "canary-7f3a" not in answered.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir/Patient", 404),
        ("GET", ASSESS, 405),
        ("DELETE", "/fhir/metadata", 405),
    ],
)
def test_what_there_is_not_is_an_outcome_too(
    api: TestClient, method: str, path: str, status: int
) -> None:
    answered = api.request(method, path)
    assert (answered.status_code, answered.json()["resourceType"]) == (status, "OperationOutcome")


def test_a_fault_of_ours_is_an_outcome_without_its_words(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("canary-7f3a")

    monkeypatch.setattr("app.web.fhir.assess_response", fail)
    answered = post(api, EMPTY)
    assert answered.status_code == 500
    assert answered.json()["issue"][0]["severity"] == "fatal"
    assert "canary-7f3a" not in answered.text
