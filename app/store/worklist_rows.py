"""The row of a submission on the worklist: its place, by when it is due, and what is sealed on it.

It is changed in the transaction of what it tells of, by whoever brings that about. Whose it is and
what staff need to know of them stand on the row, and with the person where the clinic knows them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.store import people
from app.store.clinics import Targets
from app.store.db import audit, change_notifications, record_keys
from app.store.db.encryption import DataKey
from app.store.db.patient_tables import WorklistRow
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import Clinic
from app.store.opening_hours import add_open_minutes, end_of_day
from app.store.review_details import MovedVisit
from app.triage.terms import Urgency

PATIENT_FLAGS = ("interpreter", "access", "no_contact", "safeguarding")
"""What staff need to know of a person before they call. For staff alone: no patient reads it."""
MOST_FLAG_LETTERS: Mapping[str, int] = {"interpreter": 60, "access": 200, "no_contact": 200}
"""Flag -> how many letters may be typed to it: which language, what helps, what to do instead."""


class BadFlagWords(Exception):
    """Words to a flag that cannot be kept: `problem` is too_long, or not_ticked without the flag.

    The words are not kept in it.
    """

    def __init__(self, flag: str, problem: str) -> None:
        super().__init__(f"{flag}: {problem}")
        self.flag, self.problem = flag, problem


class NoSuchSubmission(Exception):
    """The clinic has no submission of this id, or has forgotten it."""


def require_row(scope: Scope, submission: str, now: datetime) -> WorklistRow:
    """Its line on the worklist. Raises NoSuchSubmission, also when it is to be forgotten."""
    row = scope.require_one(WorklistRow, NoSuchSubmission, submission_id=submission)
    if row.forget_at <= now:
        raise NoSuchSubmission
    return row


def rank_and_due(
    clinic: Clinic, now: datetime, level: Urgency, targets: Targets
) -> dict[str, object]:
    """Where a level stands on the worklist, and by when it is due at this clinic."""
    return {"rank": level_to_rank(level), "due_at": due_time(clinic, now, level, targets)}


def due_time(clinic: Clinic, now: datetime, level: Urgency, targets: Targets) -> datetime:
    """By when a level is due at this clinic.

    An emergency is due by the clock: no closed clinic makes it less late. Nothing is due after
    the last day that is soon enough for its level, though nobody may be there to look by then.
    """
    minutes = int(clinic.targets.get(level.name, targets[level]))
    if level is Urgency.emergency:
        return now + timedelta(minutes=minutes)
    due = add_open_minutes(clinic, now, minutes)
    if level in targets.visit_days:
        due = min(due, end_of_day(clinic, now, targets.visit_days[level]))
    return due


def rank_to_level(rank: int) -> Urgency:
    """The level that a rank of the worklist stands for; rank 0 is an emergency."""
    return Urgency(Urgency.emergency - rank)


def level_to_rank(level: Urgency) -> int:
    """The rank of a level on the worklist."""
    return Urgency.emergency - level


def row_payload(scope: Scope, row: WorklistRow) -> dict[str, Any]:
    """What stands sealed on a line. Raises KeyDestroyed."""
    return open_payload(record_keys.load_data_key(scope, row.submission_id), row)


def open_payload(record: DataKey, row: WorklistRow) -> dict[str, Any]:
    """What stands sealed on a row, by the key of its submission."""
    place = ("worklist_row", row.submission_id, "line")
    payload: dict[str, Any] = record.open_json(*place, row.line_sealed)
    return payload


def seal_payload(scope: Scope, submission: str, payload: Mapping[str, object]) -> bytes:
    """What is to stand on a line, sealed. Raises KeyDestroyed."""
    record = record_keys.load_data_key(scope, submission)
    return record.seal_json("worklist_row", submission, "line", dict(payload))


def _reseal_payload(scope: Scope, row: WorklistRow, changes: Mapping[str, object]) -> bytes:
    """What stands on a line, sealed again with these changes."""
    return seal_payload(scope, row.submission_id, row_payload(scope, row) | dict(changes))


def seal_moved_visit(scope: Scope, row: WorklistRow, visit: MovedVisit) -> bytes:
    """What stands on a line whose visit has moved to that day, sealed. Raises KeyDestroyed."""
    day = visit.day.isoformat() if visit.day else None
    at = {"appointment_time": visit.time, "appointment_kind": visit.kind}
    return _reseal_payload(scope, row, {"appointment_on": day, **at})


def tie_person(
    scope: WritingScope, row: WorklistRow, reference: str, name: str
) -> dict[str, object]:
    """What changes on a row of nobody when it is found whose it is; the person is added if new."""
    # Whether the clinic knows the reference under another name was asked before.
    person = people.ensure_person(scope, reference, name, sure=True)
    known = people.find_people(scope, [person])[person]
    kept, found = people.load_person_flags(scope, person), row_payload(scope, row)
    flags = _merge_flags(kept, read_row_flags(found))
    people.save_person_flags(scope, person, flags)
    shown = {"reference": known.reference, "name": known.name, **describe_flags(flags)}
    return {
        "person_id": person,
        "reference_print": people.hash_reference(scope, known.reference),
        "line_sealed": _reseal_payload(scope, row, shown | {"wrong_person": False}),
    }


def untie_person(scope: Scope, row: WorklistRow) -> dict[str, object]:
    """What changes on a row that is not this person's: nothing of theirs leads here any more."""
    sealed = _reseal_payload(scope, row, describe_flags({}) | {"wrong_person": True})
    return {"person_id": None, "reference_print": None, "line_sealed": sealed}


