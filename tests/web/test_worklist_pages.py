"""The worklist: what waits and in which order, what a row tells, the alarm, and what it costs."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from app.presentation.dates import last_timely_day
from app.store import clinics, worklist_rows
from app.store import worklist as kept
from app.store.clinics import load_policy
from app.store.db.patient_tables import WorklistRow
from app.triage.terms import Urgency
from tests.builders import RULES
from tests.web.desk import CALM, EMERGENCY, TODAY, House, Member
from tests.web.handed_in import sent


@pytest.fixture
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


@pytest.fixture
def other(house: House) -> Member:
    return house.member("nurse", name="Lou Park")


def test_the_list_counts_and_marks_and_finds(house: House, nurse: Member) -> None:
    sent(house, nurse, EMERGENCY, reference="E9", name="Eve")
    page = nurse.get("/worklist")
    assert "Emergency: " in page.text
    assert "Not seen yet" in page.text
    assert page.level == "emergency"
    assert "Eve" in nurse.post("/worklist/find", {"reference": "e 9"}).text
    assert "Nothing was sent" in nurse.post("/worklist/find", {"reference": "none"}).text
    assert "at least two letters" in nurse.post("/worklist/find", {"reference": " - e"}).text


@pytest.mark.parametrize(
    "address",
    [
        "/worklist/else",
        "/worklist/visit",
        "/worklist/visit-",
        "/worklist/visit-2027-02-30",
        "/worklist/mine-2027-02-03",
        *(f"/worklist/all/after/{at}" for at in ("1", "9-1-1", "1-1-99999999999", "1-²-1")),
        "/worklist/all/after/1-99999999999999999-1",
    ],
)
def test_an_address_that_nothing_leads_to_is_not_found(nurse: Member, address: str) -> None:
    nurse.get(address, 404)


def test_the_list_goes_on_page_by_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = house.member("nurse", clinic="Long", name="Lea Long")
    for _ in range(5):
        sent(house, clinic, CALM)
    monkeypatch.setattr(kept, "WORKLIST_PAGE_SIZE", 2)
    seen: list[str] = []
    more, asked = ["/worklist"], 0
    while more and asked < 9:
        page, own = clinic.get(more[0]), more[0]
        seen += [a for a in page.links if a.startswith("/submissions/")]
        more = [a for a in page.links if "/after/" in a and a != own]
        asked += 1
    assert len(seen) == len(set(seen)) == 5
    assert asked == 3


@pytest.mark.parametrize(
    ("level", "days", "far"),
    [
        ("emergency", 1, True),
        ("same_day", 0, False),
        ("same_day", 1, True),
        ("soon", 14, False),
        ("soon", 15, True),
        ("routine", 300, False),
    ],
)
def test_a_visit_later_than_the_level_asks_for_is_to_be_brought_forward(
    house: House, level: str, days: int, far: bool
) -> None:
    visit = house.now.date() + timedelta(days=days)
    within = load_policy(RULES).visit_days.get(Urgency[level])
    last = last_timely_day(within, house.now, "UTC")
    assert (last is not None and visit > last) is far


@pytest.mark.parametrize(("weekday", "needed"), [(2, False), (5, True)])
def test_what_nobody_looks_at_in_time_says_by_when_it_is_needed(
    house: House, weekday: int, needed: bool
) -> None:
    begin = house.now.replace(hour=10, minute=0)
    begin += timedelta(days=(weekday - begin.weekday()) % 7 + 7)
    house.clock.seconds = begin.timestamp()
    nurse = house.member("nurse", clinic=f"Closed {weekday}")
    sent(house, nurse, TODAY)
    due_text = f"Needed by {begin.day} {begin:%b}"
    assert (due_text in nurse.get("/worklist").text) is needed


def test_a_row_is_late_once_the_day_that_is_soon_enough_has_passed(house: House) -> None:
    """Also while the clinic is closed; and the count above the list says the same."""
    begin = house.now.replace(hour=15, minute=0)
    begin += timedelta(days=(5 - begin.weekday()) % 7 + 7)
    house.clock.seconds = begin.timestamp()
    nurse = house.member("nurse", clinic="Two clocks")
    sent(house, nurse, TODAY)
    before = nurse.get("/worklist")
    assert "8 h left" in before.text
    assert "Late:" not in before.text
    house.clock.seconds = (begin + timedelta(hours=9, minutes=1)).timestamp()
    nurse.sign_in()
    after = nurse.get("/worklist")
    assert "Late: 1" in after.text
    assert "Needed by" not in after.text
    assert not re.search(r"\d+ (?:h|min|days) left", after.text)
    assert after.html.count('overdue"') == 2  # above the list, and in the row


def test_an_empty_list_says_what_to_do_next(house: House) -> None:
    page = house.member("nurse", clinic="Empty").get("/worklist")
    assert "Nothing is waiting." in page.text
    assert page.links.count("/invitations") == 2  # above, and where the list would be
    other = house.member("nurse", clinic="Empty").get("/worklist/mine")
    assert "Nothing here. See all that is waiting" in other.text


def test_a_row_tells_what_staff_must_know_before_they_call(house: House) -> None:
    nurse = house.member("nurse", clinic="Marks")
    address, _ = sent(house, nurse)
    before = nurse.get("/worklist").text
    with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
        worklist_rows.save_patient_flags(scope, address.split("/")[2], worklist_rows.PATIENT_FLAGS)
    after = nurse.get("/worklist").text
    words = house.app.state.context.page_wording.pages
    for mark in worklist_rows.PATIENT_FLAGS:
        assert words[f"marks.{mark}"] not in before
        assert words[f"marks.{mark}"] in after


def test_done_is_what_was_closed_today_by_the_clock_of_the_clinic(house: House) -> None:
    house.clinics["Day"] = clinics.add_clinic(
        house.store, house.now, name="Day", region="uk", time_zone="Asia/Tokyo"
    )
    nurse = house.member("nurse", clinic="Day")
    tomorrow = house.now.astimezone(ZoneInfo("Asia/Tokyo")).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), ZoneInfo("Asia/Tokyo")).timestamp()
    house.clock.seconds = midnight - 600
    nurse.sign_in()
    address, _ = sent(house, nurse, CALM, reference="D-1")
    with house.store.writing_scope(nurse.clinic, house.now, "kim") as scope:
        scope.update_rows(
            WorklistRow,
            submission_id=address.split("/")[2],
            to={"closed": True, "state": "closed", "closed_at": house.now},
        )
    assert "D-1" in nurse.get("/worklist/done").text
    house.clock.seconds = midnight
    assert "D-1" not in nurse.get("/worklist/done").text


def test_an_emergency_that_nobody_saw_alarms_on_every_page_until_someone_looks(
    house: House,
) -> None:
    nurse, admin = house.member("nurse", clinic="Loud"), house.member("admin", clinic="Loud")
    elsewhere = house.member("nurse", clinic="Quiet")
    address, _ = sent(house, nurse, EMERGENCY)
    assert "An emergency has waited for someone" not in nurse.get("/account").text
    nurse.wait(5 * 60)
    for page in map(nurse.get, ["/worklist", "/account", "/invitations", "/desk"]):
        assert "An emergency has waited for someone" in page.text
        assert "/worklist" in page.links
    assert "Tell a nurse now." in admin.get("/account").text
    assert "Nobody has looked" not in elsewhere.get("/account").text
    nurse.get(address)
    assert "Nobody has looked" not in nurse.get("/worklist").text


def test_the_foot_says_when_the_session_ends(house: House) -> None:
    nurse = house.member("nurse", clinic="Foot")
    ends = (house.now + timedelta(minutes=15)).astimezone(ZoneInfo("Europe/London"))
    assert f"you will be signed out at {ends:%H:%M}" in nurse.get("/account").text


def test_what_becomes_late_is_counted_while_nothing_rings(house: House) -> None:
    nurse = house.member("nurse", clinic="Late")
    sent(house, nurse, EMERGENCY)
    assert "Late:" not in nurse.get("/worklist").text
    with house.store.reading_scope(nurse.clinic) as scope:
        (line,) = kept.list_worklist_page(scope, house.now, nurse.id)
    house.clock.seconds = line.row.due_at.timestamp() + 1
    nurse.sign_in()
    assert "Late: 1" in nurse.get("/worklist").text


def test_a_page_takes_five_queries_with_the_look_at_the_session(house: House) -> None:
    nurse = house.member("nurse", clinic="Few")
    for number in range(3):
        sent(house, nurse, CALM, reference=f"F-{number}")
    nurse.get("/worklist")
    house.app.state.context.worklist_counts.clear()
    asked: list[str] = []

    def note(_connection, _cursor, words: str, *_: object) -> None:
        asked.append(words)

    event.listen(house.store.engine, "before_cursor_execute", note)
    page = nurse.get("/worklist")
    event.remove(house.store.engine, "before_cursor_execute", note)
    assert "F-2" in page.text
    assert len([words for words in asked if "SELECT" in words]) <= 5
