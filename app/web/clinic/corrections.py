"""What a nurse adds to a submission: what she found, and whose it is.

What she found are the same questions as she answers them, and blood results; only what she changed
counts. Before anything is kept, the page says what will be kept and what the rules make of it; what
was typed is never lost. What was compared of a person is ticked, never typed. It knows no rule.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from app.documents.patient_list.rows import LONGEST
from app.presentation.correction_result import StandingSubmission, preview_corrections
from app.presentation.result import View
from app.presentation.review_words import IDENTIFIER_WORDS, problem_key
from app.store import (
    clinics,
    closing_rules,
    people,
    reviews,
    submission_reads,
    submission_versions,
    submissions,
    worklist,
    worklist_rows,
)
from app.store.accounts import staff
from app.store.db.patient_tables import Submission
from app.store.review_steps import IDENTIFIERS, IDENTITY_OUTCOMES, SAME_PERSON, WRONG_PERSON
from app.store.reviews import StepNotAllowed
from app.store.submission_versions import AnswersVersion, Labs, SubmittedAnswers
from app.store.submissions import AnswersChanged
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Urgency
from app.web.clinic import correction_forms, lab_forms
from app.web.clinic.submission_reading import (
    make_row_presenter,
    read_review_step,
    read_typed_number,
    submit_steps,
)
from app.web.pages import see_other, translator_for
from app.web.staff_request import StaffRequest

_WHERE = {"identifiers": "which", "person": "reference", "other_name": "sure"}


@dataclass(frozen=True, slots=True)
class CorrectionPage:
    """The page about one submission, with its fields as they are kept or as they came back."""

    request: StaffRequest
    submission: Submission
    newest: AnswersVersion
    level: Urgency  # the one that counts
    answers: correction_forms.AnswerForm
    lab_form: lab_forms.LabForm
    shown: Mapping[str, Any]
    filled: list[correction_forms.QuestionField]
    fields: list[lab_forms.LabField]

    def render_form(
        self,
        problem: str = "",
        found: View | None = None,
        seal: str = "",
    ) -> Response:
        """The form. `problem`: the key of the words; `found`: what would be kept, by its `seal`."""
        request, region = self.request, self.submission.region
        translate, _ = translator_for(request.context, region)
        faults = {"#findings": str(translate(problem))} if problem else {}
        faults |= {
            f"#{f.error_target_id}": f"{f.label}: {f.problem}" for f in self.filled if f.problem
        }
        faults |= {f"#value-{f.id}": f.problem_summary for f in self.fields if f.needs_fixing}
        return request.render_page(
            "nurse/findings.html",
            problems=faults,
            region=region,
            questions=self.filled,
            labs=self.fields,
            common=request.typed_field("on"),
            today=self.lab_form.today.isoformat(),
            example_day=self.lab_form.format_example_day(),
            found=found,
            seal=seal,
            version=self.newest.number,
            key=request.typed_field("key") or secrets.token_urlsafe(12),
            **self.shown,
        )

    def digest_preview(self, answers: Answers, labs: Labs) -> str:
        """What was shown before it is kept, in a word that other findings do not have."""
        chosen = {question: sorted(options) for question, options in answers.items()}
        kept = {analyte: dict(lab) for analyte, lab in labs.items()}
        whole = [self.submission.id, self.newest.number, chosen, kept]
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:32]

    def save_corrections(self, handed: SubmittedAnswers) -> Response:
        """Keep it, or say why that is not possible now."""
        request = self.request
        try:
            with request.writing_scope() as scope:
                submissions.save_corrections(
                    scope,
                    self.submission.id,
                    handed,
                    request.context.policy.targets,
                    seen=read_typed_number(request, "version"),
                    key=f"{request.staff_id}:{request.typed_field('key')[:50]}",
                )
        except StepNotAllowed as refused:
            return self.render_form(problem_key(refused.problem))
        except AnswersChanged:
            return self.render_form("findings.other_answers")
        return see_other(f"/submissions/{self.submission.id}")


def show_corrections(request: StaffRequest) -> Response:
    """GET /submissions/{id}/findings: every question as it is answered now, and blood tests."""
    return _load_correction_page(request).render_form()


def submit_corrections(request: StaffRequest) -> Response:
    """POST /submissions/{id}/findings: say what will be kept; sent once more, keep it."""
    kept = _load_correction_page(request)
    filled = kept.answers.read_fields(request.form_fields)
    fields = kept.lab_form.read_fields(request.typed_field)
    page = replace(kept, filled=filled, fields=fields)
    if any(f.problem for f in filled) or any(f.needs_fixing for f in fields):
        return page.render_form()
    answers, labs = page.answers.merge_changes(filled), lab_forms.collect_labs(fields)
    if answers == dict(page.answers.answers) and labs == page.lab_form.before:
        return page.render_form("findings.nothing")
    rulebook, submission = request.context.rulebook, page.submission
    assessment = assess_answers(rulebook, answers, labs)
    seal = page.digest_preview(answers, labs)
    if request.typed_field("seen") != seal:
        before = StandingSubmission(page.level, page.answers.answers, page.lab_form.before)
        presenter = page.answers.result_presenter
        found = preview_corrections(presenter, before, answers, labs, assessment)
        return page.render_form(found=found, seal=seal)
    return page.save_corrections(
        SubmittedAnswers.from_rulebook(
            rulebook,
            rulebook.questionnaire.trace_path(answers).answers,
            assessment,
            about=submission.about,
            region=submission.region,
            labs=labs,
        )
    )


def _load_correction_page(request: StaffRequest) -> CorrectionPage:
    """The submission as it stands; looking at it is noted. Raises NoSuchSubmission."""
    id_, context = request.path_id, request.context
    with request.writing_scope() as scope:
        reviews.record_view(scope, id_, request.client_address)
        submission = submission_reads.find_submission(scope, id_)
        versions = submission_versions.list_versions(scope, id_)
        line, clinic = worklist.find_listed_submission(scope, id_), clinics.load_clinic(scope)
        names = staff.find_staff_names(scope, {line.row.owner_id or ""})
    today, newest = request.now.astimezone(ZoneInfo(clinic.time_zone)).date(), versions[-1]
    # Trap: the form asks today's questions, and what it does not show is lost once it is kept.
    given = context.archive.translate_to_current(newest.rulebook_version, newest.answers)
    labs = next((v.lab_results for v in reversed(versions) if v.kind == "nurse"), {})
    answers = correction_forms.AnswerForm(context, given, submission.about, submission.region)
    lab_form = lab_forms.LabForm(context, submission.region, today, clinic.date_order, labs)
    shown = {
        "id": id_,
        "row": make_row_presenter(request, clinic).build_row(names, line),
        "may_keep": line.row.state != "closed" and line.row.owner_id in (None, request.staff_id),
    }
    return CorrectionPage(
        request,
        submission,
        newest,
        line.level,
        answers,
        lab_form,
        shown,
        answers.initial_fields(),
        lab_form.initial_fields(),
    )


@dataclass(frozen=True, slots=True)
class Checkbox:
    """One box to tick."""

    id: str
    value: str
    words: str
    ticked: bool


def show_identity_form(request: StaffRequest, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/identify: what to compare, and whose it is where nobody knows."""
    values, compared = _load_form_values(request), request.chosen_values("which")
    fields = ("reference", "name")
    typed = {name: request.typed_field(name) or values["payload"][name] for name in fields}
    other = None
    if problem == "other_name":
        with request.reading_scope() as scope:
            other = people.find_by_reference(scope, typed["reference"])
    words = problem_key(problem)
    return request.render_page(
        "nurse/identify.html",
        problems={_WHERE.get(problem, "identify"): words} if words else None,
        first=first,
        ticks=[Checkbox(f"which-{i}", i, IDENTIFIER_WORDS[i], i in compared) for i in IDENTIFIERS],
        typed=typed,
        other=other.name if other else "",
        **values,
    )


