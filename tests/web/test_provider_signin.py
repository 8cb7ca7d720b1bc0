"""Signing in by a clinic's identity provider, with a real one on this machine."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from app.main import create_app
from app.settings import ROOT, Settings
from app.store.accounts import identity_providers, sessions, staff
from app.store.accounts.identity_providers import ProviderSettings
from app.store.db import audit
from app.web import identity_provider
from app.web.clinic.provider_rechecks import SessionRechecker
from tests.conftest import Clock
from tests.far_ends import free_port
from tests.visitor import Page, Visitor
from tests.web.desk import SECURE, House

BACK = f"{SECURE}/sign-in/return"
# Of a provider that is gone after the test.
SECRET = "a-secret-of-the-test-that-opens-nothing"  # noqa: S105
ROLES = {"nurse": "ward-nurses", "lead": "ward-leads", "admin": "it"}
NODE = ROOT / ".build" / "bin" / "node"


@dataclass
class Provider:
    """A running identity provider."""

    issuer: str

    def say(self, **person: object) -> None:
        """Who signs in there from now on, with which groups."""
        words = urlencode({"person": json.dumps(person)})
        assert httpx2.get(f"{self.issuer}/control?{words}").text == "ok"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    port = free_port()
    command = [str(NODE), str(ROOT / "tests" / "identity_provider.mjs"), str(port), BACK]
    with subprocess.Popen(  # our own script
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert "ready\n" in lines, "the provider did not start: run `make setup`"
        yield Provider(f"http://127.0.0.1:{port}")
        process.terminate()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of today, since the provider's clock cannot be set."""
    clock = Clock()
    clock.seconds = time.time()
    house = House(create_app(Settings(var=tmp_path), clock=clock), clock)
    house.clinic("Hill")
    yield house
    house.store.engine.dispose()


@pytest.fixture(autouse=True)
def _anew(provider: Provider) -> None:
    provider.say(user="kim", groups=["ward-nurses"], name="Kim Lee", refuses=False)
    identity_provider.ProviderClient._known.clear()


def let_in_by(house: House, provider: Provider, clinic: str = "Hill", **other: object) -> str:
    chosen = ProviderSettings(provider.issuer, "check", SECRET, "groups", ROLES)
    with house.store.writing_scope(house.clinic(clinic), house.now, "command") as scope:
        identity_providers.save_provider(scope, chosen._replace(**other))
    house.app.state.clinic_presence.update_presence(house.store, house.now)
    return house.clinic(clinic)


def start(browser: Visitor, path: str) -> str:
    """The address of the provider to which a page leads."""
    answer = browser.client.get(path, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def at_the_provider(address: str) -> str:
    """Sign in there; the address of ours to which it sends the browser back."""
    with httpx2.Client() as client:
        while not address.startswith(BACK):
            answer = client.get(address)
            assert answer.is_redirect, (address, answer.status_code, answer.text[:400])
            address = str(answer.url.join(answer.headers["location"]))
    return address.removeprefix(SECURE)


def sign_in(house: House, clinic: str, status: int = 200) -> tuple[Visitor, Page]:
    """Someone's whole way, and the page on which it ends."""
    browser = Visitor(house.app, SECURE)
    return browser, browser.get(at_the_provider(start(browser, f"/sign-in/with/{clinic}")), status)


def recheck(house: House) -> None:
    SessionRechecker(house.app.state.context)(house.store, house.now)


def test_a_nurse_signs_in_by_the_provider_and_is_known_again(
    house: House, provider: Provider
) -> None:
    clinic = let_in_by(house, provider)
    assert f"/sign-in/with/{clinic}" in Visitor(house.app, SECURE).get("/sign-in").links
    browser, page = sign_in(house, clinic)
    assert page.headers["refresh"] == "0; url=/worklist"
    assert "Worklist" in browser.get("/worklist").text
    sign_in(house, clinic)
    with house.store.reading_scope(clinic) as scope:
        (member,) = staff.list_staff(scope)
        assert (member.name, member.role) == ("Kim Lee", "nurse")
        assert staff.read_staff_email(scope, member) == "kim@hospital.example"
    assert house.actions().count("staff_joined") == 1
    assert house.actions().count("signed_in") == 2


def test_the_way_out_asks_for_a_code_with_proof_and_the_way_back_works_once(
    house: House, provider: Provider
) -> None:
    clinic = let_in_by(house, provider)
    browser = Visitor(house.app, SECURE)
    address = start(browser, f"/sign-in/with/{clinic}")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 32
    assert asked["nonce"] != asked["state"]
    cookie = next(c for c in browser.client.cookies.jar if c.name == "__Host-provider")
    assert asked["state"] not in str(cookie.value)
    back = at_the_provider(address)
    browser.get(back)
    assert "took too long" in browser.get(back, 422).text


@pytest.mark.parametrize("change", ["state", "code", "browser", "late"])
def test_what_does_not_belong_to_this_browser_signs_nobody_in(
    house: House, provider: Provider, change: str
) -> None:
    clinic = let_in_by(house, provider)
    browser = Visitor(house.app, SECURE)
    back = at_the_provider(start(browser, f"/sign-in/with/{clinic}"))
    if change in ("state", "code"):
        back = re.sub(rf"{change}=[^&]+", f"{change}=another", back)
    if change == "browser":
        browser = Visitor(house.app, SECURE)
    if change == "late":
        house.clock.seconds += 601
    page = browser.get(back, 403 if change == "code" else 422)
    assert page.h1 == ["You are not signed in"]
    assert browser.get("/worklist").url == "/sign-in"


@pytest.mark.parametrize("wrong", ["client_id", "issuer", "nonce", "time", "algorithm"])
def test_a_word_of_the_provider_that_does_not_fit_is_not_believed(
    house: House, provider: Provider, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = let_in_by(house, provider)
    browser = Visitor(house.app, SECURE)
    back = at_the_provider(start(browser, f"/sign-in/with/{clinic}"))
    read = identity_provider.ProviderClient._read_id_token

    def misread(self, token, nonce=""):
        if wrong == "client_id":
            self = identity_provider.ProviderClient(
                self.chosen._replace(client_id="other"), self.back, self.now
            )
        if wrong == "issuer":
            known = self._known[self.chosen.issuer]
            self._known["http://127.0.0.1:1"] = known
            self = identity_provider.ProviderClient(
                self.chosen._replace(issuer="http://127.0.0.1:1"), self.back, self.now
            )
        if wrong == "time":
            self = identity_provider.ProviderClient(
                self.chosen, self.back, self.now + timedelta(hours=2)
            )
        if wrong == "algorithm":
            _, body, _ = token.split(".")
            token = f"eyJhbGciOiJub25lIn0.{body}."
        return read(self, token, "another" if wrong == "nonce" else nonce)

    monkeypatch.setattr(identity_provider.ProviderClient, "_read_id_token", misread)
    assert "did not let you in" in browser.get(back, 403).text


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["ward-nurses"], "nurse"),
        (["it", "ward-nurses"], "nurse"),
        (["it", "ward-leads", "x"], "lead"),
        (["it"], "admin"),
        (["visitors"], ""),
        ([], ""),
    ],
)
def test_the_role_is_that_of_the_group(
    house: House, provider: Provider, groups: list[str], role: str
) -> None:
    clinic = let_in_by(house, provider)
    provider.say(groups=groups)
    _, page = sign_in(house, clinic, 200 if role else 403)
    with house.store.reading_scope(clinic) as scope:
        assert [member.role for member in staff.list_staff(scope)] == ([role] if role else [])
    assert ("in no group" in page.text) is not bool(role)


