"""The drawing shows what the engine runs: every question, every rule, every edge."""

from xml.etree import ElementTree as ET

import pytest

from app.documents.drawing import draw_flowchart
from app.rulebook.load import load_published_versions, load_rulebook_folder
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.settings import ROOT
from app.triage.conditions import Choice, walk_leaves

RULES = ROOT / "rules"
RULEBOOK = load_rulebook_folder(RULES)
SVG = "{http://www.w3.org/2000/svg}"


def texts() -> list[str]:
    return [node.text or "" for node in ET.fromstring(draw_flowchart(RULEBOOK)).iter(f"{SVG}text")]


def test_every_question_and_every_rule_is_drawn() -> None:
    shown = texts()
    for question in RULEBOOK.questionnaire:
        assert question.id in shown
    for rule in RULEBOOK.rules:
        assert rule.id in shown


@pytest.mark.parametrize("version", load_published_versions(RULES / PUBLISHED_FOLDER))
def test_an_earlier_rulebook_is_drawn_though_it_knows_fewer_words(version: str) -> None:
    earlier = load_rulebook_folder(RULES / PUBLISHED_FOLDER / version)
    drawn = draw_flowchart(earlier)
    assert all(rule.id in drawn for rule in earlier.rules)


def test_the_edges_are_those_of_the_engine() -> None:
    read = {
        (leaf.question, rule.id)
        for rule in RULEBOOK.rules
        for part in filter(None, [rule.when, rule.only_with])
        for leaf in walk_leaves(part)
        if isinstance(leaf, Choice)
    }
    drawn, question = [], ""
    for node in ET.fromstring(draw_flowchart(RULEBOOK)):
        if node.tag == f"{SVG}text" and node.text in {q.id for q in RULEBOOK.questionnaire}:
            question = node.text or ""
        elif node.tag == f"{SVG}g":
            drawn.append((question, (node[0].text or "").partition(":")[0]))
    assert set(drawn) == read
    assert len(drawn) == len(read)


def test_the_condition_of_a_question_stands_on_its_box() -> None:
    assert any(text.startswith("Asked if: “How old") for text in texts())


def test_the_picture_can_be_heard() -> None:
    picture = ET.fromstring(draw_flowchart(RULEBOOK))
    assert picture.find(f"{SVG}title") is not None
    assert picture.find(f"{SVG}desc") is not None
    assert picture.get("role") == "img"
