"""Whole self-checks through the real pages, without JavaScript."""

import pytest

from app.triage.rules import assess_answers
from app.web.journey import unseal_journey
from app.web.visit import UNFINISHED
from tests.visitor import Visitor

QUIET = {
    "age": ["adult"],
    "breath": ["none"],
    "limbs": ["none"],
    "sudden": ["none"],
    "reason": ["lump"],
    "place": ["elbow"],
    "change": ["months"],
    "skin": ["normal"],
    "unwell": ["none"],
    "pain": ["mild"],
    "feel": ["hard"],
    "conditions": ["none"],
    "medicines": ["none"],
    "before": ["none"],
}
AFRESH = "You chose someone else, so we start afresh."
NO_SIGN_OF_A_BABY = {"baby_breath": ["none"], "baby_body": ["none"], "baby": ["none"]}
SCLERODERMA = {"conditions": ["immune_illness"], "autoimmune": ["scleroderma"]}
AT_RISK = SCLERODERMA | {"conditions": ["immune_illness", "kidneys"], "kidney": ["dialysis"]}


def level_of(app, answers):
    chosen = {question: frozenset(options) for question, options in answers.items()}
    return assess_answers(app.state.context.rulebook, chosen).urgency.name


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"skin": ["pus"]},
        {"skin": ["dead_skin"]},
        {"change": ["grown", "over_5cm"]},
        {"reason": ["calcinosis"], "pain": ["no"]},
        {"conditions": ["kidneys"], "kidney": ["not_sure"]},
        {"conditions": ["not_sure"]},
        {"age": ["child"], "change": ["grown"]},
        {"breath": ["not_sure"]},
        {"reason": ["none"]},
    ],
)
def test_a_journey_ends_in_the_level_that_the_engine_gives(app, visitor, changes):
    answers = QUIET | changes
    assert visitor.walk(answers).url == "/answers"
    assert visitor.get("/result").level == level_of(app, answers)


def test_a_baby_is_asked_the_questions_of_a_baby(visitor):
    page = visitor.walk({**QUIET, "age": ["under_3m"], "baby": ["none"]})
    assert "/check/baby" in visitor.steps
    assert "/check/unwell" not in visitor.steps
    assert page.url == "/answers"


def test_the_words_for_a_child_speak_to_a_parent(visitor):
    visitor.walk(QUIET | {"age": ["child"]})
    assert "your child" in visitor.get("/check/unwell").h1[0]


def test_back_shows_the_answer_given_and_leads_on_to_the_open_question(visitor):
    page = visitor.begin()
    assert page.links[2] == "/check/age"
    earlier = visitor.get("/check/age")
    assert earlier.ticked == {"adult"}
    assert visitor.answer("age", "older").url == "/check/breath"


def test_the_first_question_leads_back_to_the_start(visitor):
    assert visitor.start().links[2] == "/"


def test_progress_counts_up_and_its_bound_never_grows(app, visitor):
    visitor.start()
    bounds = []
    for number, question in enumerate(list(QUIET), start=1):
        page = visitor.get(f"/check/{question}")
        assert f"Question {number}, " in page.text
        words = page.text.split("at most ")
        bounds.append(int(words[1].split()[0]) if len(words) > 1 else 0)
        visitor.answer(question, *QUIET[question])
    assert bounds == sorted(set(bounds), reverse=True), "never grows, and no step is in vain"
    assert bounds[0] == app.state.context.rulebook.questionnaire.count_longest_path() - 1
    assert bounds[-1] == 0


def test_a_question_too_far_ahead_leads_to_the_first_open_one(visitor):
    visitor.start()
    assert visitor.get("/check/kidney").url == "/check/age"
    assert visitor.post("/check/kidney", {"kidney": "no"}).url == "/check/age"


def test_a_question_off_the_path_leads_to_the_first_open_one(visitor):
    visitor.begin()
    assert visitor.get("/check/baby").url == "/check/breath"


