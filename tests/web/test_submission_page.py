"""The page of one submission: what it shows, why, and in whose words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.store import submissions, worklist_rows
from app.triage.rules import assess_answers
from app.triage.terms import Answers
from tests.builders import answers, rulebook
from tests.web.desk import CALM, EMERGENCY, TODAY, House, Member
from tests.web.handed_in import DOUBTS, act, glance, handed, of, part, sent


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


# --- At a glance ---


def test_the_answers_that_decide_stand_in_short_words(house: House, nurse: Member) -> None:
    address = handed(house, nurse)
    seen = glance(nurse.get(address))
    assert "Skin Pus, bad smell or known infection" in seen.partition("Other urgent signs")[0]
    assert "Today" in seen
    assert "Not sure Nothing" in seen


def test_an_emergency_names_its_other_urgent_signs_apart(house: House, nurse: Member) -> None:
    given = EMERGENCY | {"skin": frozenset({"pus"})}
    seen = glance(nurse.get(handed(house, nurse, given)))
    decides, _, others = seen.partition("Other urgent signs")
    assert "New confusion" in decides
    assert "Pus" in others
    assert "Pus" not in decides


def test_at_a_glance_nothing_but_the_way_back_takes_the_focus(house: House, nurse: Member) -> None:
    page = nurse.get(handed(house, nurse))
    html = page.html[page.html.index("<h1") : page.html.index('class="actions"')]
    assert not re.search(r"<(a|button|input|select|textarea|summary)\b", html)


@pytest.mark.parametrize(
    ("given", "days", "words"),
    [
        (EMERGENCY, 0, "Needs help now. Booked"),
        (TODAY, 20, "Bring forward"),
        (TODAY, 0, "soon enough"),
        (answers(change="grown"), 20, "Bring forward"),
        (answers(change="grown"), 14, "soon enough"),
        (answers(age="child", change="grown"), 5, "Bring forward"),
        (answers(), 30, "Needs a routine visit. Booked"),
        (answers(), None, "No visit is booked"),
        (answers(reason="calcinosis"), None, "Can be cared for at home for now"),
    ],
)
def test_it_says_by_when_and_whether_the_visit_fits(
    house: House, nurse: Member, given: Answers, days: int | None, words: str
) -> None:
    visit = None if days is None else house.now.date() + timedelta(days=days)
    assert words in glance(nurse.get(handed(house, nurse, given, appointment_on=visit)))


def test_a_day_that_is_over_is_said(house: House, nurse: Member) -> None:
    assert "this day has passed" in glance(nurse.get(handed(house, nurse, days_ago=2)))
    assert "this day has passed" not in glance(nurse.get(handed(house, nurse)))


def test_an_emergency_that_is_new_is_not_said_to_have_had_its_day(
    house: House, nurse: Member
) -> None:
    """What was sent days ago may be an emergency since a minute."""
    page = glance(nurse.get(handed(house, nurse, EMERGENCY, days_ago=2)))
    assert "Needs help now." in page
    assert "this day has passed" not in page


def test_answers_that_cannot_all_be_right_are_shown(house: House, nurse: Member) -> None:
    given = answers(change=["under_2_weeks", "growing_slowly"])
    assert "Cannot all be right Course" in glance(nurse.get(handed(house, nurse, given)))


def test_a_raised_level_stands_beside_what_the_rules_say(house: House, nurse: Member) -> None:
    address = handed(house, nurse)
    page = act(nurse, address, "raise", reason="told")
    assert "The rules say: Today. Your clinic changed it." in glance(page)


# --- In whose words ---


def test_every_question_and_option_has_short_words_in_plain_ascii(house: House) -> None:
    pages = house.app.state.context.page_wording.pages
    for question in rulebook().questionnaire:
        short = pages[f"nurse.question.{question.id}"]
        assert short.isascii()
        assert len(short) <= 30
        for option in question.option_ids:
            if option not in (question.unsure, "none"):
                label = pages[f"nurse.option.{question.id}.{option}"]
                assert label.isascii(), label
                assert len(label) <= 55, label
                assert not re.search(r"\b(you|your|I|my|me)\b", label), label


def test_the_page_at_a_glance_speaks_of_the_patient(house: House, nurse: Member) -> None:
    seen = glance(nurse.get(handed(house, nurse, DOUBTS)))
    assert not re.search(r"\b(you|your|I|my)\b", seen.replace("If you do nothing more", ""))


def test_what_the_patient_was_shown_is_the_result_word_for_word(
    house: House, nurse: Member
) -> None:
    address, patient = sent(house, nurse, DOUBTS)
    page, result = nurse.get(address), patient.get("/result")
    words = house.app.state.context.page_wording
    advised = assess_answers(rulebook(), DOUBTS).advice
    fold = page.html[page.html.index('id="shown"') :]
    lines = re.findall(r"<(?:li|p|h3)\b[^>]*>([^<]{12,})</(?:li|p|h3)>", fold)
    shown_lines = [line for line in lines if line in result.html]
    assert len(shown_lines) > 40
    for id_ in ("watch", "do_not", "tests"):
        assert advised[id_]
        for advice in advised[id_]:
            start = words.advice[advice.id].partition("{")[0][:40]
            assert (start in fold) is (start in result.html)
    own = part(page, "shown", "</section>")
    assert "hospital team or a specialist nurse" in own


def test_a_carers_words_are_those_of_the_result(house: House, nurse: Member) -> None:
    address = handed(house, nurse, answers(age="child", pain="not_sure"))
    page = nurse.get(address)
    assert "A parent or carer answered" in page.text
    assert "“How bad is your child's pain?”" in page.text
    assert "This is about a child" in page.text


# --- The rest ---


def test_what_was_not_sure_becomes_a_call_with_levels(house: House, nurse: Member) -> None:
    page = nurse.get(handed(house, nurse, answers(skin="not_sure")))
    asked = part(page, "ask")
    assert "“What is the skin like there?”" in asked
    assert asked.index("Emergency") < asked.index("Black, grey") < asked.index("Today")
    assert "If none of it is so: Routine visit." in asked


def test_several_doubts_say_what_is_left_if_all_are_no(house: House, nurse: Member) -> None:
    page = nurse.get(handed(house, nurse, answers(skin="not_sure", pain="not_sure")))
    assert "If all of them turn out to be no: Routine visit." in part(page, "ask")


def test_yes_and_no_stand_apart_and_a_no_says_where_a_yes_leads(
    house: House, nurse: Member
) -> None:
    page = nurse.get(handed(house, nurse))
    yes, no = part(page, "positives"), part(page, "negatives")
    assert "Scleroderma" in yes
    assert "Emergency if yes to one of these: Breathing and thinking Too breathless" in no
    assert "Pus" not in no


def test_it_says_what_would_lower_the_level(house: House, nurse: Member) -> None:
    page = nurse.get(handed(house, nurse, answers(skin="pus")))
    assert "Routine visit without one of these: Skin Pus" in part(page, "lowers")


def test_every_danger_says_what_speaks_for_and_against_it(house: House, nurse: Member) -> None:
    page = nurse.get(handed(house, nurse, DOUBTS))
    states = {
        found["data-danger"]: found["data-state"]
        for found in page.all("li")
        if "data-danger" in found
    }
    assert set(states) == {danger.id for danger in rulebook().dangers}
    assert states["calciphylaxis"] == "found"
    dangers_text = part(page, "dangers")
    assert "For it: Skin: Net-like purple pattern; Medicines: Warfarin or similar" in dangers_text
    assert "Not sure about: Pain; Kidney disease or dialysis" in dangers_text
    no = "New black, grey or dark purple painful skin; Skin: Black, grey or dead-looking"
    assert f"Answered no: Skin and limbs: {no} / New purple patches" in dangers_text


def test_each_rule_stands_with_its_id_and_its_sources(house: House, nurse: Member) -> None:
    page = nurse.get(handed(house, nurse, answers(skin="pus")))
    rules = part(page, "rules")
    assert "U3" in rules
    assert "Source" in rules


def test_all_assessments_stand_beside_each_other(house: House, nurse: Member) -> None:
    address, patient = sent(house, nurse, CALM)
    patient.post(patient.link, {"about": "me"})
    patient.answer("skin", *TODAY["skin"])
    patient.send_all_again()
    calcium = {"calcium_total": {"value": "2.4", "unit": "mmol/L", "on": "2027-01-10"}}
    with house.store.writing_scope(nurse.clinic, house.now, nurse.id) as scope:
        row = worklist_rows.require_row(scope, address.rpartition("/")[2], house.now)
        targets, found = house.app.state.context.policy.targets, of(answers(skin="normal"), calcium)
        submissions.add_corrections(scope, row, found, targets, "findings:1")
    page = nurse.get(address)
    versions_text = part(page, "versions")
    first, second, third = (versions_text.index(f"Assessment {n}:") for n in (1, 2, 3))
    assert "patient" in versions_text[first:second]
    assert "Routine visit" in versions_text[first:second]
    assert "Today" in versions_text[second:third]
    assert "Kim Lee, with findings" in versions_text[third:]
    assert "2.4 mmol/L (10 Jan 2027)" in glance(page)
    changed = part(page, "answers")
    assert "Before: Pus, a bad smell, or told it is infected" in changed
    assert "Assessment 3," in changed
    assert "Pus, a bad smell, or told it is infected" in page.html[page.html.index('id="shown"') :]


def test_other_submissions_of_the_same_person_are_linked(house: House, nurse: Member) -> None:
    first = handed(house, nurse, CALM, reference="SAME 1", name="Ann")
    second = handed(house, nurse, TODAY, reference="SAME 1", name="Ann")
    alone = handed(house, nurse, CALM, reference="ALONE", name="Ann")
    assert first in nurse.get(second).links
    assert second in nurse.get(first).links
    assert {first, second}.isdisjoint(nurse.get(alone).links)


def test_what_another_answer_closed_is_said_to_be_not_asked_and_is_no_negative(
    house: House, nurse: Member
) -> None:
    page = nurse.get(handed(house, nurse, answers()))
    words, short = rulebook().wording["en"].pages, "nurse.question."
    kidney, immune = words[f"{short}kidney"], words[f"{short}autoimmune"]
    for fold in ("negatives", "answers"):
        said, _, not_asked = part(page, fold).partition("Not asked, since")
        assert kidney in not_asked
        assert immune in not_asked
        assert kidney not in said
        assert immune not in said
    full = page.html.partition('id="sbar-full"')[2].partition("</textarea>")[0]
    assert f"Not asked: {kidney}; {immune}" in full
    assert "Not asked:" not in page.html.partition('id="sbar-short"')[2].partition("</textarea>")[0]
    asked = nurse.get(handed(house, nurse, answers(kidney="weak", autoimmune="lupus")))
    assert "Not asked, since" not in asked.text


def test_what_a_nurse_finds_opens_a_question_that_was_not_asked(
    house: House, nurse: Member
) -> None:
    address = handed(house, nurse, answers())
    page = nurse.get(f"{address}/findings")
    kidney = rulebook().wording["en"].pages["nurse.question.kidney"]
    assert f"{kidney}: Not asked" in page.text
    boxes = {box["value"] for box in page.all("input", name="answer-breath")}
    assert {"none", "not_sure", "fit"} <= boxes, "in one form, they are boxes"
