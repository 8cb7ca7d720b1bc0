"""The auditor's pages: entries in words, by kind and day, page by page; and a chain that broke."""

from __future__ import annotations

import ast
import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.presentation.review_words import ACTIONS, AUDIT_ACTIONS
from app.settings import ROOT
from app.store import submission_reads
from app.store.db import audit
from app.store.retention import erase_submissions
from app.web.clinic import auditor
from migrations.append_only import allow_changes, forbid_changes
from tests.web.desk import CALM, House, Member, Patient

FORMULA = '=cmd|"/c calc"!A1'


@pytest.fixture(scope="module")
def auditing(house: House) -> Member:
    """An auditor of a clinic with a year of entries."""
    return house.member("auditor", clinic="Vale", name="Ann Audit")


@pytest.fixture
def aud(auditing: Member) -> Member:
    auditing.sign_in()
    return auditing


def noted(house: House, *actions: str, place: str = "") -> None:
    for action in actions:
        with house.store.writing_scope(house.clinic("Vale"), house.now, "job") as scope:
            audit.record_event(scope, action, ("clinic", "x"), place, count=1)


def numbers(page) -> list[int]:
    """The numbers of the entries that a page shows."""
    rows = page.html.split('<th scope="row">')[1:]
    return [int(row.partition("<")[0]) for row in rows]


def test_entries_are_shown_newest_first_in_words(house: House, aud: Member) -> None:
    noted(house, "retention_run")
    page = aud.get("/audit")
    assert numbers(page) == sorted(numbers(page), reverse=True)
    assert "The server Erased what may be kept no longer" in page.text
    assert "Ann Audit Signed in" in page.text


def test_the_page_says_up_to_where_the_chain_is_whole(house: House, aud: Member) -> None:
    with house.store.reading_scope(aud.clinic) as scope:
        newest = audit.read_head(scope)
    assert newest is not None
    assert f"whole up to entry {newest.number}." in aud.get("/audit").text


def test_a_changed_entry_is_named_on_the_page(house: House) -> None:
    aud = house.member("auditor", clinic="Broken")
    with house.store.engine.begin() as connection:
        allow_changes(connection, "audit_entry")
        connection.execute(
            text("UPDATE audit_entry SET actor = 'x' WHERE clinic_id = :c AND number = 2"),
            {"c": aud.clinic},
        )
        forbid_changes(connection, "audit_entry", None)
    assert "broken at entry 2: it is not as it was written" in aud.get("/audit").text


def test_a_chain_too_long_for_a_page_is_left_to_the_command(
    aud: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor, "MOST_CHECKED", 1)
    assert "calcinosis-check audit verify" in aud.get("/audit").text


def test_pages_go_on_behind_an_entry_while_new_ones_come(
    house: House, aud: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor, "PAGE", 3)
    noted(house, *["retention_run"] * 7)
    seen: list[int] = []
    page = aud.post("/audit", {"kind": "keeping", "day": ""})
    while True:
        seen += numbers(page)
        noted(house, "retention_run")
        more = [a for a in page.links if "/before/" in a]
        if not more:
            break
        page = aud.get(more[0])
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 7


def test_only_the_chosen_kind_and_day_are_shown(house: House, aud: Member) -> None:
    house.clock.seconds += 2 * 86_400
    aud.sign_in()
    noted(house, "retention_run", "staff_disabled")
    day = house.now.date().isoformat()
    page = aud.post("/audit", {"kind": "staff", "day": day})
    assert page.url == f"/audit/staff/{day}"
    assert len(numbers(page)) == 1
    assert "Shut someone out" in page.text
    house.clock.seconds += 86_400
    aud.sign_in()
    tomorrow = house.now.date().isoformat()
    assert numbers(aud.get(f"/audit/staff/{tomorrow}")) == []
    assert numbers(aud.get(f"/audit/all/{tomorrow}"))
    assert numbers(aud.get(f"/audit/staff/{day}")) == numbers(page)


