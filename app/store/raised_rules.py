"""Rules whose level nurses raised for the third submission in 30 days: leads are to know.

A raise speaks against the rules that gave the level, and only while the level is still theirs. Seen
by a lead, it is quiet until three more were raised after that.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.store.agreement import NO_RULE, RAISE
from app.store.clinics import is_demo_clinic
from app.store.db import audit
from app.store.db.patient_tables import AssessmentVersion, RaisedRule, ReviewEntry
from app.store.db.scope import Scope, Store, WritingScope

COUNTED = timedelta(days=30)
ENOUGH = 3
"""So many submissions raised against one rule within that time alarm."""


class RaisedRuleTotals(NamedTuple):
    """How many rules it holds for on this server, at how many of its clinics."""

    rules: int
    concerned: int
    clinics: int


def note_raise(scope: WritingScope, version: AssessmentVersion) -> None:
    """Note each rule of these answers whose raises are enough by now. The raise is kept already."""
    rules = [str(rule) for rule in version.rules] or [NO_RULE]
    known = {row.rule: row for row in scope.find_all(RaisedRule, RaisedRule.rule.in_(rules))}
    raised = _list_raises(scope, scope.now - COUNTED)
    for rule in rules:
        before = known.get(rule)
        seen_at = before.seen_at if before else None
        number = len({of for of, at in raised[rule] if seen_at is None or at > seen_at})
        if number < ENOUGH:
            continue
        to = {"at": scope.now, "number": number, "seen_at": None, "seen_by": None}
        if before is None or seen_at is not None:
            to["mailed_at"] = None
        if before is None:
            scope.add_row(RaisedRule, rule=rule, **to)
        else:
            scope.update_rows(RaisedRule, rule=rule, to=to)
        if before is None or seen_at is not None:
            audit.record_event(
                scope.act_as("job"), "rule_often_raised", ("rule", rule), number=number
            )


def _list_raises(scope: Scope, since: datetime) -> dict[str, list[tuple[str, datetime]]]:
    """Rule -> (submission, when) of each raise against it."""
    columns = (ReviewEntry.submission_id, ReviewEntry.at, AssessmentVersion.rules)
    # By submission too: that way there is an index.
    against = (
        ReviewEntry.kind == RAISE,
        ReviewEntry.at > since,
        AssessmentVersion.submission_id == ReviewEntry.submission_id,
        AssessmentVersion.id == ReviewEntry.version_id,
        ReviewEntry.urgency_before == AssessmentVersion.urgency,
    )
    rows: Any = scope.execute_read(scope.select_columns(*columns).where(*against)).all()
    found: defaultdict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for submission, at, rules in rows:
        for rule in rules or [NO_RULE]:
            found[rule].append((submission, at))
    return found


def list_raised_rules(scope: Scope, now: datetime) -> list[RaisedRule]:
    """What was often raised and nobody has seen, and what else was within 30 days; newest first."""
    lately = RaisedRule.seen_at.is_(None) | (RaisedRule.at > now - COUNTED)
    return scope.find_all(RaisedRule, lately, order_by=[RaisedRule.at.desc(), RaisedRule.rule])


def list_unmailed_rules(scope: Scope) -> list[RaisedRule]:
    """What nobody has seen and the clinic's mailbox was not written yet."""
    return scope.find_all(RaisedRule, mailed_at=None, seen_at=None, order_by=[RaisedRule.rule])


def mark_mailed(scope: WritingScope, rules: Iterable[RaisedRule]) -> None:
    """Note that a mail server took the letter about these."""
    for row in rules:
        scope.update_rows(RaisedRule, rule=row.rule, mailed_at=None, to={"mailed_at": scope.now})
        audit.record_event(scope, "raised_rule_mailed", ("rule", row.rule))


def mark_seen(scope: WritingScope, rules: Collection[str]) -> None:
    """Note that who writes has seen these."""
    for rule in sorted(rules):
        to = {"seen_at": scope.now, "seen_by": scope.who}
        if scope.update_rows(RaisedRule, rule=rule, seen_at=None, to=to):
            audit.record_event(scope, "raised_rule_seen", ("rule", rule))


def count_raised_rules(store: Store, now: datetime) -> RaisedRuleTotals:
    """The totals of all clinics but those for show; no clinic is named."""
    rules, concerned, clinics = set(), 0, 0
    for clinic in store.list_clinic_ids():
        if is_demo_clinic(store, clinic):
            continue
        clinics += 1
        with store.reading_scope(clinic) as scope:
            found = {row.rule for row in scope.find_all(RaisedRule, RaisedRule.at > now - COUNTED)}
        rules |= found
        concerned += bool(found)
    return RaisedRuleTotals(len(rules), concerned, clinics)
