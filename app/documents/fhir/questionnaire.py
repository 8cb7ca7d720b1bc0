"""The questionnaire of a rulebook as a FHIR R4 Questionnaire that any renderer can show.

Renderers disagree on everything but `=` on a coded answer, joined by `any` or `all`: two of them
were run on `!=`, amounts and answers of closed items, and differed. So nothing else is used.
"""

from collections.abc import Iterator

from app.documents.fhir import codes
from app.documents.fhir.codes import Resource, make_option_coding
from app.triage.conditions import AtLeast, Choice, Condition, NamedCondition
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.wording import QuestionWords, Wording


class NotExpressible(Exception):
    """A condition that needs more than `=` joined by `any` or `all`."""


def write_questionnaire(rulebook: Rulebook, words: Wording) -> Resource:
    """The Questionnaire: linkIds are question ids. Raises NotExpressible."""
    return {
        "resourceType": "Questionnaire",
        "id": codes.QUESTIONNAIRE_ID,
        "language": words.language,
        "url": codes.QUESTIONNAIRE_URL,
        "version": rulebook.version,
        "name": "CalcinosisCheck",
        "title": "Calcinosis Check",
        "status": "active",
        "experimental": False,
        "subjectType": ["Patient"],
        "description": words.page_text("fhir.questionnaire.description"),
        "item": [_write_item(q, words.questions[q.id]) for q in rulebook.questionnaire],
    }


def _write_item(question: Question, words: QuestionWords) -> Resource:
    item: Resource = {"linkId": question.id, "text": words.text, "type": "choice"}
    groups = list(_list_groups(question.ask_if)) if question.ask_if is not None else []
    if groups:
        item |= _write_enable_when(groups[0])
    item |= {"required": True, "repeats": question.kind == "many"}
    item["answerOption"] = [
        {
            **(_exclusive() if option == question.none else {}),
            "valueCoding": make_option_coding(question.id, option, words.options[option]),
        }
        for option in question.option_ids
    ]
    if words.hint:
        item["item"] = [_write_hint(question.id, words.hint)]
    # What has to hold besides stands around it: in one item all would be joined the same way.
    for number, leaves in enumerate(groups[1:], start=1):
        around = {"linkId": f"{question.id}.when.{number}", "type": "group"}
        item = {**around, **_write_enable_when(leaves), "item": [item]}
    return item


def _list_groups(condition: Condition) -> Iterator[list[Choice]]:
    """What has to hold, part by part; of each part one choice is enough."""
    match condition:
        case NamedCondition(negated=False):
            yield from _list_groups(condition.part)
        case AtLeast(count=1):
            yield [leaf for part in condition.parts for leaf in _list_alternatives(part)]
        case AtLeast() if condition.count == len(condition.parts):
            for part in condition.parts:
                yield from _list_groups(part)
        case _:
            yield _list_alternatives(condition)


def _list_alternatives(condition: Condition) -> list[Choice]:
    match condition:
        case Choice(negated=False):
            return [condition]
        case AtLeast(count=1):
            return [leaf for part in condition.parts for leaf in _list_alternatives(part)]
    raise NotExpressible


def _write_enable_when(leaves: list[Choice]) -> Resource:
    wanted = [(leaf.question, option) for leaf in leaves for option in sorted(leaf.options)]
    conditions = [
        {
            "question": question,
            "operator": "=",
            "answerCoding": {"system": codes.OPTION_SYSTEM, "code": f"{question}.{option}"},
        }
        for question, option in wanted
    ]
    behaviour = {"enableBehavior": "any"} if len(conditions) > 1 else {}
    return {"enableWhen": conditions, **behaviour}


def _write_hint(question: str, hint: str) -> Resource:
    control = {"coding": [{"system": codes.ITEM_CONTROLS, "code": "help"}]}
    return {
        "extension": [{"url": codes.ITEM_CONTROL, "valueCodeableConcept": control}],
        "linkId": f"{question}.hint",
        "text": hint,
        "type": "display",
    }


def _exclusive() -> Resource:
    return {"extension": [{"url": codes.OPTION_EXCLUSIVE, "valueBoolean": True}]}
