"""Laboratory values: units, plausible limits, correction for albumin. Decimal, never rounded.

A value with a sign (`<15`) stands for all values that it allows. What a value means for the level
or the type stands in the rules; this floor only reads amounts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from app.triage.conditions import Condition, LabBound, Situation, judge, leaves
from app.triage.lab_numbers import Number, clearly, parse

Amounts = Mapping[str, Mapping[str, Decimal]]
"""Analyte -> unit -> amount in that unit, unrounded."""

Raw = Mapping[str, Mapping[str, str]]
"""Analyte -> `value` and `unit` as they were typed."""

TOTAL, ADJUSTED, ALBUMIN = "calcium_total", "calcium_adjusted", "albumin"
PHOSPHATE = "phosphate"


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
    """Adjusted calcium = calcium + slope x (reference - albumin), in one unit system.

    Beyond the albumin of `reliable` the formula does not decide alone.
    """

    calcium: str
    albumin: str
    slope: Decimal
    reference: Decimal
    sources: tuple[str, ...]
    reliable: tuple[Decimal | None, Decimal | None] = (None, None)


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
    `bounds`: analyte -> every bound on it that a condition of the rulebook names.
    """

    analytes: Mapping[str, Analyte]
    corrections: tuple[Correction, ...]
    product: Product
    ages: tuple[int, int]
    not_weighed: Mapping[str, str | None]
    bounds: Mapping[str, tuple[LabBound, ...]] = field(default_factory=dict)


def bounded(laboratory: Laboratory, conditions: Iterable[Condition]) -> Laboratory:
    """The laboratory, which now knows every bound that these conditions name."""
    found: dict[str, dict[LabBound, None]] = {}
    for condition in conditions:
        for leaf in leaves(condition):
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
        self,
        problem: str,
        analyte: str | None,
        allowed: tuple[str, ...],
        bounds: tuple[str, ...] = (),
    ) -> None:
        self.problem = problem
        self.analyte = analyte
        self.allowed = allowed
        self.bounds = bounds
        super().__init__(f"{analyte or 'labs'}: {problem}; allowed: {', '.join(allowed)}")


@dataclass(frozen=True, slots=True)
class Ends:
    """The least and the most that one value may be, in each unit; the same where it has no sign."""

    least: Mapping[str, Decimal]
    most: Mapping[str, Decimal]


def read_labs(laboratory: Laboratory, raw: Raw) -> Amounts:
    """Amounts in every unit of each analyte, with what can be computed from them; see `readings`.

    Adjusted calcium comes from total calcium and albumin where it was not given; without albumin
    the total stands for it (the graver reading wins nothing by being left out). Raises BadLab.
    """
    return readings(laboratory, raw)[0]


def readings(laboratory: Laboratory, raw: Raw) -> tuple[Amounts, ...]:
    """Every way to read the values; the level is that of the graver one. Mostly there is one.

    There are more where the formula for adjusted calcium is not reliable, which is then read
    unadjusted too, and where a value with a sign was kept although it spans a bound of these
    rules. Raises BadLab.
    """
    found: list[Amounts] = []
    for ends in _readings(laboratory, raw):
        least = {name: end.least for name, end in ends.items()}
        found.append(least)
        if _spanned(laboratory, ends):
            found.append({name: end.most for name, end in ends.items()})
    return tuple(found)


def check_labs(laboratory: Laboratory, raw: Raw) -> None:
    """Whether values as they were just typed can be used; stricter than to read what was kept.

    Raises BadLab, with two_ways and spans among its problems.
    """
    signed = []
    for name, value in raw.items():
        if name in laboratory.analytes:
            _, number = _typed(laboratory.analytes[name], value)
            if two_ways(laboratory.analytes[name], value):
                raise BadLab("two_ways", name, (_CLEARLY,))
            signed += [name] if number.sign else []
    for ends in _readings(laboratory, raw):
        for name, bounds in _spanned(laboratory, ends).items():
            culprit = name if name in signed else signed[0]
            raise BadLab("spans", culprit, (_ONE_SIDE.format(" or ".join(bounds)),), bounds)