def test_an_unknown_question_is_a_page_not_found(visitor):
    visitor.start()
    assert visitor.get("/check/nothing", 404).h1 == ["We cannot find this page"]


def test_a_changed_answer_keeps_the_others_and_leads_back_to_the_list(visitor):
    visitor.walk(QUIET)
    page = visitor.answer("pain", "severe")
    assert page.url == "/answers"
    assert visitor.get("/check/feel").ticked == {"hard"}


def test_a_changed_answer_leads_to_the_first_newly_needed_question(visitor):
    visitor.walk(QUIET)
    page = visitor.answer("age", "under_1")
    for question in ("baby_breath", "baby_body", "baby"):
        assert page.url == f"/check/{question}"
        page = visitor.answer(question, "none")
    assert page.url == "/answers"


def test_an_answer_that_no_longer_counts_is_named_and_left_out(app, visitor):
    visitor.walk(QUIET | {"unwell": ["fever"]})
    visitor.answer("age", "under_1")
    for question, options in NO_SIGN_OF_A_BABY.items():
        page = visitor.answer(question, *options)
    assert "We no longer need your answer" in page.text
    known = {**QUIET, "age": ["under_1"], **NO_SIGN_OF_A_BABY}
    for question in ("breath", "limbs", "sudden", "unwell"):
        del known[question]
    assert visitor.get("/result").level == level_of(app, known)


def test_the_result_waits_for_the_last_answer_and_says_so_once(visitor):
    visitor.start()
    page = visitor.get("/result")
    assert page.url == "/check/age"
    assert "Please answer this question first" in page.text
    assert "Please answer this question first" not in visitor.get("/check/age").text
    assert UNFINISHED not in page.html


def test_the_list_of_answers_says_what_was_asked_and_none_in_a_noun(visitor):
    page = visitor.walk(QUIET | {"place": ["nowhere"]})
    assert "None of these" not in page.text, "these are not in sight there"
    for said in ("Medicines None", "Breathing and thinking No sign", "Place Not in one place"):
        assert f"{said} Change" in page.text
    assert "Skin Looks and feels normal Change" in page.text


def test_answers_that_do_not_fit_together_are_asked_back(visitor):
    page = visitor.walk(
        QUIET | {"conditions": ["kidneys"], "kidney": ["no"], "medicines": ["binder"]}
    )
    assert "do not fit together" in page.text
    assert page.links.count("/answers/kidney") == 2
    assert "Change: Kidneys" in page.text


def test_no_region_is_chosen_for_the_person(visitor):
    assert not visitor.get("/").ticked
    page = visitor.post("/start", {}, status=422)
    assert "Choose where you are now" in page.text


@pytest.mark.parametrize("region", ["uk", "us", "international"])
def test_each_region_is_told_its_own_number(app, visitor, region):
    number = app.state.context.rulebook.regions[region].emergency_number
    visitor.start(region)
    visitor.answer("age", "adult")
    page = visitor.answer("breath", "confused")
    assert page.url == "/emergency"
    assert f"tel:{number}" in page.links
    assert {link for link in page.links if link.startswith("tel:")} == {f"tel:{number}"}


def test_a_journey_under_way_can_be_gone_on_with_from_the_start(visitor):
    visitor.begin()
    assert "/check/breath" in visitor.get("/").links


def test_a_new_start_in_another_country_keeps_the_answers(visitor):
    visitor.start("uk")
    visitor.answer("age", "adult")
    assert visitor.start("us").ticked == {"adult"}


@pytest.mark.parametrize(("first", "then"), [("me", "child"), ("child", "me"), ("me", "other")])
def test_who_it_is_about_changed_in_the_same_browser_starts_afresh_and_says_so(
    visitor, first, then
):
    visitor.post("/start", {"region": "uk", "about": first})
    visitor.answer("age", "adult" if first == "me" else "child")
    assert "we start afresh" in visitor.get("/").text, "said before it is done"
    page = visitor.post("/start", {"region": "uk", "about": then})
    assert page.url == "/check/age"
    assert not page.ticked
    assert AFRESH in page.text
    assert AFRESH not in visitor.get("/check/age").text, "once"
    assert visitor.get("/answers").text.count("Change") == 0
    assert visitor.get("/").ticked == {"uk", then}


