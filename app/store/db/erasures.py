"""Which records were erased, in a file beside the keys: a backup from before still holds them.

A line is added before an erasure is kept in the database, so none is missing; whoever brings back
an older copy erases them again. A line names a clinic and a record by random ids, and no person.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

ERASURES_FILE = "erasures"


class BadErasures(ValueError):
    """A line of the file is none that we wrote."""


class Erasure(NamedTuple):
    """One record that was erased, or was about to be."""

    clinic: str
    record: str


def note_erasures(file: Path, clinic: str, records: Iterable[str], now: datetime) -> None:
    """Add a line for each record; it stands on the disk when this returns. Raises OSError."""
    at = now.isoformat(timespec="seconds")
    lines = "".join(f"{at} {clinic} {record}\n" for record in records)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w") as kept:
        kept.write(lines)
        kept.flush()
        os.fsync(kept.fileno())


def parse_erasures(text: str) -> list[Erasure]:
    """The records that lines name. Raises BadErasures."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            _, clinic, record = line.split(" ")
        except ValueError:
            raise BadErasures(f"line {number} is not: time, clinic, record") from None
        found.append(Erasure(clinic, record))
    return found
