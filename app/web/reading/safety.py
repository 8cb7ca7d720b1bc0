"""Pages that show what is proved, what was measured, what can go wrong, and what is still open.

Every figure comes from the file that `make safety` makes; nothing is worked out here. It proves
nothing and judges no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.assurance.figures import (
    ChangeFigure,
    Figures,
    MeanFigure,
    ProofFigure,
    ReadingsFigures,
    SetFigures,
)
from app.assurance.hazards import HazardControl
from app.presentation.dates import format_day
from app.triage.terms import Urgency
from app.web.page_cache import render_cached_page
from app.web.pages import AppContext, app_context, filler_for

PROPERTIES = {
    "a": "safety.property.a",
    "b": "safety.property.b",
    "c": "safety.property.c",
    "d": "safety.property.d",
    "e": "safety.property.e",
    "f": "safety.property.f",
    "g": "safety.property.g",
    "h": "safety.property.h",
    "i": "safety.property.i",
    "j": "safety.property.j",
    "k": "safety.property.k",
    "l": "safety.property.l",
    "m": "safety.property.m",
    "n": "safety.property.n",
    "o": "safety.property.o",
}
"""Each property of the certificate, with the key of its plain words."""
SHARES = {
    "urgent_missed": "safety.cases.urgent_missed",
    "under": "safety.cases.under",
    "exact": "safety.cases.exact",
    "over_by_one": "safety.cases.over_by_one",
    "over_by_more": "safety.cases.over_by_more",
    "type_exact": "safety.cases.type_exact",
}
"""The shares of the benchmark that are shown, what matters most first."""
NOT_UNSEEN = {
    "building": "safety.strangers.building",
    "other_rulebook": "safety.strangers.other_rulebook",
    "few_readers": "safety.strangers.few_readers",
}
"""Why cases are not called unseen."""
STATES = {
    "open": "safety.state.open",
    "partly": "safety.state.partly",
    "proved": "safety.state.proved",
}
SIDES = {
    "rules": "safety.side.rules",
    "patient": "safety.side.patient",
    "clinic": "safety.side.clinic",
}
MOST_IN_FULL = 1_000_000
"""Larger counts are told by their number of digits."""
OPEN = {"not built": "safety.control.not_built", "not done": "safety.control.not_done"}


class ControlView(NamedTuple):
    """One control of a hazard, with what its tests say; `open` is the key of why it has none."""

    what: str
    tests: list[str]
    open: str | None


class PropertyView(NamedTuple):
    """One property as it is shown; `seconds` is rounded up."""

    key: str
    proof: ProofFigure
    seconds: float


class LevelChangeView(NamedTuple):
    """One kind of change between two rulebooks, in words."""

    of: ChangeFigure
    was: str
    becomes: str
    many: str
    example: list[str]


class CaseFigureView(NamedTuple):
    """One share of the published cases, and what it may be in 100 such cases."""

    key: str
    share: MeanFigure
    count_text: str
    low: int
    high: int


class TunedSetView(NamedTuple):
    """A set that others read, and that the rules were built with: what is told of it."""

    of: SetFigures
    exact: str
    missed: str


class TranslatedReadingView(NamedTuple):
    """One reader's answers to the questions of an earlier edition: what is told of them."""

    of: SetFigures
    edition: str
    exact: int
    of_all: int
    missed: int
    of_urgent: int


