"""The result page: when to get help sooner, what doubt did, the dangers looked for."""

import html
import re
from dataclasses import replace

import pytest

from app.presentation import result
from app.presentation.safety_net import tells_only
from app.triage.rules import assess_answers
from app.triage.safety_net import SafetyNetLine, arrange_lines, build_safety_net, collapse_lines
from app.triage.second_look import assess_doubts
from tests.builders import SOAK, rulebook
from tests.documents.test_receipt import published_cases
from tests.visitor import Visitor
from tests.web.test_journeys import AT_RISK, NO_SIGN_OF_A_BABY, QUIET

WORDS = rulebook().wording["en"]
UK = WORDS.regions["uk"]
RESULTS = {
    "emergency": QUIET | {"skin": ["dead_skin"]},
    "same_day": QUIET | {"skin": ["pus"]} | AT_RISK,
    "soon": QUIET | {"change": ["grown"], "medicines": ["warfarin_lately"]},
    "routine": QUIET,
    "unsure": QUIET | {"breath": ["not_sure"], "skin": ["not_sure"]},
}
FOLDED = re.compile(r"<details.*?</details>", re.DOTALL)


def result_of(app, answers):
    """The result of someone who begins anew with these answers."""
    stranger = Visitor(app)
    stranger.walk(answers)
    return stranger.get("/result")


def given(answers):
    return {name: frozenset(options) for name, options in answers.items()}


def told_of(answers):
    """What the safety net tells these people, as (shown at once, folded away)."""
    found = assess_answers(rulebook(), answers)
    layout = arrange_lines(rulebook(), build_safety_net(rulebook(), answers), found.advice["watch"])
    boxed = rulebook().watched_changes.boxed
    kept = [e for e in layout.entries if isinstance(e, SafetyNetLine) or not tells_only(e, boxed)]
    return collapse_lines(layout._replace(entries=tuple(kept)))


def said(entry):
    if isinstance(entry, SafetyNetLine):
        text = f"If {WORDS.questions[entry.question].changes[entry.words]}."
    else:
        text = WORDS.advice[entry.advice.id]
    return WORDS.fill_placeholders(text, UK)


def sections(page):
    """(The page without what is folded away, all of it), as plain text."""

    def plain(markup):
        return " ".join(html.unescape(re.sub("<[^>]+>", " ", markup)).split())

    return plain(FOLDED.sub("", page.html)), plain(page.html)


@pytest.mark.parametrize("level", RESULTS)
def test_every_line_of_the_safety_net_is_on_the_page_and_no_emergency_is_folded(app, level):
    page = result_of(app, RESULTS[level])
    open_text, whole = sections(page)
    first, more = told_of(given(RESULTS[level]))
    assert all(said(entry) in open_text for entry in first.entries)
    assert all(
        WORDS.fill_placeholders(WORDS.advice[r.advice.id], UK) in open_text for r in first.remarks
    )
    assert all(said(entry) in whole for entry in more.entries)
    assert not any(said(entry) in open_text for entry in more.entries)
    box = WORDS.emergency_box_for(given(RESULTS[level]).get("age", ())).values()
    assert all((line in open_text) is (level != "emergency") for line in box)


def test_the_safety_net_of_a_published_case_is_on_its_page(app):
    for case in published_cases()[:: 1 if SOAK else 12]:
        answers = {name: sorted(options) for name, options in case.answers.items()}
        page = result_of(app, answers)
        leads = [tag["data-leads-to"] for _, tag in page.tags if "data-leads-to" in tag]
        first, more = told_of(case.answers)
        levels = {entry.urgency.name for entry in (*first.entries, *more.entries)}
        box = {"emergency"} if page.level != "emergency" else set()
        assert set(leads) == levels | box, case.entry.id
        heading = "While you wait" if page.level == "emergency" else "Get help sooner if"
        assert heading in page.text


def test_levels_are_told_the_gravest_first(app):
    order = ["emergency", "same_day", "soon", "routine"]
    for answers in RESULTS.values():
        page = result_of(app, answers)
        leads = [tag["data-leads-to"] for _, tag in page.tags if "data-leads-to" in tag]
        assert leads == sorted(leads, key=order.index)


def test_a_shorter_time_has_a_heading_of_its_own(app):
    assert "See a GP within 48 hours" in result_of(app, QUIET | {"age": ["young"]}).text


def test_what_may_happen_is_said_to_a_parent_about_their_child(app):
    page = result_of(app, QUIET | {"age": ["child"]})
    assert "If your child gets a fever" in page.text
    assert "If you get a fever" not in page.text


