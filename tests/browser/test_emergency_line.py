"""Whom to call is on the first screen of a phone, on every page of a check, and buries nothing."""

import pytest

from tests.web.test_journeys import QUIET

PHONE, NARROW = {"width": 390, "height": 844}, {"width": 320, "height": 640}
PAGES = (
    *("/", "/about", "/privacy", "/cleared", "/verify", "/wrong-advice", "/learn", "/nothing"),
    *("/check/age", "/check/place", "/answers", "/result", "/changed", "/changed/breath", "/rules"),
)
TALLEST = 0.17
"""The share of a phone's first screen that it may take."""


@pytest.mark.parametrize("begun", [False, True], ids=["nobody yet", "at the end"])
@pytest.mark.parametrize(
    "context", [{"viewport": PHONE}, {"viewport": NARROW}], indirect=True, ids=["phone", "narrow"]
)
def test_whom_to_call_is_on_the_first_screen(tab, begun):
    if begun:
        tab.start()
        tab.walk(QUIET)
    height = tab.page.viewport_size["height"]
    for path in PAGES:
        tab.open(path)
        line = tab.page.locator(".help-line")
        box = line.bounding_box()
        assert box, path
        assert box["y"] + box["height"] <= height / 2, path
        if height == PHONE["height"]:
            assert box["height"] <= height * TALLEST, path
        calls = line.locator("a[href^='tel:']")
        assert calls.count() == (1 if begun else 3), path
        for number in calls.all():
            size = number.bounding_box()
            assert min(size["width"], size["height"]) >= 44, path


@pytest.mark.parametrize("context", [{"viewport": PHONE}], indirect=True)
def test_the_question_begins_on_the_first_half_of_the_screen(tab):
    tab.start()
    for question, options in list(QUIET.items())[:6]:
        heading = tab.page.locator("main h1").bounding_box()
        assert heading["y"] < PHONE["height"] / 3, question
        tab.answer(*options)


@pytest.mark.parametrize("context", [{"viewport": PHONE}], indirect=True)
def test_in_danger_the_number_is_on_the_first_screen_too(tab):
    tab.start()
    tab.answer("adult")
    tab.page.check("#breath-breathing")
    tab.page.click("main form button")
    tab.at("/emergency")
    for path in ("/emergency", "/check/age", "/answers", "/about"):
        tab.open(path)
        call = tab.page.locator("main a[href='tel:999']").first.bounding_box()
        assert call["y"] + call["height"] <= PHONE["height"], path
