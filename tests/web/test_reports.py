"""The report of a month: whole numbers of ten and more, as a page and a file, for leads alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from app.presentation.month_report import hide_small_groups
from app.store import agreement, raised_rules, reviews
from app.store.db.patient_tables import RaisedRule
from app.store.month_reports import TALLIED
from app.store.review_steps import ReviewStep
from tests.web.desk import CALM, House, Member
from tests.web.handed_in import sent


@pytest.fixture
def clinic(request: pytest.FixtureRequest) -> str:
    """A clinic of its own for each test, since pages count all of it."""
    return f"R {request.node.name[5:45]}"


@pytest.fixture
def lead(house: House, clinic: str) -> Member:
    return house.member("lead", clinic=clinic)


def decide(house: House, lead: Member, kind: str, given=CALM, **more: Any) -> None:
    """Someone sends answers, and the lead does this with them."""
    reason = {"reason": "seen"} if kind == "raise" else {}
    address, _ = sent(house, lead, given, **more)
    submission = address.removeprefix("/submissions/")
    with house.store.writing_scope(lead.clinic, house.now, lead.id) as scope:
        step = ReviewStep(kind, 0, f"{submission}{kind}", **reason)
        reviews.perform_step(scope, submission, step, house.app.state.context.policy.targets)


def tally(house: House, lead: Member, **numbers: int) -> None:
    """What was counted of this month, by subject with a dot for the colon."""
    first = house.now.date().replace(day=1)
    with house.store.writing_scope(lead.clinic, house.now, "job") as scope:
        for name, number in numbers.items():
            subject = TALLIED + name.replace("__", ":")
            agreement.add_tallies(scope, first, *[subject] * number)


def note_rule(house: House, lead: Member, rule: str = "U3") -> None:
    with house.store.writing_scope(lead.clinic, house.now, "job") as scope:
        scope.add_row(RaisedRule, rule=rule, at=house.now, number=3)


# --- What is hidden ---


@pytest.mark.parametrize(
    ("counts", "shown", "total"),
    [
        ({"a": 0, "b": 0}, {"a": 0, "b": 0}, 0),
        ({"a": 10, "b": 25}, {"a": 10, "b": 25}, 35),
        # One alone: the total would tell it.
        ({"a": 4, "b": 12, "c": 40}, {"a": None, "b": None, "c": 40}, 56),
        # Two that hold fewer than ten together: the total would tell that much.
        ({"a": 1, "b": 1, "c": 30, "d": 50}, {"a": None, "b": None, "c": None, "d": 50}, 82),
        ({"a": 6, "b": 7, "c": 30}, {"a": None, "b": None, "c": 30}, 43),
        ({"a": 4, "b": 0}, {"a": None, "b": 0}, None),
        ({"a": 4, "b": 30}, {"a": None, "b": None}, 34),
    ],
)
def test_a_small_number_is_hidden_and_no_total_gives_it_away(
    counts: dict[str, int], shown: dict[str, int | None], total: int | None
) -> None:
    assert hide_small_groups(counts, 10) == (shown, total)


def all_splits(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in all_splits(total - first, parts - 1):
            yield first, *rest


@pytest.mark.parametrize("total", [1, 4, 9, 10, 14, 23])
def test_what_is_hidden_is_several_parts_of_enough_people_or_has_no_total(total: int) -> None:
    for split in all_splits(total, 3):
        counts = dict(zip("abc", split, strict=True))
        shown, whole = hide_small_groups(counts, 5)
        hidden = [counts[name] for name, number in shown.items() if number is None]
        assert not [number for number in shown.values() if number and number < 5]
        assert whole in (None, total)
        if hidden and whole is not None:
            assert len(hidden) > 1, split
            assert sum(hidden) >= 5, split


# --- The page ---


def test_a_month_shows_numbers_of_ten_and_more_and_hides_the_others(
    house: House, lead: Member
) -> None:
    tally(house, lead, level__soon=12, level__routine=31, level__emergency=4)
    tally(house, lead, source__invitation=47, act__moved=11, act__lapse=9)
    page = lead.get("/reports")
    assert "Together 47" in page.text
    assert "31" in page.text
    assert "Visits brought forward or moved 11" in page.text
    assert "Claims that lapsed Under 10" in page.text
    assert " 12 " not in page.text, "with the total it would tell the four"


def test_what_came_is_shown_without_anybody_who_sent_it(
    house: House, lead: Member, clinic: str
) -> None:
    for number in range(10):
        decide(house, lead, "agree", reference=f"R-Canary {number}", name="Zebrafink")
    page = lead.get("/reports")
    assert "By an invitation 10" in page.text
    for trace in ("R-Canary", "Zebrafink"):
        assert trace not in page.html
    table = lead.client.get(f"/reports/{house.now:%Y-%m}/file.csv")
    assert "R-Canary" not in table.text
    assert house.actions(clinic)[-1] == "report_taken"


def test_the_file_has_the_numbers_of_the_page_and_no_formula(house: House, lead: Member) -> None:
    tally(house, lead, level__soon=12, end__advice_given=3)
    answer = lead.client.get(f"/reports/{house.now:%Y-%m}/file.csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["Month", "Part", "What", "Number"]
    assert [f"{house.now:%Y-%m}", "What came, by level", "Together", "12"] in rows
    ends = {row[2]: row[3] for row in rows if row[1] == "How it was closed"}
    assert "3" not in ends.values()
    assert ends["Together"] == "Under 10"
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r")]


def test_months_before_the_clinic_and_after_today_are_not_found(house: House, lead: Member) -> None:
    this = f"{house.now:%Y-%m}"
    assert f"/reports/{this}" in lead.get(f"/reports/{this}").links
    for month in ("2001-01", "2999-01", "2027-13", "2027-1", "x", "2027-01-01"):
        assert lead.client.get(f"/reports/{month}").status_code == 404
        assert lead.client.get(f"/reports/{month}/file.csv").status_code == 404


def test_a_report_of_one_clinic_counts_nothing_of_another(house: House, lead: Member) -> None:
    tally(house, house.member("lead", clinic="Dale"), level__soon=40)
    assert "40" not in lead.get("/reports").text


# --- Rules that are raised again and again ---


def test_the_third_raise_against_a_rule_is_told_to_leads_on_every_page(
    house: House, lead: Member, clinic: str
) -> None:
    nurse = house.member("nurse", clinic=clinic)
    for _ in range(2):
        decide(house, lead, "raise")
    lead.sign_in()
    assert "Rules that nurses raised" not in lead.get("/worklist").text
    decide(house, lead, "raise")
    for address in ("/worklist", "/agreement", "/account", "/reports"):
        assert "Rules that nurses raised for the third person" in lead.get(address).text
    assert "Are these rules too low?" in lead.get("/agreement").text
    nurse.sign_in()
    assert "Rules that nurses raised" not in nurse.get("/worklist").text


def test_a_lead_who_has_seen_the_rules_is_named_and_the_notice_goes(
    house: House, lead: Member
) -> None:
    note_rule(house, lead)
    note_rule(house, lead, "")
    page = lead.get("/reports")
    shown = [found["value"] for found in page.all("input", name="rule")]
    assert sorted(shown) == ["", "U3"]
    page = lead.post("/reports/seen", {"rule": shown})
    assert "Kim Lee saw this on" in page.text
    assert "Rules that nurses raised for the third person" not in page.text
    assert not page.all("form", action="/reports/seen")


def test_what_a_lead_did_not_see_stays_a_notice(house: House, lead: Member) -> None:
    note_rule(house, lead)
    page = lead.post("/reports/seen", {"rule": ["none of ours"]})
    assert "Rules that nurses raised for the third person" in page.text


def test_safety_counts_the_rules_that_nurses_raise_and_names_no_clinic(
    house: House, lead: Member
) -> None:
    counter = house.app.state.raised_rules
    before = counter.totals
    note_rule(house, lead)
    counter.update_totals(house.store, house.now)
    found = raised_rules.count_raised_rules(house.store, house.now)
    page = lead.get("/safety")
    assert f"in 30 days: {found.rules}, at {found.concerned} of the {found.clinics}" in page.text
    assert not [name for name in house.clinics if name in page.text]
    counter.totals = before


def test_safety_says_nothing_of_clinics_where_there_is_none(house: House) -> None:
    counter = house.app.state.raised_rules
    before, counter.totals = counter.totals, None
    assert "clinics on this server" not in house.member("lead", clinic="Dale").get("/safety").text
    counter.totals = before
