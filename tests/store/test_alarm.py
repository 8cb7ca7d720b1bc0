"""Emergencies that nobody saw: who is told of which, once, and where a clinic wants it told."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.store import alarm_destinations, alarms, claim_lapse, reviews
from app.store.alarm_destinations import AlarmDestinations
from app.store.alarms import AlarmMessage
from app.store.db import record_keys
from app.store.db.scope import Store
from app.store.review_details import MovedVisit
from app.triage.terms import Urgency
from tests.store.kim import actions, times_rung
from tests.store.patients import CLAIM_MINUTES, KNOWN, MONDAY, Work

MINUTE = timedelta(minutes=1)
FIVE = 5 * MINUTE
HOOK = AlarmDestinations("https://alarm.example/hook")
BOTH = AlarmDestinations("https://alarm.example/hook", "lead@hill.example")


@pytest.fixture
def work(store: Store) -> Work:
    with store.writing_scope("c1", MONDAY, "kim") as scope:
        record_keys.create_data_key(scope, "c1")
    return Work(store)


def due(work: Work, after: timedelta = FIVE) -> list[str]:
    now = MONDAY + after
    return alarms.raise_due_alarms(work.store, "c1", now, now - FIVE)


def choose(work: Work, chosen: AlarmDestinations = HOOK, now: datetime = MONDAY) -> None:
    with work.store.writing_scope("c1", now, "command") as scope:
        alarms.save_destinations(scope, chosen)


def claimed(work: Work, after: timedelta = FIVE, kind: str = "webhook") -> AlarmMessage:
    message = alarms.claim_next_alarm(work.store, "c1", kind, MONDAY + after)
    assert message is not None
    return message


def oldest(work: Work, after: timedelta = FIVE):
    now = MONDAY + after
    with work.store.reading_scope("c1") as scope:
        return alarms.find_oldest_emergency(scope, now, now - FIVE)


def test_an_emergency_alarms_after_its_time_and_not_before(work: Work) -> None:
    sent = work.send("emergency").submission
    work.send("same_day")
    almost = FIVE - timedelta(seconds=1)
    assert (due(work, almost), oldest(work, almost)) == ([], None)
    assert (due(work), oldest(work)) == ([sent], MONDAY)


def test_a_look_alone_ends_no_alarm_and_an_act_does(work: Work) -> None:
    sent = work.send("emergency").submission
    with work.store.writing_scope("c1", MONDAY + MINUTE, "kim") as scope:
        reviews.record_view(scope, sent, "")
    assert (due(work), oldest(work)) == ([sent], MONDAY)
    work.do("kim", sent, "call", MONDAY + FIVE, outcome="no_answer")
    assert oldest(work) is None
    assert due(work, 9 * FIVE) == []


def test_who_takes_an_emergency_has_as_long_again_and_then_it_alarms_anew(work: Work) -> None:
    sent = work.send("emergency").submission
    assert due(work) == [sent]
    taken = MONDAY + FIVE + MINUTE
    work.do("kim", sent, "claim", taken)
    assert (due(work, 2 * FIVE), oldest(work, 2 * FIVE)) == ([], None)
    assert (due(work, 2 * FIVE + MINUTE), oldest(work, 2 * FIVE + MINUTE)) == ([sent], taken)


@pytest.mark.parametrize("kind", ["release", "lapse"])
def test_an_emergency_that_is_nobodys_again_alarms_at_once(work: Work, kind: str) -> None:
    sent = work.send("emergency").submission
    work.do("kim", sent, "call", MONDAY + MINUTE, outcome="no_answer")
    if kind == "release":
        work.do("kim", sent, "release", MONDAY + FIVE)
    else:
        now = MONDAY + FIVE
        assert claim_lapse.lapse_claims(work.store, "c1", now, CLAIM_MINUTES) == 1
    assert due(work) == [sent]


def test_an_emergency_that_waits_for_a_second_person_to_lower_it_alarms(work: Work) -> None:
    sent = work.send("emergency").submission
    work.lower("kim", sent, to=Urgency.same_day)
    assert (due(work), oldest(work)) == ([sent], MONDAY)
    work.do("lee", sent, "second_no")
    assert oldest(work) is None


def test_it_is_told_once_and_stays_on_the_pages_until_someone_looks(work: Work) -> None:
    work.send("emergency")
    assert len(due(work)) == 1
    assert due(work, 2 * FIVE) == []
    assert oldest(work, 2 * FIVE) == MONDAY


def test_it_is_told_once_however_many_servers_ask_at_once(work: Work) -> None:
    work.send("emergency")
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.extend(due(work))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_answers_that_are_sent_again_wait_anew(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "soon").submission
    work.hand_in(invitation, "emergency", MONDAY + 2 * FIVE)
    assert due(work, 3 * FIVE - MINUTE) == []
    assert due(work, 3 * FIVE) == [sent]


def test_open_pages_are_rung_and_the_audit_knows(work: Work) -> None:
    choose(work)
    work.send("emergency")
    with work.store.reading_scope("c1") as scope:
        before = times_rung(scope)
    due(work)
    alarms.record_sent_alarm(work.store, MONDAY + FIVE, claimed(work))
    with work.store.reading_scope("c1") as scope:
        assert times_rung(scope) == before + 1
    assert actions(work.store)[-2:] == ["alarm_raised", "alarm_sent"]


def test_a_clinic_chooses_where_its_alarms_go(work: Work) -> None:
    assert alarm_destinations.read_destinations(work.store, "c1") == AlarmDestinations()
    choose(work, BOTH)
    assert alarm_destinations.read_destinations(work.store, "c1") == BOTH
    choose(work, AlarmDestinations(email=BOTH.email))
    assert alarm_destinations.read_destinations(work.store, "c1") == AlarmDestinations(
        email=BOTH.email
    )


def test_the_other_clinic_is_not_told(work: Work) -> None:
    work.send("emergency")
    now = MONDAY + FIVE
    with work.store.reading_scope("c2") as scope:
        assert alarms.find_oldest_emergency(scope, now, now) is None
    assert alarms.raise_due_alarms(work.store, "c2", now, now) == []
    assert len(alarms.raise_due_alarms(work.store, "c1", now, now)) == 1


HOUR = timedelta(minutes=60)  # what targets.yaml leaves for "today", of opening hours


@pytest.mark.parametrize(("level", "after"), [("same_day", HOUR), ("soon", 9 * HOUR)])
def test_a_promised_time_that_is_missed_alarms_once_within_a_minute(
    work: Work, level: str, after: timedelta
) -> None:
    choose(work, BOTH)
    sent = work.send(level).submission
    left = work.row(sent).due_at - MONDAY
    assert left >= after
    assert due(work, left - timedelta(seconds=1)) == []
    assert due(work, left + timedelta(seconds=15)) == [sent]
    assert due(work, left + HOUR) == []
    assert [claimed(work, left + MINUTE, kind).reference for kind in ("webhook", "email")]


def test_what_is_late_names_its_reference_alone_and_alarms_on_no_page(work: Work) -> None:
    choose(work)
    receipt = work.send("same_day")
    assert due(work, HOUR) == [receipt.submission]
    assert claimed(work, HOUR).reference == receipt.reference
    assert oldest(work, 2 * HOUR) is None


def test_who_acts_in_time_or_takes_what_is_late_ends_its_alarm(work: Work) -> None:
    choose(work)
    acted, taken = (work.send("same_day").submission for _ in range(2))
    work.do("kim", acted, "call", MONDAY + MINUTE, outcome="no_answer")
    assert due(work, HOUR) == [taken]
    work.do("kim", taken, "claim", MONDAY + HOUR + MINUTE)
    assert alarms.claim_next_alarm(work.store, "c1", "webhook", MONDAY + HOUR + MINUTE) is None
    assert due(work, HOUR + FIVE) == []
    work.do("kim", taken, "release", MONDAY + HOUR + FIVE)
    assert due(work, HOUR + FIVE) == [taken]


def test_a_claim_without_an_act_does_not_keep_a_missed_time_secret(work: Work) -> None:
    sent = work.send("same_day").submission
    work.do("kim", sent, "claim", MONDAY + MINUTE)
    assert due(work, HOUR - MINUTE) == []
    assert due(work, HOUR) == [sent]


def test_an_emergency_that_comes_after_a_missed_time_alarms_by_itself(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "same_day").submission
    assert due(work, HOUR) == [sent]
    work.hand_in(invitation, "emergency", MONDAY + HOUR)
    assert due(work, HOUR + FIVE) == [sent]


def test_a_visit_without_a_day_by_the_promised_time_alarms_once_until_it_has_one(
    work: Work,
) -> None:
    choose(work)
    receipt = work.hand_in(work.invite(), "soon")
    sent = receipt.submission
    work.do("kim", sent, "identify", **KNOWN)
    work.do("kim", sent, "agree")
    work.do("kim", sent, "close", outcome="brought_forward", visit=MovedVisit(None))
    promised = work.row(sent).move_due_at - MONDAY
    assert due(work, promised - timedelta(seconds=1)) == []
    assert due(work, promised) == [sent]
    assert claimed(work, promised).reference == receipt.reference
    assert due(work, promised + HOUR) == []
    booked = MovedVisit((MONDAY + timedelta(days=8)).date())
    work.do("lee", sent, "visit", MONDAY + promised + HOUR, visit=booked)
    later = MONDAY + promised + 2 * HOUR
    assert alarms.claim_next_alarm(work.store, "c1", "webhook", later) is None
    assert due(work, promised + 2 * HOUR) == []


def test_what_is_due_after_long_hours_is_raised_a_part_at_a_time_and_all_of_it(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends meanwhile is not kept waiting for thousands of alarms."""
    monkeypatch.setattr(alarms, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(claim_lapse, "MOST_AT_ONCE", 2)
    late = [work.send("same_day").submission for _ in range(5)]
    for sent in late:
        work.do("kim", sent, "claim", MONDAY)
    turns: list[datetime] = []
    begin = Store.writing_scope

    def count_turns(store: Store, clinic: str, now: datetime, who: str) -> Any:
        turns.append(now)
        return begin(store, clinic, now, who)

    monkeypatch.setattr(Store, "writing_scope", count_turns)
    assert sorted(due(work, HOUR)) == sorted(late)
    assert len(turns) == 3
    assert due(work, HOUR) == []
    turns.clear()
    assert claim_lapse.lapse_claims(work.store, "c1", MONDAY + 9 * HOUR, CLAIM_MINUTES) == 5
    assert len(turns) == 3
