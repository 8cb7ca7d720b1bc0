"""All that a clinic keeps of one person, readable, for them to take away.

As it stands: ids of questions and answers, which app/documents/person_file.py puts into words.
"""

from typing import Any

from sqlmodel import col

from app.store import outbox, people, reviews, versions
from app.store.ground import keys
from app.store.ground.scope import Scope
from app.store.keeping import audit
from app.store.keeping.erasing import submissions_of
from app.store.tables import Invitation, OutboxMessage, Staff, Submission

_ENTRIES = 10_000  # of the audit on one record; more than anyone does with it


def everything_of(scope: Scope, person: str) -> dict[str, Any]:
    """What is kept, as JSON can hold it. Raises keys.Forgotten."""
    known = people.several(scope, [person]).get(person)
    if known is None:
        raise keys.Forgotten
    names = {member.id: member.name for member in scope.all(Staff)}
    links = scope.all(Invitation, person_id=person, order_by=[col(Invitation.made_at)])
    return {
        "reference": known.reference,
        "name": known.name,
        "markers": people.markers(scope, person),
        "invitations": [_invitation(scope, link, names) for link in links],
        "submissions": [_submission(scope, id_, names) for id_ in submissions_of(scope, person)],
        "done_with_the_person": _looks(scope, ("person", person), names),
    }


def _invitation(scope: Scope, link: Invitation, names: dict[str, str]) -> dict[str, Any]:
    kind = ""
    if link.appointment_kind_sealed is not None:
        key = keys.of(scope, link.person_id)
        kind = key.open("invitation", link.id, "appointment_kind", link.appointment_kind_sealed)
    return {
        "made_at": link.made_at.isoformat(),
        "made_by": names.get(link.made_by, ""),
        "good_until": link.expires_at.isoformat(),
        "taken_back_at": link.revoked_at.isoformat() if link.revoked_at else None,
        "appointment_on": link.appointment_on.isoformat() if link.appointment_on else None,
        "appointment": kind,
        "done": _looks(scope, ("invitation", link.id), names),
    }


def _submission(scope: Scope, submission: str, names: dict[str, str]) -> dict[str, Any]:
    found = scope.one(Submission, id=submission)
    return {
        "reference": found.reference if found else "",
        "arrived_at": found.arrived_at.isoformat() if found else "",
        "source": found.source if found else "",
        "versions": [_version(one, names) for one in versions.versions(scope, submission)],
        "reviews": [_entry(entry, names) for entry in reviews.entries(scope, submission)],
        "alarms": [_alarm(one) for one in outbox.of_submission(scope, submission)],
        "done": _looks(scope, ("submission", submission), names),
    }


def _version(version: Any, names: dict[str, str]) -> dict[str, Any]:
    return {
        "made_at": version.made_at.isoformat(),
        "kind": version.kind,
        "by": names.get(version.author or "", ""),
        "rulebook": version.rulebook_version,
        "rulebook_sha256": version.rulebook_sha256,
        **version.body,
    }


def _entry(entry: reviews.Entry, names: dict[str, str]) -> dict[str, Any]:
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


def _alarm(message: OutboxMessage) -> dict[str, Any]:
    return {
        "made_at": message.made_at.isoformat(),
        "by": message.kind,
        "tries": message.tries,
        "ended": message.ended,
        "ended_at": message.ended_at.isoformat() if message.ended_at else None,
    }


def _looks(scope: Scope, subject: tuple[str, str], names: dict[str, str]) -> list[dict[str, str]]:
    """Who did what with the record, the first thing first."""
    found = audit.entries(scope, subject=subject, limit=_ENTRIES)
    return [
        {"at": e.at, "who": names.get(e.actor, e.actor), "what": e.action} for e in reversed(found)
    ]
