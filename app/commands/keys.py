"""`calcinosis-check keys ...`: the master keys that wrap the key of every record."""

from typing import Annotated

import typer

from app.commands.console import open_store, read_settings, stderr, stop_command
from app.store import shares
from app.store.db import record_keys
from app.store.db.encryption import add_master_key, drop_old_master_keys
from app.store.db.scope import Store

app = typer.Typer(help="Change the master key.", no_args_is_help=True)


@app.command()
def rotate() -> None:
    """Make a new master key and wrap every record's key by it; older ones stay in the file.

    Servers that run go on. Keep the file apart from the database's backups, in two copies.
    """
    settings = read_settings()
    store = open_store(settings)
    _rewrap_all_keys(Store(store.engine, add_master_key(settings.master_key_file)))
    stderr.print("Restart the servers, then: calcinosis-check keys forget --restarted")


@app.command()
def forget(
    restarted: Annotated[
        bool, typer.Option(help="Every server was restarted since the last `keys rotate`.")
    ] = False,
) -> None:
    """Take older master keys out of the file, after wrapping what they still wrap.

    A backup made before the change needs them: keep the old file as long as the backup.
    """
    if not restarted:
        raise stop_command(
            "A server that still runs would seal with a key that is about to go.\n"
            "Restart them all, then: calcinosis-check keys forget --restarted",
            2,
        )
    settings = read_settings()
    _rewrap_all_keys(open_store(settings))
    drop_old_master_keys(settings.master_key_file)
    stderr.print("Only the newest master key is left.")


def _rewrap_all_keys(store: Store) -> None:
    done = shares.rewrap_share_keys(store)
    with stderr.status("Wrapping") as status:
        for count in record_keys.rewrap_data_keys(store):
            done += count
            status.update(f"Wrapping: {done} keys")
    typer.echo(f"{done} keys wrapped anew")
