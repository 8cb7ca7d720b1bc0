"""Blood tests as a nurse types them: value, unit and day, and what is asked back about each.

A value that is implausible is refused, with what is wrong; what can be read in two ways becomes a
choice; what is unusual or old is kept after a tick. A tick or a choice holds only for the very
value that it was given for. It must not know what a value means.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from app.documents.typed_days import UnreadableDay, format_example_day, parse_day
from app.presentation.dates import format_day
from app.store.submission_versions import Labs
from app.triage import labs
from app.web.pages import AppContext, filler_for, translator_for

RIGHT = "findings.right"  # the key of the words beside the tick
OLD = "findings.old"
MONTHS = 12
DAY_PROBLEMS = {
    "order": "findings.day.order",
    "two_ways": "findings.day.two_ways",
    "year": "findings.day.year",
}
"""Problem of a day -> the key of the words for it, where it has words of its own."""


class NumberReading(NamedTuple):
    """One of the things that a number may mean, as it can be typed; `token`: this one is meant."""

    value: str
    token: str


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
    readings: tuple[NumberReading, ...] = ()  # what it may mean, where that is more than one thing

    @property
    def amount(self) -> dict[str, str]:
        """What was typed, as the laboratory reads it."""
        return {"value": self.value, "unit": self.unit}

    @property
    def needs_fixing(self) -> bool:
        """Whether it cannot be kept as it is."""
        return bool(self.problem or (self.tick and not self.ticked))

    @property
    def problem_summary(self) -> str:
        """The same in words that can stand far from the field."""
        words = self.problem or self.asks[0]
        return words if words.startswith(self.name) else f"{self.name}: {words}"


@dataclass(frozen=True)
class LabForm:
    """All blood tests of one form. `before`: what is kept already, and was asked back then.

    `date_order`: in which order the clinic types the numbers of a day.
    """

    context: AppContext
    region: str
    today: date
    date_order: str
    before: Labs

    @property
    def laboratory(self) -> labs.Laboratory:
        """The blood tests that today's rules read."""
        return self.context.rulebook.laboratory

    def initial_fields(self) -> list[LabField]:
        """The form as it is opened: what is kept already."""
        return [
            self._build_field(analyte, **self.before.get(analyte.id, {}))
            for analyte in self.laboratory.analytes.values()
        ]

    def read_fields(self, typed: Callable[[str], str]) -> list[LabField]:
        """The form as it was typed."""
        fields = [self._read_field(analyte, typed) for analyte in self.laboratory.analytes.values()]
        return self._check_together(fields)

    def format_message(self, key: str, **more: str) -> str:
        """One of the messages of labs.yaml."""
        words = self.context.page_wording.lab_messages
        return filler_for(self.context, self.region)(words[key], **more)

    def _build_field(
        self, analyte: labs.Analyte, value: str = "", unit: str = "", on: str = ""
    ) -> LabField:
        spoken = self.context.page_wording.labs[analyte.id].parts
        only = analyte.units[0].name if len(analyte.units) == 1 else ""
        names = analyte.unit_names
        return LabField(analyte.id, spoken["name"], spoken["hint"], names, value, unit or only, on)

    def _read_field(self, analyte: labs.Analyte, typed: Callable[[str], str]) -> LabField:
        value, on = typed(f"value-{analyte.id}"), typed(f"on-{analyte.id}")
        field = self._build_field(analyte, value, typed(f"unit-{analyte.id}"), on)
        if not value:
            return field
        readings = self._list_readings(analyte, field)
        meant = [r.value for r in readings if r.token == typed(f"read-{analyte.id}")]
        field = replace(field, value=meant[0]) if meant else replace(field, readings=readings)
        problem = self._check_field(analyte, field)
        if problem:
            return replace(field, problem=problem)
        try:
            day = self._read_day(on or typed("on"))
        except UnreadableDay as bad:
            return replace(field, problem=self._describe_bad_day(bad))
        if day > self.today:
            return replace(field, problem=self.format_message("future"))
        return self._ask_back_unusual(analyte, field, day, typed(f"right-{analyte.id}"))

    def _list_readings(self, analyte: labs.Analyte, field: LabField) -> tuple[NumberReading, ...]:
        """What the number may mean; one of them holds only for the very value that it is of."""
        try:
            ways = labs.ambiguous_amounts(analyte, field.amount)
        except labs.BadLab:
            return ()
        return tuple(NumberReading(way, f"{field.value} {field.unit}: {way}") for way in ways)

    def _check_field(self, analyte: labs.Analyte, field: LabField) -> str:
        try:
            labs.check_typed_labs(self.laboratory, {analyte.id: field.amount})
        except labs.BadLab as bad:
            # What a sign leaves open depends on the other values; see `_check_together`.
            return "" if bad.problem == "spans" else self._describe_refusal(analyte, field, bad)
        return ""

    def _check_together(self, fields: list[LabField]) -> list[LabField]:
        """The same, with a problem beside a value whose sign leaves open what all of them mean."""
        good = {f.id: f.amount for f in fields if f.value and not f.problem}
        try:
            labs.check_typed_labs(self.laboratory, good)
        except labs.BadLab as bad:
            analyte = self.laboratory.analytes[str(bad.analyte)]
            for at, field in enumerate(fields):
                if field.id == bad.analyte:
                    problem = self._describe_refusal(analyte, field, bad)
                    fields[at] = replace(field, problem=problem)
        return fields

    def _describe_refusal(self, analyte: labs.Analyte, field: LabField, bad: labs.BadLab) -> str:
        unit = analyte.find_unit(field.unit)
        if unit is None:
            return self.format_message("unit")
        low, high = (str(limit) for limit in unit.hard)
        if bad.problem == "not_a_number":
            return self.format_message("number", example=_example_amount(unit))
        if bad.problem == "two_ways":
            one, other = field.readings
            return self.format_message("two_ways", one=one.value, other=other.value)
        if bad.problem == "spans":
            return self.format_message("spans", bound=bad.bounds[0])
        if bad.problem == "other_unit":
            fits = [u.name for u in analyte.units if bad.allowed[1].endswith(f" {u.name}")]
            return self.format_message("other_unit", unit=unit.name, other=fits[0])
        return self.format_message("outside", name=field.name, low=low, high=high, unit=unit.name)

    def _read_day(self, text: str) -> date:
        return parse_day(text, self.date_order, self.context.language)

    def format_example_day(self) -> str:
        """A day as it can be typed here: the last one whose day is no number of a month."""
        day = self.today
        while day.day <= MONTHS:
            day -= timedelta(days=1)
        return format_example_day(day, self.date_order, self.context.language)

    def _describe_bad_day(self, bad: UnreadableDay) -> str:
        ways = [format_day(way, self.context.language) for way in bad.ways]
        between = dict(zip(("one", "other"), ways, strict=False))
        words = DAY_PROBLEMS.get(bad.problem, "findings.day.problem")
        translate = translator_for(self.context, self.region)[0]
        return translate(words, example=self.format_example_day(), **between)

    def _ask_back_unusual(
        self, analyte: labs.Analyte, field: LabField, day: date, tick: str
    ) -> LabField:
        field, age = replace(field, day=day.isoformat()), (self.today - day).days
        old, too_old = self.laboratory.ages
        token = f"{field.value} {field.unit} {field.day}"
        asks = (
            [self.format_message("unusual")] if labs.is_unusual_value(analyte, field.amount) else []
        )
        other = labs.suggest_other_unit(analyte, field.amount)
        asks += [self.format_message("perhaps_unit", other=other)] if other else []
        words = RIGHT if asks else ""
        if age > too_old:
            asks, words = [*asks, self.format_message("very_old")], OLD
        elif age > old:
            asks = [*asks, self.format_message("old")]
        known = self.before.get(analyte.id) == {**field.amount, "on": field.day}
        ticked = bool(words) and (known or tick == token)
        return replace(field, asks=tuple(asks), tick=words, token=token, ticked=ticked)


def collect_labs(fields: list[LabField]) -> dict[str, dict[str, str]]:
    """What is kept of a form in which nothing is wrong."""
    return {f.id: {**f.amount, "on": f.day} for f in fields if f.value}


def _example_amount(unit: labs.Unit) -> str:
    """A usual value, so that nobody learns a wrong order of size from it."""
    return next((str(limit) for limit in unit.range if limit is not None), str(unit.hard[0]))
