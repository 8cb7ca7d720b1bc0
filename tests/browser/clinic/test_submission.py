"""The page of one submission in a real browser: the first screen, the keyboard, and paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page

from app.triage.terms import Answers
from tests.browser.conftest import Tab
from tests.browser.test_accessibility import MODES, UNFOLD, WAYS, Findings, add_style
from tests.browser.test_accessibility_layout import TARGETS
from tests.builders import SOAK, answers
from tests.documents.test_receipt import published_cases
from tests.documents.test_sbar import everything
from tests.web.desk import EMERGENCY, House, Member
from tests.web.handed_in import act, checked, handed

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 320, "height": 800}
PAPER = {"width": 718, "height": 1066}
DOUBTS = answers(
    skin=["net", "open"],
    pain="not_sure",
    kidney="not_sure",
    medicines="warfarin_lately",
    place="thigh",
)
CASES: dict[str, Answers] = {
    "emergency": EMERGENCY | {"skin": frozenset({"pus"})},
    "same day, not sure": DOUBTS,
    "self-care": answers(reason="calcinosis"),
}
LONGEST = ("case-049", "case-208")
"""The published cases that have most to say of what to watch for."""
AT_ONCE = """() => [
  ...document.querySelectorAll(`.glance h1, .glance .badge, .glance__visit, .glance__who, .signs dt,
    .signs dd, #actions, #close-outcome, .actions .nhsuk-button, .actions summary, .papers a`)
].filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()])
  .filter(([, box]) => box.bottom > innerHeight || box.right > innerWidth || box.top < 0)
  .map(([e, box]) => `${e.className || e.tagName} ${e.innerText} ${Math.round(box.bottom)}`)"""
STEPS = ["Agree and close", "Agree only", "I called", "Hand over", "Note for colleagues"]


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    """Who reviews; a colleague is there to hand over to."""
    house.member("nurse", clinic="Beside", name="Lou Park")
    return house.member("nurse", clinic="Beside", name="Kim Lee")


@pytest.fixture
def desk(browser: Browser, address: str, nurse: Member) -> Iterator[Tab]:
    """The nurse's own tab, signed in, without complaints at the end."""
    context = browser.new_context(viewport=DESKTOP, permissions=["clipboard-read"])
    context.add_cookies([{"name": "staff", "value": nurse.token, "url": address}])
    tab = Tab(context.new_page(), address)
    yield tab
    tab.leave()
    context.close()
    assert tab.complaints == []


def pages_of(page: Page) -> int:
    """How many sheets the page takes on paper."""
    page.emulate_media(media="print")
    return page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")


# --- The first screen ---


@pytest.mark.parametrize("name", CASES)
def test_the_first_screen_holds_all_that_a_decision_needs(
    desk: Tab, house: House, nurse: Member, name: str
) -> None:
    visit = house.now.date() + timedelta(days=20)
    desk.open(handed(house, nurse, CASES[name], appointment_on=visit))
    assert desk.page.evaluate(AT_ONCE) == []
    shown = desk.page.inner_text("main")
    assert [words for words in STEPS if words not in shown] == []
    assert "Raise the level" in shown or name == "emergency"
    assert "Lower the level" in shown or name == "self-care"
    badge = desk.page.locator(".glance .badge")
    mark = badge.evaluate("(e) => getComputedStyle(e, '::before').content")
    assert (mark != "none") is (name != "self-care"), "the level has a shape beside its words"


def test_a_part_below_the_first_screen_is_found(desk: Tab, house: House, nurse: Member) -> None:
    desk.open(handed(house, nurse))
    add_style(desk, ".actions { padding-block-start: 40rem !important }")
    assert desk.page.evaluate(AT_ONCE) != []


def test_the_actions_stay_in_sight_beside_the_rest(desk: Tab, house: House, nurse: Member) -> None:
    desk.open(handed(house, nurse, DOUBTS))
    desk.page.evaluate(UNFOLD)
    desk.page.evaluate("() => window.scrollTo(0, 3000)")
    box = desk.page.locator("#actions").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < DESKTOP["height"]


def test_on_a_phone_what_can_be_done_comes_after_the_facts(
    desk: Tab, house: House, nurse: Member
) -> None:
    desk.page.set_viewport_size(PHONE)
    desk.open(handed(house, nurse))
    tops = [
        # None, where the place is not shown, has to fail the test.
        desk.page.locator(place).bounding_box()["y"]  # type: ignore[index]
        for place in (".glance", ".actions", ".case__rest")
    ]
    assert tops == sorted(tops)
    assert desk.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


# --- The keyboard ---


