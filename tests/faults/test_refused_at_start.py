"""What nobody can use until somebody mends it is refused in words, by server and commands."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.commands import app
from app.store.db.encryption import load_keyring
from tests.faults.stores import clinic_with_an_invitation


def damage(var: Path) -> None:
    (var / "calcinosis.db").write_bytes(b"no database at all, and long enough to be looked at" * 99)


def damage_inside(var: Path) -> None:
    file = var / "calcinosis.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + b"\xa5" * (len(whole) - 100))


def change_by_a_newer_version(var: Path) -> None:
    with sqlite3.connect(var / "calcinosis.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")


def take_the_keys_of_another(var: Path) -> None:
    (var / "master.key").unlink()
    load_keyring(var / "master.key")


def lose_the_keys(var: Path) -> None:
    (var / "master.key").unlink()


def cut_the_keys(var: Path) -> None:
    whole = (var / "master.key").read_text("ascii")
    (var / "master.key").write_text(whole[:50], "ascii")


@pytest.mark.parametrize("command", ["serve --port 1", "clinic list"])
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (damage, "the database is damaged, or is no database"),
        (damage_inside, "the database is damaged, or is no database"),
        (change_by_a_newer_version, "a newer version of this program has changed the database"),
        (take_the_keys_of_another, "master.key does not open this database"),
        (lose_the_keys, "master.key is missing"),
        (cut_the_keys, "master.key"),
    ],
)
def test_what_has_to_be_mended_is_said_in_a_line_and_nothing_starts(
    harm: Callable[[Path], None],
    words: str,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clinic_with_an_invitation(tmp_path)
    harm(tmp_path / "var")
    monkeypatch.setenv("CALCINOSIS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    result: Result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
