"""What the nurses of made-up clinics do with one submission: look, call, agree, lower, close."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from app.store import level_changes, opening_hours, reviews, worklist_rows
from app.store.clinics import Targets, load_clinic
from app.store.db.scope import WritingScope
from app.store.review_details import MovedVisit
from app.store.review_steps import BROUGHT_FORWARD, SAME_PERSON, ReviewStep
from app.triage.terms import Urgency

_SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """A made-up clinic and those who review there."""

    id: str
    region: str
    nurses: list[str]
    leads: list[str]


@dataclass(frozen=True, slots=True)
class DemoSubmission:
    """What one person sent, as those who review it meet it."""

    clinic: DemoClinic
    id: str
    level: Urgency
    rules: tuple[str, ...]


@dataclass(slots=True)
class DemoReviewer:
    """Someone at work on one submission, a minute or two for each step, up to `now`.

    `words`: what people.yaml holds. `second_at`: when a second person is to speak to it.
    """

    scope: WritingScope
    targets: Targets
    chance: Random
    words: Mapping[str, Any]
    now: datetime
    sent: DemoSubmission
    last: int = 0
    second_at: datetime | None = None

    def take_review_step(self, kind: str, **more: object) -> None:
        """One step."""
        later = self.scope.now + timedelta(seconds=self.chance.randint(20, 200))
        self.scope = self.scope.act_as(self.scope.who, min(later, self.now))
        # Each kind of step has fields of its own, which a dict of keywords cannot tell the checker.
        step = ReviewStep(kind, self.last, f"{self.scope.who}:{self.sent.id}:{self.last}", **more)  # type: ignore[arg-type]
        self.last = reviews.perform_step(self.scope, self.sent.id, step, self.targets)

    def decide_and_close(self) -> None:
        """Call where it is urgent, agree or raise, then close."""
        level = self.sent.level
        if level >= Urgency.same_day or self.chance.random() < 0.3:
            words = self.chance.choice([*self.words["notes"], "", ""])
            self.take_review_step("call", outcome="answered", words=words)
        if level in (Urgency.routine, Urgency.soon) and self.chance.random() < 0.08:
            self.take_review_step("raise", reason=self.chance.choice(self.words["raise_reasons"]))
            level = Urgency(level + 1)
        else:
            self.take_review_step("agree")
        self._identify_and_close(level)

    def claim_and_note(self) -> None:
        """Take it, and write something down."""
        self.take_review_step("claim")
        self.take_review_step("note", words=self.chance.choice(self.words["notes"]))

    def call_in_vain(self) -> None:
        """Call once or twice; nobody answers."""
        self.take_review_step("call", outcome="no_answer")
        if self.chance.random() < 0.5:
            self.take_review_step("call", outcome="no_answer", words="Left no message.")

    def look_only(self) -> None:
        """Nothing more: it stays nobody's."""

    def lower_level(self) -> None:
        """Lower by one level; from the two highest on, a second person has to agree later."""
        level = self.sent.level
        if level <= Urgency.routine:
            return self.decide_and_close()
        self.take_review_step(
            "lower",
            level=Urgency(level - 1),
            reason=self.chance.choice(self.words["lower_reasons"]),
            rules=self.sent.rules,
            words="Seen at the desk today.",
        )
        if level < level_changes.WORDS_FROM:
            return self._identify_and_close(Urgency(level - 1))
        self.second_at = self.scope.now + timedelta(hours=self.chance.choice([1, 24, 48]))
        return None

    def _identify_and_close(self, level: Urgency) -> None:
        """Close it, once two facts about the person were compared."""
        self.take_review_step("identify", outcome=SAME_PERSON, reason="full_name born_on")
        outcome = self.chance.choice(self.words["closings"][level.name])
        if outcome == "appointment_kept" and not self._has_visit_in_time(level):
            outcome = BROUGHT_FORWARD if level is Urgency.soon else "advice_given"
        more: dict[str, object] = {}
        if outcome == BROUGHT_FORWARD:
            more["visit"] = self._make_earlier_visit()
        if self.chance.random() < 0.4:
            more["patient_words"] = self.chance.choice(self.words["patient_words"])
        self.take_review_step("close", outcome=outcome, **more)

    def _has_visit_in_time(self, level: Urgency) -> bool:
        """Whether a visit is booked that the level can wait for."""
        row = worklist_rows.require_row(self.scope, self.sent.id, self.scope.now)
        booked = worklist_rows.row_payload(self.scope, row)["appointment_on"]
        last = row.arrived_at.date() + _SOON if level is Urgency.soon else date.max
        return bool(booked) and date.fromisoformat(booked) <= last

    def _make_earlier_visit(self) -> MovedVisit:
        """A day on which the clinic is open, mostly within two weeks; some are not booked yet."""
        if self.chance.random() < 0.25:
            return MovedVisit(None)
        clinic = load_clinic(self.scope)
        today = opening_hours.local_day(clinic, self.scope.now)
        day = today + timedelta(days=self.chance.randint(2, 8))
        while opening_hours.is_closed_day(clinic, day):
            day += timedelta(days=1)
        return MovedVisit(day, self.chance.choice(("09:20", "11:40", "14:00")), "Dr Hill")

    def move_later(self) -> None:
        """Close it with a visit that is to move and has no day yet."""
        self.take_review_step("agree")
        self.take_review_step("identify", outcome=SAME_PERSON, reason="full_name born_on")
        self.take_review_step("close", outcome=BROUGHT_FORWARD, visit=MovedVisit(None))

    def reopen_and_add(self) -> None:
        """Close it, add words, and open it again, since it was the wrong outcome."""
        self.decide_and_close()
        self.take_review_step("addendum", words=self.chance.choice(self.words["notes"]))
        self.take_review_step("reopen", words="This was closed with the wrong outcome.")


REVIEW_SCRIPTS: Mapping[str, Callable[[DemoReviewer], None]] = {
    "decide": DemoReviewer.decide_and_close,
    "note": DemoReviewer.claim_and_note,
    "call": DemoReviewer.call_in_vain,
    "look": DemoReviewer.look_only,
    "lower": DemoReviewer.lower_level,
    "reopen": DemoReviewer.reopen_and_add,
    "move": DemoReviewer.move_later,
}
"""What can come of a look, by the names of people.yaml."""
STAYS_OPEN = ("note", "call", "look")
"""After these, someone comes back to it."""
