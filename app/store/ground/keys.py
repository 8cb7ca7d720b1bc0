"""The keys of records, each wrapped, beside what they seal. Without its key a record is gone.

Knows nothing of what is sealed.
"""

from collections.abc import Iterable, Iterator

from sqlmodel import col

from app.store.ground.scope import Scope, Store, WritingScope
from app.store.ground.sealing import RecordKey
from app.store.tables import RecordKey as Kept

_AT_ONCE = 500


class Forgotten(Exception):
    """The record's key was destroyed: nobody can read it any more."""


def make(scope: WritingScope, record: str) -> RecordKey:
    """A new key for a new record."""
    key, wrapped = scope.keyring.make(scope.clinic, record)
    scope.add(Kept, record_id=record, wrapped=wrapped)
    return key


def of(scope: Scope, record: str) -> RecordKey:
    """The record's key. Raises Forgotten or WillNotOpen."""
    found = several(scope, [record])
    if record not in found:
        raise Forgotten
    return found[record]


def several(scope: Scope, records: Iterable[str]) -> dict[str, RecordKey]:
    """The keys of these records in one query, without those that are forgotten."""
    rows = scope.all(Kept, col(Kept.record_id).in_(list(records)))
    return {
        row.record_id: scope.keyring.unwrap(scope.clinic, row.record_id, row.wrapped)
        for row in rows
    }


def destroy(scope: WritingScope, record: str) -> bool:
    """Forget the record; give whether it was known. There is no way back."""
    return scope.remove(Kept, record_id=record) == 1


def destroy_all(scope: WritingScope, records: Iterable[str]) -> int:
    """Forget these records; give how many were known. There is no way back."""
    return scope.remove(Kept, col(Kept.record_id).in_(list(records)))


def rewrap(store: Store) -> Iterator[int]:
    """Wrap every key by the newest master key, clinic by clinic; give how many, step by step.

    It may be stopped and started again: each step is kept by itself.
    """
    for clinic in store.clinics():
        last = ""
        while True:
            with store.writing(clinic) as scope:
                rows = scope.all(
                    Kept, col(Kept.record_id) > last, order_by=[Kept.record_id], limit=_AT_ONCE
                )
                old = [row for row in rows if not scope.keyring.is_newest(row.wrapped)]
                for row in old:
                    wrapped = scope.keyring.rewrap(clinic, row.record_id, row.wrapped)
                    scope.change(Kept, record_id=row.record_id, to={"wrapped": wrapped})
            yield len(old)
            if len(rows) < _AT_ONCE:
                break
            last = rows[-1].record_id
