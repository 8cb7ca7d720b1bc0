"""The nurses of made-up clinics: they look, call, agree, raise, lower and close."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.commands.demo_data.days import DemoClinic, DemoEvent, DemoSubmission, DemoTimeline
from app.store import reviews, worklist_rows
from app.store.clinics import load_clinic
from app.store.db.scope import WritingScope
from app.store.db.tables import AssessmentVersion, WorklistRow
from app.store.review_steps import SAME_PERSON, ReviewStep
from app.store.worklist_rows import add_open_minutes, rank_to_level
from app.triage.terms import Urgency

NOTES = (
    "Will bring the list of all medicines.",
    "Brings the letter of the last blood test.",
    "A daughter helps with the pills and will come too.",
    "Asked for a large-print letter.",
)
LOWER_REASONS = ("examined", "in_care", "misread", "known_change")
ENDS: Mapping[Urgency, Sequence[str]] = {
    Urgency.emergency: ("emergency_service",),
    Urgency.same_day: ("seen_today", "seen_today", "other_service"),
    Urgency.soon: ("brought_forward", "appointment_kept", "other_service"),
    Urgency.routine: ("appointment_kept", "advice_given"),
    Urgency.self_care: ("advice_given",),
}


def schedule_review(
    timeline: DemoTimeline, sent: DemoSubmission, at: datetime, *, comes_back: bool
) -> None:
    """Someone looks and most often decides; of whom will come back, they only make a note."""
    script = _claim_and_note if comes_back else REVIEW_SCRIPTS[timeline.sent % len(REVIEW_SCRIPTS)]
    timeline.schedule_event(
        _choose_opening_time(timeline, sent, at),
        _make_review_event(timeline, sent, script, comes_back=comes_back),
    )


def schedule_renewed_review(timeline: DemoTimeline, sent: DemoSubmission, at: datetime) -> None:
    """Someone looks at the new answers of one who came back, and decides."""
    timeline.schedule_event(
        _choose_opening_time(timeline, sent, at),
        _make_review_event(timeline, sent, _decide_and_close),
    )


def start_reviews_now(timeline: DemoTimeline, demo_clinic: DemoClinic) -> None:
    """What nurses do at this moment: some are being read, one waits for a second person."""
    order = [WorklistRow.rank, WorklistRow.due_at, WorklistRow.arrived]
    with demo_clinic.store.writing_scope(demo_clinic.id) as scope:
        waiting = scope.find_all(WorklistRow, closed=False, owner_id=None, order_by=order)
        grave = [row for row in waiting if rank_to_level(row.rank) >= Urgency.same_day]
        soon = [row for row in waiting if rank_to_level(row.rank) is Urgency.soon]
        for row, script in [(row, _lower_level) for row in grave[-1:]] + [
            (row, _claim_and_note) for row in soon[:2]
        ]:
            id_, number = row.submission_id, row.last_version
            newest = scope.find_one(AssessmentVersion, submission_id=id_, number=number)
            rules = tuple(newest.rules if newest else ())
            sent = DemoSubmission(demo_clinic, row.submission_id, rank_to_level(row.rank), rules)
            nurse = timeline.chance.choice(demo_clinic.nurses)
            reviews.record_view(scope, timeline.now, nurse, sent.id, "")
            script(DemoReviewer(timeline, scope, sent, nurse, timeline.now, row.last_entry))


def _choose_opening_time(timeline: DemoTimeline, sent: DemoSubmission, at: datetime) -> datetime:
    """When someone looks: mostly within the target, in opening hours."""
    with sent.demo_clinic.store.reading_scope(sent.demo_clinic.id) as scope:
        clinic = load_clinic(scope)
    target = timeline.targets[sent.level]
    return add_open_minutes(clinic, at, max(2, round(target * timeline.chance.uniform(0.1, 1.15))))


def _make_review_event(
    timeline: DemoTimeline,
    sent: DemoSubmission,
    script: "ReviewScript",
    *,
    comes_back: bool = False,
) -> DemoEvent:
    """Someone looks, and most often decides. A grave level is seldom left open."""
    if (
        sent.level >= Urgency.same_day
        and script is not _lower_level
        and timeline.chance.random() < 0.6
    ):
        script = _decide_and_close

    def review_submission(at: datetime) -> None:
        with sent.demo_clinic.store.writing_scope(sent.demo_clinic.id) as scope:
            row = worklist_rows.require_row(scope, sent.id, at)
            nurse = row.owner_id or timeline.chance.choice(sent.demo_clinic.nurses)
            reviews.record_view(scope, at, nurse, sent.id, "")
            if timeline.chance.random() < 0.12:
                worklist_rows.save_patient_flags(
                    scope, at, nurse, sent.id, [timeline.chance.choice(worklist_rows.PATIENT_FLAGS)]
                )
            if row.closed:
                return
            script(DemoReviewer(timeline, scope, sent, nurse, at, row.last_entry))
        if script in STAYS_OPEN and not comes_back:
            timeline.schedule_event(
                _choose_opening_time(timeline, sent, at),
                _make_review_event(timeline, sent, _decide_and_close),
            )

    return review_submission


@dataclass(slots=True)
class DemoReviewer:
    """Someone at work on one submission, a minute or two for each step."""

    timeline: DemoTimeline
    scope: WritingScope
    sent: DemoSubmission
    who: str
    at: datetime
    last: int = 0

    def take_review_step(self, kind: str, **more: object) -> None:
        """One step."""
        later = self.at + timedelta(seconds=self.timeline.chance.randint(20, 200))
        self.at = min(later, self.timeline.now)
        # Each kind of step has fields of its own, which a dict of keywords cannot tell the checker.
        step = ReviewStep(kind, self.last, f"{self.who}:{self.sent.id}:{self.last}", **more)  # type: ignore[arg-type]
        self.last = reviews.perform_step(
            self.scope, self.at, self.who, self.sent.id, step, self.timeline.targets
        )


def _decide_and_close(reviewer: DemoReviewer) -> None:
    chance, level = reviewer.timeline.chance, reviewer.sent.level
    if level >= Urgency.same_day or chance.random() < 0.3:
        reviewer.take_review_step("call", outcome="answered", words=chance.choice([*NOTES, "", ""]))
    if level in (Urgency.routine, Urgency.soon) and chance.random() < 0.08:
        reviewer.take_review_step("raise")
        level = Urgency(level + 1)
    else:
        reviewer.take_review_step("agree")
    _identify_and_close(reviewer, level)


def _claim_and_note(reviewer: DemoReviewer) -> None:
    reviewer.take_review_step("claim")
    reviewer.take_review_step("note", words=reviewer.timeline.chance.choice(NOTES))


def _call_without_answer(reviewer: DemoReviewer) -> None:
    reviewer.take_review_step("call", outcome="no_answer")
    if reviewer.timeline.chance.random() < 0.5:
        reviewer.take_review_step("call", outcome="no_answer", words="Left no message.")


def _look_only(reviewer: DemoReviewer) -> None:
    """Nothing more: it stays nobody's."""


