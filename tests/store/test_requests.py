"""Export and erase of a person: a second person's word, all of it given, nothing of it left."""

import json
from datetime import timedelta

import pytest
from sqlmodel import SQLModel

from app.documents.clinic_files import build_person_file
from app.store import alarms, invitations, people, person_requests, reviews
from app.store.db import audit
from app.store.db.patient_tables import (
    Invitation,
    PatientMessage,
    Person,
    PersonRequest,
    Submission,
    WorklistRow,
)
from app.store.db.scope import Store
from app.store.db.tables import Staff
from app.store.invitations import InvitationGone
from app.store.person_requests import NoSuchPerson, NoSuchRequest, OwnRequest
from tests.builders import rulebook
from tests.store.patients import MONDAY, Work
from tests.store.test_retention import NOTE, everything_as_bytes, reviewed, rows, sealed_bytes

HOUR = timedelta(hours=1)
THEIRS = {"reference": "Xylophone-77", "name": "Quillfeather", "appointment_kind": "Dr Hill"}


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def person_of(work: Work, reference: str = "Xylophone-77") -> str:
    with work.store.reading_scope("c1") as scope:
        return person_requests.find_person(scope, reference).id


def asked(work: Work, kind: str, who: str = "ada", person: str = "") -> str:
    with work.store.writing_scope("c1", MONDAY, who) as scope:
        return person_requests.add_request(scope, kind, person or person_of(work))


def answered(work: Work, request: str, who: str = "lee", agreed: bool = True) -> None:
    with work.store.writing_scope("c1", MONDAY, who) as scope:
        person_requests.answer_request(scope, request, agreed)


def taken(work: Work, request: str, who: str = "ada", later: timedelta = HOUR) -> dict:
    with work.store.writing_scope("c1", MONDAY + later, who) as scope:
        return person_requests.take_export(scope, request)


def audit_kinds(work: Work) -> list[str]:
    assert audit.verify_chain(work.store, "c1") is None
    with work.store.reading_scope("c1") as scope:
        return [
            e.action
            for e in reversed(audit.list_audit_entries(scope))
            if e.action.startswith("person")
        ]


def test_an_agreed_export_holds_all_of_the_person(work: Work) -> None:
    sent = reviewed(work, **THEIRS)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        people.save_person_flags(scope, person_of(work), {"interpreter": "Polish"})
        reviews.record_view(scope, sent, "10.0.0.1")
    request = asked(work, "export")
    answered(work, request)
    kept = taken(work, request)
    (submission,) = kept["submissions"]
    (version,) = submission["versions"]
    assert (kept["name"], kept["markers"]) == ("Quillfeather", ["interpreter"])
    assert kept["marker_words"] == {"interpreter": "Polish"}
    assert kept["invitations"][0]["appointment"] == "Dr Hill"
    assert version["answers"]["kidney"] == ["dialysis"]
    assert NOTE in [entry["note"] for entry in submission["reviews"]]
    assert "submission_viewed" in [look["what"] for look in submission["done"]]
    file = json.loads(build_person_file(rulebook(), kept, clinic="Hill", made_at="now"))
    said = file["submissions"][0]["versions"][0]["in_words"]
    assert len(said) == len(version["answers"])
    assert not any("{" in one["asked"] or one["answered"] == ["dialysis"] for one in said)
    assert audit_kinds(work) == [
        "person_export_asked",
        "person_export_agreed",
        "person_exported",
    ]


def test_nobody_agrees_to_their_own_wish(work: Work) -> None:
    reviewed(work, **THEIRS)
    request = asked(work, "erase")
    with pytest.raises(OwnRequest):
        answered(work, request, "ada")
    with work.store.reading_scope("c1") as scope:
        assert scope.count_rows(Submission) == 1


