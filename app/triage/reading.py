"""From the entries of rule files to values: questions, rules, evidence, labs, sources.

Every fault is noted and reading goes on, so that an author sees all of them at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from app.triage.advice import AdviceRule
from app.triage.conditions import AtLeast, BadCondition, Condition, Vocabulary, parse
from app.triage.faults import Faults, Lined
from app.triage.labs import Analyte, Correction, Laboratory, Product, Unit
from app.triage.questionnaire import Option, Question, Questionnaire
from app.triage.rules import Rule
from app.triage.shapes import (
    AdviceEntry,
    ConflictEntry,
    ContradictionEntry,
    Entry,
    EvidenceEntry,
    LaboratoryEntry,
    LookAlikeEntry,
    NamedEntry,
    QuestionEntry,
    RuleEntry,
    ScaleEntry,
    UnitEntry,
    read_entry,
)
from app.triage.terms import Advice, Urgency
from app.triage.types import Conflict, EvidenceLine, Scale

Model = TypeVar("Model", bound=Entry)
NEVER: Condition = AtLeast(1, ())
"""Stands in for a condition that could not be read, so that the rest can still be checked."""


class Reader:
    """Reads one rulebook's files; holds the faults and the vocabulary that grows as it reads."""

    def __init__(self, folder: Path) -> None:
        self.faults = Faults(folder)
        self.questions: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.analytes: dict[str, tuple[str, ...]] = {}
        self.named: dict[str, Condition] = {}
        self.where: dict[str, tuple[str, int]] = {}

    def entries(self, file: str, model: type[Model]) -> Iterator[tuple[Lined, Model]]:
        """The well-shaped entries of a file, with ids that are new in the whole rulebook's kind."""
        seen: set[str] = set()
        for raw in self.faults.read_list(file):
            entry = read_entry(model, raw, file, self.faults)
            if entry is None:
                continue
            subject = str(raw["id"])
            if subject in seen:
                self.faults.add(file, raw.line, subject, "this id stands twice; ids are used once")
                continue
            seen.add(subject)
            yield raw, entry

    def condition(self, raw: object, line: int, file: str, subject: str) -> Condition:
        """A condition in the vocabulary so far."""
        vocabulary = Vocabulary(self.questions, self.analytes, self.named)
        try:
            return parse(raw, vocabulary)
        except BadCondition as problem:
            self.faults.add(file, line, subject, str(problem))
            return NEVER

    def questionnaire(self, file: str) -> Questionnaire:
        """The questions; an `ask_if` may only speak of questions above it, so no cycle can be."""
        questions = []
        for raw, entry in self.entries(file, QuestionEntry):
            self.where[f"question {entry.id}"] = (file, raw.line)
            ask_if = None
            if entry.ask_if is not None:
                ask_if = self.condition(entry.ask_if, raw.line_of("ask_if"), file, entry.id)
            question = _question(entry, ask_if)
            self._check_question(question, file, raw)
            self.questions[question.id] = (question.kind, question.option_ids)
            questions.append(question)
        return Questionnaire(tuple(questions))

    def names(self, file: str) -> None:
        """Conditions under a name; each may use the names above it."""
        for raw, entry in self.entries(file, NamedEntry):
            self.where[f"name {entry.id}"] = (file, raw.line)
            self.named[entry.id] = self.condition(entry.when, raw.line_of("when"), file, entry.id)

    def rules(self, files: Sequence[str]) -> tuple[Rule, ...]:
        """The urgency rules of all files, in file order; ids are used once over all of them."""
        found: dict[str, Rule] = {}
        for file in files:
            for raw, entry in self.entries(file, RuleEntry):
                if entry.id in found:
                    text = f"this id also stands in {found[entry.id].file}; ids are used once"
                    self.faults.add(file, raw.line, entry.id, text)
                    continue
                self._note_sources(file, raw, entry.id, entry.sources)
                when = self.condition(entry.when, raw.line_of("when"), file, entry.id)
                found[entry.id] = _rule(entry, when, file)
        return tuple(found.values())

    def evidence(self, file: str, look_alike_file: str) -> tuple[EvidenceLine, ...]:
        """Evidence for and against types, then the lines of the look-alikes."""
        lines = []
        for raw, entry in self.entries(file, EvidenceEntry):
            self._note_sources(file, raw, entry.id, entry.sources)
            when = self.condition(entry.when, raw.line_of("when"), file, entry.id)
            lines.append(EvidenceLine(entry.id, when, dict(entry.weights), tuple(entry.sources)))
        for raw, alike in self.entries(look_alike_file, LookAlikeEntry):
            self._note_sources(look_alike_file, raw, alike.id, alike.sources)
            line = raw.line_of("evidence")
            for part in alike.evidence:
                when = self.condition(part.when, line, look_alike_file, alike.id)
                weights, sources = dict(part.weights), tuple(alike.sources)
                lines.append(EvidenceLine(f"like-{alike.id}", when, weights, sources, alike.id))
        return tuple(lines)

    def conflicts(self, file: str) -> tuple[Conflict, ...]:
        """The conflict rules, in the order in which they are tried."""
        found = []
        for raw, entry in self.entries(file, ConflictEntry):
            self._note_sources(file, raw, entry.id, entry.sources)
            if entry.lead is None and entry.cap is None:
                self.faults.add(file, raw.line, entry.id, "does nothing; give 'lead' or 'cap'")
            when = self.condition(entry.when, raw.line_of("when"), file, entry.id)
            sources, before = tuple(entry.sources), tuple(entry.only_before)
            cap = dict(entry.cap) if entry.cap else None
            found.append(Conflict(entry.id, when, sources, entry.lead, cap, before))
        return tuple(found)

    def scale(self, file: str) -> Scale | None:
        """The numbers of the ranking."""
        raw = self.faults.read_mapping(file)
        entry = read_entry(ScaleEntry, raw, file, self.faults)
        if entry is None:
            return None
        needs = self.condition(entry.likely_needs, raw.line_of("likely_needs"), file, "scale")
        fields = entry.model_dump(exclude={"likely_needs", "tie_order"})
        return Scale(**fields, tie_order=tuple(entry.tie_order), likely_needs=needs)

    def contradictions(self, file: str) -> tuple["Contradiction", ...]:
        """Answers that cannot both be true; they are asked back, never dropped."""
        found = []
        for raw, entry in self.entries(file, ContradictionEntry):
            when = self.condition(entry.when, raw.line_of("when"), file, entry.id)
            self._ids_exist(entry.questions, self.questions, "question", file, raw, entry.id)
            found.append(Contradiction(entry.id, when, tuple(entry.questions)))
        return tuple(found)

    def advice(self, file: str, places: Sequence[str]) -> tuple[AdviceRule, ...]:
        """Every piece of advice with its filters."""
        found = []
        for raw, entry in self.entries(file, AdviceEntry):
            self._note_sources(file, raw, entry.id, entry.sources)
            self._ids_exist(entry.places, places, "place", file, raw, entry.id)
            when = None
            if entry.when is not None:
                when = self.condition(entry.when, raw.line_of("when"), file, entry.id)
            found.append(
                AdviceRule(
                    Advice(entry.id, tuple(entry.sources)),
                    entry.section,
                    frozenset(entry.types) if entry.types != "all" else frozenset(),
                    frozenset(entry.places),
                    frozenset(entry.levels),
                    when,
                )
            )
        return tuple(found)

    def laboratory(self, file: str) -> Laboratory | None:
        """Analytes, corrections and the product."""
        raw = self.faults.read_mapping(file)
        entry = read_entry(LaboratoryEntry, raw, file, self.faults)
        if entry is None:
            return None
        laboratory = _laboratory(entry)
        for analyte in [*laboratory.analytes.values(), laboratory.product.analyte]:
            self.analytes[analyte.id] = analyte.unit_names
            line = raw.line_of("product" if analyte is laboratory.product.analyte else "analytes")
            self.where[f"sources of {file} {analyte.id}"] = (file, line)
        return laboratory

    def _note_sources(self, file: str, raw: Lined, subject: str, sources: Sequence[str]) -> None:
        for source in sources:
            self.where[f"source {source} of {subject} in {file}"] = (file, raw.line_of("sources"))

    def _ids_exist(
        self,
        ids: Sequence[str],
        known: Mapping[str, object] | Sequence[str],
        what: str,
        file: str,
        raw: Lined,
        subject: str,
    ) -> None:
        for unknown in (i for i in ids if i not in known):
            allowed = ", ".join(known)
            self.faults.add(
                file, raw.line, subject, f"unknown {what} '{unknown}'; allowed: {allowed}"
            )

    def _check_question(self, question: Question, file: str, raw: Lined) -> None:
        def fault(key: str, text: str) -> None:
            self.faults.add(file, raw.line_of(key), question.id, text)

        ids = question.option_ids
        for twice in {i for i in ids if ids.count(i) > 1}:
            fault("options", f"option '{twice}' stands twice")
        if question.kind == "many" and question.none is None:
            fault("kind", "a tick list needs 'none', its exclusive \"none of these\"")
        if question.kind == "one" and question.none is not None:
            fault("none", "only a tick list takes 'none'")
        for option in question.unsure_among - set(ids):
            fault("unsure_among", f"unknown option '{option}'; allowed: {', '.join(ids)}")
        for option in {o for chain in question.severity for o in chain} - set(ids):
            fault("severity", f"unknown option '{option}'; allowed: {', '.join(ids)}")


