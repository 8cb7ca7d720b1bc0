"""The audit for people who check: entries newest first, a file of them, who looked at what.

Whether the chain of entries is whole is worked out for each first page anew. It changes nothing
but that taking the file is noted too.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.store import clinics
from app.store.accounts import staff
from app.store.ground.scope import Scope
from app.store.keeping import audit
from app.store.tables import AuditEntry
from app.web.access import Desk, guarded
from app.web.clinic.account import told
from app.web.clinic.audit_words import ACTIONS, BY_KIND, KINDS, NOBODY
from app.web.clinic.people import attached
from app.web.pages import floor, see_other, voice

PAGE = 50
AT_ONCE = 1000
MOST_CHECKED = 200_000
"""Longer chains take a page too long; the command checks them."""
MOST_LOOKS = 500
ANY_DAY = "all"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would work out
_FAULTS = {
    "changed": "audit.fault.changed",
    "missing": "audit.fault.missing",
    "added": "audit.fault.added",
    "head": "audit.fault.head",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the audit is shown."""

    kind: str
    day: str
    actions: list[str] | None
    between: tuple[datetime, datetime] | None

    @property
    def address(self) -> str:
        """Where a page of it stands."""
        return f"/audit/{self.kind}/{self.day}"


def routes() -> list[Route]:
    """The pages of the audit."""
    return [
        guarded("GET", "/audit", page),
        guarded("POST", "/audit", choose),
        guarded("GET", "/audit/{kind}/{day}", page),
        guarded("GET", "/audit/{kind}/{day}/before/{number}", page),
        guarded("GET", "/audit/{kind}/{day}/file.csv", file),
        guarded("GET", "/submissions/{id}/looks", looks),
    ]


def page(desk: Desk, problems: dict[str, str] | None = None) -> Response:
    """GET /audit/{kind}/{day}/before/{number}: one page; all of it to begin with."""
    given = desk.request.path_params
    before = given.get("number")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 10):
        raise HTTPException(404)
    with desk.store.reading(desk.who.clinic) as scope:
        zone = clinics.known(scope).time_zone
        asked = _asked(given.get("kind", "all"), given.get("day", ANY_DAY), zone)
        found = audit.entries(
            scope,
            actions=asked.actions,
            between=asked.between,
            before=int(before) if before else None,
            limit=PAGE + 1,
        )
        rows = _rows(desk, scope, found[:PAGE], zone)
    more = f"{asked.address}/before/{found[PAGE - 1].number}" if len(found) > PAGE else ""
    return desk.show(
        "audit/page.html",
        kinds=KINDS,
        asked=asked,
        any_day=ANY_DAY,
        typed_day=desk.typed("day") or ("" if asked.day == ANY_DAY else asked.day),
        rows=rows,
        more=more,
        chain="" if given or problems else _chain(desk),
        problems=problems,
    )


def choose(desk: Desk) -> Response:
    """POST /audit: a kind of action and a day lead to their page."""
    kind, day = desk.typed("kind"), desk.typed("day")
    try:
        chosen = date.fromisoformat(day).isoformat() if day else ANY_DAY
    except ValueError:
        return page(desk, {"day": "audit.day.problem"})
    return see_other(f"/audit/{kind if kind in KINDS else 'all'}/{chosen}")


def file(desk: Desk) -> Response:
    """GET /audit/{kind}/{day}/file.csv: all that the page would show, page after page."""
    given, who = desk.request.path_params, desk.who
    with desk.store.reading(who.clinic) as scope:
        asked = _asked(given["kind"], given["day"], clinics.known(scope).time_zone)
        names = _names(scope)
        written = io.StringIO()
        table = csv.writer(written)
        table.writerow(
            ["number", "at", "actor", "name", "action", "subject", "id", "place", "facts"]
        )
        number = 0
        for entry in _all(scope, asked):
            table.writerow([_harmless(cell) for cell in _cells(entry, names)])
            number += 1
    with desk.store.writing(who.clinic) as writing:
        facts = {"kind": asked.kind, "day": asked.day}
        subject = ("clinic", who.clinic)
        audit.add(
            writing,
            desk.now,
            who.staff,
            "audit_taken",
            subject,
            desk.address,
            number=number,
            **facts,
        )
    return attached(desk, written.getvalue(), "text/csv", "audit-entries.csv")


