"""Pages that show what is proved, what was measured, what can go wrong, and what is still open.

Every figure comes from the file that `make safety` makes, but for how often nurses raised a rule,
which the server counts each hour; nothing is worked out here. It proves nothing and judges no
answer.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.assurance.figures import Figures, MeanFigure
from app.presentation.dates import format_day
from app.triage.terms import Urgency
from app.web.page_cache import render_cached_page
from app.web.pages import AppContext, app_context, filler_for
from app.web.raised_rules import read_raised_totals

PROPERTIES = {letter: f"safety.property.{letter}" for letter in "abcdefghijklmno"}
"""Each property of the certificate, with the key of its plain words."""
SHARES = ("urgent_missed", "under", "exact", "over_by_one", "over_by_more", "type_exact")
"""The shares of the benchmark that are shown, what matters most first."""
STATES, SIDES = ("open", "partly", "proved"), ("rules", "patient", "clinic")
"""Of hazards, in the order of the pages."""
MOST_IN_FULL = 1_000_000
"""Larger counts are told by their number of digits."""
OPEN = {"not built": "safety.control.not_built", "not done": "safety.control.not_done"}


async def show_safety(request: Request) -> Response:
    """GET /safety: what is proved, measured and open, in short."""
    context = app_context(request)
    figures, raised = context.figures, read_raised_totals(request)
    return render_cached_page(
        request,
        "trust/safety.html",
        variant=raised or (),
        values=lambda: {**_safety_values(context, figures), "raised": raised},
    )


async def show_hazards(request: Request) -> Response:
    """GET /safety/hazards: each hazard with its controls and their state."""
    context = app_context(request)
    figures = context.figures
    if figures is None:
        raise HTTPException(status_code=404)
    return render_cached_page(
        request, "trust/hazards.html", values=lambda: _hazards_values(context, figures)
    )


def _safety_values(context: AppContext, figures: Figures | None) -> Mapping[str, object]:
    values: dict[str, object] = {"rulebook": context.rulebook, "figures": figures}
    if figures is None:
        return values
    readings = figures.readings
    others = readings.others if readings else []
    return values | {
        "headline": readings.headline if readings else None,
        "translated": readings.translated_sets if readings else [],
        "tuned": [one for one in others if one.mean and one.standing == "built_with"],
        "shares": SHARES,
        "format_count": _format_count,
        "digits": len(str(figures.certificate.answer_sets)),
        "holding": sum(proof.holds for proof in figures.certificate.proofs),
        "states": STATES,
        "changes": list(_describe_level_changes(context, figures)),
        "made_on": format_day(date.fromisoformat(figures.made_on), context.language),
    }


def _format_count(share: MeanFigure) -> str:
    """A count as it is told; the mean of several readers may lie between two cases."""
    return f"{share.count:.1f}".removesuffix(".0")


def _describe_level_changes(
    context: AppContext, figures: Figures
) -> Iterator[tuple[list[str], str, str, str, list[str]]]:
    """Each kind of change: (rules behind it, level or type before, after, how many, example)."""
    words = context.page_wording
    levels = {level.name: words.levels[level.name].badge for level in Urgency}
    names = levels | {kind: type_words.name for kind, type_words in words.types.items()}
    for change in figures.changes.changes if figures.changes else ():
        many = change.answer_sets
        key = "safety.changes.few" if many < MOST_IN_FULL else "safety.changes.many"
        count = words.page_text(key, number=f"{many:,}", digits=str(len(str(many))))
        was, becomes = (names.get(name, name) for name in (change.was, change.becomes))
        example = [_answer_text(context, *answer) for answer in change.example.items()]
        yield change.because, was, becomes, count, [line for line in example if line]


def _answer_text(context: AppContext, question: str, chosen: list[str]) -> str:
    """An answer in words; nothing for "none of these", and ids for what is no longer asked."""
    words = context.page_wording.questions.get(question)
    if words is None:
        return f"{question}: {'; '.join(chosen)}"
    if chosen == [context.rulebook.questionnaire[question].none]:
        return ""
    options = "; ".join(words.options.get(one, one) for one in chosen)
    return str(filler_for(context, None)(f"{words.text} {options}"))


def _hazards_values(context: AppContext, figures: Figures) -> Mapping[str, object]:
    return {
        "rulebook": context.rulebook,
        "figures": figures,
        "sides": {
            f"safety.side.{side}": [one for one in figures.hazards if one.hazard.side == side]
            for side in SIDES
        },
        "open_words": OPEN,
        "test_sentence": lambda proof: _test_sentence(context, proof),
    }


def _test_sentence(context: AppContext, proof: str) -> str:
    """What a test says: the names of all tests are sentences."""
    name, _, case = proof.partition("::test_")[2].removesuffix("]").partition("[")
    if case in PROPERTIES:
        return context.page_wording.pages[PROPERTIES[case]]
    said = f"{name}: {case}" if case else name
    return f"{said[:1].upper()}{said[1:]}".replace("_", " ")
