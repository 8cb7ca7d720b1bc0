"""Reading one language's words from wording/<language>/. Completeness is checked in `checks`."""

from collections.abc import Mapping

from app.triage.faults import Faults, Lined
from app.triage.shapes import ChildWordsEntry, QuestionWordsEntry, read_entry, texts
from app.triage.wording import QuestionWords, Texts, Wording


def read_wording(faults: Faults, language: str) -> Wording:
    """Every word of one language; what cannot be read is a fault."""
    folder = f"wording/{language}"
    rules = faults.read_mapping(f"{folder}/rules.yaml")
    types = faults.read_mapping(f"{folder}/types.yaml")
    levels = faults.read_mapping(f"{folder}/levels.yaml")
    labs = faults.read_mapping(f"{folder}/labs.yaml")
    box = _part(levels, "box").get("lines")
    return Wording(
        language=language,
        questions=_questions(faults, f"{folder}/questions.yaml"),
        rules=_named_texts(_part(rules, "rules")),
        named=texts(_part(rules, "named")),
        contradictions=texts(_part(rules, "contradictions")),
        types=_named_texts(_part(types, "types")),
        evidence=texts(_part(types, "evidence")),
        conflicts=texts(_part(types, "conflicts")),
        standings=texts(_part(types, "standings")),
        look_alikes=_named_texts(faults.read_mapping(f"{folder}/look_alikes.yaml")),
        levels=_named_texts({k: v for k, v in levels.items() if k != "times"}),
        box=tuple(str(line) for line in box) if isinstance(box, list) else (),
        times=texts(_part(levels, "times")),
        advice=texts(faults.read_mapping(f"{folder}/advice.yaml")),
        regions={
            region: texts(words)
            for region, words in faults.read_mapping(f"{folder}/regions.yaml").items()
            if isinstance(words, Lined)
        },
        labs=_named_texts(_part(labs, "analytes")),
        lab_messages=texts(_part(labs, "messages")),
        pages=texts(faults.read_mapping(f"{folder}/pages.yaml")),
    )


def _part(whole: Mapping[str, object], key: str) -> Mapping[str, object]:
    part = whole.get(key)
    return part if isinstance(part, Lined) else {}


def _named_texts(raw: Mapping[str, object]) -> dict[str, Texts]:
    return {key: Texts(texts(value)) for key, value in raw.items() if isinstance(value, Lined)}


def _questions(faults: Faults, file: str) -> dict[str, QuestionWords]:
    found = {}
    for question, raw in faults.read_mapping(file).items():
        if not isinstance(raw, Lined):
            continue
        entry = read_entry(QuestionWordsEntry, raw, file, faults)
        if entry is not None:
            found[question] = _question_words(entry)
    return found


def _question_words(entry: QuestionWordsEntry) -> QuestionWords:
    adult = QuestionWords(entry.text, entry.why, entry.options, entry.hint, entry.groups)
    child = _for_child(adult, entry.child) if entry.child else None
    return QuestionWords(entry.text, entry.why, entry.options, entry.hint, entry.groups, child)


def _for_child(adult: QuestionWords, child: ChildWordsEntry) -> QuestionWords:
    """The parent's version; what it does not say anew is said as for an adult."""
    return QuestionWords(
        text=child.text or adult.text,
        why=child.why or adult.why,
        options={**adult.options, **child.options},
        hint=child.hint or adult.hint,
        groups={**(adult.groups or {}), **child.groups},
    )
