"""The line of a submission on the worklist: where it stands, and what is sealed on it.

It is changed in the transaction of what it tells of, by whoever brings that about.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.store.db import record_keys
from app.store.db.scope import Scope
from app.store.db.tables import Clinic, WorklistRow
from app.store.opening_hours import add_open_minutes
from app.store.response_targets import Targets
from app.store.submission_versions import SubmittedAnswers
from app.triage.terms import Urgency


class NoSuchSubmission(Exception):
    """The clinic has no submission of this id, or has forgotten it."""


def require_row(scope: Scope, submission: str, now: datetime) -> WorklistRow:
    """Its line on the worklist. Raises NoSuchSubmission, also when it is to be forgotten."""
    row = find_row(scope, submission)
    if row is None or row.forget_at <= now:
        raise NoSuchSubmission
    return row


def rank_and_due(
    clinic: Clinic, now: datetime, level: Urgency, targets: Targets
) -> dict[str, object]:
    """Where a level stands on the worklist, and by when it is due at this clinic.

    An emergency is due by the clock: no closed clinic makes it less late.
    """
    minutes = int(clinic.targets.get(level.name, targets[level]))
    by_the_clock = level is Urgency.emergency
    due_at = (
        now + timedelta(minutes=minutes) if by_the_clock else add_open_minutes(clinic, now, minutes)
    )
    return {"rank": level_to_rank(level), "due_at": due_at}


def rank_to_level(rank: int) -> Urgency:
    """The level that a rank of the worklist stands for; rank 0 is an emergency."""
    return Urgency(Urgency.emergency - rank)


def level_to_rank(level: Urgency) -> int:
    """The rank of a level on the worklist."""
    return Urgency.emergency - level


def row_payload(scope: Scope, row: WorklistRow) -> dict[str, Any]:
    """What stands sealed on a line. Raises keys.Forgotten."""
    record = record_keys.load_data_key(scope, row.submission_id)
    opened = record.open_field("worklist_row", row.submission_id, "line", row.line_sealed)
    payload: dict[str, Any] = json.loads(opened)
    return payload


def seal_payload(scope: Scope, submission: str, payload: Mapping[str, object]) -> bytes:
    """What is to stand on a line, sealed. Raises keys.Forgotten."""
    record = record_keys.load_data_key(scope, submission)
    return record.seal_field("worklist_row", submission, "line", json.dumps(payload))


def summarize_answers(submitted: SubmittedAnswers) -> dict[str, object]:
    """What the answers put on the line: ids, which a page turns into words."""
    assessment = submitted.assessment
    return {
        "rules": [f.rule for f in assessment.findings if f.urgency == assessment.urgency],
        "flags": sum(f.certain and f.urgency >= Urgency.same_day for f in assessment.findings),
        "unsure": submitted.unsure,
        "age": next(iter(sorted(submitted.answers.get("age", ()))), ""),
        "about": submitted.about,
    }


def reset_for_new_answers(row: WorklistRow) -> dict[str, object]:
    """New answers are to be seen again, also where it was closed; its owner keeps it.

    What a second person had not spoken to yet was about other answers: it ends here.
    """
    state = "claimed" if row.owner_id and not row.closed else "new"
    owner = row.owner_id if state == "claimed" else None
    seen = {"first_seen_at": None, "alarmed_at": None, "waits_since": None}
    return {"closed": False, "closed_at": None, "state": state, "owner_id": owner, **seen}


def find_row(scope: Scope, submission: str) -> WorklistRow | None:
    """Its line, also when it is to be forgotten; None where there is none."""
    return scope.find_one(WorklistRow, submission_id=submission)
