"""The pages about calcinosis and the glossary: reading them, and what must hold between them.

Pages stand in learn.yaml and glossary.yaml, their words in wording/<language>/. It knows no rule
and no answers; it is the one place that knows how a text marks a glossary term: [[term|words]].
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from app.rulebook.entries import EntriesById, read_entry
from app.rulebook.faults import FaultLog
from app.rulebook.reading import EntryModel, RulebookReader
from app.rulebook.urgent_words import is_urgent_text
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
from app.triage.sources import FileEntry
from app.triage.value_types import Day, Id, OptionsOfQuestions, SourceIds, UrgencyLevel
from app.triage.wording import find_placeholders

PAGES_FILE, GLOSSARY_FILE = "learn.yaml", "glossary.yaml"
LEARN_FILES = frozenset({PAGES_FILE, GLOSSARY_FILE})
"""No result rests on these, so they are not part of the rulebook's hash."""
GLOSSARY_PAGE = "words"
"""The address of the glossary among the pages, so no page may have this id."""


class LineEntry(FileEntry):
    """What a line with a time or a call rests on; `at` is "text 2", "points 1" or "row 3".

    Each of `signs` is options by question, one of each given together.
    """

    at: Annotated[str, Field(pattern=r"^(text|points|row) [1-9]\d?$")]
    signs: Sequence[Annotated[OptionsOfQuestions, Field(min_length=1)]] = ()
    urgency: UrgencyLevel | None = None
    no_option: str | None = None


class SectionEntry(FileEntry):
    id: Id
    sources: SourceIds
    lines: Sequence[LineEntry] = ()


class PageEntry(FileEntry):
    id: Id
    sections: Annotated[list[SectionEntry], Field(min_length=1)]
    related: Annotated[list[Id], Field(min_length=1)]
    review_by: Day


class TermEntry(FileEntry):
    id: Id
    sources: SourceIds


class TableWordsEntry(FileEntry):
    columns: Annotated[list[str], Field(min_length=2)]
    rows: Annotated[list[list[str]], Field(min_length=1)]


class SectionWordsEntry(FileEntry):
    heading: str
    text: Sequence[str] = ()
    points: Sequence[str] = ()
    table: TableWordsEntry | None = None


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
    pages = _read_pages(reader, f"wording/{language}/{PAGES_FILE}")
    terms = _read_terms(reader, f"wording/{language}/{GLOSSARY_FILE}")
    terms.sort(key=lambda term: term.name.lower())
    return LearnContent(language, tuple(pages), {term.id: term for term in terms})


def check_learn_content(
    learn: LearnContent,
    faults: FaultLog,
    where: EntriesById,
    sources: Collection[str],
    region_words: Collection[str],
    options: Mapping[str, Collection[str]],
) -> None:
    """Note every fault between pages, glossary, sources, the region's words and the questions.

    `options`: every option by question.
    """
    ids = [page.id for page in learn.pages]
    for page in learn.pages:
        file, line = PAGES_FILE, where[PageEntry][page.id].start_line
        for one in page.related:
            if one not in ids or one == page.id or page.related.count(one) > 1:
                text = f"related '{one}' must be another page, named once: {', '.join(ids)}"
                faults.note_fault(file, line, page.id, text)
        _check_sources(page.source_ids, sources, file, line, page.id, faults)
    for term in learn.glossary.values():
        file, line = GLOSSARY_FILE, where[TermEntry][term.id].start_line
        _check_sources(term.sources, sources, file, line, term.id, faults)
    _check_texts(learn, faults, region_words)
    _check_urgent_claims(learn, faults, where, options)


def _read_pages(reader: RulebookReader, words_file: str) -> list[LearnPage]:
    words = reader.faults.read_mapping(words_file)
    found, ids = [], []
    for at, entry in reader.read_entries(PAGES_FILE, PageEntry):
        ids.append(entry.id)
        if entry.id == GLOSSARY_PAGE:
            text = "is the address of the glossary; choose another id"
            reader.faults.note_fault(PAGES_FILE, at.start_line, entry.id, text)
        given = _read_entry_words(PageWordsEntry, words, entry.id, words_file, reader.faults)
        if given is not None:
            found.append(
                _build_page(entry, given, words_file, words.line_of(entry.id), reader.faults)
            )
    _check_surplus_words(words, ids, words_file, "page", reader.faults)
    return found


def _build_page(
    entry: PageEntry, words: PageWordsEntry, file: str, line: int, faults: FaultLog
) -> LearnPage:
    needed, sections = [section.id for section in entry.sections], []
    for twice in sorted({one for one in needed if needed.count(one) > 1}):
        faults.note_fault(PAGES_FILE, 0, entry.id, f"section '{twice}' stands twice")
    for one in sorted(set(words.sections) - set(needed)):
        faults.note_fault(file, line, entry.id, f"words for unknown section '{one}'; take them out")
    for section in entry.sections:
        given = words.sections.get(section.id)
        if given is None:
            faults.note_fault(file, line, entry.id, f"section '{section.id}' has no words")
            continue
        _check_section_words(given, file, line, f"{entry.id}#{section.id}", faults)
        sections.append(_build_section(section, given))
    related = tuple(entry.related)
    return LearnPage(entry.id, words.title, words.lead, tuple(sections), related, entry.review_by)


