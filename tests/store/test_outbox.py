"""The outbox: what an alarm puts in, who may send it when, and what stops or forgets it."""

import threading
from datetime import datetime, timedelta

import pytest

from app.store import alarms, retention
from app.store.alarm_destinations import AlarmDestinations
from app.store.alarms import AlarmMessage
from app.store.db import audit, record_keys
from app.store.db.patient_tables import OutboxMessage, WorklistRow
from app.store.db.scope import Store
from app.store.person_requests import collect_person_records
from app.store.retention import erase_submissions
from tests.store.kim import actions
from tests.store.patients import MONDAY, Work
from tests.store.rows import read_columns

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ALARM = MONDAY + 5 * MINUTE
BOTH = AlarmDestinations("https://alarm.example/hook", "lead@hill.example")


@pytest.fixture
def work(store: Store) -> Work:
    with store.writing_scope("c1", MONDAY, "kim") as scope:
        record_keys.create_data_key(scope, "c1")
    work = Work(store)
    choose(work, BOTH)
    return work


def choose(work: Work, chosen: AlarmDestinations, now: datetime = MONDAY) -> None:
    with work.store.writing_scope("c1", now, "command") as scope:
        alarms.save_destinations(scope, chosen)


def alarm(work: Work, now: datetime = ALARM) -> str:
    """An emergency that came in five minutes ago, raised."""
    sent = work.send("emergency", now - 5 * MINUTE).submission
    assert alarms.raise_due_alarms(work.store, "c1", now, now - 5 * MINUTE) == [sent]
    return sent


def claim(work: Work, now: datetime, kind: str = "webhook") -> AlarmMessage | None:
    return alarms.claim_next_alarm(work.store, "c1", kind, now)


def try_in_vain(work: Work, now: datetime, kind: str = "webhook") -> AlarmMessage:
    message = claim(work, now, kind)
    assert message is not None
    alarms.record_failed_alarm(work.store, now, message, "answered with 500")
    return message


def kept(work: Work) -> list[tuple[str, int, str | None, str | None]]:
    with work.store.reading_scope("c1") as scope:
        rows = scope.find_all(OutboxMessage, order_by=[OutboxMessage.kind])
    return [(row.kind, row.tries, row.fault, row.ended) for row in rows]


def undelivered(work: Work, now: datetime) -> datetime | None:
    with work.store.reading_scope("c1") as scope:
        return alarms.find_undelivered_since(scope, now)


def act(work: Work, submission: str, now: datetime) -> None:
    work.do("kim", submission, "call", now, outcome="answered")


def test_each_place_gets_a_message_together_with_the_mark(work: Work) -> None:
    alarm(work)
    assert kept(work) == [("email", 0, None, None), ("webhook", 0, None, None)]


