"""The pages about calcinosis and the glossary: reading them, and what must hold between them.

Pages stand in learn.yaml and glossary.yaml, their words in wording/<language>/. It knows no rule
and no answers; it is the one place that knows how a text marks a glossary term: [[term|words]].
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field

from app.rulebook.checks_words import is_urgent_text
from app.rulebook.entries import EntriesById, read_entry
from app.rulebook.faults import FaultLog, WrittenEntry
from app.rulebook.reading import RulebookReader
from app.rulebook.yaml_lines import LinedMapping
from app.triage.learn import (
    GlossaryTerm,
    LearnContent,
    LearnPage,
    PageSection,
    PageTable,
    UrgentClaim,
    split_term_marks,
    strip_term_marks,
)
from app.triage.rulebook import Rulebook
from app.triage.sources import Day, FileEntry, Id, SourceIds
from app.triage.wording import find_placeholders

Entry = TypeVar("Entry", bound=FileEntry)
Words = TypeVar("Words", bound=FileEntry)
PAGES_FILE, GLOSSARY_FILE = "learn.yaml", "glossary.yaml"
LEARN_FILES = frozenset({PAGES_FILE, GLOSSARY_FILE})
"""No result rests on these, so they are not part of the rulebook's hash."""
_NOUNS = {PAGES_FILE: "page", GLOSSARY_FILE: "term"}
GLOSSARY_PAGE = "words"
"""The address of the glossary among the pages, so no page may have this id."""


class SectionEntry(FileEntry):
    id: Id
    sources: SourceIds
    lines: Sequence[UrgentClaim] = ()


class PageEntry(FileEntry):
    id: Id
    sections: Annotated[list[SectionEntry], Field(min_length=1)]
    related: Annotated[list[Id], Field(min_length=1)]
    review_by: Day


class TermEntry(FileEntry):
    id: Id
    sources: SourceIds


class SectionWordsEntry(FileEntry):
    heading: str
    text: Sequence[str] = ()
    points: Sequence[str] = ()
    table: PageTable | None = None


class PageWordsEntry(FileEntry):
    title: str
    lead: str
    sections: dict[str, SectionWordsEntry]


class TermWordsEntry(FileEntry):
    name: str
    meaning: str
    also: Sequence[str] = ()


def read_learn_content(reader: RulebookReader, language: str) -> LearnContent:
    """The pages and the glossary in one language; whatever does not fit is noted as a fault."""
    pages = [
        _build_page(*found)
        for found in _read_with_words(reader, language, PAGES_FILE, PageEntry, PageWordsEntry)
    ]
    terms = [
        GlossaryTerm(at.id, words.name, tuple(words.also), words.meaning, tuple(entry.sources))
        for entry, words, at in _read_with_words(
            reader, language, GLOSSARY_FILE, TermEntry, TermWordsEntry
        )
    ]
    terms.sort(key=lambda term: term.name.lower())
    return LearnContent(language, tuple(pages), {term.id: term for term in terms})


def _read_with_words(
    reader: RulebookReader, language: str, file: str, model: type[Entry], words_model: type[Words]
) -> Iterator[tuple[Entry, Words, WrittenEntry]]:
    """Each entry of the file with its words, and where these stand."""
    words_file = f"wording/{language}/{file}"
    words = reader.faults.read_mapping(words_file)
    ids = []
    for at, entry in reader.read_entries(file, model):
        ids.append(at.id)
        if at.id == GLOSSARY_PAGE and file == PAGES_FILE:
            at.note_fault("is the address of the glossary; choose another id")
        raw, written = words.get(at.id), WrittenEntry(words_file, at.id, words, reader.faults)
        if not isinstance(raw, LinedMapping):
            written.note_fault("has no words; give them as 'key: value' lines", at.id)
        elif given := read_entry(words_model, replace(written, id="file", raw=raw)):
            yield entry, given, written
    for one in words:
        if one not in ids:
            text = f"is no {_NOUNS[file]} of the rulebook; take it out"
            reader.faults.note_fault(words_file, words.line_of(one), one, text)


def _build_page(entry: PageEntry, words: PageWordsEntry, at: WrittenEntry) -> LearnPage:
    needed, sections = [section.id for section in entry.sections], []
    for twice in sorted({one for one in needed if needed.count(one) > 1}):
        at.faults.note_fault(PAGES_FILE, 0, entry.id, f"section '{twice}' stands twice")
    for one in sorted(set(words.sections) - set(needed)):
        at.note_fault(f"words for unknown section '{one}'; take them out", entry.id)
    for section in entry.sections:
        given = words.sections.get(section.id)
        if given is None:
            at.note_fault(f"section '{section.id}' has no words", entry.id)
            continue
        for text in _find_section_faults(given):
            replace(at, id=f"{entry.id}#{section.id}").note_fault(text, entry.id)
        texts, points = tuple(given.text), tuple(given.points)
        sources, claims = tuple(section.sources), tuple(section.lines)
        sections.append(
            PageSection(section.id, given.heading, texts, points, given.table, sources, claims)
        )
    related = tuple(entry.related)
    return LearnPage(entry.id, words.title, words.lead, tuple(sections), related, entry.review_by)


