"""What a server of an earlier edition left behind goes on today: its database, its checks half way.

`leave.py` made each folder by running that edition; see README.md.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
import yaml

from app.documents.receipt import RulebookArchive, parse_receipt
from app.main import create_app
from app.settings import Settings
from app.store import people, shares, submission_versions, worklist
from app.store.db import audit
from app.store.db.patient_tables import Person
from app.store.submission_versions import SubmittedAnswers
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.second_look import list_recheck_questions
from app.triage.terms import Answers
from app.web.journey import ASSISTED, OWN, Journey, seal_journey, unseal_journey
from tests.conftest import Clock
from tests.visitor import Page, Visitor
from tests.web.desk import SECURE, House
from tests.web.test_findings import filled, keep

EDITIONS = sorted(file.parent for file in Path(__file__).parent.glob("*/left.json"))
of_other_questions = pytest.mark.parametrize(
    "left",
    [edition for edition in EDITIONS if edition.name < "2026.12.1"],
    ids=lambda edition: edition.name,
    indirect=True,
)
"""Editions before the second, whose answers are turned into today's questions."""
BEFORE_KIDNEYS = {
    "now": ["none"],
    "age": ["adult"],
    "place": ["elbow"],
    "skin": ["normal"],
    "unwell": ["none"],
    "pain": ["no"],
    "change": ["none"],
    "feel": ["hard"],
}
"""The first questions of the first edition, answered by someone with a quiet lump."""
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
        self.manifest: dict[str, Any] = json.loads((folder / "left.json").read_text("utf-8"))
        clock = Clock()
        clock.seconds = self.manifest["at"] + LATER
        self.house = House(create_app(Settings(var=folder), clock=clock), clock)
        self.house.clinics = self.manifest["clinics"]

    def person(self, cookies: dict[str, str]) -> Visitor:
        """Someone with a browser that kept these."""
        visitor = Visitor(self.house.app, SECURE)
        for name, value in cookies.items():
            visitor.client.cookies.set(name, value)
        return visitor

    @property
    def shelf(self) -> RulebookArchive:
        return self.house.app.state.context.archive

    @property
    def book(self) -> Rulebook:
        return self.shelf.current

    def today(self, given: dict[str, list[str]]) -> Answers:
        """Answers of that edition in today's questions."""
        answers = {question: frozenset(chosen) for question, chosen in given.items()}
        return self.shelf.translate_to_current(self.version, answers)

    def kept(self, cookies: dict[str, str]) -> set[str]:
        """Today's questions to which all of the answer stands in one of these cookies."""
        for kind in (OWN, ASSISTED):
            if (sealed := cookies.get(f"__Host-{kind}")) is not None:
                context, now = self.house.app.state.context, int(self.house.clock())
                journey = unseal_journey(context.keys, sealed, now, kind)
                translated = self.shelf.translate_to_current(
                    self.version, journey.answers, half_told=False
                )
                return set(translated)
        raise AssertionError

    def versions(self, page: str) -> list[submission_versions.AnswersVersion]:
        """The versions of a submission of the clinic "Hill", by its page."""
        with self.house.store.reading_scope(self.manifest["clinics"]["Hill"]) as scope:
            return submission_versions.list_versions(scope, page.rpartition("/")[2])

    def half_way(self, said: dict[str, list[str]]) -> Visitor:
        """Someone who had answered this with that edition's questions."""
        answers = {question: frozenset(chosen) for question, chosen in said.items()}
        context, now = self.house.app.state.context, int(self.house.clock())
        journey = Journey("uk", now, answers, edition=self.version)
        return self.person({f"__Host-{OWN}": seal_journey(context.keys, journey)})

    def nurse(self) -> Visitor:
        """The nurse, by password and code."""
        nurse, credentials = Visitor(self.house.app, SECURE), self.manifest["nurse"]
        self.house.clock.seconds += 60
        nurse.post("/sign-in", {"email": credentials["email"], "password": credentials["password"]})
        page = nurse.post(
            "/sign-in/code", {"code": pyotp.TOTP(credentials["secret"]).at(self.house.now)}
        )
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
    nurse, sent = left.nurse(), left.manifest["submissions"]
    listed = nurse.get("/worklist").links + nurse.get("/worklist/done").links
    pages = {name: record["page"] for name, record in sent.items() if name != "dale"}
    assert set(pages.values()) <= set(listed)
    assert sent["dale"]["page"] not in listed
    shelf = left.house.app.state.context.archive
    for name, address in pages.items():
        page = nurse.get(address)
        assert page.all("span", **{"data-level": sent[name]["level"]}), name
        with left.house.store.reading_scope(left.manifest["clinics"]["Hill"]) as scope:
            kept = submission_versions.list_versions(scope, address.rpartition("/")[2])
        for version in kept:
            assert version.rulebook_version == left.version
            book = shelf.find_rulebook(version.rulebook_version, version.rulebook_sha256)
            assert book is not None, "the rulebook of that day is not among rules/published"
            assert book.questionnaire.trace_path(version.answers).next is None
        assert (kept[-1].lab_results != {}) == (name == "blood")
    assert "Rang at noon" in nurse.get(pages["noted"]).text
    assert "Ada Hill" in nurse.get(pages["lowered"]).text
    nurse.get(sent["dale"]["page"], 404)