def submit_identity(request: StaffRequest) -> Response:
    """POST /submissions/{id}/identify: it is this person, or it is someone else."""
    chosen = request.typed_field("outcome")
    step = replace(
        read_review_step(request, "identify"),
        outcome=chosen if chosen in IDENTITY_OUTCOMES else None,
        reason=" ".join(i for i in IDENTIFIERS if i in request.chosen_values("which")) or None,
        reference=request.typed_field("reference")[:LONGEST],
        name=request.typed_field("name")[:LONGEST],
        sure=request.typed_field("sure") == "yes",
    )
    return submit_steps(request, [step], show_identity_form)


def _load_form_values(request: StaffRequest) -> dict[str, Any]:
    """What the form shows of the submission. Raises NoSuchSubmission or KeyDestroyed."""
    with request.reading_scope() as scope:
        kept = worklist_rows.require_row(scope, request.path_id, request.now)
        line = worklist.find_listed_submission(scope, request.path_id)
        names = staff.find_staff_names(scope, {line.row.owner_id or ""})
        presenter = make_row_presenter(request, clinics.load_clinic(scope))
        known = closing_rules.is_identified(scope, request.path_id)
    return {
        "id": request.path_id,
        "row": presenter.build_row(names, line),
        "payload": line.payload,
        "needs_person": kept.person_id is None,
        "known": known,
        "last": kept.last_entry,
        "key": secrets.token_urlsafe(12),
        "right": SAME_PERSON,
        "wrong": WRONG_PERSON,
    }
