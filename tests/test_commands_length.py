"""`calcinosis-check rules length`: how long the questions are, as text and as JSON."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.commands import app
from tests.builders import answers, rulebook


def call(*words: str | Path):
    return CliRunner().invoke(app, ["rules", "length", *map(str, words)])


@pytest.fixture
def one_case(tmp_path: Path) -> Path:
    """A list of one case: the healthy default."""
    case_answers = {name: sorted(chosen) for name, chosen in answers().items()}
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([{"id": "quiet", "answers": case_answers, "urgency": "routine"}]))
    return file


def test_the_published_cases_are_counted_where_none_are_named() -> None:
    result = call()
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"Rulebook {rulebook().version}, sha256 ")
    assert "Cases: 110\n  screens  median" in result.stdout
    assert result.stdout.count("at 150 words a minute") == 2
    assert "A known calcium lump without pain\n" in result.stdout
    graded = result.stdout.partition("Flesch-Kincaid")[2].split()
    assert {question.id for question in rulebook().questionnaire} <= set(graded)


def test_cases_of_a_file_are_counted_and_told_as_plain_values(one_case: Path) -> None:
    counts_json = json.loads(call(one_case, "--json").stdout)
    [quiet] = counts_json["cases"]["of"]
    assert (quiet["id"], quiet["screens"]) == ("quiet", len(answers()))
    assert counts_json["cases"]["words"] == {"median": quiet["words"], "most": quiet["words"]}
    assert counts_json["known_lump"]["screens"]["most"] == len(answers())
    assert max(counts_json["grades"].values()) <= 6


def test_cases_that_cannot_be_read_are_told_in_words(tmp_path: Path) -> None:
    result = call(tmp_path / "none.json")
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr
