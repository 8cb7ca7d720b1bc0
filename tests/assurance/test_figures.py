"""The published figures: they belong to these rules, come out the same again, and are never edited.

The proofs themselves are run by the tests of the certificate; with CALCINOSIS_SOAK=1 here as well.
"""

import json
import shutil
from math import isclose
from pathlib import Path

import pytest

from app.assurance.figures import (
    BadFigures,
    Figures,
    ShareFigure,
    clopper_pearson_bounds,
    read_figures,
)
from app.assurance.hazards import read_hazards
from app.assurance.headline import renew_headline
from app.assurance.measured import (
    RulebookMismatch,
    build_benchmark_figures,
    build_certificate_figures,
    build_changes_figures,
    build_hazard_figures,
    build_mutant_figures,
    build_readings_figures,
    find_newest_published,
)
from app.assurance.safety_case import build_safety_case
from app.rulebook.load import load_rulebook_folder, publish_rulebook
from app.settings import ROOT
from tests.builders import RULES, SOAK, rulebook

SAFETY = ROOT / "safety"
STALE = "the figures are not of this state of the project: run `make safety`"


@pytest.fixture(scope="module")
def figures() -> Figures:
    found = read_figures(SAFETY / "figures.json")
    assert found is not None
    return found


# The real figures.


def test_the_figures_are_those_of_the_rulebook(figures: Figures) -> None:
    whole = rulebook()
    given = (figures.version, figures.date, figures.sha256, tuple(figures.approvals))
    assert given == (whole.version, whole.date, whole.sha256, whole.approvals), STALE


def test_the_benchmark_comes_out_the_same_again(figures: Figures) -> None:
    assert figures.benchmark == build_benchmark_figures(rulebook(), RULES), STALE


def test_the_readings_come_out_the_same_again(figures: Figures) -> None:
    assert figures.readings == build_readings_figures(rulebook(), RULES), STALE


def test_the_readme_tells_these_figures(figures: Figures) -> None:
    written = (ROOT / "README.md").read_text("utf-8")
    assert written == renew_headline(written, figures), STALE


def test_the_hazards_come_out_the_same_again(figures: Figures) -> None:
    assert figures.hazards == build_hazard_figures(read_hazards(SAFETY / "hazards.yaml", ROOT)), (
        STALE
    )


def test_every_property_holds_and_the_checkers_agree(figures: Figures) -> None:
    assert [proof.letter for proof in figures.certificate.proofs] == list("abcdefghijklmno")
    assert figures.certificate.holds
    assert figures.certificate.differences == []
    assert figures.certificate.longest == rulebook().longest_path
    assert sum(figures.certificate.by_level.values()) == figures.certificate.answer_sets


if SOAK:

    def test_the_certificate_comes_out_the_same_again(figures: Figures) -> None:
        again = build_certificate_figures(rulebook(), RULES)
        for part in ["holds", "answer_sets", "by_level", "longest", "differences"]:
            assert getattr(figures.certificate, part) == getattr(again, part), STALE


def test_the_safety_case_is_made_from_the_figures(figures: Figures) -> None:
    written = (SAFETY / "clinical-safety-case.md").read_text("utf-8")
    assert written == build_safety_case(figures), STALE


def test_the_safety_case_says_what_is_not_so(figures: Figures) -> None:
    said = build_safety_case(figures)
    assert figures.approvals or "No clinician has approved the rules." in said
    for words in ["not a registered medical device", "No Clinical Safety Officer is named"]:
        assert words in said
    for one in figures.hazards:
        assert f"#### {one.hazard.id}: {one.hazard.title}" in said


# Planted faults.


def test_an_edited_figure_is_found(figures: Figures) -> None:
    share = figures.benchmark.shares["exact"]
    better = share.model_copy(update={"count": share.of})
    shares = figures.benchmark.shares | {"exact": better}
    edited = figures.benchmark.model_copy(update={"shares": shares})
    assert edited != build_benchmark_figures(rulebook(), RULES)
    assert build_safety_case(figures.model_copy(update={"benchmark": edited})) != build_safety_case(
        figures
    )


