"""Laboratory values: units, plausible limits, correction for albumin. Decimal, never rounded.

A value with a sign (`<15`) stands for all values that it allows. What a value means for the level
or the type stands in the rules; this room only reads amounts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from app.triage.conditions import Condition, LabBound, Situation, judge_condition, walk_leaves
from app.triage.lab_numbers import (
    Limits,
    TypedNumber,
    find_signed_range,
    format_unambiguously,
    is_within,
    parse_number,
)

Amounts = Mapping[str, Mapping[str, Decimal]]
"""Analyte -> unit -> amount in that unit, unrounded."""

RawLabs = Mapping[str, Mapping[str, str]]
"""Analyte -> `value` and `unit` as they were typed."""

TOTAL, ADJUSTED, ALBUMIN = "calcium_total", "calcium_adjusted", "albumin"
PHOSPHATE = "phosphate"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of an analyte; amount x `factor` = amount in the SI unit; `hard`: plausible.

    `loinc`: the code of the analyte measured in this unit, "" where none was seen in a source.
    """

    name: str
    factor: Decimal
    also: tuple[str, ...] = ()
    hard: Limits = (None, None)
    soft: Limits = (None, None)
    range: Limits = (None, None)
    loinc: str = ""


@dataclass(frozen=True, slots=True)
class Analyte:
    """One thing that a laboratory measures, with its units; the first is the SI unit."""

    id: str
    units: tuple[Unit, ...]
    sources: tuple[str, ...]

    def find_unit(self, name: str) -> Unit | None:
        """The unit of this name, or of another spelling of it."""
        return next((u for u in self.units if name in (u.name, *u.also)), None)

    @property
    def unit_names(self) -> tuple[str, ...]:
        """The units in which this analyte may be given."""
        return tuple(unit.name for unit in self.units)


@dataclass(frozen=True, slots=True)
class AlbuminCorrection:
    """Adjusted calcium = calcium + slope x (reference - albumin), in one unit system.

    Beyond the albumin of `reliable` the formula does not decide alone.
    """

    calcium: str
    albumin: str
    slope: Decimal
    reference: Decimal
    sources: tuple[str, ...]
    reliable: Limits = (None, None)


@dataclass(frozen=True, slots=True)
class CalciumPhosphateProduct:
    """Adjusted calcium times phosphate; `systems` maps its units to the unit of both factors."""

    analyte: Analyte
    systems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Laboratory:
    """All analytes of the rulebook, the corrections for albumin and the product.

    `ages`: the days after which a result is called old, and too old unless it is marked as old.
    `not_weighed`: analyte that no rule of urgency weighs -> the one it counts through, if any.
    `bounds`: analyte -> every bound on it that a condition of the rulebook names.
    """

    analytes: Mapping[str, Analyte]
    corrections: tuple[AlbuminCorrection, ...]
    product: CalciumPhosphateProduct
    ages: tuple[int, int]
    not_weighed: Mapping[str, str | None]
    bounds: Mapping[str, tuple[LabBound, ...]] = field(default_factory=dict)


def with_rule_bounds(laboratory: Laboratory, conditions: Iterable[Condition]) -> Laboratory:
    """The laboratory, which now knows every bound that these conditions name."""
    found: dict[str, dict[LabBound, None]] = {}
    for condition in conditions:
        for leaf in walk_leaves(condition):
            if isinstance(leaf, LabBound):
                found.setdefault(leaf.analyte, {})[replace(leaf, negated=False)] = None
    return replace(laboratory, bounds={name: tuple(bounds) for name, bounds in found.items()})


class BadLab(Exception):
    """A value that cannot be used.

    `problem` is unknown_analyte, unknown_unit, not_a_number, outside, other_unit (outside here,
    plausible in another unit), two_ways (a mark that may be for decimals or for thousands) or
    spans (values on both sides of a bound fit it). `allowed` says what would do; `bounds` are
    those that it spans, such as "15 mL/min". The value itself is not kept.
    """

    def __init__(
        self, problem: str, analyte: str | None, allowed: tuple[str, ...], *bounds: str
    ) -> None:
        self.problem, self.analyte = problem, analyte
        self.allowed, self.bounds = allowed, bounds
        super().__init__(f"{analyte or 'labs'}: {problem}; allowed: {', '.join(allowed)}")


@dataclass(frozen=True, slots=True)
class AmountRange:
    """The least and the most that one value may be, in each unit; the same where it has no sign."""

    least: Mapping[str, Decimal]
    most: Mapping[str, Decimal]


def read_lab_amounts(laboratory: Laboratory, raw: RawLabs) -> Amounts:
    """Amounts in every unit of each analyte, with what can be computed from them; see `readings`.

    Adjusted calcium comes from total calcium and albumin where it was not given; without albumin
    the total stands for it (the graver reading wins nothing by being left out). Raises BadLab.
    """
    return list_lab_readings(laboratory, raw)[0]