def test_nothing_is_marked_where_its_messages_are_not_kept(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = work.send("emergency").submission

    def break_down(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(alarms, "add_messages", break_down)
        with pytest.raises(InterruptedError):
            alarms.raise_due_alarms(work.store, "c1", ALARM, MONDAY)
    assert work.row(sent).alarmed_at is None
    assert alarms.raise_due_alarms(work.store, "c1", ALARM, MONDAY) == [sent]
    assert len(kept(work)) == 2


def test_a_clinic_without_places_has_no_messages(work: Work) -> None:
    choose(work, AlarmDestinations())
    alarm(work)
    assert kept(work) == []


def test_the_row_holds_neither_the_address_nor_the_reference(work: Work) -> None:
    alarm(work)
    message = claim(work, ALARM)
    assert message is not None
    with work.store.reading_scope("c1") as scope:
        row = scope.find_one(OutboxMessage, kind="webhook")
    said = str(read_columns(row)) if row else ""
    assert message.to == BOTH.webhook
    assert message.reference
    assert BOTH.webhook not in said
    assert message.reference not in said


def test_one_that_is_claimed_is_nobody_elses_until_the_claim_runs_out(work: Work) -> None:
    alarm(work)
    first = claim(work, ALARM)
    assert claim(work, ALARM + alarms.CLAIM_DURATION - SECOND) is None
    again = claim(work, ALARM + alarms.CLAIM_DURATION)
    assert first is not None
    assert again is not None
    assert (again.id, again.tries) == (first.id, 2)


def test_of_many_servers_at_once_one_gets_the_message(work: Work) -> None:
    alarm(work)
    found: list[AlarmMessage | None] = []
    threads = [threading.Thread(target=lambda: found.append(claim(work, ALARM))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert sum(message is not None for message in found) == 1


def test_the_pauses_grow_to_ten_minutes_and_the_id_stays(work: Work) -> None:
    alarm(work)
    now, ids, pauses = ALARM, set(), []
    for _ in range(9):
        ids.add(try_in_vain(work, now).id)
        with work.store.reading_scope("c1") as scope:
            row = scope.find_one(OutboxMessage, kind="webhook")
        assert row is not None
        pauses.append(int((row.due_at - now).total_seconds()))
        now = row.due_at
    assert pauses == [15, 30, 60, 120, 240, 480, 600, 600, 600]
    assert len(ids) == 1


def test_one_that_was_taken_is_never_sent_again(work: Work) -> None:
    alarm(work)
    message = try_in_vain(work, ALARM)
    again = claim(work, ALARM + 15 * SECOND)
    assert again is not None
    alarms.record_sent_alarm(work.store, ALARM + 16 * SECOND, again)
    assert again.id == message.id
    assert claim(work, ALARM + timedelta(days=1)) is None
    assert kept(work)[1] == ("webhook", 2, None, "taken")


def test_a_late_failure_does_not_open_what_another_server_delivered(work: Work) -> None:
    alarm(work)
    slow, quick = claim(work, ALARM), claim(work, ALARM + alarms.CLAIM_DURATION)
    assert slow is not None
    assert quick is not None
    alarms.record_sent_alarm(work.store, ALARM + alarms.CLAIM_DURATION, quick)
    alarms.record_failed_alarm(work.store, ALARM + alarms.CLAIM_DURATION, slow, "TimeoutError")
    assert claim(work, ALARM + timedelta(days=1)) is None


def test_the_audit_tells_of_the_first_try_in_vain_and_of_every_tenth(work: Work) -> None:
    alarm(work)
    for number in range(21):
        try_in_vain(work, ALARM + number * 10 * MINUTE)
    with work.store.reading_scope("c1") as scope:
        said = [e.facts for e in audit.list_audit_entries(scope) if e.action == "alarm_not_sent"]
    assert ['"tries":20' in said[0], '"tries":10' in said[1], '"tries":1}' in said[2]] == [True] * 3
    assert len(said) == 3
    assert '"fault":"answered with 500"' in said[0]


def test_a_message_about_an_emergency_with_which_someone_did_something_stops(work: Work) -> None:
    sent = alarm(work)
    try_in_vain(work, ALARM)
    act(work, sent, ALARM + SECOND)
    assert claim(work, ALARM + MINUTE) is None
    assert kept(work)[1] == ("webhook", 1, "answered with 500", "stopped")
    assert actions(work.store)[-1] == "alarm_stopped"


def test_new_answers_do_not_stop_a_message_that_is_not_delivered_yet(work: Work) -> None:
    invitation = work.invite()
    work.hand_in(invitation, "soon")
    sent = work.hand_in(invitation, "emergency", ALARM - 5 * MINUTE).submission
    assert alarms.raise_due_alarms(work.store, "c1", ALARM, ALARM - 5 * MINUTE) == [sent]
    first = try_in_vain(work, ALARM)
    work.hand_in(invitation, "same_day", ALARM + SECOND)
    again = claim(work, ALARM + MINUTE)
    assert again is not None
    assert again.id == first.id


def test_an_alarm_that_is_raised_anew_does_not_double_a_message_that_waits(work: Work) -> None:
    invitation = work.invite()
    work.hand_in(invitation, "emergency", MONDAY)
    alarms.raise_due_alarms(work.store, "c1", ALARM, MONDAY)
    work.hand_in(invitation, "same_day", ALARM)
    later = ALARM + 5 * MINUTE
    assert len(alarms.raise_due_alarms(work.store, "c1", later, ALARM)) == 1
    assert len(kept(work)) == 2


def test_a_place_chosen_meanwhile_counts_for_what_is_not_delivered_yet(work: Work) -> None:
    alarm(work)
    first = try_in_vain(work, ALARM)
    other = AlarmDestinations("https://other.example/", BOTH.email)
    choose(work, other, ALARM + SECOND)
    again = claim(work, ALARM + SECOND)
    assert again is not None
    assert (again.id, again.to) == (first.id, other.webhook)


def test_a_place_that_is_given_up_stops_what_waits_for_it(work: Work) -> None:
    alarm(work)
    choose(work, AlarmDestinations(email=BOTH.email), ALARM)
    assert claim(work, ALARM) is None
    assert claim(work, ALARM, "email") is not None
    assert [ended for *_, ended in kept(work)] == [None, "stopped"]


def test_a_new_place_is_told_of_what_still_alarms_and_of_nothing_else(work: Work) -> None:
    choose(work, AlarmDestinations())
    seen, waits = alarm(work), alarm(work, ALARM + SECOND)
    work.send("emergency", ALARM)  # not due yet
    act(work, seen, ALARM + SECOND)
    choose(work, AlarmDestinations(BOTH.webhook), ALARM + 2 * SECOND)
    message = claim(work, ALARM + 2 * SECOND)
    assert message is not None
    assert message.submission_id == waits
    assert claim(work, ALARM + 2 * SECOND) is None


def test_what_waits_for_two_minutes_is_told_until_it_is_taken_or_acted_on(work: Work) -> None:
    choose(work, AlarmDestinations(BOTH.webhook))
    sent = alarm(work)
    try_in_vain(work, ALARM)
    assert undelivered(work, ALARM + alarms.OVERDUE_AFTER - SECOND) is None
    assert undelivered(work, ALARM + alarms.OVERDUE_AFTER) == ALARM
    act(work, sent, ALARM + alarms.OVERDUE_AFTER)
    assert undelivered(work, ALARM + alarms.OVERDUE_AFTER) is None
    later = ALARM + timedelta(hours=1)
    alarm(work, later)
    message = claim(work, later)
    assert message is not None
    alarms.record_sent_alarm(work.store, later, message)
    assert undelivered(work, later + timedelta(hours=1)) is None


def test_what_ended_is_forgotten_after_a_week_and_what_waits_is_not(work: Work) -> None:
    alarm(work)
    message = claim(work, ALARM)
    assert message is not None
    alarms.record_sent_alarm(work.store, ALARM, message)
    week = ALARM + alarms.MESSAGE_RETENTION
    assert "messages" not in retention.run_retention(work.store, "c1", week - SECOND)
    assert retention.run_retention(work.store, "c1", week)["messages"] == 1
    assert [kind for kind, *_ in kept(work)] == ["email"]


def test_who_asks_for_all_of_theirs_learns_how_the_alarm_went(work: Work) -> None:
    sent = alarm(work)
    try_in_vain(work, ALARM)
    with work.store.reading_scope("c1") as scope:
        person = scope.find_one(WorklistRow, submission_id=sent).person_id
        (submission,) = collect_person_records(scope, person)["submissions"]
    alarm_rows = [(one["by"], one["tries"], one["ended"]) for one in submission["alarms"]]
    assert alarm_rows == [("email", 0, None), ("webhook", 1, None)]


def test_it_goes_with_its_submission_delivered_or_not(work: Work) -> None:
    sent = alarm(work)
    message = claim(work, ALARM)
    assert message is not None
    alarms.record_sent_alarm(work.store, ALARM, message)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        erase_submissions(scope, [sent])
        assert scope.count_rows(WorklistRow) == 0
    assert kept(work) == []
    alarms.record_sent_alarm(work.store, ALARM, message)  # it was on its way when it was erased
    assert kept(work) == []
