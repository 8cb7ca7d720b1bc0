"""Patients as a clinic names them: a reference, and a first name or initials.

All of it is sealed under the person's own key; a reference is found again by its keyed hash.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.store.db import record_keys
from app.store.db.patient_tables import Person
from app.store.db.scope import Scope, WritingScope


class NameMismatch(Exception):
    """The reference belongs to someone of another name; one of the two is mistyped."""

    def __init__(self, reference: str) -> None:
        super().__init__("the reference is known under another name")
        self.reference = reference


class PersonIdentity(NamedTuple):
    """One person, readable."""

    id: str
    reference: str
    name: str


def ensure_person(scope: WritingScope, reference: str, name: str, *, sure: bool = False) -> str:
    """The id of who has this reference, added if new. Raises NameMismatch, unless `sure`."""
    found = find_by_reference(scope, reference)
    if found is not None:
        if not sure and not is_same_name(found.name, name):
            raise NameMismatch(reference)
        return found.id
    person = secrets.token_urlsafe(12)
    key = record_keys.create_data_key(scope, person)
    scope.add_row(
        Person,
        id=person,
        reference_print=hash_reference(scope, reference),
        reference_sealed=key.seal_field("person", person, "reference", reference.strip()),
        name_sealed=key.seal_field("person", person, "name", name.strip()),
        made_at=scope.now,
    )
    return person


def find_by_reference(scope: Scope, reference: str) -> PersonIdentity | None:
    """Who has this reference; None where nobody does."""
    found = scope.find_one(Person, reference_print=hash_reference(scope, reference))
    return find_people(scope, [found.id]).get(found.id) if found else None


def is_same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for capitals and spaces. "J" and "Jo" are not."""
    return normalize_identifier(one) == normalize_identifier(other)


def load_person_flags(scope: Scope, person: str) -> dict[str, str]:
    """What staff need to know of a person before they call: coded word -> what was typed to it.

    Raises KeyDestroyed.
    """
    found = scope.find_one(Person, id=person)
    if found is None or found.markers_sealed is None:
        return {}
    key = record_keys.load_data_key(scope, person)
    kept = key.open_json("person", person, "markers", found.markers_sealed)
    # Kept as a mere list until words could be typed to them.
    return dict(kept) if isinstance(kept, dict) else dict.fromkeys(kept, "")


def save_person_flags(scope: WritingScope, person: str, flags: Mapping[str, str]) -> None:
    """Keep these markers with their words, and no others. Raises KeyDestroyed."""
    key = record_keys.load_data_key(scope, person)
    sealed = key.seal_json("person", person, "markers", dict(flags))
    scope.update_rows(Person, id=person, to={"markers_sealed": sealed})


def find_people(scope: Scope, ids: Iterable[str]) -> dict[str, PersonIdentity]:
    """Who these are, by id, without those who are forgotten."""
    wanted = list(ids)
    opened = record_keys.load_data_keys(scope, wanted)
    return {
        row.id: PersonIdentity(
            row.id,
            opened[row.id].open_field("person", row.id, "reference", row.reference_sealed),
            opened[row.id].open_field("person", row.id, "name", row.name_sealed),
        )
        for row in scope.find_all(Person, Person.id.in_(wanted))
        if row.id in opened
    }


def hash_reference(scope: Scope, reference: str) -> str:
    """The reference as it is looked for: capitals and spaces do not count."""
    return scope.keyring.keyed_hash("reference", scope.clinic, normalize_identifier(reference))


def normalize_identifier(text: str) -> str:
    """A reference or a name as it is compared: capitals and spaces do not count."""
    return "".join(text.split()).casefold()
