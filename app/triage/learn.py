"""The pages about calcinosis and the glossary: reading them, and what must hold between them.

Pages stand in learn.yaml and glossary.yaml, their words in wording/<language>/. It knows no rule
and no answers; it is the one place that knows how a text marks a glossary term: [[term|words]].
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from app.triage.loading.faults import Faults
from app.triage.loading.kinds import Day, Id, OptionsOfQuestions, SourceIds, UrgencyName
from app.triage.loading.lined import Lined
from app.triage.loading.reading import Model, Reader
from app.triage.loading.shapes import Entry, Where, read_entry
from app.triage.loading.urgent import is_urgent
from app.triage.terms import Urgency
from app.triage.wording import placeholders

PAGES, GLOSSARY = "learn.yaml", "glossary.yaml"
LEARN_FILES = frozenset({PAGES, GLOSSARY})
"""No result rests on these, so they are not part of the rulebook's hash."""
GLOSSARY_PAGE = "words"
"""The address of the glossary among the pages, so no page may have this id."""
_MARK = re.compile(r"\[\[([A-Za-z0-9_-]+)\|([^\[\]|]+)\]\]")


class LineEntry(Entry):
    """What a line with a time or a call rests on; `at` is "text 2", "points 1" or "row 3".

    Each of `signs` is options by question, one of each given together.
    """

    at: Annotated[str, Field(pattern=r"^(text|points|row) [1-9]\d?$")]
    signs: Sequence[Annotated[OptionsOfQuestions, Field(min_length=1)]] = ()
    urgency: UrgencyName | None = None
    no_option: str | None = None


class SectionEntry(Entry):
    id: Id
    sources: SourceIds
    lines: Sequence[LineEntry] = ()


class PageEntry(Entry):
    id: Id
    sections: Annotated[list[SectionEntry], Field(min_length=1)]
    related: Annotated[list[Id], Field(min_length=1)]
    review_by: Day


class TermEntry(Entry):
    id: Id
    sources: SourceIds


class TableWordsEntry(Entry):
    columns: Annotated[list[str], Field(min_length=2)]
    rows: Annotated[list[list[str]], Field(min_length=1)]


class SectionWordsEntry(Entry):
    heading: str
    text: Sequence[str] = ()
    points: Sequence[str] = ()
    table: TableWordsEntry | None = None


class PageWordsEntry(Entry):
    title: str
    lead: str
    sections: dict[str, SectionWordsEntry]


class TermWordsEntry(Entry):
    name: str
    meaning: str
    also: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table in words; every row has a cell for each column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """What a line says that is to be done in time, and the signs that give at least that level.

    `at` is the place of the line in its section. Each of `signs`: options by question, one of each
    given together. `no_option`: why no option tells it.
    """

    at: str
    signs: tuple[Mapping[str, tuple[str, ...]], ...]
    urgency: Urgency | None
    no_option: str | None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: paragraphs, then points, then a table, each of which may be missing."""

    id: str
    heading: str
    text: tuple[str, ...]
    points: tuple[str, ...]
    table: Table | None
    sources: tuple[str, ...]
    promises: tuple[Promise, ...] = ()

    @property
    def lines(self) -> Iterator[tuple[str, str]]:
        """Every line as (its place, its text): "text 1", "points 1", "row 1" and so on."""
        rows = self.table.rows if self.table is not None else ()
        for name, texts in (
            ("text", self.text),
            ("points", self.points),
            ("row", [" ".join(row) for row in rows]),
        ):
            yield from ((f"{name} {number}", text) for number, text in enumerate(texts, 1))

    @property
    def texts(self) -> Iterator[str]:
        """Every text that may mark terms, in reading order: all but heading and columns."""
        yield from self.text
        yield from self.points
        for row in self.table.rows if self.table is not None else ():
            yield from row


@dataclass(frozen=True, slots=True)
class Page:
    """One page in one language."""

    id: str
    title: str
    lead: str
    sections: tuple[Section, ...]
    related: tuple[str, ...]
    review_by: str

    @property
    def texts(self) -> Iterator[str]:
        """Every text that may mark terms, in reading order: the lead and those of the sections."""
        yield self.lead
        for section in self.sections:
            yield from section.texts

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of all its sections, each once, in order."""
        return tuple(dict.fromkeys(one for part in self.sections for one in part.sources))


