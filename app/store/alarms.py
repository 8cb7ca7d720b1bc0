"""Emergencies that have waited for someone for too long, and where a clinic wants to be told.

Each is raised once, whatever number of servers ask, and in the same transaction a message for each
place is put into the outbox. A message whose emergency somebody has looked at meanwhile stops
untaken: it asks for that look and for nothing else, and an alarm that comes too late teaches people
to trust alarms less. New answers are to be seen again and so raise an alarm of their own.

Knows no pages and sends nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, or_
from sqlmodel import col

from app.store import outbox
from app.store.clinics import known
from app.store.ground import doorbell, keys
from app.store.ground.scope import Scope, Store, WritingScope
from app.store.keeping import audit
from app.store.tables import AssessmentVersion, Clinic, OutboxMessage, Submission, WorklistRow
from app.store.tables.reviews import PLACES

_ASKED = col(WorklistRow.state) == "second_close"
_SINCE = case((_ASKED, col(WorklistRow.waits_since)), else_=col(AssessmentVersion.made_at))
"""When the newest answers came, which wait anew, or a second person was asked to close them."""
_SAID_EVERY = 10
"""How many tries in vain make one entry of the audit, after the first."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a clinic wants alarms to go besides its open pages; empty where it chose nothing."""

    webhook: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One alarm to be sent now. It may name its reference, and nothing else of the emergency."""

    clinic: str
    submission: str
    kind: str
    id: str  # the same on every try
    reference: str
    to: str  # the place that the clinic has chosen by now
    made_at: datetime
    tries: int


class Due(NamedTuple):
    """That something waits to be sent to a place. Sorted, what failed least often comes first."""

    tries: int
    since: datetime
    clinic: str
    kind: str


def oldest(scope: Scope, now: datetime, before: datetime) -> datetime | None:
    """Since when the oldest emergency waits unseen or to be closed, if since before that time."""
    first: datetime | None = scope.run(asking_oldest(scope, now, before)).scalar()
    return first


def asking_oldest(scope: Scope, now: datetime, before: datetime) -> Any:
    """The same as a select of one value, which may stand within another one."""
    # Left to itself, it would take its rows from the select around it.
    return _waiting(scope, now, before, func.min(_SINCE)).correlate(None)


def undelivered(scope: Scope, now: datetime) -> datetime | None:
    """Since when an alarm that is still needed could not be delivered to a place."""
    first: datetime | None = scope.run(asking_undelivered(scope, now)).scalar()
    return first


def asking_undelivered(scope: Scope, now: datetime) -> Any:
    """The same as a select of one value."""
    late = col(OutboxMessage.made_at) <= now - outbox.OVERDUE
    about = col(OutboxMessage.submission_id) == col(WorklistRow.submission_id)
    waits = col(OutboxMessage.ended_at).is_(None)
    found = _waiting(scope, now, now, func.min(col(OutboxMessage.made_at)))
    return found.where(about, waits, late).correlate(None)


def raise_due(store: Store, clinic: str, now: datetime, before: datetime) -> list[str]:
    """Raise the emergencies unseen since before that time, each once; give which.

    Their messages are kept with the mark, and open pages of the clinic are rung.
    """
    with store.reading(clinic) as scope:
        if not scope.run(_due(scope, now, before)).all():
            return []
    with store.writing(clinic) as scope:
        due: list[Any] = list(scope.run(_due(scope, now, before)))
        kinds = _chosen_kinds(scope)
        for submission, _ in due:
            scope.change(WorklistRow, submission_id=submission, to={"alarmed_at": now})
            outbox.put(scope, now, submission, kinds)
            audit.add(scope, now, "job", "alarm_raised", ("submission", submission))
        if due:
            doorbell.ring(scope)
    return [submission for submission, _ in due]


def due_places(store: Store, clinic: str, now: datetime) -> list[Due]:
    """The places of this clinic for which something is due."""
    with store.reading(clinic) as scope:
        found = outbox.due_kinds(scope, now)
    return [Due(tries, since, clinic, kind) for kind, (tries, since) in found.items()]


def claim(store: Store, clinic: str, kind: str, now: datetime) -> Message | None:
    """The next message to be sent there, claimed for one try; what needs none any more stops."""
    with store.writing(clinic) as scope:
        while row := outbox.next_due(scope, now, kind):
            reference = _reference_waiting(scope, now, row.submission_id)
            if reference is None:
                _stop(scope, now, row, "seen")
                continue
            tries = outbox.claim(scope, now, row)
            to = getattr(_places(scope), kind)
            about = (row.submission_id, kind, row.id, reference)
            return Message(clinic, *about, to, row.made_at, tries)
    return None


def taken(store: Store, now: datetime, message: Message) -> None:
    """Note that the other side took it."""
    with store.writing(message.clinic) as scope:
        outbox.taken(scope, now, message.id)
        _tell(scope, now, "alarm_sent", message)


def failed(store: Store, now: datetime, message: Message, fault: str) -> None:
    """Note that a try failed; the audit tells of the first one, and then of some."""
    with store.writing(message.clinic) as scope:
        outbox.failed(scope, now, message.id, message.tries, fault)
        if message.tries == 1 or message.tries % _SAID_EVERY == 0:
            _tell(scope, now, "alarm_not_sent", message, fault=fault)


def waiting(store: Store, clinic: str) -> list[OutboxMessage]:
    """What no place took yet, the oldest first."""
    with store.reading(clinic) as scope:
        return [message for kind in PLACES for message in outbox.waiting(scope, kind)]


def places(store: Store, clinic: str) -> Places:
    """Where this clinic wants alarms to go."""
    with store.reading(clinic) as scope:
        return _places(scope)


def send_to(scope: WritingScope, now: datetime, chosen: Places) -> None:
    """Choose where alarms go; an empty place stops them there.

    A new place is told, at once, of every emergency that still alarms.
    """
    before, key = _places(scope), keys.of(scope, scope.clinic)
    for kind in PLACES:
        column, text = f"alarm_{kind}_sealed", getattr(chosen, kind)
        sealed = key.seal("clinic", scope.clinic, column, text) if text else None
        scope.change(Clinic, to={column: sealed})
        if text != getattr(before, kind):
            _redirect(scope, now, kind, bool(text))
    subject, to = ("clinic", scope.clinic), [kind for kind in PLACES if getattr(chosen, kind)]
    audit.add(scope, now, "command", "alarm_places_chosen", subject, to=", ".join(to))


def _redirect(scope: WritingScope, now: datetime, kind: str, is_chosen: bool) -> None:
    if not is_chosen:
        for row in outbox.waiting(scope, kind):
            _stop(scope, now, row, "no_place")
        return
    alarmed = col(WorklistRow.alarmed_at).is_not(None)
    still = _waiting(scope, now, now, col(WorklistRow.submission_id)).where(alarmed)
    for submission in scope.run(still).scalars().all():
        outbox.put(scope, now, submission, [kind])
    outbox.try_now(scope, now, kind)


def _stop(scope: WritingScope, now: datetime, row: OutboxMessage, why: str) -> None:
    outbox.stop(scope, now, row.id)
    _tell(scope, now, "alarm_stopped", row, why=why)


def _tell(
    scope: WritingScope, now: datetime, action: str, of: Message | OutboxMessage, **more: str
) -> None:
    submission = of.submission if isinstance(of, Message) else of.submission_id
    subject = ("submission", submission)
    audit.add(scope, now, "job", action, subject, "", by=of.kind, tries=of.tries, **more)


def _chosen_kinds(scope: Scope) -> list[str]:
    """The kinds of places that are chosen. It opens nothing, so no lost key hides an alarm."""
    clinic = known(scope)
    return [kind for kind in PLACES if getattr(clinic, f"alarm_{kind}_sealed")]


def _places(scope: Scope) -> Places:
    chosen = _chosen_kinds(scope)
    if not chosen:
        return Places()
    clinic, key = known(scope), keys.of(scope, scope.clinic)
    columns = {kind: f"alarm_{kind}_sealed" for kind in chosen}
    return Places(
        **{
            kind: key.open("clinic", scope.clinic, column, getattr(clinic, column))
            for kind, column in columns.items()
        }
    )


def _reference_waiting(scope: Scope, now: datetime, submission: str) -> str | None:
    """What an emergency is named by; None where it alarms no more."""
    this = col(Submission.id) == submission
    same = col(Submission.id) == col(WorklistRow.submission_id)
    asked = _waiting(scope, now, now, col(Submission.reference)).where(this, same)
    reference: str | None = scope.run(asked).scalar()
    return reference


def _due(scope: Scope, now: datetime, before: datetime) -> Any:
    """Id and reference of what is to be told of."""
    names = (col(Submission.id), col(Submission.reference))
    same = col(Submission.id) == col(WorklistRow.submission_id)
    untold = col(WorklistRow.alarmed_at).is_(None)
    return _waiting(scope, now, before, *names).where(same, untold)


def _waiting(scope: Scope, now: datetime, before: datetime, *columns: Any) -> Any:
    """A select of emergencies that nobody saw, or closed where one wanted to, since that time."""
    return scope.columns(*columns).where(
        col(WorklistRow.clinic_id) == scope.clinic,
        col(AssessmentVersion.clinic_id) == scope.clinic,
        col(AssessmentVersion.submission_id) == col(WorklistRow.submission_id),
        col(AssessmentVersion.number) == col(WorklistRow.last_version),
        col(WorklistRow.closed).is_(False),
        col(WorklistRow.forget_at) > now,
        col(WorklistRow.rank) == 0,
        or_(col(WorklistRow.first_seen_at).is_(None), _ASKED),
        before >= _SINCE,
    )
