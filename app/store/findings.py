"""What a nurse found: answers that she corrected, and blood results, in a version of its own.

It stands beside what the person answered. A worse level counts at once; a lower one counts for
nothing until someone lowers it. Knows levels, but no rule.
"""

from datetime import datetime

from app.store import reviews, submissions
from app.store.ground.scope import WritingScope
from app.store.tables import AssessmentVersion
from app.store.versions import Handed
from app.triage.targets import Targets


class OtherAnswers(Exception):
    """Other answers came in since the form was opened: it has to be looked at again."""


def keep(
    scope: WritingScope,
    now: datetime,
    who: str,
    submission: str,
    handed: Handed,
    targets: Targets,
    *,
    seen: int,
    key: str,
) -> bool:
    """Keep what was found; give whether the level rose. Sent again under one key, it is kept once.

    `seen`: the number of the version that the form began with. What is nobody's is taken first.
    Raises NoSuchSubmission, NotNow, OtherAnswers or keys.Forgotten.
    """
    if scope.one(AssessmentVersion, idempotency_key=key) is not None:
        return False
    here = reviews.taken(scope, now, who, submission, f"{key}:claim")
    if here.version.number != seen:
        raise OtherAnswers
    return submissions.add_findings(scope, now, here.row, handed, targets, who, key)