def looks(desk: Desk) -> Response:
    """GET /submissions/{id}/looks: who did what with one submission, also after it is gone."""
    submission = desk.request.path_params["id"]
    with desk.store.reading(desk.who.clinic) as scope:
        zone = clinics.known(scope).time_zone
        subject = ("submission", submission)
        found = audit.entries(scope, subject=subject, limit=MOST_LOOKS)
        if not found:
            raise HTTPException(404)
        rows = _rows(desk, scope, found, zone)
    back = f"/submissions/{submission}" if desk.who.may("see_answers") else "/audit"
    return desk.show("audit/looks.html", rows=rows, back_to=back, most=MOST_LOOKS)


def _asked(kind: str, day: str, time_zone: str) -> Asked:
    """What an address asks for. Raises HTTPException where nothing leads to it."""
    if kind not in KINDS:
        raise HTTPException(404)
    actions = list(BY_KIND[kind]) if kind in BY_KIND else None
    if day == ANY_DAY:
        return Asked(kind, day, actions, None)
    try:
        first = date.fromisoformat(day)
        begin, end = (
            datetime.combine(one, time(), ZoneInfo(time_zone))
            for one in (first, first + timedelta(days=1))
        )
    except (ValueError, OverflowError):
        raise HTTPException(404) from None
    return Asked(kind, first.isoformat(), actions, (begin, end))


def _rows(desk: Desk, scope: Scope, found: Iterable[AuditEntry], zone: str) -> list[dict[str, Any]]:
    """Entries in words."""
    say, _ = voice(floor(desk.request), None)
    names = _names(scope) | {actor: say(words) for actor, words in NOBODY.items()}
    names[scope.clinic] = clinics.name_of(scope)
    return [
        {
            "number": entry.number,
            "at": told(datetime.fromisoformat(entry.at), zone),
            "by": names.get(entry.actor, entry.actor),
            "what": say(ACTIONS[entry.action])
            if entry.action in ACTIONS
            else entry.action.replace("_", " "),
            "submission": entry.subject_id if entry.subject_kind == "submission" else "",
            "subject": names.get(entry.subject_id, "") or entry.subject_id,
            "place": entry.place,
            "facts": ", ".join(f"{name}: {fact}" for name, fact in json.loads(entry.facts).items()),
        }
        for entry in found
    ]


def _chain(desk: Desk) -> str:
    """Whether the chain is whole, in words."""
    say, _ = voice(floor(desk.request), None)
    with desk.store.reading(desk.who.clinic) as scope:
        newest = audit.head(scope)
    if newest is not None and newest.number > MOST_CHECKED:
        return say("audit.chain.long")
    fault = audit.verify(desk.store, desk.who.clinic)
    if fault is not None:
        return say("audit.chain.broken", number=fault.number, why=say(_FAULTS[fault.problem]))
    return say("audit.chain.whole", number=newest.number if newest else 0)


def _all(scope: Scope, asked: Asked) -> Iterator[AuditEntry]:
    before = None
    while True:
        found = audit.entries(
            scope, actions=asked.actions, between=asked.between, before=before, limit=AT_ONCE
        )
        yield from found
        if len(found) < AT_ONCE:
            return
        before = found[-1].number


def _cells(entry: AuditEntry, names: dict[str, str]) -> list[str]:
    name = names.get(entry.actor, "")
    who = (str(entry.number), entry.at, entry.actor, name, entry.action)
    return [*who, entry.subject_kind, entry.subject_id, entry.place, entry.facts]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _names(scope: Scope) -> dict[str, str]:
    return {member.id: member.name for member in staff.everyone(scope)}
