"""The worklist as a page: what waits, the most urgent first. It knows no rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.store import worklist
from app.store.accounts import staff
from app.store.db.scope import Scope
from app.store.db.tables import Clinic
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
from app.web.clinic.layout import alarm_cutoff, build_staff_frame, format_clock_time
from app.web.pages import app_context, translator_for

_SHOW_WORDS = {
    "all": "worklist.all",
    "mine": "worklist.mine",
    "unassigned": "worklist.unassigned",
    "second": "worklist.second",
    "done": "worklist.done",
}
STATES = {
    "new": "worklist.state.new",
    "claimed": "worklist.state.claimed",
    "second_look": "worklist.state.second_look",
    "second_close": "worklist.state.second_close",
    "closed": "worklist.state.closed",
}
_CANNOT_WAIT = (Urgency.emergency, Urgency.same_day)
MARK_WORDS = {
    "interpreter": "marks.interpreter",
    "access": "marks.access",
    "safeguarding": "marks.safeguarding",
}
_COUNTS_LAST = timedelta(seconds=5)  # for what becomes late while nothing rings
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WorklistRowView:
    """One line in words. `late`: its time is over; `forward`: the visit is too far away.

    `needed`: the last day that is soon enough, where the clinic looks later than that.
    """

    submission: str
    level: str
    badge: str
    time: str
    late: bool
    needed: str
    appointment: str
    forward: bool
    reference: str
    name: str
    age: str
    headline: str
    flags: int
    unsure: int
    state: str
    owner: str
    markers: tuple[str, ...]


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
    return {
        "shows": _SHOW_WORDS,
        "rows": [build_row_view(staff_request, clinic, names, line) for line in lines],
        "head": _build_summary(staff_request, counts, clinic),
        "frame": build_staff_frame(
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
    staff_request: StaffRequest, counts: WorklistCounts, clinic: ClinicSnapshot
) -> WorklistSummary:
    words = app_context(staff_request.request).page_wording.levels
    badges = {level: words[level.name].parts["badge"] for level in Urgency}
    oldest = counts.oldest_unseen
    return WorklistSummary(
        counts=[(level.name, badges[level], n) for level, n in counts.by_level.items()],
        unseen=[(badges[level], n) for level, n in counts.unseen.items() if level in _CANNOT_WAIT],
        overdue=counts.overdue,
        oldest=format_clock_time(oldest, clinic.time_zone, staff_request.now) if oldest else "",
        updated=format_clock_time(staff_request.now, clinic.time_zone, staff_request.now),
        newest=counts.newest,
        version=clinic.change_version,
    )


def _clinic_midnight(now: datetime, time_zone: str) -> datetime:
    """Midnight at the clinic."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(now.astimezone(zone).date(), time.min, zone).astimezone(UTC)


def build_row_view(
    staff_request: StaffRequest,
    clinic: Clinic | ClinicSnapshot,
    names: dict[str, str],
    line: ListedSubmission,
) -> WorklistRowView:
    """One line in words."""
    context = app_context(staff_request.request)
    _, fill = translator_for(context, clinic.region)
    ages = context.page_wording.questions[context.rulebook.roles.age].options
    reasons = [
        context.page_wording.rules[r].reason
        for r in line.payload["rules"]
        if r in context.page_wording.rules
    ]
    visit = line.payload["appointment_on"]
    day = date.fromisoformat(visit) if visit else None
    within = staff_request.request.app.state.visit_days.get(line.level)
    last = last_timely_day(within, line.arrived_at, clinic.time_zone)
    looked_at = line.due_at.astimezone(ZoneInfo(clinic.time_zone)).date()
    missed = last is not None and last < looked_at and line.state != "closed"
    return WorklistRowView(
        submission=line.submission,
        level=line.level.name,
        badge=context.page_wording.levels[line.level.name].parts["badge"],
        time=format_time_left(staff_request, line.due_at),
        late=line.due_at <= staff_request.now and line.state != "closed",
        needed=f"{last.day} {last:%b}" if last and missed else "",
        appointment=f"{day.day} {day:%b %Y}" if day else "",
        forward=day is not None and is_visit_late(within, line.arrived_at, day, clinic.time_zone),
        reference=line.payload["reference"],
        name=line.payload["name"],
        age=fill(ages[line.payload["age"]]) if line.payload["age"] in ages else "",
        headline=fill(reasons[0]) if reasons else "",
        flags=line.payload["flags"],
        unsure=line.payload["unsure"],
        state=STATES[line.state],
        owner=names.get(line.owner or "", ""),
        markers=_marker_keys(staff_request, line),
    )


def is_visit_late(within: timedelta | None, arrived: datetime, visit: date, time_zone: str) -> bool:
    """Whether the visit that is booked comes later than the level asks for."""
    last = last_timely_day(within, arrived, time_zone)
    return last is not None and visit > last


def last_timely_day(within: timedelta | None, arrived: datetime, time_zone: str) -> date | None:
    """The last day that is soon enough; None where the level names none."""
    return None if within is None else arrived.astimezone(ZoneInfo(time_zone)).date() + within


def format_time_left(staff_request: StaffRequest, due: datetime) -> str:
    """How long there is left, or how long it has been over."""
    t, _ = translator_for(app_context(staff_request.request), None)
    minutes = abs(due - staff_request.now) // timedelta(minutes=1)
    hours, days = minutes // 60, minutes // (24 * 60)
    late = due <= staff_request.now
    if minutes < 100:
        return t("worklist.late.minutes" if late else "worklist.left.minutes", number=minutes)
    if hours < 48:
        return t("worklist.late.hours" if late else "worklist.left.hours", number=hours)
    return t("worklist.late.days" if late else "worklist.left.days", number=days)


def _marker_keys(staff_request: StaffRequest, line: ListedSubmission) -> tuple[str, ...]:
    older = line.rulebook_sha256 != app_context(staff_request.request).rulebook.sha256
    own = line.versions - line.payload.get("found", 0)  # without what a nurse found
    found = {
        "worklist.marker.worse": bool(line.payload.get("worse")),
        "worklist.marker.changed": own > 1 and not line.payload.get("worse"),
        "worklist.marker.other": line.payload["about"] != "me",
        "worklist.marker.older": older,
        "worklist.marker.unseen": not line.seen,
    }
    needs = [words for need, words in MARK_WORDS.items() if need in line.payload.get("markers", ())]
    return (*(words for words, shown in found.items() if shown), *needs)


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
