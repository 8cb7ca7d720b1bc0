"""What a reader is shown: each word of it counts for the hash, and nothing of a rule does."""

from dataclasses import replace

import pytest

from app.assurance.asked import format_questions, hash_questions
from app.rulebook.load import load_rulebook_folder
from app.triage.questionnaire import Question, Questionnaire
from app.triage.rulebook import Rulebook
from tests.builders import RULES, rulebook


def worded(**changes: object) -> Rulebook:
    """The real rulebook with other words for the question about the skin."""
    words = rulebook().wording["en"]
    skin = replace(words.questions["skin"], **changes)
    other = replace(words, questions={**words.questions, "skin": skin})
    return replace(rulebook(), wording={"en": other})


def asking(*questions: Question) -> Rulebook:
    """The real rulebook with these questions only."""
    return replace(rulebook(), questionnaire=Questionnaire(questions))


ALL = rulebook().questionnaire.questions
SKIN = rulebook().wording["en"].questions["skin"]
SHOWN = {
    "a text": worded(text="How is the skin?"),
    "a hint": worded(hint=None),
    "an option": worded(options={**SKIN.options, "pus": "Pus"}),
    "the words of a parent": worded(child=SKIN),
    "the words about an adult": worded(other=SKIN),
    "a question": asking(*ALL[:-1]),
    "the order of questions": asking(*ALL[::-1]),
    "the order of options": asking(replace(ALL[0], options=ALL[0].options[::-1]), *ALL[1:]),
    "the kind of a question": asking(replace(ALL[0], kind="many"), *ALL[1:]),
    "when a question is asked": asking(*(replace(q, ask_if=None) for q in ALL)),
    "a blood value": replace(rulebook(), laboratory=replace(rulebook().laboratory, analytes={})),
}
NOT_SHOWN = {
    "a rule": replace(rulebook(), rules=rulebook().rules[1:]),
    "a reason": worded(why="Because.", counted="As that."),
    "a line of the safety net": worded(changes={}),
    "a version": replace(rulebook(), version="2099.1.1", sha256="0" * 64),
}


@pytest.mark.parametrize("what", SHOWN)
def test_whatever_a_reader_sees_counts_for_the_hash(what: str) -> None:
    assert hash_questions(SHOWN[what]) != hash_questions(rulebook())


@pytest.mark.parametrize("what", NOT_SHOWN)
def test_what_no_reader_sees_leaves_the_hash_alone(what: str) -> None:
    assert hash_questions(NOT_SHOWN[what]) == hash_questions(rulebook())


def test_the_hash_comes_out_the_same_again() -> None:
    assert hash_questions(load_rulebook_folder(RULES)) == hash_questions(rulebook())


def test_the_text_holds_every_word_and_id_of_the_questions() -> None:
    text = format_questions(rulebook())
    for question in rulebook().questionnaire:
        words = rulebook().wording["en"].questions[question.id]
        assert f"## `{question.id}`: {words.text}\n" in text
        assert not words.hint or words.hint in text
        for option in question.option_ids:
            assert f"- `{option}` {words.options[option]}\n" in text
        for spoken in filter(None, [words.child, words.other]):
            assert spoken.text in text
            assert all(said in text for said in spoken.options.values())
    for analyte in rulebook().laboratory.analytes.values():
        assert f"- `{analyte.id}` " in text
        assert all(f"`{unit}`" in text for unit in analyte.unit_names)


def test_the_text_says_when_a_question_is_asked() -> None:
    asked = format_questions(rulebook()).partition("## `unwell`")[2].partition("\n## ")[0]
    assert "Asked only where this holds; otherwise left out:" in asked
    assert "- “How old are you?”: one of these:\n  - “1 to 15 years”\n" in asked


def test_the_text_tells_nothing_of_a_rule_or_a_reason() -> None:
    text = format_questions(rulebook())
    for question in rulebook().wording["en"].questions.values():
        assert question.why not in text
    for words in rulebook().wording["en"].rules.values():
        assert words.reason not in text
