"""Pages for whoever wants to check us: every rule, every source, the drawing, and accessibility.

All of it is read from the rulebook that answers people; nothing is told here that does not run.
It judges no answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from app.documents.drawing import draw_flowchart
from app.presentation.dates import format_day
from app.triage.conditions import Condition
from app.triage.explain import describe_condition
from app.triage.rulebook import Rulebook
from app.triage.sources import SourceEntry
from app.triage.terms import NOT_CALCINOSIS, TYPES, Urgency
from app.triage.types import EvidenceLine
from app.web.page_cache import PageKey, find_or_render, render_cached_page, respond_with_page
from app.web.pages import AppContext, app_context, filler_for

STRENGTHS = (
    *("guideline", "national_page", "systematic_review", "cohort", "case_series", "case_report"),
    *("review", "textbook", "charity_page", "patient_leaflet", "reference_table", "laboratory"),
    *("expert", "source_document"),
)
"""The kinds of sources, the strongest first."""
WEIGHTS = {1: "rules.weight.weak", 2: "rules.weight.medium", 3: "rules.weight.strong"}

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ConditionLine:
    """One line of a condition in words, with the lines that belong below it."""

    text: str
    below: list["ConditionLine"] = field(default_factory=list)


async def show_page(request: Request) -> Response:
    """One page about the rules, as PAGES has it."""
    context, (template, list_values) = app_context(request), PAGES[request.scope["path"]]
    return render_cached_page(
        request,
        template,
        values=lambda: {
            "rulebook": context.rulebook,
            "words": context.page_wording,
            "strengths": WEIGHTS,
            "explain": partial(_explain_condition, context),
            "format_day": lambda day: format_day(date.fromisoformat(day), context.language),
            **list_values(context.rulebook),
        },
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


def _list_rules(rulebook: Rulebook) -> Values:
    """Every urgency rule, the most urgent first."""
    levels = {
        level.name: [rule for rule in rulebook.rules if rule.urgency is level]
        for level in sorted(Urgency, reverse=True)
    }
    return {"levels": levels}


def _weigh_types(rulebook: Rulebook) -> Values:
    """What speaks for and against each type."""
    return {
        "types": {
            kind: [_find_weighed_evidence(rulebook.evidence, kind, side) for side in (1, -1)]
            for kind in (*TYPES, NOT_CALCINOSIS)
        }
    }


def _find_weighed_evidence(
    lines: Iterable[EvidenceLine], kind: str, side: int
) -> list[tuple[EvidenceLine, str]]:
    """The lines for a type (side 1) or against it (-1), strongest first, with the key of that."""
    found = [line for line in lines if line.weights.get(kind, 0) * side > 0]
    found.sort(key=lambda line: -abs(line.weights[kind]))
    return [(line, WEIGHTS[abs(line.weights[kind])]) for line in found]


def _list_evidence(rulebook: Rulebook) -> Values:
    """Every line of evidence but those of look-alikes."""
    return {"lines": [line for line in rulebook.evidence if line.look_alike is None]}


def _list_look_alikes(rulebook: Rulebook) -> Values:
    """What else it may be, and which answers fit that."""
    alikes: dict[str, list[EvidenceLine]] = {}
    for line in rulebook.evidence:
        if line.look_alike is not None:
            alikes.setdefault(line.look_alike, []).append(line)
    return {"alikes": alikes, "not_calcinosis": NOT_CALCINOSIS}


def _list_sources(rulebook: Rulebook) -> Values:
    """Every source by the key of its kind, in the order of their titles."""
    kinds: dict[str, list[SourceEntry]] = {f"rules.strength.{kind}": [] for kind in STRENGTHS}
    for source in sorted(rulebook.sources.values(), key=lambda source: source.title.lower()):
        kinds[f"rules.strength.{source.strength}"].append(source)
    return {"kinds": kinds}


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


PAGES: Mapping[str, tuple[str, Callable[[Rulebook], Values]]] = {
    "/rules": ("trust/rules.html", _list_rules),
    "/rules/types": ("trust/types.html", _weigh_types),
    "/rules/evidence": ("trust/evidence.html", _list_evidence),
    "/rules/look-alikes": ("trust/look_alikes.html", _list_look_alikes),
    "/rules/sources": ("trust/sources.html", _list_sources),
    "/accessibility": ("trust/accessibility.html", lambda _: {}),
}
"""The address of a page -> its template, and what it shows of the rules beside the words."""