def test_who_has_the_address_of_a_local_account_does_not_get_it(
    house: House, provider: Provider
) -> None:
    local = house.member("lead", name="Ada Hill")
    clinic = let_in_by(house, provider)
    with house.store.writing_scope(clinic, house.now, "command") as scope:
        staff.invite_staff(scope, email="kim@hospital.example", name="Kim L", role="admin")
    sign_in(house, clinic)
    with house.store.reading_scope(clinic) as scope:
        found = {member.name: member.role for member in staff.list_staff(scope)}
    assert found == {"Ada Hill": "lead", "Kim Lee": "nurse", "Kim L": "admin"}
    assert local.get("/worklist").url == "/worklist"


def test_a_role_that_is_taken_away_ends_the_session_within_five_minutes(
    house: House, provider: Provider
) -> None:
    clinic = let_in_by(house, provider)
    browser, _ = sign_in(house, clinic)
    provider.say(groups=["visitors"])
    for minutes in range(5):
        recheck(house)
        signed_in = browser.get("/worklist").url == "/worklist"
        assert signed_in or minutes >= 3
        house.clock.seconds += 60
    recheck(house)
    assert browser.get("/worklist").url == "/sign-in"
    assert "provider_said_no" in house.actions()


def test_another_role_counts_within_five_minutes(house: House, provider: Provider) -> None:
    clinic = let_in_by(house, provider)
    browser, _ = sign_in(house, clinic)
    browser.get("/reports", 403)
    provider.say(groups=["ward-leads"])
    house.clock.seconds += 4 * 60
    recheck(house)
    browser.get("/reports")
    assert "role_changed" in house.actions()


def test_an_account_that_is_gone_there_is_out_here(house: House, provider: Provider) -> None:
    clinic = let_in_by(house, provider)
    browser, _ = sign_in(house, clinic)
    provider.say(refuses=True)
    house.clock.seconds += 4 * 60
    recheck(house)
    assert browser.get("/worklist").url == "/sign-in"
    assert "did not let you in" in sign_in(house, clinic, 403)[1].text


def test_while_the_provider_is_down_sessions_go_on_a_while_and_local_accounts_work(
    house: House, provider: Provider
) -> None:
    clinic = let_in_by(house, provider)
    local = house.member("nurse")
    browser, _ = sign_in(house, clinic)
    down = ProviderSettings("http://127.0.0.1:1", "check", SECRET, "groups", ROLES)
    identity_provider.ProviderClient._known.clear()
    with house.store.writing_scope(clinic, house.now, "command") as scope:
        scope.update_rows(identity_providers.IdentityProvider, to={"issuer": down.issuer})
    recheck_until = 14
    for _ in range(recheck_until):
        house.clock.seconds += 60
        recheck(house)
        assert browser.get("/worklist").url == "/worklist"
    house.clock.seconds += 60
    assert browser.get("/worklist").url == "/sign-in"
    page = browser.get(f"/sign-in/with/{clinic}", 503)
    assert "does not answer" in page.text
    assert "/sign-in" in page.links
    assert local.sign_in().url == "/worklist"


