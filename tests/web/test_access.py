"""Who may open which page: the whole table, every route against every kind of person."""

from __future__ import annotations

import re

import pytest
from sqlmodel import SQLModel
from starlette.routing import Route

from app.store import staff, submissions
from app.store.permissions import PERMISSIONS, may
from app.web.access import ANYONE, FRESH, STAFF, TABLE
from tests.visitor import Visitor
from tests.web.desk import SECURE, TODAY, House, Member, Patient

ROLES = ("nurse", "lead", "admin", "auditor")
GUARDED = sorted(key for key, needed in TABLE.items() if needed != ANYONE)


def keys_of(app):
    """METHOD and path of every route that there is."""
    for route in app.router.routes:
        known = [route] if isinstance(route, Route) else route.effective_route_contexts()
        for found in known:
            for method in sorted(found.methods - {"HEAD"}):
                yield f"{method} {found.path}", found


def test_every_route_has_an_entry_and_every_entry_a_route(house: House) -> None:
    assert {key for key, _ in keys_of(house.app)} == set(TABLE)


def test_every_page_that_is_not_for_anyone_stands_behind_the_door(house: House) -> None:
    asked = {key: getattr(route.endpoint, "needed", ANYONE) for key, route in keys_of(house.app)}
    assert asked == dict(TABLE)


def test_every_entry_is_a_permission_that_there_is() -> None:
    assert set(TABLE.values()) - {ANYONE, STAFF} <= set(PERMISSIONS)
    assert set(GUARDED) >= FRESH


@pytest.fixture(scope="module")
def people(house: House) -> dict[str, Visitor]:
    """One of each kind, each with a browser."""
    known: dict[str, Visitor] = {role: house.member(role) for role in ROLES}
    known["nobody"] = Visitor(house.app, SECURE)
    known["half"] = half = Member(house, "admin", "Hill", "Half")
    half.send("/sign-in", {"email": half.email, "password": "purple kettle walks"})
    assert half.token
    known["disabled"] = gone = house.member("admin")
    with house.store.writing(gone.clinic) as scope:
        staff.disable(scope, house.now, "command", gone.id)
    known["forged"] = forged = Visitor(house.app, SECURE)
    forged.client.cookies.set("__Host-staff", f"{gone.clinic}.{'x' * 43}")
    return known


def knock(visitor: Visitor, key: str, id_: str = "nobody"):
    method, path = key.split(" ")
    address = re.sub(r"\{[^}]+\}", id_, path.replace("{step}", "agree"))
    return visitor.send(address) if method == "POST" else visitor.client.get(address)


@pytest.mark.parametrize("key", GUARDED)
@pytest.mark.parametrize("who", ["nobody", "half", "disabled", "forged"])
def test_who_is_not_signed_in_is_sent_to_the_sign_in(people, who: str, key: str) -> None:
    known = people[who]
    response = knock(known, key)
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
    assert "Max-Age=0" in response.headers["set-cookie"]
    if who == "half":  # the answer made the browser drop it
        known.send("/sign-in", {"email": known.email, "password": "purple kettle walks"})
        known.wait()


@pytest.mark.parametrize("key", GUARDED)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_what_the_table_says_and_nothing_else(
    house: House, people, role: str, key: str
) -> None:
    someone = people[role]
    someone.sign_in()
    allowed = TABLE[key] == STAFF or may(role, TABLE[key])
    before = house.actions().count("page_refused")
    status = knock(someone, key).status_code
    assert (status != 403) is allowed
    assert house.actions().count("page_refused") == before + (not allowed)
    if allowed:
        assert status in {200, 303, 404, 422}


@pytest.mark.parametrize("key", sorted(key for key in GUARDED if "{id}" in key))
def test_a_record_of_another_clinic_is_like_one_that_does_not_exist(house: House, key: str) -> None:
    role = next(role for role in ("admin", "nurse") if may(role, TABLE[key]))
    here, there = house.member(role), house.member(role, clinic="Dale")
    theirs = there.id
    if not key.split(" ")[1].startswith("/staff/"):
        patient = Patient(house, there)
        theirs = patient.invitation
        if "/submissions/" in key:
            patient.send_all(TODAY)
            with house.store.reading(there.clinic) as scope:
                theirs = submissions.arrived(scope, patient.invitation, house.now).submission
    assert key.startswith("POST") or knock(there, key, theirs).status_code == 200
    before = everything(house, "Dale")
    answers = [knock(here, key, id_) for id_ in (theirs, "nobody")]
    assert [a.status_code for a in answers] == [404, 404]
    assert len({re.sub(r'nonce="[^"]+"', "", a.text) for a in answers}) == 1
    assert everything(house, "Dale") == before


def everything(house: House, clinic: str) -> list[str]:
    """All rows of a clinic."""
    with house.store.engine.connect() as connection:
        return [
            repr(row)
            for table in SQLModel.metadata.sorted_tables
            if "clinic_id" in table.columns
            for row in connection.execute(table.select())
            if row.clinic_id == house.clinic(clinic)
        ]


@pytest.mark.parametrize("path", ["/staff/%00", "/join/%00", "/join/a%0ab", "/i/%00"])
def test_an_address_that_cannot_be_seen_is_not_found(house: House, path: str) -> None:
    house.member("admin").get(path, 404)


def test_the_cookie_is_sealed_off_as_far_as_browsers_can(house: House) -> None:
    known = house.member()
    known.wait()
    sent = known.send("/sign-in", {"email": known.email, "password": "purple kettle walks"})
    name, _, rest = sent.headers["set-cookie"].partition("=")
    assert name == "__Host-staff"
    assert rest.partition(";")[2] == " Path=/; HttpOnly; SameSite=Strict; Secure"


def test_without_https_only_this_machine_is_served(house: House) -> None:
    assert "https" in Visitor(house.app).get("/sign-in", 403).text
    assert Visitor(house.app, "http://localhost:8000").get("/sign-in").h1 == ["Sign in"]
    local = Visitor(house.app, "http://127.0.0.1:8000")
    known = Member(house, "nurse", "Hill", "Kim")
    known.wait()
    sent = local.send(
        "/sign-in",
        {"email": known.email, "password": "purple kettle walks"},
    )
    assert sent.headers["set-cookie"].startswith("staff=")


def test_no_page_of_staff_is_kept_and_signing_out_clears_the_browser(house: House) -> None:
    known = house.member()
    token = known.token
    assert known.get("/account").headers["cache-control"] == "no-store"
    response = known.send("/sign-out")
    assert response.headers["clear-site-data"] == '"cookies", "storage", "cache"'
    assert not known.token
    known.client.cookies.set("__Host-staff", token)
    assert known.get("/account").url == "/sign-in"
    assert house.actions()[-1] == "signed_out"


def test_a_session_ends_by_itself_and_the_browser_forgets_it(house: House) -> None:
    known = house.member()
    known.wait(14 * 60)
    assert known.get("/account").url == "/account"
    known.wait(15 * 60)
    assert known.get("/account").url == "/sign-in"
    assert not known.token


def test_too_many_tries_are_told_when_to_come_back(house: House) -> None:
    stranger = Visitor(house.app, SECURE)
    house.clock.seconds += 600
    tried = [stranger.send("/sign-in", {"email": "x@y", "password": "z"}) for _ in range(11)]
    assert [t.status_code for t in tried] == [422] * 10 + [429]
    assert tried[-1].headers["retry-after"] == "30"
    house.clock.seconds += 600
