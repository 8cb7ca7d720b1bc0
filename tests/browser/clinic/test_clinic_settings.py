"""The settings of a clinic in a real browser: each form looked at in every mode, and used."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.clinic.looking import Look, NothingWrong
from tests.browser.conftest import Tab
from tests.browser.test_accessibility import Findings
from tests.web.desk import PASSWORD, TODAY, House, Member, Patient

FORMS = ("contact", "hours", "closed", "holidays", "targets", "lowering", "keeping", "alarms")


def sign_in(tab: Tab, someone: Member) -> None:
    someone.wait()
    tab.open("/sign-in")
    tab.page.fill("#email", someone.email)
    tab.page.fill("#password", PASSWORD)
    tab.page.click("main form button")
    tab.page.fill("#code", someone.code)
    tab.page.click("main form button")
    tab.at("/staff")


def visit_settings(tab: Tab, look: Look, house: House) -> None:
    """Every form, filled in and refused, and what patients then see."""
    sign_in(tab, house.member("admin"))
    for part in FORMS:
        tab.open(f"/clinic/{part}")
        look(tab, part)
    tab.open("/clinic/hours")
    tab.page.fill("#friday", "nine to five")
    tab.page.click("main form button")
    look(tab, "hours, refused")
    tab.page.fill("#friday", "09:00-12:30, 13:30-16:00")
    tab.page.click("main form button")
    tab.at("/clinic")
    tab.open("/clinic/contact")
    tab.page.fill("#telephone", "020 7946 0018")
    tab.page.fill("#address", "18 Hill Street\nLondon")
    with tab.page.expect_navigation():  # words are sent once the session is known to go on
        tab.page.click("main form button")
    tab.open("/clinic/closed")
    tab.page.fill("#first", "2027-12-24")
    tab.page.fill("#reason", "Training")
    tab.page.click("main form button")
    look(tab, "closed, one")
    tab.open("/clinic/holidays")
    tab.page.select_option("#area", "GB-SCT")
    tab.page.click("main form button")
    look(tab, "holidays, years")
    tab.page.click(f"text={house.now.year + 1}")
    tab.page.click(f"label[for='day-{house.now.year + 1}-12-25']")
    look(tab, "holidays of a year")
    tab.page.click("main form button")
    tab.open("/clinic")
    look(tab, "settings")


def visit_patient(tab: Tab, look: Look, house: House) -> None:
    """What a patient sees of the number, before and after sending."""
    nurse = house.member("nurse")
    for given, name in ((None, "invited"), (TODAY, "handed over")):
        patient = Patient(house, nurse)
        if given:
            patient.send_all(given)
        tab.open(patient.link)
        look(tab, f"{name}, with a number")


@pytest.fixture(scope="module")
def seen(browser: Browser, address: str, axe: str, house: House) -> dict[str, object]:
    """Everything that was met on the way."""
    look = Look(Findings(), axe)
    admin, patient = (
        Tab(browser.new_context(reduced_motion="reduce").new_page(), address) for _ in range(2)
    )
    visit_settings(admin, look, house)
    visit_patient(patient, look, house)
    return {
        "findings": look.findings,
        "small": look.small,
        "complaints": admin.complaints + patient.complaints,
        "foreign": [u for t in (admin, patient) for u in t.requests if not u.startswith(address)],
    }


class TestSettings(NothingWrong):
    """What every visit must show."""
