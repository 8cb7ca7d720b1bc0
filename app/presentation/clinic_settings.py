"""What a clinic has chosen, in words: as lines to read, and as the fields of a form.

It decides nothing and keeps nothing; what may be chosen stands in app/store/clinic_settings.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from babel.dates import get_day_names

from app.presentation.dates import (
    LONG_DAY,
    describe_opening_hours,
    find_locale,
    format_day,
)
from app.presentation.result import Fill
from app.store.alarm_destinations import AlarmDestinations
from app.store.clinic_settings import (
    DATE_ORDERS,
    DAYS_KEPT,
    MAY_LOWER,
    SECOND_PERSON_LEVELS,
    WEEKDAYS,
)
from app.store.clinics import Targets
from app.store.db.tables import Clinic
from app.store.opening_hours import format_day_hours
from app.store.public_holidays import HolidayProposal
from app.triage.terms import Urgency
from app.triage.wording import Wording

PARTS = (
    *("contact", "hours", "closed", "holidays", "targets", "lowering", "keeping", "messages"),
    "alarms",
)
"""The parts of the settings, in the order of the page; each has a form of its own."""


@dataclass(frozen=True, slots=True)
class FormField:
    """A box to type in, or one of a few to choose from. `kind`: text, lines, date or choice."""

    name: str
    label: str
    hint: str = ""
    value: str = ""
    kind: str = "text"
    options: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """Where a link to the field leads."""
        return f"{self.name}-{self.options[0][0]}" if self.options else self.name


@dataclass(frozen=True, slots=True)
class HolidayTick:
    """A public holiday to tick. `is_new`: it was not on the list when someone went through it."""

    day: str
    words: str
    is_closed: bool
    is_new: bool
    is_shut_anyway: bool


@dataclass(frozen=True, slots=True)
class SettingsPresenter:
    """Puts the settings of one clinic into words. `translate` takes a key."""

    clinic: Clinic
    words: Wording
    translate: Fill
    targets: Targets

    def describe_parts(
        self, destinations: AlarmDestinations | None
    ) -> list[tuple[str, str, list[str]]]:
        """(Part, its name, its lines); who gets alarms is shown to those alone who may know."""
        lines = {
            "contact": self._contact_lines(),
            "hours": describe_opening_hours(self.clinic.opening_hours, self.words),
            "closed": [f"{day}: {why}" if why else day for _, day, why in self.closed_days()],
            "holidays": self._holiday_lines(),
            "targets": [self._target_line(level) for level in reversed(Urgency)],
            "lowering": self._lowering_lines(),
            "keeping": [
                self.translate(f"clinic.line.{name}", number=getattr(self.clinic, name))
                for name in DAYS_KEPT
            ],
            "messages": self._message_lines(),
            "alarms": self._alarm_lines(destinations),
        }
        nothing = [self.translate("clinic.nothing")]
        return [
            (part, self.translate(f"clinic.part.{part}"), lines[part] or nothing) for part in PARTS
        ]

    def list_fields(
        self, part: str, destinations: AlarmDestinations | None = None, webhook: str = ""
    ) -> list[FormField]:
        """The fields of the form of a part, as the clinic has them.

        `webhook`: of its service for text messages.
        """
        if part == "contact":
            return self._contact_fields()
        if part == "hours":
            return self._hours_fields()
        if part == "closed":
            return [
                self._field("first", kind="date"),
                self._field("last", kind="date"),
                self._field("reason"),
            ]
        if part == "targets":
            return [self._target_field(level) for level in reversed(Urgency)]
        if part == "lowering":
            return self._lowering_fields()
        if part == "keeping":
            return [self._field(name, str(getattr(self.clinic, name))) for name in DAYS_KEPT]
        if part == "messages":
            return self._message_fields(webhook)
        chosen = destinations or AlarmDestinations()
        return [self._field("email", chosen.email), self._field("webhook", chosen.webhook)]

    def closed_days(self) -> list[tuple[str, str, str]]:
        """(2027-12-25, the same in words, why), in order."""
        reasons = self.clinic.closed_reasons or {}
        return [
            (day, self._format_day(day), reasons.get(day, ""))
            for day in sorted(self.clinic.closed_days)
        ]

    def describe_years(self, years: Iterable[int]) -> list[tuple[int, str]]:
        """(Year, whether and when someone went through its holidays)."""
        return [(year, self._year_line(year)) for year in years]

    def list_holidays(self, proposal: HolidayProposal) -> list[HolidayTick]:
        """The holidays to tick, in the order of the year."""
        looked = (self.clinic.holidays_checked or {}).get(str(proposal.year), {})
        return [
            HolidayTick(
                day,
                f"{self._format_day(day)}: {name}",
                is_closed=day in self.clinic.closed_days,
                is_new=bool(looked) and day not in looked["days"],
                is_shut_anyway=not self.clinic.opening_hours[date.fromisoformat(day).weekday()],
            )
            for day, name in proposal.days.items()
        ]

    def list_gone_holidays(self, proposal: HolidayProposal) -> list[str]:
        """What was on the list when someone went through it, and is no longer."""
        looked = (self.clinic.holidays_checked or {}).get(str(proposal.year), {})
        return [
            f"{self._format_day(day)}: {name}"
            for day, name in looked.get("days", {}).items()
            if day not in proposal.days
        ]

    def _format_day(self, day: str) -> str:
        return format_day(date.fromisoformat(day), self.words.language, LONG_DAY)

    def _level(self, level: Urgency) -> str:
        return self.words.levels[level.name].parts["badge"]

    def _minutes(self, level: Urgency) -> int:
        return int(self.clinic.targets.get(level.name, self.targets[level]))

    def _contact_lines(self) -> list[str]:
        clinic, say, region = self.clinic, self.translate, self.words.regions[self.clinic.region]
        return [
            clinic.name,
            clinic.telephone or say("clinic.telephone.none"),
            *(clinic.address or "").splitlines(),
            say("clinic.line.place", region=region["name"], zone=clinic.time_zone),
            say(f"clinic.order.{clinic.date_order}"),
        ]

    def _holiday_lines(self) -> list[str]:
        checked = sorted(self.clinic.holidays_checked or {})
        return [f"{year}: {self._year_line(int(year))}" for year in checked]

    def _year_line(self, year: int) -> str:
        looked = (self.clinic.holidays_checked or {}).get(str(year))
        if looked is None:
            return self.translate("clinic.holidays.unchecked")
        closed = sum(day in self.clinic.closed_days for day in looked["days"])
        on = format_day(date.fromisoformat(looked["on"]), self.words.language)
        values = {"day": on, "version": looked["version"], "closed": closed}
        return self.translate("clinic.holidays.checked", number=len(looked["days"]), **values)

    def _target_line(self, level: Urgency) -> str:
        key = "clinic.line.target_clock" if level is Urgency.emergency else "clinic.line.target"
        return self.translate(key, level=self._level(level), number=self._minutes(level))

    def _lowering_lines(self) -> list[str]:
        second = self.clinic.second_person_from
        who = self.translate(f"clinic.may_lower.{self.clinic.may_lower}")
        if second is None:
            return [who, self.translate("clinic.line.second_never")]
        return [who, self.translate("clinic.line.second", level=self._level(Urgency(second)))]

    def _message_lines(self) -> list[str]:
        if not self.clinic.sends_messages:
            return [self.translate("clinic.line.messages_off")]
        by_text = self.clinic.message_webhook_sealed is not None
        lines = ["clinic.line.messages_both" if by_text else "clinic.line.messages_email"]
        if self.clinic.reminder_days:
            lines.append("clinic.line.reminder")
        return [self.translate(key, number=self.clinic.reminder_days) for key in lines]

    def _message_fields(self, webhook: str) -> list[FormField]:
        ways = {way: self.translate(f"clinic.writes.{way}") for way in ("yes", "no")}
        days = self.clinic.reminder_days
        return [
            self._choice("writes", "yes" if self.clinic.sends_messages else "no", ways),
            self._field("reminder_days", str(days) if days else ""),
            self._field("message_webhook", webhook),
        ]

    def _alarm_lines(self, destinations: AlarmDestinations | None) -> list[str]:
        if destinations is not None:
            return [text for text in (destinations.email, destinations.webhook) if text]
        chosen = self.clinic.alarm_email_sealed or self.clinic.alarm_webhook_sealed
        return [self.translate("clinic.alarms.chosen")] if chosen else []

    def _field(self, name: str, value: str = "", kind: str = "text") -> FormField:
        say = self.translate
        return FormField(name, say(f"clinic.field.{name}"), say(f"clinic.hint.{name}"), value, kind)

    def _choice(self, name: str, value: str, options: Mapping[str, str]) -> FormField:
        label, hint = self.translate(f"clinic.field.{name}"), self.translate(f"clinic.hint.{name}")
        return FormField(name, label, hint, value, "choice", tuple(options.items()))

    def _contact_fields(self) -> list[FormField]:
        clinic = self.clinic
        orders = {order: self.translate(f"clinic.order.{order}") for order in DATE_ORDERS}
        return [
            self._field("name", clinic.name),
            self._field("telephone", clinic.telephone or ""),
            self._field("address", clinic.address or "", "lines"),
            self._choice("date_order", clinic.date_order, orders),
        ]

    def _hours_fields(self) -> list[FormField]:
        names = get_day_names(locale=find_locale(self.words.language))
        return [
            FormField(day, names[number], value=format_day_hours(self.clinic.opening_hours[number]))
            for number, day in enumerate(WEEKDAYS)
        ]

    def _target_field(self, level: Urgency) -> FormField:
        hint = self.translate("clinic.hint.minutes", number=self.targets[level])
        own = self.clinic.targets.get(level.name, "")
        return FormField(level.name, self._level(level), hint, str(own))

    def _lowering_fields(self) -> list[FormField]:
        who = {role: self.translate(f"clinic.may_lower.{role}") for role in MAY_LOWER}
        levels = {level.name: self._level(level) for level in SECOND_PERSON_LEVELS}
        second = self.clinic.second_person_from
        chosen = Urgency(second).name if second is not None else ""
        return [
            self._choice("may_lower", self.clinic.may_lower, who),
            self._choice("second_person_from", chosen, levels),
        ]
