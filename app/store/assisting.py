"""Answers that someone of the staff asked for, at the desk or on the phone: kept, and theirs."""

from datetime import datetime

from app.store import reviews, submissions
from app.store.db.scope import Store
from app.store.response_targets import Targets
from app.store.review_steps import ReviewStep
from app.store.submission_versions import SubmittedAnswers


def accept_assisted_answers(
    store: Store,
    clinic: str,
    now: datetime,
    who: str,
    invitation: str,
    submitted: SubmittedAnswers,
    targets: Targets,
) -> str:
    """Keep the answers and give them to who asked, once; give the id of the submission.

    Raises InvitationGone.
    """
    with store.writing_scope(clinic) as scope:
        added = submissions.finish_invitation(
            scope, now, invitation, submitted, targets, taken_by=who
        )
        step = ReviewStep("claim", 0, f"assisted:{invitation}")
        reviews.perform_step(scope, now, who, added.id, step, targets)
        return added.id
