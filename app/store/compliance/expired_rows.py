"""Takes away what belongs to no clinic and is over: share codes, full buckets, old leases.

Knows nothing of clinics. Each is one statement, so two servers may do it at once.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col

from app.store import shares
from app.store.db import rate_limits
from app.store.db.scope import Store
from app.store.db.tables import Lease

_LONG_AGO = timedelta(days=30)


def delete_expired_rows(store: Store, now: datetime) -> dict[str, int]:
    """Take away what is over; give how many of each kind people would ask about."""
    with store.engine.begin() as connection:
        connection.execute(delete(Lease).where(col(Lease.until) <= now - _LONG_AGO))
    rate_limits.delete_full_buckets(store.engine, now)
    return {"share_codes": shares.delete_expired_shares(store, now)}
