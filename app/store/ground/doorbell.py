"""Rings when something changed on a clinic's worklist, so that open pages fetch it again.

A count in the database, which never says what changed; PostgreSQL also tells all servers at once.
"""

from sqlmodel import col

from app.store.ground.scope import Scope, WritingScope
from app.store.tables import Doorbell

CHANNEL = "doorbell"
"""The PostgreSQL channel; what is sent on it is a clinic's id."""


def ring(scope: WritingScope) -> None:
    """Ring in the transaction of the change: nobody hears it before the change is kept."""
    if scope.change(Doorbell, to={"rung": col(Doorbell.rung) + 1}) == 0:
        scope.add(Doorbell, rung=1)
    scope.notify(CHANNEL, scope.clinic)


def rung(scope: Scope) -> int:
    """How often it has rung; a page that knows another count is out of date."""
    bell = scope.one(Doorbell)
    return bell.rung if bell else 0
