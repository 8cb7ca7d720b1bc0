"""Properties (l) to (o) by decision diagram: measured values, types with their level, one doubt.

Each yields claims, as in `diagram_level`. Knows nothing of `app.triage` and shares no code with the
other checker.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from app.assurance.proof.answer_space import AnswerSpace
from app.assurance.proof.diagram_level import PROMISES, Claim, everyone_unless, where_level_falls
from app.assurance.proof.diagrams import Diagram
from app.assurance.proof.evaluator import LEVELS, read_yaml_strings

READ_AS_ANOTHER = {"calcium_total"}
"""It counts through the adjusted calcium."""
NOTHING = "null"
"""How a file that is read as text says that a range has no such end."""


def usual_or_no_self_care(space: AnswerSpace) -> Iterator[Claim]:
    """(l) Outside the usual range of adults no value leaves anyone with self-care."""
    labs = read_yaml_strings(space.folder / "labs.yaml")
    apart = READ_AS_ANOTHER | {entry["id"] for entry in labs["not_weighed"]}
    self_care = space.exactly_at_level(LEVELS[0])
    for analyte in (a for a in labs["analytes"] if a["id"] not in apart):
        for unit, entry in analyte["units"].items():
            for end, limit in zip(("below", "above"), entry["range"], strict=True):
                if limit != NOTHING:
                    beyond = _value_beyond_limit(space, analyte["id"], end, {unit: limit})
                    about = f"self-care with {analyte['id']} {end} {limit} {unit}"
                    yield about, self_care & beyond


def measured_counts_as_answered(space: AnswerSpace) -> Iterator[Claim]:
    """(m) Whoever has a value beyond its limit loses nothing where they do not also name it."""
    for promised in read_yaml_strings(PROMISES)["as_told"]:
        name, option = promised["told"]
        [end] = promised.keys() & {"below", "above"}
        about = f"{promised['value']} {end} its limit gives less than {name}: {option}"
        where = _value_beyond_limit(space, promised["value"], end, promised[end])
        try:
            where &= space.all_of(
                space.read_condition(promised[p]).certain for p in ("of", "with") if p in promised
            )
        except (KeyError, ValueError):
            yield f"{about}: no longer fits the questions", space.complete_answers
            continue
        if option not in space.options.get(name, {}):
            yield f"{about}: no longer offered", space.complete_answers
            continue
        tick = space.options[name][option]
        for level in LEVELS[1:]:
            fallen = where_level_falls(space, name, level, {tick: True}, {tick: False})
            yield f"{about}: {level}", where & fallen


def types_have_their_level(space: AnswerSpace) -> Iterator[Claim]:
    """(n) All that speaks for the type, or lets it lead, holds only where the level is given.

    This asks more than can happen, and needs no sum of weights: a type is told only where it leads
    or has more than nothing that speaks for it.
    """
    some = int(read_yaml_strings(space.folder / "types" / "scale.yaml")["possible_at"]) > 0
    for kind, level in read_yaml_strings(PROMISES)["type_asks_for"].items():
        yield f"{kind} is told where nothing speaks for it", everyone_unless(space, holds=some)
        for entry in find_speaking_entries(space.folder, kind):
            lower = space.read_condition(entry["when"]).certain & ~space.at_least[level]
            yield f"{entry['id']} speaks for {kind} below {level}", lower & space.complete_answers


def find_speaking_entries(folder: Path, kind: str) -> list[dict[str, Any]]:
    """All evidence with a weight for this type, and all conflicts that let it lead."""
    types = folder / "types"
    lines = read_yaml_strings(types / "evidence.yaml")
    for alike in read_yaml_strings(types / "look_alikes.yaml"):
        lines += alike["evidence"]
    speaking = [line for line in lines if int(line["weights"].get(kind, 0)) > 0]
    conflicts = read_yaml_strings(types / "conflicts.yaml")
    return speaking + [conflict for conflict in conflicts if conflict.get("lead") == kind]


def one_doubt_alarms_nobody(space: AnswerSpace) -> Iterator[Claim]:
    """(o) Of those with a known and quiet lump, one "not sure" gives at most routine."""
    promised: dict[str, Any] = read_yaml_strings(PROMISES)["quiet_lump"]
    try:
        alarmed = space.read_condition(promised["of"]).certain & space.at_least["soon"]
    except (KeyError, ValueError):
        yield "the quiet lump no longer fits the questions", space.complete_answers
        return
    bounds = {variable for bounds in space.bounds.values() for variable in bounds}
    for name, question in space.questions.items():
        about = f"not sure of {name} alone gives more than routine"
        doubt = space.options[name][question["unsure"]]
        said = promised["said"] | promised["opened_by"].get(name, {})
        known = {space.options.get(q, {}).get(o) for q, o in said.items()}
        if None in known:
            yield f"{about}: no longer offered", space.complete_answers
            continue
        telling = {*space.answer_variables, *bounds} - space.silent_variables
        picked = {v: v in known or v == doubt for v in telling}
        if "signs" not in question:
            yield about, space.bdd.cube(picked) & alarmed & space.complete_answers


def _value_beyond_limit(
    space: AnswerSpace, analyte: str, end: str, limits: dict[str, str]
) -> Diagram:
    """A value beyond the limit, in whichever unit it is given; it may meet no bound at all."""
    bounds = space.bounds.get(analyte)
    if bounds is None:
        return space.bdd.true  # no rule knows such a value: anyone may have it
    factors, _ = space.unit_factors(analyte)
    places = [Fraction(limit) * factors[unit] for unit, limit in limits.items()]
    limit = max(places) if end == "below" else min(places)
    bands = space.list_lab_bands(analyte, limit)
    met = {band for value, band in bands if (value < limit if end == "below" else value > limit)}
    return space.any_of(space.bdd.cube({bound: bound in band for bound in bounds}) for band in met)