def describe_flags(flags: Mapping[str, str]) -> dict[str, object]:
    """Flags as they stand sealed on a row. A row without `marker_words` is from before them."""
    return {"markers": [*flags], "marker_words": {f: words for f, words in flags.items() if words}}


def read_row_flags(payload: Mapping[str, Any]) -> dict[str, str]:
    """Flag -> the words to it, of what stands on a row; in the order of PATIENT_FLAGS."""
    given, words = payload.get("markers", ()), payload.get("marker_words", {})
    return {flag: words.get(flag, "") for flag in PATIENT_FLAGS if flag in given}


def check_flag_words(flags: Iterable[str], words: Mapping[str, str]) -> dict[str, str]:
    """The flags in their order, each with what was typed to it. Raises BadFlagWords."""
    wanted = set(flags)
    for flag, most in MOST_FLAG_LETTERS.items():
        if len(words.get(flag, "")) > most:
            raise BadFlagWords(flag, "too_long")
        if words.get(flag) and flag not in wanted:
            raise BadFlagWords(flag, "not_ticked")
    kept = {flag: words.get(flag, "") for flag in PATIENT_FLAGS if flag in wanted}
    return {flag: said if flag in MOST_FLAG_LETTERS else "" for flag, said in kept.items()}


def save_patient_flags(
    scope: WritingScope,
    submission: str,
    chosen: Iterable[str],
    words: Mapping[str, str] | None = None,
) -> None:
    """Keep these flags and no others, on every row of the person; `words`: what to know of each.

    Raises BadFlagWords, NoSuchSubmission or KeyDestroyed.
    """
    flags = check_flag_words(chosen, words or {})
    row = require_row(scope, submission, scope.now)
    rows = [row]
    if row.person_id is not None:
        people.save_person_flags(scope, row.person_id, flags)
        rows = scope.find_all(WorklistRow, person_id=row.person_id)
    for one in rows:
        sealed = _reseal_payload(scope, one, describe_flags(flags))
        scope.update_rows(WorklistRow, submission_id=one.submission_id, to={"line_sealed": sealed})
    # Which flags they are is as private as an answer, and no answer stands in the audit.
    audit.record_event(scope, "marks_changed", ("submission", submission))
    change_notifications.notify_change(scope)


def _merge_flags(known: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """The flags of both, in their order; where their words differ, those of both."""
    return {
        flag: "; ".join(dict.fromkeys(filter(None, [known.get(flag), found.get(flag)])))
        for flag in PATIENT_FLAGS
        if flag in known or flag in found
    }
