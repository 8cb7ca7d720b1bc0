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
from app.store.ground.scope import Scope
from app.store.tables import Clinic
from app.store.worklist import PAGE, SHOWS, ClinicNow, Counts, Line, Place
from app.triage.terms import Urgency
from app.web.access import Desk, guarded
from app.web.clinic.frame import alarm_before, clock, frame
from app.web.pages import floor, voice

_SHOWS = {
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
class Row:
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
class Head:
    """What stands above the list in words. `rung`: the count of the bell that the page is from."""

    counts: list[tuple[str, str, int]]
    unseen: list[tuple[str, int]]  # of the levels that cannot wait
    overdue: int
    oldest: str
    updated: str
    newest: int
    rung: int


def routes() -> list[Route]:
    """The pages of the worklist."""
    return [
        guarded("GET", "/worklist", page),
        guarded("POST", "/worklist/find", find),
        guarded("GET", "/worklist/{show}", page),
        guarded("GET", "/worklist/{show}/after/{place}", page),
    ]


def page(desk: Desk) -> Response:
    """GET /worklist/{show}/after/{place}: one page of what waits; all of it to begin with."""
    asked = desk.request.path_params.get("show", "all")
    show = next((known for known in SHOWS if known == asked), None)
    if show is None:
        raise HTTPException(404)
    after = _place(desk.request.path_params.get("place"))
    with desk.store.reading(desk.who.clinic) as scope:
        clinic = worklist.clinic_now(scope)
        day = _day_began(desk.now, clinic.time_zone)
        lines = worklist.page(scope, desk.now, desk.who.staff, show, after, today=day)
        values = _values(desk, scope, clinic, lines)
    own = desk.request.scope["path"]
    more = _address(show, lines[-1].place) if len(lines) == PAGE else ""
    return desk.show(
        "nurse/worklist.html",
        show=show,
        own=own,
        more=more,
        found="",
        **values,
    )


def find(desk: Desk) -> Response:
    """POST /worklist/find: all that the person of this reference sent."""
    reference = desk.typed("reference")
    with desk.store.reading(desk.who.clinic) as scope:
        clinic = worklist.clinic_now(scope)
        lines = worklist.by_reference(scope, desk.now, reference)
        values = _values(desk, scope, clinic, lines)
    return desk.show("nurse/worklist.html", show="", own="", more="", found=reference, **values)


def _values(desk: Desk, scope: Scope, clinic: ClinicNow, lines: list[Line]) -> dict[str, Any]:
    names = staff.names(scope, {line.owner for line in lines if line.owner})
    counts = _counts(desk, scope, clinic.rung)
    return {
        "shows": _SHOWS,
        "rows": [row(desk, clinic, names, line) for line in lines],
        "head": _head(desk, counts, clinic),
        "frame": frame(desk.who, desk.now, clinic.time_zone, counts.alarm, counts.undelivered),
    }


def _counts(desk: Desk, scope: Scope, rung: int) -> Counts:
    """The counts that go with this count of the bell: many pages fetch them at the same ring."""
    kept: dict[str, tuple[int, datetime, Counts]] = desk.request.app.state.counts
    before, at, counts = kept.get(scope.clinic, (-1, desk.now, None))
    if counts is None or before != rung or not timedelta() <= desk.now - at < _COUNTS_LAST:
        counts = worklist.counts(scope, desk.now, alarm_before(desk.request, desk.now))
        kept[scope.clinic] = (rung, desk.now, counts)
    return counts


def _head(desk: Desk, counts: Counts, clinic: ClinicNow) -> Head:
    words = floor(desk.request).words.levels
    badges = {level: words[level.name].parts["badge"] for level in Urgency}
    oldest = counts.oldest_unseen
    return Head(
        counts=[(level.name, badges[level], n) for level, n in counts.by_level.items()],
        unseen=[(badges[level], n) for level, n in counts.unseen.items() if level in _CANNOT_WAIT],
        overdue=counts.overdue,
        oldest=clock(oldest, clinic.time_zone, desk.now) if oldest else "",
        updated=clock(desk.now, clinic.time_zone, desk.now),
        newest=counts.newest,
        rung=clinic.rung,
    )


def _day_began(now: datetime, time_zone: str) -> datetime:
    """Midnight at the clinic."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(now.astimezone(zone).date(), time.min, zone).astimezone(UTC)


def row(desk: Desk, clinic: Clinic | ClinicNow, names: dict[str, str], line: Line) -> Row:
    """One line in words."""
    here = floor(desk.request)
    _, fill = voice(here, clinic.region)
    ages = here.words.questions["age"].options
    reasons = [here.words.rules[r].reason for r in line.told["rules"] if r in here.words.rules]
    visit = line.told["appointment_on"]
    day = date.fromisoformat(visit) if visit else None
    within = desk.request.app.state.visit_days.get(line.level)
    last = needed_by(within, line.arrived_at, clinic.time_zone)
    looked_at = line.due_at.astimezone(ZoneInfo(clinic.time_zone)).date()
    missed = last is not None and last < looked_at and line.state != "closed"
    return Row(
        submission=line.submission,
        level=line.level.name,
        badge=here.words.levels[line.level.name].parts["badge"],
        time=time_left(desk, line.due_at),
        late=line.due_at <= desk.now and line.state != "closed",
        needed=f"{last.day} {last:%b}" if last and missed else "",
        appointment=f"{day.day} {day:%b %Y}" if day else "",
        forward=day is not None and too_far(within, line.arrived_at, day, clinic.time_zone),
        reference=line.told["reference"],
        name=line.told["name"],
        age=fill(ages[line.told["age"]]) if line.told["age"] in ages else "",
        headline=fill(reasons[0]) if reasons else "",
        flags=line.told["flags"],
        unsure=line.told["unsure"],
        state=STATES[line.state],
        owner=names.get(line.owner or "", ""),
        markers=_markers(desk, line),
    )


def too_far(within: timedelta | None, arrived: datetime, visit: date, time_zone: str) -> bool:
    """Whether the visit that is booked comes later than the level asks for."""
    last = needed_by(within, arrived, time_zone)
    return last is not None and visit > last


def needed_by(within: timedelta | None, arrived: datetime, time_zone: str) -> date | None:
    """The last day that is soon enough; None where the level names none."""
    return None if within is None else arrived.astimezone(ZoneInfo(time_zone)).date() + within


def time_left(desk: Desk, due: datetime) -> str:
    """How long there is left, or how long it has been over."""
    say, _ = voice(floor(desk.request), None)
    minutes = abs(due - desk.now) // timedelta(minutes=1)
    hours, days = minutes // 60, minutes // (24 * 60)
    late = due <= desk.now
    if minutes < 100:
        return say("worklist.late.minutes" if late else "worklist.left.minutes", number=minutes)
    if hours < 48:
        return say("worklist.late.hours" if late else "worklist.left.hours", number=hours)
    return say("worklist.late.days" if late else "worklist.left.days", number=days)


def _markers(desk: Desk, line: Line) -> tuple[str, ...]:
    older = line.rulebook_sha256 != floor(desk.request).rulebook.sha256
    own = line.versions - line.told.get("found", 0)  # without what a nurse found
    found = {
        "worklist.marker.worse": bool(line.told.get("worse")),
        "worklist.marker.changed": own > 1 and not line.told.get("worse"),
        "worklist.marker.other": line.told["about"] != "me",
        "worklist.marker.older": older,
        "worklist.marker.unseen": not line.seen,
    }
    needs = [words for need, words in MARK_WORDS.items() if need in line.told.get("markers", ())]
    return (*(words for words, shown in found.items() if shown), *needs)


def _address(show: str, place: Place) -> str:
    due = (place.due_at - _EPOCH) // _MICROSECOND
    return f"/worklist/{show}/after/{place.rank}-{due}-{place.arrived}"


def _place(text: str | None) -> Place | None:
    """Where a page ended, from its address. Raises HTTPException for any other text."""
    if text is None:
        return None
    parts = text.split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 18 for p in parts):
        raise HTTPException(404)
    rank, due, arrived = map(int, parts)
    if rank > Urgency.emergency or arrived >= 2**31 or due >= 2**53:
        raise HTTPException(404)
    return Place(rank, _EPOCH + due * _MICROSECOND, arrived)
