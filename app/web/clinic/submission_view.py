"""A submission read for a member of staff, which is noted in the audit, and its parts in words.

Read in six statements, whatever was answered and done. It renders nothing and knows no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException

from app.documents.receipt import RulebookArchive
from app.documents.short_answers import ShortWording
from app.presentation.question import find_respondent
from app.presentation.result import AnswerView, LevelCard, ResultPresenter
from app.presentation.safety_net import build_caution_values
from app.presentation.submission import SubmissionPresenter, describe_labs
from app.store import clinics, reviews
from app.store import submission_reads as record
from app.store.accounts import staff
from app.store.db import audit, record_keys
from app.store.db.tables import Clinic, Staff
from app.store.submission_reads import SubmissionRecord
from app.store.submission_versions import AnswersVersion
from app.store.worklist_rows import NoSuchSubmission
from app.triage.answers import keep_known_answers
from app.triage.dangers import add_todays_signs
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Assessment, Urgency
from app.triage.what_if import try_other_answers
from app.web.access import StaffRequest
from app.web.clinic import account
from app.web.clinic.worklist import STATES, last_timely_day
from app.web.pages import AppContext, app_context, filler_for

_RESPONDENT_WORDS = {
    "me": "submission.by.me",
    "child": "submission.by.child",
    "other": "submission.by.other",
}
_KINDS = {
    "first": "submission.version.first",
    "changed": "submission.version.changed",
    "nurse": "submission.version.nurse",
}


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """A submission, and the newest of its answers as the rules of their day saw them."""

    record: SubmissionRecord
    clinic: Clinic
    members: list[Staff]
    presenter: SubmissionPresenter
    patient_presenter: ResultPresenter
    patient_assessment: Assessment
    has_own_rulebook: bool

    @property
    def staff_names(self) -> dict[str, str]:
        """Who is who of the staff."""
        return {member.id: member.name for member in self.members}

    @property
    def described_labs(self) -> list[str]:
        """Blood results that a nurse typed, in words."""
        unread = self.presenter.assessment.labs_not_weighed
        return describe_labs(self.presenter, self.record.newest_version.lab_results, unread)


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


class OtherSubmission(NamedTuple):
    """Another submission of the same person."""

    id: str
    at: str
    level: str
    badge: str
    state: str


def open_submission(staff_request: StaffRequest, also: str = "") -> SubmissionView:
    """The submission in the address; `also`: what is done with it beside looking.

    Raises HTTPException for what this clinic does not have.
    """
    who, id_ = staff_request.signed_in_staff, staff_request.request.path_params["id"]
    try:
        with staff_request.store.writing_scope(who.clinic) as scope:
            found = record.load_record(scope, staff_request.now, id_)
            reviews.record_view(
                scope, staff_request.now, who.staff, id_, staff_request.client_address, found.row
            )
            if also:
                audit.record_event(
                    scope,
                    staff_request.now,
                    who.staff,
                    also,
                    ("submission", id_),
                    staff_request.client_address,
                )
            clinic, members = clinics.load_clinic(scope), staff.list_staff(scope)
    except (NoSuchSubmission, record_keys.KeyDestroyed):
        raise HTTPException(404) from None
    result_presenter, at_hand = _build_result_presenter(staff_request, found, found.newest_version)
    own, _ = (
        (result_presenter, at_hand)
        if found.newest_own_version is found.newest_version
        else _build_result_presenter(staff_request, found, found.newest_own_version)
    )
    presenter = _build_presenter(staff_request, result_presenter, found.newest_version)
    own_assessment = (
        presenter.assessment
        if own is result_presenter
        else assess_answers(own.rulebook, own.answers)
    )
    return SubmissionView(found, clinic, members, presenter, own, own_assessment, at_hand)


def _build_presenter(
    staff_request: StaffRequest, result_presenter: ResultPresenter, version: AnswersVersion
) -> SubmissionPresenter:
    book = result_presenter.rulebook
    path = book.questionnaire.trace_path(result_presenter.answers)
    short = ShortWording(
        app_context(staff_request.request).page_wording.pages,
        result_presenter.words,
        book.questionnaire,
    )
    labs = {
        analyte: {"value": lab["value"], "unit": lab["unit"]}
        for analyte, lab in version.lab_results.items()
        if analyte in book.laboratory.analytes
    }
    assessment = assess_answers(book, path.answers, labs)
    today = app_context(staff_request.request).rulebook.dangers
    dangers = add_todays_signs(book.dangers, today, book.questionnaire)
    return SubmissionPresenter(
        result_presenter,
        short,
        path,
        assessment,
        try_other_answers(book, path.answers, labs),
        dangers,
    )


def _build_result_presenter(
    staff_request: StaffRequest, found: SubmissionRecord, version: AnswersVersion
) -> tuple[ResultPresenter, bool]:
    """In the words of the rulebook that judged these answers, where it is at hand.

    Answers that today's rules no longer know are left out; the page says that rules differ.
    """
    shelf: RulebookArchive = staff_request.request.app.state.archive
    book = shelf.find_rulebook(version.rulebook_version, version.rulebook_sha256)
    context: AppContext = app_context(staff_request.request)
    if book is not None:
        context = replace(context, rulebook=book)
    questions = context.rulebook.questionnaire
    given: Answers = version.answers
    if book is None:
        given = shelf.translate_to_current(version.rulebook_version, given)
    answers = keep_known_answers(questions, given).answers
    words, fill = context.rulebook.wording[context.language], filler_for(context, found.region)
    return ResultPresenter(context.rulebook, words, fill, answers, found.about), book is not None


def respondent_key(view: SubmissionView) -> str:
    """The key of the words for who answered."""
    if view.record.source == "assisted":
        return "submission.by.nurse"
    return _RESPONDENT_WORDS[
        find_respondent(
            view.patient_presenter.rulebook.roles, view.patient_presenter.answers, view.record.about
        )
    ]


def find_visit_deadline(staff_request: StaffRequest, view: SubmissionView) -> VisitDeadline:
    """By when the patient should be seen, and whether the visit that is booked fits that."""
    line, zone = view.record.listed, view.clinic.time_zone
    day = _last_timely_day(staff_request, view)
    booked = line.payload["appointment_on"]
    visit = date.fromisoformat(booked) if booked else None
    if line.level is Urgency.emergency:
        words = "submission.needed.now"
    elif day is not None:
        words = "submission.needed.by"
    elif line.level is Urgency.self_care:
        words = "submission.needed.home"
    else:
        words = "submission.needed.routine"
    today = staff_request.now.astimezone(ZoneInfo(zone)).date()
    forward = visit is not None and day is not None and visit > day
    late = day is not None and day < today and line.state != "closed"
    return VisitDeadline(words, _format_day(day), late, _format_day(visit), forward)


def _last_timely_day(staff_request: StaffRequest, view: SubmissionView) -> date | None:
    """The last day that is soon enough; None where the level names none."""
    line, found = view.record.listed, view.presenter.assessment
    zone = view.clinic.time_zone
    if line.level == found.urgency and found.within is not None:
        last = line.arrived_at + timedelta(hours=int(found.within.split()[0]))
        return last.astimezone(ZoneInfo(zone)).date()
    within = staff_request.request.app.state.visit_days.get(line.level)
    return last_timely_day(within, line.arrived_at, zone)


def _format_day(day: date | None) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}" if day else ""


def summarize_versions(staff_request: StaffRequest, view: SubmissionView) -> list[VersionSummary]:
    """Every assessment that was made, the first one first."""
    levels, types = (
        app_context(staff_request.request).page_wording.levels,
        view.presenter.result_presenter.words.types,
    )
    return [
        VersionSummary(
            version.number,
            _KINDS[version.kind],
            view.staff_names.get(version.author or "", ""),
            account.format_local_time(version.made_at, view.clinic.time_zone),
            version.urgency.name,
            levels[version.urgency.name].parts["badge"],
            types[likely].name if (likely := version.body["likely_type"]) in types else "",
        )
        for version in view.record.versions
    ]


def trace_answer_history(staff_request: StaffRequest, view: SubmissionView) -> list[AnswerHistory]:
    """Every answer as it was read, with the version it is from and what was ticked before."""
    presenter, versions = view.presenter, view.record.versions
    given = {
        version.number: _answers_as_newest(staff_request, view, version) for version in versions
    }
    found = []
    for answer in presenter.result_presenter.all_answers(presenter.counted_answers):
        since, before = versions[0], None
        for earlier, version in pairwise(versions):
            said = given[earlier.number].get(answer.id)
            if given[version.number].get(answer.id) != said:
                since, before = version, said
        at = _format_day_time(since.made_at, view.clinic.time_zone)
        was = _chosen_words(presenter.result_presenter, answer.id, before) if before else ()
        short = presenter.short.question_text(answer.id)
        found.append(AnswerHistory(short, answer, since.number, at, was))
    return found


def _answers_as_newest(
    staff_request: StaffRequest, view: SubmissionView, version: AnswersVersion
) -> Answers:
    """What a version says in the questions of the newest one, with which it is compared."""
    shelf: RulebookArchive = staff_request.request.app.state.archive
    if view.record.newest_version.rulebook_version != shelf.current.version:
        return version.answers
    return shelf.translate_to_current(version.rulebook_version, version.answers)


def _chosen_words(
    result_presenter: ResultPresenter, question: str, chosen: frozenset[str]
) -> tuple[str, ...]:
    known = chosen & set(result_presenter.rulebook.questionnaire[question].option_ids)
    return next((one.chosen for one in result_presenter.all_answers({question: known})), ())


def _format_day_time(at: datetime, time_zone: str) -> str:
    there = at.astimezone(ZoneInfo(time_zone))
    return f"{there.day} {there:%b, %H:%M}"


def describe_patient_result(view: SubmissionView) -> dict[str, Any]:
    """What the person was shown: the very words and parts of their result."""
    result_presenter, assessment = view.patient_presenter, view.patient_assessment
    reasons, also = result_presenter.split_reasons(assessment)
    card: LevelCard = result_presenter.build_card(assessment)
    return {
        "card": card,
        "about": find_respondent(
            result_presenter.rulebook.roles, result_presenter.answers, result_presenter.about
        ),
        "reasons": reasons,
        "also": also,
        "advice": result_presenter.advice_by_section(assessment),
        **build_caution_values(result_presenter, assessment),
    }


def describe_other_submissions(
    staff_request: StaffRequest, view: SubmissionView
) -> list[OtherSubmission]:
    """What else this person sent."""
    levels = app_context(staff_request.request).page_wording.levels
    return [
        OtherSubmission(
            line.submission,
            account.format_local_time(line.arrived_at, view.clinic.time_zone),
            line.level.name,
            levels[line.level.name].parts["badge"],
            STATES[line.state],
        )
        for line in view.record.others
    ]
