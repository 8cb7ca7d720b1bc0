"""What a step of a review tells its person, and where it moves their visit, sealed on its entry.

Both are kept by the key of the submission, so they go when the answers go. It knows no rule.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from app.store.db.encryption import DataKey
from app.store.db.patient_tables import ReviewEntry


class MovedVisit(NamedTuple):
    """Where a visit is moved to. `day`: None while nobody has booked it.

    `time`: as "10:30" on the clinic's clock, or "". `kind`: what it is or with whom, or "".
    """

    day: date | None
    time: str = ""
    kind: str = ""


class ReviewDetails(NamedTuple):
    """`patient_words`: the words that the person reads. `visit`: where their visit is moved to."""

    patient_words: str = ""
    visit: MovedVisit | None = None


def seal_details(key: DataKey, entry: str, details: ReviewDetails) -> bytes | None:
    """The details of an entry, sealed for it; None where there are none."""
    if details == ReviewDetails():
        return None
    visit = details.visit
    content = {
        "patient_words": details.patient_words,
        "visit": None if visit is None else visit_to_json(visit),
    }
    return key.seal_json("review_entry", entry, "details", content)


def open_details(key: DataKey, row: ReviewEntry) -> ReviewDetails:
    """What was sealed for this entry."""
    if row.details_sealed is None:
        return ReviewDetails()
    content: Any = key.open_json("review_entry", row.id, "details", row.details_sealed)
    return ReviewDetails(content["patient_words"], visit_from_json(content["visit"]))


def visit_to_json(visit: MovedVisit) -> dict[str, str | None]:
    """A visit as JSON can hold it."""
    day = visit.day.isoformat() if visit.day else None
    return {"day": day, "time": visit.time, "kind": visit.kind}


def visit_from_json(found: Mapping[str, Any] | None) -> MovedVisit | None:
    """The visit that was kept so; None where none was."""
    if found is None:
        return None
    day = date.fromisoformat(found["day"]) if found["day"] else None
    return MovedVisit(day, found["time"], found["kind"])
