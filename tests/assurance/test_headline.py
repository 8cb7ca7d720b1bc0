"""README.md and the safety case tell the honest figure first and the tuned one second."""

import pytest

from app.assurance.figures import Figures, read_figures
from app.assurance.headline import BEGIN, END, MissingMarkers, renew_headline
from app.assurance.safety_case import build_safety_case
from app.settings import ROOT
from tests.readings import EARLIER, TODAY, met, readings, translated

PAGE = f"# A page\n\n{BEGIN}\nof old\n{END}\n\nMore.\n"


@pytest.fixture
def figures() -> Figures:
    """Figures whose readings are made up."""
    found = read_figures(ROOT / "safety" / "figures.json")
    assert found is not None
    return found.model_copy(update={"sha256": TODAY, "readings": readings(met())})


def said(figures: Figures) -> str:
    """What the page says, in one line."""
    return " ".join(renew_headline(PAGE, figures).split())


def test_the_headline_is_told_with_its_bounds_and_the_hash_of_its_rulebook(figures) -> None:
    headline_text = said(figures)
    assert "unseen until rulebook 2026.12.1 was finished (`aaaaaaaaaaaa`)" in headline_text
    assert "the mean of 2 blind readers: level as expected 51.2% (33.1% to 68.4%)" in headline_text
    assert (
        "20.5 of 40 that needed help the same day rated below it (33.1% to 68.4%)" in headline_text
    )
    assert headline_text.index("unseen until") < headline_text.index(
        "Tuned, since these are our own answers"
    )
    assert "not called unseen" not in headline_text
    assert "Today's rules are others" not in headline_text


def test_the_word_unseen_is_refused_with_its_reason(figures) -> None:
    reasons = ["building", "other_rulebook", "few_readers"]
    one = met(standing="not_built_with", not_unseen=reasons, sha256=EARLIER)
    headline_text = said(figures.model_copy(update={"readings": readings(one)}))
    assert "that rulebook 2026.12.1 was not built with (`bbbbbbbbbbbb`)" in headline_text
    assert "They are not called unseen: rules are built with these cases by now;" in headline_text
    assert "fewer than two readers answered for them blind." in headline_text
    assert "Today's rules are others, and have met no such cases yet." in headline_text


def test_a_translated_reading_is_called_so_and_stands_after_the_headline(figures) -> None:
    one = met(standing="not_built_with", not_unseen=["building"], sha256=EARLIER)
    both = figures.model_copy(update={"readings": readings(one, translated())})
    headline_text = said(both)
    parts = [
        "**40 published patients that rulebook 2026.12.1 was not built with (`bbbbbbbbbbbb`)",
        "Translated, not blind: 40 published patients that rulebook 2026.12.1 was built with",
        "others than those of 2026.11.1 that reader A answered.",
        "level as expected 50.0% (33.8% to 66.2%)",
        "Tuned, since",
    ]
    places = [headline_text.index(part) for part in parts]
    assert places == sorted(places)
    heading = (
        "| Reader A, translated from the questions of 2026.11.1, NOT blind, so not in the mean"
    )
    assert heading in build_safety_case(both)
    assert build_safety_case(both).count("| Mean of the blind readings |") == 1


def test_a_translated_reading_never_leads(figures) -> None:
    headline_text = said(figures.model_copy(update={"readings": readings(None, translated())}))
    assert headline_text.index("No cases that the rules were not built with") < headline_text.index(
        "Translated,"
    )
    assert "unseen" not in headline_text


@pytest.mark.parametrize("found", [None, readings(None)])
def test_without_a_headline_the_page_says_so(figures, found) -> None:
    changed = figures.model_copy(update={"readings": found})
    missing = "No cases that the rules were not built with have been read blind yet."
    assert missing in said(changed)
    assert missing in build_safety_case(changed)


def test_what_stands_around_the_figures_stays_and_making_them_twice_changes_nothing(
    figures,
) -> None:
    once = renew_headline(PAGE, figures)
    assert once.startswith(f"# A page\n\n{BEGIN}\n**40 published")
    assert once.endswith(f"regression test.\n{END}\n\nMore.\n")
    assert "of old" not in once
    assert renew_headline(once, figures) == once


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_a_place_for_the_figures_is_refused(figures, text: str) -> None:
    with pytest.raises(MissingMarkers, match="has no place for the figures"):
        renew_headline(text, figures)


def test_the_safety_case_tells_the_headline_each_reader_and_then_the_tuned_figures(figures) -> None:
    broken = met().readers[1].model_copy(update={"blind": False})
    one = met(readers=[met().readers[0], broken])
    tuned = met(standing="built_with", rulebook="2026.12.2")
    safety_text = build_safety_case(figures.model_copy(update={"readings": readings(one, tuned)}))
    parts = [
        "### 40 published patients, unseen until rulebook 2026.12.1 was finished",
        "Readers gave the same answer in 500 of 560,",
        "| Level as expected | 20.5 of 40 | 33.1% to 68.4% |",
        "| Reader A, blind |",
        "| Reader B, NOT blind, so not in the mean |",
        "### 40 published patients that rulebook 2026.12.2 was built with",
        "## Our own published cases: tuned",
    ]
    places = [safety_text.index(part) for part in parts]
    assert places == sorted(places)
