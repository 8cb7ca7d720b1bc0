"""A month in numbers for leads: as a page that prints as a sheet, and as a file.

Nothing of fewer people than the clinic's policy says stands in either. It knows no rule but its id.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.presentation.dates import format_day
from app.presentation.month_report import LEVELS, MonthReport, build_month_report
from app.store import clinics, month_reports, raised_rules
from app.store.accounts import staff
from app.store.db import audit
from app.store.db.scope import Scope
from app.store.db.tables import Clinic
from app.store.month_reports import Month
from app.triage.terms import Urgency
from app.web.pages import see_other
from app.web.raised_rules import describe_raised_rules
from app.web.staff_request import StaffRequest
from app.web.wire import build_download, escape_formula

MOST_MONTHS = 13
_MONTH = "MMMM y"


class OpenedReport(NamedTuple):
    """A month of the clinic whose page is asked for."""

    clinic: Clinic
    month: Month
    latest: date
    report: MonthReport
    lacks_erased: bool  # of what was erased before there were tallies


def show_report(request: StaffRequest) -> Response:
    """GET /reports, /reports/{month}: a month, this one to begin with."""
    smallest = request.context.policy.reliance.smallest_group
    with request.reading_scope() as scope:
        opened = _open_report(request, scope)
        names = staff.list_staff_names(scope)
        raised = raised_rules.list_raised_rules(scope, request.now)
    clinic, language = opened.clinic, request.context.language
    levels = request.context.page_wording.levels
    months = list(_list_months(opened.latest, _local_day(clinic, clinic.made_at)))
    return request.render_page(
        "reports/page.html",
        report=opened.report,
        lacks_erased=opened.lacks_erased,
        smallest=smallest,
        clinic=clinic.name,
        month=format_day(opened.month.first, language, _MONTH),
        file_address=f"/reports/{opened.month.first:%Y-%m}/file.csv",
        made=request.format_time(request.now, clinic.time_zone),
        months=[
            (f"/reports/{first:%Y-%m}", format_day(first, language, _MONTH), first)
            for first in months
        ],
        current=opened.month.first,
        badges={level.name: levels[level.name].parts["badge"] for level in Urgency},
        levels=LEVELS,
        duration=request.format_wait,
        raised=describe_raised_rules(request, raised, names, clinic.time_zone),
    )


def download_report(request: StaffRequest) -> Response:
    """GET /reports/{month}/file.csv: the numbers of the page; taking it is noted."""
    with request.reading_scope() as scope:
        opened = _open_report(request, scope)
    written, month = io.StringIO(), f"{opened.month.first:%Y-%m}"
    table = csv.writer(written)
    t = request.translate
    table.writerow(
        [str(t(f"reports.file.{column}")) for column in ("month", "part", "of", "number")]
    )
    for part, of, number in _list_rows(request, opened.report):
        table.writerow([escape_formula(cell) for cell in (month, part, of, number)])
    with request.writing_scope() as writing:
        subject = ("clinic", request.clinic)
        audit.record_event(writing, "report_taken", subject, request.client_address, month=month)
    return build_download(request, written.getvalue(), "text/csv", f'"report-{month}.csv"')


def mark_rules_seen(request: StaffRequest) -> Response:
    """POST /reports/seen: who leads has seen these rules."""
    with request.writing_scope() as scope:
        raised_rules.mark_seen(scope, set(request.chosen_values("rule")))
    return see_other("/reports")


def _open_report(request: StaffRequest, scope: Scope) -> OpenedReport:
    """The month that the address names. Raises HTTPException for one that cannot be."""
    clinic = clinics.load_clinic(scope)
    latest = _local_day(clinic, request.now).replace(day=1)
    asked = request.path_params.get("month")
    first = latest if asked is None else _parse_month(asked)
    if not _local_day(clinic, clinic.made_at).replace(day=1) <= first <= latest:
        raise HTTPException(404)
    month = month_reports.find_month(first, clinic.time_zone)
    figures = month_reports.count_month(scope, month, request.now)
    report = build_month_report(figures, request.context.policy.reliance.smallest_group)
    is_old = month.begins < request.now - timedelta(days=clinic.unreviewed_days)
    return OpenedReport(clinic, month, latest, report, is_old and not figures.has_tallies)


def _parse_month(text: str) -> date:
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise HTTPException(404) from None
    if len(text) != len("2026-11"):
        raise HTTPException(404)
    return first


def _local_day(clinic: Clinic, at: datetime) -> date:
    return at.astimezone(ZoneInfo(clinic.time_zone)).date()


def _list_months(latest: date, since: date) -> Iterator[date]:
    """The first days of months, the newest first."""
    first = latest
    for _ in range(MOST_MONTHS):
        yield first
        first = (first - timedelta(days=1)).replace(day=1)
        if first < since.replace(day=1):
            return


def _list_rows(request: StaffRequest, report: MonthReport) -> Iterator[tuple[str, str, str]]:
    """(Part, what of it, number) of all numbers, in words."""
    t, smallest = request.translate, request.context.policy.reliance.smallest_group
    levels = request.context.page_wording.levels

    def name(key: str) -> str:
        return str(levels[key].parts["badge"] if key in LEVELS else t(key))

    def say(number: Any) -> str:
        return str(t("agreement.few", number=smallest)) if number is None else str(number)

    for group in report.groups:
        part = str(t(f"reports.{group.name}"))
        yield from ((part, name(line.key), say(line.number)) for line in group.lines)
        yield part, str(t("reports.total")), say(group.total)
    for line in report.single:
        yield str(t("reports.single")), name(line.key), say(line.number)
    for waits in report.waits:
        part = str(t("reports.file.waits", level=name(waits.level.name)))
        for column in ("look_half", "look_most", "decision_half", "decision_most"):
            wait: timedelta | None = getattr(waits, column)
            minutes = None if wait is None else round(wait.total_seconds() / 60)
            yield part, str(t(f"reports.file.{column}")), say(minutes)
        yield part, str(t("reports.file.late")), say(waits.late)
