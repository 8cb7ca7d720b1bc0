"""The JSON API over HTTP: status codes, stateless, no cookie, no echo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("var")
    with TestClient(create_app(Settings(var=folder))) as client:
        yield client


def test_assess_answers_without_cookie_and_without_storing(api: TestClient) -> None:
    answered = api.post("/api/v1/assess", json={"answers": {"breath": ["confused"]}})
    assert answered.status_code == 200
    assert answered.json()["urgency"] == "emergency"
    assert "set-cookie" not in answered.headers
    assert answered.headers["cache-control"] == "no-store"


def test_a_bad_body_is_a_422_that_names_what_is_allowed(api: TestClient) -> None:
    answered = api.post("/api/v1/assess", json={"answers": {"age": "canary-9"}})
    assert answered.status_code == 422
    (fault,) = answered.json()["faults"]
    assert fault["where"] == "answers.age"
    assert "adult" in fault["allowed"]
    assert "canary-9" not in answered.text


def test_another_site_may_ask_since_nothing_is_read_of_the_person(api: TestClient) -> None:
    answered = api.post(
        "/api/v1/assess",
        json={"answers": {}},
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"},
    )
    assert answered.status_code == 200


def test_the_questionnaire_adds_labs_for_nurses_only(api: TestClient) -> None:
    assert "labs" not in api.get("/api/v1/questionnaire").json()
    assert api.get("/api/v1/questionnaire?audience=nurse").json()["labs"]
    refused = api.get("/api/v1/questionnaire?audience=canary-8")
    assert refused.status_code == 422
    assert "canary-8" not in refused.text


def test_a_body_of_a_megabyte_is_refused(api: TestClient) -> None:
    answered = api.post("/api/v1/assess", content=b"[" + b"1," * 500_000 + b"1]")
    assert answered.status_code == 413


def test_the_api_describes_itself(api: TestClient) -> None:
    described = api.get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {"/api/v1/questionnaire", "/api/v1/assess"}
    body = described["paths"]["/api/v1/assess"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert {"answers", "labs", "audience"} <= set(schema["properties"])
