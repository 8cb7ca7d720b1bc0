"""What a clinic chooses for itself: read as typed, refused with a word for why, or kept.

Each kind of change has one function, which notes in the audit what was and what is. A problem is
a word by the field that it is about; pages and commands turn it into a sentence. Where alarms go
is kept by app/store/alarms.py. It must not know pages.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.store.clinics import Targets, find_clinic, load_clinic
from app.store.db import audit, change_notifications
from app.store.db.scope import Store, WritingScope
from app.store.db.tables import Clinic
from app.store.opening_hours import BadHours, Spans, format_day_hours, parse_day_hours
from app.store.permissions import LEAD, NURSE
from app.store.public_holidays import HolidayProposal, list_areas
from app.triage.terms import Urgency

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DATE_ORDERS = ("day_first", "month_first", "year_first")
MAY_LOWER = (NURSE, LEAD)
SECOND_PERSON_LEVELS = (Urgency.emergency, Urgency.same_day, Urgency.soon, Urgency.routine)
"""From which level on two may lower; an emergency is lowered by one person alone nowhere."""
MAX_NAME, MAX_ADDRESS, MAX_REASON = 100, 300, 60  # letters
MAX_MINUTES = 10_000
MAX_DAYS_AHEAD = timedelta(days=731)
MAX_CLOSED_SPAN = timedelta(days=62)
DAYS_KEPT = {
    "invitation_days": (1, 90),
    "unreviewed_days": (7, 365),
    "reviewed_days": (7, 3650),
}
"""The least and the most days of each."""
_TELEPHONE = re.compile(r"[+(]{0,2}[0-9][0-9 ()./-]{3,28}[0-9]")


class BadSettings(Exception):
    """What was typed cannot be kept; `problems`: field -> a word for why."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = dict(problems)


def is_telephone(typed: str) -> bool:
    """Whether it looks like a number to call: digits, with signs that people put between them."""
    return _TELEPHONE.fullmatch(typed) is not None


def is_name_taken(store: Store, clinic: str, name: str) -> bool:
    """Whether another clinic of this server has the name already."""
    found = find_clinic(store, name)
    return found is not None and found.clinic_id != clinic


def save_contact(scope: WritingScope, typed: Mapping[str, str]) -> None:
    """Keep name, telephone, address and date_order. Raises BadSettings."""
    lines = [" ".join(line.split()) for line in typed["address"].splitlines()]
    address = "\n".join(line for line in lines if line)
    problems = {}
    if not 0 < len(typed["name"]) <= MAX_NAME:
        problems["name"] = "name"
    if typed["telephone"] and not is_telephone(typed["telephone"]):
        problems["telephone"] = "telephone"
    if len(address) > MAX_ADDRESS:
        problems["address"] = "address"
    if typed["date_order"] not in DATE_ORDERS:
        problems["date_order"] = "choose"
    _refuse_problems(problems)
    texts = {name: typed[name] for name in ("name", "date_order")}
    _save_changes(
        scope, "contact", {**texts, "telephone": typed["telephone"] or None, "address": address}
    )


def save_hours(scope: WritingScope, typed: Mapping[str, str]) -> None:
    """Keep the hours of each weekday, as `parse_day_hours` reads them. Raises BadSettings."""
    week: list[Spans] = []
    problems = {}
    for day in WEEKDAYS:
        try:
            week.append(parse_day_hours(typed[day]))
        except BadHours as refused:
            problems[day] = refused.problem
    if not problems and not any(week):
        problems[WEEKDAYS[0]] = "hours_none"
    _refuse_problems(problems)
    _save_changes(scope, "hours", {"opening_hours": week})


def add_closed_days(scope: WritingScope, typed: Mapping[str, str]) -> None:
    """Close from `first` to `last`, both as 2027-12-24, for a `reason`. Raises BadSettings.

    Without a last day it is one day alone.
    """
    first = _parse_day(typed["first"])
    last = _parse_day(typed["last"]) if typed["last"] else first
    latest = _local_today(load_clinic(scope), scope.now) + MAX_DAYS_AHEAD
    problems = {}
    if first is None or not latest - MAX_DAYS_AHEAD <= first <= latest:
        problems["first"] = "day_range" if first else "day"
    elif last is None or last < first:
        problems["last"] = "day_order" if last else "day"
    elif last - first > MAX_CLOSED_SPAN or last > latest:
        problems["last"] = "day_span"
    if len(typed["reason"]) > MAX_REASON:
        problems["reason"] = "reason"
    if problems or first is None or last is None:
        raise BadSettings(problems)
    days = [first + timedelta(days=later) for later in range((last - first).days + 1)]
    _save_closed_days(scope, "closed", {day.isoformat(): typed["reason"] for day in days}, ())


def remove_closed_day(scope: WritingScope, day: str) -> None:
    """Open on that day again; nothing where it was not closed."""
    _save_closed_days(scope, "closed", {}, (day,))


