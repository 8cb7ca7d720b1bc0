"""`calcinosis-check clinic downtime-list`: who waits, on paper, for hours without pages."""

import os
from pathlib import Path
from typing import Annotated

import typer

from app.commands import console
from app.documents.downtime_html import format_downtime_html
from app.presentation.downtime_sheet import build_downtime_sheet, format_downtime_text
from app.settings import Settings
from app.store import downtime
from app.store.db import audit
from app.store.db.encryption import load_keyring
from app.store.downtime import BadDowntimeFile, DowntimeList


def print_downtime_list(
    clinic: Annotated[str, typer.Argument(help="Its id or name.")],
    out: Annotated[
        Path | None, typer.Option(help="Write it here, to print; HTML where it ends in .html.")
    ] = None,
    saved: Annotated[
        bool, typer.Option(help="The newest file that the server wrote; needs no database.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--open", help="This file, instead of the newest one.")
    ] = None,
) -> None:
    """Print who waits at a clinic, the most urgent first: a sheet for hours without pages.

    It names people: keep it where patient papers are kept, and shred it afterwards.
    """
    settings = console.read_settings()
    rulebook = console.load_rulebook(settings)
    if saved or file:
        kept = _open_saved_list(settings, clinic, file)
    else:
        kept = _read_from_database(settings, clinic)
    sheet = build_downtime_sheet(rulebook, kept)
    is_html = out is not None and out.suffix.lower() in (".html", ".htm")
    text = format_downtime_html(sheet) if is_html else format_downtime_text(sheet) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    with console.stop_if_unusable():
        out.unlink(missing_ok=True)
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            written.write(text)


def _read_from_database(settings: Settings, word: str) -> DowntimeList:
    store, now = console.open_store(settings), console.current_time()
    id_ = console.find_clinic_id(store, word)
    with store.writing_scope(id_, now, console.COMMAND_ACTOR) as scope:
        audit.record_event(scope, "downtime_list_taken", ("clinic", id_))
        return downtime.read_downtime_list(scope, now)


def _open_saved_list(settings: Settings, word: str, file: Path | None) -> DowntimeList:
    """The list in the file, or in the newest one of the clinic of this id or name."""
    keys = settings.master_key_file
    if not keys.exists():
        raise console.stop_command(f"The file of keys is missing: {keys}", 2)
    with console.stop_if_unusable():
        keyring = load_keyring(keys)
        folder = downtime.downtime_folder(keyring)
        files = [file] if file else downtime.list_newest_files(folder) if folder else []
    for one in files:
        try:
            kept = downtime.open_downtime_file(keyring, one)
        except (BadDowntimeFile, OSError) as problem:
            console.stderr.print(str(problem), markup=False)
            continue
        if word in (kept.clinic, kept.name):
            return kept
    raise console.stop_command(f"No list of the clinic '{word}' can be opened.", 1)
