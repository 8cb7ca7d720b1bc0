"""The forms that end a submission, move a visit, or add something afterwards, read as steps.

What is wrong is told beside its field, and a day that is likely a slip is asked back once. It
keeps nothing and shows no page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from app.documents.typed_days import UnreadableDay, parse_day_parts, parse_time
from app.presentation.dates import LONG_DAY, format_day
from app.presentation.ending import EndingFacts
from app.presentation.result import View
from app.store import clinics, opening_hours, worklist, worklist_rows
from app.store.db.tables import Clinic
from app.store.review_details import MovedVisit
from app.store.review_steps import BROUGHT_FORWARD, ReviewStep
from app.web.clinic.submission_reading import (
    make_row_presenter,
    read_review_step,
    read_typed_lines,
    strip_form_words,
)
from app.web.staff_request import StaffRequest

_VISIT_FIELDS = ("day", "month", "year", "time", "with")
_MAX_KIND_LETTERS = 60
_FAR = timedelta(days=366)
_STEPS_WITH_VISIT = ("close", "ask_close", "visit")
PROBLEM_FIELDS = {
    **dict.fromkeys(("visit", "visit_past", "visit_other"), "new-day"),
    **dict.fromkeys(("outcome", "no_visit"), "close-outcome"),
    "compared": "compared",
    "told_long": "told",
}
"""Which field of the page a refused step is about; the others are about the whole of it."""


@dataclass(frozen=True, slots=True)
class TypedStep:
    """A step as its form says it, and what stands against it before it is tried.

    `problems`: the id of a field -> the key of words. `flags`: what is asked back about the day.
    """

    step: ReviewStep
    problems: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


def read_typed_step(request: StaffRequest, kind: str) -> TypedStep:
    """The step of this kind as the form says it, with all that it can say."""
    step = replace(
        read_review_step(request, kind),
        patient_words=read_typed_lines(request, "patient_words"),
        reason=" ".join(request.chosen_values("reason")) or None,
    )
    if kind not in _STEPS_WITH_VISIT or not _says_visit(request, step):
        return TypedStep(step)
    visit, problems = _read_visit(request)
    step = replace(step, visit=visit)
    if problems or visit is None or visit.day is None:
        return TypedStep(step, problems)
    flags = _find_flags(request, visit.day)
    sure = request.typed_field("visit_sure") == visit.day.isoformat()
    asked = flags and not sure
    return TypedStep(step, {"visit-sure": "visit.problem.sure"} if asked else {}, flags)


def find_kept_late(request: StaffRequest, outcome: str | None) -> dict[str, str]:
    """What speaks against leaving a visit as it is: that it is later than the level asks for."""
    if outcome != "appointment_kept":
        return {}
    with request.reading_scope() as scope:
        line = worklist.find_listed_submission(scope, request.path_id)
        presenter = make_row_presenter(request, clinics.load_clinic(scope))
    visit, last = presenter.visit_day(line), presenter.last_timely_day(line)
    late = visit is not None and last is not None and visit > last
    by_one = worklist_rows.rank_to_level(line.row.rank).name not in ("emergency", "same_day")
    return {"close-outcome": "visit.problem.kept_late"} if late and by_one else {}


def split_steps(
    request: StaffRequest, kinds: tuple[str, ...], last: ReviewStep
) -> list[ReviewStep]:
    """The steps of a form in their order; its words belong to the last one."""
    return [strip_form_words(read_review_step(request, kind)) for kind in kinds[:-1]] + [last]


def describe_typed(request: StaffRequest) -> View:
    """What was typed into the forms, to be shown in them again."""
    chosen = request.typed_fields("outcome", *_VISIT_FIELDS)
    return {
        **chosen,
        "told": read_typed_lines(request, "patient_words"),
        "words": read_typed_lines(request, "words"),
        "to_book": bool(request.typed_field("to_book")),
        "compared": bool(request.typed_field("compared")),
        "sure_for": _typed_day_iso(request),
    }


def _says_visit(request: StaffRequest, step: ReviewStep) -> bool:
    """Whether the form speaks of a visit: by its outcome, or by anything that was typed."""
    typed = any(request.typed_fields(*_VISIT_FIELDS, "to_book").values())
    return typed or (step.kind == "visit" and step.outcome is None)


def _read_visit(request: StaffRequest) -> tuple[MovedVisit | None, dict[str, str]]:
    """The visit that was typed, and what is wrong with it, by the id of its field."""
    typed, problems = request.typed_fields(*_VISIT_FIELDS), {}
    time = parse_time(typed["time"]) if typed["time"] else ""
    if time is None:
        problems["new-time"] = "typed_time.problem"
    if len(typed["with"]) > _MAX_KIND_LETTERS:
        problems["new-with"] = "visit.problem.kind"
    parts = (typed["day"], typed["month"], typed["year"])
    to_book = bool(request.typed_field("to_book"))
    if to_book and any(parts):
        problems["new-day"] = "visit.problem.both"
    if to_book or problems:
        return (None if problems else MovedVisit(None, "", typed["with"])), problems
    if not any(parts):
        return None, {"new-day": "visit.problem.both"}
    try:
        day = parse_day_parts(*parts, request.read_date_order(), request.context.language)
    except UnreadableDay as unread:
        return None, {"new-day": f"typed_day.problem.{unread.problem}"}
    return MovedVisit(day, time or "", typed["with"]), {}


def _typed_day_iso(request: StaffRequest) -> str:
    """The day that was typed, as a tick says that it is right; "" for no day."""
    try:
        day, month, year = request.typed_fields("day", "month", "year").values()
        order, language = request.read_date_order(), request.context.language
        return parse_day_parts(day, month, year, order, language).isoformat()
    except UnreadableDay:
        return ""


def _find_flags(request: StaffRequest, day: date) -> tuple[str, ...]:
    """What is asked back about a day, in words: it may be a slip."""
    with request.reading_scope() as scope:
        line = worklist.find_listed_submission(scope, request.path_id)
        clinic = clinics.load_clinic(scope)
    presenter, language = make_row_presenter(request, clinic), request.context.language
    before, last = presenter.visit_day(line), presenter.last_timely_day(line)
    today = opening_hours.local_day(clinic, request.now)

    def say(key: str, **days: date) -> str:
        return request.translate(
            key, **{name: format_day(one, language, LONG_DAY) for name, one in days.items()}
        )

    found = []
    if opening_hours.is_closed_day(clinic, day):
        found.append(say("visit.flag.shut", day=day))
    if day - today > _FAR:
        found.append(say("visit.flag.far", day=day))
    if last is not None and day > last:
        found.append(say("visit.flag.late", last=last))
    if before is not None and before != day and day > before and not line.row.closed:
        found.append(say("visit.flag.later", before=before))
    return tuple(found)


def mean_ending(
    request: StaffRequest, clinic: Clinic, facts: EndingFacts, step: ReviewStep
) -> EndingFacts:
    """The facts of the end that a form means, before anything is kept."""
    visit = step.visit if step.outcome == BROUGHT_FORWARD else None
    booked = visit is not None and visit.day is not None
    targets = request.context.policy.targets
    due = worklist_rows.due_time(clinic, request.now, facts.level, targets)
    return replace(
        facts,
        outcome=step.outcome or "",
        visit=visit if booked else facts.visit,
        moved=facts.moved or booked,
        move_due_at=due if visit is not None and not booked else None,
        patient_words=(
            *facts.patient_words,
            *([(request.now, step.patient_words)] if step.patient_words else []),
        ),
        reopened_at=None,
    )
