"""The signs of an emergency that someone was not sure about, in plain words.

What the emergency box tells is said by its line, the rest as the person read it. It knows no page.
"""

from collections.abc import Callable, Collection

from app.triage.questionnaire import Questionnaire
from app.triage.second_look import OpenEmergency
from app.triage.wording import QuestionWords, Wording


def describe_open_signs(
    found: OpenEmergency,
    questionnaire: Questionnaire,
    words: Wording,
    spoken: Callable[[str], QuestionWords],
    ages: Collection[str] = (),
) -> list[str]:
    """Each sign once, not filled yet.

    `spoken`: the words of a question for this person; `ages`: the options of `age` that were given.
    """
    lines, boxed = [], words.emergency_box_for(ages)
    for question, option in found.signs:
        box = next((o.box for o in questionnaire[question].options if o.id == option), None)
        lines.append(boxed[box] if box else spoken(question).options[option])
    lines += [words.rules[rule].reason for rule in found.rules]
    return list(dict.fromkeys(lines))
