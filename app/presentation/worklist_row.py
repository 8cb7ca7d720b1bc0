"""One line of the worklist in words: level, time left, visit, and what to know before a call.

It decides nothing but what a line shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.presentation.dates import (
    format_local_time,
    format_month_day,
    format_short_day,
    is_visit_late,
    last_timely_day,
)
from app.presentation.result import Fill
from app.store.worklist import ListedSubmission
from app.store.worklist_rows import PATIENT_FLAGS
from app.triage.terms import Urgency
from app.triage.wording import Wording


@dataclass(frozen=True, slots=True)
class WorklistRowView:
    """One line in words. `late`: its time is over; `forward`: the visit is too far away.

    `needed`: the last day that is soon enough, where the clinic looks later than that.
    """

    submission: str
    level: str
    badge: str
    time: str
    late: bool
    needed: str
    appointment: str
    forward: bool
    reference: str
    name: str
    age: str
    headline: str
    flags: int
    unsure: int
    state: str
    owner: str
    markers: tuple[str, ...]


class OtherSubmission(NamedTuple):
    """Another submission of the same person."""

    id: str
    at: str
    level: str
    badge: str
    state: str


@dataclass(frozen=True, slots=True)
class RowPresenter:
    """Puts lines of one clinic into words; `translate` takes a key, `fill` a text of the rules.

    `visit_days`: level -> the time within which a visit is soon enough.
    """

    words: Wording
    translate: Fill
    fill: Fill
    language: str
    time_zone: str
    now: datetime
    visit_days: Mapping[Urgency, timedelta]
    rulebook_sha256: str

    def build_row(self, names: Mapping[str, str], line: ListedSubmission) -> WorklistRowView:
        """One line in words; `names`: who is who of the staff."""
        payload, ages = line.payload, self.words.questions["age"].options
        reasons = [self.words.rules[r].reason for r in payload["rules"] if r in self.words.rules]
        booked = payload["appointment_on"]
        visit = date.fromisoformat(booked) if booked else None
        within = self.visit_days.get(line.level)
        last = last_timely_day(within, line.arrived_at, self.time_zone)
        looked_at = line.due_at.astimezone(ZoneInfo(self.time_zone)).date()
        missed = last is not None and last < looked_at and line.state != "closed"
        return WorklistRowView(
            submission=line.submission,
            level=line.level.name,
            badge=self.level_badge(line.level),
            time=self.format_time_left(line.due_at),
            late=line.due_at <= self.now and line.state != "closed",
            needed=format_month_day(last if missed else None, self.language),
            appointment=format_short_day(visit, self.language),
            forward=visit is not None
            and is_visit_late(within, line.arrived_at, visit, self.time_zone),
            reference=payload["reference"],
            name=payload["name"],
            age=self.fill(ages[payload["age"]]) if payload["age"] in ages else "",
            headline=self.fill(reasons[0]) if reasons else "",
            flags=payload["flags"],
            unsure=payload["unsure"],
            state=state_key(line.state),
            owner=names.get(line.owner or "", ""),
            markers=self._marker_keys(line),
        )

    def build_short_row(self, line: ListedSubmission) -> OtherSubmission:
        """A line that stands on the page of another submission."""
        return OtherSubmission(
            line.submission,
            format_local_time(line.arrived_at, self.time_zone, self.language),
            line.level.name,
            self.level_badge(line.level),
            state_key(line.state),
        )

    def level_badge(self, level: Urgency) -> str:
        """A level in one to three words."""
        return self.words.levels[level.name].parts["badge"]

    def format_time_left(self, due: datetime) -> str:
        """How long there is left, or how long it has been over; never rounded up."""
        minutes = abs(due - self.now) // timedelta(minutes=1)
        hours, days = minutes // 60, minutes // (24 * 60)
        which = "late" if due <= self.now else "left"
        if minutes < 100:
            return self.translate(f"worklist.{which}.minutes", number=minutes)
        if hours < 48:
            return self.translate(f"worklist.{which}.hours", number=hours)
        return self.translate(f"worklist.{which}.days", number=days)

    def _marker_keys(self, line: ListedSubmission) -> tuple[str, ...]:
        own = line.versions - line.payload.get("found", 0)  # without what a nurse found
        worse = bool(line.payload.get("worse"))
        found = {
            "worklist.marker.worse": worse,
            "worklist.marker.changed": own > 1 and not worse,
            "worklist.marker.other": line.payload["about"] != "me",
            "worklist.marker.older": line.rulebook_sha256 != self.rulebook_sha256,
            "worklist.marker.unseen": not line.seen,
        }
        flags = line.payload.get("markers", ())
        needs = [flag_key(flag) for flag in PATIENT_FLAGS if flag in flags]
        return (*(key for key, shown in found.items() if shown), *needs)


def state_key(state: str) -> str:
    """The key of the words for the state of a submission."""
    return f"worklist.state.{state}"


def flag_key(flag: str) -> str:
    """The key of the words for what staff need to know of a patient."""
    return f"marks.{flag}"
