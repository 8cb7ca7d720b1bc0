"""What all commands share: where they speak, what they open, how they stop."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress
from sqlalchemy.exc import OperationalError

from app.assurance.cases import BadCases, format_validation_errors
from app.rulebook.faults import RulebookFaults
from app.rulebook.load import load_rulebook_folder
from app.settings import Settings, SettingsFaults, load_settings
from app.store import clinics
from app.store.db import database
from app.store.db.encryption import BadKeyring
from app.store.db.scope import Store
from app.triage.rulebook import Rulebook

stderr = Console(stderr=True, highlight=False, soft_wrap=True)
"""Everything that is not the command's result goes here, to standard error."""
COMMAND_ACTOR = "command"
"""Who acts, in the audit, where a command does."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OneClinic = Annotated[str | None, typer.Option(help="Only this clinic: id or name.")]
LINE_SECONDS = 5.0
"""Seconds between two lines of progress where standard error is no terminal."""


def read_settings() -> Settings:
    """The settings; with a fault in them, the command stops with code 2."""
    try:
        return load_settings()
    except SettingsFaults as problem:
        raise stop_command("\n".join(problem.faults), 2) from None


def warn_of_local_links(settings: Settings) -> None:
    """Say, where no public address is set, that printed links may lead to another server."""
    if settings.trusted_origin is None:
        stderr.print(
            f"CALCINOSIS_TRUSTED_ORIGIN is not set: links begin with {settings.public_origin}. "
            "Where your server listens elsewhere, put its own address in place of that.",
            markup=False,
        )


def load_rulebook(settings: Settings | None = None) -> Rulebook:
    """The rulebook; with faults in it, the command prints them all and stops with code 1."""
    chosen = settings or read_settings()
    with stop_on_rulebook_faults(chosen):
        return load_rulebook_folder(chosen.rules)


def open_store(settings: Settings | None = None) -> Store:
    """The database at today's tables, and its keys; where they cannot be used, stop with code 2."""
    chosen = settings or read_settings()
    with stop_if_unusable():
        return database.open_store(chosen.effective_database_url, chosen.master_key_file)


def find_clinic_id(store: Store, word: str) -> str:
    """The id of the clinic of this id or name; where there is none, stop with code 2."""
    found = clinics.find_clinic(store, word)
    if found is None:
        known = ", ".join(clinic.name for clinic in clinics.list_clinics(store)) or "none yet"
        raise stop_command(f"No clinic '{word}'. The clinics are: {known}", 2)
    return found.clinic_id


def current_time() -> datetime:
    """The time at which the command runs."""
    return datetime.now(UTC)


def todays_date() -> str:
    """The day on which the command runs, as 2026-11-30."""
    return current_time().date().isoformat()


def print_json(value: object, *, ascii_only: bool = True) -> None:
    """Print a command's result as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=ascii_only, indent=2))


@contextmanager
def stop_if_unusable() -> Iterator[None]:
    """Where what is opened in this block cannot be used, say why and stop with code 2."""
    try:
        yield
    except (BadKeyring, OSError, ValueError) as problem:
        raise stop_command(str(problem), 2) from None
    except OperationalError as problem:
        raise stop_command(f"The database does not answer: {problem.orig}", 2) from None


@contextmanager
def stop_on_rulebook_faults(settings: Settings) -> Iterator[None]:
    """Where a rulebook in this block has faults, print them all and stop with code 1."""
    try:
        yield
    except RulebookFaults as problem:
        raise stop_with_faults(problem.faults, settings.rules) from None


@contextmanager
def stop_on_bad_cases() -> Iterator[None]:
    """Where cases in this block cannot be used, say why and stop with code 1."""
    try:
        yield
    except BadCases as problem:
        raise stop_command(str(problem), 1) from None
    except ValidationError as problem:
        raise stop_command(format_validation_errors(problem), 1) from None


@contextmanager
def stop_without_provers() -> Iterator[None]:
    """Where this block imports the tools of proof and they are not installed, stop with code 2."""
    try:
        yield
    except ModuleNotFoundError as lacking:
        words = f"{lacking.name} is missing: install calcinosis-check[proof]"
        raise stop_command(words, 2) from None


def stop_with_faults(faults: Sequence[str], folder: Path) -> typer.Exit:
    """Print the faults of a folder's files; raise what comes back."""
    summary = f"{len(faults)} fault{'' if len(faults) == 1 else 's'} in {folder}"
    return stop_command("\n".join([*faults, summary]), 1)


def stop_command(text: str, code: int) -> typer.Exit:
    """Print why the command stops; raise what comes back."""
    stderr.print(text, markup=False)
    return typer.Exit(code)


class CommandProgress(Progress):
    """How far a long command is: a bar on a terminal, elsewhere a line every few seconds."""

    def begin_step(self, what: str, total: int | None = None) -> Callable[[int], None]:
        """Say that this step begins; what comes back takes how much of it is done."""
        for task in self.tasks:
            self.update(task.id, visible=False)
        step = self.add_task(what, total=total)
        return lambda done: self.update(step, completed=done)

    def describe_step(self) -> str:
        """The step that goes on, in a line."""
        task = self.tasks[-1]
        done = f": {task.completed:.0f}" if task.completed or task.total else ""
        return f"{task.description}{done}{f' of {task.total:.0f}' if task.total else ''}"


@contextmanager
def show_progress(what: str) -> Iterator[CommandProgress]:
    """Show on standard error how far this block is; it begins with this step."""
    ended, quiet = Event(), not stderr.is_terminal
    with CommandProgress(console=stderr, transient=True, disable=quiet) as progress:
        progress.begin_step(what)
        writer = Thread(target=_write_progress_lines, args=(progress, ended), daemon=True)
        writer.start()
        try:
            yield progress
        finally:
            ended.set()
            writer.join()


def _write_progress_lines(progress: CommandProgress, ended: Event) -> None:
    while not ended.wait(LINE_SECONDS):
        if progress.disable:
            stderr.print(progress.describe_step(), markup=False)
