"""A tablet in the waiting room, in a real browser: it wipes itself, and Back shows nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from app.web import tablet
from app.web.journey import Journey, seal_journey
from tests.browser.conftest import Tab
from tests.builders import rulebook
from tests.web.desk import TODAY, House, Member, Patient

GIVEN = {question: sorted(chosen) for question, chosen in TODAY.items()}
WITHOUT_SCRIPT = {"java_script_enabled": False}
WORDS = rulebook().wording["en"].pages
KNOWING_NOTHING = {WORDS[key] for key in ("lost.heading", "invited.gone.heading")}
SEEN = """() => [document.querySelector("h1").innerText, location.pathname,
  document.querySelector("input:checked") !== null]"""


@pytest.fixture(scope="module", autouse=True)
def _in_a_hurry() -> Iterator[None]:
    """Tablets that wait seconds where they would wait minutes."""
    with pytest.MonkeyPatch.context() as patch:
        quick = {"AFTER_RESULT": 3, "UNTOUCHED": 1, "ALARM": 2, "MORE": 6}
        for name, seconds in quick.items():
            patch.setattr(tablet, name, seconds)
        yield


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", clinic="Waiting")


@pytest.fixture
def result(tab: Tab, context: BrowserContext, house: House, nurse: Member) -> Tab:
    """The tablet with someone's result on it, after they typed their code."""
    mark(context, tab, nurse)
    begin(tab, Patient(house, nurse))
    tab.walk(GIVEN)
    tab.page.click("main a.nhsuk-button")
    tab.at("/result")
    return tab


def mark(context: BrowserContext, tab: Tab, nurse: Member) -> None:
    """Hand the tablet over, as the nurse's button does."""
    nurse.sign_in()
    nurse.post("/waiting-room")
    value = nurse.client.cookies.get("__Host-tablet")
    context.add_cookies([{"name": "tablet", "value": value, "url": tab.base}])


def begin(tab: Tab, patient: Patient) -> None:
    tab.open("/i")
    assert tab.heading == "Type the code from the desk"
    tab.page.fill("#code", patient.code)
    tab.page.click("main form button")
    tab.at("/i/here")
    tab.page.click("main form button")
    tab.at("/check/age")


def nothing_comes_back(tab: Tab) -> None:
    """Go back as far as there is anything."""
    assert tab.heading == "Type the code from the desk"
    for _ in range(6):
        tab.page.go_back(wait_until="load")
        if not tab.page.url.startswith(tab.base):
            return  # where the browser began
        heading, path, ticked = tab.page.evaluate(SEEN)
        assert path == "/i" or heading in KNOWING_NOTHING, path
        assert not ticked


def test_a_result_counts_down_gives_more_time_and_wipes_itself(result: Tab) -> None:
    count = result.page.locator("[data-count]")
    expect(count).to_be_visible()
    expect(result.page.locator("#tablet [data-said]")).to_have_text(
        "This tablet wipes itself soon. Do you need more time?"
    )
    for _ in range(10):
        result.page.click("[data-stay]")
    expect(count).to_have_text("5")
    result.page.wait_for_timeout(2500)
    assert result.path == "/result", "it would be over without the time that was asked for"
    result.at("/i")
    nothing_comes_back(result)


@pytest.mark.parametrize("context", [WITHOUT_SCRIPT], indirect=True)
def test_without_a_script_it_wipes_itself_too(
    tab: Tab, context: BrowserContext, house: House, nurse: Member
) -> None:
    mark(context, tab, nurse)
    patient = Patient(house, nurse)
    token = patient.link.removeprefix("/i/")
    journey = Journey(
        "uk",
        int(house.clock()),
        TODAY,
        invitation=token,
        edition=house.app.state.context.rulebook.version,
    )
    sealed = seal_journey(house.app.state.context.keys, journey)
    context.add_cookies([{"name": "journey", "value": sealed, "url": tab.base}])
    for address in ("/check/skin", "/answers", "/result"):
        tab.open(address)
    assert "today" in tab.heading
    tab.page.click("#tablet a")  # more time: the page once more
    tab.at("/result")
    tab.at("/i")
    nothing_comes_back(tab)


@pytest.mark.parametrize("context", [WITHOUT_SCRIPT], indirect=True)
def test_without_a_script_it_asks_before_it_wipes_in_the_middle(
    tab: Tab, context: BrowserContext, house: House, nurse: Member
) -> None:
    mark(context, tab, nurse)
    begin(tab, Patient(house, nurse))
    tab.at("/i/still-there")
    tab.page.click("main a.nhsuk-button")
    tab.at("/check/age")
    tab.at("/i/still-there")
    tab.at("/i")


def test_in_the_middle_it_asks_first_and_a_touch_is_enough(
    tab: Tab, context: BrowserContext, house: House, nurse: Member
) -> None:
    mark(context, tab, nurse)
    begin(tab, Patient(house, nurse))
    bar = tab.page.locator("#tablet")
    expect(bar).to_be_hidden()
    expect(bar).to_be_visible()
    tab.page.keyboard.press("Tab")
    expect(bar).to_be_hidden()
    assert tab.path == "/check/age"
    tab.at("/i")
    nothing_comes_back(tab)


def test_the_check_sees_a_tablet_that_forgets_nothing(
    result: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tablet, "wipe_browser", lambda *_: None)
    result.at("/i")
    with pytest.raises(AssertionError):
        nothing_comes_back(result)
