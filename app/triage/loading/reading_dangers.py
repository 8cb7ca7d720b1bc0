"""From the entry of a danger to the danger, with every fault in its signs noted."""

from collections.abc import Collection, Mapping, Sequence

from app.triage.dangers import Danger
from app.triage.loading.faults import Written
from app.triage.loading.shapes import DangerEntry


def read_danger(
    at: Written,
    entry: DangerEntry,
    options: Mapping[str, Sequence[str]],
    broken: Collection[str],
) -> Danger:
    """The danger; its signs are `options` of questions, by question.

    `broken`: questions whose own faults are noted elsewhere ("" is all of them).
    """
    for question, signs in entry.signs.items():
        if {question, ""} & set(broken):
            continue
        if question not in options:
            allowed = ", ".join(options)
            at.wrong(f"unknown question '{question}'; allowed: {allowed}", "signs", question)
            continue
        for index, sign in enumerate(signs):
            if sign not in options[question]:
                allowed = ", ".join(options[question])
                text = f"unknown option '{sign}' of question '{question}'; allowed: {allowed}"
                at.wrong(text, "signs", question, index)
    return Danger(
        id=entry.id,
        signs={question: frozenset(signs) for question, signs in entry.signs.items()},
        rules=frozenset(entry.rules),
        not_asked=tuple(entry.not_asked),
        sources=tuple(entry.sources),
    )
