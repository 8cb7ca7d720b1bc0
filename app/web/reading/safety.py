"""Pages that show what is proved, what was measured, what can go wrong, and what is still open.

Every figure comes from the file that `make safety` makes; nothing is worked out here. It proves
nothing and judges no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.assurance.figures import (
    ChangeFigure,
    Figures,
    MeanFigure,
    ProofFigure,
    ReadingsFigures,
    SetFigures,
)
from app.assurance.hazards import Control
from app.triage.terms import Urgency
from app.web.pages import Floor, filler, floor
from app.web.reading.learn import spoken_day
from app.web.still import still

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


class Guard(NamedTuple):
    """One control of a hazard, with what its tests say; `open` is the key of why it has none."""

    what: str
    tests: list[str]
    open: str | None


class Proved(NamedTuple):
    """One property as it is shown; `seconds` is rounded up."""

    key: str
    proof: ProofFigure
    seconds: float


class Moved(NamedTuple):
    """One kind of change between two rulebooks, in words."""

    of: ChangeFigure
    was: str
    becomes: str
    many: str
    example: list[str]


class Counted(NamedTuple):
    """One share of the published cases, and what it may be in 100 such cases."""

    key: str
    share: MeanFigure
    told: str
    low: int
    high: int


class Tuned(NamedTuple):
    """A set that others read, and that the rules were built with: what is told of it."""

    of: SetFigures
    exact: str
    missed: str


class Translated(NamedTuple):
    """One reader's answers to the questions of an earlier edition: what is told of them."""

    of: SetFigures
    edition: str
    exact: int
    of_all: int
    missed: int
    of_urgent: int


def routes() -> list[Route]:
    """The pages about what is proved and what is open."""
    return [
        Route("/safety", safety, methods=["GET"]),
        Route("/safety/hazards", hazards, methods=["GET"]),
    ]


async def safety(request: Request) -> Response:
    """GET /safety: what is proved, measured and open, in short."""
    here, figures = floor(request), _figures(request)
    return still(request, "trust/safety.html", values=lambda: _values(here, figures))


async def hazards(request: Request) -> Response:
    """GET /safety/hazards: each hazard with its controls and their state."""
    here, figures = floor(request), _figures(request)
    if figures is None:
        raise HTTPException(status_code=404)
    return still(request, "trust/hazards.html", values=lambda: _hazards_values(here, figures))


def _figures(request: Request) -> Figures | None:
    found: Figures | None = request.app.state.figures
    return found


def _values(here: Floor, figures: Figures | None) -> Mapping[str, object]:
    values: dict[str, object] = {"rulebook": here.rulebook, "figures": figures}
    if figures is None:
        return values
    headline = figures.readings.headline if figures.readings is not None else None
    return values | {
        "headline": headline,
        "strangers": list(_counted(headline.mean)) if headline is not None else [],
        "not_unseen": [NOT_UNSEEN[why] for why in headline.not_unseen] if headline else [],
        "translated": list(_translated(figures.readings)),
        "tuned": list(_tuned(figures.readings)),
        "properties": list(_proved(figures)),
        "digits": len(str(figures.certificate.answer_sets)),
        "holding": sum(proof.holds for proof in figures.certificate.proofs),
        "cases": list(_counted(figures.benchmark.shares)),
        "states": STATES,
        "changes": list(_moved(here, figures)),
        "made_on": spoken_day(here, figures.made_on),
    }


def _proved(figures: Figures) -> Iterator[Proved]:
    for proof in figures.certificate.proofs:
        yield Proved(PROPERTIES[proof.letter], proof, max(proof.seconds, 0.01))


def _counted(shares: Mapping[str, MeanFigure]) -> Iterator[Counted]:
    for name, key in SHARES.items():
        share = shares[name]
        yield Counted(key, share, _number(share), *share.once_in(100))


def _tuned(readings: ReadingsFigures | None) -> Iterator[Tuned]:
    for one in readings.others if readings is not None else ():
        if one.mean and one.standing == "built_with":
            missed = one.mean["urgent_missed"]
            yield Tuned(one, _number(one.mean["exact"]), _number(missed))


def _translated(readings: ReadingsFigures | None) -> Iterator[Translated]:
    for one in readings.translated if readings is not None else ():
        for reader in one.translated:
            exact, missed = reader.shares["exact"], reader.shares["urgent_missed"]
            edition = reader.translated or ""
            yield Translated(one, edition, exact.count, exact.of, missed.count, missed.of)


def _number(share: MeanFigure) -> str:
    """A count as it is told; the mean of several readers may lie between two cases."""
    return f"{share.count:.1f}".removesuffix(".0")


def _moved(here: Floor, figures: Figures) -> Iterator[Moved]:
    words = here.words
    levels = {level.name: words.levels[level.name].badge for level in Urgency}
    names = levels | {kind: told.name for kind, told in words.types.items()}
    for change in figures.changes.changes if figures.changes else ():
        many = change.answer_sets
        key = "safety.changes.few" if many < MOST_IN_FULL else "safety.changes.many"
        said = words.fill(words.pages[key], {}, number=f"{many:,}", digits=str(len(str(many))))
        example = [_told(here, question, chosen) for question, chosen in change.example.items()]
        was, becomes = (names.get(name, name) for name in (change.was, change.becomes))
        yield Moved(change, was, becomes, said, [line for line in example if line])


def _told(here: Floor, question: str, chosen: list[str]) -> str:
    """An answer in words; nothing for "none of these", and ids for what is no longer asked."""
    if question not in here.words.questions:
        return f"{question}: {'; '.join(chosen)}"
    told = here.words.questions[question]
    if chosen == [here.rulebook.questionnaire[question].none]:
        return ""
    return str(
        filler(here, None)(f"{told.text} {'; '.join(told.options.get(one, one) for one in chosen)}")
    )


def _hazards_values(here: Floor, figures: Figures) -> Mapping[str, object]:
    return {
        "rulebook": here.rulebook,
        "figures": figures,
        "sides": {
            key: [one for one in figures.hazards if one.hazard.side == side]
            for side, key in SIDES.items()
        },
        "states": STATES,
        "guards": {
            one.hazard.id: [_guard(here, control) for control in one.hazard.controls]
            for one in figures.hazards
        },
    }


def _guard(here: Floor, control: Control) -> Guard:
    tests = [_spoken(here, proof) for proof in control.proofs]
    return Guard(control.what, tests, OPEN[control.open] if control.open else None)


def _spoken(here: Floor, proof: str) -> str:
    """What a test says: the names of all tests are sentences."""
    name, _, case = proof.partition("::test_")[2].removesuffix("]").partition("[")
    if case in PROPERTIES:
        return here.words.pages[PROPERTIES[case]]
    said = f"{name}: {case}" if case else name
    return f"{said[:1].upper()}{said[1:]}".replace("_", " ")
