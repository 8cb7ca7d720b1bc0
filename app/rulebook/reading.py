"""From the entries of rule files to values: questions, rules, evidence, advice.

Every fault is noted and reading goes on, so that an author sees all of them at once. A fault is
noted where it was made, not everywhere where its entry is named.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

from app.rulebook import entries
from app.rulebook.entries import EntriesById, EntryModel
from app.rulebook.faults import FaultLog, WrittenEntry, find_bad_parts, format_value
from app.rulebook.reading_labs import read_laboratory
from app.rulebook.reading_parts import (
    KnownOptions,
    read_advice,
    read_danger,
    read_question,
    read_rule,
)
from app.rulebook.yaml_lines import LinedMapping
from app.triage.advice import AdviceRule
from app.triage.conditions import (
    AtLeast,
    BadCondition,
    Condition,
    LabBound,
    Vocabulary,
    parse_condition,
    walk_leaves,
)
from app.triage.dangers import Danger
from app.triage.labs import Laboratory
from app.triage.questionnaire import Question, Questionnaire
from app.triage.rules import Rule
from app.triage.sources import (
    DAY,
    ID,
    Contradiction,
    FileEntry,
    Ranked,
    RegionEntry,
    ReviewedEntry,
    SourcedEntry,
    SourceEntry,
)
from app.triage.terms import NOT_CALCINOSIS
from app.triage.types import EvidenceLine, TypeConflict, TypeScale

NEVER_TRUE: Condition = AtLeast(1, ())
"""Stands in for a condition that could not be read, so that the rest can still be checked."""

EMPTY_SCALE = TypeScale(0, 0, 0, 0, (), NEVER_TRUE)
ENTRIES_BY_KEY: Mapping[str, Sequence[type[FileEntry]]] = {
    "question": [entries.QuestionEntry],
    "lab": [entries.AnalyteEntry, entries.ProductEntry],
    "named": [entries.NamedEntry],
}
"""What a condition names under which key."""


class RulebookReader:
    """Reads one rulebook's files; holds the faults and the vocabulary that grows as it reads.

    The sources are read first, then laboratory, questions and names, then what speaks of them.
    """

    def __init__(self, folder: Path) -> None:
        self.faults = FaultLog(folder)
        self.where: EntriesById = defaultdict(dict)
        self.questions: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.analytes: dict[str, tuple[str, ...]] = {}
        self.named: dict[str, Condition] = {}
        self.changing: dict[str, Sequence[str]] = {}
        self.screens: set[str] = set()
        self._broken: set[tuple[type[FileEntry], str]] = set()
        date = str(self.faults.read_mapping("rulebook.yaml").get("date"))
        self._date = date if re.fullmatch(DAY, date) else ""

    def read_entries(
        self, file: str, model: type[EntryModel]
    ) -> Iterator[tuple[WrittenEntry, EntryModel]]:
        """The well-shaped entries of a file, each with what was written; ids are used once."""
        raws = self.faults.read_list(file)
        if file in self.faults.unread:
            self._broken.add((model, ""))
        yield from self.read_raw_entries(raws, file, model)

    def read_raw_entries(
        self, raws: Iterable[LinedMapping], file: str, model: type[EntryModel]
    ) -> Iterator[tuple[WrittenEntry, EntryModel]]:
        """The same for entries that stand somewhere inside a file."""
        for raw in raws:
            name = format_value(raw.get("id", "entry"))
            at = first = WrittenEntry(file, name, raw, self.faults)
            if re.fullmatch(ID, name) and name == raw.get("id"):
                first = self.where[model].setdefault(name, at)
            if first is not at:
                also = "stands twice" if first.file == file else f"also stands in {first.file}"
                at.note_fault(f"this id {also}; ids are used once")
            elif entry := self.read_one_entry(at, model):
                yield at, entry
            else:
                self._broken.add((model, name))

    def read_one_entry(self, at: WrittenEntry, model: type[EntryModel]) -> EntryModel | None:
        """One entry, with its sources known and its review still to come."""
        entry = entries.read_entry(model, at)
        if isinstance(entry, SourcedEntry):
            known, hint = self.where[SourceEntry], "add it to sources.yaml"
            self.check_known_ids(at, "source", entry.sources, known, "sources", hint=hint)
        if isinstance(entry, RegionEntry):
            for path, _, part in entry.list_parts():
                self.check_known_ids(at, "source", part.sources, known, *path, "sources", hint=hint)
        if isinstance(entry, ReviewedEntry) and entry.review_by < self._date:
            text = f"'{entry.review_by}' lies before the rulebook's date; allowed: {self._date} or"
            at.note_fault(f"{text} later", "review_by")
        return entry

    def check_known_ids(
        self,
        at: WrittenEntry,
        what: str,
        ids: Sequence[str],
        known: Collection[str],
        *path: str | int,
        hint: str = "",
    ) -> None:
        """Note each id at `path` that is unknown; if none is known, another file is at fault."""
        allowed = hint or f"allowed: {', '.join(known)}"
        for index, one in enumerate(ids if known else ()):
            if one not in known:
                at.note_fault(f"unknown {what} '{one}'; {allowed}", *path, index)

    def read_condition(
        self, at: WrittenEntry, raw: object, *path: object, note: str = ""
    ) -> Condition:
        """A condition in the vocabulary so far; `note` is added to each fault in it."""
        vocabulary = Vocabulary(self.questions, self.analytes, self.named)
        try:
            return parse_condition(raw, vocabulary)
        except BadCondition:
            for part, text, within in find_bad_parts(raw, vocabulary, path):
                if not self._names_broken_entry(part):
                    at.note_fault(f"{text}{note}", *within)
            return NEVER_TRUE

    def _names_broken_entry(self, part: object) -> bool:
        """Whether it names what is itself at fault; that fault is noted where it was made."""
        given = part if isinstance(part, LinedMapping) else LinedMapping()
        return any(
            (model, name) in self._broken
            for key, models in ENTRIES_BY_KEY.items()
            for model in models
            for name in (str(given.get(key)), "")
            if key in given
        )

    def read_questionnaire(self, file: str) -> Questionnaire:
        """The questions; an `ask_if` may only speak of questions above it, so no cycle can be."""
        questions: list[Question] = []
        for at, entry in self.read_entries(file, entries.QuestionEntry):
            before = len(self.faults.noted)
            ask_if = self._read_routing(at, entry, "ask_if")
            narrows = self._read_routing(at, entry, "narrows")
            self._check_instead_of(at, entry, questions)
            question = read_question(at, entry, ask_if, narrows)
            self.questions[question.id] = (question.kind, question.option_ids)
            if changing := [o.id for o in question.options if o.may_happen or o.may_end]:
                self.changing[question.id] = changing
            if question.signs:
                self.screens.add(question.id)
            questions.append(question)
            if len(self.faults.noted) > before:
                self._broken.add((entries.QuestionEntry, question.id))
        return Questionnaire(tuple(questions))

    def _check_instead_of(
        self, at: WrittenEntry, entry: entries.QuestionEntry, above: Sequence[Question]
    ) -> None:
        waiting = [question.id for question in above if question.ask_if is not None]
        if entry.instead_of and entry.ask_if is None:
            at.note_fault("'instead_of' needs 'ask_if': of whom is it asked?", "instead_of")
        hint = "name questions above it that have 'ask_if' too"
        self.check_known_ids(
            at, "question", entry.instead_of, waiting or [""], "instead_of", hint=hint
        )

    def _read_routing(
        self, at: WrittenEntry, entry: entries.QuestionEntry, key: str
    ) -> Condition | None:
        """A condition on the questions above this one."""
        note = f"; '{key}' may name only questions above it"
        condition = self._read_condition_at(at, entry, key, note)
        leaves = walk_leaves(condition) if condition is not None else ()
        if any(isinstance(leaf, LabBound) for leaf in leaves):
            at.note_fault(f"no question waits for a blood test{note}", key)
        return condition

    def _read_condition_at(
        self, at: WrittenEntry, entry: FileEntry, key: str, note: str = ""
    ) -> Condition | None:
        """The condition under a key that may be missing."""
        written = getattr(entry, key)
        return None if written is None else self.read_condition(at, written, key, note=note)

    def read_named_conditions(self, file: str) -> None:
        """Conditions under a name; each may use the names above it."""
        for at, entry in self.read_entries(file, entries.NamedEntry):
            self.named[entry.id] = self.read_condition(at, entry.when, "when")

    def read_rules(self, folder: str) -> tuple[Rule, ...]:
        """The urgency rules of all files, in file order; ids are used once over all of them."""
        found = []
        for path in sorted((self.faults.folder / folder).glob("*.yaml")):
            file = f"{folder}/{path.name}"
            for at, entry in self.read_entries(file, entries.RuleEntry):
                when = self.read_condition(at, entry.when, "when")
                only_with = self._read_condition_at(at, entry, "only_with")
                found.append(read_rule(at, entry, when, only_with, self.screens))
        return tuple(found)

    def read_evidence(self, file: str, look_alike_file: str) -> tuple[EvidenceLine, ...]:
        """Evidence for and against types, then the lines of the look-alikes."""
        lines = []
        for at, entry in self.read_entries(file, entries.EvidenceEntry):
            when = self.read_condition(at, entry.when, "when")
            lines.append(
                EvidenceLine(entry.id, when, dict(entry.weights.items()), tuple(entry.sources))
            )
        for at, alike in self.read_entries(look_alike_file, entries.LookAlikeEntry):
            name, sources = f"like-{alike.id}", tuple(alike.sources)
            for index, part in enumerate(alike.evidence):
                path = ("evidence", index)
                when = self.read_condition(at, part.when, *path, "when")
                if NOT_CALCINOSIS not in part.weights:
                    at.note_fault(
                        f"a look-alike needs a weight for '{NOT_CALCINOSIS}'", *path, "weights"
                    )
                lines.append(
                    EvidenceLine(name, when, dict(part.weights.items()), sources, alike.id)
                )
        return tuple(lines)

    def read_conflict_rules(self, file: str) -> tuple[TypeConflict, ...]:
        """The conflict rules, in the order in which they are tried."""
        found = []
        for at, entry in self.read_entries(file, entries.ConflictEntry):
            if entry.lead is None and not entry.cap:
                at.note_fault("does nothing; give 'lead' or 'cap'")
            if entry.lead is None and entry.only_before:
                at.note_fault("'only_before' says when to 'lead'; give both or none", "only_before")
            when = self.read_condition(at, entry.when, "when")
            cap: Mapping[str, str] | None = dict(entry.cap.items()) if entry.cap else None
            sources, before = tuple(entry.sources), tuple(entry.only_before)
            found.append(TypeConflict(entry.id, when, sources, entry.lead, cap, before))
        return tuple(found)

    def read_scale(self, file: str) -> TypeScale:
        """The numbers of the ranking."""
        at = self.faults.read_whole(file, "scale")
        entry = self.read_one_entry(at, entries.ScaleEntry)
        if entry is None:
            return EMPTY_SCALE
        for missing in [kind for kind in get_args(Ranked) if kind not in entry.tie_order]:
            at.note_fault(f"'tie_order' lacks '{missing}'; it holds every type once", "tie_order")
        if entry.likely_at < entry.possible_at:
            text = "'likely_at' is below 'possible_at'; allowed: the same or more"
            at.note_fault(text, "likely_at")
        needs = self.read_condition(at, entry.likely_needs, "likely_needs")
        numbers = entry.model_dump(exclude={"likely_needs", "tie_order"})
        return TypeScale(**numbers, tie_order=tuple(entry.tie_order), likely_needs=needs)

    def read_contradictions(self, file: str) -> tuple[Contradiction, ...]:
        """Answers that cannot both be true; they are asked back, never dropped."""
        found = []
        for at, entry in self.read_entries(file, entries.ContradictionEntry):
            when = self.read_condition(at, entry.when, "when")
            known = self.where[entries.QuestionEntry]
            self.check_known_ids(at, "question", entry.questions, known, "questions")
            found.append(Contradiction(entry.id, when, tuple(entry.questions)))
        return tuple(found)

    def read_advice_rules(self, file: str, places: Sequence[str]) -> tuple[AdviceRule, ...]:
        """Every piece of advice with its filters; `places` are the options that it may name."""
        found = []
        for at, entry in self.read_entries(file, entries.AdviceEntry):
            self.check_known_ids(at, "place", entry.places, places, "places")
            when = self._read_condition_at(at, entry, "when")
            found.append(read_advice(at, entry, when, self._known_options))
        return tuple(found)

    def read_dangers(self, file: str) -> tuple[Danger, ...]:
        """What must not be missed, with the signs and the rules of each."""
        found = []
        for at, entry in self.read_entries(file, entries.DangerEntry):
            self.check_known_ids(at, "question", entry.not_asked, entry.signs, "not_asked")
            found.append(read_danger(at, entry, self._known_options))
        return tuple(found)

    @property
    def _known_options(self) -> KnownOptions:
        broken = {name for model, name in self._broken if model is entries.QuestionEntry}
        every = {question: options for question, (_, options) in self.questions.items()}
        return KnownOptions(every, self.changing, broken)

    def read_laboratory_file(self) -> Laboratory:
        """Analytes, corrections and the product."""
        laboratory = read_laboratory(self)
        self._broken |= {
            (m, "") for m in (entries.AnalyteEntry, entries.ProductEntry) if not self.where[m]
        }
        return laboratory
