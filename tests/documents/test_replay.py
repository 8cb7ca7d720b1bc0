"""What was once told can be told again, under its own rulebook, to the last byte."""

import json
import shutil
from pathlib import Path

import pytest

from app.documents.receipt import Shelf
from app.documents.replay import pack, record, replay
from app.triage.published import CORPUS, FOLDER, publish, unpack, versions
from app.triage.rulebook import load
from tests.builders import RULES, answers, labs, rulebook

PEOPLE = [
    (answers(), {}),
    (answers(skin=["pus"], kidney="dialysis"), {}),
    (answers(), labs(calcium_adjusted="3.6 mmol/L")),
]


@pytest.fixture
def later(tmp_path: Path) -> tuple[Path, Shelf]:
    """A corpus of a published rulebook, and a shelf on which the rules of today are others."""
    left_out = shutil.ignore_patterns(FOLDER, "cases")
    rules = Path(shutil.copytree(RULES, tmp_path / "rules", ignore=left_out))
    old, folder = publish(rules)
    record(folder / CORPUS, old, PEOPLE)
    head, scale = rules / "rulebook.yaml", rules / "types" / "scale.yaml"
    head.write_text(head.read_text("utf-8").replace(old.version, "2030.1.1"), "utf-8")
    scale.write_text(scale.read_text("utf-8").replace("margin: 1\n", "margin: 3\n"), "utf-8")
    return folder / CORPUS, Shelf(load(rules), rules / FOLDER)


def change(corpus: Path, number: int, find: str, replace: str) -> None:
    lines = unpack(corpus)
    assert find in lines[number]
    lines[number] = lines[number].replace(find, replace, 1)
    pack(corpus, lines)


def test_an_old_assessment_comes_out_the_same_under_its_own_rulebook(
    later: tuple[Path, Shelf],
) -> None:
    corpus, shelf = later
    assert shelf.current.version == "2030.1.1"
    assert len(unpack(corpus)) == len(PEOPLE)
    assert list(replay(corpus, shelf)) == []


def test_the_same_people_are_kept_in_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for corpus in (one, other):
        record(corpus, rulebook(), PEOPLE)
    assert one.read_bytes() == other.read_bytes()


def test_one_other_letter_is_noticed(later: tuple[Path, Shelf]) -> None:
    corpus, shelf = later
    change(corpus, 1, '"certain":true', '"certain":false')
    assert list(replay(corpus, shelf)) == ["line 2: another answer than was given"]


def test_a_part_of_the_answer_that_came_later_is_no_fault_but_one_that_went_is(
    later: tuple[Path, Shelf],
) -> None:
    corpus, shelf = later
    one = json.loads(unpack(corpus)[0])
    less = {part: told for part, told in one["answer"].items() if part != "advice"}
    pack(corpus, [json.dumps(one | {"answer": less})])
    assert list(replay(corpus, shelf)) == []
    fewer = {name: told for name, told in one["answer"]["advice"].items() if name != "keep"}
    pack(corpus, [json.dumps(one | {"answer": one["answer"] | {"advice": fewer}})])
    assert list(replay(corpus, shelf)) == []
    pack(corpus, [json.dumps(one | {"answer": less | {"advice": fewer | {"gone": []}}})])
    assert list(replay(corpus, shelf)) == ["line 1: another answer than was given"]
    pack(corpus, [json.dumps(one | {"answer": less | {"gone": "once told"}})])
    assert list(replay(corpus, shelf)) == ["line 1: another answer than was given"]


def test_another_receipt_is_noticed(later: tuple[Path, Shelf]) -> None:
    corpus, shelf = later
    one, two = (json.loads(line) for line in unpack(corpus)[:2])
    change(corpus, 0, one["receipt"], two["receipt"])
    assert list(replay(corpus, shelf)) == ["line 1: its receipt holds other answers"]


def test_a_rulebook_that_was_lost_is_noticed(later: tuple[Path, Shelf]) -> None:
    corpus, shelf = later
    kept = corpus.rename(corpus.parent.parent / CORPUS)
    shutil.rmtree(corpus.parent)
    assert len(list(replay(kept, shelf))) == len(PEOPLE)


@pytest.mark.parametrize("version", versions(RULES / FOLDER))
def test_every_assessment_kept_with_a_published_rulebook_comes_out_the_same(version: str) -> None:
    corpus = RULES / FOLDER / version / CORPUS
    assert len(unpack(corpus)) > 50
    assert list(replay(corpus, Shelf(rulebook(), RULES / FOLDER))) == []
