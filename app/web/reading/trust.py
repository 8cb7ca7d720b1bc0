"""Pages for whoever wants to check us: every rule, every source, the drawing, and accessibility.

All of it is read from the rulebook that answers people; nothing is told here that does not run.
It judges no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.documents.drawing import draw
from app.triage.conditions import Condition
from app.triage.explain import in_words
from app.triage.loading.shapes import SourceEntry
from app.triage.rules import Rule
from app.triage.terms import NOT_CALCINOSIS, TYPES, Urgency
from app.triage.types import Conflict, EvidenceLine
from app.web.pages import LANGUAGE, Floor, filler, floor
from app.web.reading.learn import spoken_day
from app.web.still import answer, kept, still

STRENGTHS = {
    "guideline": "rules.strength.guideline",
    "national_page": "rules.strength.national_page",
    "systematic_review": "rules.strength.systematic_review",
    "cohort": "rules.strength.cohort",
    "case_series": "rules.strength.case_series",
    "case_report": "rules.strength.case_report",
    "review": "rules.strength.review",
    "textbook": "rules.strength.textbook",
    "charity_page": "rules.strength.charity_page",
    "patient_leaflet": "rules.strength.patient_leaflet",
    "reference_table": "rules.strength.reference_table",
    "laboratory": "rules.strength.laboratory",
    "expert": "rules.strength.expert",
    "source_document": "rules.strength.source_document",
}
"""The kinds of sources, the strongest first, with the key of their heading."""
WEIGHTS = {1: "rules.weight.weak", 2: "rules.weight.medium", 3: "rules.weight.strong"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a condition in words, with the lines that belong below it."""

    text: str
    below: list[Line] = field(default_factory=list)


class Told(NamedTuple):
    """A rule, a line of evidence or a conflict, with its condition in words and its sources."""

    of: Rule | EvidenceLine | Conflict
    condition: list[Line]
    sources: list[SourceEntry]
    review_by: str = ""
    only_with: list[Line] | None = None


class Speaking(NamedTuple):
    """That a line of evidence speaks for or against a type, and how much."""

    line: EvidenceLine
    strength: str  # key of its words


def routes() -> list[Route]:
    """The pages for whoever wants to check us."""
    return [
        Route("/rules", rules, methods=["GET"]),
        Route("/rules/types", types, methods=["GET"]),
        Route("/rules/evidence", evidence, methods=["GET"]),
        Route("/rules/look-alikes", look_alikes, methods=["GET"]),
        Route("/rules/sources", sources, methods=["GET"]),
        Route("/rules/flow.svg", flow, methods=["GET"]),
        Route("/accessibility", accessibility, methods=["GET"]),
    ]


async def rules(request: Request) -> Response:
    """GET /rules: every urgency rule in words, the most urgent first."""
    here = floor(request)
    return still(request, "trust/rules.html", values=lambda: _rules_values(here))


async def types(request: Request) -> Response:
    """GET /rules/types: what speaks for and against each type."""
    here = floor(request)
    return still(request, "trust/types.html", values=lambda: _types_values(here))


async def evidence(request: Request) -> Response:
    """GET /rules/evidence: every line of evidence, with its condition and its sources."""
    here = floor(request)
    return still(request, "trust/evidence.html", values=lambda: _evidence_values(here))


async def look_alikes(request: Request) -> Response:
    """GET /rules/look-alikes: what else it may be, and which answers fit that."""
    here = floor(request)
    return still(request, "trust/look_alikes.html", values=lambda: _look_alikes_values(here))


async def sources(request: Request) -> Response:
    """GET /rules/sources: every source, by its kind."""
    here = floor(request)
    return still(request, "trust/sources.html", values=lambda: _sources_values(here))


