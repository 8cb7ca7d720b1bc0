"""How often something may be tried: buckets of tokens that fill up evenly.

Exact however many try at once, since each try is one statement that either takes a token or does
not. Keys are kept hashed. Knows nothing of what is limited.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from app.store.tables import Bucket

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries at once, and so many again in each period."""

    name: str
    tries: int
    period: timedelta

    @property
    def step(self) -> int:
        """Microseconds until one more try is there."""
        return self.period // _MICROSECOND // self.tries


class TooMany(Exception):
    """No try is left; `wait` says for how long."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"again in {wait}")
        self.wait = wait


def take(engine: Engine, limit: Limit, key: str, now: datetime, tries: int = 1) -> None:
    """Take a try, or several, from this key's bucket, kept whatever comes of it. Raises TooMany."""
    take_each(engine, [(limit, key)], now, tries)


def take_each(
    engine: Engine, buckets: Sequence[tuple[Limit, str]], now: datetime, tries: int = 1
) -> None:
    """Take from the buckets of these keys in turn, all in one transaction. Raises TooMany.

    The first that refuses ends it: those after it lose nothing, those before it have lost a try.
    """
    # Trap: PostgreSQL keeps each row locked until the end, so that all who take from several
    # kinds of buckets must name the kinds in the same order.
    with engine.begin() as connection:
        waits = (_take(connection, limit, key, now, tries) for limit, key in buckets)
        wait = next((wait for wait in waits if wait), None)
    if wait:
        raise TooMany(wait)


def _take(
    connection: Connection, limit: Limit, key: str, now: datetime, tries: int
) -> timedelta | None:
    """Take from one bucket; how long to wait where that was not possible, and nothing is taken."""
    hashed = _hashed(limit, key)
    at, full_at = _microseconds(now), col(Bucket.full_at)
    taken = case((full_at > at, full_at), else_=at) + limit.step * tries
    # Each database has its own insert that can change a known row; the general one has none.
    insert: postgresql.Insert | sqlite.Insert = (
        postgresql.insert(Bucket)
        if connection.dialect.name == "postgresql"
        else sqlite.insert(Bucket)
    )
    statement = (
        insert.values(key_hash=hashed, full_at=at + limit.step * tries)
        .on_conflict_do_update(
            index_elements=["key_hash"],
            set_={"full_at": taken},
            where=taken <= at + limit.step * limit.tries,
        )
        .returning(full_at)
    )
    if connection.execute(statement).first() is not None:
        return None
    left = select(full_at).where(col(Bucket.key_hash) == hashed)
    full = int(connection.execute(left).scalar_one())
    return _MICROSECOND * max(1, full + limit.step * (tries - limit.tries) - at)


def give_back(engine: Engine, limit: Limit, key: str) -> None:
    """Fill this key's bucket, as after a sign-in that succeeded."""
    with engine.begin() as connection:
        connection.execute(delete(Bucket).where(col(Bucket.key_hash) == _hashed(limit, key)))


def sweep(engine: Engine, now: datetime) -> int:
    """Forget the buckets that are full; give how many there were."""
    with engine.begin() as connection:
        full = delete(Bucket).where(col(Bucket.full_at) <= _microseconds(now))
        return connection.execute(full).rowcount


def _hashed(limit: Limit, key: str) -> str:
    return hashlib.sha256(f"{limit.name}\0{key}".encode()).hexdigest()


def _microseconds(now: datetime) -> int:
    return (now - _EPOCH) // _MICROSECOND
