"""A short screen of emergency signs: "none of these" and "I'm not sure" are buttons of their own.

A slip must neither call a sign that is there "none", nor a doubt an answer.
"""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from app.triage.rulebook import Rulebook
from tests.visitor import Page, Visitor
from tests.web.desk import House
from tests.web.test_assisted import begin
from tests.web.test_journeys import QUIET

FIND_OUT = "Try to say your name and address in one breath."
ASKED_BACK = "Which one is right?"


@pytest.fixture
def asked(visitor: Visitor) -> Page:
    """The first screen of signs."""
    visitor.start()
    return visitor.answer("age", "adult")


def buttons(page: Page) -> list[tuple[str, str]]:
    """(Name, value) of each button that sends the question."""
    found = page.all("button", type="submit")
    return [(tag.get("name", ""), tag.get("value", "")) for tag in found]


def test_age_comes_first_and_the_screens_follow(visitor: Visitor) -> None:
    page, way = visitor.start(), []
    while page.url != "/check/place":
        way.append(page.url.removeprefix("/check/"))
        page = visitor.answer(way[-1], *QUIET[way[-1]])
    assert way == ["age", "breath", "limbs", "sudden", "reason"]


def test_a_baby_has_screens_of_its_own(visitor: Visitor) -> None:
    visitor.start()
    assert visitor.answer("age", "under_1").url == "/check/baby_breath"
    assert visitor.answer("baby_breath", "none").url == "/check/baby_body"
    assert visitor.answer("baby_body", "none").url == "/check/reason"


def test_only_signs_have_boxes_and_continue_is_what_enter_presses(asked: Page) -> None:
    boxes = {box["value"] for box in asked.all("input", type="checkbox")}
    assert boxes
    assert not boxes & {"none", "not_sure"}
    assert buttons(asked) == [("", ""), ("breath", "none"), ("breath", "not_sure")]


@pytest.mark.usefixtures("asked")
def test_none_of_these_goes_on(visitor: Visitor) -> None:
    assert visitor.answer("breath", "none").url == "/check/limbs"


@pytest.mark.usefixtures("asked")
def test_continue_with_nothing_ticked_names_the_button(visitor: Visitor) -> None:
    page = visitor.post("/check/breath", status=422)
    assert "Tick what applies, or choose “None of these”" in page.text
    assert page.all("div", id="problem")


@pytest.mark.usefixtures("asked")
def test_none_with_a_tick_is_not_taken_but_asked_back(visitor: Visitor) -> None:
    page = visitor.answer("breath", "fit", "headache", "none", status=422)
    assert page.h1 == [ASKED_BACK]
    assert "A fit" in page.text
    assert "Sudden, very bad headache" in page.text
    assert "New confusion" not in page.text
    assert visitor.get("/").links.count("/check/breath") == 1, "the question is still open"


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(("way", "leads_to"), [(0, "/emergency"), (1, "/check/limbs")])
def test_asked_back_each_way_does_what_it_says(visitor: Visitor, way: int, leads_to: str) -> None:
    page = visitor.answer("breath", "fit", "headache", "none", status=422)
    sent = [["fit", "headache"], ["none"]][way]
    hidden = [box["value"] for box in page.all("input", type="hidden", name="breath")]
    assert hidden == ["fit", "headache", "none"], "each form sends what its button says"
    assert len(page.all("form", action="/check/breath")) == 2
    assert visitor.answer("breath", *sent).url == leads_to


def test_a_doubt_is_first_answered_by_how_to_find_out(visitor: Visitor, asked: Page) -> None:
    assert FIND_OUT not in asked.text
    page = visitor.answer("breath", "not_sure", at_first=True)
    assert page.url == "/check/breath"
    assert page.h1[0].startswith("Look again.")
    assert FIND_OUT in page.text
    assert "I'm still not sure" in page.text
    description_ids = {box["aria-describedby"] for box in page.all("input", type="checkbox")}
    assert len(description_ids) == len(page.all("input", type="checkbox")), (
        "each sign has its own words"
    )
    assert visitor.get("/").links.count("/check/breath") == 1, "nothing is taken yet"


@pytest.mark.usefixtures("asked")
def test_a_doubt_that_stays_is_kept(visitor: Visitor) -> None:
    page = visitor.answer("breath", "not_sure", at_first=True)
    again = page.all("input", type="hidden", name="again")[0]["value"]
    page = visitor.post("/check/breath", {"breath": "not_sure", "again": again})
    assert page.url == "/check/limbs"
    assert "Your last answer was: “I'm not sure”" in visitor.get("/check/breath").text


@pytest.mark.usefixtures("asked")
def test_a_double_tap_does_not_step_over_how_to_find_out(visitor: Visitor) -> None:
    assert visitor.answer("breath", "not_sure", at_first=True).url == "/check/breath"
    assert visitor.answer("breath", "not_sure", at_first=True).url == "/check/breath"


