"""Opening a submission for a member of staff: read once, noted in the audit, ready to be shown.

It renders nothing and knows no rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.documents.short_answers import ShortWording
from app.presentation.result import ResultPresenter
from app.presentation.safety_net import build_caution_values
from app.presentation.submission import AssessmentView, SubmissionPresenter
from app.presentation.submission_view import SubmissionView
from app.presentation.worklist_row import RowPresenter
from app.store import clinics, reviews, submission_reads
from app.store.accounts import sessions, staff
from app.store.db import audit
from app.store.db.tables import Clinic
from app.store.permissions import role_allows
from app.store.submission_versions import AnswersVersion
from app.store.worklist import ClinicSnapshot
from app.triage.dangers import add_todays_signs
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.what_if import try_other_answers
from app.web.pages import filler_for, translator_for
from app.web.patients.submission_status import present_version
from app.web.staff_request import StaffFrame, StaffRequest, read_staff_frame


@dataclass(frozen=True, slots=True)
class SecondPeople:
    """Who else may agree: the names of those who are signed in now, and whether there is anyone."""

    present_names: tuple[str, ...]
    anyone_eligible: bool


@dataclass(frozen=True, slots=True)
class OpenedSubmission:
    """What was read of it at once. `colleagues`: None where nobody else is asked."""

    view: SubmissionView
    clinic: Clinic
    frame: StaffFrame
    colleagues: SecondPeople | None

    def is_free_for(self, staff_id: str) -> bool:
        """Whether it is nobody else's."""
        return self.view.record.listed.owner in (None, staff_id)


def open_submission(
    request: StaffRequest, also: str = "", *, asks_colleagues: bool = False
) -> OpenedSubmission:
    """The submission in the address; `also`: what is done with it beside looking.

    `asks_colleagues`: whether a second person may be asked. Raises NoSuchSubmission or
    KeyDestroyed.
    """
    id_, address = request.path_id, request.client_address
    with request.writing_scope() as scope:
        record = submission_reads.load_record(scope, request.now, id_)
        reviews.record_view(scope, id_, address, record.row)
        if also:
            audit.record_event(scope, also, ("submission", id_), address)
        clinic, members = clinics.load_clinic(scope), staff.list_staff(scope)
        frame = read_staff_frame(request, scope, clinic.time_zone)
        asks = asks_colleagues or record.listed.state == "second_close"
        present = sessions.list_present_staff(scope, request.now) if asks else None
    colleagues = None
    if present is not None:
        others = (m for m in members if m.id != request.staff_id and not m.disabled_at)
        able = [m for m in others if m.joined_at and role_allows(m.role, "second_person")]
        names = tuple(member.name for member in able if member.id in present)
        colleagues = SecondPeople(names, bool(able))
    row_presenter = make_row_presenter(request, clinic)
    newest, own_version = record.newest_version, record.newest_own_version
    about, region = record.about, record.region
    own, at_hand = present_version(request, newest, about, region)
    presenter = _make_presenter(request, own, newest)
    assessment = presenter.assessment
    if own_version is not newest:
        own, _ = present_version(request, own_version, about, region)
        assessment = assess_answers(own.rulebook, own.answers)
    view = SubmissionView(
        record, members, row_presenter, presenter, own, assessment, at_hand, request.context.archive
    )
    return OpenedSubmission(view, clinic, frame, colleagues)


def make_row_presenter(request: StaffRequest, clinic: Clinic | ClinicSnapshot) -> RowPresenter:
    """Puts lines of this clinic into words."""
    context = request.context
    return RowPresenter(
        words=context.page_wording,
        translate=translator_for(context, None)[0],
        fill=filler_for(context, clinic.region),
        language=context.language,
        time_zone=clinic.time_zone,
        now=request.now,
        visit_days=request.context.policy.visit_days,
        rulebook_sha256=context.rulebook.sha256,
    )


def _make_presenter(
    request: StaffRequest, result_presenter: ResultPresenter, version: AnswersVersion
) -> SubmissionPresenter:
    context, book = request.context, result_presenter.rulebook
    return SubmissionPresenter(
        result_presenter,
        ShortWording(context.page_wording.pages, result_presenter.words, book.questionnaire),
        book.questionnaire.trace_path(result_presenter.answers),
        assess_answers(book, result_presenter.answers, _known_labs(book, version)),
        add_todays_signs(book.dangers, context.rulebook.dangers, book.questionnaire),
    )


def _known_labs(book: Rulebook, version: AnswersVersion) -> dict[str, dict[str, str]]:
    """The blood results that the rules of that day can read."""
    known = book.laboratory.analytes
    return {
        analyte: {"value": lab["value"], "unit": lab["unit"]}
        for analyte, lab in version.lab_results.items()
        if analyte in known
    }


def describe_assessment(view: SubmissionView) -> AssessmentView:
    """What the rules of that day made of the answers, with what other answers would make of it."""
    presenter, book = view.presenter, view.presenter.result_presenter.rulebook
    labs = _known_labs(book, view.record.newest_version)
    return presenter.describe_assessment(try_other_answers(book, presenter.counted_answers, labs))


def describe_patient_result(view: SubmissionView) -> dict[str, Any]:
    """What the person was shown: the very words and parts of their result."""
    presenter, assessment = view.patient_presenter, view.patient_assessment
    reasons, also = presenter.split_reasons(assessment)
    return {
        "card": presenter.build_card(assessment),
        "about": presenter.respondent,
        "reasons": reasons,
        "also": also,
        "advice": presenter.advice_by_section(assessment),
        **build_caution_values(presenter, assessment),
    }
