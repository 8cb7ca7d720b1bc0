"""What staff do with a submission: each thing an added row, none ever changed.

Of two who write after the same row, the second is told who was first. What was decided moves the
line on the worklist in the same transaction. Knows levels, but no rule and no words for people.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col

from app.store import audit, doorbell, keys
from app.store.clinics import known as clinic_of_scope
from app.store.permissions import LEAD, may
from app.store.scope import Scope, WritingScope
from app.store.submissions import NoSuchSubmission, level_of, line, place
from app.store.tables import AssessmentVersion, ReviewEntry, Staff, WorklistRow
from app.triage.targets import Targets
from app.triage.terms import Urgency

LOWER_REASONS = (
    "examined",  # someone looked at it in person
    "in_care",  # it is being treated already
    "misread",  # the question was not understood
    "known_change",  # long known and unchanged
    "wrong_person",  # the answers are about someone else
    "other",
)
CALLS = ("answered", "no_answer", "wrong_number")
DISPOSITIONS = (
    "appointment_kept",
    "brought_forward",
    "other_service",
    "emergency_service",
    "seen_today",
    "advice_given",
    "not_reached",
)
DECISIONS = ("agree", "raise", "lower", "second_yes", "second_no")
_BY_ANYONE = ("claim", "second_yes", "second_no")
"""What does not need the submission to be one's own."""
_ALWAYS = ("claim", "note", "call")
"""What can be done while a second person's word is waited for."""


