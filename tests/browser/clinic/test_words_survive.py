"""Two tabs of one nurse: what was typed in one survives that the other one signs out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Tab
from tests.web.desk import House, Member
from tests.web.handed_in import handed, kinds

SOON = 10_000  # milliseconds that a busy machine may need
NOTE = "Her son says she sleeps well."


@pytest.fixture
def nurse(house: House, request: pytest.FixtureRequest) -> Member:
    return house.member("nurse", clinic=f"Clinic of {request.node.name}")


@pytest.fixture
def tabs(browser: Browser, address: str, nurse: Member) -> Iterator[tuple[Tab, Tab]]:
    """Two tabs of the nurse's browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "staff", "value": nurse.token, "url": address}])
    first, second = Tab(context.new_page(), address), Tab(context.new_page(), address)
    yield first, second
    context.close()


def come_back(nurse: Member, tab: Tab) -> None:
    """Sign in again, then go back to the page."""
    nurse.sign_in()
    tab.page.context.add_cookies([{"name": "staff", "value": nurse.token, "url": tab.base}])
    tab.page.click("#return")
    expect(tab.page.locator("#gone")).to_be_hidden(timeout=SOON)


def test_signing_out_in_one_tab_hides_the_patient_in_the_other_and_the_words_are_sent_later(
    house: House, nurse: Member, tabs: tuple[Tab, Tab]
) -> None:
    first, second = tabs
    address = handed(house, nurse)
    first.open(address)
    first.page.click("summary:has-text('Note for colleagues')")
    first.page.fill("#words-note", NOTE)
    second.open("/account")
    second.page.click("text=Sign out")
    second.at("/signed-out")
    expect(first.page.locator("#gone")).to_be_visible(timeout=SOON)
    expect(first.page.locator("main")).to_be_hidden()
    come_back(nurse, first)
    assert first.page.input_value("#words-note") == NOTE
    first.page.click("text=Add the note")
    expect(first.page.locator("#done-part")).to_contain_text(NOTE, timeout=SOON)
    assert kinds(house, nurse, address) == ["claim", "note"]


def test_a_form_that_is_sent_after_the_session_ended_elsewhere_keeps_its_words(
    house: House, nurse: Member, tabs: tuple[Tab, Tab]
) -> None:
    first, _ = tabs
    address = handed(house, nurse)
    first.open(address)
    first.page.click("summary:has-text('Note for colleagues')")
    first.page.fill("#words-note", NOTE)
    nurse.post("/sign-out")
    first.page.click("text=Add the note")
    expect(first.page.locator("#gone")).to_be_visible(timeout=SOON)
    assert kinds(house, nurse, address) == []
    come_back(nurse, first)
    assert first.page.input_value("#words-note") == NOTE


def test_without_a_network_a_form_says_so_and_keeps_its_words(
    house: House, nurse: Member, tabs: tuple[Tab, Tab]
) -> None:
    first, _ = tabs
    first.open(handed(house, nurse))
    first.page.click("summary:has-text('Note for colleagues')")
    first.page.fill("#words-note", NOTE)
    first.page.context.set_offline(True)
    first.page.click("text=Add the note")
    expect(first.page.locator("#unreached")).to_be_visible(timeout=SOON)
    first.page.click("#reached")
    assert first.page.input_value("#words-note") == NOTE
    first.page.context.set_offline(False)
    first.page.click("text=Add the note")
    expect(first.page.locator("#done-part")).to_contain_text(NOTE, timeout=SOON)
