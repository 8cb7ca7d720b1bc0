"""Whom to call in an emergency stands on every page that a patient may meet, above its heading."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI

from app.web.errors import MACHINE_PATHS
from tests.builders import rulebook
from tests.visitor import Page, Visitor, check_page
from tests.web.desk import CALM, EMERGENCY, SECURE, House, Member, Patient
from tests.web.everyones import NO_PAGES, OF_A_CLINIC, PEOPLE, address, everyones, visitor
from tests.web.test_assisted import ask_all, begin

EVERYWHERE = {f"tel:{region.emergency_number}" for region in rulebook().regions.values()}
TO_CALL = re.compile(r'href="(tel:\d+)"')
PAGES = [
    path
    for method, path in everyones()
    if method == "GET" and path not in NO_PAGES and not path.startswith(MACHINE_PATHS)
    if f"GET {path}" not in OF_A_CLINIC
]


def called(page: Page) -> list[str]:
    """The numbers to call above the heading, or on the card right below it."""
    top = page.html[page.html.index("<main") :]
    above = TO_CALL.findall(top[: top.index("</h1>")])
    if above:
        return above
    card = top[top.index('data-level="emergency"') :]
    return TO_CALL.findall(card.split("<h2")[1])[:1]


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_whom_to_call(app: FastAPI, path: str, person: str) -> None:
    page = visitor(app, person).get(address(path))
    expected = EVERYWHERE if person == "nobody yet" else {"tel:999"}
    assert set(called(page)) == expected, page.url


@pytest.mark.parametrize(
    ("region", "number"), [("uk", "tel:999"), ("us", "tel:911"), ("international", "tel:112")]
)
def test_it_is_the_number_of_where_the_person_is(app: FastAPI, region: str, number: str) -> None:
    person = Visitor(app)
    for page in (person.start(region), person.get("/about"), person.get("/nothing", 404)):
        assert called(page) == [number]
    assert "your local" not in person.start("uk").text
    assert "Call 112 or your local emergency number" in person.start("international").text


def test_where_a_check_begins_the_signs_stand_once_and_in_the_words_of_their_questions(
    app: FastAPI, house: House
) -> None:
    words, questions = rulebook().wording["en"], rulebook().questionnaire
    patient = Patient(house, house.member("nurse", name="Kim Lee"))
    for page in (Visitor(app).get("/"), patient.get(patient.link)):
        for question in questions:
            for option in question.options:
                line = f"<li>{words.questions[question.id].options[option.id]}</li>"
                assert (line in page.html) == bool(option.box), f"{question.id}: {option.id}"
        assert not [line for line in words.any_age_box if line in page.text]


def test_errors_say_it_too(app: FastAPI, visitor: Visitor) -> None:
    assert set(called(visitor.get("/nothing", 404))) == EVERYWHERE
    assert set(called(visitor.post("/about", status=405))) == EVERYWHERE
    assert set(called(visitor.get("/result"))) == EVERYWHERE
    assert set(TO_CALL.findall(app.state.last_page)) >= EVERYWHERE
    visitor.start()
    assert called(visitor.answer("age", status=422)) == ["tel:999"]
    assert set(called(visitor.post("/verify", {"receipt": "no"}, 422))) == {"tel:999"}
    assert set(called(Visitor(app).get("/i", 403))) == EVERYWHERE  # over plain http
    lost = Visitor(app)
    lost.client.cookies.set("journey", "unreadable")
    assert set(called(lost.get("/check/age"))) == EVERYWHERE


def test_in_danger_it_says_so_instead(visitor: Visitor) -> None:
    visitor.begin()
    visitor.answer("breath", "breathing")
    for where in ("/check/age", "/answers", "/about", "/learn", "/learn/types"):
        page = visitor.get(where)
        assert "Your answers can be a sign of an emergency" in page.text
        assert not page.all("section", **{"class": "help-line"})
        assert called(page) == ["tel:999"]


def test_a_person_with_an_invitation_reads_it_on_every_page(house: House) -> None:
    nurse: Member = house.member("nurse", name="Kim Lee")
    patient = Patient(house, nurse)
    assert set(called(patient.get("/i"))) == EVERYWHERE
    assert set(called(patient.get("/i/nobody.nothing", 404))) == EVERYWHERE
    assert called(patient.get(patient.link))[0] == "tel:999"
    assert set(called(patient.post(patient.link, {"about": "me"}))) == {"tel:999"}
    assert set(called(patient.send_all(CALM))) == {"tel:999"}
    assert set(called(Patient(house, nurse).send_all(EMERGENCY))) == {"tel:999"}


def test_a_person_who_shows_their_check_reads_it_too(house: House) -> None:
    house.clinic("Hill")
    for given in (CALM, EMERGENCY):
        person = Visitor(house.app, SECURE)
        person.walk(given)
        assert set(called(person.post("/share"))) == {"tel:999"}
        assert set(called(person.post("/share/back"))) == {"tel:999"}


def test_on_a_tablet_it_stands_on_every_page(house: House) -> None:
    nurse: Member = house.member("nurse", name="Kim Lee")
    patient = Patient(house, nurse)
    assert set(called(nurse.post("/waiting-room"))) == EVERYWHERE
    page = nurse.post("/i", {"code": patient.code})
    assert called(page)[0] == "tel:999"
    page = nurse.post("/i/here", {"about": "me"})
    assert called(page) == ["tel:999"]
    assert called(nurse.get("/i/still-there")) == ["tel:999"]


def test_a_nurse_who_asks_has_it_in_sight(house: House) -> None:
    nurse: Member = house.member("nurse", name="Kim Lee")
    assert called(begin(nurse, "L 1")) == ["tel:999"]
    assert called(ask_all(nurse, "L 2", CALM)) == ["tel:999"]
    page = ask_all(nurse, "L 3", EMERGENCY)
    assert "Tell the patient to call 999 now" in page.text
    check_page(page)
