"""How a submission ended, as its person is told: the outcome, the visit that counts, the words.

It never speaks of a help that the level asks for as if it had been given. It asks no database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.presentation.dates import LONG_DAY, format_day, format_local_time
from app.presentation.result import View
from app.presentation.review_words import DECIDED, INSTEAD, NOTED
from app.store.db.patient_tables import WorklistRow
from app.store.review_details import MovedVisit
from app.store.review_rules import CLOSING_KINDS
from app.store.review_steps import BROUGHT_FORWARD, closings_by_two
from app.store.submission_reads import ReviewAction
from app.triage.terms import Urgency

_ENDS_OR_BEGINS = (*CLOSING_KINDS, "reopen")


class VisitWords(NamedTuple):
    """A visit in words: the day, the time or "", and what was typed of it or ""."""

    day: str
    time: str
    kind: str


@dataclass(frozen=True, slots=True)
class EndingFacts:
    """What is kept of an end. `outcome`: "" while it is open. `visit`: the one that counts.

    `moved`: whether that one was typed by a nurse. `move_due_at`: by when the day of a move is to
    be told. `patient_words`: (when, words) for the person, without what a reopening took back.
    """

    level: Urgency
    outcome: str
    visit: MovedVisit | None
    moved: bool
    move_due_at: datetime | None
    patient_words: tuple[tuple[datetime, str], ...]
    reopened_at: datetime | None


def find_booked_visit(payload: Mapping[str, Any]) -> MovedVisit | None:
    """The visit that stands on a line of the worklist; None where none is booked."""
    if not payload["appointment_on"]:
        return None
    day = date.fromisoformat(payload["appointment_on"])
    more = (payload.get("appointment_time", ""), payload.get("appointment_kind", ""))
    return MovedVisit(day, *more)


def collect_ending(
    row: WorklistRow, level: Urgency, payload: Mapping[str, Any], actions: Sequence[ReviewAction]
) -> EndingFacts:
    """What is kept of how a submission ended, if it did."""
    last = next((one for one in reversed(actions) if one.kind in _ENDS_OR_BEGINS), None)
    begun = max((one.number for one in actions if one.kind == "reopen"), default=0)
    ended = last is not None and last.kind != "reopen" and row.state == "closed"
    # What a second person has not agreed to is not said.
    asked = {one.number for one in actions if one.kind == "ask_close"}
    unsaid = asked - {one.answers_number for one in actions if one.kind == "close_yes"}
    patient_words = [
        one
        for one in actions
        if one.patient_words and one.number > begun and one.number not in unsaid
    ]
    return EndingFacts(
        level=level,
        outcome=str(last.outcome) if last and ended else "",
        visit=find_booked_visit(payload),
        moved="appointment_time" in payload,
        move_due_at=row.move_due_at,
        patient_words=tuple((one.at, one.patient_words) for one in patient_words),
        reopened_at=last.at if last and last.kind == "reopen" and not row.closed else None,
    )


@dataclass(frozen=True, slots=True)
class EndingPresenter:
    """Puts an end into words, on the clinic's clock at this moment.

    `last_day`: the last one that is soon enough; None where the level names none.
    """

    now: datetime
    time_zone: str
    language: str
    last_day: date | None

    def describe(self, facts: EndingFacts) -> View:
        """What every page and paper for the person says of it.

        `visit` is the one to come to, `is_new` that it was moved; `to_book`: by when its day is
        told. `fits`: a nurse decided, and the visit is soon enough for the level.
        """
        decided, instead = find_ending_keys(facts)
        visit, to_book = self._find_visit(facts), self._format(facts.move_due_at)
        late = facts.move_due_at is not None and facts.move_due_at <= self.now
        kept = facts.outcome in ("appointment_kept", BROUGHT_FORWARD) and not instead
        in_time = visit is not None and self._is_timely(facts.visit)
        return {
            "decided": decided,
            "instead": instead,
            "visit": visit,
            "is_new": visit is not None and facts.moved,
            "to_book": to_book,
            "to_book_late": late,
            "fits": kept and (in_time or bool(to_book and not late)),
            "too_late": visit is not None and self._is_too_late(facts.visit),
            "told": [(self._format(at), words) for at, words in facts.patient_words],
            "reopened": self._format(facts.reopened_at),
        }

    def _find_visit(self, facts: EndingFacts) -> VisitWords | None:
        """The visit to come to: never the old day of one that is to move."""
        unsaid = facts.outcome == BROUGHT_FORWARD and not facts.moved
        if facts.visit is None or facts.move_due_at is not None or unsaid:
            return None
        day = format_day(facts.visit.day, self.language, LONG_DAY)
        return VisitWords(day, facts.visit.time, facts.visit.kind)

    def _is_too_late(self, visit: MovedVisit | None) -> bool:
        day = visit.day if visit else None
        return day is not None and self.last_day is not None and day > self.last_day

    def _is_timely(self, visit: MovedVisit | None) -> bool:
        """Whether it is still to come, and soon enough."""
        today = self.now.astimezone(ZoneInfo(self.time_zone)).date()
        day = visit.day if visit else None
        return day is not None and day >= today and not self._is_too_late(visit)

    def _format(self, at: datetime | None) -> str:
        return format_local_time(at, self.time_zone, self.language) if at else ""


def find_ending_keys(facts: EndingFacts) -> tuple[str, str]:
    """(What was agreed, what it does not stand in for), as keys of words; "" where there is none.

    An end that leaves this level without its help is never told as if it were that help.
    """
    level, outcome = facts.level, facts.outcome
    if outcome in closings_by_two(level):
        reached = level is Urgency.emergency or outcome != "not_reached"
        return (NOTED if reached else DECIDED)[outcome], INSTEAD[level.name]
    if outcome == BROUGHT_FORWARD and facts.move_due_at is not None:
        return "handed.decided.to_book", ""
    if outcome == BROUGHT_FORWARD and facts.moved:
        return "handed.decided.moved", ""
    return DECIDED.get(outcome, ""), ""
