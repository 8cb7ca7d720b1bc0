"""Whom to call is on the first screen of a phone, on every page of a check, and buries nothing."""

import pytest

from tests.browser.states import State
from tests.builders import rulebook
from tests.web.test_journeys import QUIET

NUMBERS = {region.emergency_number for region in rulebook().regions.values()}

PHONE, NARROW = {"width": 390, "height": 844}, {"width": 320, "height": 640}
PAGES = (
    *("/", "/about", "/privacy", "/cleared", "/verify", "/wrong-advice", "/learn", "/nothing"),
    *("/check/age", "/check/place", "/answers", "/result", "/changed", "/changed/breath", "/rules"),
)
BOXES = """() => [".help-line", ".help-line a[href^='tel:']"].map((which) =>
  [...document.querySelectorAll(which)].map((e) => e.getBoundingClientRect().toJSON()))"""
TALLEST = 0.17
"""The share of a phone's first screen that it may take."""


@pytest.mark.parametrize("begun", [False, True], ids=["nobody yet", "at the end"])
def test_whom_to_call_is_on_the_first_screen(tab, app, clock, begun):
    if begun:
        given = {question: frozenset(chosen) for question, chosen in QUIET.items()}
        State("at the end", "/answers", given).open(tab, app, clock())
    faults = {}
    for path in PAGES:
        tab.open(path)
        for size in (PHONE, NARROW):
            tab.page.set_viewport_size(size)
            if found := faults_of_the_line(tab, begun):
                faults[path, size["width"]] = found
    assert faults == {}


def faults_of_the_line(tab, begun):
    """What is wrong with the line on this page, at the size that the screen has."""
    height = tab.page.viewport_size["height"]
    lines, calls = tab.page.evaluate(BOXES)
    if len(lines) != 1:
        return [f"is there {len(lines)} times"]
    line = lines[0]
    faults = {
        "is not on the first half": line["bottom"] > height / 2 or not line["height"],
        "is too tall": height == PHONE["height"] and line["height"] > height * TALLEST,
        "has other numbers": len(calls) != (1 if begun else len(NUMBERS)),
        "is hard to hit": any(min(call["width"], call["height"]) < 44 for call in calls),
    }
    return [fault for fault, there in faults.items() if there]


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
