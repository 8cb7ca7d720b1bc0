"""`calcinosis-check audit ...`: whether the audit is as it was written."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.console import open_store, read_settings, say, stop
from app.store import clinics
from app.store.ground.scope import Store
from app.store.keeping import anchors, audit
from app.store.keeping.anchors import BadAnchors
from app.store.keeping.audit import SERVER, Anchor, Fault

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
    noted = _read(anchors_file) if anchors_file else []
    names = {clinic.clinic_id: clinic.name for clinic in clinics.everyone(store)}
    # A clinic that was noted and is no more was deleted from the database, audit and all.
    rows = [
        _check(store, clinic, names.get(clinic, clinic), noted)
        for clinic in dict.fromkeys([SERVER, *names, *(anchor.clinic for anchor in noted)])
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for row in rows:
            typer.echo(f"{row['name']}: {_in_words(row['fault'], row['entries'])}")
    if any(row["fault"] for row in rows):
        raise typer.Exit(1)


@app.command()
def anchor() -> None:
    """Print the newest entry of each audit, a line each, to be kept outside the database."""
    for newest in anchors.newest(open_store(read_settings())):
        typer.echo(" ".join(map(str, newest)))


def _check(store: Store, clinic: str, name: str, noted: Iterable[Anchor]) -> dict[str, Any]:
    with store.reading(clinic) as scope:
        newest = audit.head(scope)
    with say.status(name) as status:

        def tell(done: int) -> None:
            status.update(f"{name}: {done} of {newest.number if newest else 0}")

        fault = audit.verify(store, clinic, noted, tell)
    return {
        "clinic": clinic,
        "name": name,
        "entries": newest.number if newest else 0,
        "fault": fault and fault._asdict(),
    }


def _in_words(fault: dict[str, Any] | None, entries: int) -> str:
    if fault is None:
        return f"{entries} entries, as they were written"
    found = Fault(**fault)
    return _PROBLEMS[found.problem].format(found.number)


def _read(file: Path) -> list[Anchor]:
    try:
        return anchors.read(file)
    except OSError as problem:
        raise stop(f"{file}: {problem.strerror}", 2) from None
    except BadAnchors as problem:
        raise stop(str(problem), 2) from None
