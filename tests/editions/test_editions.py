"""What a server of an earlier edition left behind goes on today: its database, its checks half way.

`leave.py` made each folder by running that edition; see README.md.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from app.main import create_app
from app.settings import Settings
from app.store import submissions
from app.store.keeping import anchors, audit
from tests.conftest import Clock
from tests.visitor import Page, Visitor
from tests.web.desk import SECURE, House

EDITIONS = sorted(file.parent for file in Path(__file__).parent.glob("*/left.json"))
LATER = 300  # seconds; a nurse's session ends after 15 minutes, a check after a day


class Left:
    """An edition's folder, opened by today's program."""

    def __init__(self, edition: Path, folder: Path) -> None:
        shutil.copytree(edition, folder, dirs_exist_ok=True)
        for key in folder.glob("*.key"):
            key.chmod(0o600)  # git keeps no more of a file's mode than whether it runs
        with sqlite3.connect(folder / "calcinosis.db") as database:
            database.executescript((folder / "calcinosis.sql").read_text("utf-8"))
        self.version, self.folder = edition.name, folder
        self.told: dict[str, Any] = json.loads((folder / "left.json").read_text("utf-8"))
        clock = Clock()
        clock.seconds = self.told["at"] + LATER
        self.house = House(create_app(Settings(var=folder), clock=clock), clock)
        self.house.clinics = self.told["clinics"]

    def person(self, cookies: dict[str, str]) -> Visitor:
        """Someone with a browser that kept these."""
        visitor = Visitor(self.house.app, SECURE)
        for name, value in cookies.items():
            visitor.client.cookies.set(name, value)
        return visitor

    def nurse(self) -> Visitor:
        """The nurse, by password and code."""
        nurse, told = Visitor(self.house.app, SECURE), self.told["nurse"]
        self.house.clock.seconds += 60
        nurse.post("/sign-in", {"email": told["email"], "password": told["password"]})
        page = nurse.post("/sign-in/code", {"code": pyotp.TOTP(told["secret"]).at(self.house.now)})
        assert page.url == "/worklist"
        return nurse


@pytest.fixture(params=EDITIONS, ids=lambda edition: edition.name)
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Left]:
    opened = Left(request.param, tmp_path / "var")
    yield opened
    opened.house.store.engine.dispose()


def test_there_is_what_an_edition_left() -> None:
    assert EDITIONS


def test_a_nurse_finds_every_submission_with_its_own_rulebook(left: Left) -> None:
    nurse, sent = left.nurse(), left.told["submissions"]
    listed = nurse.get("/worklist").links + nurse.get("/worklist/done").links
    pages = {name: told["page"] for name, told in sent.items() if name != "dale"}
    assert set(pages.values()) <= set(listed)
    assert sent["dale"]["page"] not in listed
    shelf = left.house.app.state.shelf
    for name, address in pages.items():
        page = nurse.get(address)
        assert page.all("span", **{"data-level": sent[name]["level"]}), name
        with left.house.store.reading(left.told["clinics"]["Hill"]) as scope:
            kept = submissions.versions(scope, address.rpartition("/")[2])
        for version in kept:
            assert version.rulebook_version == left.version
            book = shelf.find(version.rulebook_version, version.rulebook_sha256)
            assert book is not None, "the rulebook of that day is not among rules/published"
            assert book.questionnaire.path(version.answers).next is None
        assert (kept[-1].labs != {}) == (name == "blood")
    assert "Rang at noon" in nurse.get(pages["noted"]).text
    assert "Ada Hill" in nurse.get(pages["lowered"]).text
    nurse.get(sent["dale"]["page"], 404)


@pytest.mark.parametrize("more", ["print", "copy", "looks", "findings", "identify", "marks"])
def test_every_other_page_of_a_submission_opens_too(left: Left, more: str) -> None:
    """Its words are those of an older rulebook, which lacks what pages say since."""
    nurse, sent = left.nurse(), left.told["submissions"]
    pages = [told["page"] for name, told in sent.items() if name != "dale"]
    told = [
        nurse.client.get(f"{page}/{more}", follow_redirects=False).status_code for page in pages
    ]
    assert set(told) <= {200, 303, 409, 422}
    assert 200 in told


def test_each_patient_finds_what_became_of_it(left: Left) -> None:
    pages = {
        name: left.person({}).get(told["link"])
        for name, told in left.told["submissions"].items()
        if told["link"]
    }
    assert pages["untouched"].level == "emergency"
    assert pages["untouched"].h1 != pages["worse"].h1 != pages["closed"].h1
    assert left.person({}).get(left.told["revoked"], 404).h1
    opened = left.person({}).get(left.told["invitation"]["link"])
    assert opened.all("form", action=left.told["invitation"]["link"])
    code = {"code": left.told["invitation"]["code"]}
    assert left.person({}).post("/i", code).url == left.told["invitation"]["link"]


def test_the_code_that_was_shown_and_the_receipt_still_work(left: Left) -> None:
    page = left.person({"__Host-journey": left.told["share"]}).get("/share")
    assert page.url == "/share"
    assert "minutes left" in page.text
    page = left.person({}).post("/verify", {"receipt": left.told["receipt"]})
    assert page.all("section", **{"data-same": "yes"})


def test_the_audit_is_whole_and_goes_on(left: Left) -> None:
    left.nurse()
    noted = anchors.read(left.folder / anchors.FILE)
    assert {anchor.clinic for anchor in noted} >= set(left.told["clinics"].values())
    for clinic in left.told["clinics"].values():
        assert audit.verify(left.house.store, clinic) is None
    assert left.house.actions("Hill")[-1] == "signed_in"


@pytest.mark.parametrize(
    "name", ["first", "child", "alarmed", "complete", "second look", "invited", "assisted"]
)
def test_a_check_half_way_goes_on_to_its_result(left: Left, name: str) -> None:
    begun = left.told["journeys"][name]
    if name == "assisted":
        begun["cookies"]["__Host-staff"] = left.told["nurse_session"]
    person, given = left.person(begun["cookies"]), begun["given"]
    page = person.get(begun["at"])
    if name == "assisted":
        page = person.get(next(link for link in page.links if link.startswith("/assisted/ask/")))
    asked = []
    while not page.url.endswith(("/answers", "/result")):
        if page.url == "/emergency":
            page = person.get(next(link for link in page.links if link.startswith("/check/")))
        question = page.url.rpartition("/")[2]
        asked.append(question)
        # A newer rulebook may ask what that edition did not.
        page = answered(person, page, given.get(question, ["not_sure"]))
    assert "now" not in asked, "what was answered is not asked again"
    if name == "assisted":
        of = page.all("input", name="of")[0]["value"]
        page = person.post("/assisted/send", {"of": of})
        assert page.url.startswith("/submissions/")
        return
    page = person.get("/result")
    assert page.url == "/result"
    assert page.level
    if name == "invited":
        assert person.post("/send").url.startswith("/i/")


def answered(person: Visitor, page: Page, options: list[str]) -> Page:
    of = [box["value"] for box in page.all("input", name="of")]
    question = page.url.rpartition("/")[2]
    return person.post(page.url, {question: options} | ({"of": of} if of else {}))