def test_the_same_person_again_or_none_named_keeps_the_answers(visitor):
    visitor.post("/start", {"region": "uk", "about": "child"})
    visitor.answer("age", "child")
    for fields in ({"about": "child"}, {}):
        page = visitor.post("/start", {"region": "uk", **fields})
        assert page.ticked == {"child"}
        assert AFRESH not in page.text
    assert "your child" in visitor.get("/check/age").h1[0]


def test_another_person_takes_over_nothing_of_a_danger_or_of_a_second_look(app, visitor):
    visitor.walk(QUIET)
    visitor.post("/changed")
    visitor.post("/changed/breath", {"breath": "confused"})
    visitor.post("/start", {"region": "uk", "about": "child"})
    context = app.state.context
    kept = unseal_journey(context.keys, visitor.client.cookies["journey"], context.unix_time)
    assert (kept.answers, kept.earlier, kept.warned_at, kept.share) == ({}, {}, "", "")


def test_who_only_named_somebody_else_before_any_answer_is_told_nothing(visitor):
    visitor.start()
    assert AFRESH not in visitor.post("/start", {"region": "uk", "about": "child"}).text


def test_two_tabs_write_into_one_journey(visitor):
    visitor.begin()
    visitor.get("/check/breath")
    visitor.answer("age", "older")
    assert visitor.answer("breath", "none").url == "/check/limbs"
    assert visitor.get("/check/age").ticked == {"older"}


def test_clearing_asks_first_and_the_way_out_leads_back_to_where_one_was(visitor):
    visitor.walk(QUIET)
    page = visitor.get("/check/pain")
    assert not page.all("form", action="/clear"), "one tap clears nothing"
    assert page.links.count("/clear") == 1
    page = visitor.get("/clear", Referer="http://testserver/check/pain")
    assert page.h1 == ["Clear your answers?"]
    assert page.links.count("/check/pain") == 1
    assert not page.all("input"), "the button alone does it"
    assert visitor.get("/check/pain").ticked == {*QUIET["pain"]}, "asking clears nothing"
    assert visitor.post("/clear").url == "/cleared"
    assert visitor.get("/check/pain").h1 == ["We cannot find your answers"]


@pytest.mark.parametrize(
    "before",
    [
        *("", "nonsense", "http://elsewhere.test/check/pain", "https://testserver/check/pain"),
        *(
            "http://testserver",
            "http://testserver//elsewhere.test",
            "http://testserver/\\elsewhere",
        ),
        *("http://testserver/clear", "http://testserver/cleared", "http://testserver/a:b"),
        "http://[",
    ],
)
def test_who_came_to_clearing_from_elsewhere_is_led_to_the_start(visitor, before):
    page = visitor.get("/clear", Referer=before)
    [keep] = page.all("a", **{"class": "nhsuk-button nhsuk-button--secondary"})
    assert keep["href"] == "/"


def test_clearing_leaves_nothing_behind(visitor):
    visitor.walk(QUIET)
    response = visitor.send("/clear")
    assert response.status_code == 303
    assert response.headers["clear-site-data"] == '"storage", "cache"'
    assert not visitor.client.cookies
    assert visitor.get("/cleared").h1 == ["Your answers are cleared"]
    assert visitor.get("/result").h1 == ["We cannot find your answers"]


def test_over_https_the_browser_is_told_to_drop_all_cookies(app):
    secure = Visitor(app, "https://testserver")
    secure.start()
    response = secure.send("/clear")
    assert response.headers["clear-site-data"] == '"cookies", "storage", "cache"'
    assert response.headers["set-cookie"].startswith("__Host-journey=; ")
