"""The words of a review: what can be done, how it can end, and what speaks against a step.

It only names; whether a step fits stands in `misfits`, what it does in `reviews`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.store.db.tables import AssessmentVersion, ReviewEntry, Staff, WorklistRow
from app.store.worklist_rows import rank_to_level
from app.triage.terms import Urgency

LOWER_REASONS = (
    "examined",  # someone looked at it in person
    "in_care",  # it is being treated already
    "misread",  # the question was not understood
    "known_change",  # long known and unchanged
    "wrong_person",  # the answers are about someone else
    "other",
)
CALL_OUTCOMES = ("answered", "no_answer", "wrong_number")
FAILED_CALLS = ("no_answer", "wrong_number")
DISPOSITIONS = (
    "appointment_kept",
    "brought_forward",
    "other_service",
    "emergency_service",
    "seen_today",
    "advice_given",
    "not_reached",
)
DISPOSITIONS_BY_ONE: Mapping[Urgency, frozenset[str]] = {
    Urgency.emergency: frozenset({"emergency_service"}),
    Urgency.same_day: frozenset({"emergency_service", "seen_today", "other_service"}),
}
"""How one person may close what cannot wait: by the help that the level asks for, in its time."""
CLOSING_KINDS = ("close", "close_yes")
"""What ends a submission: one person's closing, or a second one's yes to it."""
DECISION_KINDS = ("agree", "raise", "lower", "second_yes", "second_no")
IDENTIFIERS = ("full_name", "born_on", "address", "number")
"""What can be compared; only which ones were is kept, never what was said."""
SAME_PERSON, WRONG_PERSON = "same_person", "wrong_person"
IDENTITY_OUTCOMES = (SAME_PERSON, WRONG_PERSON)
UNIDENTIFIED_DISPOSITIONS = ("not_reached", "emergency_service")
"""How it can be closed though nobody knows for certain who it is."""


def closings_by_one(level: Urgency) -> tuple[str, ...]:
    """How one person may close a submission of this level."""
    return tuple(end for end in DISPOSITIONS if end in DISPOSITIONS_BY_ONE.get(level, DISPOSITIONS))


def closings_by_two(level: Urgency) -> tuple[str, ...]:
    """How a submission of this level is closed only if a second person agrees."""
    return tuple(end for end in DISPOSITIONS if end not in closings_by_one(level))


class StepNotAllowed(Exception):
    """The step does not fit what was done before; `problem` is a word for why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class EditConflict(Exception):
    """Someone else did something meanwhile; nothing was kept of this step."""

    def __init__(self, by: str, kind: str, at: datetime) -> None:
        super().__init__(f"{kind} by {by}")
        self.by = by
        self.kind = kind
        self.at = at


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """One thing that someone wants to do.

    `after`: the number of the last entry that they saw. `level`: to which to lower. `reason`: why
    lowered, or which identifiers were compared. `reference`, `name`: whose submission it is, where
    it is nobody's yet; `sure`: also if the clinic knows the reference under another name.
    """

    kind: str
    after: int
    key: str
    words: str = ""
    level: Urgency | None = None
    reason: str | None = None
    rule: str | None = None
    outcome: str | None = None
    to_staff: str | None = None
    reference: str = ""
    name: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class ReviewAction:
    """One thing that was done, readable."""

    number: int
    kind: str
    by: str
    at: datetime
    version: str
    urgency: Urgency
    reason: str | None
    rule: str | None
    outcome: str | None
    to_staff: str | None
    answers_number: int | None
    words: str


@dataclass(frozen=True, slots=True)
class ReviewState:
    """What a step meets: the line, the newest answers, what was done, and who wants to act."""

    row: WorklistRow
    version: AssessmentVersion
    newest_entry: ReviewEntry | None
    last_lowering: ReviewEntry | None  # the lowering that was asked for last
    last_closing_request: (
        ReviewEntry | None
    )  # the closing that a second person was asked to agree to last
    staff: Staff

    @property
    def current_level(self) -> Urgency:
        """The level that counts now."""
        return rank_to_level(self.row.rank)
