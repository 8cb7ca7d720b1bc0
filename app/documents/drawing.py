"""The flow as a picture: every question in order, when it is asked, which rules read it, and every
urgency rule with its condition in words. Drawn from the same rulebook that the engine runs.
"""

import textwrap
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from app.triage.conditions import Choice, walk_leaves
from app.triage.explain import describe_condition
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import Rule
from app.triage.terms import Urgency
from app.triage.wording import Wording

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


def draw_flowchart(rulebook: Rulebook, language: str = "en") -> str:
    """The whole picture as SVG text, with a title and description for those who cannot see it."""
    words = rulebook.wording[language]
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **_TEXT})
    counts = {"questions": len(rulebook.questionnaire.questions), "rules": len(rulebook.rules)}
    about = words.page_text("rules.drawing.about", **{k: str(n) for k, n in counts.items()})
    version = rulebook.version
    ET.SubElement(svg, "title").text = words.page_text("rules.drawing.title", version=version)
    ET.SubElement(svg, "desc").text = about
    sheet = _SvgSheet(svg, rulebook, words)
    sheet.add_shape("rect", width="100%", height="100%", fill="#f0f4f5")
    name = words.page_text("rules.drawing.name", version=version)
    sheet.add_text(LEFT, sheet.y + 10, name, "head")
    sheet.y += 44
    for question in rulebook.questionnaire:
        sheet.draw_question(question)
    sheet.add_text(LEFT, sheet.y + 18, words.pages["rules.drawing.worst"])
    sheet.y += 60
    for urgency in sorted(Urgency, reverse=True):
        sheet.draw_rules(urgency)
    svg.set("viewBox", f"0 0 {WIDTH} {sheet.y + 30:g}")
    svg.set("width", str(WIDTH))
    svg.set("height", f"{sheet.y + 30:g}")
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


@dataclass
class _SvgSheet:
    """A growing picture; `y` is where the next thing goes."""

    svg: ET.Element
    rulebook: Rulebook
    words: Wording
    y: float = 30

    def add_text(self, x: float, y: float, words: str, looks: str = "", **more: str) -> None:
        """One line of text; `looks` by name."""
        attributes = {"x": f"{x:g}", "y": f"{y:g}", **more, **_LOOKS.get(looks, {})}
        ET.SubElement(self.svg, "text", attributes).text = words

    def add_shape(self, tag: str, looks: str = "", **attributes: str) -> None:
        """One shape; `looks` by name."""
        named = {k.replace("_", "-"): v for k, v in attributes.items()}
        ET.SubElement(self.svg, tag, named | _LOOKS.get(looks, {}))

    def draw_question(self, question: Question) -> None:
        """A box with its words, the way round it, and the rules that read it beside it."""
        top, words = self.y, self.words
        lines = textwrap.wrap(words.questions[question.id].text, 60)
        if question.ask_if is not None:
            condition = " ".join(text for _, text in describe_condition(question.ask_if, words))
            asked_if = words.page_text("rules.drawing.asked_if", condition=condition)
            lines += textwrap.wrap(asked_if, 70)
        height = 30 + LINE * len(lines)
        place = {"x": str(LEFT), "y": f"{top:g}", "width": str(BOX), "height": f"{height:g}"}
        self.add_shape("rect", "box", **place, rx="6")
        self.add_text(LEFT + 14, top + 20, question.id, "id")
        for number, line in enumerate(lines, start=1):
            self.add_text(LEFT + 14, top + 20 + LINE * number, line)
        middle = LEFT + BOX / 2
        if question.ask_if is not None:
            x, before, after = LEFT - 40, top - GAP / 4, top + height + GAP / 4
            path = f"M{middle:g} {before:g} H{x:g} V{after:g} H{middle:g}"
            self.add_shape("path", "edge", d=path, stroke_dasharray="5 5")
            self.add_text(x - 72, top + height / 2, words.pages["rules.drawing.skip"], "small")
        self.y = max(top + height, self._draw_rule_tags(question, top)) + GAP / 2
        self.add_shape("path", "edge", d=f"M{middle:g} {top + height:g} V{self.y:g}")

    def _draw_rule_tags(self, question: Question, top: float) -> float:
        """The rules that read a question, as coloured tags with their level; the lower edge."""
        rules = [r for r in self.rulebook.rules if question.id in _list_read_questions(r)]
        x, y = float(READS), top
        if rules:
            self.add_shape("path", "edge", d=f"M{LEFT + BOX} {top + 14:g} H{READS - 10}")
        for rule in sorted(rules, key=lambda r: -r.urgency):
            fill, ink = _FILL[rule.urgency]
            width = 22 + 9 * len(rule.id)
            if x + width > WIDTH - 20:
                x, y = float(READS), y + 34
            group = ET.SubElement(self.svg, "g")
            ET.SubElement(group, "title").text = f"{rule.id}: {rule.urgency.name}"
            shape = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{width:g}", "height": "28"}
            ET.SubElement(group, "rect", shape, rx="14", fill=fill)
            ET.SubElement(group, "text", x=f"{x + 11:g}", y=f"{y + 19:g}", fill=ink).text = rule.id
            x += width + 8
        return y + 28

    def draw_rules(self, urgency: Urgency) -> None:
        """Every rule of a level, with its condition in words."""
        rules = [rule for rule in self.rulebook.rules if rule.urgency is urgency]
        words, (fill, ink) = self.words, _FILL[urgency]
        place = {"x": "40", "y": f"{self.y:g}", "width": str(WIDTH - 80), "height": "34"}
        self.add_shape("rect", **place, fill=fill)
        badge = words.levels[urgency.name].badge
        heading = words.page_text("rules.level", badge=badge, count=str(len(rules)))
        self.add_text(56, self.y + 23, heading, "id", fill=ink)
        self.y += 54
        for rule in rules:
            self.add_text(56, self.y, rule.id, "id")
            for line in textwrap.wrap(words.rules[rule.id].reason, 130):
                self.add_text(130, self.y, line)
                self.y += LINE
            said = list(describe_condition(rule.when, words))
            if rule.only_with is not None:
                said += [(0, words.pages["rules.drawing.only_with"])]
                said += describe_condition(rule.only_with, words, depth=1)
            for depth, text in said:
                for line in textwrap.wrap(text, 140 - 4 * depth):
                    self.add_text(130 + 24 * depth, self.y, line, "small")
                    self.y += LINE - 2
            self.y += 12
        self.y += 14


def _list_read_questions(rule: Rule) -> set[str]:
    conditions = [rule.when] if rule.only_with is None else [rule.when, rule.only_with]
    read = (leaf for condition in conditions for leaf in walk_leaves(condition))
    return {leaf.question for leaf in read if isinstance(leaf, Choice)}
