"""The door: every page stands in the table, and a session is whole, sealed off, and ends.

test_access_matrix.py tries every route with every kind of person.
"""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route

from app.store.accounts import sessions
from app.store.permissions import PERMISSIONS
from app.web.access import ANYONE, STAFF
from tests.visitor import Visitor
from tests.web.desk import SECURE, House, Member
from tests.web.handed_in import handed, hidden, kinds
from tests.web.route_table import ACCESS, PERMISSIONS_BY_ROUTE

GUARDED = sorted(key for key, needed in PERMISSIONS_BY_ROUTE.items() if needed != ANYONE)


def keys_of(app):
    """METHOD and path of every route that there is."""
    for route in app.router.routes:
        known = [route] if isinstance(route, Route) else route.effective_route_contexts()
        for found in known:
            for method in sorted(found.methods - {"HEAD"}):
                yield f"{method} {found.path}", found


def test_every_route_has_an_entry_and_every_entry_a_route(house: House) -> None:
    assert {key for key, _ in keys_of(house.app)} == set(PERMISSIONS_BY_ROUTE)


def test_every_page_that_is_not_for_anyone_stands_behind_the_door(house: House) -> None:
    for key, route in keys_of(house.app):
        access = getattr(route.endpoint, "access", None)
        assert (access.permission if access else ANYONE) == PERMISSIONS_BY_ROUTE[key]
        assert access is None or access.key == key


def test_every_entry_is_a_permission_that_there_is() -> None:
    assert set(PERMISSIONS_BY_ROUTE.values()) - {ANYONE, STAFF} <= set(PERMISSIONS)
    assert set(GUARDED) >= {key for key, access in ACCESS.items() if access.fresh_code}


@pytest.fixture(scope="module")
def cookies(house: House) -> dict[str, str]:
    """What browsers hold that nobody is signed in by."""
    half = Member(house, "admin", "Hill", "Half")
    half.send("/sign-in", {"email": half.email, "password": "purple kettle walks"})
    return {"half": half.token, "forged": f"{half.clinic}.{'x' * 43}"}


@pytest.mark.parametrize("key", GUARDED)
@pytest.mark.parametrize("which", ["half", "forged"])
def test_who_is_half_signed_in_is_sent_to_the_sign_in(
    house: House, cookies: dict[str, str], which: str, key: str
) -> None:
    method, path = key.split(" ")
    address = re.sub(r"\{[^}]+\}", "nobody", path.replace("{step}", "agree"))
    known = Visitor(house.app, SECURE)
    known.client.cookies.set("__Host-staff", cookies[which])
    response = known.send(address) if method == "POST" else known.client.get(address)
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
    assert "Max-Age=0" in response.headers["set-cookie"]


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
    assert response.headers["clear-site-data"] == '"storage", "cache"'
    assert set(known.client.cookies) == {"__Host-device"}
    known.client.cookies.set("__Host-staff", token)
    assert known.get("/account").url == "/sign-in"
    assert house.actions()[-1] == "signed_out"


@pytest.mark.parametrize("ending", ["elsewhere", "idle"])
def test_words_of_a_form_that_comes_after_the_session_ended_are_sent_after_a_new_sign_in(
    house: House, ending: str
) -> None:
    """D20, without any script."""
    nurse = house.member()
    nurse.sign_in()
    address = handed(house, nurse)
    opened = nurse.get(address)
    if ending == "idle":
        nurse.wait(16 * 60)
    else:
        sessions.sign_out(house.store, nurse.token, house.now)
    typed = {"words": "Her son says <she> sleeps well.", "password": "secret"}
    fields = hidden(opened, f"{address}/note") | typed
    page = nurse.post(f"{address}/note", fields, 403)
    assert not nurse.token
    assert kinds(house, nurse, address) == []
    assert "&lt;she&gt; sleeps well." in page.html
    assert "secret" not in page.html
    assert page.headers["cache-control"] == "no-store"
    assert 'target="_blank"' in page.html
    nurse.sign_in()
    carried = {box["name"]: box["value"] for box in page.all("input", type="hidden")}
    nurse.post(f"{address}/note", carried | {"words": typed["words"]})
    assert kinds(house, nurse, address) == ["claim", "note"]


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