def _check_section_words(
    given: SectionWordsEntry, file: str, line: int, subject: str, faults: FaultLog
) -> None:
    if not (given.text or given.points or given.table):
        faults.note_fault(file, line, subject, "says nothing; give 'text', 'points' or 'table'")
    if given.table is not None:
        wide = len(given.table.columns)
        for row in given.table.rows:
            if len(row) != wide:
                text = f"the row '{row[0] if row else ''}' needs {wide} cells, one for each column"
                faults.note_fault(file, line, subject, text)


def _build_section(entry: SectionEntry, words: SectionWordsEntry) -> PageSection:
    table = None
    if words.table is not None:
        table = PageTable(tuple(words.table.columns), tuple(tuple(row) for row in words.table.rows))
    text, points = tuple(words.text), tuple(words.points)
    promises = tuple(
        UrgentClaim(
            line.at,
            tuple({q: tuple(known) for q, known in group.items()} for group in line.signs),
            line.urgency,
            line.no_option,
        )
        for line in entry.lines
    )
    return PageSection(entry.id, words.heading, text, points, table, tuple(entry.sources), promises)


def _read_terms(reader: RulebookReader, words_file: str) -> list[GlossaryTerm]:
    words = reader.faults.read_mapping(words_file)
    found, ids = [], []
    for _, entry in reader.read_entries(GLOSSARY_FILE, TermEntry):
        ids.append(entry.id)
        given = _read_entry_words(TermWordsEntry, words, entry.id, words_file, reader.faults)
        if given is not None:
            sources, also = tuple(entry.sources), tuple(given.also)
            found.append(GlossaryTerm(entry.id, given.name, also, given.meaning, sources))
    _check_surplus_words(words, ids, words_file, "term", reader.faults)
    return found


def _read_entry_words(
    model: type[EntryModel], words: LinedMapping, name: str, file: str, faults: FaultLog
) -> EntryModel | None:
    raw = words.get(name)
    if not isinstance(raw, LinedMapping):
        faults.note_fault(
            file, words.line_of(name), name, "has no words; give them as 'key: value' lines"
        )
        return None
    return read_entry(model, raw, file, faults)


def _check_surplus_words(
    words: LinedMapping, ids: Collection[str], file: str, what: str, faults: FaultLog
) -> None:
    for one in words:
        if one not in ids:
            faults.note_fault(
                file, words.line_of(one), one, f"is no {what} of the rulebook; take it out"
            )


def _check_sources(
    given: Sequence[str],
    known: Collection[str],
    file: str,
    line: int,
    subject: str,
    faults: FaultLog,
) -> None:
    for source in given:
        if source not in known:
            text = f"unknown source '{source}'; add it to sources.yaml"
            faults.note_fault(file, line, subject, text)


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


def _check_urgent_claims(
    learn: LearnContent,
    faults: FaultLog,
    where: EntriesById,
    options: Mapping[str, Collection[str]],
) -> None:
    """A line in urgent words names the answers that give its level: tests prove it."""
    if not any(section.urgent_claims for page in learn.pages for section in page.sections):
        return  # an edition before the signs
    for page in learn.pages:
        at = where[PageEntry][page.id].start_line
        if is_urgent_text(page.lead):
            faults.note_fault(
                PAGES_FILE, at, page.id, "its lead names a time or a call; say it in a section"
            )
        for section in page.sections:
            for text in _find_claim_faults(section, options):
                faults.note_fault(PAGES_FILE, at, f"{page.id}#{section.id}", text)
    for term in learn.glossary.values():
        if is_urgent_text(term.meaning):
            text = "its meaning names a time or a call; say it on a page"
            faults.note_fault(GLOSSARY_FILE, where[TermEntry][term.id].start_line, term.id, text)


def _find_claim_faults(
    section: PageSection, options: Mapping[str, Collection[str]]
) -> Iterator[str]:
    lines = dict(section.numbered_lines)
    claimed_places = {promise.at for promise in section.urgent_claims}
    for at, text in lines.items():
        if is_urgent_text(text) and at not in claimed_places:
            yield f"{at} names a time or a call; give it in 'lines', with its signs and 'urgency'"
    for promise in section.urgent_claims:
        if promise.at not in lines:
            yield f"there is no {promise.at}; allowed: {', '.join(lines)}"
        if bool(promise.signs) is not (promise.urgency is not None):
            yield f"{promise.at}: 'signs' and 'urgency' go together"
        if bool(promise.signs) is bool(promise.no_option):
            yield f"{promise.at}: give 'signs', or say why in 'no_option'"
        for question, option in (
            (question, option)
            for group in promise.signs
            for question, known in group.items()
            for option in known
        ):
            if option not in options.get(question, ()):
                yield f"{promise.at}: option '{option}' of question '{question}' does not exist"


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
