"""Whose a submission is: tied to a person once two identifiers were compared, and untied again.

What was compared is said, never what it was. Whether a step may do this stands in `misfits`.
"""

from datetime import datetime

from app.store import people
from app.store.ground.scope import WritingScope
from app.store.steps import SAME_PERSON, Step
from app.store.submissions import sealed_line, told_of
from app.store.tables import WorklistRow


def tied(scope: WritingScope, now: datetime, row: WorklistRow, step: Step) -> dict[str, object]:
    """What a step "identify" changes on the line."""
    if step.outcome != SAME_PERSON:
        return _untied(scope, row)
    if row.person_id is not None:
        return {}
    # `misfits` has asked about another name before, and the answer was yes.
    person = people.named(scope, now, step.reference, step.name, sure=True)
    known = people.several(scope, [person])[person]
    told = told_of(scope, row)
    marks = list(dict.fromkeys([*people.markers(scope, person), *told.get("markers", [])]))
    people.mark(scope, person, marks)
    told |= {"reference": known.reference, "name": known.name, "markers": marks}
    return {
        "person_id": person,
        "reference_print": people.reference_print(scope, known.reference),
        "line_sealed": sealed_line(scope, row.submission_id, told | {"wrong_person": False}),
    }


def _untied(scope: WritingScope, row: WorklistRow) -> dict[str, object]:
    """The answers are not this person's: nothing of theirs leads here any more."""
    told = told_of(scope, row) | {"markers": [], "wrong_person": True}
    return {
        "person_id": None,
        "reference_print": None,
        "line_sealed": sealed_line(scope, row.submission_id, told),
    }