@dataclass(frozen=True, slots=True)
class Term:
    """A medical word in plain words; `also` are other forms of it that texts use."""

    id: str
    name: str
    also: tuple[str, ...]
    meaning: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Learn:
    """The pages in their order, and the glossary in the order of its names."""

    language: str
    pages: tuple[Page, ...]
    glossary: Mapping[str, Term]

    def page(self, page: str) -> Page:
        """The page of this id. Raises KeyError."""
        try:
            return next(p for p in self.pages if p.id == page)
        except StopIteration:
            raise KeyError(page) from None


def pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """The text in order as (words, glossary term that they point to, or None)."""
    end = 0
    for mark in _MARK.finditer(text):
        if mark.start() > end:
            yield text[end : mark.start()], None
        yield mark.group(2), mark.group(1)
        end = mark.end()
    if end < len(text):
        yield text[end:], None


def plain(text: str) -> str:
    """The text without its marks."""
    return "".join(words for words, _ in pieces(text))


def read_learn(reader: Reader, language: str) -> Learn:
    """The pages and the glossary in one language; whatever does not fit is noted as a fault."""
    pages = _pages(reader, f"wording/{language}/{PAGES}")
    terms = _terms(reader, f"wording/{language}/{GLOSSARY}")
    terms.sort(key=lambda term: term.name.lower())
    return Learn(language, tuple(pages), {term.id: term for term in terms})


def check_learn(
    learn: Learn,
    faults: Faults,
    where: Where,
    sources: Collection[str],
    region_words: Collection[str],
    options: Mapping[str, Collection[str]],
) -> None:
    """Note every fault between pages, glossary, sources, the region's words and the questions.

    `options`: every option by question.
    """
    ids = [page.id for page in learn.pages]
    for page in learn.pages:
        file, line = PAGES, where[PageEntry][page.id].line
        for one in page.related:
            if one not in ids or one == page.id or page.related.count(one) > 1:
                text = f"related '{one}' must be another page, named once: {', '.join(ids)}"
                faults.add(file, line, page.id, text)
        _sources_exist(page.sources, sources, file, line, page.id, faults)
    for term in learn.glossary.values():
        file, line = GLOSSARY, where[TermEntry][term.id].line
        _sources_exist(term.sources, sources, file, line, term.id, faults)
    _check_texts(learn, faults, region_words)
    _check_promises(learn, faults, where, options)


def _pages(reader: Reader, words_file: str) -> list[Page]:
    words = reader.faults.read_mapping(words_file)
    found, ids = [], []
    for at, entry in reader.entries(PAGES, PageEntry):
        ids.append(entry.id)
        if entry.id == GLOSSARY_PAGE:
            text = "is the address of the glossary; choose another id"
            reader.faults.add(PAGES, at.line, entry.id, text)
        given = _words_of(PageWordsEntry, words, entry.id, words_file, reader.faults)
        if given is not None:
            found.append(_page(entry, given, words_file, words.line_of(entry.id), reader.faults))
    _no_others(words, ids, words_file, "page", reader.faults)
    return found


def _page(entry: PageEntry, words: PageWordsEntry, file: str, line: int, faults: Faults) -> Page:
    needed, sections = [section.id for section in entry.sections], []
    for twice in sorted({one for one in needed if needed.count(one) > 1}):
        faults.add(PAGES, 0, entry.id, f"section '{twice}' stands twice")
    for one in sorted(set(words.sections) - set(needed)):
        faults.add(file, line, entry.id, f"words for unknown section '{one}'; take them out")
    for section in entry.sections:
        given = words.sections.get(section.id)
        if given is None:
            faults.add(file, line, entry.id, f"section '{section.id}' has no words")
            continue
        _whole(given, file, line, f"{entry.id}#{section.id}", faults)
        sections.append(_section(section, given))
    related = tuple(entry.related)
    return Page(entry.id, words.title, words.lead, tuple(sections), related, entry.review_by)


def _whole(given: SectionWordsEntry, file: str, line: int, subject: str, faults: Faults) -> None:
    if not (given.text or given.points or given.table):
        faults.add(file, line, subject, "says nothing; give 'text', 'points' or 'table'")
    if given.table is not None:
        wide = len(given.table.columns)
        for row in given.table.rows:
            if len(row) != wide:
                text = f"the row '{row[0] if row else ''}' needs {wide} cells, one for each column"
                faults.add(file, line, subject, text)


def _section(entry: SectionEntry, words: SectionWordsEntry) -> Section:
    table = None
    if words.table is not None:
        table = Table(tuple(words.table.columns), tuple(tuple(row) for row in words.table.rows))
    text, points = tuple(words.text), tuple(words.points)
    promises = tuple(
        Promise(
            line.at,
            tuple({q: tuple(known) for q, known in group.items()} for group in line.signs),
            Urgency[line.urgency] if line.urgency else None,
            line.no_option,
        )
        for line in entry.lines
    )
    return Section(entry.id, words.heading, text, points, table, tuple(entry.sources), promises)


