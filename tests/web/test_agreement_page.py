"""The agreement page: what it counts and hides, when it warns, and the cases that it gives out."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.exc import OperationalError

from app.assurance.mutation.pinned import load_worked_cases
from app.store import agreement, reviews, submission_reads, submission_versions
from app.store.agreement import DecisionCounts
from app.store.db.patient_tables import Tally, WorklistRow
from app.store.review_steps import ReviewStep
from app.triage.terms import Urgency
from app.web.patients import clinic_presence
from tests.builders import RULES, rulebook
from tests.visitor import Visitor
from tests.web.desk import CALM, SECURE, TODAY, House, Member, Patient

NAMES = {"reference": "Xylophone 77", "name": "Quillfeather"}


@pytest.fixture
def clinic(request: pytest.FixtureRequest) -> str:
    """A clinic of its own for each test, since pages count all of it."""
    return request.node.name[:40]


@pytest.fixture
def lead(house: House, clinic: str) -> Member:
    return house.member("lead", clinic=clinic, name="Ada Hill")


def sent(house: House, lead: Member, given=TODAY, **more: object) -> str:
    patient = Patient(house, lead, **more)
    patient.send_all(given)
    with house.store.reading_scope(lead.clinic) as scope:
        return submission_reads.find_invitation_receipt(
            scope, patient.invitation, house.now
        ).submission


def decide(house: House, lead: Member, submission: str, kind: str, **more: Any) -> None:
    with house.store.writing_scope(lead.clinic, house.now, lead.id) as scope:
        row = scope.find_one(WorklistRow, submission_id=submission)
        assert row is not None
        step = ReviewStep(kind, row.last_entry, f"{submission}{kind}", **more)
        reviews.perform_step(scope, submission, step, house.app.state.context.policy.targets)


def lowered(house: House, lead: Member, **more: object) -> str:
    submission = sent(house, lead, **more)
    with house.store.reading_scope(lead.clinic) as scope:
        found = submission_versions.list_versions(scope, submission)[0].body["findings"]
    rules = tuple(rule for rule, *_ in found)
    how = {"reason": "misread", "rules": rules, "words": "Canary wording"}
    decide(house, lead, submission, "lower", level=Urgency.routine, **how)
    return submission


def test_the_page_tells_decisions_reasons_and_times(house: House, lead: Member) -> None:
    assert "Nobody has decided anything yet" in lead.get("/agreement").text
    decide(house, lead, sent(house, lead), "agree")
    lowered(house, lead)
    page = lead.get("/agreement")
    assert "Decisions: 2. In 1 of them the nurse agreed" in page.text
    assert "The question was not understood" in page.text
    assert "2 of 2" in page.text
    assert "Almost nobody disagrees" not in page.text
    assert "Is this rule wrong?" not in page.text


def test_rules_that_are_often_set_aside_are_pointed_out(
    house: House, lead: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"U1": DecisionCounts(20, 0, 5), "U2": DecisionCounts(21, 0, 5)}
    monkeypatch.setattr(agreement, "count_by_rule", lambda _: counts)
    decide(house, lead, sent(house, lead), "agree")
    assert lead.get("/agreement").text.count("Is this rule wrong?") == 1


def test_almost_complete_agreement_asks_for_a_look(
    lead: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "count_by_nurse", lambda _: {lead.id: DecisionCounts(199, 0, 1)})
    assert "Almost nobody disagrees" in lead.get("/agreement").text
    monkeypatch.setattr(agreement, "count_by_nurse", lambda _: {lead.id: DecisionCounts(196, 0, 4)})
    assert "Almost nobody disagrees" not in lead.get("/agreement").text


# --- Cases ---


def test_a_disagreement_becomes_a_case_that_the_loader_reads(
    house: House, lead: Member, tmp_path: Path
) -> None:
    submission = lowered(house, lead, **NAMES)
    decide(house, lead, sent(house, lead, CALM, **NAMES), "raise", reason="seen")
    decide(house, lead, sent(house, lead), "agree")
    links = [a for a in lead.get("/agreement").links if a.startswith("/agreement/cases/")]
    assert len(links) == 2
    whole = lead.client.get("/agreement/cases.yaml")
    assert whole.headers["content-disposition"] == 'attachment; filename="cases.yaml"'
    folder = tmp_path / "cases" / "worked"
    folder.mkdir(parents=True)
    shutil.copy(RULES / "cases" / "worked" / "default.yaml", folder)
    (folder / "from_a_clinic.yaml").write_text(whole.text, "utf-8")
    read = {case.urgency: case for case in load_worked_cases(rulebook(), tmp_path)}
    with house.store.reading_scope(lead.clinic) as scope:
        answers = submission_versions.list_versions(scope, submission)[0].answers
    assert dict(read["routine"].answers) == answers
    assert set(read) == {"routine", "soon"}
    each = [yaml.safe_load(lead.client.get(link).text)[0] for link in links]
    assert sorted(each, key=str) == sorted(yaml.safe_load(whole.text), key=str)
    assert (
        house.actions(next(n for n, i in house.clinics.items() if i == lead.clinic))[-3:]
        == ["cases_taken"] * 3
    )


def test_a_case_holds_answers_and_nothing_that_leads_to_a_person(
    house: House, lead: Member
) -> None:
    submission = lowered(house, lead, **NAMES)
    text = lead.client.get("/agreement/cases.yaml").text
    (case,) = yaml.safe_load(text)
    assert set(case) == {"id", "about", "answers", "urgency"}
    assert set(case["answers"]) <= {question.id for question in rulebook().questionnaire}
    about = "The rules gave same_day; a nurse lowered it to routine, because: misread."
    assert case["about"] == about
    year = str(house.now.year)
    for trace in (*NAMES.values(), submission, lead.id, lead.clinic, "Ada", "Canary", year):
        assert trace not in text
    again = yaml.safe_load(lead.client.get("/agreement/cases.yaml").text)
    assert again[0]["id"] == case["id"]


def test_a_disagreement_of_another_clinic_is_not_found(house: House, lead: Member) -> None:
    lowered(house, lead)
    (link,) = [a for a in lead.get("/agreement").links if a.startswith("/agreement/cases/")]
    other = house.member("lead", clinic="Dale")
    theirs, none = other.client.get(link), other.client.get("/agreement/cases/nobody")
    assert (theirs.status_code, none.status_code) == (404, 404)


def test_a_clinic_without_disagreements_gives_an_empty_file(lead: Member) -> None:
    assert yaml.safe_load(lead.client.get("/agreement/cases.yaml").text) == []


# --- Where people stop ---


def test_an_invited_person_is_counted_once_a_question_and_by_the_day_alone(
    house: House, lead: Member
) -> None:
    patient = Patient(house, lead)
    patient.post(patient.link, {"about": "me"})
    patient.answer("age", "adult")
    patient.answer("age", "adult")
    patient.get("/check/breath")
    house.app.state.drop_off.write_counts(house.store, house.now)
    with house.store.reading_scope(lead.clinic) as scope:
        kept = {row.subject: (row.day, row.number) for row in scope.find_all(Tally)}
    today = house.now.date()
    assert kept == {"answered:age": (today, 1), "reached:breath": (today, 1)}
    patient.answer_all(CALM, begin=False)
    house.app.state.drop_off.write_counts(house.store, house.now)
    with house.store.reading_scope(lead.clinic) as scope:
        sums = agreement.sum_tallies(scope, today)
    assert sums["reached:end"] == 1
    assert set(sums.values()) == {1}
    answered = {name.partition(":")[2] for name in sums if name.startswith("answered")}
    assert answered == {q for q in CALM if q in answered} != set()


def test_a_self_check_without_an_invitation_counts_nothing(house: House) -> None:
    def everything() -> int:
        return sum(scope_count(house, clinic) for clinic in house.store.list_clinic_ids())

    before = everything()
    Visitor(house.app).walk(CALM)
    Visitor(house.app, SECURE).walk(TODAY)
    assert everything() == before


def scope_count(house: House, clinic: str) -> int:
    with house.store.reading_scope(clinic) as scope:
        return sum(row.number for row in scope.find_all(Tally))


def test_a_count_that_cannot_be_written_waits_for_the_next_time(
    house: House, lead: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("locked", {}, Exception())

    patient, counts = Patient(house, lead), house.app.state.drop_off
    counts.write_counts(house.store, house.now)
    before = scope_count(house, lead.clinic)
    patient.post(patient.link, {"about": "me"})
    with monkeypatch.context() as patch:
        patch.setattr(clinic_presence, "_write_tallies", fail)
        patient.answer("age", "adult")
        counts.write_counts(house.store, house.now)
        patient.answer("breath", "none")
        counts.write_counts(house.store, house.now)
    assert scope_count(house, lead.clinic) == before
    counts.write_counts(house.store, house.now)
    assert scope_count(house, lead.clinic) == before + 4
    counts.write_counts(house.store, house.now)
    assert scope_count(house, lead.clinic) == before + 4


def test_counts_of_a_clinic_that_is_gone_keep_nobody_elses_back(house: House, lead: Member) -> None:
    counts = house.app.state.drop_off
    before = scope_count(house, lead.clinic)
    counts.add_counts("nowhere", "answered:age")
    counts.add_counts(lead.clinic, "answered:age")
    counts.write_counts(house.store, house.now)
    assert scope_count(house, lead.clinic) == before + 1


def test_groups_under_ten_are_hidden(house: House, lead: Member) -> None:
    with house.store.writing_scope(lead.clinic, house.now, "kim") as scope:
        for _ in range(9):
            agreement.add_tallies(scope, house.now.date(), "answered:age", "reached:breath")
    page = lead.get("/agreement")
    assert page.text.count("Under 10") == 2
    with house.store.writing_scope(lead.clinic, house.now, "kim") as scope:
        agreement.add_tallies(
            scope, house.now.date(), "answered:age", "reached:breath", "answered:breath"
        )
    text = lead.get("/agreement").text
    assert "Under 10" not in text
    assert " 10 9 " in text
    old = house.now.date() - timedelta(days=100)
    with house.store.writing_scope(lead.clinic, house.now, "kim") as scope:
        agreement.add_tallies(scope, old, *["reached:breath"] * 50)
    assert " 10 9 " in lead.get("/agreement").text
