"""A list of patients to invite, as typed or as a file: read line by line, all of it or nothing.

Each line is: reference, first name or initials, day of the visit, what the visit is. It knows no
clinic and keeps nothing.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.store.invitations import Invitee
from app.store.people import normalize_identifier
from app.web.wire import strip_invisible

LONGEST = 60  # letters of a reference, a name or a kind of visit
PROBLEMS = {
    "reference": "invitations.reference.problem",
    "name": "invitations.name.problem",
    "day": "invitations.day.problem",
    "kind": "invitations.kind.problem",
    "cells": "invitations.cells.problem",
    "twice": "invitations.twice.problem",
}
_CELLS = 4
_HEADS = frozenset({"reference", "ref"})
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that will not do: its number, as the sender counts, and which of PROBLEMS it is."""

    line: int
    problem: str


def parse_guest_list(text: str) -> tuple[list[Invitee], list[RejectedLine], dict[str, int]]:
    """(Whom to invite, what is wrong, the line of each reference). Empty lines are passed over."""
    guests: list[Invitee] = []
    wrong: list[RejectedLine] = []
    lines: dict[str, int] = {}
    for number, cells in _split_lines(text):
        guest = parse_guest(cells)
        if isinstance(guest, str):
            wrong.append(RejectedLine(number, guest))
        elif normalize_identifier(guest.reference) in lines:
            wrong.append(RejectedLine(number, "twice"))
        else:
            lines[normalize_identifier(guest.reference)] = number
            guests.append(guest)
    return guests, wrong, lines


def find_line_number(lines: dict[str, int], reference: str) -> int:
    """The line on which the reference stands."""
    return lines.get(normalize_identifier(reference), 0)


def parse_guest(cells: Sequence[str]) -> Invitee | str:
    """Whom to invite, or which of PROBLEMS there is."""
    if len(cells) > _CELLS and any(cells[_CELLS:]):
        return "cells"
    reference, name, day, kind = [*cells, "", "", "", ""][:_CELLS]
    for field, text, least in (("reference", reference, 1), ("name", name, 1), ("kind", kind, 0)):
        if not least <= len(text) <= LONGEST:
            return field
    try:
        return Invitee(reference, name, date.fromisoformat(day) if day else None, kind)
    except ValueError:
        return "day"


def _split_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line that says something, with its number; a first line of headings says nothing."""
    rows = text.splitlines()
    first = next((row for row in rows if row.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    begun = False
    for number, row in enumerate(rows, 1):
        cells = [
            strip_invisible(cell).strip()
            for cell in next(csv.reader([row], delimiter=separator), [])
        ]
        if any(cells) and (begun or cells[0].casefold() not in _HEADS):
            yield number, cells
        begun = begun or any(cells)
