"""Rings when something changed on a clinic's worklist, so that open pages fetch it again.

A count in the database, which never says what changed; PostgreSQL also tells all servers at once.
"""

from sqlmodel import col

from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import ChangeCounter

CHANGE_CHANNEL = "doorbell"
"""The PostgreSQL channel; what is sent on it is a clinic's id."""


def notify_change(scope: WritingScope) -> None:
    """Ring in the transaction of the change: nobody hears it before the change is kept."""
    if scope.update_rows(ChangeCounter, to={"rung": col(ChangeCounter.rung) + 1}) == 0:
        scope.add_row(ChangeCounter, rung=1)
    scope.notify_channel(CHANGE_CHANNEL, scope.clinic)


def read_change_version(scope: Scope) -> int:
    """How often it has rung; a page that knows another count is out of date."""
    bell = scope.find_one(ChangeCounter)
    return bell.rung if bell else 0
