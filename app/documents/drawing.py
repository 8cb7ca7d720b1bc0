"""The flow as a picture: every question in order, when it is asked, which rules read it, and every
urgency rule with its condition in words. Drawn from the same rulebook that the engine runs.
"""

import textwrap
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from app.triage.conditions import Choice, Condition, walk_leaves
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import Rule
from app.triage.terms import Urgency
from app.triage.wording import Wording, describe_condition

WIDTH = 1240
BOX, GAP, LEFT, READS = 560, 46, 130, 760
LINE = 19
_FILL = {
    Urgency.emergency: ("#d5281b", "#ffffff"),
    Urgency.same_day: ("#8a1a12", "#ffffff"),
    Urgency.soon: ("#ffb81c", "#212b32"),
    Urgency.routine: ("#0b4f5c", "#ffffff"),
    Urgency.self_care: ("#d8dde0", "#212b32"),
}
# Looks as attributes: the pages' own policy lets no style of a picture through.
_TEXT = {"font-family": "system-ui, sans-serif", "font-size": "15", "fill": "#212b32"}
_LOOKS = {
    "id": {"font-weight": "600"},
    "small": {"font-size": "13"},
    "head": {"font-size": "22", "font-weight": "700"},
    "box": {"fill": "#ffffff", "stroke": "#0b4f5c", "stroke-width": "2"},
    "edge": {"stroke": "#4c6272", "stroke-width": "2", "fill": "none"},
}


@dataclass
class _SvgSheet:
    """A growing picture; `y` is where the next thing goes."""

    svg: ET.Element
    y: float = 30

    def add_text(self, x: float, y: float, words: str, **attributes: str) -> None:
        """One line of text."""
        ET.SubElement(self.svg, "text", {"x": f"{x:g}", "y": f"{y:g}", **attributes}).text = words

    def add_shape(self, tag: str, **attributes: str) -> None:
        """One shape."""
        ET.SubElement(self.svg, tag, {k.replace("_", "-"): v for k, v in attributes.items()})


def draw_flowchart(rulebook: Rulebook, language: str = "en") -> str:
    """The whole picture as SVG text, with a title and description for those who cannot see it."""
    words = rulebook.wording[language]
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **_TEXT})
    ET.SubElement(svg, "title").text = f"Questions and rules of rulebook {rulebook.version}"
    ET.SubElement(svg, "desc").text = (
        f"{len(rulebook.questionnaire.questions)} questions in order, and the "
        f"{len(rulebook.rules)} urgency rules that read them, with their conditions."
    )
    sheet = _SvgSheet(svg)
    sheet.add_shape("rect", width="100%", height="100%", fill="#f0f4f5")
    sheet.add_text(
        LEFT, sheet.y + 10, f"Calcinosis Check, rulebook {rulebook.version}", **_LOOKS["head"]
    )
    sheet.y += 44
    for question in rulebook.questionnaire:
        _draw_question(sheet, rulebook, question, words)
    _draw_footer(sheet)
    for urgency in sorted(Urgency, reverse=True):
        _draw_rules(sheet, urgency, [r for r in rulebook.rules if r.urgency is urgency], words)
    svg.set("viewBox", f"0 0 {WIDTH} {sheet.y + 30:g}")
    svg.set("width", str(WIDTH))
    svg.set("height", f"{sheet.y + 30:g}")
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def list_drawn_edges(rulebook: Rulebook) -> list[tuple[str, str]]:
    """The drawn edges: question -> rule that reads it, in drawing order."""
    return [
        (question.id, rule.id)
        for question in rulebook.questionnaire
        for rule in rulebook.rules
        if question.id in _list_read_questions(rule)
    ]