def test_a_safety_case_tells_what_does_not_hold(figures: Figures) -> None:
    proofs = [proof.model_copy(update={"holds": False}) for proof in figures.certificate.proofs]
    broken = figures.certificate.model_copy(update={"proofs": proofs, "differences": ["all"]})
    said = build_safety_case(figures.model_copy(update={"certificate": broken}))
    assert said.count("| NO |") == len(proofs)
    assert "DO NOT AGREE" in said


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [("made_on", 5, "made_on: Input should be a valid string"), ("more", 1, "more: Extra inputs")],
)
def test_a_file_of_another_shape_is_refused_in_words(
    tmp_path: Path, key: str, value: object, fault: str
) -> None:
    whole = json.loads((SAFETY / "figures.json").read_text("utf-8"))
    (tmp_path / "figures.json").write_text(json.dumps(whole | {key: value}))
    with pytest.raises(BadFigures, match=fault) as refused:
        read_figures(tmp_path / "figures.json")
    assert "make safety" in str(refused.value)


def test_without_a_file_there_are_no_figures(tmp_path: Path) -> None:
    assert read_figures(tmp_path / "figures.json") is None


# Bounds, against figures that others have published.


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (0, 2543, 0.0, 0.00145),  # two-sided; 1 - 0.025 ** (1 / 2543)
        (0, 10, 0.0, 0.3085),
        (10, 10, 0.6915, 1.0),
        (5, 10, 0.1871, 0.8129),
        (1, 20, 0.0013, 0.2487),
        (81, 263, 0.2527, 0.3676),
        (1540, 1650, 0.9202, 0.9449),
    ],
)
def test_bounds_are_those_of_clopper_and_pearson(
    count: int, of: int, low: float, high: float
) -> None:
    found = clopper_pearson_bounds(count, of)
    assert isclose(found[0], low, abs_tol=6e-5)
    assert isclose(found[1], high, abs_tol=6e-5)


def test_no_case_at_all_says_nothing() -> None:
    assert clopper_pearson_bounds(0, 0) == (0.0, 1.0)


def test_bounds_in_whole_cases_are_rounded_to_the_careful_side() -> None:
    assert ShareFigure(count=0, of=37, low=0.0, high=0.0949).whole_case_bounds(100) == (0, 10)
    assert ShareFigure(count=1, of=2, low=0.0126, high=0.9874).whole_case_bounds(100) == (1, 99)


# Mutants, which take too long to be tried again here.

TRIED = {
    "holds": False,
    "sha256": "",
    "mutants": 5,
    "killed": 3,
    "equivalent": ["one"],
    "survivors": [{"mutant": "another", "sat": False, "diagram": False, "shown": None}],
    "seconds": 7.5,
}


def test_mutants_are_counted_and_survivors_named(figures: Figures) -> None:
    found = build_mutant_figures(rulebook(), TRIED | {"sha256": rulebook().sha256})
    assert (found.made, found.killed, found.equivalent, found.survivors) == (5, 3, 1, ["another"])
    said = build_safety_case(figures.model_copy(update={"mutants": found}))
    assert "3 of 5 mutants are noticed" in said
    assert "Not noticed: another." in said


def test_mutants_of_another_rulebook_are_refused() -> None:
    with pytest.raises(RulebookMismatch, match="these mutants are of rulebook 000000000000"):
        build_mutant_figures(rulebook(), TRIED | {"sha256": "0" * 64})


# The last change of the rules.


@pytest.fixture(scope="module")
def raised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rules with two that were published before; both rated one rule lower."""
    folder = tmp_path_factory.mktemp("rules")
    shutil.copytree(RULES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("published"))
    head, lump = folder / "rulebook.yaml", folder / "urgency" / "lump.yaml"
    today = {file: file.read_text("utf-8") for file in (head, lump)}
    assert "urgency: soon" in today[lump]
    lump.write_text(today[lump].replace("urgency: soon", "urgency: routine", 1))
    for version in ["2026.1.1", "2026.2.1"]:
        head.write_text(today[head].replace(rulebook().version, version))
        publish_rulebook(folder)
    for file, text in today.items():
        file.write_text(text)
    return folder


def test_the_last_change_is_against_the_newest_published_rulebook(raised: Path) -> None:
    found = build_changes_figures(rulebook(), raised)
    assert found is not None
    assert (found.old, found.down) == ("2026.2.1", 0)
    assert found.up > 0
    [change] = [change for change in found.changes if change.way == "up"]
    assert (change.was, change.becomes) == ("routine", "soon")
    assert change.example


def test_a_rulebook_is_not_compared_with_itself(raised: Path) -> None:
    itself = load_rulebook_folder(raised / "published" / "2026.2.1")
    assert find_newest_published(itself, raised) == raised / "published" / "2026.1.1"
    assert build_changes_figures(rulebook(), raised / "published" / "2026.1.1") is None
