"""When open submissions are due, after a clinic changed its hours, closed days or targets."""

import json
from datetime import timedelta

import pytest

from app.store import clinic_settings, due_times
from app.store.clinic_settings import WEEKDAYS
from app.store.clinics import load_clinic
from app.store.db import audit
from app.store.db.scope import Store
from app.store.worklist_rows import due_time
from app.triage.terms import Urgency
from tests.store.patients import MONDAY, TARGETS, Work

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TODAY = MONDAY.date().isoformat()
MORNINGS = dict.fromkeys(WEEKDAYS[:5], "09:00-11:00") | dict.fromkeys(WEEKDAYS[5:], "")
LONGER = {level.name: str(minutes) for level, minutes in TARGETS.items()} | {"soon": "600"}


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def change(work: Work, save, *given: object, now=MONDAY + MINUTE) -> int:
    """Change a setting; how many times were counted anew, as the audit has it."""
    with (
        work.store.writing_scope("c1", now, "kim") as scope,
        due_times.follow_clinic_settings(scope, TARGETS),
    ):
        save(scope, *given)
    with work.store.reading_scope("c1") as scope:
        found = audit.list_audit_entries(scope, actions=["due_times_changed"])
        return json.loads(found[0].facts)["number"] if found else 0


def expected(work: Work, level: Urgency, start=MONDAY):
    with work.store.reading_scope("c1") as scope:
        return due_time(load_clinic(scope), start, level, TARGETS)


@pytest.mark.parametrize(
    ("save", "given"),
    [
        (clinic_settings.save_hours, (MORNINGS,)),
        (clinic_settings.add_closed_days, ({"first": TODAY, "last": "", "reason": ""},)),
        (clinic_settings.save_targets, (LONGER, TARGETS)),
    ],
)
def test_what_waits_is_due_by_the_new_hours_closed_days_and_targets(
    work: Work, save, given: tuple[object, ...]
) -> None:
    sent = work.send("soon").submission
    before = work.row(sent).due_at
    assert change(work, save, *given) == 1
    assert work.row(sent).due_at == expected(work, Urgency.soon) != before


def test_the_time_goes_on_from_when_the_level_was_last_changed(work: Work) -> None:
    sent, raised = work.send("routine").submission, MONDAY + 30 * MINUTE
    work.do("kim", sent, "raise", raised)
    change(work, clinic_settings.save_hours, MORNINGS, now=raised + MINUTE)
    assert work.row(sent).due_at == expected(work, Urgency.soon, raised)


def test_an_emergency_and_what_is_late_keep_their_times(work: Work) -> None:
    sent = {level: work.send(level).submission for level in ("emergency", "same_day")}
    before = {level: work.row(one).due_at for level, one in sent.items()}
    later = before["same_day"] + MINUTE
    assert change(work, clinic_settings.save_hours, MORNINGS, now=later) == 0
    assert {level: work.row(one).due_at for level, one in sent.items()} == before


def test_nothing_becomes_late_by_a_setting(work: Work) -> None:
    sent = work.send("soon").submission
    before = work.row(sent).due_at
    shorter = LONGER | {"same_day": "30", "soon": "40"}
    now = MONDAY + 50 * MINUTE
    assert change(work, clinic_settings.save_targets, shorter, TARGETS, now=now) == 0
    assert work.row(sent).due_at == before > now


def test_what_changes_no_time_is_not_noted(work: Work) -> None:
    work.send("soon")
    lowering = {"may_lower": "lead", "second_person_from": "soon"}
    assert change(work, clinic_settings.save_lowering, lowering) == 0
