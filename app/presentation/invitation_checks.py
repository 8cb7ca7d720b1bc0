"""What a nurse is told of each patient of a list before anybody is invited.

`refused`: cannot be invited so; `asked`: invited only if somebody says so; `remark`: to be read.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from app.documents.patient_list.rows import ListedPatient
from app.presentation.dates import LONG_DAY, SHORT_DAY, format_day, format_local_time
from app.store.invitation_lists import KnownPatient
from app.store.invitations import Invitee
from app.store.patient_messages import find_channel
from app.store.people import is_same_name, normalize_identifier

FILE_WORDS = {
    "empty": "list.file.empty",
    "encoding": "list.file.encoding",
    "size": "list.file.size",
    "lines": "list.file.lines",
    "columns": "list.file.columns",
    "kind": "list.file.kind",
    "password": "list.file.password",
    "broken": "list.file.broken",
    "slow": "list.file.slow",
}
"""The words for a file that cannot be read as a list."""
IMPORT_WORDS = {
    "unknown": "list.file.unknown",
    "order": "list.file.order",
    "line": "list.file.line",
}
"""The words for a file that nobody is there to ask about."""
LINE_WORDS = {
    "reference": "invitations.reference.problem",
    "name": "invitations.name.problem",
    "day": "invitations.day.problem",
    "serial": "list.serial",
    "weekday": "list.weekday",
    "kind": "invitations.kind.problem",
    "quote": "list.quote",
    "cut_number": "list.cut_number",
}
"""The words for what is wrong with a line by itself."""
FIELD_OF_NOTE = {
    **dict.fromkeys(("serial", "weekday", "past", "year_slip", "far", "ahead", "closed"), "day"),
    **dict.fromkeys(("other_name", "already", "cut_number", "twice"), "reference"),
}
"""The field of a form in which it stands; any other is named like its field."""
PAST_WORDS = {"past": "list.past", "year_slip": "list.year_slip", "far": "list.far"}
YEAR_AHEAD = timedelta(days=366)
_FARTHEST = timedelta(days=2 * 366)
_CLOCK = "d MMM y"


@dataclass(frozen=True, slots=True)
class CheckNote:
    """One thing to be told. `kind`: its name in a form; `words`: a key, filled with `values`."""

    kind: str
    weight: Literal["refused", "asked", "remark"]
    words: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckedPatient:
    """One patient of a list. `day`: as it was understood, to be read and typed over."""

    patient: ListedPatient
    notes: tuple[CheckNote, ...]
    day: str

    @property
    def refused(self) -> bool:
        """Whether nobody can be invited so."""
        return any(note.weight == "refused" for note in self.notes)

    @property
    def asked(self) -> bool:
        """Whether somebody has to say that it is meant."""
        return any(note.weight == "asked" for note in self.notes)

    @property
    def invitee(self) -> Invitee:
        """Whom to invite."""
        one = self.patient
        return Invitee(one.reference, one.name, one.appointment_on, one.kind, one.contact)


@dataclass(frozen=True, slots=True)
class ListChecker:
    """Looks at patients of a list.

    `known`: by normalized reference; `is_closed`: whether the clinic is closed on a day.
    """

    known: Mapping[str, KnownPatient]
    today: date
    is_closed: Callable[[date], bool]
    time_zone: str
    language: str

    def check_patients(self, patients: Sequence[ListedPatient]) -> list[CheckedPatient]:
        """Each patient with all that is to be told; of two alike the second is refused."""
        seen: Counter[str] = Counter()
        checked = []
        for patient in patients:
            reference = normalize_identifier(patient.reference)
            notes = self._check_patient(patient, reference)
            if reference and seen[reference]:
                notes.append(CheckNote("twice", "refused", "list.twice"))
            seen[reference] += 1
            day = format_day(patient.appointment_on, self.language, SHORT_DAY) or patient.day
            checked.append(CheckedPatient(patient, tuple(notes), day))
        return checked

    def _check_patient(self, patient: ListedPatient, reference: str) -> list[CheckNote]:
        if patient.problems:
            return [CheckNote(kind, "refused", LINE_WORDS[kind]) for kind in patient.problems]
        notes, known = [], self.known.get(reference)
        if patient.contact and not find_channel(patient.contact):
            notes.append(CheckNote("contact", "refused", "invitations.contact.problem"))
        if known is not None and not is_same_name(known.name, patient.name):
            notes.append(self._note_other_name(patient))
        elif known is not None and known.invited_at is not None:
            notes.append(self._note_invited(known.invited_at))
        if patient.appointment_on is not None:
            notes += self._check_day(patient.appointment_on)
        return notes

    def _note_other_name(self, patient: ListedPatient) -> CheckNote:
        values = {"name": patient.reference}
        return CheckNote("other_name", "refused", "invitations.other_name", values)

    def _note_invited(self, at: datetime) -> CheckNote:
        when = format_local_time(at, self.time_zone, self.language, _CLOCK)
        return CheckNote("already", "asked", "list.already", {"day": when})

    def _check_day(self, day: date) -> list[CheckNote]:
        values = {"day": format_day(day, self.language, LONG_DAY)}
        if day < self.today:
            meant = _add_year(day)
            slip = self.today <= meant <= self.today + YEAR_AHEAD
            kind = "year_slip" if slip else "past"
            values["meant"] = format_day(meant, self.language)
            return [CheckNote(kind, "refused", PAST_WORDS[kind], values)]
        if day > self.today + _FARTHEST:
            return [CheckNote("far", "refused", PAST_WORDS["far"], values)]
        if day > self.today + YEAR_AHEAD:
            return [CheckNote("ahead", "asked", "list.ahead", values)]
        if self.is_closed(day):
            return [CheckNote("closed", "remark", "list.closed", values)]
        return []


def _add_year(day: date) -> date:
    """The same day a year later; 28 February for a day that the next year lacks."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=min(day.year + 1, date.max.year), day=28)