def _terms(reader: Reader, words_file: str) -> list[Term]:
    words = reader.faults.read_mapping(words_file)
    found, ids = [], []
    for _, entry in reader.entries(GLOSSARY, TermEntry):
        ids.append(entry.id)
        given = _words_of(TermWordsEntry, words, entry.id, words_file, reader.faults)
        if given is not None:
            sources, also = tuple(entry.sources), tuple(given.also)
            found.append(Term(entry.id, given.name, also, given.meaning, sources))
    _no_others(words, ids, words_file, "term", reader.faults)
    return found


def _words_of(
    model: type[Model], words: Lined, name: str, file: str, faults: Faults
) -> Model | None:
    raw = words.get(name)
    if not isinstance(raw, Lined):
        faults.add(file, words.line_of(name), name, "has no words; give them as 'key: value' lines")
        return None
    return read_entry(model, raw, file, faults)


def _no_others(words: Lined, ids: Collection[str], file: str, what: str, faults: Faults) -> None:
    for one in words:
        if one not in ids:
            faults.add(file, words.line_of(one), one, f"is no {what} of the rulebook; take it out")


def _sources_exist(
    given: Sequence[str],
    known: Collection[str],
    file: str,
    line: int,
    subject: str,
    faults: Faults,
) -> None:
    for source in given:
        if source not in known:
            text = f"unknown source '{source}'; add it to sources.yaml"
            faults.add(file, line, subject, text)


def _check_texts(learn: Learn, faults: Faults, region_words: Collection[str]) -> None:
    allowed = ", ".join(sorted(region_words))
    for name, subject, text, may_mark in _all_texts(learn):
        file = f"wording/{learn.language}/{name}"
        found = [
            f"unknown placeholder '{{{one}}}'; allowed: {allowed}"
            for one in sorted(placeholders(text) - set(region_words))
        ]
        for words, term in pieces(text):
            if term is not None and term not in learn.glossary:
                found.append(f"'{words}' points to unknown term '{term}'")
            if term is not None and not may_mark:
                found.append(f"'{words}' is marked, but no link can stand here")
        if "[[" in plain(text) or "]]" in plain(text):
            found.append(f"a mark in '{text}' cannot be read; write [[term|words]]")
        for fault in found:
            faults.add(file, _line_of(text, faults.folder / file), subject, fault)


def _check_promises(
    learn: Learn, faults: Faults, where: Where, options: Mapping[str, Collection[str]]
) -> None:
    """A line in urgent words names the answers that give its level: tests prove it."""
    if not any(section.promises for page in learn.pages for section in page.sections):
        return  # an edition before the signs
    for page in learn.pages:
        at = where[PageEntry][page.id].line
        if is_urgent(page.lead):
            faults.add(PAGES, at, page.id, "its lead names a time or a call; say it in a section")
        for section in page.sections:
            for text in _faults_of_promises(section, options):
                faults.add(PAGES, at, f"{page.id}#{section.id}", text)
    for term in learn.glossary.values():
        if is_urgent(term.meaning):
            text = "its meaning names a time or a call; say it on a page"
            faults.add(GLOSSARY, where[TermEntry][term.id].line, term.id, text)


def _faults_of_promises(section: Section, options: Mapping[str, Collection[str]]) -> Iterator[str]:
    lines = dict(section.lines)
    kept = {promise.at for promise in section.promises}
    for at, text in lines.items():
        if is_urgent(text) and at not in kept:
            yield f"{at} names a time or a call; give it in 'lines', with its signs and 'urgency'"
    for promise in section.promises:
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


def _line_of(text: str, file: Path) -> int:
    """The line on which a text begins; a folded one is found by its first words."""
    start = text.lstrip()[:20]
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if start in line), 1)


def _all_texts(learn: Learn) -> Iterator[tuple[str, str, str, bool]]:
    """Every text: its file, what it belongs to, itself, and whether it may mark terms."""
    for page in learn.pages:
        yield PAGES, page.id, page.title, False
        yield PAGES, page.id, page.lead, True
        for section in page.sections:
            subject = f"{page.id}#{section.id}"
            for text in (section.heading, *(section.table.columns if section.table else ())):
                yield PAGES, subject, text, False
            for text in section.texts:
                yield PAGES, subject, text, True
    for term in learn.glossary.values():
        for text in (term.name, *term.also, term.meaning):
            yield GLOSSARY, term.id, text, False
