"""`calcinosis-check staff ...`: who works at a clinic. Nobody sets a password for another."""

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from app.commands.console import open_store, read_settings, say, stop
from app.store import clinics
from app.store.accounts import staff
from app.store.accounts.staff import LINK_LASTS, NoSuchStaff
from app.store.clinics import NameTaken
from app.store.ground import signposts
from app.store.ground.scope import Scope, Store
from app.store.tables import Staff

app = typer.Typer(help="Invite, list or disable staff.", no_args_is_help=True)

ME = "command"
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
    settings = read_settings()
    store = open_store(settings)
    if "@" not in email.strip()[1:-1]:
        raise stop(f"'{email}' is no e-mail address.", 2)
    found = clinic_of(store, clinic)
    try:
        with store.writing(found) as scope:
            token = staff.invite(
                scope, datetime.now(UTC), ME, email=email, name=name.strip(), role=role
            )
    except NameTaken:
        raise stop(
            f"'{email}' has an account. For a new link: calcinosis-check staff link {email}", 1
        ) from None
    _give_link(settings.origin, token)


@app.command()
def link(email: Email) -> None:
    """Print a new link for someone who lost theirs, or their password, or their phone.

    Someone who is disabled comes back by it. Their old password works until the link is used.
    """
    settings = read_settings()
    store = open_store(settings)
    clinic, who = _account(store, email)
    now = datetime.now(UTC)
    with store.writing(clinic) as scope:
        try:
            token = staff.invite_again(scope, now, ME, who)
        except NoSuchStaff:
            token = staff.enable(scope, now, ME, who)
    _give_link(settings.origin, token)


@app.command()
def disable(email: Email) -> None:
    """Shut someone out at once; what they did stays under their name."""
    store = open_store(read_settings())
    clinic, who = _account(store, email)
    with store.writing(clinic) as scope:
        staff.disable(scope, datetime.now(UTC), ME, who)
    say.print("Disabled. All their sessions and links have ended.")


@app.command("list")
def list_all(
    clinic: Annotated[str | None, typer.Option(help="Only this clinic: id or name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the staff of one clinic or of all."""
    store = open_store(read_settings())
    rows = []
    for found in [clinic_of(store, clinic)] if clinic else store.clinics():
        with store.reading(found) as scope:
            rows += [_row(scope, member) for member in staff.everyone(scope)]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        words = (row["clinic"], row["role"], row["state"], row["email"], row["name"])
        typer.echo("  ".join(words))
    say.print(f"{len(rows)} of staff")


def _row(scope: Scope, member: Staff) -> dict[str, str]:
    joined = "joined" if member.password_hash else "invited"
    return {
        "clinic": scope.clinic,
        "id": member.id,
        "name": member.name,
        "email": staff.email_of(scope, member),
        "role": member.role,
        "state": "disabled" if member.disabled_at else joined,
    }


def clinic_of(store: Store, word: str) -> str:
    """The id of the clinic of this id or name; where there is none, stop with code 2."""
    found = clinics.find(store, word)
    if found is None:
        known = ", ".join(clinic.name for clinic in clinics.everyone(store)) or "none yet"
        raise stop(f"No clinic '{word}'. The clinics are: {known}", 2)
    return found.clinic_id


def _account(store: Store, email: str) -> tuple[str, str]:
    found = signposts.follow(store, "staff", staff.sign_in_name(email))
    if found is None:
        raise stop(f"Nobody signs in as '{email}'.", 2)
    return found


def _give_link(origin: str, token: str) -> None:
    typer.echo(f"{origin}/join/{token}")
    minutes = int(LINK_LASTS.total_seconds() // 60)
    say.print(f"Good once, for {minutes} minutes. Give it to nobody else.")
