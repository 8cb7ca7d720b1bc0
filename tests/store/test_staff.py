"""Joining the staff, leaving it, and what each role may do."""

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from app.store import clinics
from app.store.accounts import sessions, staff
from app.store.accounts.sessions import NotSignedIn, SignInRefused
from app.store.accounts.staff import BadPassword, LinkGone, NoSuchStaff, WrongCode
from app.store.clinics import NameTaken
from app.store.db.scope import Store
from app.store.db.tables import ROLES, AuditEntry, Staff
from app.store.permissions import PERMISSIONS, role_allows
from tests.store.kim import EMAIL, NEXT, NOON, PASSWORD, Kim, actions, invited

pytestmark = pytest.mark.usefixtures("_quick_hashes")


def test_a_link_shows_whom_it_is_for_and_looking_does_not_use_it_up(store: Store) -> None:
    link = invited(store)
    first, again = (staff.open_staff_invite(store, link, NOON) for _ in range(2))
    assert first == again
    assert (first.name, first.email, first.clinic_name) == ("Kim", EMAIL, "Clinic c1")
    assert first.totp_uri.startswith("otpauth://totp/")
    assert first.secret in first.totp_uri


def test_someone_joins_once_with_a_password_and_a_second_factor(store: Store) -> None:
    link = invited(store)
    code = pyotp.TOTP(staff.open_staff_invite(store, link, NOON).secret).at(NOON)
    codes = staff.join_staff(store, link, PASSWORD, code, NOON)
    assert len(set(codes)) == 10
    with pytest.raises(LinkGone):
        staff.join_staff(store, link, PASSWORD, code, NOON)
    assert actions(store) == ["staff_invited", "staff_joined"]


@pytest.mark.parametrize("late", [timedelta(minutes=30), timedelta(days=9)])
def test_a_link_lasts_half_an_hour(store: Store, late: timedelta) -> None:
    link = invited(store)
    with pytest.raises(LinkGone):
        staff.open_staff_invite(store, link, NOON + late)
    staff.open_staff_invite(store, link, NOON + timedelta(minutes=29))


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: "c2" + t[2:], lambda _: "", str.upper]
)
def test_a_spoilt_link_opens_nothing(store: Store, spoil: Callable[[str], str]) -> None:
    link = invited(store)
    with pytest.raises(LinkGone):
        staff.open_staff_invite(store, spoil(link), NOON)


def test_a_new_link_replaces_the_old_one(store: Store) -> None:
    link = invited(store)
    joining = staff.open_staff_invite(store, link, NOON)
    with store.writing_scope("c1", NOON, "command") as scope:
        newer = staff.reinvite_staff(scope, joining.staff)
    with pytest.raises(LinkGone):
        staff.open_staff_invite(store, link, NOON)
    assert staff.open_staff_invite(store, newer, NOON).secret != joining.secret


def test_a_bad_password_or_code_leaves_the_link_as_it_is(store: Store) -> None:
    link = invited(store)
    code = pyotp.TOTP(staff.open_staff_invite(store, link, NOON).secret).at(NOON)
    with pytest.raises(BadPassword, match="common"):
        staff.join_staff(store, link, "kim@hill.example", code, NOON)
    with pytest.raises(WrongCode):
        staff.join_staff(store, link, PASSWORD, "000000" if code != "000000" else "1", NOON)
    assert staff.join_staff(store, link, PASSWORD, code, NOON)


def test_an_address_belongs_to_one_person_on_the_whole_server(store: Store) -> None:
    invited(store)
    with pytest.raises(NameTaken):
        invited(store, " kim@hill.example ", "c2")


