"""Laboratory values: units, plausible limits, correction for albumin. Decimal, never rounded.

What a value means for the level or the type stands in the rules; this floor only reads amounts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

Amounts = Mapping[str, Mapping[str, Decimal]]
"""Analyte -> unit -> amount in that unit, unrounded."""

_NUMBER = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,30})?")
"""Plain numbers only: Decimal alone would also take 1_30, 1e3 and digits of other scripts."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of an analyte; amount x `factor` = amount in the SI unit; `hard`: plausible."""

    name: str
    factor: Decimal
    also: tuple[str, ...] = ()
    hard: tuple[Decimal | None, Decimal | None] = (None, None)
    soft: tuple[Decimal | None, Decimal | None] = (None, None)
    range: tuple[Decimal | None, Decimal | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Analyte:
    """One thing that a laboratory measures, with its units; the first is the SI unit."""

    id: str
    units: tuple[Unit, ...]
    sources: tuple[str, ...]

    def unit(self, name: str) -> Unit | None:
        """The unit of this name, or of another spelling of it."""
        return next((u for u in self.units if name in (u.name, *u.also)), None)

    @property
    def unit_names(self) -> tuple[str, ...]:
        """The units in which this analyte may be given."""
        return tuple(unit.name for unit in self.units)


@dataclass(frozen=True, slots=True)
class Correction:
    """Adjusted calcium = calcium + slope x (reference - albumin), in one unit system."""

    calcium: str
    albumin: str
    slope: Decimal
    reference: Decimal
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Adjusted calcium times phosphate; `systems` maps its units to the unit of both factors."""

    analyte: Analyte
    systems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Laboratory:
    """All analytes of the rulebook, the corrections for albumin and the product.

    `ages`: the days after which a result is called old, and too old unless it is marked as old.
    `not_weighed`: analyte that no rule of urgency weighs -> the one it counts through, if any.
    """

    analytes: Mapping[str, Analyte]
    corrections: tuple[Correction, ...]
    product: Product
    ages: tuple[int, int]
    not_weighed: Mapping[str, str | None]


class BadLab(Exception):
    """A value that cannot be used.

    `problem` is unknown_analyte, unknown_unit, not_a_number, outside, or other_unit (outside here,
    plausible in another unit). `allowed` says what would do. The value itself is not kept.
    """

    def __init__(self, problem: str, analyte: str | None, allowed: tuple[str, ...]) -> None:
        self.problem = problem
        self.analyte = analyte
        self.allowed = allowed
        super().__init__(f"{analyte or 'labs'}: {problem}; allowed: {', '.join(allowed)}")


def read_labs(laboratory: Laboratory, raw: Mapping[str, Mapping[str, str]]) -> Amounts:
    """Amounts in every unit of each analyte, with what can be computed from them.

    Adjusted calcium comes from total calcium and albumin where it was not given; without albumin
    the total stands for it (the graver reading wins nothing by being left out). Raises BadLab.
    """
    amounts: dict[str, Mapping[str, Decimal]] = {}
    for name, value in raw.items():
        if name not in laboratory.analytes:
            raise BadLab("unknown_analyte", None, tuple(laboratory.analytes))
        amounts[name] = _read(laboratory.analytes[name], value)
    if "calcium_adjusted" not in amounts and "calcium_total" in amounts:
        amounts["calcium_adjusted"] = _adjusted(laboratory, amounts)
    if "calcium_adjusted" in amounts and "phosphate" in amounts:
        systems = laboratory.product.systems
        amounts[laboratory.product.analyte.id] = {
            unit: amounts["calcium_adjusted"][of] * amounts["phosphate"][of]
            for unit, of in systems.items()
        }
    return amounts


def _read(analyte: Analyte, value: Mapping[str, str]) -> Mapping[str, Decimal]:
    unit = analyte.unit(str(value.get("unit", "")))
    if unit is None:
        raise BadLab("unknown_unit", analyte.id, analyte.unit_names)
    text = str(value.get("value", "")).strip()
    if not _NUMBER.fullmatch(text):
        raise BadLab("not_a_number", analyte.id, (_limits(unit),))
    amount = Decimal(text)
    if not _within(amount, unit.hard):
        others = [u for u in analyte.units if u is not unit and _within(amount, u.hard)]
        problem = "other_unit" if others else "outside"
        raise BadLab(problem, analyte.id, tuple(_limits(u) for u in [unit, *others]))
    in_si = amount * unit.factor
    return {u.name: amount if u is unit else in_si / u.factor for u in analyte.units}


def _adjusted(laboratory: Laboratory, amounts: Amounts) -> Mapping[str, Decimal]:
    total, albumin = amounts["calcium_total"], amounts.get("albumin")
    if albumin is None:
        return total
    return {
        c.calcium: total[c.calcium] + c.slope * (c.reference - albumin[c.albumin])
        for c in laboratory.corrections
    }


def not_weighed(declared: Mapping[str, str | None], given: Iterable[str]) -> tuple[str, ...]:
    """Those of the given analytes that no rule weighs, in the order of the rulebook."""
    there = frozenset(given)
    return tuple(n for n, through in declared.items() if n in there and through not in there)


def unusual(analyte: Analyte, value: Mapping[str, str]) -> bool:
    """Whether a value that can be used is so far from the usual that it is asked back."""
    unit = analyte.unit(value["unit"])
    return unit is not None and not _within(Decimal(value["value"]), unit.soft)


def _within(amount: Decimal, limits: tuple[Decimal | None, Decimal | None]) -> bool:
    low, high = limits
    return (low is None or amount >= low) and (high is None or amount <= high)


def _limits(unit: Unit) -> str:
    low, high = unit.hard
    return f"{low} to {high} {unit.name}"
