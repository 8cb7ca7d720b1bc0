"""From the entry of a question to the question, with every fault in it noted."""

from collections import Counter

from app.rulebook.entries import QuestionEntry
from app.rulebook.faults import WrittenEntry
from app.triage.conditions import Condition
from app.triage.questionnaire import Option, Question


def read_question(
    at: WrittenEntry, entry: QuestionEntry, ask_if: Condition | None, narrows: Condition | None
) -> Question:
    """The question; "none of these" and "not sure" stand last among its options."""
    options = [Option(**option.model_dump()) for option in entry.options]
    tail = [Option(extra) for extra in (entry.none, entry.unsure) if extra is not None]
    question = Question(
        id=entry.id,
        kind=entry.kind,
        options=(*options, *tail),
        unsure=entry.unsure,
        none=entry.none,
        unsure_among=frozenset(entry.unsure_among),
        severity=tuple(tuple(chain) for chain in entry.severity),
        must_ask=entry.must_ask,
        signs=entry.signs,
        ask_if=ask_if,
        narrows=narrows,
        instead_of=tuple(entry.instead_of),
    )
    _check_options(at, entry)
    _check_severity_order(at, entry, question.option_ids)
    _check_changes(at, entry)
    return question


def _check_options(at: WrittenEntry, entry: QuestionEntry) -> None:
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
