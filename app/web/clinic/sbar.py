"""The SBAR text of a submission, from what a nurse sees. It renders nothing and knows no rule."""

from __future__ import annotations

from collections.abc import Callable

from app.documents import sbar
from app.documents.sbar import AssessedAnswers, ClinicFacts
from app.presentation.review_words import OUTCOMES
from app.store.review_rules import CLOSING_KINDS, STEPS
from app.web.access import StaffRequest
from app.web.clinic.account import format_local_time
from app.web.clinic.submission_view import SubmissionView, find_visit_deadline, respondent_key
from app.web.pages import app_context

_ENDS = (*CLOSING_KINDS, "ask_close", "close_no")
"""The last of these says how it ends, or that a second person is asked about it."""


def write_sbar_text(
    staff_request: StaffRequest, view: SubmissionView, *, full: bool = False
) -> str:
    """SBAR, in the words of today."""
    t = _plain_translator(staff_request)
    presenter, by_when = view.presenter, find_visit_deadline(staff_request, view)
    book = presenter.result_presenter.rulebook
    visit = ""
    if by_when.visit:
        forward = "sbar.forward" if by_when.forward else "sbar.in_time"
        visit = f"{t('sbar.visit', day=by_when.visit)}, {t(forward)}"
    around = ClinicFacts(
        reference=view.record.listed.payload["reference"],
        name=view.record.listed.payload["name"],
        sent_as=view.record.sent_as,
        sent=t("sbar.sent", time=format_local_time(view.record.arrived_at, view.clinic.time_zone)),
        answered_by=t(respondent_key(view)),
        level=presenter.level_badge(view.record.listed.level),
        needed=t(by_when.words, day=by_when.day),
        emergency_number=book.regions[view.record.region].emergency_number,
        visit=visit,
        asked=tuple(_describe_next_steps(staff_request, view)),
        labs=tuple(view.described_labs),
    )
    known = AssessedAnswers(
        book,
        presenter.counted_answers,
        presenter.assessment,
        presenter.tried,
        presenter.find_danger_states(),
    )
    return sbar.write_sbar(known, around, presenter.short, full=full)


def _describe_next_steps(staff_request: StaffRequest, view: SubmissionView) -> list[str]:
    """What was decided so far, or what is left to do; and what the patient knows."""
    t = _plain_translator(staff_request)
    left = [t("sbar.nothing_agreed")]
    if view.presenter.unsure_questions():
        left.append(t("sbar.ask_back"))
    shown = [] if view.record.source == "assisted" else [t("sbar.net")]
    return [*(_describe_decisions(staff_request, view) or left), *shown]


def _describe_decisions(staff_request: StaffRequest, view: SubmissionView) -> list[str]:
    """What was decided so far, and by whom, without any words that were typed."""
    t = _plain_translator(staff_request)
    lines = []
    for kind in (("agree", "raise", "lower"), ("second_yes", "second_no"), _ENDS):
        entry = view.record.last_action(*kind)
        if entry is not None:
            by = view.staff_names.get(entry.by, "")
            how = t(OUTCOMES[entry.outcome]) if entry.outcome in OUTCOMES else ""
            lines.append(" ".join(filter(None, [by, t(STEPS[entry.kind].words).rstrip("."), how])))
    return lines


def _plain_translator(staff_request: StaffRequest) -> Callable[..., str]:
    """The words of a page as they are written: this is no HTML, in which some letters differ."""
    words = app_context(staff_request.request).page_wording

    def translate_plain(key: str, **more: str) -> str:
        return words.fill_placeholders(words.pages[key], {}, **more)

    return translate_plain
