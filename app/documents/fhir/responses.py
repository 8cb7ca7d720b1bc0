"""Answers as a FHIR R4 QuestionnaireResponse, and such a response read as answers.

Renderers give back what no page of ours does: "none of these" beside a tick, an option by its words
alone, answers of items that they hid, a lost "not sure". Each is resolved by a rule, never to a
lower level, and named in a `Resolution`; what no rule resolves is refused with its place.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from app.documents.fhir import codes
from app.documents.fhir.codes import Resource, make_option_coding, read_option_code
from app.documents.fhir.outcomes import BadResource, Issue, make_error
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers
from app.triage.wording import Wording

STATUSES = ("in-progress", "completed", "amended", "stopped")
"""Of the R4 value set questionnaire-answers-status, all that says something about the person."""
MOST_ITEMS, MOST_ANSWERS = 500, 64
_UNKNOWN = ("unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined")
_NOTES = (".hint", ".when.")


class Resolution(NamedTuple):
    """What was not plain, and how it was read.

    `rule`: none_with_sign (the sign counts), none_with_unsure (not sure counts), by_words (an
    option told by its words), absent_is_unsure, off_path (not asked of who answers so).
    """

    question: str
    rule: str


class ReadResponse(NamedTuple):
    """The answers that count, and what was resolved on the way."""

    answers: Answers
    resolutions: tuple[Resolution, ...]


def write_response(
    rulebook: Rulebook, words: Wording, answers: Answers, authored: str | None = None
) -> Resource:
    """The QuestionnaireResponse of these answers; `authored`: when, as an R4 dateTime."""
    path = rulebook.questionnaire.trace_path(answers)
    items = [_write_item(words, question, answers[question.id]) for question in path.asked]
    return {
        "resourceType": "QuestionnaireResponse",
        "language": words.language,
        "questionnaire": f"{codes.QUESTIONNAIRE_URL}|{rulebook.version}",
        "status": "in-progress" if path.next else "completed",
        **({"authored": authored} if authored else {}),
        # A list without anything in it is no FHIR.
        **({"item": items} if items else {}),
    }


def _write_item(words: Wording, question: Question, chosen: frozenset[str]) -> Resource:
    texts = words.questions[question.id]
    options = [option for option in question.option_ids if option in chosen]
    return {
        "linkId": question.id,
        "text": texts.text,
        "answer": [
            {"valueCoding": make_option_coding(question.id, option, texts.options[option])}
            for option in options
        ],
    }


def read_response(rulebook: Rulebook, words: Wording, resource: object) -> ReadResponse:
    """The answers of a QuestionnaireResponse in R4. Raises BadResource."""
    response, reader = _check_head(resource), _ResponseReader(rulebook, words)
    items = response.get("item", [])
    for where, item in _walk_items(items, "QuestionnaireResponse.item", [MOST_ITEMS]):
        reader.read_item(where, item)
    if reader.faults:
        raise BadResource(*reader.faults)
    path = rulebook.questionnaire.trace_path(reader.answers)
    off = (Resolution(question, "off_path") for question in path.ignored)
    return ReadResponse(path.answers, (*reader.resolutions, *off))


def _check_head(resource: object) -> Mapping[str, Any]:
    if not isinstance(resource, Mapping) or resource.get("resourceType") != "QuestionnaireResponse":
        allowed = ("QuestionnaireResponse",)
        raise BadResource(make_error("", "wrong_resource", allowed, "structure"))
    of = resource.get("questionnaire", codes.QUESTIONNAIRE_URL)
    if not isinstance(of, str) or of.partition("|")[0] != codes.QUESTIONNAIRE_URL:
        where = "QuestionnaireResponse.questionnaire"
        raise BadResource(make_error(where, "other_questionnaire", (codes.QUESTIONNAIRE_URL,)))
    if resource.get("status") not in STATUSES:
        where = "QuestionnaireResponse.status"
        raise BadResource(make_error(where, "wrong_status", STATUSES, "code-invalid"))
    return resource


def _walk_items(items: object, where: str, left: list[int]) -> Iterator[tuple[str, Any]]:
    """Every item with its FHIRPath, those inside of others after them."""
    if not isinstance(items, list):
        raise BadResource(make_error(where, "not_a_list", code="structure"))
    for number, item in enumerate(items):
        at = f"{where}[{number}]"
        left[0] -= 1
        if left[0] < 0:
            raise BadResource(make_error(where, "too_many_items", (str(MOST_ITEMS),), "too-long"))
        if not isinstance(item, Mapping):
            raise BadResource(make_error(at, "not_an_object", code="structure"))
        yield at, item
        yield from _walk_items(item.get("item", []), f"{at}.item", left)


class _ResponseReader:
    """Reads item by item; keeps all faults, so that a sender sees them at once."""

    def __init__(self, rulebook: Rulebook, words: Wording) -> None:
        self.questionnaire, self.words = rulebook.questionnaire, words
        self.answers: dict[str, frozenset[str]] = {}
        self.resolutions: list[Resolution] = []
        self.faults: list[Issue] = []

    def read_item(self, where: str, item: Mapping[str, Any]) -> None:
        """Take in the answer of one item; a fault is kept with its place."""
        name, replies = item.get("linkId"), item.get("answer", [])
        if isinstance(name, str) and any(part in name for part in _NOTES) and not replies:
            return
        if not isinstance(name, str) or name not in self.questionnaire:
            allowed = [question.id for question in self.questionnaire]
            self.faults.append(
                make_error(f"{where}.linkId", "unknown_question", allowed, "not-found")
            )
        elif name in self.answers:
            self.faults.append(make_error(f"{where}.linkId", "question_stands_twice"))
        elif not isinstance(replies, list) or len(replies) > MOST_ANSWERS:
            self.faults.append(make_error(f"{where}.answer", "not_a_list", code="structure"))
        else:
            self._read_answers(f"{where}.answer", self.questionnaire[name], replies)

    def _read_answers(self, where: str, question: Question, replies: Sequence[object]) -> None:
        chosen: set[str] = set()
        for number, reply in enumerate(replies):
            option = self._read_option(question, reply)
            if option is None:
                at = f"{where}[{number}]"
                self.faults.append(make_error(at, "unknown_option", question.option_ids))
                return
            chosen.add(option)
        if question.kind == "one" and len(chosen) > 1:
            self.faults.append(make_error(where, "two_values", question.option_ids))
        elif chosen:
            self.answers[question.id] = frozenset(self._resolve_none(question, chosen))

    def _resolve_none(self, question: Question, chosen: set[str]) -> set[str]:
        """Neither renderer knows that "none of these" excludes all else."""
        if question.none not in chosen or len(chosen) == 1:
            return chosen
        left = chosen - {question.none}
        rule = "none_with_unsure" if left == {question.unsure} else "none_with_sign"
        self.resolutions.append(Resolution(question.id, rule))
        return left

    def _read_option(self, question: Question, reply: object) -> str | None:
        """The option that one answer means; None where no rule says which."""
        if not isinstance(reply, Mapping):
            return None
        if _is_absent(reply):
            self.resolutions.append(Resolution(question.id, "absent_is_unsure"))
            return question.unsure
        coding = reply.get("valueCoding")
        if isinstance(coding, Mapping):
            if "code" in coding:
                if coding.get("system", codes.OPTION_SYSTEM) != codes.OPTION_SYSTEM:
                    return None
                return read_option_code(self.questionnaire, question.id, coding["code"])
            return self._read_words(question, coding.get("display"))
        return self._read_words(question, reply.get("valueString"))

    def _read_words(self, question: Question, said: object) -> str | None:
        """An option told by its words: exactly those of the questionnaire, and of one option."""
        texts = self.words.questions[question.id].options
        meant = [option for option in question.option_ids if texts[option] == said]
        if len(meant) != 1:
            return None
        self.resolutions.append(Resolution(question.id, "by_words"))
        return meant[0]


def _is_absent(reply: Mapping[str, Any]) -> bool:
    """Whether the answer says in a coded way that it is not known."""
    if any(key.startswith("value") for key in reply):
        return False
    inner = [reply.get("_valueCoding"), reply]
    extensions = [
        extension
        for one in inner
        if isinstance(one, Mapping)
        for extension in (one.get("extension") or [])
        if isinstance(extension, Mapping)
    ]
    return any(
        extension.get("url") == codes.ABSENT_REASON and extension.get("valueCode") in _UNKNOWN
        for extension in extensions
    )
