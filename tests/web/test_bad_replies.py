"""A reply that is no answer: the same page, what is wrong in words, and nothing lost."""

import pytest

from tests.web.test_journeys import QUIET


def arrive(visitor, question):
    visitor.start()
    for known, options in QUIET.items():
        if known == question:
            return
        visitor.answer(known, *options)


@pytest.mark.parametrize(
    ("question", "sent", "words"),
    [
        ("age", [], "Choose one answer"),
        ("age", ["adult", "older"], "Choose only one answer"),
        ("age", ["ancient"], "Choose from the answers in the list"),
        ("skin", [], "or choose “Looks and feels normal”"),
        ("skin", ["pus", "glowing"], "Choose from the answers in the list"),
        ("skin", [""], "Choose from the answers in the list"),
    ],
)
def test_a_bad_reply_is_said_in_the_same_words_above_and_beside(visitor, question, sent, words):
    arrive(visitor, question)
    page = visitor.answer(question, *sent, status=422)
    assert page.url == f"/check/{question}"
    assert page.title.startswith("Error: ")
    assert page.text.count(words) == 2


def test_the_summary_leads_to_the_first_line_and_takes_the_focus(visitor):
    arrive(visitor, "skin")
    page = visitor.answer("skin", status=422)
    assert f"#{page.all('input')[0]['id']}" in page.links
    summary = page.all("div", id="problem")[0]
    assert summary["tabindex"] == "-1"
    assert "autofocus" in summary


def test_the_problem_is_tied_to_the_question(visitor):
    arrive(visitor, "skin")
    page = visitor.answer("skin", status=422)
    assert page.all("fieldset")[0]["aria-describedby"] == "skin-hint skin-error"


def test_ticks_of_a_bad_reply_stay(visitor):
    arrive(visitor, "skin")
    assert visitor.answer("skin", "glowing", "pus", status=422).ticked == {"pus"}


def test_a_bad_reply_loses_no_earlier_answer(visitor):
    visitor.walk(QUIET)
    visitor.answer("skin", "glowing", status=422)
    assert "Your last answer was: “Looks and feels normal”" in visitor.get("/check/skin").text
    assert visitor.get("/result").status == 200


def test_what_was_sent_is_never_echoed(visitor):
    arrive(visitor, "skin")
    assert "canary-7Q2" not in visitor.answer("skin", "canary-7Q2", status=422).html


def test_a_reply_to_another_question_is_no_answer(visitor):
    arrive(visitor, "skin")
    visitor.post("/check/skin", {"pain": "no"}, status=422)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"skin=pus&" * 500, "application/x-www-form-urlencoded"),
        (b'{"skin": "pus"}', "application/json"),
        (
            b"--x\r\nContent-Disposition: form-data; name=skin\r\n\r\npus\r\n--x--",
            "multipart/form-data",
        ),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"", "text/plain"),
    ],
)
def test_a_body_that_is_no_form_is_no_answer(visitor, body, kind):
    arrive(visitor, "skin")
    response = visitor.client.post(
        "/check/skin",
        content=body,
        headers={"Sec-Fetch-Site": "same-origin", "Content-Type": kind},
    )
    assert response.status_code == 422


def test_not_sure_is_offered_by_every_question(app, visitor):
    visitor.walk(QUIET)
    for question in QUIET:
        page = visitor.get(f"/check/{question}")
        unsure = app.state.context.rulebook.questionnaire[question].unsure
        assert page.all("input", value=unsure) or page.all("button", value=unsure), question


def test_in_a_tick_list_none_and_not_sure_are_buttons_of_their_own(app, visitor):
    visitor.walk(QUIET)
    for question in app.state.context.rulebook.questionnaire:
        if question.id not in QUIET or question.none is None:
            continue
        page = visitor.get(f"/check/{question.id}")
        ticks = {line["value"] for line in page.all("input") if line.get("name") == question.id}
        assert ticks == {*question.option_ids} - {question.none, question.unsure}
        for value in (question.none, question.unsure):
            assert page.all("button", name=question.id, value=value), (question.id, value)


def test_ids_and_names_of_inputs_belong_to_one_question_only(visitor):
    visitor.walk(QUIET)
    seen = set()
    for question in QUIET:
        lines = visitor.get(f"/check/{question}").all("input")
        # The hidden ones choose a picture of the body and are no answer.
        assert {line["name"] for line in lines if "hidden" not in line} == {question}
        ids = {line["id"] for line in lines}
        assert not ids & seen
        seen |= ids
