"""Reading one language's words from wording/<language>/.

What is no text is left out here, quietly: `checks_words` notes every gap at its line.
"""

from collections.abc import Mapping
from dataclasses import replace

from app.triage.loading.faults import Faults
from app.triage.loading.lined import Lined, LinedList
from app.triage.loading.shapes import QuestionWordsEntry, VoiceEntry, read_entry
from app.triage.wording import QuestionWords, Texts, Wording

PAGE_FILES = ("pages", "service", "clinic")
FILES = (
    "questions", "rules", "types", "look_alikes", "levels", "advice", "dangers", "regions", "labs",
    *PAGE_FILES,
)  # fmt: skip
SERVICE_FILE, CLINIC_FILE = "service.yaml", "clinic.yaml"
"""Words of the pages around the check, and of those that only clinics need. No result rests on
them, so a rulebook that was published before there were any of clinics is whole without those."""


def read_wording(faults: Faults, language: str) -> Wording:
    """Every word of one language; what cannot be read is a fault."""
    folder = f"wording/{language}"
    if not (faults.folder / folder).is_dir():
        _note_missing(faults, language)
        whole = dict.fromkeys(FILES, Lined())
    else:
        whole = {name: read_words(faults, folder, name) for name in FILES}
    rules, types, levels, labs = (whole[name] for name in ("rules", "types", "levels", "labs"))
    return Wording(
        language=language,
        questions=_questions(faults, whole["questions"], f"{folder}/questions.yaml"),
        rules=_named(_part(rules, "rules")),
        named=_texts(_part(rules, "named")),
        contradictions=_texts(_part(rules, "contradictions")),
        types=_named(_part(types, "types")),
        evidence=_texts(_part(types, "evidence")),
        conflicts=_texts(_part(types, "conflicts")),
        standings=_texts(_part(types, "standings")),
        look_alikes=_named(whole["look_alikes"]),
        levels=_named({k: raw for k, raw in levels.items() if k not in ("times", "net")}),
        box_lines=_texts(_part(_part(levels, "box"), "lines")),
        box_of_baby=_texts(_part(_part(levels, "box"), "baby")),
        box_of_any_age=_texts(_part(_part(levels, "box"), "any_age")),
        net=_texts(_part(levels, "net")),
        times=_texts(_part(levels, "times")),
        advice=_texts(whole["advice"]),
        regions={region: texts.parts for region, texts in _named(whole["regions"]).items()},
        labs=_named(_part(labs, "analytes")),
        lab_messages=_texts(_part(labs, "messages")),
        dangers=_named(whole["dangers"]),
        pages={key: text for file in PAGE_FILES for key, text in _texts(whole[file]).items()},
    )


def read_words(faults: Faults, folder: str, name: str) -> Lined:
    """One file of words as it was written."""
    file = f"{folder}/{name}.yaml"
    if file.endswith(CLINIC_FILE) and not (faults.folder / file).exists():
        return Lined()
    return faults.read_mapping(file)


def _note_missing(faults: Faults, language: str) -> None:
    head = faults.read_mapping("rulebook.yaml")
    listed = head.get("languages")
    index = listed.index(language) if isinstance(listed, LinedList) else 0
    line = head.line_of("languages", index)
    text = f"'{language}' has no folder wording/{language}; add it or take the language out"
    faults.add("rulebook.yaml", line, "languages", text)


def _part(whole: Lined, key: str) -> Lined:
    part = whole.get(key)
    return part if isinstance(part, Lined) else Lined()


def _texts(raw: Mapping[str, object]) -> dict[str, str]:
    return {key: value for key, value in raw.items() if isinstance(value, str)}


def _named(raw: Mapping[str, object]) -> dict[str, Texts]:
    return {key: Texts(_texts(value)) for key, value in raw.items() if isinstance(value, Lined)}


def _questions(faults: Faults, whole: Lined, file: str) -> dict[str, QuestionWords]:
    found = {}
    for question, raw in whole.items():
        if not isinstance(raw, Lined):
            text = "holds no words; 'text', 'why' and 'options' are expected"
            faults.add(file, whole.line_of(question), question, text)
        elif entry := read_entry(QuestionWordsEntry, raw, file, faults, question):
            found[question] = _question_words(entry)
    return found


def _question_words(entry: QuestionWordsEntry) -> QuestionWords:
    own = QuestionWords(
        text=entry.text,
        why=entry.why,
        counted=entry.counted,
        options=entry.options,
        hint=entry.hint,
        short=entry.short,
        groups=entry.groups,
        changes=entry.changes,
        plain=entry.plain,
    )
    return replace(own, child=_voiced(own, entry.child), other=_voiced(own, entry.other))


def _voiced(own: QuestionWords, voice: VoiceEntry | None) -> QuestionWords | None:
    """The words about another person; what they do not say anew is said as to oneself."""
    if voice is None:
        return None
    return QuestionWords(
        text=voice.text or own.text,
        why=voice.why or own.why,
        counted=own.counted,
        options={**own.options, **voice.options},
        hint=voice.hint or own.hint,
        short=own.short,
        groups={**(own.groups or {}), **voice.groups},
        changes={**own.changes, **voice.changes},
        plain={**own.plain, **voice.plain},
    )
