"""How often something may be tried: buckets of tokens that fill up evenly.

Exact however many try at once, since each try is one statement that either takes a token or does
not. Keys are kept hashed. One household counts as one address.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, Engine, case, delete, select

from app.store.db.scope import insert_into
from app.store.db.tables import Bucket

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RateLimit(NamedTuple):
    """So many tries at once, and so many again in each period."""

    name: str
    capacity: int
    period: timedelta

    @property
    def refill_interval(self) -> int:
        """Microseconds until one more try is there."""
        return self.period // _MICROSECOND // self.capacity


class RateLimitExceeded(Exception):
    """No try is left; `wait` says for how long."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"again in {wait}")
        self.wait = wait


def acquire_tokens(
    engine: Engine, limit: RateLimit, key: str, now: datetime, tries: int = 1
) -> None:
    """Take a try, or several, from this key's bucket, for good. Raises RateLimitExceeded."""
    acquire_from_buckets(engine, [(limit, key)], now, tries)


def acquire_from_buckets(
    engine: Engine, buckets: Sequence[tuple[RateLimit, str]], now: datetime, tries: int = 1
) -> None:
    """Take from the buckets of these keys in turn, in one transaction. Raises RateLimitExceeded.

    The first that refuses ends it: those after it lose nothing, those before it have lost a try.
    """
    # Trap: PostgreSQL keeps each row locked until the end, so that all who take from several
    # kinds of buckets must name the kinds in the same order.
    with engine.begin() as connection:
        waits = (_acquire_from_bucket(connection, limit, key, now, tries) for limit, key in buckets)
        wait = next((wait for wait in waits if wait), None)
    if wait:
        raise RateLimitExceeded(wait)


def _acquire_from_bucket(
    connection: Connection, limit: RateLimit, key: str, now: datetime, tries: int
) -> timedelta | None:
    """Take from one bucket; how long to wait where that was not possible, and nothing is taken."""
    hashed = _hash_bucket_key(limit, key)
    at, full_at = _to_microseconds(now), Bucket.full_at
    taken = case((full_at > at, full_at), else_=at) + limit.refill_interval * tries
    statement = (
        insert_into(connection.dialect.name, Bucket)
        .values(key_hash=hashed, full_at=at + limit.refill_interval * tries)
        .on_conflict_do_update(
            index_elements=["key_hash"],
            set_={"full_at": taken},
            where=taken <= at + limit.refill_interval * limit.capacity,
        )
        .returning(full_at)
    )
    if connection.execute(statement).first() is not None:
        return None
    left = select(full_at).where(Bucket.key_hash == hashed)
    full = int(connection.execute(left).scalar_one())
    return _MICROSECOND * max(1, full + limit.refill_interval * (tries - limit.capacity) - at)


def reset_bucket(engine: Engine, limit: RateLimit, key: str) -> None:
    """Fill this key's bucket, as after a sign-in that succeeded."""
    with engine.begin() as connection:
        connection.execute(delete(Bucket).where(Bucket.key_hash == _hash_bucket_key(limit, key)))


def delete_full_buckets(engine: Engine, now: datetime) -> int:
    """Forget the buckets that are full; give how many there were."""
    with engine.begin() as connection:
        full = delete(Bucket).where(Bucket.full_at <= _to_microseconds(now))
        return connection.execute(full).rowcount


def _hash_bucket_key(limit: RateLimit, key: str) -> str:
    return hashlib.sha256(f"{limit.name}\0{key}".encode()).hexdigest()


def _to_microseconds(now: datetime) -> int:
    return (now - _EPOCH) // _MICROSECOND


def network_prefix(address: str) -> str:
    """The address, or the network of one household where everyone has billions of them."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address  # that of a socket
    if known.version == 4:
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    # By its number alone: an address may end in the name of a network card.
    return str(ipaddress.IPv6Network((int(known), 64), strict=False))
