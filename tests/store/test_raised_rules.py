"""Rules that nurses raise again and again: three submissions in 30 days, until a lead saw it."""

from datetime import timedelta

import pytest

from app.store import raised_rules, staff_notices
from app.store.agreement import NO_RULE
from app.store.db import audit
from app.store.db.patient_tables import AssessmentVersion, RaisedRule
from app.store.db.scope import Store
from app.store.db.tables import Clinic
from app.store.raised_rules import RaisedRuleTotals
from tests.store.patients import MONDAY, Work

DAY = timedelta(days=1)


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def raise_one(work: Work, day: int = 0, level: str = "soon") -> str:
    now = MONDAY + day * DAY
    sent = work.send(level, now).submission
    work.do("kim", sent, "raise", now)
    return sent


def noted(work: Work, day: int = 0) -> dict[str, int]:
    with work.store.reading_scope("c1") as scope:
        return {
            row.rule: row.number
            for row in raised_rules.list_raised_rules(scope, MONDAY + day * DAY)
            if row.seen_at is None
        }


def rules_of(work: Work, submission: str) -> list[str]:
    with work.store.reading_scope("c1") as scope:
        rows = scope.find_all(AssessmentVersion, submission_id=submission)
    return sorted(rows[0].rules)


def test_the_third_submission_raised_against_a_rule_in_30_days_is_noted(work: Work) -> None:
    raise_one(work)
    raise_one(work, 10)
    assert noted(work, 10) == {}
    sent = raise_one(work, 29)
    assert rules_of(work, sent)
    assert noted(work, 29) == dict.fromkeys(rules_of(work, sent), 3)
    with work.store.reading_scope("c1") as scope:
        assert audit.list_audit_entries(scope, actions=["rule_often_raised"])
        assert staff_notices.count_notices(scope, "ada").rules == len(rules_of(work, sent))


def test_what_was_raised_longer_ago_counts_no_more(work: Work) -> None:
    for day in (0, 10, 31):
        raise_one(work, day)
    assert noted(work, 31) == {}


def test_one_submission_raised_three_times_counts_once(work: Work) -> None:
    sent = raise_one(work)
    work.do("kim", sent, "raise")
    raise_one(work)
    assert noted(work) == {}


def test_a_raise_after_a_lowering_speaks_against_no_rule(work: Work) -> None:
    for _ in range(3):
        sent = work.send("soon").submission
        work.lower("kim", sent)
        work.do("kim", sent, "raise")
    assert noted(work) == {}


def test_the_level_that_is_given_without_a_rule_is_noted_too(work: Work) -> None:
    for _ in range(3):
        raise_one(work, level="routine")
    with work.store.reading_scope("c1") as scope:
        assert len(scope.find_all(RaisedRule)) >= 1
        known = {rule for row in scope.find_all(AssessmentVersion) for rule in row.rules}
    assert set(noted(work)) == (known or {NO_RULE})


def test_what_a_lead_has_seen_is_quiet_until_three_more_are_raised(work: Work) -> None:
    for _ in range(3):
        sent = raise_one(work)
    rules = rules_of(work, sent)
    with work.store.writing_scope("c1", MONDAY + DAY, "ada") as scope:
        raised_rules.mark_seen(scope, [*rules, "none of ours"])
    assert noted(work) == {}
    for day in (2, 3):
        raise_one(work, day)
    assert noted(work, 3) == {}
    raise_one(work, 4)
    assert noted(work, 4) == dict.fromkeys(rules, 3)
    with work.store.reading_scope("c1") as scope:
        assert len(audit.list_audit_entries(scope, actions=["raised_rule_seen"])) == len(rules)


def test_the_totals_of_a_server_name_no_clinic_and_leave_out_those_for_show(work: Work) -> None:
    for _ in range(3):
        sent = raise_one(work)
    rules, none = len(rules_of(work, sent)), RaisedRuleTotals(0, 0, 2)
    found = raised_rules.count_raised_rules(work.store, MONDAY)
    assert found == RaisedRuleTotals(rules, 1, 2)
    assert raised_rules.count_raised_rules(work.store, MONDAY + 31 * DAY) == none
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"for_show": True})
    assert raised_rules.count_raised_rules(work.store, MONDAY) == RaisedRuleTotals(0, 0, 1)
