"""The audit by whom it is about and by who did it: references shown, none in an address."""

from __future__ import annotations

import csv
import io

import pytest

from app.store import submission_reads
from app.store.db import audit
from app.store.retention import erase_submissions
from tests.web.desk import CALM, House, Member, Patient

KNOWN, OTHER = "Kestrel 4", "Osprey 5"


@pytest.fixture
def clinic(request: pytest.FixtureRequest) -> str:
    """A clinic of its own for each test, since the audit holds all of it."""
    return f"A {request.node.name[5:45]}"


@pytest.fixture
def nurse(house: House, clinic: str) -> Member:
    return house.member("nurse", clinic=clinic, name="Kim Lee")


@pytest.fixture
def aud(house: House, nurse: Member, clinic: str) -> Member:
    """An auditor of a clinic to which two people sent their answers, which the nurse opened."""
    for reference in (KNOWN, OTHER):
        nurse.sign_in()
        nurse.get(f"/submissions/{submission_of(house, nurse, reference)}")
    return house.member("auditor", clinic=clinic, name="Ann Audit")


def submission_of(house: House, nurse: Member, reference: str) -> str:
    patient = Patient(house, nurse, reference=reference, name="Quill")
    patient.send_all(CALM)
    with house.store.reading_scope(nurse.clinic) as scope:
        return submission_reads.find_invitation_receipt(
            scope, patient.invitation, house.now
        ).submission


def choose(aud: Member, status: int = 200, **fields: str):
    whole = {"kind": "all", "day": "", "by": "all", "about": ""} | fields
    return aud.post("/audit", whole, status)


def test_entries_name_the_reference_of_whom_they_are_about(aud: Member) -> None:
    page = aud.get("/audit")
    assert "Looked at the answers Kestrel 4, " in page.text
    assert "Invited a patient" in page.text
    assert OTHER in page.text


def test_the_audit_of_one_patient_shows_all_of_theirs_and_nothing_else(aud: Member) -> None:
    page = choose(aud, about="kestrel4")
    assert "Looked at the answers" in page.text
    assert "Answers arrived" in page.text
    assert "Invited a patient" in page.text
    assert OTHER not in page.text
    assert "Signed in" not in page.text.partition("Who From")[2]
    assert "estrel" not in page.url
    assert page.all("input", id="about")[0]["value"] == KNOWN


def test_the_audit_is_found_by_the_reference_that_the_patient_was_given(
    house: House, nurse: Member, aud: Member
) -> None:
    submission = submission_of(house, nurse, "Merlin 6")
    with house.store.reading_scope(nurse.clinic) as scope:
        reference = submission_reads.find_submission(scope, submission).reference
    page = choose(aud, about=reference.lower().replace("-", " "))
    assert "Answers arrived" in page.text
    assert OTHER not in page.text
    assert page.all("input", id="about")[0]["value"] == reference


def test_the_audit_of_one_member_of_staff_shows_what_they_did(nurse: Member, aud: Member) -> None:
    page = choose(aud, by=nurse.id)
    assert "Kim Lee Looked at the answers" in page.text
    assert "Ann Audit Signed in" not in page.text
    assert nurse.id in page.ticked
    both = choose(aud, by=nurse.id, about=KNOWN)
    assert "Kim Lee Looked at the answers Kestrel 4" in both.text
    assert OTHER not in both.text


def test_the_file_holds_what_was_chosen_and_no_more(nurse: Member, aud: Member) -> None:
    page = choose(aud, by=nurse.id, about=KNOWN)
    (link,) = [address for address in page.links if address.endswith("/file.csv")]
    assert link == f"{page.url}/file.csv"
    rows = list(csv.DictReader(io.StringIO(aud.client.get(link).text)))
    assert rows
    assert {row["actor"] for row in rows} == {nurse.id}
    assert {"submission_viewed"} <= {row["action"] for row in rows}


def test_a_reference_that_nobody_has_is_said_and_stays_typed(aud: Member) -> None:
    page = choose(aud, 422, about="Zebrafink 7", kind="looks")
    assert "#about" in page.links
    assert "Nothing that is kept has this reference" in page.text
    assert page.all("input", id="about")[0]["value"] == "Zebrafink 7"


@pytest.mark.parametrize("rest", ["by/nobody-such/about/all", "by/all/about/AAAAAAAAAAAAAAAA"])
def test_the_audit_of_nobody_is_not_found(aud: Member, rest: str) -> None:
    aud.get(f"/audit/all/all/{rest}", 404)


def test_the_audit_of_another_clinic_is_not_found(house: House, nurse: Member, aud: Member) -> None:
    page = choose(aud, by=nurse.id, about=KNOWN)
    other = house.member("auditor", clinic="Dale")
    other.get(page.url, 404)
    choose(other, 422, about=KNOWN)


def test_a_refusal_names_the_submission_that_was_asked_for(
    house: House, nurse: Member, clinic: str, aud: Member
) -> None:
    submission = submission_of(house, nurse, "Merlin 8")
    admin = house.member("admin", clinic=clinic)
    admin.get(f"/submissions/{submission}", 403)
    admin.get("/submissions/AAAAAAAAAAAAAAAA", 403)
    with house.store.reading_scope(admin.clinic) as scope:
        nobodys, known = audit.list_audit_entries(scope, actions=["page_refused"], limit=2)
    assert (known.subject_kind, known.subject_id) == ("submission", submission)
    assert (nobodys.subject_kind, nobodys.subject_id) == ("page", "GET /submissions/{id}")
    assert "Merlin 8" in choose(aud, kind="refused").text


def test_what_is_erased_keeps_its_entries_under_an_id_alone(
    house: House, nurse: Member, aud: Member
) -> None:
    submission = submission_of(house, nurse, "Merlin 9")
    with house.store.writing_scope(nurse.clinic, house.now, "job") as scope:
        erase_submissions(scope, [submission])
    assert submission in choose(aud, kind="patients").text
