"""A visit that moves, words in two boxes, what is added after a closing, as both sides see it."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from app.store import review_steps
from app.store.review_steps import DISPOSITIONS
from app.triage.terms import Urgency
from tests.builders import answers
from tests.visitor import Page, Visitor
from tests.web.desk import CALM, EMERGENCY, SECURE, TODAY, House, Member
from tests.web.handed_in import act, checked, handed, hidden, kinds, part
from tests.web.test_told_of_closing import link_of, step

SOON = answers(change="grown")
LEVELS = {"emergency": EMERGENCY, "same_day": TODAY, "soon": SOON, "routine": CALM}
WORDS = {"patient_words": "Please bring your tablets.\nCome to door B.", "words": "Daughter rang."}


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


@pytest.fixture(scope="module")
def other(house: House) -> Member:
    return house.member("nurse", name="Lou Park")


@pytest.fixture(autouse=True)
def _a_monday(house: House, nurse: Member, other: Member) -> None:
    """The next Monday at ten, with both signed in anew."""
    now = house.now
    if now.weekday() == 0 and 9 <= now.hour < 14:
        return
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=10, minute=0)
    house.clock.seconds = monday.timestamp()
    nurse.sign_in()
    other.sign_in()


def day_in(house: House, days: int) -> date:
    return house.now.date() + timedelta(days=days)


def typed(day: date) -> dict[str, str]:
    return {"day": str(day.day), "month": str(day.month), "year": str(day.year)}


def said(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def close(nurse: Member, address: str, outcome: str, status: int = 200, **more: str) -> Page:
    fields = hidden(nurse.get(address), f"{address}/close") | {"outcome": outcome} | more
    return nurse.post(f"{address}/agree-close", fields, status)


def patient_page(house: House, nurse: Member, address: str) -> Page:
    return Visitor(house.app, SECURE).get(link_of(house, nurse, address))


# --- The visit (D3) ---


def test_the_new_day_stands_wherever_the_old_one_stood(house: House, nurse: Member) -> None:
    address, new = checked(house, nurse, SOON, appointment_on=day_in(house, 120)), day_in(house, 7)
    assert "Bring forward" in nurse.get(address).text
    more = typed(new) | {"time": "10.30", "with": "Dr Hill"}
    page = close(nurse, address, "brought_forward", **more)
    short = f"{new:%a} {new.day} {new:%b %Y}, 10:30"
    assert f"Booked {short}: soon enough. Dr Hill." in page.text
    assert f"brought forward. New visit: {short}, Dr Hill." in page.text
    assert short in nurse.get(f"{address}/print").text
    read, copy = patient_page(house, nurse, address), nurse.get(f"{address}/copy")
    for one in (read, copy):
        assert f"Your new visit: {said(new)}, 10:30, Dr Hill." in one.text
        assert "Your visit was" in one.text
    line = nurse.get("/worklist/done").text
    assert f"{new.day} {new:%b %Y}, 10:30" in line
    old = day_in(house, 120)
    for one in (page, read, copy):
        assert f"{old.day} {old:%b}" not in one.text
        assert "Bring forward" not in one.text


def test_the_card_no_longer_asks_for_a_visit_where_the_new_one_is_soon_enough(
    house: House, nurse: Member
) -> None:
    address, new = checked(house, nurse, SOON, appointment_on=day_in(house, 120)), day_in(house, 7)
    close(nurse, address, "brought_forward", **typed(new))
    for page in (patient_page(house, nurse, address), nurse.get(f"{address}/copy")):
        assert page.level == "soon"
        assert f"Come to your visit on {said(new)}" in page.text
        assert "Ask today" not in page.text
        assert "See a GP within 2 weeks" not in page.text
    house.clock.seconds += timedelta(days=8).total_seconds()
    nurse.sign_in()
    assert "Come to your visit" not in patient_page(house, nurse, address).text


def test_a_move_without_a_day_is_told_with_a_time_and_listed_until_the_day_is_added(
    house: House, nurse: Member, other: Member
) -> None:
    address = checked(house, nurse, SOON, appointment_on=day_in(house, 120), reference="MOVE-1")
    page = close(nurse, address, "brought_forward", to_book="yes")
    assert "A visit is to be moved and has no day yet." in page.text
    read = patient_page(house, nurse, address)
    assert "The clinic will tell you the new day by" in read.text
    call = "call the clinic on the number that it gave you"
    assert f"If you hear nothing by then, {call}." in read.text
    assert said(day_in(house, 120)) not in read.text
    assert "MOVE-1" in nurse.get("/worklist/moves").text
    assert "To be booked" in nurse.get("/worklist/moves").text
    house.clock.seconds += timedelta(days=2).total_seconds()
    other.sign_in()
    late = patient_page(house, nurse, address).text
    assert "should have told you the new day by" in late
    assert f"Please {call} now." in late
    assert "Ask today" in late  # what the level asks for counts again
    new = day_in(house, 2)
    form = hidden(other.get(address), f"{address}/visit")
    page = other.post(f"{address}/visit", form | typed(new))
    assert "Lou Park: changed the visit." in page.text
    assert f"Your new visit: {said(new)}." in patient_page(house, nurse, address).text
    assert "MOVE-1" not in other.get("/worklist/moves").text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Give the new day, or tick that it is not booked yet"),
        ({"day": "7", "month": "12", "year": "26"}, "Type the year with four figures"),
        ({"day": "12", "month": "31", "year": "2027"}, "There are 12 months."),
        ({"day": "30", "month": "2", "year": "2027"}, "The month has no such day"),
        ({"day": "1", "month": "1", "year": "2020"}, "The new day has passed."),
        ({"day": "x"}, "Type day, month and year"),
        ({"day": "1", "month": "6", "year": "2027", "time": "25:00"}, "Type the time as 10:30"),
        ({"day": "1", "month": "6", "year": "2027", "to_book": "yes"}, "Give a day, or tick"),
        ({"to_book": "yes", "with": "x" * 61}, "Use at most 60 letters"),
    ],
)
def test_a_day_that_cannot_be_read_is_refused_in_words_and_stays_typed(
    house: House, nurse: Member, fields: dict[str, str], words: str
) -> None:
    address = checked(house, nurse, SOON, appointment_on=day_in(house, 120))
    before = kinds(house, nurse, address)
    page = close(nurse, address, "brought_forward", 422, **WORDS, **fields)
    assert words in page.text
    for value in [*fields.values(), "brought_forward"]:
        assert f'value="{value}"' in page.html
    assert "Come to door B.</textarea>" in page.html
    assert "Daughter rang.</textarea>" in page.html
    assert kinds(house, nurse, address) == before


def test_days_that_may_be_a_slip_are_asked_back_once(house: House, nurse: Member) -> None:
    """D15: closed, far off, later than the level asks for, later than before."""
    address = checked(house, nurse, SOON, appointment_on=day_in(house, 30))
    cases = {
        day_in(house, 5): "The clinic is closed on",
        day_in(house, 20): "The level asks for a visit by",
        day_in(house, 40): "This is not earlier than the visit that is booked",
        day_in(house, 7 * 57): "is more than a year away",
    }
    for day, words in cases.items():
        page = close(nurse, address, "brought_forward", 422, **typed(day))
        assert words in page.text
        assert page.all("input", name="visit_sure")[0]["value"] == day.isoformat()
    day = next(iter(cases))
    page = close(nurse, address, "brought_forward", 422, **typed(day), visit_sure="2027-01-01")
    assert "Look at the day again" in page.text
    page = close(nurse, address, "brought_forward", **typed(day), visit_sure=day.isoformat())
    assert "This is done" in page.text


def test_a_day_is_put_right_after_closing(house: House, nurse: Member, other: Member) -> None:
    address = checked(house, nurse, SOON, appointment_on=day_in(house, 120))
    close(nurse, address, "brought_forward", **typed(day_in(house, 7)))
    right = day_in(house, 8)
    form = hidden(other.get(address), f"{address}/visit")
    other.post(f"{address}/visit", form | {"day": "no day"}, 422)
    other.post(f"{address}/visit", form | typed(right))
    page = patient_page(house, nurse, address)
    assert f"Your new visit: {said(right)}." in page.text
    assert said(day_in(house, 7)) not in page.text


def test_a_day_with_another_outcome_is_not_lost_in_silence(house: House, nurse: Member) -> None:
    address = checked(house, nurse, SOON, appointment_on=day_in(house, 120))
    page = close(nurse, address, "advice_given", 422, **typed(day_in(house, 7)))
    assert "A new day goes only with" in page.text


# --- What fits the level (D1, D2) ---


def test_a_visit_later_than_the_level_asks_for_does_not_stay_as_it_is(
    house: House, nurse: Member
) -> None:
    address = checked(house, nurse, SOON, appointment_on=day_in(house, 120))
    page = close(nurse, address, "appointment_kept", 422)
    assert "This visit is later than the level asks for." in page.text
    kept = checked(house, nurse, SOON, appointment_on=day_in(house, 7))
    close(nurse, kept, "appointment_kept")
    read = patient_page(house, nurse, kept)
    assert "Your visit stays as it is." in read.text
    assert "Ask today" not in read.text


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("outcome", DISPOSITIONS)
def test_no_pair_of_level_and_outcome_says_call_now_and_that_all_is_right(
    house: House, nurse: Member, other: Member, level: str, outcome: str
) -> None:
    address = checked(house, nurse, LEVELS[level], appointment_on=day_in(house, 7))
    step(house, nurse, address, "agree")
    kind = "close" if outcome in review_steps.closings_by_one(Urgency[level]) else "ask_close"
    step(house, nurse, address, kind, outcome=outcome, words="As agreed.")
    if kind == "ask_close":
        step(house, other, address, "close_yes")
    for page in (patient_page(house, nurse, address), nurse.get(f"{address}/copy")):
        urgent = "does not replace" in page.text or page.level == "emergency"
        right = [
            *("stays as it is", "visit was moved", "Come to your visit", "soon enough"),
            *("visit was brought forward",),
        ]
        assert not (urgent and any(words in page.text for words in right))
        if level in ("soon", "routine") and outcome in ("appointment_kept", "brought_forward"):
            assert "Come to your visit" in page.text


def test_whom_no_call_reached_cannot_have_been_compared(house: House, nurse: Member) -> None:
    address = handed(house, nurse, SOON)
    for _ in range(3):
        act(nurse, address, "call", outcome="no_answer")
    page = close(nurse, address, "not_reached", 422, compared="yes")
    assert "No call reached anyone, so nothing can have been compared." in page.text
    assert "This is done" in close(nurse, address, "not_reached").text


def test_after_three_calls_in_vain_it_asks_what_else_was_tried(house: House, nurse: Member) -> None:
    address = handed(house, nurse, SOON)
    for _ in range(3):
        assert "What else did you try?" not in nurse.get(address).text
        act(nurse, address, "call", outcome="no_answer")
    assert "Tick what you tried" in act(nurse, address, "trace", 422).text
    form = hidden(nurse.get(address), f"{address}/trace")
    page = nurse.post(f"{address}/trace", form | {"reason": ["second_number", "welfare_check"]})
    assert "Kim Lee: also tried: Another number; Someone was asked to look." in page.text


def test_raising_says_why_by_the_button_itself(house: House, nurse: Member) -> None:
    address = handed(house, nurse, SOON)
    assert "Choose why you raise the level" in act(nurse, address, "raise", 422).text
    assert "say it in words" in act(nurse, address, "raise", 422, reason="other").text
    page = act(nurse, address, "raise", reason="worse")
    assert "Kim Lee: raised the level. It got worse." in page.text


# --- Words (D4, D32) ---


def test_each_box_says_who_reads_it_and_the_patient_reads_only_theirs(
    house: House, nurse: Member
) -> None:
    address = checked(house, nurse, CALM, appointment_on=day_in(house, 120))
    page = nurse.get(address)
    assert "The patient reads this" in page.text
    assert "Only colleagues read this" in page.text
    page = close(nurse, address, "advice_given", **WORDS)
    assert "“Daughter rang.”" in page.text
    assert "The patient reads: Please bring your tablets. Come to door B." in part(page, "done")
    assert "Please bring your tablets." in part(page, "now-reads")
    for one in (patient_page(house, nurse, address), nurse.get(f"{address}/copy")):
        assert "Please bring your tablets.\nCome to door B.</blockquote>" in one.html
        assert "Daughter" not in one.text


def test_what_is_typed_keeps_its_lines_and_turns_nothing_around_it(
    house: House, nurse: Member
) -> None:
    address = checked(house, nurse, CALM)
    patient_words = "\u202eabc\u202c\u200f \u05d0\u200f\r\nLine\u200b two\x07 <b>"
    page = close(nurse, address, "advice_given", patient_words=patient_words, words=patient_words)
    clean = "abc\u200f \u05d0\u200f\nLine two &lt;b&gt;"
    assert f'<bdi class="typed">{clean}</bdi>' in page.html
    read = patient_page(house, nurse, address)
    assert f'<blockquote class="told-words" dir="auto">{clean}</blockquote>' in read.html


def test_words_that_are_too_long_are_refused_and_stay(house: House, nurse: Member) -> None:
    address = checked(house, nurse, CALM)
    page = close(nurse, address, "advice_given", 422, patient_words="x" * 1001)
    assert "Use at most 1,000 letters" in page.text
    assert "x" * 1001 in page.html
    page = act(nurse, address, "note", 422, words="y" * 5001)
    assert "Use at most 5,000 letters" in page.text
    assert "y" * 5001 in page.html


def test_what_a_second_person_has_not_agreed_to_is_not_told_yet(
    house: House, nurse: Member, other: Member
) -> None:
    address = checked(house, nurse, TODAY, appointment_on=day_in(house, 120))
    form = hidden(nurse.get(f"{address}/ask-close"), f"{address}/ask-close")
    fields = form | WORDS | {"outcome": "brought_forward", "agree": "yes"} | typed(day_in(house, 1))
    nurse.post(f"{address}/ask-close", fields | {"visit_sure": day_in(house, 1).isoformat()})
    assert "tablets" not in patient_page(house, nurse, address).text
    page = other.get(address)
    assert "The patient reads: Please bring your tablets." in page.text
    act(other, address, "second", about="close", answer="yes")
    assert "Please bring your tablets." in patient_page(house, nurse, address).text


def test_a_look_at_what_the_patient_would_read_keeps_nothing(house: House, nurse: Member) -> None:
    address, new = checked(house, nurse, SOON, appointment_on=day_in(house, 120)), day_in(house, 7)
    before = kinds(house, nurse, address)
    form = hidden(nurse.get(address), f"{address}/close")
    fields = form | WORDS | typed(new) | {"outcome": "brought_forward", "look": "yes"}
    page = nurse.post(f"{address}/draft", fields)
    shown = part(page, "would-read")
    assert "Nothing is kept yet." in shown
    assert f"Your new visit: {said(new)} ." in shown.replace(said(new) + ".", said(new) + " .")
    assert "Please bring your tablets." in shown
    assert "Daughter rang.</textarea>" in page.html
    assert kinds(house, nurse, address) == before


# --- Texts of the clinic ---


def test_a_text_of_the_clinic_is_put_into_the_box_without_losing_what_was_typed(
    house: House, nurse: Member
) -> None:
    lead = house.member("lead", name="Ada Hill")
    fields = {"title": "Door B", "body": "Use door B.\nRing twice.", "outcome": ""}
    assert "Door B" in lead.post("/texts", fields).text
    nurse.sign_in()
    address = checked(house, nurse, CALM)
    form = hidden(nurse.get(address), f"{address}/close")
    page = nurse.post(
        f"{address}/draft", form | {"choose": "yes", "patient_words": "Hello.", "words": "W."}
    )
    text = re.search(r'id="draft-text".*?value="([^"]+)"', page.html, re.DOTALL)[1]
    page = nurse.post(
        f"{address}/draft",
        form
        | {
            "put_in": "yes",
            "text": text,
            "patient_words": "Hello.",
            "words": "W.",
            "outcome": "advice_given",
        },
    )
    assert "Hello.\nUse door B.\nRing twice.</textarea>" in page.html
    assert "W.</textarea>" in page.html
    assert "advice_given" in page.ticked
    assert "close" not in kinds(house, nurse, address)


def test_leads_and_admins_change_and_retire_texts_and_bad_ones_are_refused(house: House) -> None:
    admin = house.member("admin", clinic="Texts", name="Dev")
    good = {"title": "Tablets", "body": "Bring your tablets.", "outcome": "appointment_kept"}
    for _ in range(2):
        page = admin.post("/texts", good)
    link = [one for one in page.links if one.startswith("/texts/")]
    assert len(link) == 1
    for wrong, words in (
        ({"title": ""}, "Type a name of at most 60 letters"),
        ({"body": "x" * 1001}, "Type between 1 and 1,000 letters"),
        ({"title": "tablets", "body": "Other."}, "Another text has this name"),
        ({"outcome": "bye"}, "Choose an outcome, or any"),
    ):
        assert words in admin.post("/texts", good | wrong, 422).text
    admin.post(link[0], good | {"body": "Bring all tablets."})
    assert "Bring all tablets.</textarea>" in admin.get(link[0]).html
    assert "There are no texts yet." in admin.post(f"{link[0]}/retire").text
    admin.get(link[0], 404)
    assert house.actions("Texts")[-3:] == ["text_added", "text_changed", "text_retired"]


# --- Afterwards (D18) ---


def test_words_are_added_after_closing_by_whoever_takes_the_call(
    house: House, nurse: Member, other: Member
) -> None:
    address = checked(house, nurse, CALM)
    close(nurse, address, "advice_given")
    assert (
        "Type words for the patient or for colleagues" in act(other, address, "addendum", 422).text
    )
    page = act(other, address, "addendum", **WORDS)
    assert "Lou Park: added words. “Daughter rang.”" in page.text
    assert "This is done" in page.text
    assert "Please bring your tablets." in patient_page(house, nurse, address).text


def test_a_wrong_closing_is_opened_again_and_the_patient_is_told(
    house: House, nurse: Member, other: Member
) -> None:
    address = checked(house, nurse, CALM, reference="AGAIN-1")
    close(nurse, address, "advice_given", **WORDS)
    assert "AGAIN-1" not in nurse.get("/worklist").text
    assert "Say in words why you open it again" in act(other, address, "reopen", 422).text
    page = act(other, address, "reopen", words="Closed the wrong row.")
    assert "Taken: Lou Park" in page.text
    assert "AGAIN-1" in nurse.get("/worklist").text
    read = patient_page(house, nurse, address)
    assert "A nurse is looking at your answers again since" in read.text
    assert "gave you advice" not in read.text
    assert "tablets" not in read.text
    assert "looking at this again" in nurse.get(f"{address}/copy").text
    form = hidden(other.get(address), f"{address}/close")
    other.post(f"{address}/close", form | {"outcome": "seen_today"})
    read = patient_page(house, nurse, address)
    assert "You should be seen today." in read.text
    assert "looking at your answers again" not in read.text
    ends = [kind for kind in kinds(house, nurse, address) if kind in ("close", "reopen")]
    assert ends == ["close", "reopen", "close"]


def test_what_is_open_offers_nothing_of_afterwards(house: House, nurse: Member) -> None:
    address = checked(house, nurse, CALM)
    page = nurse.get(address)
    assert not page.all("form", action=f"{address}/reopen")
    fields = hidden(page, f"{address}/close") | {"words": "Why."}
    assert "This is open." in nurse.post(f"{address}/reopen", fields, 422).text
