"""Counts of what happened on a day at a clinic: no person, no time, no answer, only how often."""

from collections import Counter
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlmodel import col

from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import Tally


def add_tallies(scope: WritingScope, day: date, *subjects: str) -> None:
    """Count each of these once more, and as often as it is named."""
    for subject, times in Counter(subjects).items():
        more = {"number": col(Tally.number) + times}
        if scope.update_rows(Tally, day=day, subject=subject, to=more) == 0:
            scope.add_row(Tally, day=day, subject=subject, number=times)


def sum_tallies(scope: Scope, since: date) -> dict[str, int]:
    """How often each thing happened from this day on."""
    found = scope.select_columns(col(Tally.subject), func.sum(col(Tally.number)))
    rows: Any = scope.execute_read(
        found.where(col(Tally.day) >= since).group_by(col(Tally.subject))
    )
    return {subject: int(number) for subject, number in rows}
