"""Days of visits that an earlier edition kept in the sealed lines of the worklist alone."""

from datetime import date, datetime

from app.store import worklist_rows
from app.store.db import record_keys
from app.store.db.patient_tables import WorklistRow
from app.store.db.scope import Store

NOT_FILED = date.min
"""What the migration put where only the sealed line knows the day."""
_AT_ONCE = 500


def file_visit_days(store: Store, now: datetime) -> int:
    """Put the day of the visit beside each sealed line that holds one; give how many there were.

    A row whose key is gone has none.
    """
    filed = 0
    for clinic in store.list_clinic_ids():
        while rows := _file_some(store, clinic, now):
            filed += rows
    return filed


def _file_some(store: Store, clinic: str, now: datetime) -> int:
    with store.reading_scope(clinic) as scope:
        if scope.find_first(WorklistRow, visit_on=NOT_FILED) is None:
            return 0  # so that a start writes nothing where nothing is left to do
    with store.writing_scope(clinic, now, "command") as scope:
        rows = scope.find_all(WorklistRow, visit_on=NOT_FILED, limit=_AT_ONCE)
        keys = record_keys.load_data_keys(scope, [row.submission_id for row in rows])
        for row in rows:
            key = keys.get(row.submission_id)
            booked = worklist_rows.open_payload(key, row)["appointment_on"] if key else None
            day = date.fromisoformat(booked) if booked else None
            scope.update_rows(WorklistRow, submission_id=row.submission_id, to={"visit_on": day})
        return len(rows)