async def show_safety(request: Request) -> Response:
    """GET /safety: what is proved, measured and open, in short."""
    context = app_context(request)
    figures = context.figures
    return render_cached_page(
        request, "trust/safety.html", values=lambda: _safety_values(context, figures)
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
    headline = figures.readings.headline if figures.readings is not None else None
    return values | {
        "headline": headline,
        "strangers": list(_describe_case_figures(headline.mean)) if headline is not None else [],
        "not_unseen": [NOT_UNSEEN[why] for why in headline.not_unseen] if headline else [],
        "translated": list(_describe_translated_readings(figures.readings)),
        "tuned": list(_describe_tuned_sets(figures.readings)),
        "properties": list(_describe_properties(figures)),
        "digits": len(str(figures.certificate.answer_sets)),
        "holding": sum(proof.holds for proof in figures.certificate.proofs),
        "cases": list(_describe_case_figures(figures.benchmark.shares)),
        "states": STATES,
        "changes": list(_describe_level_changes(context, figures)),
        "made_on": format_day(date.fromisoformat(figures.made_on), context.language),
    }


def _describe_properties(figures: Figures) -> Iterator[PropertyView]:
    for proof in figures.certificate.proofs:
        yield PropertyView(PROPERTIES[proof.letter], proof, max(proof.seconds, 0.01))


def _describe_case_figures(shares: Mapping[str, MeanFigure]) -> Iterator[CaseFigureView]:
    for name, key in SHARES.items():
        share = shares[name]
        yield CaseFigureView(key, share, _format_count(share), *share.whole_case_bounds(100))


def _describe_tuned_sets(readings: ReadingsFigures | None) -> Iterator[TunedSetView]:
    for one in readings.others if readings is not None else ():
        if one.mean and one.standing == "built_with":
            missed = one.mean["urgent_missed"]
            yield TunedSetView(one, _format_count(one.mean["exact"]), _format_count(missed))


def _describe_translated_readings(
    readings: ReadingsFigures | None,
) -> Iterator[TranslatedReadingView]:
    for one in readings.translated_sets if readings is not None else ():
        for reader in one.translated_readers:
            exact, missed = reader.shares["exact"], reader.shares["urgent_missed"]
            edition = reader.translated or ""
            yield TranslatedReadingView(
                one, edition, exact.count, exact.of, missed.count, missed.of
            )


def _format_count(share: MeanFigure) -> str:
    """A count as it is told; the mean of several readers may lie between two cases."""
    return f"{share.count:.1f}".removesuffix(".0")


def _describe_level_changes(context: AppContext, figures: Figures) -> Iterator[LevelChangeView]:
    words = context.page_wording
    levels = {level.name: words.levels[level.name].badge for level in Urgency}
    names = levels | {kind: type_words.name for kind, type_words in words.types.items()}
    for change in figures.changes.changes if figures.changes else ():
        many = change.answer_sets
        key = "safety.changes.few" if many < MOST_IN_FULL else "safety.changes.many"
        said = words.fill_placeholders(
            words.pages[key], {}, number=f"{many:,}", digits=str(len(str(many)))
        )
        example = [
            _answer_text(context, question, chosen) for question, chosen in change.example.items()
        ]
        was, becomes = (names.get(name, name) for name in (change.was, change.becomes))
        yield LevelChangeView(change, was, becomes, said, [line for line in example if line])


def _answer_text(context: AppContext, question: str, chosen: list[str]) -> str:
    """An answer in words; nothing for "none of these", and ids for what is no longer asked."""
    if question not in context.page_wording.questions:
        return f"{question}: {'; '.join(chosen)}"
    question_words = context.page_wording.questions[question]
    if chosen == [context.rulebook.questionnaire[question].none]:
        return ""
    return str(
        filler_for(context, None)(
            f"{question_words.text} "
            f"{'; '.join(question_words.options.get(one, one) for one in chosen)}"
        )
    )


def _hazards_values(context: AppContext, figures: Figures) -> Mapping[str, object]:
    return {
        "rulebook": context.rulebook,
        "figures": figures,
        "sides": {
            key: [one for one in figures.hazards if one.hazard.side == side]
            for side, key in SIDES.items()
        },
        "states": STATES,
        "guards": {
            one.hazard.id: [_describe_control(context, control) for control in one.hazard.controls]
            for one in figures.hazards
        },
    }


def _describe_control(context: AppContext, control: HazardControl) -> ControlView:
    tests = [_test_sentence(context, proof) for proof in control.proofs]
    return ControlView(control.what, tests, OPEN[control.open] if control.open else None)


def _test_sentence(context: AppContext, proof: str) -> str:
    """What a test says: the names of all tests are sentences."""
    name, _, case = proof.partition("::test_")[2].removesuffix("]").partition("[")
    if case in PROPERTIES:
        return context.page_wording.pages[PROPERTIES[case]]
    said = f"{name}: {case}" if case else name
    return f"{said[:1].upper()}{said[1:]}".replace("_", " ")
