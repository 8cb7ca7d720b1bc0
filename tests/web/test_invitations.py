"""Inviting: lists typed or uploaded, links and codes to hand on, and who has not done it yet."""

from __future__ import annotations

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.store.db import audit
from app.web.clinic.patient_list import RejectedLine, parse_guest_list
from app.web.shield import MOST_BODY
from tests.visitor import OWN, Page, Visitor
from tests.web.desk import CALM, SECURE, House, Member, Patient

BOUNDARY = "----line"
THREE = "R-1,Ann,2027-03-31,Dr Hill\n\nR-2,Bob\nR-3,Zoë,,\n"


@pytest.fixture
def nurse(house: House, request: pytest.FixtureRequest) -> Member:
    """A nurse of a clinic that invited nobody yet."""
    return house.member("nurse", clinic=f"Clinic {request.node.name}")


def _clinic(house: House, nurse: Member) -> str:
    return next(name for name, id_ in house.clinics.items() if id_ == nurse.clinic)


def invited_by(house: House, nurse: Member) -> int:
    """How many the nurse's clinic has invited, as its audit tells."""
    return house.actions(_clinic(house, nurse)).count("patient_invited")


def upload(
    nurse: Member, content: bytes, lines: str = "", key: str = "many-abc", *, declared: bool = True
):
    """Send the form as a browser does that was given a file; or without saying how long it is."""
    parts = [("key", "", key.encode()), ("lines", "", lines.encode())]
    parts.append(("file", '; filename="list.csv"\r\nContent-Type: text/csv', content))
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
        + value
        + b"\r\n"
        for name, more, value in parts
    )
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    body += f"--{BOUNDARY}--\r\n".encode()
    return nurse.client.post(
        "/invitations/batch",
        content=body if declared else iter([body]),
        headers=OWN | {"Content-Type": kind},
    )


def uploaded(nurse: Member, content: bytes, status: int = 200, **more: str) -> Page:
    return nurse._arrive(upload(nurse, content, **more), status)


def pasted(nurse: Member, lines: str, status: int = 200) -> Page:
    return nurse.post("/invitations/batch", {"lines": lines, "key": "many-abc"}, status)


def codes_on(page: Page) -> list[str]:
    return re.findall(r"\b[2-9A-Z]{4} [2-9A-Z]{4}\b", page.text)


def test_a_list_is_read_with_its_own_separator_and_without_its_headings() -> None:
    for sign in (",", ";", "\t"):
        head = sign.join(["Reference", "Name", "Day", "Visit"])
        guests, wrong, lines = parse_guest_list(f"\n{head}\n" + THREE.replace(",", sign))
        assert [(g.reference, g.name) for g in guests] == [
            ("R-1", "Ann"),
            ("R-2", "Bob"),
            ("R-3", "Zoë"),
        ]
        assert wrong == []
        assert lines == {"r-1": 3, "r-2": 5, "r-3": 6}
    assert parse_guest_list('"Hill, 12",Ann')[0][0].reference == "Hill, 12"
    assert parse_guest_list("")[0] == parse_guest_list(" \n,,\n")[0] == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",Ann", "reference"),
        ("R-9", "name"),
        ("R-9,Ann,31/03/2027", "day"),
        (f"R-9,Ann,,{'x' * 61}", "kind"),
        ("R-9,Ann,,,more", "cells"),
        ("r - 1,Ann", "twice"),
        (f"{'x' * 61},Ann", "reference"),
    ],
)
def test_each_thing_that_can_be_wrong_is_named_with_its_line(line: str, problem: str) -> None:
    guests, wrong, _ = parse_guest_list(f"{THREE}{line}\n")
    assert wrong == [RejectedLine(5, problem)]
    assert len(guests) == 3


def test_a_file_is_read_like_what_is_pasted(house: House, nurse: Member) -> None:
    page = uploaded(nurse, b"\xef\xbb\xbf" + THREE.encode())
    assert page.url == "/invitations/batch/many-abc"
    assert len(codes_on(page)) == 3
    assert "Zoë" in page.text
    assert invited_by(house, nurse) == 3


def test_a_file_from_an_old_spreadsheet_keeps_its_letters(nurse: Member) -> None:
    assert "Zoë" in uploaded(nurse, THREE.encode("cp1252")).text


