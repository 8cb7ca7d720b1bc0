"""Whose a submission is: tied to a person once two identifiers were compared, and untied again.

What was compared is said, never what it was. Whether a step may do this stands in `misfits`.
"""

from datetime import datetime

from app.store import people
from app.store.db.scope import WritingScope
from app.store.db.tables import WorklistRow
from app.store.review_steps import SAME_PERSON, ReviewStep
from app.store.worklist_rows import row_payload, seal_payload


def tie_person(
    scope: WritingScope, now: datetime, row: WorklistRow, step: ReviewStep
) -> dict[str, object]:
    """What a step "identify" changes on the line."""
    if step.outcome != SAME_PERSON:
        return _untie_person(scope, row)
    if row.person_id is not None:
        return {}
    # `misfits` has asked about another name before, and the answer was yes.
    person = people.ensure_person(scope, now, step.reference, step.name, sure=True)
    known = people.find_people(scope, [person])[person]
    payload = row_payload(scope, row)
    flags = list(
        dict.fromkeys([*people.load_person_flags(scope, person), *payload.get("markers", [])])
    )
    people.save_person_flags(scope, person, flags)
    payload |= {"reference": known.reference, "name": known.name, "markers": flags}
    return {
        "person_id": person,
        "reference_print": people.hash_reference(scope, known.reference),
        "line_sealed": seal_payload(scope, row.submission_id, payload | {"wrong_person": False}),
    }


def _untie_person(scope: WritingScope, row: WorklistRow) -> dict[str, object]:
    """The answers are not this person's: nothing of theirs leads here any more."""
    payload = row_payload(scope, row) | {"markers": [], "wrong_person": True}
    return {
        "person_id": None,
        "reference_print": None,
        "line_sealed": seal_payload(scope, row.submission_id, payload),
    }
