"""Whose a submission is: taking it, taking it over, handing it over, and letting it go.

A claim is a promise to act soon, so taking starts the time anew after which it alarms; only what
is done with it ends that. Knows no level but the gravest, and no words.
"""

from collections.abc import Mapping
from typing import Any

from app.store import worklist_rows
from app.store.db.patient_tables import SECOND_PERSON_STATES, WorklistRow
from app.store.db.scope import Scope
from app.store.db.tables import Staff
from app.store.permissions import role_allows
from app.store.review_steps import StepAttempt
from app.triage.terms import Urgency

ACTS_NOT = ("claim", "release", "hand_over", "take_over", "hand_accept", "hand_refuse", "lapse")
"""What is done about whose it is: nobody was helped by it, so nothing that alarms stops."""
_ANEW: Mapping[str, Any] = dict.fromkeys(("acted_at", "waits_since", "alarmed_at"))
LET_GO: Mapping[str, Any] = {"owner_id": None, "state": "new", **_ANEW}
"""It waits like what was just sent, and what could alarm does."""
RELEASED: Mapping[str, Any] = {**LET_GO, "handed_to_id": None}


def take_submission(attempt: StepAttempt) -> dict[str, Any]:
    """What changes on the row for who takes it: what waits for a second person goes on waiting."""
    taken = {"owner_id": attempt.staff.id, "handed_to_id": None, "taken_from_id": None}
    if attempt.step.kind == "take_over":
        taken["taken_from_id"] = attempt.row.owner_id
    if attempt.row.state in SECOND_PERSON_STATES:
        return taken
    return {**taken, **_ANEW, "state": "claimed", "waits_since": attempt.scope.now}


def note_act(attempt: StepAttempt) -> dict[str, Any]:
    """What changes on the row since someone did something with it; nothing by another owner."""
    if attempt.step.kind in ACTS_NOT:
        return {}
    ends = {} if attempt.row.state in SECOND_PERSON_STATES else {"waits_since": None}
    return {"acted_at": attempt.scope.now, **ends}


def hand_over(attempt: StepAttempt) -> dict[str, Any]:
    """A colleague is asked to take it; until they do, it stays its owner's."""
    return {"handed_to_id": attempt.step.to_staff}


def find_claim_conflict(attempt: StepAttempt) -> str:
    """What someone else has is not claimed, but taken over."""
    return "" if attempt.row.owner_id in (None, attempt.staff.id) else "owned"


def find_take_over_conflict(attempt: StepAttempt) -> str:
    """What an emergency, or who came back worse, needs is there at once; else a reason is given."""
    if attempt.row.owner_id in (None, attempt.staff.id):
        return "nobodys"
    at_once = may_take_at_once(attempt.scope, attempt.row)
    return "" if at_once or attempt.step.words.strip() else "take_over_words"


def may_take_at_once(scope: Scope, row: WorklistRow) -> bool:
    """Whether it is taken over without a reason. Raises KeyDestroyed."""
    return is_grave(row, worklist_rows.row_payload(scope, row))


def is_grave(row: WorklistRow, payload: Mapping[str, Any]) -> bool:
    """Whether it is an emergency, or came back worse."""
    emergency = worklist_rows.rank_to_level(row.rank) is Urgency.emergency
    return emergency or bool(payload.get("worse"))


def find_colleague_conflict(attempt: StepAttempt) -> str:
    """Only someone else who may review can be asked."""
    to = attempt.scope.find_one(Staff, id=attempt.step.to_staff, disabled_at=None)
    fits = to and to.id != attempt.staff.id and role_allows(to.role, "review")
    return "" if fits else "to_staff"


def find_acceptance_conflict(attempt: StepAttempt) -> str:
    """Only who was asked accepts or refuses."""
    return "" if attempt.row.handed_to_id == attempt.staff.id else "not_handed"


def name_other_staff(attempt: StepAttempt) -> str | None:
    """Whom an entry names beside its author: who is asked to take it, or who had it."""
    if attempt.step.kind in ("take_over", "hand_accept"):
        return attempt.row.owner_id
    return attempt.step.to_staff