def test_all_or_nothing_and_every_fault_with_its_line(house: House, nurse: Member) -> None:
    page = pasted(nurse, "R-1,Ann\nR-2,\nR-3,Bob,soon\n", 422)
    assert "Line 2: Type a name" in page.text
    assert "Line 3: Type the day" in page.text
    assert "Nobody was invited" in page.text
    assert "R-2,\nR-3,Bob,soon" in page.html
    assert invited_by(house, nurse) == 0
    many = pasted(nurse, "x\n" * 15, 422)
    assert "And 5 more lines." in many.text


def test_a_reference_of_someone_else_is_named_with_its_line(nurse: Member) -> None:
    pasted(nurse, "R-1,Ann")
    page = nurse.post("/invitations/batch", {"lines": "R-2,Bob\nR-1,Eve", "key": "many-other"}, 422)
    assert "Line 2: The reference R-1 belongs to someone of another name" in page.text
    assert "Bob" not in nurse.get("/invitations").text


@pytest.mark.parametrize("number", [0, 201])
def test_no_more_than_two_hundred_at_once(nurse: Member, number: int) -> None:
    page = pasted(nurse, "".join(f"R{n},Ann\n" for n in range(number)), 422)
    assert "Give between 1 and 200 patients" in page.text


def test_two_hundred_long_lines_fit_and_more_is_refused_kindly(nurse: Member) -> None:
    lines = "".join(f"R{n:058},{'n' * 60},2027-03-31,{'k' * 60}\n" for n in range(200))
    assert len(codes_on(uploaded(nurse, lines.encode()))) == 200
    assert upload(nurse, b"x" * MOST_BODY).status_code == 413
    assert upload(nurse, b"x" * MOST_BODY, declared=False).status_code == 413


def test_a_form_that_is_none_invites_nobody(house: House, nurse: Member) -> None:
    for body in (b"", b"--\r\n", b"\xff" * 100, b'--a\r\nname="lines"\r\n\r\nR-1,Ann'):
        headers = OWN | {"Content-Type": "multipart/form-data; boundary=a"}
        sent = nurse.client.post("/invitations/batch", content=body, headers=headers)
        assert sent.status_code == 422
    assert invited_by(house, nurse) == 0


def test_twenty_uploads_of_one_form_are_one_batch(house: House, nurse: Member) -> None:
    with ThreadPoolExecutor(4) as crowd:
        replies = list(crowd.map(lambda _: upload(nurse, THREE.encode()), range(20)))
    assert {(r.status_code, r.headers["location"]) for r in replies} == {
        (303, "/invitations/batch/many-abc")
    }
    assert invited_by(house, nurse) == 3


