"""`calcinosis-check demo ...`: two clinics with made-up people, to try the nurse's side out.

It keeps to a folder of its own where no other is set, and never writes beside a real clinic.
"""

from itertools import cycle, islice
from typing import Annotated

import typer

from app.assurance.cases import read_cases
from app.commands import console, demo_data
from app.settings import ROOT, Settings
from app.store import clinics
from app.store.clinics import load_policy
from app.store.db.scope import Store

app = typer.Typer(help="Try it out with made-up people.", no_args_is_help=True)
FOLDER = ROOT / "var-demo"
SUBMISSIONS = 200


@app.command()
def fill() -> None:
    """Fill two clinics with staff, invitations and submissions; print how to sign in.

    A database with a real clinic is refused. What is filled already stays as it is.
    """
    settings = _load_demo_settings()
    store = console.open_store(settings)
    known = clinics.list_clinics(store)
    if any(not clinic.for_show for clinic in known):
        real = ", ".join(clinic.name for clinic in known if not clinic.for_show)
        why = f"This database holds real clinics: {real}. Nothing was added."
        raise console.stop_command(why, 2)
    if not known:
        _fill_database(store, settings)
    elif demo_data.is_demo_filled(store):
        console.stderr.print("It is filled already. For a fresh one, delete the database first.")
    else:
        why = "It was stopped halfway. Delete the database and fill it again."
        raise console.stop_command(why, 1)
    _print_sign_ins(store, settings)


@app.command()
def code(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="One of the made-up staff.")],
) -> None:
    """Print a code to sign in with now, as a phone would show it; for made-up staff alone."""
    store = console.open_store(_load_demo_settings())
    try:
        typer.echo(demo_data.make_sign_in_code(store, email, console.current_time()))
    except LookupError:
        raise console.stop_command(f"None of the made-up staff signs in as '{email}'.", 2) from None
    except demo_data.NoCodeYet as early:
        why = f"The last code was just used. Wait {early.wait} seconds."
        raise console.stop_command(why, 1) from None


def _load_demo_settings() -> Settings:
    """The settings, with a folder of its own where neither a folder nor a database was given."""
    settings = console.read_settings()
    if {"var", "database_url"} & settings.model_fields_set:
        return settings
    return settings.model_copy(update={"var": FOLDER})


def _fill_database(store: Store, settings: Settings) -> None:
    """With the published cases in turn, as one reader took them, then as a second one did."""
    rulebook, targets = console.load_rulebook(settings), load_policy(settings.rules).targets
    with console.stop_on_bad_cases():
        cases = read_cases(rulebook, settings.rules / "cases" / "published")
    readings = [case.answers for case in cases] + [case.second_reading for case in cases]
    people = list(islice(cycle(filter(None, readings)), SUBMISSIONS))
    with console.show_progress("Making up people") as progress:
        step = progress.begin_step("Making up people", len(people))
        now = console.current_time()
        demo_data.fill_demo_clinics(store, rulebook, targets, people, now, step)


def _print_sign_ins(store: Store, settings: Settings) -> None:
    """How to sign in, as the command's result."""
    rows = demo_data.list_sign_ins(store)
    origin = settings.public_origin
    console.warn_of_local_links(settings)
    typer.echo(f"Sign in at {origin}/sign-in  (made-up people; nothing here is true)\n")
    typer.echo(f"Password of all: {demo_data.derive_demo_password(store.keyring)}")
    typer.echo("Code, in place of a phone:  .venv/bin/calcinosis-check demo code EMAIL\n")
    for clinic in dict.fromkeys(row.clinic for row in rows):
        typer.echo(clinic)
        for row in (row for row in rows if row.clinic == clinic):
            typer.echo(f"  {row.role:8} {row.email:28} {row.name}")
            typer.echo(f"  {'':8} {row.provisioning_uri}")
        typer.echo("")
