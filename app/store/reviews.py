"""What staff do with a submission: each thing an added row, none ever changed.

Of two who write after the same row, the second is told who was first. What was decided moves the
row on the worklist in the same transaction. Which steps there are: `review_rules`.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.store import level_changes, ownership, raised_rules, review_rules
from app.store.clinics import Targets
from app.store.closing_rules import find_newest_entry
from app.store.db import audit, change_notifications, record_keys
from app.store.db.patient_tables import AssessmentVersion, ReviewEntry, WorklistRow
from app.store.db.scope import Scope, WritingScope
from app.store.db.tables import Staff
from app.store.review_details import ReviewDetails, seal_details
from app.store.review_steps import ReviewStep, StepAttempt
from app.store.worklist_rows import NoSuchSubmission, rank_to_level, require_row
from app.triage.terms import Urgency

LOOK_LASTS = timedelta(minutes=5)
"""How long after opening a submission someone counts as looking at it."""


class StepNotAllowed(Exception):
    """The step does not fit what was done before; `problem` is a word for why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class EditConflict(Exception):
    """Someone else did something meanwhile; nothing was kept of this step."""

    def __init__(self, by: str, kind: str, at: datetime) -> None:
        super().__init__(f"{kind} by {by}")
        self.by = by
        self.kind = kind
        self.at = at


def is_viewed(row: WorklistRow, now: datetime) -> bool:
    """Whether someone opened it so lately that they may still be reading it."""
    return row.viewed_at is not None and now - row.viewed_at < LOOK_LASTS


def record_view(
    scope: WritingScope, submission: str, address: str, row: WorklistRow | None = None
) -> None:
    """Note that someone looked at the answers; the first look is what its person is told of.

    `row`: its line, where it was read already. Raises NoSuchSubmission.
    """
    row = row or require_row(scope, submission, scope.now)
    first = row.first_seen_at is None
    viewed = {"viewer_id": scope.who, "viewed_at": scope.now}
    to = {**viewed, "first_seen_at": scope.now} if first else viewed
    if row.taken_from_id == scope.who:
        to = {**to, "taken_from_id": None}
    scope.update_rows(WorklistRow, submission_id=submission, to=to)
    # Who looks is news where it is someone else than before; the same look again is none.
    if first or row.viewer_id != scope.who or not is_viewed(row, scope.now):
        change_notifications.notify_change(scope)
    audit.record_event(scope, "submission_viewed", ("submission", submission), address)


def perform_steps(
    scope: WritingScope, submission: str, steps: Sequence[ReviewStep], targets: Targets
) -> int:
    """Keep several steps of one form, all or none; give the number of the last one.

    The first one's `after` and `key` count for all. What is raised has to leave the transaction,
    or it would keep the steps before. Raises NoSuchSubmission, StepNotAllowed or EditConflict.
    """
    after, number = steps[0].after, 0
    for index, step in enumerate(steps):
        key = f"{steps[0].key}:{index}" if index else step.key
        number = after = perform_step(
            scope, submission, replace(step, after=after, key=key), targets
        )
    return number


def perform_step(scope: WritingScope, submission: str, step: ReviewStep, targets: Targets) -> int:
    """Keep one step and what it changes on the worklist; give its number.

    Sent again under the same key, it is kept once. On a submission that is nobody's, a step takes
    it first. Raises NoSuchSubmission, StepNotAllowed or EditConflict.
    """
    known = scope.find_one(ReviewEntry, idempotency_key=step.key)
    if known is not None:
        return known.number
    attempt = _load_attempt(scope, submission, step, targets)
    newest = attempt.newest_entry
    if newest is not None and not newest.number <= step.after <= attempt.row.last_entry:
        raise EditConflict(newest.author_id, newest.kind, newest.at)
    problem = review_rules.find_conflict(attempt)
    if problem:
        raise StepNotAllowed(problem)
    if review_rules.needs_claim(attempt):
        attempt = _claim_submission(attempt)
    changes = review_rules.find_changes(attempt)
    level = rank_to_level(changes.get("rank", attempt.row.rank))
    number = _add_review_entry(attempt, level)
    if step.kind == "raise":
        raised_rules.note_raise(scope, attempt.version)
    if changes:
        scope.update_rows(WorklistRow, submission_id=submission, to=changes)
    change_notifications.notify_change(scope)
    return number


def claim_if_unowned(
    scope: WritingScope, submission: str, key: str, targets: Targets
) -> WorklistRow:
    """The row for someone who adds findings; a submission of nobody is claimed for them.

    Raises NoSuchSubmission or StepNotAllowed.
    """
    attempt = _load_attempt(scope, submission, ReviewStep("findings", 0, key), targets)
    problem = review_rules.find_actor_conflict(attempt)
    if problem:
        raise StepNotAllowed(problem)
    return (_claim_submission(attempt) if review_rules.needs_claim(attempt) else attempt).row