def list_lab_readings(laboratory: Laboratory, raw: RawLabs) -> tuple[Amounts, ...]:
    """Every way to read the values; the level is that of the graver one. Mostly there is one.

    There are more where the formula for adjusted calcium is not reliable, which is then read
    unadjusted too, and where a value with a sign was kept although it spans a bound of these
    rules. Raises BadLab.
    """
    found: list[Amounts] = []
    for ends in _read_ranges(laboratory, raw):
        least = {name: end.least for name, end in ends.items()}
        found.append(least)
        if _find_spanned_bounds(laboratory, ends):
            found.append({name: end.most for name, end in ends.items()})
    return tuple(found)


def check_typed_labs(laboratory: Laboratory, raw: RawLabs) -> None:
    """Whether values as they were just typed can be used; stricter than to read what was kept.

    Raises BadLab, with two_ways and spans among its problems.
    """
    signed = []
    for name, value in raw.items():
        if name in laboratory.analytes:
            _, number = _parse_typed(laboratory.analytes[name], value)
            if ambiguous_amounts(laboratory.analytes[name], value):
                raise BadLab("two_ways", name, (_CLEARLY,))
            signed += [name] if number.sign else []
    for ends in _read_ranges(laboratory, raw):
        for name, bounds in _find_spanned_bounds(laboratory, ends).items():
            culprit = name if name in signed else signed[0]
            raise BadLab("spans", culprit, (_ONE_SIDE.format(" or ".join(bounds)),), *bounds)


def ambiguous_amounts(analyte: Analyte, value: Mapping[str, str]) -> tuple[str, ...]:
    """The two amounts that the value may mean, as they can be typed, each with its sign; or ().

    A comma is read as a mark for thousands only where nothing else is plausible, in any unit; a
    point never is. Raises BadLab for what is no number.
    """
    unit, number = _parse_typed(analyte, value)
    if number.plain is None or number.grouped is None or not is_within(number.grouped, unit.hard):
        return ()
    if number.grouped == _choose_amount(analyte, unit, number):
        return ()
    ways = (number.plain, number.grouped)
    return tuple(f"{number.sign}{format_unambiguously(way)}" for way in ways)


def _read_ranges(laboratory: Laboratory, raw: RawLabs) -> list[Mapping[str, AmountRange]]:
    values: dict[str, AmountRange] = {}
    for name, value in raw.items():
        if name not in laboratory.analytes:
            raise BadLab("unknown_analyte", None, tuple(laboratory.analytes))
        values[name] = _read_range(laboratory.analytes[name], value)
    if ADJUSTED in values or TOTAL not in values:
        return [_add_product(laboratory, values)]
    total, albumin = values[TOTAL], values.get(ALBUMIN)
    if albumin is None:
        return [_add_product(laboratory, values | {ADJUSTED: total})]
    found = [values | {ADJUSTED: _adjust_calcium(laboratory, total, albumin)}]
    if not _is_reliable_albumin(laboratory, albumin):
        found.append(values | {ADJUSTED: total})
    return [_add_product(laboratory, one) for one in found]


def _read_range(analyte: Analyte, value: Mapping[str, str]) -> AmountRange:
    unit, number = _parse_typed(analyte, value)
    amount = _choose_amount(analyte, unit, number)
    least, most = find_signed_range(number.sign, amount, unit.hard)
    if not is_within(amount, unit.hard) or least > most:
        others = [u for u in analyte.units if u is not unit and is_within(amount, u.hard)]
        problem = "other_unit" if others else "outside"
        raise BadLab(problem, analyte.id, tuple(_format_limits(u) for u in [unit, *others]))
    return AmountRange(
        _convert_to_units(analyte, unit, least), _convert_to_units(analyte, unit, most)
    )


def _parse_typed(analyte: Analyte, value: Mapping[str, str]) -> tuple[Unit, TypedNumber]:
    """The unit and the number. Raises BadLab for an unknown unit and for what is no number."""
    unit = analyte.find_unit(str(value.get("unit", "")))
    if unit is None:
        raise BadLab("unknown_unit", analyte.id, analyte.unit_names)
    number = parse_number(str(value.get("value", "")))
    if number is None:
        raise BadLab("not_a_number", analyte.id, (_format_limits(unit),))
    return unit, number


def _choose_amount(analyte: Analyte, unit: Unit, number: TypedNumber) -> Decimal:
    plain, grouped = number.plain, number.grouped
    if plain is None or grouped is None:
        return number.possible_amounts[0]
    plainly = any(is_within(plain, u.hard) for u in analyte.units)
    if number.mark == "," and not plainly and is_within(grouped, unit.hard):
        return grouped
    return plain


def _convert_to_units(analyte: Analyte, unit: Unit, amount: Decimal) -> Mapping[str, Decimal]:
    in_si = amount * unit.factor
    return {u.name: amount if u is unit else in_si / u.factor for u in analyte.units}


