"""Whom to tell when advice seems wrong: who runs the website, and the authority of the region."""

from pathlib import Path

import pytest

from app.main import create_app
from app.settings import Settings
from tests.builders import rulebook
from tests.conftest import Clock
from tests.visitor import Page, Visitor

WORDS = rulebook().wording["en"]


def page_of(tmp_path: Path, region: str = "", **settings: str) -> Page:
    """The page on a server with these settings, as someone in this region sees it."""
    visitor = Visitor(create_app(Settings(var=tmp_path, **settings), clock=Clock()))
    if region:
        visitor.start(region)
    return visitor.get("/wrong-advice")


def test_it_says_who_runs_the_website_and_how_to_reach_them(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        operator_name="Hill <Clinic>",
        operator_address="help@hill.example",
        operator_telephone="+44 20 7946 0000",
    )
    assert "This website is run by Hill <Clinic>." in page.text
    assert "help@hill.example" in page.text
    assert "tel:+442079460000" in page.links
    assert WORDS.pages["wrong.makers.unknown"] not in page.text


def test_where_nothing_is_set_it_says_so_and_leaves_no_empty_line(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert WORDS.pages["wrong.makers.unknown"] in page.text
    assert "run by" not in page.text
    assert "Write to:" not in page.text


@pytest.mark.parametrize("region", rulebook().regions)
def test_it_leads_to_the_authority_of_the_region_and_to_no_other(
    tmp_path: Path, region: str
) -> None:
    page, own = page_of(tmp_path, region), rulebook().regions[region].regulator
    known = {r.regulator.url for r in rulebook().regions.values() if r.regulator}
    assert known & set(page.links) == ({own.url} if own else set())
    if own:
        assert WORDS.regions[region]["regulator"] in page.text


def test_who_has_not_said_where_they_are_is_sent_to_no_authority(tmp_path: Path) -> None:
    assert WORDS.pages["wrong.regulator.heading"] not in page_of(tmp_path).text


def test_no_page_for_patients_speaks_of_files_of_the_program(visitor: Visitor) -> None:
    for path in ("/", "/about", "/privacy", "/wrong-advice", "/offline", "/verify", "/cleared"):
        assert not {word for word in (".md", "SECURITY") if word in visitor.get(path).text}, path
