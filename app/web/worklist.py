"""The worklist as a page: what waits, the most urgent first. It knows no rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.store import clinics, staff, worklist
from app.store.scope import Scope
from app.store.tables import Clinic
from app.store.worklist import PAGE, SHOWS, Line, Place
from app.triage.terms import Urgency
from app.web.access import Desk, guarded
from app.web.account import told
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
    "closed": "worklist.state.closed",
}
_WITHIN = {
    Urgency.emergency: timedelta(days=0),
    Urgency.same_day: timedelta(days=0),
    Urgency.soon: timedelta(days=14),
}
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One line in words. `late`: its time is over; `forward`: the visit is too far away."""

    submission: str
    level: str
    badge: str
    time: str
    late: bool
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
        lines = worklist.page(scope, desk.now, desk.who.staff, show, after)
        values = _values(desk, scope, lines)
    more = _address(show, lines[-1].place) if len(lines) == PAGE else ""
    return desk.show("nurse/worklist.html", show=show, more=more, found="", **values)


def find(desk: Desk) -> Response:
    """POST /worklist/find: all that the person of this reference sent."""
    reference = desk.typed("reference")
    with desk.store.reading(desk.who.clinic) as scope:
        lines = worklist.by_reference(scope, desk.now, reference)
        values = _values(desk, scope, lines)
    return desk.show("nurse/worklist.html", show="", more="", found=reference, **values)


def _values(desk: Desk, scope: Scope, lines: list[Line]) -> dict[str, Any]:
    clinic, counts = clinics.known(scope), worklist.counts(scope, desk.now)
    names = {member.id: member.name for member in staff.everyone(scope)}
    words = floor(desk.request).words.levels
    oldest = counts.oldest_unseen
    return {
        "shows": _SHOWS,
        "rows": [row(desk, clinic, names, line) for line in lines],
        "counts": [
            (lv.name, words[lv.name].parts["badge"], n) for lv, n in counts.by_level.items()
        ],
        "overdue": counts.overdue,
        "oldest": told(oldest, clinic.time_zone) if oldest else "",
        "updated": told(desk.now, clinic.time_zone),
    }


def row(desk: Desk, clinic: Clinic, names: dict[str, str], line: Line) -> Row:
    """One line in words."""
    here = floor(desk.request)
    _, fill = voice(here, clinic.region)
    ages = here.words.questions["age"].options
    reasons = [here.words.rules[r].reason for r in line.told["rules"] if r in here.words.rules]
    visit = line.told["appointment_on"]
    day = date.fromisoformat(visit) if visit else None
    return Row(
        submission=line.submission,
        level=line.level.name,
        badge=here.words.levels[line.level.name].parts["badge"],
        time=time_left(desk, line.due_at),
        late=line.due_at <= desk.now and line.state != "closed",
        appointment=f"{day.day} {day:%b %Y}" if day else "",
        forward=day is not None and too_far(line.level, line.arrived_at, day, clinic.time_zone),
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


def too_far(level: Urgency, arrived: datetime, visit: date, time_zone: str) -> bool:
    """Whether the visit that is booked comes later than the level asks for."""
    within = _WITHIN.get(level)
    return within is not None and visit > arrived.astimezone(ZoneInfo(time_zone)).date() + within


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
    found = {
        "worklist.marker.worse": bool(line.told.get("worse")),
        "worklist.marker.changed": line.versions > 1 and not line.told.get("worse"),
        "worklist.marker.other": line.told["about"] != "me",
        "worklist.marker.older": older,
        "worklist.marker.unseen": not line.seen,
    }
    return tuple(words for words, shown in found.items() if shown)


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
