"""Pages to read: what calcinosis is, what helps, what harms, and every medical word explained.

It numbers sources, sorts pages and marks what warns; it knows no rule and no answer. Who is on a
journey reads the numbers of their region, and keeps the emergency message in sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.presentation.dates import format_day
from app.triage.learn import GlossaryTerm, LearnContent, LearnPage, PageSection, split_term_marks
from app.triage.sources import SourceEntry
from app.web.page_cache import Values, render_cached_page
from app.web.pages import AppContext, app_context

REMEDIES = "home-remedies"
"""The page whose sections of three texts say: what people say, what is known, when it harms."""
GROUPS = {
    "learn.group.first": ("what-is-calcinosis", "when-to-see-a-doctor", "questions-people-ask"),
    "learn.group.more": ("types", "causes", "signs", "look-alikes"),
    "learn.group.place": ("fingers", "face", "arms", "legs", "toes", "other-places"),
    "learn.group.care": (
        "how-it-is-found",
        "treatments",
        REMEDIES,
        "complications",
        "prevention",
    ),
}
"""The pages as the list of pages shows them, each once."""
_KINDS = {"emergency": "emergency", "urgent": "urgent", "do": "do", "do-not": "danger"}
"""Sections that are shown apart, by their id."""


@dataclass(frozen=True, slots=True)
class SectionView:
    """One section as its page shows it."""

    section: PageSection
    kind: str  # "" for plain text, or how it is shown apart
    remedy_texts: tuple[tuple[str, str], ...]  # of a remedy: (what follows, text)
    numbers: tuple[int, ...]  # its sources, by their place in the list of the page


@dataclass(frozen=True, slots=True)
class GlossaryEntry:
    """One word of the glossary, and its sources by their place in the list of the page."""

    term: GlossaryTerm
    numbers: tuple[int, ...]


async def show_learn_index(request: Request) -> Response:
    """GET /learn: all pages, in groups."""
    known = _learn_content(app_context(request))
    groups = {key: [known.find_page(id_) for id_ in ids] for key, ids in GROUPS.items()}
    return _render_reading_page(request, "learn/index.html", "", lambda: {"groups": groups})


async def show_learn_page(request: Request) -> Response:
    """GET /learn/{page}: one of them."""
    context, wanted = app_context(request), request.path_params["page"]
    try:
        found = _learn_content(context).find_page(wanted)
    except KeyError:
        raise HTTPException(status_code=404) from None
    return _render_reading_page(
        request, "learn/page.html", found.id, lambda: _page_values(context, found)
    )


async def show_glossary(request: Request) -> Response:
    """GET /learn/words: the glossary; each term is an anchor."""
    context = app_context(request)
    return _render_reading_page(request, "learn/words.html", "", lambda: _glossary_values(context))


def _render_reading_page(request: Request, template: str, name: str, values: Values) -> Response:
    return render_cached_page(
        request, template, variant=(name,), values=lambda: {**values(), "pieces": split_term_marks}
    )


def _page_values(context: AppContext, found: LearnPage) -> Mapping[str, object]:
    known, numbers = _learn_content(context), _number_sources(found.source_ids)
    return {
        "page": found,
        "parts": [_build_section_view(found, section, numbers) for section in found.sections],
        "related": [known.find_page(id_) for id_ in found.related],
        "sources": _sources_in_order(context, numbers),
        "review_by": format_day(date.fromisoformat(found.review_by), context.language),
        "approved": bool(context.rulebook.approvals),
    }


def _build_section_view(
    found: LearnPage, section: PageSection, numbers: Mapping[str, int]
) -> SectionView:
    kind = _KINDS.get(section.id, "")
    remedy_texts: tuple[tuple[str, str], ...] = ()
    if found.id == REMEDIES and len(section.text) == 3:
        kind = "remedy"
        remedy_texts = tuple(_split_label(text) for text in section.text)
    return SectionView(section, kind, remedy_texts, _cited_numbers(section.sources, numbers))


def _split_label(text: str) -> tuple[str, str]:
    """(What the text says it tells, the text itself)."""
    name, _, rest = text.partition(": ")
    return name, rest


def _glossary_values(context: AppContext) -> Mapping[str, object]:
    terms = _learn_content(context).glossary.values()
    numbers = _number_sources(id_ for term in terms for id_ in term.sources)
    letters: dict[str, list[GlossaryEntry]] = {}
    for term in terms:
        entry = GlossaryEntry(term, _cited_numbers(term.sources, numbers))
        letters.setdefault(term.name[0].upper(), []).append(entry)
    return {
        "letters": letters,
        "sources": _sources_in_order(context, numbers),
        "approved": bool(context.rulebook.approvals),
    }


def _number_sources(sources: Iterable[str]) -> dict[str, int]:
    """Each source with its number, from 1, in the order in which they first come."""
    return {id_: number for number, id_ in enumerate(dict.fromkeys(sources), 1)}


def _cited_numbers(sources: Iterable[str], numbers: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sorted(numbers[id_] for id_ in sources))


def _sources_in_order(context: AppContext, numbers: Mapping[str, int]) -> list[SourceEntry]:
    return [context.rulebook.sources[id_] for id_ in numbers]


def _learn_content(context: AppContext) -> LearnContent:
    return context.rulebook.learn[context.language]
