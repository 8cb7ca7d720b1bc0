"""Which rulebooks this server has answered with, and since when.

Anyone who asks later which rules were in force on a day finds them here, by version and hash.
Knows nothing of what is in a rulebook.
"""

from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.store.db.scope import insert_into
from app.store.db.tables import ServedRulebook


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