def test_a_changed_password_ends_every_session(kim: Kim) -> None:
    tokens = [kim.sign_in(NOON + n * NEXT) for n in (1, 2)]
    now, new = NOON + 3 * NEXT, "seven green tractors"
    assert not staff.change_password(kim.store, "c1", kim.id, "wrong", new, now)
    with pytest.raises(BadPassword):
        staff.change_password(kim.store, "c1", kim.id, PASSWORD, PASSWORD, now)
    assert sessions.require_session(kim.store, tokens[0], now)
    assert staff.change_password(kim.store, "c1", kim.id, PASSWORD, new, now)
    for token in tokens:
        with pytest.raises(NotSignedIn):
            sessions.require_session(kim.store, token, now)
    with pytest.raises(SignInRefused):
        kim.half(now)
    assert kim.half(now, new)


def test_who_is_disabled_is_out_at_once_and_comes_back_by_a_new_link(kim: Kim) -> None:
    token, now = kim.sign_in(NOON + NEXT), NOON + NEXT
    with kim.store.writing_scope("c1", now, "command") as scope:
        link = staff.reinvite_staff(scope, kim.id)
        staff.disable_staff(scope, kim.id)
        with pytest.raises(NoSuchStaff):
            staff.reinvite_staff(scope, kim.id)
    with pytest.raises(NotSignedIn):
        sessions.require_session(kim.store, token, now)
    with pytest.raises(LinkGone):
        staff.open_staff_invite(kim.store, link, now)
    with kim.store.writing_scope("c1", now, "command") as scope:
        link = staff.enable_staff(scope, kim.id)
    with pytest.raises(SignInRefused):
        kim.half(now)
    assert staff.open_staff_invite(kim.store, link, now).staff == kim.id


def test_someone_elsewhere_cannot_be_disabled(kim: Kim) -> None:
    with kim.store.writing_scope("c2", NOON, "command") as scope, pytest.raises(NoSuchStaff):
        staff.disable_staff(scope, kim.id)


def test_nothing_that_opens_an_account_stands_in_the_database(kim: Kim) -> None:
    half = kim.half(NOON + NEXT)
    whole = kim.prove(half, kim.code(NOON + NEXT), NOON + NEXT)
    with kim.store.engine.connect() as connection:
        rows = [
            str(connection.execute(text(f"SELECT * FROM {table}")).all())
            for table in SQLModel.metadata.tables
        ]
    dump = "\n".join(rows).lower()
    words = [half, whole, kim.secret, PASSWORD, EMAIL, *kim.paper]
    assert [word for word in words if word.rpartition(".")[2].lower() in dump] == []


def test_a_clinic_is_added_once_and_found_by_name_or_id(store: Store) -> None:
    clinic = clinics.add_clinic(store, NOON, name="Dale", region="uk", time_zone="Europe/London")
    for word in ("Dale", clinic):
        found = clinics.find_clinic(store, word)
        assert found is not None
        assert found.clinic_id == clinic
    assert clinics.find_clinic(store, "Vale") is None
    with pytest.raises(NameTaken):
        clinics.add_clinic(store, NOON, name="Dale", region="us", time_zone="UTC")
    assert actions(store, clinic) == ["clinic_added"]


def test_a_new_server_has_no_staff(store: Store) -> None:
    for clinic in store.list_clinic_ids():
        with store.reading_scope(clinic) as scope:
            assert staff.list_staff(scope) == []
            assert scope.count_rows(Staff) == 0


def test_every_permission_is_someones_and_nobody_has_all() -> None:
    assert all(roles and roles <= set(ROLES) for roles in PERMISSIONS.values())
    assert not any(all(role_allows(role, word) for word in PERMISSIONS) for role in ROLES)


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_who_runs_or_checks_a_clinic_sees_no_answers(role: str) -> None:
    assert not role_allows(role, "see_answers")
    assert not role_allows(role, "see_worklist")


def test_an_unknown_permission_is_a_fault_not_a_no() -> None:
    with pytest.raises(KeyError):
        role_allows("nurse", "sea_worklist")


def test_no_entry_of_the_audit_names_an_address_of_staff(kim: Kim) -> None:
    with kim.store.reading_scope("c1") as scope:
        entries = scope.find_all(AuditEntry)
    assert not any("hill" in str(entry).lower() for entry in entries)
