"""What has waited for someone for too long, and the messages that tell of it.

That is an emergency after minutes by the clock, and anything less once the time has passed that
its patient was promised while nobody acted, or by which they were to be told the new day of their
visit. Only an emergency alarms on the pages too.

Each is raised once, whatever number of servers ask, and in the same transaction a message for each
place that the clinic chose is put into the outbox, so none is lost with a server. A message is
claimed for one try at a time; a server that dies with it lets the claim run out, and it is sent
again under the same id. So it arrives at least once, and whoever gets it twice can tell.

Only what someone does with an emergency ends its alarm: a look alone does not, and who takes it has
as long as if it had just come, then it alarms again. What is let go, or whose claim lapsed, alarms.

A message whose emergency somebody has acted on meanwhile stops untaken: it asks for that and for
nothing else, and an alarm that comes too late teaches people to trust alarms less. New answers are
to be seen again and so raise an alarm of their own. Who takes what is less than an emergency after
its time ends its alarm, until they let it go.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, or_

from app.store import alarm_destinations
from app.store.alarm_destinations import AlarmDestinations
from app.store.db import audit, change_notifications, record_keys
from app.store.db.patient_tables import (
    DESTINATION_KINDS,
    SECOND_PERSON_STATES,
    AssessmentVersion,
    OutboxMessage,
    Submission,
    WorklistRow,
)
from app.store.db.scope import (
    SCOPE_CLINIC,
    Scope,
    Store,
    WritingScope,
    prepare_columns,
    prepare_statement,
)
from app.store.db.tables import Clinic
from app.triage.terms import Urgency

CLAIM_DURATION = timedelta(seconds=20)
"""How long a try belongs to who claimed it; no try may take that long."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=10)
OVERDUE_AFTER = timedelta(minutes=2)
"""A message that waits longer has not been delivered, as people would say."""
MESSAGE_RETENTION = timedelta(days=7)
_AUDIT_EVERY_TRIES = 10
"""How many tries in vain make one entry of the audit, after the first."""
MOST_AT_ONCE = 200
"""So many of a kind are raised in one transaction: nobody else writes meanwhile."""
_IS_UNSENT = OutboxMessage.ended_at.is_(None)
_AWAITS_SECOND = WorklistRow.state.in_(SECOND_PERSON_STATES)
_WAITING_SINCE = func.coalesce(WorklistRow.waits_since, AssessmentVersion.made_at)
"""When someone took it or asked a second person, else when the newest answers came."""

NOW, _BEFORE, _OVERDUE = (
    bindparam(name, type_=OutboxMessage.made_at.type) for name in ("now", "before", "overdue")
)


def _waiting_emergencies(*columns: Any, before: Any = _BEFORE) -> Any:
    """A select of emergencies with which nobody did anything, or a second person, since then."""
    waiting = prepare_columns(*columns).where(
        WorklistRow.clinic_id == SCOPE_CLINIC,
        AssessmentVersion.clinic_id == SCOPE_CLINIC,
        AssessmentVersion.submission_id == WorklistRow.submission_id,
        AssessmentVersion.number == WorklistRow.last_version,
        WorklistRow.closed.is_(False),
        WorklistRow.forget_at > NOW,
        WorklistRow.rank == 0,
        or_(WorklistRow.acted_at.is_(None), _AWAITS_SECOND),
        before >= _WAITING_SINCE,
    )
    return waiting.correlate(None)  # left to itself, it takes its rows from a select around it


def _is_late(now: Any) -> tuple[Any, ...]:
    """What is less than an emergency and due, without an act; who took it since then may act."""
    return (
        WorklistRow.clinic_id == SCOPE_CLINIC,
        WorklistRow.closed.is_(False),
        WorklistRow.forget_at > NOW,
        WorklistRow.rank.in_(range(1, len(Urgency))),  # a list, so that the index leads to the time
        WorklistRow.due_at <= now,
        WorklistRow.acted_at.is_(None),
        or_(WorklistRow.owner_id.is_(None), WorklistRow.waits_since <= WorklistRow.due_at),
    )


_MOVE_IS_LATE = (
    WorklistRow.clinic_id == SCOPE_CLINIC,
    WorklistRow.forget_at > NOW,
    WorklistRow.move_due_at <= NOW,
)
"""A visit that is to move, and its patient should know the day by now."""

