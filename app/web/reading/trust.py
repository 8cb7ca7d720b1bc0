"""Pages for whoever wants to check us: every rule, every source, the drawing, and accessibility.

All of it is read from the rulebook that answers people; nothing is told here that does not run.
It judges no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.documents.drawing import draw_flowchart
from app.presentation.dates import format_day
from app.triage.conditions import Condition
from app.triage.rules import Rule
from app.triage.sources import SourceEntry
from app.triage.terms import NOT_CALCINOSIS, TYPES, Urgency
from app.triage.types import EvidenceLine, TypeConflict
from app.triage.wording import describe_condition
from app.web.page_cache import PageKey, find_or_render, render_cached_page, respond_with_page
from app.web.pages import AppContext, app_context, filler_for

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
class ConditionLine:
    """One line of a condition in words, with the lines that belong below it."""

    text: str
    below: list[ConditionLine] = field(default_factory=list)


class ExplainedEntry(NamedTuple):
    """A rule, a line of evidence or a conflict, with its condition in words and its sources."""

    of: Rule | EvidenceLine | TypeConflict
    condition: list[ConditionLine]
    sources: list[SourceEntry]
    review_by: str = ""
    only_with: list[ConditionLine] | None = None


class WeighedEvidence(NamedTuple):
    """That a line of evidence speaks for or against a type, and how much."""

    line: EvidenceLine
    strength: str  # key of its words


def page_routes() -> list[Route]:
    """The pages for whoever wants to check us."""
    return [
        Route("/rules", show_rules, methods=["GET"]),
        Route("/rules/types", show_types, methods=["GET"]),
        Route("/rules/evidence", show_evidence, methods=["GET"]),
        Route("/rules/look-alikes", show_look_alikes, methods=["GET"]),
        Route("/rules/sources", show_sources, methods=["GET"]),
        Route("/rules/flow.svg", show_flow_drawing, methods=["GET"]),
        Route("/accessibility", show_accessibility, methods=["GET"]),
    ]


async def show_rules(request: Request) -> Response:
    """GET /rules: every urgency rule in words, the most urgent first."""
    context = app_context(request)
    return render_cached_page(request, "trust/rules.html", values=lambda: _rules_values(context))


async def show_types(request: Request) -> Response:
    """GET /rules/types: what speaks for and against each type."""
    context = app_context(request)
    return render_cached_page(request, "trust/types.html", values=lambda: _types_values(context))


async def show_evidence(request: Request) -> Response:
    """GET /rules/evidence: every line of evidence, with its condition and its sources."""
    context = app_context(request)
    return render_cached_page(
        request, "trust/evidence.html", values=lambda: _evidence_values(context)
    )


async def show_look_alikes(request: Request) -> Response:
    """GET /rules/look-alikes: what else it may be, and which answers fit that."""
    context = app_context(request)
    return render_cached_page(
        request, "trust/look_alikes.html", values=lambda: _look_alikes_values(context)
    )


async def show_sources(request: Request) -> Response:
    """GET /rules/sources: every source, by its kind."""
    context = app_context(request)
    return render_cached_page(
        request, "trust/sources.html", values=lambda: _sources_values(context)
    )


async def show_flow_drawing(request: Request) -> Response:
    """GET /rules/flow.svg: the questions and rules as a picture."""
    context = app_context(request)
    headers = {"Cache-Control": "no-cache", "ETag": f'"{context.rulebook.sha256[:16]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    picture = find_or_render(
        context,
        PageKey("flow.svg", context.language),
        lambda: draw_flowchart(context.rulebook, context.language),
    )
    return respond_with_page(request, picture, headers | {"Content-Type": "image/svg+xml"})


async def show_accessibility(request: Request) -> Response:
    """GET /accessibility: who can use these pages, what was tested, and how to complain."""
    return render_cached_page(request, "trust/accessibility.html")


def _rules_values(context: AppContext) -> Mapping[str, object]:
    rulebook = context.rulebook
    levels = {
        level.name: [
            ExplainedEntry(
                rule,
                _explain_condition(context, rule.when),
                _find_sources(context, rule.sources),
                format_day(date.fromisoformat(rule.review_by), context.language),
                None if rule.only_with is None else _explain_condition(context, rule.only_with),
            )
            for rule in rulebook.rules
            if rule.urgency is level
        ]
        for level in sorted(Urgency, reverse=True)
    }
    return {
        "levels": levels,
        "rulebook": rulebook,
        "words": context.page_wording,
        "longest": rulebook.longest_path,
    }


def _types_values(context: AppContext) -> Mapping[str, object]:
    rulebook = context.rulebook
    return {
        "types": {
            kind: (
                _find_weighed_evidence(rulebook.evidence, kind, 1),
                _find_weighed_evidence(rulebook.evidence, kind, -1),
            )
            for kind in (*TYPES, NOT_CALCINOSIS)
        },
        "conflicts": [_explain_entry(context, conflict) for conflict in rulebook.conflicts],
        "likely_needs": _explain_condition(context, rulebook.scale.likely_needs),
        "tie_order": rulebook.scale.tie_order,
        "words": context.page_wording,
        "rulebook": rulebook,
    }


def _evidence_values(context: AppContext) -> Mapping[str, object]:
    lines = [line for line in context.rulebook.evidence if line.look_alike is None]
    return {"lines": [_explain_entry(context, line) for line in lines], **_weighing_values(context)}


def _look_alikes_values(context: AppContext) -> Mapping[str, object]:
    alikes: dict[str, list[ExplainedEntry]] = {}
    for line in context.rulebook.evidence:
        if line.look_alike is not None:
            alikes.setdefault(line.look_alike, []).append(_explain_entry(context, line))
    return {"alikes": alikes, "not_calcinosis": NOT_CALCINOSIS, **_weighing_values(context)}


def _weighing_values(context: AppContext) -> Mapping[str, object]:
    return {"strengths": WEIGHTS, "words": context.page_wording, "rulebook": context.rulebook}


def _find_weighed_evidence(
    lines: Iterable[EvidenceLine], kind: str, side: int
) -> list[WeighedEvidence]:
    """The lines that speak for a type (side 1) or against it (-1), the strongest first."""
    found = [line for line in lines if line.weights.get(kind, 0) * side > 0]
    found.sort(key=lambda line: -abs(line.weights[kind]))
    return [WeighedEvidence(line, WEIGHTS[abs(line.weights[kind])]) for line in found]


def _sources_values(context: AppContext) -> Mapping[str, object]:
    by_kind: dict[str, list[SourceEntry]] = {key: [] for key in STRENGTHS.values()}
    for source in sorted(
        context.rulebook.sources.values(), key=lambda source: source.title.lower()
    ):
        by_kind[STRENGTHS[source.strength]].append(source)
    days = {
        day: format_day(date.fromisoformat(day), context.language)
        for day in {s.read for s in context.rulebook.sources.values()}
    }
    return {"kinds": by_kind, "days": days, "rulebook": context.rulebook}


def _explain_entry(context: AppContext, of: EvidenceLine | TypeConflict) -> ExplainedEntry:
    return ExplainedEntry(
        of, _explain_condition(context, of.when), _find_sources(context, of.sources)
    )


def _find_sources(context: AppContext, ids: Iterable[str]) -> list[SourceEntry]:
    return [context.rulebook.sources[id_] for id_ in ids]


def _explain_condition(context: AppContext, condition: Condition) -> list[ConditionLine]:
    """The condition in words, as lines with lines below them."""
    fill = filler_for(context, None)
    return nest_lines(
        (depth, fill(text)) for depth, text in describe_condition(condition, context.page_wording)
    )


def nest_lines(lines: Iterable[tuple[int, str]]) -> list[ConditionLine]:
    """Lines of (depth, text) as a tree; a line belongs below the last one that is less deep."""
    roots: list[ConditionLine] = []
    levels: list[list[ConditionLine]] = [roots]
    for depth, text in lines:
        line = ConditionLine(text)
        del levels[depth + 1 :]
        levels[depth].append(line)
        levels.append(line.below)
    return roots