class Contradiction:
    """Answers that cannot both be true, and the questions to ask back."""

    __slots__ = ("id", "questions", "when")

    def __init__(self, id: str, when: Condition, questions: tuple[str, ...]) -> None:  # noqa: A002
        self.id, self.when, self.questions = id, when, questions


def _question(entry: QuestionEntry, ask_if: Condition | None) -> Question:
    options = [Option(**option.model_dump()) for option in entry.options]
    tail = [Option(extra) for extra in (entry.none, entry.unsure) if extra is not None]
    return Question(
        id=entry.id,
        kind=entry.kind,
        options=tuple([*options, *tail]),
        unsure=entry.unsure,
        none=entry.none,
        unsure_among=frozenset(entry.unsure_among),
        severity=tuple(tuple(chain) for chain in entry.severity),
        must_ask=entry.must_ask,
        ask_if=ask_if,
    )


def _rule(entry: RuleEntry, when: Condition, file: str) -> Rule:
    return Rule(
        id=entry.id,
        when=when,
        urgency=Urgency[entry.urgency],
        sources=tuple(entry.sources),
        review_by=entry.review_by,
        file=file,
        if_unsure=Urgency[entry.if_unsure] if entry.if_unsure else None,
        within=entry.within,
    )


def _laboratory(entry: LaboratoryEntry) -> Laboratory:
    analytes = {
        a.id: Analyte(a.id, _units(a.si, a.units, _unit), tuple(a.sources)) for a in entry.analytes
    }
    corrections = tuple(
        Correction(c.calcium, c.albumin, Decimal(c.slope), Decimal(c.reference), tuple(c.sources))
        for c in entry.correction
    )
    product = entry.product
    units = tuple(Unit(n, Decimal(u.factor), tuple(u.also)) for n, u in product.units.items())
    systems = {name: unit.of for name, unit in product.units.items()}
    return Laboratory(
        analytes,
        corrections,
        Product(Analyte(product.id, units, tuple(product.sources)), systems),
    )


def _units(
    si: str, units: Mapping[str, UnitEntry], make: Callable[[str, UnitEntry], Unit]
) -> tuple[Unit, ...]:
    return tuple(make(n, u) for n, u in sorted(units.items(), key=lambda pair: pair[0] != si))


def _unit(name: str, entry: UnitEntry) -> Unit:
    return Unit(
        name,
        Decimal(entry.factor),
        tuple(entry.also),
        _limits(entry.hard),
        _limits(entry.soft),
        _limits(entry.range),
    )


def _limits(pair: Sequence[str | None]) -> tuple[Decimal | None, Decimal | None]:
    low, high = (Decimal(x) if x is not None else None for x in pair)
    return low, high
