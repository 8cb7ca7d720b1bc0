"""The pages about calcinosis and the glossary, as values, and how a text marks a glossary term.

A mark is [[term|words]]; this is the one place that knows it. No result rests on a page.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from app.triage.sources import FileEntry, OptionsOfQuestions, UrgencyLevel

_MARK = re.compile(r"\[\[([A-Za-z0-9_-]+)\|([^\[\]|]+)\]\]")


class PageTable(FileEntry):
    """A table in words; every row has a cell for each column."""

    columns: Annotated[list[str], Field(min_length=2)]
    rows: Annotated[list[list[str]], Field(min_length=1)]


class UrgentClaim(FileEntry):
    """What a line says that is to be done in time, and the signs that give at least that level.

    `at` is its place in its section: "text 2", "points 1" or "row 3". Each of `signs`: options by
    question, one of each given together. `no_option`: why no option tells it.
    """

    at: Annotated[str, Field(pattern=r"^(text|points|row) [1-9]\d?$")]
    signs: Sequence[Annotated[OptionsOfQuestions, Field(min_length=1)]] = ()
    urgency: UrgencyLevel | None = None
    no_option: str | None = None


@dataclass(frozen=True, slots=True)
class PageSection:
    """A part of a page: paragraphs, then points, then a table, each of which may be missing."""

    id: str
    heading: str
    text: tuple[str, ...]
    points: tuple[str, ...]
    table: PageTable | None
    sources: tuple[str, ...]
    urgent_claims: tuple[UrgentClaim, ...] = ()

    @property
    def numbered_lines(self) -> Iterator[tuple[str, str]]:
        """Every line as (its place, its text): "text 1", "points 1", "row 1" and so on."""
        rows = self.table.rows if self.table is not None else ()
        for name, texts in (
            ("text", self.text),
            ("points", self.points),
            ("row", [" ".join(row) for row in rows]),
        ):
            yield from ((f"{name} {number}", text) for number, text in enumerate(texts, 1))

    @property
    def markable_texts(self) -> Iterator[str]:
        """Every text that may mark terms, in reading order: all but heading and columns."""
        yield from self.text
        yield from self.points
        for row in self.table.rows if self.table is not None else ():
            yield from row


@dataclass(frozen=True, slots=True)
class LearnPage:
    """One page in one language."""

    id: str
    title: str
    lead: str
    sections: tuple[PageSection, ...]
    related: tuple[str, ...]
    review_by: str

    @property
    def markable_texts(self) -> Iterator[str]:
        """Every text that may mark terms, in reading order: the lead and those of the sections."""
        yield self.lead
        for section in self.sections:
            yield from section.markable_texts

    @property
    def source_ids(self) -> tuple[str, ...]:
        """The sources of all its sections, each once, in order."""
        return tuple(dict.fromkeys(one for part in self.sections for one in part.sources))


@dataclass(frozen=True, slots=True)
class GlossaryTerm:
    """A medical word in plain words; `also` are other forms of it that texts use."""

    id: str
    name: str
    also: tuple[str, ...]
    meaning: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LearnContent:
    """The pages in their order, and the glossary in the order of its names."""

    language: str
    pages: tuple[LearnPage, ...]
    glossary: Mapping[str, GlossaryTerm]

    def find_page(self, page: str) -> LearnPage:
        """The page of this id. Raises KeyError."""
        return {known.id: known for known in self.pages}[page]


def split_term_marks(text: str) -> Iterator[tuple[str, str | None]]:
    """The text in order as (words, glossary term that they point to, or None)."""
    end = 0
    for mark in _MARK.finditer(text):
        if mark.start() > end:
            yield text[end : mark.start()], None
        yield mark.group(2), mark.group(1)
        end = mark.end()
    if end < len(text):
        yield text[end:], None


def strip_term_marks(text: str) -> str:
    """The text without its marks."""
    return "".join(words for words, _ in split_term_marks(text))
