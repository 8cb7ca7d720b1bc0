"""What staff do with a submission: each thing an added row, none ever changed.

Of two who write after the same row, the second is told who was first. What was decided moves the
line on the worklist in the same transaction. Knows levels, but no rule and no words for people.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import col

from app.store import identity
from app.store.clinics import known as clinic_of_scope
from app.store.ground import doorbell, keys
from app.store.ground.scope import Scope, WritingScope
from app.store.ground.sealing import RecordKey
from app.store.keeping import audit
from app.store.misfits import TRIES, barred_from, calls_in_vain, identified, needs_claim, problem_of
from app.store.steps import (
    CALLS,
    CLOSINGS,
    DECISIONS,
    DISPOSITIONS,
    IDENTIFIED,
    IDENTIFIERS,
    LOWER_REASONS,
    SAME_PERSON,
    WRONG_PERSON,
    Entry,
    Here,
    NotNow,
    SomeoneWasFirst,
    Step,
    alone,
    by_two,
)
from app.store.submissions import NoSuchSubmission, line, place
from app.store.tables import AssessmentVersion, ReviewEntry, Staff, WorklistRow
from app.store.tables.reviews import WAITING
from app.triage.targets import Targets
from app.triage.terms import Urgency

__all__ = [
    "CALLS",
    "CLOSINGS",
    "DECISIONS",
    "DISPOSITIONS",
    "IDENTIFIED",
    "IDENTIFIERS",
    "LOWER_REASONS",
    "SAME_PERSON",
    "TRIES",
    "WRONG_PERSON",
    "Entry",
    "NotNow",
    "SomeoneWasFirst",
    "Step",
    "alone",
    "by_two",
    "calls_in_vain",
    "identified",
]

_AS_BEFORE: dict[str, object] = {"state": "claimed", "waits_since": None}
"""Nobody is asked for a second word any more."""


def look(
    scope: WritingScope,
    now: datetime,
    who: str,
    submission: str,
    address: str,
    row: WorklistRow | None = None,
) -> None:
    """Note that someone looked at the answers; the first look is what its person is told of.

    `row`: its line, where it was read already. Raises NoSuchSubmission.
    """
    row = row or line(scope, submission, now)
    if row.first_seen_at is None:
        scope.change(WorklistRow, submission_id=submission, to={"first_seen_at": now})
        doorbell.ring(scope)
    audit.add(scope, now, who, "submission_viewed", ("submission", submission), address)


def entries(scope: Scope, submission: str) -> list[Entry]:
    """All that was done, the first thing first. Raises keys.Forgotten."""
    key = keys.of(scope, submission)
    rows = scope.all(ReviewEntry, submission_id=submission, order_by=[col(ReviewEntry.number)])
    return [readable(key, row) for row in rows]


def readable(key: RecordKey, row: ReviewEntry) -> Entry:
    """One thing that was done, opened."""
    return Entry(
        row.number,
        row.kind,
        row.author_id,
        row.at,
        row.version_id,
        Urgency(row.urgency),
        row.reason,
        row.rule,
        row.outcome,
        row.to_staff_id,
        row.answers_number,
        key.open("review_entry", row.id, "words", row.words_sealed) if row.words_sealed else "",
    )


def do(
    scope: WritingScope, now: datetime, who: str, submission: str, step: Step, targets: Targets
) -> int:
    """Keep one step and what it changes on the worklist; give its number.

    Sent again under the same key, it is kept once. On a submission that is nobody's, a step takes
    it first. Raises NoSuchSubmission, NotNow or SomeoneWasFirst.
    """
    return do_all(scope, now, who, submission, [step], targets)


def do_all(
    scope: WritingScope,
    now: datetime,
    who: str,
    submission: str,
    steps: Sequence[Step],
    targets: Targets,
) -> int:
    """Keep several steps of one form, all or none; give the number of the last one.

    The first one's `after` and `key` count for all. What is raised has to leave the transaction,
    or it would keep the steps before. Raises NoSuchSubmission, NotNow or SomeoneWasFirst.
    """
    after, number = steps[0].after, 0
    for index, step in enumerate(steps):
        key = f"{steps[0].key}:{index}" if index else step.key
        whole = replace(step, after=after, key=key)
        number = after = _do(scope, now, who, submission, whole, targets)
    return number


def _do(
    scope: WritingScope, now: datetime, who: str, submission: str, step: Step, targets: Targets
) -> int:
    known = scope.one(ReviewEntry, idempotency_key=step.key)
    if known is not None:
        return known.number
    here = _here(scope, submission, now, who)
    if here.row.last_entry != step.after and here.last is not None:
        raise SomeoneWasFirst(here.last.author_id, here.last.kind, here.last.at)
    problem = problem_of(scope, here, step)
    if problem:
        raise NotNow(problem)
    if needs_claim(here, step.kind):
        here = _claim(scope, now, here, f"{step.key}:claim")
    level, to = _outcome(scope, now, here, step, targets)
    number = _keep(scope, now, here, step, level)
    if to:
        scope.change(WorklistRow, submission_id=submission, to=to)
    doorbell.ring(scope)
    return number


def taken(scope: WritingScope, now: datetime, who: str, submission: str, key: str) -> Here:
    """How it stands for someone who adds to it; what is nobody's is theirs from now on.

    Raises NoSuchSubmission or NotNow.
    """
    here = _here(scope, submission, now, who)
    problem = barred_from(here, "findings")
    if problem:
        raise NotNow(problem)
    return _claim(scope, now, here, key) if needs_claim(here, "findings") else here


def _claim(scope: WritingScope, now: datetime, here: Here, key: str) -> Here:
    """Take what is nobody's; give how it stands then."""
    submission, who = here.row.submission_id, here.who.id
    _keep(scope, now, here, Step("claim", here.row.last_entry, key), here.level)
    scope.change(WorklistRow, submission_id=submission, to=_owned(here, who))
    return _here(scope, submission, now, who)