class NotNow(Exception):
    """The step does not fit what was done before; `problem` is a word for why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class SomeoneWasFirst(Exception):
    """Someone else did something meanwhile; nothing was kept of this step."""

    def __init__(self, by: str, kind: str, at: datetime) -> None:
        super().__init__(f"{kind} by {by}")
        self.by = by
        self.kind = kind
        self.at = at


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that someone wants to do.

    `after`: the number of the last entry that they saw. `level`: to which to lower.
    """

    kind: str
    after: int
    key: str
    words: str = ""
    level: Urgency | None = None
    reason: str | None = None
    rule: str | None = None
    outcome: str | None = None
    to_staff: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, readable."""

    number: int
    kind: str
    by: str
    at: datetime
    version: str
    urgency: Urgency
    reason: str | None
    rule: str | None
    outcome: str | None
    to_staff: str | None
    answers_number: int | None
    words: str


@dataclass(frozen=True, slots=True)
class _Here:
    """What a step meets: the line, the newest answers, what was done, and who wants to act."""

    row: WorklistRow
    version: AssessmentVersion
    last: ReviewEntry | None
    lowered: ReviewEntry | None  # the lowering that was asked for last
    who: Staff

    @property
    def level(self) -> Urgency:
        return level_of(self.row.rank)


def look(scope: WritingScope, now: datetime, who: str, submission: str, address: str) -> None:
    """Note that someone looked at the answers; the first look is what its person is told of.

    Raises NoSuchSubmission.
    """
    row = line(scope, submission, now)
    if row.first_seen_at is None:
        scope.change(WorklistRow, submission_id=submission, to={"first_seen_at": now})
        doorbell.ring(scope)
    audit.add(scope, now, who, "submission_viewed", ("submission", submission), address)


def entries(scope: Scope, submission: str) -> list[Entry]:
    """All that was done, the first thing first. Raises keys.Forgotten."""
    key = keys.of(scope, submission)
    rows = scope.all(ReviewEntry, submission_id=submission, order_by=[col(ReviewEntry.number)])
    return [
        Entry(
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
        for row in rows
    ]


def do(
    scope: WritingScope, now: datetime, who: str, submission: str, step: Step, targets: Targets
) -> int:
    """Keep one step and what it changes on the worklist; give its number.

    Sent again under the same key, it is kept once. On a submission that is nobody's, a step takes
    it first. Raises NoSuchSubmission, NotNow or SomeoneWasFirst.
    """
    known = scope.one(ReviewEntry, idempotency_key=step.key)
    if known is not None:
        return known.number
    here = _here(scope, submission, now, who)
    if here.row.last_entry != step.after and here.last is not None:
        raise SomeoneWasFirst(here.last.author_id, here.last.kind, here.last.at)
    problem = _problem(scope, here, step)
    if problem:
        raise NotNow(problem)
    if here.row.owner_id is None and step.kind not in _BY_ANYONE:
        claim = Step("claim", step.after, f"{step.key}:claim")
        _keep(scope, now, here, claim, here.level)
        scope.change(WorklistRow, submission_id=submission, to=_owned(here, who))
        here = _here(scope, submission, now, who)
    level, to = _outcome(scope, now, here, step, targets)
    number = _keep(scope, now, here, step, level)
    if to:
        scope.change(WorklistRow, submission_id=submission, to=to)
    doorbell.ring(scope)
    return number


def _problem(scope: Scope, here: _Here, step: Step) -> str:
    """Why this person may not do this with the submission as it is, in a word; "" if they may."""
    row, who = here.row, here.who
    others = row.owner_id not in (None, who.id)
    if row.closed:
        return "closed"
    if not may(who.role, "review"):
        return "role"
    if others and (step.kind not in _BY_ANYONE or (step.kind == "claim" and who.role != LEAD)):
        return "owned"
    waits = row.state == "second_look"
    if step.kind not in _ALWAYS and waits is not step.kind.startswith("second_"):
        return "second_look"
    return _misfit(scope, here, step)


def _misfit(scope: Scope, here: _Here, step: Step) -> str:
    """What the step itself lacks, in a word; "" if nothing."""
    match step.kind:
        case "note":
            return "" if step.words.strip() else "words"
        case "call":
            return "" if step.outcome in CALLS else "outcome"
        case "hand_over":
            to = scope.one(Staff, id=step.to_staff, disabled_at=None)
            return "" if to and to.id != here.who.id and may(to.role, "review") else "to_staff"
        case "raise":
            return "" if here.level < Urgency.emergency else "highest"
        case "lower":
            return _lower_misfit(scope, here, step)
        case "second_yes" | "second_no":
            asked = here.lowered
            return "own" if asked is None or asked.author_id == here.who.id else ""
        case "close":
            return _close_misfit(scope, here, step)
        case "claim" | "release" | "agree":
            return ""
    return "kind"


def _lower_misfit(scope: Scope, here: _Here, step: Step) -> str:
    if step.level is None or not Urgency.self_care <= step.level < here.level:
        return "level"
    if step.reason not in LOWER_REASONS or (step.reason == "other" and not step.words.strip()):
        return "reason"
    if here.version.rules and step.rule not in here.version.rules:
        return "rule"
    return "role" if clinic_of_scope(scope).may_lower == LEAD != here.who.role else ""


def _close_misfit(scope: Scope, here: _Here, step: Step) -> str:
    if step.outcome not in DISPOSITIONS:
        return "outcome"
    kinds = col(ReviewEntry.kind).in_(DECISIONS)
    of_these = {"submission_id": here.row.submission_id, "version_id": here.version.id}
    return "" if scope.count(ReviewEntry, kinds, **of_these) else "undecided"


def _outcome(
    scope: Scope, now: datetime, here: _Here, step: Step, targets: Targets
) -> tuple[Urgency, dict[str, object]]:
    """(The level that counts from here on, what changes on the line)."""
    clinic, level = clinic_of_scope(scope), here.level
    match step.kind:
        case "claim":
            return level, _owned(here, here.who.id)
        case "release":
            return level, {"owner_id": None, "state": "new"}
        case "hand_over":
            return level, {"owner_id": step.to_staff}
        case "raise":
            new = Urgency(level + 1)
            return new, place(clinic, now, new, targets)
        case "lower":
            second = clinic.second_person_from
            new = Urgency(step.level or 0)
            if second is not None and level >= second:
                return level, {"state": "second_look"}
            return new, place(clinic, now, new, targets)
        case "second_yes":
            new = Urgency[str(here.lowered.outcome)] if here.lowered else level
            return new, {**place(clinic, now, new, targets), "state": "claimed"}
        case "second_no":
            return level, {"state": "claimed"}
        case "close":
            forget = now + timedelta(days=clinic.reviewed_days)
            return level, {"closed": True, "closed_at": now, "state": "closed", "forget_at": forget}
    return level, {}


def _owned(here: _Here, who: str) -> dict[str, object]:
    state = here.row.state if here.row.state == "second_look" else "claimed"
    return {"owner_id": who, "state": state}


def _keep(scope: WritingScope, now: datetime, here: _Here, step: Step, level: Urgency) -> int:
    """Add the row, and count it on the line."""
    submission, entry = here.row.submission_id, secrets.token_urlsafe(12)
    number = here.row.last_entry + 1
    words = step.words.strip()
    key = keys.of(scope, submission)
    about_lower = here.lowered.number if here.lowered else None
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
        outcome=step.level.name
        if step.kind == "lower" and step.level is not None
        else step.outcome,
        to_staff_id=step.to_staff,
        answers_number=about_lower if step.kind.startswith("second_") else None,
        words_sealed=key.seal("review_entry", entry, "words", words) if words else None,
        idempotency_key=step.key,
    )
    scope.change(WorklistRow, submission_id=submission, to={"last_entry": number})
    subject = ("submission", submission)
    audit.add(scope, now, here.who.id, f"review_{step.kind}", subject, number=number)
    return number


def _here(scope: Scope, submission: str, now: datetime, who: str) -> _Here:
    row = line(scope, submission, now)
    numbered = {"submission_id": submission}
    version = scope.one(AssessmentVersion, **numbered, number=row.last_version)
    staff = scope.one(Staff, id=who, disabled_at=None)
    if version is None or staff is None:
        raise NoSuchSubmission
    newest = [col(ReviewEntry.number).desc()]
    last = scope.all(ReviewEntry, **numbered, order_by=newest, limit=1)
    lowered = scope.all(ReviewEntry, **numbered, kind="lower", order_by=newest, limit=1)
    return _Here(row, version, next(iter(last), None), next(iter(lowered), None), staff)
