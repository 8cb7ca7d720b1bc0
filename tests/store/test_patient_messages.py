"""Messages to invited people: to whom one is made, who sends it when, what stops and forgets it."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import SQLModel

from app.store import (
    invitation_lists,
    invitations,
    message_turns,
    patient_messages,
    people,
    retention,
)
from app.store.clinic_settings import BadSettings
from app.store.db import record_keys
from app.store.db.patient_tables import Invitation, PatientMessage
from app.store.db.scope import Store
from app.store.message_turns import OutgoingMessage
from app.store.person_requests import collect_person_records
from tests.store.kim import actions
from tests.store.patients import BOOKED, MONDAY, Work

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MAIL, MOBILE = "jo@home.example", "+44 7700 900123"
SERVICE = "https://texts.example/send"


@pytest.fixture
def work(store: Store) -> Work:
    with store.writing_scope("c1", MONDAY, "kim") as scope:
        record_keys.create_data_key(scope, "c1")
    work = Work(store)
    choose(work)
    return work


def choose(work: Work, writes: str = "yes", days: str = "", webhook: str = SERVICE) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        patient_messages.save_choices(scope, writes, days, webhook)


def claim(work: Work, now: datetime = MONDAY) -> OutgoingMessage | None:
    return message_turns.claim_next_message(work.store, "c1", now)


def kept(work: Work) -> list[tuple[str, str, str | None, str | None]]:
    with work.store.reading_scope("c1") as scope:
        rows = scope.find_all(PatientMessage, order_by=[PatientMessage.made_at])
        return [(row.kind, row.channel, row.ended, row.fault) for row in rows]


def bar(work: Work, invitation: str) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        person = scope.require_one(Invitation, LookupError, id=invitation).person_id
        people.save_person_flags(scope, person, {"no_contact": "husband reads it"})


def contacts(work: Work) -> list[bool]:
    with work.store.reading_scope("c1") as scope:
        rows = scope.find_all(Invitation, order_by=[Invitation.made_at])
    return [row.contact_sealed is not None for row in rows]


@pytest.mark.parametrize(
    ("contact", "channel"),
    [(MAIL, "email"), (MOBILE, "webhook"), ("07700 900123", "webhook")],
)
def test_a_message_waits_for_whom_a_clinic_can_reach(
    work: Work, contact: str, channel: str
) -> None:
    invitation = work.invite(contact=contact)
    assert kept(work) == [("invitation", channel, None, None)]
    found = claim(work)
    assert found is not None
    assert (found.invitation, found.to, found.webhook) == (invitation, contact, SERVICE)
    with work.store.reading_scope("c1") as scope:
        shown = invitations.find_invitation(scope, MONDAY, invitation)
    assert (found.token, found.code) == (shown.token, shown.code)
    with work.store.engine.connect() as connection:
        tables = SQLModel.metadata.sorted_tables
        assert contact not in str([connection.execute(t.select()).all() for t in tables])


def test_none_is_made_where_none_may_go(work: Work) -> None:
    work.invite()  # without a way to reach them
    work.invite(contact="by post")
    choose(work, webhook="")
    work.invite(contact=MOBILE)
    choose(work, writes="no")
    work.invite(contact=MAIL)
    choose(work)
    first = work.invite(reference="Quiet", name="Q")
    bar(work, first)
    work.invite(reference="Quiet", name="Q", contact=MAIL)
    assert kept(work) == [("invitation", "email", "stopped", "barred")]


@pytest.mark.parametrize("why", ["barred", "over", "finished", "off"])
def test_what_is_not_wanted_any_more_stops(work: Work, why: str) -> None:
    invitation = work.invite(contact=MAIL)
    if why == "barred":
        bar(work, invitation)
    elif why == "over":
        with work.store.writing_scope("c1", MONDAY, "kim") as scope:
            invitations.revoke_invitation(scope, invitation)
    elif why == "finished":
        work.hand_in(invitation)
    else:
        choose(work, writes="no")
    assert claim(work) is None
    assert kept(work) == [("invitation", "email", "stopped", why.replace("finished", "over"))]
    assert "message_stopped" in actions(work.store)


def test_of_many_servers_one_sends_it_and_a_dead_one_sends_it_again(work: Work) -> None:
    work.invite(contact=MAIL)
    claimed: list[OutgoingMessage | None] = []
    start = threading.Barrier(6)

    def one_server() -> None:
        start.wait()
        claimed.append(claim(work))

    servers = [threading.Thread(target=one_server) for _ in range(6)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    (first,) = [one for one in claimed if one]
    assert claim(work, MONDAY + timedelta(seconds=19)) is None
    again = claim(work, MONDAY + timedelta(seconds=20))
    assert again is not None
    assert again.id == first.id
    message_turns.record_sent(work.store, MONDAY, again)
    message_turns.record_failed(work.store, MONDAY, first, "late")  # it woke up again
    assert kept(work) == [("invitation", "email", "sent", None)]
    assert claim(work, MONDAY + DAY) is None


def test_what_cannot_be_sent_is_tried_for_a_day_and_then_given_up(work: Work) -> None:
    work.invite(contact=MAIL)
    now, tries = MONDAY, 0
    while (message := claim(work, now)) is not None:
        message_turns.record_failed(work.store, now, message, "ConnectionRefusedError")
        tries += 1
        while now < MONDAY + 2 * DAY and claim_waits(work, now):
            now += MINUTE
    assert kept(work) == [("invitation", "email", "stopped", "given_up")]
    assert 10 < tries < 30


def claim_waits(work: Work, now: datetime) -> bool:
    with work.store.reading_scope("c1") as scope:
        still, due = PatientMessage.ended_at.is_(None), PatientMessage.due_at <= now
        return scope.find_first(PatientMessage, still, due) is None


def test_what_is_refused_for_good_is_tried_once(work: Work) -> None:
    work.invite(contact=MOBILE)
    message = claim(work)
    assert message is not None
    message_turns.record_bounced(work.store, MONDAY, message, "answered with 422")
    assert claim(work, MONDAY + DAY) is None
    assert kept(work) == [("invitation", "webhook", "bounced", "answered with 422")]
    choose(work, days="14")
    near = datetime(2026, 5, 28, 10, tzinfo=MONDAY.tzinfo)
    assert message_turns.add_due_reminders(work.store, "c1", near) == 0


def test_a_reminder_comes_once_near_the_visit_while_the_clinic_is_open(work: Work) -> None:
    choose(work, days="3")
    work.invite(contact=MAIL)
    done = work.invite(contact=MAIL)
    work.hand_in(done)
    work.invite(contact=MAIL, appointment_on=None)
    work.invite(contact=MAIL, appointment_on=date(2026, 9, 1))
    visit = datetime(BOOKED.year, BOOKED.month, BOOKED.day, 10, tzinfo=MONDAY.tzinfo)
    made = {
        days: message_turns.add_due_reminders(work.store, "c1", visit - days * DAY)
        for days in (4, 3, 2, 0, -1)
    }
    # The third day before is a Friday, the second a Saturday on which the clinic is closed.
    assert made == {4: 0, 3: 1, 2: 0, 0: 0, -1: 0}


def test_no_reminder_follows_an_invitation_of_the_same_day(work: Work) -> None:
    choose(work, days="14")
    work.invite(contact=MAIL, appointment_on=MONDAY.date() + 2 * DAY)
    assert message_turns.add_due_reminders(work.store, "c1", MONDAY + timedelta(hours=2)) == 0
    assert message_turns.add_due_reminders(work.store, "c1", MONDAY + DAY) == 1
    assert message_turns.add_due_reminders(work.store, "c1", MONDAY + DAY) == 0


@pytest.mark.parametrize(
    ("days", "writes", "fields"),
    [("0", "yes", {"reminder_days"}), ("15", "yes", {"reminder_days"}), ("x", "", None)],
)
def test_what_a_clinic_cannot_choose_is_refused(
    work: Work, days: str, writes: str, fields: set[str] | None
) -> None:
    with pytest.raises(BadSettings) as refused:
        choose(work, writes, days)
    assert set(refused.value.problems) == (fields or {"reminder_days", "writes"})


def test_how_to_reach_someone_goes_over_to_a_new_link(work: Work) -> None:
    old = work.invite(contact=MAIL)
    new = invitations.renew_invitation(work.store, "c1", MONDAY, "kim", old)
    assert contacts(work) == [True, True]
    found = claim(work)
    assert found is not None
    assert (found.invitation, found.to) == (new, MAIL)
    ids = [new]
    assert invitation_lists.renew_invitations(work.store, "c1", MONDAY, "kim", ids, "again") == 1
    found = claim(work)
    assert found is not None
    assert found.to == MAIL


def test_it_is_forgotten_when_the_visit_is_over_or_the_answers_are_there(work: Work) -> None:
    work.invite(contact=MAIL)
    work.hand_in(work.invite(contact=MAIL, now=MONDAY + MINUTE))
    retention.run_retention(work.store, "c1", MONDAY + 2 * MINUTE)
    assert contacts(work) == [True, False]
    visit_over = datetime(2026, 6, 1, 23, 0, tzinfo=MONDAY.tzinfo)
    retention.run_retention(work.store, "c1", visit_over - MINUTE)
    assert contacts(work) == [True]  # what was sent is long erased with its link
    retention.run_retention(work.store, "c1", visit_over)
    assert contacts(work) == [False]


def test_it_is_given_out_and_erased_with_its_person(work: Work) -> None:
    invitation = work.invite(contact=MAIL)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        person = scope.require_one(Invitation, LookupError, id=invitation).person_id
        assert collect_person_records(scope, person)["invitations"][0]["contact"] == MAIL
        retention.erase_person_records(scope, person)
    assert kept(work) == []
