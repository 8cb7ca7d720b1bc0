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
    Laboratory,
    is_adjustment_reliable,
    is_unusual_value,
    list_lab_readings,
    suggest_other_unit,
)
from app.triage.sources import Roles
from app.triage.terms import Answers
from app.triage.wording import Wording

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


def compute_lab_notes(
    laboratory: Laboratory, roles: Roles, answers: Answers, labs: RawLabs
) -> LabNotes:
    """What follows from these values. From one with a sign nothing is worked out to be shown.

    Raises BadLab.
    """
    ways = list_lab_readings(laboratory, labs)
    used = tuple(n for n in _list_source_analytes(labs) if n in labs)
    computed, messages = [], []
    if ADJUSTED not in labs and TOTAL in labs and ALBUMIN in labs:
        sure = is_adjustment_reliable(laboratory, labs)
        unit = laboratory.analytes[TOTAL].find_unit(labs[TOTAL]["unit"])
        if unit is not None and not _has_signed_value(labs, (TOTAL, ALBUMIN)):
            computed.append(
                _make_computed_lab(ADJUSTED, ways[0][ADJUSTED][unit.name], unit.name, sure)
            )
        messages.append("approximate" if sure else "unreliable")
    elif ADJUSTED in labs and ALBUMIN in labs:
        messages.append("adjusted_twice")
    elif TOTAL in labs and ADJUSTED not in labs:
        messages.append("needs_albumin")
    if labs and roles.are_children(answers):
        messages.append("child")
    product = laboratory.product.analyte
    if product.id in ways[0] and not _has_signed_value(labs, used):
        unit_name = product.units[0].name
        computed.append(_make_computed_lab(product.id, ways[0][product.id][unit_name], unit_name))
    return LabNotes(tuple(computed), used, tuple(messages))


def build_labs_json(
    laboratory: Laboratory, words: Wording, answers: Answers, labs: RawLabs
) -> dict[str, object]:
    """Each value as it was sent, with what to look at again, and what was worked out."""
    found = compute_lab_notes(laboratory, words.roles, answers, labs)
    return {
        "labs": [_build_value_json(laboratory, words, name, value) for name, value in labs.items()],
        "labs_computed": [
            {
                "lab": one.analyte,
                "name": words.labs[one.analyte].name,
                "value": one.value,
                "unit": one.unit,
                "reliable": one.reliable,
            }
            for one in found.computed
        ],
        "labs_notes": [{"id": id_, "text": words.lab_messages[id_]} for id_ in found.messages],
    }


def _build_value_json(
    laboratory: Laboratory, words: Wording, name: str, value: Mapping[str, str]
) -> dict[str, object]:
    analyte, said = laboratory.analytes[name], words.lab_messages
    strange, other = is_unusual_value(analyte, value), suggest_other_unit(analyte, value)
    texts = [said["unusual"]] if strange else []
    texts += [said["perhaps_unit"].format(other=other)] if other else []
    return {
        "lab": name,
        "name": words.labs[name].name,
        "value": value["value"],
        "unit": value["unit"],
        "unusual": strange,
        "perhaps_unit": other,
        "text": " ".join(texts) or None,
    }


def _make_computed_lab(
    analyte: str, amount: Decimal, unit: str, reliable: bool = True
) -> ComputedLab:
    return ComputedLab(analyte, str(amount.quantize(_PLACES, ROUND_HALF_UP)), unit, reliable)


def _list_source_analytes(labs: RawLabs) -> tuple[str, ...]:
    return (ADJUSTED, PHOSPHATE) if ADJUSTED in labs else (TOTAL, ALBUMIN, PHOSPHATE)


def _has_signed_value(labs: RawLabs, names: tuple[str, ...]) -> bool:
    """Whether one of these values was given with a sign."""
    numbers = (parse_number(labs[name]["value"]) for name in names if name in labs)
    return any(number is not None and number.sign for number in numbers)
