"""How many clicks and key presses a nurse's work takes, counted as a real browser is given them.

`make journeys` prints them beside their aims, and so does `python -m benchmarks.nurse_journeys`;
both end with 1 where one is missed. A chord, such as Control with Enter,
is one press. To choose from a list are two clicks: one opens it, one chooses. A file that is chosen
is a click on its button and one in the window of the system. Words, dates and references that are
typed are not counted. All people are made up.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import openpyxl
from playwright.sync_api import Browser, Page, sync_playwright

from app.main import create_app
from app.settings import Settings
from app.triage.terms import Answers
from benchmarks.browsing import launch_browser
from tests.browser.conftest import up
from tests.builders import answers
from tests.conftest import Clock
from tests.web.desk import CALM, House, Member
from tests.web.handed_in import handed

DESKTOP = {"width": 1280, "height": 800}
WORDS = "Your tablets stay as they are. Ring us if it opens."
LATER: Answers = answers(change="grown")
"""Whose visit is to be soon."""

NAMES = (("O'Neill", "Zoë"), ("D\u2019Arcy", "José"), ("Łuczak", "Ann-Marie"), ("Müller", "Şule"))


@dataclass
class Hand:
    """A hand on a mouse and on a keyboard, and how often it pressed either."""

    page: Page
    clicks: int = 0
    presses: int = 0

    def click(self, place: str) -> None:
        """Click on what is there."""
        self.clicks += 1
        self.page.locator(place).first.click()

    def choose(self, place: str, value: str) -> None:
        """Open a list with one click and choose from it with another."""
        self.clicks += 2
        self.page.select_option(place, value)

    def choose_file(self, place: str, file: Path) -> None:
        """Click on the button of a file, and choose it in the window that opens."""
        self.clicks += 1
        with self.page.expect_file_chooser() as window:
            self.click(place)
        window.value.set_files(file)

    def press(self, *keys: str) -> None:
        """Press these keys or chords, one after the other."""
        for key in keys:
            self.presses += 1
            self.page.keyboard.press(key)

    def type_words(self, words: str) -> None:
        """Type where the focus is; it is not counted."""
        self.page.keyboard.type(words)


@dataclass(frozen=True)
class Desk:
    """A nurse before an open page of her clinic, and a colleague of hers."""

    house: House
    nurse: Member
    colleague: Member
    page: Page
    base: str

    def open_page(self, path: str) -> Hand:
        """A hand that did nothing yet, on this page."""
        self.page.goto(self.base + path)
        return Hand(self.page)


def close_and_open_next(desk: Desk) -> int:
    """Key presses to close with words for the patient and to open what waits next."""
    first = handed(desk.house, desk.nurse, CALM)
    handed(desk.house, desk.nurse, CALM)
    hand = desk.open_page(first)
    close_with_words(hand, WORDS)
    desk.page.locator("p.note[role=status]").wait_for()
    assert first not in desk.page.url
    assert WORDS in desk.nurse.get(first).text
    return hand.presses


def close_with_words(hand: Hand, words: str) -> None:
    """From a submission that was just opened: advice was given, in these words, and the next."""
    before = hand.page.url
    hand.press("Tab", "a", "Tab", "Space", "Tab")
    hand.type_words(words)
    hand.press("Control+Enter")
    hand.page.wait_for_url(lambda url: url != before)


def invite_from_file(desk: Desk) -> int:
    """Clicks to invite 30 people of a file of Excel."""
    with tempfile.TemporaryDirectory() as folder:
        file = write_workbook(Path(folder) / "clinic.xlsx", 30, desk.house.now.date())
        hand = desk.open_page("/worklist")
        invite_listed(hand, file)
    links = desk.page.get_by_text("/i/")
    assert links.count() >= 30
    return hand.clicks


def invite_listed(hand: Hand, file: Path) -> None:
    """From any page: all people of this file are invited."""
    hand.click("a[href='/invitations']")
    hand.click("a[href='/invitations/list']")
    hand.choose_file("#file", file)
    hand.click("form[action='/invitations/list'] button")
    hand.click("form[action='/invitations/batch'] button[type=submit]")
    hand.page.wait_for_url("**/invitations/batch/*")


def write_workbook(file: Path, number: int, today: date) -> Path:
    """A workbook as a hospital's booking system leaves it: columns and days in its own ways."""
    book = openpyxl.Workbook()
    book.active.append(["MRN", "Surname", "First name", "Ward", "Appt date", "Clinic"])
    for one in range(number):
        day = next_weekday(today + timedelta(days=60 + one))
        # Every other day is text, as people in the United Kingdom type it.
        shown = f"{day:%d/%m/%Y}" if one % 2 else day
        surname, name = NAMES[one % len(NAMES)]
        book.active.append([f"M-{1000 + one}", surname, name, "4B", shown, "Dr Hill"])
    book.save(file)
    return file


