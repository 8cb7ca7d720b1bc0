"""The audit for people who check: entries newest first, a file of them, who looked at what.

Whether the chain of entries is whole is worked out for each first page anew. It changes nothing
but that taking the file is noted too.
"""

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

from app.documents.typed_days import UnreadableDay, parse_day
from app.presentation.review_words import ACTIONS, AUDIT_ACTIONS, NOBODY
from app.store import audit_subjects, clinics
from app.store.accounts import staff
from app.store.audit_subjects import NoSuchSubject
from app.store.db import audit
from app.store.db.scope import Scope
from app.store.db.tables import AuditEntry
from app.web.pages import see_other
from app.web.staff_request import StaffRequest
from app.web.wire import build_download, escape_formula

PAGE = 50
AT_ONCE = 1000
MOST_CHECKED = 200_000
"""Longer chains take a page too long; the command checks them."""
MOST_LOOKS = 500
ANY_DAY = ALL = "all"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What of the audit is shown. `by`: who did it; `about`: the id of a record, or of a person.

    `subjects`: the ids of all that is theirs; None for everything.
    """

    kind: str
    day: str
    by: str
    about: str
    actions: list[str] | None
    between: tuple[datetime, datetime] | None
    subjects: list[str] | None

    @property
    def page_address(self) -> str:
        """Where a page of it stands."""
        return _filter_address(self.kind, self.day, self.by, self.about)

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return (self.kind, self.day, self.by, self.about) == (ALL, ANY_DAY, ALL, ALL)

    def list_entries(self, scope: Scope, before: int | None, limit: int) -> list[AuditEntry]:
        """The newest entries of it, or the newest `before` a number."""
        return audit.list_audit_entries(
            scope,
            actor=None if self.by == ALL else self.by,
            actions=self.actions,
            about=self.subjects,
            between=self.between,
            before=before,
            limit=limit,
        )


def show_audit(request: StaffRequest, problems: dict[str, str] | None = None) -> Response:
    """GET /audit/{kind}/{day}/by/{by}/about/{about}/before/{number}: one page; all to begin with.

    The parts after the day may be left out.
    """
    given = request.path_params
    before = given.get("number")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 10):
        raise HTTPException(404)
    with request.reading_scope() as scope:
        zone = clinics.load_clinic(scope).time_zone
        asked, names = _parse_filter(request, scope, zone), _list_actors(request, scope)
        typed_about = request.typed_field("about") or _name_subject(scope, asked.about)
        found = asked.list_entries(scope, int(before) if before else None, PAGE + 1)
        rows = _describe_entries(request, scope, found[:PAGE], zone)
    more = f"{asked.page_address}/before/{found[PAGE - 1].number}" if len(found) > PAGE else ""
    return request.render_page(
        "audit/page.html",
        kinds=AUDIT_ACTIONS,
        asked=asked,
        typed_day=request.typed_field("day") or ("" if asked.day == ANY_DAY else asked.day),
        actors=names,
        typed_about=typed_about,
        rows=rows,
        more=more,
        chain="" if given or problems else _describe_chain(request),
        problems=problems,
    )


def choose_audit_filter(request: StaffRequest) -> Response:
    """POST /audit: what is chosen leads to its page. No reference stands in the address."""
    kind, day, by, reference = request.typed_fields("kind", "day", "by", "about").values()
    problems, chosen, about = {}, ANY_DAY, ALL
    try:
        order, language = request.read_date_order(), request.context.language
        chosen = parse_day(day, order, language).isoformat() if day else ANY_DAY
    except UnreadableDay:
        problems["day"] = "audit.day.problem"
    with request.reading_scope() as scope:
        try:
            about = audit_subjects.find_subject(scope, reference) if reference else ALL
        except NoSuchSubject:
            problems["about"] = "audit.about.problem"
        by = by if by in _list_actors(request, scope) else ALL
    if problems:
        return show_audit(request, problems)
    return see_other(_filter_address(kind if kind in AUDIT_ACTIONS else ALL, chosen, by, about))


def download_audit(request: StaffRequest) -> Response:
    """GET /audit/{kind}/{day}/by/{by}/about/{about}/file.csv: all that the page would show."""
    written, number = io.StringIO(), 0
    table = csv.writer(written)
    table.writerow(["number", "at", "actor", "name", "action", "subject", "id", "place", "facts"])
    with request.reading_scope() as scope:
        asked = _parse_filter(request, scope, clinics.load_clinic(scope).time_zone)
        names = staff.list_staff_names(scope)
        for entry in _iterate_entries(scope, asked):
            who = (entry.actor, names.get(entry.actor, ""), entry.action)
            what = (entry.subject_kind, entry.subject_id, entry.place, entry.facts)
            cells = (str(entry.number), entry.at, *who, *what)
            table.writerow([escape_formula(cell) for cell in cells])
            number += 1
    with request.writing_scope() as writing:
        subject, address = ("clinic", request.clinic), request.client_address
        # Whose audit was taken stands by the id, as everywhere in it.
        facts = {"kind": asked.kind, "day": asked.day, "by": asked.by, "about": asked.about}
        audit.record_event(writing, "audit_taken", subject, address, number=number, **facts)
    return build_download(request, written.getvalue(), "text/csv", '"audit-entries.csv"')


def show_submission_looks(request: StaffRequest) -> Response:
    """GET /submissions/{id}/looks: who did what with one submission, also after it is gone."""
    subject = ("submission", request.path_id)
    with request.reading_scope() as scope:
        zone = clinics.load_clinic(scope).time_zone
        found = audit.list_audit_entries(scope, subject=subject, limit=MOST_LOOKS)
        if not found:
            raise HTTPException(404)
        rows = _describe_entries(request, scope, found, zone)
    may_read = request.signed_in_staff.has_permission("see_answers")
    back = f"/submissions/{request.path_id}" if may_read else "/audit"
    return request.render_page("audit/looks.html", rows=rows, back_to=back, most=MOST_LOOKS)


def _filter_address(kind: str, day: str, by: str, about: str) -> str:
    short = f"/audit/{kind}/{day}"
    return short if by == about == ALL else f"{short}/by/{by}/about/{about}"


def _parse_filter(request: StaffRequest, scope: Scope, time_zone: str) -> AuditFilter:
    """What an address asks for. Raises HTTPException where nothing leads to it."""
    given = request.path_params
    kind, by, about = (given.get(name, ALL) for name in ("kind", "by", "about"))
    if kind not in AUDIT_ACTIONS or (by != ALL and by not in _list_actors(request, scope)):
        raise HTTPException(404)
    subjects = None if about == ALL else audit_subjects.list_subject_ids(scope, about)
    if subjects and not audit.list_audit_entries(scope, about=subjects, limit=1):
        raise HTTPException(404)
    day, between = _parse_day(given.get("day", ANY_DAY), time_zone)
    actions = list(AUDIT_ACTIONS[kind]) or None
    return AuditFilter(kind, day, by, about, actions, between, subjects)


def _parse_day(day: str, time_zone: str) -> tuple[str, tuple[datetime, datetime] | None]:
    """The day as an address names it, and when it begins and ends; None for any day."""
    if day == ANY_DAY:
        return day, None
    try:
        first = date.fromisoformat(day)
        begin, end = (
            datetime.combine(one, time(), ZoneInfo(time_zone))
            for one in (first, first + timedelta(days=1))
        )
    except (ValueError, OverflowError):
        raise HTTPException(404) from None
    return first.isoformat(), (begin, end)


def _list_actors(request: StaffRequest, scope: Scope) -> dict[str, str]:
    """Who can be the author of an entry, with their names: staff first, by name."""
    t, members = request.translate, staff.list_staff_names(scope)
    by_name = dict(sorted(members.items(), key=lambda member: member[1].casefold()))
    return by_name | {actor: str(t(words)) for actor, words in NOBODY.items()}


def _name_subject(scope: Scope, about: str) -> str:
    """The reference by which a record was looked for; "" where there is none any more."""
    for kind in ("person", "submission"):
        found = audit_subjects.name_subjects(scope, [(kind, about)])
        if found:
            return found[kind, about].rpartition(", ")[2]
    return ""


def _describe_entries(
    request: StaffRequest, scope: Scope, found: Iterable[AuditEntry], zone: str
) -> list[dict[str, Any]]:
    """Entries in words."""
    t, names = request.translate, _list_actors(request, scope)
    names[scope.clinic] = clinics.load_clinic(scope).name
    found = list(found)
    subjects = [(entry.subject_kind, entry.subject_id) for entry in found]
    references = audit_subjects.name_subjects(scope, subjects)
    return [
        {
            "number": entry.number,
            "at": request.format_time(datetime.fromisoformat(entry.at), zone),
            "by": names.get(entry.actor, entry.actor),
            "what": t(ACTIONS[entry.action])
            if entry.action in ACTIONS
            else entry.action.replace("_", " "),
            "submission": entry.subject_id if entry.subject_kind == "submission" else "",
            "subject": names.get(entry.subject_id)
            or references.get((entry.subject_kind, entry.subject_id))
            or entry.subject_id,
            "place": entry.place,
            "facts": ", ".join(f"{name}: {fact}" for name, fact in json.loads(entry.facts).items()),
        }
        for entry in found
    ]


def _describe_chain(request: StaffRequest) -> str:
    """Whether the chain is whole, in words."""
    t = request.translate
    with request.reading_scope() as scope:
        newest = audit.read_head(scope)
    if newest is not None and newest.number > MOST_CHECKED:
        return t("audit.chain.long")
    fault = audit.verify_chain(request.store, request.clinic)
    if fault is not None:
        return t("audit.chain.broken", number=fault.number, why=t(f"audit.fault.{fault.problem}"))
    return t("audit.chain.whole", number=newest.number if newest else 0)


def _iterate_entries(scope: Scope, asked: AuditFilter) -> Iterator[AuditEntry]:
    found = asked.list_entries(scope, None, AT_ONCE)
    while found:
        yield from found
        found = asked.list_entries(scope, found[-1].number, AT_ONCE)
