"""The keys of records, each wrapped, beside what they seal. Without its key a record is gone."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import bindparam

from app.store.db.encryption import DataKey
from app.store.db.scope import Scope, Store, WritingScope, prepare_rows, prepare_statement
from app.store.db.tables import RecordKey

_AT_ONCE = 500
_KEYS = prepare_statement(
    prepare_rows(RecordKey).where(RecordKey.record_id.in_(bindparam("records", expanding=True)))
)


class KeyDestroyed(Exception):
    """The record's key was destroyed: nobody can read it any more."""


def create_data_key(scope: WritingScope, record: str) -> DataKey:
    """A new key for a new record."""
    key, wrapped = scope.keyring.make_data_key(scope.clinic, record)
    scope.add_row(RecordKey, record_id=record, wrapped=wrapped)
    return key


def load_data_key(scope: Scope, record: str) -> DataKey:
    """The record's key. Raises KeyDestroyed or DecryptionFailed."""
    found = load_data_keys(scope, [record])
    if record not in found:
        raise KeyDestroyed
    return found[record]


def load_data_keys(scope: Scope, records: Iterable[str]) -> dict[str, DataKey]:
    """The keys of these records in one query, without those that are forgotten."""
    rows: list[RecordKey] = list(scope.execute_read(_KEYS, records=list(records)).scalars())
    return {
        row.record_id: scope.keyring.unwrap_key(scope.clinic, row.record_id, row.wrapped)
        for row in rows
    }


def destroy_data_keys(scope: WritingScope, records: Iterable[str]) -> int:
    """Forget these records; give how many were known. There is no way back."""
    gone = list(records)
    scope.destroyed += gone
    return scope.delete_rows(RecordKey, RecordKey.record_id.in_(gone))


def rewrap_data_keys(store: Store, now: datetime) -> Iterator[int]:
    """Wrap every key by the newest master key; give how many, in steps each kept by itself."""
    for clinic in store.list_clinic_ids():
        last = ""
        while True:
            with store.writing_scope(clinic, now, "command") as scope:
                later, order = RecordKey.record_id > last, [RecordKey.record_id]
                rows = scope.find_all(RecordKey, later, order_by=order, limit=_AT_ONCE)
                old = [row for row in rows if not scope.keyring.has_newest_wrapping(row.wrapped)]
                for row in old:
                    wrapped = scope.keyring.rewrap_key(clinic, row.record_id, row.wrapped)
                    scope.update_rows(RecordKey, record_id=row.record_id, to={"wrapped": wrapped})
            yield len(old)
            if len(rows) < _AT_ONCE:
                break
            last = rows[-1].record_id
