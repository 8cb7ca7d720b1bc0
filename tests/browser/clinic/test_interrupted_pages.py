"""Pages that come between: the session ended, a proof is asked for, a colleague took it over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from app.store.db.tables import StaffSession
from tests.browser.clinic.looking import Look, NothingWrong
from tests.browser.conftest import Tab
from tests.browser.test_accessibility import Findings
from tests.web.desk import EMERGENCY, House, Member
from tests.web.handed_in import act, handed


@pytest.fixture(scope="module")
def seen(browser: Browser, address: str, axe: str, house: House) -> dict[str, object]:
    """All of them, as they come to who has none of our scripts."""
    look, tab = Look(Findings(), axe), Tab(browser.new_context().new_page(), address)
    tab.page.route("**/*.js*", lambda route: route.abort())
    _see_what_a_colleague_took(tab, look, house)
    _send_after_the_session_ended(tab, look, house)
    _change_messages(tab, look, house)
    return {
        "findings": look.findings,
        "small": look.small,
        # What the test itself keeps away is no complaint of the page.
        "complaints": [one for one in tab.complaints if "ERR_FAILED" not in one],
        "foreign": [asked for asked in tab.requests if not asked.startswith(address)],
    }


def _be(tab: Tab, member: Member) -> None:
    tab.page.context.clear_cookies()
    tab.page.context.add_cookies([{"name": "staff", "value": member.token, "url": tab.base}])


def _see_what_a_colleague_took(tab: Tab, look: Look, house: House) -> None:
    nurse, other = house.member("nurse", name="Kim Lee"), house.member("nurse", name="Al Roe")
    taken = handed(house, nurse, EMERGENCY, reference="R-1")
    act(nurse, taken, "claim")
    act(other, taken, "take-over")
    _be(tab, nurse)
    tab.open("/worklist")
    assert "Al Roe" in tab.page.inner_text("main")
    look(tab, "taken over")


def _send_after_the_session_ended(tab: Tab, look: Look, house: House) -> None:
    nurse = house.member("nurse", name="Jo May")
    submission = handed(house, nurse, reference="R-2")
    _be(tab, nurse)
    tab.open(submission)
    nurse.post("/sign-out")
    tab.page.click("summary:has-text('Note for colleagues')")
    tab.page.fill("#words-note", "Her son says she sleeps well.")
    tab.page.click("text=Add the note")
    assert "this was not sent" in tab.page.inner_text("main")
    look(tab, "not sent")


def _change_messages(tab: Tab, look: Look, house: House) -> None:
    admin = house.member("admin", name="Ada Hill")
    with house.store.writing_scope(admin.clinic, house.now, "job") as scope:
        long_ago = {"confirmed_at": house.now, "proved_at": house.now - timedelta(hours=1)}
        scope.update_rows(StaffSession, staff_id=admin.id, to=long_ago)
    _be(tab, admin)
    tab.open("/clinic/messages")
    look(tab, "messages")
    tab.page.click("main form button")
    look(tab, "signed in by a provider, asked for a proof")


class TestEveryInterruptedPage(NothingWrong):
    """What was met on the way."""