def two_ways(analyte: Analyte, value: Mapping[str, str]) -> tuple[str, ...]:
    """The two amounts that the value may mean, each as it can be typed; () where it is clear.

    A comma is read as a mark for thousands only where nothing else is plausible, in any unit; a
    point never is. Raises BadLab for what is no number.
    """
    unit, number = _typed(analyte, value)
    if number.plain is None or number.grouped is None:
        return ()
    if not _within(number.grouped, unit.hard) or number.grouped == _amount(analyte, unit, number):
        return ()
    return clearly(number.plain), clearly(number.grouped)


def _readings(laboratory: Laboratory, raw: Raw) -> list[Mapping[str, Ends]]:
    values: dict[str, Ends] = {}
    for name, value in raw.items():
        if name not in laboratory.analytes:
            raise BadLab("unknown_analyte", None, tuple(laboratory.analytes))
        values[name] = _read(laboratory.analytes[name], value)
    if ADJUSTED in values or TOTAL not in values:
        return [_with_product(laboratory, values)]
    total, albumin = values[TOTAL], values.get(ALBUMIN)
    if albumin is None:
        return [_with_product(laboratory, values | {ADJUSTED: total})]
    found = [values | {ADJUSTED: _adjusted(laboratory, total, albumin)}]
    if not _reliable(laboratory, albumin):
        found.append(values | {ADJUSTED: total})
    return [_with_product(laboratory, one) for one in found]


def _read(analyte: Analyte, value: Mapping[str, str]) -> Ends:
    unit, number = _typed(analyte, value)
    amount = _amount(analyte, unit, number)
    least, most = _ends(number.sign, amount, unit)
    if not _within(amount, unit.hard) or least > most:
        others = [u for u in analyte.units if u is not unit and _within(amount, u.hard)]
        problem = "other_unit" if others else "outside"
        raise BadLab(problem, analyte.id, tuple(_limits(u) for u in [unit, *others]))
    return Ends(_in_units(analyte, unit, least), _in_units(analyte, unit, most))


def _typed(analyte: Analyte, value: Mapping[str, str]) -> tuple[Unit, Number]:
    """The unit and the number. Raises BadLab for an unknown unit and for what is no number."""
    unit = analyte.unit(str(value.get("unit", "")))
    if unit is None:
        raise BadLab("unknown_unit", analyte.id, analyte.unit_names)
    number = parse(str(value.get("value", "")))
    if number is None:
        raise BadLab("not_a_number", analyte.id, (_limits(unit),))
    return unit, number


def _amount(analyte: Analyte, unit: Unit, number: Number) -> Decimal:
    plain, grouped = number.plain, number.grouped
    if plain is None or grouped is None:
        return number.ways[0]
    plainly = any(_within(plain, u.hard) for u in analyte.units)
    if number.mark == "," and not plainly and _within(grouped, unit.hard):
        return grouped
    return plain


def _ends(sign: str, amount: Decimal, unit: Unit) -> tuple[Decimal, Decimal]:
    """The least and the most that fit the sign, as far as anyone can have them."""
    low, high = unit.hard
    low, high = Decimal(0) if low is None else low, Decimal("Infinity") if high is None else high
    return {
        "": (amount, amount),
        "<": (low, amount.next_minus()),
        "<=": (low, amount),
        ">": (amount.next_plus(), high),
        ">=": (amount, high),
    }[sign]


def _in_units(analyte: Analyte, unit: Unit, amount: Decimal) -> Mapping[str, Decimal]:
    in_si = amount * unit.factor
    return {u.name: amount if u is unit else in_si / u.factor for u in analyte.units}


