"""A sign of an emergency stops the questions, once, and stays in sight from then on."""

import re
from datetime import timedelta

import pytest

from app.triage.rules import assess_answers
from app.triage.terms import AT_EMERGENCY
from tests.builders import rulebook
from tests.visitor import Visitor
from tests.web.desk import SECURE, House, Member, Patient
from tests.web.test_journeys import QUIET

LINE = "Your answers can be a sign of an emergency"


def test_an_emergency_interrupts_as_soon_as_it_is_certain(visitor):
    visitor.begin()
    page = visitor.answer("breath", "breathing")
    assert page.url == "/emergency"
    assert page.level == "emergency"


def test_the_person_may_go_on_and_is_not_stopped_again(visitor):
    visitor.begin()
    page = visitor.answer("breath", "breathing")
    page = visitor.get(next(link for link in page.links if link.startswith("/check/")))
    assert page.url == "/check/limbs"
    assert visitor.answer("limbs", "digit_dead").url == "/check/sudden"


def test_the_message_stays_in_sight_on_every_later_page(visitor):
    visitor.begin()
    visitor.answer("breath", "breathing")
    for question in list(QUIET)[2:]:
        assert LINE in visitor.get(f"/check/{question}").text
        visitor.answer(question, *QUIET[question])
    assert LINE in visitor.get("/answers").text
    assert visitor.get("/result").level == "emergency"


def test_a_second_tap_does_not_step_over_the_page(visitor):
    visitor.begin()
    visitor.send("/check/breath", {"breath": "breathing"})
    assert visitor.answer("breath", "breathing").url == "/emergency"


def test_a_sign_taken_back_takes_the_message_back(visitor):
    visitor.begin()
    visitor.answer("breath", "breathing")
    page = visitor.answer("breath", "none")
    assert page.url == "/check/limbs"
    assert LINE not in page.text
    assert visitor.get("/emergency").url == "/check/limbs"


def test_a_sign_that_comes_back_stops_the_questions_again(visitor):
    visitor.begin()
    visitor.answer("breath", "breathing")
    visitor.answer("breath", "none")
    assert visitor.answer("breath", "breathing").url == "/emergency"


def test_not_being_sure_is_no_certain_emergency(visitor):
    visitor.begin()
    page = visitor.answer("breath", "not_sure")
    assert page.url == "/check/limbs"
    assert LINE not in page.text


def test_what_it_might_be_is_folded_away_for_an_emergency(visitor):
    visitor.walk(QUIET | {"breath": ["breathing"]})
    page = visitor.get("/result")
    assert not page.all("h2", id="type")
    assert "Read this later" in page.text[page.text.index("What to say when you call") :]


def test_there_is_no_emergency_page_without_a_sign(visitor):
    visitor.walk(QUIET)
    assert visitor.get("/emergency").url == "/answers"


# --- What is advised there: to call, what to keep, bring and not do ---

LATER = (
    "Tests you may have",
    "What a doctor may offer",
    "What you can do yourself",
    "What can go wrong",
    "What may help to prevent more",
    "Questions to ask",
    "Get help sooner if",
)
CALCIUM = QUIET | {"unwell": ["sick"], "medicines": ["vitamin_d_calcium", "warfarin_lately"]}


def advised(answers):
    """All that is advised of these answers, as it is read in the UK, by section."""
    words = rulebook().wording["en"]
    found = assess_answers(
        rulebook(), {name: frozenset(chosen) for name, chosen in answers.items()}
    )
    return {
        section: [
            words.fill_placeholders(words.advice[a.id], words.regions["uk"]) for a in section_advice
        ]
        for section, section_advice in found.advice.items()
    }


@pytest.mark.parametrize(
    "answers", [CALCIUM, QUIET | {"breath": ["breathing"]}], ids=["calcium", "breath"]
)
def test_the_result_and_the_api_say_only_what_helps_until_help_comes(visitor, answers):
    visitor.walk(answers)
    page = visitor.get("/result")
    advice_by_section = advised(answers)
    assert {section for section, lines in advice_by_section.items() if lines} == {*AT_EMERGENCY}
    for line in [line for lines in advice_by_section.values() for line in lines]:
        assert line in page.text
    for heading in LATER:
        assert heading not in page.text
    for heading in ("While you wait for help", "What to take and say", "What not to do"):
        assert page.text.index("Call 999") < page.text.index(heading)
    said = visitor.client.post("/api/v1/assess", json={"answers": answers, "region": "uk"}).json()
    assert {
        s: [a["text"] for a in lines] for s, lines in said["advice"].items()
    } == advice_by_section


