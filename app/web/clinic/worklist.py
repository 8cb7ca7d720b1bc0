"""The worklist as a page: what waits, the most urgent first. It knows no rule."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.documents.typed_days import UnreadableDay, parse_day
from app.store import worklist, worklist_search
from app.store.accounts import staff
from app.store.db.scope import Scope
from app.store.worklist import ClinicSnapshot, ListedSubmission, WorklistCounts, WorklistCursor
from app.triage.terms import Urgency
from app.web.clinic.submission_reading import list_taken_notices, make_row_presenter
from app.web.pages import see_other
from app.web.staff_request import StaffRequest, build_staff_frame, read_notices

WORKLIST_TABS = {
    show: f"worklist.{show}" for show in ("all", "mine", "unassigned", "second", "moves", "done")
}
"""What is asked for most -> the key of its words."""
_VISIT = "visit-"
"""An address that shows the visits of one day goes on with the day."""
_DAYS = {0: "worklist.visit.today", 1: "worklist.visit.tomorrow"}
_CANNOT_WAIT = (Urgency.emergency, Urgency.same_day)
_COUNTS_LAST = timedelta(seconds=5)  # for what becomes late while nothing rings
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def show_worklist(request: StaffRequest) -> Response:
    """GET /worklist/{show}/after/{place}: one page of what waits; all of it to begin with."""
    asked = request.path_params.get("show", "all")
    show, day = _parse_filter(asked)
    after = _parse_place(request.path_params.get("place"))
    with request.reading_scope() as scope:
        clinic = worklist.read_clinic_snapshot(scope, request.staff_id)
        zone, now = ZoneInfo(clinic.time_zone), request.now
        midnight = datetime.combine(now.astimezone(zone).date(), time.min, zone).astimezone(UTC)
        lines = worklist.list_worklist_page(
            scope,
            now,
            request.staff_id,
            show,
            after,
            limit=worklist.WORKLIST_PAGE_SIZE,
            today=midnight,
            visit_on=day,
        )
        values = _load_page_values(request, scope, clinic, lines)
    own = request.scope["path"]
    is_full = len(lines) == worklist.WORKLIST_PAGE_SIZE
    more = _page_address(asked, lines[-1].page_cursor) if is_full else ""
    return request.render_page(
        "nurse/worklist.html",
        show=asked,
        own=own,
        more=more,
        found=None,
        words="",
        day=day,
        **values,
    )


def choose_day(request: StaffRequest) -> Response:
    """POST /worklist/day: the day whose visits are shown, or all where no day was said."""
    try:
        order, language = request.read_date_order(), request.context.language
        day = parse_day(request.typed_field("day"), order, language)
    except UnreadableDay:
        return see_other("/worklist")
    return see_other(f"/worklist/{_VISIT}{day.isoformat()}")


def search_worklist(request: StaffRequest) -> Response:
    """POST /worklist/find: all that was sent, or is invited, under these words."""
    words = request.typed_field("reference")
    with request.reading_scope() as scope:
        clinic = worklist.read_clinic_snapshot(scope, request.staff_id)
        found = worklist_search.search_worklist(scope, request.now, words)
        values = _load_page_values(request, scope, clinic, found.lines)
    return request.render_page(
        "nurse/worklist.html",
        show="",
        own="",
        more="",
        found=found,
        words=words,
        day=None,
        too_short=len(worklist_search.fold_letters(words)) < worklist_search.MIN_LETTERS,
        **values,
    )


def _load_page_values(
    request: StaffRequest, scope: Scope, clinic: ClinicSnapshot, lines: list[ListedSubmission]
) -> dict[str, Any]:
    rows = [line.row for line in lines]
    named = {id_ for row in rows for id_ in (row.owner_id, row.handed_to_id, row.viewer_id) if id_}
    names = staff.find_staff_names(scope, named)
    counts = _cached_counts(request, scope, clinic.change_version)
    presenter, zone = make_row_presenter(request, clinic), clinic.time_zone
    today = presenter.local_day(request.now)
    badges = {level: presenter.level_badge(level) for level in Urgency}
    return {
        # Asked for only where there is any: a page is to take few queries.
        "taken": list_taken_notices(request, scope, zone) if clinic.taken_over else [],
        "tabs": [
            *WORKLIST_TABS.items(),
            *((f"{_VISIT}{today + timedelta(days=n)}", words) for n, words in _DAYS.items()),
        ],
        "rows": [presenter.build_row(names, line) for line in lines],
        "head": {
            "counts": [(level.name, badges[level], n) for level, n in counts.by_level.items()],
            # Of the levels that cannot wait.
            "unseen": [(badges[lvl], n) for lvl, n in counts.unseen.items() if lvl in _CANNOT_WAIT],
            "overdue": counts.overdue,
            "oldest": request.format_clock(counts.oldest_unseen, zone),
            "updated": request.format_clock(request.now, zone),
            "newest": counts.newest,
            "version": clinic.change_version,  # that of the list that is shown
        },
        "frame": build_staff_frame(
            request, zone, counts.alarm, counts.undelivered, read_notices(request, scope)
        ),
    }


def _cached_counts(request: StaffRequest, scope: Scope, version: int) -> WorklistCounts:
    """The counts that go with this count of the bell: many pages fetch them at the same ring."""
    kept = request.context.worklist_counts
    before, at, counts = kept.get(scope.clinic, (-1, request.now, None))
    if counts is None or before != version or not timedelta() <= request.now - at < _COUNTS_LAST:
        counts = worklist.count_waiting(scope, request.now, request.alarm_cutoff)
        kept[scope.clinic] = (version, request.now, counts)
    return counts


def _page_address(show: str, place: WorklistCursor) -> str:
    due = (place.due_at - _EPOCH) // _MICROSECOND
    return f"/worklist/{show}/after/{place.rank}-{due}-{place.arrived}"


def _parse_filter(asked: str) -> tuple[str, date | None]:
    """(What is asked for, on which day), from an address. Raises HTTPException for any other."""
    name, _, day = asked.partition("-") if asked.startswith(_VISIT) else (asked, "", "")
    with suppress(ValueError):
        if name in worklist.WORKLIST_FILTERS and (name == "visit") == bool(day):
            return name, date.fromisoformat(day) if day else None
    raise HTTPException(404)


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
