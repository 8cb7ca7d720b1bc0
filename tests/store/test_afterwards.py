"""A visit that moves, words to the person, and what is added or undone after a closing."""

from datetime import date, timedelta

import pytest

from app.store import (
    closing_rules,
    opening_hours,
    person_requests,
    reviews,
    submission_reads,
    worklist_rows,
)
from app.store.db import record_keys
from app.store.db.patient_tables import ReviewEntry, WorklistRow
from app.store.db.scope import Store
from app.store.db.tables import Clinic
from app.store.review_details import MovedVisit
from app.store.review_steps import RAISE_REASONS, ReviewStep
from app.store.reviews import StepNotAllowed
from tests.store.kim import actions
from tests.store.patients import BOOKED, KNOWN, MONDAY, MOVED, TARGETS, Work
from tests.store.rows import read_columns

TOLD = "Please bring all your tablets.\nCome to door B."
OPEN = MovedVisit(None)
LATER = MONDAY + timedelta(days=1)


@pytest.fixture
def work(store: Store) -> Work:
    with store.writing_scope("c1", MONDAY, "kim") as scope:
        record_keys.create_data_key(scope, "c1")
    return Work(store)


def ready(work: Work, level: str = "soon", **invited: object) -> str:
    """A submission of which it is known who it is, and whose level was agreed to."""
    sent = work.hand_in(work.invite(**invited), level).submission
    work.do("kim", sent, "identify", **KNOWN)
    work.do("kim", sent, "agree")
    return sent


def closed(work: Work, outcome: str = "brought_forward", **more: object) -> str:
    sent = ready(work)
    work.do("kim", sent, "close", outcome=outcome, **more)
    return sent


def line(work: Work, sent: str) -> dict[str, object]:
    with work.store.reading_scope("c1") as scope:
        return worklist_rows.row_payload(scope, work.row(sent))


def done(work: Work, sent: str) -> list[submission_reads.ReviewAction]:
    with work.store.reading_scope("c1") as scope:
        return submission_reads.list_actions(scope, sent)


def refused(work: Work, who: str, sent: str, kind: str, **more: object) -> str:
    """Why a step is refused; nothing was kept of it, and nothing changed."""
    before, row = done(work, sent), read_columns(work.row(sent))
    with pytest.raises(StepNotAllowed) as problem:
        work.do(who, sent, kind, **more)
    assert (done(work, sent), read_columns(work.row(sent))) == (before, row)
    return problem.value.problem


# --- A visit that moves ---


def test_a_visit_is_not_brought_forward_without_a_day_or_the_word_that_none_is_booked(
    work: Work,
) -> None:
    sent = ready(work)
    assert refused(work, "kim", sent, "close", outcome="brought_forward", visit=None) == "visit"
    work.do("kim", sent, "close", outcome="brought_forward", visit=OPEN)
    assert work.row(sent).closed


def test_the_new_day_stands_on_the_line_and_the_entry_and_the_old_one_with_the_invitation(
    work: Work,
) -> None:
    sent = closed(work)
    kept = line(work, sent)
    assert kept["appointment_on"] == "2026-03-09"
    assert (kept["appointment_time"], kept["appointment_kind"]) == ("10:30", "Dr Hill")
    assert done(work, sent)[-1].visit == MOVED
    assert work.row(sent).move_due_at is None
    with work.store.reading_scope("c1") as scope:
        found = submission_reads.find_submission(scope, sent)
        person = str(work.row(sent).person_id)
        export = person_requests.collect_person_records(scope, person)
    assert export["invitations"][0]["appointment_on"] == BOOKED.isoformat()
    assert export["submissions"][0]["reviews"][-1]["visit"]["day"] == "2026-03-09"
    assert found.id == sent


def test_what_is_told_and_with_whom_the_visit_is_stands_nowhere_in_clear(work: Work) -> None:
    sent = closed(work, patient_words=TOLD)
    with work.store.reading_scope("c1") as scope:
        rows = scope.find_all(ReviewEntry, submission_id=sent)
        rows += scope.find_all(WorklistRow, submission_id=sent)
    for row in rows:
        for value in read_columns(row).values():
            assert "Hill" not in str(value)
            assert "tablets" not in str(value)


