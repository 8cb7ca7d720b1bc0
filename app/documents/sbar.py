"""SBAR: a submission as a short text for any other record, in plain ASCII and never too long.

Situation, background, assessment, recommendation. What matters most is written first, and what
has no more room is left to the record, which the text says. It knows no page and no store.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from app.documents.short_answers import (
    ShortAnswer,
    ShortWording,
    collect_supporting_answers,
    leading_findings,
)
from app.triage.dangers import STATES, DangerState
from app.triage.rulebook import Rulebook
from app.triage.second_look import find_open_emergency
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, Answers, Assessment
from app.triage.what_if import WhatIfResults

MAX_LETTERS = 1499
"""Letters. Some records cut a text off at 1,500, and a text that was cut says nothing of it."""
_LONGEST = 60  # letters of a reference or a name
_SHARE = 450  # letters of one line, so that none takes the room of all that follow
_PLAIN = {  # what has a plain form that Unicode does not know of
    **dict.fromkeys("\u201c\u201d", '"'),
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u2013\u2014", "-"),
    **dict.fromkeys("\u00b5\u03bc", "u"),  # a question mark before "mol/L" would be no unit
    "\u2265": ">=",
    "\u2264": "<=",
    "\u00b7": ".",  # a decimal mark: a question mark in its place would hide the number
}


@dataclass(frozen=True, slots=True)
class ClinicFacts:
    """What the clinic knows beside the answers, in words for people.

    `visit`: the appointment, and whether to bring it forward. `asked`: what was decided so far,
    and what is asked of whoever reads it.
    """

    reference: str
    name: str
    sent_as: str
    sent: str
    answered_by: str
    level: str
    needed: str
    emergency_number: str
    visit: str = ""
    asked: tuple[str, ...] = ()
    labs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssessedAnswers:
    """The answers, and all that was made of them."""

    rulebook: Rulebook
    answers: Answers
    assessment: Assessment
    tried: WhatIfResults
    looked: tuple[DangerState, ...]


@dataclass(slots=True)
class _SbarLine:
    """One line: `rank` 0 is written first, wherever it stands; `full_only`: in the full text."""

    rank: int
    label: str
    facts: list[str]
    full_only: bool = False


def write_sbar_texts(
    assessed: AssessedAnswers, clinic: ClinicFacts, short: ShortWording
) -> tuple[str, str]:
    """(The text, the text that also tells what was answered no); both below 1,500 letters."""
    pages, rulebook = short.pages, assessed.rulebook
    head = _truncate_text(
        f"{pages['sbar.heading']} {clinic.reference} ({clinic.sent_as})", 2 * _LONGEST
    )
    last = pages["sbar.rules"].format(version=rulebook.version, fingerprint=rulebook.sha256[:12])
    fixed = (_to_ascii(head), _to_ascii(last), pages["sbar.more"])
    lines = [line for line in _build_lines(assessed, clinic, short) if line.facts]
    shorter = [line for line in lines if not line.full_only]
    return _join_lines(shorter, *fixed), _join_lines(lines, *fixed)


def _join_lines(parts: list[_SbarLine], head: str, last: str, more: str) -> str:
    lines = _fit_lines(parts, MAX_LETTERS - sum(len(line) + 1 for line in (head, last, more)))
    cut = any(
        line != _format_line(part, part.facts) for part, line in zip(parts, lines, strict=True)
    )
    return "\n".join([head, *filter(None, lines), *([more] if cut else []), last])


def _build_lines(
    assessed: AssessedAnswers, clinic: ClinicFacts, short: ShortWording
) -> list[_SbarLine]:
    """Every line in the order in which it is read."""
    roles, pages, answers = short.words.roles, short.pages, assessed.answers
    leading = leading_findings(assessed.assessment)
    leading_answers = collect_supporting_answers(leading)
    positives = short.list_positives(answers)
    background = [s for s in positives if s.id in roles.background]
    others = short.list_positives(answers, without=leading_answers)
    signs = [s for s in others if s.id not in (*roles.background, roles.age)]
    rules = ", ".join(finding.rule for finding in leading)
    by_rules = f"{pages['sbar.by_rules']} {rules}" if rules else pages["sbar.floor"]
    age = [option for s in positives if s.id == roles.age for option in s.options]
    who = ", ".join(filter(None, [clinic.name[:_LONGEST], *age]))
    path, tried = assessed.rulebook.questionnaire.trace_path(answers), assessed.tried
    denied = [*((one.question, one.option) for one in tried.raises), *tried.denied]
    lines = [
        _SbarLine(0, "sbar.open", _list_open_signs(assessed, short)),
        _SbarLine(0, "sbar.situation", [who, clinic.answered_by, clinic.sent]),
        _SbarLine(0, "sbar.level", [clinic.level, clinic.needed, clinic.visit]),
        _SbarLine(6, "sbar.background", _format_answers(background)),
        _SbarLine(5, "sbar.labs", [*clinic.labs]),
        _SbarLine(
            2, "sbar.why", [*_format_answers(short.group_options(leading_answers)), by_rules]
        ),
        _SbarLine(3, "sbar.unsure", short.list_unsure_questions(answers)),
        _SbarLine(7, "sbar.signs", _format_answers(signs)),
        _SbarLine(8, "sbar.type", [_describe_type(assessed, short)]),
        _SbarLine(4, "sbar.dangers", _describe_dangers(assessed, short)),
        _SbarLine(9, "sbar.denied", _format_answers(short.group_options(denied)), full_only=True),
        # What other answers closed, so that nobody reads it as a "no".
        _SbarLine(10, "sbar.not_asked", short.list_unasked_questions(path), full_only=True),
        _SbarLine(1, "sbar.recommendation", [*clinic.asked]),
    ]
    for line in lines:
        line.label = pages[line.label].format(number=clinic.emergency_number)
        line.facts = [_to_ascii(thing) for thing in line.facts if thing]
    return lines


def _list_open_signs(assessed: AssessedAnswers, short: ShortWording) -> list[str]:
    """What may be an emergency since the person was not sure; it leads the text."""
    found = find_open_emergency(assessed.rulebook, assessed.answers, assessed.assessment)
    if found is None:
        return []
    rules = [short.words.rules[rule].reason for rule in found.rules]
    return [*_format_answers(short.group_options(found.signs)), *rules]


def _format_answers(some: Iterable[ShortAnswer]) -> list[str]:
    return [str(said) for said in some]


def _describe_type(assessed: AssessedAnswers, short: ShortWording) -> str:
    likely, words = assessed.assessment.likely_type, short.words
    name = words.types[likely].name
    if likely not in (CANNOT_TELL, NOT_CALCINOSIS):
        standing = next(s.standing for s in assessed.assessment.types if s.type == likely)
        name = f"{name} ({words.standings[standing]})"
    return f"{name}. {short.pages['sbar.no_diagnosis']}"


def _describe_dangers(assessed: AssessedAnswers, short: ShortWording) -> list[str]:
    """What must not be missed, by what the answers say of it; what shows no sign comes last."""
    names, pages = short.words.dangers, short.pages
    by_state: dict[str, list[str]] = {}
    for one in assessed.looked:
        by_state.setdefault(one.state, []).append(names[one.danger].name.partition(" (")[0])
    return [
        f"{pages[f'sbar.danger.{state}']} {', '.join(by_state[state])}"
        for state in STATES
        if state in by_state
    ]


def _fit_lines(parts: list[_SbarLine], room: int) -> list[str]:
    """The lines, the most important first to take its room; "" where none was left."""
    lines = [""] * len(parts)
    for index in sorted(range(len(parts)), key=lambda i: parts[i].rank):
        part, longest = parts[index], min(room - 1, _SHARE)
        shorter = (_format_line(part, part.facts[:kept]) for kept in range(len(part.facts), 0, -1))
        line = next((line for line in shorter if len(line) <= longest), "")
        if not line and longest > _LONGEST:
            line = _truncate_text(_format_line(part, part.facts[:1]), longest)
        lines[index] = line
        room -= len(line) + bool(line)
    return lines


def _format_line(part: _SbarLine, facts: list[str]) -> str:
    left = len(part.facts) - len(facts)
    rest = f"; +{left}" if left else ""
    return f"{part.label} {'; '.join(facts)}{rest}."


def _truncate_text(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _to_ascii(text: str) -> str:
    """The same in plain ASCII; a letter that has no such form becomes a question mark."""
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line.rstrip(".")
    replaced = "".join(_PLAIN.get(letter, letter) for letter in line)
    apart = unicodedata.normalize("NFKD", replaced)
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    ascii_ = plain.encode("ascii", "replace").decode("ascii")
    return "".join(filter(str.isprintable, ascii_)).rstrip(".")