@pytest.mark.usefixtures("asked")
def test_a_doubt_keeps_the_ticks_and_they_tell_at_once(visitor: Visitor) -> None:
    page = visitor.answer("breath", "fit", "headache", "not_sure", at_first=True)
    assert page.ticked == {"fit", "headache"}
    assert "Your answers can be a sign of an emergency." in page.text
    assert "/emergency" not in page.links, "no reasons yet: nothing is taken"
    fields = {"breath": ["fit", "headache", "not_sure"], "again": "1"}
    assert visitor.post("/check/breath", fields).url == "/emergency"
    assert visitor.get("/check/breath").ticked == {"fit", "headache"}


@pytest.mark.usefixtures("asked")
def test_a_doubt_alone_alarms_nobody(visitor: Visitor) -> None:
    page = visitor.answer("breath", "not_sure", at_first=True)
    assert "Your answers can be a sign of an emergency." not in page.text


@pytest.mark.usefixtures("asked")
def test_what_is_wrong_the_second_time_shows_how_to_find_out_again(visitor: Visitor) -> None:
    page = visitor.post("/check/breath", {"again": "1"}, status=422)
    assert FIND_OUT in page.text
    assert page.all("input", type="hidden", name="again")
    page = visitor.post("/check/breath", {"breath": ["fit", "none"], "again": "1"}, status=422)
    assert page.h1 == [ASKED_BACK]


@pytest.mark.usefixtures("asked")
def test_a_reply_that_no_button_sends_is_refused_like_any_other(visitor: Visitor) -> None:
    page = visitor.answer("breath", "none", "not_sure", status=422)
    assert page.all("div", id="problem")
    assert visitor.answer("breath", "none", "planted", status=422).all("div", id="problem")


def test_back_tells_which_button_was_pressed(visitor: Visitor, asked: Page) -> None:
    assert "Your last answer was" not in asked.text
    visitor.answer("breath", "none")
    page = visitor.get("/check/breath")
    assert "Your last answer was: “None of these”" in page.text
    assert not page.ticked


def test_the_lists_after_the_signs_ask_back_too_and_take_not_sure_at_once(
    visitor: Visitor,
) -> None:
    visitor.walk(QUIET)
    page = visitor.get("/check/medicines")
    assert "Your last answer was: “None of these”" in page.text
    assert visitor.answer("medicines", "not_sure").url == "/answers"
    page = visitor.answer("medicines", "none", "steroids", status=422)
    assert page.h1 == [ASKED_BACK]
    assert visitor.post("/check/medicines", {"medicines": "steroids"}).url == "/answers"
    assert visitor.get("/check/medicines").ticked == {"steroids"}


def test_a_second_look_asks_back_and_shows_how_to_find_out(visitor: Visitor) -> None:
    visitor.walk(QUIET)
    visitor.post("/changed")
    page = visitor.get("/changed/breath")
    assert "Your last answer was: “None of these”" in page.text
    page = visitor.post("/changed/breath", {"breath": ["fit", "none"]}, status=422)
    assert page.h1 == [ASKED_BACK]
    assert len(page.all("form", action="/changed/breath")) == 2
    page = visitor.post("/changed/breath", {"breath": "not_sure"})
    assert FIND_OUT in page.text
    page = visitor.post("/changed/breath", {"breath": "not_sure", "again": "1"})
    assert page.url == "/changed/limbs"


def test_a_nurse_who_asks_is_asked_back_too(house: House) -> None:
    nurse = house.member("nurse", name="Kim Lee")
    page = begin(nurse, "S 1")
    of = page.all("input", name="of")[0]["value"]
    page = nurse.post(page.url, {"of": of, "age": "adult"})
    assert page.url == "/assisted/ask/breath"
    page = nurse.post(page.url, {"of": of, "breath": ["fit", "none"]}, status=422)
    assert page.h1 == [ASKED_BACK]
    assert [box["value"] for box in page.all("input", name="of")] == [of, of]
    page = nurse.post("/assisted/ask/breath", {"of": of, "breath": "not_sure"})
    assert "Try to say your name" in page.text
    page = nurse.post("/assisted/ask/breath", {"of": of, "breath": "not_sure", "again": "1"})
    assert page.url == "/assisted/ask/limbs"


def test_the_words_for_a_child_find_out_on_a_child(visitor: Visitor) -> None:
    visitor.start()
    visitor.answer("age", "child")
    page = visitor.answer("breath", "not_sure", at_first=True)
    assert "Is your child too breathless to talk, drink or play?" in page.text


def test_every_screen_of_signs_can_be_gone_through(app: FastAPI, visitor: Visitor) -> None:
    book: Rulebook = app.state.context.rulebook
    seen = set()
    for age in ("adult", "under_3m"):
        visitor.walk(QUIET | {"age": [age]})
        seen |= {step.rpartition("/")[2] for step in visitor.steps}
    assert {question.id for question in book.questionnaire if question.signs} <= seen
