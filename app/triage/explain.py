"""Conditions and open signs in plain words, and a condition as it stands in a rule file."""

from collections.abc import Callable, Collection, Iterator

from app.triage.conditions import (
    AtLeast,
    Choice,
    Condition,
    LabBound,
    NamedCondition,
)
from app.triage.open_emergency import OpenEmergency
from app.triage.questionnaire import Questionnaire
from app.triage.wording import QuestionWords, Wording

_COMPARED = {"at_least": "at least", "above": "above", "below": "below"}


def describe_condition(
    condition: Condition, wording: Wording, depth: int = 0
) -> Iterator[tuple[int, str]]:
    """Lines of (depth, text) that say the condition; a named one is said in full below its name."""
    match condition:
        case Choice():
            question = wording.questions[condition.question]
            given = [
                f"“{text}”" for id_, text in question.options.items() if id_ in condition.options
            ]
            if len(given) == 1:
                turned = "not " if condition.negated else ""
                yield depth, f"“{question.text}”: {turned}{given[0]}"
                return
            turned = "none" if condition.negated else "one"
            yield depth, f"“{question.text}”: {turned} of these:"
            yield from ((depth + 1, text) for text in given)
        case LabBound():
            bounds = " or ".join(f"{bound} {unit}" for unit, bound in condition.bounds)
            turned = "is not" if condition.negated else "is"
            compared = _COMPARED[condition.comparison]
            yield depth, f"{wording.labs[condition.analyte].name} {turned} {compared} {bounds}"
        case NamedCondition():
            turned = "not: " if condition.negated else ""
            yield depth, f"{turned}{wording.named[condition.name]}, that is"
            yield from describe_condition(condition.part, wording, depth + 1)
        case AtLeast():
            yield depth, _count_heading(condition)
            for part in condition.parts:
                yield from describe_condition(part, wording, depth + 1)


def serialize_condition(condition: Condition, questionnaire: Questionnaire) -> dict[str, object]:
    """The condition as a rule file would hold it: names spelled out, `not` at the leaves."""
    match condition:
        case Choice():
            kind = questionnaire[condition.question].kind
            form = "any_of" if kind == "one" else "includes_any"
            written: dict[str, object] = {
                "question": condition.question,
                form: [
                    o
                    for o in questionnaire[condition.question].option_ids
                    if o in condition.options
                ],
            }
            return {"not": written} if condition.negated else written
        case LabBound():
            bounds = {unit: str(bound) for unit, bound in condition.bounds}
            written = {"lab": condition.analyte, condition.comparison: bounds}
            return {"not": written} if condition.negated else written
        case NamedCondition():
            return serialize_condition(condition.part, questionnaire)
        case AtLeast():
            parts = [serialize_condition(part, questionnaire) for part in condition.parts]
            if condition.count == len(parts):
                return {"all": parts}
            if condition.count == 1:
                return {"any": parts}
            return {"at_least": condition.count, "of": parts}


def _count_heading(condition: AtLeast) -> str:
    if condition.count == len(condition.parts):
        return "all of these:"
    return "any of these:" if condition.count == 1 else f"at least {condition.count} of these:"


def describe_open_signs(
    found: OpenEmergency,
    questionnaire: Questionnaire,
    words: Wording,
    spoken: Callable[[str], QuestionWords],
    ages: Collection[str] = (),
) -> list[str]:
    """The signs of an emergency that someone was not sure about, each once, not filled yet.

    What the emergency box tells is said by its line, the rest as the person read it. `spoken`: the
    words of a question for this person; `ages`: the options of `age` that were given.
    """
    lines, boxed = [], words.emergency_box_for(ages)
    for question, option in found.signs:
        box = next((o.box for o in questionnaire[question].options if o.id == option), None)
        lines.append(boxed[box] if box else spoken(question).options[option])
    lines += [words.rules[rule].reason for rule in found.rules]
    return list(dict.fromkeys(lines))
