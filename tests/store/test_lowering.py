"""Lowering truthfully: every sign is set aside by itself, a step at a time, and nothing is lost."""

import pytest

from app.store import level_changes, submission_reads, worklist
from app.store.db.patient_tables import ReviewEntry, WorklistRow
from app.store.db.scope import Store
from app.store.db.tables import Clinic
from app.store.reviews import StepNotAllowed
from app.store.submission_versions import list_versions
from app.triage.terms import Urgency
from tests.store.patients import MONDAY, Work


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def signs_above(work: Work, sent: str, level: Urgency) -> list[str]:
    """The rules that hold a level above this one, as they are kept."""
    with work.store.reading_scope("c1") as scope:
        findings = list_versions(scope, sent)[-1].body["findings"]
    return [rule for rule, of, _ in findings if Urgency[of] > level]


def refused(work: Work, sent: str, **more: object) -> str:
    with pytest.raises(StepNotAllowed) as problem:
        work.lower("kim", sent, **more)
    return problem.value.problem


@pytest.mark.parametrize("level", ["emergency", "same_day"])
def test_every_sign_above_the_new_level_is_set_aside_one_by_one(work: Work, level: str) -> None:
    sent = work.send(level).submission
    needed = signs_above(work, sent, Urgency.routine)
    assert len(needed) > 1, "or the test shows nothing"
    for left_out in needed:
        some = tuple(rule for rule in needed if rule != left_out)
        assert refused(work, sent, rules=some) == "signs"
    work.lower("kim", sent, rules=tuple(needed))
    with work.store.reading_scope("c1") as scope:
        entry = submission_reads.list_actions(scope, sent)[-1]
    assert sorted(entry.rules) == sorted(needed)
    assert (entry.level_before, entry.outcome) == (Urgency[level], "routine")


def test_more_than_one_step_needs_a_second_person_where_one_step_does_not(work: Work) -> None:
    one, two = (work.send("soon").submission for _ in range(2))
    work.lower("kim", one, to=Urgency.routine)
    assert (work.row(one).state, work.row(one).rank) == ("claimed", 3)
    work.lower("kim", two, to=Urgency.self_care)
    assert (work.row(two).state, work.row(two).rank) == ("second_look", 2)
    work.do("lee", two, "second_yes")
    assert work.row(two).rank == 4


def test_no_choice_of_a_clinic_lets_one_person_lower_what_cannot_wait(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"second_person_from": None})
    for level in ("same_day", "emergency"):
        sent = work.send(level).submission
        work.lower("kim", sent, to=Urgency(Urgency[level] - 1))
        assert work.row(sent).state == "second_look"
        other = work.send(level).submission
        assert refused(work, other, words="\n ") == "lower_words"


def test_a_clinic_may_be_stricter(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"second_person_from": int(Urgency.self_care)})
    sent = work.send("soon").submission
    work.lower("kim", sent)
    assert work.row(sent).state == "second_look"


def test_the_row_keeps_the_first_level_and_the_last_reason_until_it_rises_again(work: Work) -> None:
    sent = work.send("same_day").submission
    work.lower("kim", sent, to=Urgency.soon, reason="examined")
    assert work.row(sent).lowered_from is None, "nobody has agreed yet"
    work.do("lee", sent, "second_yes")
    work.lower("kim", sent, to=Urgency.routine, reason="in_care")
    row = work.row(sent)
    assert (row.lowered_from, row.lowered_reason) == (int(Urgency.same_day), "in_care")
    with work.store.reading_scope("c1") as scope:
        (line,) = worklist.list_worklist_page(scope, MONDAY, "kim")
        assert line.row.lowered_from == int(Urgency.same_day)
    work.do("kim", sent, "raise")
    assert work.row(sent).lowered_from == int(Urgency.same_day), "it is still lower"
    work.do("kim", sent, "raise")
    assert work.row(sent).lowered_from is None


def test_who_comes_back_as_bad_as_before_was_not_lowered_any_more(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "same_day").submission
    work.lower("kim", sent, to=Urgency.routine)
    work.do("lee", sent, "second_yes")
    work.hand_in(invitation, "emergency", MONDAY)
    row = work.row(sent)
    assert (row.rank, row.lowered_from, row.lowered_reason) == (0, None, None)


def test_an_entry_of_an_older_edition_is_read_with_its_one_sign(work: Work) -> None:
    sent = work.send("soon").submission
    work.lower("kim", sent)
    with work.store.reading_scope("c1") as scope:
        entry = scope.find_one(ReviewEntry, submission_id=sent, kind="lower")
        assert entry is not None
        opened = submission_reads.list_actions(scope, sent)[-1]
        assert opened.rules[0] == entry.rule
        assert scope.find_one(WorklistRow, submission_id=sent) is not None


def test_what_nobody_found_holds_nothing() -> None:
    findings = [["U1", "emergency", True], ["U2", "soon", False], ["U3", "self_care", True]]
    assert level_changes.list_signs_above(findings, Urgency.routine) == ["U1", "U2"]
    assert level_changes.list_signs_above(findings, Urgency.emergency) == []
