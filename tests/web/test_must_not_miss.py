"""The panel of what must not be missed, on the page, on paper and as text: no sign is denied."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.store import submissions, worklist_rows
from tests.builders import answers, rulebook
from tests.web.desk import House, Member
from tests.web.handed_in import handed, of, part

DEAD_FINGER = answers(place="finger", skin="dead_skin")
LIMP_BABY = answers(age="under_1", baby_breath="baby_limp", baby="baby_nappies")


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


def said_of(text: str, name: str) -> str:
    """What a running text says right after a danger's name."""
    return re.search(rf"{re.escape(name)}[^:;]*: ([^.;]*)", text)[1]


def test_black_skin_on_a_finger_is_denied_nowhere(house: House, nurse: Member) -> None:
    address = handed(house, nurse, DEAD_FINGER)
    name = "A finger or toe with too little blood"
    page, sheet = nurse.get(address), nurse.get(f"{address}/print")
    panel = part(page, "dangers")
    assert said_of(panel, name) == said_of(sheet.text, name) == "a sign of it was ticked"
    assert "For it: Place: Finger; Skin: Black, grey or dead-looking" in panel
    assert page.text.count(f"a sign was ticked of Infection, {name}") == 2  # short and in full
    assert not re.search(rf"no sign of [^;]*{name}", page.text)


def test_what_was_asked_of_a_baby_instead_is_denied_nowhere(house: House, nurse: Member) -> None:
    address = handed(house, nurse, LIMP_BABY)
    page, sheet = nurse.get(address), nurse.get(f"{address}/print")
    for name in ("Pressed nerves or a pressed spinal cord", "Far too much calcium in the blood"):
        for text in (part(page, "dangers"), sheet.text):
            assert said_of(text, name) == "a sign of it was ticked"


def test_of_a_baby_who_is_well_it_is_said_that_not_all_was_asked(
    house: House, nurse: Member
) -> None:
    page = nurse.get(handed(house, nurse, answers(age="under_1", baby="none")))
    danger_text = said_of(part(page, "dangers"), "Pressed nerves or a pressed spinal cord")
    assert danger_text == "not all of it was asked"
    assert "not all asked about Pressed nerves" in page.text


def test_answers_that_older_rules_judged_are_searched_for_the_signs_of_today(
    house: House, nurse: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = handed(house, nurse)
    book = rulebook()
    bare = tuple(replace(d, also=(), look_alikes=frozenset()) for d in book.dangers)
    older = replace(book, version="2026.1.1", sha256="f" * 64, dangers=bare)
    monkeypatch.setitem(house.app.state.context.archive._loaded, older.version, older)
    sent_in = replace(of(DEAD_FINGER), rulebook_version=older.version, rulebook_sha256=older.sha256)
    with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
        row = worklist_rows.require_row(scope, address.rpartition("/")[2], house.now)
        targets = house.app.state.context.policy.targets
        submissions.add_corrections(scope, row, sent_in, targets, "older")
    dangers_text = part(nurse.get(address), "dangers")
    assert (
        said_of(dangers_text, "A finger or toe with too little blood") == "a sign of it was ticked"
    )
