"""`calcinosis-check incident`: take a rulebook out of use in seconds, and say whom it touched."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands import console
from app.store import clinics, touched_submissions, withdrawals
from app.store.db.scope import Store
from app.store.withdrawals import NothingToEnd
from app.web.wire import escape_formula
from app.web.withdrawal_guard import CLOSED_FILE, EVERY

app = typer.Typer(help="Take a rulebook out of use, or close the checker.", no_args_is_help=True)
Version = Annotated[str, typer.Argument(help="Such as 2026.12.2; `incident show` names it.")]
By = Annotated[str, typer.Option(help="Who decided it, by name.")]
Reason = Annotated[str, typer.Option(help="Why, for colleagues; patients do not read it.")]
_COLUMNS = ("clinic", "reference", "submission", "answered_at", "level", "closed")


@app.command("withdraw-rulebook")
def withdraw_rulebook(version: Version, reason: Reason, by: By) -> None:
    """Let no server give advice by this rulebook any more; what was sent is marked."""
    settings = console.read_settings()
    book = console.load_rulebook(settings)
    published = (file.name for file in (settings.rules / "published").iterdir() if file.is_dir())
    known = {book.version, *published}
    if version not in known:
        raise console.stop_command(
            f"No rulebook '{version}'. Known are: {', '.join(sorted(known))}", 2
        )
    store = console.open_store(settings)
    withdrawals.withdraw(store, console.current_time(), version, reason, by)
    _say_when(f"Rulebook {version} is withdrawn.")
    console.stderr.print(
        "Where it is served, the check is closed. To serve another one: CALCINOSIS_RULES=FOLDER, "
        "and restart.\nWhom it touched: calcinosis-check incident touched " + version,
        markup=False,
    )


@app.command("close-checker")
def close_checker(reason: Reason, by: By) -> None:
    """Let no server give advice, by whatever rulebook."""
    store = console.open_store()
    withdrawals.withdraw(store, console.current_time(), None, reason, by)
    _say_when("The checker is closed.")
    console.stderr.print(
        f"Where the database does not answer: make a file {CLOSED_FILE} in the folder "
        "CALCINOSIS_VAR of each server.",
        markup=False,
    )


@app.command()
def reopen(
    by: By,
    version: Annotated[
        str | None, typer.Argument(help="A withdrawn rulebook; without it, the checker.")
    ] = None,
) -> None:
    """Let the checker, or a withdrawn rulebook, be used again."""
    try:
        withdrawals.end_withdrawals(console.open_store(), console.current_time(), version, by)
    except NothingToEnd:
        what = f"Rulebook {version} is" if version else "The checker is"
        raise console.stop_command(f"{what} not withdrawn.", 1) from None
    _say_when("It can be used again.")


@app.command()
def show(as_json: console.AsJson = False) -> None:
    """All that was withdrawn, the newest first, and the rulebook here."""
    rulebook = console.load_rulebook()
    rows = [
        {
            "what": row.rulebook_version or "checker",
            "reason": row.reason,
            "by": row.made_by,
            "at": row.made_at.isoformat(timespec="seconds"),
            "ended_by": row.ended_by,
            "ended_at": row.ended_at and row.ended_at.isoformat(timespec="seconds"),
        }
        for row in withdrawals.list_withdrawals(console.open_store().engine)
    ]
    if as_json:
        console.print_json({"rulebook": rulebook.version, "withdrawals": rows}, ascii_only=False)
        return
    typer.echo(f"The rulebook here is {rulebook.version}.")
    for row in rows:
        end = f", ended {row['ended_at']} by {row['ended_by']}" if row["ended_at"] else ""
        typer.echo(f"{row['what']}: {row['reason']} ({row['at']}, {row['by']}{end})")


@app.command()
def touched(
    version: Version,
    clinic: console.OneClinic = None,
    out: Annotated[Path | None, typer.Option("--csv", help="Write a table to this file.")] = None,
    as_json: console.AsJson = False,
) -> None:
    """What this rulebook judged and clinics still keep: whom to call, by the person's reference.

    Who only checked themselves is not known: nothing of them was kept.
    """
    store = console.open_store()
    chosen = [console.find_clinic_id(store, clinic)] if clinic else store.list_clinic_ids()
    rows = [row for one in chosen for row in _list_touched(store, one, version)]
    if as_json:
        console.print_json(rows, ascii_only=False)
    elif out is not None:
        with out.open("w", encoding="utf-8", newline="") as file:
            _write_table(file, rows)
        console.stderr.print(f"{len(rows)} submissions: {out}", markup=False)
    else:
        _write_table(sys.stdout, rows)


def _list_touched(store: Store, clinic: str, version: str) -> Iterator[dict[str, Any]]:
    with store.reading_scope(clinic) as scope:
        name = clinics.load_clinic(scope).name
        for found in touched_submissions.list_touched(scope, version):
            yield {
                "clinic": name,
                "reference": found.reference,
                "submission": found.submission,
                "answered_at": found.made_at.isoformat(timespec="seconds"),
                "level": found.level.name,
                "closed": found.closed,
            }


def _write_table(file: Any, rows: list[dict[str, Any]]) -> None:
    table = csv.DictWriter(file, _COLUMNS)
    table.writeheader()
    table.writerows({**row, "clinic": escape_formula(row["clinic"])} for row in rows)


def _say_when(what: str) -> None:
    seconds = EVERY.total_seconds()
    console.stderr.print(f"{what} Every server obeys within {seconds * 2:.0f} seconds.")
