"""From labs.yaml to the laboratory: units that fit together, limits in order, no unknown names."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from app.rulebook.entries import (
    AnalyteEntry,
    CorrectionEntry,
    LaboratoryEntry,
    NotWeighedEntry,
    ProductEntry,
    ResultAgeEntry,
    UnitEntry,
)
from app.rulebook.faults import WrittenEntry
from app.rulebook.yaml_lines import LinedMapping
from app.triage.labs import AlbuminCorrection, Analyte, CalciumPhosphateProduct, Laboratory, Unit

if TYPE_CHECKING:
    from app.rulebook.reading import RulebookReader

UnitsByAnalyte = Mapping[str, tuple[str, ...]]
"""Analyte -> the units in which it may be given."""

NO_PRODUCT = CalciumPhosphateProduct(Analyte("", (), ()), {})
"""Stands in for a product that could not be read."""

NO_AGES = (0, 0)
"""Stands in for ages that could not be read: every result is then too old."""

FACTORS = ("calcium_adjusted", "phosphate")
COMPUTED_WITH = ("calcium_total", "albumin", *FACTORS)
"""What the correction and the product are computed from, by name."""


def read_laboratory(reader: "RulebookReader", file: str) -> Laboratory:
    """Analytes, corrections and the product; their units become part of the vocabulary."""
    whole = reader.faults.read_mapping(file)
    reader.read_one_entry(whole, file, LaboratoryEntry, "laboratory")
    raws = reader.faults.list_mappings(whole.get("analytes"), file)
    analytes = {}
    for at, entry in reader.read_raw_entries(raws, file, AnalyteEntry):
        _check_analyte(at, entry)
        analytes[entry.id] = _build_analyte(entry)
        reader.analytes[entry.id] = analytes[entry.id].unit_names
    units = dict(reader.analytes)
    at = WrittenEntry(file, "laboratory", whole, reader.faults)
    for name in COMPUTED_WITH:
        if whole and name not in reader.where[AnalyteEntry]:
            at.note_fault(f"the analyte '{name}' is missing; adjusted calcium needs it", "analytes")
    corrections = tuple(_read_corrections(reader, whole, file, units))
    product = _read_product(reader, whole.get("product"), file, units)
    ages = _read_result_ages(reader, whole.get("age_of_result"), file)
    declared = dict(_read_unweighed(reader, whole.get("not_weighed"), file, analytes))
    return Laboratory(analytes, corrections, product, ages, declared)


def _read_corrections(
    reader: "RulebookReader", whole: LinedMapping, file: str, units: UnitsByAnalyte
) -> Iterator[AlbuminCorrection]:
    adjusted = set()
    for raw in reader.faults.list_mappings(whole.get("correction"), file):
        entry = reader.read_one_entry(raw, file, CorrectionEntry, "correction")
        if entry is None:
            return
        at = WrittenEntry(file, "correction", raw, reader.faults)
        for key, unit, analyte in (
            ("calcium", entry.calcium, "calcium_total"),
            ("albumin", entry.albumin, "albumin"),
        ):
            _check_unit(at, unit, units.get(analyte, ()), key)
        adjusted.add(entry.calcium)
        numbers = Decimal(entry.slope), Decimal(entry.reference)
        low, high = _parse_limits(entry.reliable)
        if low is not None and high is not None and low >= high:
            text = f"'reliable' runs from {low} to {high}; the lower limit comes first"
            at.note_fault(text, "reliable")
        sources = tuple(entry.sources)
        yield AlbuminCorrection(entry.calcium, entry.albumin, *numbers, sources, (low, high))
    for missing in [unit for unit in units.get("calcium_adjusted", ()) if unit not in adjusted]:
        text = f"no correction gives calcium in {missing}; every unit needs one"
        WrittenEntry(file, "correction", whole, reader.faults).note_fault(text, "correction")


def _read_product(
    reader: "RulebookReader", raw: object, file: str, units: UnitsByAnalyte
) -> CalciumPhosphateProduct:
    raws = [raw] if isinstance(raw, LinedMapping) else []
    for at, entry in reader.read_raw_entries(raws, file, ProductEntry):
        if sorted(entry.of) != sorted(FACTORS):
            at.note_fault(f"the product is one of {' and '.join(FACTORS)}; 'of' names others", "of")
        _check_unit(at, entry.si, tuple(entry.units), "si")
        for name, unit in entry.units.items():
            for factor in FACTORS:
                _check_unit(at, unit.of, units.get(factor, ()), "units", name, "from")
        made = (Unit(n, Decimal(u.factor), tuple(u.also)) for n, u in entry.units.items())
        product = Analyte(entry.id, tuple(made), tuple(entry.sources))
        reader.analytes[entry.id] = product.unit_names
        return CalciumPhosphateProduct(
            product, {name: unit.of for name, unit in entry.units.items()}
        )
    return NO_PRODUCT


def _read_result_ages(reader: "RulebookReader", raw: object, file: str) -> tuple[int, int]:
    """Days after which a result is old, and too old; what cannot be read is noted as a fault."""
    if not isinstance(raw, LinedMapping):
        return NO_AGES
    entry = reader.read_one_entry(raw, file, ResultAgeEntry, "age_of_result")
    if entry is None:
        return NO_AGES
    if entry.soft_days > entry.hard_days:
        text = f"'soft_days' is above 'hard_days'; allowed: at most {entry.hard_days}"
        WrittenEntry(file, "age_of_result", raw, reader.faults).note_fault(text, "soft_days")
    return entry.soft_days, entry.hard_days


def _read_unweighed(
    reader: "RulebookReader", raw: object, file: str, known: Mapping[str, Analyte]
) -> Iterator[tuple[str, str | None]]:
    """What is said to be weighed by no rule; a rulebook that says nothing of it names none."""
    for at, entry in reader.read_raw_entries(
        reader.faults.list_mappings(raw or [], file), file, NotWeighedEntry
    ):
        for key in ("id", "unless"):
            name = getattr(entry, key)
            if name is not None and name not in known:
                at.note_fault(f"unknown analyte '{name}'; allowed: {', '.join(known)}", key)
        yield entry.id, entry.unless


def _check_analyte(at: WrittenEntry, entry: AnalyteEntry) -> None:
    names = tuple(entry.units)
    _check_unit(at, entry.si, names, "si")
    for name in entry.loinc:
        _check_unit(at, name, names, "loinc", name)
    spellings = [s for name, unit in entry.units.items() for s in (name, *unit.also)]
    for twice in sorted({s for s in spellings if spellings.count(s) > 1}):
        at.note_fault(f"the spelling '{twice}' stands for two units; allowed: one", "units")
    for name, unit in entry.units.items():
        path = ("units", name)
        if name == entry.si and Decimal(unit.factor) != 1:
            at.note_fault(f"the factor of 'si', {name}, must be 1", *path, "factor")
        _check_limits(at, unit, path)


def _check_limits(at: WrittenEntry, unit: UnitEntry, path: tuple[str, str]) -> None:
    for key in ("hard", "soft", "range"):
        low, high = _parse_limits(getattr(unit, key))
        if low is not None and high is not None and low >= high:
            at.note_fault(
                f"'{key}' runs from {low} to {high}; the lower limit comes first", *path, key
            )
    lowest, highest = (Decimal(limit) for limit in unit.hard)
    for key in ("soft", "range"):
        for limit in _parse_limits(getattr(unit, key)):
            if limit is not None and not lowest <= limit <= highest:
                text = f"{limit} in '{key}' lies outside 'hard'; allowed: {lowest} to {highest}"
                at.note_fault(text, *path, key)


def _check_unit(at: WrittenEntry, unit: str, known: tuple[str, ...], *path: object) -> None:
    """Note a unit that is not known; where none is, the analyte itself is at fault."""
    if known and unit not in known:
        at.note_fault(f"unknown unit '{unit}'; allowed: {', '.join(known)}", *path)


def _build_analyte(entry: AnalyteEntry) -> Analyte:
    units = sorted(entry.units.items(), key=lambda pair: pair[0] != entry.si)
    made = tuple(_build_unit(name, unit) for name, unit in units)
    return Analyte(entry.id, made, tuple(entry.sources))


def _build_unit(name: str, entry: UnitEntry) -> Unit:
    limits = _parse_limits(entry.hard), _parse_limits(entry.soft), _parse_limits(entry.range)
    return Unit(name, Decimal(entry.factor), tuple(entry.also), *limits)


def _parse_limits(pair: list[str | None] | list[str]) -> tuple[Decimal | None, Decimal | None]:
    low, high = (None if limit is None else Decimal(limit) for limit in pair)
    return low, high