def test_an_export_is_for_who_asked_and_for_a_day(work: Work) -> None:
    reviewed(work, **THEIRS)
    request = asked(work, "export")
    with pytest.raises(NoSuchRequest):
        taken(work, request)
    answered(work, request)
    for who, later in (("lee", HOUR), ("ada", timedelta(days=1))):
        with pytest.raises(NoSuchRequest):
            taken(work, request, who, later)
    assert taken(work, request, later=timedelta(days=1) - timedelta(seconds=1))


@pytest.mark.parametrize("kind", ["export", "erase"])
def test_what_was_refused_stays_refused(work: Work, kind: str) -> None:
    reviewed(work, **THEIRS)
    before = rows(work.store)
    request = asked(work, kind)
    answered(work, request, agreed=False)
    answered(work, request, agreed=True)
    with pytest.raises(NoSuchRequest):
        taken(work, request)
    assert rows(work.store) == before | {"person_request": 1}
    assert audit_kinds(work) == [f"person_{kind}_asked", f"person_{kind}_refused"]


def test_the_same_wish_is_kept_once_while_it_waits(work: Work) -> None:
    reviewed(work, **THEIRS)
    first = asked(work, "erase")
    assert asked(work, "erase") == asked(work, "erase", "lee") == first
    assert asked(work, "export") != first
    answered(work, first, agreed=False)
    assert asked(work, "erase") != first


def test_no_byte_of_an_erased_person_is_left_but_the_audit(work: Work) -> None:
    sent = reviewed(work, **THEIRS)
    wanted = sealed_bytes(work.store)
    link = work.invite(**THEIRS)
    stays = work.send().submission
    person = person_of(work)
    asked(work, "export")
    answered(work, asked(work, "erase"))
    raw = everything_as_bytes(work.store)
    assert [label for label, found in wanted.items() if found(raw)] == []
    assert NOTE.encode() not in raw
    assert audit_kinds(work)[-2:] == ["person_erase_agreed", "person_erased"]
    with work.store.reading_scope("c1") as scope:
        assert [row.id for row in scope.find_all(Submission)] == [stays]
        assert [r.person for r in person_requests.list_recent_requests(scope, MONDAY)] == [None]
        assert audit.list_audit_entries(scope, subject=("submission", sent))
        facts = audit.list_audit_entries(scope, subject=("person", person))[0].facts
    assert facts == '{"invitations":2,"submissions":1}'
    code = invitations.derive_invitation_code(work.store.keyring, link)
    with pytest.raises(InvitationGone):
        invitations.find_token_by_code(work.store, code, MONDAY, address="")


def test_erasing_reaches_every_table_that_can_name_the_person(work: Work) -> None:
    sent = reviewed(work, **THEIRS)
    now = MONDAY + HOUR
    with work.store.writing_scope("c1", now, "kim") as scope:
        alarms.add_messages(scope, sent, ["webhook", "email"])
        person, link = person_of_scope(scope), scope.find_all(Invitation)[0].id
        letter = {"invitation_id": link, "kind": "invitation", "channel": "email"}
        scope.add_row(PatientMessage, id="m1", made_at=now, due_at=now, **letter)
    ids = {sent, person, link}
    assert naming(work.store, ids) >= can_name_a_person()
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        person_requests.erase_person_records(scope, person)
    assert naming(work.store, ids) == set()


def can_name_a_person() -> set[str]:
    """The tables of people, and all that refer to one of them."""
    people = {"person", "invitation", "submission"}
    return people | {
        name
        for name, table in SQLModel.metadata.tables.items()
        if people & {key.column.table.name for key in table.foreign_keys}
    }


def naming(store: Store, ids: set[str]) -> set[str]:
    """The tables with a row that holds one of these ids; the audit and wishes keep theirs."""
    found = set()
    with store.engine.connect() as connection:
        for name, table in SQLModel.metadata.tables.items():
            rows = connection.execute(table.select()).all()
            if any(value in ids for row in rows for value in row if isinstance(value, str)):
                found.add(name)
    return found - {"audit_entry", "person_request"}


