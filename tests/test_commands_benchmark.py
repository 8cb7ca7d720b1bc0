"""`calcinosis-check benchmark`: from stories to a reader's folder, kept answers and the report."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.assurance.asked import hash_questions
from app.commands import app
from tests.assurance.kept_sets import LABELS, RIGHT, STORIES, whole
from tests.builders import RULES, rulebook


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the rules with our own cases, and without sets or readings."""
    left_out = shutil.ignore_patterns("sets", "readings*", "2026*", "versions.yaml")
    folder = Path(shutil.copytree(RULES, tmp_path / "rules", ignore=left_out))
    monkeypatch.setenv("CALCINOSIS_RULES", str(folder))
    return folder


def call(*words: str | Path):
    return CliRunner().invoke(app, ["benchmark", *map(str, words)])


def written(folder: Path, name: str, content: object) -> Path:
    (folder / name).write_text(json.dumps(content))
    return folder / name


def test_a_reading_goes_all_the_way_from_stories_to_the_headline(
    rules: Path, tmp_path: Path
) -> None:
    stories = written(tmp_path, "stories.json", STORIES)
    made = call("folder", tmp_path / "out-A", "--stories", stories, "--set", "new")
    assert made.exit_code == 0, made.output
    assert call("folder", tmp_path / "out-B", "--stories", stories).stdout == made.stdout
    shell = json.loads((tmp_path / "out-A" / "answers.json").read_text())
    assert made.stdout == f"questions {shell['questions']}\nstories   {shell['stories']}\n"
    replies = {name: {"answers": whole(reply)} for name, reply in RIGHT.items()}
    replies["ben"]["answers"]["mood"] = ["low"]
    handed = written(tmp_path, "handed.json", shell | {"answers": replies})
    labels = written(tmp_path, "labels.json", LABELS)
    for reader in ("A", "B"):
        kept = call("keep", handed, "--set", "new", "--reader", reader)
        assert kept.exit_code == 0, kept.output
        assert "Refused: ben: mood" in kept.stderr
        assert kept.stdout.strip() in (rules / "cases" / "readings.yaml").read_text()
        if reader == "A":
            assert "kept: 1; needed" in call("open", labels, "--set", "new").stderr
    assert call("open", labels, "--set", "new").exit_code == 0
    report = json.loads(call("--json").stdout)
    assert report["headline"]["standing"] == "unseen"
    assert (report["headline"]["sha256"], report["sha256"]) == (rulebook().sha256,) * 2
    assert report["headline"]["mean"]["exact"]["count"] == 3
    assert report["tuned"]["cases"] == 110


def test_the_headline_stands_before_the_tuned_figures_which_say_so() -> None:
    report = call().stdout
    assert report.startswith("HEADLINE\nSet ")
    parts = ["HEADLINE", "95 % bounds", "Tuned: the project's own answers", "Benchmark: 110 cases"]
    places = [report.index(part) for part in parts]
    assert places == sorted(places)
    assert report.count("View, never a headline: without cases whose label contradicts") == 1


@pytest.mark.usefixtures("rules")
def test_without_a_set_there_is_no_headline_and_the_report_says_so() -> None:
    assert call().stdout.startswith("No headline: ")
    assert json.loads(call("--json").stdout)["headline"] is None


def test_the_hash_of_the_questions_is_printed_alone() -> None:
    assert call("--questions-hash").stdout == f"{hash_questions(rulebook())}\n"


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--set", "New Set"), "name: String should match pattern"),
        (("--stories", "none.json"), "none.json: cannot be read: No such file"),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused_in_words(
    tmp_path: Path, words: tuple[str, ...], fault: str
) -> None:
    stories = written(tmp_path, "stories.json", STORIES)
    found = call("folder", tmp_path / "out", "--stories", stories, *words)
    assert found.exit_code == 1
    assert fault in found.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("rules")
def test_a_set_is_noted_once(tmp_path: Path) -> None:
    stories = written(tmp_path, "stories.json", STORIES)
    call("folder", tmp_path / "out", "--stories", stories, "--set", "new")
    found = call("folder", tmp_path / "other", "--stories", stories, "--set", "new")
    assert found.exit_code == 1
    assert "new: there is a set of this name already" in found.stderr


@pytest.mark.usefixtures("rules")
def test_a_reader_is_a_letter(tmp_path: Path) -> None:
    stories = written(tmp_path, "stories.json", STORIES)
    call("folder", tmp_path / "out", "--stories", stories, "--set", "new")
    shell = json.loads((tmp_path / "out" / "answers.json").read_text())
    replies = {name: {"answers": whole(reply)} for name, reply in RIGHT.items()}
    handed = written(tmp_path, "handed.json", shell | {"answers": replies})
    found = call("keep", handed, "--set", "new", "--reader", "../a")
    assert found.exit_code == 1
    assert "reader: String should match pattern" in found.stderr
