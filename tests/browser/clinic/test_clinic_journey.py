"""Two people at once: someone sends a self-check by phone, and a nurse at her desk reviews it.

Against a server as people run it, once with scripts and once without any.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from app.settings import ROOT
from tests.browser.conftest import Tab
from tests.running import Running, serving
from tests.web.desk import PASSWORD, TODAY

GIVEN = {question: sorted(chosen) for question, chosen in TODAY.items()}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with one clinic."""
    with serving(tmp_path_factory.mktemp("journey") / "server") as server:
        command(server, "clinic", "add", "Hill", "--region", "uk", "--time-zone", "Europe/London")
        yield server


@pytest.fixture(params=["with its script", "without any script"])
def scripted(request: pytest.FixtureRequest) -> bool:
    return request.param == "with its script"


@pytest.fixture
def contexts(browser: Browser, scripted: bool) -> Iterator[tuple[BrowserContext, BrowserContext]]:
    """The phone and the desk."""
    both = [browser.new_context(**kind, java_script_enabled=scripted) for kind in (PHONE, DESK)]
    yield both[0], both[1]
    for context in both:
        context.close()


def command(server: Running, *words: str) -> str:
    """What a command prints, run beside the server."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=ROOT,
        env={"CALCINOSIS_VAR": str(server.folder / "var"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def signed_in(tab: Tab, server: Running, email: str) -> None:
    """A nurse joins by her link, which signs her in, and goes on to the worklist."""
    who = ("--clinic", "Hill", "--name", "Amina Khan", "--role", "nurse")
    link = command(server, "staff", "invite", email, *who)
    tab.open("/join/" + link.rpartition("/")[2])
    text = tab.page.inner_text("main")
    secret = "".join(re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", text)[0].split())
    code = pyotp.TOTP(secret)
    tab.page.fill("#password", PASSWORD)
    tab.page.fill("#code", code.at(time.time()))
    tab.page.click("main form button")
    tab.page.click("main a.nhsuk-button")
    tab.at("/worklist")


def invited(tab: Tab, reference: str) -> str:
    """Someone is invited; the path of their link."""
    tab.open("/invitations")
    tab.page.fill("#reference", reference)
    tab.page.fill("#name", "Jo")
    later = datetime.now(UTC).date() + timedelta(days=90)
    monday = later + timedelta(days=-later.weekday() % 7)
    tab.page.fill("#day", monday.isoformat())
    tab.page.click("main form[action='/invitations'] button")
    return re.search(r"https?://[^/\s]+(/i/\S+)", tab.page.inner_text("main"))[1]


def test_an_invited_person_sends_and_a_nurse_reviews_and_both_see_what_became_of_it(
    server: Running, contexts: tuple[BrowserContext, BrowserContext], scripted: bool
) -> None:
    phone, desk = (Tab(context.new_page(), server.base) for context in contexts)
    reference = f"R-{int(scripted)}001"
    signed_in(desk, server, f"amina{int(scripted)}@hill.example")
    link = invited(desk, reference)
    desk.open("/worklist")
    row = desk.page.locator("tbody tr", has_text=reference)
    expect(row).to_have_count(0)
    _sends(phone, link)
    _reviews(desk, row, scripted)
    phone.open(link)
    assert phone.heading == "Your clinic has looked at your answers"
    expect(phone.page.locator("main")).to_contain_text("came to a decision")
    assert phone.complaints + desk.complaints == []
    asked = [url for tab in (phone, desk) for url in tab.requests]
    assert [url for url in asked if not url.startswith((server.base, "data:"))] == []


def _sends(phone: Tab, link: str) -> None:
    phone.open(link)
    phone.page.click("main form button")
    phone.at("/check/age")
    phone.walk(GIVEN)
    phone.open("/result")
    phone.page.click("section.send button")
    phone.at(link)
    assert phone.heading == "Your answers were sent"
    assert re.search(r"\b\w{3}-\w{3}\b", phone.page.inner_text("main"))


def _reviews(desk: Tab, row: Locator, scripted: bool) -> None:
    if not scripted:
        desk.open("/worklist")
    expect(row).to_have_count(1, timeout=10_000)  # with its script, it comes by itself
    expect(row.locator(".badge[data-level=same_day]")).to_be_visible()
    row.locator("th a").click()
    desk.page.click("a[href$='/identify']")
    for number in (0, 1):
        desk.page.locator("#identify input[type=checkbox]").nth(number).check()
    desk.page.click("button[name=outcome][value=same_person]")
    desk.page.select_option("#close-outcome", "seen_today")
    desk.page.click("form.decide button")
    expect(desk.page.locator(".actions")).to_contain_text("This is done")
    desk.page.click("summary:has(#sbar)")
    text = desk.page.locator("#sbar-short").input_value()
    assert text.isascii()
    assert len(text) < 1500
    assert text.startswith("SBAR")
    assert re.findall(r"^([SBAR]):", text, re.MULTILINE) == ["S", "B", "A", "R"]
