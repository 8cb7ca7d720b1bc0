"""From labs.yaml to the laboratory: units that fit together, limits in order, no unknown names."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from app.rulebook.entries import (
    AnalyteEntry,
    CorrectionEntry,
    EntryModel,
    LaboratoryEntry,
    NotWeighedEntry,
    ProductEntry,
    ResultAgeEntry,
    UnitEntry,
)
from app.rulebook.faults import WrittenEntry
from app.rulebook.yaml_lines import LinedMapping
from app.triage.lab_numbers import Limits
from app.triage.labs import AlbuminCorrection, Analyte, CalciumPhosphateProduct, Laboratory, Unit

if TYPE_CHECKING:
    from app.rulebook.reading import RulebookReader

LABS_FILE = "labs.yaml"
NO_PRODUCT = CalciumPhosphateProduct(Analyte("", (), ()), {})
"""Stands in for a product that could not be read."""

NO_AGES = (0, 0)
"""Stands in for ages that could not be read: every result is then too old."""

FACTORS = ("calcium_adjusted", "phosphate")
COMPUTED_WITH = ("calcium_total", "albumin", *FACTORS)
"""What the correction and the product are computed from, by name."""


def read_laboratory(reader: "RulebookReader") -> Laboratory:
    """Analytes, corrections and the product; their units become part of the vocabulary."""
    laboratory = reader.faults.read_whole(LABS_FILE, "laboratory")
    reader.read_one_entry(laboratory, LaboratoryEntry)
    whole, analytes = laboratory.raw, {}
    for at, entry in _read_parts(reader, whole.get("analytes"), AnalyteEntry):
        _check_analyte(at, entry)
        analytes[entry.id] = _build_analyte(entry)
        reader.analytes[entry.id] = analytes[entry.id].unit_names
    for name in COMPUTED_WITH:
        if whole and name not in reader.where[AnalyteEntry]:
            text = f"the analyte '{name}' is missing; adjusted calcium needs it"
            laboratory.note_fault(text, "analytes")
    corrections = tuple(_read_corrections(reader, whole))
    product = _read_product(reader, whole.get("product"))
    ages = _read_result_ages(reader, whole.get("age_of_result"))
    not_weighed = {}
    for at, said in _read_parts(reader, whole.get("not_weighed") or [], NotWeighedEntry):
        not_weighed[said.id] = said.unless
        for key in ("id", "unless"):
            name = getattr(said, key)
            if name is not None and name not in analytes:
                at.note_fault(f"unknown analyte '{name}'; allowed: {', '.join(analytes)}", key)
    return Laboratory(analytes, corrections, product, ages, not_weighed)


def _read_parts(
    reader: "RulebookReader", raw: object, model: type[EntryModel]
) -> Iterator[tuple[WrittenEntry, EntryModel]]:
    """The entries of one list in the file."""
    raws = reader.faults.list_mappings(raw, LABS_FILE)
    return reader.read_raw_entries(raws, LABS_FILE, model)


def _read_corrections(reader: "RulebookReader", whole: LinedMapping) -> Iterator[AlbuminCorrection]:
    adjusted = set()
    for raw in reader.faults.list_mappings(whole.get("correction"), LABS_FILE):
        at = WrittenEntry(LABS_FILE, "correction", raw, reader.faults)
        entry = reader.read_one_entry(at, CorrectionEntry)
        if entry is None:
            return
        _check_unit(at, entry.calcium, reader.analytes.get("calcium_total", ()), "calcium")
        _check_unit(at, entry.albumin, reader.analytes.get("albumin", ()), "albumin")
        adjusted.add(entry.calcium)
        numbers = Decimal(entry.slope), Decimal(entry.reference)
        low, high = _parse_limits(entry.reliable)
        if low is not None and high is not None and low >= high:
            text = f"'reliable' runs from {low} to {high}; the lower limit comes first"
            at.note_fault(text, "reliable")
        sources = tuple(entry.sources)
        yield AlbuminCorrection(entry.calcium, entry.albumin, *numbers, sources, (low, high))
    wanted = reader.analytes.get("calcium_adjusted", ())
    for missing in [unit for unit in wanted if unit not in adjusted]:
        text = f"no correction gives calcium in {missing}; every unit needs one"
        WrittenEntry(LABS_FILE, "correction", whole, reader.faults).note_fault(text, "correction")


def _read_product(reader: "RulebookReader", raw: object) -> CalciumPhosphateProduct:
    raws = [raw] if isinstance(raw, LinedMapping) else []
    for at, entry in reader.read_raw_entries(raws, LABS_FILE, ProductEntry):
        if sorted(entry.of) != sorted(FACTORS):
            at.note_fault(f"the product is one of {' and '.join(FACTORS)}; 'of' names others", "of")
        _check_unit(at, entry.si, tuple(entry.units), "si")
        for name, unit in entry.units.items():
            for factor in FACTORS:
                _check_unit(at, unit.of, reader.analytes.get(factor, ()), "units", name, "from")
        made = (Unit(n, Decimal(u.factor), tuple(u.also)) for n, u in entry.units.items())
        product = Analyte(entry.id, tuple(made), tuple(entry.sources))
        reader.analytes[entry.id] = product.unit_names
        systems = {name: unit.of for name, unit in entry.units.items()}
        return CalciumPhosphateProduct(product, systems)
    return NO_PRODUCT


def _read_result_ages(reader: "RulebookReader", raw: object) -> tuple[int, int]:
    """Days after which a result is old, and too old; what cannot be read is noted as a fault."""
    if not isinstance(raw, LinedMapping):
        return NO_AGES
    at = WrittenEntry(LABS_FILE, "age_of_result", raw, reader.faults)
    entry = reader.read_one_entry(at, ResultAgeEntry)
    if entry is None:
        return NO_AGES
    if entry.soft_days > entry.hard_days:
        text = f"'soft_days' is above 'hard_days'; allowed: at most {entry.hard_days}"
        at.note_fault(text, "soft_days")
    return entry.soft_days, entry.hard_days


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
    units = []
    for name, unit in sorted(entry.units.items(), key=lambda pair: pair[0] != entry.si):
        limits = _parse_limits(unit.hard), _parse_limits(unit.soft), _parse_limits(unit.range)
        code = entry.loinc.get(name, "")
        units.append(Unit(name, Decimal(unit.factor), tuple(unit.also), *limits, code))
    return Analyte(entry.id, tuple(units), tuple(entry.sources))


def _parse_limits(pair: Sequence[str | None]) -> Limits:
    low, high = (None if limit is None else Decimal(limit) for limit in pair)
    return low, high