@pytest.mark.parametrize("more", ["print", "copy", "looks", "findings", "identify", "marks"])
def test_every_other_page_of_a_submission_opens_too(left: Left, more: str) -> None:
    """Its words are those of an older rulebook, which lacks what pages say since."""
    nurse, sent = left.nurse(), left.manifest["submissions"]
    pages = [record["page"] for name, record in sent.items() if name != "dale"]
    statuses = [
        nurse.client.get(f"{page}/{more}", follow_redirects=False).status_code for page in pages
    ]
    assert set(statuses) <= {200, 303, 409, 422}
    assert 200 in statuses


def test_each_patient_finds_what_became_of_it(left: Left) -> None:
    pages = {
        name: left.person({}).get(record["link"])
        for name, record in left.manifest["submissions"].items()
        if record["link"]
    }
    assert pages["untouched"].level == "emergency"
    assert pages["untouched"].h1 != pages["worse"].h1 != pages["closed"].h1
    assert left.person({}).get(left.manifest["revoked"], 404).h1
    opened = left.person({}).get(left.manifest["invitation"]["link"])
    assert opened.all("form", action=left.manifest["invitation"]["link"])
    code = {"code": left.manifest["invitation"]["code"]}
    assert left.person({}).post("/i", code).url == left.manifest["invitation"]["link"]


def test_the_code_that_was_shown_and_the_receipt_still_work(left: Left) -> None:
    page = left.person({"__Host-journey": left.manifest["share"]}).get("/share")
    assert page.url == "/share"
    assert "minutes left" in page.text
    page = left.person({}).post("/verify", {"receipt": left.manifest["receipt"]})
    assert page.all("section", **{"data-same": "yes"})


def test_the_audit_is_whole_and_goes_on(left: Left) -> None:
    left.nurse()
    noted = audit.read_anchors(left.folder / audit.ANCHOR_FILE)
    assert {anchor.clinic for anchor in noted} >= set(left.manifest["clinics"].values())
    for clinic in left.manifest["clinics"].values():
        assert audit.verify_chain(left.house.store, clinic) is None
    assert left.house.actions("Hill")[-1] == "signed_in"