def test_the_parts_of_a_result_stand_in_their_order(app):
    page = result_of(app, RESULTS["soon"])
    ids = [tag["id"] for name, tag in page.tags if name == "h2" and "id" in tag]
    assert ids[:5] == ["at-a-glance", "say", "why", "watch", "watch-more"]
    assert ids[5:] == ["nobody", "type", "your-answers", "home", "visit", "how"]


def test_what_comes_after_what_it_might_be_is_folded_and_headings_stay(app):
    page = result_of(app, RESULTS["same_day"])
    open_text, _ = sections(page)
    folded = ("Tests you may have", "What a doctor may offer", "Questions to ask", "What not to do")
    for part in folded:
        assert part in page.text
        assert part not in open_text


# --- Not sure, in the open ---


def test_an_unsure_answer_that_made_it_more_careful_is_named_with_what_it_counted_as(app):
    page = result_of(app, RESULTS["unsure"])
    doubted_questions = [tag["data-doubt"] for _, tag in page.tags if "data-doubt" in tag]
    found = assess_doubts(rulebook(), given(RESULTS["unsure"]))
    assert doubted_questions == [doubt.question for doubt in found.each] != []
    for name in doubted_questions:
        assert f"You were not sure about: “{WORDS.questions[name].short}”" in page.text
        assert WORDS.questions[name].counted in page.text
        assert f"/answers/{name}" in page.links


def test_where_nothing_was_unsure_or_it_changed_nothing_there_is_no_such_line(app):
    for answers in (QUIET, QUIET | {"skin": ["pus"], "before": ["not_sure"]}):
        assert "To be careful, we made this more urgent" not in result_of(app, answers).text


# --- Not what this check is about ---

ELSEWHERE = "This check is not made for this"


def test_who_ticks_nothing_that_this_check_knows_is_told_where_else_to_go(app):
    page = result_of(app, QUIET | {"reason": ["none"]})
    assert ELSEWHERE in page.text
    assert "Show your GP what troubles you" in page.text
    assert page.level in ("soon", "same_day")


@pytest.mark.parametrize("reason", ["lump", "sore_skin", "calcinosis", "something_else"])
def test_who_ticks_what_it_is_about_is_not_sent_elsewhere(app, reason):
    assert ELSEWHERE not in result_of(app, QUIET | {"reason": [reason]}).text


def test_in_an_emergency_nothing_stands_before_what_to_do(app):
    page = result_of(app, QUIET | {"reason": ["none"], "breath": ["fit"]})
    assert page.level == "emergency"
    assert ELSEWHERE not in page.text


def test_rules_that_do_not_name_it_send_nobody_elsewhere(app, monkeypatch):
    monkeypatch.delitem(app.state.context.rulebook.named, "out_of_scope")
    assert ELSEWHERE not in result_of(app, QUIET | {"reason": ["none"]}).text


# --- Answers by the short name of their question ---


def test_answers_are_listed_and_changed_by_the_short_name_of_their_question(visitor):
    listed = visitor.walk(QUIET)
    assert "Medicines None Change your answer to: Medicines" in listed.text
    assert WORDS.questions["medicines"].text not in listed.text
    assert "/answers" in visitor.get("/result").links


def test_a_question_without_a_short_name_is_named_by_its_text(visitor, monkeypatch):
    questions = dict(WORDS.questions)
    questions["medicines"] = replace(questions["medicines"], short=None)
    monkeypatch.setattr(
        result, "words_for_respondent", lambda _words, question, *_: questions[question]
    )
    assert f"Change your answer to: {questions['medicines'].text}" in visitor.walk(QUIET).text


# --- Must not be missed ---


@pytest.mark.parametrize("level", RESULTS)
def test_each_danger_has_one_plain_line_with_what_was_asked_and_answered(app, level):
    page = result_of(app, RESULTS[level])
    states = {tag["data-danger"]: tag["data-state"] for _, tag in page.tags if "data-danger" in tag}
    assert list(states) == [danger.id for danger in rulebook().dangers]
    for name in states:
        words = WORDS.dangers[name].parts
        assert f"{words['name']}." in page.text
        assert f"{words['asked']} " in page.text
        assert words["worry"] in page.text
    assert (states["infection"] == "found") is (level == "same_day")


def test_a_parent_is_told_why_something_was_not_asked_of_a_baby(app):
    page = result_of(app, QUIET | {"age": ["under_1"]} | NO_SIGN_OF_A_BABY)
    assert "A baby cannot tell us about thirst or belly pain" in page.text
    assert "and about feeding and wet nappies" in page.text
    assert "about thirst, being sick and belly pain" not in page.text, "nobody asked a baby that"
    assert "A baby cannot tell us" not in result_of(app, QUIET).text