def next_weekday(day: date) -> date:
    """This day, or the Monday after it where it is a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def bring_forward(desk: Desk) -> int:
    """Clicks to close with an earlier visit on a day that is typed."""
    visit = next_weekday(desk.house.now.date() + timedelta(days=100))
    address = handed(desk.house, desk.nurse, LATER, appointment_on=visit)
    hand = desk.open_page(address)
    move_visit(hand, next_weekday(desk.house.now.date() + timedelta(days=3)))
    assert "Booked" in desk.page.inner_text(".glance__visit")
    return hand.clicks


def move_visit(hand: Hand, day: date) -> None:
    """From a submission of somebody not yet compared: the visit is brought forward to this day."""
    hand.choose("#close-outcome", "brought_forward")
    hand.click("#new-day")
    hand.type_words(f"{day.day}/{day.month}/{day.year}")
    hand.click("label[for=compared]")
    hand.click("form.decide .in-line > button")
    hand.page.locator(".actions", has_text="This is done").wait_for()


def hand_over_shift(desk: Desk) -> int:
    """Clicks to hand over all that one has."""
    for _ in range(3):
        address = handed(desk.house, desk.nurse, CALM)
        desk.page.goto(desk.base + address)
        desk.page.click("text=Take this")
        desk.page.locator("text=Release").wait_for()
    hand = desk.open_page("/worklist")
    give_shift(hand, desk.colleague.id)
    asked = desk.colleague.get("/hand-over")
    assert len([link for link in asked.links if link.startswith("/submissions/")]) >= 3
    return hand.clicks


def give_shift(hand: Hand, colleague: str) -> None:
    """From the worklist: a colleague is asked to take all that one has."""
    hand.click("a[href='/hand-over']")
    hand.choose("#to-staff", colleague)
    with hand.page.expect_navigation():
        hand.click("form[action='/hand-over'] button")


def find_by_reference(desk: Desk) -> int:
    """Key presses to find someone by the clinic's reference, a part, a name, or their own."""
    address = handed(desk.house, desk.nurse, CALM, reference="KX-4711", name="Zoë O'Neill")
    (own,) = re.findall(r" as (\w{3}-\w{3})\.", desk.nurse.get(address).text)
    return max(
        find_words(desk.open_page("/worklist"), words, address)
        for words in ("KX-4711", "x47", "zoe o", own)
    )


def find_words(hand: Hand, words: str, address: str) -> int:
    """Key presses, beside the words, until the worklist shows this submission."""
    before = hand.presses
    hand.press("/")
    hand.type_words(words)
    hand.press("Enter")
    hand.page.wait_for_url("**/worklist/find")
    hand.page.locator(f"#list a[href='{address}']").wait_for()
    return hand.presses - before


@dataclass(frozen=True)
class Journey:
    """A piece of work: how it is done, what of it is counted, and the most that it may take."""

    walk: Callable[[Desk], int]
    unit: str
    aim: int


JOURNEYS = {
    "close with words, open the next": Journey(close_and_open_next, "keys", 6),
    "invite 30 from an Excel file": Journey(invite_from_file, "clicks", 6),
    "bring a visit forward to a date": Journey(bring_forward, "clicks", 5),
    "hand over a shift": Journey(hand_over_shift, "clicks", 4),
    "find by any reference": Journey(find_by_reference, "keys", 2),
}


@dataclass(frozen=True)
class Count:
    """What a piece of work took, beside the most that it may take."""

    name: str
    number: int
    unit: str
    aim: int


def measure_nurse(browser: Browser) -> list[Count]:
    """What each piece of work takes, printed as it is counted."""
    counts: list[Count] = []
    with tempfile.TemporaryDirectory() as var:
        clock = Clock()
        house = House(create_app(Settings(var=Path(var)), clock=clock), clock)
        colleague, nurse = house.member(name="Lou Park"), house.member(name="Kim Lee")
        with up(house.app) as base:
            context = browser.new_context(viewport=DESKTOP)
            context.add_cookies([{"name": "staff", "value": nurse.token, "url": base}])
            desk = Desk(house, nurse, colleague, context.new_page(), base)
            for name, journey in JOURNEYS.items():
                counts.append(Count(name, journey.walk(desk), journey.unit, journey.aim))
                print("{name:<34}{number:>4} {unit:<7} aim {aim}".format(**vars(counts[-1])))
            context.close()
    return counts


def list_missed_aims(counts: Iterable[Count]) -> list[str]:
    """The names of those that took more than they may."""
    return [count.name for count in counts if count.number > count.aim]


def main() -> None:
    """Count, print, and end with 1 where an aim is missed."""
    with sync_playwright() as playwright:
        browser = launch_browser(playwright)
        missed = list_missed_aims(measure_nurse(browser))
        browser.close()
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
