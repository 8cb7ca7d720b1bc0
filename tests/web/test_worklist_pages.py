"""A nurse at work: inviting, what waits, one submission, deciding, and two at once."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from app.store import clinics, marks, misfits, reviews, submissions
from app.store import worklist as kept
from app.store.tables import WorklistRow
from app.store.tables.reviews import REVIEW_KINDS
from app.triage.targets import load_visit_days
from app.triage.terms import Urgency
from app.web.clinic import worklist as shown
from app.web.clinic.submission import IDENTIFIER_WORDS, KINDS, OUTCOMES, PROBLEMS, REASONS
from app.web.clinic.worklist import too_far
from tests.builders import RULES
from tests.visitor import Page, Visitor
from tests.web.desk import CALM, EMERGENCY, SECURE, TODAY, House, Member, Patient


@pytest.fixture
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


@pytest.fixture
def other(house: House) -> Member:
    return house.member("nurse", name="Lou Park")


def sent(house: House, nurse: Member, given=TODAY, **more: object) -> tuple[str, Patient]:
    """The address of a new submission, and its patient."""
    patient = Patient(house, nurse, **more)
    patient.send_all(given)
    with house.store.reading(nurse.clinic) as scope:
        found = submissions.arrived(scope, patient.invitation, house.now)
    return f"/submissions/{found.submission}", patient


def hidden(page: Page, action: str) -> dict[str, str]:
    """What a form carries unseen: of the form with this action, the last entry and the key."""
    form = page.html[page.html.index(f'action="{action}"') :]
    return {name: re.search(f'name="{name}" value="([^"]*)"', form)[1] for name in ("after", "key")}


def act(nurse: Member, address: str, step: str, status: int = 200, **fields: str) -> Page:
    """Open the submission and take one step."""
    own_page = step in ("lower", "identify")
    opened = nurse.get(f"{address}/{step}" if own_page else address)
    return nurse.post(f"{address}/{step}", hidden(opened, f"{address}/{step}") | fields, status)


def lowering(nurse: Member, address: str) -> dict[str, str]:
    page = nurse.get(f"{address}/lower")
    rule = page.all("input", name="rule")[0]["value"]
    return {"rule": rule, "level": "routine", "reason": "examined"}


# --- From the invitation to the end ---


def test_a_patient_is_invited_answers_and_is_reviewed(house: House, nurse: Member) -> None:
    page = nurse.get("/invitations")
    fields = {"key": page.all("input", name="key")[0]["value"], "reference": "A 17", "name": "Jo"}
    page = nurse.post("/invitations", fields | {"day": "2027-01-20", "kind": "Dr Hill"})
    link = re.search(r"https://testserver(/i/\S+)", page.text)[1]
    code = re.search(r"\b([2-9A-Z]{4} [2-9A-Z]{4})\b", page.text)[1]
    patient = Visitor(house.app, SECURE)
    assert patient.post("/i", {"code": code}).url == link
    Patient.answer_all(_with_link(patient, link), TODAY)
    patient.post("/send")
    page = nurse.get("/worklist")
    assert page.all("span", **{"data-level": "same_day"})
    assert "A 17" in page.text
    address = next(a for a in page.links if a.startswith("/submissions/"))
    page = nurse.get(address)
    assert "Bring forward" in page.text
    page = act(nurse, address, "agree")
    assert "Kim Lee: agreed with the level." in page.text
    page = act(nurse, address, "identify", outcome="same_person", which=["full_name", "number"])
    page = act(nurse, address, "close", outcome="brought_forward")
    assert "This is done" in page.text
    assert "A 17" not in nurse.get("/worklist").text
    assert "A 17" in nurse.get("/worklist/done").text
    assert patient.get(link).h1 == ["Your clinic has looked at your answers"]
    told = [a for a in house.actions() if a.startswith(("patient", "submission", "review"))]
    assert told[-1] == "submission_viewed"
    assert {"patient_invited", "submission_arrived", "review_claim", "review_close"} <= set(told)


def _with_link(visitor: Visitor, link: str) -> Patient:
    visitor.link = link  # type: ignore[attr-defined]
    visitor.__class__ = Patient
    return visitor  # type: ignore[return-value]


# --- Inviting ---


@pytest.mark.parametrize(
    ("changed", "leads_to"),
    [
        ({"reference": " "}, "#reference"),
        ({"name": ""}, "#name"),
        ({"day": "31/03/2027"}, "#day"),
        ({"kind": "x" * 61}, "#kind"),
    ],
)
def test_an_invitation_that_lacks_something_keeps_what_was_typed(
    house: House, nurse: Member, changed: dict[str, str], leads_to: str
) -> None:
    before = house.actions().count("patient_invited")
    fields = {"reference": "B 1", "name": "Jo", "day": "2027-03-31", "key": "k"} | changed
    page = nurse.post("/invitations", fields, 422)
    assert leads_to in page.links
    assert page.all("input", id="name")[0]["value"] == fields["name"]
    assert house.actions().count("patient_invited") == before


def test_many_are_invited_at_once_or_nobody(house: House, nurse: Member) -> None:
    lines = 'C1,Ann,2027-03-31,"Dr Hill, room 2"\nC2,Bob\n\n'
    assert "C2" in nurse.post("/invitations/batch", {"key": "m1", "lines": lines}).text
    before = house.actions().count("patient_invited")
    for bad in (
        "C3,Cy\nC4,",
        "C3,Cy\nC1,Someone else",
        "C3,Cy,soon",
        "a,b,,d,e",
        "",
        "x,y\n" * 201,
    ):
        page = nurse.post("/invitations/batch", {"key": "m2", "lines": bad}, 422)
        assert "#lines" in page.links
    assert house.actions().count("patient_invited") == before


def test_one_form_sent_again_invites_once(nurse: Member) -> None:
    fields = {"key": "same", "reference": "D1", "name": "Jo"}
    assert len({nurse.post("/invitations", fields).url for _ in range(5)}) == 1


def test_an_invitation_taken_back_is_gone(house: House, nurse: Member) -> None:
    patient = Patient(house, nurse)
    nurse.post(f"/invitations/{patient.invitation}/revoke")
    patient.get(patient.link, 404)
    nurse.get(f"/invitations/{patient.invitation}", 404)


# --- The list ---


def test_the_list_counts_and_marks_and_finds(house: House, nurse: Member) -> None:
    sent(house, nurse, EMERGENCY, reference="E9", name="Eve")
    page = nurse.get("/worklist")
    assert "Emergency: " in page.text
    assert "Not seen yet" in page.text
    assert page.level == "emergency"
    assert "Eve" in nurse.post("/worklist/find", {"reference": "e 9"}).text
    assert "Nothing was sent" in nurse.post("/worklist/find", {"reference": "none"}).text


@pytest.mark.parametrize(
    "address",
    [
        "/worklist/else",
        *(f"/worklist/all/after/{at}" for at in ("1", "9-1-1", "1-1-99999999999", "1-²-1")),
        "/worklist/all/after/1-99999999999999999-1",
    ],
)
def test_an_address_that_nothing_leads_to_is_not_found(nurse: Member, address: str) -> None:
    nurse.get(address, 404)


def test_the_list_goes_on_page_by_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = house.member("nurse", clinic="Long", name="Lea Long")
    for _ in range(5):
        sent(house, clinic, CALM)
    monkeypatch.setattr(shown, "PAGE", 2)
    monkeypatch.setattr(kept.page, "__kwdefaults__", None)
    monkeypatch.setattr(kept.page, "__defaults__", ("all", None, 2))
    seen: list[str] = []
    page = clinic.get("/worklist")
    for _ in range(9):
        seen += [a for a in page.links if a.startswith("/submissions/")]
        more = [a for a in page.links if "/after/" in a]
        if not more:
            break
        page = clinic.get(more[0])
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("level", "days", "far"),
    [
        ("emergency", 1, True),
        ("same_day", 0, False),
        ("same_day", 1, True),
        ("soon", 14, False),
        ("soon", 15, True),
        ("routine", 300, False),
    ],
)
def test_a_visit_later_than_the_level_asks_for_is_to_be_brought_forward(
    house: House, level: str, days: int, far: bool
) -> None:
    visit = house.now.date() + timedelta(days=days)
    within = load_visit_days(RULES).get(Urgency[level])
    assert too_far(within, house.now, visit, "UTC") is far


@pytest.mark.parametrize(("weekday", "needed"), [(2, False), (5, True)])
def test_what_nobody_looks_at_in_time_says_by_when_it_is_needed(
    house: House, weekday: int, needed: bool
) -> None:
    begin = house.now.replace(hour=10, minute=0)
    begin += timedelta(days=(weekday - begin.weekday()) % 7 + 7)
    house.clock.seconds = begin.timestamp()
    nurse = house.member("nurse", clinic=f"Closed {weekday}")
    sent(house, nurse, TODAY)
    told = f"Needed by {begin.day} {begin:%b}"
    assert (told in nurse.get("/worklist").text) is needed


def test_an_empty_list_says_what_to_do_next(house: House) -> None:
    page = house.member("nurse", clinic="Empty").get("/worklist")
    assert "Nothing is waiting." in page.text
    assert page.links.count("/invitations") == 2  # above, and where the list would be
    other = house.member("nurse", clinic="Empty").get("/worklist/mine")
    assert "Nothing here. See all that is waiting" in other.text


def test_a_row_tells_what_staff_must_know_before_they_call(house: House) -> None:
    nurse = house.member("nurse", clinic="Marks")
    address, _ = sent(house, nurse)
    before = nurse.get("/worklist").text
    with house.store.writing(nurse.clinic) as scope:
        marks.put(scope, house.now, nurse.id, address.split("/")[2], marks.MARKS)
    after = nurse.get("/worklist").text
    words = house.app.state.floor.words.pages
    for mark in marks.MARKS:
        assert words[f"marks.{mark}"] not in before
        assert words[f"marks.{mark}"] in after


def test_done_is_what_was_closed_today_by_the_clock_of_the_clinic(house: House) -> None:
    house.clinics["Day"] = clinics.add(
        house.store, house.now, name="Day", region="uk", time_zone="Asia/Tokyo"
    )
    nurse = house.member("nurse", clinic="Day")
    tomorrow = house.now.astimezone(ZoneInfo("Asia/Tokyo")).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), ZoneInfo("Asia/Tokyo")).timestamp()
    house.clock.seconds = midnight - 600
    nurse.sign_in()
    address, _ = sent(house, nurse, CALM, reference="D-1")
    with house.store.writing(nurse.clinic) as scope:
        scope.change(
            WorklistRow,
            submission_id=address.split("/")[2],
            to={"closed": True, "state": "closed", "closed_at": house.now},
        )
    assert "D-1" in nurse.get("/worklist/done").text
    house.clock.seconds = midnight
    assert "D-1" not in nurse.get("/worklist/done").text


def test_an_emergency_that_nobody_saw_alarms_on_every_page_until_someone_looks(
    house: House,
) -> None:
    nurse, admin = house.member("nurse", clinic="Loud"), house.member("admin", clinic="Loud")
    elsewhere = house.member("nurse", clinic="Quiet")
    address, _ = sent(house, nurse, EMERGENCY)
    assert "Nobody has looked at an emergency" not in nurse.get("/account").text
    nurse.wait(5 * 60)
    for page in map(nurse.get, ["/worklist", "/account", "/invitations", "/desk"]):
        assert "Nobody has looked at an emergency" in page.text
        assert "/worklist" in page.links
    assert "Tell a nurse now." in admin.get("/account").text
    assert "Nobody has looked" not in elsewhere.get("/account").text
    nurse.get(address)
    assert "Nobody has looked" not in nurse.get("/worklist").text


def test_the_foot_says_when_the_session_ends(house: House) -> None:
    nurse = house.member("nurse", clinic="Foot")
    ends = (house.now + timedelta(minutes=15)).astimezone(ZoneInfo("Europe/London"))
    assert f"you will be signed out at {ends:%H:%M}" in nurse.get("/account").text


def test_what_becomes_late_is_counted_while_nothing_rings(house: House) -> None:
    nurse = house.member("nurse", clinic="Late")
    sent(house, nurse, EMERGENCY)
    assert "Late:" not in nurse.get("/worklist").text
    with house.store.reading(nurse.clinic) as scope:
        (line,) = kept.page(scope, house.now, nurse.id)
    house.clock.seconds = line.due_at.timestamp() + 1
    nurse.sign_in()
    assert "Late: 1" in nurse.get("/worklist").text


def test_a_page_takes_five_queries_with_the_look_at_the_session(house: House) -> None:
    nurse = house.member("nurse", clinic="Few")
    for number in range(3):
        sent(house, nurse, CALM, reference=f"F-{number}")
    nurse.get("/worklist")
    house.app.state.counts.clear()
    asked: list[str] = []

    def note(_connection, _cursor, words: str, *_: object) -> None:
        asked.append(words)

    event.listen(house.store.engine, "before_cursor_execute", note)
    page = nurse.get("/worklist")
    event.remove(house.store.engine, "before_cursor_execute", note)
    assert "F-2" in page.text
    assert len([words for words in asked if "SELECT" in words]) <= 5


# --- One submission ---


def test_looking_is_noted_and_the_patient_learns_of_it(house: House, nurse: Member) -> None:
    address, patient = sent(house, nurse, CALM)
    before = house.actions().count("submission_viewed")
    page = nurse.get(address)
    assert house.actions().count("submission_viewed") == before + 1
    assert "A nurse looked at them on" in patient.get(patient.link).text
    assert "Not seen yet" not in page.text


def test_it_shows_why_what_to_ask_and_every_answer(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse, TODAY | {"pain": frozenset({"not_sure"})})
    page = nurse.get(address)
    words = house.app.state.floor.words
    assert words.questions["skin"].options["pus"] in page.text
    assert "To ask on the phone" in page.text
    assert "Today" in page.text
    rows = [found for found in page.all("div") if "summary-list__row" in found.get("class", "")]
    assert len(rows) == len(TODAY)


def test_what_was_answered_again_is_shown_beside_what_was_before(
    house: House, nurse: Member
) -> None:
    address, patient = sent(house, nurse, CALM)
    patient.post(patient.link, {"about": "me"})
    patient.answer("skin", *TODAY["skin"])
    patient.send_all_again()
    page = nurse.get(address)
    assert "Before:" in page.text
    assert "Came back worse" in page.text or "Answered again" in page.text


def test_what_someone_has_taken_others_only_read(
    house: House, nurse: Member, other: Member
) -> None:
    address, _ = sent(house, nurse)
    assert "Taken: Kim Lee" in act(nurse, address, "claim").text
    page = other.get(address)
    assert "Kim Lee has taken this" in page.text
    assert [f["action"] for f in page.all("form")] == ["/sign-out"]
    refused = other.post(f"{address}/agree", {"after": "1", "key": "k"}, 422)
    assert "Someone else has taken this" in refused.text


def test_the_second_of_two_is_told_who_was_first_and_keeps_the_words(
    house: House, nurse: Member, other: Member
) -> None:
    address, _ = sent(house, nurse)
    opened = hidden(other.get(address), f"{address}/note")
    act(nurse, address, "claim")
    act(nurse, address, "release")
    page = other.post(f"{address}/note", opened | {"words": "She rang us."}, 422)
    assert "Kim Lee did something here first" in page.text
    assert "She rang us." in page.text
    again = hidden(page, f"{address}/note") | {"words": "She rang us."}
    assert "“She rang us.”" in other.post(f"{address}/note", again).text


def test_lowering_stops_names_the_sign_and_needs_a_second_person(
    house: House, nurse: Member, other: Member
) -> None:
    address, _ = sent(house, nurse)
    assert nurse.get(f"{address}/lower").h1 == ["Stop. You are about to lower the level"]
    whole = lowering(nurse, address)
    for left_out in whole:
        some = {k: v for k, v in whole.items() if k != left_out}
        assert "#lower" in act(nurse, address, "lower", 422, **some).links
    page = act(nurse, address, "lower", **whole)
    assert "A second person has to agree" in page.text
    mine = nurse.post(f"{address}/second", {"after": "2", "key": "k", "answer": "yes"}, 422)
    assert "A second person has to say this" in mine.text
    assert "Someone looked at it in person" in other.get(address).text
    page = act(other, address, "second", answer="yes")
    assert page.all("span", **{"data-level": "routine"})


def test_a_second_person_can_say_no(house: House, nurse: Member, other: Member) -> None:
    address, _ = sent(house, nurse)
    act(nurse, address, "lower", **lowering(nurse, address))
    page = act(other, address, "second", answer="no")
    assert page.all("span", **{"data-level": "same_day"})


def test_handing_over_calling_raising_and_letting_go(
    house: House, nurse: Member, other: Member
) -> None:
    address, patient = sent(house, nurse)
    act(nurse, address, "call", outcome="no_answer", words="Rang twice.\n\x00Again <b>")
    page = act(nurse, address, "raise")
    assert page.all("span", **{"data-level": "emergency"})
    assert "No answer. “Rang twice. Again <b>”" in page.text
    assert patient.get(patient.link).level == "emergency"
    act(nurse, address, "hand-over", to_staff=other.id)
    assert "Taken: Lou Park" in act(other, address, "call", outcome="answered").text
    assert "New" in act(other, address, "release").text


@pytest.mark.parametrize(
    ("step", "fields", "words"),
    [
        ("note", {"words": "  "}, "Type what you want to note"),
        ("call", {}, "Choose what came of it"),
        ("close", {"outcome": "seen_today"}, "First agree, raise or lower"),
        ("hand-over", {"to_staff": "nobody"}, "Choose someone who can review"),
    ],
)
def test_a_step_that_lacks_something_says_what(
    house: House, nurse: Member, step: str, fields: dict[str, str], words: str
) -> None:
    address, _ = sent(house, nurse)
    act(nurse, address, "claim")
    assert words in act(nurse, address, step, 422, **fields).text


def test_one_form_sent_twenty_times_counts_once(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse)
    fields = hidden(nurse.get(address), f"{address}/agree")
    for _ in range(20):
        nurse.post(f"{address}/agree", fields)
    with house.store.reading(nurse.clinic) as scope:
        entries = reviews.entries(scope, address.rpartition("/")[2])
    assert [entry.kind for entry in entries] == ["claim", "agree"]


def test_every_problem_of_a_step_has_its_words() -> None:
    problems = Path(misfits.__file__).read_text("utf-8")
    told = set(re.findall(r'(?:return|else) "([a-z_]+)"', problems))
    told |= set(re.findall(r'return "([a-z_]+)" if', problems))
    assert told - {"kind"} == set(PROBLEMS)
    assert set(REVIEW_KINDS) == set(KINDS)
    assert set(OUTCOMES) == {*reviews.CALLS, *reviews.DISPOSITIONS, *reviews.IDENTIFIED}
    assert set(IDENTIFIER_WORDS) == set(reviews.IDENTIFIERS)
    assert set(REASONS) == set(reviews.LOWER_REASONS)
