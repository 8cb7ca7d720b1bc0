"""What a nurse does all day takes no more clicks and key presses than it may, counted as given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from benchmarks.nurse_journeys import DESKTOP, JOURNEYS, Count, Desk, Hand, list_missed_aims
from tests.browser.conftest import Tab
from tests.web.desk import House

SILENT = "<button id=one>One</button><select id=two><option>a<option>b</select><input id=three>"


@pytest.fixture(scope="module")
def desk(browser: Browser, address: str, house: House) -> Iterator[Desk]:
    """A nurse and a colleague; her page may not complain."""
    colleague, nurse = house.member(name="Lou Park"), house.member(name="Kim Lee")
    context = browser.new_context(viewport=DESKTOP)
    context.add_cookies([{"name": "staff", "value": nurse.token, "url": address}])
    tab = Tab(context.new_page(), address)
    yield Desk(house, nurse, colleague, tab.page, address)
    context.close()
    assert tab.complaints == []


@pytest.mark.parametrize("name", JOURNEYS)
def test_each_piece_of_work_takes_no_more_than_it_may(desk: Desk, name: str) -> None:
    journey = JOURNEYS[name]
    assert journey.walk(desk) <= journey.aim


def test_each_click_each_key_and_each_choice_from_a_list_is_counted(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(SILENT)
    hand = Hand(page)
    hand.click("#one")
    hand.choose("#two", "b")
    hand.click("#three")
    hand.type_words("not counted")
    hand.press("Tab", "Control+Enter")
    assert (hand.clicks, hand.presses) == (4, 2)
    assert page.input_value("#three") == "not counted"
    page.close()


def test_what_takes_more_than_it_may_is_named() -> None:
    counts = [Count("short", 4, "keys", 4), Count("long", 5, "keys", 4)]
    assert list_missed_aims(counts) == ["long"]
