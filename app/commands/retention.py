"""`calcinosis-check retention ...`: forget now what may be kept no longer."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.commands.console import open_store, read_settings
from app.commands.staff import ME, clinic_of
from app.store.keeping import leftovers, retention

app = typer.Typer(help="Forget what may be kept no longer.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Forget what may be kept no longer."""


@app.command()
def run(
    clinic: Annotated[str | None, typer.Option(help="Only this clinic: id or name.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Only count; forget nothing.")] = False,
) -> None:
    """Forget what is due, clinic by clinic; print counts as JSON. The server does it each hour.

    There is no way back. Backups keep what they hold: keep them no longer than answers.
    """
    store = open_store(read_settings())
    now = datetime.now(UTC)
    chosen = [clinic_of(store, clinic)] if clinic else store.clinics()
    counts = {one: dict(retention.run(store, one, now, ME, dry=dry_run)) for one in chosen}
    if not clinic and not dry_run:
        counts["server"] = leftovers.sweep(store, now)
    typer.echo(json.dumps(counts, indent=2))
