"""What a nurse sees beside the level: the safety net, what doubt did, and what must not be missed.

It joins ids with their words; it decides nothing and knows no page.
"""

from collections.abc import Mapping

from app.triage.dangers import look_for
from app.triage.rulebook import Rulebook
from app.triage.safetynet import Labs, net
from app.triage.second_look import doubts
from app.triage.terms import Answers, Assessment
from app.triage.wording import Wording


def careful_json(
    rulebook: Rulebook,
    words: Wording,
    region_words: Mapping[str, str],
    given: tuple[Answers, Labs],
    found: Assessment,
) -> dict[str, object]:
    """The three parts as JSON; every change is listed, one by one. Raises BadLab."""
    answers, labs = given

    def fill(text: str) -> str:
        return words.fill(text, region_words)

    ages = answers.get("age", ())
    return {
        "safety_net": [
            {
                "question": change.question,
                "option": change.option,
                "text": fill(words.questions[change.question].options[change.option]),
                "ends": change.ends,
                "urgency": change.urgency.name,
                "within": change.within,
                "rules": list(change.rules),
                "opens": list(change.opens),
            }
            for change in net(rulebook, answers, labs).changes
        ],
        "doubts": _doubts(rulebook, words, answers, labs),
        "must_not_miss": [
            {
                "id": looked.danger,
                "name": fill(words.dangers[looked.danger].name),
                "state": looked.state,
                "asked": fill(words.danger_for(looked.danger, ages)[0]),
                "worry": fill(words.danger_for(looked.danger, ages)[1]),
                "not_asked": fill(words.dangers[looked.danger].not_asked)
                if looked.partly_asked
                else None,
            }
            for looked in look_for(
                rulebook.dangers,
                rulebook.questionnaire,
                rulebook.questionnaire.path(answers),
                found,
            )
        ],
    }


def _doubts(rulebook: Rulebook, words: Wording, answers: Answers, labs: Labs) -> dict[str, object]:
    found = doubts(rulebook, answers, labs)
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