def _find_section_faults(given: SectionWordsEntry) -> Iterator[str]:
    if not (given.text or given.points or given.table):
        yield "says nothing; give 'text', 'points' or 'table'"
    if given.table is not None:
        wide = len(given.table.columns)
        for row in given.table.rows:
            if len(row) != wide:
                yield f"the row '{row[0] if row else ''}' needs {wide} cells, one for each column"


def check_learn_content(learn: LearnContent, rulebook: Rulebook, reader: RulebookReader) -> None:
    """Note every fault between pages, glossary, sources, the region's words and the questions."""
    ids = [page.id for page in learn.pages]
    for page in learn.pages:
        at = reader.where[PageEntry][page.id]
        for one in page.related:
            if one not in ids or one == page.id or page.related.count(one) > 1:
                at.note_fault(f"related '{one}' must be another page, named once: {', '.join(ids)}")
        _check_sources(page.source_ids, rulebook, at)
    for term in learn.glossary.values():
        _check_sources(term.sources, rulebook, reader.where[TermEntry][term.id])
    region_words = next(iter(rulebook.wording[learn.language].regions.values()))
    _check_texts(learn, reader.faults, region_words)
    if any(section.urgent_claims for page in learn.pages for section in page.sections):
        _check_urgent_claims(learn, rulebook, reader.where)  # else an edition before the signs


def _check_sources(given: Sequence[str], rulebook: Rulebook, at: WrittenEntry) -> None:
    for source in given:
        if source not in rulebook.sources:
            at.note_fault(f"unknown source '{source}'; add it to sources.yaml")


def _check_texts(learn: LearnContent, faults: FaultLog, region_words: Collection[str]) -> None:
    allowed = ", ".join(sorted(region_words))
    for name, subject, text, may_mark in _list_all_texts(learn):
        file = f"wording/{learn.language}/{name}"
        found = [
            f"unknown placeholder '{{{one}}}'; allowed: {allowed}"
            for one in sorted(find_placeholders(text) - set(region_words))
        ]
        for words, term in split_term_marks(text):
            if term is not None and term not in learn.glossary:
                found.append(f"'{words}' points to unknown term '{term}'")
            if term is not None and not may_mark:
                found.append(f"'{words}' is marked, but no link can stand here")
        if "[[" in strip_term_marks(text) or "]]" in strip_term_marks(text):
            found.append(f"a mark in '{text}' cannot be read; write [[term|words]]")
        for fault in found:
            faults.note_fault(file, _find_text_line(text, faults.folder / file), subject, fault)


def _check_urgent_claims(learn: LearnContent, rulebook: Rulebook, where: EntriesById) -> None:
    """A line in urgent words names the answers that give its level: tests prove it."""
    for page in learn.pages:
        at = where[PageEntry][page.id]
        if is_urgent_text(page.lead):
            at.note_fault("its lead names a time or a call; say it in a section")
        for section in page.sections:
            for text in _find_claim_faults(section, rulebook):
                replace(at, id=f"{page.id}#{section.id}").note_fault(text)
    for term in learn.glossary.values():
        if is_urgent_text(term.meaning):
            text = "its meaning names a time or a call; say it on a page"
            where[TermEntry][term.id].note_fault(text)


def _find_claim_faults(section: PageSection, rulebook: Rulebook) -> Iterator[str]:
    lines, claims = dict(section.numbered_lines), section.urgent_claims
    for at, text in lines.items():
        if is_urgent_text(text) and at not in [claim.at for claim in claims]:
            yield f"{at} names a time or a call; give it in 'lines', with its signs and 'urgency'"
    for claim in claims:
        if claim.at not in lines:
            yield f"there is no {claim.at}; allowed: {', '.join(lines)}"
        if bool(claim.signs) is not (claim.urgency is not None):
            yield f"{claim.at}: 'signs' and 'urgency' go together"
        if bool(claim.signs) is bool(claim.no_option):
            yield f"{claim.at}: give 'signs', or say why in 'no_option'"
        for question, known in (pair for group in claim.signs for pair in group.items()):
            for option in known:
                if not rulebook.questionnaire.has_option(question, option):
                    yield f"{claim.at}: option '{option}' of question '{question}' does not exist"


def _find_text_line(text: str, file: Path) -> int:
    """The line on which a text begins; a folded one is found by its first words."""
    start = text.lstrip()[:20]
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if start in line), 1)


def _list_all_texts(learn: LearnContent) -> Iterator[tuple[str, str, str, bool]]:
    """Every text: its file, what it belongs to, itself, and whether it may mark terms."""
    for page in learn.pages:
        yield PAGES_FILE, page.id, page.title, False
        yield PAGES_FILE, page.id, page.lead, True
        for section in page.sections:
            subject = f"{page.id}#{section.id}"
            for text in (section.heading, *(section.table.columns if section.table else ())):
                yield PAGES_FILE, subject, text, False
            for text in section.markable_texts:
                yield PAGES_FILE, subject, text, True
    for term in learn.glossary.values():
        for text in (term.name, *term.also, term.meaning):
            yield GLOSSARY_FILE, term.id, text, False
