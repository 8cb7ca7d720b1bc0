"""Patients as a clinic names them: a reference, and a first name or initials.

All of it is sealed under the person's own key; a reference is found again by its keyed hash.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col

from app.store import keys
from app.store.scope import Scope, WritingScope
from app.store.tables import Person


class OtherName(Exception):
    """The reference belongs to someone of another name; one of the two is mistyped."""

    def __init__(self, reference: str) -> None:
        super().__init__("the reference is known under another name")
        self.reference = reference


@dataclass(frozen=True, slots=True)
class Known:
    """One person, readable."""

    id: str
    reference: str
    name: str


def named(scope: WritingScope, now: datetime, reference: str, name: str) -> str:
    """The id of the person of this reference, added where nobody has it. Raises OtherName."""
    print_ = reference_print(scope, reference)
    found = scope.one(Person, reference_print=print_)
    if found is not None:
        known = several(scope, [found.id])[found.id]
        if _plain(known.name) != _plain(name):
            raise OtherName(reference)
        return found.id
    person = secrets.token_urlsafe(12)
    key = keys.make(scope, person)
    scope.add(
        Person,
        id=person,
        reference_print=print_,
        reference_sealed=key.seal("person", person, "reference", reference.strip()),
        name_sealed=key.seal("person", person, "name", name.strip()),
        made_at=now,
    )
    return person


def several(scope: Scope, ids: Iterable[str]) -> dict[str, Known]:
    """Who these are, by id, without those who are forgotten."""
    wanted = list(ids)
    opened = keys.several(scope, wanted)
    return {
        row.id: Known(
            row.id,
            opened[row.id].open("person", row.id, "reference", row.reference_sealed),
            opened[row.id].open("person", row.id, "name", row.name_sealed),
        )
        for row in scope.all(Person, col(Person.id).in_(wanted))
        if row.id in opened
    }


def reference_print(scope: Scope, reference: str) -> str:
    """The reference as it is looked for: capitals and spaces do not count."""
    return scope.keyring.fingerprint("reference", scope.clinic, _plain(reference))


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
