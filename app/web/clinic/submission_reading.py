"""Opening a submission for a member of staff: read once, noted in the audit, ready to be shown.

It renders nothing and knows no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from starlette.exceptions import HTTPException

from app.documents.receipt import RulebookArchive
from app.documents.short_answers import ShortWording
from app.presentation.result import ResultPresenter
from app.presentation.safety_net import build_caution_values
from app.presentation.submission import AssessmentView, SubmissionPresenter
from app.presentation.submission_view import SubmissionView
from app.presentation.worklist_row import RowPresenter
from app.store import clinics, reviews, submission_reads
from app.store.accounts import sessions, staff
from app.store.db import audit, record_keys
from app.store.db.scope import WritingScope
from app.store.db.tables import Clinic
from app.store.permissions import role_allows
from app.store.submission_reads import SubmissionRecord
from app.store.submission_versions import AnswersVersion
from app.store.worklist import ClinicSnapshot
from app.store.worklist_rows import NoSuchSubmission
from app.triage.dangers import add_todays_signs
from app.triage.questionnaire import keep_known_answers
from app.triage.rules import assess_answers
from app.triage.terms import Answers
from app.triage.what_if import try_other_answers
from app.web.access import StaffRequest
from app.web.pages import app_context, filler_for, translator_for
from app.web.staff_layout import StaffFrame, read_staff_frame


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


def open_submission(
    staff_request: StaffRequest, also: str = "", *, asks_colleagues: bool = False
) -> OpenedSubmission:
    """The submission in the address; `also`: what is done with it beside looking.

    `asks_colleagues`: whether a second person may be asked. Raises HTTPException for what this
    clinic does not have.
    """
    who = staff_request.signed_in_staff
    try:
        with staff_request.store.writing_scope(who.clinic) as scope:
            record = _read_record(staff_request, scope, also)
            clinic, members = clinics.load_clinic(scope), staff.list_staff(scope)
            frame = read_staff_frame(
                staff_request.request, scope, who, staff_request.now, clinic.time_zone
            )
            asks = asks_colleagues or record.listed.state == "second_close"
            present = sessions.list_present_staff(scope, staff_request.now) if asks else None
    except (NoSuchSubmission, record_keys.KeyDestroyed):
        raise HTTPException(404) from None
    colleagues = None
    if present is not None:
        others = [m for m in members if m.id != who.staff and not m.disabled_at and m.joined_at]
        able = [member for member in others if role_allows(member.role, "second_person")]
        names = tuple(member.name for member in able if member.id in present)
        colleagues = SecondPeople(names, bool(able))
    row_presenter = make_row_presenter(staff_request, clinic)
    newest, own_version = record.newest_version, record.newest_own_version
    answers_presenter, at_hand = _make_result_presenter(staff_request, record, newest)
    presenter = _make_presenter(staff_request, answers_presenter, newest)
    own, assessment = answers_presenter, presenter.assessment
    if own_version is not newest:
        own, _ = _make_result_presenter(staff_request, record, own_version)
        assessment = assess_answers(own.rulebook, own.answers)
    view = SubmissionView(
        record,
        members,
        row_presenter,
        presenter,
        own,
        assessment,
        at_hand,
        staff_request.request.app.state.archive,
    )
    return OpenedSubmission(view, clinic, frame, colleagues)


def _read_record(staff_request: StaffRequest, scope: WritingScope, also: str) -> SubmissionRecord:
    """Read it and note that someone looked. Raises NoSuchSubmission."""
    id_, who = read_submission_id(staff_request), staff_request.signed_in_staff.staff
    address, now = staff_request.client_address, staff_request.now
    record = submission_reads.load_record(scope, now, id_)
    reviews.record_view(scope, now, who, id_, address, record.row)
    if also:
        audit.record_event(scope, now, who, also, ("submission", id_), address)
    return record


def read_submission_id(staff_request: StaffRequest) -> str:
    """The id in the address."""
    found: str = staff_request.request.path_params["id"]
    return found


def make_row_presenter(
    staff_request: StaffRequest, clinic: Clinic | ClinicSnapshot
) -> RowPresenter:
    """Puts lines of this clinic into words."""
    context = app_context(staff_request.request)
    return RowPresenter(
        words=context.page_wording,
        translate=translator_for(context, None)[0],
        fill=filler_for(context, clinic.region),
        language=context.language,
        time_zone=clinic.time_zone,
        now=staff_request.now,
        visit_days=staff_request.request.app.state.visit_days,
        rulebook_sha256=context.rulebook.sha256,
    )


def _make_presenter(
    staff_request: StaffRequest, result_presenter: ResultPresenter, version: AnswersVersion
) -> SubmissionPresenter:
    context, book = app_context(staff_request.request), result_presenter.rulebook
    return SubmissionPresenter(
        result_presenter,
        ShortWording(context.page_wording.pages, result_presenter.words, book.questionnaire),
        book.questionnaire.trace_path(result_presenter.answers),
        assess_answers(book, result_presenter.answers, _known_labs(result_presenter, version)),
        add_todays_signs(book.dangers, context.rulebook.dangers, book.questionnaire),
    )


def _known_labs(
    result_presenter: ResultPresenter, version: AnswersVersion
) -> dict[str, dict[str, str]]:
    """The blood results that the rules of that day can read."""
    known = result_presenter.rulebook.laboratory.analytes
    return {
        analyte: {"value": lab["value"], "unit": lab["unit"]}
        for analyte, lab in version.lab_results.items()
        if analyte in known
    }


def _make_result_presenter(
    staff_request: StaffRequest, record: SubmissionRecord, version: AnswersVersion
) -> tuple[ResultPresenter, bool]:
    """In the words of the rulebook that judged these answers, and whether it is at hand.

    Answers that today's rules no longer know are left out; the page says that rules differ.
    """
    archive: RulebookArchive = staff_request.request.app.state.archive
    book = archive.find_rulebook(version.rulebook_version, version.rulebook_sha256)
    context, given = app_context(staff_request.request), version.answers
    if book is not None:
        context = replace(context, rulebook=book)
    answers: Answers = (
        archive.translate_to_current(version.rulebook_version, given) if book is None else given
    )
    kept = keep_known_answers(context.rulebook.questionnaire, answers).answers
    words, fill = context.page_wording, filler_for(context, record.region)
    return ResultPresenter(context.rulebook, words, fill, kept, record.about), book is not None


def describe_assessment(view: SubmissionView) -> AssessmentView:
    """What the rules of that day made of the answers, with what other answers would make of it."""
    presenter = view.presenter
    labs = _known_labs(presenter.result_presenter, view.record.newest_version)
    book = presenter.result_presenter.rulebook
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
