"""Wishes to export or erase all of a person: one of staff asks, another one agrees or refuses.

Agreed to, an export is open to who asked for a day, made afresh each time and kept nowhere; an
erasure is done at once, and only the audit tells of it. An export holds ids of questions and
answers, which app.documents.clinic_files.py puts into words. Knows no pages.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.store import outbox, people, submission_reads, submission_versions
from app.store.compliance.retention import erase_person_records, list_person_submissions
from app.store.db import audit, change_notifications, record_keys
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import Invitation, OutboxMessage, Person, PersonRequest, Staff, Submission
from app.store.invitations import open_appointment_kind
from app.store.permissions import PERMISSIONS

EXPORT, ERASE = "export", "erase"
PERMISSION_BY_KIND = {EXPORT: "export_person", ERASE: "erase_person"}
EXPORT_LIFETIME = timedelta(days=1)
"""How long an agreed export can be taken."""
_MAX_AUDIT_ENTRIES = 10_000  # of the audit on one record; more than anyone does with it


class NoSuchPerson(Exception):
    """The clinic knows nobody of this id, or has forgotten them."""


class NoSuchRequest(Exception):
    """There is no such request that this person could answer or take."""


class OwnRequest(Exception):
    """Who asked cannot be the one who agrees."""


@dataclass(frozen=True, slots=True)
class SubjectRequest:
    """One wish, as staff see it. `person` is None once they are forgotten."""

    id: str
    kind: str
    person: people.PersonIdentity | None
    asked_by: str
    asked_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    agreed: bool | None
    done_at: datetime | None

    def is_open_to(self, staff: str, now: datetime) -> bool:
        """Whether this one of staff can take the export now."""
        return (
            self.kind == EXPORT
            and bool(self.agreed)
            and self.asked_by == staff
            and self.person is not None
            and self.answered_at is not None
            and now < self.answered_at + EXPORT_LIFETIME
        )


def add_request(scope: WritingScope, now: datetime, who: str, kind: str, person: str) -> str:
    """Ask for it; the same wish that waits already is that one. Raises NoSuchPerson."""
    if person not in people.find_people(scope, [person]):
        raise NoSuchPerson
    same = scope.find_first(PersonRequest, kind=kind, person_id=person, agreed=None)
    if same is not None:
        return same.id
    request = secrets.token_urlsafe(12)
    scope.add_row(
        PersonRequest, id=request, kind=kind, person_id=person, asked_by=who, asked_at=now
    )
    audit.record_event(scope, now, who, f"person_{kind}_asked", ("person", person), request=request)
    return request


def answer_request(
    scope: WritingScope, now: datetime, who: str, request: str, agreed: bool
) -> None:
    """Agree or refuse; answered once, it stays so. Raises NoSuchRequest or OwnRequest."""
    row = scope.find_one(PersonRequest, id=request)
    if row is None:
        raise NoSuchRequest
    if row.agreed is not None:
        return
    if row.asked_by == who:
        raise OwnRequest
    if agreed and row.person_id not in people.find_people(scope, [row.person_id]):
        raise NoSuchRequest
    done = now if agreed and row.kind == ERASE else None
    to = {"answered_by": who, "answered_at": now, "agreed": agreed, "done_at": done}
    scope.update_rows(PersonRequest, id=request, to=to)
    word = "agreed" if agreed else "refused"
    subject = ("person", row.person_id)
    audit.record_event(scope, now, who, f"person_{row.kind}_{word}", subject, request=request)
    if done:
        erase_person(scope, now, who, row.person_id)


def take_export(scope: WritingScope, now: datetime, who: str, request: str) -> dict[str, Any]:
    """All of the person, for who asked, within a day. Raises NoSuchRequest."""
    found = [one for one in list_recent_requests(scope, now, request) if one.is_open_to(who, now)]
    if not found or found[0].person is None:
        raise NoSuchRequest
    scope.update_rows(PersonRequest, id=request, to={"done_at": now})
    return export_person(scope, now, who, found[0].person.id)


def export_person(scope: WritingScope, now: datetime, who: str, person: str) -> dict[str, Any]:
    """All of the person, noted in the audit before it is given. Raises KeyDestroyed."""
    audit.record_event(scope, now, who, "person_exported", ("person", person))
    return collect_person_records(scope, person)


def erase_person(scope: WritingScope, now: datetime, who: str, person: str) -> dict[str, int]:
    """Erase the person and all that is theirs; wishes about them that still wait go too."""
    counts: dict[str, Any] = erase_person_records(scope, person)
    scope.delete_rows(PersonRequest, person_id=person, agreed=None)
    audit.record_event(scope, now, who, "person_erased", ("person", person), **counts)
    change_notifications.notify_change(scope)
    return counts


def list_recent_requests(
    scope: Scope, now: datetime, request: str | None = None
) -> list[SubjectRequest]:
    """What waits, and what was answered within the last month, the newest first."""
    lately = PersonRequest.agreed.is_(None) | (PersonRequest.answered_at > now - timedelta(days=30))
    only = {} if request is None else {"id": request}
    newest = [PersonRequest.asked_at.desc(), PersonRequest.id]
    rows = scope.find_all(PersonRequest, lately, order_by=newest, limit=200, **only)
    known = people.find_people(scope, {row.person_id for row in rows})
    return [
        SubjectRequest(
            row.id,
            row.kind,
            known.get(row.person_id),
            row.asked_by,
            row.asked_at,
            row.answered_by,
            row.answered_at,
            row.agreed,
            row.done_at,
        )
        for row in rows
    ]


def count_other_approvers(scope: Scope, who: str, kind: str) -> int:
    """How many others could agree: someone alone needs a colleague first."""
    roles = PERMISSIONS[PERMISSION_BY_KIND[kind]]
    able = (
        Staff.role.in_(roles),
        Staff.id != who,
        Staff.disabled_at.is_(None),
        Staff.password_hash.is_not(None),
    )
    return scope.count_rows(Staff, *able)


def find_person(scope: Scope, reference: str) -> people.PersonIdentity:
    """Who has this reference. Raises NoSuchPerson."""
    found = people.find_by_reference(scope, reference)
    if found is None:
        raise NoSuchPerson
    return found


def require_person(scope: Scope, person: str) -> people.PersonIdentity:
    """Who has this id. Raises NoSuchPerson."""
    found = people.find_people(scope, [person]).get(person)
    if found is None or scope.find_one(Person, id=person) is None:
        raise NoSuchPerson
    return found


def collect_person_records(scope: Scope, person: str) -> dict[str, Any]:
    """What is kept, as JSON can hold it. Raises KeyDestroyed."""
    known = people.find_people(scope, [person]).get(person)
    if known is None:
        raise record_keys.KeyDestroyed
    names = {member.id: member.name for member in scope.find_all(Staff)}
    links = scope.find_all(Invitation, person_id=person, order_by=[Invitation.made_at])
    return {
        "reference": known.reference,
        "name": known.name,
        "markers": people.load_person_flags(scope, person),
        "invitations": [_export_invitation(scope, link, names) for link in links],
        "submissions": [
            _export_submission(scope, id_, names) for id_ in list_person_submissions(scope, person)
        ],
        "done_with_the_person": _export_audit_trail(scope, ("person", person), names),
    }


def _export_invitation(scope: Scope, link: Invitation, names: dict[str, str]) -> dict[str, Any]:
    key = record_keys.load_data_key(scope, link.person_id)
    return {
        "made_at": link.made_at.isoformat(),
        "made_by": names.get(link.made_by, ""),
        "good_until": link.expires_at.isoformat(),
        "taken_back_at": link.revoked_at.isoformat() if link.revoked_at else None,
        "appointment_on": link.appointment_on.isoformat() if link.appointment_on else None,
        "appointment": open_appointment_kind(key, link),
        "done": _export_audit_trail(scope, ("invitation", link.id), names),
    }


def _export_submission(scope: Scope, submission: str, names: dict[str, str]) -> dict[str, Any]:
    found = scope.find_one(Submission, id=submission)
    return {
        "reference": found.reference if found else "",
        "arrived_at": found.arrived_at.isoformat() if found else "",
        "source": found.source if found else "",
        "versions": [
            _export_version(one, names)
            for one in submission_versions.list_versions(scope, submission)
        ],
        "reviews": [
            _export_action(entry, names)
            for entry in submission_reads.list_actions(scope, submission)
        ],
        "alarms": [
            _export_alarm(one) for one in outbox.list_submission_messages(scope, submission)
        ],
        "done": _export_audit_trail(scope, ("submission", submission), names),
    }


def _export_version(version: Any, names: dict[str, str]) -> dict[str, Any]:
    return {
        "made_at": version.made_at.isoformat(),
        "kind": version.kind,
        "by": names.get(version.author or "", ""),
        "rulebook": version.rulebook_version,
        "rulebook_sha256": version.rulebook_sha256,
        **version.body,
    }


def _export_action(entry: submission_reads.ReviewAction, names: dict[str, str]) -> dict[str, Any]:
    return {
        "at": entry.at.isoformat(),
        "by": names.get(entry.by, ""),
        "what": entry.kind,
        "level": entry.urgency.name,
        "reason": entry.reason,
        "rule": entry.rule,
        "outcome": entry.outcome,
        "note": entry.words,
    }


def _export_alarm(message: OutboxMessage) -> dict[str, Any]:
    return {
        "made_at": message.made_at.isoformat(),
        "by": message.kind,
        "tries": message.tries,
        "ended": message.ended,
        "ended_at": message.ended_at.isoformat() if message.ended_at else None,
    }


def _export_audit_trail(
    scope: Scope, subject: tuple[str, str], names: dict[str, str]
) -> list[dict[str, str]]:
    """Who did what with the record, the first thing first."""
    found = audit.list_audit_entries(scope, subject=subject, limit=_MAX_AUDIT_ENTRIES)
    return [
        {"at": e.at, "who": names.get(e.actor, e.actor), "what": e.action} for e in reversed(found)
    ]
