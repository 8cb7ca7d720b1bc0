"""Every word is there, none is left over, and each {placeholder} is one that will be filled.

Walks the words as they were written, so that each fault has its line. Which words name a time or
whom to call is known to this file: what they promise must be proved by tests.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.rulebook import entries
from app.rulebook.entries import EntriesById
from app.rulebook.faults import FaultLog
from app.rulebook.reading_words import PAGE_FILES, WORD_FILES, read_words_file
from app.rulebook.yaml_lines import LinedList, LinedMapping
from app.triage.questionnaire import Question, Questionnaire
from app.triage.rulebook import Rulebook
from app.triage.sources import PART_WORDS, FileEntry, RegionEntry
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, TYPES, Urgency
from app.triage.types import STANDINGS
from app.triage.wording import find_placeholders

KeyPath = tuple[object, ...]
ALL_TYPES = (*TYPES, NOT_CALCINOSIS, CANNOT_TELL)
LEVELS = (*(urgency.name for urgency in Urgency), "cannot_work_out")
LEVEL_PARTS = ("heading", "action", "when", "hidden", "badge", "more")
SAFETY_NET_LEVELS = ("emergency", "same_day", "soon", "routine", "when_within")
"""What the safety net says to do, by the level to which a change leads."""
SHORTER_TIME_PARTS = ("heading_within", "action_within", "when_within", "badge_within")
"""Words of a level for a rule that gives a shorter time, which fills {within}."""
DOUBT_PARTS = ("heading_doubt", "action_doubt", "when_doubt")
"""Words of a level while a "not sure" leaves an emergency open: the call comes first."""
NOBODY_PARTS = ("nobody", "nobody_within", "nobody_doubt")
"""What to do if nobody can be reached or seen in time. Older editions say it within `action`."""


@dataclass(frozen=True, slots=True)
class WordsSection:
    """One part of a words file: whose words it holds, and of which parts each consists.

    `key` None is the whole file but for `besides`. `ids` are ids, or shapes that stand for the ids
    of all their entries. Without `parts` each id has one plain text (a question has a shape).
    """

    file: str
    key: str | None
    what: str
    ids: tuple[str | type[FileEntry], ...]
    parts: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()


SECTIONS = (
    WordsSection("questions", None, "question", (entries.QuestionEntry,)),
    WordsSection("rules", "rules", "rule", (entries.RuleEntry,), ("reason",), ("given",)),
    WordsSection("rules", "named", "name", (entries.NamedEntry,)),
    WordsSection("rules", "contradictions", "contradiction", (entries.ContradictionEntry,)),
    WordsSection("types", "types", "type", ALL_TYPES, ("name", "plain", "summary")),
    WordsSection("types", "evidence", "piece of evidence", (entries.EvidenceEntry,)),
    WordsSection("types", "conflicts", "conflict", (entries.ConflictEntry,)),
    WordsSection("types", "standings", "standing", STANDINGS),
    WordsSection(
        "look_alikes",
        None,
        "look-alike",
        (entries.LookAlikeEntry,),
        ("name", "looks_like", "tells_apart"),
    ),
    WordsSection(
        "levels",
        None,
        "level",
        LEVELS,
        LEVEL_PARTS,
        (*SHORTER_TIME_PARTS, *DOUBT_PARTS, *NOBODY_PARTS),
        besides=("box", "net", "times"),
    ),
    WordsSection("levels", "net", "level of the safety net", SAFETY_NET_LEVELS),
    WordsSection("advice", None, "piece of advice", (entries.AdviceEntry,)),
    WordsSection(
        *("dangers", None, "danger", (entries.DangerEntry,), ("name", "asked", "worry")),
        ("not_asked", "asked_baby", "worry_baby"),
    ),
    WordsSection(
        "labs",
        "analytes",
        "analyte",
        (entries.AnalyteEntry, entries.ProductEntry),
        ("name", "short", "hint"),
    ),
)

BRACES = re.compile(r"\{[a-z_]+\}|([{}])")
"""Placeholders, and braces that belong to none."""


def check_words(
    rulebook: Rulebook, language: str, where: EntriesById, faults: FaultLog, *, complete: bool
) -> None:
    """Note every fault in the words of a language; in its pages it follows the first one.

    Words are left over only where the rulebook is `complete`: every entry could be read.
    """
    if not (faults.folder / "wording" / language).is_dir():
        return
    words = WrittenWords(f"wording/{language}", faults, complete=complete)
    first = words
    if language != rulebook.languages[0]:
        first = WrittenWords(f"wording/{rulebook.languages[0]}", faults, complete=complete)
    sections = [*SECTIONS, *list_further_sections(rulebook, words, first)]
    for section in sections:
        ids = [i for one in section.ids for i in ([one] if isinstance(one, str) else where[one])]
        words.check_section(section, ids)
    for question in rulebook.questionnaire:
        words.check_question(question)
    for file in WORD_FILES:
        words.check_keys(file, [s.key for s in sections if s.file == file])
        words.check_texts(file, first)
    words.check_box(rulebook.questionnaire)
    for region in rulebook.regions.values() if complete else ():
        words.check_region_parts(region)
    for rule in rulebook.rules if complete else ():
        level = words.files["levels"].get(rule.urgency.name)
        if rule.within is None or not isinstance(level, LinedMapping):
            continue
        if lacking := [part for part in SHORTER_TIME_PARTS if part not in level]:
            text = f"'within' needs words that {rule.urgency.name} lacks in {words.folder}"
            at = where[entries.RuleEntry][rule.id]
            at.note_fault(f"{text}/levels.yaml: {', '.join(lacking)}", "within")
    for danger in rulebook.dangers if complete else ():
        given = words.files["dangers"].get(danger.id)
        if isinstance(given, LinedMapping) and bool(danger.not_asked) != ("not_asked" in given):
            text = "'not_asked' stands in dangers.yaml and in the words, or in neither"
            words.note_fault("dangers", danger.id, text, danger.id)


def list_further_sections(
    rulebook: Rulebook, words: "WrittenWords", first: "WrittenWords"
) -> Iterator[WordsSection]:
    """The sections whose ids are not those of entries."""
    messages = words.faults.read_mapping("labs.yaml").get("messages")
    ids = tuple(map(str, messages)) if isinstance(messages, LinedList) else ()
    yield WordsSection("labs", "messages", "message", ids)
    times = dict.fromkeys(rule.within for rule in rulebook.rules if rule.within is not None)
    yield WordsSection("levels", "times", "time", tuple(times))
    parts = words.region_words, words.region_parts
    yield WordsSection("regions", None, "region", (RegionEntry,), *parts)
    for file in PAGE_FILES:
        yield WordsSection(file, None, "page", tuple(first.files[file]))


class WrittenWords:
    """The words of one language as they were written."""

    def __init__(self, folder: str, faults: FaultLog, *, complete: bool) -> None:
        self.folder, self.faults, self.complete = folder, faults, complete
        self.files = {name: read_words_file(faults, folder, name) for name in WORD_FILES}
        regions = [
            texts for texts in self.files["regions"].values() if isinstance(texts, LinedMapping)
        ]
        names = dict.fromkeys(name for texts in regions for name in texts)
        self.region_parts = tuple(name for name in names if PART_WORDS.fullmatch(name))
        self.region_words = tuple(name for name in names if name not in self.region_parts)

    def check_section(self, section: WordsSection, wanted: Sequence[str]) -> None:
        """The wanted ids, each with the right parts."""
        path = () if section.key is None else (section.key,)
        texts = self._find_mapping(section.file, *path)
        if texts is None:
            return
        given = [name for name in texts if name not in section.besides]
        for name in [name for name in wanted if name not in given]:
            text = f"has no words; every {section.what} has them"
            self.note_fault(section.file, name, text, *path)
        for name in given:
            if name not in wanted and self.complete:
                text = f"is no {section.what} of the rulebook; take it out"
                self.note_fault(section.file, name, text, *path, name)
            self._check_parts(section, name, texts[name], *path, name)

    def _check_parts(self, section: WordsSection, name: str, given: object, *path: object) -> None:
        if section.file == "questions":
            return  # these have a shape of their own
        if not section.parts and isinstance(given, LinedMapping | LinedList):
            text = f"holds more than one text; every {section.what} has one"
            self.note_fault(section.file, name, text, *path)
        parts = given if isinstance(given, LinedMapping) else LinedMapping()
        for part in [part for part in section.parts if part not in parts]:
            text = f"'{part}' is missing; every {section.what} has it"
            self.note_fault(section.file, name, text, *path)
        allowed = [*section.parts, *section.more]
        for part in [part for part in parts if section.parts and part not in allowed]:
            text = f"unknown key '{part}'; allowed: {', '.join(allowed)}"
            self.note_fault(section.file, name, text, *path, part)

    def check_keys(self, file: str, keys: Collection[str | None]) -> None:
        """No part of a file stands under a key that nothing reads."""
        for key in self.files[file]:
            if None not in keys and key not in keys:
                allowed = ", ".join(str(known) for known in keys)
                self.note_fault(file, "file", f"unknown key '{key}'; allowed: {allowed}", key)

    def check_question(self, question: Question) -> None:
        """Words for every option, group and change, and for no other."""
        groups = dict.fromkeys(o.group for o in question.options if o.group is not None)
        last = (question.none, question.unsure)
        ids_by_kind = {
            "option": question.option_ids,
            "group": tuple(groups),
            "change": question.change_ids,
            "plain": tuple(o.id for o in question.options if question.signs and o.id not in last),
        }
        for what, ids in ids_by_kind.items():
            key = "plain" if what == "plain" else f"{what}s"
            words = self.files["questions"].get(question.id)
            for name in [name for name in ids if words and name not in _keys_at(words, key)]:
                text = f"{what} '{name}' has no words; every {what} has them"
                self.note_fault("questions", question.id, text, question.id, key)
            for path in ((key,), ("child", key), ("other", key)):
                for name in [n for n in _keys_at(words, *path) if self.complete and n not in ids]:
                    text = f"words for unknown {what} '{name}'; take them out"
                    self.note_fault("questions", question.id, text, question.id, *path, name)

    def check_texts(self, file: str, first: "WrittenWords") -> None:
        """Every text is one, and each of its placeholders is filled when it is shown."""
        keys = [section.key for section in SECTIONS if section.file == file]
        for path, text in _walk_values(self.files[file]):
            subject = str(path[1] if path[0] in keys and len(path) > 1 else path[0])
            if not isinstance(text, str) or not text.strip():
                if file != "questions":  # there the shape says so
                    self.note_fault(file, subject, "holds no text; put it in quotes", *path)
                continue
            if any(found[1] for found in BRACES.finditer(text)):
                fault = "a brace stands alone; braces are only for {placeholders}"
                self.note_fault(file, subject, fault, *path)
            if self.region_words and not (first is self and self._is_filled_by_pages(file, path)):
                self._check_placeholders(file, subject, path, find_placeholders(text), first)

    def _check_placeholders(
        self, file: str, subject: str, path: KeyPath, given: Iterable[str], first: "WrittenWords"
    ) -> None:
        known = [] if file == "regions" else [*self.region_words]
        known += ["within"] if path[-1] in SHORTER_TIME_PARTS else []
        if self._is_filled_by_pages(file, path):
            text = _value_at(first.files[file], path)
            wanted = find_placeholders(text) if isinstance(text, str) else frozenset()
            own = sorted(wanted - {*first.region_words})
            for name in [name for name in own if name not in given]:
                fault = f"lacks the placeholder '{{{name}}}', which {first.folder} has"
                self.note_fault(file, subject, fault, *path)
            known += own
        for name in sorted(name for name in given if name not in known):
            fault = f"unknown placeholder '{{{name}}}'; allowed: {', '.join(known) or 'none'}"
            self.note_fault(file, subject, fault, *path)

    def check_region_parts(self, region: RegionEntry) -> None:
        """The region has words for each of its finders and channels, and for no other."""
        given = self.files["regions"].get(region.id)
        if not isinstance(given, LinedMapping):
            return
        wanted = [key for _, key, _ in region.list_parts()]
        for name in [name for name in wanted if name not in given]:
            text = f"'{name}' is missing; regions.yaml has it for this region"
            self.note_fault("regions", region.id, text, region.id)
        for name in [n for n in given if PART_WORDS.fullmatch(n) and n not in wanted]:
            text = f"'{name}' stands here, but not in regions.yaml for this region"
            self.note_fault("regions", region.id, text, region.id, name)

    def check_box(self, questionnaire: Questionnaire) -> None:
        """The emergency box has the lines that options name, and no other."""
        path = ("box", "lines")
        if (
            self._find_mapping("levels", "box") is None
            or (lines := self._find_mapping("levels", *path)) is None
        ):
            return
        named = dict.fromkeys(o.box for q in questionnaire for o in q.options if o.box is not None)
        for name in [name for name in named if name not in lines]:
            self.note_fault(
                "levels", "box", f"line '{name}' has no words; every line has them", *path
            )
        for name in [name for name in lines if self.complete and name not in named]:
            text = f"line '{name}' tells no option; name it at one or take it out"
            self.note_fault("levels", "box", text, *path, name)
        for name in _keys_at(self.files["levels"], "box", "baby"):
            if name not in lines:
                text = f"baby's line '{name}' is no line of the box; name one of 'lines'"
                self.note_fault("levels", "box", text, "box", "baby", name)

    def _find_mapping(self, file: str, *path: object) -> LinedMapping | None:
        """The mapping there; None, with a fault noted, if there is none."""
        found = _value_at(self.files[file], path)
        if f"{self.folder}/{file}.yaml" in self.faults.unread:
            return None
        if not isinstance(found, LinedMapping):
            self.note_fault(
                file, "file", f"'{path[-1]}' holds no words; 'id: text' lines are expected", *path
            )
            return None
        return found

    def note_fault(self, file: str, subject: str, text: str, *path: object) -> None:
        """Note a fault at this path in a file of words."""
        line = self.files[file].line_of(*path)
        self.faults.note_fault(f"{self.folder}/{file}.yaml", line, subject, text)

    @staticmethod
    def _is_filled_by_pages(file: str, path: KeyPath) -> bool:
        """Whether only the page that shows the text knows all of its placeholders."""
        return file in PAGE_FILES or (file == "labs" and path[0] == "messages")


def _walk_values(raw: object, *path: object) -> Iterator[tuple[KeyPath, object]]:
    """Everything in there that is neither a mapping nor a list, with its path."""
    if not isinstance(raw, LinedMapping | LinedList):
        yield path, raw
        return
    for key, value in raw.items() if isinstance(raw, LinedMapping) else enumerate(raw):
        yield from _walk_values(value, *path, key)


def _value_at(raw: object, path: KeyPath) -> object:
    for part in path:
        raw = raw.get(str(part)) if isinstance(raw, LinedMapping) else None
    return raw


def _keys_at(raw: object, *path: object) -> list[str]:
    found = _value_at(raw, path)
    return list(found) if isinstance(found, LinedMapping) else []


CALL_PLACEHOLDERS = frozenset(
    {
        *("emergency_call", "emergency_call_start", "emergency_place"),
        *("urgent_line", "urgent_line_start", "talk_line", "kidney_unit", "a_doctor"),
    }
)
"""Placeholders that name whom to call or where to go."""
# Not "within": a lump may heal within months, and nobody is to be seen by then.
_TIME = re.compile(
    r"\b(today|same day|within (\d+ (hours|days|weeks)|one)|now)\b(?! and then)", re.IGNORECASE
)


def is_urgent_text(text: str) -> bool:
    """Whether a text names a time by which to be seen, or whom to call."""
    return not CALL_PLACEHOLDERS.isdisjoint(find_placeholders(text)) or bool(_TIME.search(text))
