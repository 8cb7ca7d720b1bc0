"""A clinic at work, for tests: staff, invited people, and what they hand in."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from app.store import invitations, reviews, submission_versions, submissions, worklist_rows
from app.store.clinics import load_policy
from app.store.db.patient_tables import WorklistRow
from app.store.db.scope import PATIENT, Store
from app.store.db.tables import Staff
from app.store.invitations import Invitee
from app.store.review_details import MovedVisit
from app.store.review_steps import ReviewStep
from app.store.submission_reads import SubmissionReceipt
from app.store.submission_versions import SubmittedAnswers
from app.triage.terms import Answers, Urgency
from tests.builders import RULES, answers, rulebook
from tests.store.rows import A_ROW_OF

KNOWN = {"outcome": "same_person", "reason": "full_name born_on"}
"""What a step "identify" says of someone whom the clinic invited."""
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BOOKED, MOVED = date(2026, 6, 1), MovedVisit(date(2026, 3, 9), "10:30", "Dr Hill")
USUAL: dict[str, dict[str, Any]] = {
    "raise": {"reason": "told"},
    "brought_forward": {"visit": MOVED},
}
"""What a step says besides, by its kind or by how it ends."""
POLICY = load_policy(RULES)
TARGETS, CLAIM_MINUTES = POLICY.targets, POLICY.claim_minutes
BY_LEVEL: dict[str, Answers] = {
    "routine": answers(),
    "soon": answers(change="grown"),
    "same_day": answers(skin="pus", autoimmune="scleroderma", kidney="dialysis", place="finger"),
    "emergency": answers(breath="confused", medicines="binder"),
}


def handed(level: str = "same_day") -> SubmittedAnswers:
    """What someone hands over whose answers mean this level."""
    from app.triage.rules import assess_answers

    given, book = BY_LEVEL[level], rulebook()
    assessment = assess_answers(book, given)
    assert assessment.urgency.name == level
    return SubmittedAnswers(given, "me", "uk", assessment, 0, book.version, book.sha256)


@dataclass
class Work:
    """One clinic, c1 unless said otherwise, in which kim and lee are nurses and ada leads."""

    store: Store
    clinic: str = "c1"
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        roles = {"kim": "nurse", "lee": "nurse", "ada": "lead", "aud": "auditor"}
        with self.store.writing_scope(self.clinic, MONDAY, "kim") as scope:
            row = {k: v for k, v in A_ROW_OF["staff"].items() if k != "clinic_id"}
            scope.add_rows(Staff, [row | {"id": n, "role": r} for n, r in roles.items()])

    def invite(self, now: datetime = MONDAY, **more: Any) -> str:
        """The id of a new invitation of someone new, who has a visit booked."""
        n = next(self.numbers)
        usual = {"reference": f"R-{n}", "name": f"Patient {n}", "appointment_on": BOOKED}
        guest = Invitee(**usual | more)
        return invitations.invite_patients(self.store, self.clinic, now, "kim", [guest], f"key{n}")[
            0
        ]

    def send(self, level: str = "same_day", now: datetime = MONDAY) -> SubmissionReceipt:
        """Someone new hands in answers of this level."""
        return self.hand_in(self.invite(now), level, now)

    def hand_in(
        self, invitation: str, level: str = "same_day", now: datetime = MONDAY
    ) -> SubmissionReceipt:
        with self.store.writing_scope(self.clinic, now, PATIENT) as scope:
            return submissions.accept_answers(scope, invitation, handed(level), TARGETS)

    def do(self, who: str, submission: str, kind: str, now: datetime = MONDAY, **more: Any) -> int:
        """One step after all that was done so far, unless `after` says otherwise.

        A raised level has its reason and a visit that is brought forward its day, unless said.
        """
        more = USUAL.get(str(more.get("outcome", kind)), {}) | more
        with self.store.writing_scope(self.clinic, now, who) as scope:
            row = scope.find_one(WorklistRow, submission_id=submission)
            last = row.last_entry if row else 0
            step = ReviewStep(
                **{"kind": kind, "after": last, "key": f"step{next(self.numbers)}"} | more
            )
            return reviews.perform_step(scope, submission, step, TARGETS)

    def lower(
        self, who: str, submission: str, to: Urgency = Urgency.routine, **more: object
    ) -> int:
        """Lower with all that it needs."""
        with self.store.reading_scope(self.clinic) as scope:
            findings = submission_versions.list_versions(scope, submission)[-1].body["findings"]
        words = "Seen at the desk."
        rules = tuple(rule for rule, *_ in findings)
        whole = {"level": to, "reason": "examined", "rules": rules, "words": words} | more
        return self.do(who, submission, "lower", **whole)

    def row(self, submission: str) -> WorklistRow:
        with self.store.reading_scope(self.clinic) as scope:
            return worklist_rows.require_row(scope, submission, MONDAY)