def test_a_move_that_nobody_has_booked_is_due_in_open_hours_until_a_day_is_added(
    work: Work,
) -> None:
    sent = closed(work, visit=OPEN)
    # Eight open hours from Monday 10:00.
    assert work.row(sent).move_due_at == MONDAY + timedelta(hours=24)
    assert line(work, sent)["appointment_on"] == BOOKED.isoformat()
    work.do("lee", sent, "visit", visit=MOVED)
    assert work.row(sent).move_due_at is None
    assert line(work, sent)["appointment_on"] == "2026-03-09"
    assert work.row(sent).closed


def test_the_day_is_put_right_after_closing_and_both_entries_stay(work: Work) -> None:
    sent = closed(work)
    work.do("lee", sent, "visit", visit=MovedVisit(date(2026, 3, 10)))
    assert [one.visit.day.day for one in done(work, sent) if one.visit] == [9, 10]
    assert line(work, sent)["appointment_on"] == "2026-03-10"
    assert line(work, sent)["appointment_time"] == ""


def test_a_day_that_has_passed_is_refused_however_it_comes(work: Work) -> None:
    past = MovedVisit(MONDAY.date() - timedelta(days=1))
    sent = ready(work)
    end = {"outcome": "brought_forward", "visit": past}
    assert refused(work, "kim", sent, "close", **end) == "visit_past"
    assert refused(work, "kim", sent, "visit", visit=past) == "visit_past"
    work.do("kim", sent, "close", outcome="brought_forward", visit=MovedVisit(MONDAY.date()))


def test_a_day_goes_with_no_other_end_than_bringing_forward(work: Work) -> None:
    sent = ready(work)
    end = {"outcome": "advice_given", "visit": MOVED}
    assert refused(work, "kim", sent, "close", **end) == "visit_other"


def test_a_visit_stays_only_where_one_is_booked(work: Work) -> None:
    sent = ready(work, appointment_on=None)
    assert refused(work, "kim", sent, "close", outcome="appointment_kept") == "no_visit"


def test_what_two_people_bring_forward_moves_when_the_second_says_yes(work: Work) -> None:
    sent = ready(work, "same_day")
    work.do("kim", sent, "ask_close", outcome="brought_forward", words="Seen by Dr Hill.")
    assert line(work, sent)["appointment_on"] == BOOKED.isoformat()
    work.do("lee", sent, "close_yes")
    assert line(work, sent)["appointment_on"] == "2026-03-09"


def test_a_closed_day_is_a_weekday_without_hours_or_a_day_that_was_named(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"closed_days": ["2026-03-09"]})
    with work.store.reading_scope("c1") as scope:
        clinic = scope.find_one(Clinic)
    assert [
        opening_hours.is_closed_day(clinic, date(2026, 3, day)) for day in (6, 7, 8, 9, 10)
    ] == [
        False,
        True,
        True,
        True,
        False,
    ]


# --- Words ---


def test_words_for_the_person_and_for_colleagues_are_two(work: Work) -> None:
    sent = closed(work, words="Daughter rang.", patient_words=TOLD)
    last = done(work, sent)[-1]
    assert (last.words, last.patient_words) == ("Daughter rang.", TOLD)


def test_after_closing_words_are_added_and_nothing_else_changes(work: Work) -> None:
    sent = closed(work)
    before = read_columns(work.row(sent))
    assert refused(work, "lee", sent, "addendum") == "addendum"
    work.do("lee", sent, "addendum", words="He rang back.")
    work.do("lee", sent, "addendum", patient_words=TOLD)
    after = read_columns(work.row(sent))
    assert {name for name in before if before[name] != after[name]} == {"last_entry"}
    assert [one.kind for one in done(work, sent)][-2:] == ["addendum", "addendum"]
    assert refused(work, "lee", sent, "note", words="No.") == "closed"
    assert refused(work, "aud", sent, "addendum", words="No.") == "role"