@pytest.mark.parametrize(
    "name", ["first", "child", "alarmed", "complete", "second look", "invited", "assisted"]
)
def test_a_check_half_way_goes_on_to_its_result(left: Left, name: str) -> None:
    begun = left.manifest["journeys"][name]
    if name == "assisted":
        begun["cookies"]["__Host-staff"] = left.manifest["nurse_session"]
    person, given = left.person(begun["cookies"]), left.today(begun["given"])
    kept = left.kept(begun["cookies"])
    page = person.get(begun["at"])
    if name == "assisted":
        page = person.get(next(link for link in page.links if link.startswith("/assisted/ask/")))
    asked = []
    while not page.url.endswith(("/answers", "/result")):
        if page.url == "/emergency":
            page = person.get(next(link for link in page.links if link.startswith("/check/")))
        question = page.url.rpartition("/")[2]
        asked.append(question)
        page = answered(person, page, given[question])
    assert asked == list(dict.fromkeys(asked)), "nothing is asked twice"
    if name != "second look":  # which asks again what may have come since
        assert not kept & set(asked), "what was answered is not asked again"
    if name == "assisted":
        of = page.all("input", name="of")[0]["value"]
        page = person.post("/assisted/send", {"of": of})
        assert page.url.startswith("/submissions/")
        return
    page = person.get("/result")
    assert page.url == "/result"
    assert page.level == assess_answers(left.book, given).urgency.name
    if name == "invited":
        assert person.post("/send").url.startswith("/i/")


def test_an_emergency_half_way_stays_one_on_every_page(left: Left) -> None:
    begun = left.manifest["journeys"]["alarmed"]
    person = left.person(begun["cookies"])
    assert person.get("/emergency").url == "/emergency"
    assert person.get("/answers").all("form") is not None
    onward = next(link for link in person.get("/emergency").links if link.startswith("/check/"))
    assert "tel:999" in person.get(onward).links


@of_other_questions
def test_a_list_of_which_only_a_part_was_asked_is_asked_again(left: Left) -> None:
    """A kidney problem was said; the list in which it stands today names other illnesses too."""
    person = left.half_way(BEFORE_KIDNEYS | {"known": ["nothing_yet"], "kidney": ["dialysis"]})
    page = person.get("/check/before")
    assert page.url == "/check/reason"
    page, asked = answered(person, page, ["lump", "high_phosphate"]), []
    while page.url != "/answers":
        asked.append(page.url.rpartition("/")[2])
        options = ["kidneys", "diabetes"] if asked[-1] == "conditions" else ["none"]
        page = answered(person, page, options)
    assert asked == ["unwell", "conditions", "medicines", "before"]
    assert "Dialysis" in page.text


@of_other_questions
def test_an_emergency_that_rests_on_a_part_of_a_list_stays_one(left: Left) -> None:
    """Great thirst, weakness and known high calcium: that list is not asked to its end."""
    said = BEFORE_KIDNEYS | {"unwell": ["thirst", "weak_tired"], "known": ["high_calcium"]}
    person = left.half_way(said)
    assert person.get("/emergency").url == "/emergency"
    assert left.half_way(said | {"known": ["nothing_yet"]}).get("/emergency").url != "/emergency"


def test_a_second_look_begins_from_an_old_receipt(left: Left) -> None:
    old_receipt = parse_receipt(left.manifest["receipt"], left.shelf)
    now = left.shelf.translate_to_current(left.version, old_receipt.answers)
    person = left.person({})
    page = person.post("/verify", {"receipt": left.manifest["receipt"], "then": "changed"})
    assert page.url == "/changed"
    page, asked = person.post("/changed", {"region": "uk"}), []
    while page.url.startswith("/changed/"):
        question = page.url.rpartition("/")[2]
        asked.append(question)
        assert page.ticked <= set(now[question]) | {"none"}, "the answer of before is filled in"
        page = answered(person, page, sorted(now[question]))
    assert page.url == "/result"
    assert set(asked) <= set(list_recheck_questions(left.book, now))
    assert page.level == assess_answers(left.book, now).urgency.name
    assert (left.version in page.html) == (left.version == left.book.version)


