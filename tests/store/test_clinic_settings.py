"""What a clinic chooses for itself: what is kept, what is refused and why, what the audit tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.store import clinic_settings
from app.store.clinic_settings import WEEKDAYS, BadSettings, is_telephone
from app.store.clinics import load_clinic, load_policy
from app.store.db import audit
from app.store.db.scope import Store, WritingScope
from app.store.db.tables import Clinic
from app.store.public_holidays import COUNTRIES, list_areas, propose_holidays
from app.triage.terms import Urgency
from tests.builders import RULES, rulebook
from tests.store.kim import NOON

TARGETS = load_policy(RULES).targets
CONTACT = {
    "name": "Hill Street",
    "telephone": "020 7946 0000",
    "address": "1 Hill Street\n\n  London  N1 ",
    "date_order": "day_first",
}
WEEK = dict.fromkeys(WEEKDAYS, "") | {"tuesday": "09:00-12:30, 14:00-17:00", "thursday": "18-21"}
DAYS = {"first": "2026-12-24", "last": "2026-12-26", "reason": "Christmas"}
KEPT = {"invitation_days": "21", "unreviewed_days": "30", "reviewed_days": "90"}
LOWERING = {"may_lower": "lead", "second_person_from": "soon"}
MINUTES = dict.fromkeys(Urgency.__members__, "")


def save_targets(scope: WritingScope, typed: dict[str, str]) -> None:
    clinic_settings.save_targets(scope, typed, TARGETS)


def do(store: Store, save: Callable[..., None], *given: Any) -> Clinic:
    """Make a change in the first clinic; the clinic as it then is."""
    with store.writing_scope("c1", NOON, "kim") as scope:
        save(scope, *given)
    with store.reading_scope("c1") as scope:
        return load_clinic(scope)


def changes(store: Store) -> list[dict[str, str]]:
    """What the audit tells of settings, the newest first."""
    with store.reading_scope("c1") as scope:
        entries = audit.list_audit_entries(scope, actions=["clinic_changed"])
        return [json.loads(entry.facts) for entry in entries]


def test_name_number_and_address_are_kept_and_the_audit_holds_what_was_and_is(store: Store) -> None:
    clinic = do(store, clinic_settings.save_contact, CONTACT)
    assert (clinic.name, clinic.telephone) == ("Hill Street", "020 7946 0000")
    assert clinic.address == "1 Hill Street\nLondon N1"
    (facts,) = changes(store)
    assert facts == {
        "part": "contact",
        "name_was": "Clinic c1",
        "name_is": "Hill Street",
        "telephone_was": "",
        "telephone_is": "020 7946 0000",
        "address_was": "",
        "address_is": "1 Hill Street, London N1",
    }


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        *((number, True) for number in ("020 7946 0000", "(212) 555-0147", "+44 (0)20 7946.0000")),
        *((number, True) for number in ("999 111", "01234/56789")),
        *(
            (text, False)
            for text in ("12", "+", "call 020 7946 0000", "020 7946 0000 ext. 5", "1" * 40)
        ),
    ],
)
def test_numbers_are_taken_as_people_write_them(typed: str, fits: bool) -> None:
    assert is_telephone(typed) is fits


def test_what_changes_nothing_leaves_no_trace(store: Store) -> None:
    for _ in range(2):
        do(store, clinic_settings.save_contact, CONTACT)
        do(store, clinic_settings.save_hours, WEEK)
        do(store, clinic_settings.add_closed_days, DAYS)
        do(store, save_targets, MINUTES)
        do(store, clinic_settings.save_lowering, LOWERING)
        do(store, clinic_settings.save_days_kept, KEPT)
    assert [facts["part"] for facts in changes(store)] == [
        *("keeping", "lowering", "closed", "hours", "contact")
    ]


def test_opening_hours_are_kept_by_weekday(store: Store) -> None:
    clinic = do(store, clinic_settings.save_hours, WEEK)
    assert clinic.opening_hours[1] == [["09:00", "12:30"], ["14:00", "17:00"]]
    assert clinic.opening_hours[3] == [["18:00", "21:00"]]
    assert [bool(spans) for spans in clinic.opening_hours].count(True) == 2
    assert changes(store)[0]["opening_hours_is"].startswith("closed; 09:00-12:30, 14:00-17:00;")


def test_days_are_closed_and_opened_again_each_with_its_reason(store: Store) -> None:
    clinic = do(store, clinic_settings.add_closed_days, DAYS)
    assert clinic.closed_days == ["2026-12-24", "2026-12-25", "2026-12-26"]
    assert clinic.closed_reasons == dict.fromkeys(clinic.closed_days, "Christmas")
    clinic = do(store, clinic_settings.remove_closed_day, "2026-12-25")
    assert clinic.closed_days == ["2026-12-24", "2026-12-26"] == list(clinic.closed_reasons or {})
    one = do(store, clinic_settings.add_closed_days, DAYS | {"first": "2026-04-01", "last": ""})
    assert one.closed_days[0] == "2026-04-01"


def test_a_worse_level_never_waits_longer_and_an_emergency_never_longer_than_the_rules_say(
    store: Store,
) -> None:
    chosen = MINUTES | {"emergency": "5", "same_day": "30", "soon": str(TARGETS[Urgency.soon])}
    assert do(store, save_targets, chosen).targets == {"emergency": 5, "same_day": 30}
    assert do(store, save_targets, MINUTES).targets == {}


def test_who_may_lower_and_when_two_are_needed_is_kept(store: Store) -> None:
    clinic = do(store, clinic_settings.save_lowering, LOWERING)
    assert (clinic.may_lower, clinic.second_person_from) == ("lead", Urgency.soon)


@pytest.mark.parametrize(
    ("save", "typed", "problems"),
    [
        ("save_contact", CONTACT | {"name": ""}, {"name": "name"}),
        ("save_contact", CONTACT | {"telephone": "call us"}, {"telephone": "telephone"}),
        ("save_contact", CONTACT | {"telephone": "12345\n"}, {"telephone": "telephone"}),
        ("save_contact", CONTACT | {"telephone": "1" * 40}, {"telephone": "telephone"}),
        ("save_contact", CONTACT | {"address": "x" * 301}, {"address": "address"}),
        ("save_contact", CONTACT | {"date_order": "any"}, {"date_order": "choose"}),
        ("save_hours", WEEK | {"monday": "17-9"}, {"monday": "hours_order"}),
        ("save_hours", dict.fromkeys(WEEKDAYS, ""), {"monday": "hours_none"}),
        ("add_closed_days", DAYS | {"first": "24/12/2026"}, {"first": "day"}),
        ("add_closed_days", DAYS | {"first": ""}, {"first": "day"}),
        ("add_closed_days", DAYS | {"first": "2026-02-30"}, {"first": "day"}),
        ("add_closed_days", DAYS | {"first": "2026-02-28"}, {"first": "day_range"}),
        ("add_closed_days", DAYS | {"first": "3026-12-24"}, {"first": "day_range"}),
        ("add_closed_days", DAYS | {"last": "2026-12-23"}, {"last": "day_order"}),
        ("add_closed_days", DAYS | {"last": "2027-12-23"}, {"last": "day_span"}),
        ("add_closed_days", DAYS | {"last": "soon"}, {"last": "day"}),
        ("add_closed_days", DAYS | {"reason": "x" * 61}, {"reason": "reason"}),
        ("save_targets", MINUTES | {"emergency": "16"}, {"emergency": "minutes_emergency"}),
        ("save_targets", MINUTES | {"soon": "59"}, {"soon": "minutes_order"}),
        ("save_targets", MINUTES | {"soon": "0"}, {"soon": "minutes"}),
        ("save_targets", MINUTES | {"soon": "1.5"}, {"soon": "minutes"}),
        ("save_lowering", LOWERING | {"may_lower": "admin"}, {"may_lower": "choose"}),
        ("save_lowering", LOWERING | {"second_person_from": ""}, {"second_person_from": "choose"}),
        ("save_days_kept", KEPT | {"invitation_days": "0"}, {"invitation_days": "invitation_days"}),
        ("save_days_kept", KEPT | {"reviewed_days": "9999"}, {"reviewed_days": "reviewed_days"}),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_and_a_word_for_why(
    store: Store, save: str, typed: dict[str, str], problems: dict[str, str]
) -> None:
    change = save_targets if save == "save_targets" else getattr(clinic_settings, save)
    with pytest.raises(BadSettings) as refused:
        do(store, change, typed)
    assert refused.value.problems == problems
    assert changes(store) == []


def test_no_lowering_of_an_emergency_by_one_person_can_be_chosen(store: Store) -> None:
    clinic = do(
        store, clinic_settings.save_lowering, LOWERING | {"second_person_from": "emergency"}
    )
    assert clinic.second_person_from == Urgency.emergency
    for never in ("", "never", "None", "self_care"):
        with pytest.raises(BadSettings):
            do(store, clinic_settings.save_lowering, LOWERING | {"second_person_from": never})


# --- Public holidays ---


def test_every_region_of_the_rulebook_has_its_holidays_or_is_several_countries() -> None:
    without = {region for region in rulebook().regions if not list_areas(region)}
    assert without == {"eu", "international"}
    assert set(COUNTRIES) <= set(rulebook().regions)


def test_the_parts_of_a_country_have_holidays_of_their_own() -> None:
    names = {area: propose_holidays(area, 2026).days for area in list_areas("uk")}
    assert "2026-11-30" in names["GB-SCT"]
    assert "2026-11-30" not in names["GB-ENG"]
    assert "2026-04-06" in names["GB-ENG"]
    assert set(list_areas("uk-ni")) == {"GB-NIR"}


def test_no_holiday_closes_a_clinic_before_somebody_went_through_them(store: Store) -> None:
    clinic = do(store, clinic_settings.save_holiday_area, "GB-ENG")
    assert (clinic.holiday_area, clinic.closed_days) == ("GB-ENG", [])
    proposal = propose_holidays("GB-ENG", 2026)
    clinic = do(store, clinic_settings.confirm_holidays, proposal, ["2026-12-25", "2026-12-31"])
    assert clinic.closed_days == ["2026-12-25"]  # what was not proposed is not taken
    assert clinic.closed_reasons == {"2026-12-25": "Christmas Day"}
    looked = (clinic.holidays_checked or {})["2026"]
    assert (looked["on"], looked["area"]) == ("2026-03-01", "GB-ENG")
    assert looked["version"] == proposal.version
    assert looked["days"] == proposal.days


def test_a_holiday_that_is_unticked_is_open_and_other_closed_days_stay(store: Store) -> None:
    proposal = propose_holidays("GB-ENG", 2026)
    do(store, clinic_settings.add_closed_days, DAYS | {"first": "2026-12-24", "last": ""})
    do(store, clinic_settings.confirm_holidays, proposal, ["2026-12-25"])
    clinic = do(store, clinic_settings.confirm_holidays, proposal, [])
    assert clinic.closed_days == ["2026-12-24"]


def test_an_area_of_another_region_is_refused(store: Store) -> None:
    for area in ("US-NY", "", "GB-NIR"):
        with pytest.raises(BadSettings):
            do(store, clinic_settings.save_holiday_area, area)
