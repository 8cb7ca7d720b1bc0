"""Wishes to export or erase all of a person: one of staff asks, another one agrees or refuses.

Agreed to, an export is open to who asked for a day, made afresh each time and kept nowhere; an
erasure is done at once, and only the audit tells of it. An export holds ids of questions and
answers, which app/documents/person_file.py puts into words.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from app.store import alarms, downtime, people, submission_reads, submission_versions
from app.store.db import audit, change_notifications, record_keys
from app.store.db.patient_tables import Invitation, PersonRequest
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import Staff
from app.store.invitations import open_sealed_field
from app.store.permissions import PERMISSIONS
from app.store.retention import erase_person_records, list_person_submissions
from app.store.review_details import MovedVisit, visit_to_json
from app.store.worklist_rows import describe_flags
from app.triage.terms import Urgency

EXPORT, ERASE = "export", "erase"
PERMISSION_BY_KIND = {EXPORT: "export_person", ERASE: "erase_person"}
EXPORT_LIFETIME = timedelta(days=1)
"""How long an agreed export can be taken."""
_MAX_AUDIT_ENTRIES = 10_000  # of the audit on one record; more than anyone does with it
_EXPORTED_COLUMNS = {
    "invitation": (
        *("made_at", "made_by", "expires_at", "revoked_at", "begun_at", "stopped_at"),
        "appointment_on",
    ),
    "submission": ("reference", "arrived_at", "source"),
    "version": ("made_at", "kind", "author", "rulebook_version", "rulebook_sha256"),
    "review": (
        *("at", "by", "kind", "urgency", "reason", "rules", "outcome", "words"),
        *("patient_words", "visit"),
    ),
    "alarm": ("made_at", "kind", "tries", "ended", "ended_at"),
}
_EXPORTED_NAMES = {
    "invitation": {"expires_at": "good_until", "revoked_at": "taken_back_at"},
    "version": {"author": "by", "rulebook_version": "rulebook"},
    "review": {
        "kind": "what",
        "urgency": "level",
        "words": "note",
        "patient_words": "told_the_person",
    },
    "alarm": {"kind": "by"},
}
"""What of each record an export holds, in its order; and under which name, where it is another."""
_STAFF_COLUMNS = ("made_by", "author", "by")
"""These hold an id of staff, for which their name is given."""


class NoSuchPerson(Exception):
    """The clinic knows nobody of this id, or has forgotten them."""


class NoSuchRequest(Exception):
    """There is no such request that this person could answer or take."""


class OwnRequest(Exception):
    """Who asked cannot be the one who agrees."""


class SubjectRequest(NamedTuple):
    """One wish, as staff see it. `person` is None once they are forgotten."""

    row: PersonRequest
    person: people.PersonIdentity | None

    def is_open_to(self, staff: str, now: datetime) -> bool:
        """Whether this one of staff can take the export now."""
        row = self.row
        agreed_at = row.answered_at if row.agreed and self.person else None
        mine = row.kind == EXPORT and row.asked_by == staff
        return mine and agreed_at is not None and now < agreed_at + EXPORT_LIFETIME


def add_request(scope: WritingScope, kind: str, person: str) -> str:
    """Ask for it; the same wish that waits already is that one. Raises NoSuchPerson."""
    require_person(scope, person)
    same = scope.find_first(PersonRequest, kind=kind, person_id=person, agreed=None)
    if same is not None:
        return same.id
    request = secrets.token_urlsafe(12)
    asked = {"kind": kind, "person_id": person, "asked_by": scope.who, "asked_at": scope.now}
    scope.add_row(PersonRequest, id=request, **asked)
    audit.record_event(scope, f"person_{kind}_asked", ("person", person), request=request)
    return request


def answer_request(scope: WritingScope, request: str, agreed: bool) -> None:
    """Agree or refuse; answered once, it stays so. Raises NoSuchRequest or OwnRequest."""
    row = scope.require_one(PersonRequest, NoSuchRequest, id=request)
    if row.agreed is not None:
        return
    if row.asked_by == scope.who:
        raise OwnRequest
    if agreed and row.person_id not in people.find_people(scope, [row.person_id]):
        raise NoSuchRequest
    done = scope.now if agreed and row.kind == ERASE else None
    to = {"answered_by": scope.who, "answered_at": scope.now, "agreed": agreed, "done_at": done}
    scope.update_rows(PersonRequest, id=request, to=to)
    word = "agreed" if agreed else "refused"
    subject = ("person", row.person_id)
    audit.record_event(scope, f"person_{row.kind}_{word}", subject, request=request)
    if done:
        erase_person(scope, row.person_id)


def take_export(scope: WritingScope, request: str) -> dict[str, Any]:
    """All of the person, for who asked, within a day. Raises NoSuchRequest."""
    for one in list_recent_requests(scope, scope.now, request):
        if one.person is not None and one.is_open_to(scope.who, scope.now):
            scope.update_rows(PersonRequest, id=request, to={"done_at": scope.now})
            return export_person(scope, one.person.id)
    raise NoSuchRequest


def export_person(scope: WritingScope, person: str) -> dict[str, Any]:
    """All of the person, noted in the audit before it is given. Raises KeyDestroyed."""
    audit.record_event(scope, "person_exported", ("person", person))
    return collect_person_records(scope, person)


def erase_person(scope: WritingScope, person: str) -> dict[str, int]:
    """Erase the person and all that is theirs; wishes about them that still wait go too."""
    counts: dict[str, Any] = erase_person_records(scope, person)
    scope.delete_rows(PersonRequest, person_id=person, agreed=None)
    audit.record_event(scope, "person_erased", ("person", person), **counts)
    change_notifications.notify_change(scope)
    downtime.remove_clinic_files(scope)
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
    return [SubjectRequest(row, known.get(row.person_id)) for row in rows]


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
    if found is None:
        raise NoSuchPerson
    return found


def collect_person_records(scope: Scope, person: str) -> dict[str, Any]:
    """What is kept, as JSON can hold it. Raises KeyDestroyed."""
    known = people.find_people(scope, [person]).get(person)
    if known is None:
        raise record_keys.KeyDestroyed
    exporter = _RecordExporter(scope, {member.id: member.name for member in scope.find_all(Staff)})
    links = scope.find_all(Invitation, person_id=person, order_by=[Invitation.made_at])
    key = record_keys.load_data_key(scope, person)
    return {
        "reference": known.reference,
        "name": known.name,
        **describe_flags(people.load_person_flags(scope, person)),
        "invitations": [
            exporter.export_columns("invitation", link)
            | {"appointment": open_sealed_field(key, link, "appointment_kind")}
            | {"contact": open_sealed_field(key, link, "contact")}
            | {"done": exporter.export_audit_trail("invitation", link.id)}
            for link in links
        ],
        "submissions": [
            exporter.export_submission(id_) for id_ in list_person_submissions(scope, person)
        ],
        "done_with_the_person": exporter.export_audit_trail("person", person),
    }


@dataclass(frozen=True, slots=True)
class _RecordExporter:
    """Takes records apart for an export. `names`: of all who ever worked at the clinic, by id."""

    scope: Scope
    names: Mapping[str, str]

    def export_columns(self, record: str, row: object) -> dict[str, Any]:
        """What an export holds of a record of this kind, under the names of an export."""
        renamed = _EXPORTED_NAMES.get(record, {})
        return {
            renamed.get(column, column): self._export_value(column, getattr(row, column))
            for column in _EXPORTED_COLUMNS[record]
        }

    def _export_value(self, column: str, value: Any) -> Any:
        if column in _STAFF_COLUMNS:
            return self.names.get(value or "", "")
        if isinstance(value, Urgency):
            return value.name
        if isinstance(value, MovedVisit):
            return visit_to_json(value)
        return value.isoformat() if isinstance(value, date) else value

    def export_submission(self, submission: str) -> dict[str, Any]:
        """One submission, with all that was answered, decided and sent about it."""
        found = submission_reads.find_submission(self.scope, submission)
        versions = submission_versions.list_versions(self.scope, submission)
        actions = submission_reads.list_actions(self.scope, submission)
        messages = alarms.list_submission_messages(self.scope, submission)
        return {
            **self.export_columns("submission", found),
            "versions": [self.export_columns("version", one) | one.body for one in versions],
            "reviews": [self.export_columns("review", one) for one in actions],
            "alarms": [self.export_columns("alarm", one) for one in messages],
            "done": self.export_audit_trail("submission", submission),
        }

    def export_audit_trail(self, kind: str, id_: str) -> list[dict[str, str]]:
        """Who did what with the record, the first thing first."""
        found = audit.list_audit_entries(self.scope, subject=(kind, id_), limit=_MAX_AUDIT_ENTRIES)
        return [
            {"at": entry.at, "who": self.names.get(entry.actor, entry.actor), "what": entry.action}
            for entry in reversed(found)
        ]