async def flow(request: Request) -> Response:
    """GET /rules/flow.svg: the questions and rules as a picture."""
    here = floor(request)
    headers = {"Cache-Control": "no-cache", "ETag": f'"{here.rulebook.sha256[:16]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    picture = kept(here, ("flow.svg", "", ""), lambda: draw(here.rulebook, LANGUAGE))
    return answer(request, picture, headers | {"Content-Type": "image/svg+xml"})


async def accessibility(request: Request) -> Response:
    """GET /accessibility: who can use these pages, what was tested, and how to complain."""
    return still(request, "trust/accessibility.html")


def _rules_values(here: Floor) -> Mapping[str, object]:
    book = here.rulebook
    levels = {
        level.name: [
            Told(
                rule,
                _condition(here, rule.when),
                _sources(here, rule.sources),
                spoken_day(here, rule.review_by),
                None if rule.only_with is None else _condition(here, rule.only_with),
            )
            for rule in book.rules
            if rule.urgency is level
        ]
        for level in sorted(Urgency, reverse=True)
    }
    return {"levels": levels, "rulebook": book, "words": here.words, "longest": book.longest_path}


def _types_values(here: Floor) -> Mapping[str, object]:
    book = here.rulebook
    return {
        "types": {
            kind: (_speaking(book.evidence, kind, 1), _speaking(book.evidence, kind, -1))
            for kind in (*TYPES, NOT_CALCINOSIS)
        },
        "conflicts": [_told(here, conflict) for conflict in book.conflicts],
        "likely_needs": _condition(here, book.scale.likely_needs),
        "tie_order": book.scale.tie_order,
        "words": here.words,
        "rulebook": book,
    }


def _evidence_values(here: Floor) -> Mapping[str, object]:
    lines = [line for line in here.rulebook.evidence if line.look_alike is None]
    return {"lines": [_told(here, line) for line in lines], **_weighing(here)}


def _look_alikes_values(here: Floor) -> Mapping[str, object]:
    alikes: dict[str, list[Told]] = {}
    for line in here.rulebook.evidence:
        if line.look_alike is not None:
            alikes.setdefault(line.look_alike, []).append(_told(here, line))
    return {"alikes": alikes, "not_calcinosis": NOT_CALCINOSIS, **_weighing(here)}


def _weighing(here: Floor) -> Mapping[str, object]:
    return {"strengths": WEIGHTS, "words": here.words, "rulebook": here.rulebook}


def _speaking(lines: Iterable[EvidenceLine], kind: str, side: int) -> list[Speaking]:
    """The lines that speak for a type (side 1) or against it (-1), the strongest first."""
    found = [line for line in lines if line.weights.get(kind, 0) * side > 0]
    found.sort(key=lambda line: -abs(line.weights[kind]))
    return [Speaking(line, WEIGHTS[abs(line.weights[kind])]) for line in found]


def _sources_values(here: Floor) -> Mapping[str, object]:
    by_kind: dict[str, list[SourceEntry]] = {key: [] for key in STRENGTHS.values()}
    for source in sorted(here.rulebook.sources.values(), key=lambda source: source.title.lower()):
        by_kind[STRENGTHS[source.strength]].append(source)
    days = {day: spoken_day(here, day) for day in {s.read for s in here.rulebook.sources.values()}}
    return {"kinds": by_kind, "days": days, "rulebook": here.rulebook}


def _told(here: Floor, of: EvidenceLine | Conflict) -> Told:
    return Told(of, _condition(here, of.when), _sources(here, of.sources))


def _sources(here: Floor, ids: Iterable[str]) -> list[SourceEntry]:
    return [here.rulebook.sources[id_] for id_ in ids]


def _condition(here: Floor, condition: Condition) -> list[Line]:
    """The condition in words, as lines with lines below them."""
    fill = filler(here, None)
    return nested((depth, fill(text)) for depth, text in in_words(condition, here.words))


def nested(lines: Iterable[tuple[int, str]]) -> list[Line]:
    """Lines of (depth, text) as a tree; a line belongs below the last one that is less deep."""
    roots: list[Line] = []
    levels: list[list[Line]] = [roots]
    for depth, text in lines:
        line = Line(text)
        del levels[depth + 1 :]
        levels[depth].append(line)
        levels.append(line.below)
    return roots
