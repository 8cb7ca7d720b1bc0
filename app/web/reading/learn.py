"""Pages to read: what calcinosis is, what helps, what harms, and every medical word explained.

It numbers sources, sorts pages and marks what warns; it knows no rule and no answer. Who is on a
journey reads the numbers of their region, and keeps the emergency message in sight.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.presentation.dates import format_day
from app.triage.learn import GlossaryTerm, LearnPage, split_term_marks
from app.web.page_cache import Values, render_cached_page
from app.web.pages import AppContext, app_context

REMEDIES = "home-remedies"
"""The page whose sections of three texts say: what people say, what is known, when it harms."""
GROUPS = {
    "learn.group.first": ("what-is-calcinosis", "when-to-see-a-doctor", "questions-people-ask"),
    "learn.group.more": ("types", "causes", "signs", "look-alikes"),
    "learn.group.place": ("fingers", "face", "arms", "legs", "toes", "other-places"),
    "learn.group.care": (
        *("how-it-is-found", "treatments", REMEDIES, "complications", "prevention"),
    ),
}
"""The pages as the list of pages shows them, each once."""
_KINDS = {"emergency": "emergency", "urgent": "urgent", "do": "do", "do-not": "danger"}
"""Sections that are shown apart, by their id."""


async def show_learn_index(request: Request) -> Response:
    """GET /learn: all pages, in groups."""
    context = app_context(request)
    known = context.rulebook.learn[context.language]
    groups = {key: [known.find_page(id_) for id_ in ids] for key, ids in GROUPS.items()}
    return _render_reading_page(request, "learn/index.html", "", lambda: {"groups": groups})


async def show_learn_page(request: Request) -> Response:
    """GET /learn/{page}: one of them."""
    context, wanted = app_context(request), request.path_params["page"]
    try:
        found = context.rulebook.learn[context.language].find_page(wanted)
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
    known = context.rulebook.learn[context.language]
    kinds = {section.id: _KINDS.get(section.id, "") for section in found.sections}
    if found.id == REMEDIES:
        kinds |= {s.id: "remedy" for s in found.sections if len(s.text) == 3}
    return {
        "page": found,
        "kinds": kinds,
        "related": [known.find_page(id_) for id_ in found.related],
        "review_by": format_day(date.fromisoformat(found.review_by), context.language),
        **_source_values(context, found.source_ids),
    }


def _glossary_values(context: AppContext) -> Mapping[str, object]:
    terms = context.rulebook.learn[context.language].glossary.values()
    letters: dict[str, list[GlossaryTerm]] = {}
    for term in terms:
        letters.setdefault(term.name[0].upper(), []).append(term)
    return {
        "letters": letters,
        **_source_values(context, (id_ for term in terms for id_ in term.sources)),
    }


def _source_values(context: AppContext, sources: Iterable[str]) -> Mapping[str, object]:
    """The sources in the order in which they first come, and what numbers them, from 1."""
    numbers = {id_: number for number, id_ in enumerate(dict.fromkeys(sources), 1)}
    return {
        "sources": [context.rulebook.sources[id_] for id_ in numbers],
        "cite": lambda ids: sorted(numbers[id_] for id_ in ids),
        "approved": bool(context.rulebook.approvals),
    }
