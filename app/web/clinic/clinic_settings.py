"""What a clinic chooses for itself, as pages: all of it to read, and a small form for each part.

Everyone who works there reads it; an admin changes it, with a code. What may be chosen is known by
app/store/clinic_settings.py.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.documents.typed_days import UnreadableDay, parse_day
from app.presentation.clinic_settings import PARTS, FormField, SettingsPresenter
from app.store import alarm_destinations, alarms, clinic_settings, due_times, patient_messages
from app.store.alarm_destinations import AlarmDestinations
from app.store.clinic_settings import BadSettings
from app.store.clinics import load_clinic
from app.store.db.scope import Scope, WritingScope
from app.store.public_holidays import HolidayProposal, list_areas, propose_holidays
from app.web.outgoing_messages import find_webhook_problem, show_webhook_secret
from app.web.pages import see_other, translator_for
from app.web.staff_request import StaffRequest
from app.web.wire import strip_invisible

_YEARS_SHOWN = 3  # this year and the next ones, of public holidays


def show_clinic(request: StaffRequest) -> Response:
    """GET /clinic: all that the clinic has chosen."""
    may_change = request.signed_in_staff.has_permission("change_clinic")
    chosen = (
        alarm_destinations.read_destinations(request.store, request.clinic) if may_change else None
    )
    with request.reading_scope() as scope:
        presenter = _make_presenter(request, scope)
    parts = presenter.describe_parts(chosen)
    return request.render_page("staff/clinic.html", parts=parts, may_change=may_change)


def show_part(request: StaffRequest, problems: Mapping[str, str] | None = None) -> Response:
    """GET /clinic/{part}: the form of one part, with what was typed where something is wrong."""
    part = request.path_params["part"]
    if part not in PARTS:
        raise HTTPException(404)
    with request.reading_scope() as scope:
        presenter = _make_presenter(request, scope)
    if part == "holidays":
        return _show_holidays(request, presenter, problems)
    chosen, webhook = None, ("", b"")
    if part == "alarms":
        chosen = alarm_destinations.read_destinations(request.store, request.clinic)
    if part == "messages":
        with request.reading_scope() as scope:
            webhook = patient_messages.open_webhook(scope)
    fields = _keep_typed(request, presenter.list_fields(part, chosen, webhook[0]))
    return request.render_page(
        "staff/clinic_part.html",
        part=part,
        fields=fields,
        closed=presenter.closed_days() if part == "closed" else [],
        secret=show_webhook_secret(webhook[1]) if webhook[0] else "",
        problems=_place_problems(fields, problems),
    )


def submit_part(request: StaffRequest) -> Response:
    """POST /clinic/{part}: keep what was typed, or say what is wrong with it."""
    part = request.path_params["part"]
    if part not in PARTS:
        raise HTTPException(404)
    if request.code_refused:
        return show_part(request, {"code": "code.problem"})
    try:
        with request.writing_scope() as scope, _follow_settings(request, scope):
            _SAVES[part](request, scope)
    except BadSettings as refused:
        words = {name: f"clinic.problem.{word}" for name, word in refused.problems.items()}
        return show_part(request, words)
    return see_other(f"/clinic/{part}" if part in ("closed", "holidays") else "/clinic")


def show_holiday_year(request: StaffRequest, problems: Mapping[str, str] | None = None) -> Response:
    """GET /clinic/holidays/{year}: the public holidays of a year, to tick those that close it."""
    with request.reading_scope() as scope:
        presenter = _make_presenter(request, scope)
    proposal = _propose_year(request, presenter)
    return request.render_page(
        "staff/clinic_holidays_year.html",
        proposal=proposal,
        area=list_areas(presenter.clinic.region)[proposal.area],
        ticks=presenter.list_holidays(proposal),
        gone=presenter.list_gone_holidays(proposal),
        problems=dict(problems) if problems else None,
    )


def submit_holiday_year(request: StaffRequest) -> Response:
    """POST /clinic/holidays/{year}: the ticked days are closed, and the others of the list open."""
    with request.reading_scope() as scope:
        proposal = _propose_year(request, _make_presenter(request, scope))
    if request.code_refused:
        return show_holiday_year(request, {"code": "code.problem"})
    with request.writing_scope() as scope, _follow_settings(request, scope):
        clinic_settings.confirm_holidays(scope, proposal, request.chosen_values("day"))
    return see_other("/clinic/holidays")


def _follow_settings(request: StaffRequest, scope: WritingScope) -> AbstractContextManager[None]:
    """What waits is due by what is chosen inside."""
    return due_times.follow_clinic_settings(scope, request.context.policy.targets)


def _show_holidays(
    request: StaffRequest, presenter: SettingsPresenter, problems: Mapping[str, str] | None
) -> Response:
    clinic = presenter.clinic
    areas, area = list_areas(clinic.region), _find_area(presenter)
    first = request.now.astimezone(ZoneInfo(clinic.time_zone)).year
    years = range(first, first + _YEARS_SHOWN) if area else ()
    return request.render_page(
        "staff/clinic_holidays.html",
        areas=list(areas.items()) if len(areas) > 1 else [],
        has_list=bool(areas),
        area=request.typed_field("area") or area,
        years=presenter.describe_years(years),
        problems=dict(problems) if problems else None,
    )


def _find_area(presenter: SettingsPresenter) -> str:
    """The area that was chosen, or the only one; "" where there is none."""
    areas, chosen = list_areas(presenter.clinic.region), presenter.clinic.holiday_area or ""
    return chosen if chosen in areas else next(iter(areas)) if len(areas) == 1 else ""


def _propose_year(request: StaffRequest, presenter: SettingsPresenter) -> HolidayProposal:
    """The holidays of the year in the address. Raises HTTPException for one that is not shown."""
    area, year = _find_area(presenter), request.path_params["year"]
    first = request.now.astimezone(ZoneInfo(presenter.clinic.time_zone)).year
    if not area or year not in map(str, range(first, first + _YEARS_SHOWN)):
        raise HTTPException(404)
    return propose_holidays(area, int(year))


def _make_presenter(request: StaffRequest, scope: Scope) -> SettingsPresenter:
    context = request.context
    say = translator_for(context, None)[0]
    return SettingsPresenter(load_clinic(scope), context.page_wording, say, context.policy.targets)


def _keep_typed(request: StaffRequest, fields: list[FormField]) -> list[FormField]:
    """The fields with what was typed, where anything was."""
    sent = request.form_fields
    return [
        replace(field, value=_typed_text(request, field.name)) if field.name in sent else field
        for field in fields
    ]


def _typed_text(request: StaffRequest, name: str) -> str:
    """What was typed in a box of one line or more."""
    lines = request.raw_field(name).splitlines()
    return "\n".join(strip_invisible(line) for line in lines).strip()


def _place_problems(
    fields: list[FormField], problems: Mapping[str, str] | None
) -> dict[str, str] | None:
    """The same by the id of each field."""
    ids = {field.name: field.id for field in fields}
    return {ids.get(name, name): words for name, words in problems.items()} if problems else None


def _save_contact(request: StaffRequest, scope: WritingScope) -> None:
    typed = request.typed_fields("name", "telephone", "date_order")
    if clinic_settings.is_name_taken(request.store, request.clinic, typed["name"]):
        raise BadSettings({"name": "name_taken"})
    clinic_settings.save_contact(scope, {**typed, "address": _typed_text(request, "address")})


def _save_closed(request: StaffRequest, scope: WritingScope) -> None:
    if day := request.typed_field("open"):
        clinic_settings.remove_closed_day(scope, day)
    else:
        typed = request.typed_fields("first", "last", "reason")
        order = load_clinic(scope).date_order
        days = {name: _read_day(request, order, typed[name]) for name in ("first", "last")}
        clinic_settings.add_closed_days(scope, typed | days)


def _read_day(request: StaffRequest, order: str, typed: str) -> str:
    """The day as 2027-12-24; what names none stays as it is, and is refused later."""
    try:
        return parse_day(typed, order, request.context.language).isoformat()
    except UnreadableDay:
        return typed


def _save_targets(request: StaffRequest, scope: WritingScope) -> None:
    defaults = request.context.policy.targets
    typed = request.typed_fields(*(level.name for level in defaults))
    clinic_settings.save_targets(scope, typed, defaults)


def _save_alarms(request: StaffRequest, scope: WritingScope) -> None:
    chosen = AlarmDestinations(**request.typed_fields("webhook", "email"))
    problems = {}
    if chosen.email and not alarm_destinations.is_mailbox(chosen.email):
        problems["email"] = "email"
    if chosen.webhook and find_webhook_problem(chosen.webhook):
        problems["webhook"] = "webhook"
    if problems:
        raise BadSettings(problems)
    if chosen != alarm_destinations.read_destinations(request.store, request.clinic):
        alarms.save_destinations(scope, chosen)


def _save_messages(request: StaffRequest, scope: WritingScope) -> None:
    webhook = request.typed_field("message_webhook")
    if webhook and find_webhook_problem(webhook):
        raise BadSettings({"message_webhook": "webhook"})
    typed = (request.typed_field("writes"), request.typed_field("reminder_days"))
    patient_messages.save_choices(scope, *typed, webhook)


def _save_fields(
    save: Callable[[WritingScope, Mapping[str, str]], None], *names: str
) -> Callable[[StaffRequest, WritingScope], None]:
    return lambda request, scope: save(scope, request.typed_fields(*names))


_SAVES: dict[str, Callable[[StaffRequest, WritingScope], Any]] = {
    "contact": _save_contact,
    "hours": _save_fields(clinic_settings.save_hours, *clinic_settings.WEEKDAYS),
    "closed": _save_closed,
    "holidays": lambda request, scope: clinic_settings.save_holiday_area(
        scope, request.typed_field("area")
    ),
    "targets": _save_targets,
    "lowering": _save_fields(clinic_settings.save_lowering, "may_lower", "second_person_from"),
    "keeping": _save_fields(clinic_settings.save_days_kept, *clinic_settings.DAYS_KEPT),
    "messages": _save_messages,
    "alarms": _save_alarms,
}
"""What each part does with what was typed."""
