"""Showing a self-check to a nurse: the code, taking it back, and what became of it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.assurance.readability import (
    coleman_liau_grade,
    flesch_kincaid_grade,
    split_sentences,
    split_words,
)
from app.documents.receipt import make_qr_code
from app.main import create_app
from app.settings import Settings
from app.store import reviews, shares, submission_reads, submission_versions, worklist_rows
from app.store.db.tables import ShareCode
from app.store.review_steps import ReviewStep
from tests.store.patients import KNOWN
from tests.visitor import Page, Visitor
from tests.web.desk import CALM, EMERGENCY, SECURE, TODAY, House, Member
from tests.web.test_every_page import Blocks

CODE = re.compile(r"Your code ([2-9A-Z]{4}) ([2-9A-Z]{4})")
WHO, TODAYS = {"reference": "R-77", "name": "Jo"}, {"outcome": "seen_today"}
NAMED = {"reference": "R-77", "name": "Jo", "day": ""}


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse")


@pytest.fixture
def person(house: House) -> Visitor:
    """Someone who did the self-check by themselves, an hour after the one before."""
    house.clinic("Hill")
    house.clock.seconds += 3600
    shares.delete_expired_shares(house.store, house.now)
    visitor = Visitor(house.app, SECURE)
    visitor.walk(TODAY)
    return visitor


def share(person: Visitor) -> Page:
    assert person.get("/result").all("form", action="/share", method="post")
    return person.post("/share")


def code_on(page: Page) -> str:
    return "".join(CODE.search(page.text).groups())


def rows(house: House) -> int:
    with house.store.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(ShareCode)).scalar_one()


def take(nurse: Member, code: str, status: int = 200, **more: str) -> Page:
    nurse.sign_in()
    return nurse.post("/shared", {"code": code, **NAMED, **more}, status)


def test_nothing_is_stored_until_they_ask_and_nothing_stays_when_they_take_it_back(
    house: House, person: Visitor
) -> None:
    before, actions = rows(house), house.actions()
    page = person.get("/result")
    assert "Show this to a nurse" in page.text
    assert rows(house) == before
    page = share(person)
    assert page.url == "/share"
    assert rows(house) == before + 1
    page = person.post("/share/back")
    assert page.h1 == ["This code no longer works"]
    assert rows(house) == before
    assert house.actions() == actions


def test_where_no_clinic_could_take_it_no_code_is_offered(tmp_path: Path, house: House) -> None:
    house.clinic("Hill")
    alone = create_app(Settings(var=tmp_path), clock=house.clock)
    without_clinic, unsealed = Visitor(alone, SECURE), Visitor(house.app)
    for visitor in (without_clinic, unsealed):
        visitor.walk(TODAY)
        assert "Show this to a nurse" not in visitor.get("/result").text
    assert without_clinic.post("/share").url == "/result"
    alone.state.context.store.engine.dispose()


def test_the_code_is_large_and_the_square_leads_a_nurse_to_it(person: Visitor) -> None:
    page = share(person)
    code = code_on(page)
    assert "There are 30 minutes left" in page.text
    assert code not in page.url + page.title
    assert make_qr_code(f"{SECURE}/shared#{code}").path in page.html


def test_the_minutes_run_down_and_then_the_code_is_gone(house: House, person: Visitor) -> None:
    share(person)
    house.clock.seconds += 28 * 60 + 30
    assert "There are 2 minutes left" in person.get("/share").text
    house.clock.seconds += 30
    assert "There is 1 minute left" in person.get("/share").text
    house.clock.seconds += 60
    assert person.get("/share").h1 == ["This code no longer works"]
    assert person.get("/result").level == "same_day"
    assert code_on(share(person))


def test_pressed_twenty_times_at_once_it_is_one_code(house: House, person: Visitor) -> None:
    before = rows(house)
    cookie = {"Cookie": f"__Host-journey={person.client.cookies['__Host-journey']}"}
    with ThreadPoolExecutor(4) as crowd:
        replies = list(crowd.map(lambda _: person.send("/share", **cookie), range(20)))
    assert {(r.status_code, r.headers["location"]) for r in replies} == {(303, "/share")}
    assert rows(house) == before + 1
    assert code_on(share(person)) == code_on(person.get("/share"))
    assert rows(house) == before + 1


def test_other_answers_get_a_code_of_their_own_and_the_old_one_stops(
    person: Visitor, nurse: Member
) -> None:
    old = code_on(share(person))
    person.answer("pain", "severe")
    assert code_on(share(person)) != old
    assert "#code" in take(nurse, old, 422).links


def test_a_nurse_types_it_and_its_person_is_told_who_has_it(
    house: House, person: Visitor, nurse: Member
) -> None:
    code = code_on(share(person))
    assert person.client.get("/share/news").status_code == 204
    page = take(nurse, f" {code[:4].lower()}-{code[4:]} ")
    assert page.url.startswith("/submissions/")
    assert "R-77" in nurse.get("/worklist").text
    share_page = person.get("/share")
    with house.store.reading_scope(nurse.clinic) as scope:
        known = submission_reads.find_submission(scope, page.url.removeprefix("/submissions/"))
    assert known.source == "share"
    assert known.reference in share_page.text
    assert "A nurse at Hill took it on" in share_page.text
    assert person.get("/share/news").h1 == share_page.h1 == ["A nurse has your answers"]
    assert take(nurse, code).url == page.url
    assert "submission_arrived" in house.actions()


def test_the_address_in_the_square_may_be_typed_by_a_scanner(
    person: Visitor, nurse: Member
) -> None:
    code = code_on(share(person))
    assert take(nurse, f"{SECURE}/shared#{code}").url.startswith("/submissions/")


def test_twenty_posts_of_the_nurses_form_are_one_submission(
    house: House, person: Visitor, nurse: Member
) -> None:
    code = code_on(share(person))
    nurse.sign_in()
    before = house.actions().count("submission_arrived")
    with ThreadPoolExecutor(4) as crowd:
        replies = list(
            crowd.map(lambda _: nurse.send("/shared", {"code": code, **NAMED}), range(20))
        )
    assert len({(r.status_code, r.headers["location"]) for r in replies}) == 1
    assert house.actions().count("submission_arrived") == before + 1


def test_a_code_that_does_not_work_keeps_what_was_typed(person: Visitor, nurse: Member) -> None:
    code = code_on(share(person))
    page = take(nurse, "2345 6789", 422)
    assert "#code" in page.links
    assert page.all("input", name="reference")[0]["value"] == "R-77"
    for wrong, field in (("reference", ""), ("name", ""), ("day", "tomorrow")):
        assert f"#{wrong}" in take(nurse, code, 422, **{wrong: field}).links
    assert take(nurse, code).url.startswith("/submissions/")


def test_a_shared_check_later_shows_what_was_decided(
    house: House, person: Visitor, nurse: Member
) -> None:
    id_ = take(nurse, code_on(share(person))).url.removeprefix("/submissions/")
    with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
        for kind, more in [("identify", KNOWN | WHO), ("agree", {}), ("close", TODAYS)]:
            after = worklist_rows.require_row(scope, id_, house.now).last_entry
            step = ReviewStep(kind, after, f"{kind}{id_}", **more)
            reviews.perform_step(scope, id_, step, house.app.state.context.policy.targets)
    page = person.get("/share")
    assert page.h1 == ["Your clinic has looked at your answers"]
    assert "You should be seen today." in page.text
    anew = person.post("/share", {"anew": "yes"})
    assert code_on(anew)


def test_an_emergency_is_told_to_call_first_on_every_page(person: Visitor, nurse: Member) -> None:
    person.client.cookies.clear()  # else it goes on with the answers that it has
    person.walk(EMERGENCY)
    result = person.get("/result")
    assert "First get help now" in result.text
    pages = [result, share(person)]
    take(nurse, code_on(pages[1]))
    pages.append(person.get("/share"))
    assert [page.level for page in pages] == ["emergency"] * 3
    assert "tel:999" in pages[1].links
    assert "A nurse should look" not in pages[2].text


def test_other_rules_are_asked_again_and_what_was_told_stays(house: House, nurse: Member) -> None:
    calm = Visitor(house.app, SECURE)
    calm.walk(CALM)
    code = code_on(share(calm))
    context = house.app.state.context
    newer = replace(context, rulebook=replace(context.rulebook, sha256="b" * 64))
    house.app.state.context = newer
    try:
        id_ = take(nurse, code).url.removeprefix("/submissions/")
    finally:
        house.app.state.context = context
    with house.store.reading_scope(nurse.clinic) as scope:
        first_version, today = submission_versions.list_versions(scope, id_)
    assert (first_version.rulebook_sha256, today.rulebook_sha256) == (
        context.rulebook.sha256,
        "b" * 64,
    )
    assert first_version.answers == today.answers == CALM


def test_a_share_needs_all_answers_and_answers_at_all(house: House) -> None:
    visitor = Visitor(house.app, SECURE)
    before = rows(house)
    visitor.start()
    assert visitor.post("/share").url == "/check/age"
    assert visitor.get("/share").url.startswith("/check/")
    assert rows(house) == before


def test_only_our_own_pages_may_make_a_code(house: House, person: Visitor) -> None:
    before = rows(house)
    person.post("/share", status=403, **{"Sec-Fetch-Site": "cross-site"})
    assert rows(house) == before


def test_the_pages_are_easy_to_read(person: Visitor, nurse: Member) -> None:
    pages = [share(person)]
    person.post("/share/back")
    pages.append(person.get("/share"))
    take(nurse, code_on(share(person)))
    pages.append(person.get("/share"))
    for page in pages:
        texts = Blocks(page.html).texts
        whole = [text for text in texts if text.endswith((".", "?", "!"))]
        assert flesch_kincaid_grade(whole) <= 6, (page.url, whole)
        assert coleman_liau_grade(whole) <= 8, (page.url, whole)
        assert max(len(split_words(sentence)) for sentence in split_sentences(texts)) <= 25, (
            page.url
        )
