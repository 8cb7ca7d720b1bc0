"""Joining, signing in, one's own account, and the list of staff, as people meet them."""

from __future__ import annotations

import re
from contextlib import ExitStack
from datetime import timedelta

import pyotp
import pytest

from app.assurance.readability import (
    coleman_liau_grade,
    flesch_kincaid_grade,
    split_sentences,
    split_words,
)
from app.documents.receipt import make_qr_code
from app.store.accounts import passwords, staff
from app.web.clinic.signin import describe_browser
from tests.visitor import Page, Visitor
from tests.web.desk import PASSWORD, SECURE, House, Member
from tests.web.test_every_page import Blocks

NEW = "seven quiet harbours"
LINK = re.compile(r"https://testserver(/join/\S+)")


@pytest.fixture
def stranger(house: House) -> Visitor:
    return Visitor(house.app, SECURE)


@pytest.fixture
def admin(house: House) -> Member:
    return house.member("admin", name="Ada Hill")


def problems(page: Page) -> list[str]:
    """Where the summary of what is wrong leads."""
    return [link for link in page.links if link.startswith("#") and link != "#main"]


def with_token(house: House, token: str) -> Visitor:
    """A browser that holds this session's id and no other."""
    visitor = Visitor(house.app, SECURE)
    visitor.client.cookies.set("__Host-staff", token)
    return visitor


# --- Joining ---


def test_looking_at_a_link_uses_nothing_up(house: House, stranger: Visitor) -> None:
    address = house.link()
    pages = {re.sub(r'nonce="[^"]+"', "", stranger.get(address).html) for _ in range(20)}
    assert len(pages) == 1
    assert "Kim Lee" in pages.pop()


def test_the_square_code_and_the_key_are_the_same_secret(house: House, stranger: Visitor) -> None:
    address = house.link()
    page = stranger.get(address)
    joining = staff.open_staff_invite(house.store, address.removeprefix("/join/"), house.now)
    assert make_qr_code(joining.totp_uri).path in page.html
    assert joining.secret == "".join(re.search(r"((?:[A-Z2-7]{4} ){7}\w{4})", page.text)[0].split())
    assert pyotp.parse_uri(joining.totp_uri).secret == joining.secret


@pytest.mark.parametrize(
    ("password", "code", "leads_to"),
    [
        ("short", "", "#password"),
        ("password1234", "", "#password"),
        ("hill hill hill", "", "#password"),
        ("x" * 129, "", "#password"),
        (PASSWORD, "", "#code"),
        (PASSWORD, "000000", "#code"),
    ],
)
def test_what_is_wrong_is_said_and_the_link_still_works(
    house: House, stranger: Visitor, password: str, code: str, leads_to: str
) -> None:
    address = house.link()
    page = stranger.post(address, {"password": password, "code": code}, 422)
    assert problems(page) == [leads_to]
    assert f'"{password}"' not in page.html
    assert stranger.get(address).h1 == ["Set up your account"]


def test_who_joins_is_signed_in_and_their_recovery_codes_work_at_once(house: House) -> None:
    member = Member(house, "nurse", "Hill", "Kim")
    assert house.actions()[-2:] == ["staff_joined", "signed_in"]
    assert member.get("/worklist").url == "/worklist"
    assert "still use: 10" in member.get("/account").text
    member.post("/sign-in", {"email": member.email, "password": PASSWORD})
    assert member.post("/sign-in/code", {"code": member.paper[0]}).url == "/worklist"


def test_joining_ends_the_session_that_the_browser_had(house: House) -> None:
    before, address = house.member("admin"), house.link()
    earlier = before.token
    secret = re.search(r"((?:[A-Z2-7]{4} ){7}\w{4})", before.get(address).text)[0]
    code = pyotp.TOTP(secret.replace(" ", "")).at(house.now)
    before.post(address, {"password": PASSWORD, "code": code})
    assert before.get("/sign-in").url == "/worklist"
    assert with_token(house, earlier).get("/account").url == "/sign-in"


def test_no_recovery_code_is_promised_before_there_is_one(house: House, stranger: Visitor) -> None:
    assert "recovery code" not in stranger.get(house.link()).text