def _lower_level(reviewer: DemoReviewer) -> None:
    """Lower by one level; from the two highest on, a second person has to agree later."""
    timeline, sent = reviewer.timeline, reviewer.sent
    if sent.level <= Urgency.routine:
        return _decide_and_close(reviewer)
    reviewer.take_review_step(
        "lower",
        level=Urgency(sent.level - 1),
        reason=timeline.chance.choice(LOWER_REASONS),
        rule=next(iter(sent.rules), None),
        words="Seen at the desk today." if timeline.chance.random() < 0.4 else "",
    )
    if sent.level >= Urgency.same_day:
        later = reviewer.at + timedelta(hours=timeline.chance.choice([1, 24, 48]))
        return timeline.schedule_event(later, _make_second_decision(timeline, sent, reviewer.last))
    return _identify_and_close(reviewer, Urgency(sent.level - 1))


def _identify_and_close(reviewer: DemoReviewer, level: Urgency) -> None:
    """Close it, once two facts about the person were compared."""
    reviewer.take_review_step("identify", outcome=SAME_PERSON, reason="full_name born_on")
    reviewer.take_review_step("close", outcome=reviewer.timeline.chance.choice(ENDS[level]))


def _make_second_decision(timeline: DemoTimeline, sent: DemoSubmission, last: int) -> DemoEvent:
    def decide_as_lead(at: datetime) -> None:
        with sent.demo_clinic.store.writing_scope(sent.demo_clinic.id) as scope:
            lead = sent.demo_clinic.leads[0]
            reviews.record_view(scope, at, lead, sent.id, "")
            yes = timeline.chance.random() < 0.6
            DemoReviewer(timeline, scope, sent, lead, at, last).take_review_step(
                "second_yes" if yes else "second_no"
            )
        timeline.schedule_event(
            _choose_opening_time(timeline, sent, at),
            _make_review_event(timeline, sent, _decide_and_close),
        )

    return decide_as_lead


ReviewScript = Callable[[DemoReviewer], None]
REVIEW_SCRIPTS: tuple[ReviewScript, ...] = (
    *(
        _decide_and_close,
        _decide_and_close,
        _claim_and_note,
        _decide_and_close,
        _lower_level,
        _decide_and_close,
        _call_without_answer,
        _decide_and_close,
        _decide_and_close,
        _lower_level,
    ),
    *(_decide_and_close, _look_only, _decide_and_close),
)
"""What comes of a look, one person after the other."""
STAYS_OPEN = (_claim_and_note, _call_without_answer, _look_only)
"""After these, someone comes back to it."""
