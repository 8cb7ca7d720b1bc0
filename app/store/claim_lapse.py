"""Claims end by themselves: when their owner is gone, or does nothing with what they took.

Gone is who has no session any more, whether they signed out, were signed out or were disabled. What
waits for a second person is not touched. It is looked at after each sign-out, and each minute.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func

from app.store import reviews
from app.store.accounts import sessions
from app.store.clinics import is_demo_clinic, load_clinic
from app.store.db.patient_tables import ReviewEntry, WorklistRow
from app.store.db.scope import Scope, Store
from app.store.db.tables import Clinic
from app.store.opening_hours import add_open_minutes
from app.store.worklist_rows import rank_to_level
from app.triage.terms import Urgency

MOST_AT_ONCE = 100
"""So many claims end in one transaction: nobody else writes meanwhile."""
_IS_CLAIMED = (WorklistRow.closed.is_(False), WorklistRow.state == "claimed")

ClaimMinutes = Mapping[Urgency, int]
"""Minutes that a claim holds without an act: of opening hours, for an emergency by the clock."""


def lapse_all_claims(store: Store, now: datetime, minutes: ClaimMinutes) -> None:
    """End what holds no longer at every clinic, but where made-up people never sign in."""
    for clinic in store.list_clinic_ids():
        if not is_demo_clinic(store, clinic):
            lapse_claims(store, clinic, now, minutes)


def lapse_claims(store: Store, clinic: str, now: datetime, minutes: ClaimMinutes) -> int:
    """End every claim that holds no longer, each with an entry that says why; give how many."""
    ended = 0
    with store.reading_scope(clinic) as scope:
        claimed = scope.select_columns(WorklistRow.submission_id).where(*_IS_CLAIMED)
        ids = scope.execute_read(claimed).scalars().all()
    for first in range(0, len(ids), MOST_AT_ONCE):
        some = WorklistRow.submission_id.in_(ids[first : first + MOST_AT_ONCE])
        with store.reading_scope(clinic) as scope:
            if not _list_lapsed_claims(scope, now, minutes, some):
                continue
        with store.writing_scope(clinic, now, "job") as scope:
            lapsed = _list_lapsed_claims(scope, now, minutes, some)
            for row, reason in lapsed:
                reviews.end_claim(scope, row, reason)
        ended += len(lapsed)
    return ended


def _list_lapsed_claims(
    scope: Scope, now: datetime, minutes: ClaimMinutes, which: Any
) -> list[tuple[WorklistRow, str]]:
    """The rows of `which` whose claim is over, each with a word for why."""
    rows = scope.find_all(WorklistRow, *_IS_CLAIMED, which)
    if not rows:
        return []
    present, clinic = sessions.list_present_staff(scope, now), load_clinic(scope)
    last = _find_last_acts(scope, [row.submission_id for row in rows])
    lapsed = []
    for row in rows:
        since = max(filter(None, [row.acted_at, last.get(row.submission_id, row.arrived_at)]))
        if row.owner_id not in present:
            lapsed.append((row, "signed_out"))
        elif _claim_ends_at(clinic, row, since, minutes) <= now:
            lapsed.append((row, "idle"))
    return lapsed


def _find_last_acts(scope: Scope, submissions: Collection[str]) -> dict[str, datetime]:
    """When something was last done with each of these, of what is noted."""
    newest = func.max(ReviewEntry.at).label("at")
    asked = scope.select_columns(ReviewEntry.submission_id, newest)
    asked = asked.where(ReviewEntry.submission_id.in_(list(submissions)))
    return {
        row.submission_id: row.at
        for row in scope.execute_read(asked.group_by(ReviewEntry.submission_id))
    }


def _claim_ends_at(
    clinic: Clinic, row: WorklistRow, since: datetime, minutes: ClaimMinutes
) -> datetime:
    level = rank_to_level(row.rank)
    if level is Urgency.emergency:
        return since + timedelta(minutes=minutes[level])
    return add_open_minutes(clinic, since, minutes[level])
