"""Has anything changed? A second look from a result or a receipt, without script or storage."""

import pytest

from app.triage.second_look import list_recheck_questions
from app.web.journey import unseal_journey
from tests.builders import answers, question, rulebook
from tests.documents.test_receipt import receipt_of
from tests.visitor import Visitor
from tests.web.test_journeys import QUIET


def as_shown(page):
    """What is ticked; in a list nothing is after "none of these", which is a button."""
    return sorted(page.ticked) or [question(page.url.removeprefix("/changed/")).none]


def look_again(visitor, region="uk", **anew):
    """Keep the last answers but for these; the page at the end, and what was asked again."""
    page, asked = visitor.post("/changed", {"region": region}), []
    while page.url.startswith("/changed/"):
        name = page.url.removeprefix("/changed/")
        asked.append(name)
        page = visitor.post(page.url, {name: anew.get(name, as_shown(page))})
    return page, asked


def said(page, start="What has changed", end="What to say when"):
    text = page.text[page.text.index(start) :]
    return text[: text.index(end)].replace(" .", ".")


@pytest.fixture
def quiet(visitor):
    visitor.walk(QUIET)
    assert "/changed" in visitor.get("/result").links
    return visitor


def test_only_the_questions_that_could_raise_the_level_are_asked_again(quiet):
    page, asked = look_again(quiet)
    given = {name: frozenset(options) for name, options in QUIET.items()}
    assert tuple(asked) == list_recheck_questions(rulebook(), given)
    assert page.url == "/result"
    assert "You changed no answer." in said(page)


def test_the_page_before_says_how_many_questions_there_are(quiet):
    page = quiet.get("/changed")
    given = {name: frozenset(options) for name, options in QUIET.items()}
    assert f"We ask {len(list_recheck_questions(rulebook(), given))} questions again" in page.text


def test_where_someone_is_was_said_and_is_not_asked_again(quiet):
    assert not quiet.get("/changed").all("input", name="region")
    quiet.post("/changed")
    assert "tel:999" in quiet.get("/changed/breath").links


def test_the_last_answers_are_filled_in(quiet):
    assert quiet.get("/changed/change").ticked == {*QUIET["change"]}
    for name, was in (("skin", "Looks and feels normal"), ("unwell", "None of these")):
        assert f"Your last answer was: “{was}”" in quiet.get(f"/changed/{name}").text


def test_what_changed_is_shown_with_the_level_before_and_now(quiet):
    before = quiet.get("/result").level
    page, _ = look_again(quiet, skin=["pus"])
    assert (before, page.level) == ("routine", "same_day")
    assert "Before: Routine visit. Now: Today." in said(page)
    assert "Before: Looks and feels normal. Now: Pus, a bad smell, or told it is infected" in said(
        page
    )
    assert "less urgent" not in said(page)


def test_an_emergency_stops_the_second_look_at_once(quiet):
    quiet.post("/changed", {"region": "uk"})
    page = quiet.post("/changed/breath", {"breath": ["confused"]})
    assert page.url == "/emergency"
    page = quiet.get("/result")
    assert page.level == "emergency"
    assert "Before: Routine visit. Now: Emergency." in said(page, end="Why we say")
    assert "/changed" not in page.links
    assert "Nothing that we ask" in quiet.get("/changed").text


def test_what_got_better_may_lower_the_level_and_the_page_stays_careful(visitor):
    visitor.walk(QUIET | {"unwell": ["fever"], "pain": ["mild"]})
    assert visitor.get("/result").level == "same_day"
    page, _ = look_again(visitor, unwell=["none"])
    assert page.level == "routine"
    assert "It is less urgent now" in said(page)


def test_a_second_look_starts_anew_each_time(quiet):
    look_again(quiet, skin=["pus"])
    page, asked = look_again(quiet)
    assert asked
    assert "You changed no answer." in said(page)
    assert page.level == "same_day"


def test_an_answer_changed_in_the_usual_way_ends_the_comparison(quiet):
    look_again(quiet, skin=["pus"])
    quiet.answer("pain", "mild")
    assert "What has changed" not in quiet.get("/result").text


def test_a_reply_that_cannot_be_taken_is_told_and_changes_nothing(quiet):
    quiet.post("/changed", {"region": "uk"})
    page = quiet.post("/changed/skin", {}, status=422)
    assert page.title.startswith("Error: ")
    assert "#skin-dead_skin" in page.links
    quiet.post("/changed/skin", {"skin": ["nonsense"]}, status=422)
    quiet.post("/changed/nothing", {"nothing": ["x"]}, status=404)
    assert "Your last answer was: “Looks and feels normal”" in quiet.get("/changed/skin").text


@pytest.mark.parametrize("other", [{}, {"skin": ["pus"]}, {"change": ["grown"]}])
def test_back_leads_to_the_question_before_and_the_questions_left_are_counted(app, other):
    visitor = Visitor(app)
    visitor.walk(QUIET | other)
    asked = int(visitor.get("/changed").text.partition("We ask ")[2].split()[0])
    page, more = visitor.post("/changed"), []
    previous = "/changed"
    while page.url.startswith("/changed/"):
        assert page.all("a", **{"class": "nhsuk-back-link"})[0]["href"] == previous
        previous, name = page.url, page.url.removeprefix("/changed/")
        counted = page.text.partition("A second look: ")[2].split()[0]
        more.append(0 if counted == "the" else int(counted))
        page = visitor.post(page.url, {name: as_shown(page)})
    assert more == list(reversed(range(asked)))


def test_without_answers_there_is_nothing_to_look_at_again(app):
    stranger = Visitor(app)
    assert stranger.get("/changed").h1 == ["We cannot find your answers"]
    stranger.start()
    assert stranger.get("/changed").url == "/check/age"


# --- From a receipt ---


def test_a_receipt_starts_a_second_look_with_its_answers(app):
    stranger = Visitor(app)
    sent = {"receipt": receipt_of(answers(skin=["hot"])), "then": "changed"}
    page = stranger.post("/verify", sent)
    assert page.url == "/changed"
    page, asked = look_again(stranger, region="us", unwell=["fever"])
    assert "unwell" in asked
    assert page.level == "emergency" or page.url == "/emergency"
    page = stranger.get("/result")
    assert "Before: Today. Now: Emergency." in said(page, end="Why we say")
    assert "tel:911" in page.links


def test_a_receipt_takes_over_where_the_person_said_they_are(visitor):
    visitor.walk(QUIET)
    visitor.post("/verify", {"receipt": receipt_of(answers(skin=["hot"])), "then": "changed"})
    page = visitor.get("/changed")
    assert not page.all("input", name="region")
    assert "tel:999" in page.links
    assert visitor.get("/result").level == "same_day"


def test_a_bad_receipt_starts_nothing(app):
    stranger = Visitor(app)
    stranger.post("/verify", {"receipt": "nothing", "then": "changed"}, status=422)
    assert not stranger.client.cookies


def test_the_answers_travel_in_the_sealed_cookie_alone(app, quiet):
    look_again(quiet, skin=["pus"])
    assert not [step for step in quiet.steps if "pus" in step]
    context = app.state.context
    kept = unseal_journey(context.keys, quiet.client.cookies["journey"], context.unix_time)
    assert kept.answers["skin"] == {"pus"}
    assert kept.earlier["skin"] == {"normal"}
    assert kept.answers_before["skin"] == {"normal"}