@pytest.mark.parametrize("known", [True, False], ids=["person checked", "not yet checked"])
def test_a_review_takes_at_most_six_key_presses(
    desk: Tab, house: House, nurse: Member, *, known: bool
) -> None:
    desk.open(checked(house, nurse) if known else handed(house, nurse))
    assert desk.focused == "H1#"
    # w: the one outcome that begins with it
    presses = (
        ["Tab", "w", "Tab", "Tab", "Tab", "Enter"]
        if known
        else ["Tab", "w", "Tab", "Space", "Enter"]
    )
    assert len(presses) <= 6
    for number, key in enumerate(presses):
        desk.page.keyboard.press(key)
        if number == 0:
            assert desk.focused == "SELECT#close-outcome"
    desk.page.locator(".actions", has_text="This is done").wait_for()
    assert "closed it. Will be seen today." in desk.page.inner_text("#done-part")


# --- Out of it ---


def test_the_text_for_the_record_is_copied(desk: Tab, house: House, nurse: Member) -> None:
    desk.open(handed(house, nurse, DOUBTS))
    desk.page.click("#sbar")
    text = desk.page.input_value("#sbar-short")
    desk.page.click("[data-copy=sbar-short]")
    desk.page.wait_for_function("() => document.querySelector('[data-done]').textContent")
    assert desk.page.evaluate("() => navigator.clipboard.readText()") == text
    assert text.startswith("SBAR ")


def test_every_submission_prints_on_one_sheet(desk: Tab, house: House, nurse: Member) -> None:
    cases = [(case.entry.id, case.answers) for case in published_cases()]
    some = [case for case in cases if case[0] in LONGEST]
    cases = [("fullest", everything()), *(cases if SOAK else some)]
    desk.page.set_viewport_size(PAPER)
    wrong = {}
    for name, given in cases:
        address = handed(house, nurse, given, reference=f"R{name}", name="N" * 60)
        for paper in ("print", "copy"):
            desk.open(f"{address}/{paper}")
            if (sheets := pages_of(desk.page)) != 1:
                wrong[name, paper] = sheets
    assert wrong == {}


@pytest.mark.parametrize("given", [*CASES, "everything"])
def test_a_long_history_still_prints_on_one_sheet(
    desk: Tab, house: House, nurse: Member, given: str
) -> None:
    answers = CASES.get(given) or everything()
    address = handed(house, nurse, answers, name="N" * 60)
    for number in range(8):
        act(nurse, address, "note", words=f"{number} " + "long words " * 60)
    desk.page.set_viewport_size(PAPER)
    desk.open(f"{address}/print")
    assert pages_of(desk.page) == 1
    assert "Earlier entries are in the record: 3." in desk.page.inner_text(".sheet")


def test_a_sheet_that_grows_too_long_is_found(desk: Tab, house: House, nurse: Member) -> None:
    desk.open(f"{handed(house, nurse)}/print")
    add_style(desk, ".sheet__foot { margin-block-start: 400mm !important }")
    assert pages_of(desk.page) > 1


def test_a_slip_for_a_patient_has_nothing_of_the_clinic_s_desk_on_it(
    desk: Tab, house: House, nurse: Member
) -> None:
    handed(house, nurse, EMERGENCY)
    house.clock.seconds += 400  # nobody looks: the alarm is on every page
    desk.open("/invitations/list")
    desk.page.fill("#lines", f"R-7001, Jo, {house.now.date() + timedelta(days=30)}")
    desk.page.click("form:has(#lines) button")
    desk.page.click("form[action='/invitations/batch'] button[type=submit]")
    desk.page.wait_for_url("**/batch/*")
    desk.page.goto(f"{desk.page.url}/slips")
    frame = ["An emergency has waited", "Kim Lee", "Not a registered medical device"]
    assert all(words in desk.page.inner_text("body") for words in frame)
    desk.page.emulate_media(media="print")
    assert "R-7001, Jo" in desk.page.inner_text("body")
    assert not [words for words in frame if words in desk.page.inner_text("body")]


# --- For everyone ---


def test_the_checker_finds_nothing_in_any_mode(
    desk: Tab, house: House, nurse: Member, axe: str
) -> None:
    found, small = Findings(), {}
    address = handed(house, nurse, DOUBTS, appointment_on=house.now.date())
    closed = checked(house, nurse)
    act(nurse, closed, "agree")
    for path in (address, closed, f"{address}/lower", f"{address}/print", f"{address}/copy"):
        desk.page.emulate_media(**MODES["light"])
        desk.open(path)
        desk.page.evaluate(axe)
        desk.page.evaluate(UNFOLD)
        page = path.rpartition("/")[2]
        some = [("light", 1280), ("dark", 320), ("forced colours", 768), ("print", 768)]
        for mode, width in WAYS if SOAK else some:
            found.look(desk, page, mode, width)
        desk.page.emulate_media(**MODES["light"])
        desk.page.set_viewport_size(PHONE)
        if hits := desk.page.evaluate(TARGETS):
            small[page] = hits
    assert found.broken == {}
    assert found.faint == {}
    assert found.wide == {}
    assert small == {}
