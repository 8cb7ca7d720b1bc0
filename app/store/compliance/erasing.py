"""Takes away for good what a clinic knows of a submission, an invitation or a person.

Each record's key goes first: from then on nobody can read it, here or in a copy of the database,
and the guards of rows that are only added let them go. Then go the rows, and the words that lead
to them. What stays is the audit: who looked, who decided what and when, under ids that lead to
nothing, with no answer, no note and no name. So the figures of agreement go back no further than
the answers do.

A backup from before still holds the wrapped key: keep backups no longer than a clinic may keep
answers. PostgreSQL leaves removed rows in its files until it needs the room.
"""

from collections.abc import Collection

from app.store.db import blind_index, record_keys
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import (
    AssessmentVersion,
    Invitation,
    OutboxMessage,
    Person,
    ReviewEntry,
    Submission,
    WorklistRow,
)


def erase_submissions(scope: WritingScope, ids: Collection[str]) -> int:
    """Erase these submissions, each with the invitation that it came by; give how many."""
    found = scope.find_all(Submission, Submission.id.in_(ids))
    record_keys.destroy_data_keys(scope, ids)
    for table, column in (
        (ReviewEntry, ReviewEntry.submission_id),
        (OutboxMessage, OutboxMessage.submission_id),
        (WorklistRow, WorklistRow.submission_id),
        (AssessmentVersion, AssessmentVersion.submission_id),
        (Submission, Submission.id),
    ):
        scope.delete_rows(table, column.in_(ids))
    erase_invitations(scope, [row.invitation_id for row in found if row.invitation_id])
    return len(found)


def erase_invitations(scope: WritingScope, ids: Collection[str]) -> int:
    """Erase invitations by which nothing came, with the code that led to each."""
    blind_index.unindex_records(scope, "code", *ids)
    return scope.delete_rows(Invitation, Invitation.id.in_(ids))


def erase_persons(scope: WritingScope, ids: Collection[str]) -> int:
    """Erase people of whom nothing else is left."""
    record_keys.destroy_data_keys(scope, ids)
    return scope.delete_rows(Person, Person.id.in_(ids))


def erase_person_records(scope: WritingScope, person: str) -> dict[str, int]:
    """Erase a person and all that is theirs; give how many of each."""
    submissions = list_person_submissions(scope, person)
    links = scope.count_rows(Invitation, person_id=person)
    erase_submissions(scope, submissions)
    _reassign_invitations(scope, person)
    left = [row.id for row in scope.find_all(Invitation, person_id=person)]
    erase_invitations(scope, left)
    erase_persons(scope, [person])
    return {"submissions": len(submissions), "invitations": links}


def list_person_submissions(scope: Scope, person: str) -> list[str]:
    """The submissions of a person, the first one first, whether a page still shows them or not.

    Those tied to them, and those that came by their link and are tied to nobody.
    """
    lines = scope.select_columns(WorklistRow.submission_id)
    theirs = lines.where(WorklistRow.person_id == person)
    tied = lines.where(WorklistRow.person_id.is_not(None))
    links = scope.select_columns(Invitation.id).where(Invitation.person_id == person)
    by_link = Submission.invitation_id.in_(links) & Submission.id.not_in(tied)
    whose = Submission.id.in_(theirs) | by_link
    return [row.id for row in scope.find_all(Submission, whose, order_by=[Submission.arrived])]


def _reassign_invitations(scope: WritingScope, person: str) -> None:
    """A link that someone else answered goes over to them: what they sent needs it."""
    pairs = scope.select_columns(Submission.invitation_id, WorklistRow.person_id).where(
        Submission.id == WorklistRow.submission_id,
        Submission.invitation_id.in_(
            scope.select_columns(Invitation.id).where(Invitation.person_id == person)
        ),
    )
    for row in scope.execute_read(pairs).all():
        to = {"person_id": row.person_id, "appointment_kind_sealed": None}  # under the old key
        scope.update_rows(Invitation, id=row.invitation_id, to=to)
