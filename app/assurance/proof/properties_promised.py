"""Properties (l) to (o): measured values count, a type has its level, one doubt alarms nobody.

Each is a function from a Prover to what breaks it: nothing, where it is proved. What is promised
stands in promises.yaml. A value just beyond a limit counts as beyond it, in any of its units.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import yaml

from app.assurance.proof.lab_bands import TOTAL
from app.assurance.proof.properties_level import PROMISES, vocabulary
from app.assurance.proof.prover import Broken, Prover, quiet
from app.triage.conditions import BadCondition, Condition, parse
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.terms import Truth, Urgency


def usual_or_no_self_care(prover: Prover) -> Iterator[Broken]:
    """(l) Outside the usual range of adults no value leaves anyone with self-care.

    A total calcium counts through the adjusted one, and is measured by that one's range.
    """
    laboratory = prover.rulebook.laboratory
    for analyte in laboratory.analytes.values():
        if analyte.id in {*laboratory.not_weighed, TOTAL}:
            continue
        for unit in analyte.units:
            for end, limit in zip(("below", "above"), unit.range, strict=True):
                if limit is not None:
                    beyond = _beyond(prover, analyte.id, end, {unit.name: str(limit)})
                    about = f"self-care with {analyte.id} {end} {limit} {unit.name}"
                    yield from prover.never("l", about, prover.one.self_care, beyond)


def measured_counts_as_told(prover: Prover) -> Iterator[Broken]:
    """(m) Whoever has a value beyond its limit loses nothing where they do not also name it."""
    one, two, book = prover.one, prover.two, prover.rulebook
    for promised in _promises()["as_told"]:
        name, option = promised["told"]
        end, limits = next((e, promised[e]) for e in ("below", "above") if e in promised)
        said = " / ".join(f"{limit} {unit}" for unit, limit in limits.items())
        about = f"{promised['value']} {end} {said} gives less than {name}: {option}"
        try:
            of, told = (_condition(book, promised.get(part)) for part in ("of", "with"))
        except BadCondition as problem:
            yield Broken("m", f"{about}: no longer fits the questions: {problem}")
            continue
        if name not in book.questionnaire or option not in book.questionnaire[name].option_ids:
            yield Broken("m", f"{about}: no longer offered")
            continue
        parts = [_beyond(prover, promised["value"], end, limits), two.complete]
        parts += [one.holds(of, Truth.TRUE)] if of is not None else []
        parts += [two.holds(told, Truth.TRUE)] if told is not None else []
        parts += prover.more(book.questionnaire[name], option)
        if prover.formula.solve(one.complete, *parts) is None:
            yield Broken("m", f"{about}: no longer said of anybody")
        yield from prover.never("m", about, one.complete, *parts, one.below(two), variant=True)


def types_have_their_level(prover: Prover) -> Iterator[Broken]:
    """(n) No type is told with a level below the one that it asks for."""
    one = prover.one
    for kind, level in _promises()["type_asks_for"].items():
        lower = -one.at_least[Urgency[level]]
        about = f"{kind} is told below {level}"
        yield from prover.never("n", about, one.complete, prover.types.likely[kind], lower)


def one_doubt_alarms_nobody(prover: Prover) -> Iterator[Broken]:
    """(o) Of those with a known and quiet lump, one "not sure" gives at most routine.

    A doubt about signs of an emergency is meant to give more, and so is any in a baby.
    """
    one, book, promised = prover.one, prover.rulebook, _promises()["quiet_lump"]
    try:
        of = one.holds(parse(promised["of"], vocabulary(book)), Truth.TRUE)
    except BadCondition as problem:
        yield Broken("o", f"the quiet lump no longer fits the questions: {problem}")
        return
    for question in (q for q in book.questionnaire if not q.signs):
        about = f"not sure of {question.id} alone gives more than routine"
        said = {**promised["said"], **promised["opened_by"].get(question.id, {})}
        if any(option not in one.ticks.get(name, {}) for name, option in said.items()):
            yield Broken("o", f"{about}: no longer offered")
            continue
        known = {name: one.ticks[name][option] for name, option in said.items()}
        parts = [_quiet(prover, q, known, unsure=q is question) for q in book.questionnaire]
        doubt = one.ticks[question.id][question.unsure]
        parts += [*prover.without_labs, doubt, of]
        asked = prover.formula.solve(one.complete, of, doubt) is not None
        if asked and prover.formula.solve(one.complete, *parts) is None:
            yield Broken("o", f"{about}: no longer said of anybody")
        yield from prover.never("o", about, one.complete, *parts, one.at_least[Urgency.soon])


def _quiet(prover: Prover, question: Question, known: Mapping[str, int], *, unsure: bool) -> int:
    """The question has its quiet answer, or the known one; or "not sure" in place or beside it."""
    formula, ticks = prover.formula, prover.one.ticks[question.id]
    fixed = known.get(question.id)
    free = {fixed} if fixed is not None else {ticks[option] for option in quiet(question)}
    free |= {ticks[question.unsure]} if unsure else set()
    nothing_else = [-tick for tick in ticks.values() if tick not in free]
    needed = [fixed] if fixed is not None else []
    return formula.every([*nothing_else, *needed])


def _beyond(prover: Prover, analyte: str, end: str, limits: Mapping[str, str]) -> int:
    """The value lies in a band that reaches beyond the limit, in whichever unit it is given."""
    labs = prover.space.labs
    if analyte not in labs.bands.lines:
        # No rule knows such a value: anyone may have it.
        return prover.one.complete
    factors = labs.bands.factors(analyte)
    places = [Fraction(limit) * factors[unit] for unit, limit in limits.items()]
    cut = (max(places), 0) if end == "below" else (min(places), 1)
    return prover.formula.some(
        labs.band(analyte, number)
        for number, (low, high) in enumerate(labs.bands.lines[analyte].bands)
        if low < high and (low < cut if end == "below" else high > cut)
    )


def _promises() -> Mapping[str, Any]:
    promises: Mapping[str, Any] = yaml.safe_load(PROMISES.read_text(encoding="utf-8"))
    return promises


def _condition(rulebook: Rulebook, written: object) -> Condition | None:
    return None if written is None else parse(written, vocabulary(rulebook))
