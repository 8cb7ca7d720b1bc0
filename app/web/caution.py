"""How a result is careful: what to watch for, what doubt did, which dangers were looked for.

It joins ids with their words, for the person whose answers they are; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from app.triage import dangers
from app.triage.dangers import LookedFor
from app.triage.safetynet import net
from app.triage.second_look import Doubts
from app.triage.terms import Assessment, Urgency
from app.triage.told import Line, Told, fold, tell
from app.web.asking import words_for
from app.web.telling import Teller

MOST_AT_ONCE = 5  # lines to watch for before the rest is folded away, but every emergency
_SAID = {
    dangers.FOUND: "result.danger.found",
    dangers.UNSURE: "result.danger.unsure",
    dangers.SIGN: "result.danger.sign",
    dangers.OPEN: "result.danger.open",
    dangers.CLEAR: "result.danger.clear",
}


class Group(NamedTuple):
    """What leads to one level: what to do then, and the lines that say when."""

    level: str
    heading: str
    lines: tuple[str, ...]


class Watch(NamedTuple):
    """The safety net in words: shown at once, folded away, and what leads to no level."""

    first: list[Group]
    more: list[Group]
    remarks: list[str]


class Doubtful(NamedTuple):
    """An unsure answer that made the result more careful, and what it was counted as."""

    id: str
    question: str
    counted: str


class Looked(NamedTuple):
    """One danger: its name, and in plain sentences what was asked, answered, and would worry us."""

    id: str
    state: str
    name: str
    text: str


def watch(teller: Teller, assessment: Assessment) -> Watch:
    """What would make this result more urgent."""
    found = net(teller.rulebook, teller.answers)
    first, more = fold(tell(teller.rulebook, found, assessment.advice["watch"]), MOST_AT_ONCE)
    remarks = [_advice(teller, rule.advice.id) for rule in first.remarks]
    return Watch(_groups(teller, first), _groups(teller, more), remarks)


def _groups(teller: Teller, told: Told) -> list[Group]:
    """The gravest level first, and within it a shorter time first."""
    gathered: dict[tuple[Urgency, str | None], list[str]] = {}
    for entry in told.entries:
        if isinstance(entry, Line):
            key, text = (entry.urgency, entry.changes[0].within), _line(teller, entry)
        else:
            key = (entry.urgency or Urgency.self_care, None)
            text = _advice(teller, entry.advice.id)
        gathered.setdefault(key, []).append(text)
    order = sorted(gathered, key=lambda key: (-key[0], key[1] is None))
    return [Group(key[0].name, _heading(teller, *key), tuple(gathered[key])) for key in order]


def _line(teller: Teller, line: Line) -> str:
    spoken = words_for(teller.words, line.question, teller.answers, teller.about)
    return teller.fill(teller.words.pages["result.net.if"], change=spoken.changes[line.words])


def _advice(teller: Teller, advice: str) -> str:
    return teller.fill(teller.words.advice[advice])


def _heading(teller: Teller, urgency: Urgency, within: str | None) -> str:
    if within is None:
        return teller.fill(teller.words.net[urgency.name])
    return teller.fill(teller.words.net["when_within"], within=teller.words.times[within])


def doubtful(teller: Teller, doubts: Doubts) -> list[Doubtful]:
    """The unsure answers that made the result more careful."""
    found = []
    for doubt in doubts.each:
        spoken = words_for(teller.words, doubt.question, teller.answers, teller.about)
        question, counted = teller.fill(spoken.text), teller.fill(spoken.counted)
        found.append(Doubtful(doubt.question, question, counted))
    return found


def looked(teller: Teller, searched: Iterable[LookedFor]) -> list[Looked]:
    """One plain line for each danger."""
    found = []
    for danger, state, partly_asked in searched:
        words = teller.words.dangers[danger].parts
        asked, worry = teller.words.danger_for(danger, teller.answers.get("age", ()))
        told = [asked, teller.words.pages[_SAID[state]], worry]
        told[1:1] = [words["not_asked"]] if partly_asked else []
        text = teller.fill(" ".join(told))
        found.append(Looked(danger, state, teller.fill(words["name"]), text))
    return found
