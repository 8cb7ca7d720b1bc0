"""The pages of clinics in a real browser: a whole visit of two people, looked at in every mode."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import Browser

from tests.browser.clinic.looking import Look, NothingWrong
from tests.browser.conftest import Tab
from tests.browser.test_accessibility import Findings
from tests.web.desk import PASSWORD, TODAY, House


@pytest.fixture(scope="module")
def seen(browser: Browser, address: str, axe: str, house: House) -> dict[str, object]:
    """Everything that was met on the way, without any script of ours on the pages of staff."""
    return _visit(browser, address, axe, house)


def _visit(browser: Browser, address: str, axe: str, house: House) -> dict[str, object]:
    look = Look(Findings(), axe)
    nurse, patient = (
        Tab(browser.new_context(reduced_motion="reduce").new_page(), address) for _ in range(2)
    )
    secret = _join(nurse, look, house)
    _sign_in(nurse, look, house, secret)
    link = _invite(nurse, look)
    _answer(patient, look, link)
    _ask_and_add(nurse, look)
    _review(nurse, look)
    patient.open(link)
    look(patient, "handed over, done")
    for name, path in [
        *(("account", "/account"), ("staff", "/staff"), ("agreement", "/agreement")),
        *(("people", "/people"), ("requests", "/people/requests"), ("reports", "/reports")),
    ]:
        nurse.open(path)
        look(nurse, name)
    nurse.page.click("text=Sign out")
    nurse.at("/signed-out")
    nurse.page.go_back()
    return {
        "findings": look.findings,
        "small": look.small,
        "complaints": nurse.complaints + patient.complaints,
        "foreign": [u for t in (nurse, patient) for u in t.requests if not u.startswith(address)],
        "after": nurse.page.locator("h1").inner_text(),
    }


def _join(tab: Tab, look: Look, house: House) -> str:
    tab.open(house.link("lead", name="Ada Hill"))
    look(tab, "join")
    text = tab.page.inner_text("main")
    secret = "".join(re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", text)[0].split())
    tab.page.fill("#password", "short")
    tab.page.click("main form button")
    look(tab, "join, refused")
    tab.page.fill("#password", PASSWORD)
    tab.page.fill("#code", pyotp.TOTP(secret).at(house.now))
    tab.page.click("main form button")
    look(tab, "joined")
    return secret


def _sign_in(tab: Tab, look: Look, house: House, secret: str) -> None:
    house.clock.seconds += 60
    tab.page.context.clear_cookies()  # joining had signed her in
    tab.open("/sign-in/return")
    look(tab, "provider, refused")
    tab.open("/sign-in")
    look(tab, "sign in")
    tab.page.fill("#email", f"p{house.hired}@example.org")
    tab.page.fill("#password", PASSWORD)
    tab.page.click("main form button")
    look(tab, "code")
    tab.page.fill("#code", pyotp.TOTP(secret).at(house.now))
    tab.page.click("main form button")
    tab.at("/worklist")
    look(tab, "worklist, empty")


def _invite(tab: Tab, look: Look) -> str:
    tab.open("/invitations")
    tab.page.fill("#reference", "R-1001")
    tab.page.fill("#name", "Jo")
    tab.page.fill("#day", "2027-06-30")
    tab.page.click("main form button")
    look(tab, "invitation")
    link = re.search(r"https?://[^/\s]+(/i/\S+)", tab.page.inner_text("main"))[1]
    tab.open("/invitations")
    look(tab, "invitations")
    return link


def _answer(tab: Tab, look: Look, link: str) -> None:
    tab.open(link)
    look(tab, "invited")
    tab.page.click("main form button")
    tab.at("/check/age")
    tab.walk({question: sorted(chosen) for question, chosen in TODAY.items()})
    tab.open("/result")
    look(tab, "result to send")
    tab.page.click("section.send button")
    tab.at(link)
    look(tab, "handed over")


def _ask_and_add(tab: Tab, look: Look) -> None:
    """All that a nurse can add, up to the last button: nothing of it is kept."""
    tab.open("/worklist")
    submission_path = re.search(r"/submissions/[\w-]+", tab.page.inner_html("main"))[0]
    for name in ("marks", "identify", "findings"):
        tab.open(f"{submission_path}/{name}")
        look(tab, name)
    tab.page.fill("#on", "2027-01-10")
    for analyte, value in (("phosphate", "12"), ("vitamin_d", "300")):
        tab.page.fill(f"#value-{analyte}", value)
        tab.page.select_option(f"#unit-{analyte}", index=1)
    tab.page.click("#findings > button")
    look(tab, "findings, refused")
    tab.page.select_option("#unit-phosphate", "mg/dL")
    tab.page.check("#right-vitamin_d")
    tab.page.click("#findings > button")
    look(tab, "findings, to be kept")
    tab.open("/assisted")
    tab.page.fill("#reference", "R-1002")
    tab.page.fill("#name", "Al")
    look(tab, "whom to ask")
    tab.page.click("main form button")
    tab.at("/assisted/ask/age")
    look(tab, "ask")
    tab.open("/assisted/answers")
    look(tab, "read back")


def _review(tab: Tab, look: Look) -> None:
    tab.open("/worklist")
    look(tab, "worklist")
    tab.page.click("th[scope=row] a")
    look(tab, "submission")
    tab.page.click("text=Lower the level")
    look(tab, "lower")
    tab.page.click("main form button")
    look(tab, "lower, refused")
    tab.page.go_back()
    tab.page.go_back()
    tab.page.click("text=Check who it is")
    for identifier in ("full_name", "number"):
        tab.page.check(f"input[value={identifier}]")
    tab.page.click("button[value=same_person]")
    tab.page.click("text=Agree only")
    tab.page.select_option("#close-outcome", "seen_today")
    tab.page.click("form.decide button")
    look(tab, "submission, done")


class TestEveryClinicPage(NothingWrong):
    """What was met on the way."""


def test_after_signing_out_the_way_back_shows_nothing(seen) -> None:
    assert seen["after"] in {"Sign in", "You are signed out"}
