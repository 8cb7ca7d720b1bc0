"""What a nurse sees beside the level: the safety net, what doubt did, and what must not be missed.

It joins ids with their words; it decides nothing and knows no page.
"""

from collections.abc import Mapping

from app.triage.dangers import assess_dangers
from app.triage.labs import RawLabs
from app.triage.rulebook import Rulebook
from app.triage.safety_net import build_safety_net
from app.triage.second_look import assess_doubts
from app.triage.terms import Answers, Assessment
from app.triage.wording import Wording


def build_nurse_json(
    rulebook: Rulebook,
    words: Wording,
    region_words: Mapping[str, str],
    given: tuple[Answers, RawLabs],
    found: Assessment,
) -> dict[str, object]:
    """The three parts as JSON; every change is listed, one by one. Raises BadLab."""
    answers, labs = given

    def fill_region_words(text: str) -> str:
        return words.fill_placeholders(text, region_words)

    ages = answers.get(rulebook.roles.age, ())
    return {
        "safety_net": [
            {
                "question": change.question,
                "option": change.option,
                "text": fill_region_words(words.questions[change.question].options[change.option]),
                "ends": change.ends,
                "urgency": change.urgency.name,
                "within": change.within,
                "rules": list(change.rules),
                "opens": list(change.opens),
            }
            for change in build_safety_net(rulebook, answers, labs).changes
        ],
        "doubts": _build_doubts_json(rulebook, words, answers, labs),
        "must_not_miss": [
            {
                "id": looked.danger,
                "name": fill_region_words(words.dangers[looked.danger].name),
                "state": looked.state,
                "asked": fill_region_words(words.danger_texts_for(looked.danger, ages)[0]),
                "worry": fill_region_words(words.danger_texts_for(looked.danger, ages)[1]),
                "not_asked": fill_region_words(words.dangers[looked.danger].not_asked)
                if looked.partly_asked
                else None,
            }
            for looked in assess_dangers(
                rulebook.dangers,
                rulebook.questionnaire,
                rulebook.questionnaire.trace_path(answers),
                found,
            )
        ],
    }


def _build_doubts_json(
    rulebook: Rulebook, words: Wording, answers: Answers, labs: RawLabs
) -> dict[str, object]:
    found = assess_doubts(rulebook, answers, labs)
    return {
        "each": [
            {
                "question": doubt.question,
                "counted": words.questions[doubt.question].counted,
                "if_no": doubt.if_no.name,
            }
            for doubt in found.each
        ],
        "if_all_no": found.if_all_no.name,
    }
