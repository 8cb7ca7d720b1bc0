"""What the pages for everyone say of what is kept: true on a server with clinics and without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.main import build_local_jobs, create_app
from app.settings import Settings
from app.store import clinics, shares
from app.store.db.tables import Clinic
from app.web.wire import LONGEST_LIFETIME
from tests.conftest import Clock
from tests.visitor import Visitor
from tests.web.desk import SECURE, House
from tests.web.test_every_page import crawl

PAGES = ("/", "/about", "/privacy")


@pytest.fixture
def alone(tmp_path: Path) -> Visitor:
    """Someone at a server without clinics."""
    return Visitor(create_app(Settings(var=tmp_path), clock=Clock()), SECURE)


@pytest.fixture
def guest(house: House) -> Visitor:
    """Someone at a server with one."""
    house.clinic("Hill")
    return Visitor(house.app, SECURE)


def test_without_clinics_no_page_speaks_of_one(alone: Visitor) -> None:
    pages = {at: alone.get(at) for at in PAGES}
    assert {at for at, page in pages.items() if re.search(r"\bclinics?\b", page.text)} == set()
    assert not {"/i", "/sign-in"} & {link for page in pages.values() for link in page.links}
    assert "We do not store your answers." in pages["/privacy"].text


def test_with_clinics_the_start_page_leads_to_the_box_for_a_code(guest: Visitor) -> None:
    assert "/i" in guest.get("/").links
    assert guest.get("/i").all("input", id="code")


def test_with_clinics_staff_find_their_door_and_patients_are_not_pointed_there(
    guest: Visitor,
) -> None:
    assert "/sign-in" in guest.get("/about").links
    assert "/sign-in" not in guest.get("/").links


def test_with_clinics_no_page_says_that_nothing_is_ever_kept(guest: Visitor) -> None:
    for at in ("/", "/privacy"):
        text = guest.get(at).text
        assert "unless you" in text
        assert "We do not store them" not in text
        assert "We do not store your answers." not in text
    assert "no counters" not in guest.get("/privacy").text


def test_the_times_on_the_page_are_those_that_are_kept_to(guest: Visitor) -> None:
    text = guest.get("/privacy").text
    usual = {column.name: column.default for column in Clinic.__table__.columns}
    assert f"{usual['reviewed_days'].arg} days after a nurse" in text
    assert f"{usual['unreviewed_days'].arg} days if no nurse" in text
    assert f"for {int(shares.SHARE_LIFETIME.total_seconds() // 60)} minutes" in text
    assert f"for {LONGEST_LIFETIME // (24 * 60 * 60)} days" in text


def test_a_clinic_that_comes_later_is_spoken_of_soon(tmp_path: Path) -> None:
    clock = Clock()
    house = House(create_app(Settings(var=tmp_path), clock=clock), clock)
    visitor = Visitor(house.app, SECURE)
    assert "/i" not in visitor.get("/").links
    made = {"name": "Hill", "region": "uk", "time_zone": "Europe/London"}
    clinics.add_clinic(house.store, house.now, **made)
    assert "/i" not in visitor.get("/").links
    for job in build_local_jobs(house.app):
        job.task(house.store, house.now)
    assert "/i" in visitor.get("/").links


def test_every_page_that_is_linked_to_opens(guest: Visitor) -> None:
    assert set(crawl(guest, PAGES)) >= {"/i", "/sign-in"}
