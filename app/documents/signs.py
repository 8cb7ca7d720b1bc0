"""The signs of an emergency that someone was not sure about, in plain words.

What the emergency box tells is said by its line, the rest as the person read it. It knows no page.
"""

from collections.abc import Callable

from app.triage.open_emergency import OpenEmergency
from app.triage.questionnaire import Questionnaire
from app.triage.wording import QuestionWords, Wording


def in_words(
    found: OpenEmergency,
    questionnaire: Questionnaire,
    words: Wording,
    spoken: Callable[[str], QuestionWords],
) -> list[str]:
    """Each sign once, not filled yet; `spoken`: the words of a question for this person."""
    lines = []
    for question, option in found.signs:
        box = next((o.box for o in questionnaire[question].options if o.id == option), None)
        lines.append(words.box_lines[box] if box else spoken(question).options[option])
    lines += [words.rules[rule].reason for rule in found.rules]
    return list(dict.fromkeys(lines))
