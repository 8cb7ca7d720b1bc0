"""A rulebook taken out of use: no advice anywhere, help everywhere, and nurses who know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings
from app.store import withdrawals
from app.web.withdrawal_guard import CLOSED_FILE
from tests.visitor import Visitor
from tests.web.desk import House, Member
from tests.web.handed_in import handed
from tests.web.test_journeys import QUIET

ADVICE = [
    "GET /",
    "POST /start",
    "GET /check/age",
    "POST /check/age",
    "GET /answers",
    "GET /result",
    "GET /result/sheet",
    "GET /result/sheet.pdf",
    "GET /result/sheet.txt",
    "GET /changed",
    "GET /verify",
    "POST /verify",
    "GET /share",
    "POST /share",
]
HELP = ["/emergency", "/learn", "/about", "/privacy", "/offline", "/clear", "/healthz", "/sign-in"]


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[Visitor]:
    """Someone who answered all; the checker is closed meanwhile, and open again afterwards."""
    visitor = Visitor(app)
    visitor.walk(QUIET)
    watch = app.state.withdrawals
    watch.state = withdrawals.WithdrawalState(checker_closed=True)
    yield visitor
    watch.state = withdrawals.WithdrawalState()
    assert visitor.get("/result").level


@pytest.mark.parametrize("key", ADVICE)
def test_no_page_gives_advice_and_each_leads_to_help(visitor: Visitor, key: str) -> None:
    method, path = key.split(" ")
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = visitor.client.request(method, path, headers=headers)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "3600"
    assert "This check is closed for now" in answer.text
    assert answer.text.count("tel:") >= 1
    assert set(re.findall(r'data-level="(\w+)"', answer.text)) == {"emergency"}, "the box of help"


@pytest.mark.parametrize("path", HELP)
def test_what_leads_to_help_stays(visitor: Visitor, path: str) -> None:
    assert visitor.client.get(path, follow_redirects=False).status_code < 500


def test_programs_get_no_advice_either(visitor: Visitor) -> None:
    assessed = visitor.client.post("/api/v1/assess", json={"answers": {}})
    assert (assessed.status_code, assessed.json()) == (503, {"error": "Advice is withdrawn"})
    by_fhir = visitor.client.post("/fhir/Questionnaire/$assess", json={})
    assert by_fhir.status_code == 503
    assert by_fhir.json()["resourceType"] == "OperationOutcome"


def test_what_was_answered_is_not_lost(app: FastAPI) -> None:
    visitor = Visitor(app)
    visitor.walk(QUIET)
    before = visitor.get("/result").level
    watch = app.state.withdrawals
    watch.state = withdrawals.WithdrawalState(checker_closed=True)
    assert visitor.client.get("/result").status_code == 503
    watch.state = withdrawals.WithdrawalState()
    assert visitor.get("/result").level == before


def test_another_rulebook_that_was_withdrawn_closes_nothing(app: FastAPI, house: House) -> None:
    state = withdrawals.WithdrawalState(versions={"2025.1.1": house.now})
    assert not state.closes(app.state.context.rulebook.version)
    assert withdrawals.WithdrawalState(
        versions={app.state.context.rulebook.version: house.now}
    ).closes(app.state.context.rulebook.version)


def test_a_file_closes_a_server_whose_database_is_away(tmp_path: Path) -> None:
    app = create_app(Settings(var=tmp_path))
    visitor = Visitor(app)
    assert visitor.client.get("/").status_code == 200
    (tmp_path / CLOSED_FILE).touch()
    assert visitor.client.get("/").status_code == 503
    app.state.context.store.close()


def test_nurses_read_that_the_rules_of_an_answer_were_withdrawn(house: House) -> None:
    nurse: Member = house.member("nurse", clinic="Withdrawn")
    address = handed(house, nurse, reference="W-1")
    watch, book = house.app.state.withdrawals, house.app.state.context.rulebook
    before = nurse.get(address)
    assert "withdrawn" not in before.text
    watch.state = withdrawals.WithdrawalState(
        versions={book.version: house.now}, hashes={book.sha256: house.now}
    )
    try:
        page, listed = nurse.get(address), nurse.get("/worklist")
    finally:
        watch.state = withdrawals.WithdrawalState()
    assert "The rules that judged these answers were withdrawn on" in page.text
    assert "The check is closed" in page.text
    assert "Its rules were withdrawn" in listed.text
    assert page.level == before.level, "a withdrawal lowers nothing"
