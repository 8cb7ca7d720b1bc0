"""The line of a submission on the worklist: where it stands, and what is sealed on it.

It is changed in the transaction of what it tells of, by whoever brings that about.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.store.ground import keys
from app.store.ground.scope import Scope
from app.store.hours import due
from app.store.tables import Clinic, WorklistRow
from app.store.versions import Handed
from app.triage.targets import Targets
from app.triage.terms import Urgency


class NoSuchSubmission(Exception):
    """The clinic has no submission of this id, or has forgotten it."""


def line(scope: Scope, submission: str, now: datetime) -> WorklistRow:
    """Its line on the worklist. Raises NoSuchSubmission, also when it is to be forgotten."""
    row = row_of(scope, submission)
    if row is None or row.forget_at <= now:
        raise NoSuchSubmission
    return row


def place(clinic: Clinic, now: datetime, level: Urgency, targets: Targets) -> dict[str, object]:
    """Where a level stands on the worklist, and by when it is due at this clinic.

    An emergency is due by the clock: no closed clinic makes it less late.
    """
    minutes = int(clinic.targets.get(level.name, targets[level]))
    by_the_clock = level is Urgency.emergency
    due_at = now + timedelta(minutes=minutes) if by_the_clock else due(clinic, now, minutes)
    return {"rank": rank_of(level), "due_at": due_at}


def level_of(rank: int) -> Urgency:
    """The level that a rank of the worklist stands for; rank 0 is an emergency."""
    return Urgency(Urgency.emergency - rank)


def rank_of(level: Urgency) -> int:
    """The rank of a level on the worklist."""
    return Urgency.emergency - level


def told_of(scope: Scope, row: WorklistRow) -> dict[str, Any]:
    """What stands sealed on a line. Raises keys.Forgotten."""
    record = keys.of(scope, row.submission_id)
    opened = record.open("worklist_row", row.submission_id, "line", row.line_sealed)
    line: dict[str, Any] = json.loads(opened)
    return line


def sealed_line(scope: Scope, submission: str, told: Mapping[str, object]) -> bytes:
    """What is to stand on a line, sealed. Raises keys.Forgotten."""
    record = keys.of(scope, submission)
    return record.seal("worklist_row", submission, "line", json.dumps(told))


def shown_of(handed: Handed) -> dict[str, object]:
    """What the answers put on the line: ids, which a page turns into words."""
    told = handed.assessment
    return {
        "rules": [f.rule for f in told.findings if f.urgency == told.urgency],
        "flags": sum(f.certain and f.urgency >= Urgency.same_day for f in told.findings),
        "unsure": handed.unsure,
        "age": next(iter(sorted(handed.answers.get("age", ()))), ""),
        "about": handed.about,
    }


def anew(row: WorklistRow) -> dict[str, object]:
    """New answers are to be seen again, also where it was closed; its owner keeps it.

    What a second person had not spoken to yet was about other answers: it ends here.
    """
    state = "claimed" if row.owner_id and not row.closed else "new"
    owner = row.owner_id if state == "claimed" else None
    seen = {"first_seen_at": None, "alarmed_at": None, "waits_since": None}
    return {"closed": False, "closed_at": None, "state": state, "owner_id": owner, **seen}


def row_of(scope: Scope, submission: str) -> WorklistRow | None:
    """Its line, also when it is to be forgotten; None where there is none."""
    return scope.one(WorklistRow, submission_id=submission)
