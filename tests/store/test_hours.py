"""By when something is due: opening hours, closed days, clocks that jump, levels of the rules."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.rulebook.faults import RulebookFaults
from app.store.clinics import load_policy
from app.store.db.tables import Clinic
from app.store.opening_hours import (
    BadHours,
    add_open_minutes,
    find_opening_state,
    format_day_hours,
    is_open_by,
    parse_day_hours,
)
from app.store.worklist_rows import rank_and_due
from app.triage.terms import Urgency
from tests.builders import RULES, examples
from tests.store.rows import A_ROW_OF

ROW = A_ROW_OF["clinic"] | {"closed_days": [], "targets": {}}
LONDON = Clinic(**ROW)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-03-02 10:00", 60, "2026-03-02 11:00"),
        ("2026-03-02 16:30", 30, "2026-03-02 17:00"),
        ("2026-03-02 16:30", 31, "2026-03-03 09:01"),
        ("2026-03-02 03:00", 15, "2026-03-02 09:15"),
        ("2026-03-06 16:59", 2, "2026-03-09 09:01"),  # over a week-end
        ("2026-03-27 16:00", 120, "2026-03-30 09:00"),  # over the start of summer time
        ("2026-07-01 08:00", 60, "2026-07-01 09:00"),  # nine o'clock in London is eight in UTC
    ],
)
def test_only_open_minutes_count(start: str, minutes: int, end: str) -> None:
    assert add_open_minutes(LONDON, at(start), minutes) == at(end)


def test_closed_days_do_not_count() -> None:
    closed = Clinic(**ROW | {"closed_days": ["2026-03-03"]})
    assert add_open_minutes(closed, at("2026-03-02 16:30"), 60) == at("2026-03-04 09:30")


def test_where_the_clinic_never_opens_all_minutes_count() -> None:
    never = Clinic(**ROW | {"opening_hours": [[] for _ in range(7)]})
    assert add_open_minutes(never, at("2026-03-02 16:30"), 60) == at("2026-03-02 17:30")


@examples(100)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    st.integers(1, 3000),
    st.integers(0, 500),
)
def test_more_minutes_are_never_due_sooner(start: datetime, minutes: int, more: int) -> None:
    start = start.replace(tzinfo=UTC)
    assert (
        start
        < add_open_minutes(LONDON, start, minutes)
        <= add_open_minutes(LONDON, start, minutes + more)
    )


def test_an_emergency_is_due_by_the_clock_and_the_rest_in_opening_hours() -> None:
    saturday, targets = at("2026-03-07 12:00"), load_policy(RULES).targets
    emergency, today = (
        rank_and_due(LONDON, saturday, level, targets)["due_at"]
        for level in (Urgency.emergency, Urgency.same_day)
    )
    assert emergency == saturday + timedelta(minutes=targets[Urgency.emergency])
    assert today == at("2026-03-08 00:00")
    monday = at("2026-03-09 07:00")
    in_hours = rank_and_due(LONDON, monday, Urgency.same_day, targets)["due_at"]
    assert in_hours == at("2026-03-09 09:00") + timedelta(minutes=targets[Urgency.same_day])


def test_nothing_is_due_after_the_last_day_that_is_soon_enough() -> None:
    """So a row is late once that day has passed, whenever the clinic opens next."""
    targets = load_policy(RULES).targets
    closed_for_weeks = [f"2026-03-{day:02}" for day in range(2, 31)]
    closed = Clinic(**ROW | {"closed_days": closed_for_weeks})
    soon, routine = (
        rank_and_due(closed, at("2026-03-02 10:00"), level, targets)["due_at"]
        for level in (Urgency.soon, Urgency.routine)
    )
    assert soon == at("2026-03-17 00:00")
    assert routine > at("2026-03-31 08:00")


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("09:00-17:00", [["09:00", "17:00"]]),
        (" 9 - 12.30 , 14:00\u201317 ", [["09:00", "12:30"], ["14:00", "17:00"]]),
        ("8 to 12 and 13 to 17", [["08:00", "12:00"], ["13:00", "17:00"]]),
        ("", []),
        ("Closed", []),
    ],
)
def test_opening_hours_are_read_as_people_type_them(typed: str, spans: list[list[str]]) -> None:
    assert parse_day_hours(typed) == spans
    assert parse_day_hours(format_day_hours(spans)) == spans


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("nine to five", "hours_text"),
        ("9am-5pm", "hours_text"),
        ("09:00", "hours_text"),
        ("09:00-25:00", "hours_clock"),
        ("09:60-17:00", "hours_clock"),
        ("17:00-09:00", "hours_order"),
        ("09:00-09:00", "hours_order"),
        ("09:00-13:00, 12:00-17:00", "hours_overlap"),
        ("14:00-17:00, 09:00-12:00", "hours_overlap"),
        ("08:00-09:00, 10:00-11:00, 12:00-13:00", "hours_many"),
    ],
)
def test_opening_hours_that_cannot_be_are_refused_with_a_word_for_why(
    typed: str, problem: str
) -> None:
    with pytest.raises(BadHours) as refused:
        parse_day_hours(typed)
    assert refused.value.problem == problem


@pytest.mark.parametrize(
    ("now", "closes", "opens"),
    [
        ("2026-03-02 10:00", "2026-03-02 17:00", None),
        ("2026-03-02 17:00", None, "2026-03-03 09:00"),
        ("2026-03-06 17:30", None, "2026-03-09 09:00"),  # over a week-end
        ("2026-03-02 08:59", None, "2026-03-02 09:00"),
    ],
)
def test_it_is_known_whether_a_clinic_is_open_and_when_that_changes(
    now: str, closes: str | None, opens: str | None
) -> None:
    state = find_opening_state(LONDON, at(now))
    assert state == (closes and at(closes), opens and at(opens))


def test_a_time_can_be_met_only_where_the_clinic_is_open_until_then() -> None:
    met = ["2026-03-02 09:01", "2026-03-02 17:00"]
    unmet = ["2026-03-02 09:00", "2026-03-02 17:01", "2026-03-08 12:00"]
    assert [text for text in (*met, *unmet) if is_open_by(LONDON, at(text))] == met
    never = Clinic(**ROW | {"opening_hours": [[] for _ in range(7)]})
    assert is_open_by(never, at("2026-03-08 12:00"))


def test_every_level_has_a_target_and_a_worse_one_waits_no_longer() -> None:
    targets = load_policy(RULES).targets
    assert [targets[level] for level in Urgency] == sorted(targets.values(), reverse=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.pop(), "self_care: has no target"),
        (lambda rows: rows[0].update(minutes=61), "a worse level would wait longer"),
        (lambda rows: rows[0].update(minutes=0), "minutes"),
        (lambda rows: rows[0].update(id="panic"), "no such level"),
        (lambda rows: rows[0].update(sources=["nobody"]), "unknown source 'nobody'"),
        (lambda rows: rows[0].pop("sources"), "sources"),
    ],
)
def test_a_fault_in_the_targets_stops_the_start(tmp_path: Path, change, message: str) -> None:
    copytree(RULES, tmp_path / "rules", ignore=lambda *_: ["cases"])
    file = tmp_path / "rules" / "targets.yaml"
    rows = yaml.safe_load(file.read_text())
    change(rows)
    file.write_text(yaml.safe_dump(rows))
    with pytest.raises(RulebookFaults, match=message):
        load_policy(tmp_path / "rules")
