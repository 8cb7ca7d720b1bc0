"""`calcinosis-check clinic ...`: the clinics of this server."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from app.commands import clinic_settings, console
from app.commands.identity import identity
from app.store import alarm_destinations, alarms, clinics, patient_messages
from app.store.alarm_destinations import AlarmDestinations
from app.store.clinic_settings import is_telephone
from app.store.clinics import NameTaken, load_clinic
from app.web.outgoing_messages import find_webhook_problem, show_webhook_secret

app = typer.Typer(
    help="Add a clinic, list them, change what one has chosen, or say where alarms go.",
    no_args_is_help=True,
)
app.command("set")(clinic_settings.change)
app.command("show")(clinic_settings.show)
app.command("identity")(identity)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What patients and staff call it.")],
    region: Annotated[str, typer.Option(help="Region of the rulebook: uk")],
    time_zone: Annotated[str, typer.Option(help="Its time zone: Europe/London")],
    telephone: Annotated[str, typer.Option(help="What patients call.")] = "",
) -> None:
    """Add a clinic; print its id. Its people are seen by nobody elsewhere."""
    name, regions = name.strip(), list(console.load_rulebook().regions)
    if region not in regions:
        why = f"No region '{region}'. The regions are: {', '.join(regions)}"
        raise console.stop_command(why, 2)
    if not name:
        raise console.stop_command("A clinic needs a name.", 2)
    if telephone and not is_telephone(telephone.strip()):
        why = "This is no number to call. One is: 020 7946 0000"
        raise console.stop_command(why, 2)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        why = f"No time zone '{time_zone}'. One is: Europe/London"
        raise console.stop_command(why, 2) from None
    store, now = console.open_store(), console.current_time()
    number = telephone.strip()
    if any(clinic.for_show for clinic in clinics.list_clinics(store)):
        why = (
            "This database holds made-up people, whose passwords anyone can read. "
            "Begin with a database of its own."
        )
        raise console.stop_command(why, 2)
    try:
        clinic = clinics.add_clinic(
            store, now, name=name, region=region, time_zone=time_zone, telephone=number
        )
    except NameTaken:
        raise console.stop_command(f"There is a clinic '{name}' already.", 1) from None
    typer.echo(clinic)
    console.stderr.print(
        "Next: calcinosis-check staff invite EMAIL --clinic ID --name NAME --role admin"
    )
    if not telephone:
        console.stderr.print(
            "Patients are shown no number: calcinosis-check clinic set ID --telephone"
        )


@app.command("list")
def list_clinics() -> None:
    """List the clinics: id, region, time zone, name."""
    for clinic in clinics.list_clinics(console.open_store()):
        typer.echo(f"{clinic.clinic_id}  {clinic.region}  {clinic.time_zone}  {clinic.name}")


@app.command()
def messages(
    clinic: Annotated[str, typer.Argument(help="Its id or name.")],
    write: Annotated[
        bool | None, typer.Option("--write/--no-write", help="Write to those who are invited.")
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(help="https://... of its service for texts; '' for none.")
    ] = None,
    reminder_days: Annotated[
        int | None, typer.Option(min=0, max=14, help="Days before a visit; 0 for no reminder.")
    ] = None,
) -> None:
    """Choose whether a clinic writes to people whom it invites; print it.

    A message names the clinic, the link and the code, and nothing else. An e-mail goes through
    the server's own mail, a text message to the service as JSON, signed (Standard Webhooks).
    """
    settings = console.read_settings()
    store, now = console.open_store(settings), console.current_time()
    id_ = console.find_clinic_id(store, clinic)
    if webhook and (problem := find_webhook_problem(webhook.strip())):
        raise console.stop_command(f"This webhook cannot be used: {problem}.", 2)
    with store.writing_scope(id_, now, console.COMMAND_ACTOR) as scope:
        row, (address, _) = load_clinic(scope), patient_messages.open_webhook(scope)
        writes = row.sends_messages if write is None else write
        days = row.reminder_days or 0 if reminder_days is None else reminder_days
        address = address if webhook is None else webhook.strip()
        if any(option is not None for option in (write, webhook, reminder_days)):
            chosen = ("yes" if writes else "no", str(days) if days else "", address)
            patient_messages.save_choices(scope, *chosen)
        _, secret = patient_messages.open_webhook(scope)
    typer.echo(f"writes to people whom it invites: {'yes' if writes else 'no'}")
    typer.echo(f"reminder: {f'{days} days before the visit' if days else 'none'}")
    typer.echo(f"webhook for texts: {address or 'none'}")
    if address:
        typer.echo(f"webhook secret: {show_webhook_secret(secret)}")
    if writes and not (settings.mail_server and settings.mail_from):
        console.stderr.print(
            "No e-mail goes out yet: set CALCINOSIS_MAIL_SERVER and CALCINOSIS_MAIL_FROM."
        )


@app.command()
def alarm(
    clinic: Annotated[str, typer.Argument(help="Its id or name.")],
    webhook: Annotated[
        str | None, typer.Option(help="https://... that gets a POST; '' for none.")
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="A mailbox that gets a line; '' for none.")
    ] = None,
) -> None:
    """Choose who is told of an emergency that nobody looked at; print it, and what still waits.

    A message holds an id, a reference and the address of the worklist, and nothing of any person.
    It is sent until it is taken; whoever gets it twice can tell by the id. A webhook can tell by
    the secret that a message is ours (Standard Webhooks).
    """
    settings = console.read_settings()
    store, now = console.open_store(settings), console.current_time()
    id_ = console.find_clinic_id(store, clinic)
    before = alarm_destinations.read_destinations(store, id_)
    chosen = AlarmDestinations(
        webhook=before.webhook if webhook is None else webhook.strip(),
        email=before.email if email is None else email.strip(),
    )
    if chosen.webhook and (problem := find_webhook_problem(chosen.webhook)):
        raise console.stop_command(f"This webhook cannot be used: {problem}.", 2)
    if chosen.email and not alarm_destinations.is_mailbox(chosen.email):
        raise console.stop_command("This is no e-mail address. One is: lead@clinic.example", 2)
    if chosen != before:
        with store.writing_scope(id_, now, console.COMMAND_ACTOR) as scope:
            alarms.save_destinations(scope, chosen)
    typer.echo(f"webhook: {chosen.webhook or 'none'}")
    if chosen.webhook:
        secret = show_webhook_secret(alarm_destinations.read_webhook_secret(store, id_))
        typer.echo(f"webhook secret: {secret}")
    typer.echo(f"e-mail: {chosen.email or 'none'}")
    for message in alarms.list_unsent_alarms(store, id_):
        since, fault = f"{message.made_at:%Y-%m-%d %H:%M} UTC", message.fault or "not tried yet"
        console.stderr.print(
            f"Waits since {since} to be sent by {message.kind}, try {message.tries}: {fault}"
        )
    if chosen.email and not (settings.mail_server and settings.mail_from):
        console.stderr.print(
            "No e-mail goes out yet: set CALCINOSIS_MAIL_SERVER and CALCINOSIS_MAIL_FROM."
        )
