"""Inviting: lists typed or uploaded, links and codes to hand on, and who has not done it yet."""

from __future__ import annotations

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from app.store.db import audit
from app.web.shield import MOST_BODY_OF_LISTS
from tests.documents.test_patient_list import sheet
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


def upload(nurse: Member, content: bytes, *, declared: bool = True, name: str = "list.csv"):
    """Send the form as a browser does that was given a file; or without saying how long it is."""
    parts = [("lines", "", b"")]
    parts.append(("file", f'; filename="{name}"\r\nContent-Type: text/csv', content))
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
        + value
        + b"\r\n"
        for name, more, value in parts
    )
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    body += f"--{BOUNDARY}--\r\n".encode()
    return nurse.client.post(
        "/invitations/list",
        content=body if declared else iter([body]),
        headers=OWN | {"Content-Type": kind},
    )


def previewed(nurse: Member, content: bytes, status: int = 200) -> Page:
    """The page on which a file is looked at."""
    return nurse._arrive(upload(nurse, content), status)


def pasted(nurse: Member, lines: str, status: int = 200) -> Page:
    """The page on which lines that were typed are looked at."""
    return nurse.post("/invitations/list", {"lines": lines}, status)


def rows_of(page: Page, **changed: dict[int, str]) -> dict[str, list[str]]:
    """The form of a preview as the browser holds it; `changed`: what is typed over, by row."""
    fields: dict[str, list[str]] = {}
    for name in ("key", "line", "reference", "name", "day", "kind"):
        boxes = page.all("input", name=name)
        fields[name] = [box.get("value", "") for box in boxes]
    ticks = page.all("input", name="invite")
    fields["invite"] = [box["value"] for box in ticks if "checked" in box]
    for name, texts in changed.items():
        for row, text in texts.items():
            fields[name][row] = text
    return fields


def confirm(nurse: Member, page: Page, status: int = 200, **changed: dict[int, str]) -> Page:
    """Invite those who are ticked."""
    return nurse.post("/invitations/batch", rows_of(page, **changed), status)


def invite_all(nurse: Member, lines: str) -> Page:
    """The links of all these, after the look at them."""
    return confirm(nurse, pasted(nurse, lines))


def codes_on(page: Page) -> list[str]:
    return re.findall(r"\b[2-9A-Z]{4} [2-9A-Z]{4}\b", page.text)


def test_a_file_is_looked_at_before_anybody_is_invited(house: House, nurse: Member) -> None:
    page = previewed(nurse, b"\xef\xbb\xbf" + THREE.encode())
    assert page.url == "/invitations/list"
    assert "Nobody is invited yet" in page.text
    assert rows_of(page)["name"] == ["Ann", "Bob", "Zoë"]
    assert rows_of(page)["day"] == ["31 Mar 2027", "", ""]
    assert rows_of(page)["line"] == ["1", "3", "4"]
    assert invited_by(house, nurse) == 0
    made = confirm(nurse, page)
    assert made.url.startswith("/invitations/batch/")
    assert len(codes_on(made)) == invited_by(house, nurse) == 3


def test_a_file_comes_as_a_spreadsheet_writes_it(nurse: Member) -> None:
    """D13: British days, headings that begin with another word, and 16 bits for a letter."""
    text = "NHS number,Patient,Appt date\n943 476 5919,Zoë,03/04/2027\n8,Ann,31/03/2027\n"
    for content in (text.encode("cp1252"), text.replace(",", "\t").encode("utf-16")):
        page = previewed(nurse, content)
        assert rows_of(page)["reference"] == ["943 476 5919", "8"]
        assert rows_of(page)["day"] == ["3 Apr 2027", "31 Mar 2027"]
        assert rows_of(page)["invite"] == ["0", "1"]
    assert "Zoë" in confirm(nurse, page).text


def test_an_excel_file_is_read_and_its_bare_numbers_are_remarked(nurse: Member) -> None:
    page = previewed(nurse, sheet(("MRN", "Name", "Date"), (7, "Ann", date(2027, 3, 31))))
    assert rows_of(page)["reference"] == ["7"]
    assert rows_of(page)["day"] == ["31 Mar 2027"]
    assert "Zeros at the start may be lost" in page.text
    assert len(codes_on(confirm(nurse, page))) == 1


def test_days_that_can_be_read_in_two_ways_are_asked_about(nurse: Member) -> None:
    page = previewed(nurse, b"Ref,Name,Day\nR-1,Ann,03/04/2027\nR-2,Bob,04/04/2027\n")
    assert "03/04/2027 is 3 April 2027" in page.text
    assert "03/04/2027 is 4 March 2027" in page.text
    assert not page.all("form", action="/invitations/batch")
    known = {"table": page.all("input", name="table")[0]["value"], "headings": "1"}
    known |= {"column-reference": "0", "column-name": "1", "column-day": "2"}
    for order, day in (("day_first", "3 Apr 2027"), ("month_first", "4 Mar 2027")):
        page = nurse.post("/invitations/list", known | {"order": order})
        assert rows_of(page)["day"][0] == day


