"""A nurse before an emergency that nobody answers, in a real browser: by keyboard, without scripts.

Alone she reads what one person can do; with a colleague two can close it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.clinic.looking import Look, NothingWrong
from tests.browser.conftest import Tab
from tests.browser.test_accessibility import Findings
from tests.web.desk import EMERGENCY, TODAY, House, Member
from tests.web.handed_in import act, handed

DESKTOP = {"width": 1280, "height": 800}
CLINIC = "Closing"
Opened = Callable[..., Tab]


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", clinic=CLINIC, name="Kim Lee")


@pytest.fixture(scope="module")
def colleague(house: House, nurse: Member) -> Member:
    """A second person, who comes later."""
    someone = house.member("nurse", clinic=CLINIC, name="Lou Park")
    nurse.sign_in()
    return someone


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Opened]:
    """Opens a tab of someone who is signed in; none may complain."""
    contexts: list[BrowserContext] = []
    tabs: list[Tab] = []

    def open_as(who: Member, *, scripts: bool = True) -> Tab:
        context = browser.new_context(viewport=DESKTOP, java_script_enabled=scripts)
        context.add_cookies([{"name": "staff", "value": who.token, "url": address}])
        contexts.append(context)
        tabs.append(Tab(context.new_page(), address))
        return tabs[-1]

    yield open_as
    for context in contexts:
        context.close()
    assert [tab.complaints for tab in tabs] == [[]] * len(tabs)


def keyed(tab: Tab, *keys: str) -> None:
    for key in keys:
        tab.page.keyboard.press(key)


def tab_to(tab: Tab, place: str) -> None:
    """Press Tab until it is there."""
    for _ in range(40):
        keyed(tab, "Tab")
        if tab.page.evaluate("(place) => document.activeElement.matches(place)", place):
            return
    raise AssertionError(f"Tab never comes to {place}")


def test_alone_by_keyboard_she_reads_what_she_can_do_and_nothing_is_closed(
    opened: Opened, house: House, nurse: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    for _ in range(3):
        act(nurse, address, "call", outcome="no_answer")
    tab = opened(nurse)
    tab.open(address)
    assert "3 calls reached nobody" in tab.page.inner_text(".actions")
    tab_to(tab, "a[href$='/ask-close']")
    keyed(tab, "Enter")
    tab.at(f"{address}/ask-close")
    assert tab.heading == "Stop. This leaves a person without help"
    assert "Nobody else at your clinic may agree." in tab.page.inner_text("main")
    tab_to(tab, "a[href$='#close-outcome']")
    keyed(tab, "Enter")
    tab.page.wait_for_url(lambda url: url.endswith("#close-outcome"))
    assert "Second look" not in tab.page.inner_text("main")


def test_two_close_it_by_keyboard(
    opened: Opened, house: House, nurse: Member, colleague: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    tab = opened(nurse)
    tab.open(f"{address}/ask-close")
    assert "Signed in now: Lou Park." in tab.page.inner_text("main")
    tab_to(tab, "#ask-appointment_kept")
    keyed(tab, "ArrowUp", "Tab")  # the radios are a ring: the last one is "Could not be reached"
    assert tab.page.is_checked("#ask-not_reached")
    keyed(tab, "Tab")
    assert tab.focused == "TEXTAREA#words"
    tab.page.keyboard.type("Rang three times.")
    keyed(tab, "Tab", "Tab", "Enter")
    tab.at(address)
    assert "Second look, to close" in tab.page.inner_text(".glance")
    second = opened(colleague)
    second.open(address)
    assert "“Rang three times.”" in second.page.inner_text(".actions")
    tab_to(second, "button[name=answer][value=yes]")
    keyed(second, "Enter")
    second.page.locator(".actions", has_text="This is done").wait_for()


def test_two_close_it_without_scripts(
    opened: Opened, house: House, nurse: Member, colleague: Member
) -> None:
    address = handed(house, nurse, TODAY)
    tab, second = opened(nurse, scripts=False), opened(colleague, scripts=False)
    tab.open(address)
    tab.page.click("a[href$='/ask-close']")
    tab.page.check("#ask-advice_given")
    tab.page.check("#compared")
    tab.page.fill("#words", "On the ward already.")
    tab.page.click("#ask-close > button")
    assert "You asked a second person to close it" in tab.page.inner_text(".actions")
    second.open(address)
    second.page.click("button[name=answer][value=no]")
    assert "kept it open" in second.page.inner_text("#done-part")
    tab.open(f"{address}/ask-close")
    tab.page.click("#ask-close > button")
    assert "Choose what came of it" in tab.page.inner_text(".nhsuk-error-summary")


@pytest.fixture(scope="module")
def seen(browser: Browser, address: str, house: House, nurse: Member, colleague: Member, axe: str):
    """Every page on which a closing by two is asked for, answered and told, looked at."""
    look = Look(Findings(), axe)
    tabs = []

    def tab_of(who: Member | None) -> Tab:
        context = browser.new_context(viewport=DESKTOP)
        if who:
            context.add_cookies([{"name": "staff", "value": who.token, "url": address}])
        tabs.append(Tab(context.new_page(), address))
        return tabs[-1]

    submission = handed(house, nurse, EMERGENCY)
    for _ in range(3):
        act(nurse, submission, "call", outcome="no_answer")
    first, second = tab_of(nurse), tab_of(colleague)
    first.open(submission)
    look(first, "after three calls")
    first.open(f"{submission}/ask-close")
    look(first, "asking")
    first.page.click("#ask-close button")
    look(first, "asking, refused")
    first.page.check("#ask-not_reached")
    first.page.fill("#words", "Rang three times.")
    with first.page.expect_navigation():  # words are sent once the session is known to go on
        first.page.click("#ask-close button")
    look(first, "waiting")
    second.open(submission)
    look(second, "second person")
    second.page.click("button[name=answer][value=yes]")
    second.page.locator(".actions", has_text="This is done").wait_for()
    second.open(f"{submission}/copy")
    look(second, "copy")
    complaints = [line for tab in tabs for line in tab.complaints]
    foreign = [u for tab in tabs for u in tab.requests if not u.startswith((address, "data:"))]
    for tab in tabs:
        tab.page.context.close()
    return {
        "findings": look.findings,
        "small": look.small,
        "complaints": complaints,
        "foreign": foreign,
    }


class TestNothingIsWrong(NothingWrong):
    """The pages of a closing by two."""
