"""SBAR: a submission as a short text for any other record, in plain ASCII and never too long.

Situation, background, assessment, recommendation. What matters most is written first, and what
has no more room is left to the record, which the text says. It knows no page and no store.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.documents.short import Said, Short, behind, leading
from app.documents.what_if import Tried
from app.triage.dangers import CLEAR, FOUND, OPEN, SIGN, UNSURE, LookedFor
from app.triage.open_emergency import open_emergency
from app.triage.rulebook import Rulebook
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, Answers, Assessment

LIMIT = 1499
"""Letters. Some records cut a text off at 1,500, and a text that was cut says nothing of it."""
BACKGROUND = ("known", "reason", "conditions", "kidney", "autoimmune", "medicines", "before")
"""What was known before; `known` is a question of older rules only."""
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
_DANGER = {
    FOUND: "sbar.danger.found",
    UNSURE: "sbar.danger.unsure",
    SIGN: "sbar.danger.sign",
    OPEN: "sbar.danger.open",
}


@dataclass(frozen=True, slots=True)
class Around:
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
class Known:
    """The answers, and all that was made of them."""

    rulebook: Rulebook
    answers: Answers
    assessment: Assessment
    tried: Tried
    looked: tuple[LookedFor, ...]


@dataclass(slots=True)
class _Part:
    """One line: `rank` 0 is written first, wherever it stands."""

    rank: int
    label: str
    things: list[str]


def write(known: Known, around: Around, short: Short, full: bool = False) -> str:
    """The text; `full` also tells what was answered no. Always shorter than 1,500 letters."""
    pages = short.pages
    head = _cut(f"{pages['sbar.heading']} {around.reference} ({around.sent_as})", 2 * _LONGEST)
    last = pages["sbar.rules"].format(
        version=known.rulebook.version, fingerprint=known.rulebook.sha256[:12]
    )
    more, fixed = pages["sbar.more"], [_ascii(head), _ascii(last)]
    parts = [part for part in _parts(known, around, short, full) if part.things]
    lines = _fitted(parts, LIMIT - sum(len(line) + 1 for line in (*fixed, more)))
    cut = any(line != _line(part, part.things) for part, line in zip(parts, lines, strict=True))
    return "\n".join([fixed[0], *filter(None, lines), *([more] if cut else []), fixed[1]])


def _parts(known: Known, around: Around, short: Short, full: bool) -> list[_Part]:
    """Every line in the order in which it is read."""
    pages, found = short.pages, known.assessment
    told = behind(leading(found))
    positives = short.positives(known.answers)
    background = [s for s in positives if s.id in BACKGROUND]
    others = short.positives(known.answers, without=told)
    signs = [s for s in others if s.id not in (*BACKGROUND, "age")]
    rules = [f.rule for f in leading(found)]
    age = [option for s in positives if s.id == "age" for option in s.options]
    who = ", ".join(filter(None, [around.name[:_LONGEST], *age]))
    situation = [who, around.answered_by, around.sent]
    level = [around.level, around.needed, around.visit]
    lines = [
        _Part(0, "sbar.open", _open_signs(known, short)),
        _Part(0, "sbar.situation", situation),
        _Part(0, "sbar.level", level),
        _Part(6, "sbar.background", _said(background)),
        _Part(5, "sbar.labs", [*around.labs]),
        _Part(2, "sbar.why", [*_said(short.grouped(told)), *_rules(pages, rules)]),
        _Part(3, "sbar.unsure", short.unsure(known.answers)),
        _Part(7, "sbar.signs", _said(signs)),
        _Part(8, "sbar.type", [_type(known, short)]),
        _Part(4, "sbar.dangers", _dangers(known, short)),
        _Part(9, "sbar.denied", _denied(known, short) if full else []),
        _Part(10, "sbar.not_asked", _not_asked(known, short) if full else []),
        _Part(1, "sbar.recommendation", [*around.asked]),
    ]
    for line in lines:
        line.label = pages[line.label].format(number=around.emergency_number)
        line.things = [_ascii(thing) for thing in line.things if thing]
    return lines


def _open_signs(known: Known, short: Short) -> list[str]:
    """What may be an emergency since the person was not sure; it leads the text."""
    found = open_emergency(known.rulebook, known.answers, known.assessment)
    if found is None:
        return []
    rules = [short.words.rules[rule].reason for rule in found.rules]
    return [*_said(short.grouped(found.signs)), *rules]


def _said(some: Iterable[Said]) -> list[str]:
    return [str(said) for said in some]


def _rules(pages: Mapping[str, str], rules: list[str]) -> list[str]:
    return [f"{pages['sbar.by_rules']} {', '.join(rules)}"] if rules else [pages["sbar.floor"]]


def _type(known: Known, short: Short) -> str:
    likely, words, no = known.assessment.likely_type, short.words, short.pages["sbar.no_diagnosis"]
    name = words.types[likely].name
    if likely in (CANNOT_TELL, NOT_CALCINOSIS):
        return f"{name}. {no}"
    standing = next(s.standing for s in known.assessment.types if s.type == likely)
    return f"{name} ({words.standings[standing]}). {no}"


def _dangers(known: Known, short: Short) -> list[str]:
    """What must not be missed, by what the answers say of it; what shows no sign comes last."""
    names, pages = short.words.dangers, short.pages
    found = []
    for state, words in (*_DANGER.items(), (CLEAR, "sbar.danger.clear")):
        some = [names[one.danger].name.partition(" (")[0] for one in known.looked]
        fits = [name for name, one in zip(some, known.looked, strict=True) if one.state == state]
        found += [f"{pages[words]} {', '.join(fits)}"] if fits else []
    return found


def _denied(known: Known, short: Short) -> list[str]:
    tried = known.tried
    pairs = [*((one.question, one.option) for one in tried.raises), *tried.denied]
    return _said(short.grouped(pairs))


def _not_asked(known: Known, short: Short) -> list[str]:
    """What other answers closed, so that nobody reads it as a "no"."""
    return short.closed(known.rulebook.questionnaire.path(known.answers))


def _fitted(parts: list[_Part], room: int) -> list[str]:
    """The lines, the most important first to take its room; "" where none was left."""
    lines = [""] * len(parts)
    for index in sorted(range(len(parts)), key=lambda i: parts[i].rank):
        part, longest = parts[index], min(room - 1, _SHARE)
        shorter = (_line(part, part.things[:kept]) for kept in range(len(part.things), 0, -1))
        line = next((line for line in shorter if len(line) <= longest), "")
        if not line and longest > _LONGEST:
            line = _cut(_line(part, part.things[:1]), longest)
        lines[index] = line
        room -= len(line) + bool(line)
    return lines


def _line(part: _Part, things: list[str]) -> str:
    left = len(part.things) - len(things)
    rest = f"; +{left}" if left else ""
    return f"{part.label} {'; '.join(things)}{rest}."


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _ascii(text: str) -> str:
    """The same in plain ASCII; a letter that has no such form becomes a question mark."""
    told = "".join(_PLAIN.get(letter, letter) for letter in " ".join(text.split()))
    apart = unicodedata.normalize("NFKD", told)
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    ascii_ = plain.encode("ascii", "replace").decode("ascii")
    return "".join(filter(str.isprintable, ascii_)).rstrip(".")
