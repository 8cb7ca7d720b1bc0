"""Patients as a clinic names them: a reference, and a first name or initials.

All of it is sealed under the person's own key; a reference is found again by its keyed hash.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col

from app.store.ground import keys
from app.store.ground.scope import Scope, WritingScope
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


def named(
    scope: WritingScope, now: datetime, reference: str, name: str, *, sure: bool = False
) -> str:
    """The id of the person of this reference, added where nobody has it.

    Raises OtherName where the clinic knows the reference under another one, unless `sure`.
    """
    found = by_reference(scope, reference)
    if found is not None:
        if not sure and not same_name(found.name, name):
            raise OtherName(reference)
        return found.id
    person = secrets.token_urlsafe(12)
    key = keys.make(scope, person)
    scope.add(
        Person,
        id=person,
        reference_print=reference_print(scope, reference),
        reference_sealed=key.seal("person", person, "reference", reference.strip()),
        name_sealed=key.seal("person", person, "name", name.strip()),
        made_at=now,
    )
    return person


def by_reference(scope: Scope, reference: str) -> Known | None:
    """Who has this reference; None where nobody does."""
    found = scope.one(Person, reference_print=reference_print(scope, reference))
    return several(scope, [found.id]).get(found.id) if found else None


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for capitals and spaces. "J" and "Jo" are not."""
    return plain(one) == plain(other)


def markers(scope: Scope, person: str) -> list[str]:
    """What staff need to know of a person before they call, in coded words."""
    found = scope.one(Person, id=person)
    if found is None or found.markers_sealed is None:
        return []
    opened = keys.of(scope, person).open("person", person, "markers", found.markers_sealed)
    return list(json.loads(opened))


def mark(scope: WritingScope, person: str, words: Iterable[str]) -> None:
    """Keep these markers and no others. Raises keys.Forgotten."""
    key, kept = keys.of(scope, person), json.dumps(list(words))
    sealed = key.seal("person", person, "markers", kept)
    scope.change(Person, id=person, to={"markers_sealed": sealed})


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
    return scope.keyring.fingerprint("reference", scope.clinic, plain(reference))


def plain(text: str) -> str:
    """A reference or a name as it is compared: capitals and spaces do not count."""
    return "".join(text.split()).casefold()