def _draw_question(
    sheet: _SvgSheet, rulebook: Rulebook, question: Question, words: Wording
) -> None:
    top = sheet.y
    asked = words.questions[question.id].text
    lines = textwrap.wrap(asked, 60)
    if question.ask_if is not None:
        lines += textwrap.wrap("Asked if: " + _join_condition_lines(question.ask_if, words), 70)
    height = 30 + LINE * len(lines)
    sheet.add_shape(
        "rect", x=str(LEFT), y=f"{top:g}", width=str(BOX), height=f"{height:g}", rx="6",
        **_LOOKS["box"],
    )  # fmt: skip
    sheet.add_text(LEFT + 14, top + 20, question.id, **_LOOKS["id"])
    for number, line in enumerate(lines, start=1):
        sheet.add_text(LEFT + 14, top + 20 + LINE * number, line)
    if question.ask_if is not None:
        _draw_bypass(sheet, top, height)
    bottom = _draw_rule_tags(
        sheet, [r for r in rulebook.rules if question.id in _list_read_questions(r)], top
    )
    sheet.y = max(top + height, bottom) + GAP / 2
    middle = LEFT + BOX / 2
    sheet.add_shape("path", d=f"M{middle:g} {top + height:g} V{sheet.y:g}", **_LOOKS["edge"])


def _draw_bypass(sheet: _SvgSheet, top: float, height: float) -> None:
    """The way round a question that is not always asked."""
    x, before, after = LEFT - 40, top - GAP / 4, top + height + GAP / 4
    path = f"M{LEFT + BOX / 2:g} {before:g} H{x:g} V{after:g} H{LEFT + BOX / 2:g}"
    sheet.add_shape("path", d=path, stroke_dasharray="5 5", **_LOOKS["edge"])
    sheet.add_text(x - 72, top + height / 2, "else skip", **_LOOKS["small"])


def _draw_rule_tags(sheet: _SvgSheet, rules: list[Rule], top: float) -> float:
    """The rules that read a question, as coloured tags with their level; gives the lower edge."""
    x, y = float(READS), top
    if rules:
        sheet.add_shape("path", d=f"M{LEFT + BOX} {top + 14:g} H{READS - 10}", **_LOOKS["edge"])
    for rule in sorted(rules, key=lambda r: -r.urgency):
        fill, ink = _FILL[rule.urgency]
        width = 22 + 9 * len(rule.id)
        if x + width > WIDTH - 20:
            x, y = float(READS), y + 34
        group = ET.SubElement(sheet.svg, "g")
        ET.SubElement(group, "title").text = f"{rule.id}: {rule.urgency.name}"
        ET.SubElement(
            group,
            "rect",
            x=f"{x:g}",
            y=f"{y:g}",
            width=f"{width:g}",
            height="28",
            rx="14",
            fill=fill,
        )
        ET.SubElement(group, "text", x=f"{x + 11:g}", y=f"{y + 19:g}", fill=ink).text = rule.id
        x += width + 8
    return y + 28


def _draw_footer(sheet: _SvgSheet) -> None:
    sheet.add_text(LEFT, sheet.y + 18, "The worst finding leads. No finding means a routine visit.")
    sheet.y += 60


def _draw_rules(sheet: _SvgSheet, urgency: Urgency, rules: list[Rule], words: Wording) -> None:
    fill, ink = _FILL[urgency]
    sheet.add_shape("rect", x="40", y=f"{sheet.y:g}", width=str(WIDTH - 80), height="34", fill=fill)
    heading = f"{words.levels[urgency.name].badge} ({len(rules)} rules)"
    sheet.add_text(56, sheet.y + 23, heading, fill=ink, **_LOOKS["id"])
    sheet.y += 54
    for rule in rules:
        sheet.add_text(56, sheet.y, rule.id, **_LOOKS["id"])
        for line in textwrap.wrap(words.rules[rule.id].reason, 130):
            sheet.add_text(130, sheet.y, line)
            sheet.y += LINE
        said = list(describe_condition(rule.when, words))
        if rule.only_with is not None:
            said += [(0, 'An "I\'m not sure" counts only with:')]
            said += describe_condition(rule.only_with, words, depth=1)
        for depth, text in said:
            for line in textwrap.wrap(text, 140 - 4 * depth):
                sheet.add_text(130 + 24 * depth, sheet.y, line, **_LOOKS["small"])
                sheet.y += LINE - 2
        sheet.y += 12
    sheet.y += 14


def _join_condition_lines(condition: Condition, words: Wording) -> str:
    return " ".join(text for _, text in describe_condition(condition, words))


def _list_read_questions(rule: Rule) -> set[str]:
    conditions = [rule.when] if rule.only_with is None else [rule.when, rule.only_with]
    read = (leaf for condition in conditions for leaf in walk_leaves(condition))
    return {leaf.question for leaf in read if isinstance(leaf, Choice)}