def _claim_submission(attempt: StepAttempt) -> StepAttempt:
    """Take what is nobody's; give how the step meets it then."""
    scope, row, step = attempt.scope, attempt.row, attempt.step
    claim = replace(attempt, step=ReviewStep("claim", row.last_entry, f"{step.key}:claim"))
    _add_review_entry(claim, attempt.current_level)
    scope.update_rows(
        WorklistRow, submission_id=row.submission_id, to=ownership.take_submission(attempt)
    )
    return _load_attempt(scope, row.submission_id, step, attempt.targets)


def _add_review_entry(attempt: StepAttempt, level: Urgency) -> int:
    """Add the entry, and count it on the row; give its number."""
    scope, step = attempt.scope, attempt.step
    submission, entry = attempt.row.submission_id, secrets.token_urlsafe(12)
    number, words = attempt.row.last_entry + 1, step.words.strip()
    key = record_keys.load_data_key(scope, submission)
    answered = attempt.asked.get(review_rules.STEPS[step.kind].answers)
    set_aside = level_changes.select_signs_set_aside(attempt) if step.kind == "lower" else []
    scope.add_row(
        ReviewEntry,
        id=entry,
        submission_id=submission,
        number=number,
        kind=step.kind,
        author_id=scope.who,
        at=scope.now,
        version_id=attempt.version.id,
        rulebook_sha256=attempt.version.rulebook_sha256,
        urgency=int(level),
        urgency_before=int(attempt.current_level),
        reason=step.reason,
        rule=next(iter(set_aside), None),
        rules_set_aside=set_aside or None,
        outcome=_stored_outcome(step, answered),
        to_staff_id=ownership.name_other_staff(attempt),
        answers_number=answered.number if answered else None,
        words_sealed=key.seal_field("review_entry", entry, "words", words) if words else None,
        details_sealed=seal_details(
            key, entry, ReviewDetails(step.patient_words.strip(), step.visit)
        ),
        idempotency_key=step.key,
    )
    scope.update_rows(WorklistRow, submission_id=submission, to={"last_entry": number})
    subject = ("submission", submission)
    audit.record_event(scope, f"review_{step.kind}", subject, number=number, level=level.name)
    return number


def end_claim(scope: WritingScope, row: WorklistRow, reason: str) -> None:
    """Note that a claim ended by itself, under the name of whose it was; the row is nobody's.

    Who is asked to take it stays asked. `reason`: a word for why.
    """
    submission, number = row.submission_id, row.last_entry + 1
    version = scope.require_one(
        AssessmentVersion, NoSuchSubmission, submission_id=submission, number=row.last_version
    )
    scope.add_row(
        ReviewEntry,
        id=secrets.token_urlsafe(12),
        submission_id=submission,
        number=number,
        kind="lapse",
        author_id=row.owner_id,
        at=scope.now,
        version_id=version.id,
        rulebook_sha256=version.rulebook_sha256,
        urgency=int(rank_to_level(row.rank)),
        reason=reason,
        idempotency_key=f"lapse:{submission}:{number}",
    )
    to = {"last_entry": number, **ownership.LET_GO}
    scope.update_rows(WorklistRow, submission_id=submission, to=to)
    audit.record_event(scope, "review_lapse", ("submission", submission), number=number, by=reason)
    change_notifications.notify_change(scope)


def _stored_outcome(step: ReviewStep, answered: ReviewEntry | None) -> str | None:
    """The level to which to lower; of a word on a closing how it is to end; else as it was said."""
    if step.kind == "lower" and step.level is not None:
        return step.level.name
    return answered.outcome if answered and answered.kind == "ask_close" else step.outcome


def _find_last_act(scope: Scope, submission: str) -> ReviewEntry | None:
    """The last thing that someone did; a claim that lapsed by itself comes before nobody."""
    newest = [ReviewEntry.number.desc()]
    by_someone = ReviewEntry.kind != "lapse"
    return scope.find_first(ReviewEntry, by_someone, order_by=newest, submission_id=submission)


def _load_attempt(
    scope: WritingScope, submission: str, step: ReviewStep, targets: Targets
) -> StepAttempt:
    row = require_row(scope, submission, scope.now)
    newest = {"submission_id": submission, "number": row.last_version}
    version = scope.require_one(AssessmentVersion, NoSuchSubmission, **newest)
    staff = scope.require_one(Staff, NoSuchSubmission, id=scope.who, disabled_at=None)
    kinds = {rule.answers for rule in review_rules.STEPS.values() if rule.answers}
    asked = {kind: find_newest_entry(scope, submission, kind=kind) for kind in kinds}
    last = _find_last_act(scope, submission)
    return StepAttempt(scope, step, targets, row, version, last, asked, staff)
