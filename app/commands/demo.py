"""`calcinosis-check demo ...`: two clinics with made-up people, to try the nurse's side out.

It keeps to a folder of its own where no other is set, and never writes beside a real clinic.
"""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.progress import Progress

from app.assurance.cases import BadCases, read_cases
from app.commands import made_up
from app.commands.console import load_rulebook, open_store, read_settings, say, stop
from app.commands.made_up import NoneYet
from app.settings import ROOT, Settings
from app.store import clinics
from app.store.ground.scope import Store
from app.triage.rulebook import Rulebook
from app.triage.targets import load_targets
from app.triage.terms import Answers

app = typer.Typer(help="Try it out with made-up people.", no_args_is_help=True)
FOLDER = ROOT / "var-demo"
SUBMISSIONS = 200


@app.command()
def fill() -> None:
    """Fill two clinics with staff, invitations and submissions; print how to sign in.

    A database with a real clinic is refused. What is filled already stays as it is.
    """
    settings = _settings()
    store = open_store(settings)
    known = clinics.everyone(store)
    if any(not clinic.for_show for clinic in known):
        real = ", ".join(clinic.name for clinic in known if not clinic.for_show)
        raise stop(f"This database holds real clinics: {real}. Nothing was added.", 2)
    if not known:
        _fill(store, settings)
    elif made_up.is_filled(store):
        say.print("It is filled already. For a fresh one, delete the database first.")
    else:
        raise stop("It was stopped halfway. Delete the database and fill it again.", 1)
    _tell(store, settings)


@app.command()
def code(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="One of the made-up staff.")],
) -> None:
    """Print a code to sign in with now, as a phone would show it; for made-up staff alone."""
    try:
        typer.echo(made_up.code(open_store(_settings()), email, datetime.now(UTC)))
    except LookupError:
        raise stop(f"None of the made-up staff signs in as '{email}'.", 2) from None
    except NoneYet as early:
        raise stop(f"The last code was just used. Wait {early.wait} seconds.", 1) from None


def _settings() -> Settings:
    """The settings, with a folder of its own where neither a folder nor a database was given."""
    settings = read_settings()
    if {"var", "database_url"} & settings.model_fields_set:
        return settings
    return settings.model_copy(update={"var": FOLDER})


def _fill(store: Store, settings: Settings) -> None:
    rulebook = load_rulebook(settings)
    people = _people(rulebook, settings)
    with Progress(console=say, transient=True) as progress:
        task = progress.add_task("Making up people", total=len(people))
        made_up.fill(
            store,
            rulebook,
            load_targets(settings.rules),
            people,
            datetime.now(UTC),
            lambda done: progress.update(task, completed=done),
        )


def _people(rulebook: Rulebook, settings: Settings) -> list[Answers]:
    """The published cases in turn, as one reader took them, then as a second one did."""
    try:
        cases = read_cases(rulebook, settings.rules / "cases" / "published")
    except BadCases as problem:
        raise stop(str(problem), 1) from None
    readings = [case.answers for case in cases] + [case.second_reading for case in cases]
    people = [answers for answers in readings if answers]
    return [people[number % len(people)] for number in range(SUBMISSIONS)]


def _tell(store: Store, settings: Settings) -> None:
    """How to sign in, as the command's result."""
    rows = made_up.sign_ins(store)
    typer.echo(f"Sign in at {settings.origin}/sign-in  (made-up people; nothing here is true)\n")
    typer.echo(f"Password of all: {made_up.password(store.keyring)}")
    typer.echo("Code, in place of a phone:  .venv/bin/calcinosis-check demo code EMAIL\n")
    for clinic in dict.fromkeys(row.clinic for row in rows):
        typer.echo(clinic)
        for row in (row for row in rows if row.clinic == clinic):
            typer.echo(f"  {row.role:8} {row.email:28} {row.name}")
            typer.echo(f"  {'':8} {row.address}")
        typer.echo("")