OLDEST_EMERGENCY = _waiting_emergencies(func.min(_WAITING_SINCE))
"""A select of one value, which may stand within another one."""
UNDELIVERED_SINCE = _waiting_emergencies(func.min(OutboxMessage.made_at), before=NOW).where(
    OutboxMessage.submission_id == WorklistRow.submission_id,
    _IS_UNSENT,
    OutboxMessage.made_at <= _OVERDUE,
)
"""The same of alarms of emergencies that could not be delivered."""
_OLDEST, _UNDELIVERED = map(prepare_statement, (OLDEST_EMERGENCY, UNDELIVERED_SINCE))
_THIS = (
    *(Submission.clinic_id == SCOPE_CLINIC, Submission.id == bindparam("submission")),
    Submission.id == WorklistRow.submission_id,
)
_REFERENCE = prepare_statement(_waiting_emergencies(Submission.reference, before=NOW).where(*_THIS))
_LATE_REFERENCE = prepare_statement(
    prepare_columns(Submission.reference).where(*_THIS, *_is_late(NOW))
)
_MOVE_REFERENCE = prepare_statement(
    prepare_columns(Submission.reference).where(*_THIS, *_MOVE_IS_LATE)
)
_ALARMED = prepare_statement(
    _waiting_emergencies(WorklistRow.submission_id, before=NOW).where(
        WorklistRow.alarmed_at.is_not(None)
    )
)
_DUE = prepare_statement(
    _waiting_emergencies(WorklistRow.submission_id)
    .where(WorklistRow.alarmed_at.is_(None))
    .limit(bindparam("most"))
)
_LATE = prepare_statement(
    prepare_columns(WorklistRow.submission_id)
    .where(*_is_late(NOW), WorklistRow.alarmed_at.is_(None))
    .limit(bindparam("most"))
)
_LATE_MOVES = prepare_statement(
    prepare_columns(WorklistRow.submission_id)
    .where(*_MOVE_IS_LATE, WorklistRow.move_alarmed_at.is_(None))
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class AlarmMessage:
    """One alarm to be sent now. It may name its reference, and nothing else of the emergency."""

    clinic: str
    submission_id: str
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
    """Since when the oldest emergency waits for an act, if since before that time."""
    first: datetime | None = scope.execute_read(_OLDEST, now=now, before=before).scalar()
    return first


def find_undelivered_since(scope: Scope, now: datetime) -> datetime | None:
    """Since when an alarm that is still needed could not be delivered to a place."""
    first: datetime | None = scope.execute_read(_UNDELIVERED, **alarm_times(now, now)).scalar()
    return first


def alarm_times(now: datetime, before: datetime) -> dict[str, datetime]:
    """What the queries below leave open."""
    return {"now": now, "before": before, "overdue": now - OVERDUE_AFTER}


def raise_due_alarms(store: Store, clinic: str, now: datetime, before: datetime) -> list[str]:
    """Raise what waits since before that time, each once and with its messages; give which."""
    with store.reading_scope(clinic) as scope:
        if not any(_list_due_alarms(scope, now, before).values()):
            return []
    raised: list[str] = []
    while True:
        some = _raise_some(store, clinic, now, before)
        raised += some
        if len(some) < MOST_AT_ONCE:
            return raised


def _raise_some(store: Store, clinic: str, now: datetime, before: datetime) -> list[str]:
    """Raise the first of what is due: after long hours without a server it may be very much."""
    with store.writing_scope(clinic, now, "job") as scope:
        due = _list_due_alarms(scope, now, before)
        kinds = alarm_destinations.list_chosen_kinds(scope)
        for column, submissions in due.items():
            for submission in submissions:
                scope.update_rows(WorklistRow, submission_id=submission, to={column: now})
                add_messages(scope, submission, kinds)
                audit.record_event(scope, "alarm_raised", ("submission", submission))
        raised = [submission for submissions in due.values() for submission in submissions]
        if raised:
            change_notifications.notify_change(scope)
    return raised


def add_messages(scope: WritingScope, submission: str, kinds: Iterable[str]) -> None:
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


def list_due_destinations(store: Store, clinic: str, now: datetime) -> list[DueDestination]:
    """The places of this clinic for which something is due."""
    kind = OutboxMessage.kind
    first = (func.min(OutboxMessage.tries), func.min(OutboxMessage.due_at))
    with store.reading_scope(clinic) as scope:
        due = scope.select_columns(*first, kind).where(_IS_UNSENT, OutboxMessage.due_at <= now)
        rows: list[Any] = list(scope.execute_read(due.group_by(kind)))
    return [DueDestination(tries, since, clinic, kind) for tries, since, kind in rows]


def claim_next_alarm(store: Store, clinic: str, kind: str, now: datetime) -> AlarmMessage | None:
    """What has waited longest to be sent there, for one try; what is not needed any more stops."""
    due, order = OutboxMessage.due_at <= now, [OutboxMessage.due_at, OutboxMessage.id]
    with store.writing_scope(clinic, now, "job") as scope:
        while row := scope.find_first(OutboxMessage, _IS_UNSENT, due, order_by=order, kind=kind):
            reference = _find_waiting_reference(scope, row.submission_id)
            if reference is None:
                _stop_alarm(scope, row, "seen")
                continue
            tries = row.tries + 1
            claim = {"due_at": now + CLAIM_DURATION, "tries": tries}
            scope.update_rows(OutboxMessage, id=row.id, to=claim)
            to = getattr(alarm_destinations.open_destinations(scope), kind)
            about = (row.submission_id, kind, row.id, reference)
            return AlarmMessage(
                clinic,
                *about,
                to,
                row.made_at,
                tries,
                alarm_destinations.derive_webhook_secret(scope, to),
            )
    return None


def record_sent_alarm(store: Store, now: datetime, message: AlarmMessage) -> None:
    """Note that the other side took it."""
    with store.writing_scope(message.clinic, now, "job") as scope:
        taken = {"ended": "taken", "ended_at": now, "fault": None}
        scope.update_rows(OutboxMessage, id=message.id, to=taken)
        _audit_alarm(scope, "alarm_sent", message)


def record_failed_alarm(store: Store, now: datetime, message: AlarmMessage, fault: str) -> None:
    """Note that a try failed; the next comes after a pause that grows. The audit tells of some."""
    pause = min(FIRST_PAUSE * 2 ** min(message.tries - 1, 20), LONGEST_PAUSE)
    with store.writing_scope(message.clinic, now, "job") as scope:
        later = {"due_at": now + pause, "fault": fault}
        scope.update_rows(OutboxMessage, _IS_UNSENT, id=message.id, to=later)
        if message.tries == 1 or message.tries % _AUDIT_EVERY_TRIES == 0:
            _audit_alarm(scope, "alarm_not_sent", message, fault=fault)


def list_unsent_alarms(store: Store, clinic: str) -> list[OutboxMessage]:
    """What no place took yet, the oldest first."""
    with store.reading_scope(clinic) as scope:
        return [row for kind in DESTINATION_KINDS for row in _list_waiting_messages(scope, kind)]


def list_submission_messages(scope: Scope, submission: str) -> list[OutboxMessage]:
    """All that is kept of messages about it, the oldest first."""
    oldest = [OutboxMessage.made_at, OutboxMessage.kind]
    return scope.find_all(OutboxMessage, submission_id=submission, order_by=oldest)


def delete_old_messages(scope: WritingScope) -> int:
    """Forget what ended long ago; give how many there were."""
    return scope.delete_rows(OutboxMessage, OutboxMessage.ended_at <= scope.now - MESSAGE_RETENTION)


def save_destinations(scope: WritingScope, chosen: AlarmDestinations) -> None:
    """Choose where alarms go; "" stops them, a new place is told of each emergency that alarms."""
    previous, key = (
        alarm_destinations.open_destinations(scope),
        record_keys.load_data_key(scope, scope.clinic),
    )
    for kind in DESTINATION_KINDS:
        column, text = f"alarm_{kind}_sealed", getattr(chosen, kind)
        sealed = key.seal_field("clinic", scope.clinic, column, text) if text else None
        scope.update_rows(Clinic, to={column: sealed})
        if text != getattr(previous, kind):
            _redirect_alarms(scope, kind, bool(text))
    to = ", ".join(kind for kind in DESTINATION_KINDS if getattr(chosen, kind))
    audit.record_event(scope, "alarm_places_chosen", ("clinic", scope.clinic), to=to)


def _redirect_alarms(scope: WritingScope, kind: str, is_chosen: bool) -> None:
    if not is_chosen:
        for row in _list_waiting_messages(scope, kind):
            _stop_alarm(scope, row, "no_place")
        return
    for submission in scope.execute_read(_ALARMED, now=scope.now).scalars().all():
        add_messages(scope, submission, [kind])
    scope.update_rows(OutboxMessage, _IS_UNSENT, kind=kind, to={"due_at": scope.now})


def _stop_alarm(scope: WritingScope, row: OutboxMessage, why: str) -> None:
    stopped = {"ended": "stopped", "ended_at": scope.now}
    scope.update_rows(OutboxMessage, _IS_UNSENT, id=row.id, to=stopped)
    _audit_alarm(scope, "alarm_stopped", row, why=why)


def _audit_alarm(
    scope: WritingScope, action: str, of: AlarmMessage | OutboxMessage, **more: str
) -> None:
    subject, job = ("submission", of.submission_id), scope.act_as("job")
    audit.record_event(job, action, subject, by=of.kind, tries=of.tries, **more)


def _list_waiting_messages(scope: Scope, kind: str) -> list[OutboxMessage]:
    return scope.find_all(OutboxMessage, _IS_UNSENT, kind=kind, order_by=[OutboxMessage.made_at])


def _find_waiting_reference(scope: WritingScope, submission: str) -> str | None:
    """What it is named by; None where it alarms no more."""
    for asked in (_REFERENCE, _LATE_REFERENCE, _MOVE_REFERENCE):
        found = scope.execute_read(asked, now=scope.now, submission=submission).scalar()
        if found is not None:
            return str(found)
    return None


def _list_due_alarms(scope: Scope, now: datetime, before: datetime) -> dict[str, list[str]]:
    """What is to be told of, emergencies first: the column that notes it -> submissions."""
    at = {"now": now, "most": MOST_AT_ONCE}
    emergencies = scope.execute_read(_DUE, **at, before=before).scalars()
    late = scope.execute_read(_LATE, **at).scalars()
    moves = scope.execute_read(_LATE_MOVES, **at).scalars()
    return {"alarmed_at": [*emergencies, *late], "move_alarmed_at": list(moves)}
