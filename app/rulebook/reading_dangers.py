"""From the entry of a danger to the danger, with every fault in its signs noted."""

from collections.abc import Collection, Mapping, Sequence

from app.rulebook.entries import DangerEntry
from app.rulebook.faults import WrittenEntry
from app.triage.dangers import Danger, Signs
from app.triage.terms import Urgency


def read_danger(
    at: WrittenEntry,
    entry: DangerEntry,
    options: Mapping[str, Sequence[str]],
    broken: Collection[str],
) -> Danger:
    """The danger; its signs are `options` of questions, by question.

    `broken`: questions whose own faults are noted elsewhere ("" is all of them).
    """
    written = {("signs",): entry.signs} | {("also", i): one for i, one in enumerate(entry.also)}
    for path, signs in written.items():
        for question in signs if "" not in broken else ():
            if question not in broken:
                _check_signs(at, (*path, question), signs[question], options)
    return Danger(
        id=entry.id,
        signs=_freeze_signs(entry.signs),
        rules=frozenset(entry.rules),
        not_asked=tuple(entry.not_asked),
        sources=tuple(entry.sources),
        also=tuple(map(_freeze_signs, entry.also)),
        look_alikes=frozenset(entry.look_alikes),
        urgency=Urgency[entry.urgency] if entry.urgency else None,
        no_option=entry.no_option,
    )


def _check_signs(
    at: WrittenEntry,
    path: tuple[object, ...],
    signs: Sequence[str],
    options: Mapping[str, Sequence[str]],
) -> None:
    """Note a question that is unknown, the last part of the path, and options that it lacks."""
    question = str(path[-1])
    if question not in options:
        at.note_fault(f"unknown question '{question}'; allowed: {', '.join(options)}", *path)
        return
    for index, sign in enumerate(signs):
        if sign not in options[question]:
            allowed = ", ".join(options[question])
            text = f"unknown option '{sign}' of question '{question}'; allowed: {allowed}"
            at.note_fault(text, *path, index)


def _freeze_signs(written: Mapping[str, Sequence[str]]) -> Signs:
    return {question: frozenset(options) for question, options in written.items()}
