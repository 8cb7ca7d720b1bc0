"""Ready-made material for tests: the real rulebook, answers, laboratory values, random answers.

Answers start from the healthy default of the worked cases and say only what differs. Knows nothing
of pages or the store.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeVar

import yaml
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from app.rulebook.checks import list_conditions
from app.rulebook.load import load_rulebook_folder
from app.triage.conditions import LabBound, Situation, walk_leaves
from app.triage.labs import Amounts, read_lab_amounts
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Assessment, Urgency

RULES = Path(__file__).parents[1] / "rules"
WORKED = RULES / "cases" / "worked"
SOAK = bool(os.environ.get("CALCINOSIS_SOAK"))

Test = TypeVar("Test", bound=Callable[..., None])
Labs = Mapping[str, Mapping[str, str]]
Chosen = str | Iterable[str]
"""One option, or several."""
Value = tuple[str, str, str]
"""A laboratory value: analyte, value, unit."""

KNOWN = {"reason": ("lump", "calcinosis")}
"""What makes the healthy default a lump that S1 leaves to self-care."""
GATES = {"kidney": "kidneys", "autoimmune": "immune_illness"}
"""The line of `conditions` that has a question asked: naming an answer to it ticks that line."""
FRESH = {"change": "under_2_weeks"}
"""What makes the healthy default a lump that S2 leaves to self-care."""


def seeded(seed: int | None) -> Random:
    """Chance for tests: the same for the same seed, new each time for none."""
    # A test has to be able to meet the same people again; nothing secret is ever made of this.
    return Random(seed)  # noqa: S311


@cache
def rulebook() -> Rulebook:
    """The real rulebook, read once."""
    return load_rulebook_folder(RULES)


def question(name: str) -> Question:
    """One of its questions."""
    return rulebook().questionnaire[name]


def ticks(name: str, *, raising: bool = False) -> tuple[str, ...]:
    """Options of a question but for "none of these" and "not sure"; or only those that raise."""
    asked = question(name)
    return tuple(
        option.id
        for option in asked.options
        if option.id not in (asked.none, asked.unsure)
        and not (raising and (option.reassuring or option.neutral))
    )


def answers(changes: Mapping[str, Chosen] | None = None, /, **more: Chosen) -> Answers:
    """The healthy default with these changes; what is then not asked is left out, unless named."""
    named = {**(changes or {}), **more}
    merged = _default() | {name: _set(chosen) for name, chosen in named.items()}
    if gates := frozenset(GATES[name] for name in GATES.keys() & named.keys()):
        merged["conditions"] = merged["conditions"] - {"none"} | gates
    kept = rulebook().questionnaire.trace_path(merged).answers
    return {name: chosen for name, chosen in merged.items() if name in kept or name in named}


def labs(**values: str) -> Labs:
    """Laboratory values as they are sent, from "3.5 mmol/L"."""
    split = {analyte: text.split(" ", 1) for analyte, text in values.items()}
    return {analyte: {"value": value, "unit": unit} for analyte, (value, unit) in split.items()}


def assessed(given: Labs | None = None, /, **changes: Chosen) -> Assessment:
    """What the real rulebook makes of the healthy default with these changes."""
    return assess_answers(rulebook(), answers(**changes), given)


def level(given: Answers, amounts: Amounts | None = None) -> Urgency:
    """Only the level, quickly."""
    book = rulebook()
    path = book.questionnaire.trace_path(given)
    return Urgency(
        book.compiled_rules.level(
            book.compiled_rules.encode_answers(path.answers, path.off_path, amounts or {})
        )
    )


def situation(given: Answers, amounts: Amounts | None = None) -> Situation:
    """What a condition of the real rulebook is judged against."""
    path = rulebook().questionnaire.trace_path(given)
    return Situation(
        path.answers, path.off_path, rulebook().questionnaire.unsure_options, amounts or {}
    )


def fired(assessment: Assessment) -> set[str]:
    """Ids of the rules that certainly hold."""
    return {finding.rule for finding in assessment.findings if finding.certain}


def examples(usual: int, soak: int | None = None) -> Callable[[Test], Test]:
    """So many random examples, the same each time; in a soak (ten times) as many, and new ones."""
    return settings(
        max_examples=(soak or 10 * usual) if SOAK else usual,
        derandomize=not SOAK,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def some_answers() -> st.SearchStrategy[Answers]:
    """Whole sets of answers, a few or many steps away from one of three quiet lumps.

    Off-path answers are among them: every question is answered.
    """
    steps = _choices(3) | _choices(9) | _choices(40)
    return st.builds(_with_choices, st.sampled_from(QUIET_LUMPS), steps)


def some_unfinished_answers() -> st.SearchStrategy[Answers]:
    """As `some_answers`, with some questions left open."""
    names = [asked.id for asked in rulebook().questionnaire]
    left_out = st.sets(st.sampled_from(names))
    return st.builds(
        lambda whole, out: {name: chosen for name, chosen in whole.items() if name not in out},
        some_answers(),
        left_out,
    )


@cache
def telling_values() -> list[Value]:
    """(analyte, value, unit) at each bound of the rulebook, just below it and just above it."""
    book = rulebook()
    bounds = [
        leaf for c in list_conditions(book) for leaf in walk_leaves(c) if isinstance(leaf, LabBound)
    ]
    beside = (Decimal(0), Decimal("-0.01"), Decimal("0.01"))
    around = {
        (leaf.analyte, bound + step, unit)
        for leaf in bounds
        for unit, bound in leaf.bounds
        for step in beside
        if leaf.analyte in book.laboratory.analytes
    }
    plain = {("calcium_total", Decimal(v), "mmol/L") for v in ("2.3", "2.9", "3.6")}
    plain |= {("albumin", Decimal(v), "g/L") for v in ("20", "40", "60")}
    plain |= {("alp", Decimal(80), "U/L"), ("urate", Decimal(300), "µmol/L")}
    plain |= {("egfr", Decimal(90), "mL/min/1.73 m²"), ("phosphate", Decimal(12), "mg/dL")}
    return sorted((analyte, str(value), unit) for analyte, value, unit in around | plain)


def some_values() -> st.SearchStrategy[list[Value]]:
    """Mostly a few laboratory values on and beside the bounds that the rulebook names."""
    return st.lists(st.sampled_from(telling_values()), max_size=3)


def some_amounts() -> st.SearchStrategy[Amounts]:
    """The same values, read."""
    return some_values().map(read_amounts)


def values_as_sent(values: Iterable[Value]) -> Labs:
    """Values in the form in which they are sent; a later value of the same analyte counts."""
    return {analyte: {"value": value, "unit": unit} for analyte, value, unit in values}


def read_amounts(values: Iterable[Value]) -> Amounts:
    """Values, read: amounts in every unit, with what can be computed from them."""
    return read_lab_amounts(rulebook().laboratory, values_as_sent(values))


def _choices(most: int) -> st.SearchStrategy[list[tuple[str, str]]]:
    every = [(asked.id, o) for asked in rulebook().questionnaire for o in asked.option_ids]
    return st.lists(st.sampled_from(every), max_size=most)


def _with_choices(base: Answers, choices: Iterable[tuple[str, str]]) -> Answers:
    """The base with whole new answers to the questions that the choices name."""
    anew: dict[str, frozenset[str]] = {}
    for name, option in choices:
        asked = question(name)
        so_far = anew.get(name, frozenset())
        alone = asked.kind == "one" or option == asked.none
        anew[name] = frozenset([option]) if alone else so_far - {asked.none} | {option}
    return {**base, **anew}


@cache
def _default() -> dict[str, frozenset[str]]:
    raw = yaml.safe_load((WORKED / "default.yaml").read_text(encoding="utf-8"))
    return {name: _set(chosen) for name, chosen in raw.items()}


def _set(chosen: Chosen) -> frozenset[str]:
    return frozenset([chosen] if isinstance(chosen, str) else chosen)


QUIET_LUMPS: tuple[Answers, ...] = tuple(
    _default() | {name: _set(chosen) for name, chosen in change.items()}
    for change in ({}, KNOWN, FRESH)
)
"""Every question answered: the healthy default, the same lump already known, and a fresh one."""
