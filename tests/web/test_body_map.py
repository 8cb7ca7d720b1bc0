"""The body map and the size chart in the page: the same places as the list, true sizes, light."""

import gzip
import re

import pytest

from app.presentation.body_map import load_body_map
from app.settings import ROOT
from tests.builders import question, rulebook
from tests.web.test_journeys import QUIET

VIEWS = {view.id: view for view in load_body_map()}
NO_PLACE = {"injection", "access", "widespread", "nowhere", "not_sure"}
PLACES = set(question("place").option_ids) - NO_PLACE
DRAWN = {part.target for view in VIEWS.values() for part in view.parts}
MOST_BYTES = 14 * 1024  # of a page, compressed


@pytest.fixture
def place_page(visitor):
    page = visitor.start()
    while page.url != "/check/place":
        question = page.url.removeprefix("/check/")
        page = visitor.answer(question, *QUIET[question])
    return page


def test_every_place_on_the_body_is_drawn_and_nothing_else():
    assert DRAWN == PLACES


def test_every_place_is_drawn_once_in_a_view():
    for view in VIEWS.values():
        targets = [part.target for part in view.parts]
        assert len(targets) == len(set(targets)), view.id


def test_a_zoom_opens_a_view_and_is_coloured_by_what_it_holds():
    for view in VIEWS.values():
        for zoom in view.zooms:
            there = {part.target for part in VIEWS[zoom.target].parts}
            assert set(zoom.holds) <= there, f"{view.id}: {zoom.target}"
            assert zoom.signs


def test_what_a_tap_opens_is_named_in_the_picture():
    for view in VIEWS.values():
        named = {name for name, _ in view.names}
        assert {zoom.target for zoom in view.zooms} <= named, view.id


def test_what_a_zoom_leaves_out_is_drawn_in_the_view_itself():
    for view in VIEWS.values():
        drawn_targets = {part.target for part in view.parts}
        for zoom in view.zooms:
            there = {part.target for part in VIEWS[zoom.target].parts}
            assert there - set(zoom.holds) <= drawn_targets, f"{view.id}: {zoom.target}"


def test_each_part_is_a_label_of_a_line_in_the_list(place_page):
    lines = {found["id"] for found in place_page.all("input", type="checkbox")}
    views = {found["id"] for found in place_page.all("input", type="radio")}
    parts = [f for f in place_page.all("label") if "map-part" in f["class"]]
    places = [f for f in parts if "map-zoom" not in f["class"]]
    assert {f["for"] for f in places} == {f"place-{place}" for place in DRAWN}
    assert {f["for"] for f in places} <= lines
    assert {f["for"] for f in parts if f not in places} <= views
    assert views == {f"map-{view}" for view in VIEWS}


def test_each_part_has_the_words_of_its_line_at_the_pointer(place_page):
    words = rulebook().wording["en"].questions["place"].options
    named = re.findall(
        r'<label class="map-part[^>]*for="(place|map)-(\w+)" data-name="([^"]+)">',
        place_page.html,
    )
    assert len(named) == sum(len(view.parts) + len(view.zooms) for view in VIEWS.values())
    for kind, target, name in named:
        assert name == (words[target] if kind == "place" else f"{target.capitalize()}, larger")


def test_every_line_of_the_list_is_named_and_coloured_when_it_is_ticked(place_page):
    style = (ROOT / "static" / "body_map.css").read_text()
    shown = dict(re.findall(r"form:has\(#(place-\w+):checked\) \.at-(\w+)", style))
    lines = {found["id"]: found["value"] for found in place_page.all("input", type="checkbox")}
    assert shown == lines
    assert {f["class"] for f in place_page.all("span") if f.get("class", "").startswith("at-")} == {
        f"at-{place}" for place in lines.values()
    }


def test_every_view_can_be_shown():
    style = (ROOT / "static" / "body_map.css").read_text()
    assert set(re.findall(r"\.map-view-(\w+)", style)) == set(VIEWS)


def test_the_pictures_are_for_pointers_alone_and_the_list_says_it_all(place_page):
    [found] = [f for tag, f in place_page.tags if f.get("class") == "body-map"]
    assert found["aria-hidden"] == "true"
    assert all("hidden" in found for found in place_page.all("input", type="radio"))
    assert not place_page.all("input", type="radio", checked="")


@pytest.mark.usefixtures("place_page")
def test_the_choice_of_a_picture_is_no_answer(visitor):
    page = visitor.post("/check/place", {"view": "hands", "place": "finger"})
    assert page.url == "/check/change"
    assert visitor.get("/check/place").ticked == {"finger"}
    assert "There is a problem" in visitor.post("/check/place", {"view": "hands"}, 422).text


def test_only_the_question_about_the_place_has_the_map(visitor, place_page):
    assert "map-part" in place_page.html
    assert "map-part" not in visitor.get("/check/age").html


def test_the_page_with_the_map_stays_light(place_page):
    assert len(gzip.compress(place_page.html.encode(), 6)) <= MOST_BYTES


def test_curves_go_through_their_points_and_halves_mirror_each_other():
    front = VIEWS["front"]
    points = run_of(front.outline)
    assert (0, 10) in points
    assert (-70, 118) in points
    assert {(-x + 0, y) for x, y in points} == set(points)


def run_of(path):
    """The points that a smoothed path goes through."""
    start, *pieces = re.sub(r"(?<=\d)-", " -", path.rstrip("Z").removeprefix("M")).split("c")
    x, y = (float(number) for number in start.split())
    points = [(x, y)]
    for piece in pieces:
        numbers = [float(number) for number in piece.split()]
        x, y = round(x + numbers[4], 1), round(y + numbers[5], 1)
        points.append((x + 0, y + 0))
    return points


def test_the_size_chart_is_true_to_scale(visitor):
    visitor.walk({}, rest="not_sure")
    page = visitor.get("/check/change")
    radii = [float(found["r"]) for found in page.all("circle") if found.get("class") != "size-edge"]
    lump = float(re.search(r"h([\d.]+)m", page.all("path", **{"class": "size-rule"})[0]["d"])[1])
    pea, coin, ball, circle = (2 * radius for radius in radii)
    unit = lump / 50  # 1 millimetre
    assert 7.5 <= pea / unit <= 8.5
    assert 19 <= coin / unit <= 21.5  # a penny 20.3, a cent 19.1
    assert 42.6 <= ball / unit <= 43.9  # at least 42.67 by the rules of golf
    assert circle == lump


def test_the_size_chart_is_told_in_words_too(visitor):
    visitor.walk({}, rest="not_sure")
    page = visitor.get("/check/change")
    [line] = [found for found in page.all("input") if "aria-describedby" in found]
    assert line["id"] == "change-over_5cm"
    assert "A pea is about 8 mm across" in page.text
    assert page.all("svg", viewbox="0 0 640 290", **{"aria-hidden": "true"})
