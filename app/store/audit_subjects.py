"""Whom an entry of the audit is about: references in place of ids, while the person is known.

What is erased keeps its id, which leads to nothing.
"""

from collections.abc import Collection, Iterable

from app.store import people
from app.store.db.patient_tables import Invitation, Submission, WorklistRow
from app.store.db.scope import Scope
from app.store.invitations import normalize_code
from app.store.retention import list_person_submissions

AuditSubject = tuple[str, str]
"""A kind and an id."""


class NoSuchSubject(Exception):
    """Nothing that is kept has this reference."""


def find_subject(scope: Scope, reference: str) -> str:
    """The id of the person, or of the submission, with this reference. Raises NoSuchSubject."""
    person = people.find_by_reference(scope, reference)
    if person is not None:
        return person.id
    letters = normalize_code(reference)
    sent = scope.find_one(Submission, reference=f"{letters[:3]}-{letters[3:]}")
    if sent is None:
        raise NoSuchSubject
    return sent.id


def has_submission(scope: Scope, submission: str) -> bool:
    """Whether the clinic has a submission of this id."""
    return scope.find_one(Submission, id=submission) is not None


def list_subject_ids(scope: Scope, about: str) -> list[str]:
    """The id itself, and those of all that belongs to the person whom it names."""
    links = [row.id for row in scope.find_all(Invitation, person_id=about)]
    return [about, *list_person_submissions(scope, about), *links]


def name_subjects(scope: Scope, subjects: Iterable[AuditSubject]) -> dict[AuditSubject, str]:
    """The references of persons, and of their submissions and links, that are still known."""
    asked = set(subjects)
    ids = {kind: [id_ for of, id_ in asked if of == kind] for kind, _ in asked}
    owners = _find_owners(scope, ids.get("submission", ()), ids.get("invitation", ()))
    own = {id_: id_ for id_ in ids.get("person", ())}
    known = people.find_people(scope, {*owners.values(), *own.values()})
    sent = {
        row.id: row.reference
        for row in scope.find_all(Submission, Submission.id.in_(ids.get("submission", ())))
    }
    named = {}
    for kind, id_ in asked:
        person = known.get(owners.get(id_) or own.get(id_, ""))
        words = [person.reference] if person else []
        words += [sent[id_]] if kind == "submission" and id_ in sent else []
        if words:
            named[kind, id_] = ", ".join(words)
    return named


def _find_owners(
    scope: Scope, submissions: Collection[str], invitations: Collection[str]
) -> dict[str, str]:
    """Submission or invitation -> its person."""
    rows = scope.find_all(WorklistRow, WorklistRow.submission_id.in_(submissions))
    links = scope.find_all(Invitation, Invitation.id.in_(invitations))
    return {
        **{row.submission_id: row.person_id for row in rows if row.person_id},
        **{link.id: link.person_id for link in links},
    }
