"""One line of the worklist in words: level, time left, visit, and what to know before a call.

It decides nothing but what a line shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.presentation.dates import (
    DAY_TIME,
    MONTH_DAY,
    SHORT_DAY,
    format_day,
    format_local_time,
    last_timely_day,
)
from app.presentation.result import Fill, View
from app.presentation.review_words import REASONS
from app.store.reviews import is_viewed
from app.store.worklist import ListedSubmission
from app.store.worklist_rows import read_row_flags
from app.triage.terms import Urgency
from app.triage.wording import Wording

NEVER_ON_PAPER = ("safeguarding",)
"""Flags that others could read on a sheet that lies about; neither are words to `no_contact`."""


class StaffMarker(NamedTuple):
    """What to know of a line: the key of its words, and what was typed to it.

    Paper shows neither where `on_paper` is false, and `paper_words` in place of what was typed.
    """

    key: str
    words: str = ""
    paper_words: str = ""
    on_paper: bool = True


class LoweredMark(NamedTuple):
    """The level from which it was lowered, and the key of the words for why."""

    badge: str
    reason: str


@dataclass(frozen=True, slots=True)
class RowPresenter:
    """Puts lines of one clinic into words; `translate` takes a key, `fill` a text of the rules.

    `visit_days`: level -> the time within which a visit is soon enough. `reader`: for whom of the
    staff it is.
    """

    words: Wording
    translate: Fill
    fill: Fill
    time_zone: str
    now: datetime
    visit_days: Mapping[Urgency, timedelta]
    rulebook_sha256: str
    withdrawn: Mapping[str, datetime]
    reader: str = ""

    def build_row(self, names: Mapping[str, str], line: ListedSubmission) -> View:
        """One line in words; `names`: who is who of the staff.

        `late`: its time is over; `forward`: the visit is too far away; `needed`: the last day that
        is soon enough, where it ends before the clinic could look, and has not ended yet;
        `to_book`: by when to tell the day of a visit that is to move; `language`: for the
        interpreter.
        """
        row, payload = line.row, line.payload
        flags = read_row_flags(payload)
        ages = self.words.questions["age"].options
        reasons = [self.words.rules[r].reason for r in payload["rules"] if r in self.words.rules]
        visit, last = self.visit_day(line), self.last_timely_day(line)
        late = row.due_at <= self.now and row.state != "closed"
        move_due = row.move_due_at
        return {
            "submission": row.submission_id,
            "level": line.level.name,
            "badge": self.level_badge(line.level),
            "time": self.format_time_left(row.due_at),
            "late": late,
            "needed": "" if late else self._describe_last_day(line),
            "appointment": "" if move_due else self.format_visit(line, SHORT_DAY),
            "to_book": self.short_time(move_due),
            "to_book_late": move_due is not None and move_due <= self.now,
            "forward": not move_due and visit is not None and last is not None and visit > last,
            "reference": payload["reference"],
            "name": payload["name"],
            "age": self.fill(ages[payload["age"]]) if payload["age"] in ages else "",
            "headline": self.fill(reasons[0]) if reasons else "",
            "flags": payload["flags"],
            "unsure": payload["unsure"],
            "stopped": bool(payload.get("stopped")),
            "state": f"worklist.state.{row.state}",
            "owner": names.get(row.owner_id or "", ""),
            "handed_to": names.get(row.handed_to_id or "", ""),
            "viewer": self._find_viewer(names, line),
            "lowered": self.describe_lowered(line),
            "unseen": row.first_seen_at is None,
            "markers": self._list_markers(line, flags),
            "language": flags.get("interpreter", ""),
        }

    def _describe_last_day(self, line: ListedSubmission) -> str:
        """The last day that is soon enough, where it is what ends the time to look."""
        due = line.row.due_at.astimezone(ZoneInfo(self.time_zone))
        counts_days = line.level is not Urgency.emergency and line.row.state != "closed"
        # What is due by opening hours never falls on the midnight at which such a day ends.
        if not counts_days or due.time() != time.min:
            return ""
        return format_day(due.date() - timedelta(days=1), self.words.language, MONTH_DAY)

    def describe_lowered(self, line: ListedSubmission) -> LoweredMark | None:
        """From which level someone lowered it, and why; None where it was not lowered."""
        row = line.row
        if row.lowered_from is None:
            return None
        reason = REASONS.get(row.lowered_reason or "", "")
        return LoweredMark(self.level_badge(Urgency(row.lowered_from)), reason)

    def _find_viewer(self, names: Mapping[str, str], line: ListedSubmission) -> str:
        """Who else is looking at it, as far as that is known; "" for nobody."""
        row = line.row
        seen = row.viewer_id not in (None, self.reader) and row.state != "closed"
        return names.get(row.viewer_id or "", "") if seen and is_viewed(row, self.now) else ""

    def local_day(self, at: datetime) -> date:
        """The day on the clinic's calendar."""
        return at.astimezone(ZoneInfo(self.time_zone)).date()

    def visit_day(self, line: ListedSubmission) -> date | None:
        """The day of the visit that is booked."""
        booked = line.payload["appointment_on"]
        return date.fromisoformat(booked) if booked else None

    def format_visit(self, line: ListedSubmission, pattern: str) -> str:
        """The visit that is booked, with its time where that is known; "" where there is none."""
        day = format_day(self.visit_day(line), self.words.language, pattern)
        return ", ".join(filter(None, [day, line.payload.get("appointment_time")]))

    def short_time(self, at: datetime | None) -> str:
        """A time in short, "2 Nov, 14:05"; "" for none."""
        return format_local_time(at, self.time_zone, self.words.language, DAY_TIME) if at else ""

    def last_timely_day(self, line: ListedSubmission) -> date | None:
        """The last day that is soon enough; None where the level names none."""
        return last_timely_day(self.visit_days.get(line.level), line.row.arrived_at, self.time_zone)

    def build_short_row(self, line: ListedSubmission) -> dict[str, str]:
        """A line that stands on the page of another submission of the same person."""
        return {
            "id": line.row.submission_id,
            "at": format_local_time(line.row.arrived_at, self.time_zone, self.words.language),
            "level": line.level.name,
            "badge": self.level_badge(line.level),
            "state": f"worklist.state.{line.row.state}",
        }

    def level_badge(self, level: Urgency) -> str:
        """A level in one to three words."""
        return self.words.levels[level.name].parts["badge"]

    def format_time_left(self, due: datetime) -> str:
        """How long there is left, or how long it has been over; never rounded up."""
        minutes = abs(due - self.now) // timedelta(minutes=1)
        if minutes < 100:
            unit, number = "minutes", minutes
        elif minutes < 48 * 60:
            unit, number = "hours", minutes // 60
        else:
            unit, number = "days", minutes // (24 * 60)
        which = "late" if due <= self.now else "left"
        return self.translate(f"worklist.{which}.{unit}", number=number)

    def _list_markers(
        self, line: ListedSubmission, flags: Mapping[str, str]
    ) -> tuple[StaffMarker, ...]:
        own = line.row.last_version - line.payload.get("found", 0)  # without what a nurse found
        worse = bool(line.payload.get("worse"))
        found = {
            "worklist.marker.stopped": bool(line.payload.get("stopped")),
            "worklist.marker.elsewhere": bool(line.payload.get("elsewhere")),
            "worklist.marker.worse": worse,
            "worklist.marker.changed": own > 1 and not worse,
            "worklist.marker.other": line.payload["about"] != "me",
            "worklist.marker.withdrawn": line.row.rulebook_sha256 in self.withdrawn,
            "worklist.marker.older": line.row.rulebook_sha256 != self.rulebook_sha256,
        }
        needs = [
            StaffMarker(
                f"marks.{flag}",
                words,
                paper_words="" if flag == "no_contact" else words,
                on_paper=flag not in NEVER_ON_PAPER,
            )
            for flag, words in flags.items()
        ]
        return (*(StaffMarker(key) for key, shown in found.items() if shown), *needs)