def test_columns_can_be_chosen_otherwise(nurse: Member) -> None:
    page = previewed(nurse, b"MRN,Hospital no,Patient\n1,H-1,Ann\n")
    assert rows_of(page)["reference"] == ["H-1"]
    known = {"table": page.all("input", name="table")[0]["value"]}
    known |= {"column-reference": "0", "column-name": "2", "headings": "1"}
    assert rows_of(nurse.post("/invitations/list", known))["reference"] == ["1"]
    page = nurse.post("/invitations/list", known | {"headings": "0"})
    assert rows_of(page)["reference"] == ["MRN", "1"]
    page = nurse.post("/invitations/list", known | {"column-name": ""})
    assert not page.all("form", action="/invitations/batch")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Nothing stands there"),
        (b"Ref,Name\n", "There are headings and no patients below"),
        (b"R-1,Zo\x81", "Save it as “CSV UTF-8”"),
        (b"PK\x03\x04", "This is no file that we can read"),
        (b"x," * 50 + b"x", "It may have at most 40"),
        (b"x" * (1024 * 1024 + 1), "It may have at most 1 MB"),
        (b"R,Ann\n" * 201, "There are 201 patients. At most 200"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_is_wrong_and_what_is_allowed(
    house: House, nurse: Member, content: bytes, words: str
) -> None:
    assert words in previewed(nurse, content, 422).text
    assert invited_by(house, nurse) == 0


def test_the_same_file_again_invites_nobody_again_unless_it_is_said(
    house: House, nurse: Member
) -> None:
    """D14: who was invited and has not done it is named, and not ticked."""
    invite_all(nurse, THREE)
    page = pasted(nurse, THREE)
    assert page.text.count("and not done yet. Tick to invite again") == 3
    assert rows_of(page)["invite"] == []
    assert "Nobody is ticked" in confirm(nurse, page, 422).text
    assert invited_by(house, nurse) == 3
    fields = rows_of(page) | {"invite": ["1"]}
    assert len(codes_on(nurse.post("/invitations/batch", fields))) == 1
    assert invited_by(house, nurse) == 4


def test_days_that_cannot_be_are_refused_or_asked_about(house: House, nurse: Member) -> None:
    """D15 and P-T11; today is 1 March 2026 or so, whatever the clock of the test says."""
    today = house.now.date()
    slip = (today - timedelta(days=300)).isoformat()
    lines = f"A,Ann,1927-03-31\nB,Bo,{slip}\nC,Cy,9999-12-31\nD,Di,{today.year + 1}-12-28"
    page = pasted(nurse, lines)
    for words in ("is past. Type a day", "is past. Is ", "more than two years away"):
        assert words in page.text
    assert set(rows_of(page)["invite"]) <= {"3"}
    refused = nurse.post("/invitations/batch", rows_of(page) | {"invite": ["1"]}, 422)
    assert "Nobody was invited" in refused.text
    ahead = (today + timedelta(days=400)).isoformat()
    page = pasted(nurse, f"A,Ann,{ahead}")
    assert "Is the year right?" in page.text
    assert rows_of(page)["invite"] == []


def test_a_day_on_which_the_clinic_is_closed_is_remarked(house: House, nurse: Member) -> None:
    saturday = house.now.date() + timedelta(days=14 + (5 - house.now.weekday()) % 7)
    page = pasted(nurse, f"A,Ann,{saturday.isoformat()}")
    assert "Saturday" in page.text
    assert "the clinic is closed on that day" in page.text
    assert rows_of(page)["invite"] == ["0"]


def test_rows_that_will_not_do_are_named_kept_and_can_be_put_right(
    house: House, nurse: Member
) -> None:
    page = pasted(nurse, 'R-1,Ann\nR-2,\nR-3,Bob,soon\nR-4,"Jo,2027-03-31\nr - 1,Ann\n')
    for words in (
        "Type a name of at most",
        "Type a day of the calendar",
        "quotation mark",
        "further up",
    ):
        assert words in page.text
    assert rows_of(page)["invite"] == ["0"]
    assert rows_of(page)["day"][2] == "soon"
    bad = rows_of(page) | {"invite": ["0", "1"]}
    again = nurse.post("/invitations/batch", bad, 422)
    assert rows_of(again)["invite"] == ["0", "1"]
    assert rows_of(again)["line"] == ["1", "2", "3", "4", "5"]
    assert "#rows" in again.links
    assert invited_by(house, nurse) == 0
    assert len(codes_on(confirm(nurse, again, name={1: "Bea"}))) == 2


def test_a_reference_of_someone_else_is_named_in_its_row(nurse: Member) -> None:
    """P-T6 and P-T8: accents, dashes and apostrophes make nobody another person."""
    invite_all(nurse, "R-1,Jos\u00e9")
    page = pasted(nurse, "R-2,Bob\nR\u20131,Eve")
    assert "The reference R\u20131 belongs to someone of another name" in page.text
    assert rows_of(page)["invite"] == ["0"]
    same = pasted(nurse, "R\u20111,Jose\u0301")
    assert "another name" not in same.text
    assert "not done yet" in same.text


def test_two_hundred_long_lines_fit_and_more_is_refused_kindly(nurse: Member) -> None:
    letter = "\u7530"
    lines = "".join(f"R{n:058},{letter * 60},2027-03-31,{'k' * 60}\n" for n in range(200))
    assert len(codes_on(confirm(nurse, previewed(nurse, lines.encode())))) == 200
    assert upload(nurse, b"x" * MOST_BODY_OF_LISTS).status_code == 413
    assert upload(nurse, b"x" * MOST_BODY_OF_LISTS, declared=False).status_code == 413


def test_a_form_that_is_none_invites_nobody(house: House, nurse: Member) -> None:
    for address in ("/invitations/list", "/invitations/batch"):
        for body in (b"", b"--\r\n", b"\xff" * 100, b'--a\r\nname="lines"\r\n\r\nR-1,Ann'):
            headers = OWN | {"Content-Type": "multipart/form-data; boundary=a"}
            assert nurse.client.post(address, content=body, headers=headers).status_code == 422
    for fields in (
        {"table": "x"},
        {"table": "\t0\n1\t\tR\tAnn", "column-reference": "99999"},
        {"table": "\t0\n1\t\t", "headings": "1"},
    ):
        sent = nurse.client.post("/invitations/list", data=fields, headers=OWN)
        assert sent.status_code in (200, 422)
    assert invited_by(house, nurse) == 0


def test_twenty_posts_of_one_form_are_one_batch(house: House, nurse: Member) -> None:
    fields = rows_of(pasted(nurse, THREE)) | {"key": ["many-abc"]}
    with ThreadPoolExecutor(4) as crowd:
        replies = list(
            crowd.map(
                lambda _: nurse.client.post("/invitations/batch", data=fields, headers=OWN),
                range(20),
            )
        )
    assert {(r.status_code, r.headers["location"]) for r in replies} == {
        (303, "/invitations/batch/many-abc")
    }
    assert invited_by(house, nurse) == 3


def test_the_batch_can_be_downloaded_and_that_is_noted(house: House, nurse: Member) -> None:
    page = invite_all(nurse, 'R-1,Ann,2027-03-31,Dr Hill\n=cmd(),"-Bob"')
    response = nurse.client.get(f"{page.url}/csv")
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
    made = invite_all(nurse, THREE)
    page = nurse.get(f"{made.url}/slips")
    assert len(page.all("svg")) == 3
    assert len(page.all("li")) >= 3
    assert codes_on(page) == codes_on(made)
    assert house.actions(_clinic(house, nurse))[-1] == "printed"


def test_a_batch_is_shown_to_who_made_it_and_to_nobody_else(house: House, nurse: Member) -> None:
    made = invite_all(nurse, THREE)
    colleague = house.member("nurse", clinic=_clinic(house, nurse))
    elsewhere = house.member("nurse", clinic="Elsewhere")
    for other in (colleague, elsewhere):
        for page in ("", "/slips", "/csv"):
            assert other.client.get(f"{made.url}{page}").status_code == 404
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
    assert page.all("input", name="ticked", value=open_.invitation)
    house.clock.seconds += 14 * 24 * 3600
    nurse.sign_in()
    assert "ended" in nurse.get("/invitations").text
    assert "Open" not in nurse.post(f"/invitations/{open_.invitation}/revoke").text


@pytest.mark.parametrize(
    ("changed", "leads_to"),
    [
        ({"reference": " "}, "#reference"),
        ({"name": ""}, "#name"),
        ({"day": "31/31/2027"}, "#day"),
        ({"day": "2020-01-01"}, "#asked"),
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


def test_what_may_be_a_slip_is_asked_back_before_one_is_invited(
    house: House, nurse: Member
) -> None:
    """D14 and D15: invited already, or on a day on which nobody is there."""
    fields = {"reference": "B 1", "name": "Jo", "day": "31 Mar 2027", "kind": ""}
    assert "Wednesday 31 March 2027" in nurse.post("/invitations", fields | {"key": "a"}).text
    page = nurse.post("/invitations", fields | {"key": "b"}, 422)
    assert "and not done yet" in page.text
    assert page.all("input", name="sure", value="already")
    assert invited_by(house, nurse) == 1
    nurse.post("/invitations", fields | {"key": "b", "sure": "already"})
    assert invited_by(house, nurse) == 2
    closed = {"reference": "B 2", "name": "Al", "day": "3/4/2027", "key": "c"}
    assert "Saturday 3 April 2027" in nurse.post("/invitations", closed, 422).text
    nurse.post("/invitations", closed | {"sure": "closed"})
    assert invited_by(house, nurse) == 3
    late = {"reference": "B 3", "name": "Al", "day": "2020-01-01", "key": "d", "sure": "past"}
    assert "is past" in nurse.post("/invitations", late, 422).text


def test_the_list_is_by_day_then_name_and_is_found_by_a_part_of_either(nurse: Member) -> None:
    """D25."""
    invite_all(nurse, "R-1,Cy\nR-2,Bo,2027-06-01\nR-3,Al,2027-06-01\nR-4,Di,2027-05-04")
    page = nurse.get("/invitations")
    order = [
        place for _, place in sorted((page.text.index(r), r) for r in ("R-1", "R-2", "R-3", "R-4"))
    ]
    assert order == ["R-4", "R-3", "R-2", "R-1"]
    assert "Tue 1 Jun 2027" in page.text
    for part, found in (("r - 3", "R-3"), ("BO", "R-2"), ("nobody", "")):
        text = nurse.post("/invitations/find", {"find": part}).text
        assert [r for r in ("R-1", "R-2", "R-3", "R-4") if r in text] == [found][: bool(found)]
    assert "R-1" not in nurse.get("/invitations/show/ended/1").text
    assert "R-1" in nurse.get("/invitations/show/open/1").text
    for address in ("none/1", "all/x", "all/1000", "all/²"):
        nurse.get(f"/invitations/show/{address}", 404)


def test_a_page_of_the_list_holds_fifty_and_says_how_many_more(nurse: Member) -> None:
    invite_all(nurse, "".join(f"R-{n:03},Jo\n" for n in range(60)))
    page = nurse.get("/invitations")
    assert len(page.all("input", name="ticked")) == 50
    assert "More: 10" in page.text
    second = nurse.get("/invitations/show/all/2")
    assert len(second.all("input", name="ticked")) == 10
    assert "Page before" in second.text


def test_those_who_are_ticked_get_new_links_or_are_taken_back_together(
    house: House, nurse: Member
) -> None:
    invite_all(nurse, THREE)
    first, second, third = nurse.get("/invitations").all("input", name="ticked")
    ids = [first["value"], second["value"]]
    fields = {"key": "again-1", "ticked": ids, "step": "again"}
    page = nurse.post("/invitations/ticked", fields)
    assert len(codes_on(page)) == 2
    assert nurse.post("/invitations/ticked", fields).url == page.url
    nurse.get(f"/invitations/{ids[0]}", 404)
    assert "Tick the people first" in nurse.post("/invitations/ticked", {"step": "again"}, 422).text
    every = [box["value"] for box in nurse.get("/invitations").all("input", name="ticked")]
    assert len(every) == 3
    fields = {"everyone": "1", "shown": every, "step": "revoke"}
    assert "Everyone whom you invited has done it" in nurse.post("/invitations/ticked", fields).text
    assert house.actions(_clinic(house, nurse)).count("invitation_revoked") == 5
    elsewhere = house.member("nurse", clinic="Elsewhere")
    elsewhere.post("/invitations/ticked", {"ticked": [third["value"]], "step": "revoke"})


def test_an_invitation_has_a_sentence_for_the_patient_and_a_button_that_copies(
    house: House, nurse: Member
) -> None:
    page = nurse.get(f"/invitations/{Patient(house, nurse).invitation}")
    assert "asks you some short questions about your lump" in page.text
    assert page.all("button", **{"data-copy": "link"})


def test_one_form_sent_again_invites_once(nurse: Member) -> None:
    fields = {"key": "same", "reference": "D1", "name": "Jo"}
    assert len({nurse.post("/invitations", fields).url for _ in range(5)}) == 1


def test_an_invitation_taken_back_is_gone(house: House, nurse: Member) -> None:
    patient = Patient(house, nurse)
    nurse.post(f"/invitations/{patient.invitation}/revoke")
    patient.get(patient.link, 404)
    nurse.get(f"/invitations/{patient.invitation}", 404)