@pytest.fixture
def _proofs_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter than the provider's clock, which nobody can set, may lie behind ours."""
    monkeypatch.setattr(sessions, "PROOF_LIFETIME", timedelta(seconds=30))


@pytest.mark.usefixtures("_proofs_are_short")
def test_what_needs_a_fresh_proof_asks_the_provider_for_one(
    house: House, provider: Provider
) -> None:
    provider.say(groups=["it"])
    clinic = let_in_by(house, provider)
    browser, _ = sign_in(house, clinic)
    typed = {"invitation_days": "20", "unreviewed_days": "40", "reviewed_days": "90"}
    house.clock.seconds += 40
    page = browser.post("/clinic/keeping", typed, 403)
    assert "Please show that it is you" in page.text
    assert 'value="20"' in page.html
    assert "An invitation works for 14 days" in browser.get("/clinic").text
    address = start(browser, "/account/again")
    assert "prompt=login" in address
    assert "max_age=0" in address
    assert "It is you" in browser.get(at_the_provider(address)).text
    browser.post("/clinic/keeping", typed)
    assert "An invitation works for 20 days" in browser.get("/clinic").text


@pytest.mark.usefixtures("_proofs_are_short")
def test_nobody_proves_the_session_of_someone_else(house: House, provider: Provider) -> None:
    provider.say(groups=["it"])
    clinic = let_in_by(house, provider)
    browser, _ = sign_in(house, clinic)
    house.clock.seconds += 40
    provider.say(user="lou", groups=["it"])
    page = browser.get(at_the_provider(start(browser, "/account/again")), 403)
    assert "It was not you who signed in there" in page.text
    browser.post("/clinic/keeping", {"invitation_days": "20"}, 403)


def test_a_provider_that_answers_no_more_about_a_person_still_lets_them_in(
    house: House, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = let_in_by(house, provider)
    monkeypatch.setattr(identity_provider.ProviderClient, "_ask_userinfo", lambda *_: {})
    _, page = sign_in(house, clinic)
    assert page.h1 == ["You are signed in"]


def test_two_clinics_with_one_provider_are_two(house: House, provider: Provider) -> None:
    hill, dale = let_in_by(house, provider), let_in_by(house, provider, "Dale")
    sign_in(house, hill)
    sign_in(house, dale)
    for clinic in (hill, dale):
        with house.store.reading_scope(clinic) as scope:
            assert len(staff.list_staff(scope)) == 1


def test_who_is_shut_out_here_stays_out(house: House, provider: Provider) -> None:
    clinic = let_in_by(house, provider)
    browser, _ = sign_in(house, clinic)
    with house.store.writing_scope(clinic, house.now, "command") as scope:
        (member,) = staff.list_staff(scope)
        staff.disable_staff(scope, member.id)
    assert browser.get("/worklist").url == "/sign-in"
    assert "shut out here" in sign_in(house, clinic, 403)[1].text


def test_another_provider_signs_out_whom_the_first_let_in(house: House, provider: Provider) -> None:
    clinic = let_in_by(house, provider)
    browser, _ = sign_in(house, clinic)
    let_in_by(house, provider, claim="other")
    assert browser.get("/worklist").url == "/sign-in"


def test_no_token_and_no_secret_stands_in_clear(house: House, provider: Provider) -> None:
    clinic = let_in_by(house, provider)
    sign_in(house, clinic)
    with house.store.engine.connect() as connection:
        tables = identity_providers.Staff.metadata.sorted_tables
        kept = str([connection.execute(table.select()).all() for table in tables])
    assert SECRET not in kept
    assert "kim@hospital.example" not in kept
    entries = [e.facts for e in _entries(house, clinic)]
    assert not any(SECRET in facts for facts in entries)


def _entries(house: House, clinic: str) -> list[audit.AuditEntry]:
    with house.store.reading_scope(clinic) as scope:
        return audit.list_audit_entries(scope, limit=100)


def test_a_clinic_without_one_has_no_such_door(house: House) -> None:
    browser = Visitor(house.app, SECURE)
    browser.get(f"/sign-in/with/{house.clinic('Hill')}", 404)
    browser.get("/sign-in/with/nobody", 404)
    assert not [link for link in browser.get("/sign-in").links if "/with/" in link]


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("https://login.hospital.example/realms/x", True),
        ("http://127.0.0.1:9000", True),
        ("http://localhost/x", True),
        ("http://login.hospital.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("https://login.example/?a=b", False),
        ("", False),
    ],
)
def test_a_provider_is_spoken_to_over_a_sealed_line(address: str, fine: bool) -> None:
    assert identity_provider.is_provider_address(address) is fine
