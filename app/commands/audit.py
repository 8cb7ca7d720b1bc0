"""`calcinosis-check audit ...`: whether the audit is as it was written."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.console import open_store, read_settings, stderr, stop_command
from app.store import clinics
from app.store.db import audit
from app.store.db.audit import SERVER_CHAIN, AuditAnchor, BadAnchors, ChainFault
from app.store.db.scope import Store

app = typer.Typer(help="Check the audit.", no_args_is_help=True)

_PROBLEMS = {
    "changed": "entry {} was changed, or is not the one that was written there",
    "missing": "entry {} is missing",
    "added": "entries after {} were added by someone else",
    "head": "the note of the last entry, {}, was changed or removed",
}


@app.command()
def verify(
    anchors_file: Annotated[
        Path | None,
        typer.Option("--anchors", help="File of lines from `audit anchor`, kept elsewhere."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check every clinic's audit; name the first entry that was tampered with, with code 1."""
    store = open_store(read_settings())
    noted = _read_anchors(anchors_file) if anchors_file else []
    names = {clinic.clinic_id: clinic.name for clinic in clinics.list_clinics(store)}
    # A clinic that was noted and is no more was deleted from the database, audit and all.
    rows = [
        _check_chain(store, clinic, names.get(clinic, clinic), noted)
        for clinic in dict.fromkeys([SERVER_CHAIN, *names, *(anchor.clinic for anchor in noted)])
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for row in rows:
            typer.echo(f"{row['name']}: {_describe_fault(row['fault'], row['entries'])}")
    if any(row["fault"] for row in rows):
        raise typer.Exit(1)


@app.command()
def anchor() -> None:
    """Print the newest entry of each audit, a line each, to be kept outside the database."""
    for newest in audit.list_newest_anchors(open_store(read_settings())):
        typer.echo(" ".join(map(str, newest)))


def _check_chain(
    store: Store, clinic: str, name: str, noted: Iterable[AuditAnchor]
) -> dict[str, Any]:
    with store.reading_scope(clinic) as scope:
        newest = audit.read_head(scope)
    with stderr.status(name) as status:

        def show_progress(done: int) -> None:
            status.update(f"{name}: {done} of {newest.number if newest else 0}")

        fault = audit.verify_chain(store, clinic, noted, show_progress)
    return {
        "clinic": clinic,
        "name": name,
        "entries": newest.number if newest else 0,
        "fault": fault and fault._asdict(),
    }


def _describe_fault(fault: dict[str, Any] | None, entries: int) -> str:
    if fault is None:
        return f"{entries} entries, as they were written"
    found = ChainFault(**fault)
    return _PROBLEMS[found.problem].format(found.number)


def _read_anchors(file: Path) -> list[AuditAnchor]:
    try:
        return audit.read_anchors(file)
    except OSError as problem:
        raise stop_command(f"{file}: {problem.strerror}", 2) from None
    except BadAnchors as problem:
        raise stop_command(str(problem), 2) from None
