"""What a nurse found: the same questions as she answers them, and blood results.

Only what she changed counts. Before anything is kept, the page says what will be kept and what the
rules make of it; what was typed is never lost. It knows no rule.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import RulebookArchive
from app.documents.short_answers import ShortWording
from app.presentation.correction_result import StandingSubmission, preview_corrections
from app.presentation.result import View
from app.presentation.review_words import problem_key
from app.store import clinics, reviews, submission_reads, submission_versions, submissions, worklist
from app.store.accounts import staff
from app.store.db import record_keys
from app.store.db.tables import Submission
from app.store.reviews import StepNotAllowed
from app.store.submission_versions import AnswersVersion, Labs, SubmittedAnswers
from app.store.submissions import AnswersChanged
from app.store.worklist_rows import NoSuchSubmission
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Assessment, Urgency
from app.web.access import StaffRequest, staff_route
from app.web.clinic.answer_form import AnswerForm, QuestionField
from app.web.clinic.lab_form import LabField, LabForm, collect_labs
from app.web.clinic.review_forms import read_typed_number
from app.web.clinic.submission_reading import make_row_presenter, read_submission_id
from app.web.pages import app_context, filler_for, see_other


@dataclass(frozen=True, slots=True)
class _CorrectionForms:
    """The submission that the form is about."""

    submission: Submission
    newest: AnswersVersion
    level: Urgency  # the one that counts
    answers: AnswerForm
    lab_form: LabForm
    shown: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _TypedCorrections:
    """The form as it came back."""

    filled: list[QuestionField]
    fields: list[LabField]

    @property
    def has_problems(self) -> bool:
        """Whether something has to be put right first."""
        return any(f.problem for f in self.filled) or any(f.needs_fixing for f in self.fields)


def page_routes() -> list[Route]:
    """The page of what a nurse found."""
    return [
        staff_route("GET", "/submissions/{id}/findings", show_corrections),
        staff_route("POST", "/submissions/{id}/findings", submit_corrections),
    ]


def show_corrections(staff_request: StaffRequest) -> Response:
    """GET /submissions/{id}/findings: every question as it is answered now, and blood tests."""
    forms = _load_correction_forms(staff_request)
    kept = _TypedCorrections(forms.answers.initial_fields(), forms.lab_form.initial_fields())
    return _render_corrections(staff_request, forms, kept)


def submit_corrections(staff_request: StaffRequest) -> Response:
    """POST /submissions/{id}/findings: say what will be kept; sent once more, keep it."""
    forms = _load_correction_forms(staff_request)
    typed = _TypedCorrections(
        forms.answers.read_fields(staff_request.form),
        forms.lab_form.read_fields(staff_request.typed_field),
    )
    if typed.has_problems:
        return _render_corrections(staff_request, forms, typed)
    answers, labs = forms.answers.merge_changes(typed.filled), collect_labs(typed.fields)
    if answers == dict(forms.answers.answers) and labs == forms.lab_form.before:
        return _render_corrections(staff_request, forms, typed, {"findings": "findings.nothing"})
    assessment = assess_answers(app_context(staff_request.request).rulebook, answers, labs)
    seal = _preview_digest(forms, answers, labs)
    if staff_request.typed_field("seen") != seal:
        before = StandingSubmission(forms.level, forms.answers.answers, forms.lab_form.before)
        found = preview_corrections(
            forms.answers.result_presenter, before, answers, labs, assessment
        )
        return _render_corrections(staff_request, forms, typed, found=found, seal=seal)
    return _record_corrections(staff_request, forms, typed, answers, labs, assessment)


def _record_corrections(
    staff_request: StaffRequest,
    forms: _CorrectionForms,
    typed: _TypedCorrections,
    answers: Answers,
    labs: Labs,
    assessment: Assessment,
) -> Response:
    rulebook, who = app_context(staff_request.request).rulebook, staff_request.signed_in_staff
    handed = SubmittedAnswers.from_rulebook(
        rulebook,
        rulebook.questionnaire.trace_path(answers).answers,
        assessment,
        about=forms.submission.about,
        region=forms.submission.region,
        labs=labs,
    )
    try:
        with staff_request.store.writing_scope(who.clinic) as scope:
            submissions.save_corrections(
                scope,
                staff_request.now,
                who.staff,
                forms.submission.id,
                handed,
                staff_request.request.app.state.targets,
                seen=read_typed_number(staff_request, "version"),
                key=f"{who.staff}:{staff_request.typed_field('key')[:50]}",
            )
    except StepNotAllowed as refused:
        return _render_corrections(
            staff_request, forms, typed, {"findings": problem_key(refused.problem)}
        )
    except AnswersChanged:
        return _render_corrections(
            staff_request, forms, typed, {"findings": "findings.other_answers"}
        )
    return see_other(f"/submissions/{forms.submission.id}")


def _render_corrections(
    staff_request: StaffRequest,
    forms: _CorrectionForms,
    typed: _TypedCorrections,
    problems: Mapping[str, str] | None = None,
    found: View | None = None,
    seal: str = "",
) -> Response:
    t = forms.answers.translate_key
    faults = {f"#{id_}": str(t(words)) for id_, words in (problems or {}).items()}
    faults |= {
        f"#{f.error_target_id}": f"{f.label}: {f.problem}" for f in typed.filled if f.problem
    }
    faults |= {f"#value-{f.id}": f.problem_summary for f in typed.fields if f.needs_fixing}
    return staff_request.render_page(
        "nurse/findings.html",
        problems=faults,
        region=forms.submission.region,
        questions=typed.filled,
        labs=typed.fields,
        common=staff_request.typed_field("on"),
        found=found,
        seal=seal,
        version=forms.newest.number,
        key=staff_request.typed_field("key") or secrets.token_urlsafe(12),
        **forms.shown,
    )


def _preview_digest(forms: _CorrectionForms, answers: Answers, labs: Labs) -> str:
    """What was shown before it is kept, in a word that other findings do not have."""
    chosen = {question: sorted(options) for question, options in answers.items()}
    whole = [
        forms.submission.id,
        forms.newest.number,
        chosen,
        {k: dict(v) for k, v in labs.items()},
    ]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:32]


def _load_correction_forms(staff_request: StaffRequest) -> _CorrectionForms:
    """The submission as it stands; looking at it is noted. Raises HTTPException."""
    id_, context = read_submission_id(staff_request), app_context(staff_request.request)
    try:
        with staff_request.store.writing_scope(staff_request.signed_in_staff.clinic) as scope:
            reviews.record_view(
                scope,
                staff_request.now,
                staff_request.signed_in_staff.staff,
                id_,
                staff_request.client_address,
            )
            submission, versions = (
                submission_reads.find_submission(scope, id_),
                submission_versions.list_versions(scope, id_),
            )
            line, clinic = worklist.find_listed_submission(scope, id_), clinics.load_clinic(scope)
            names = staff.find_staff_names(scope, {line.owner or ""})
    except (NoSuchSubmission, record_keys.KeyDestroyed):
        raise HTTPException(404) from None
    fill = filler_for(context, submission.region)
    today = staff_request.now.astimezone(ZoneInfo(clinic.time_zone)).date()
    short = ShortWording(
        context.page_wording.pages, context.page_wording, context.rulebook.questionnaire
    )
    newest = versions[-1]
    # Trap: the form asks today's questions, and what it does not show is lost once it is kept.
    shelf: RulebookArchive = staff_request.request.app.state.archive
    answers = shelf.translate_to_current(newest.rulebook_version, newest.answers)
    labs = next(
        (version.lab_results for version in reversed(versions) if version.kind == "nurse"), {}
    )
    return _CorrectionForms(
        submission,
        newest,
        line.level,
        AnswerForm(context, short, answers, submission.about, submission.region),
        LabForm(context.rulebook.laboratory, context.page_wording, fill, today, labs),
        {
            "id": id_,
            "row": make_row_presenter(staff_request, clinic).build_row(names, line),
            "may_keep": line.state != "closed"
            and line.owner in (None, staff_request.signed_in_staff.staff),
        },
    )
