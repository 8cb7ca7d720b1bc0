"""The worklist as a page: what waits, the most urgent first. It knows no rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.presentation.dates import format_clock_time
from app.presentation.worklist_row import RowPresenter
from app.store import worklist
from app.store.accounts import staff
from app.store.db.scope import Scope
from app.store.worklist import (
    WORKLIST_FILTERS,
    WORKLIST_PAGE_SIZE,
    ClinicSnapshot,
    ListedSubmission,
    WorklistCounts,
    WorklistCursor,
)
from app.triage.terms import Urgency
from app.web.access import StaffRequest, staff_route
from app.web.clinic.submission_reading import make_row_presenter
from app.web.staff_layout import alarm_cutoff, build_staff_frame

_SHOW_WORDS = {show: f"worklist.{show}" for show in WORKLIST_FILTERS}
_CANNOT_WAIT = (Urgency.emergency, Urgency.same_day)
_COUNTS_LAST = timedelta(seconds=5)  # for what becomes late while nothing rings
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WorklistSummary:
    """What stands above the list in words. `version`: that of the list that is shown."""

    counts: list[tuple[str, str, int]]
    unseen: list[tuple[str, int]]  # of the levels that cannot wait
    overdue: int
    oldest: str
    updated: str
    newest: int
    version: int


def page_routes() -> list[Route]:
    """The pages of the worklist."""
    return [
        staff_route("GET", "/worklist", show_worklist),
        staff_route("POST", "/worklist/find", search_by_reference),
        staff_route("GET", "/worklist/{show}", show_worklist),
        staff_route("GET", "/worklist/{show}/after/{place}", show_worklist),
    ]


def show_worklist(staff_request: StaffRequest) -> Response:
    """GET /worklist/{show}/after/{place}: one page of what waits; all of it to begin with."""
    asked = staff_request.request.path_params.get("show", "all")
    show = next((known for known in WORKLIST_FILTERS if known == asked), None)
    if show is None:
        raise HTTPException(404)
    after = _parse_place(staff_request.request.path_params.get("place"))
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        clinic = worklist.read_clinic_snapshot(scope)
        day = _clinic_midnight(staff_request.now, clinic.time_zone)
        lines = worklist.list_worklist_page(
            scope, staff_request.now, staff_request.signed_in_staff.staff, show, after, today=day
        )
        values = _load_page_values(staff_request, scope, clinic, lines)
    own = staff_request.request.scope["path"]
    more = _page_address(show, lines[-1].page_cursor) if len(lines) == WORKLIST_PAGE_SIZE else ""
    return staff_request.render_page(
        "nurse/worklist.html",
        show=show,
        own=own,
        more=more,
        found="",
        **values,
    )


def search_by_reference(staff_request: StaffRequest) -> Response:
    """POST /worklist/find: all that the person of this reference sent."""
    reference = staff_request.typed_field("reference")
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        clinic = worklist.read_clinic_snapshot(scope)
        lines = worklist.list_by_reference(scope, staff_request.now, reference)
        values = _load_page_values(staff_request, scope, clinic, lines)
    return staff_request.render_page(
        "nurse/worklist.html", show="", own="", more="", found=reference, **values
    )


def _load_page_values(
    staff_request: StaffRequest, scope: Scope, clinic: ClinicSnapshot, lines: list[ListedSubmission]
) -> dict[str, Any]:
    names = staff.find_staff_names(scope, {line.owner for line in lines if line.owner})
    counts = _cached_counts(staff_request, scope, clinic.change_version)
    presenter = make_row_presenter(staff_request, clinic)
    return {
        "shows": _SHOW_WORDS,
        "rows": [presenter.build_row(names, line) for line in lines],
        "head": _build_summary(presenter, counts, clinic),
        "frame": build_staff_frame(
            staff_request.request,
            staff_request.signed_in_staff,
            staff_request.now,
            clinic.time_zone,
            counts.alarm,
            counts.undelivered,
        ),
    }


def _cached_counts(staff_request: StaffRequest, scope: Scope, version: int) -> WorklistCounts:
    """The counts that go with this count of the bell: many pages fetch them at the same ring."""
    kept: dict[str, tuple[int, datetime, WorklistCounts]] = staff_request.request.app.state.counts
    before, at, counts = kept.get(scope.clinic, (-1, staff_request.now, None))
    if (
        counts is None
        or before != version
        or not timedelta() <= staff_request.now - at < _COUNTS_LAST
    ):
        counts = worklist.count_waiting(
            scope, staff_request.now, alarm_cutoff(staff_request.request, staff_request.now)
        )
        kept[scope.clinic] = (version, staff_request.now, counts)
    return counts


def _build_summary(
    presenter: RowPresenter, counts: WorklistCounts, clinic: ClinicSnapshot
) -> WorklistSummary:
    def format_clock(at: datetime | None) -> str:
        language = presenter.words.language
        return format_clock_time(at, clinic.time_zone, presenter.now, language) if at else ""

    badges = {level: presenter.level_badge(level) for level in Urgency}
    return WorklistSummary(
        counts=[(level.name, badges[level], n) for level, n in counts.by_level.items()],
        unseen=[(badges[level], n) for level, n in counts.unseen.items() if level in _CANNOT_WAIT],
        overdue=counts.overdue,
        oldest=format_clock(counts.oldest_unseen),
        updated=format_clock(presenter.now),
        newest=counts.newest,
        version=clinic.change_version,
    )


def _clinic_midnight(now: datetime, time_zone: str) -> datetime:
    """Midnight at the clinic."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(now.astimezone(zone).date(), time.min, zone).astimezone(UTC)


def _page_address(show: str, place: WorklistCursor) -> str:
    due = (place.due_at - _EPOCH) // _MICROSECOND
    return f"/worklist/{show}/after/{place.rank}-{due}-{place.arrived}"


def _parse_place(text: str | None) -> WorklistCursor | None:
    """Where a page ended, from its address. Raises HTTPException for any other text."""
    if text is None:
        return None
    parts = text.split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 18 for p in parts):
        raise HTTPException(404)
    rank, due, arrived = map(int, parts)
    if rank > Urgency.emergency or arrived >= 2**31 or due >= 2**53:
        raise HTTPException(404)
    return WorklistCursor(rank, _EPOCH + due * _MICROSECOND, arrived)
