"""A step of a review as someone takes it: what it says, what it meets, its coded outcomes.

Which steps there are, and who may take them when, stands in `review_rules`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.store import worklist_rows
from app.store.clinics import Targets
from app.store.db.patient_tables import AssessmentVersion, ReviewEntry, WorklistRow
from app.store.db.scope import WritingScope
from app.store.db.tables import Staff
from app.store.review_details import MovedVisit
from app.triage.terms import Urgency

LOWER_REASONS = (
    "examined",  # someone looked at it in person
    "in_care",  # it is being treated already
    "misread",  # the question was not understood
    "known_change",  # long known and unchanged
    "wrong_person",  # the answers are about someone else
    "other",
)
RAISE_REASONS = (
    "told",  # what was said on the phone or at the desk
    "seen",  # what someone saw of it
    "results",  # blood or other results
    "worse",  # it got worse
    "unsure",  # nobody can be sure, and higher is safer
    "other",
)
CALL_OUTCOMES = ("answered", "no_answer", "wrong_number")
FAILED_CALLS = ("no_answer", "wrong_number")
MIN_FAILED_CALLS = 3
"""Calls in vain after which someone counts as not reached, as the services do that call people."""
TRACES = ("second_number", "next_of_kin", "letter", "welfare_check")
"""What else is tried for someone whom no call reaches."""
DISPOSITIONS = (
    *("appointment_kept", "brought_forward", "other_service", "emergency_service"),
    *("seen_today", "advice_given", "not_reached"),
)
BROUGHT_FORWARD = "brought_forward"
"""The one end that names a new day, or says that it is still to be booked."""
DISPOSITIONS_BY_ONE: Mapping[Urgency, frozenset[str]] = {
    Urgency.emergency: frozenset({"emergency_service"}),
    Urgency.same_day: frozenset({"emergency_service", "seen_today", "other_service"}),
}
"""How one person may close what cannot wait: by the help that the level asks for, in its time."""
IDENTIFIERS = ("full_name", "born_on", "address", "number")
"""What can be compared; only which ones were is kept, never what was said."""
SAME_PERSON, WRONG_PERSON = "same_person", "wrong_person"
IDENTITY_OUTCOMES = (SAME_PERSON, WRONG_PERSON)
UNIDENTIFIED_DISPOSITIONS = ("not_reached", "emergency_service")
"""How it can be closed though nobody knows for certain who it is."""
BACK_TO_CLAIMED: Mapping[str, Any] = {"state": "claimed", "waits_since": None}
"""What changes on a row: nobody is asked for a second word any more."""


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """One thing that someone wants to do.

    `after`: the number of the last entry that they saw. `level`: to which to lower; `rules`: whose
    signs that sets aside. `reason`: why lowered or raised, which identifiers were compared, or what
    was tried. `words`: for colleagues; `patient_words`: for the person. `visit`: where their visit
    moves. `reference`, `name`: whose submission it is, where it is nobody's yet; `sure`: also if
    the clinic knows the reference under another name.
    """

    kind: str
    after: int
    key: str
    words: str = ""
    level: Urgency | None = None
    reason: str | None = None
    rules: tuple[str, ...] = ()
    outcome: str | None = None
    to_staff: str | None = None
    reference: str = ""
    name: str = ""
    sure: bool = False
    patient_words: str = ""
    visit: MovedVisit | None = None


@dataclass(frozen=True, slots=True)
class StepAttempt:
    """One step at the moment when someone takes it, and what it meets.

    The row, the newest answers, what was done, and who wants to act. `asked`: the last lowering
    and the last closing that a second person was asked about, by kind.
    """

    scope: WritingScope
    step: ReviewStep
    targets: Targets
    row: WorklistRow
    version: AssessmentVersion
    newest_entry: ReviewEntry | None
    asked: Mapping[str, ReviewEntry | None]
    staff: Staff

    @property
    def current_level(self) -> Urgency:
        """The level that counts now."""
        return worklist_rows.rank_to_level(self.row.rank)


def count_failed_calls(outcomes: Iterable[tuple[str, str | None]]) -> int:
    """How many calls reached nobody, of all (kind, outcome)s that were noted."""
    return sum(kind == "call" and outcome in FAILED_CALLS for kind, outcome in outcomes)


def closings_by_one(level: Urgency) -> tuple[str, ...]:
    """How one person may close a submission of this level."""
    return tuple(end for end in DISPOSITIONS if end in DISPOSITIONS_BY_ONE.get(level, DISPOSITIONS))


def closings_by_two(level: Urgency) -> tuple[str, ...]:
    """How a submission of this level is closed only if a second person agrees."""
    return tuple(end for end in DISPOSITIONS if end not in closings_by_one(level))
