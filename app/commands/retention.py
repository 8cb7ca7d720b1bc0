"""`calcinosis-check retention ...`: forget now what may be kept no longer."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.commands.console import open_store, read_settings
from app.commands.staff import COMMAND_ACTOR, find_clinic_id
from app.store.compliance import retention

app = typer.Typer(help="Forget what may be kept no longer.", no_args_is_help=True)


@app.callback()
def require_subcommand() -> None:
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
    chosen = [find_clinic_id(store, clinic)] if clinic else store.list_clinic_ids()
    counts = {
        one: dict(retention.run_retention(store, one, now, COMMAND_ACTOR, dry=dry_run))
        for one in chosen
    }
    if not clinic and not dry_run:
        counts["server"] = retention.delete_expired_rows(store, now)
    typer.echo(json.dumps(counts, indent=2))
