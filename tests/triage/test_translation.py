"""Answers of earlier editions read in the questions of today."""

import gzip
import json
from collections.abc import Iterator
from functools import cache

import pytest

from app.rulebook.load import load_published_versions
from app.rulebook.reading import RulebookReader
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.rulebook.translation import (
    NotTranslated,
    Translation,
    load_translation,
    read_translation_table,
)
from app.triage.questionnaire import Questionnaire
from app.triage.terms import Answers
from tests.builders import RULES, seeded

PUBLISHED = RULES / PUBLISHED_FOLDER
EDITIONS = list(read_translation_table(RULES).editions)
QUIET = {
    "now": "none", "age": "adult", "place": "elbow", "skin": "normal", "unwell": "none",
    "pain": "no", "change": "none", "feel": "hard", "known": "nothing_yet", "kidney": "no",
    "autoimmune": "none", "medicines": "none", "conditions": "none", "before": "none",
}  # fmt: skip


@cache
def questions(edition: str | None = None) -> Questionnaire:
    folder = RULES if edition is None else PUBLISHED / edition
    return RulebookReader(folder).read_questionnaire("questions.yaml")


@cache
def reading(edition: str = EDITIONS[-1]) -> Translation:
    return load_translation(RULES, edition, questions(edition), questions())


def read(**answers: str | list[str]) -> Answers:
    """What the quiet lump with these answers says today."""
    said = {**QUIET, **answers}
    listed = {
        name: [chosen] if isinstance(chosen, str) else chosen for name, chosen in said.items()
    }
    return reading().translate_answers({name: frozenset(chosen) for name, chosen in listed.items()})


def complete(questionnaire: Questionnaire, answers: Answers) -> bool:
    path = questionnaire.trace_path(answers)
    return path.next is None and path.ignored == ()


def recorded(edition: str) -> Iterator[Answers]:
    """The answers kept with a published edition: some of its cases."""
    lines = gzip.decompress((PUBLISHED / edition / "replay.jsonl.gz").read_bytes()).splitlines()
    for line in lines:
        answers = json.loads(line)["body"]["answers"]
        yield {name: frozenset(chosen) for name, chosen in answers.items()}


def test_every_published_edition_with_other_questions_is_translated() -> None:
    ids = {q.id: q.option_ids for q in questions()}
    asking_otherwise = [
        edition
        for edition in load_published_versions(PUBLISHED)
        if {q.id: q.option_ids for q in questions(edition)} != ids
    ]
    assert asking_otherwise == EDITIONS


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_option_of_an_old_edition_is_in_the_table_and_no_other(edition: str) -> None:
    table = read_translation_table(RULES).options
    said = {question: list(options) for question, options in table.items()}
    assert {q: sorted(options) for q, options in said.items()} == {
        question.id: sorted(question.option_ids) for question in questions(edition)
    }


def test_what_says_nothing_today_is_none_of_these_or_told_together() -> None:
    silent = {
        (question, option)
        for question, options in read_translation_table(RULES).options.items()
        for option, now in options.items()
        if not now
    }
    nones = {(q.id, q.none) for q in questions(EDITIONS[-1]) if q.none is not None}
    assert silent - nones == {("feel", "no_lump")}


def test_a_doubt_stays_one_wherever_its_question_went_but_for_what_the_table_explains() -> None:
    old, table = questions(EDITIONS[-1]), read_translation_table(RULES).options
    lost = {
        (name, place.partition(".")[0])
        for name, options in table.items()
        for now in options.values()
        for place in now
        if f"{place.partition('.')[0]}.not_sure" not in options[old[name].unsure]
    }
    assert lost == {
        ("feel", "skin"),
        ("medicines", "conditions"),
        *(("autoimmune", now) for now in ("unwell", "baby", "baby_breath")),
    }


@pytest.mark.parametrize("edition", EDITIONS)
def test_recorded_answers_are_complete_today_where_they_were(edition: str) -> None:
    people = list(recorded(edition))
    assert people
    for answers in people:
        now = reading(edition).translate_answers(answers)
        assert questions().trace_path(now).ignored == ()
        if complete(questions(edition), answers):
            assert complete(questions(), now), answers


def test_any_complete_answers_are_complete_today() -> None:
    chance, old = seeded(20261130), questions(EDITIONS[-1])
    for _ in range(2000):
        answers: dict[str, frozenset[str]] = {}
        while (question := old.trace_path(answers).next) is not None:
            some = [o for o in question.option_ids if o != question.none and chance.random() < 0.1]
            chosen = some if question.kind == "many" else [chance.choice(question.option_ids)]
            answers[question.id] = frozenset(chosen or [question.none or question.unsure])
        assert complete(questions(), reading().translate_answers(answers)), answers


