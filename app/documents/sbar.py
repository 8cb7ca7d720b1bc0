"""SBAR: a submission as a short text for any other record, never too long, and with nothing lost.

Situation, background, assessment, recommendation. What matters most takes its room first: the level
with where it came from and why, then the answers that decide it. Whole items give way in a stated
order, and the text names what it left out. It knows no page and no store.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.documents.plain_text import clean_line, to_plain_ascii
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
_WORDS = 300  # letters of what someone typed; the rest stays in the record
_SHARE = 450  # letters of one line at first, so that none takes the room of all that follow
_WHOLE = 700  # letters up to which a line that stays is never cut; no real answers decide by more
_TRIES = 4  # what is cut makes room for its own names


@dataclass(frozen=True, slots=True)
class ClinicFacts:
    """What the clinic knows beside the answers, in words for people.

    `origin`: from which level it was lowered or raised, and why. `visit`: the appointment, and
    whether to bring it forward. `changes`: each change of the level, with its words; `set_aside`:
    the signs of the last lowering, the gravest first. `calls` and `notes`: what was noted of them.
    `asked`: what was decided so far, how it ended, and what is asked of whoever reads it.
    """

    reference: str
    name: str
    sent_as: str
    sent: str
    answered_by: str
    level: str
    needed: str
    emergency_number: str
    origin: str = ""
    visit: str = ""
    changes: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
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
    """One line: what has a lower `rank` takes its room first; `full_only`: in the full text.

    What `stays` is never cut, up to 700 letters.
    """

    rank: int
    label: str
    facts: list[str]
    full_only: bool = False
    stays: bool = False


def write_sbar_texts(
    assessed: AssessedAnswers, clinic: ClinicFacts, short: ShortWording, *, plain: bool = False
) -> tuple[str, str]:
    """(The text, the text that also tells what was answered no); both below 1,500 letters.

    `plain`: in ASCII, for records that know no other letters.
    """
    pages, rulebook = short.pages, assessed.rulebook
    head = f"{pages['sbar.heading']} {clinic.reference} ({clinic.sent_as})"
    last = pages["sbar.rules"].format(version=rulebook.version, fingerprint=rulebook.sha256[:12])
    lines = [line for line in _build_lines(assessed, clinic, short) if line.facts]
    for line in lines:
        line.label = _write(line.label, plain=plain)
        line.facts = [_write(fact, plain=plain) for fact in line.facts]
    fixed = (_truncate_text(_write(head, plain=plain), 2 * _LONGEST), _write(last, plain=plain))
    shorter = [line for line in lines if not line.full_only]
    cut = _write(pages["sbar.more"], plain=plain)
    return _join_lines(shorter, *fixed, cut), _join_lines(lines, *fixed, cut)


def _write(text: str, *, plain: bool) -> str:
    line = clean_line(text)
    return clean_line(to_plain_ascii(line)) if plain else line


def _join_lines(parts: list[_SbarLine], head: str, last: str, cut: str) -> str:
    room, missing = MAX_LETTERS - len(head) - len(last) - 1, ""
    kept = _fit_lines(parts, room)
    for _ in range(_TRIES):
        named = _name_what_is_cut(parts, kept)
        if len(named) <= len(missing):
            break
        missing = named
        kept = _fit_lines(parts, room - len(f"{cut} {missing}.") - 1)
    lines = [_format_line(part, n) for part, n in zip(parts, kept, strict=True) if n]
    named = _name_what_is_cut(parts, kept)
    return "\n".join([head, *lines, *([f"{cut} {named}."] if named else []), last])


def _name_what_is_cut(parts: list[_SbarLine], kept: list[int]) -> str:
    """What was left out, by line, as "Answered no 2"."""
    left = [
        f"{part.label.rstrip(':')} {len(part.facts) - number}"
        for part, number in zip(parts, kept, strict=True)
        if number < len(part.facts)
    ]
    return ", ".join(left)


def _fit_lines(parts: list[_SbarLine], room: int) -> list[int]:
    """How many facts of each line there is room for, the most important line first."""
    kept, order = [0] * len(parts), sorted(range(len(parts)), key=lambda i: parts[i].rank)
    for share in (_SHARE, room):
        for index in order:
            part, before = parts[index], kept[index]
            free = room - sum(_line_length(parts[i], kept[i]) for i in order if i != index)
            whole = part.stays and _line_length(part, len(part.facts)) <= _WHOLE
            longest = free if whole else min(free, share + 1)
            fits = (n for n in range(len(part.facts), before, -1))
            kept[index] = next((n for n in fits if _line_length(part, n) <= longest), before)
    return kept


def _line_length(part: _SbarLine, number: int) -> int:
    """Letters of a line with so many facts, and the end of the line; none for no facts.

    It is asked for many times, so no line is written for it.
    """
    if not number:
        return 0
    return len(part.label) + sum(map(len, part.facts[:number])) + 2 * number + 1


def _format_line(part: _SbarLine, number: int) -> str:
    return f"{part.label} {'; '.join(part.facts[:number])}."


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
    who = ", ".join(filter(None, [_truncate_text(clinic.name, _LONGEST), *age]))
    path, tried = assessed.rulebook.questionnaire.trace_path(answers), assessed.tried
    denied = [*((one.question, one.option) for one in tried.raises), *tried.denied]
    why = [*_format_answers(short.group_options(leading_answers)), by_rules]
    level = [clinic.level, clinic.origin, clinic.needed, clinic.visit]
    lines = [
        _SbarLine(0, "sbar.open", _list_open_signs(assessed, short), stays=True),
        _SbarLine(0, "sbar.situation", [who, clinic.answered_by, clinic.sent], stays=True),
        _SbarLine(0, "sbar.level", level, stays=True),
        _SbarLine(4, "sbar.changes", _shorten_words(clinic.changes)),
        _SbarLine(4, "review.set_aside", [*clinic.set_aside]),
        _SbarLine(9, "sbar.background", _format_answers(background)),
        _SbarLine(6, "sbar.labs", [*clinic.labs]),
        _SbarLine(1, "sbar.why", why, stays=True),
        _SbarLine(5, "sbar.unsure", short.list_unsure_questions(answers)),
        _SbarLine(10, "sbar.signs", _format_answers(signs)),
        _SbarLine(11, "sbar.type", [_describe_type(assessed, short)]),
        _SbarLine(3, "sbar.dangers", _describe_dangers(assessed, short)),
        _SbarLine(12, "sbar.denied", _format_answers(short.group_options(denied)), full_only=True),
        # What other answers closed, so that nobody reads it as a "no".
        _SbarLine(13, "sbar.not_asked", short.list_unasked_questions(path), full_only=True),
        _SbarLine(7, "sbar.calls", _shorten_words(clinic.calls)),
        _SbarLine(8, "sbar.notes", _shorten_words(clinic.notes)),
        _SbarLine(2, "sbar.recommendation", _shorten_words(clinic.asked)),
    ]
    for line in lines:
        line.label = pages[line.label].format(number=clinic.emergency_number)
        line.facts = [fact for fact in line.facts if fact]
    return lines


def _shorten_words(some: Iterable[str]) -> list[str]:
    lines = [clean_line(words) for words in some]
    return [f"{w[:_WORDS].rstrip()} [...]" if len(w) > _WORDS else w for w in lines]


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


def _truncate_text(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
