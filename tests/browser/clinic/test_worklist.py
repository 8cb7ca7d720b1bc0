"""An open worklist in a real browser: what is new shows by itself, and nothing moves or is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.store import alarms, submissions
from app.store.alarm_destinations import AlarmDestinations
from app.store.db.scope import WritingScope
from app.store.submission_versions import SubmittedAnswers
from app.store.submissions import Delivery
from app.triage.rules import assess_answers
from tests.browser.conftest import Tab
from tests.builders import rulebook
from tests.running import serving
from tests.web.desk import CALM, EMERGENCY, TODAY, House, Member

MINUTE = timedelta(minutes=1)
SOON = 10_000  # milliseconds that a busy machine may need; the aim is 5 seconds


@pytest.fixture
def nurse(house: House, request: pytest.FixtureRequest) -> Member:
    """A nurse of a clinic in which nothing has happened yet."""
    return house.member("nurse", clinic=f"Clinic of {request.node.name}")


@pytest.fixture
def tab(browser: Browser, address: str, nurse: Member) -> Iterator[Tab]:
    """The nurse's browser, whose clock goes on by itself and can be moved."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "staff", "value": nurse.token, "url": address}])
    tab = Tab(context.new_page(), address)
    tab.page.clock.install()
    yield tab
    context.close()
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith(address)] == []


def send(house: House, nurse: Member, name: str, given=EMERGENCY) -> None:
    """Someone hands in these answers."""
    with house.store.writing_scope(nurse.clinic, house.now, "kim") as scope:
        _add(scope, house, name, given)


def _add(scope: WritingScope, house: House, name: str, given) -> None:
    book = rulebook()
    handed = SubmittedAnswers(
        given, "me", "uk", assess_answers(book, given), 0, book.version, book.sha256
    )
    came = Delivery(source="share", key=name, reference=name, name="Jo")
    submissions.add_submission(scope, handed, came, house.app.state.context.policy.targets)


def test_until_it_is_live_the_page_says_that_it_connects(tab: Tab) -> None:
    """D38."""
    tab.page.route("**/worklist/live", lambda _: None)  # it never answers
    tab.open("/worklist")
    expect(tab.page.locator(".connecting")).to_be_visible(timeout=SOON)
    expect(tab.page.locator(".live")).to_be_hidden()
    tab.page.unroute_all(behavior="ignoreErrors")
    tab.open("/worklist")
    expect(tab.page.locator(".live")).to_be_visible(timeout=SOON)
    expect(tab.page.locator(".connecting")).to_be_hidden()


def row(page: Page, name: str):
    return page.locator("#list tbody tr", has_text=name)


def move(tab: Tab, nurse: Member, minutes: float) -> None:
    """Let time pass, at the clinic and in the browser."""
    nurse.wait(minutes * 60)
    tab.page.clock.fast_forward(int(minutes * 60_000))


def test_an_urgent_arrival_shows_and_is_announced_by_itself(
    house: House, nurse: Member, tab: Tab
) -> None:
    tab.open("/worklist")
    expect(tab.page.locator("html")).to_have_class("scripted is-live", timeout=SOON)
    expect(tab.page.locator("#list")).to_contain_text("Nothing is waiting.")
    send(house, nurse, "E-1")
    expect(row(tab.page, "E-1")).to_be_visible(timeout=SOON)
    expect(tab.page.locator("#said")).to_have_text("Not seen yet: Emergency 1")
    assert tab.page.title() == "(1) Worklist - Calcinosis Check"
    send(house, nurse, "C-1", CALM)
    expect(row(tab.page, "C-1")).to_be_visible(timeout=SOON)
    assert tab.page.title() == "(1) Worklist - Calcinosis Check"


@pytest.mark.parametrize("scrolled", [False, True])
@pytest.mark.parametrize("held", ["focus", "pointer"])
def test_the_row_under_the_focus_or_the_pointer_stays_where_it_is(
    house: House, nurse: Member, tab: Tab, held: str, scrolled: bool
) -> None:
    with house.store.writing_scope(nurse.clinic, house.now, "kim") as scope:
        for number in range(12 if scrolled else 3):
            _add(scope, house, f"C-{number}", CALM)
    tab.open("/worklist")
    target = row(tab.page, "C-9" if scrolled else "C-1")
    target.scroll_into_view_if_needed()
    target.locator("a").focus() if held == "focus" else target.hover()
    before = target.bounding_box()
    for number in range(3):
        send(house, nurse, f"E-{number}")
        expect(row(tab.page, f"E-{number}")).to_have_count(1, timeout=SOON)
        after = target.bounding_box()
        assert before is not None
        assert after is not None
        assert abs(after["y"] - before["y"]) <= 1
    if held == "focus":
        expect(target.locator("a")).to_be_focused()