@pytest.mark.parametrize(("seconds", "words"), [(-180, "slow by 3 min"), (240, "fast by 4 min")])
def test_a_wrong_phone_clock_is_said_with_its_minutes(
    house: House, seconds: int, words: str
) -> None:
    known = Member(house, "nurse", "Hill", "Kim")
    known.wait(600)
    known.post("/sign-in", {"email": known.email, "password": PASSWORD})
    shown = pyotp.TOTP(known.secret).at(house.now + timedelta(seconds=seconds))
    refused = known.post("/sign-in/code", {"code": shown}, 422)
    assert problems(refused) == ["#code"]
    assert refused.text.count(words) == 2, "in the summary and beside the box"
    link = house.link()
    secret = re.search(r"((?:[A-Z2-7]{4} ){7}\w{4})", known.get(link).text)[0].replace(" ", "")
    early = pyotp.TOTP(secret).at(house.now + timedelta(seconds=seconds))
    assert words in known.post(link, {"password": PASSWORD, "code": early}, 422).text


def test_a_link_is_used_up_by_joining_and_the_codes_are_shown_once(house: House) -> None:
    member = Member(house, "nurse", "Hill", "Kim")
    assert len(set(member.paper)) == 10
    with house.store.writing_scope(member.clinic, house.now, "command") as scope:
        staff.reinvite_staff(scope, member.id)
    assert not any(code in member.get("/sign-in").text for code in member.paper)


def test_a_link_that_is_used_or_old_or_unknown_gives_one_and_the_same_page(
    house: House, stranger: Visitor
) -> None:
    used, old = house.link(), house.link()
    secret = re.search(r"((?:[A-Z2-7]{4} ){7}\w{4})", stranger.get(used).text)[0]
    code = pyotp.TOTP(secret.replace(" ", "")).at(house.now)
    stranger.post(used, {"password": PASSWORD, "code": code})
    house.clock.seconds += 30 * 60
    clinic = house.clinic("Hill")
    pages = [
        stranger.get(address, 404).html
        for address in (used, old, f"/join/{clinic}.{'x' * 43}", "/join/x", "/join/server.x")
    ]
    pages += [stranger.post(old, {"password": PASSWORD, "code": "1"}, 404).html]
    assert len({re.sub(r'nonce="[^"]+"', "", page) for page in pages}) == 1


# --- Signing in ---


def test_a_person_signs_in_and_begins_on_their_own_page(house: House) -> None:
    assert house.member("nurse").sign_in().url == "/worklist"
    assert house.member("admin").sign_in().url == "/staff"
    assert house.member("auditor").sign_in().url == "/account"


def test_who_is_signed_in_does_not_sign_in_again(house: House) -> None:
    assert house.member("auditor").get("/sign-in").url == "/account"


def test_every_refused_sign_in_reads_the_same(house: House) -> None:
    known, gone = house.member(), house.member()
    with house.store.writing_scope(gone.clinic, house.now, "command") as scope:
        staff.disable_staff(scope, gone.id)
    house.clock.seconds += 600
    pages = set()
    for email, password in [
        (known.email, "not the password"),
        ("nobody@example.org", PASSWORD),
        (gone.email, PASSWORD),
        ("", ""),
    ]:
        page = Visitor(house.app, SECURE).post(
            "/sign-in", {"email": email, "password": password}, 422
        )
        assert problems(page) == ["#email"]
        assert page.all("input", id="email")[0]["value"] == email
        pages.add(re.sub(r'nonce="[^"]+"|value="[^"]*"', "", page.html))
    assert len(pages) == 1


def test_a_wrong_code_is_refused_and_the_right_one_still_taken(house: House) -> None:
    known = Member(house, "nurse", "Hill", "Kim")
    known.wait()
    known.post("/sign-in", {"email": known.email, "password": PASSWORD})
    refused = known.post("/sign-in/code", {"code": "000000"}, 422)
    assert problems(refused) == ["#code"]
    assert "let your phone set its clock by itself" in refused.text
    assert known.post("/sign-in/code", {"code": known.paper[0]}).url == "/worklist"
    assert "still use: 9" in known.get("/account").text


def test_the_code_page_is_for_who_gave_the_password(stranger: Visitor) -> None:
    assert stranger.get("/sign-in/code").url == "/sign-in"
    assert stranger.post("/sign-in/code", {"code": "1"}).url == "/sign-in"