def test_the_batch_can_be_downloaded_and_that_is_noted(house: House, nurse: Member) -> None:
    page = pasted(nurse, 'R-1,Ann,2027-03-31,Dr Hill\n=cmd(),"-Bob"')
    response = nurse.client.get("/invitations/batch/many-abc/csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0] == ["reference", "name", "day", "visit", "link", "code", "good_until"]
    assert rows[1][:4] == ["R-1", "Ann", "2027-03-31", "Dr Hill"]
    assert rows[2][:2] == ["'=cmd()", "'-Bob"]
    assert [row[5] for row in rows[1:]] == [code.replace(" ", "") for code in codes_on(page)]
    guest = Visitor(house.app, SECURE)
    assert "asks you" in guest.get(rows[1][4].removeprefix(SECURE)).text
    assert house.actions(_clinic(house, nurse))[-1] == "exported"
    with house.store.reading_scope(nurse.clinic) as scope:
        assert '"number":2' in audit.list_audit_entries(scope, limit=1)[0].facts


def test_each_has_a_slip_to_be_cut_and_printing_is_noted(house: House, nurse: Member) -> None:
    made = pasted(nurse, THREE)
    page = nurse.get("/invitations/batch/many-abc/slips")
    assert len(page.all("svg")) == 3
    assert len(page.all("li")) >= 3
    assert codes_on(page) == codes_on(made)
    assert house.actions(_clinic(house, nurse))[-1] == "printed"


def test_a_batch_is_shown_to_who_made_it_and_to_nobody_else(house: House, nurse: Member) -> None:
    pasted(nurse, THREE)
    colleague = house.member("nurse", clinic=_clinic(house, nurse))
    elsewhere = house.member("nurse", clinic="Elsewhere")
    for other in (colleague, elsewhere):
        for page in ("", "/slips", "/csv"):
            assert other.client.get(f"/invitations/batch/many-abc{page}").status_code == 404
            assert other.client.get(f"/invitations/batch/none{page}").status_code == 404


def test_a_new_link_for_the_same_visit_ends_the_old_one(house: House, nurse: Member) -> None:
    patient = Patient(house, nurse)
    page = nurse.post(f"/invitations/{patient.invitation}/again")
    assert page.url != f"/invitations/{patient.invitation}"
    link = re.search(rf"{SECURE}(/i/\S+)", page.text)[1]
    assert nurse.post(f"/invitations/{patient.invitation}/again").url == page.url
    guest = Visitor(house.app, SECURE)
    assert "asks you" in guest.get(link).text
    assert guest.get(patient.link, 404).h1 == ["This link does not work now"]
    actions = house.actions(_clinic(house, nurse))
    assert actions.count("patient_invited") == 2
    assert actions.count("invitation_revoked") == 1


def test_who_has_done_it_gets_no_new_link(house: House, nurse: Member) -> None:
    patient = Patient(house, nurse)
    patient.send_all(CALM)
    nurse.post(f"/invitations/{patient.invitation}/again", status=404)


def test_the_list_names_who_has_not_done_it_with_the_end_and_the_steps(
    house: House, nurse: Member
) -> None:
    done, open_ = Patient(house, nurse, reference="Done"), Patient(house, nurse, reference="Open")
    done.send_all(CALM)
    page = nurse.get("/invitations")
    assert "Open" in page.text
    assert "Done" not in page.text
    assert "good until" in page.text
    again = f"/invitations/{open_.invitation}/again"
    assert page.all("form", action=again)
    house.clock.seconds += 14 * 24 * 3600
    nurse.sign_in()
    assert "ended" in nurse.get("/invitations").text
    assert "Open" not in nurse.post(f"/invitations/{open_.invitation}/revoke").text


@pytest.mark.parametrize(
    ("changed", "leads_to"),
    [
        ({"reference": " "}, "#reference"),
        ({"name": ""}, "#name"),
        ({"day": "31/03/2027"}, "#day"),
        ({"kind": "x" * 61}, "#kind"),
    ],
)
def test_an_invitation_that_lacks_something_keeps_what_was_typed(
    house: House, nurse: Member, changed: dict[str, str], leads_to: str
) -> None:
    before = invited_by(house, nurse)
    fields = {"reference": "B 1", "name": "Jo", "day": "2027-03-31", "key": "k"} | changed
    page = nurse.post("/invitations", fields, 422)
    assert leads_to in page.links
    assert page.all("input", id="name")[0]["value"] == fields["name"]
    assert invited_by(house, nurse) == before


def test_many_are_invited_at_once_or_nobody(house: House, nurse: Member) -> None:
    lines = 'C1,Ann,2027-03-31,"Dr Hill, room 2"\nC2,Bob\n\n'
    assert "C2" in nurse.post("/invitations/batch", {"key": "m1", "lines": lines}).text
    before = invited_by(house, nurse)
    for bad in (
        "C3,Cy\nC4,",
        "C3,Cy\nC1,Someone else",
        "C3,Cy,soon",
        "a,b,,d,e",
        "",
        "x,y\n" * 201,
    ):
        page = nurse.post("/invitations/batch", {"key": "m2", "lines": bad}, 422)
        assert "#lines" in page.links
    assert invited_by(house, nurse) == before


def test_one_form_sent_again_invites_once(nurse: Member) -> None:
    fields = {"key": "same", "reference": "D1", "name": "Jo"}
    assert len({nurse.post("/invitations", fields).url for _ in range(5)}) == 1


def test_an_invitation_taken_back_is_gone(house: House, nurse: Member) -> None:
    patient = Patient(house, nurse)
    nurse.post(f"/invitations/{patient.invitation}/revoke")
    patient.get(patient.link, 404)
    nurse.get(f"/invitations/{patient.invitation}", 404)
