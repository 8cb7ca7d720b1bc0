"""Laboratory values as bands: the bounds of the rules cut each analyte's line into a few pieces.

A value is a point on the line of the SI unit, whichever unit it was given in; a bound in several
units holds where it does in any of them. Exact fractions throughout. Knows nothing of formulas.

A calcium whose adjustment is not reliable is read in two ways, of which the graver counts: each of
them lies in these bands, so what is proved of one value holds of both. A value with a sign counts
only where all that it allows lies in one band.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise, product

from app.triage.conditions import LabBound, Situation, judge_condition
from app.triage.labs import AlbuminCorrection, Laboratory, read_lab_amounts
from app.triage.terms import Truth

Cut = tuple[Fraction, int]
"""A place on a line: just before a point (0) or just after it (1)."""
Span = tuple[Cut, Cut]
"""What lies between two cuts; nothing, where they stand the wrong way round."""
GivenValue = Mapping[str, str]
"""A value as a person gives it: `value` and `unit`."""
MetBounds = frozenset[LabBound]
"""The bounds that hold."""
Pairs = Mapping[tuple[int, ...], tuple[GivenValue, GivenValue]]

TOTAL, ADJUSTED, ALBUMIN, PHOSPHATE = "calcium_total", "calcium_adjusted", "albumin", "phosphate"
STEP = Decimal("0.0001")
STEPS = 24


@dataclass(frozen=True)
class AnalyteAxis:
    """One analyte: where bounds cut its line, and between which ends its values are plausible."""

    cuts: tuple[Cut, ...]
    ends: Span

    @cached_property
    def band_spans(self) -> tuple[Span, ...]:
        """The pieces, from the lowest."""
        low, high = self.ends
        pieces = pairwise((low, *self.cuts, high))
        return tuple((max(low, one), min(high, other)) for one, other in pieces)


_found: dict["LabBands", Pairs] = {}


class LabBands:
    """The lines of all analytes that some bounds speak of, and real values on them."""

    def __init__(self, laboratory: Laboratory, bounds: Iterable[LabBound]) -> None:
        self.laboratory = laboratory
        self.product = laboratory.product.analyte.id
        self.bounds = tuple(dict.fromkeys(replace(bound, negated=False) for bound in bounds))
        named = [bound.analyte for bound in self.bounds]
        if self.product in named:
            named += [ADJUSTED, PHOSPHATE]
        self.axes = {name: self._build_axis(name) for name in dict.fromkeys(named)}

    def find_cut(self, bound: LabBound) -> Cut:
        """Where the bound begins to hold or, for `below`, where it no longer does."""
        factors = self.unit_factors(bound.analyte)
        places = [Fraction(amount) * factors[unit] for unit, amount in bound.bounds]
        if bound.comparison == "below":
            return max(places), 0
        return min(places), 1 if bound.comparison == "above" else 0

    def unit_factors(self, analyte: str) -> Mapping[str, Fraction]:
        """Unit -> what one of it is in the SI unit."""
        if analyte != self.product:
            units = self.laboratory.analytes[analyte].units
            return {unit.name: Fraction(unit.factor) for unit in units}
        calcium, phosphate = self.unit_factors(ADJUSTED), self.unit_factors(PHOSPHATE)
        systems = self.laboratory.product.systems
        return {name: calcium[of] * phosphate[of] for name, of in systems.items()}

    def bounds_in_band(self, analyte: str, band: int) -> MetBounds:
        """The bounds that hold in a band."""
        past, own = self.axes[analyte].cuts[:band], self.bounds_of(analyte)
        return frozenset(
            b for b in own if (self.find_cut(b) in past) is not (b.comparison == "below")
        )

    def list_compatible_bands(self) -> Iterator[tuple[int, int, int]]:
        """Bands of adjusted calcium, of phosphate and of their product that can go together."""
        calcium, phosphate, both = (self.axes[n] for n in (ADJUSTED, PHOSPHATE, self.product))
        slack = self.adjustment_slack
        pairs = product(enumerate(calcium.band_spans), enumerate(phosphate.band_spans))
        for (i, one), (j, other) in pairs:
            if one[0] < one[1] and other[0] < other[1]:
                low, high = _multiply_spans(((one[0][0] - slack, 0), (one[1][0] + slack, 1)), other)
                for k, band in enumerate(both.band_spans):
                    if max(low, band[0]) < min(high, band[1]):
                        yield i, j, k

    @cached_property
    def adjustment_slack(self) -> Fraction:
        """How far calcium adjusted in one unit can lie from calcium adjusted in another."""
        return max(max(shifts) - min(shifts) for shifts in self._correction_shifts())

    def met_bounds(self, sent: Mapping[str, GivenValue]) -> MetBounds:
        """The bounds that hold for these values, as the engine reads and judges them."""
        situation = Situation({}, frozenset(), {}, read_lab_amounts(self.laboratory, sent))
        return frozenset(b for b in self.bounds if judge_condition(b, situation) is Truth.TRUE)

    def sample_values(self, analyte: str) -> Iterator[GivenValue]:
        """Plausible values at each bound, just beside it and between bounds, in every unit."""
        for unit in self.laboratory.analytes[analyte].units:
            low, high = unit.hard
            points, factor = self._sample_points(analyte), Fraction(unit.factor)
            places = [_to_decimal(place / factor) for place in points]
            places += [dict(b.bounds)[unit.name] for b in self.bounds_of(analyte)]
            for amount in sorted({p + step for p in places for step in (-STEP, 0 * STEP, STEP)}):
                if (low is None or amount >= low) and (high is None or amount <= high):
                    yield {"value": f"{amount:f}", "unit": unit.name}

    def find_values(self, wanted: Mapping[str, int]) -> dict[str, GivenValue] | None:
        """Values that lie in the wanted bands and meet just their bounds; none if there are none.

        The product needs no value of its own: it follows from calcium and phosphate.
        """
        given = {}
        pair = (ADJUSTED, PHOSPHATE)
        for name, band in wanted.items():
            if name == self.product or (self.product in wanted and name in pair):
                continue
            found = self.value_examples[name].get(self.bounds_in_band(name, band))
            if found is None:
                return None
            given[name] = found
        if self.product not in wanted:
            return given
        both = self._value_pairs.get(tuple(wanted[name] for name in (*pair, self.product)))
        return None if both is None else given | dict(zip(pair, both, strict=True))

    @cached_property
    def value_examples(self) -> Mapping[str, Mapping[MetBounds, GivenValue]]:
        """Analyte -> its bounds that hold -> the first value that was found to meet just these."""
        every: dict[str, dict[MetBounds, GivenValue]] = {}
        for analyte in (name for name in self.axes if name != self.product):
            found, own = every.setdefault(analyte, {}), frozenset(self.bounds_of(analyte))
            for value in self.sample_values(analyte):
                found.setdefault(self.met_bounds({analyte: value}) & own, value)
        return every

    @cached_property
    def _value_pairs(self) -> Pairs:
        """Bands of calcium, phosphate and product -> values of the first two that lie there.

        Most rulebooks that are proved one after the other have the same laboratory.
        """
        last = next(iter(_found), None)
        if last is None or (last.laboratory, last.bounds) != (self.laboratory, self.bounds):
            pairs = self._find_pairs()
            _found.clear()
            _found[self] = pairs
            return pairs
        return _found[last]

    def _find_pairs(self) -> Pairs:
        found: dict[MetBounds, tuple[GivenValue, GivenValue]] = {}
        for one, other in product(self._si_values(ADJUSTED), self._si_values(PHOSPHATE)):
            found.setdefault(self.met_bounds({ADJUSTED: one, PHOSPHATE: other}), (one, other))
        names = (ADJUSTED, PHOSPHATE, self.product)
        expected = {
            bands: frozenset().union(*map(self.bounds_in_band, names, bands))
            for bands in self.list_compatible_bands()
        }
        return {bands: found[met] for bands, met in expected.items() if met in found}

    def _si_values(self, analyte: str) -> list[GivenValue]:
        unit = self.laboratory.analytes[analyte].units[0].name
        return [v for v in self.sample_values(analyte) if v["unit"] == unit]

    def bounds_of(self, analyte: str) -> list[LabBound]:
        """The bounds of one analyte."""
        return [bound for bound in self.bounds if bound.analyte == analyte]

    def _sample_points(self, analyte: str) -> list[Fraction]:
        """The bounds, and points between them and the plausible ends, in the SI unit."""
        line = self.axes[analyte]
        marks = sorted({place for place, _ in (*line.cuts, *line.ends)})
        low, high = marks[0], marks[-1]
        steps = [low + (high - low) * step / STEPS for step in range(STEPS)]
        return [*marks, *((one + other) / 2 for one, other in pairwise(marks)), *steps]

    def _build_axis(self, analyte: str) -> AnalyteAxis:
        cuts = {self.find_cut(bound) for bound in self.bounds_of(analyte)}
        return AnalyteAxis(tuple(sorted(cuts)), self._plausible_ends(analyte))

    def _plausible_ends(self, analyte: str) -> Span:
        if analyte == self.product:
            return _multiply_spans(self._plausible_ends(ADJUSTED), self._plausible_ends(PHOSPHATE))
        limits = [
            Fraction(limit) * Fraction(unit.factor)
            for unit in self.laboratory.analytes[analyte].units
            for limit in unit.hard
            if limit is not None
        ]
        if analyte == ADJUSTED:
            (lowest, _), (highest, _) = self._plausible_ends(TOTAL)
            shifts = [shift for pair in self._correction_shifts() for shift in pair]
            limits += [end + shift for end in (lowest, highest) for shift in (*shifts, Fraction(0))]
        return (min(limits), 0), (max(limits), 1)

    def _correction_shifts(self) -> list[list[Fraction]]:
        """What each correction adds at the least and at the most plausible albumin, in SI."""
        calcium, albumin = self.unit_factors(ADJUSTED), self.unit_factors(ALBUMIN)

        def shift_by(how: AlbuminCorrection, end: Fraction) -> Fraction:
            lacking = Fraction(how.reference) - end / albumin[how.albumin]
            return Fraction(how.slope) * lacking * calcium[how.calcium]

        ends, corrections = self._plausible_ends(ALBUMIN), self.laboratory.corrections
        return [[shift_by(how, end) for how in corrections] for end, _ in ends]


def _multiply_spans(one: Span, other: Span) -> Span:
    """What the products of two points can be; an end belongs to it where both its factors do."""
    low, high = ([(span[0], 0), (span[1], 1)] for span in (one, other))
    corners = [(a[0] * b[0], a[1] == at and b[1] == bt) for a, at in low for b, bt in high]
    least, first = min(corners, key=lambda corner: (corner[0], not corner[1]))
    most, last = max(corners)
    return (least, 0 if first else 1), (most, 1 if last else 0)


def _to_decimal(place: Fraction) -> Decimal:
    return (Decimal(place.numerator) / Decimal(place.denominator)).quantize(STEP)
