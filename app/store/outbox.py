"""The outbox: messages that wait, each sent until the other side took it.

Written in the transaction of what they tell of, so none is lost with a server. A message is
claimed for one try at a time; a server that dies with it lets the claim run out, and it is sent
again under the same id. So it arrives at least once, and whoever gets it twice can tell.

Knows neither what a message says nor where it goes.
"""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func

from app.store.db.patient_tables import OutboxMessage
from app.store.db.scope import Criterion, Scope, WritingScope

CLAIM_DURATION = timedelta(seconds=20)
"""How long a try belongs to who claimed it; no try may take that long."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=10)
OVERDUE_AFTER = timedelta(minutes=2)
"""A message that waits longer has not been delivered, as people would say."""
MESSAGE_RETENTION = timedelta(days=7)
_IS_UNSENT = OutboxMessage.ended_at.is_(None)


def add_messages(scope: WritingScope, submission: str, kinds: Collection[str]) -> None:
    """Put in a message of each kind; one that still waits there, or is to wait, is not doubled."""
    for kind in kinds:
        if not scope.count_rows(OutboxMessage, _IS_UNSENT, submission_id=submission, kind=kind):
            scope.add_row(
                OutboxMessage,
                id=f"msg_{secrets.token_urlsafe(18)}",
                submission_id=submission,
                kind=kind,
                made_at=scope.now,
                due_at=scope.now,
                tries=0,
            )


def list_due_kinds(scope: Scope, now: datetime) -> dict[str, tuple[int, datetime]]:
    """The kinds of which any is due, with the fewest tries, and since when."""
    first = (func.min(OutboxMessage.tries), func.min(OutboxMessage.due_at))
    found = scope.select_columns(OutboxMessage.kind, *first).where(*_due_criteria(now))
    rows: list[Any] = list(scope.execute_read(found.group_by(OutboxMessage.kind)))
    return {kind: (tries, since) for kind, tries, since in rows}


def find_next_due(scope: WritingScope, kind: str) -> OutboxMessage | None:
    """What has been due longest."""
    order = [OutboxMessage.due_at, OutboxMessage.id]
    return scope.find_first(OutboxMessage, *_due_criteria(scope.now), kind=kind, order_by=order)


def claim_message(scope: WritingScope, message: OutboxMessage) -> int:
    """Begin one try; give which one it is. Nobody else begins one before the claim runs out."""
    tries = message.tries + 1
    scope.update_rows(
        OutboxMessage, id=message.id, to={"due_at": scope.now + CLAIM_DURATION, "tries": tries}
    )
    return tries


def mark_failed(scope: WritingScope, id_: str, tries: int, fault: str) -> None:
    """A try failed: the next one comes after a pause that grows."""
    pause = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    scope.update_rows(
        OutboxMessage, _IS_UNSENT, id=id_, to={"due_at": scope.now + pause, "fault": fault}
    )


def mark_sent(scope: WritingScope, id_: str) -> None:
    """The other side took it."""
    scope.update_rows(
        OutboxMessage, id=id_, to={"ended": "taken", "ended_at": scope.now, "fault": None}
    )


def stop_message(scope: WritingScope, id_: str) -> None:
    """It is not needed any more."""
    scope.update_rows(
        OutboxMessage, _IS_UNSENT, id=id_, to={"ended": "stopped", "ended_at": scope.now}
    )


def make_due_now(scope: WritingScope, kind: str) -> None:
    """What waits there is due at once: there is a new place to send it to."""
    scope.update_rows(OutboxMessage, _IS_UNSENT, kind=kind, to={"due_at": scope.now})


def list_waiting_messages(scope: Scope, kind: str) -> list[OutboxMessage]:
    """What was not taken there yet, the oldest first."""
    return scope.find_all(OutboxMessage, _IS_UNSENT, kind=kind, order_by=[OutboxMessage.made_at])


def list_submission_messages(scope: Scope, submission: str) -> list[OutboxMessage]:
    """All that is kept of messages about it, the oldest first."""
    oldest = [OutboxMessage.made_at, OutboxMessage.kind]
    return scope.find_all(OutboxMessage, submission_id=submission, order_by=oldest)


def delete_old_messages(scope: WritingScope) -> int:
    """Forget what ended long ago; give how many there were."""
    return scope.delete_rows(OutboxMessage, OutboxMessage.ended_at <= scope.now - MESSAGE_RETENTION)


def _due_criteria(now: datetime) -> tuple[Criterion, ...]:
    return (_IS_UNSENT, OutboxMessage.due_at <= now)
