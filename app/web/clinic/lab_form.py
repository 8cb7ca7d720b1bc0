"""Blood results as a nurse types them: read, refused with what is allowed, or asked back once.

What is implausible is refused; what is unusual or old is kept after a tick, and a tick holds only
for the very value that it was given for. It must not know what a value means for the level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from app.store.versions import Labs
from app.triage.labs import (
    Analyte,
    BadLab,
    Laboratory,
    Unit,
    check_labs,
    perhaps_in,
    two_ways,
    unusual,
)
from app.triage.wording import Wording

Typed = Callable[[str], str]
Fill = Callable[..., str]
RIGHT = "findings.right"  # the key of the words beside the tick
OLD = "findings.old"


@dataclass(frozen=True, slots=True)
class Field:
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
    def wrong(self) -> bool:
        """Whether it cannot be kept as it is."""
        return bool(self.problem or (self.tick and not self.ticked))

    @property
    def what_is_wrong(self) -> str:
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

    def kept(self) -> list[Field]:
        """The form as it is opened: what is kept already."""
        return [
            self._blank(analyte, **self.before.get(analyte.id, {}))
            for analyte in self.laboratory.analytes.values()
        ]

    def read(self, typed: Typed) -> list[Field]:
        """The form as it was typed."""
        fields = [self._read(analyte, typed) for analyte in self.laboratory.analytes.values()]
        return self._together(fields)

    def message(self, key: str, **more: str) -> str:
        """One of the messages of labs.yaml."""
        return self.fill(self.words.lab_messages[key], **more)

    def _blank(self, analyte: Analyte, value: str = "", unit: str = "", on: str = "") -> Field:
        spoken = self.words.labs[analyte.id].parts
        only = analyte.units[0].name if len(analyte.units) == 1 else ""
        names = analyte.unit_names
        return Field(analyte.id, spoken["name"], spoken["hint"], names, value, unit or only, on)

    def _read(self, analyte: Analyte, typed: Typed) -> Field:
        value, on = typed(f"value-{analyte.id}"), typed(f"on-{analyte.id}")
        field = self._blank(analyte, value, typed(f"unit-{analyte.id}"), on)
        if not value:
            return field
        on = on or typed("on")
        problem = self._problem(analyte, field) or self._day_problem(on)
        if problem:
            return replace(field, problem=problem)
        return self._asked_back(analyte, replace(field, day=on), typed(f"right-{analyte.id}"))

    def _problem(self, analyte: Analyte, field: Field) -> str:
        try:
            check_labs(self.laboratory, {analyte.id: _sent(field)})
        except BadLab as bad:
            # What a sign leaves open depends on the other values; see `_together`.
            return "" if bad.problem == "spans" else self._refused(analyte, field, bad)
        return ""

    def _together(self, fields: list[Field]) -> list[Field]:
        """The same, with a problem beside a value whose sign leaves open what all of them mean."""
        good = {field.id: _sent(field) for field in fields if field.value and not field.problem}
        try:
            check_labs(self.laboratory, good)
        except BadLab as bad:
            analyte = self.laboratory.analytes[str(bad.analyte)]
            return [
                replace(f, problem=self._refused(analyte, f, bad)) if f.id == bad.analyte else f
                for f in fields
            ]
        return fields

    def _refused(self, analyte: Analyte, field: Field, bad: BadLab) -> str:
        unit = analyte.unit(field.unit)
        if unit is None:
            return self.message("unit")
        low, high = (str(limit) for limit in unit.hard)
        if bad.problem == "not_a_number":
            return self.message("number", example=_example(unit))
        if bad.problem == "two_ways":
            one, other = two_ways(analyte, _sent(field))
            return self.message("two_ways", one=one, other=other)
        if bad.problem == "spans":
            return self.message("spans", bound=bad.bounds[0])
        if bad.problem == "other_unit":
            fits = [u.name for u in analyte.units if bad.allowed[1].endswith(f" {u.name}")]
            return self.message("other_unit", unit=unit.name, other=fits[0])
        return self.message("outside", name=field.name, low=low, high=high, unit=unit.name)

    def _day_problem(self, text: str) -> str:
        day = _day(text)
        if day is None:
            return self.fill(self.words.pages["findings.day.problem"])
        return self.message("future") if day > self.today else ""

    def _asked_back(self, analyte: Analyte, field: Field, tick: str) -> Field:
        day = _day(field.day)
        age = (self.today - day).days if day else 0
        old, too_old = self.laboratory.ages
        token = f"{field.value} {field.unit} {field.day}"
        given = {"value": field.value, "unit": field.unit}
        asks = [self.message("unusual")] if unusual(analyte, given) else []
        other = perhaps_in(analyte, given)
        asks += [self.message("perhaps_unit", other=other)] if other else []
        words = RIGHT if asks else ""
        if age > too_old:
            asks, words = [*asks, self.message("very_old")], OLD
        elif age > old:
            asks = [*asks, self.message("old")]
        known = self.before.get(analyte.id) == {**given, "on": field.day}
        ticked = bool(words) and (known or tick == token)
        return replace(field, asks=tuple(asks), tick=words, token=token, ticked=ticked)


def as_labs(fields: list[Field]) -> dict[str, dict[str, str]]:
    """What is kept of a form in which nothing is wrong."""
    return {f.id: {"value": f.value, "unit": f.unit, "on": f.day} for f in fields if f.value}


def _sent(field: Field) -> dict[str, str]:
    return {"value": field.value, "unit": field.unit}


def _example(unit: Unit) -> str:
    """A usual value, so that nobody learns a wrong order of size from it."""
    return next((str(limit) for limit in unit.range if limit is not None), str(unit.hard[0]))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2027-03-31") else None
    except ValueError:
        return None