def test_a_quiet_lump_stays_one() -> None:
    answers = read()
    assert {name: set(chosen) for name, chosen in answers.items()} == {
        "age": {"adult"}, "breath": {"none"}, "limbs": {"none"}, "sudden": {"none"},
        "reason": {"lump"}, "place": {"elbow"}, "change": {"same"}, "skin": {"normal"},
        "unwell": {"none"}, "pain": {"no"}, "feel": {"hard"}, "conditions": {"none"},
        "medicines": {"none"}, "before": {"none"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "now"),
    [
        ({"skin": "black"}, {"limbs": {"skin_dying"}, "skin": {"dead_skin"}}),
        ({"unwell": ["vomiting", "fever"]}, {"sudden": {"no_drinks"}, "unwell": {"sick", "fever"}}),
        ({"feel": "dark_spot"}, {"skin": {"mole"}, "feel": {"none"}}),
        ({"kidney": "transplant"}, {"conditions": {"kidneys"}, "kidney": {"kidney_transplant"}}),
        ({"kidney": "not_sure"}, {"conditions": {"not_sure"}, "autoimmune": {"none"}}),
        ({"conditions": "not_sure"}, {"kidney": {"no"}, "autoimmune": {"none"}}),
        ({"autoimmune": ["lupus", "swallowing"]},
         {"conditions": {"immune_illness"}, "autoimmune": {"lupus"}, "unwell": {"swallowing"}}),
        ({"known": "calcinosis"}, {"reason": {"lump", "calcinosis"}}),
        ({"now": "not_sure"}, {"breath": {"not_sure"}, "sudden": {"not_sure"}}),
        ({"feel": "no_lump", "skin": "open"}, {"reason": {"sore_skin", "pain_weakness"}}),
    ],
)  # fmt: skip
def test_what_an_answer_is_now(said: dict[str, str], now: dict[str, set[str]]) -> None:
    answers = read(**said)
    assert {name: set(answers.get(name, ())) for name in now} == now


def test_pain_without_a_lump_is_not_asked_about_lump_and_skin() -> None:
    answers = read(feel="no_lump", pain="severe")
    assert answers["reason"] == {"pain_weakness"}
    assert answers["pain"] == {"severe"}
    assert not answers.keys() & {"skin", "feel", "change", "before"}


def test_a_baby_keeps_the_signs_of_babies() -> None:
    baby = {**QUIET, "age": "under_1", "now": "confused", "baby": "baby_feeding"}
    baby |= {"autoimmune": "swallowing"}
    del baby["unwell"]
    now = reading().translate_answers({name: frozenset([chosen]) for name, chosen in baby.items()})
    assert now["baby_breath"] == {"baby_limp", "baby_half"}
    assert now["baby"] == {"baby_less"}
    assert not now.keys() & {"breath", "limbs", "sudden", "unwell"}


def test_unfinished_answers_tell_what_they_can() -> None:
    now = reading().translate_answers({"now": frozenset(["none"]), "age": frozenset(["adult"])})
    assert dict(now) == {"age": {"adult"}}
    sure = reading().translate_answers({"now": frozenset(["sight"]), "age": frozenset(["adult"])})
    assert sure["sudden"] == {"sight"}


def test_a_list_of_which_only_a_part_was_asked_is_left_open_unless_a_part_is_wanted() -> None:
    said = {name: frozenset([chosen]) for name, chosen in QUIET.items() if name != "before"}
    del said["conditions"]
    said |= {"kidney": frozenset(["dialysis"]), "now": frozenset(["sight"])}
    half, whole = (
        reading().translate_answers(said, half_told=keep_partial) for keep_partial in (True, False)
    )
    assert half["conditions"] == {"kidneys"}
    assert half["reason"] == {"lump"}
    assert not whole.keys() & {"conditions", "reason"}
    assert whole["kidney"] == {"dialysis"}
    assert whole["sudden"] == {"sight"}


def test_a_sign_of_an_emergency_counts_however_little_was_asked() -> None:
    said = {"now": frozenset(["sight"]), "age": frozenset(["adult"])}
    assert reading().translate_answers(said, half_told=False)["sudden"] == {"sight"}


def test_an_edition_that_the_table_does_not_know_is_refused() -> None:
    with pytest.raises(NotTranslated, match=r"2025\.1\.1: not among 2026\.11\.1, 2026\.11\.2"):
        load_translation(RULES, "2025.1.1", questions(EDITIONS[0]), questions())
