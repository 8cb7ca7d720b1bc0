"""Back goes back: from every page of a check to the one before it, to the start, never round."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.builders import rulebook
from tests.visitor import Page, Visitor
from tests.web.desk import SECURE, TODAY, House, Member
from tests.web.test_assisted import begin, say
from tests.web.test_journeys import QUIET

ORDER = list(QUIET)
OPENING = {*rulebook().questionnaire.routing_questions}


def back(page: Page) -> str:
    """Where Back leads from here; "" where there is none."""
    links = page.all("a", **{"class": "nhsuk-back-link"})
    return links[0]["href"] if links else ""


def way_back(visitor: Visitor, page: Page) -> list[str]:
    """Every page on the way, from this one on, by Back alone."""
    seen: list[str] = []
    while address := back(page):
        page = visitor.get(address)
        assert page.url == address, f"Back to {address} leads to {page.url}"
        assert address not in seen, f"Back goes round: {[*seen, address]}"
        seen.append(address)
    return seen


def test_from_the_end_back_leads_over_every_question_to_the_start(visitor: Visitor) -> None:
    visitor.walk(QUIET)
    asked = [f"/check/{question}" for question in reversed(ORDER)]
    assert way_back(visitor, visitor.get("/result")) == ["/answers", *asked, "/"]


@pytest.mark.parametrize("answered", range(len(ORDER)))
def test_half_way_too(visitor: Visitor, answered: int) -> None:
    page = visitor.start()
    for question in ORDER[:answered]:
        page = visitor.answer(question, *QUIET[question])
    asked = [f"/check/{question}" for question in reversed(ORDER[:answered])]
    assert way_back(visitor, page) == [*asked, "/"]


def test_after_a_change_too(app: FastAPI, visitor: Visitor) -> None:
    visitor.walk(QUIET)
    page = visitor.answer("age", "under_1")
    order = [question.id for question in app.state.context.rulebook.questionnaire]
    babys, others = ["baby_breath", "baby_body", "baby"], {"breath", "limbs", "sudden", "unwell"}
    asked = [f"/check/{q}" for q in reversed(order) if q in {*QUIET, *babys} - others]
    for question in babys:
        assert page.url == f"/check/{question}"
        assert way_back(visitor, page) == [*asked[asked.index(page.url) + 1 :], "/"]
        page = visitor.answer(question, "none")
    assert page.url == "/answers"
    assert way_back(visitor, page) == [*asked, "/"]


# --- Change: one question, then back ---


def test_every_change_is_one_question_and_back_leads_to_the_answers(visitor: Visitor) -> None:
    page = visitor.walk(QUIET)
    changes = [link for link in page.links if link.startswith("/answers/")]
    assert changes == [f"/answers/{question}" for question in ORDER]
    for address in changes:
        question = address.removeprefix("/answers/")
        page = visitor.get(address)
        assert back(page) == "/answers"
        assert "1 question, then back to your answers." in page.text
        assert ("may open more questions" in page.text) == (question in OPENING), question
        assert visitor.post(address, {question: QUIET[question]}).url == "/answers"


def test_a_change_that_is_refused_or_asked_again_stays_a_change(visitor: Visitor) -> None:
    visitor.walk(QUIET)
    page = visitor.post("/answers/pain", status=422)
    assert (back(page), len(page.all("form", action="/answers/pain"))) == ("/answers", 1)
    page = visitor.post("/answers/breath", {"breath": "not_sure"})
    assert (back(page), len(page.all("form", action="/answers/breath"))) == ("/answers/breath", 1)
    page = visitor.post("/answers/breath", {"breath": ["fit", "none"]}, 422)
    assert (back(page), len(page.all("form", action="/answers/breath"))) == ("/answers/breath", 2)


def test_a_change_that_opens_questions_leads_to_them_and_then_back(visitor: Visitor) -> None:
    visitor.walk(QUIET)
    page = visitor.post("/answers/age", {"age": "under_1"})
    for question in ("baby_breath", "baby_body", "baby"):
        assert page.url == f"/check/{question}"
        page = visitor.answer(question, "none")
    assert page.url == "/answers"


def test_a_change_to_an_emergency_stops_at_once(visitor: Visitor) -> None:
    visitor.walk(QUIET)
    page = visitor.post("/answers/breath", {"breath": "confused"})
    assert page.url == "/emergency"
    assert "/answers" in page.links


def test_a_change_half_way_leads_back_to_the_answers_too(visitor: Visitor) -> None:
    visitor.begin()
    assert visitor.post("/answers/age", {"age": "older"}).url == "/answers"
    assert visitor.get("/answers/kidney").url == "/answers", "not asked yet"


def test_what_does_not_fit_together_is_changed_in_one_step_too(visitor: Visitor) -> None:
    odds = {"conditions": ["kidneys"], "kidney": ["no"], "medicines": ["binder"]}
    page = visitor.walk(QUIET | odds)
    assert page.links.count("/answers/kidney") == 2


@pytest.mark.parametrize("pressed", [["not_sure"], ["fit", "none"]])
def test_what_is_asked_back_leads_back_to_its_own_question(
    visitor: Visitor, pressed: list[str]
) -> None:
    visitor.begin()
    status = 422 if "none" in pressed else 200
    assert back(visitor.answer("breath", *pressed, status=status, at_first=True)) == "/check/breath"


def test_a_second_look_goes_back_over_its_own_questions(visitor: Visitor) -> None:
    visitor.walk(QUIET)
    assert back(visitor.get("/changed")) == "/result"
    page, again = visitor.post("/changed"), []
    while page.url.startswith("/changed/"):
        again.append(page.url)
        assert way_back(visitor, page)[: len(again)] == [*reversed(again[:-1]), "/changed"]
        question = page.url.rpartition("/")[2]
        page = visitor.post(page.url, {question: QUIET[question]})
    assert page.url == "/result"
    assert len(again) > 1
    way = way_back(visitor, page)
    assert way[: len(again) + 2] == [*reversed(again), "/changed", "/answers"]
    assert way[-1] == "/"


def test_a_nurse_who_asks_goes_back_over_every_question(house: House) -> None:
    nurse: Member = house.member("nurse", name="Kim Lee")
    page, asked = begin(nurse, "B 1"), []
    while page.url != "/assisted/answers":
        asked.append(page.url)
        page = say(nurse, page, TODAY)
    assert way_back(nurse, page) == [*reversed(asked), "/assisted"]


def test_a_start_that_was_refused_is_there_again_with_what_was_chosen(visitor: Visitor) -> None:
    page = visitor.post("/start", {"about": "child"}, 422)
    assert page.ticked == {"child"}
    again = visitor.get("/start")
    assert (again.url, again.ticked) == ("/", {"child"})
    assert "/check/age" not in again.links, "nothing has begun"
    assert visitor.get("/check/age").h1 == ["We cannot find your answers"]
    assert visitor.post("/start", {"region": "uk", "about": "child"}).url == "/check/age"
    assert visitor.get("/start").ticked == {"uk", "child"}


def test_a_start_that_was_refused_loses_no_answers(visitor: Visitor) -> None:
    visitor.start()
    visitor.answer("age", "adult")
    visitor.post("/start", {"about": "child"}, 422)
    assert "/check/breath" in visitor.get("/start").links


@pytest.mark.parametrize(
    ("address", "leads_to"), [("/send", "/result"), ("/share/back", "/result")]
)
def test_what_only_a_button_does_leads_back_when_its_page_is_asked_for_again(
    app: FastAPI, address: str, leads_to: str
) -> None:
    visitor = Visitor(app, SECURE)
    visitor.walk(QUIET)
    assert visitor.get(address).url == leads_to
