"""Patients as a clinic names them: a reference, and a first name or initials.

All of it is sealed under the person's own key; a reference is found again by its keyed hash.
"""

import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.store.db import record_keys
from app.store.db.patient_tables import Person
from app.store.db.scope import Scope, WritingScope

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_APOSTROPHES = "\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4`"
_ONE_KIND = {ord(c): "-" for c in _DASHES} | {ord(c): "'" for c in _APOSTROPHES}
_FULL_WIDTH = {n: n + 0xFEE0 for n in range(0x21, 0x7F)}
"""What keyboards in East Asia write for the letters and digits of ASCII."""


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
    return find_by_references(scope, [reference]).get(normalize_identifier(reference))


def find_by_references(scope: Scope, references: Iterable[str]) -> dict[str, PersonIdentity]:
    """Who has these references, each under the reference as it is compared."""
    forms = {normalize_identifier(one): list_hashes(scope, one) for one in references}
    prints = {print_ for hashes in forms.values() for print_ in hashes}
    rows = scope.find_all(Person, Person.reference_print.in_(prints)) if prints else []
    by_print = {row.reference_print: row.id for row in rows}
    known = find_people(scope, by_print.values())
    found = {}
    for reference, hashes in forms.items():
        ids = (by_print[print_] for print_ in hashes if print_ in by_print)
        if (person := next((id_ for id_ in ids if id_ in known), None)) is not None:
            found[reference] = known[person]
    return found


def is_same_name(one: str, other: str) -> bool:
    """Whether two names are the same to who reads them. "J" and "Jo" are not."""
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
    """The reference as it is kept to be found again, by `normalize_identifier`."""
    return _hash_text(scope, normalize_identifier(reference))


def list_hashes(scope: Scope, reference: str) -> list[str]:
    """All under which the reference may stand, the surest first.

    Trap: what was kept before letters and dashes were unified stands under the form in which it
    was typed, and nobody can work that out from a hash. So the forms are tried.
    """
    plain = normalize_identifier(reference)
    typed = "".join(reference.split()).casefold()
    forms = [plain, typed, *(plain.replace("-", dash) for dash in _DASHES)]
    forms.append(plain.translate(_FULL_WIDTH).casefold())
    return [_hash_text(scope, form) for form in dict.fromkeys(forms)]


def normalize_identifier(text: str) -> str:
    """A reference or a name as it is compared: as it reads, whatever keyboard wrote it.

    Capitals, spaces, what cannot be seen, and the kind of dash or apostrophe do not count.
    """
    # Trap: NFKC makes a space of a lone accent, so what stands for an apostrophe goes first.
    unified = unicodedata.normalize("NFKC", text.translate(_ONE_KIND)).translate(_ONE_KIND)
    letters = unicodedata.normalize("NFKC", unified.casefold())
    return "".join(c for c in letters if not c.isspace() and unicodedata.category(c) != "Cf")


def _hash_text(scope: Scope, text: str) -> str:
    return scope.keyring.keyed_hash("reference", scope.clinic, text)
