"""All that a clinic keeps of one person, readable, for them to take away.

As it stands: ids of questions and answers, which app/documents/person_file.py puts into words.
"""

from typing import Any

from app.store import outbox, people, submission_reads, submission_versions
from app.store.compliance.erasing import list_person_submissions
from app.store.db import audit, record_keys
from app.store.db.scope import Scope
from app.store.db.tables import Invitation, OutboxMessage, Staff, Submission

_MAX_AUDIT_ENTRIES = 10_000  # of the audit on one record; more than anyone does with it


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
    kind = ""
    if link.appointment_kind_sealed is not None:
        key = record_keys.load_data_key(scope, link.person_id)
        kind = key.open_field(
            "invitation", link.id, "appointment_kind", link.appointment_kind_sealed
        )
    return {
        "made_at": link.made_at.isoformat(),
        "made_by": names.get(link.made_by, ""),
        "good_until": link.expires_at.isoformat(),
        "taken_back_at": link.revoked_at.isoformat() if link.revoked_at else None,
        "appointment_on": link.appointment_on.isoformat() if link.appointment_on else None,
        "appointment": kind,
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
