"""Days as staff type them: every form reads them in the order that the clinic chose."""

from __future__ import annotations

import pytest

from app.store.clinics import load_clinic
from app.store.db.tables import Clinic
from tests.visitor import Page
from tests.web.desk import CALM, TODAY, House, Member
from tests.web.handed_in import handed, hidden
from tests.web.test_findings import filled

TYPED = "02/03/2027"
READ = {"day_first": "2 March 2027", "month_first": "3 February 2027"}
ISO = {"day_first": "2027-03-02", "month_first": "2027-02-03"}
ORDERS = ("day_first", "month_first")


@pytest.fixture
def nurse(house: House) -> Member:
    member = house.member("nurse", clinic=f"Ward {house.hired}", name="Kim Lee")
    member.sign_in()
    return member


def choose(house: House, someone: Member, order: str) -> None:
    with house.store.writing_scope(someone.clinic, house.now, "command") as scope:
        scope.update_rows(Clinic, to={"date_order": order})


@pytest.mark.parametrize("order", ORDERS)
def test_an_invitation_is_for_the_day_in_the_order_of_the_clinic(
    house: House, nurse: Member, order: str
) -> None:
    choose(house, nurse, order)
    fields = {"reference": f"R-{order}", "name": "Ann", "day": TYPED, "key": order}
    page = nurse.post("/invitations", fields | {"sure": ["far", "soon", "weekend", "closed"]})
    assert READ[order] in page.text


@pytest.mark.parametrize("order", ORDERS)
def test_the_day_of_visits_on_the_worklist_is_read_in_the_order_of_the_clinic(
    house: House, nurse: Member, order: str
) -> None:
    choose(house, nurse, order)
    page = nurse.post("/worklist/day", {"day": TYPED})
    assert page.url == f"/worklist/visit-{ISO[order]}"


@pytest.mark.parametrize("order", ORDERS)
def test_the_day_of_the_audit_is_read_in_the_order_of_the_clinic(house: House, order: str) -> None:
    auditor = house.member("auditor", clinic=f"Ward {house.hired}", name="Aud Ray")
    auditor.sign_in()
    choose(house, auditor, order)
    assert auditor.post("/audit", {"kind": "all", "day": TYPED}).url == f"/audit/all/{ISO[order]}"


@pytest.mark.parametrize("order", ORDERS)
def test_closed_days_are_read_in_the_order_of_the_clinic(house: House, order: str) -> None:
    admin = house.member("admin", clinic=f"Ward {house.hired}", name="Lou Ray")
    admin.sign_in()
    choose(house, admin, order)
    admin.post("/clinic/closed", {"first": TYPED, "last": "", "reason": "Works"})
    with house.store.reading_scope(admin.clinic) as scope:
        assert load_clinic(scope).closed_days == [ISO[order]]


def closing(nurse: Member, address: str, day: str, status: int) -> Page:
    fields = {"outcome": "brought_forward", "agree": "yes", "words": "", "compared": "yes"}
    page = nurse.get(address)
    typed = {"day": day, "month": "", "year": "", "time": "", "with": ""}
    return nurse.post(f"{address}/close", fields | hidden(page, f"{address}/close") | typed, status)


@pytest.mark.parametrize("order", ORDERS)
def test_a_visit_that_moves_is_read_in_the_order_of_the_clinic(
    house: House, nurse: Member, order: str
) -> None:
    choose(house, nurse, order)
    address = handed(house, nurse, CALM)
    page = closing(nurse, address, TYPED.replace("2027", "2029"), 422)  # it is far off
    asked = page.all("input", name="visit_sure")[0]["value"]
    assert asked == ISO[order].replace("2027", "2029")


def test_a_day_that_can_be_two_is_refused_where_the_year_comes_first(
    house: House, nurse: Member
) -> None:
    choose(house, nurse, "year_first")
    page = closing(nurse, handed(house, nurse, TODAY), TYPED, 422)
    assert "This can be read as two days" in page.text


def test_a_blood_test_is_of_the_day_in_the_order_of_the_clinic(house: House, nurse: Member) -> None:
    choose(house, nurse, "month_first")
    address = f"{handed(house, nurse, TODAY)}/findings"
    lab = {"value-egfr": "less than 15", "unit-egfr": "mL/min/1.73 m²", "on-egfr": "01/10/2027"}
    page = nurse.post(address, filled(nurse.get(address)) | lab, 422)
    assert page.all("input", name="right-egfr")[0]["value"].endswith("2027-01-10")
