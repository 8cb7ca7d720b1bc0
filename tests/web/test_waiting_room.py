"""A tablet in the waiting room: signed out, one person after the other, and nothing left behind."""

from __future__ import annotations

import pytest

from app.assurance.readability import coleman_liau_grade, flesch_kincaid_grade
from app.store import submission_reads
from app.web import tablet
from tests.builders import rulebook
from tests.visitor import Page, Visitor
from tests.web.desk import EMERGENCY, SECURE, TODAY, House, Member, Patient
from tests.web.test_every_page import Blocks

MARK = "__Host-tablet"
WORDS = rulebook().wording["en"].pages


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse")


@pytest.fixture
def device(nurse: Member) -> Member:
    """The nurse's browser on the tablet, after she handed it over."""
    nurse.sign_in()
    assert nurse.post("/waiting-room").url == "/i"
    return nurse


@pytest.fixture
def patient(house: House, device: Member) -> Patient:
    """Someone invited, who has only the code."""
    return Patient(house, device)


def refreshes(page: Page) -> tuple[int, str]:
    """(Seconds, where to) of a browser that runs no script."""
    found = page.all("meta")
    timed = next(meta["content"] for meta in found if meta.get("http-equiv") == "refresh")
    seconds, _, address = timed.partition(";url=")
    return int(seconds), address


def answer_all(device: Visitor, given) -> Page:
    page = device.post("/i/here", {"about": "me"})
    while page.url != "/answers":
        if page.url == "/emergency":
            page = device.get(next(a for a in page.links if a.startswith(("/check/", "/ans"))))
            continue
        question = page.url.removeprefix("/check/")
        page = device.answer(question, *given[question])
    return device.get("/result")


def test_the_nurse_is_signed_out_of_a_tablet_that_she_hands_over(
    house: House, device: Member
) -> None:
    assert not device.token
    assert device.get("/worklist").url == "/sign-in"
    assert house.actions()[-2:] == ["tablet_begun", "signed_out"]
    assert device.client.cookies.get(MARK)
    assert device.get("/i").h1 == ["Type the code from the desk"]


def test_from_the_code_to_what_was_sent_and_back_to_the_code(
    house: House, device: Member, patient: Patient
) -> None:
    page = device.post("/i", {"code": patient.code})
    assert page.url == "/i/here"
    assert "Hill asks you" in page.text
    result = answer_all(device, TODAY)
    assert result.level == "same_day"
    sent = device.post("/send")
    assert sent.url == "/i/here"
    with house.store.reading_scope(device.clinic) as scope:
        arrived = submission_reads.find_invitation_receipt(scope, patient.invitation, house.now)
    assert arrived.reference in sent.text
    assert "This tablet forgets it soon" in sent.text
    assert refreshes(result) == refreshes(sent) == (60, "/i/wiped")
    assert device.get("/i/wiped").url == "/i"
    for address in ("/result", "/answers", "/check/skin"):
        assert "same_day" not in device.get(address).html
    assert arrived.reference not in device.get("/i/here", 404).text


def test_no_address_on_a_tablet_holds_a_link(device: Member, patient: Patient) -> None:
    device.steps.clear()
    device.post("/i", {"code": patient.code})
    answer_all(device, TODAY)
    page = device.post("/send")
    token = patient.link.removeprefix("/i/")
    assert [step for step in device.steps if token in step] == []
    assert token not in page.html


def test_wiping_drops_the_answers_and_what_the_browser_kept_but_not_the_mark(
    device: Member, patient: Patient
) -> None:
    device.post("/i", {"code": patient.code})
    assert device.client.cookies.get("__Host-journey")
    for address, send in (("/i/wiped", device.client.get), ("/clear", device.send)):
        device.post("/i", {"code": patient.code})
        response = send(address)
        if address == "/clear":
            assert response.headers["location"] == "/i/wiped"
            response = device.client.get("/i/wiped")
        assert response.headers["location"] == "/i"
        assert response.headers["clear-site-data"] == '"storage", "cache"'
        assert not device.client.cookies.get("__Host-journey")
        assert device.client.cookies.get(MARK)


def test_a_page_in_the_middle_asks_first_and_goes_on_where_it_was(
    device: Member, patient: Patient
) -> None:
    device.post("/i", {"code": patient.code})
    page = device.post("/i/here", {"about": "me"})
    assert refreshes(page) == (180, "/i/still-there")
    assert page.all("section", id="tablet")[0]["hidden"] == ""
    asks = device.get("/i/still-there")
    assert asks.headers["refresh"] == "30; url=/i/wiped"
    assert "/check/age" in asks.links
    assert device.get("/check/age").url == "/check/age"