def save_targets(scope: WritingScope, typed: Mapping[str, str], defaults: Targets) -> None:
    """Keep the minutes to a review, by level; an empty one is the rulebook's. Raises BadSettings.

    A worse level never waits longer, and an emergency never longer than the rulebook says.
    """
    minutes: dict[Urgency, int] = {}
    problems = {}
    for level in Urgency:
        number = _parse_number(typed[level.name]) if typed[level.name] else defaults[level]
        if number is None or not 1 <= number <= MAX_MINUTES:
            problems[level.name] = "minutes"
        else:
            minutes[level] = number
    if minutes.get(Urgency.emergency, 0) > defaults[Urgency.emergency]:
        problems[Urgency.emergency.name] = "minutes_emergency"
    for level in minutes if not problems else ():
        if any(minutes[worse] > minutes[level] for worse in Urgency if worse > level):
            problems[level.name] = "minutes_order"
    _refuse_problems(problems)
    chosen = {level.name: n for level, n in minutes.items() if n != defaults[level]}
    _save_changes(scope, "targets", {"targets": chosen})


def save_lowering(scope: WritingScope, typed: Mapping[str, str]) -> None:
    """Keep who `may_lower`, and from which level two are needed. Raises BadSettings."""
    levels = {level.name: level for level in SECOND_PERSON_LEVELS}
    problems = {}
    if typed["may_lower"] not in MAY_LOWER:
        problems["may_lower"] = "choose"
    if typed["second_person_from"] not in levels:
        problems["second_person_from"] = "choose"
    _refuse_problems(problems)
    second = int(levels[typed["second_person_from"]])
    changes = {"may_lower": typed["may_lower"], "second_person_from": second}
    _save_changes(scope, "lowering", changes)


def save_days_kept(scope: WritingScope, typed: Mapping[str, str]) -> None:
    """Keep how long invitations work and submissions are kept. Raises BadSettings."""
    found = {name: _parse_number(typed[name]) for name in DAYS_KEPT}
    problems = {
        name: name
        for name, (least, most) in DAYS_KEPT.items()
        if not least <= (found[name] or 0) <= most
    }
    _refuse_problems(problems)
    _save_changes(scope, "keeping", found)


def save_holiday_area(scope: WritingScope, area: str) -> None:
    """Keep for which part of the region holidays are proposed. Raises BadSettings."""
    if area not in list_areas(load_clinic(scope).region):
        raise BadSettings({"area": "choose"})
    _save_changes(scope, "holidays", {"holiday_area": area})


def confirm_holidays(scope: WritingScope, proposal: HolidayProposal, chosen: Sequence[str]) -> None:
    """Close on the chosen ones of these days, and open on the others; note who went through it."""
    wanted = {day: name for day, name in proposal.days.items() if day in chosen}
    others = [day for day in proposal.days if day not in wanted]
    _save_closed_days(scope, "holidays", wanted, others)
    clinic = load_clinic(scope)
    looked = {
        "on": _local_today(clinic, scope.now).isoformat(),
        "area": proposal.area,
        "version": proposal.version,
        "days": dict(proposal.days),
    }
    checked = {**(clinic.holidays_checked or {}), str(proposal.year): looked}
    _save_changes(scope, "holidays", {"holidays_checked": checked})


def _save_closed_days(
    scope: WritingScope, part: str, closed: Mapping[str, str], opened: Sequence[str]
) -> None:
    clinic = load_clinic(scope)
    reasons = dict(clinic.closed_reasons or {})
    days = {*clinic.closed_days, *closed} - set(opened)
    reasons = {day: why for day, why in (reasons | dict(closed)).items() if day in days and why}
    _save_changes(scope, part, {"closed_days": sorted(days), "closed_reasons": reasons})


def _save_changes(scope: WritingScope, part: str, to: Mapping[str, Any]) -> None:
    """Write what differs; the audit holds what was and what is. Nothing new leaves no trace."""
    clinic = load_clinic(scope)
    new = {
        name: value
        for name, value in to.items()
        if (getattr(clinic, name) or None) != (value or None)
    }
    if not new:
        return
    facts: dict[str, str] = {}
    for name, value in new.items():
        write = _WRITTEN.get(name, str)
        facts |= {f"{name}_was": write(getattr(clinic, name)), f"{name}_is": write(value)}
    scope.update_rows(Clinic, to=new)
    audit.record_event(scope, "clinic_changed", ("clinic", scope.clinic), part=part, **facts)
    change_notifications.notify_change(scope)


def _write_week(week: Sequence[Sequence[Sequence[str]]]) -> str:
    return "; ".join(format_day_hours(spans) or "closed" for spans in week)


def _write_checks(checked: Mapping[str, Mapping[str, Any]] | None) -> str:
    looked = (checked or {}).items()
    return ", ".join(f"{year} {one['area']} {one['version']}" for year, one in looked)


def _write_text(text: str | None) -> str:
    return (text or "").replace("\n", ", ")


_WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "opening_hours": _write_week,
    "holidays_checked": _write_checks,
    "closed_days": ", ".join,
    **dict.fromkeys(("telephone", "address", "holiday_area"), _write_text),
}
"""How the audit says a value that no short text is."""


def _refuse_problems(problems: Mapping[str, str]) -> None:
    if problems:
        raise BadSettings(problems)


def _local_today(clinic: Clinic, now: datetime) -> date:
    return now.astimezone(ZoneInfo(clinic.time_zone)).date()


def _parse_day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if len(typed) == 10 else None
    except ValueError:
        return None


def _parse_number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else None