def test_what_another_person_sent_by_their_link_is_not_erased(work: Work) -> None:
    theirs = work.invite(**THEIRS)
    sent = work.hand_in(theirs).submission
    other = work.invite(reference="B", name="Bea")
    with work.store.writing_scope("c1", MONDAY, "command") as scope:
        bea = person_requests.find_person(scope, "B").id
        scope.update_rows(WorklistRow, submission_id=sent, to={"person_id": bea})
        counts = person_requests.erase_person(scope, person_of_scope(scope))
    assert counts == {"submissions": 0, "invitations": 1}
    with work.store.reading_scope("c1") as scope:
        assert {row.person_id for row in scope.find_all(Invitation)} == {bea}
        assert {row.id for row in scope.find_all(Invitation)} == {theirs, other}
        assert scope.find_one(Submission, id=sent) is not None
    with work.store.writing_scope("c1", MONDAY, "command") as scope:
        assert person_requests.erase_person(scope, bea)["submissions"] == 1
        assert scope.count_rows(Invitation) == scope.count_rows(Person) == 0


def person_of_scope(scope) -> str:
    return person_requests.find_person(scope, "Xylophone-77").id


def test_what_came_by_their_link_and_is_tied_to_nobody_is_erased(work: Work) -> None:
    sent = work.hand_in(work.invite(**THEIRS)).submission
    with work.store.writing_scope("c1", MONDAY, "command") as scope:
        scope.update_rows(WorklistRow, submission_id=sent, to={"person_id": None})
        person_requests.erase_person(scope, person_of_scope(scope))
        assert scope.count_rows(Submission) == scope.count_rows(WorklistRow) == 0


def test_a_person_of_another_clinic_is_nobody_here(work: Work) -> None:
    reviewed(work, **THEIRS)
    person = person_of(work)
    request = asked(work, "erase")
    Work(work.store, "c2")
    with work.store.writing_scope("c2", MONDAY, "ada") as scope:
        with pytest.raises(NoSuchPerson):
            person_requests.add_request(scope, "erase", person)
        with pytest.raises(NoSuchRequest):
            person_requests.answer_request(scope.act_as("lee"), request, True)
        assert person_requests.list_recent_requests(scope, MONDAY) == []
        person_requests.erase_person(scope.act_as("command"), person)
    assert person_of(work) == person


def test_a_wish_about_someone_who_is_gone_cannot_be_agreed_to(work: Work) -> None:
    reviewed(work, **THEIRS)
    request = asked(work, "export")
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        person_requests.erase_person_records(scope, person_of_scope(scope))
    with pytest.raises(NoSuchRequest):
        answered(work, request)


def test_it_is_known_whether_anyone_else_could_agree(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        assert person_requests.count_other_approvers(scope, "ada", "erase") == 0
        scope.update_rows(Staff, id="lee", to={"role": "admin"})
        assert person_requests.count_other_approvers(scope, "ada", "erase") == 0, (
            "lee has not joined"
        )
        scope.update_rows(Staff, id="lee", to={"password_hash": "x"})
        assert person_requests.count_other_approvers(scope, "ada", "erase") == 1
        assert person_requests.count_other_approvers(scope, "lee", "erase") == 0, "kim is a nurse"
        scope.update_rows(Staff, id="lee", to={"disabled_at": MONDAY})
        assert person_requests.count_other_approvers(scope, "ada", "erase") == 0


def test_answered_wishes_are_shown_for_a_month_and_waiting_ones_longer(work: Work) -> None:
    reviewed(work, **THEIRS)
    answered(work, asked(work, "export"), agreed=False)
    waits = asked(work, "erase")
    with work.store.reading_scope("c1") as scope:
        assert len(person_requests.list_recent_requests(scope, MONDAY + timedelta(days=29))) == 2
        later = person_requests.list_recent_requests(scope, MONDAY + timedelta(days=31))
        assert [request.row.id for request in later] == [waits]
        assert scope.count_rows(PersonRequest) == 2
