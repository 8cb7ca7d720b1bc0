"""What a nurse adds: kept beside the patient's own, and it never lowers a level by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from app.store import (
    people,
    submission_reads,
    submission_versions,
    submissions,
    worklist,
    worklist_rows,
)
from app.store.db import record_keys
from app.store.db.patient_tables import Person
from app.store.db.scope import Store
from app.store.reviews import StepNotAllowed
from app.store.submissions import AnswersChanged
from app.store.worklist_rows import NoSuchSubmission
from app.triage.terms import Urgency
from tests.builders import SOAK
from tests.store.kim import actions, times_rung
from tests.store.patients import BY_LEVEL, KNOWN, MONDAY, TARGETS, Work, handed

LABS = {"phosphate": {"value": "2.1", "unit": "mmol/L", "on": "2026-03-01"}}


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


@pytest.fixture
def sent(work: Work) -> str:
    return work.send("soon").submission


def add(work: Work, submission: str, level: str, who: str = "kim", **more: object) -> bool:
    """Findings of this level, on top of what there is."""
    now = MONDAY + timedelta(minutes=5)
    with work.store.writing_scope("c1", now, who) as scope:
        seen = worklist_rows.require_row(scope, submission, now).last_version
        whole = {"seen": seen, "key": f"{who}:{next(work.numbers)}"} | more
        found = replace(handed(level), labs=LABS)
        return submissions.save_corrections(scope, submission, found, TARGETS, **whole)


def level(work: Work, submission: str) -> Urgency:
    return worklist_rows.rank_to_level(work.row(submission).rank)


def line_payload(work: Work, submission: str) -> dict[str, object]:
    with work.store.reading_scope("c1") as scope:
        return worklist.find_listed_submission(scope, submission).payload


def test_findings_stand_beside_the_first_answers_with_their_author(work: Work, sent: str) -> None:
    add(work, sent, "same_day")
    with work.store.reading_scope("c1") as scope:
        first, second = submission_versions.list_versions(scope, sent)
    assert (first.kind, first.answers, first.lab_results) == ("first", BY_LEVEL["soon"], {})
    assert (second.kind, second.author, second.lab_results) == ("nurse", "kim", LABS)
    assert second.answers == BY_LEVEL["same_day"]
    assert "findings_added" in actions(work.store)


def test_a_worse_finding_moves_it_up_and_rings(work: Work, sent: str) -> None:
    with work.store.reading_scope("c1") as scope:
        before = times_rung(scope)
    assert add(work, sent, "emergency") is True
    assert level(work, sent) is Urgency.emergency
    assert work.row(sent).due_at == MONDAY + timedelta(minutes=5 + TARGETS[Urgency.emergency])
    with work.store.reading_scope("c1") as scope:
        assert times_rung(scope) > before


def test_a_lower_finding_is_kept_and_moves_nothing(work: Work, sent: str) -> None:
    due, line = work.row(sent).due_at, line_payload(work, sent)
    assert add(work, sent, "routine") is False
    assert (level(work, sent), work.row(sent).due_at) == (Urgency.soon, due)
    assert line_payload(work, sent) == {**line, "found": 1}


def test_what_a_nurse_found_takes_nothing_back_from_the_patient(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "emergency").submission
    add(work, sent, "routine")
    with work.store.reading_scope("c1") as scope:
        arrived = submission_reads.find_invitation_receipt(scope, invitation, MONDAY)
    assert (arrived.result, arrived.urgency) == (Urgency.emergency, Urgency.emergency)
    work.hand_in(invitation, "emergency")  # the same answers, once more
    with work.store.reading_scope("c1") as scope:
        assert [v.kind for v in submission_versions.list_versions(scope, sent)] == [
            "first",
            "nurse",
        ]


def test_what_is_nobodys_is_taken_first_and_others_only_read(work: Work, sent: str) -> None:
    add(work, sent, "soon")
    assert (work.row(sent).owner_id, work.row(sent).state) == ("kim", "claimed")
    for who, problem in (("lee", "owned"), ("aud", "role")):
        with pytest.raises(StepNotAllowed) as refused:
            add(work, sent, "same_day", who)
        assert refused.value.problem == problem
    work.do("kim", sent, "agree")
    work.do("kim", sent, "close", outcome="emergency_service")
    with pytest.raises(StepNotAllowed) as refused:
        add(work, sent, "same_day")
    assert refused.value.problem == "closed"


def test_findings_are_decided_anew_and_end_a_lowering_that_waits(work: Work) -> None:
    sent = work.send("same_day").submission
    work.lower("kim", sent)
    add(work, sent, "same_day")
    assert work.row(sent).state == "claimed"
    work.do("kim", sent, "agree")
    add(work, sent, "same_day")
    work.do("kim", sent, "identify", **KNOWN)
    with pytest.raises(StepNotAllowed) as refused:
        work.do("kim", sent, "close", outcome="seen_today")
    assert refused.value.problem == "undecided"


def test_answers_that_came_in_meanwhile_are_looked_at_first(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "soon").submission
    work.hand_in(invitation, "same_day")
    with pytest.raises(AnswersChanged):
        add(work, sent, "routine", seen=1)
    with work.store.reading_scope("c1") as scope:
        assert [v.kind for v in submission_versions.list_versions(scope, sent)] == [
            "first",
            "changed",
        ]


def test_one_form_sent_again_is_kept_once(work: Work, sent: str) -> None:
    for _ in range(3):
        add(work, sent, "same_day", seen=1, key="kim:form")
    with work.store.reading_scope("c1") as scope:
        assert len(submission_versions.list_versions(scope, sent)) == 2


def test_no_lab_value_and_no_mark_stands_in_the_database_in_clear(work: Work, sent: str) -> None:
    add(work, sent, "soon")
    put(work, sent, ["safeguarding", "interpreter"], interpreter="Sorbian")
    with work.store.engine.begin() as connection:
        rows = [
            repr(row)
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(table.select())
        ]
    assert any("findings_added" in row for row in rows)
    words = ("phosphate", "mmol", "2026-03-01'", "safeguarding", "Sorbian")
    assert [word for word in words if any(word in row for row in rows)] == []


ADDED = ("soon", "routine", "same_day", "emergency", "agree", "identify", "note", "send")


@settings(
    max_examples=300 if SOAK else 10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from(sorted(BY_LEVEL)), st.lists(st.sampled_from(ADDED), max_size=6))
def test_whatever_a_nurse_adds_no_level_falls_unless_someone_lowers_it(
    work: Work, first: str, added: list[str]
) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, first).submission
    for step in added:
        before = level(work, sent)
        if step in BY_LEVEL:
            add(work, sent, step)
        elif step == "send":
            work.hand_in(invitation, "routine")
        else:
            more = {"note": {"words": "x"}, "identify": KNOWN}.get(step, {})
            work.do("kim", sent, step, **more)
        assert level(work, sent) >= before
    assert level(work, sent) >= max([Urgency[first], *(Urgency[s] for s in added if s in BY_LEVEL)])


# --- Marks ---


def put(work: Work, submission: str, chosen: list[str], clinic: str = "c1", **words: str) -> None:
    with work.store.writing_scope(clinic, MONDAY, "kim") as scope:
        worklist_rows.save_patient_flags(scope, submission, chosen, words)


def test_marks_are_the_persons_and_stand_on_all_that_is_theirs(work: Work) -> None:
    one = work.hand_in(work.invite(reference="R", name="Jo")).submission
    put(work, one, ["safeguarding", "interpreter", "nonsense"])
    later = work.hand_in(work.invite(reference="R", name="Jo")).submission
    assert line_payload(work, one)["markers"] == line_payload(work, later)["markers"]
    assert line_payload(work, later)["markers"] == ["interpreter", "safeguarding"]
    put(work, later, [])
    assert line_payload(work, one)["markers"] == []
    assert actions(work.store).count("marks_changed") == 2


def test_marks_of_nobody_become_the_persons_once_it_is_known_who_it_is(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "patient") as scope:
        came = submissions.Delivery("share", "share:1", "R-7", "Mo")
        shared = submissions.add_submission(scope, handed(), came, TARGETS).id
    put(work, shared, ["access"], access="Lip-reads")
    work.do("kim", shared, "identify", **KNOWN, reference="R-7", name="Mo")
    with work.store.reading_scope("c1") as scope:
        known = people.find_by_reference(scope, "R-7")
        assert known is not None
        assert people.load_person_flags(scope, known.id) == {"access": "Lip-reads"}
    work.do("kim", shared, "identify", outcome="wrong_person")
    assert line_payload(work, shared)["markers"] == []


def test_words_to_a_mark_are_the_persons_and_go_with_the_mark(work: Work) -> None:
    one = work.hand_in(work.invite(reference="R", name="Jo")).submission
    put(work, one, ["interpreter", "no_contact"], interpreter="Polish", no_contact="Use letters")
    later = work.hand_in(work.invite(reference="R", name="Jo")).submission
    words = {"interpreter": "Polish", "no_contact": "Use letters"}
    assert line_payload(work, one)["marker_words"] == words
    assert line_payload(work, later)["marker_words"] == words
    put(work, later, ["interpreter"])
    assert line_payload(work, one)["marker_words"] == {}


@pytest.mark.parametrize(
    ("chosen", "words", "problem"),
    [
        (["interpreter"], {"interpreter": "x" * 61}, "too_long"),
        (["access"], {"access": "x" * 201}, "too_long"),
        ([], {"no_contact": "Use letters"}, "not_ticked"),
    ],
)
def test_words_that_are_too_long_or_without_their_mark_are_refused(
    work: Work, sent: str, chosen: list[str], words: dict[str, str], problem: str
) -> None:
    with pytest.raises(worklist_rows.BadFlagWords) as refused:
        put(work, sent, chosen, **words)
    assert (refused.value.flag, refused.value.problem) == (next(iter(words)), problem)
    assert not any(said in str(refused.value) for said in words.values())
    assert line_payload(work, sent)["markers"] == []


def test_words_of_nobody_and_those_of_the_person_both_stay_once_they_are_tied(work: Work) -> None:
    one = work.hand_in(work.invite(reference="R-7", name="Mo")).submission
    put(work, one, ["interpreter"], interpreter="Polish")
    with work.store.writing_scope("c1", MONDAY, "patient") as scope:
        came = submissions.Delivery("share", "share:2", "R-7", "Mo")
        shared = submissions.add_submission(scope, handed(), came, TARGETS).id
    put(work, shared, ["interpreter", "access"], interpreter="Silesian", access="Lip-reads")
    work.do("kim", shared, "identify", **KNOWN, reference="R-7", name="Mo")
    both = {"interpreter": "Polish; Silesian", "access": "Lip-reads"}
    assert line_payload(work, shared)["marker_words"] == both


def test_marks_that_were_kept_before_they_had_words_are_still_read(work: Work) -> None:
    one = work.hand_in(work.invite(reference="R", name="Jo")).submission
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        person = people.find_by_reference(scope, "R")
        assert person is not None
        key = record_keys.load_data_key(scope, person.id)
        sealed = key.seal_json("person", person.id, "markers", ["access"])
        scope.update_rows(Person, id=person.id, to={"markers_sealed": sealed})
    later = work.hand_in(work.invite(reference="R", name="Jo")).submission
    assert line_payload(work, later)["markers"] == ["access"]
    assert worklist_rows.read_row_flags({"markers": ["access"]}) == {"access": ""}
    assert one != later


def test_marks_and_findings_of_another_clinic_are_not_there(work: Work, sent: str) -> None:
    with pytest.raises(NoSuchSubmission):
        put(work, sent, ["access"], "c2")
    with work.store.writing_scope("c2", MONDAY, "kim") as scope, pytest.raises(NoSuchSubmission):
        submissions.save_corrections(scope, sent, handed(), TARGETS, seen=1, key="k")
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        record_keys.destroy_data_keys(scope, [sent])
        with pytest.raises(record_keys.KeyDestroyed):
            worklist_rows.row_payload(scope, worklist_rows.require_row(scope, sent, MONDAY))
