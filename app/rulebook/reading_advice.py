"""From the entry of a piece of advice to the advice, with every fault in it noted."""

from collections.abc import Collection, Mapping, Sequence

from app.rulebook.entries import AdviceEntry
from app.rulebook.faults import WrittenEntry
from app.triage.advice import AdviceRule
from app.triage.conditions import Condition
from app.triage.terms import Advice, Urgency

OptionsByQuestion = Mapping[str, Sequence[str]]
"""Question -> options that may newly come true, or end; or some of them."""


def read_advice(
    at: WrittenEntry,
    entry: AdviceEntry,
    when: Condition | None,
    changing: OptionsByQuestion,
    options: OptionsByQuestion,
    broken: Collection[str],
) -> AdviceRule:
    """The advice; only a warning says where it leads, and which changes it speaks of.

    `options`: every option by question. `broken`: questions whose own faults are noted elsewhere
    ("" is all of them).
    """
    if entry.urgency is not None and entry.section != "watch":
        at.note_fault("'urgency' goes only with section watch", "urgency")
    if entry.no_option is not None and entry.section != "watch":
        at.note_fault("'no_option' goes only with section watch", "no_option")
    for key, named in (("covers", entry.covers), ("covered_by", entry.covered_by)):
        _check_options(at, _without_broken(named, broken), key, changing, "does not change")
    _check_options(at, _without_broken(entry.signs, broken), "signs", options, "does not exist")
    for key in ("covers", "covered_by", "signs"):
        if getattr(entry, key) and entry.urgency is None:
            at.note_fault(f"'{key}' needs 'urgency': where the warning leads", key)
    if entry.covers and entry.covered_by:
        at.note_fault("both 'covers' and 'covered_by'; allowed: one of them", "covered_by")
    return AdviceRule(
        advice=Advice(entry.id, tuple(entry.sources)),
        section=entry.section,
        types=frozenset() if entry.types == "all" else frozenset(entry.types),
        places=frozenset(entry.places),
        levels=frozenset(entry.levels),
        when=when,
        urgency=Urgency[entry.urgency] if entry.urgency else None,
        covers=_option_pairs(entry.covers),
        covered_by=_option_pairs(entry.covered_by),
        signs=_option_pairs(entry.signs),
        no_option=entry.no_option,
        certain=entry.certain,
    )


def _without_broken(named: OptionsByQuestion, broken: Collection[str]) -> OptionsByQuestion:
    return {q: options for q, options in named.items() if not {q, ""} & set(broken)}


def _check_options(
    at: WrittenEntry,
    named: OptionsByQuestion,
    key: str,
    changing: OptionsByQuestion,
    otherwise: str,
) -> None:
    for question, options in named.items():
        if question not in changing:
            allowed = ", ".join(changing)
            at.note_fault(f"unknown question '{question}'; allowed: {allowed}", key, question)
            continue
        for index, option in enumerate(options):
            if option not in changing[question]:
                allowed = ", ".join(changing[question])
                text = f"option '{option}' of question '{question}' {otherwise}; allowed: "
                at.note_fault(text + allowed, key, question, index)


def _option_pairs(named: OptionsByQuestion) -> frozenset[tuple[str, str]]:
    return frozenset(
        (question, option) for question, options in named.items() for option in options
    )
