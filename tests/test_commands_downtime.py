"""`clinic downtime-list`: the sheet of who waits, also while no database can be reached."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.commands import app
from app.store import downtime, submissions
from app.store.db.database import open_store
from app.store.submissions import Delivery
from tests.store.patients import MONDAY, TARGETS, handed

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


def call(words: str) -> Result:
    return CliRunner().invoke(app, words.split())


@pytest.fixture
def var(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A server's folder with one clinic, Hill, for which Jo waits; a list was written."""
    folder = tmp_path / "var"
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("CALCINOSIS_VAR", str(folder))
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "")
    clinic = call("clinic add Hill --region uk --time-zone Europe/London").stdout.strip()
    store = open_store(f"sqlite:///{folder / 'calcinosis.db'}", folder / "master.key")
    now = datetime.now(UTC)
    with store.writing_scope(clinic, now, "patient") as scope:
        came = Delivery("share", "key1", "R-1", "<b>Jo</b>\nLee")
        submissions.add_submission(scope, handed("emergency"), came, TARGETS)
    downtime.write_all_lists(store, now)
    store.engine.dispose()
    return folder


def test_who_waits_is_printed_a_line_for_each(var: Path) -> None:
    assert var.exists()
    result = call("clinic downtime-list Hill")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "Hill: who waits for a review"
    assert lines[1].startswith("As of ")
    assert lines[1].endswith("Number of people: 1.")
    assert len(lines) == 6
    assert "| R-1 | <b>Jo</b> Lee |" in lines[5]


def test_the_newest_list_opens_while_the_database_is_away(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", AWAY)
    saved = call("clinic downtime-list Hill --saved")
    assert saved.exit_code == 0, saved.output
    assert "| R-1 |" in saved.stdout
    (file,) = (var / "downtime").glob("*.sealed")
    assert call(f"clinic downtime-list Hill --open {file}").stdout == saved.stdout
    assert call("clinic downtime-list Dale --saved").exit_code == 1
    (var / "master.key").unlink()
    without = call("clinic downtime-list Hill --saved")
    assert without.exit_code == 2
    assert not (var / "master.key").exists()


def test_the_sheet_to_print_is_a_file_for_its_owner_and_escapes_names(
    var: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sheet.html"
    assert var.exists()
    assert call(f"clinic downtime-list Hill --saved --out {out}").exit_code == 0
    page = out.read_text("utf-8")
    assert "&lt;b&gt;Jo&lt;/b&gt; Lee" in page
    assert "<b>" not in page
    assert out.stat().st_mode & 0o077 == 0


def test_doctor_says_when_the_newest_list_is_too_old(var: Path) -> None:
    assert "downtime list" not in call("doctor").stderr
    store = open_store(f"sqlite:///{var / 'calcinosis.db'}", var / "master.key")
    for file in (var / "downtime").glob("*.sealed"):
        file.unlink()
    downtime.write_all_lists(store, MONDAY)
    store.engine.dispose()
    # What was just written is removed only by a round that is later than it.
    result = call("doctor")
    assert "its newest downtime list is of 2026-03-02 10:00 UTC" in result.stderr
    assert result.exit_code == 1
