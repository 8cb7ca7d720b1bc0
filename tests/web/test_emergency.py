"""A sign of an emergency stops the questions, once, and stays in sight from then on."""

from tests.web.test_journeys import QUIET

LINE = "Your answers can be a sign of an emergency"


def test_an_emergency_interrupts_as_soon_as_it_is_certain(visitor):
    visitor.start()
    page = visitor.answer("now", "breathing")
    assert page.url == "/emergency"
    assert page.level == "emergency"


def test_the_person_may_go_on_and_is_not_stopped_again(visitor):
    visitor.start()
    page = visitor.answer("now", "breathing")
    page = visitor.get(next(link for link in page.links if link.startswith("/check/")))
    assert page.url == "/check/age"
    visitor.answer("age", "adult")
    visitor.answer("place", "shin")
    assert visitor.answer("skin", "black").url == "/check/unwell"


def test_the_message_stays_in_sight_on_every_later_page(visitor):
    visitor.start()
    visitor.answer("now", "breathing")
    for question in list(QUIET)[1:]:
        assert LINE in visitor.get(f"/check/{question}").text
        visitor.answer(question, *QUIET[question])
    assert LINE in visitor.get("/answers").text
    assert visitor.get("/result").level == "emergency"


def test_a_second_tap_does_not_step_over_the_page(visitor):
    visitor.start()
    visitor.send("/check/now", {"now": "breathing"})
    assert visitor.answer("now", "breathing").url == "/emergency"


def test_a_sign_taken_back_takes_the_message_back(visitor):
    visitor.start()
    visitor.answer("now", "breathing")
    page = visitor.answer("now", "none")
    assert page.url == "/check/age"
    assert LINE not in page.text
    assert visitor.get("/emergency").url == "/check/age"


def test_a_sign_that_comes_back_stops_the_questions_again(visitor):
    visitor.start()
    visitor.answer("now", "breathing")
    visitor.answer("now", "none")
    assert visitor.answer("now", "breathing").url == "/emergency"


def test_not_being_sure_is_no_certain_emergency(visitor):
    visitor.start()
    page = visitor.answer("now", "not_sure")
    assert page.url == "/check/age"
    assert LINE not in page.text


def test_what_it_might_be_is_folded_away_for_an_emergency(visitor):
    visitor.walk(QUIET | {"now": ["breathing"]})
    page = visitor.get("/result")
    assert not page.all("h2", id="type")
    assert "Read this later" in page.text


def test_there_is_no_emergency_page_without_a_sign(visitor):
    visitor.walk(QUIET)
    assert visitor.get("/emergency").url == "/answers"
