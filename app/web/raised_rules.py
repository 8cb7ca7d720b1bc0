"""Rules that nurses raised again and again, in words: for leads, and their totals for everybody."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from starlette.requests import Request

from app.store import raised_rules
from app.store.agreement import NO_RULE
from app.store.db.patient_tables import RaisedRule
from app.store.db.scope import Store
from app.store.raised_rules import RaisedRuleTotals
from app.web.pages import filler_for
from app.web.staff_request import StaffRequest


class RaisedRuleLine(NamedTuple):
    """One rule as a lead reads it. `seen`: who has seen it and when; "" where nobody has."""

    rule: str
    words: str
    number: int
    at: str
    seen: str


def describe_raised_rules(
    request: StaffRequest, found: Iterable[RaisedRule], names: Mapping[str, str], time_zone: str
) -> list[RaisedRuleLine]:
    """The rules with their words."""
    lines = []
    for row in found:
        seen = ""
        if row.seen_at is not None:
            at = request.format_time(row.seen_at, time_zone)
            name = names.get(row.seen_by or "", "")
            seen = request.translate("reports.raised.seen", name=name, time=at)
        words = describe_rule(request, row.rule)
        at = request.format_time(row.at, time_zone)
        lines.append(RaisedRuleLine(row.rule, words, row.number, at, seen))
    return lines


def describe_rule(request: StaffRequest, rule: str) -> str:
    """What the rule says in words; its id where the rules of today have no such rule."""
    if rule == NO_RULE:
        return request.translate("agreement.no_rule")
    known = request.context.page_wording.rules
    return filler_for(request.context, None)(known[rule].reason) if rule in known else rule


class RaisedRuleCounter:
    """The totals of this server as counted last; None before, or where there is no clinic."""

    def __init__(self) -> None:
        self.totals: RaisedRuleTotals | None = None

    def update_totals(self, store: Store, now: datetime) -> None:
        """Count again. Where that fails, what was counted last holds."""
        found = raised_rules.count_raised_rules(store, now)
        self.totals = found if found.clinics else None


def read_raised_totals(request: Request) -> RaisedRuleTotals | None:
    """The totals as this server counted them last; it asks no database."""
    counter: RaisedRuleCounter = request.app.state.raised_rules
    return counter.totals
