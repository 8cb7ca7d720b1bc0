"""Properties (l) to (o): measured values count, a type has its level, one doubt alarms nobody.

Each is a function from a Prover to what breaks it: nothing, where it is proved. What is promised
stands in promises.yaml. A value just beyond a limit counts as beyond it, in any of its units.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from app.assurance.cases import read_plain
from app.assurance.proof.lab_bands import TOTAL
from app.assurance.proof.properties_level import PROMISES, parse_written_condition
from app.assurance.proof.prover import Counterexample, Prover, quiet_options
from app.triage.conditions import BadCondition
from app.triage.questionnaire import Question
from app.triage.terms import Truth, Urgency


def usual_or_no_self_care(prover: Prover) -> Iterator[Counterexample]:
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
                    beyond = _value_beyond_limit(prover, analyte.id, end, {unit.name: str(limit)})
                    about = f"self-care with {analyte.id} {end} {limit} {unit.name}"
                    self_care = prover.first_world.self_care
                    yield from prover.find_counterexamples(about, self_care, beyond)


def measured_counts_as_answered(prover: Prover) -> Iterator[Counterexample]:
    """(m) Whoever has a value beyond its limit loses nothing where they do not also name it."""
    one, two, book = prover.first_world, prover.second_world, prover.rulebook
    for promised in _load_promises()["as_told"]:
        name, option = promised["told"]
        end, limits = next((e, promised[e]) for e in ("below", "above") if e in promised)
        said = " / ".join(f"{limit} {unit}" for unit, limit in limits.items())
        about = f"{promised['value']} {end} {said} gives less than {name}: {option}"
        try:
            conditions = [
                (world, parse_written_condition(book, promised[part]))
                for world, part in ((one, "of"), (two, "with"))
                if promised.get(part) is not None
            ]
        except BadCondition as problem:
            yield Counterexample(f"{about}: no longer fits the questions: {problem}")
            continue
        if name not in book.questionnaire or option not in book.questionnaire[name].option_ids:
            yield Counterexample(f"{about}: no longer offered")
            continue
        parts = [_value_beyond_limit(prover, promised["value"], end, limits), two.complete]
        parts += [world.truth_literal(when, Truth.TRUE) for world, when in conditions]
        parts = [one.complete, *parts, *prover.with_extra_tick(book.questionnaire[name], option)]
        if prover.formula.find_model(*parts) is None:
            yield Counterexample(f"{about}: no longer said of anybody")
        yield from prover.find_counterexamples(about, *parts, one.lower_than(two), variant=True)


def types_have_their_level(prover: Prover) -> Iterator[Counterexample]:
    """(n) No type is told with a level below the one that it asks for."""
    one = prover.first_world
    for kind, level in _load_promises()["type_asks_for"].items():
        lower, likely = -one.at_least[Urgency[level]], prover.types.likely[kind]
        about = f"{kind} is told below {level}"
        yield from prover.find_counterexamples(about, one.complete, likely, lower)


def one_doubt_alarms_nobody(prover: Prover) -> Iterator[Counterexample]:
    """(o) Of those with a known and quiet lump, one "not sure" gives at most routine.

    A doubt about signs of an emergency is meant to give more, and so is any in a baby.
    """
    one, book, promised = prover.first_world, prover.rulebook, _load_promises()["quiet_lump"]
    try:
        of = one.truth_literal(parse_written_condition(book, promised["of"]), Truth.TRUE)
    except BadCondition as problem:
        yield Counterexample(f"the quiet lump no longer fits the questions: {problem}")
        return
    for question in (q for q in book.questionnaire if not q.signs):
        about = f"not sure of {question.id} alone gives more than routine"
        said = {**promised["said"], **promised["opened_by"].get(question.id, {})}
        if any(option not in one.ticks.get(name, {}) for name, option in said.items()):
            yield Counterexample(f"{about}: no longer offered")
            continue
        known = {name: one.ticks[name][option] for name, option in said.items()}
        parts = [
            _quietly_answered(prover, q, known, unsure=q is question) for q in book.questionnaire
        ]
        doubt = one.ticks[question.id][question.unsure]
        parts = [one.complete, *parts, *prover.without_labs, doubt, of]
        asked = prover.formula.find_model(one.complete, of, doubt) is not None
        if asked and prover.formula.find_model(*parts) is None:
            yield Counterexample(f"{about}: no longer said of anybody")
        yield from prover.find_counterexamples(about, *parts, one.at_least[Urgency.soon])


def _quietly_answered(
    prover: Prover, question: Question, known: Mapping[str, int], *, unsure: bool
) -> int:
    """The question has its quiet answer, or the known one; or "not sure" in place or beside it."""
    formula, ticks = prover.formula, prover.first_world.ticks[question.id]
    needed = [known[question.id]] if question.id in known else []
    free = {*needed} if needed else {ticks[option] for option in quiet_options(question)}
    free |= {ticks[question.unsure]} if unsure else set()
    return formula.and_gate([*(-tick for tick in ticks.values() if tick not in free), *needed])


def _value_beyond_limit(prover: Prover, analyte: str, end: str, limits: Mapping[str, str]) -> int:
    """The value lies in a band that reaches beyond the limit, in whichever unit it is given."""
    labs = prover.encoding.labs
    if analyte not in labs.bands.axes:
        # No rule knows such a value: anyone may have it.
        return prover.first_world.complete
    factors = labs.bands.unit_factors(analyte)
    places = [Fraction(limit) * factors[unit] for unit, limit in limits.items()]
    cut = (max(places), 0) if end == "below" else (min(places), 1)
    return prover.formula.or_gate(
        labs.band_literal(analyte, number)
        for number, (low, high) in enumerate(labs.bands.axes[analyte].band_spans)
        if low < high and (low < cut if end == "below" else high > cut)
    )


def _load_promises() -> Mapping[str, Any]:
    promises: Mapping[str, Any] = read_plain(PROMISES)
    return promises
