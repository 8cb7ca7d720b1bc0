"""One submission in words for staff: by when, what was answered since when, what was done.

It joins what is kept with the words of its rules and of today's pages; it decides nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from app.documents.receipt import RulebookArchive
from app.presentation.dates import DAY_TIME, FULL_TIME, WEEKDAY, format_day, format_local_time
from app.presentation.ending import EndingFacts, EndingPresenter, collect_ending
from app.presentation.lab_lines import describe_labs, list_deciding_labs
from app.presentation.result import LevelCard, ResultPresenter, View
from app.presentation.review_words import OUTCOMES, REASONS, TRACE_WORDS
from app.presentation.submission import (
    FiredRule,
    SubmissionPresenter,
)
from app.presentation.worklist_row import RowPresenter
from app.store.db.tables import Staff
from app.store.review_steps import count_failed_calls
from app.store.submission_reads import ReviewAction, SubmissionRecord
from app.store.submission_versions import AnswersVersion
from app.triage.terms import Answers, Assessment, Urgency


class VisitDeadline(NamedTuple):
    """By when, in words; whether that is over; the visit; whether it should come sooner.

    `kind`: what was typed of the visit. `to_book`: by when to tell the day of one that moves.
    """

    words: str
    day: str
    late: bool
    visit: str
    forward: bool
    kind: str
    to_book: str
    to_book_late: bool


class UnmetNeeds(NamedTuple):
    """`signs`: rules that call for help today or now. `patient_heading`: what the patient reads."""

    signs: list[FiredRule]
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

    def format_time(self, at: datetime, pattern: str = FULL_TIME) -> str:
        """A time on the clinic's clock and calendar."""
        rows = self.row_presenter
        return format_local_time(at, rows.time_zone, rows.words.language, pattern)

    def staff_name(self, id_: str | None) -> str:
        """Who that is; "" for nobody of the staff."""
        return self.staff_names.get(id_ or "", "")

    @cached_property
    def visit_deadline(self) -> VisitDeadline:
        """By when the patient should be seen, and whether the visit that is booked fits that."""
        line, rows = self.record.listed, self.row_presenter
        day, visit = self.last_timely_day(), rows.visit_day(line)
        due = line.row.move_due_at
        if line.level is Urgency.emergency:
            key = "submission.needed.now"
        elif day is not None:
            key = "submission.needed.by"
        elif line.level is Urgency.self_care:
            key = "submission.needed.home"
        else:
            key = "submission.needed.routine"
        # An emergency is late by its minutes: it may be new on a day on which its person sent.
        counts_days = line.level is not Urgency.emergency
        passed = counts_days and day is not None and day < rows.local_day(rows.now)
        return VisitDeadline(
            key,
            format_day(day, rows.words.language, WEEKDAY),
            late=passed and line.row.state != "closed",
            visit="" if due else rows.format_visit(line, WEEKDAY),
            forward=not due and visit is not None and day is not None and visit > day,
            kind=line.payload.get("appointment_kind", ""),
            to_book=self.format_time(due) if due else "",
            to_book_late=due is not None and due <= rows.now,
        )

    def last_timely_day(self) -> date | None:
        """The last day that is soon enough; None where the level names none."""
        line, assessment = self.record.listed, self.presenter.assessment
        if line.level == assessment.urgency and assessment.within is not None:
            within = timedelta(hours=int(assessment.within.split()[0]))
            return self.row_presenter.local_day(line.row.arrived_at + within)
        return self.row_presenter.last_timely_day(line)

    def describe_ending(self, facts: EndingFacts | None = None) -> View:
        """What the patient reads of how it ended; `facts`: of an end that is only meant yet."""
        listed, rows = self.record.listed, self.row_presenter
        presenter = EndingPresenter(
            rows.now, rows.time_zone, rows.words.language, rows.last_timely_day(listed)
        )
        return presenter.describe(facts or self.collect_ending())

    def collect_ending(self) -> EndingFacts:
        """What is kept of how it ended, if it did."""
        listed = self.record.listed
        return collect_ending(listed.row, listed.level, listed.payload, self.record.actions)

    def trace_answer_history(self) -> list[View]:
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
            was: tuple[str, ...] = ()
            if before:
                options = presenter.rulebook.questionnaire[answer.id].option_ids
                (known,) = presenter.all_answers({answer.id: before & set(options)})
                was = known.chosen
            found.append(
                {
                    "short": self.presenter.short.question_text(answer.id),
                    "answer": answer,
                    "since": since.number,
                    "at": self.format_time(since.made_at, DAY_TIME),
                    "was": was,
                }
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
            [rule for rule in self.presenter.fired_rules() if rule.level in grave],
            self.build_patient_card().heading,
            count_failed_calls((e.kind, e.outcome) for e in self.record.actions),
        )

    def build_patient_card(self) -> LevelCard:
        """The card of the level that counts now, in the words of what the person was shown."""
        level, own = self.record.listed.level, self.patient_assessment
        if own.urgency == level:
            return self.patient_presenter.build_card(own)
        return self.patient_presenter.build_level_card(level.name)

    def describe(self) -> View:
        """What every page and paper about a submission says of it."""
        record, presenter = self.record, self.presenter
        result, assessment = presenter.result_presenter, presenter.assessment
        listed, rules_level = record.listed, record.newest_version.urgency
        overruled = rules_level != listed.level
        return {
            "id": listed.row.submission_id,
            "row": self.row_presenter.build_row(self.staff_names, listed),
            "needed": self.visit_deadline,
            "answered_by": self.respondent_key,
            "arrived": self.format_time(record.row.arrived_at),
            "patient_reference": record.sent_as,
            "level": listed.level,
            "state": listed.row.state,
            "rules_badge": presenter.level_badge(rules_level) if overruled else "",
            "own_rulebook": self.has_own_rulebook,
            "withdrawn": self._describe_withdrawal(),
            "rulebook": result.rulebook,
            "likely_words": result.words.types[assessment.likely_type],
            "kinds": result.fitting_types(assessment),
            "look_alikes": [
                (result.words.look_alikes[a.id], presenter.short.group_evidence(a.because))
                for a in assessment.look_alikes
            ],
            "versions": [self._summarize_version(version) for version in record.versions],
            "labs": [*self.describe_labs().values()],
            "deciding_labs": list_deciding_labs(presenter, self.describe_labs()),
            "entries": [
                (a, self.staff_name(a.by), self.format_time(a.at), f"review.{a.kind}.done")
                for a in record.actions
            ],
            "outcomes": OUTCOMES,
            "moved": {a.number: self._visit_day(a) for a in record.actions if a.visit},
            "reason_words": REASONS,
            "trace_words": TRACE_WORDS,
        }

    def _describe_withdrawal(self) -> str:
        """Since when the rules that judged the answers are withdrawn; "" where they are not."""
        since = self.row_presenter.withdrawn.get(self.record.newest_version.rulebook_sha256)
        return self.format_time(since) if since else ""

    def _visit_day(self, action: ReviewAction) -> str:
        """The day and time to which an entry moves the visit; "" while nobody has booked it."""
        visit, language = action.visit, self.row_presenter.words.language
        if visit is None:
            return ""
        return ", ".join(filter(None, [format_day(visit.day, language, WEEKDAY), visit.time]))

    @property
    def respondent_key(self) -> str:
        """The key of the words for who answered."""
        if self.record.source == "assisted":
            return "submission.by.nurse"
        return f"submission.by.{self.patient_presenter.respondent}"

    def _summarize_version(self, version: AnswersVersion) -> View:
        """One assessment of several: whose answers, when, and the level."""
        types, likely = self.presenter.short.words.types, version.body["likely_type"]
        return {
            "number": version.number,
            "kind": f"submission.version.{version.kind}",
            "by": self.staff_name(version.author),
            "at": self.format_time(version.made_at),
            "level": version.urgency.name,
            "badge": self.row_presenter.level_badge(version.urgency),
            "likely": types[likely].name if likely in types else "",
        }

    def describe_labs(self) -> dict[str, str]:
        """Blood results in words, by analyte."""
        labs = self.record.newest_version.lab_results
        return describe_labs(self.presenter, labs, self.row_presenter.words.language)
