"""The command by which a hospital's own system invites: whole files, once, or a reason."""

import os
from pathlib import Path

import pytest
from click.testing import Result

from app.commands import app
from app.store import invitations
from app.store.db.database import open_store
from tests.documents.test_patient_list import sheet
from tests.test_commands_clinic import call, invite

LIST = "NHS number,Patient,Appt date\n1,Ann,\n2,Bob,\n"


@pytest.fixture(autouse=True)
def _var(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("CALCINOSIS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "")


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    """The folder into which the hospital writes; the clinic has a nurse."""
    call("clinic add Hill --region uk --time-zone Europe/London")
    invite()
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def write(folder: Path, name: str, content: str | bytes, *, settled: bool = True) -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    if settled:
        os.utime(file, (0, 0))
    return file


def run(*more: str) -> Result:
    return call("invitations import --clinic Hill --by kim@hill.example", *more)


def number_invited(tmp_path: Path) -> int:
    var = tmp_path / "var"
    store = open_store(f"sqlite:///{var / 'calcinosis.db'}", var / "master.key")
    (clinic,) = store.list_clinic_ids()
    with store.reading_scope(clinic) as scope:
        from tests.store.patients import MONDAY

        number = len(invitations.list_unfinished_invitations(scope, MONDAY))
    store.engine.dispose()
    return number


def test_a_file_is_imported_once_however_often_it_comes(incoming: Path, tmp_path: Path) -> None:
    file = write(incoming, "monday.csv", LIST)
    assert run(str(file)).stdout == "monday.csv: 2 invited, 0 invited before\n"
    assert run(str(file)).stdout == "monday.csv: 0 invited, 2 invited before\n"
    more = write(incoming, "tuesday.csv", f"{LIST}3,Cy,\n")
    assert run(str(more)).stdout == "tuesday.csv: 1 invited, 2 invited before\n"
    assert number_invited(tmp_path) == 3


def test_a_folder_is_emptied_into_done_and_refused_with_the_reasons(
    incoming: Path, tmp_path: Path
) -> None:
    write(incoming, "a.xlsx", sheet(("MRN", "Name"), (7, "Ann")))
    write(incoming, "b.csv", "Ref,Name,Day\n8,Bob,\n9,Cy,2020-01-01\n10,,\n")
    write(incoming, "c.csv", LIST, settled=False)
    write(incoming, ".hidden.csv", LIST)
    result = run("--folder", str(incoming))
    assert result.exit_code == 1
    assert result.stdout == "a.xlsx: 1 invited, 0 invited before\n"
    assert "c.csv: may still be written" in result.stderr
    found = {str(p.relative_to(incoming)) for p in incoming.rglob("*") if p.is_file()}
    assert found == {
        *("done/a.xlsx", "refused/b.csv", "refused/b.csv.txt", "c.csv", ".hidden.csv"),
    }
    reasons = (incoming / "refused/b.csv.txt").read_text("utf-8")
    assert "Line 3: Wednesday 1 January 2020 is past" in reasons
    assert "Line 4: Type a name" in reasons
    assert number_invited(tmp_path) == 1


def test_a_name_that_is_taken_is_kept_beside_the_other(incoming: Path) -> None:
    for _ in range(2):
        write(incoming, "a.csv", LIST)
        assert run("--folder", str(incoming)).exit_code == 0
    assert sorted(file.name for file in (incoming / "done").iterdir()) == ["a-2.csv", "a.csv"]


def test_a_file_that_was_taken_but_not_moved_invites_nobody_twice(
    incoming: Path, tmp_path: Path
) -> None:
    (incoming / "done").write_text("in the way")
    write(incoming, "a.csv", LIST)
    assert "left there" in run("--folder", str(incoming)).stderr
    (incoming / "done").unlink()
    assert run("--folder", str(incoming)).stdout == "a.csv: 0 invited, 2 invited before\n"
    assert number_invited(tmp_path) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Ref,Name,Day\n1,Ann,03/04/2027\n", "can be read in two ways"),
        ("Surname,Date of visit\nAnn,\n", "No heading says"),
        ("Ref,Name\n", "There are headings and no patients"),
        ("", "Nothing stands there"),
        ("Ref,Name\n" + "1,Ann\n" * 201, "At most 200"),
        ("Ref,Name\n1,Ann\n1,Ann\n", "Line 3: This reference"),
    ],
)
def test_a_list_that_will_not_do_is_refused_whole(
    incoming: Path, tmp_path: Path, content: str, words: str
) -> None:
    result = run(str(write(incoming, "a.csv", content)))
    assert result.exit_code == 1
    assert words in result.stderr
    assert number_invited(tmp_path) == 0


def test_the_order_of_days_can_be_said(incoming: Path) -> None:
    file = write(incoming, "a.csv", "Ref,Name,Day\n1,Ann,03/04/2027\n")
    assert run(str(file), "--day-order", "day-first").exit_code == 0


def test_the_call_names_a_file_or_a_folder_and_somebody_who_may_invite(incoming: Path) -> None:
    file = str(write(incoming, "a.csv", LIST))
    invite(email="audit@hill.example", role="auditor")
    assert run().exit_code == run(file, "--folder", str(incoming)).exit_code == 2
    assert run(f"{file}x").exit_code == run("--folder", f"{file}x").exit_code == 2
    for who in ("audit@hill.example", "nobody@hill.example"):
        assert call("invitations import --clinic Hill --by", who, file).exit_code == 2


def test_the_command_is_there() -> None:
    assert any(group.name == "invitations" for group in app.registered_groups)
