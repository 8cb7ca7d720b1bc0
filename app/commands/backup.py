"""`calcinosis-check backup`, `backup-key`, `restore` and `verify-backup`."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from app.commands import console
from app.documents.receipt import RulebookArchive
from app.settings import Settings
from app.store.backups import archive, checking, restoring, taking
from app.store.backups.archive import BadBackup
from app.store.backups.place import temporary_database
from app.store.backups.restoring import OpenedBackup, RestoredBackup
from app.store.db import audit
from app.store.db.database import open_store
from app.store.db.encryption import DecryptionFailed
from app.store.db.record_keys import KeyDestroyed
from app.store.submission_versions import AnswersVersion
from app.triage.questionnaire import keep_known_answers
from app.triage.rules import assess_answers

REPLAYED = 100
"""Stored assessments that are worked out again."""
DataFile = Annotated[Path, typer.Argument(help="The file that ends in .data.age.")]
IdentityFile = Annotated[Path, typer.Option(help="The file that `backup-key` made.")]
KeysFile = Annotated[
    Path | None, typer.Option(help="The file that ends in .keys.age; the newest beside it.")
]


def make_backup_key(
    file: Annotated[Path, typer.Argument(help="A new file, to be kept away from the server.")],
) -> None:
    """Make the key that opens backups; print the recipient that `backup` seals them for."""
    secret, recipient = archive.make_identity()
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        raise console.stop_command(f"{file}: {problem.strerror}", 2) from None
    with os.fdopen(handle, "w") as kept:
        kept.write(f"# It opens the backups of Calcinosis Check that are sealed for {recipient}\n")
        kept.write(f"{secret}\n")
    typer.echo(recipient)
    console.stderr.print("Keep that file in two places away from this server, with the master key.")


def take_backup(
    folder: Annotated[Path, typer.Argument(help="Where the two files go.")],
    to: Annotated[
        str | None,
        typer.Option(help="The recipient, age1...; CALCINOSIS_BACKUP_RECIPIENT if not given."),
    ] = None,
) -> None:
    """Copy the database while it is in use, sealed: the data, and apart the keys of records.

    Files of keys in the folder that are older than 7 days are removed, so that nobody can read any
    more what was erased since.
    """
    settings = console.read_settings()
    recipient = to or settings.backup_recipient
    if not recipient:
        raise console.stop_command("Say for whom: --to age1..., as `backup-key FILE` prints it.", 2)
    store, now = console.open_store(settings), console.current_time()
    try:
        with _stop_on_bad_backup(), console.show_progress("Backup") as progress:
            taken = taking.take_backup(store, folder, recipient, now, progress.begin_step)
        with store.writing_scope(audit.SERVER_CHAIN, now, console.COMMAND_ACTOR) as scope:
            audit.record_event(scope, "backup_taken", ("backup", taken.data.name))
        audit.append_anchors(store, settings.var)
    finally:
        store.engine.dispose()
    for file in (taken.data, taken.keys):
        typer.echo(str(file))
    for file in taken.removed:
        console.stderr.print(f"removed, older than 7 days: {file}", markup=False)


def restore(
    data: DataFile,
    identity: IdentityFile,
    keys: KeysFile = None,
    replace: Annotated[
        bool, typer.Option(help="Where there is a database, keep it under another name.")
    ] = False,
) -> None:
    """Bring a backup back; what was erased since is erased again. Stop the servers first."""
    settings, now = console.read_settings(), console.current_time()
    with (
        _stop_on_bad_backup(),
        _open(settings, data, keys, identity) as opened,
        console.show_progress("Restore") as progress,
    ):
        done = restoring.restore_backup(
            settings.effective_database_url,
            settings.master_key_file,
            opened,
            now,
            replace=replace,
            progress=progress.begin_step,
        )
    _say_what_came_back(done)


def _say_what_came_back(done: RestoredBackup) -> None:
    typer.echo(f"Brought back as of {done.made_at}. Erased again: {done.erased_again} records.")
    if done.kept_as:
        typer.echo(
            f"What was there before is kept as {done.kept_as}. "
            "Delete it once all is well: nothing is erased in it."
        )
    for clinic, fault in done.lacking.items():
        typer.echo(
            f"The audit of {clinic} lacks what was noted elsewhere, from entry {fault.number} on: "
            "it was written after the backup."
        )


def verify_backup(data: DataFile, identity: IdentityFile, keys: KeysFile = None) -> None:
    """Bring a backup back in a temporary place and try it out; code 1 where it is of no use.

    Everything sealed is opened, the audit checked, and 100 stored assessments are worked out
    again by the rulebook of their day.
    """
    settings, began = console.read_settings(), time.monotonic()
    with (
        _stop_on_bad_backup(),
        _open(settings, data, keys, identity) as opened,
        _temporary_address(settings) as url,
        console.show_progress("Trial") as progress,
    ):
        key_file = settings.master_key_file
        restoring.restore_backup(url, key_file, opened, console.current_time())
        store = open_store(url, key_file)
        try:
            step = progress.begin_step("Opening what is sealed")
            found = checking.open_all_records(store, REPLAYED, step)
            lacking = restoring.find_lacking_entries(store, [])
        except (DecryptionFailed, KeyDestroyed) as problem:
            why = f"What is sealed does not open: {type(problem).__name__}"
            raise console.stop_command(why, 1) from None
        finally:
            store.engine.dispose()
    differ = list(_replay(settings, found.some_answers))
    typer.echo(
        f"{data.name}: {found.keys} keys, {found.persons} persons, {found.submissions} "
        f"submissions and {found.versions} sets of answers opened; "
        f"{len(found.some_answers) - len(differ)} of {len(found.some_answers)} assessments "
        f"worked out again; {time.monotonic() - began:.1f} s"
    )
    for clinic, fault in lacking.items():
        typer.echo(f"audit of {clinic}: entry {fault.number} is {fault.problem}")
    for version in differ:
        typer.echo(f"assessment of {version.made_at:%Y-%m-%d %H:%M}: another level than was stored")
    if lacking or differ:
        raise typer.Exit(1)


def _replay(settings: Settings, stored: tuple[AnswersVersion, ...]) -> Iterator[AnswersVersion]:
    """Those of which the rulebook of their day now gives another level, or is not at hand."""
    book = console.load_rulebook(settings)
    archived = RulebookArchive(book, settings.rules / "published")
    for version in stored:
        then = archived.find_rulebook(version.rulebook_version, version.rulebook_sha256)
        if then is None:
            yield version
            continue
        answers = keep_known_answers(then.questionnaire, version.answers).answers
        if assess_answers(then, answers, version.lab_results).urgency != version.urgency:
            yield version


@contextmanager
def _open(
    settings: Settings, data: Path, keys: Path | None, identity: Path
) -> Iterator[OpenedBackup]:
    chosen = keys or taking.find_keys_beside(data)
    if chosen is None:
        raise console.stop_command(f"No file of keys beside {data}: say where, by --keys FILE", 2)
    with restoring.open_backup(data, chosen, identity, settings.master_key_file) as opened:
        yield opened


@contextmanager
def _temporary_address(settings: Settings) -> Iterator[str]:
    """An empty database of the same kind, which goes with the block."""
    address = make_url(settings.effective_database_url)
    if address.get_backend_name() == "sqlite":
        with tempfile.TemporaryDirectory(dir=settings.var, prefix=".trial-") as folder:
            yield f"sqlite:///{folder}/calcinosis.db"
        return
    with temporary_database(settings.effective_database_url) as url:
        yield url


@contextmanager
def _stop_on_bad_backup() -> Iterator[None]:
    """Where a backup of this block cannot be used, say why and stop with code 2."""
    try:
        with console.stop_if_unusable():
            yield
    except BadBackup as problem:
        raise console.stop_command(str(problem), 2) from None
