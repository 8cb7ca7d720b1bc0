"""Reading one language's words from wording/<language>/.

What is no text is left out here, quietly: `checks_words` notes every gap at its line.
"""

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.rulebook.entries import QuestionWordsEntry, RespondentWordsEntry, build_value, read_entry
from app.rulebook.faults import FaultLog, WrittenEntry
from app.rulebook.yaml_lines import LinedList, LinedMapping
from app.triage.sources import Roles
from app.triage.wording import QuestionWords, TextParts, Wording

PUBLISHED_FOLDER = "published"
PAGE_FILES = ("pages", "service", "clinic")
WORD_FILES = (
    "questions", "rules", "types", "look_alikes", "levels", "advice", "dangers", "regions", "labs",
    *PAGE_FILES,
)  # fmt: skip
SERVICE_FILE, CLINIC_FILE = "service.yaml", "clinic.yaml"
"""Words of the pages around the check, and of those that only clinics need. No result rests on
them, so a rulebook that was published before there were any of clinics is whole without those."""


def read_wording(faults: FaultLog, language: str, roles: Roles) -> Wording:
    """Every word of one language; what cannot be read is a fault."""
    folder = f"wording/{language}"
    if not (faults.folder / folder).is_dir():
        _note_missing_language(faults, language)
        whole = dict.fromkeys(WORD_FILES, LinedMapping())
    else:
        whole = {name: read_words_file(faults, folder, name) for name in WORD_FILES}
    rules, types, levels, labs = (whole[name] for name in ("rules", "types", "levels", "labs"))
    return Wording(
        language=language,
        roles=roles,
        questions=_read_questions(faults, whole["questions"], f"{folder}/questions.yaml"),
        rules=_texts_by_id(_mapping_at(rules, "rules")),
        named=_only_texts(_mapping_at(rules, "named")),
        contradictions=_only_texts(_mapping_at(rules, "contradictions")),
        types=_texts_by_id(_mapping_at(types, "types")),
        evidence=_only_texts(_mapping_at(types, "evidence")),
        conflicts=_only_texts(_mapping_at(types, "conflicts")),
        standings=_only_texts(_mapping_at(types, "standings")),
        look_alikes=_texts_by_id(whole["look_alikes"]),
        levels=_texts_by_id({k: raw for k, raw in levels.items() if k not in ("times", "net")}),
        box_lines=_only_texts(_mapping_at(_mapping_at(levels, "box"), "lines")),
        box_of_baby=_only_texts(_mapping_at(_mapping_at(levels, "box"), "baby")),
        box_of_any_age=_only_texts(_mapping_at(_mapping_at(levels, "box"), "any_age")),
        net=_only_texts(_mapping_at(levels, "net")),
        times=_only_texts(_mapping_at(levels, "times")),
        advice=_only_texts(whole["advice"]),
        regions={region: texts.parts for region, texts in _texts_by_id(whole["regions"]).items()},
        labs=_texts_by_id(_mapping_at(labs, "analytes")),
        lab_messages=_only_texts(_mapping_at(labs, "messages")),
        dangers=_texts_by_id(whole["dangers"]),
        pages=_earlier_gaps(faults.folder, language) | _page_texts(whole),
    )


def _page_texts(whole: Mapping[str, LinedMapping]) -> dict[str, str]:
    return {key: text for file in PAGE_FILES for key, text in _only_texts(whole[file]).items()}


def _earlier_gaps(folder: Path, language: str) -> dict[str, str]:
    """Today's words of pages, for those that a published rulebook does not know yet."""
    if folder.parent.name != PUBLISHED_FOLDER:
        return {}
    return _read_todays_pages(folder.parents[1], language)


@functools.lru_cache(maxsize=4)
def _read_todays_pages(rules: Path, language: str) -> dict[str, str]:
    faults = FaultLog(rules)  # what is wrong there is told of where that rulebook itself is read
    files = {name: read_words_file(faults, f"wording/{language}", name) for name in PAGE_FILES}
    return _page_texts(files)


def read_words_file(faults: FaultLog, folder: str, name: str) -> LinedMapping:
    """One file of words as it was written."""
    file = f"{folder}/{name}.yaml"
    if file.endswith(CLINIC_FILE) and not (faults.folder / file).exists():
        return LinedMapping()
    return faults.read_mapping(file)


def _note_missing_language(faults: FaultLog, language: str) -> None:
    head = faults.read_mapping("rulebook.yaml")
    listed = head.get("languages")
    index = listed.index(language) if isinstance(listed, LinedList) else 0
    line = head.line_of("languages", index)
    text = f"'{language}' has no folder wording/{language}; add it or take the language out"
    faults.note_fault("rulebook.yaml", line, "languages", text)


def _mapping_at(whole: LinedMapping, key: str) -> LinedMapping:
    part = whole.get(key)
    return part if isinstance(part, LinedMapping) else LinedMapping()


def _only_texts(raw: Mapping[str, object]) -> dict[str, str]:
    return {key: value for key, value in raw.items() if isinstance(value, str)}


def _texts_by_id(raw: Mapping[str, object]) -> dict[str, TextParts]:
    return {
        key: TextParts(_only_texts(value))
        for key, value in raw.items()
        if isinstance(value, LinedMapping)
    }


def _read_questions(faults: FaultLog, whole: LinedMapping, file: str) -> dict[str, QuestionWords]:
    found = {}
    for question, raw in whole.items():
        if not isinstance(raw, LinedMapping):
            text = "holds no words; 'text', 'why' and 'options' are expected"
            faults.note_fault(file, whole.line_of(question), question, text)
        elif entry := read_entry(QuestionWordsEntry, WrittenEntry(file, question, raw, faults)):
            found[question] = _build_question_words(entry)
    return found


def _build_question_words(entry: QuestionWordsEntry) -> QuestionWords:
    own = build_value(QuestionWords, entry, child=None, other=None)
    child, other = _words_for_respondent(own, entry.child), _words_for_respondent(own, entry.other)
    return replace(own, child=child, other=other)


def _words_for_respondent(
    own: QuestionWords, respondent_words: RespondentWordsEntry | None
) -> QuestionWords | None:
    """The words about another person; what they do not say anew is said as to oneself."""
    if respondent_words is None:
        return None
    anew: dict[str, Any] = {}
    for part, words in respondent_words:
        if words:
            anew[part] = {**getattr(own, part), **words} if isinstance(words, dict) else words
    return replace(own, **anew)
