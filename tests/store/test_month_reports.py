"""What a clinic did in a month: how many, how soon, how it ended; erasing takes no count away."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from app.store import invitations, month_reports, retention, submissions
from app.store.db.patient_tables import Tally
from app.store.db.scope import PATIENT, Store
from app.store.month_reports import MonthFigures
from app.store.review_details import MovedVisit
from app.store.reviews import record_view
from app.triage.terms import Urgency
from tests.store.patients import KNOWN, MONDAY, TARGETS, Work, handed

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MARCH = date(2026, 3, 1)


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def counted(work: Work, first: date = MARCH, clinic: str = "c1") -> MonthFigures:
    month = month_reports.find_month(first, "Europe/London")
    with work.store.reading_scope(clinic) as scope:
        return month_reports.count_month(scope, month, MONDAY)


def counts(work: Work, first: date = MARCH) -> Mapping[str, int]:
    return {subject: number for subject, number in counted(work, first).counts.items() if number}


def closed(work: Work, level: str = "soon", outcome: str = "advice_given") -> str:
    sent = work.send(level).submission
    work.do("kim", sent, "agree")
    work.do("kim", sent, "identify", **KNOWN)
    work.do("kim", sent, "close", outcome=outcome)
    return sent


def test_what_came_is_counted_by_level_and_by_the_way_it_came(work: Work) -> None:
    work.send("soon")
    work.send("soon")
    work.send("emergency")
    found = counts(work)
    assert {name: n for name, n in found.items() if name.startswith(("level", "source"))} == {
        "level:soon": 2,
        "level:emergency": 1,
        "source:invitation": 3,
    }


def test_a_month_begins_and_ends_on_the_clocks_of_the_clinic(work: Work) -> None:
    summer = month_reports.find_month(date(2026, 4, 17), "Europe/London")
    assert (summer.first, summer.begins.isoformat()) == (
        date(2026, 4, 1),
        "2026-04-01T00:00:00+01:00",
    )
    work.send("soon", now=summer.begins)
    work.send("soon", now=summer.begins - timedelta(seconds=1))
    assert counts(work, summer.first)["level:soon"] == counts(work)["level:soon"] == 1


def test_ends_and_changed_levels_are_counted_by_their_reasons(work: Work) -> None:
    closed(work)
    closed(work, outcome="brought_forward")
    raised, lowered = (work.send("soon").submission for _ in range(2))
    work.do("kim", raised, "raise", reason="worse")
    work.do("kim", raised, "raise", reason="worse")
    work.lower("kim", lowered, reason="misread")
    found = counts(work)
    assert found["end:advice_given"] == found["end:brought_forward"] == 1
    assert found["act:moved"] == 1
    assert found["raise:worse"] == 1, "one person is counted once"
    assert found["lower:misread"] == 1


def test_invitations_are_sent_stopped_begun_taken_back_or_never_opened(
    work: Work,
) -> None:
    sent, began, stopped, revoked, _ = (work.invite() for _ in range(5))
    work.hand_in(sent)
    guest = invitations.Invitee(reference="R-desk", name="Jo")
    invitations.invite_patients(work.store, "c1", MONDAY, "kim", [guest], "assisted:kim:one")
    for invitation in (began, stopped):
        invitations.note_beginning(work.store, "c1", invitation, MONDAY)
    invitations.note_stop_page(work.store, "c1", stopped, MONDAY)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        invitations.revoke_invitation(scope, revoked)
    found = counts(work)
    states = {name: n for name, n in found.items() if name.startswith("invited")}
    assert states == {
        "invited:sent": 1,
        "invited:stopped": 1,
        "invited:began": 1,
        "invited:revoked": 1,
        "invited:unopened": 1,
    }


def test_who_an_emergency_stopped_is_counted_by_the_month_alone(work: Work) -> None:
    invitation = work.invite()
    with work.store.writing_scope("c1", MONDAY, PATIENT) as scope:
        stopped = replace(handed("emergency"), stopped=True)
        submissions.accept_answers(scope, invitation, stopped, TARGETS)
    assert counts(work)["stopped"] == 1


def test_times_are_from_arrival_to_the_first_look_and_the_first_decision(work: Work) -> None:
    sent = [work.send("soon").submission for _ in range(3)]
    for number, submission in enumerate(sent, 1):
        with work.store.writing_scope("c1", MONDAY + number * MINUTE, "kim") as scope:
            record_view(scope, submission, "")
        work.do("kim", submission, "agree", MONDAY + 10 * number * MINUTE)
    work.do("kim", sent[0], "raise", MONDAY + 2 * DAY)
    found = counted(work).times[Urgency.soon]
    assert sorted(found.looks) == [60, 120, 180]
    assert month_reports.find_percentile(found.decisions, 50) == 20 * MINUTE
    assert month_reports.find_percentile(found.decisions, 90) == 30 * MINUTE
    assert (found.timed, found.late) == (2, 0), "what was raised has another target now"


def test_what_is_decided_after_its_target_is_late(work: Work) -> None:
    sent = work.send("emergency").submission
    work.do("kim", sent, "agree", MONDAY + DAY)
    found = counted(work).times[Urgency.emergency]
    assert (found.timed, found.late) == (1, 1)


def test_who_answered_again_is_not_timed(work: Work) -> None:
    invitation = work.invite()
    work.hand_in(invitation, "soon")
    work.hand_in(invitation, "same_day", MONDAY + MINUTE)
    assert counted(work).times == {}
    assert counts(work)["level:soon"] == 1


def test_counts_stay_whole_when_answers_and_links_are_erased(work: Work) -> None:
    closed(work)
    waiting = work.send("same_day").submission
    work.do("kim", waiting, "raise", reason="seen")
    work.lower("kim", work.send("soon").submission)
    work.invite(appointment_on=None)
    before = counted(work)
    retention.run_retention(work.store, "c1", MONDAY + 60 * DAY)
    halfway = counted(work)
    assert 0 < halfway.kept < before.kept
    retention.run_retention(work.store, "c1", MONDAY + 200 * DAY)
    after = counted(work)
    assert (after.kept, after.has_tallies, after.times) == (0, True, {})
    assert halfway.counts == after.counts == before.counts


def test_an_erased_month_leaves_numbers_without_a_day_and_without_a_person(work: Work) -> None:
    closed(work)
    retention.run_retention(work.store, "c1", MONDAY + 200 * DAY)
    with work.store.reading_scope("c1") as scope:
        rows = scope.find_all(Tally)
    assert {row.day for row in rows} == {MARCH}
    assert all(row.subject.startswith("month:") for row in rows)


def test_a_visit_without_a_day_is_counted_as_not_booked(work: Work) -> None:
    sent = work.send("soon").submission
    work.do("kim", sent, "agree")
    work.do("kim", sent, "identify", **KNOWN)
    unbooked = MovedVisit(None, "", "")
    work.do("kim", sent, "close", outcome="brought_forward", visit=unbooked)
    assert counted(work).not_booked == 1


def test_no_other_clinic_is_counted_and_the_queries_do_not_grow(work: Work) -> None:
    closed(work)
    Work(work.store, "c2")
    assert not counted(work, clinic="c2").counts

    def queries() -> int:
        sent: list[str] = []
        listener = lambda *args: sent.append(args[2])  # noqa: E731
        event.listen(work.store.engine, "before_cursor_execute", listener)
        counted(work)
        event.remove(work.store.engine, "before_cursor_execute", listener)
        return sum(text.startswith("SELECT") for text in sent)

    few = queries()
    for _ in range(4):
        closed(work)
    assert queries() == few <= 7
