"""Emergencies that have waited for someone for too long, and where a clinic wants to be told.

Each is given out once to be told, whatever number of servers ask. Knows no pages and sends nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, or_
from sqlmodel import col

from app.store.clinics import known
from app.store.ground import doorbell, keys
from app.store.ground.scope import Scope, Store, WritingScope
from app.store.keeping import audit
from app.store.tables import AssessmentVersion, Clinic, Submission, WorklistRow

_KINDS = ("webhook", "email")
_ASKED = col(WorklistRow.state) == "second_close"
_SINCE = case((_ASKED, col(WorklistRow.waits_since)), else_=col(AssessmentVersion.made_at))
"""When the newest answers came, which wait anew, or a second person was asked to close them."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a clinic wants alarms to go besides its open pages; empty where it chose nothing."""

    webhook: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One emergency to tell of. A message may name its reference, and nothing else of it."""

    clinic: str
    submission: str
    reference: str
    places: Places


def oldest(scope: Scope, now: datetime, before: datetime) -> datetime | None:
    """Since when the oldest emergency waits unseen or to be closed, if since before that time."""
    first: datetime | None = scope.run(asking_oldest(scope, now, before)).scalar()
    return first


def asking_oldest(scope: Scope, now: datetime, before: datetime) -> Any:
    """The same as a select of one value, which may stand within another one."""
    # Left to itself, it would take its rows from the select around it.
    return _waiting(scope, now, before, func.min(_SINCE)).correlate(None)


def take_due(store: Store, now: datetime, before: datetime) -> list[Alarm]:
    """The emergencies that wait since before that time, each given out only once.

    They are marked before anyone is told, and open pages of the clinic are rung.
    """
    found: list[Alarm] = []
    for clinic in store.clinics():
        with store.reading(clinic) as scope:
            if not scope.run(_due(scope, now, before)).all():
                continue
        with store.writing(clinic) as scope:
            due: list[Any] = list(scope.run(_due(scope, now, before)))
            places = _places(scope)
            for submission, reference in due:
                scope.change(WorklistRow, submission_id=submission, to={"alarmed_at": now})
                audit.add(scope, now, "job", "alarm_raised", ("submission", submission))
                found.append(Alarm(clinic, submission, reference, places))
            if due:
                doorbell.ring(scope)
    return found


def told(store: Store, now: datetime, alarm: Alarm, kind: str, *, arrived: bool) -> None:
    """Note whether a message went out."""
    action = "alarm_sent" if arrived else "alarm_not_sent"
    with store.writing(alarm.clinic) as scope:
        audit.add(scope, now, "job", action, ("submission", alarm.submission), by=kind)


def places(store: Store, clinic: str) -> Places:
    """Where this clinic wants alarms to go."""
    with store.reading(clinic) as scope:
        return _places(scope)


def send_to(scope: WritingScope, now: datetime, chosen: Places) -> None:
    """Choose where alarms go; an empty place stops them there."""
    key = keys.of(scope, scope.clinic)
    for kind in _KINDS:
        column, text = f"alarm_{kind}_sealed", getattr(chosen, kind)
        sealed = key.seal("clinic", scope.clinic, column, text) if text else None
        scope.change(Clinic, to={column: sealed})
    subject, to = ("clinic", scope.clinic), [kind for kind in _KINDS if getattr(chosen, kind)]
    audit.add(scope, now, "command", "alarm_places_chosen", subject, to=", ".join(to))


def _places(scope: Scope) -> Places:
    clinic = known(scope)
    sealed = {kind: getattr(clinic, f"alarm_{kind}_sealed") for kind in _KINDS}
    if not any(sealed.values()):
        return Places()
    key = keys.of(scope, scope.clinic)
    return Places(
        **{
            kind: key.open("clinic", scope.clinic, f"alarm_{kind}_sealed", words)
            for kind, words in sealed.items()
            if words
        }
    )


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
