"""Jobs that come round by themselves: each round is done once, by whichever server comes first.

Knows nothing of what a job does, and not what time it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select

from app.store.db.scope import Store, insert_into
from app.store.db.sqlite import ONLY_READS
from app.store.db.tables import Lease

_MAX_LEASE_AGE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Job:
    """What is done again and again; `task` gets the store and the time.

    A round that fails or is cut short comes again after `every`, so what `task` does is kept in
    small steps, each whole by itself.
    """

    name: str
    every: timedelta
    task: Callable[[Store, datetime], object]


def run_if_due(store: Store, job: Job, holder: str, now: datetime) -> bool:
    """Do one round where it is due and nobody else does it; give whether it was done.

    A server without clinics has nothing to do, and so writes nothing at all.
    """
    if not store.list_clinic_ids():
        return False
    if not _is_due(store.engine, job, now) or not _take_lease(store.engine, job, holder, now):
        return False
    job.task(store, now)
    return True


def _is_due(engine: Engine, job: Job, now: datetime) -> bool:
    """Looking first costs nobody a wait; most looks find that it is not time yet."""
    held = select(Lease.until).where(Lease.job == job.name, Lease.until > now)
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        return connection.execute(held).first() is None


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
