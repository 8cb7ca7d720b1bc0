"""The settings of a clinic as an admin changes them and as everyone there reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from app.store import alarm_destinations
from app.store.clinic_settings import WEEKDAYS
from app.store.clinics import load_clinic
from app.store.db.tables import Clinic
from tests.visitor import Page
from tests.web.desk import House, Member
from tests.web.test_signin_pages import easy_to_read

CONTACT = {
    "name": "Hill",
    "telephone": "020 7946 0000",
    "address": "1 Hill Street\nLondon",
    "date_order": "day_first",
}
PARTS = (
    *("contact", "hours", "closed", "holidays", "targets", "lowering", "keeping", "messages"),
    "alarms",
)


@pytest.fixture(scope="module")
def admin(house: House) -> Member:
    return house.member("admin")


@pytest.fixture(autouse=True)
def _signed_in(admin: Member) -> None:
    admin.sign_in()


def kept(house: House) -> Clinic:
    with house.store.reading_scope(house.clinic("Hill")) as scope:
        return load_clinic(scope)


def problems(page: Page) -> list[str]:
    summary = re.search(r'class="nhsuk-error-summary".*?</ul>', page.html, re.DOTALL)
    assert summary
    return re.findall(r'href="(#[^"]+)"', summary.group())


def filled(page: Page) -> Mapping[str, str]:
    """What the boxes hold."""
    boxes = {f["name"]: f.get("value", "") for f in page.all("input") if f["type"] != "radio"}
    return boxes | {f["name"]: f["value"] for f in page.all("input") if "checked" in f}


def test_an_admin_reaches_every_setting_from_the_menu(admin: Member) -> None:
    assert "/clinic" in admin.get("/staff").links
    page = admin.get("/clinic")
    assert [link for link in page.links if link.startswith("/clinic/")] == [
        f"/clinic/{part}" for part in PARTS
    ]
    assert "Monday to Friday, 09:00 to 17:00" in page.text


def test_everyone_of_the_clinic_reads_the_settings_and_only_an_admin_sees_who_gets_alarms(
    house: House, admin: Member
) -> None:
    admin.post("/clinic/alarms", {"email": "lead@hill.example", "webhook": ""})
    assert "lead@hill.example" in admin.get("/clinic").text
    for role in ("nurse", "lead", "auditor"):
        page = house.member(role).get("/clinic")
        assert "Monday to Friday" in page.text
        assert "lead@hill.example" not in page.text
        assert not [link for link in page.links if link.startswith("/clinic")]
    admin.sign_in()
    admin.post("/clinic/alarms", {"email": "", "webhook": ""})
    assert alarm_destinations.read_destinations(house.store, house.clinic("Hill")).email == ""


def test_each_part_is_kept_as_it_was_typed(house: House, admin: Member) -> None:
    admin.post("/clinic/contact", CONTACT)
    admin.post("/clinic/hours", dict.fromkeys(WEEKDAYS, "") | {"tuesday": "9-12, 14-20"})
    admin.post("/clinic/closed", {"first": "2027-12-24", "last": "", "reason": "Training"})
    admin.post("/clinic/targets", {"emergency": "5"})
    admin.post("/clinic/lowering", {"may_lower": "lead", "second_person_from": "soon"})
    days = {"invitation_days": "21", "unreviewed_days": "31", "reviewed_days": "91"}
    admin.post("/clinic/keeping", days)
    clinic = kept(house)
    assert (clinic.telephone, clinic.address) == ("020 7946 0000", "1 Hill Street\nLondon")
    assert clinic.opening_hours[1] == [["09:00", "12:00"], ["14:00", "20:00"]]
    assert clinic.closed_days == ["2027-12-24"]
    assert clinic.targets == {"emergency": 5}
    assert (clinic.may_lower, clinic.second_person_from) == ("lead", 2)
    assert {name: str(getattr(clinic, name)) for name in days} == days
    assert house.actions()[-1] == "clinic_changed"
    page = admin.get("/clinic")
    for line in (
        "020 7946 0000",
        "Tuesday, 09:00 to 12:00 and 14:00 to 20:00",
        "Friday 24 December 2027: Training",
        "Emergency: 5 minutes, day and night",
        "Lead nurses alone",
        "An invitation works for 21 days.",
    ):
        assert line in page.text
    assert filled(admin.get("/clinic/keeping")).items() >= days.items()
    admin.post("/clinic/closed", {"open": "2027-12-24"})
    assert kept(house).closed_days == []


@pytest.mark.parametrize(
    ("part", "typed", "leads_to"),
    [
        ("contact", CONTACT | {"name": ""}, "#name"),
        ("contact", CONTACT | {"name": "Dale"}, "#name"),
        ("contact", CONTACT | {"telephone": "ask us"}, "#telephone"),
        ("contact", CONTACT | {"date_order": ""}, "#date_order-day_first"),
        ("hours", dict.fromkeys(WEEKDAYS, "") | {"friday": "9am to noon"}, "#friday"),
        ("hours", dict.fromkeys(WEEKDAYS, ""), "#monday"),
        ("closed", {"first": "2026-02-30", "last": "", "reason": "x"}, "#first"),
        ("holidays", {"area": "US-NY"}, "#area"),
        ("targets", {"emergency": "999"}, "#emergency"),
        ("lowering", {"may_lower": "nurse"}, "#second_person_from-emergency"),
        ("keeping", {"invitation_days": "0"} | CONTACT, "#invitation_days"),
        ("alarms", {"email": "lead", "webhook": ""}, "#email"),
        ("alarms", {"email": "", "webhook": "http://x.example"}, "#webhook"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_what_was_typed_stays(
    house: House, admin: Member, part: str, typed: dict[str, str], leads_to: str
) -> None:
    house.clinic("Dale")
    before = house.actions().count("clinic_changed")
    page = admin.post(f"/clinic/{part}", typed, 422)
    assert leads_to in problems(page)
    assert page.all("p", id=f"{leads_to.split('-')[0].removeprefix('#')}-error")
    boxes = filled(page)
    assert {name: boxes[name] for name in typed if name in boxes} == {
        name: text for name, text in typed.items() if name in boxes
    }
    assert house.actions().count("clinic_changed") == before


def test_a_change_asks_for_the_code_again_after_a_while_and_keeps_what_was_typed(
    house: House, admin: Member
) -> None:
    admin.wait(6 * 60)
    assert [f["name"] for f in admin.get("/clinic/contact").all("input", name="code")] == ["code"]
    page = admin.post("/clinic/contact", CONTACT | {"telephone": "1234 567"}, 422)
    assert problems(page) == ["#code"]
    assert filled(page)["telephone"] == "1234 567"
    assert kept(house).telephone != "1234 567"
    admin.wait()
    admin.post("/clinic/contact", CONTACT | {"telephone": "1234 567", "code": admin.code})
    assert kept(house).telephone == "1234 567"
    year = house.now.year
    admin.wait(6 * 60)
    admin.post("/clinic/holidays", {"area": "GB-ENG"}, 422)
    admin.sign_in()
    admin.post("/clinic/holidays", {"area": "GB-ENG"})
    admin.wait(6 * 60)
    assert problems(admin.post(f"/clinic/holidays/{year}", {"day": "x"}, 422)) == ["#code"]


def test_public_holidays_are_proposed_and_close_nothing_before_an_admin_ticks_them(
    house: House, admin: Member
) -> None:
    year = house.now.year + 1
    christmas = f"{year}-12-25"
    page = admin.post("/clinic/holidays", {"area": "GB-ENG"})
    assert page.url == "/clinic/holidays"
    assert "Nobody went through it yet." in page.text
    page = admin.get(f"/clinic/holidays/{year}")
    assert "version" in page.text
    assert page.all("input", value=christmas)
    assert page.ticked == set()
    assert christmas not in kept(house).closed_days
    page = admin.post(f"/clinic/holidays/{year}", {"day": [christmas, "2020-01-01"]})
    assert "Last checked on" in page.text
    assert kept(house).closed_days == [christmas]
    assert admin.get(f"/clinic/holidays/{year}").ticked == {christmas}
    for other in (year - 2, year + 5, "soon"):
        admin.get(f"/clinic/holidays/{other}", 404)


def test_a_holiday_that_is_new_on_the_list_or_gone_from_it_is_shown(
    house: House, admin: Member
) -> None:
    year = house.now.year + 1
    admin.post("/clinic/holidays", {"area": "GB-ENG"})
    admin.post(f"/clinic/holidays/{year}", {})
    with house.store.writing_scope(house.clinic("Hill"), house.now, "command") as scope:
        looked = dict(load_clinic(scope).holidays_checked or {})
        days = dict(looked[str(year)]["days"])
        del days[f"{year}-12-25"]
        days[f"{year}-07-01"] = "Canal Day"
        looked[str(year)] = looked[str(year)] | {"days": days}
        scope.update_rows(Clinic, to={"holidays_checked": looked})
    page = admin.get(f"/clinic/holidays/{year}")
    assert page.text.count("New on the list") == 1
    assert "Canal Day" in page.text


def test_a_region_of_several_countries_is_said_to_have_no_list(house: House) -> None:
    with house.store.writing_scope(house.clinic("Vale"), house.now, "command") as scope:
        scope.update_rows(Clinic, to={"region": "eu"})
    page = house.member("admin", clinic="Vale").get("/clinic/holidays")
    assert "more than one country" in page.text
    assert not page.all("select")


def test_a_part_that_does_not_exist_is_missing(admin: Member) -> None:
    admin.get("/clinic/colours", 404)
    admin.post("/clinic/colours", {}, 404)


def test_the_pages_of_settings_are_easy_to_read(house: House, admin: Member) -> None:
    admin.post("/clinic/holidays", {"area": "GB-ENG"})
    easy_to_read(
        [
            admin.get("/clinic"),
            *(admin.get(f"/clinic/{part}") for part in PARTS),
            admin.get(f"/clinic/holidays/{house.now.year}"),
        ]
    )
