"""One submission in words for staff: by when, what was answered since when, what was done.

It joins what is kept with the words of its rules and of today's pages; it decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.documents.receipt import RulebookArchive
from app.documents.sbar import AssessedAnswers, ClinicFacts, write_sbar_texts
from app.presentation.dates import (
    format_day_time,
    format_local_time,
    format_weekday,
    last_timely_day,
)
from app.presentation.result import AnswerView, LevelCard, ResultPresenter
from app.presentation.review_words import OUTCOMES, REASONS
from app.presentation.submission import (
    AssessmentView,
    FiredRule,
    SubmissionPresenter,
    describe_labs,
)
from app.presentation.worklist_row import OtherSubmission, RowPresenter, WorklistRowView
from app.store.db.tables import Staff
from app.store.review_rules import CLOSING_KINDS
from app.store.review_steps import count_failed_calls
from app.store.submission_reads import ReviewAction, SubmissionRecord
from app.store.submission_versions import AnswersVersion
from app.triage.terms import Answers, Assessment, Urgency

_ENDS = (*CLOSING_KINDS, "ask_close", "close_no")
"""The last of these says how it ends, or that a second person is asked about it."""


class VisitDeadline(NamedTuple):
    """By when, in words; whether that is over; the visit; whether it should come sooner."""

    words: str
    day: str
    late: bool
    visit: str
    forward: bool


class VersionSummary(NamedTuple):
    """One assessment of several: whose answers, when, and the level."""

    number: int
    kind: str
    by: str
    at: str
    level: str
    badge: str
    likely: str


class AnswerHistory(NamedTuple):
    """One answer as it was read and ticked, since which version, and what it was before."""

    short: str
    answer: AnswerView
    since: int
    at: str
    was: tuple[str, ...]


class ActionView(NamedTuple):
    """One thing that was done: by whom, when, and the key of the words for it."""

    action: ReviewAction
    by: str
    at: str
    words: str


class UnmetNeeds(NamedTuple):
    """`signs`: rules that call for help today or now. `patient_heading`: what the patient reads."""

    signs: tuple[FiredRule, ...]
    patient_heading: str
    in_vain: int


@dataclass(frozen=True)
class SubmissionView:
    """A submission, and the newest of its answers as the rules of their day saw them.

    `row_presenter`: puts lines of this clinic into the words of today. `patient_presenter` and
    `patient_assessment`: what the person was shown. `has_own_rulebook`: whether the rules of that
    day are at hand; without them today's are asked.
    """

    record: SubmissionRecord
    members: list[Staff]
    row_presenter: RowPresenter
    presenter: SubmissionPresenter
    patient_presenter: ResultPresenter
    patient_assessment: Assessment
    has_own_rulebook: bool
    archive: RulebookArchive

    @cached_property
    def staff_names(self) -> dict[str, str]:
        """Who is who of the staff."""
        return {member.id: member.name for member in self.members}

    @cached_property
    def row(self) -> WorklistRowView:
        """Its line on the worklist."""
        return self.row_presenter.build_row(self.staff_names, self.record.listed)

    @cached_property
    def described_labs(self) -> list[str]:
        """Blood results that a nurse typed, in words."""
        unread = self.presenter.assessment.labs_not_weighed
        return describe_labs(self.presenter, self.record.newest_version.lab_results, unread)

    @property
    def respondent_key(self) -> str:
        """The key of the words for who answered."""
        if self.record.source == "assisted":
            return "submission.by.nurse"
        return f"submission.by.{self.patient_presenter.respondent}"

    def format_time(self, at: datetime) -> str:
        """A time on the clinic's clock and calendar."""
        return format_local_time(at, self.row_presenter.time_zone, self.row_presenter.language)

    def staff_name(self, id_: str | None) -> str:
        """Who that is; "" for nobody of the staff."""
        return self.staff_names.get(id_ or "", "")

    @cached_property
    def visit_deadline(self) -> VisitDeadline:
        """By when the patient should be seen, and whether the visit that is booked fits that."""
        line, day = self.record.listed, self._last_timely_day()
        booked = line.payload["appointment_on"]
        visit = date.fromisoformat(booked) if booked else None
        if line.level is Urgency.emergency:
            key = "submission.needed.now"
        elif day is not None:
            key = "submission.needed.by"
        elif line.level is Urgency.self_care:
            key = "submission.needed.home"
        else:
            key = "submission.needed.routine"
        now, language = self.row_presenter.now, self.row_presenter.language
        today = now.astimezone(ZoneInfo(self.row_presenter.time_zone)).date()
        return VisitDeadline(
            key,
            format_weekday(day, language),
            late=day is not None and day < today and line.state != "closed",
            visit=format_weekday(visit, language),
            forward=visit is not None and day is not None and visit > day,
        )

    def _last_timely_day(self) -> date | None:
        """The last day that is soon enough; None where the level names none."""
        line, assessment = self.record.listed, self.presenter.assessment
        zone = self.row_presenter.time_zone
        if line.level == assessment.urgency and assessment.within is not None:
            last = line.arrived_at + timedelta(hours=int(assessment.within.split()[0]))
            return last.astimezone(ZoneInfo(zone)).date()
        within = self.row_presenter.visit_days.get(line.level)
        return last_timely_day(within, line.arrived_at, zone)

    def summarize_versions(self) -> list[VersionSummary]:
        """Every assessment that was made, the first one first."""
        types = self.presenter.result_presenter.words.types
        return [
            VersionSummary(
                version.number,
                f"submission.version.{version.kind}",
                self.staff_name(version.author),
                self.format_time(version.made_at),
                version.urgency.name,
                self.row_presenter.level_badge(version.urgency),
                types[likely].name if (likely := version.body["likely_type"]) in types else "",
            )
            for version in self.record.versions
        ]

    def list_actions(self) -> list[ActionView]:
        """Everything that was done, the first thing first."""
        return [
            ActionView(
                action,
                self.staff_name(action.by),
                self.format_time(action.at),
                f"review.{action.kind}.done",
            )
            for action in self.record.actions
        ]

    def list_others(self) -> list[OtherSubmission]:
        """What else this person sent."""
        return [self.row_presenter.build_short_row(line) for line in self.record.others]

    def trace_answer_history(self) -> list[AnswerHistory]:
        """Every answer as it was read, with the version it is from and what was ticked before."""
        presenter, versions = self.presenter.result_presenter, self.record.versions
        given = {version.number: self._answers_as_newest(version) for version in versions}
        found = []
        for answer in presenter.all_answers(self.presenter.counted_answers):
            since, before = versions[0], None
            for earlier, version in pairwise(versions):
                said = given[earlier.number].get(answer.id)
                if given[version.number].get(answer.id) != said:
                    since, before = version, said
            row = self.row_presenter
            found.append(
                AnswerHistory(
                    self.presenter.short.question_text(answer.id),
                    answer,
                    since.number,
                    format_day_time(since.made_at, row.time_zone, row.language),
                    _chosen_words(presenter, answer.id, before) if before else (),
                )
            )
        return found

    def _answers_as_newest(self, version: AnswersVersion) -> Answers:
        """What a version says in the questions of the newest one, with which it is compared."""
        if self.record.newest_version.rulebook_version != self.archive.current.version:
            return version.answers
        return self.archive.translate_to_current(version.rulebook_version, version.answers)

    def find_unmet_needs(self) -> UnmetNeeds:
        """What stays without help if this is closed as it is."""
        grave = {level.name for level in Urgency if level >= Urgency.same_day}
        return UnmetNeeds(
            tuple(rule for rule in self.presenter.fired_rules() if rule.level in grave),
            self.build_patient_card().heading,
            count_failed_calls((e.kind, e.outcome) for e in self.record.actions),
        )

    def build_patient_card(self) -> LevelCard:
        """The card of the level that counts now, in the words of what the person was shown."""
        level, own = self.record.listed.level, self.patient_assessment
        if own.urgency == level:
            return self.patient_presenter.build_card(own)
        return self.patient_presenter.build_level_card(level.name)

    def write_sbar_texts(self, assessed: AssessmentView) -> tuple[str, str]:
        """SBAR in the words of today: (the text, the text with what was answered no)."""
        presenter, by_when = self.presenter, self.visit_deadline
        book, payload = presenter.result_presenter.rulebook, self.record.listed.payload
        visit = ""
        if by_when.visit:
            forward = "sbar.forward" if by_when.forward else "sbar.in_time"
            visit = f"{self._say('sbar.visit', day=by_when.visit)}, {self._say(forward)}"
        facts = ClinicFacts(
            reference=payload["reference"],
            name=payload["name"],
            sent_as=self.record.sent_as,
            sent=self._say("sbar.sent", time=self.format_time(self.record.arrived_at)),
            answered_by=self._say(self.respondent_key),
            level=presenter.level_badge(self.record.listed.level),
            needed=self._say(by_when.words, day=by_when.day),
            emergency_number=book.regions[self.record.region].emergency_number,
            visit=visit,
            asked=tuple(self._next_steps(assessed)),
            labs=tuple(self.described_labs),
        )
        known = AssessedAnswers(
            book,
            presenter.counted_answers,
            presenter.assessment,
            assessed.tried,
            assessed.danger_states,
        )
        return write_sbar_texts(known, facts, presenter.short)

    def _next_steps(self, assessed: AssessmentView) -> list[str]:
        """What was decided so far, or what is left to do; and what the patient knows."""
        left = ["sbar.nothing_agreed", *(["sbar.ask_back"] if assessed.unsure else [])]
        shown = [] if self.record.source == "assisted" else [self._say("sbar.net")]
        return [*(self._decisions() or map(self._say, left)), *shown]

    def _decisions(self) -> list[str]:
        """What was decided so far, and by whom, without any words that were typed."""
        lines = []
        for kinds in (("agree", "raise", "lower"), ("second_yes", "second_no"), _ENDS):
            action = self.record.last_action(*kinds)
            if action is not None:
                ending = OUTCOMES.get(action.outcome or "")
                done = self._say(f"review.{action.kind}.done").rstrip(".")
                said = [self.staff_name(action.by), done, self._say(ending) if ending else ""]
                lines.append(" ".join(filter(None, said)))
        return lines

    def _say(self, key: str, **more: str) -> str:
        """The words of a page as they are written: in HTML some letters differ."""
        words = self.row_presenter.words
        return words.fill_placeholders(words.pages[key], {}, **more)

    def describe(self) -> dict[str, Any]:
        """What every page and paper about a submission says of it."""
        record, presenter = self.record, self.presenter
        result, assessment = presenter.result_presenter, presenter.assessment
        rules_level = record.newest_version.urgency
        return {
            "id": record.listed.submission,
            "row": self.row,
            "needed": self.visit_deadline,
            "answered_by": self.respondent_key,
            "arrived": self.format_time(record.arrived_at),
            "patient_reference": record.sent_as,
            "level": record.listed.level,
            "state": record.listed.state,
            "rules_badge": presenter.level_badge(rules_level)
            if rules_level != record.listed.level
            else "",
            "own_rulebook": self.has_own_rulebook,
            "rulebook": result.rulebook,
            "likely_words": result.words.types[assessment.likely_type],
            "kinds": result.fitting_types(assessment),
            "look_alikes": [
                (
                    result.words.look_alikes[alike.id],
                    presenter.short.group_evidence(alike.because),
                )
                for alike in assessment.look_alikes
            ],
            "versions": self.summarize_versions(),
            "labs": self.described_labs,
            "entries": self.list_actions(),
            "outcomes": OUTCOMES,
            "reason_words": REASONS,
        }


def _chosen_words(
    presenter: ResultPresenter, question: str, chosen: frozenset[str]
) -> tuple[str, ...]:
    known = chosen & set(presenter.rulebook.questionnaire[question].option_ids)
    return next((one.chosen for one in presenter.all_answers({question: known})), ())
