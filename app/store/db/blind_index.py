"""Where a word typed outside any clinic leads: a sign-in name or a code to its clinic and record.

Words are kept as keyed hashes.
"""

from sqlalchemy import delete, insert, select

from app.store.db.scope import Store, WritingScope
from app.store.db.sqlite import ONLY_READS
from app.store.db.tables import BlindIndexEntry


def hash_word(store_or_scope: Store | WritingScope, kind: str, word: str) -> str:
    """The word as it stands in the database."""
    return store_or_scope.keyring.keyed_hash("signpost", kind, word)


def index_word(scope: WritingScope, kind: str, word: str, record: str) -> bool:
    """Let the word lead to this record; False, and nothing done, where it leads somewhere."""
    hashed = hash_word(scope, kind, word)
    known = select(BlindIndexEntry.record_id).where(BlindIndexEntry.word_print == hashed)
    if scope.execute_read(known).first() is not None:
        return False
    row = {"kind": kind, "leads_to_clinic": scope.clinic, "record_id": record}
    scope.execute_write(insert(BlindIndexEntry).values(word_print=hashed, **row))
    return True


def unindex_records(scope: WritingScope, kind: str, *records: str) -> int:
    """Let no word of this kind lead to these records any more; give how many did."""
    ours = BlindIndexEntry.leads_to_clinic == scope.clinic
    theirs = (BlindIndexEntry.kind == kind, BlindIndexEntry.record_id.in_(records))
    return scope.execute_write(delete(BlindIndexEntry).where(ours, *theirs))


def resolve_word(store: Store, kind: str, word: str) -> tuple[str, str] | None:
    """The clinic and record that the word leads to."""
    hashed = hash_word(store, kind, word)
    found = select(BlindIndexEntry.leads_to_clinic, BlindIndexEntry.record_id).where(
        BlindIndexEntry.word_print == hashed, BlindIndexEntry.kind == kind
    )
    engine = store.engine.execution_options(**{ONLY_READS: True})
    with engine.begin() as connection:
        row = connection.execute(found).first()
    return (row[0], row[1]) if row else None