# --- Reopening ---


def test_reopening_needs_a_reason_and_brings_the_row_back_with_its_level_due_anew(
    work: Work,
) -> None:
    sent = closed(work)
    was = work.row(sent)
    assert refused(work, "lee", sent, "reopen") == "reopen"
    work.do("lee", sent, "reopen", LATER, words="Closed the wrong row.")
    row = work.row(sent)
    assert (row.closed, row.closed_at, row.state, row.owner_id) == (False, None, "claimed", "lee")
    assert (row.rank, row.due_at > was.due_at) == (was.rank, True)
    assert row.forget_at == LATER + timedelta(days=90)
    assert actions(work.store)[-1] == "review_reopen"


def test_a_wrong_outcome_is_put_right_by_reopening_and_both_closings_stay(work: Work) -> None:
    sent = closed(work, "advice_given")
    work.do("kim", sent, "reopen", words="It was the other outcome.")
    work.do("kim", sent, "close", outcome="seen_today")
    ends = [one.outcome for one in done(work, sent) if one.kind == "close"]
    assert ends == ["advice_given", "seen_today"]
    assert work.row(sent).closed


@pytest.mark.parametrize("kind", ["addendum", "reopen"])
def test_what_is_open_is_neither_reopened_nor_added_to(work: Work, kind: str) -> None:
    assert refused(work, "kim", ready(work), kind, words="Words.") == "open"


def test_a_reopened_emergency_alarms_again_only_for_what_happens_then(work: Work) -> None:
    sent = ready(work, "emergency")
    work.do("kim", sent, "close", outcome="emergency_service")
    work.do("lee", sent, "reopen", LATER, words="The ambulance did not come.")
    row = work.row(sent)
    assert (row.rank, row.alarmed_at) == (0, None)
    assert row.due_at == LATER + timedelta(minutes=TARGETS[4])


# --- Raising, and whom nobody reaches ---


def test_a_level_is_raised_only_with_a_reason(work: Work) -> None:
    sent = work.send("soon").submission
    for reason in (None, "", "bye"):
        assert refused(work, "kim", sent, "raise", reason=reason) == "raise"
    assert refused(work, "kim", sent, "raise", reason="other", words=" ") == "raise"
    for reason in RAISE_REASONS:
        raised = work.send("soon").submission
        work.do("kim", raised, "raise", reason=reason, words="Looks grey.")
        assert done(work, raised)[-1].reason == reason


def test_what_else_was_tried_is_an_entry_of_its_own(work: Work) -> None:
    sent = ready(work)
    for named in (None, "", "pigeon", "letter pigeon"):
        assert refused(work, "kim", sent, "trace", reason=named) == "traces"
    work.do("kim", sent, "trace", reason="second_number welfare_check")
    assert done(work, sent)[-1].reason == "second_number welfare_check"


def form(work: Work, sent: str, outcome: str) -> None:
    """The form that closes, with the tick that two things were compared."""
    with work.store.writing_scope("c1", LATER, "kim") as scope:
        after = worklist_rows.require_row(scope, sent, LATER).last_entry
        steps = [
            ReviewStep("identify", after, f"form{after}", **KNOWN),
            ReviewStep("agree", after, "form"),
            ReviewStep("close", after, "form", outcome=outcome, words="Three times."),
        ]
        reviews.perform_steps(scope, sent, steps, TARGETS)


def test_whom_no_call_reached_told_nobody_two_things_in_the_form_that_says_so(work: Work) -> None:
    sent = work.send("soon").submission
    for _ in range(3):
        work.do("kim", sent, "call", outcome="no_answer")
    with pytest.raises(StepNotAllowed, match="compared"):
        form(work, sent, "not_reached")
    work.do("kim", sent, "call", outcome="answered")
    form(work, sent, "not_reached")
    with work.store.reading_scope("c1") as scope:
        assert closing_rules.is_identified(scope, sent)
