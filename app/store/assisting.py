"""Answers that someone of the staff asked for, at the desk or on the phone: kept, and theirs."""

from datetime import datetime

from app.store import reviews, submissions
from app.store.ground.scope import Store
from app.store.steps import Step
from app.store.versions import Handed
from app.triage.targets import Targets


def finish(
    store: Store,
    clinic: str,
    now: datetime,
    who: str,
    invitation: str,
    handed: Handed,
    targets: Targets,
) -> str:
    """Keep the answers and give them to who asked, once; give the id of the submission.

    Raises InvitationGone.
    """
    with store.writing(clinic) as scope:
        added = submissions.finish(scope, now, invitation, handed, targets, taken_by=who)
        step = Step("claim", 0, f"assisted:{invitation}")
        reviews.do(scope, now, who, added.id, step, targets)
        return added.id
