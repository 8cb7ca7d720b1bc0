"""`calcinosis-check staff ...`: who works at a clinic. Nobody sets a password for another."""

from typing import Annotated, Literal

import typer

from app.commands import console
from app.settings import Settings
from app.store.accounts import staff
from app.store.accounts.staff import LINK_LIFETIME, NoSuchStaff
from app.store.clinics import NameTaken
from app.store.db import server_records
from app.store.db.scope import Scope, Store
from app.store.db.tables import Staff

app = typer.Typer(help="Invite, list or disable staff.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address they sign in with.")]


@app.command()
def invite(
    email: Email,
    clinic: Annotated[str, typer.Option(help="The clinic's id or name.")],
    name: Annotated[str, typer.Option(help="Their name, as colleagues know it.")],
    role: Annotated[
        Literal["nurse", "lead", "admin", "auditor"], typer.Option(help="What they may do.")
    ],
) -> None:
    """Add someone to a clinic's staff; print the link by which they join, once."""
    settings = console.read_settings()
    store = console.open_store(settings)
    if "@" not in email.strip()[1:-1]:
        raise console.stop_command(f"'{email}' is no e-mail address.", 2)
    found = console.find_clinic_id(store, clinic)
    try:
        with store.writing_scope(found, console.current_time(), console.COMMAND_ACTOR) as scope:
            token = staff.invite_staff(scope, email=email, name=name.strip(), role=role)
    except NameTaken:
        why = f"'{email}' has an account. For a new link: calcinosis-check staff link {email}"
        raise console.stop_command(why, 1) from None
    _print_join_link(settings, token)


@app.command()
def link(email: Email) -> None:
    """Print a new link for someone who lost theirs, or their password, or their phone.

    Someone who is disabled comes back by it. Their old password works until the link is used.
    """
    settings = console.read_settings()
    store = console.open_store(settings)
    clinic, who = _find_account(store, email)
    now = console.current_time()
    with store.writing_scope(clinic, now, console.COMMAND_ACTOR) as scope:
        try:
            token = staff.reinvite_staff(scope, who)
        except NoSuchStaff:
            token = staff.enable_staff(scope, who)
    _print_join_link(settings, token)


@app.command()
def disable(email: Email) -> None:
    """Shut someone out at once; what they did stays under their name."""
    store = console.open_store()
    clinic, who = _find_account(store, email)
    with store.writing_scope(clinic, console.current_time(), console.COMMAND_ACTOR) as scope:
        staff.disable_staff(scope, who)
    console.stderr.print("Disabled. All their sessions and links have ended.")


@app.command("list")
def list_staff(clinic: console.OneClinic = None, as_json: console.AsJson = False) -> None:
    """List the staff of one clinic or of all."""
    store = console.open_store()
    rows = []
    for found in [console.find_clinic_id(store, clinic)] if clinic else store.list_clinic_ids():
        with store.reading_scope(found) as scope:
            rows += [_describe_member(scope, member) for member in staff.list_staff(scope)]
    if as_json:
        return console.print_json(rows, ascii_only=False)
    for row in rows:
        words = (row["clinic"], row["role"], row["state"], row["email"], row["name"])
        typer.echo("  ".join(words))
    return console.stderr.print(f"{len(rows)} of staff")


def _describe_member(scope: Scope, member: Staff) -> dict[str, str]:
    joined = "joined" if member.password_hash else "invited"
    return {
        "clinic": scope.clinic,
        "id": member.id,
        "name": member.name,
        "email": staff.read_staff_email(scope, member),
        "role": member.role,
        "state": "disabled" if member.disabled_at else joined,
    }


def _find_account(store: Store, email: str) -> tuple[str, str]:
    found = server_records.resolve_word(store, "staff", staff.normalize_email(email))
    if found is None:
        raise console.stop_command(f"Nobody signs in as '{email}'.", 2)
    return found


def _print_join_link(settings: Settings, token: str) -> None:
    typer.echo(f"{settings.public_origin}/join/{token}")
    console.warn_of_local_links(settings)
    minutes = int(LINK_LIFETIME.total_seconds() // 60)
    console.stderr.print(f"Good once, for {minutes} minutes. Give it to nobody else.")
