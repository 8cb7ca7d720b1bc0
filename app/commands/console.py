"""What all commands share: where they speak, what they open, how they stop."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from sqlalchemy.exc import OperationalError

from app.rulebook.faults import RulebookFaults
from app.rulebook.load import load_rulebook_folder
from app.settings import Settings, SettingsFaults, load_settings
from app.store.db import opening
from app.store.db.encryption import BadKeyring
from app.store.db.scope import Store
from app.triage.rulebook import Rulebook

stderr = Console(stderr=True, highlight=False, soft_wrap=True)
"""Everything that is not the command's result goes here, to standard error."""


def read_settings() -> Settings:
    """The settings; with a fault in them, the command stops with code 2."""
    try:
        return load_settings()
    except SettingsFaults as problem:
        raise stop_command("\n".join(problem.faults), 2) from None


def load_rulebook(settings: Settings) -> Rulebook:
    """The rulebook; with faults in it, the command prints them all and stops with code 1."""
    try:
        return load_rulebook_folder(settings.rules)
    except RulebookFaults as problem:
        raise stop_with_faults(problem, settings) from None


def open_store(settings: Settings) -> Store:
    """The database at today's tables, and its keys; where they cannot be used, stop with code 2."""
    with stop_if_unusable():
        return opening.open_store(settings.effective_database_url, settings.master_key_file)


@contextmanager
def stop_if_unusable() -> Iterator[None]:
    """Where what is opened in this block cannot be used, say why and stop with code 2."""
    try:
        yield
    except (BadKeyring, OSError, ValueError) as problem:
        raise stop_command(str(problem), 2) from None
    except OperationalError as problem:
        raise stop_command(f"The database does not answer: {problem.orig}", 2) from None


def stop_with_faults(problem: RulebookFaults, settings: Settings) -> typer.Exit:
    """Print the faults of a rulebook; raise what comes back."""
    count = len(problem.faults)
    summary = f"{count} fault{'' if count == 1 else 's'} in {settings.rules}"
    return stop_command("\n".join([*problem.faults, summary]), 1)


def stop_command(text: str, code: int) -> typer.Exit:
    """Print why the command stops; raise what comes back."""
    stderr.print(text, markup=False)
    return typer.Exit(code)
