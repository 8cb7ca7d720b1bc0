"""Blood results as a nurse types them: read, refused with what is allowed, or asked back once.

What is implausible is refused; what is unusual or old is kept after a tick, and a tick holds only
for the very value that it was given for. It must not know what a value means for the level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from app.store.submission_versions import Labs
from app.triage.labs import (
    Analyte,
    BadLab,
    Laboratory,
    Unit,
    ambiguous_amounts,
    check_typed_labs,
    is_unusual_value,
    suggest_other_unit,
)
from app.triage.wording import Wording

ReadTyped = Callable[[str], str]
Fill = Callable[..., str]
RIGHT = "findings.right"  # the key of the words beside the tick
OLD = "findings.old"


@dataclass(frozen=True, slots=True)
class LabField:
    """One blood test on the form: what was typed, what is wrong with it, what is asked back."""

    id: str
    name: str
    hint: str
    units: tuple[str, ...]
    value: str
    unit: str
    on: str  # its own day as it was typed
    day: str = ""  # the day that counts: its own, or that of the whole form
    problem: str = ""
    asks: tuple[str, ...] = ()  # what to look at again
    tick: str = ""  # the key of the words beside it; "" where none is needed
    token: str = ""  # what the tick speaks of
    ticked: bool = False

    @property
    def needs_fixing(self) -> bool:
        """Whether it cannot be kept as it is."""
        return bool(self.problem or (self.tick and not self.ticked))

    @property
    def problem_summary(self) -> str:
        """The same in words that can stand far from the field."""
        words = self.problem or self.asks[0]
        return words if words.startswith(self.name) else f"{self.name}: {words}"


@dataclass(frozen=True, slots=True)
class LabForm:
    """All blood tests of one form. `before`: what is kept already, and was asked back then."""

    laboratory: Laboratory
    words: Wording
    fill: Fill
    today: date
    before: Labs

    def initial_fields(self) -> list[LabField]:
        """The form as it is opened: what is kept already."""
        return [
            self._build_field(analyte, **self.before.get(analyte.id, {}))
            for analyte in self.laboratory.analytes.values()
        ]

    def read_fields(self, typed: ReadTyped) -> list[LabField]:
        """The form as it was typed."""
        fields = [self._read_field(analyte, typed) for analyte in self.laboratory.analytes.values()]
        return self._check_together(fields)

    def format_message(self, key: str, **more: str) -> str:
        """One of the messages of labs.yaml."""
        return self.fill(self.words.lab_messages[key], **more)

    def _build_field(
        self, analyte: Analyte, value: str = "", unit: str = "", on: str = ""
    ) -> LabField:
        spoken = self.words.labs[analyte.id].parts
        only = analyte.units[0].name if len(analyte.units) == 1 else ""
        names = analyte.unit_names
        return LabField(analyte.id, spoken["name"], spoken["hint"], names, value, unit or only, on)

    def _read_field(self, analyte: Analyte, typed: ReadTyped) -> LabField:
        value, on = typed(f"value-{analyte.id}"), typed(f"on-{analyte.id}")
        field = self._build_field(analyte, value, typed(f"unit-{analyte.id}"), on)
        if not value:
            return field
        on = on or typed("on")
        problem = self._check_field(analyte, field) or self._check_day(on)
        if problem:
            return replace(field, problem=problem)
        return self._ask_back_unusual(analyte, replace(field, day=on), typed(f"right-{analyte.id}"))

    def _check_field(self, analyte: Analyte, field: LabField) -> str:
        try:
            check_typed_labs(self.laboratory, {analyte.id: _entered_amount(field)})
        except BadLab as bad:
            # What a sign leaves open depends on the other values; see `_together`.
            return "" if bad.problem == "spans" else self._describe_refusal(analyte, field, bad)
        return ""

    def _check_together(self, fields: list[LabField]) -> list[LabField]:
        """The same, with a problem beside a value whose sign leaves open what all of them mean."""
        good = {
            field.id: _entered_amount(field)
            for field in fields
            if field.value and not field.problem
        }
        try:
            check_typed_labs(self.laboratory, good)
        except BadLab as bad:
            analyte = self.laboratory.analytes[str(bad.analyte)]
            return [
                replace(f, problem=self._describe_refusal(analyte, f, bad))
                if f.id == bad.analyte
                else f
                for f in fields
            ]
        return fields

    def _describe_refusal(self, analyte: Analyte, field: LabField, bad: BadLab) -> str:
        unit = analyte.find_unit(field.unit)
        if unit is None:
            return self.format_message("unit")
        low, high = (str(limit) for limit in unit.hard)
        if bad.problem == "not_a_number":
            return self.format_message("number", example=_example_amount(unit))
        if bad.problem == "two_ways":
            one, other = ambiguous_amounts(analyte, _entered_amount(field))
            return self.format_message("two_ways", one=one, other=other)
        if bad.problem == "spans":
            return self.format_message("spans", bound=bad.bounds[0])
        if bad.problem == "other_unit":
            fits = [u.name for u in analyte.units if bad.allowed[1].endswith(f" {u.name}")]
            return self.format_message("other_unit", unit=unit.name, other=fits[0])
        return self.format_message("outside", name=field.name, low=low, high=high, unit=unit.name)

    def _check_day(self, text: str) -> str:
        day = _parse_day(text)
        if day is None:
            return self.fill(self.words.pages["findings.day.problem"])
        return self.format_message("future") if day > self.today else ""

    def _ask_back_unusual(self, analyte: Analyte, field: LabField, tick: str) -> LabField:
        day = _parse_day(field.day)
        age = (self.today - day).days if day else 0
        old, too_old = self.laboratory.ages
        token = f"{field.value} {field.unit} {field.day}"
        given = {"value": field.value, "unit": field.unit}
        asks = [self.format_message("unusual")] if is_unusual_value(analyte, given) else []
        other = suggest_other_unit(analyte, given)
        asks += [self.format_message("perhaps_unit", other=other)] if other else []
        words = RIGHT if asks else ""
        if age > too_old:
            asks, words = [*asks, self.format_message("very_old")], OLD
        elif age > old:
            asks = [*asks, self.format_message("old")]
        known = self.before.get(analyte.id) == {**given, "on": field.day}
        ticked = bool(words) and (known or tick == token)
        return replace(field, asks=tuple(asks), tick=words, token=token, ticked=ticked)


def collect_labs(fields: list[LabField]) -> dict[str, dict[str, str]]:
    """What is kept of a form in which nothing is wrong."""
    return {f.id: {"value": f.value, "unit": f.unit, "on": f.day} for f in fields if f.value}


def _entered_amount(field: LabField) -> dict[str, str]:
    return {"value": field.value, "unit": field.unit}


def _example_amount(unit: Unit) -> str:
    """A usual value, so that nobody learns a wrong order of size from it."""
    return next((str(limit) for limit in unit.range if limit is not None), str(unit.hard[0]))


def _parse_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2027-03-31") else None
    except ValueError:
        return None
