"""What a nurse found: answers that she corrected, and blood results, in a version of its own.

It stands beside what the person answered. A worse level counts at once; a lower one counts for
nothing until someone lowers it. Knows levels, but no rule.
"""

from datetime import datetime

from app.store import reviews, submissions
from app.store.db.scope import WritingScope
from app.store.db.tables import AssessmentVersion
from app.store.response_targets import Targets
from app.store.submission_versions import SubmittedAnswers


class AnswersChanged(Exception):
    """Other answers came in since the form was opened: it has to be looked at again."""


def save_corrections(
    scope: WritingScope,
    now: datetime,
    who: str,
    submission: str,
    submitted: SubmittedAnswers,
    targets: Targets,
    *,
    seen: int,
    key: str,
) -> bool:
    """Keep what was found; give whether the level rose. Sent again under one key, it is kept once.

    `seen`: the number of the version that the form began with. What is nobody's is taken first.
    Raises NoSuchSubmission, StepNotAllowed, AnswersChanged or keys.Forgotten.
    """
    if scope.find_one(AssessmentVersion, idempotency_key=key) is not None:
        return False
    review_state = reviews.claim_if_unowned(scope, now, who, submission, f"{key}:claim")
    if review_state.version.number != seen:
        raise AnswersChanged
    return submissions.add_corrections(scope, now, review_state.row, submitted, targets, who, key)