def test_a_day_is_that_of_the_clinics_clocks(house: House, aud: Member) -> None:
    house.clock.seconds = 1_813_360_000 // 86_400 * 86_400 + 23.5 * 3600  # in summer, 0:30 there
    aud.sign_in()
    noted(house, "staff_enabled")
    utc = house.now.date()
    assert "Let someone back in" not in aud.get(f"/audit/staff/{utc.isoformat()}").text
    local = utc.replace(day=utc.day + 1).isoformat()
    assert "Let someone back in" in aud.get(f"/audit/staff/{local}").text


@pytest.mark.parametrize(
    "address",
    ["/audit/none/all", "/audit/all/soon", "/audit/all/9999-12-31", "/audit/all/all/before/x"],
)
def test_an_address_that_nothing_leads_to_is_not_found(aud: Member, address: str) -> None:
    aud.get(address, 404)


def test_a_day_that_cannot_be_read_is_asked_for_again(aud: Member) -> None:
    page = aud.post("/audit", {"kind": "all", "day": "31/02/2027"}, 422)
    assert "#day" in page.links
    assert page.all("input", id="day")[0]["value"] == "31/02/2027"


def test_the_file_holds_all_pages_and_taking_it_is_noted(
    house: House, aud: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor, "AT_ONCE", 2)
    noted(house, "retention_run", place=FORMULA)
    response = aud.client.get("/audit/keeping/all/file.csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="audit-entries.csv"'
    head, *rows = list(csv.reader(io.StringIO(response.text)))
    assert head[:5] == ["number", "at", "actor", "name", "action"]
    assert {row[4] for row in rows} <= set(AUDIT_ACTIONS["keeping"])
    with house.store.reading_scope(aud.clinic) as scope:
        kept = audit.list_audit_entries(scope, actions=AUDIT_ACTIONS["keeping"], limit=10_000)
        newest = audit.list_audit_entries(scope, limit=1)[0]
    assert [int(row[0]) for row in rows] == [entry.number for entry in kept]
    assert rows[0][7] == f"'{FORMULA}", "a spreadsheet must not work it out"
    assert newest.action == "audit_taken"
    assert f'"number":{len(rows)}' in newest.facts


def test_who_looked_at_a_submission_is_told_to_nurses_and_auditors(house: House) -> None:
    nurse = house.member("nurse", clinic="Looks", name="Kim Lee")
    aud = house.member("auditor", clinic="Looks")
    patient = Patient(house, nurse)
    patient.send_all(CALM)
    with house.store.reading_scope(nurse.clinic) as scope:
        submission = submission_reads.find_invitation_receipt(
            scope, patient.invitation, house.now
        ).submission
    nurse.get(f"/submissions/{submission}")
    for someone in (nurse, aud):
        page = someone.get(f"/submissions/{submission}/looks")
        assert "Kim Lee Looked at the answers" in page.text
        assert "The patient Answers arrived" in page.text
    assert f"/submissions/{submission}/looks" in aud.get("/audit").links
    with house.store.writing_scope(nurse.clinic, house.now, "kim") as scope:
        erase_submissions(scope, [submission])
    assert "Kim Lee" in aud.get(f"/submissions/{submission}/looks").text
    other = house.member("auditor", clinic="Dale")
    other.get(f"/submissions/{submission}/looks", 404)


def test_every_action_that_is_noted_has_words() -> None:
    written = {action for file in sorted((ROOT / "app").rglob("*.py")) for action in _noted(file)}
    assert len(written) > 25
    assert written - set(ACTIONS) == set()


_WRITERS = {"audit.record_event", "_audit_alarm", "_audit_batch_use", "open_submission"}


def _noted(file: Path) -> Iterator[str]:
    """What a file writes into the audit, as far as it stands there in letters."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _WRITERS:
            added = ast.unparse(node.func) == "audit.record_event"
            for given in node.args[1:2] if added else node.args:
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    yield given.value
