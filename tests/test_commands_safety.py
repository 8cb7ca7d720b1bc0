"""`calcinosis-check safety`: what it counts, what it refuses, and what it says is missing."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.assurance.figures import read_figures
from app.assurance.headline import renew_headline
from app.assurance.safety_case import build_safety_case
from app.commands import app
from app.settings import ROOT
from tests.builders import rulebook
from tests.readings import met, readings

SAFETY = ROOT / "safety"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the safety documents, which a test may spoil."""
    return Path(shutil.copytree(SAFETY, tmp_path / "safety"))


def call(*words: str):
    return CliRunner().invoke(app, ["safety", *words])


def test_check_counts_the_hazards_by_their_state(folder: Path) -> None:
    whole = json.loads((folder / "figures.json").read_text("utf-8"))
    (folder / "figures.json").write_text(json.dumps(whole | {"sha256": rulebook().sha256}))
    found, figures = call("check", "--folder", str(folder)), read_figures(folder / "figures.json")
    assert figures is not None
    assert found.exit_code == 0, found.output
    for state, count in figures.hazard_state_counts.items():
        assert f"{state:<13} {count}" in found.stdout
    assert f"Open controls   {figures.open_control_count}" in found.stdout


def test_check_refuses_figures_of_another_rulebook(folder: Path) -> None:
    figures = json.loads((folder / "figures.json").read_text("utf-8"))
    (folder / "figures.json").write_text(json.dumps(figures | {"sha256": "0" * 64}))
    found = call("check", "--folder", str(folder))
    assert found.exit_code == 1
    assert f"not of rulebook {rulebook().sha256[:12]}; run `make safety`" in found.stderr


def test_check_refuses_figures_that_are_not_there(folder: Path) -> None:
    (folder / "figures.json").unlink()
    assert call("check", "--folder", str(folder)).exit_code == 1


def test_check_refuses_figures_of_another_shape(folder: Path) -> None:
    (folder / "figures.json").write_text("{}")
    found = call("check", "--folder", str(folder))
    assert found.exit_code == 1
    assert "Field required; run `make safety`" in found.stderr


@pytest.mark.parametrize("command", ["check", "build"])
def test_a_proof_that_is_not_there_is_named_with_its_line(folder: Path, command: str) -> None:
    log = folder / "hazards.yaml"
    log.write_text(
        log.read_text("utf-8").replace(
            "::test_normal_blood_never_lowers_black_skin", "::test_all_is_well"
        )
    )
    found = call(command, "--folder", str(folder))
    assert found.exit_code == 1
    assert "H01: 'tests/triage/test_labs.py::test_all_is_well' is no proof" in found.stderr
    assert "1 fault in" in found.stderr


def test_build_says_which_tool_of_proof_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "app.assurance.measured", None)
    before = (folder / "figures.json").read_bytes()
    found = call("build", "--folder", str(folder))
    assert found.exit_code == 2
    assert "install calcinosis-check[proof]" in found.stderr
    assert (folder / "figures.json").read_bytes() == before


def test_build_writes_the_same_figures_everywhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The measuring itself takes minutes; it has tests of its own."""
    kept = read_figures(folder / "figures.json")
    assert kept is not None
    figures = kept.model_copy(update={"readings": readings(met())})
    monkeypatch.setattr("app.assurance.measured.measure_figures", lambda *_: figures)
    readme = Path(shutil.copy(ROOT / "README.md", folder.parent))
    before = readme.read_text("utf-8")
    found = call("build", "--folder", str(folder))
    assert found.exit_code == 0, found.output
    assert read_figures(folder / "figures.json") == figures
    assert (folder / "clinical-safety-case.md").read_text("utf-8") == build_safety_case(figures)
    assert readme.read_text("utf-8") == renew_headline(before, figures) != before


def test_build_refuses_a_readme_without_a_place_for_the_figures(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = read_figures(folder / "figures.json")
    monkeypatch.setattr("app.assurance.measured.measure_figures", lambda *_: kept)
    (folder.parent / "README.md").write_text("# Another")
    found = call("build", "--folder", str(folder))
    assert found.exit_code == 1
    assert "README.md: has no place for the figures" in found.stderr


@pytest.mark.parametrize(
    ("text", "fault"),
    [("no JSON", "Expecting value"), ('{"sha256": "abc"}', "these mutants are of rulebook abc")],
)
def test_build_refuses_mutants_that_it_cannot_use(folder: Path, text: str, fault: str) -> None:
    (folder / "mutants.json").write_text(text)
    before = (folder / "figures.json").read_bytes()
    found = call("build", "--folder", str(folder), "--mutants", str(folder / "mutants.json"))
    assert found.exit_code == 1
    assert fault in found.stderr
    assert (folder / "figures.json").read_bytes() == before
