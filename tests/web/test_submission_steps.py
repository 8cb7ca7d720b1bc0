"""What is done with one submission: deciding, paper and text, and what a look costs."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import event

from tests.web.desk import CALM, EMERGENCY, House, Member
from tests.web.handed_in import DOUBTS, act, checked, glance, handed, hidden, kinds, lowering


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


@pytest.fixture(scope="module")
def other(house: House) -> Member:
    return house.member("nurse", name="Lou Park")


@pytest.fixture(scope="module")
def elsewhere(house: House) -> Member:
    return house.member("nurse", clinic="Far", name="Fay Far")


# --- What can be done ---


def test_to_agree_and_close_is_one_form_and_two_entries(house: House, nurse: Member) -> None:
    address = checked(house, nurse)
    fields = hidden(nurse.get(address), f"{address}/close")
    for _ in range(5):
        page = nurse.post(
            f"{address}/agree-close", fields | {"outcome": "seen_today", "words": "Rang."}
        )
    assert kinds(house, nurse, address)[-2:] == ["agree", "close"]
    assert kinds(house, nurse, address).count("close") == 1
    assert page.html.count('<bdi class="typed">Rang.</bdi>') == 1
    assert "This is done" in page.text


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [("", "Choose what came of it"), ("seen_today", "First check who it is")],
)
def test_what_cannot_be_closed_is_not_agreed_to_either(
    house: House, nurse: Member, outcome: str, problem: str
) -> None:
    address = handed(house, nurse)
    fields = hidden(nurse.get(address), f"{address}/close")
    page = nurse.post(
        f"{address}/agree-close", fields | {"outcome": outcome, "words": "Kept."}, 422
    )
    assert problem in page.text
    assert page.html.count(">Kept.</textarea>") >= 1
    assert kinds(house, nurse, address) == []


def test_it_asks_for_the_usual_check_until_someone_has_made_one(
    house: House, nurse: Member
) -> None:
    assert nurse.get(handed(house, nurse)).all("input", name="compared")
    assert nurse.get(checked(house, nurse)).all("input", name="compared") == []


def test_the_usual_check_is_ticked_in_the_form_that_closes(house: House, nurse: Member) -> None:
    address = handed(house, nurse)
    fields = hidden(nurse.get(address), f"{address}/close") | {"outcome": "seen_today"}
    refused = nurse.post(f"{address}/agree-close", fields, 422)
    assert "First check who it is" in refused.text
    page = nurse.post(f"{address}/agree-close", fields | {"compared": "yes"})
    assert kinds(house, nurse, address)[-3:] == ["identify", "agree", "close"]
    assert "It is the right person" in page.text


def test_the_first_thing_to_reach_after_the_heading_is_the_decision(
    house: House, nurse: Member
) -> None:
    page = nurse.get(checked(house, nurse))
    html = page.html[page.html.index("</h1>") :]
    assert re.search(r"<(a|button|input type=\"(?!hidden)|select|summary)[^>]*", html)[
        0
    ].startswith('<select class="text-box" id="close-outcome"')
    keys = re.findall(r'accesskey="(.)"', page.html)
    assert len(keys) == len(set(keys)) >= 5


def test_the_second_person_reads_which_sign_would_be_set_aside(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse)
    assert "Skin: Pus, bad smell or known infection." in nurse.get(f"{address}/lower").text
    act(nurse, address, "lower", **lowering(nurse, address))
    page = other.get(address)
    assert "Lower it from Today to Routine visit. Someone looked at it in person." in page.text
    assert "“Seen at the desk.”" in page.text
    assert "This would be set aside:" in page.text
    assert "Skin: Pus, bad smell or known infection. Pus, a bad smell" in page.text


# --- On paper and as text ---


def test_the_text_for_the_record_stands_on_the_page(house: House, nurse: Member) -> None:
    address = handed(house, nurse, DOUBTS, reference="O'Neill & Co")
    page = nurse.get(address)
    assert page.text.count("SBAR O'Neill & Co (") == 2  # short and in full
    assert "R: nothing agreed yet, please review; ask back what is not sure" in page.text
    assert "data-copy" in page.html


def test_each_sheet_is_noted(house: House, nurse: Member) -> None:
    address = handed(house, nurse)
    nurse.get(f"{address}/print")
    nurse.get(f"{address}/copy")
    done = house.actions()[-4:]
    assert done == [
        "submission_viewed",
        "submission_printed",
        "submission_viewed",
        "copy_printed",
    ]


def test_the_sheet_holds_what_the_page_shows_at_a_glance(house: House, nurse: Member) -> None:
    address = handed(house, nurse, DOUBTS, appointment_on=date(2027, 6, 1))
    page = nurse.get(f"{address}/print")
    for words in ("Net-like purple pattern", "Bring forward", "Not sure", "Calciphylaxis"):
        assert words in page.text
    assert "CALCINOSIS-CHECK/2/" in page.text


def test_the_patients_copy_holds_nothing_that_is_for_staff_alone(
    house: House, nurse: Member
) -> None:
    address = checked(house, nurse, appointment_on=date(2027, 6, 1))
    nurse.post(f"{address}/marks", {"mark": ["safeguarding"], "key": "k"})
    assert "afeguarding" in glance(nurse.get(address))
    act(nurse, address, "note", words="secret-note-7f3a")
    fields = hidden(nurse.get(address), f"{address}/close")
    nurse.post(
        f"{address}/agree-close",
        fields | {"outcome": "seen_today", "words": "secret-words-7f3a"},
    )
    page = nurse.get(f"{address}/copy")
    assert "You will be seen today." in page.text
    assert "1 Jun" not in page.text
    main = page.html[page.html.index("<main") : page.html.index("</main")]
    # The submission's random key, in its address, may hold any two letters side by side.
    shown = main.replace('href="/worklist"', "").replace(address, "")
    for word in ("7f3a", "afeguarding", r"\bU3\b", "Kim Lee", "worklist"):
        assert not re.search(word, shown)


def test_a_copy_after_lowering_does_not_say_what_is_no_longer_so(
    house: House, nurse: Member, other: Member
) -> None:
    address = handed(house, nurse, EMERGENCY)
    act(nurse, address, "lower", **lowering(nurse, address) | {"level": "self_care"})
    act(other, address, "second", answer="yes")
    page = nurse.get(f"{address}/copy")
    assert page.level == "self_care"
    assert "We did not see an emergency sign" not in page.text


@pytest.mark.parametrize("paper", ["", "/print", "/copy", "/lower"])
def test_another_clinics_submission_is_not_there(
    house: House, nurse: Member, elsewhere: Member, paper: str
) -> None:
    address = handed(house, nurse)
    assert (
        elsewhere.get(address + paper, 404).text
        == elsewhere.get(f"/submissions/none{paper}", 404).text
    )


# --- What it costs ---


def test_a_look_needs_at_most_six_queries_beside_the_door_the_frame_and_the_audit(
    house: House, nurse: Member
) -> None:
    address = checked(house, nurse, reference="MANY", name="May")
    for _ in range(3):
        handed(house, nurse, CALM, reference="MANY", name="May")
    nurse.get(address)
    seen: list[str] = []

    def note(_c, _cursor, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(house.store.engine, "before_cursor_execute", note)
    try:
        nurse.get(address)
    finally:
        event.remove(house.store.engine, "before_cursor_execute", note)
    begin = next(i for i, s in enumerate(seen) if "worklist_row" in s and "person_id" in s)
    end = max(i for i, s in enumerate(seen) if "FROM staff" in s and "staff_session" not in s)
    read = [
        s for s in seen[begin : end + 1] if s.startswith("SELECT") and "FROM audit_head" not in s
    ]
    assert len(read) <= 6, "\n".join(read)


# --- Going on ---


def test_closing_can_open_the_next_and_says_what_was_done(house: House) -> None:
    nurse = house.member("nurse", clinic="Next", name="Nia Next")
    done, following = (checked(house, nurse, reference=f"N-{n}") for n in (1, 2))
    taken = handed(house, nurse, reference="N-3")
    act(house.member("nurse", clinic="Next", name="Olu Other"), taken, "claim")
    fields = hidden(nurse.get(done), f"{done}/close") | {"outcome": "seen_today"}
    page = nurse.post(f"{done}/agree-close", fields | {"then": "next"})
    assert page.url == following
    assert "N-1 is done. This is the next." in page.text
    fields = hidden(nurse.get(following), f"{following}/close") | {"outcome": "seen_today"}
    assert nurse.post(f"{following}/agree-close", fields | {"then": "next"}).url == "/worklist"
    assert "is done" not in nurse.get(f"{taken}?done={following}x").text


def test_an_emergency_of_nobody_is_the_next_wherever_one_was(house: House) -> None:
    nurse = house.member("nurse", clinic="Next first", name="Nia Next")
    urgent = handed(house, nurse, EMERGENCY)
    done, _ = (checked(house, nurse, CALM) for _ in range(2))
    fields = hidden(nurse.get(done), f"{done}/close") | {"outcome": "seen_today"}
    assert nurse.post(f"{done}/agree-close", fields | {"then": "next"}).url == urgent


def test_what_is_refused_stays_open_though_the_next_was_asked_for(house: House) -> None:
    nurse = house.member("nurse", clinic="Next not", name="Nia Next")
    address = handed(house, nurse)
    fields = hidden(nurse.get(address), f"{address}/close") | {"outcome": "seen_today"}
    page = nurse.post(f"{address}/agree-close", fields | {"then": "next"}, 422)
    assert "First check who it is" in page.text


def test_the_text_for_the_record_is_written_in_plain_letters_where_that_is_asked_for(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse, reference="R-ë", name="Zoë")
    assert "SBAR R-ë (" in nurse.get(address).text
    page = nurse.get(f"{address}/plain")
    assert "SBAR R-e (" in page.text
    assert "SBAR R-ë" not in page.text
