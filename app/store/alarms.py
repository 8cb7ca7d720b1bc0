"""Emergencies that have waited for someone for too long, and where a clinic wants to be told.

Each is raised once, whatever number of servers ask, and in the same transaction a message for each
place is put into the outbox. A message whose emergency somebody has looked at meanwhile stops
untaken: it asks for that look and for nothing else, and an alarm that comes too late teaches people
to trust alarms less. New answers are to be seen again and so raise an alarm of their own.

Knows no pages and sends nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, or_

from app.store import outbox
from app.store.clinics import load_clinic
from app.store.db import audit, change_notifications, record_keys
from app.store.db.patient_tables import (
    DESTINATION_KINDS,
    AssessmentVersion,
    OutboxMessage,
    Submission,
    WorklistRow,
)
from app.store.db.scope import Scope, Store, WritingScope
from app.store.db.tables import Clinic

_AWAITS_SECOND_CLOSE = WorklistRow.state == "second_close"
_WAITING_SINCE = case(
    (_AWAITS_SECOND_CLOSE, WorklistRow.waits_since), else_=AssessmentVersion.made_at
)
"""When the newest answers came, which wait anew, or a second person was asked to close them."""
_AUDIT_EVERY_TRIES = 10
"""How many tries in vain make one entry of the audit, after the first."""


@dataclass(frozen=True, slots=True)
class AlarmDestinations:
    """Where a clinic wants alarms to go besides its open pages; empty where it chose nothing."""

    webhook: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class AlarmMessage:
    """One alarm to be sent now. It may name its reference, and nothing else of the emergency."""

    clinic: str
    submission: str
    kind: str
    id: str  # the same on every try
    reference: str
    to: str  # the place that the clinic has chosen by now
    made_at: datetime
    tries: int
    secret: bytes = field(repr=False)  # what a message to a webhook is signed with


class DueDestination(NamedTuple):
    """That something waits to be sent to a place. Sorted, what failed least often comes first."""

    tries: int
    since: datetime
    clinic: str
    kind: str


def find_oldest_emergency(scope: Scope, now: datetime, before: datetime) -> datetime | None:
    """Since when the oldest emergency waits unseen or to be closed, if since before that time."""
    first: datetime | None = scope.execute_read(oldest_emergency_query(scope, now, before)).scalar()
    return first


def oldest_emergency_query(scope: Scope, now: datetime, before: datetime) -> Any:
    """The same as a select of one value, which may stand within another one."""
    # Left to itself, it would take its rows from the select around it.
    return _waiting_emergencies_query(scope, now, before, func.min(_WAITING_SINCE)).correlate(None)


def find_undelivered_since(scope: Scope, now: datetime) -> datetime | None:
    """Since when an alarm that is still needed could not be delivered to a place."""
    first: datetime | None = scope.execute_read(undelivered_since_query(scope, now)).scalar()
    return first


def undelivered_since_query(scope: Scope, now: datetime) -> Any:
    """The same as a select of one value."""
    late = OutboxMessage.made_at <= now - outbox.OVERDUE_AFTER
    about = OutboxMessage.submission_id == WorklistRow.submission_id
    waits = OutboxMessage.ended_at.is_(None)
    found = _waiting_emergencies_query(scope, now, now, func.min(OutboxMessage.made_at))
    return found.where(about, waits, late).correlate(None)


def raise_due_alarms(store: Store, clinic: str, now: datetime, before: datetime) -> list[str]:
    """Raise the emergencies unseen since before that time, each once; give which.

    Their messages are kept with the mark, and open pages of the clinic are rung.
    """
    with store.reading_scope(clinic) as scope:
        if not scope.execute_read(_due_alarms_query(scope, now, before)).all():
            return []
    with store.writing_scope(clinic, now, "job") as scope:
        due: list[Any] = list(scope.execute_read(_due_alarms_query(scope, now, before)))
        kinds = _chosen_kinds(scope)
        for submission, _ in due:
            scope.update_rows(WorklistRow, submission_id=submission, to={"alarmed_at": now})
            outbox.add_messages(scope, submission, kinds)
            audit.record_event(scope, "alarm_raised", ("submission", submission))
        if due:
            change_notifications.notify_change(scope)
    return [submission for submission, _ in due]


def list_due_destinations(store: Store, clinic: str, now: datetime) -> list[DueDestination]:
    """The places of this clinic for which something is due."""
    with store.reading_scope(clinic) as scope:
        found = outbox.list_due_kinds(scope, now)
    return [DueDestination(tries, since, clinic, kind) for kind, (tries, since) in found.items()]


def claim_next_alarm(store: Store, clinic: str, kind: str, now: datetime) -> AlarmMessage | None:
    """The next message to be sent there, claimed for one try; what needs none any more stops."""
    with store.writing_scope(clinic, now, "job") as scope:
        while row := outbox.find_next_due(scope, kind):
            reference = _find_waiting_reference(scope, now, row.submission_id)
            if reference is None:
                _stop_alarm(scope, row, "seen")
                continue
            tries = outbox.claim_message(scope, row)
            to = getattr(_open_destinations(scope), kind)
            about = (row.submission_id, kind, row.id, reference)
            return AlarmMessage(clinic, *about, to, row.made_at, tries, _webhook_secret(scope, to))
    return None


def record_sent_alarm(store: Store, now: datetime, message: AlarmMessage) -> None:
    """Note that the other side took it."""
    with store.writing_scope(message.clinic, now, "job") as scope:
        outbox.mark_sent(scope, message.id)
        _audit_alarm(scope, "alarm_sent", message)


def record_failed_alarm(store: Store, now: datetime, message: AlarmMessage, fault: str) -> None:
    """Note that a try failed; the audit tells of the first one, and then of some."""
    with store.writing_scope(message.clinic, now, "job") as scope:
        outbox.mark_failed(scope, message.id, message.tries, fault)
        if message.tries == 1 or message.tries % _AUDIT_EVERY_TRIES == 0:
            _audit_alarm(scope, "alarm_not_sent", message, fault=fault)


def list_unsent_alarms(store: Store, clinic: str) -> list[OutboxMessage]:
    """What no place took yet, the oldest first."""
    with store.reading_scope(clinic) as scope:
        return [
            message
            for kind in DESTINATION_KINDS
            for message in outbox.list_waiting_messages(scope, kind)
        ]


def read_destinations(store: Store, clinic: str) -> AlarmDestinations:
    """Where this clinic wants alarms to go."""
    with store.reading_scope(clinic) as scope:
        return _open_destinations(scope)


def read_webhook_secret(store: Store, clinic: str) -> bytes:
    """What messages to the chosen webhook are signed with: 32 bytes, others for each address."""
    with store.reading_scope(clinic) as scope:
        return _webhook_secret(scope, _open_destinations(scope).webhook)


def save_destinations(scope: WritingScope, chosen: AlarmDestinations) -> None:
    """Choose where alarms go; an empty place stops them there.

    A new place is told, at once, of every emergency that still alarms.
    """
    previous, key = _open_destinations(scope), record_keys.load_data_key(scope, scope.clinic)
    for kind in DESTINATION_KINDS:
        column, text = f"alarm_{kind}_sealed", getattr(chosen, kind)
        sealed = key.seal_field("clinic", scope.clinic, column, text) if text else None
        scope.update_rows(Clinic, to={column: sealed})
        if text != getattr(previous, kind):
            _redirect_alarms(scope, kind, bool(text))
    to = ", ".join(kind for kind in DESTINATION_KINDS if getattr(chosen, kind))
    subject = ("clinic", scope.clinic)
    audit.record_event(scope, "alarm_places_chosen", subject, to=to)


def _redirect_alarms(scope: WritingScope, kind: str, is_chosen: bool) -> None:
    if not is_chosen:
        for row in outbox.list_waiting_messages(scope, kind):
            _stop_alarm(scope, row, "no_place")
        return
    alarmed = WorklistRow.alarmed_at.is_not(None)
    still = _waiting_emergencies_query(
        scope, scope.now, scope.now, WorklistRow.submission_id
    ).where(alarmed)
    for submission in scope.execute_read(still).scalars().all():
        outbox.add_messages(scope, submission, [kind])
    outbox.make_due_now(scope, kind)


def _stop_alarm(scope: WritingScope, row: OutboxMessage, why: str) -> None:
    outbox.stop_message(scope, row.id)
    _audit_alarm(scope, "alarm_stopped", row, why=why)


def _audit_alarm(
    scope: WritingScope, action: str, of: AlarmMessage | OutboxMessage, **more: str
) -> None:
    submission = of.submission if isinstance(of, AlarmMessage) else of.submission_id
    subject = ("submission", submission)
    audit.record_event(scope, action, subject, "", by=of.kind, tries=of.tries, **more)


def _chosen_kinds(scope: Scope) -> list[str]:
    """The kinds of places that are chosen. It opens nothing, so no lost key hides an alarm."""
    clinic = load_clinic(scope)
    return [kind for kind in DESTINATION_KINDS if getattr(clinic, f"alarm_{kind}_sealed")]


def _open_destinations(scope: Scope) -> AlarmDestinations:
    chosen = _chosen_kinds(scope)
    if not chosen:
        return AlarmDestinations()
    clinic, key = load_clinic(scope), record_keys.load_data_key(scope, scope.clinic)
    columns = {kind: f"alarm_{kind}_sealed" for kind in chosen}
    return AlarmDestinations(
        **{
            kind: key.open_field("clinic", scope.clinic, column, getattr(clinic, column))
            for kind, column in columns.items()
        }
    )


def _webhook_secret(scope: Scope, address: str) -> bytes:
    key = record_keys.load_data_key(scope, scope.clinic)
    return key.derive_secret(f"webhook {address}")


def _find_waiting_reference(scope: Scope, now: datetime, submission: str) -> str | None:
    """What an emergency is named by; None where it alarms no more."""
    this = Submission.id == submission
    same = Submission.id == WorklistRow.submission_id
    asked = _waiting_emergencies_query(scope, now, now, Submission.reference).where(this, same)
    reference: str | None = scope.execute_read(asked).scalar()
    return reference


def _due_alarms_query(scope: Scope, now: datetime, before: datetime) -> Any:
    """Id and reference of what is to be told of."""
    names = (Submission.id, Submission.reference)
    same = Submission.id == WorklistRow.submission_id
    untold = WorklistRow.alarmed_at.is_(None)
    return _waiting_emergencies_query(scope, now, before, *names).where(same, untold)


def _waiting_emergencies_query(scope: Scope, now: datetime, before: datetime, *columns: Any) -> Any:
    """A select of emergencies that nobody saw, or closed where one wanted to, since that time."""
    return scope.select_columns(*columns).where(
        WorklistRow.clinic_id == scope.clinic,
        AssessmentVersion.clinic_id == scope.clinic,
        AssessmentVersion.submission_id == WorklistRow.submission_id,
        AssessmentVersion.number == WorklistRow.last_version,
        WorklistRow.closed.is_(False),
        WorklistRow.forget_at > now,
        WorklistRow.rank == 0,
        or_(WorklistRow.first_seen_at.is_(None), _AWAITS_SECOND_CLOSE),
        before >= _WAITING_SINCE,
    )
