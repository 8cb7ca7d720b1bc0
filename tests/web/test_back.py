"""Back goes back: from every page of a check to the one before it, to the start, never round."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.visitor import Page, Visitor
from tests.web.desk import SECURE, TODAY, House, Member
from tests.web.test_assisted import begin, say
from tests.web.test_journeys import QUIET

ORDER = list(QUIET)


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


def test_from_a_question_that_is_to_be_changed_back_leads_to_the_one_before(
    visitor: Visitor,
) -> None:
    visitor.walk(QUIET)
    before = ORDER[ORDER.index("pain") - 1]
    assert back(visitor.get("/check/pain")) == f"/check/{before}"


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
