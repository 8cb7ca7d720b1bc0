"""Showing a self-check to a nurse in two browsers at once, and the pages for it in every mode."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.clinic.looking import Look, NothingWrong
from tests.browser.conftest import Tab
from tests.browser.test_accessibility import Findings
from tests.visitor import Visitor
from tests.web.desk import EMERGENCY, SECURE, TODAY, House, Member, Patient


@pytest.fixture(scope="module")
def seen(browser: Browser, address: str, axe: str, house: House) -> dict[str, object]:
    """Everything that was met on the way."""
    return _visit(browser, address, axe, house)


def tab_of(browser: Browser, address: str, visitor: Visitor) -> Tab:
    """A tab in which this visitor goes on."""
    context = browser.new_context(reduced_motion="reduce")
    tab = Tab(context.new_page(), address)
    carry(tab, visitor)
    return tab


def carry(tab: Tab, visitor: Visitor) -> None:
    cookies = {name.removeprefix("__Host-"): v for name, v in visitor.client.cookies.items()}
    tab.page.context.add_cookies(
        [{"name": name, "value": value, "url": tab.base} for name, value in cookies.items()]
    )


def _visit(browser: Browser, address: str, axe: str, house: House) -> dict[str, object]:
    look, member = Look(Findings(), axe), house.member("nurse", clinic="Sharing")
    person = Visitor(house.app, SECURE)
    person.walk(TODAY)
    patient, nurse = tab_of(browser, address, person), tab_of(browser, address, member)
    found = {"filled": _share(patient, nurse, look)}
    _invitations(nurse, look)
    tablet = tab_of(browser, address, Visitor(house.app, SECURE))
    _tablet(tablet, look, house, member)
    tabs = (patient, nurse, tablet)
    return found | {
        "findings": look.findings,
        "small": look.small,
        "complaints": [said for tab in tabs for said in tab.complaints],
        "foreign": [u for tab in tabs for u in tab.requests if not u.startswith(address)],
        "asked": [u for tab in tabs for u in tab.requests],
    }


def _share(patient: Tab, nurse: Tab, look: Look) -> list[str]:
    patient.open("/result")
    patient.page.click("section.share button")
    patient.at("/share")
    look(patient, "share")
    code = patient.page.inner_text(".share-code__letters").split()[-2:]
    nurse.open(f"/shared#{''.join(code)}")
    box = nurse.page.locator("#code")
    filled = [box.input_value(), nurse.path, "".join(code)]
    nurse.page.click("main form button")
    look(nurse, "shared, refused")
    nurse.page.fill("#reference", "R-1001")
    nurse.page.fill("#name", "Jo")
    nurse.page.click("main form button")
    nurse.page.wait_for_url("**/submissions/*")
    # The open page tells of it by itself.
    expect(patient.page.locator("h1")).to_have_text("A nurse has your answers", timeout=15_000)
    look(patient, "share, taken")
    patient.page.click("main form[action='/share'] button")
    patient.page.click("main form[action='/share/back'] button")
    expect(patient.page.locator("h1")).to_have_text("This code no longer works")
    look(patient, "share, ended")
    return filled


def _invitations(nurse: Tab, look: Look) -> None:
    nurse.open("/invitations/list")
    look(nurse, "list form")
    lines = {"name": "list.csv", "mimeType": "text/csv", "buffer": b"R-1,Ann\nR-2,Bob,soon\n"}
    nurse.page.set_input_files("#file", lines)
    nurse.page.click("form[enctype] button")
    look(nurse, "list, to be looked at")
    nurse.page.check("#invite-1", force=True)
    nurse.page.click("#rows > button")
    look(nurse, "list, refused")
    nurse.page.fill("#day-1", "31 Mar 2027")
    nurse.page.click("#rows > button")
    nurse.page.wait_for_url("**/invitations/batch/*")
    look(nurse, "batch")
    nurse.page.click("text=Print a slip")
    look(nurse, "slips")
    nurse.open("/waiting-room")
    look(nurse, "waiting room")


def _tablet(tab: Tab, look: Look, house: House, member: Member) -> None:
    patient = Patient(house, member)
    member.post("/waiting-room")
    member.post("/i", {"code": patient.code})
    member.post("/i/here", {"about": "me"})
    for question, chosen in EMERGENCY.items():
        member.answer(question, *chosen)
    carry(tab, member)
    tab.open("/i/still-there")
    look(tab, "still there")
    tab.open("/result")
    look(tab, "result on a tablet")


def test_the_square_brings_the_code_into_its_box_and_not_into_the_address(seen) -> None:
    box, path, code = seen["filled"]
    assert box == code
    assert path == "/shared"
    assert [url for url in seen["asked"] if code in url] == []


class TestEverySharePage(NothingWrong):
    """What was met on the way."""
