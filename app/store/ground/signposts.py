"""Where a word typed outside any clinic leads: a sign-in name or a code to its clinic and record.

Words are kept as keyed hashes. Knows nothing of what the record is worth.
"""

from sqlalchemy import delete, insert, select
from sqlmodel import col

from app.store.ground.database import ONLY_READS
from app.store.ground.scope import Store, WritingScope
from app.store.tables import Signpost


def word_print(store_or_scope: Store | WritingScope, kind: str, word: str) -> str:
    """The word as it stands in the database."""
    return store_or_scope.keyring.fingerprint("signpost", kind, word)


def put_up(scope: WritingScope, kind: str, word: str, record: str) -> bool:
    """Let the word lead to this record; False, and nothing done, where it leads somewhere."""
    hashed = word_print(scope, kind, word)
    known = select(col(Signpost.record_id)).where(col(Signpost.word_print) == hashed)
    if scope.run(known).first() is not None:
        return False
    row = {"kind": kind, "leads_to_clinic": scope.clinic, "record_id": record}
    scope.write(insert(Signpost).values(word_print=hashed, **row))
    return True


def take_down(scope: WritingScope, kind: str, *records: str) -> int:
    """Let no word of this kind lead to these records any more; give how many did."""
    ours = col(Signpost.leads_to_clinic) == scope.clinic
    here = (col(Signpost.kind) == kind, col(Signpost.record_id).in_(records))
    return scope.write(delete(Signpost).where(ours, *here))


def follow(store: Store, kind: str, word: str) -> tuple[str, str] | None:
    """The clinic and record that the word leads to."""
    hashed = word_print(store, kind, word)
    found = select(col(Signpost.leads_to_clinic), col(Signpost.record_id)).where(
        col(Signpost.word_print) == hashed, col(Signpost.kind) == kind
    )
    engine = store.engine.execution_options(**{ONLY_READS: True})
    with engine.begin() as connection:
        row = connection.execute(found).first()
    return (row[0], row[1]) if row else None
