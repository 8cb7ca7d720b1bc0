"""Plays the last days of made-up clinics: people are invited and send, nurses look at it."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

from app.commands import console
from app.commands.demo_data.reviewing import (
    REVIEW_SCRIPTS,
    STAYS_OPEN,
    DemoClinic,
    DemoReviewer,
    DemoSubmission,
)
from app.store import invitations, reviews, submissions, worklist_rows
from app.store.clinics import Targets, load_clinic
from app.store.db.patient_tables import AssessmentVersion, Tally, WorklistRow
from app.store.db.scope import PATIENT, Store, WritingScope
from app.store.invitations import Invitee
from app.store.opening_hours import add_open_minutes
from app.store.submission_versions import SubmittedAnswers
from app.store.worklist_rows import rank_to_level
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Urgency

DAYS_BACK = 12  # days back that what happened goes
BATCH = 15  # people who are invited together
DemoEvent = tuple[datetime, int, Callable[[datetime], None]]
"""When, after how many others, and what happens."""


@dataclass(slots=True)
class DemoPlayer:
    """What is still to happen, by time. What lies after `now` never happens.

    `words`: what people.yaml holds. Chance gives the same each time; nothing secret is made of it.
    """

    store: Store
    rulebook: Rulebook
    targets: Targets
    words: Mapping[str, Any]
    now: datetime
    show_progress: Callable[[int], None]
    # The same people each time, by a seed that all may read: nothing secret is made of it.
    chance: Random = field(default_factory=lambda: Random(5))  # noqa: S311
    queue: list[DemoEvent] = field(default_factory=list)
    planned: int = 0
    sent: int = 0
    counts: Counter[tuple[str, date, str]] = field(default_factory=Counter)  # by clinic and day

    def play(self, clinic_shares: Sequence[tuple[DemoClinic, Sequence[Answers]]]) -> None:
        """Let these people send their answers to these clinics over the last days."""
        for clinic, people in clinic_shares:
            self._schedule_invitations(clinic, people)
        while self.queue and self.queue[0][0] <= self.now:
            at, _, do = heapq.heappop(self.queue)
            do(at)
        for clinic, _ in clinic_shares:
            with self.store.writing_scope(clinic.id, self.now, console.COMMAND_ACTOR) as scope:
                self._start_reviews_now(scope, clinic)
                self._store_question_counts(scope, clinic)

    def _schedule(self, at: datetime, do: Callable[..., None], *given: object) -> None:
        """Let this happen at that time, which it is given after the rest."""
        self.planned += 1
        event: DemoEvent = (at, self.planned, partial(do, *given))
        heapq.heappush(self.queue, event)

    def _schedule_invitations(self, clinic: DemoClinic, people: Sequence[Answers]) -> None:
        """Invite everyone, some at a time, and some more who have not answered yet."""
        urgent = max(people, key=lambda one: self._find_level(clinic, one) is Urgency.same_day)
        self._schedule(self.now - timedelta(minutes=9), self._let_one_send_now, clinic, urgent)
        people = [one for one in people if one is not urgent]
        batches = [list(people[at : at + BATCH]) for at in range(0, len(people), BATCH)]
        for number, batch in enumerate(batches):
            ago = timedelta(days=DAYS_BACK - (DAYS_BACK - 1) * number / len(batches))
            self._schedule(self.now - ago, self._invite_batch, clinic, batch, f"day {number}")
        for key, ago, many in (("late", timedelta(days=20), 6), ("open", timedelta(hours=3), 8)):
            self._schedule(self.now - ago, self._invite_batch, clinic, [None] * many, key)

    def _invite_batch(
        self, clinic: DemoClinic, batch: Sequence[Answers | None], key: str, at: datetime
    ) -> None:
        """A nurse invites these; None never answers, and the last one of them is taken back."""
        nurse = self.chance.choice(clinic.nurses)
        guests = [self._make_guest(at) for _ in batch]
        made = invitations.invite_patients(
            self.store, clinic.id, at, nurse, guests, f"{nurse}:{key}"
        )
        for answers, invitation in zip(batch, made, strict=True):
            if answers is not None:
                later = self._choose_later_time(at)
                self._schedule(later, self._send_answers, clinic, invitation, answers)
            else:
                asked = [question.id for question in self.rulebook.questionnaire]
                self._count_questions(clinic, at, asked[: self.chance.randint(1, 6)])
        if batch[-1] is None:
            with self.store.writing_scope(clinic.id, at, nurse) as scope:
                invitations.revoke_invitation(scope, made[-1])

    def _let_one_send_now(self, clinic: DemoClinic, answers: Answers, at: datetime) -> None:
        """Whatever the hour at which the demo starts, something urgent has just come in."""
        nurse = self.chance.choice(clinic.nurses)
        [invitation] = invitations.invite_patients(
            self.store, clinic.id, at, nurse, [self._make_guest(at)], f"{nurse}:now"
        )
        self._send_answers(clinic, invitation, answers, at + timedelta(minutes=5))

    def _find_level(self, clinic: DemoClinic, answers: Answers) -> Urgency:
        return self._submit_answers(clinic, answers).assessment.urgency

    def _make_guest(self, at: datetime) -> Invitee:
        day = (at + timedelta(days=self.chance.randint(3, 40))).date()
        reference = f"H-{1000 + self.planned * 7 + self.chance.randint(0, 6)}"
        self.planned += 1  # so that no reference is given twice
        kind = self.chance.choice(self.words["visits"])
        name = self.chance.choice(self.words["patients"])
        return Invitee(reference, name, day if kind else None, kind)

    def _choose_later_time(self, at: datetime) -> datetime:
        """Some moment up to now, most often soon after, and seldom at night; some just now."""
        if self.planned % 12 == 0:
            return self.now - timedelta(minutes=self.chance.randint(2, 40))
        share = min(self.chance.expovariate(3.0), 0.999)
        then = at + timedelta(minutes=5) + (self.now - at - timedelta(minutes=7)) * share
        waking = then + timedelta(hours=7) if then.hour < 7 else then
        return waking if waking < self.now else then

    def _send_answers(
        self, clinic: DemoClinic, invitation: str, answers: Answers, at: datetime
    ) -> None:
        """A person sends; some come back later, worse."""
        submitted = self._submit_answers(clinic, answers)
        with self.store.writing_scope(clinic.id, at, PATIENT) as scope:
            found = submissions.accept_answers(scope, invitation, submitted, self.targets)
        self.sent += 1
        self.show_progress(self.sent)
        self._count_questions(clinic, at, [*submitted.answers, "end"])
        fired = [f.rule for f in submitted.assessment.findings if f.urgency == found.urgency]
        sent = DemoSubmission(clinic, found.submission, found.urgency, tuple(fired))
        comes_back = self.chance.random() < 0.06
        worse = self._worsen_answers(answers, found.urgency) if comes_back else None
        script = self.words["reviews"][self.sent % len(self.words["reviews"])]
        if worse is not None:
            again = at + timedelta(hours=26)
            self._schedule(again, self._send_answers_again, clinic, invitation, worse)
            script = "note"
        self._schedule_review(sent, script, at, comes_back=worse is not None)

    def _send_answers_again(
        self, clinic: DemoClinic, invitation: str, answers: Answers, at: datetime
    ) -> None:
        """The same person sends again; it is to be looked at again."""
        submitted = self._submit_answers(clinic, answers)
        with self.store.writing_scope(clinic.id, at, PATIENT) as scope:
            found = submissions.accept_answers(scope, invitation, submitted, self.targets)
        sent = DemoSubmission(clinic, found.submission, found.urgency, ())
        self._schedule_review(sent, "decide", at)

    def _submit_answers(self, clinic: DemoClinic, answers: Answers) -> SubmittedAnswers:
        kept = self.rulebook.questionnaire.trace_path(answers).answers
        (age,) = kept.get("age", frozenset({""}))
        young = age in {"under_3m", "under_1", "child"}
        about = "child" if young else "other" if self.chance.random() < 0.1 else "me"
        assessment = assess_answers(self.rulebook, kept)
        return SubmittedAnswers.from_rulebook(
            self.rulebook, kept, assessment, about=about, region=clinic.region
        )

    def _worsen_answers(self, answers: Answers, level: Urgency) -> Answers | None:
        """The same person with graver signs; None where nothing graver is left."""
        for signs in self.words["worse"]:
            worse = {question: frozenset(chosen) for question, chosen in signs.items()}
            changed = self.rulebook.questionnaire.trace_path({**answers, **worse}).answers
            if assess_answers(self.rulebook, changed).urgency > level:
                return changed
        return None

    def _schedule_review(
        self, sent: DemoSubmission, script: str, at: datetime, *, comes_back: bool = False
    ) -> None:
        """Someone looks, mostly within the target. A grave level is seldom left open."""
        with self.store.reading_scope(sent.clinic.id) as scope:
            kept = load_clinic(scope)
        minutes = max(2, round(self.targets[sent.level] * self.chance.uniform(0.1, 1.15)))
        if sent.level >= Urgency.same_day and script != "lower" and self.chance.random() < 0.6:
            script = "decide"
        opening = add_open_minutes(kept, at, minutes)
        self._schedule(opening, self._review_submission, sent, script, comes_back)

    def _review_submission(
        self, sent: DemoSubmission, script: str, comes_back: bool, at: datetime
    ) -> None:
        """Someone looks, and most often decides; what stays open is looked at again."""
        with self.store.writing_scope(sent.clinic.id, at, console.COMMAND_ACTOR) as scope:
            row = worklist_rows.require_row(scope, sent.id, at)
            scope = scope.act_as(row.owner_id or self.chance.choice(sent.clinic.nurses))
            reviews.record_view(scope, sent.id, "")
            if self.chance.random() < 0.12:
                flags = [self.chance.choice(worklist_rows.PATIENT_FLAGS)]
                worklist_rows.save_patient_flags(scope, sent.id, flags)
            if row.closed:
                return
            self._play_script(scope, sent, script, row.last_entry)
        if script in STAYS_OPEN and not comes_back:
            self._schedule_review(sent, "decide", at)

    def _play_script(
        self, scope: WritingScope, sent: DemoSubmission, script: str, last: int
    ) -> None:
        reviewer = self._make_reviewer(scope, sent, last)
        REVIEW_SCRIPTS[script](reviewer)
        if reviewer.second_at is not None:
            self._schedule(reviewer.second_at, self._decide_as_lead, sent, reviewer.last)

    def _make_reviewer(self, scope: WritingScope, sent: DemoSubmission, last: int) -> DemoReviewer:
        return DemoReviewer(scope, self.targets, self.chance, self.words, self.now, sent, last)

    def _decide_as_lead(self, sent: DemoSubmission, last: int, at: datetime) -> None:
        with self.store.writing_scope(sent.clinic.id, at, sent.clinic.leads[0]) as scope:
            reviews.record_view(scope, sent.id, "")
            kind = "second_yes" if self.chance.random() < 0.6 else "second_no"
            self._make_reviewer(scope, sent, last).take_review_step(kind)
        self._schedule_review(sent, "decide", at)

    def _start_reviews_now(self, scope: WritingScope, clinic: DemoClinic) -> None:
        """What nurses do at this moment: some are read, one waits for a second, one moves."""
        order = [WorklistRow.rank, WorklistRow.due_at, WorklistRow.arrived]
        waiting = scope.find_all(WorklistRow, closed=False, owner_id=None, order_by=order)
        grave = [row for row in waiting if rank_to_level(row.rank) >= Urgency.same_day]
        soon = [row for row in waiting if rank_to_level(row.rank) is Urgency.soon]
        lowered = [(row, "lower") for row in grave[-1:]]
        others = zip(soon, ("note", "note", "move", "reopen"), strict=False)
        for row, script in [*lowered, *others]:
            id_, number = row.submission_id, row.last_version
            newest = scope.find_one(AssessmentVersion, submission_id=id_, number=number)
            rules = tuple(newest.rules if newest else ())
            sent = DemoSubmission(clinic, id_, rank_to_level(row.rank), rules)
            nurse_scope = scope.act_as(self.chance.choice(clinic.nurses))
            reviews.record_view(nurse_scope, id_, "")
            self._play_script(nurse_scope, sent, script, row.last_entry)

    def _count_questions(self, clinic: DemoClinic, at: datetime, reached: Sequence[str]) -> None:
        """Count the questions that someone came to; the last one they left without an answer."""
        for question, following in pairwise(reached):
            for subject in (f"answered:{question}", f"reached:{following}"):
                self.counts[clinic.id, at.date(), subject] += 1

    def _store_question_counts(self, scope: WritingScope, clinic: DemoClinic) -> None:
        rows = [
            {"day": day, "subject": subject, "number": number}
            for (counted_at, day, subject), number in self.counts.items()
            if counted_at == clinic.id
        ]
        scope.add_rows(Tally, rows)
