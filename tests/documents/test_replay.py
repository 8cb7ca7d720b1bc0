"""What was once told can be told again, under its own rulebook, to the last byte."""

import json
import shutil
from pathlib import Path

import pytest

from app.documents.receipt import RulebookArchive
from app.documents.replay import record_corpus, replay_corpus, write_corpus
from app.rulebook.load import (
    CORPUS_FILE,
    PUBLISHED_FOLDER,
    load_published_versions,
    load_rulebook_folder,
    publish_rulebook,
    read_corpus,
)
from tests.builders import RULES, answers, labs, rulebook

PEOPLE = [
    (answers(), {}),
    (answers(skin=["pus"], kidney="dialysis"), {}),
    (answers(), labs(calcium_adjusted="3.6 mmol/L")),
]


@pytest.fixture
def later(tmp_path: Path) -> tuple[Path, RulebookArchive]:
    """A corpus of a published rulebook, and a shelf on which the rules of today are others."""
    left_out = shutil.ignore_patterns(PUBLISHED_FOLDER, "cases")
    rules = Path(shutil.copytree(RULES, tmp_path / "rules", ignore=left_out))
    old, folder = publish_rulebook(rules)
    record_corpus(folder / CORPUS_FILE, old, PEOPLE)
    head, scale = rules / "rulebook.yaml", rules / "types" / "scale.yaml"
    head.write_text(head.read_text("utf-8").replace(old.version, "2030.1.1"), "utf-8")
    scale.write_text(scale.read_text("utf-8").replace("margin: 1\n", "margin: 3\n"), "utf-8")
    return folder / CORPUS_FILE, RulebookArchive(
        load_rulebook_folder(rules), rules / PUBLISHED_FOLDER
    )


def change(corpus: Path, number: int, find: str, replace: str) -> None:
    lines = read_corpus(corpus)
    assert find in lines[number]
    lines[number] = lines[number].replace(find, replace, 1)
    write_corpus(corpus, lines)


def test_an_old_assessment_comes_out_the_same_under_its_own_rulebook(
    later: tuple[Path, RulebookArchive],
) -> None:
    corpus, shelf = later
    assert shelf.current.version == "2030.1.1"
    assert len(read_corpus(corpus)) == len(PEOPLE)
    assert list(replay_corpus(corpus, shelf)) == []


def test_the_same_people_are_kept_in_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for corpus in (one, other):
        record_corpus(corpus, rulebook(), PEOPLE)
    assert one.read_bytes() == other.read_bytes()


def test_one_other_letter_is_noticed(later: tuple[Path, RulebookArchive]) -> None:
    corpus, shelf = later
    change(corpus, 1, '"certain":true', '"certain":false')
    assert list(replay_corpus(corpus, shelf)) == ["line 2: another answer than was given"]


def test_a_part_of_the_answer_that_came_later_is_no_fault_but_one_that_went_is(
    later: tuple[Path, RulebookArchive],
) -> None:
    corpus, shelf = later
    one = json.loads(read_corpus(corpus)[0])
    less = {part: part_content for part, part_content in one["answer"].items() if part != "advice"}
    write_corpus(corpus, [json.dumps(one | {"answer": less})])
    assert list(replay_corpus(corpus, shelf)) == []
    fewer = {
        name: section_advice
        for name, section_advice in one["answer"]["advice"].items()
        if name != "keep"
    }
    write_corpus(corpus, [json.dumps(one | {"answer": one["answer"] | {"advice": fewer}})])
    assert list(replay_corpus(corpus, shelf)) == []
    write_corpus(corpus, [json.dumps(one | {"answer": less | {"advice": fewer | {"gone": []}}})])
    assert list(replay_corpus(corpus, shelf)) == ["line 1: another answer than was given"]
    write_corpus(corpus, [json.dumps(one | {"answer": less | {"gone": "once told"}})])
    assert list(replay_corpus(corpus, shelf)) == ["line 1: another answer than was given"]


def test_another_receipt_is_noticed(later: tuple[Path, RulebookArchive]) -> None:
    corpus, shelf = later
    one, two = (json.loads(line) for line in read_corpus(corpus)[:2])
    change(corpus, 0, one["receipt"], two["receipt"])
    assert list(replay_corpus(corpus, shelf)) == ["line 1: its receipt holds other answers"]


def test_a_rulebook_that_was_lost_is_noticed(later: tuple[Path, RulebookArchive]) -> None:
    corpus, shelf = later
    kept = corpus.rename(corpus.parent.parent / CORPUS_FILE)
    shutil.rmtree(corpus.parent)
    assert len(list(replay_corpus(kept, shelf))) == len(PEOPLE)


@pytest.mark.parametrize("version", load_published_versions(RULES / PUBLISHED_FOLDER))
def test_every_assessment_kept_with_a_published_rulebook_comes_out_the_same(version: str) -> None:
    corpus = RULES / PUBLISHED_FOLDER / version / CORPUS_FILE
    assert len(read_corpus(corpus)) > 50
    assert list(replay_corpus(corpus, RulebookArchive(rulebook(), RULES / PUBLISHED_FOLDER))) == []