@of_other_questions
def test_a_code_of_that_edition_is_judged_by_todays_rules_too(left: Left) -> None:
    """Its half hour is over by now, so the same answers are shown under a new one."""
    old = parse_receipt(left.manifest["receipt"], left.shelf)
    submitted = SubmittedAnswers.from_rulebook(
        old.rulebook,
        old.answers,
        assess_answers(old.rulebook, old.answers),
        about="me",
        region="uk",
    )
    key = "k" * 32
    shares.offer_share(left.house.store, key, submitted, left.house.now, address="::1")
    code = shares.derive_share_code(left.house.store.keyring, key)
    page = left.nurse().post("/shared", {"code": code, "reference": "S 1", "name": "Jo"})
    first, today = left.versions(page.url)
    assert (first.rulebook_version, first.answers) == (left.version, old.answers)
    assert today.rulebook_version == left.book.version
    assert today.answers == left.shelf.translate_to_current(left.version, old.answers)


def test_what_a_nurse_finds_stands_beside_all_that_the_patient_had_said(left: Left) -> None:
    nurse, address = left.nurse(), left.manifest["submissions"]["untouched"]["page"]
    (before,) = left.versions(address)
    assert "confused" in {option for chosen in before.answers.values() for option in chosen}
    page = nurse.get(f"{address}/findings")
    now = left.shelf.translate_to_current(left.version, before.answers)
    ticked = {box["value"] for box in page.all("input") if "checked" in box}
    assert ticked == {option for chosen in now.values() for option in chosen}
    page = nurse.post(page.url, filled(page) | {"answer-unwell": ["thirst"]})
    assert "Nothing is kept yet" in page.text
    assert keep(nurse, page).url == address
    _, found = left.versions(address)
    assert found.answers == {**now, "unwell": frozenset({"thirst"})}
    assert found.urgency.name == "emergency"
    text = nurse.get(address).text
    assert "ew confusion" in text


def test_a_patient_changes_what_was_sent_in_that_edition(left: Left) -> None:
    """Begun with the old questions, sent with today's, and changed once more."""
    begun = left.manifest["journeys"]["invited"]
    person, given = left.person(begun["cookies"]), left.today(begun["given"])
    page = person.get(begun["at"])
    while page.url.startswith("/check/"):
        page = answered(person, page, given[page.url.rpartition("/")[2]])
    link = person.post("/send").url
    person.get("/result")
    page = person.post("/check/skin", {"skin": [*given["skin"] - {"normal"}, "chalky"]})
    assert page.url == "/answers"
    assert person.post("/send").url == link
    with left.house.store.reading_scope(left.manifest["clinics"]["Hill"]) as scope:
        newest = worklist.list_worklist_page(scope, left.house.now, "nobody")
    sent = [left.versions(f"/submissions/{line.row.submission_id}") for line in newest]
    kinds = [[version.kind for version in some] for some in sent]
    assert ["first", "changed"] in kinds


def test_a_disagreement_of_that_edition_is_a_case_in_todays_questions(left: Left) -> None:
    before, *_ = left.versions(left.manifest["submissions"]["lowered"]["page"])
    left.house.hired = 50  # that edition's people have the first addresses
    lead = left.house.member("lead", "Hill", "Eve Moss")
    text = lead.client.get("/agreement/cases.yaml").text
    (case,) = yaml.safe_load(text)
    said = {question: frozenset(chosen) for question, chosen in case["answers"].items()}
    assert said == left.shelf.translate_to_current(left.version, before.answers)


def answered(person: Visitor, page: Page, options: Iterable[str]) -> Page:
    of = [box["value"] for box in page.all("input", name="of")]
    question, options = page.url.rpartition("/")[2], sorted(options)
    fields: dict[str, object] = {question: options}
    # The second time round, a screen of emergency signs takes "not sure".
    fields |= {"again": "1"} if "not_sure" in options else {}
    return person.post(page.url, fields | ({"of": of} if of else {}))


def test_every_person_is_found_by_the_reference_that_was_typed_then(left: Left) -> None:
    with left.house.store.reading_scope(left.manifest["clinics"]["Hill"]) as scope:
        known = people.find_people(scope, [row.id for row in scope.find_all(Person)])
        assert known
        for person in known.values():
            assert people.find_by_reference(scope, person.reference) == person
