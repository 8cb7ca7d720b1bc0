"""An invited person: the link, the questions, handing over, and what became of it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from app.assurance.readability import (
    coleman_liau_grade,
    flesch_kincaid_grade,
    split_sentences,
    split_words,
)
from app.presentation.dates import describe_opening_hours
from app.store import (
    invitations,
    reviews,
    submission_reads,
    submission_versions,
    worklist,
    worklist_rows,
)
from app.store.review_details import MovedVisit
from app.store.review_steps import DISPOSITIONS, ReviewStep
from app.web.journey import MOST_BYTES, Journey, seal_journey
from tests.builders import rulebook
from tests.store.patients import KNOWN
from tests.visitor import Page, Visitor
from tests.web.desk import CALM, EMERGENCY, SECURE, TODAY, House, Member, Patient
from tests.web.test_every_page import Blocks


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse")


@pytest.fixture
def patient(house: House, nurse: Member) -> Patient:
    return Patient(house, nurse, appointment_on=date(2027, 2, 1))


def arrived(house: House, nurse: Member, patient: Patient) -> submission_reads.SubmissionReceipt:
    with house.store.reading_scope(nurse.clinic) as scope:
        return submission_reads.find_invitation_receipt(scope, patient.invitation, house.now)


def step(house: House, nurse: Member, patient: Patient, kind: str, **more: Any) -> None:
    sent = arrived(house, nurse, patient).submission
    with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
        after = worklist_rows.require_row(scope, sent, house.now).last_entry
        whole = ReviewStep(kind, after, f"{kind}{after}{sent}", **more)
        reviews.perform_step(scope, sent, whole, house.app.state.context.policy.targets)


def bare(page: Page) -> str:
    return re.sub(r'nonce="[^"]+"', "", page.html)


def test_looking_fifty_times_uses_nothing_up_and_writes_nothing(
    house: House, patient: Patient
) -> None:
    before = house.actions()
    pages = {bare(patient.get(patient.link)) for _ in range(50)}
    assert len(pages) == 1
    assert house.actions() == before
    page = patient.get(patient.link)
    assert "Hill asks you" in page.text
    assert "Monday 1 February 2027" in page.text
    assert patient.invitation not in page.html
    assert page.level == "emergency"


def test_from_the_link_to_what_was_sent(house: House, nurse: Member, patient: Patient) -> None:
    result = patient.answer_all(TODAY)
    assert result.level == "same_day"
    assert "Send to the clinic" in result.text
    assert "submission_arrived" not in house.actions()[-1:]
    page = patient.post("/send")
    submission_receipt = arrived(house, nurse, patient)
    assert page.url == patient.link
    assert submission_receipt.reference in page.text
    assert "A nurse should look at them by" in page.text
    assert "Nobody watches this page all the time" in page.text
    assert {"tel:999", "tel:111"} <= set(page.links)
    with house.store.reading_scope(nurse.clinic) as scope:
        (version,) = submission_versions.list_versions(scope, submission_receipt.submission)
        lines = worklist.list_worklist_page(scope, house.now, nurse.id)
    assert version.answers == TODAY
    assert lines[0].payload["appointment_on"] == "2027-02-01"


def test_a_result_that_was_sent_says_so_and_offers_it_again_only_with_other_answers(
    patient: Patient,
) -> None:
    """D35."""
    patient.send_all(CALM)
    page = patient.get("/result")
    assert "Your clinic has this" in page.text
    assert page.all("form", action="/send") == []
    assert patient.link in page.links
    patient.post("/answers/change", {"change": ["grown"]})
    page = patient.get("/result")
    assert page.all("form", action="/send")
    assert "Your clinic has this" not in page.text


def test_a_self_check_without_an_invitation_is_sent_nowhere(house: House) -> None:
    visitor = Visitor(house.app, SECURE)
    visitor.walk(TODAY)
    assert "Send to the clinic" not in visitor.get("/result").text
    before = house.actions()
    assert visitor.post("/send").url == "/result"
    assert house.actions() == before


def test_nothing_is_sent_before_all_is_answered(patient: Patient) -> None:
    patient.post(patient.link, {"about": "me"})
    assert patient.post("/send").url == "/check/age"


def test_an_emergency_is_told_to_call_and_never_that_a_nurse_will_look(
    house: House, nurse: Member, patient: Patient
) -> None:
    result = patient.answer_all(EMERGENCY)
    assert "First get help now" in result.text
    for _ in range(2):
        page = patient.post("/send")
        assert page.level == "emergency"
        assert page.h1[0].startswith("Get help now")
        assert "A nurse should look" not in page.text
        with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
            sent = arrived(house, nurse, patient).submission
            reviews.record_view(scope, sent, "")
    assert "A nurse looked" not in patient.get(patient.link).text


def test_what_a_nurse_raised_to_an_emergency_says_so_too(
    house: House, nurse: Member, patient: Patient
) -> None:
    patient.send_all(TODAY)
    step(house, nurse, patient, "raise", reason="told")
    assert patient.get(patient.link).level == "emergency"
    assert patient.get(patient.link).h1[0].startswith("Get help now")


def test_the_same_link_later_shows_what_became_of_it(
    house: House, nurse: Member, patient: Patient
) -> None:
    patient.send_all(CALM)
    sent = arrived(house, nurse, patient).submission
    house.clock.seconds += 3600
    with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
        reviews.record_view(scope, sent, "")
    other_phone = Visitor(house.app, SECURE)
    assert "A nurse looked at them on 15 January 2027, " in other_phone.get(patient.link).text
    step(house, nurse, patient, "agree")
    step(house, nurse, patient, "identify", **KNOWN)
    step(house, nurse, patient, "close", outcome="appointment_kept")
    page = other_phone.get(patient.link)
    assert page.h1 == ["Your clinic has looked at your answers"]
    assert "Your visit stays as it is." in page.text
    assert page.level == "routine"
    assert "Get help sooner if" in page.text
    assert "Kim Lee" not in page.text


def test_the_page_says_what_was_sent_and_when_a_nurse_looks(patient: Patient) -> None:
    page = patient.send_all(TODAY)
    assert "What was sent" in page.text
    given = [found for found in page.all("dt") if "nhsuk-summary-list__key" in found["class"]]
    assert len(given) == len(TODAY)
    assert "Pus" in page.text
    assert not [link for link in page.links if link.startswith("/check/")]
    assert "Monday to Friday, 09:00 to 17:00" in page.text


def test_a_visit_that_may_be_too_late_is_told_with_a_time_to_call(
    house: House, nurse: Member, patient: Patient
) -> None:
    page = patient.send_all(TODAY)
    found = re.search(r"your visit may be too late. If you hear nothing by (.+?), call", page.text)
    assert found
    assert f"look at them by {found[1]}." in page.text
    house.clock.seconds = arrived(house, nurse, patient).due_at.timestamp()
    late = patient.get(patient.link).text
    assert "your visit may be too late. If nobody spoke to you about it, call" in late
    assert found[1] not in late
    nurse.sign_in()
    for given in (CALM, EMERGENCY):  # one can wait for the visit, the other must not wait at all
        someone = Patient(house, nurse, appointment_on=date(2027, 6, 1))
        assert "too late" not in someone.send_all(given).text
    step(house, nurse, patient, "identify", **KNOWN)
    step(house, nurse, patient, "agree")
    step(house, nurse, patient, "close", outcome="seen_today")
    done = patient.get(patient.link).text
    assert "too late" not in done
    assert "You should be seen today." in done


@pytest.mark.parametrize("outcome", DISPOSITIONS)
def test_every_outcome_is_told_in_plain_words(
    house: House, nurse: Member, patient: Patient, outcome: str
) -> None:
    patient.send_all(CALM)
    step(house, nurse, patient, "identify", **KNOWN)
    step(house, nurse, patient, "agree")
    if outcome == "not_reached":
        for _ in range(3):
            step(house, nurse, patient, "call", outcome="no_answer")
    moved = outcome == "brought_forward"
    more = {"visit": MovedVisit(date(2027, 1, 20))} if moved else {}
    step(house, nurse, patient, "close", outcome=outcome, **more)
    page, said = patient.get(patient.link), "moved" if moved else outcome
    words = house.app.state.context.page_wording.pages[f"handed.decided.{said}"]
    assert words.partition("{")[0] in page.text
    assert page.level == ("emergency" if outcome == "emergency_service" else "routine")


def test_the_level_that_a_nurse_decided_is_the_one_that_is_told(
    house: House, nurse: Member, patient: Patient
) -> None:
    patient.send_all(CALM)
    step(house, nurse, patient, "identify", **KNOWN)
    step(house, nurse, patient, "raise", reason="told")
    step(house, nurse, patient, "close", outcome="appointment_kept")
    assert patient.get(patient.link).level == "soon"


def test_an_emergency_that_was_closed_still_says_to_call(
    house: House, nurse: Member, patient: Patient
) -> None:
    patient.send_all(EMERGENCY)
    step(house, nurse, patient, "identify", **KNOWN)
    step(house, nurse, patient, "agree")
    step(house, nurse, patient, "close", outcome="emergency_service")
    page = patient.get(patient.link)
    assert page.level == "emergency"
    assert page.h1[0].startswith("Get help now")


@pytest.mark.parametrize(
    ("week", "lines"),
    [
        ([[["09:00", "17:00"]]] * 5 + [[], []], ["Monday to Friday, 09:00 to 17:00"]),
        ([[]] * 7, []),
        (
            [[["08:00", "12:00"], ["13:00", "17:00"]], [], *[[["09:00", "12:00"]]] * 5],
            ["Monday, 08:00 to 12:00 and 13:00 to 17:00", "Wednesday to Sunday, 09:00 to 12:00"],
        ),
    ],
)
def test_opening_hours_are_said_in_few_words(week: list[object], lines: list[str]) -> None:
    assert describe_opening_hours(week, rulebook().wording["en"]) == lines


def test_who_waits_too_long_is_told_to_call(house: House, nurse: Member, patient: Patient) -> None:
    patient.send_all(CALM)
    due = arrived(house, nurse, patient).due_at
    house.clock.seconds = due.timestamp()
    assert "Nobody has looked at them yet." in patient.get(patient.link).text


def test_twenty_taps_on_send_are_one(house: House, nurse: Member, patient: Patient) -> None:
    patient.answer_all(TODAY)
    pages = {bare(patient.post("/send")) for _ in range(20)}
    assert len(pages) == 1
    with house.store.reading_scope(nurse.clinic) as scope:
        sent = arrived(house, nurse, patient).submission
        assert len(submission_versions.list_versions(scope, sent)) == 1


def test_what_changed_is_sent_again_and_moves_up(
    house: House, nurse: Member, patient: Patient
) -> None:
    patient.send_all(CALM)
    page = patient.post("/changed", {"region": "uk"})
    while page.url.startswith("/changed/"):
        question = page.url.removeprefix("/changed/")
        page = patient.post(page.url, {question: sorted(TODAY.get(question, CALM[question]))})
    while page.url.startswith("/check/"):
        question = page.url.removeprefix("/check/")
        page = patient.answer(question, *TODAY[question])
    assert patient.get("/result").level == "same_day"
    patient.post("/send")
    assert arrived(house, nurse, patient).urgency.name == "same_day"


def test_another_phone_with_the_link_begins_anew(house: House, patient: Patient) -> None:
    patient.answer_all(TODAY)
    other = Visitor(house.app, SECURE)
    assert other.post(patient.link, {"about": "child"}).url == "/check/age"
    assert other.get("/check/age").ticked == set()
    assert patient.post(patient.link, {"about": "me"}).url == "/answers"


def test_the_same_link_for_someone_else_starts_afresh_and_says_so(patient: Patient) -> None:
    patient.post(patient.link, {"about": "child"})
    patient.answer("age", "child")
    assert "child" in patient.get(patient.link).ticked, "nobody is changed by going on"
    page = patient.post(patient.link, {"about": "me"})
    assert page.url == "/check/age"
    assert not page.ticked
    assert "we start afresh" in page.text


def test_answers_of_someone_else_in_this_browser_are_dropped(patient: Patient) -> None:
    patient.walk(TODAY)
    assert patient.post(patient.link, {"about": "me"}).url == "/check/age"
    assert patient.get("/check/age").ticked == set()


def test_a_code_leads_to_where_the_link_leads(house: House, patient: Patient) -> None:
    page = Visitor(house.app, SECURE).post("/i", {"code": patient.code.lower()})
    assert page.url == patient.link


def test_a_wrong_code_says_so_and_cannot_be_guessed(house: House) -> None:
    stranger = Visitor(house.app, SECURE)
    house.clock.seconds += 3600
    assert "#code" in stranger.post("/i", {"code": "23456789"}, 422).links
    tried = [stranger.send("/i", {"code": "23456789"}).status_code for _ in range(20)]
    assert tried == [422] * 19 + [429]
    house.clock.seconds += 3600


def test_a_link_that_ended_was_taken_back_or_never_was_gives_one_page(
    house: House, nurse: Member
) -> None:
    ended, revoked = Patient(house, nurse), Patient(house, nurse)
    house.clock.seconds += timedelta(days=14).total_seconds()
    nurse.sign_in()
    with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
        invitations.revoke_invitation(scope, revoked.invitation)
    stranger = Visitor(house.app, SECURE)
    unknown = f"/i/{nurse.clinic}.{'0' * 64}"
    pages = [stranger.get(at, 404) for at in (ended.link, revoked.link, unknown, "/i/x")]
    pages.append(stranger.post(ended.link, {"about": "me"}, 404))
    assert len({bare(page) for page in pages}) == 1
    assert pages[0].level == "emergency"


def test_what_cannot_be_sent_leaves_the_result_to_read(
    house: House, nurse: Member, patient: Patient
) -> None:
    patient.answer_all(TODAY)
    with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
        invitations.revoke_invitation(scope, patient.invitation)
    page = patient.post("/send", status=404)
    assert page.h1 == ["We could not send it"]
    assert patient.get("/result").level == "same_day"


def test_only_our_own_pages_may_send(patient: Patient, house: House) -> None:
    patient.answer_all(TODAY)
    before = house.actions()
    patient.post("/send", status=403, **{"Sec-Fetch-Site": "cross-site"})
    assert house.actions() == before


def test_without_https_no_link_is_opened(house: House, patient: Patient) -> None:
    assert Visitor(house.app).get(patient.link, 403).h1 == ["This page needs a secure connection"]


def test_every_option_and_an_invitation_fit_into_one_cookie(house: House) -> None:
    book = house.app.state.context.rulebook
    every = {question.id: frozenset(question.option_ids) for question in book.questionnaire}
    token = f"{'x' * 8}.{'0123456789abcdef' * 4}"
    journey = Journey("international", 1, every, earlier=every, invitation=token)
    assert len(seal_journey(house.app.state.context.keys, journey)) < MOST_BYTES


def test_the_pages_of_invited_people_are_easy_to_read(
    house: House, nurse: Member, patient: Patient
) -> None:
    pages = [patient.get("/i"), patient.get("/i/x", 404), patient.get(patient.link)]
    for given, end in ((TODAY, "seen_today"), (EMERGENCY, "emergency_service")):
        someone = Patient(house, nurse)
        pages += [someone.answer_all(given), someone.post("/send")]
        step(house, nurse, someone, "agree")
        step(house, nurse, someone, "identify", **KNOWN)
        step(house, nurse, someone, "close", outcome=end)
        pages.append(someone.get(someone.link))
    for page in pages:
        if page.url == "/result":
            continue  # read elsewhere; here it only gains a section
        texts = Blocks(page.html).texts
        whole = [text for text in texts if text.endswith((".", "?", "!"))]
        assert flesch_kincaid_grade(whole) <= 6, (page.url, whole)
        assert coleman_liau_grade(whole) <= 8, (page.url, whole)
        assert max(len(split_words(sentence)) for sentence in split_sentences(texts)) <= 25, (
            page.url
        )
