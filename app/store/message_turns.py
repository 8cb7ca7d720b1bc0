"""Sending what waits in the outbox of messages to invited people, one try at a time.

A message is claimed for one try; a server that dies with it lets the claim run out, and it is sent
again under the same id. What is no longer wanted stops when its turn comes: the invitation is
finished, taken back or over, the person must not be written to, the clinic writes no more. What
the other side will never take has bounced; what could not be sent for a day is given up.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.store import patient_messages
from app.store.clinics import load_clinic
from app.store.db import audit, record_keys
from app.store.db.patient_tables import Invitation, PatientMessage
from app.store.db.scope import Scope, Store, WritingScope
from app.store.db.tables import Clinic
from app.store.invitations import (
    derive_invitation_code,
    derive_link_token,
    is_invitation_open,
    open_sealed_field,
)
from app.store.opening_hours import find_opening_state, local_day

CLAIM_DURATION = timedelta(seconds=20)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=2)
GIVEN_UP_AFTER = timedelta(days=1)
REMINDERS_AT_ONCE = 200
_IS_OPEN = PatientMessage.ended_at.is_(None)


class OutgoingMessage(NamedTuple):
    """One message to be sent now; `to` is the person's, `webhook` the clinic's own service."""

    clinic: Clinic
    id: str
    invitation: str
    kind: str
    channel: str
    to: str
    token: str
    code: str
    made_at: datetime
    expires_at: datetime
    tries: int
    webhook: str
    secret: bytes


def add_due_reminders(store: Store, clinic: str, now: datetime) -> int:
    """Make a reminder for each who has not finished and whose visit is near; give how many.

    One for an invitation, in opening hours, never before a day after it was made, and none to
    where a message bounced.
    """
    with store.reading_scope(clinic) as scope:
        if not _list_unreminded(scope, now):
            return 0
    with store.writing_scope(clinic, now, "job") as scope:
        made = 0
        for row in _list_unreminded(scope, now):
            try:
                key = record_keys.load_data_key(scope, row.person_id)
            except record_keys.KeyDestroyed:
                continue  # of the others it must stop none
            contact = open_sealed_field(key, row, "contact")
            made += patient_messages.add_message(scope, row.id, row.person_id, contact, "reminder")
        return made


def claim_next_message(store: Store, clinic: str, now: datetime) -> OutgoingMessage | None:
    """What has waited longest, for one try; what is not wanted any more stops."""
    order = [PatientMessage.due_at, PatientMessage.id]
    with store.reading_scope(clinic) as scope:
        due = _due_now(load_clinic(scope), now)
        if scope.find_first(PatientMessage, *due, order_by=order) is None:
            return None
    with store.writing_scope(clinic, now, "job") as scope:
        while row := scope.find_first(PatientMessage, *due, order_by=order):
            if why := _find_hindrance(scope, row):
                patient_messages.stop_message(scope, row, why)
                continue
            claim = {"due_at": now + CLAIM_DURATION, "tries": row.tries + 1}
            scope.update_rows(PatientMessage, id=row.id, to=claim)
            return _open_message(scope, row)
    return None


def record_sent(store: Store, now: datetime, message: OutgoingMessage) -> None:
    """Note that the other side took it."""
    _end_message(store, now, message, "sent", None)


def record_bounced(store: Store, now: datetime, message: OutgoingMessage, fault: str) -> None:
    """Note that the other side will never take it."""
    _end_message(store, now, message, "bounced", fault)


def record_failed(store: Store, now: datetime, message: OutgoingMessage, fault: str) -> None:
    """Note that a try failed; the next comes after a pause that grows, for a day."""
    if now >= message.made_at + GIVEN_UP_AFTER:
        _end_message(store, now, message, "stopped", "given_up")
        return
    pause = min(FIRST_PAUSE * 2 ** min(message.tries - 1, 20), LONGEST_PAUSE)
    with store.writing_scope(message.clinic.clinic_id, now, "job") as scope:
        later = {"due_at": now + pause, "fault": fault}
        scope.update_rows(PatientMessage, _IS_OPEN, id=message.id, to=later)


def _end_message(
    store: Store, now: datetime, message: OutgoingMessage, ended: str, fault: str | None
) -> None:
    with store.writing_scope(message.clinic.clinic_id, now, "job") as scope:
        to = {"ended": ended, "ended_at": now, "fault": fault}
        if scope.update_rows(PatientMessage, _IS_OPEN, id=message.id, to=to):
            subject, tries = ("invitation", message.invitation), message.tries
            facts = {"of": message.kind, "by": message.channel}
            audit.record_event(scope, f"message_{ended}", subject, tries=tries, **facts)


def _due_now(clinic: Clinic, now: datetime) -> list[Any]:
    """What is to be tried now; a reminder that waits for another try also waits for the hours."""
    due = [_IS_OPEN, PatientMessage.due_at <= now]
    is_open = find_opening_state(clinic, now).closes is not None
    return due if is_open else [*due, PatientMessage.kind != "reminder"]


def _find_hindrance(scope: WritingScope, row: PatientMessage) -> str:
    """Why this message must not go out any more; "" where it may."""
    link = scope.find_one(Invitation, id=row.invitation_id)
    if link is None or link.finished_at or not is_invitation_open(link, scope.now):
        return "over"
    clinic = load_clinic(scope)
    if link.appointment_on is not None and link.appointment_on < local_day(clinic, scope.now):
        return "over"
    if link.contact_sealed is None or not patient_messages.can_send(clinic, row.channel):
        return "off"
    return "barred" if patient_messages.is_barred(scope, link.person_id) else ""


def _open_message(scope: Scope, row: PatientMessage) -> OutgoingMessage:
    link = scope.require_one(Invitation, LookupError, id=row.invitation_id)
    key = record_keys.load_data_key(scope, link.person_id)
    return OutgoingMessage(
        load_clinic(scope),
        row.id,
        link.id,
        row.kind,
        row.channel,
        open_sealed_field(key, link, "contact"),
        derive_link_token(scope.keyring, scope.clinic, link.id),
        derive_invitation_code(scope.keyring, link.id),
        row.made_at,
        link.expires_at,
        row.tries + 1,
        *patient_messages.open_webhook(scope),
    )


def _list_unreminded(scope: Scope, now: datetime) -> list[Invitation]:
    clinic = load_clinic(scope)
    if not clinic.sends_messages or not clinic.reminder_days:
        return []
    if find_opening_state(clinic, now).closes is None:
        return []
    today = local_day(clinic, now)
    written = scope.select_columns(PatientMessage.invitation_id)
    is_over = (PatientMessage.kind == "reminder") | (PatientMessage.ended == "bounced")
    return scope.find_all(
        Invitation,
        Invitation.finished_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > now,
        Invitation.contact_sealed.is_not(None),
        Invitation.made_at <= now - timedelta(days=1),
        Invitation.appointment_on >= today,
        Invitation.appointment_on <= today + timedelta(days=clinic.reminder_days),
        Invitation.id.not_in(written.where(is_over)),
        order_by=[Invitation.appointment_on, Invitation.id],
        limit=REMINDERS_AT_ONCE,
    )