def test_a_session_has_a_new_id_after_the_second_factor(house: House) -> None:
    known = Member(house, "nurse", "Hill", "Kim")
    known.wait()
    known.send("/sign-in", {"email": known.email, "password": PASSWORD})
    half = known.token
    known.post("/sign-in/code", {"code": known.code})
    assert half != known.token
    assert with_token(house, half).get("/account").url == "/sign-in"
    assert with_token(house, known.token).get("/account").url == "/account"


def test_what_someone_types_as_their_address_is_shown_and_does_nothing_else(
    stranger: Visitor,
) -> None:
    typed = '"><script>alert(1)</script>\x00\u202e'
    page = stranger.post("/sign-in", {"email": typed, "password": "x"}, 422)
    assert page.all("input", id="email")[0]["value"] == '"><script>alert(1)</script>'


@pytest.mark.parametrize("path", ["/sign-in", "/join/x", "/account/password"])
def test_too_many_passwords_at_once_are_told_to_come_back(house: House, path: str) -> None:
    someone = house.member()
    with ExitStack() as taken:
        for _ in range(passwords.MAX_WAITING_PASSWORDS):
            taken.enter_context(passwords.reserve_hash_slot())
        response = someone.send(path, {"email": "x@y", "password": "z"})
        assert someone.get("/account").status == 200
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(
    ("agent", "browser_name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/2010 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/150.0 Safari/537.36 Edg/150.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 20) Version/20 Safari/600", "Safari, iPhone"),
        ("<script>", ""),
    ],
)
def test_a_browser_is_told_in_a_few_known_words(agent: str, browser_name: str) -> None:
    assert describe_browser(agent) == browser_name


# --- One's own account ---


def test_a_new_password_ends_all_sessions(house: House) -> None:
    known = house.member()
    other = with_token(house, known.token)
    page = known.post("/account/password", {"old": PASSWORD, "new": NEW})
    assert page.url == "/signed-out"
    assert other.get("/account").url == "/sign-in"
    assert known.sign_in(NEW).url == "/worklist"


@pytest.mark.parametrize(
    ("old", "new", "leads_to"),
    [("not this one", NEW, "#old"), (PASSWORD, "short", "#new"), (PASSWORD, PASSWORD, "#new")],
)
def test_a_password_is_not_changed_to_a_bad_one_nor_without_the_old_one(
    house: House, old: str, new: str, leads_to: str
) -> None:
    known = house.member()
    page = known.post("/account/password", {"old": old, "new": new}, 422)
    assert problems(page) == [leads_to]
    assert known.sign_in().url == "/worklist"


def test_the_old_password_is_not_guessed_from_an_open_browser(house: House) -> None:
    known = house.member()
    tries = [
        known.send("/account/password", {"old": "wrong", "new": NEW}).status_code for _ in range(11)
    ]
    assert tries == [422] * 10 + [429]


def test_one_sees_and_ends_ones_own_sessions_alone(house: House) -> None:
    known, other = house.member(), house.member()
    ids = [found["value"] for found in other.get("/account").all("input", name="session")]
    first = with_token(house, known.token)
    known.client.cookies.delete("__Host-staff")  # from now on it is another browser
    known.sign_in()
    mine = [found["value"] for found in known.get("/account").all("input", name="session")]
    assert len(mine) == 2
    known.post("/account/sessions", {"session": ids[0]})
    assert other.get("/account").url == "/account"
    known.post("/account/sessions", {"session": mine[1]})
    assert house.actions()[-1] == "session_ended"
    assert first.get("/account").url == "/sign-in"
    assert known.get("/account").url == "/account"


def test_who_signs_in_again_in_one_browser_leaves_no_session_behind(house: House) -> None:
    known = house.member()
    earlier = with_token(house, known.token)
    known.sign_in()
    assert earlier.get("/account").url == "/sign-in"
    assert known.get("/account").url == "/account"


# --- Staff ---


def test_an_admin_invites_someone_who_then_joins(house: House, admin: Member) -> None:
    page = admin.post(
        "/staff/invite", {"name": "Noor", "email": "noor@hill.example", "role": "lead"}
    )
    address = LINK.search(page.text)[1]
    assert "Noor" in Visitor(house.app, SECURE).get(address).text
    assert "Link not used yet" in admin.get("/staff").text
    assert house.actions()[-1] == "staff_invited"


