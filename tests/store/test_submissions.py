"""What arrives: kept whole, once, together with its line, its audit entry and the bell."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import SQLModel

from app.store import (
    invitations,
    reviews,
    submission_versions,
    submissions,
    worklist,
    worklist_rows,
)
from app.store.db import audit, change_notifications
from app.store.db.patient_tables import AssessmentVersion, Submission, WorklistRow
from app.store.db.scope import PATIENT, Store
from app.store.db.tables import Clinic
from app.store.invitations import InvitationGone
from app.store.worklist_rows import NoSuchSubmission
from app.triage.terms import Urgency
from tests.store.kim import actions, times_rung
from tests.store.patients import BY_LEVEL, KNOWN, MONDAY, TARGETS, Work, handed

HOUR = timedelta(hours=1)


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def line(work: Work, submission: str) -> worklist.ListedSubmission:
    with work.store.reading_scope("c1") as scope:
        return next(
            found
            for found in worklist.list_worklist_page(scope, MONDAY, "kim")
            if found.row.submission_id == submission
        )


def test_what_arrives_is_kept_with_its_line_its_entry_and_the_bell(work: Work) -> None:
    submission_receipt = work.send("same_day")
    assert submission_receipt.due_at == MONDAY + timedelta(minutes=TARGETS[Urgency.same_day])
    assert (submission_receipt.seen_at, submission_receipt.closed_at) == (None, None)
    with work.store.reading_scope("c1") as scope:
        (version,) = submission_versions.list_versions(scope, submission_receipt.submission)
        assert times_rung(scope) == 1
    assert version.answers == BY_LEVEL["same_day"]
    assert (version.kind, version.urgency) == ("first", Urgency.same_day)
    shown = line(work, submission_receipt.submission)
    assert shown.level is Urgency.same_day
    assert shown.payload["reference"] == "R-1"
    assert shown.payload["age"] == "adult"
    assert shown.payload["flags"] >= 1
    assert actions(work.store)[-1] == "submission_arrived"


def test_no_answer_and_no_name_stands_in_the_database_in_clear(work: Work) -> None:
    submission_receipt = work.send("same_day")
    with work.store.engine.begin() as connection:
        rows = [
            repr(row)
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(table.select())
        ]
    assert any(submission_receipt.reference in row for row in rows)
    words = ("Patient 1", "R-1'", "scleroderma", "dialysis", "answers", "finger")
    assert [word for word in words if any(word in row for row in rows)] == []


def test_nothing_is_kept_of_an_arrival_that_fails_half_way(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitation = work.invite()

    def broken(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(change_notifications, "notify_change", broken)
        with pytest.raises(OSError):  # noqa: PT011
            work.hand_in(invitation)
    with work.store.reading_scope("c1") as scope:
        tables = (Submission, AssessmentVersion, WorklistRow)
        assert [scope.count_rows(table) for table in tables] == [0, 0, 0]
    assert work.hand_in(invitation).reference


def test_sent_twenty_times_at_once_it_arrives_once(work: Work) -> None:
    invitation = work.invite()
    with ThreadPoolExecutor(5) as crowd:
        receipts = list(crowd.map(lambda _: work.hand_in(invitation), range(20)))
    assert len(set(receipts)) == 1
    with work.store.reading_scope("c1") as scope:
        assert scope.count_rows(Submission) == scope.count_rows(WorklistRow) == 1
    assert actions(work.store).count("submission_arrived") == 1


def test_arrivals_are_numbered_without_a_gap_however_many_come_at_once(work: Work) -> None:
    waiting = [work.invite() for _ in range(12)]
    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(work.hand_in, waiting))
    with work.store.reading_scope("c1") as scope:
        assert sorted(row.arrived for row in scope.find_all(Submission)) == [*range(1, 13)]


def test_an_invitation_of_another_clinic_takes_nothing(work: Work) -> None:
    invitation = work.invite()
    with pytest.raises(InvitationGone), work.store.writing_scope("c2", MONDAY, PATIENT) as scope:
        submissions.accept_answers(scope, invitation, handed(), TARGETS)


def test_a_revoked_invitation_takes_nothing(work: Work) -> None:
    invitation = work.invite()
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        invitations.revoke_invitation(scope, invitation)
    with pytest.raises(InvitationGone):
        work.hand_in(invitation)


def test_a_worse_look_moves_it_up_and_is_to_be_seen_again(work: Work) -> None:
    invitation = work.invite()
    submission_receipt = work.hand_in(invitation, "soon")
    work.do("kim", submission_receipt.submission, "agree")
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        reviews.record_view(scope, submission_receipt.submission, "")
    later = MONDAY + HOUR
    now = work.hand_in(invitation, "same_day", later)
    assert (now.urgency, now.due_at, now.seen_at) == (
        Urgency.same_day,
        later + timedelta(minutes=TARGETS[Urgency.same_day]),
        None,
    )
    shown = line(work, submission_receipt.submission)
    # Whoever is there first takes it, not who had it before.
    assert (shown.row.state, shown.row.owner_id, shown.row.last_version) == ("new", None, 2)
    assert shown.payload["worse"] is True


@pytest.mark.parametrize(("level", "counts"), [("emergency", "emergency"), ("routine", "soon")])
def test_a_later_look_opens_again_what_was_closed(work: Work, level: str, counts: str) -> None:
    invitation = work.invite()
    submission_receipt = work.hand_in(invitation, "soon")
    work.do("kim", submission_receipt.submission, "agree")
    work.do("kim", submission_receipt.submission, "identify", **KNOWN)
    work.do("kim", submission_receipt.submission, "close", outcome="appointment_kept")
    assert work.hand_in(invitation, level, MONDAY + HOUR).closed_at is None
    shown = line(work, submission_receipt.submission)
    assert (shown.row.state, shown.row.owner_id, shown.level.name) == ("new", None, counts)


def test_no_later_look_moves_it_down(work: Work) -> None:
    invitation = work.invite()
    submission_receipt = work.hand_in(invitation, "same_day")
    now = work.hand_in(invitation, "routine", MONDAY + HOUR)
    assert (now.urgency, now.due_at) == (Urgency.same_day, submission_receipt.due_at)
    with work.store.reading_scope("c1") as scope:
        both = submission_versions.list_versions(scope, submission_receipt.submission)
    assert [version.urgency.name for version in both] == ["same_day", "routine"]


def test_a_later_look_sent_again_is_kept_once(work: Work) -> None:
    invitation = work.invite()
    submission_receipt = work.hand_in(invitation, "soon")
    for _ in range(3):
        work.hand_in(invitation, "same_day", MONDAY + HOUR)
    assert line(work, submission_receipt.submission).row.last_version == 2
    work.hand_in(invitation, "soon", MONDAY + HOUR)
    assert line(work, submission_receipt.submission).row.last_version == 3


def test_what_is_to_be_forgotten_is_not_read_any_more(work: Work) -> None:
    submission_receipt = work.send()
    later = MONDAY + timedelta(days=30)
    with work.store.reading_scope("c1") as scope:
        assert worklist_rows.require_row(scope, submission_receipt.submission, later - HOUR)
        assert worklist.list_worklist_page(scope, later, "kim") == []
        with pytest.raises(NoSuchSubmission):
            worklist_rows.require_row(scope, submission_receipt.submission, later)


def test_the_clinics_own_targets_count_before_those_of_the_rules(work: Work) -> None:

    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"targets": {"same_day": 5}})
    assert work.send("same_day").due_at == MONDAY + timedelta(minutes=5)
    assert audit.verify_chain(work.store, "c1") is None
