"""Opens all that a database holds sealed: a copy is known to be of use before it is needed."""

from collections.abc import Callable
from typing import NamedTuple

from app.store import people, submission_versions, worklist
from app.store.db import record_keys
from app.store.db.patient_tables import Person, WorklistRow
from app.store.db.scope import Store
from app.store.db.tables import RecordKey
from app.store.submission_versions import AnswersVersion

_AT_ONCE = 200


class OpenedRecords(NamedTuple):
    """How much was opened, and some sets of answers to be worked out again."""

    keys: int
    persons: int
    submissions: int
    versions: int
    some_answers: tuple[AnswersVersion, ...]


def open_all_records(
    store: Store, answers: int, progress: Callable[[int], object] = lambda _done: None
) -> OpenedRecords:
    """Open every key, person, line and set of answers; keep the last `answers` sets of answers.

    Raises DecryptionFailed or KeyDestroyed for what does not open.
    """
    keys = persons = submissions = versions = 0
    kept: list[AnswersVersion] = []
    for clinic in store.list_clinic_ids():
        with store.reading_scope(clinic) as scope:
            ids = [row.record_id for row in scope.find_all(RecordKey)]
            of_persons = [row.id for row in scope.find_all(Person)]
            rows = scope.find_all(WorklistRow, order_by=[WorklistRow.arrived.desc()])
            for first in range(0, len(ids), _AT_ONCE):
                keys += len(record_keys.load_data_keys(scope, ids[first : first + _AT_ONCE]))
            for first in range(0, len(of_persons), _AT_ONCE):
                persons += len(people.find_people(scope, of_persons[first : first + _AT_ONCE]))
            for first in range(0, len(rows), _AT_ONCE):
                worklist.load_listed_submissions(scope, rows[first : first + _AT_ONCE])
            for row in rows:
                found = submission_versions.list_versions(scope, row.submission_id)
                versions += len(found)
                kept += found if len(kept) < answers else []
                submissions += 1
                progress(submissions)
    return OpenedRecords(keys, persons, submissions, versions, tuple(kept[:answers]))
