"""A clinic's day for a test: its staff at their desks, its patients, its clock, what was promised.

A server as people run it, browsers for staff and for some patients; the other patients come
without one. Whenever the clock moves, it stops a minute after each time that a patient's page
named, and every page is read again: each names a time that is still to come, or what was decided,
or what to do instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser

from benchmarks.nurse_journeys import DESKTOP, Hand
from tests.browser.conftest import Tab
from tests.visitor import Visitor
from tests.web.desk import SECURE, House, Member, Patient

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LONDON = ZoneInfo("Europe/London")
MINUTE = timedelta(minutes=1)
_NAMED = re.compile(r"\b(?:by|before) (\d{1,2} [A-Z][a-z]+ \d{4}, \d{2}:\d{2})")
_DECIDED = ("A nurse looked at them on", "The clinic came to a decision", "The clinic closed this")
_INSTEAD = (
    *("Please call the clinic", "Then call the clinic", "Do not wait for the clinic to call you"),
    "Get help now",
)

_EACH_MINUTE = ("alarm", "claims")


class Guest(Patient):
    """A patient of the list, on a device of their own without a browser that tests look into."""

    def __init__(self, house: House, reference: str, link: str) -> None:
        Visitor.__init__(self, house.app, SECURE)
        self.reference, self.link = reference, link

    def stop_at_emergency(self, given) -> None:
        """From the link to the page that says to call; there they stop."""
        page = self.post(self.link, {"about": "me"})
        while page.url != "/emergency":
            question = page.url.removeprefix("/check/")
            page = self.answer(question, *given[question])

    @property
    def words(self) -> str:
        """What their own page says now."""
        return self.get(self.link).text


@dataclass
class Seat:
    """Someone of the staff before an open page."""

    who: Member
    tab: Tab

    @property
    def hand(self) -> Hand:
        """A hand that did nothing yet."""
        return Hand(self.tab.page)

    def sign_in(self) -> None:
        """Begin a session; an open page goes on with it."""
        self.who.sign_in()
        session = {"name": "staff", "value": self.who.token, "url": self.tab.base}
        self.tab.page.context.add_cookies([session])


@dataclass
class Day:
    """What happens, and what was seen of it.

    `sent`: who sent something, in order. `broken`: promises that did not hold. `named`: all times
    that patients' pages named; `read`: those pages, with when they were read. `for_patients` and
    `for_colleagues`: what staff wrote, by reference.
    """

    house: House
    browser: Browser
    address: str
    seats: dict[str, Seat] = field(default_factory=dict)
    phones: list[Tab] = field(default_factory=list)
    guests: dict[str, Guest] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    named: set[datetime] = field(default_factory=set)
    read: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    for_patients: dict[str, str] = field(default_factory=dict)
    for_colleagues: dict[str, str] = field(default_factory=dict)

    def seat(self, name: str, role: str) -> Seat:
        """Someone who joined, signed in at a desk."""
        tab = Tab(self.browser.new_context(viewport=DESKTOP).new_page(), self.address)
        self.seats[name] = Seat(self.house.member(role, name=name), tab)
        return self.seats[name]

    def phone(self) -> Tab:
        """A patient's own phone."""
        tab = Tab(self.browser.new_context(**PHONE).new_page(), self.address)
        self.phones.append(tab)
        return tab

    def at(self, clock: str, days: int = 0) -> None:
        """Let time pass until then, stopping a minute after each time that was named."""
        hour, minute = map(int, clock.split(":"))
        local = self.house.now.astimezone(LONDON) + timedelta(days=days)
        target = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        assert target >= self.house.now, f"it is past {clock}"
        while stops := [at for at in self.named if self.house.now < at + MINUTE < target]:
            self._set_clock(min(stops) + MINUTE)
            self.read_pages()
        self._set_clock(target)
        self.read_pages()
        for seat in self.seats.values():
            seat.sign_in()

    def read_pages(self) -> None:
        """Read the page of each patient who sent: what it names holds, or was taken back."""
        for reference in self.sent:
            words = self.guests[reference].words
            self.read.setdefault(reference, []).append((self.house.now, words))
            times = read_times(words)
            late = [f"{at:%H:%M}" for at in times if at < self.house.now]
            if late:
                self._note(reference, f"still names {late}")
            if not times and not any(part in words for part in (*_DECIDED, *_INSTEAD)):
                self._note(reference, "says neither when nor what instead")
            self.named.update(times)

    def find(self, reference: str) -> str:
        """The address of what someone sent, searched for as anyone of the staff does."""
        lead = self.seats["Ada Hill"].who
        page = lead.post("/worklist/find", {"reference": reference})
        found = {link for link in page.links if link.startswith("/submissions/")}
        assert len(found) == 1, f"{reference}: {found}"
        return found.pop()

    def complaints(self) -> list[str]:
        """Of every page that was open, and its requests to anyone else."""
        tabs = [*self.phones, *(seat.tab for seat in self.seats.values())]
        foreign = _list_foreign(self.address, (url for tab in tabs for url in tab.requests))
        return [words for tab in tabs for words in tab.complaints] + foreign

    def leave(self) -> None:
        """Close every browser."""
        for tab in (*self.phones, *(seat.tab for seat in self.seats.values())):
            tab.page.context.close()

    def _set_clock(self, at: datetime) -> None:
        """Then what the server does by itself each minute is done, whenever its own turn comes."""
        self.house.clock.seconds = at.timestamp()
        for job in self.house.app.state.jobs:
            if job.name in _EACH_MINUTE:
                job.task(self.house.store, self.house.now)

    def _note(self, reference: str, words: str) -> None:
        self.broken.append(f"{self.house.now:%a %H:%M} {reference} {words}")


def read_times(words: str) -> list[datetime]:
    """The times by which something is to happen, as a patient's page names them."""
    found = _NAMED.findall(words)
    return [datetime.strptime(at, "%d %B %Y, %H:%M").replace(tzinfo=LONDON) for at in found]


def _list_foreign(address: str, asked: Iterable[str]) -> list[str]:
    return [url for url in asked if not url.startswith((address, "data:"))]
