"""What waits for one member of staff besides the worklist: counts for the frame of each page."""

from typing import NamedTuple

from sqlalchemy import bindparam, func

from app.store.db.patient_tables import PersonRequest, RaisedRule
from app.store.db.scope import Scope, prepare_columns, prepare_statement

_REQUESTS = prepare_columns(func.count(PersonRequest.id)).where(
    PersonRequest.agreed.is_(None), PersonRequest.asked_by != bindparam("who")
)
_WAITING = prepare_statement(
    prepare_columns(func.count(RaisedRule.rule).label("rules"))
    .add_columns(_REQUESTS.scalar_subquery().label("requests"))
    .where(RaisedRule.seen_at.is_(None))
)


class StaffNotices(NamedTuple):
    """`requests`: wishes of others about persons that wait for an answer; `rules`: not seen yet."""

    requests: int = 0
    rules: int = 0


def count_notices(scope: Scope, who: str) -> StaffNotices:
    """What waits for this person, if their role may answer it; one query."""
    found = scope.execute_read(_WAITING, who=who).one()
    return StaffNotices(found.requests, found.rules)