def test_the_page_that_stops_the_questions_says_the_same_and_no_more(visitor):
    visitor.begin()
    page = visitor.answer("breath", "breathing")
    advice_by_section = advised({"breath": ["breathing"]})
    assert all(line in page.text for lines in advice_by_section.values() for line in lines)
    assert not any(heading in page.text for heading in LATER)
    assert (
        page.text.index("Call 999") < page.text.index("While you wait") < page.text.index("We say")
    )


def test_what_an_emergency_hides_is_still_there_to_read(visitor):
    visitor.walk(CALCIUM)
    assert any(link.startswith("/learn/") for link in visitor.get("/result").links)
    for name in ("treatments", "complications", "prevention", "home-remedies"):
        assert visitor.get(f"/learn/{name}").status == 200


def test_who_is_sick_from_calcium_tablets_is_told_to_take_no_more_and_nothing_against_it(visitor):
    visitor.walk(CALCIUM)
    page = visitor.get("/result")
    assert page.level == "emergency"
    assert "Take no more vitamin D, calcium, chalk or antacid tablets from a shop" in page.text
    assert "Do not cut out or top up" not in page.text
    assert "Tell everyone who gives treatment about the warfarin at once" in page.text


# --- An invited person lets their clinic know ---


@pytest.fixture
def nurse(house: House, request: pytest.FixtureRequest) -> Member:
    return house.member("nurse", clinic=request.node.name, name="Kim Told")


@pytest.fixture
def stopped(house: House, nurse: Member) -> Patient:
    """An invited person whom the fourth question stopped."""
    monday = house.now.replace(hour=11, minute=0) + timedelta(days=7 - house.now.weekday())
    house.clock.seconds = monday.timestamp()
    nurse.sign_in()
    patient = Patient(house, nurse, reference="T-9", name="Tom")
    patient.post(patient.link, {"about": "me"})
    for question in ("age", "reason", "place"):
        patient.answer(question, *QUIET[question])
    assert patient.answer("breath", "breathing").url == "/emergency"
    return patient


def test_the_clinic_is_told_below_the_call_and_the_page_goes_on_saying_call(
    stopped: Patient, nurse: Member
) -> None:
    page = stopped.get("/emergency")
    assert page.html.index('href="tel:999"') < page.html.index('action="/emergency/clinic"')
    assert "this does not call help" in page.text
    page = stopped.post("/emergency/clinic")
    assert page.url == "/emergency/clinic"
    assert page.level == "emergency"
    assert page.html.index('href="tel:999"') < page.html.index("Your clinic has your message")
    assert "It has not called help." in page.text
    assert "Nobody there reads this before" not in page.text
    listed = nurse.get("/worklist")
    assert listed.level == "emergency"
    assert "Stopped at an emergency, not all answered" in listed.text
    reference = re.search(r"[A-Z2-9]{3}-[A-Z2-9]{3}", page.text)
    assert "T-9" in nurse.post("/worklist/find", {"reference": reference[0]}).text


def test_a_closed_clinic_says_from_when_on_somebody_reads_it(
    house: House, stopped: Patient
) -> None:
    house.clock.seconds += 8 * 60 * 60
    tuesday = house.now + timedelta(days=1)
    page = stopped.post("/emergency/clinic")
    opens = f"{tuesday.day} {tuesday:%B} {tuesday.year}, 09:00"
    assert f"Nobody there reads this before {opens}." in page.text


def test_who_goes_on_and_sends_all_answers_has_sent_one_submission(
    stopped: Patient, nurse: Member
) -> None:
    for _ in range(3):
        stopped.post("/emergency/clinic")
    page = nurse.get("/worklist")
    (address,) = {a for a in page.links if a.startswith("/submissions/")}
    assert "were not asked yet" in nurse.get(address).text
    assert "were not asked yet" in nurse.get(f"{address}/print").text
    stopped.answer_all({**QUIET, "breath": ["breathing"]}, begin=False)
    stopped.post("/send")
    assert "were not asked yet" not in nurse.get(address).text
    assert nurse.get("/worklist").level == "emergency"


def test_a_message_without_a_link_or_an_emergency_goes_nowhere(
    house: House, stopped: Patient
) -> None:
    visitor = Visitor(house.app, SECURE)
    visitor.begin()
    visitor.answer("breath", "breathing")
    assert "/emergency/clinic" not in visitor.get("/emergency").html
    assert visitor.post("/emergency/clinic").url == "/emergency"
    stopped.answer("breath", "none")
    assert stopped.post("/emergency/clinic").url.startswith("/check/")


def test_a_link_that_ended_says_so_below_the_call(nurse: Member, stopped: Patient) -> None:
    nurse.post(f"/invitations/{stopped.invitation}/revoke")
    page = stopped.post("/emergency/clinic", status=404)
    assert page.level == "emergency"
    assert "This could not be sent." in page.text