def _outcome(
    scope: WritingScope, now: datetime, here: Here, step: Step, targets: Targets
) -> tuple[Urgency, dict[str, object]]:
    """(The level that counts from here on, what changes on the line)."""
    clinic, level = clinic_of_scope(scope), here.level
    match step.kind:
        case "claim":
            return level, _owned(here, here.who.id)
        case "identify":
            return level, identity.tied(scope, now, here.row, step)
        case "release":
            return level, {"owner_id": None, "state": "new"}
        case "hand_over":
            return level, {"owner_id": step.to_staff}
        case "raise":
            new = Urgency(level + 1)
            return new, {**place(clinic, now, new, targets), **_AS_BEFORE}
        case "lower":
            second = clinic.second_person_from
            new = Urgency(step.level or 0)
            if second is not None and level >= second:
                return level, {"state": "second_look", "waits_since": None}
            return new, {**place(clinic, now, new, targets), **_AS_BEFORE}
        case "second_yes":
            new = Urgency[str(here.lowered.outcome)] if here.lowered else level
            return new, {**place(clinic, now, new, targets), **_AS_BEFORE}
        case "second_no" | "close_no":
            return level, _AS_BEFORE
        case "ask_close":
            return level, {"state": "second_close", "waits_since": now, "alarmed_at": None}
        case "close" | "close_yes":
            forget = now + timedelta(days=clinic.reviewed_days)
            done = {"closed": True, "closed_at": now, "state": "closed", "waits_since": None}
            return level, {**done, "forget_at": forget}
    return level, {}


def _owned(here: Here, who: str) -> dict[str, object]:
    state = here.row.state if here.row.state in WAITING else "claimed"
    return {"owner_id": who, "state": state}


def _keep(scope: WritingScope, now: datetime, here: Here, step: Step, level: Urgency) -> int:
    """Add the row, and count it on the line."""
    submission, entry = here.row.submission_id, secrets.token_urlsafe(12)
    number = here.row.last_entry + 1
    words = step.words.strip()
    key = keys.of(scope, submission)
    answered = _answered(here, step.kind)
    scope.add(
        ReviewEntry,
        id=entry,
        submission_id=submission,
        number=number,
        kind=step.kind,
        author_id=here.who.id,
        at=now,
        version_id=here.version.id,
        rulebook_sha256=here.version.rulebook_sha256,
        urgency=int(level),
        reason=step.reason,
        rule=step.rule,
        outcome=_outcome_kept(step, answered),
        to_staff_id=step.to_staff,
        answers_number=answered.number if answered else None,
        words_sealed=key.seal("review_entry", entry, "words", words) if words else None,
        idempotency_key=step.key,
    )
    scope.change(WorklistRow, submission_id=submission, to={"last_entry": number})
    subject = ("submission", submission)
    audit.add(
        scope, now, here.who.id, f"review_{step.kind}", subject, number=number, level=level.name
    )
    return number


def _answered(here: Here, kind: str) -> ReviewEntry | None:
    """What a second person speaks to."""
    match kind:
        case "second_yes" | "second_no":
            return here.lowered
        case "close_yes" | "close_no":
            return here.asked
    return None


def _outcome_kept(step: Step, answered: ReviewEntry | None) -> str | None:
    """The level to which to lower; of a word on a closing how it is to end; else as it was said."""
    if step.kind == "lower" and step.level is not None:
        return step.level.name
    closing = answered is not None and answered.kind == "ask_close"
    return answered.outcome if answered and closing else step.outcome


def _here(scope: Scope, submission: str, now: datetime, who: str) -> Here:
    row = line(scope, submission, now)
    numbered = {"submission_id": submission}
    version = scope.one(AssessmentVersion, **numbered, number=row.last_version)
    staff = scope.one(Staff, id=who, disabled_at=None)
    if version is None or staff is None:
        raise NoSuchSubmission
    newest = [col(ReviewEntry.number).desc()]
    last = scope.all(ReviewEntry, **numbered, order_by=newest, limit=1)
    lowered, asked = (
        next(iter(scope.all(ReviewEntry, **numbered, kind=kind, order_by=newest, limit=1)), None)
        for kind in ("lower", "ask_close")
    )
    return Here(row, version, next(iter(last), None), lowered, asked, staff)
