"""How patients reach a clinic, and what they are told of when it looks, or of what to do instead.

No time is promised that has passed or at which the clinic is closed. It knows no pages.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from app.presentation.dates import format_local_time
from app.store.db.tables import Clinic
from app.store.opening_hours import find_opening_state, is_open_by
from app.triage.terms import Urgency


@dataclass(frozen=True, slots=True)
class ClinicContact:
    """Its name, its number as people read it and as telephones dial it, and lines of an address."""

    name: str
    telephone: str
    dialled: str
    address: tuple[str, ...]

    @classmethod
    def from_clinic(cls, clinic: Clinic) -> Self:
        """Of this clinic; without a number, `telephone` is empty."""
        number = clinic.telephone or ""
        dialled = re.sub(r"(?!^\+)\D", "", number)
        return cls(clinic.name, number, dialled, tuple((clinic.address or "").splitlines()))


@dataclass(frozen=True, slots=True)
class LookPromise:
    """What a person is told of when a nurse looks. `words`: the key of it.

    `stands`: it names a time that can be met. `opens` and `closes` are times of the clinic, or "".
    `help_now`: the clinic cannot look in the time that the level leaves, so it is not waited for.
    """

    words: str
    stands: bool
    time: str
    opens: str
    closes: str
    help_now: bool


def describe_promise(
    clinic: Clinic, due_at: datetime, level: Urgency, now: datetime, language: str
) -> LookPromise:
    """What holds now of a submission that is due then."""
    state = find_opening_state(clinic, now)
    is_late, is_closed = due_at <= now, state.opens is not None
    stands = not is_late and is_open_by(clinic, due_at)
    if stands:
        words = "handed.due"
    elif is_closed:
        words = "handed.late_closed" if is_late else "handed.closed_now"
    else:
        words = "handed.late" if is_late else "handed.closing"

    def format_time(at: datetime | None) -> str:
        return format_local_time(at, clinic.time_zone, language) if at else ""

    return LookPromise(
        words,
        stands=stands,
        time=format_time(due_at if stands else None),
        opens=format_time(state.opens),
        closes=format_time(state.closes),
        help_now=not stands and is_closed and level >= Urgency.same_day,
    )
