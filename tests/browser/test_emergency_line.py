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
TALLEST, TALLEST_OF_BUTTONS = 0.17, 0.25
"""The share of a phone's first screen that it may take, and where it has a button for each number:
there Start stands on that screen too, see below."""


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
            tallest = TALLEST_OF_BUTTONS if path == "/" else TALLEST
            if found := faults_of_the_line(tab, begun, tallest):
                faults[path, size["width"]] = found
    assert faults == {}


def faults_of_the_line(tab, begun, tallest):
    """What is wrong with the line on this page, at the size that the screen has."""
    height = tab.page.viewport_size["height"]
    lines, calls = tab.page.evaluate(BOXES)
    if len(lines) != 1:
        return [f"is there {len(lines)} times"]
    line = lines[0]
    faults = {
        "is not on the first half": line["bottom"] > height / 2 or not line["height"],
        "is too tall": height == PHONE["height"] and line["height"] > height * tallest,
        "has other numbers": len(calls) != (1 if begun else len(NUMBERS)),
        "is hard to hit": any(min(call["width"], call["height"]) < 44 for call in calls),
    }
    return [fault for fault, there in faults.items() if there]


@pytest.mark.parametrize("context", [{"viewport": PHONE}], indirect=True)
@pytest.mark.parametrize("begun", [False, True], ids=["nobody yet", "under way"])
def test_start_and_buttons_to_call_are_on_the_first_screen(tab, app, clock, begun):
    if begun:
        State("under way", "/", {"age": frozenset({"adult"})}).open(tab, app, clock())
    tab.open("/")
    start = tab.page.locator("main a.start-button").bounding_box()
    assert start["y"] + start["height"] <= PHONE["height"]
    for call in tab.page.locator(".help-line a[href^='tel:']").all():
        box = call.bounding_box()
        assert min(box["width"], box["height"]) >= 44
        assert box["y"] + box["height"] <= PHONE["height"] / 2
        ground = call.evaluate("link => getComputedStyle(link).backgroundColor")
        assert ground != "rgba(0, 0, 0, 0)", "a button, and no link in a line"
    tab.page.click("main a.start-button")
    assert tab.path == "/#begin"
    assert tab.page.locator("#about-me").bounding_box()["y"] < PHONE["height"] / 2


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
