"""Conditions and open signs in plain words, and a condition as it stands in a rule file."""

from collections.abc import Callable, Collection, Iterator

from app.triage.conditions import (
    AtLeast,
    Choice,
    Condition,
    LabBound,
    NamedCondition,
)
from app.triage.questionnaire import Questionnaire
from app.triage.second_look import OpenEmergency
from app.triage.wording import QuestionWords, Wording


def describe_condition(
    condition: Condition, wording: Wording, depth: int = 0
) -> Iterator[tuple[int, str]]:
    """Lines of (depth, text) that say the condition; a named one is said in full below its name."""
    match condition:
        case Choice():
            question = wording.questions[condition.question]
            given = [
                wording.page_text("rules.condition.option", option=text)
                for id_, text in question.options.items()
                if id_ in condition.options
            ]
            form = "is" if len(given) == 1 else "one_of"
            key = f"rules.condition.{form}{'_not' if condition.negated else ''}"
            yield depth, wording.page_text(key, question=question.text, option=given[0])
            if len(given) > 1:
                yield from ((depth + 1, text) for text in given)
        case LabBound():
            bounds = [f"{bound} {unit}" for unit, bound in condition.bounds]
            key = f"rules.bound.{condition.comparison}{'_not' if condition.negated else ''}"
            name, either = wording.labs[condition.analyte].name, wording.pages["rules.bound.or"]
            yield depth, wording.page_text(key, lab=name, bounds=either.join(bounds))
        case NamedCondition():
            key = f"rules.condition.named{'_not' if condition.negated else ''}"
            yield depth, wording.page_text(key, name=wording.named[condition.name])
            yield from describe_condition(condition.part, wording, depth + 1)
        case AtLeast():
            whole = condition.count == len(condition.parts)
            form = "all" if whole else "any" if condition.count == 1 else "at_least"
            yield depth, wording.page_text(f"rules.condition.{form}", number=str(condition.count))
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
