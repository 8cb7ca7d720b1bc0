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
from starlette.routing import Route

from app.triage.learn import GLOSSARY_PAGE, Learn, Page, Section, Term, pieces
from app.triage.loading.shapes import SourceEntry
from app.web.pages import LANGUAGE, Floor, floor
from app.web.still import Values, still

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
class Part:
    """One section as its page shows it."""

    section: Section
    kind: str  # "" for plain text, or how it is shown apart
    told: tuple[tuple[str, str], ...]  # of a remedy: (what follows, text)
    numbers: tuple[int, ...]  # its sources, by their place in the list of the page


@dataclass(frozen=True, slots=True)
class Entry:
    """One word of the glossary, and its sources by their place in the list of the page."""

    term: Term
    numbers: tuple[int, ...]


def routes() -> list[Route]:
    """The pages to read."""
    return [
        Route("/learn", index, methods=["GET"]),
        Route(f"/learn/{GLOSSARY_PAGE}", words, methods=["GET"]),
        Route("/learn/{page}", page, methods=["GET"]),
    ]


async def index(request: Request) -> Response:
    """GET /learn: all pages, in groups."""
    known = _learn(floor(request))
    groups = {key: [known.page(id_) for id_ in ids] for key, ids in GROUPS.items()}
    return _reading(request, "learn/index.html", "", lambda: {"groups": groups})


async def page(request: Request) -> Response:
    """GET /learn/{page}: one of them."""
    here, wanted = floor(request), request.path_params["page"]
    try:
        found = _learn(here).page(wanted)
    except KeyError:
        raise HTTPException(status_code=404) from None
    return _reading(request, "learn/page.html", found.id, lambda: _page_values(here, found))


async def words(request: Request) -> Response:
    """GET /learn/words: the glossary; each term is an anchor."""
    here = floor(request)
    return _reading(request, "learn/words.html", "", lambda: _glossary_values(here))


def _reading(request: Request, template: str, name: str, values: Values) -> Response:
    return still(request, template, name=name, values=lambda: {**values(), "pieces": pieces})


def _page_values(here: Floor, found: Page) -> Mapping[str, object]:
    known, numbers = _learn(here), _numbered(found.sources)
    return {
        "page": found,
        "parts": [_part(found, section, numbers) for section in found.sections],
        "related": [known.page(id_) for id_ in found.related],
        "sources": _sources(here, numbers),
        "review_by": spoken_day(here, found.review_by),
        "approved": bool(here.rulebook.approvals),
    }


def _part(found: Page, section: Section, numbers: Mapping[str, int]) -> Part:
    kind = _KINDS.get(section.id, "")
    told: tuple[tuple[str, str], ...] = ()
    if found.id == REMEDIES and len(section.text) == 3:
        kind = "remedy"
        told = tuple(_named(text) for text in section.text)
    return Part(section, kind, told, _cited(section.sources, numbers))


def _named(text: str) -> tuple[str, str]:
    """(What the text says it tells, the text itself)."""
    name, _, rest = text.partition(": ")
    return name, rest


def _glossary_values(here: Floor) -> Mapping[str, object]:
    terms = _learn(here).glossary.values()
    numbers = _numbered(id_ for term in terms for id_ in term.sources)
    letters: dict[str, list[Entry]] = {}
    for term in terms:
        entry = Entry(term, _cited(term.sources, numbers))
        letters.setdefault(term.name[0].upper(), []).append(entry)
    return {
        "letters": letters,
        "sources": _sources(here, numbers),
        "approved": bool(here.rulebook.approvals),
    }


def _numbered(sources: Iterable[str]) -> dict[str, int]:
    """Each source with its number, from 1, in the order in which they first come."""
    return {id_: number for number, id_ in enumerate(dict.fromkeys(sources), 1)}


def _cited(sources: Iterable[str], numbers: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sorted(numbers[id_] for id_ in sources))


def _sources(here: Floor, numbers: Mapping[str, int]) -> list[SourceEntry]:
    return [here.rulebook.sources[id_] for id_ in numbers]


def spoken_day(here: Floor, day: str) -> str:
    """A day such as "2027-11-20" as people say it."""
    when, spoken = date.fromisoformat(day), here.words.pages
    month = spoken["learn.months"].split()[when.month - 1]
    return here.words.fill(
        spoken["learn.day"], {}, day=str(when.day), month=month, year=str(when.year)
    )


def _learn(here: Floor) -> Learn:
    return here.rulebook.learn[LANGUAGE]