def test_keys_lead_from_row_to_row_and_open_one(house: House, nurse: Member, tab: Tab) -> None:
    with house.store.writing_scope(nurse.clinic, house.now, "kim") as scope:
        for number in range(3):
            _add(scope, house, f"C-{number}", CALM)
    tab.open("/worklist")
    for key, name in [("j", "C-0"), ("ArrowDown", "C-1"), ("j", "C-2"), ("j", "C-2"), ("k", "C-1")]:
        tab.page.keyboard.press(key)
        expect(row(tab.page, name).locator("a")).to_be_focused()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/submissions/*")


def test_any_reference_is_found_by_two_keys_and_the_typing(
    house: House, nurse: Member, tab: Tab
) -> None:
    send(house, nurse, "C-77", CALM)
    tab.open("/worklist")
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("c7")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/worklist/find")
    expect(row(tab.page, "C-77")).to_be_visible()


def test_eight_rows_are_in_sight_above_the_alarm(house: House, nurse: Member, tab: Tab) -> None:
    with house.store.writing_scope(nurse.clinic, house.now, "kim") as scope:
        for number in range(12):
            _add(scope, house, f"C-{number}", EMERGENCY if number % 2 else TODAY)
    move(tab, nurse, 6)
    tab.open("/worklist")
    alarm = tab.page.locator(".alarm").bounding_box()
    assert alarm is not None
    ends = "rows => rows.map(row => row.getBoundingClientRect().bottom)"
    shown = tab.page.locator("#list tbody tr").evaluate_all(ends)
    assert sum(end <= alarm["y"] for end in shown) >= 8


def test_silence_is_told_and_the_page_is_whole_again_afterwards(
    house: House, nurse: Member, tab: Tab
) -> None:
    tab.open("/worklist")
    expect(tab.page.locator("html")).to_have_class("scripted is-live", timeout=SOON)
    assert not tab.page.locator("#lost").inner_text()
    tab.page.clock.fast_forward(18_000)
    expect(tab.page.locator("#lost")).to_contain_text("Not live. Last update")
    assert "is-live" not in (tab.page.locator("html").get_attribute("class") or "")
    expect(tab.page.locator("#lost")).to_have_text("", timeout=15_000)
    send(house, nurse, "E-1")
    expect(row(tab.page, "E-1")).to_be_visible(timeout=SOON)


def test_without_a_stream_the_page_asks_by_itself(house: House, nurse: Member, tab: Tab) -> None:
    tab.page.route("**/worklist/live", lambda route: route.abort())
    tab.complaints = _WithoutRefusals()
    tab.open("/worklist")
    send(house, nurse, "E-1")
    tab.page.clock.fast_forward(18_000)
    expect(row(tab.page, "E-1")).to_be_visible(timeout=SOON)
    expect(tab.page.locator("#lost")).to_contain_text("Not live.")


class _WithoutRefusals(list[str]):
    """Complaints, without those of the request that the test refuses."""

    def append(self, words: str) -> None:
        if "ERR_FAILED" not in words:
            super().append(words)


def test_before_the_session_ends_one_is_asked_and_keeps_what_was_typed(
    nurse: Member, tab: Tab
) -> None:
    tab.open("/invitations")
    tab.page.fill("#reference", "R-77")
    move(tab, nurse, 13.5)
    dialog = tab.page.locator("#leaving")
    expect(dialog).to_be_visible(timeout=SOON)
    dialog.locator("button").click()
    expect(dialog).to_be_hidden()
    move(tab, nurse, 12)
    assert tab.page.input_value("#reference") == "R-77"
    expect(dialog).to_be_hidden()


