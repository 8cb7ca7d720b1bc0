"""From one entry to its value: question, rule, advice, danger, with every fault in it noted."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from typing import NamedTuple

from app.rulebook.entries import (
    AdviceEntry,
    DangerEntry,
    QuestionEntry,
    RuleEntry,
    build_value,
)
from app.rulebook.faults import WrittenEntry
from app.triage.advice import AdviceRule
from app.triage.conditions import Choice, Condition, walk_leaves
from app.triage.dangers import Danger, Signs
from app.triage.questionnaire import Option, Question
from app.triage.rules import Rule
from app.triage.terms import Advice, Urgency

TIMED = (Urgency.routine, Urgency.soon)
"""Levels of which a rule may shorten the time; the others mean now, today, or no visit."""

OptionsByQuestion = Mapping[str, Sequence[str]]
"""Question -> some of its options."""

_UNCHANGING = "option '{option}' of question '{question}' does not change"
_UNREAL = "option '{option}' of question '{question}' does not exist"
_UNKNOWN = "unknown option '{option}' of question '{question}'"


class KnownOptions(NamedTuple):
    """The options of which an entry may speak, by question: all, and those that may change.

    `broken`: questions whose own faults are noted elsewhere ("" is all of them).
    """

    every: OptionsByQuestion
    changing: OptionsByQuestion
    broken: Set[str]


def read_question(
    at: WrittenEntry, entry: QuestionEntry, ask_if: Condition | None, narrows: Condition | None
) -> Question:
    """The question; "none of these" and "not sure" stand last among its options."""
    options = [Option(**option.model_dump()) for option in entry.options]
    tail = [Option(extra) for extra in (entry.none, entry.unsure) if extra is not None]
    question = build_value(
        Question,
        entry,
        options=(*options, *tail),
        unsure_among=frozenset(entry.unsure_among),
        severity=tuple(tuple(chain) for chain in entry.severity),
        ask_if=ask_if,
        narrows=narrows,
    )
    _check_question_options(at, entry)
    _check_severity_order(at, entry, question.option_ids)
    _check_changes(at, entry)
    return question


def _check_question_options(at: WrittenEntry, entry: QuestionEntry) -> None:
    if entry.kind == "many" and entry.none is None:
        at.note_fault("a tick list needs 'none', its exclusive \"none of these\"", "kind")
    if entry.kind == "one" and entry.none is not None:
        at.note_fault("only a tick list takes 'none'", "none")
    seen: set[str] = set()
    for index, option in enumerate(entry.options):
        if option.id in seen | {entry.none, entry.unsure}:
            at.note_fault(f"option '{option.id}' stands twice; ids are used once", "options", index)
        if option.reassuring and option.neutral:
            text = f"option '{option.id}' is both reassuring and neutral; allowed: one of them"
            at.note_fault(text, "options", index)
        seen.add(option.id)
    if entry.none == entry.unsure:
        at.note_fault("'none' and 'unsure' are the same option; give two ids", "unsure")


def _check_changes(at: WrittenEntry, entry: QuestionEntry) -> None:
    """What the safety net says: a line for several options has several, of a tick list."""
    ordered = {option for steps in entry.severity for option in steps}
    together = Counter(option.told_with for option in entry.options if option.told_with)
    for index, option in enumerate(entry.options):
        path, name = ("options", index), f"option '{option.id}'"
        if option.may_end and (option.may_happen or entry.kind == "one"):
            at.note_fault(f"{name}: 'may_end' is for a tick that time only takes away", *path)
        if (option.told_with or option.box) and not option.may_happen:
            at.note_fault(f"{name}: 'told_with' and 'box' are for what may happen", *path)
        if option.may_happen and entry.kind == "one" and option.id not in ordered:
            at.note_fault(f"{name} may happen, so 'severity' must say what it follows", *path)
        if option.told_with is None:
            continue
        if option.box:
            at.note_fault(f"{name} has 'told_with' and 'box'; allowed: one of them", *path)
        if together[option.told_with] == 1 or entry.kind == "one":
            at.note_fault(f"{name}: 'told_with' is for two or more options of a tick list", *path)
        if option.told_with in [other.id for other in entry.options]:
            at.note_fault(f"{name}: 'told_with' is the id of an option; give another", *path)


def _check_severity_order(at: WrittenEntry, entry: QuestionEntry, known: tuple[str, ...]) -> None:
    if entry.kind == "many" and entry.severity:
        text = "only a one-choice question takes 'severity'; mark options reassuring or neutral"
        at.note_fault(text, "severity")
    named: list[tuple[str, tuple[object, ...]]] = [
        (option, ("unsure_among", index)) for index, option in enumerate(entry.unsure_among)
    ]
    for index, chain in enumerate(entry.severity):
        named += [(option, ("severity", index, place)) for place, option in enumerate(chain)]
    for option, path in named:
        if option not in known:
            at.note_fault(f"unknown option '{option}'; allowed: {', '.join(known)}", *path)


def read_rule(
    at: WrittenEntry,
    entry: RuleEntry,
    when: Condition,
    only_with: Condition | None,
    screens: Collection[str],
) -> Rule:
    """The rule; what "not sure" makes of it is never graver, and never self-care.

    `screens`: the questions about emergency signs, of which no doubt is passed over.
    """
    rule = build_value(Rule, entry, when=when, only_with=only_with, file=at.file)
    _check_unsure(at, rule)
    _check_only_with(at, rule, screens)
    if rule.within is not None and rule.urgency not in TIMED:
        allowed = ", ".join(urgency.name for urgency in TIMED)
        text = f"'within' does not go with {rule.urgency.name}; allowed with: {allowed}"
        at.note_fault(text, "within")
    return rule


def _check_unsure(at: WrittenEntry, rule: Rule) -> None:
    asks = list(walk_leaves(rule.when))
    by_answers = asks != [] and all(isinstance(leaf, Choice) for leaf in asks)
    if rule.if_unsure is None:
        if rule.urgency is Urgency.emergency and by_answers:
            at.note_fault('an emergency rule needs \'if_unsure\', since "not sure" is never "no"')
    elif rule.urgency is Urgency.self_care:
        at.note_fault("self-care must be certain; leave out 'if_unsure'", "if_unsure")
    elif rule.if_unsure > rule.urgency:
        text = f"'{rule.if_unsure.name}' is graver than the rule; allowed: at most"
        at.note_fault(f"{text} {rule.urgency.name}", "if_unsure")


def _check_only_with(at: WrittenEntry, rule: Rule, screens: Collection[str]) -> None:
    if rule.only_with is None:
        return
    if rule.if_unsure is None:
        at.note_fault("'only_with' limits 'if_unsure'; give both or none", "only_with")
    asked = {leaf.question for leaf in walk_leaves(rule.when) if isinstance(leaf, Choice)}
    if asked and asked <= set(screens):
        text = "it asks only for signs of an emergency, of which every doubt counts"
        at.note_fault(f"{text}; leave out 'only_with'", "only_with")


def read_advice(
    at: WrittenEntry, entry: AdviceEntry, when: Condition | None, known: KnownOptions
) -> AdviceRule:
    """The advice; only a warning says where it leads, and which changes it speaks of."""
    if entry.urgency is not None and entry.section != "watch":
        at.note_fault("'urgency' goes only with section watch", "urgency")
    if entry.no_option is not None and entry.section != "watch":
        at.note_fault("'no_option' goes only with section watch", "no_option")
    for key in ("covers", "covered_by"):
        _check_options(at, (key,), getattr(entry, key), known, _UNCHANGING)
    _check_options(at, ("signs",), entry.signs, known, _UNREAL)
    for key in ("covers", "covered_by", "signs"):
        if getattr(entry, key) and entry.urgency is None:
            at.note_fault(f"'{key}' needs 'urgency': where the warning leads", key)
    if entry.covers and entry.covered_by:
        at.note_fault("both 'covers' and 'covered_by'; allowed: one of them", "covered_by")
    return build_value(
        AdviceRule,
        entry,
        advice=Advice(entry.id, tuple(entry.sources)),
        types=frozenset() if entry.types == "all" else frozenset(entry.types),
        places=frozenset(entry.places),
        levels=frozenset(level.name for level in entry.levels),
        when=when,
        covers=_option_pairs(entry.covers),
        covered_by=_option_pairs(entry.covered_by),
        signs=_option_pairs(entry.signs),
    )


def _option_pairs(named: OptionsByQuestion) -> frozenset[tuple[str, str]]:
    return frozenset(
        (question, option) for question, options in named.items() for option in options
    )


def read_danger(at: WrittenEntry, entry: DangerEntry, known: KnownOptions) -> Danger:
    """The danger with its signs."""
    written = {("signs",): entry.signs} | {("also", i): one for i, one in enumerate(entry.also)}
    for path, signs in written.items():
        _check_options(at, path, signs, known, _UNKNOWN)
    return build_value(
        Danger,
        entry,
        signs=_freeze_signs(entry.signs),
        rules=frozenset(entry.rules),
        also=tuple(map(_freeze_signs, entry.also)),
        look_alikes=frozenset(entry.look_alikes),
    )


def _check_options(
    at: WrittenEntry,
    path: tuple[object, ...],
    named: OptionsByQuestion,
    known: KnownOptions,
    fault: str,
) -> None:
    """Note a question that is not known, and options that it lacks."""
    allowed = known.changing if fault == _UNCHANGING else known.every
    for question, options in named.items():
        if not known.broken.isdisjoint({question, ""}):
            continue
        if question not in allowed:
            text = f"unknown question '{question}'; allowed: {', '.join(allowed)}"
            at.note_fault(text, *path, question)
            continue
        for index, option in enumerate(options):
            if option not in allowed[question]:
                text = fault.format(option=option, question=question)
                ids = ", ".join(allowed[question])
                at.note_fault(f"{text}; allowed: {ids}", *path, question, index)


def _freeze_signs(written: OptionsByQuestion) -> Signs:
    return {question: frozenset(options) for question, options in written.items()}