def _adjusted(laboratory: Laboratory, total: Ends, albumin: Ends) -> Ends:
    """The more albumin, the less adjusted calcium."""

    def adjusted(
        calcium: Mapping[str, Decimal], protein: Mapping[str, Decimal]
    ) -> Mapping[str, Decimal]:
        return {
            c.calcium: calcium[c.calcium] + c.slope * (c.reference - protein[c.albumin])
            for c in laboratory.corrections
        }

    return Ends(adjusted(total.least, albumin.most), adjusted(total.most, albumin.least))


def adjusts_reliably(laboratory: Laboratory, raw: Raw) -> bool:
    """Whether the formula may decide alone at this albumin, which is given. Raises BadLab."""
    return _reliable(laboratory, _read(laboratory.analytes[ALBUMIN], raw[ALBUMIN]))


def _reliable(laboratory: Laboratory, albumin: Ends) -> bool:
    return all(
        _within(end[c.albumin], c.reliable)
        for c in laboratory.corrections
        for end in (albumin.least, albumin.most)
    )


def _with_product(laboratory: Laboratory, values: Mapping[str, Ends]) -> Mapping[str, Ends]:
    if ADJUSTED not in values or PHOSPHATE not in values:
        return values
    calcium, phosphate, systems = values[ADJUSTED], values[PHOSPHATE], laboratory.product.systems
    both = Ends(
        {unit: calcium.least[of] * phosphate.least[of] for unit, of in systems.items()},
        {unit: calcium.most[of] * phosphate.most[of] for unit, of in systems.items()},
    )
    return {**values, laboratory.product.analyte.id: both}


def _spanned(laboratory: Laboratory, values: Mapping[str, Ends]) -> Mapping[str, tuple[str, ...]]:
    """Analyte -> the bounds that the least and the most of it do not meet alike, in words."""
    found = {}
    for name, ends in values.items():
        if ends.least == ends.most:
            continue
        sides = [Situation({}, frozenset(), {}, {name: end}) for end in (ends.least, ends.most)]
        bounds = [
            f"{bound.bounds[0][1]} {bound.bounds[0][0]}"
            for bound in laboratory.bounds.get(name, ())
            if judge(bound, sides[0]) is not judge(bound, sides[1])
        ]
        if bounds:
            found[name] = tuple(dict.fromkeys(bounds))
    return found


def not_weighed(declared: Mapping[str, str | None], given: Iterable[str]) -> tuple[str, ...]:
    """Those of the given analytes that no rule weighs, in the order of the rulebook."""
    there = frozenset(given)
    return tuple(n for n, through in declared.items() if n in there and through not in there)


def unusual(analyte: Analyte, value: Mapping[str, str]) -> bool:
    """Whether a value that can be used is so far from the usual that it is asked back."""
    unit, amount = _nearest(analyte, value)
    return not _within(amount, unit.soft)


def perhaps_in(analyte: Analyte, value: Mapping[str, str]) -> str | None:
    """The other unit in which the number of an unusual value would be a usual one."""
    unit, amount = _nearest(analyte, value)
    if _within(amount, unit.soft):
        return None
    return next((u.name for u in analyte.units if u is not unit and _within(amount, u.soft)), None)


def _nearest(analyte: Analyte, value: Mapping[str, str]) -> tuple[Unit, Decimal]:
    """The unit, and the amount; of those that a sign allows the one nearest to what was typed."""
    unit, number = _typed(analyte, value)
    least, most = _ends(number.sign, _amount(analyte, unit, number), unit)
    return unit, most if number.sign.startswith("<") else least


def _within(amount: Decimal, limits: tuple[Decimal | None, Decimal | None]) -> bool:
    low, high = limits
    return (low is None or amount >= low) and (high is None or amount <= high)


def _limits(unit: Unit) -> str:
    low, high = unit.hard
    return f"{low} to {high} {unit.name}"


_CLEARLY = "no mark for thousands, and not just three digits after a decimal mark: 1.25, 1250"
_ONE_SIDE = "the number itself, or a sign that leaves all values on one side of {}"
