"""The clinic's own texts for patients: what nurses can start from when they close a submission.

A text is about nobody; what a nurse makes of it stands with the submission.
"""

from collections.abc import Mapping

from starlette.responses import Response

from app.presentation.review_words import OUTCOMES
from app.store import clinic_texts
from app.store.db.tables import ClinicText
from app.store.review_steps import DISPOSITIONS
from app.web.pages import see_other
from app.web.staff_request import StaffRequest
from app.web.wire import clean_lines

_PROBLEMS = {
    "title": ("title", "texts.title.problem"),
    "taken": ("title", "texts.title.taken"),
    "body": ("body", "texts.body.problem"),
    "for": ("outcome", "texts.for.problem"),
    "full": ("title", "texts.full"),
}
"""What is wrong with a text: the field that it is about, and the key of the words for it."""


def show_texts(request: StaffRequest, problems: Mapping[str, str] | None = None) -> Response:
    """GET /texts: the texts that are offered, and a form for another one."""
    with request.reading_scope() as scope:
        known = clinic_texts.list_texts(scope)
    return request.render_page(
        "staff/texts.html",
        problems=problems,
        texts=[(text.id, text.title, OUTCOMES.get(text.outcome or "", "")) for text in known],
        typed=_typed_text(request),
        outcomes=_outcome_choices(),
    )


def add_text(request: StaffRequest) -> Response:
    """POST /texts: another text."""
    problems = _save_text(request, "")
    return show_texts(request, problems) if problems else see_other("/texts")


def show_text(request: StaffRequest, problems: Mapping[str, str] | None = None) -> Response:
    """GET /texts/{id}: one text, to be changed or retired."""
    with request.reading_scope() as scope:
        text = clinic_texts.find_text(scope, request.path_id)
    typed = _typed_text(request) if problems else _kept_text(text)
    return request.render_page(
        "staff/text.html",
        problems=problems,
        id=text.id,
        typed=typed,
        outcomes=_outcome_choices(),
    )


def change_text(request: StaffRequest) -> Response:
    """POST /texts/{id}: the text as it reads from now on."""
    problems = _save_text(request, request.path_id)
    return show_text(request, problems) if problems else see_other("/texts")


def retire_text(request: StaffRequest) -> Response:
    """POST /texts/{id}/retire: it is offered no longer."""
    with request.writing_scope() as scope:
        clinic_texts.retire_text(scope, request.path_id)
    return see_other("/texts")


def _save_text(request: StaffRequest, text: str) -> dict[str, str]:
    """Keep what was typed; give what is wrong, by field, where nothing was kept."""
    typed = _typed_text(request)
    values = (text, typed["title"], typed["body"], typed["outcome"])
    with request.writing_scope() as scope:
        if text:
            clinic_texts.find_text(scope, text)
        wrong = clinic_texts.find_text_problems(scope, *values)
        if not wrong:
            clinic_texts.save_text(scope, *values)
    return dict(_PROBLEMS[problem] for problem in wrong)


def _typed_text(request: StaffRequest) -> dict[str, str]:
    body = clean_lines(request.raw_field("body"))
    return {**request.typed_fields("title", "outcome"), "body": body}


def _kept_text(text: ClinicText) -> dict[str, str]:
    return {"title": text.title, "body": text.body, "outcome": text.outcome or ""}


def _outcome_choices() -> list[tuple[str, str]]:
    """The outcomes that a text can be for, with the keys of their words; "" is any."""
    return [("", "texts.for.any"), *((end, OUTCOMES[end]) for end in DISPOSITIONS)]