def test_when_the_session_ends_nothing_can_be_read_until_the_same_person_is_back(
    nurse: Member, tab: Tab
) -> None:
    tab.open("/invitations")
    tab.page.fill("#reference", "R-77")
    move(tab, nurse, 16)
    expect(tab.page.locator("#gone")).to_be_visible(timeout=SOON)
    expect(tab.page.locator("main")).to_be_hidden()
    assert tab.page.title() == "You are signed out"
    tab.page.click("#return")
    expect(tab.page.locator("#not-yet")).to_be_visible()
    nurse.sign_in()
    tab.page.context.add_cookies([{"name": "staff", "value": nurse.token, "url": tab.base}])
    tab.page.click("#return")
    expect(tab.page.locator("#gone")).to_be_hidden()
    assert tab.page.input_value("#reference") == "R-77"


def test_someone_else_who_signs_in_sees_nothing_of_what_was_typed(
    house: House, nurse: Member, tab: Tab
) -> None:
    other = house.member(
        "nurse", clinic=next(n for n, c in house.clinics.items() if c == nurse.clinic)
    )
    tab.open("/invitations")
    tab.page.fill("#reference", "R-77")
    move(tab, nurse, 16)
    expect(tab.page.locator("#gone")).to_be_visible(timeout=SOON)
    other.sign_in()
    tab.page.context.add_cookies([{"name": "staff", "value": other.token, "url": tab.base}])
    with tab.page.expect_navigation():
        tab.page.click("#return")
    assert tab.page.input_value("#reference") == ""


COUNT_TONES = """
window.tones = 0;
const Real = window.OscillatorNode;
window.OscillatorNode = function (...all) { window.tones += 1; return new Real(...all); };
"""


def test_an_emergency_that_nobody_saw_alarms_every_open_page(
    house: House, nurse: Member, tab: Tab
) -> None:
    tab.page.add_init_script(COUNT_TONES)
    send(house, nurse, "E-1")
    tab.open("/account")
    expect(tab.page.locator(".alarm")).to_have_count(0)
    move(tab, nurse, 5.1)
    expect(tab.page.locator(".alarm")).to_contain_text("An emergency has waited for someone")
    tab.open("/worklist")
    assert tab.page.evaluate("window.tones") == 0  # nobody has touched the page yet
    tab.page.click("h1")
    tab.page.wait_for_function("window.tones > 0")
    tab.page.click("#sound")
    sounded = tab.page.evaluate("window.tones")
    move(tab, nurse, 1)
    assert tab.page.evaluate("window.tones") == sounded
    tab.page.click("#list th a")
    expect(tab.page.locator("#actions")).to_be_visible()
    assert tab.page.locator(".alarm").count() == 1, "a look alone ends no alarm"
    tab.page.click("text=Agree only")
    expect(tab.page.locator(".alarm")).to_have_count(0)


def test_an_open_page_says_by_itself_that_the_alarm_could_not_be_delivered(
    house: House, nurse: Member, tab: Tab
) -> None:
    with house.store.writing_scope(nurse.clinic, house.now, "command") as scope:
        alarms.save_destinations(scope, AlarmDestinations("https://localhost:1/"))
    send(house, nurse, "E-1")
    nurse.wait(5 * 60)
    alarms.raise_due_alarms(house.store, nurse.clinic, house.now, house.now - 5 * MINUTE)
    tab.open("/account")
    expect(tab.page.locator(".alarm")).to_be_visible()
    expect(tab.page.locator(".undelivered")).to_have_count(0)
    move(tab, nurse, 2.1)
    expect(tab.page.locator(".undelivered")).to_contain_text("could not be delivered since")


@pytest.mark.skipif(not os.environ.get("CALCINOSIS_SOAK"), reason="takes half a minute")
def test_within_20_seconds_of_losing_the_server_the_page_says_so(
    browser: Browser, tmp_path: Path
) -> None:
    from benchmarks.worklist import Clinics

    with serving(tmp_path / "server") as server:
        clinic = Clinics(server, submissions=3, streams=7)  # seven nurses take turns
        context = browser.new_context()
        session = {"name": "staff", "value": clinic.sessions[0], "url": server.base}
        context.add_cookies([session])
        page = context.new_page()
        page.goto(f"{server.base}/worklist")
        expect(page.locator("html")).to_have_class("scripted is-live", timeout=SOON)
        server.process.kill()
        expect(page.locator("#lost")).to_contain_text("Not live.", timeout=20_000)
        context.close()
        clinic.store.engine.dispose()
