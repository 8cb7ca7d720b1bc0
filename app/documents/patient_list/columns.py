"""What stands in which column of a list, from its headings; people can choose otherwise."""

import re
import unicodedata
from dataclasses import dataclass

from app.documents.patient_list.table import ListTable, TableLine
from app.documents.typed_days import DAY_FIRST, UnreadableDay, parse_day

COLUMN_FIELDS = ("reference", "name", "surname", "day", "kind", "contact")
_HEADINGS: dict[str, tuple[str, ...]] = {
    "reference": (
        *("reference", "ref", "reference number", "ref no", "patient reference", "patient ref"),
        *("nhs number", "nhs no", "nhs", "hospital number", "hospital no", "hosp no", "hosp"),
        *("mrn", "medical record number", "record number", "unit number", "unit no"),
        *("patient id", "patient number", "patient no", "pat id", "patientid", "pas number"),
        *("pas id", "local patient id", "chi number", "chi", "health and care number"),
        *("h c number", "case number", "case no", "district number", "identifier", "id", "pid"),
    ),
    "name": (
        *("name", "first name or initials", "patient name", "patients name", "full name"),
        *("patient", "pt name", "forename", "first name", "firstname", "given name"),
        *("given names", "forenames", "forename s", "initials", "known as"),
    ),
    "surname": ("surname", "last name", "lastname", "family name"),
    "day": (
        *("day", "day of the visit", "day of visit", "visit date", "date of visit", "appt date"),
        *("appointment date", "date of appointment", "appt", "appointment", "app date"),
        *("appt date time", "appointment date time", "appt datetime", "appointment datetime"),
        *("clinic date", "session date", "slot date", "visit day", "booked for", "date", "day due"),
    ),
    "kind": (
        *("kind", "what the visit is", "visit", "visit type", "appt type", "appointment type"),
        *("app type", "clinic", "clinic name", "clinic code", "consultant", "clinician"),
        *("doctor", "seen by", "with", "specialty", "type"),
    ),
    "contact": (
        *("contact", "mobile", "mobile number", "mobile no", "mobile phone", "cell", "cell phone"),
        *("e mail", "email", "email address", "e mail address", "phone", "phone number"),
        *("telephone", "telephone number", "tel", "tel no", "contact number", "contact no"),
    ),
}
"""The words of headings by what they mean, the surest first."""
_HEADING_LINES = 10  # titles may stand above the headings
_TWO_NAMES = ("forename", "first name", "firstname", "given name", "given names", "forenames")


@dataclass(frozen=True, slots=True)
class ListLayout:
    """Which column holds what, None for none, and how many lines stand above the patients."""

    reference: int | None = 0
    name: int | None = 1
    surname: int | None = None
    day: int | None = 2
    kind: int | None = 3
    lines_above: int = 0
    contact: int | None = None


def find_layout(table: ListTable) -> ListLayout:
    """What the headings say; without any: reference, name, day, what the visit is."""
    best, known = ListLayout(), 0
    for place, line in enumerate(table.lines[:_HEADING_LINES]):
        found = _match_headings(line)
        if len(found) > max(known, 1 if place else 0):
            best, known = ListLayout(**_ALL_NONE | found, lines_above=place + 1), len(found)
    if known:
        return best
    return ListLayout(lines_above=int(_looks_like_headings(table)))


def name_headings(table: ListTable, layout: ListLayout) -> list[str]:
    """Each column as people know it: its heading, else what stands in it first."""
    width = max(len(line.cells) for line in table.lines)
    shown = table.lines[max(layout.lines_above - 1, 0) :]
    return [
        next((line.cells[n] for line in shown if len(line.cells) > n and line.cells[n]), "")
        for n in range(width)
    ]


_ALL_NONE: dict[str, int | None] = dict.fromkeys(COLUMN_FIELDS)


def _match_headings(line: TableLine) -> dict[str, int]:
    """Field -> column, for each that a heading of this line names; the surest word wins."""
    words = [_plain_heading(cell) for cell in line.cells]
    found: dict[str, int] = {}
    for field, known in _HEADINGS.items():
        column = next((words.index(word) for word in known if word in words), None)
        if column is not None and column not in found.values():
            found[field] = column
    own = next((words.index(word) for word in _TWO_NAMES if word in words), None)
    if "surname" in found and own is not None:
        found["name"] = own
    elif "surname" in found and "name" in found:
        del found["surname"]  # a full name stands beside it
    elif "surname" in found:
        found["name"] = found.pop("surname")
    return found


def _looks_like_headings(table: ListTable) -> bool:
    """Whether the first line has no digit and no day while those below have days."""
    first, *rest = table.lines
    if not rest or any(c.isdigit() for cell in first.cells for c in cell):
        return False
    return any(len(cell) > 5 and _is_day(cell) for line in rest[:5] for cell in line.cells)


def _is_day(text: str) -> bool:
    try:
        parse_day(text, DAY_FIRST, short_year=True)
    except UnreadableDay as bad:
        return bad.problem == "order"
    return True


def _plain_heading(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("\u2019", "")
    return " ".join(re.findall(r"\w+", plain.replace("_", " ")))