@pytest.mark.parametrize(
    ("changed", "leads_to"),
    [
        ({"name": ""}, "#name"),
        ({"name": "x" * 101}, "#name"),
        ({"email": "noor"}, "#email"),
        ({"role": "root"}, "#role-nurse"),
        ({"role": ""}, "#role-nurse"),
    ],
)
def test_an_invitation_that_lacks_something_is_not_made(
    house: House, admin: Member, changed: dict[str, str], leads_to: str
) -> None:
    before = house.actions().count("staff_invited")
    fields = {"name": "Noor", "email": "n2@hill.example", "role": "lead"} | changed
    assert problems(admin.post("/staff/invite", fields, 422)) == [leads_to]
    assert house.actions().count("staff_invited") == before


def test_an_address_belongs_to_one_account_of_all_clinics(house: House, admin: Member) -> None:
    other = house.member("nurse", clinic="Dale")
    fields = {"name": "Noor", "email": other.email.upper(), "role": "lead"}
    assert problems(admin.post("/staff/invite", fields, 422)) == ["#email"]


def test_a_change_of_staff_asks_for_the_code_again_after_a_while(
    house: House, admin: Member
) -> None:
    known = house.member()
    admin.wait(6 * 60)
    page = admin.get(f"/staff/{known.id}")
    assert [found["name"] for found in page.all("input")] == ["code", "code"]
    for address in (f"/staff/{known.id}/disable", f"/staff/{known.id}/link", "/staff/invite"):
        refused = admin.post(address, {"name": "A", "email": "a@b.c", "role": "lead"}, 422)
        assert problems(refused) == ["#code"]
    old = admin.token
    assert known.get("/account").url == "/account"
    admin.wait()
    page = admin.post(f"/staff/{known.id}/disable", {"code": admin.code})
    assert "Disabled" in page.text
    assert page.all("input", name="code") == []
    assert admin.token != old
    assert known.get("/account").url == "/sign-in"


def test_someone_who_was_shut_out_comes_back_by_a_new_link(house: House, admin: Member) -> None:
    known = house.member()
    admin.post(f"/staff/{known.id}/disable")
    page = admin.post(f"/staff/{known.id}/link")
    assert Visitor(house.app, SECURE).get(LINK.search(page.text)[1]).h1 == ["Set up your account"]
    assert house.actions()[-2:] == ["staff_disabled", "staff_enabled"]


def test_nobody_shuts_themselves_out(admin: Member) -> None:
    page = admin.post(f"/staff/{admin.id}/disable", status=422)
    assert "cannot disable your own account" in page.text
    assert admin.get("/staff").url == "/staff"


def test_a_lead_sees_the_staff_and_changes_nothing(house: House) -> None:
    lead = house.member("lead")
    page = lead.get("/staff")
    assert "Add someone" not in page.text
    assert not [link for link in page.links if link.startswith("/staff/")]


def test_the_staff_of_another_clinic_is_not_listed(house: House, admin: Member) -> None:
    house.member("nurse", clinic="Dale", name="Dora Dale")
    assert "Dora Dale" not in admin.get("/staff").text


# --- Words ---


def test_the_pages_of_staff_are_easy_to_read(house: House, admin: Member) -> None:
    stranger, someone = Visitor(house.app, SECURE), house.member()
    pages = [
        stranger.get(house.link()),
        *(stranger.get(path) for path in ("/sign-in", "/signed-out")),
        stranger.get("/join/x", 404),
        *(admin.get(path) for path in ("/account", "/staff", "/staff/invite")),
        admin.get(f"/staff/{someone.id}"),
        someone.get("/staff", 403),
    ]
    easy_to_read(pages)


def easy_to_read(pages: list[Page]) -> None:
    """Each of these pages reads as one of patients does."""
    for page in pages:
        texts = Blocks(page.html).texts
        whole = [text for text in texts if text.endswith((".", "?", "!"))] or texts
        assert flesch_kincaid_grade(whole) <= 6, (page.url, whole)
        assert coleman_liau_grade(whole) <= 8, (page.url, whole)
        assert max(len(split_words(sentence)) for sentence in split_sentences(texts)) <= 25, (
            page.url
        )
