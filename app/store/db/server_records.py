"""What a server keeps outside any clinic: where typed words lead, who does a job, what was served.

A blind index: words typed outside any clinic, a sign-in name or a code, are kept as keyed hashes,
each with its clinic and record. Each round of a job is done once, by whichever server comes first.
Anyone who asks later which rules were in force on a day finds them here.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.orm import Session

from app.store.db.scope import Store, WritingScope, insert_into
from app.store.db.sqlite import ONLY_READS
from app.store.db.tables import BlindIndexEntry, Lease, ServedRulebook

_MAX_LEASE_AGE = timedelta(days=30)


class Job(NamedTuple):
    """What is done again and again; `task` gets the store and the time.

    A round that fails or is cut short comes again after `every`, so what `task` does is kept in
    small steps, each whole by itself.
    """

    name: str
    every: timedelta
    task: Callable[[Store, datetime], object]


def run_if_due(store: Store, job: Job, holder: str, now: datetime) -> bool:
    """Do one round if it is due, nobody else does it, and there are clinics; give whether."""
    if not store.list_clinic_ids():
        return False
    # Looking first costs nobody a wait; most looks find that it is not time yet.
    held = select(Lease.until).where(Lease.job == job.name, Lease.until > now)
    with store.engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        if connection.execute(held).first() is not None:
            return False
    if not _take_lease(store.engine, job, holder, now):
        return False
    job.task(store, now)
    return True


def _take_lease(engine: Engine, job: Job, holder: str, now: datetime) -> bool:
    """Take the lease for one round; of several who try at once, one gets it."""
    ours = {"holder": holder, "until": now + job.every}
    statement = (
        insert_into(engine.dialect.name, Lease)
        .values(job=job.name, **ours)
        .on_conflict_do_update(index_elements=["job"], set_=ours, where=Lease.until <= now)
        .returning(Lease.job)
    )
    with engine.begin() as connection:
        return connection.execute(statement).first() is not None


def delete_old_leases(engine: Engine, now: datetime) -> None:
    """Forget the leases of jobs that nobody does any more."""
    with engine.begin() as connection:
        connection.execute(delete(Lease).where(Lease.until <= now - _MAX_LEASE_AGE))


def record_served_rulebook(engine: Engine, version: str, sha256: str, now: datetime) -> None:
    """Note that this rulebook is served from now on; one that is known keeps its first time."""
    row = {"version": version, "sha256": sha256, "first_served_at": now}
    insert = insert_into(engine.dialect.name, ServedRulebook)
    with engine.begin() as connection:
        connection.execute(insert.values(row).on_conflict_do_nothing())


def list_served_rulebooks(engine: Engine) -> tuple[ServedRulebook, ...]:
    """Give every rulebook ever served, the first one first."""
    oldest_first = (ServedRulebook.first_served_at, ServedRulebook.version)
    with Session(engine) as session:
        return tuple(session.scalars(select(ServedRulebook).order_by(*oldest_first)))


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