def _adjust_calcium(
    laboratory: Laboratory, total: AmountRange, albumin: AmountRange
) -> AmountRange:
    """The more albumin, the less adjusted calcium."""

    def adjust_by_albumin(
        calcium: Mapping[str, Decimal], protein: Mapping[str, Decimal]
    ) -> Mapping[str, Decimal]:
        return {
            c.calcium: calcium[c.calcium] + c.slope * (c.reference - protein[c.albumin])
            for c in laboratory.corrections
        }

    return AmountRange(
        adjust_by_albumin(total.least, albumin.most), adjust_by_albumin(total.most, albumin.least)
    )


def is_adjustment_reliable(laboratory: Laboratory, raw: RawLabs) -> bool:
    """Whether the formula may decide alone at this albumin, which is given. Raises BadLab."""
    return _is_reliable_albumin(laboratory, _read_range(laboratory.analytes[ALBUMIN], raw[ALBUMIN]))


def _is_reliable_albumin(laboratory: Laboratory, albumin: AmountRange) -> bool:
    return all(
        is_within(end[c.albumin], c.reliable)
        for c in laboratory.corrections
        for end in (albumin.least, albumin.most)
    )


def _add_product(
    laboratory: Laboratory, values: Mapping[str, AmountRange]
) -> Mapping[str, AmountRange]:
    if ADJUSTED not in values or PHOSPHATE not in values:
        return values
    calcium, phosphate, systems = values[ADJUSTED], values[PHOSPHATE], laboratory.product.systems
    both = AmountRange(
        {unit: calcium.least[of] * phosphate.least[of] for unit, of in systems.items()},
        {unit: calcium.most[of] * phosphate.most[of] for unit, of in systems.items()},
    )
    return {**values, laboratory.product.analyte.id: both}


def _find_spanned_bounds(
    laboratory: Laboratory, values: Mapping[str, AmountRange]
) -> Mapping[str, tuple[str, ...]]:
    """Analyte -> the bounds that the least and the most of it do not meet alike, in words."""
    found = {}
    for name, ends in values.items():
        if ends.least == ends.most:
            continue
        sides = [Situation({}, frozenset(), {}, {name: end}) for end in (ends.least, ends.most)]
        bounds = [
            f"{bound.bounds[0][1]} {bound.bounds[0][0]}"
            for bound in laboratory.bounds.get(name, ())
            if judge_condition(bound, sides[0]) is not judge_condition(bound, sides[1])
        ]
        if bounds:
            found[name] = tuple(dict.fromkeys(bounds))
    return found


def trace_measured_analytes(
    laboratory: Laboratory, analyte: str, given: Iterable[str]
) -> tuple[str, ...]:
    """Those of the given analytes that its value is, or was worked out from."""
    there = tuple(given)
    if analyte in there:
        return (analyte,)
    parts = {ADJUSTED: (TOTAL, ALBUMIN), laboratory.product.analyte.id: (ADJUSTED, PHOSPHATE)}
    return tuple(
        measured
        for part in parts.get(analyte, ())
        for measured in trace_measured_analytes(laboratory, part, there)
    )


def find_unweighed_analytes(
    declared: Mapping[str, str | None], given: Iterable[str]
) -> tuple[str, ...]:
    """Those of the given analytes that no rule weighs, in the order of the rulebook."""
    there = frozenset(given)
    return tuple(n for n, through in declared.items() if n in there and through not in there)


def is_unusual_value(analyte: Analyte, value: Mapping[str, str]) -> bool:
    """Whether a value that can be used is so far from the usual that it is asked back."""
    unit, amount = _nearest_amount(analyte, value)
    return not is_within(amount, unit.soft)


def suggest_other_unit(analyte: Analyte, value: Mapping[str, str]) -> str | None:
    """The other unit in which the number of an unusual value would be a usual one."""
    unit, amount = _nearest_amount(analyte, value)
    if is_within(amount, unit.soft):
        return None
    return next(
        (u.name for u in analyte.units if u is not unit and is_within(amount, u.soft)), None
    )


def _nearest_amount(analyte: Analyte, value: Mapping[str, str]) -> tuple[Unit, Decimal]:
    """The unit, and the amount; of those that a sign allows the one nearest to what was typed."""
    unit, number = _parse_typed(analyte, value)
    amount = _choose_amount(analyte, unit, number)
    least, most = find_signed_range(number.sign, amount, unit.hard)
    return unit, most if number.sign.startswith("<") else least


def _format_limits(unit: Unit) -> str:
    low, high = unit.hard
    return f"{low} to {high} {unit.name}"


_CLEARLY = "no mark for thousands, and not just three digits after a decimal mark: 1.25, 1250"
_ONE_SIDE = "the number itself, or a sign that leaves all values on one side of {}"
