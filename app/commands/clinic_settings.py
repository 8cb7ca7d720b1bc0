"""`calcinosis-check clinic set` and `clinic show`: what a clinic chooses for itself.

The page "Clinic" does the same with the same rules; a refusal says the same words.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import typer

from app.commands import console
from app.presentation.clinic_settings import SettingsPresenter
from app.settings import Settings
from app.store import alarm_destinations, clinic_settings, due_times
from app.store.clinic_settings import WEEKDAYS, BadSettings
from app.store.clinics import Targets, load_clinic, load_policy
from app.store.db.scope import WritingScope
from app.store.db.tables import Clinic
from app.store.opening_hours import format_day_hours
from app.triage.terms import Urgency
from app.triage.wording import Wording

Option = str | None
Chosen = Mapping[str, Option]
OneOf = Annotated[str, typer.Argument(metavar="CLINIC", help="Its id or name.")]
Several = list[str] | None


def show(clinic: OneOf) -> None:
    """Print all that a clinic has chosen."""
    settings = console.read_settings()
    store = console.open_store(settings)
    id_ = console.find_clinic_id(store, clinic)
    with console.stop_on_rulebook_faults(settings):
        targets = load_policy(settings.rules).targets
    words, chosen = _load_words(settings), alarm_destinations.read_destinations(store, id_)

    def say(key: str, **more: object) -> str:
        return words.page_text(key, **{name: str(value) for name, value in more.items()})

    with store.reading_scope(id_) as scope:
        presenter = SettingsPresenter(load_clinic(scope), words, say, targets)
    for _, title, lines in presenter.describe_parts(chosen):
        typer.echo(f"{title}:")
        for line in lines:
            typer.echo(f"  {line}")


def change(
    clinic: OneOf,
    name: Annotated[Option, typer.Option(help="What patients and staff call it.")] = None,
    telephone: Annotated[Option, typer.Option(help="For patients; '' for none.")] = None,
    address: Annotated[Option, typer.Option(help="Its lines, with ; between them.")] = None,
    date_order: Annotated[Option, typer.Option(help="day_first, month_first, year_first")] = None,
    hours: Annotated[Several, typer.Option(help="tuesday=09:00-12:30,14:00-17:00")] = None,
    close: Annotated[Option, typer.Option(help="2027-12-24, or 2027-12-24..2027-12-26")] = None,
    reason: Annotated[str, typer.Option(help="What the closed days are for.")] = "",
    reopen: Annotated[Several, typer.Option(help="A closed day: 2027-12-24")] = None,
    target: Annotated[Several, typer.Option(help="soon=480, in minutes; soon= for none")] = None,
    may_lower: Annotated[Option, typer.Option(help="nurse or lead")] = None,
    second_person_from: Annotated[
        Option, typer.Option(help="emergency, same_day, soon or routine")
    ] = None,
    invitation_days: Annotated[Option, typer.Option(help="1 to 90")] = None,
    unreviewed_days: Annotated[Option, typer.Option(help="7 to 365")] = None,
    reviewed_days: Annotated[Option, typer.Option(help="7 to 3650")] = None,
) -> None:
    """Change what a clinic has chosen; all that is given is kept, or nothing is.

    Public holidays are gone through on the page "Clinic". Who gets alarms: clinic alarm.
    """
    settings = console.read_settings()
    store, now = console.open_store(settings), console.current_time()
    id_ = console.find_clinic_id(store, clinic)
    with console.stop_on_rulebook_faults(settings):
        targets = load_policy(settings.rules).targets
    if name is not None and clinic_settings.is_name_taken(store, id_, name):
        raise console.stop_command(f"There is a clinic '{name}' already.", 1)
    lines = address.replace(";", "\n") if address is not None else None
    contact = {"name": name, "telephone": telephone, "address": lines, "date_order": date_order}
    days = {
        "invitation_days": invitation_days,
        "unreviewed_days": unreviewed_days,
        "reviewed_days": reviewed_days,
    }
    lowering = {"may_lower": may_lower, "second_person_from": second_person_from}
    week = _read_pairs(hours, WEEKDAYS, "--hours")
    minutes = _read_pairs(target, Urgency.__members__, "--target")
    try:
        with (
            store.writing_scope(id_, now, console.COMMAND_ACTOR) as scope,
            due_times.follow_clinic_settings(scope, targets),
        ):
            _save_texts(scope, contact, days, lowering)
            _save_week(scope, week)
            _save_minutes(scope, minutes, targets)
            _save_closed_days(scope, close, reason, reopen or ())
    except BadSettings as refused:
        raise _stop_on_problems(settings, refused) from None


def _save_texts(scope: WritingScope, contact: Chosen, days: Chosen, lowering: Chosen) -> None:
    clinic = load_clinic(scope)
    second = clinic.second_person_from
    level = "" if second is None else Urgency(second).name
    for given, now, save in (
        (contact, _read_columns(clinic, contact), clinic_settings.save_contact),
        (days, _read_columns(clinic, days), clinic_settings.save_days_kept),
        (
            lowering,
            {"may_lower": clinic.may_lower, "second_person_from": level},
            clinic_settings.save_lowering,
        ),
    ):
        chosen = {name: text.strip() for name, text in given.items() if text is not None}
        if chosen:
            save(scope, now | chosen)


def _save_week(scope: WritingScope, week: Mapping[str, str]) -> None:
    if week:
        spans = load_clinic(scope).opening_hours
        now = {day: format_day_hours(spans[number]) for number, day in enumerate(WEEKDAYS)}
        clinic_settings.save_hours(scope, now | dict(week))


def _save_minutes(scope: WritingScope, minutes: Mapping[str, str], targets: Targets) -> None:
    if minutes:
        own = load_clinic(scope).targets
        now = {level.name: str(own.get(level.name, "")) for level in Urgency}
        clinic_settings.save_targets(scope, now | dict(minutes), targets)


def _save_closed_days(
    scope: WritingScope, close: Option, reason: str, reopen: Sequence[str]
) -> None:
    if close is not None:
        first, _, last = close.partition("..")
        typed = {"first": first.strip(), "last": last.strip(), "reason": reason.strip()}
        clinic_settings.add_closed_days(scope, typed)
    for day in reopen:
        clinic_settings.remove_closed_day(scope, day)


def _read_columns(clinic: Clinic, names: Iterable[str]) -> dict[str, str]:
    return {name: str(getattr(clinic, name) or "") for name in names}


def _read_pairs(given: Several, names: Iterable[str], option: str) -> dict[str, str]:
    """What stands behind each name, as in soon=480."""
    found = {}
    for text in given or ():
        name, sign, value = text.partition("=")
        if not sign or name not in names:
            known = ", ".join(names)
            raise console.stop_command(f"{option} {text}: write NAME=..., one of {known}", 2)
        found[name] = value.strip()
    return found


def _stop_on_problems(settings: Settings, refused: BadSettings) -> typer.Exit:
    words = _load_words(settings)
    said = {field: f"clinic.problem.{problem}" for field, problem in refused.problems.items()}
    lines = [f"{field}: {words.page_text(key)}" for field, key in said.items()]
    return console.stop_command("\n".join([*lines, "Nothing was changed."]), 2)


def _load_words(settings: Settings) -> Wording:
    book = console.load_rulebook(settings)
    return book.wording[book.languages[0]]
