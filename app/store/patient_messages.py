"""Messages that ask an invited person to answer: made, stopped, and what became of each.

None is made where the clinic does not write, where nobody said how to reach the person, or where
it is noted that they must not be phoned or written to. Sending is app/store/message_turns.py.
"""

import secrets
from collections.abc import Collection

from app.store import people
from app.store.alarm_destinations import is_mailbox
from app.store.clinic_settings import BadSettings, is_telephone
from app.store.clinics import load_clinic
from app.store.db import audit, record_keys
from app.store.db.encryption import DataKey
from app.store.db.patient_tables import Invitation, PatientMessage
from app.store.db.record_keys import KeyDestroyed
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import Clinic
from app.store.opening_hours import local_day

NO_MESSAGES = "no_contact"
"""The flag of a person whom nobody may phone or write to."""
MOST_CONTACT_LETTERS = 100
MOST_REMINDER_DAYS = 14


def find_channel(contact: str) -> str:
    """email or webhook, for a text message; "" for what is no way to reach anybody."""
    if len(contact) > MOST_CONTACT_LETTERS:
        return ""
    return "email" if is_mailbox(contact) else "webhook" if is_telephone(contact) else ""


def add_message(
    scope: WritingScope, invitation: str, person: str, contact: str, kind: str = "invitation"
) -> bool:
    """Put a message to this person into the outbox, if there is to be one; give whether."""
    clinic, channel = load_clinic(scope), find_channel(contact)
    if not can_send(clinic, channel):
        return False
    message = secrets.token_urlsafe(12)
    scope.add_row(
        PatientMessage,
        id=message,
        invitation_id=invitation,
        kind=kind,
        channel=channel,
        made_at=scope.now,
        due_at=scope.now,
    )
    audit.record_event(scope, "message_made", ("invitation", invitation), of=kind, by=channel)
    if is_barred(scope, person):
        # Kept as stopped, so that staff see why, and no round looks at this person again.
        stop_message(scope, scope.require_one(PatientMessage, LookupError, id=message), "barred")
        return False
    return True


def can_send(clinic: Clinic, channel: str) -> bool:
    """Whether the clinic writes, and by this channel."""
    has_way = channel == "email" or clinic.message_webhook_sealed is not None
    return bool(channel) and clinic.sends_messages and has_way


def is_barred(scope: Scope, person: str) -> bool:
    """Whether nobody may phone or write to this person; so too where that cannot be read."""
    try:
        return NO_MESSAGES in people.load_person_flags(scope, person)
    except KeyDestroyed:
        return True


def stop_message(scope: WritingScope, row: PatientMessage, why: str) -> None:
    """End a message that has not gone out; `why`: barred, over or off."""
    still, ended = PatientMessage.ended_at.is_(None), {"ended": "stopped", "ended_at": scope.now}
    scope.update_rows(PatientMessage, still, id=row.id, to={**ended, "fault": why})
    audit.record_event(scope, "message_stopped", ("invitation", row.invitation_id), why=why)


def find_newest(scope: Scope, invitations: Collection[str]) -> dict[str, PatientMessage]:
    """The newest message of each invitation that has one."""
    by_age, wanted = [PatientMessage.made_at], PatientMessage.invitation_id.in_(invitations)
    return {
        row.invitation_id: row for row in scope.find_all(PatientMessage, wanted, order_by=by_age)
    }


def forget_contacts(scope: WritingScope) -> int:
    """Forget how to reach those whose visit or invitation is over; give how many."""
    over = (
        (Invitation.expires_at <= scope.now)
        | (Invitation.appointment_on < local_day(load_clinic(scope), scope.now))
        | Invitation.finished_at.is_not(None)
        | Invitation.revoked_at.is_not(None)
    )
    known = Invitation.contact_sealed.is_not(None)
    return scope.update_rows(Invitation, known, over, to={"contact_sealed": None})


def save_choices(scope: WritingScope, writes: str, reminder_days: str, webhook: str) -> None:
    """Keep whether the clinic `writes` (yes or no), when it reminds, and its service for texts.

    The address was looked at before. Raises BadSettings.
    """
    days = int(reminder_days) if reminder_days.isdecimal() and len(reminder_days) < 3 else 0
    problems = {}
    if writes not in ("yes", "no"):
        problems["writes"] = "choose"
    if reminder_days and not 1 <= days <= MOST_REMINDER_DAYS:
        problems["reminder_days"] = "reminder_days"
    if problems:
        raise BadSettings(problems)
    key = record_keys.load_data_key(scope, scope.clinic)
    place = ("clinic", scope.clinic, "message_webhook")
    to = {
        "sends_messages": writes == "yes",
        "reminder_days": days or None,
        "message_webhook_sealed": key.seal_field(*place, webhook) if webhook else None,
    }
    scope.update_rows(Clinic, to=to)
    subject, by_text = ("clinic", scope.clinic), bool(webhook)
    facts = {"writes": writes, "reminder_days": reminder_days}
    audit.record_event(scope, "clinic_changed", subject, part="messages", by_text=by_text, **facts)


def webhook_secret(key: DataKey, address: str) -> bytes:
    """What messages to the clinic's own service are signed with: others for each address."""
    return key.derive_secret(f"messages {address}")


def open_webhook(scope: Scope) -> tuple[str, bytes]:
    """(The address of the clinic's service for text messages, or "", its secret)."""
    clinic = load_clinic(scope)
    if clinic.message_webhook_sealed is None:
        return "", b""
    key, place = record_keys.load_data_key(scope, scope.clinic), ("clinic", scope.clinic)
    address = key.open_field(*place, "message_webhook", clinic.message_webhook_sealed)
    return address, webhook_secret(key, address)
