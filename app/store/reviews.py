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
from app.store.clinics import load_clinic as clinic_of_scope
from app.store.db import audit, change_notifications, record_keys
from app.store.db.encryption import DataKey
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import AssessmentVersion, ReviewEntry, Staff, WorklistRow
from app.store.db.tables.reviews import SECOND_PERSON_STATES
from app.store.response_targets import Targets
from app.store.review_rules import (
    actor_conflict,
    find_conflict,
    needs_claim,
)
from app.store.review_steps import (
    EditConflict,
    ReviewAction,
    ReviewState,
    ReviewStep,
    StepNotAllowed,
)
from app.store.worklist_rows import NoSuchSubmission, rank_and_due, require_row
from app.triage.terms import Urgency

_BACK_TO_CLAIMED: dict[str, object] = {"state": "claimed", "waits_since": None}
"""Nobody is asked for a second word any more."""


def record_view(
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
    row = row or require_row(scope, submission, now)
    if row.first_seen_at is None:
        scope.update_rows(WorklistRow, submission_id=submission, to={"first_seen_at": now})
        change_notifications.notify_change(scope)
    audit.record_event(scope, now, who, "submission_viewed", ("submission", submission), address)


def list_actions(scope: Scope, submission: str) -> list[ReviewAction]:
    """All that was done, the first thing first. Raises keys.Forgotten."""
    key = record_keys.load_data_key(scope, submission)
    rows = scope.find_all(ReviewEntry, submission_id=submission, order_by=[col(ReviewEntry.number)])
    return [open_action(key, row) for row in rows]


def open_action(key: DataKey, row: ReviewEntry) -> ReviewAction:
    """One thing that was done, opened."""
    return ReviewAction(
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
        key.open_field("review_entry", row.id, "words", row.words_sealed)
        if row.words_sealed
        else "",
    )


def perform_step(
    scope: WritingScope,
    now: datetime,
    who: str,
    submission: str,
    step: ReviewStep,
    targets: Targets,
) -> int:
    """Keep one step and what it changes on the worklist; give its number.

    Sent again under the same key, it is kept once. On a submission that is nobody's, a step takes
    it first. Raises NoSuchSubmission, StepNotAllowed or EditConflict.
    """
    return perform_steps(scope, now, who, submission, [step], targets)


def perform_steps(
    scope: WritingScope,
    now: datetime,
    who: str,
    submission: str,
    steps: Sequence[ReviewStep],
    targets: Targets,
) -> int:
    """Keep several steps of one form, all or none; give the number of the last one.

    The first one's `after` and `key` count for all. What is raised has to leave the transaction,
    or it would keep the steps before. Raises NoSuchSubmission, StepNotAllowed or EditConflict.
    """
    after, number = steps[0].after, 0
    for index, step in enumerate(steps):
        key = f"{steps[0].key}:{index}" if index else step.key
        whole = replace(step, after=after, key=key)
        number = after = _perform_one(scope, now, who, submission, whole, targets)
    return number


def _perform_one(
    scope: WritingScope,
    now: datetime,
    who: str,
    submission: str,
    step: ReviewStep,
    targets: Targets,
) -> int:
    known = scope.find_one(ReviewEntry, idempotency_key=step.key)
    if known is not None:
        return known.number
    review_state = _load_review_state(scope, submission, now, who)
    if review_state.row.last_entry != step.after and review_state.newest_entry is not None:
        raise EditConflict(
            review_state.newest_entry.author_id,
            review_state.newest_entry.kind,
            review_state.newest_entry.at,
        )
    problem = find_conflict(scope, review_state, step)
    if problem:
        raise StepNotAllowed(problem)
    if needs_claim(review_state, step.kind):
        review_state = _claim_submission(scope, now, review_state, f"{step.key}:claim")
    level, to = _step_effect(scope, now, review_state, step, targets)
    number = _add_review_entry(scope, now, review_state, step, level)
    if to:
        scope.update_rows(WorklistRow, submission_id=submission, to=to)
    change_notifications.notify_change(scope)
    return number


def claim_if_unowned(
    scope: WritingScope, now: datetime, who: str, submission: str, key: str
) -> ReviewState:
    """How it stands for someone who adds to it; what is nobody's is theirs from now on.

    Raises NoSuchSubmission or StepNotAllowed.
    """
    review_state = _load_review_state(scope, submission, now, who)
    problem = actor_conflict(review_state, "findings")
    if problem:
        raise StepNotAllowed(problem)
    return (
        _claim_submission(scope, now, review_state, key)
        if needs_claim(review_state, "findings")
        else review_state
    )


def _claim_submission(
    scope: WritingScope, now: datetime, review_state: ReviewState, key: str
) -> ReviewState:
    """Take what is nobody's; give how it stands then."""
    submission, who = review_state.row.submission_id, review_state.staff.id
    _add_review_entry(
        scope,
        now,
        review_state,
        ReviewStep("claim", review_state.row.last_entry, key),
        review_state.current_level,
    )
    scope.update_rows(WorklistRow, submission_id=submission, to=_owner_changes(review_state, who))
    return _load_review_state(scope, submission, now, who)


def _step_effect(
    scope: WritingScope,
    now: datetime,
    review_state: ReviewState,
    step: ReviewStep,
    targets: Targets,
) -> tuple[Urgency, dict[str, object]]:
    """(The level that counts from here on, what changes on the line)."""
    clinic, level = clinic_of_scope(scope), review_state.current_level
    match step.kind:
        case "claim":
            return level, _owner_changes(review_state, review_state.staff.id)
        case "identify":
            return level, identity.tie_person(scope, now, review_state.row, step)
        case "release":
            return level, {"owner_id": None, "state": "new"}
        case "hand_over":
            return level, {"owner_id": step.to_staff}
        case "raise":
            new = Urgency(level + 1)
            return new, {**rank_and_due(clinic, now, new, targets), **_BACK_TO_CLAIMED}
        case "lower":
            second = clinic.second_person_from
            new = Urgency(step.level or 0)
            if second is not None and level >= second:
                return level, {"state": "second_look", "waits_since": None}
            return new, {**rank_and_due(clinic, now, new, targets), **_BACK_TO_CLAIMED}
        case "second_yes":
            new = (
                Urgency[str(review_state.last_lowering.outcome)]
                if review_state.last_lowering
                else level
            )
            return new, {**rank_and_due(clinic, now, new, targets), **_BACK_TO_CLAIMED}
        case "second_no" | "close_no":
            return level, _BACK_TO_CLAIMED
        case "ask_close":
            return level, {"state": "second_close", "waits_since": now, "alarmed_at": None}
        case "close" | "close_yes":
            forget = now + timedelta(days=clinic.reviewed_days)
            done = {"closed": True, "closed_at": now, "state": "closed", "waits_since": None}
            return level, {**done, "forget_at": forget}
    return level, {}


def _owner_changes(review_state: ReviewState, who: str) -> dict[str, object]:
    state = review_state.row.state if review_state.row.state in SECOND_PERSON_STATES else "claimed"
    return {"owner_id": who, "state": state}


def _add_review_entry(
    scope: WritingScope, now: datetime, review_state: ReviewState, step: ReviewStep, level: Urgency
) -> int:
    """Add the row, and count it on the line."""
    submission, entry = review_state.row.submission_id, secrets.token_urlsafe(12)
    number = review_state.row.last_entry + 1
    words = step.words.strip()
    key = record_keys.load_data_key(scope, submission)
    answered = _answered_entry(review_state, step.kind)
    scope.add_row(
        ReviewEntry,
        id=entry,
        submission_id=submission,
        number=number,
        kind=step.kind,
        author_id=review_state.staff.id,
        at=now,
        version_id=review_state.version.id,
        rulebook_sha256=review_state.version.rulebook_sha256,
        urgency=int(level),
        reason=step.reason,
        rule=step.rule,
        outcome=_stored_outcome(step, answered),
        to_staff_id=step.to_staff,
        answers_number=answered.number if answered else None,
        words_sealed=key.seal_field("review_entry", entry, "words", words) if words else None,
        idempotency_key=step.key,
    )
    scope.update_rows(WorklistRow, submission_id=submission, to={"last_entry": number})
    subject = ("submission", submission)
    audit.record_event(
        scope,
        now,
        review_state.staff.id,
        f"review_{step.kind}",
        subject,
        number=number,
        level=level.name,
    )
    return number


def _answered_entry(review_state: ReviewState, kind: str) -> ReviewEntry | None:
    """What a second person speaks to."""
    match kind:
        case "second_yes" | "second_no":
            return review_state.last_lowering
        case "close_yes" | "close_no":
            return review_state.last_closing_request
    return None


def _stored_outcome(step: ReviewStep, answered: ReviewEntry | None) -> str | None:
    """The level to which to lower; of a word on a closing how it is to end; else as it was said."""
    if step.kind == "lower" and step.level is not None:
        return step.level.name
    closing = answered is not None and answered.kind == "ask_close"
    return answered.outcome if answered and closing else step.outcome


def _load_review_state(scope: Scope, submission: str, now: datetime, who: str) -> ReviewState:
    row = require_row(scope, submission, now)
    numbered = {"submission_id": submission}
    version = scope.find_one(AssessmentVersion, **numbered, number=row.last_version)
    staff = scope.find_one(Staff, id=who, disabled_at=None)
    if version is None or staff is None:
        raise NoSuchSubmission
    newest = [col(ReviewEntry.number).desc()]
    last = scope.find_all(ReviewEntry, **numbered, order_by=newest, limit=1)
    lowered, asked = (
        next(
            iter(scope.find_all(ReviewEntry, **numbered, kind=kind, order_by=newest, limit=1)), None
        )
        for kind in ("lower", "ask_close")
    )
    return ReviewState(row, version, next(iter(last), None), lowered, asked, staff)
