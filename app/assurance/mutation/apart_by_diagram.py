"""Where a mutant of the rules differs from the rules as they are, by decision diagram.

The second of two checkers: it reads the YAML by itself and shares no code with the first. It looks
at the mutant's own condition, over all finished answer sets; nothing there, and it changes nothing.
"""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

from app.assurance.mutation.mutants import Mutant
from app.assurance.proof.answer_space import AnswerSpace, Meaning, list_written_conditions
from app.assurance.proof.answer_types import CANNOT_TELL
from app.assurance.proof.diagram_promised import find_speaking_entries
from app.assurance.proof.diagrams import Bound, Diagram
from app.assurance.proof.evaluator import AT_EMERGENCY, LEVELS, read_yaml_strings

CONDITION_KEYS = ("when", "only_with", "ask_if", "likely_needs")
NOT_CALCINOSIS = "not_calcinosis"
CAREFUL = ("watch", "do_not")
"""Sections of advice that are also shown to those who are not sure."""


def find_distinguishing_sets(space: AnswerSpace, mutant: Mutant) -> Diagram:
    """The finished answer sets in which a mutant's own condition, level or weight differs.

    Of a named condition: in which any condition that speaks of it differs.
    """
    if mutant.file == "named.yaml":
        differs = _named_difference(space, mutant)
    else:
        entry = _load_entry(space.folder, mutant)
        differs = _entry_difference(space, mutant, entry) & _where_it_matters(space, mutant, entry)
    return space.complete_answers & space.plausible_labs() & product_constraint(space) & differs


def _entry_difference(space: AnswerSpace, mutant: Mutant, entry: Mapping[str, Any]) -> Diagram:
    was = _read_entry_condition(space, entry)
    doubt = mutant.key == "ask_if" or entry.get("section") in CAREFUL or "if_unsure" in entry
    if mutant.key not in CONDITION_KEYS:
        return was.possible if doubt else was.certain
    becomes = _read_entry_condition(space, {**entry, mutant.key: mutant.value})
    sides = [(was.possible, becomes.possible)] if doubt else []
    sides += [(was.certain, becomes.certain)] if not doubt or "if_unsure" in entry else []
    return space.any_of(space.where_different(*side) for side in sides)


def _named_difference(space: AnswerSpace, mutant: Mutant) -> Diagram:
    named, found = space.named, space.bdd.false
    changed = {**named, mutant.entry: mutant.value}
    for _, when in list_written_conditions(space.folder):
        was = space.read_condition(when)
        space.named = changed
        becomes = space.read_condition(when)
        space.named = named
        for side in zip(was, becomes, strict=True):
            found |= space.where_different(*side)
    return found


def _where_it_matters(space: AnswerSpace, mutant: Mutant, entry: Mapping[str, Any]) -> Diagram:
    """Where it can matter at all.

    A self-care rule: nothing else was found and nothing is unsure. Advice: at the levels and
    places that it names; where its levels are changed, at those that are added or taken out.
    Where its types are changed: where something speaks for one that is added or taken out.
    """
    if mutant.file.startswith("urgency/") and entry["urgency"] == LEVELS[0]:
        others = [space.meaning[r["id"]].certain for r in space.rules if r["urgency"] != LEVELS[0]]
        return ~space.any_doubt & ~space.any_of(others)
    if mutant.file != "advice.yaml":
        return space.bdd.true
    levels = set(entry.get("levels") or LEVELS)
    if mutant.key == "levels":
        levels ^= set(mutant.value or LEVELS)
    if entry["section"] not in AT_EMERGENCY:
        levels -= {LEVELS[-1]}
    matters = space.any_of(map(space.exactly_at_level, levels))
    if entry.get("places") and mutant.key != "places":
        placed = {"question": "place", "includes_any": entry["places"]}
        matters &= space.read_condition(placed).certain
    if mutant.key == "types":
        order = read_yaml_strings(space.folder / "types" / "scale.yaml")["tie_order"]
        types = set(entry["types"]) ^ set(mutant.value or [*order, CANNOT_TELL])
        matters &= space.any_of(_may_be_likely(space, kind) for kind in types)
    return matters


def _may_be_likely(space: AnswerSpace, kind: str) -> Diagram:
    """Where a type may be told. Nothing has to speak for the last two; for the others, see (n)."""
    if kind in (NOT_CALCINOSIS, CANNOT_TELL):
        return space.bdd.true
    return space.any_of(
        space.read_condition(e["when"]).certain for e in find_speaking_entries(space.folder, kind)
    )


def product_constraint(space: AnswerSpace) -> Diagram:
    """A product above its bound needs a factor above one of its own, where these two stay below."""
    labs = read_yaml_strings(space.folder / "labs.yaml")["product"]
    bounds = [space.bounds.get(name, {}) for name in (labs["id"], *labs["of"])]
    fits = space.bdd.true
    for names in product(*bounds):
        both, one, other = (bound[name] for bound, name in zip(bounds, names, strict=True))
        rising = {both[0], one[0], other[0]} <= {"above", "at_least"}
        units = [(unit, entry["from"]) for unit, entry in labs["units"].items()]
        if rising and all(_is_product_below(both, one, other, *unit) for unit in units):
            met, met_one, met_other = map(space.bdd.var, names)
            fits &= ~met | met_one | met_other
    return fits


def _is_product_below(both: Bound, one: Bound, other: Bound, unit: str, of: str) -> bool:
    """In this unit no product of factors below their bounds reaches the bound of the product."""
    highest = Fraction(one[1][of]) * Fraction(other[1][of])
    limit = Fraction(both[1][unit])
    return highest < limit or (highest == limit and both[0] == "above")


def _read_entry_condition(space: AnswerSpace, entry: Mapping[str, Any]) -> Meaning:
    """What the condition of an entry means, with what limits its doubt; None: no such condition."""
    given = {key: entry[key] for key in CONDITION_KEYS if entry.get(key) is not None}
    if "only_with" in given:
        return space.read_rule(given)
    for when in given.values():
        return space.read_condition(when)
    return Meaning(space.bdd.true, space.bdd.true)


def _load_entry(folder: Path, mutant: Mutant) -> dict[str, Any]:
    found: Any = read_yaml_strings(folder / mutant.file)
    if not isinstance(found, dict):
        [found, *_] = [entry for entry in found if entry["id"] == mutant.entry]
    entry: dict[str, Any] = found
    return entry["evidence"][mutant.line] if mutant.file == "types/look_alikes.yaml" else entry