def test_every_page_with_answers_ends_by_itself_and_no_swap_outlives_its_clock(
    device: Member, patient: Patient
) -> None:
    device.post("/i", {"code": patient.code})
    answer_all(device, EMERGENCY)
    for address in ("/", "/answers", "/emergency", "/result", "/changed", "/learn", "/check/age"):
        page = device.get(address)
        assert refreshes(page)[1] in {"/i/wiped", "/i/still-there"}, address
        assert page.headers["refresh"].startswith("1860; ")
        assert page.all("body")[0]["hx-boost:inherited"] == "false"
    assert "refresh" not in device.get("/sign-in").headers


def test_the_time_can_be_extended_ten_times(device: Member, patient: Patient) -> None:
    device.post("/i", {"code": patient.code})
    bar = answer_all(device, TODAY).all("section", id="tablet")[0]
    assert (bar["data-left"], bar["data-alarm"], bar["data-more"]) == ("60", "30", "180")
    assert tablet.LONGEST >= tablet.AFTER_RESULT + 10 * tablet.MORE
    assert device.get("/result").all("a", href="/result")  # without a script: the page again


def test_the_next_person_never_meets_the_one_before(
    house: House, device: Member, patient: Patient
) -> None:
    device.post("/i", {"code": patient.code})
    answer_all(device, TODAY)
    other = Patient(house, device)
    page = device.post("/i", {"code": other.code})  # nobody waited for the wiping
    assert page.url == "/i/here"
    assert device.post("/i/here", {"about": "child"}).url == "/check/age"
    assert device.get("/check/age").ticked == set()


def test_a_tablet_saves_and_shares_no_sheet(device: Member, patient: Patient) -> None:
    device.post("/i", {"code": patient.code})
    answer_all(device, TODAY)
    page = device.get("/result/sheet")
    assert not [link for link in page.links if link.endswith((".pdf", ".txt"))]
    assert "data-share" not in page.html
    assert "data-copy" not in page.html
    assert page.all("section", id="tablet")[0]["data-left"] == str(tablet.AFTER_RESULT)
    for ending in ("pdf", "txt"):
        assert device.get(f"/result/sheet.{ending}").url == "/result/sheet"


def test_a_wrong_code_says_so_on_a_tablet(device: Member) -> None:
    page = device.post("/i", {"code": "23456789"}, 422)
    assert page.h1 == ["Type the code from the desk"]


def test_elsewhere_nothing_wipes_itself(house: House, nurse: Member) -> None:
    nurse.sign_in()
    nurse.post("/waiting-room/end")
    patient = Patient(house, nurse)
    result = patient.answer_all(TODAY)
    assert "refresh" not in result.headers
    assert 'id="tablet"' not in result.html
    assert patient.get("/i/wiped").url == "/i"
    assert patient.get("/result").level == "same_day"


@pytest.mark.parametrize("value", ["", "x", "clinic.", f"clinic.{'0' * 64}"])
def test_a_mark_of_ones_own_making_is_none(house: House, value: str) -> None:
    visitor = Visitor(house.app, SECURE)
    visitor.walk(TODAY)
    visitor.client.cookies.set(MARK, value)
    assert "refresh" not in visitor.get("/result").headers


def test_signed_in_again_the_mode_can_be_ended(house: House, device: Member) -> None:
    device.sign_in()
    page = device.get("/waiting-room")
    assert "This device is a tablet" in page.text
    assert "refresh" not in page.headers
    assert "Sign out and begin" in device.post("/waiting-room/end").text
    assert not device.client.cookies.get(MARK)
    assert house.actions()[-1] == "tablet_ended"


def test_what_a_tablet_says_is_easy_to_read(device: Member, patient: Patient) -> None:
    pages = [device.get("/i"), device.post("/i", {"code": patient.code})]
    pages.append(device.get("/i/still-there"))
    answer_all(device, TODAY)
    pages.append(device.post("/send"))
    for page in pages:
        texts = Blocks(page.html).texts
        whole = [text for text in texts if text.endswith((".", "?", "!"))]
        assert flesch_kincaid_grade(whole) <= 6, (page.url, whole)
        assert coleman_liau_grade(whole) <= 8, (page.url, whole)
    bar = [f"{WORDS[f'tablet.{key}']}" for key in ("forgets", "soon")]
    assert flesch_kincaid_grade(bar) <= 6
