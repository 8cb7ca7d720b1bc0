"""A visit that moves and a closing put right, in a real browser: by keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.clinic.looking import Look, NothingWrong
from tests.browser.conftest import Tab
from tests.browser.test_accessibility import Findings
from tests.builders import answers
from tests.web.desk import CALM, House, Member
from tests.web.handed_in import act, checked, handed
from tests.web.test_told_of_closing import link_of

DESKTOP = {"width": 1280, "height": 800}
CLINIC = "Afterwards"
SOON = answers(change="grown")
Opened = Callable[..., Tab]


@pytest.fixture(scope="module")
def lead(house: House) -> Member:
    return house.member("lead", clinic=CLINIC, name="Ada Hill")


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


def weekday(house: House) -> list[str]:
    """Day, month and year of an open day within two weeks."""
    day = house.now.date() + timedelta(days=3)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return [str(day.day), str(day.month), str(day.year)]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_day_is_asked_for_only_where_the_visit_moves(
    opened: Opened, house: House, lead: Member, scripts: bool
) -> None:
    visit = house.now.date() + timedelta(days=100)
    address = checked(house, lead, SOON, appointment_on=visit)
    tab = opened(lead, scripts=scripts)
    tab.open(address)
    assert not tab.page.locator("#new-day").is_visible()
    keys = tab.page.keyboard
    tab.page.focus("#close-outcome")
    keys.type("The visit was")
    assert tab.page.locator("#new-day").is_visible()
    for part in weekday(house):
        keys.press("Tab")
        keys.type(part)
    keys.press("Enter")
    tab.page.locator(".actions", has_text="This is done").wait_for()
    assert "Booked" in tab.page.inner_text(".glance__visit")


def test_without_scripts_a_closing_is_opened_again(
    opened: Opened, house: House, lead: Member
) -> None:
    address = checked(house, lead, CALM)
    act(lead, address, "agree")
    act(lead, address, "close", outcome="advice_given")
    tab = opened(lead, scripts=False)
    tab.open(address)
    tab.page.get_by_text("Open it again").first.click()
    tab.page.fill("#words-reopen", "The wrong row.")
    tab.page.click("form[action$='/reopen'] button")
    assert "Taken: Ada Hill" in tab.page.inner_text(".glance")


@pytest.fixture(scope="module")
def seen(browser: Browser, address: str, house: House, lead: Member, axe: str):
    """Every page on which a visit moves, words are told, or a closing is put right, looked at."""
    look, tabs = Look(Findings(), axe), []
    visit = house.now.date() + timedelta(days=100)
    lead.post("/texts", {"title": "Door B", "body": "Use door B.", "outcome": ""})
    open_one = handed(house, lead, SOON, appointment_on=visit)
    for _ in range(3):
        act(lead, open_one, "call", outcome="no_answer")
    done = checked(house, lead, SOON, appointment_on=visit)
    act(lead, done, "agree")
    words = {"patient_words": "Bring your tablets.\nUse door B.", "words": "Daughter rang."}
    act(lead, done, "close", outcome="brought_forward", to_book="yes", **words)
    context = browser.new_context(viewport=DESKTOP)
    context.add_cookies([{"name": "staff", "value": lead.token, "url": address}])
    tab = Tab(context.new_page(), address)
    tabs.append(tab)
    for name, path in (
        *(("texts", "/texts"), ("open", open_one), ("done", done), ("copy", f"{done}/copy")),
        *(("moves", "/worklist/moves"), ("told", link_of(house, lead, done))),
    ):
        tab.open(path)
        look(tab, name)
    tab.open("/texts")
    tab.page.click("main .rows a")
    look(tab, "text")
    tab.open(open_one)
    tab.page.select_option("#close-outcome", "brought_forward")
    tab.page.fill("#new-day", "1")
    tab.page.click("form.decide .in-line > button:first-child")
    look(tab, "refused")
    context.close()
    return {
        "findings": look.findings,
        "small": look.small,
        "complaints": [one for tab in tabs for one in tab.complaints],
        "foreign": [
            u for tab in tabs for u in tab.requests if not u.startswith((address, "data:"))
        ],
    }


class TestAfterwards(NothingWrong):
    """Nothing is wrong with these pages, in any mode or width."""
