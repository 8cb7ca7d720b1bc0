"""A nurse at work on one submission, from the invitation to the end: deciding, and two at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.presentation.review_words import (
    IDENTIFIER_WORDS,
    OUTCOMES,
    REASONS,
    problem_key,
)
from app.store import (
    closing_rules,
    level_changes,
    ownership,
    review_rules,
    submission_reads,
)
from app.store.db.patient_tables import REVIEW_KINDS
from tests.builders import rulebook
from tests.visitor import Visitor
from tests.web.desk import CALM, SECURE, TODAY, House, Member, Patient
from tests.web.handed_in import act, hidden, lowering, sent


@pytest.fixture
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


@pytest.fixture
def other(house: House) -> Member:
    return house.member("nurse", name="Lou Park")


# --- From the invitation to the end ---


def test_a_patient_is_invited_answers_and_is_reviewed(house: House, nurse: Member) -> None:
    page = nurse.get("/invitations")
    fields = {"key": page.all("input", name="key")[0]["value"], "reference": "A 17", "name": "Jo"}
    page = nurse.post("/invitations", fields | {"day": "2027-01-20", "kind": "Dr Hill"})
    link = re.search(r"https://testserver(/i/\S+)", page.text)[1]
    code = re.search(r"\b([2-9A-Z]{4} [2-9A-Z]{4})\b", page.text)[1]
    patient = Visitor(house.app, SECURE)
    assert patient.post("/i", {"code": code}).url == link
    Patient.answer_all(_with_link(patient, link), TODAY)
    patient.post("/send")
    page = nurse.get("/worklist")
    assert page.all("span", **{"data-level": "same_day"})
    assert "A 17" in page.text
    address = next(a for a in page.links if a.startswith("/submissions/"))
    page = nurse.get(address)
    assert "Bring forward" in page.text
    page = act(nurse, address, "agree")
    assert "Kim Lee: agreed with the level." in page.text
    page = act(nurse, address, "identify", outcome="same_person", which=["full_name", "number"])
    page = act(nurse, address, "close", outcome="seen_today")
    assert "This is done" in page.text
    assert "A 17" not in nurse.get("/worklist").text
    assert "A 17" in nurse.get("/worklist/done").text
    assert patient.get(link).h1 == ["Your clinic has looked at your answers"]
    recorded_actions = [
        a for a in house.actions() if a.startswith(("patient", "submission", "review"))
    ]
    assert recorded_actions[-1] == "submission_viewed"
    assert {"patient_invited", "submission_arrived", "review_claim", "review_close"} <= set(
        recorded_actions
    )


def _with_link(visitor: Visitor, link: str) -> Patient:
    # The same browser, now with the link that was sent to it: no second one is made.
    visitor.link = link  # type: ignore[attr-defined]
    visitor.__class__ = Patient
    return visitor  # type: ignore[return-value]


# --- One submission ---


def test_looking_is_noted_and_the_patient_learns_of_it(house: House, nurse: Member) -> None:
    address, patient = sent(house, nurse, CALM)
    before = house.actions().count("submission_viewed")
    page = nurse.get(address)
    assert house.actions().count("submission_viewed") == before + 1
    assert "A nurse looked at them on" in patient.get(patient.link).text
    assert "Not seen yet" not in page.text


def test_it_shows_why_what_to_ask_and_every_answer(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse, TODAY | {"pain": frozenset({"not_sure"})})
    page = nurse.get(address)
    words = house.app.state.context.page_wording
    assert words.questions["skin"].options["pus"] in page.text
    assert "To ask on the phone" in page.text
    assert "Today" in page.text
    rows = [found for found in page.all("div") if "summary-list__row" in found.get("class", "")]
    assert len(rows) == len(TODAY)


def test_what_was_answered_again_is_shown_beside_what_was_before(
    house: House, nurse: Member
) -> None:
    address, patient = sent(house, nurse, CALM)
    patient.post(patient.link, {"about": "me"})
    patient.answer("skin", *TODAY["skin"])
    patient.send_all_again()
    page = nurse.get(address)
    assert "Before:" in page.text
    assert "Came back worse" in page.text or "Answered again" in page.text


def test_what_someone_has_taken_others_only_read(
    house: House, nurse: Member, other: Member
) -> None:
    address, _ = sent(house, nurse)
    assert "Taken: Kim Lee" in act(nurse, address, "claim").text
    page = other.get(address)
    assert "Kim Lee has taken this" in page.text
    assert [f["action"] for f in page.all("form")] == ["/sign-out", f"{address}/take-over"]
    refused = other.post(f"{address}/agree", {"after": "1", "key": "k"}, 422)
    assert "Someone else has taken this" in refused.text


def test_the_second_of_two_is_told_who_was_first_and_keeps_the_words(
    house: House, nurse: Member, other: Member
) -> None:
    address, _ = sent(house, nurse)
    opened = hidden(other.get(address), f"{address}/note")
    act(nurse, address, "claim")
    act(nurse, address, "release")
    page = other.post(f"{address}/note", opened | {"words": "She rang us."}, 422)
    assert "Kim Lee did something here first" in page.text
    assert "She rang us." in page.text
    again = hidden(page, f"{address}/note") | {"words": "She rang us."}
    assert "“She rang us.”" in other.post(f"{address}/note", again).text


def test_lowering_stops_names_the_sign_and_needs_a_second_person(
    house: House, nurse: Member, other: Member
) -> None:
    address, _ = sent(house, nurse)
    assert nurse.get(f"{address}/lower").h1 == ["Stop. You are about to lower the level"]
    whole = lowering(nurse, address)
    for left_out in whole:
        some = {k: v for k, v in whole.items() if k != left_out}
        assert "#lower" in act(nurse, address, "lower", 422, **some).links
    page = act(nurse, address, "lower", **whole)
    assert "A second person has to agree" in page.text
    mine = nurse.post(f"{address}/second", {"after": "2", "key": "k", "answer": "yes"}, 422)
    assert "A second person has to say this" in mine.text
    assert "Someone looked at it in person" in other.get(address).text
    page = act(other, address, "second", answer="yes")
    assert page.all("span", **{"data-level": "routine"})


def test_a_second_person_can_say_no(house: House, nurse: Member, other: Member) -> None:
    address, _ = sent(house, nurse)
    act(nurse, address, "lower", **lowering(nurse, address))
    page = act(other, address, "second", answer="no")
    assert page.all("span", **{"data-level": "same_day"})


def test_handing_over_calling_raising_and_letting_go(
    house: House, nurse: Member, other: Member
) -> None:
    address, patient = sent(house, nurse)
    act(nurse, address, "call", outcome="no_answer", words="Rang twice.\n\x00Again <b>")
    page = act(nurse, address, "raise", reason="told")
    assert page.all("span", **{"data-level": "emergency"})
    assert "No answer. “Rang twice. Again <b>”" in page.text
    assert patient.get(patient.link).level == "emergency"
    page = act(nurse, address, "hand-over", to_staff=other.id)
    assert "Taken: Kim Lee" in page.text
    assert "asked to hand it over to Lou Park." in page.text
    assert "Kim Lee asks you to take this" in other.get(address).text
    assert "Taken: Lou Park" in act(other, address, "hand-accept").text
    assert "Taken: Lou Park" in act(other, address, "call", outcome="answered").text
    assert "New" in act(other, address, "release").text


@pytest.mark.parametrize(
    ("step", "fields", "words"),
    [
        ("note", {"words": "  "}, "Type what you want to note"),
        ("call", {}, "Choose what came of it"),
        ("close", {"outcome": "seen_today"}, "First agree, raise or lower"),
        ("hand-over", {"to_staff": "nobody"}, "Choose someone who can review"),
    ],
)
def test_a_step_that_lacks_something_says_what(
    house: House, nurse: Member, step: str, fields: dict[str, str], words: str
) -> None:
    address, _ = sent(house, nurse)
    act(nurse, address, "claim")
    assert words in act(nurse, address, step, 422, **fields).text


def test_one_form_sent_twenty_times_counts_once(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse)
    fields = hidden(nurse.get(address), f"{address}/agree")
    for _ in range(20):
        nurse.post(f"{address}/agree", fields)
    with house.store.reading_scope(nurse.clinic) as scope:
        entries = submission_reads.list_actions(scope, address.rpartition("/")[2])
    assert [entry.kind for entry in entries] == ["claim", "agree"]


def test_every_problem_of_a_step_has_its_words() -> None:
    rules = (review_rules, closing_rules, level_changes, ownership)
    problems = "\n".join(Path(rule.__file__).read_text("utf-8") for rule in rules)
    problem_ids = set(re.findall(r'(?:return|else) "([a-z_]+)"', problems))
    problem_ids |= set(re.findall(r'return "([a-z_]+)" if', problems))
    pages = rulebook().wording["en"].pages
    keys = {problem_key(problem) for problem in {*problem_ids, "first"} - {"kind"}}
    assert keys == {key for key in pages if key.startswith(problem_key("first")[:-5])}
    assert tuple(review_rules.STEPS) == REVIEW_KINDS
    keys = {f"review.{kind}.done" for kind in review_rules.STEPS} | set(IDENTIFIER_WORDS.values())
    assert keys | {*OUTCOMES.values(), *REASONS.values()} <= set(pages)
