"""What is worked out from blood results, and what to know about them, for whoever reads them.

The same for the clinic form, the API and the command line. It decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from app.triage.lab_numbers import parse_number
from app.triage.labs import (
    ADJUSTED,
    ALBUMIN,
    PHOSPHATE,
    TOTAL,
    is_adjustment_reliable,
    list_lab_readings,
)
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers

RawLabs = Mapping[str, Mapping[str, str]]
_PLACES = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ComputedLab:
    """A value that nobody measured, rounded to be shown. `reliable`: whether it may stand alone."""

    analyte: str
    value: str
    unit: str
    reliable: bool = True


@dataclass(frozen=True, slots=True)
class LabNotes:
    """What was worked out, from which values, and the ids of messages of labs.yaml about it."""

    computed: tuple[ComputedLab, ...]
    used: tuple[str, ...]
    messages: tuple[str, ...]


def compute_lab_notes(rulebook: Rulebook, answers: Answers, labs: RawLabs) -> LabNotes:
    """What follows from these values. From one with a sign nothing is worked out to be shown.

    Raises BadLab.
    """
    laboratory = rulebook.laboratory
    ways = list_lab_readings(laboratory, labs)
    calcium = (ADJUSTED,) if ADJUSTED in labs else (TOTAL, ALBUMIN)
    used = tuple(name for name in (*calcium, PHOSPHATE) if name in labs)
    computed, messages = [], []
    if ADJUSTED not in labs and TOTAL in labs and ALBUMIN in labs:
        sure = is_adjustment_reliable(laboratory, labs)
        unit = laboratory.analytes[TOTAL].find_unit(labs[TOTAL]["unit"])
        if unit is not None and not _has_signed_value(labs, (TOTAL, ALBUMIN)):
            value = _round_amount(ways[0][ADJUSTED][unit.name])
            computed.append(ComputedLab(ADJUSTED, value, unit.name, sure))
        messages.append("approximate" if sure else "unreliable")
    elif ADJUSTED in labs and ALBUMIN in labs:
        messages.append("adjusted_twice")
    elif TOTAL in labs and ADJUSTED not in labs:
        messages.append("needs_albumin")
    if labs and rulebook.roles.are_children(answers):
        messages.append("child")
    product = laboratory.product.analyte
    if product.id in ways[0] and not _has_signed_value(labs, used):
        unit_name = product.units[0].name
        value = _round_amount(ways[0][product.id][unit_name])
        computed.append(ComputedLab(product.id, value, unit_name))
    return LabNotes(tuple(computed), used, tuple(messages))


def _round_amount(amount: Decimal) -> str:
    return str(amount.quantize(_PLACES, ROUND_HALF_UP))


def _has_signed_value(labs: RawLabs, names: tuple[str, ...]) -> bool:
    """Whether one of these values was given with a sign."""
    numbers = (parse_number(labs[name]["value"]) for name in names if name in labs)
    return any(number is not None and number.sign for number in numbers)
