"""Messages to invited people: what no message may do, whatever became of an earlier try."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.store import message_turns, retention
from app.store.db import record_keys
from app.store.db.patient_tables import Invitation
from app.store.db.scope import Store
from tests.store.patients import MONDAY, Work
from tests.store.test_patient_messages import DAY, MAIL, bar, choose, claim, contacts, kept


@pytest.fixture
def work(store: Store) -> Work:
    with store.writing_scope("c1", MONDAY, "kim") as scope:
        record_keys.create_data_key(scope, "c1")
    work = Work(store)
    choose(work)
    return work


def send_first(work: Work) -> None:
    message = claim(work)
    assert message is not None
    message_turns.record_sent(work.store, MONDAY, message)


def test_a_contact_is_forgotten_when_the_visit_is_over_though_the_link_goes_on(work: Work) -> None:
    work.invite(contact=MAIL, appointment_on=MONDAY.date() + DAY)
    retention.run_retention(work.store, "c1", MONDAY + 3 * DAY)
    assert contacts(work) == [False]


def test_a_contact_is_not_kept_where_the_clinic_does_not_write(work: Work) -> None:
    choose(work, writes="no")
    work.invite(contact=MAIL)
    assert contacts(work) == [False]


def test_no_reminder_is_claimed_when_the_visit_has_passed(work: Work) -> None:
    choose(work, days="3")
    work.invite(contact=MAIL, appointment_on=MONDAY.date() + DAY)
    send_first(work)
    assert message_turns.add_due_reminders(work.store, "c1", MONDAY + DAY) == 1
    assert claim(work, MONDAY + 2 * DAY) is None
    assert kept(work)[1:] == [("reminder", "email", "stopped", "over")]


def test_no_reminder_goes_out_at_night(work: Work) -> None:
    choose(work, days="3")
    work.invite(contact=MAIL, appointment_on=MONDAY.date() + 2 * DAY)
    send_first(work)
    assert message_turns.add_due_reminders(work.store, "c1", MONDAY + DAY) == 1
    assert claim(work, MONDAY + DAY + timedelta(hours=13)) is None


def test_a_destroyed_key_stops_no_other_reminder(work: Work) -> None:
    choose(work, days="3")
    bad = work.invite(contact=MAIL, appointment_on=MONDAY.date() + 2 * DAY)
    work.invite(contact=MAIL, appointment_on=MONDAY.date() + 2 * DAY)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        person = scope.require_one(Invitation, LookupError, id=bad).person_id
        record_keys.destroy_data_keys(scope, [person])
    assert message_turns.add_due_reminders(work.store, "c1", MONDAY + DAY) == 1


def test_a_barred_person_is_not_looked_at_again_for_a_reminder(work: Work) -> None:
    choose(work, days="3")
    one = work.invite(contact=MAIL, appointment_on=MONDAY.date() + 2 * DAY)
    bar(work, one)
    for minutes in range(3):
        now = MONDAY + DAY + timedelta(minutes=minutes)
        assert message_turns.add_due_reminders(work.store, "c1", now) == 0
    assert kept(work)[1:] == [("reminder", "email", "stopped", "barred")]
