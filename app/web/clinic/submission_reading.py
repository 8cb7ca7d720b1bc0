"""Opening a submission for a member of staff, and reading the forms of its review.

It is read once, noted in the audit, and ready to be shown; a step of a form is kept, or it is said
who was first. It must not know what a step does, and knows no rule.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from app.documents.short_answers import ShortWording
from app.presentation.result import ResultPresenter, View
from app.presentation.safety_net import build_caution_values
from app.presentation.submission import SubmissionPresenter
from app.presentation.submission_view import SubmissionView
from app.presentation.worklist_row import RowPresenter
from app.store import clinic_texts, clinics, reviews, shifts, submission_reads
from app.store.accounts import sessions, staff
from app.store.db import audit
from app.store.db.patient_tables import SECOND_PERSON_STATES
from app.store.db.scope import Scope
from app.store.db.tables import Clinic, ClinicText
from app.store.permissions import role_allows
from app.store.review_steps import SAME_PERSON, ReviewStep
from app.store.reviews import EditConflict, StepNotAllowed
from app.store.submission_versions import AnswersVersion
from app.store.worklist import ClinicSnapshot
from app.triage.dangers import add_todays_signs
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.what_if import try_other_answers
from app.web.pages import filler_for, see_other, translator_for
from app.web.patients.submission_status import present_version
from app.web.staff_request import StaffFrame, StaffRequest, read_staff_frame
from app.web.wire import clean_lines

USUAL_IDENTIFIERS = ("full_name", "born_on")
"""The two facts that a form of closing names; others are ticked on the page for it."""

ShowRefusal = Callable[[StaffRequest, str, str], Response]
"""Shows the form again: (the request, the word for what is wrong, who was first or "")."""


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
    texts: tuple[ClinicText, ...]

    def is_free_for(self, staff_id: str) -> bool:
        """Whether it is nobody else's."""
        return self.view.record.row.owner_id in (None, staff_id)


def open_submission(
    request: StaffRequest,
    also: str = "",
    *,
    asks_colleagues: bool = False,
    with_texts: bool = False,
) -> OpenedSubmission:
    """The submission in the address; `also`: what is done with it beside looking.

    `asks_colleagues`: whether a second person may be asked. `with_texts`: whether the clinic's own
    texts are offered. Raises NoSuchSubmission or
    KeyDestroyed.
    """
    id_, address = request.path_id, request.client_address
    with request.writing_scope() as scope:
        record = submission_reads.load_record(scope, request.now, id_)
        reviews.record_view(scope, id_, address, record.row)
        if also:
            audit.record_event(scope, also, ("submission", id_), address)
        texts = tuple(clinic_texts.list_texts(scope)) if with_texts else ()
        clinic, members = clinics.load_clinic(scope), staff.list_staff(scope)
        frame = read_staff_frame(request, scope, clinic.time_zone)
        asks = asks_colleagues or record.row.state in SECOND_PERSON_STATES
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
    return OpenedSubmission(view, clinic, frame, colleagues, texts)


def make_row_presenter(request: StaffRequest, clinic: Clinic | ClinicSnapshot) -> RowPresenter:
    """Puts lines of this clinic into words."""
    context = request.context
    return RowPresenter(
        words=context.page_wording,
        translate=translator_for(context, None)[0],
        fill=filler_for(context, clinic.region),
        time_zone=clinic.time_zone,
        now=request.now,
        visit_days=request.context.policy.visit_days,
        rulebook_sha256=context.rulebook.sha256,
        withdrawn=request.app.state.withdrawals.state.hashes,
        reader=request.staff_id,
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


def describe_assessment(view: SubmissionView) -> View:
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


def read_review_step(request: StaffRequest, kind: str) -> ReviewStep:
    """What the form says of a step, without what only some steps have."""
    return ReviewStep(
        kind,
        after=read_typed_number(request, "after"),
        key=f"{request.staff_id}:{request.path_id}:{request.typed_field('key')[:50]}",
        words=read_typed_lines(request, "words"),
        outcome=request.typed_field("outcome") or None,
        to_staff=request.typed_field("to_staff") or None,
    )


def strip_form_words(step: ReviewStep) -> ReviewStep:
    """Without what a form says besides: it belongs to its last step alone."""
    return replace(step, words="", outcome=None, patient_words="", visit=None, reason=None)


def read_identity_check(request: StaffRequest) -> list[ReviewStep]:
    """That the usual two facts were compared, where the form says so."""
    if not request.typed_field("compared"):
        return []
    step = strip_form_words(read_review_step(request, "identify"))
    return [replace(step, outcome=SAME_PERSON, reason=" ".join(USUAL_IDENTIFIERS))]


def read_typed_lines(request: StaffRequest, name: str) -> str:
    """What was typed in lines, without what cannot be seen."""
    return clean_lines(request.raw_field(name))


def read_typed_number(request: StaffRequest, name: str) -> int:
    """A number that a form carries; -1 where it carries none."""
    text = request.typed_field(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def submit_steps(
    request: StaffRequest, steps: Sequence[ReviewStep], refuse: ShowRefusal
) -> Response:
    """Keep all of these steps or none, then show the submission; or show the form again."""
    try:
        with request.writing_scope() as scope:
            targets = request.context.policy.targets
            reviews.perform_steps(scope, request.path_id, steps, targets)
    except StepNotAllowed as refused:
        return refuse(request, refused.problem, "")
    except EditConflict as other:
        with request.reading_scope() as scope:
            name = staff.find_staff(scope, other.by).name
        return refuse(request, "first", name)  # it writes: looking is noted
    return see_other(f"/submissions/{request.path_id}")


def list_taken_notices(request: StaffRequest, scope: Scope, zone: str) -> list[dict[str, str]]:
    """What colleagues took over from the reader, who has not opened it since, in words."""
    found = shifts.list_taken_over(scope, request.staff_id, request.now)
    names = staff.find_staff_names(scope, {one.by for one in found}) if found else {}
    return [
        {
            "id": one.submission,
            "reference": one.reference,
            "by": names.get(one.by, ""),
            "at": request.format_clock(one.at, zone),
            "words": one.words,
        }
        for one in found
    ]
