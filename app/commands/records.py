"""What a server keeps: `calcinosis-check audit`, `keys`, `person` and `retention`.

The audit is checked, the master key changed, a person's records are given out or erased, and what
may be kept no longer is forgotten.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands import console
from app.documents.clinic_files import build_person_file
from app.store import clinics, person_requests, retention, shares
from app.store.db import audit, record_keys
from app.store.db.audit import SERVER_CHAIN, AuditAnchor, BadAnchors
from app.store.db.encryption import add_master_key, drop_old_master_keys
from app.store.db.scope import Store
from app.store.people import PersonIdentity
from app.store.person_requests import NoSuchPerson

audit_app = typer.Typer(help="Check the audit.", no_args_is_help=True)
keys_app = typer.Typer(help="Change the master key.", no_args_is_help=True)
person_app = typer.Typer(help="Export or erase all of a person.", no_args_is_help=True)
retention_app = typer.Typer(help="Forget what may be kept no longer.", no_args_is_help=True)
ClinicWord = Annotated[str, typer.Option(help="The clinic's id or name.")]
Reference = Annotated[str, typer.Option(help="The person's reference at the clinic.")]


_PROBLEMS = {
    "changed": "entry {} was changed, or is not the one that was written there",
    "missing": "entry {} is missing",
    "added": "entries after {} were added by someone else",
    "head": "the note of the last entry, {}, was changed or removed",
}


@audit_app.command("verify")
def verify_audit(
    anchors_file: Annotated[
        Path | None,
        typer.Option("--anchors", help="File of lines from `audit anchor`, kept elsewhere."),
    ] = None,
    as_json: console.AsJson = False,
) -> None:
    """Check every clinic's audit; name the first entry that was tampered with, with code 1."""
    store = console.open_store()
    noted = _read_anchors(anchors_file) if anchors_file else []
    names = {clinic.clinic_id: clinic.name for clinic in clinics.list_clinics(store)}
    # A clinic that was noted and is no more was deleted from the database, audit and all.
    rows = [
        _check_chain(store, clinic, names.get(clinic, clinic), noted)
        for clinic in dict.fromkeys([SERVER_CHAIN, *names, *(anchor.clinic for anchor in noted)])
    ]
    if as_json:
        console.print_json(rows, ascii_only=False)
    else:
        for row in rows:
            typer.echo(f"{row['name']}: {_describe_fault(row['fault'], row['entries'])}")
    if any(row["fault"] for row in rows):
        raise typer.Exit(1)


@audit_app.command("anchor")
def anchor_audit() -> None:
    """Print the newest entry of each audit, a line each, to be kept outside the database."""
    for newest in audit.list_newest_anchors(console.open_store()):
        typer.echo(" ".join(map(str, newest)))


def _check_chain(
    store: Store, clinic: str, name: str, noted: Iterable[AuditAnchor]
) -> dict[str, Any]:
    with store.reading_scope(clinic) as scope:
        newest = audit.read_head(scope)
    entries = newest.number if newest else 0
    with console.show_progress(name) as progress:
        step = progress.begin_step(name, entries)
        fault = audit.verify_chain(store, clinic, noted, step)
    found = fault and fault._asdict()
    return {"clinic": clinic, "name": name, "entries": entries, "fault": found}


def _describe_fault(fault: dict[str, Any] | None, entries: int) -> str:
    if fault is None:
        return f"{entries} entries, as they were written"
    return _PROBLEMS[fault["problem"]].format(fault["number"])


def _read_anchors(file: Path) -> list[AuditAnchor]:
    try:
        return audit.read_anchors(file)
    except OSError as problem:
        raise console.stop_command(f"{file}: {problem.strerror}", 2) from None
    except BadAnchors as problem:
        raise console.stop_command(str(problem), 2) from None


@keys_app.command("rotate")
def rotate_keys() -> None:
    """Make a new master key and wrap every record's key by it; older ones stay in the file.

    Servers that run go on. Keep the file apart from the database's backups, in two copies.
    """
    settings = console.read_settings()
    store = console.open_store(settings)
    _rewrap_all_keys(Store(store.engine, add_master_key(settings.master_key_file)))
    console.stderr.print("Restart the servers, then: calcinosis-check keys forget --restarted")


@keys_app.command("forget")
def forget_keys(
    restarted: Annotated[
        bool, typer.Option(help="Every server was restarted since the last `keys rotate`.")
    ] = False,
) -> None:
    """Take older master keys out of the file, after wrapping what they still wrap.

    A backup made before the change needs them: keep the old file as long as the backup.
    """
    if not restarted:
        raise console.stop_command(
            "A server that still runs would seal with a key that is about to go.\n"
            "Restart them all, then: calcinosis-check keys forget --restarted",
            2,
        )
    settings = console.read_settings()
    _rewrap_all_keys(console.open_store(settings))
    drop_old_master_keys(settings.master_key_file)
    console.stderr.print("Only the newest master key is left.")


def _rewrap_all_keys(store: Store) -> None:
    done = shares.rewrap_share_keys(store)
    with console.show_progress("Wrapping keys") as progress:
        step = progress.begin_step("Wrapping keys")
        for count in record_keys.rewrap_data_keys(store, console.current_time()):
            done += count
            step(done)
    typer.echo(f"{done} keys wrapped anew")


@person_app.command("export")
def export_person(clinic: ClinicWord, reference: Reference) -> None:
    """Print all that the clinic keeps of the person as JSON: answers, decisions, notes, looks."""
    rulebook, store = console.load_rulebook(), console.open_store()
    found, person = _find_person(store, clinic, reference)
    now = console.current_time()
    with store.writing_scope(found, now, console.COMMAND_ACTOR) as scope:
        kept = person_requests.export_person(scope, person.id)
        name = clinics.load_clinic(scope).name
    typer.echo(build_person_file(rulebook, kept, clinic=name, made_at=now.isoformat()))


@person_app.command("erase")
def erase_person(
    clinic: ClinicWord,
    reference: Reference,
    yes: Annotated[bool, typer.Option(help="Do it without asking again.")] = False,
) -> None:
    """Erase the person and all that is theirs; print counts as JSON. There is no way back.

    The audit stays: who did what and when, with no answer and no name.
    """
    store = console.open_store()
    found, person = _find_person(store, clinic, reference)
    if not yes and not typer.confirm(f"Erase all of '{person.reference}'?", err=True):
        raise console.stop_command("Nothing was erased.", 1)
    with store.writing_scope(found, console.current_time(), console.COMMAND_ACTOR) as scope:
        counts = person_requests.erase_person(scope, person.id)
    typer.echo(json.dumps(counts))
    console.stderr.print("Erased. Backups keep what they hold until they are deleted.")


def _find_person(store: Store, word: str, reference: str) -> tuple[str, PersonIdentity]:
    clinic = console.find_clinic_id(store, word)
    with store.reading_scope(clinic) as scope:
        try:
            return clinic, person_requests.find_person(scope, reference)
        except NoSuchPerson:
            why = f"Nobody has the reference '{reference}' there."
            raise console.stop_command(why, 1) from None


@retention_app.callback()
def require_subcommand() -> None:
    """Forget what may be kept no longer."""


@retention_app.command("run")
def run_retention(
    clinic: console.OneClinic = None,
    dry_run: Annotated[bool, typer.Option(help="Only count; forget nothing.")] = False,
) -> None:
    """Forget what is due, clinic by clinic; print counts as JSON. The server does it each hour.

    There is no way back. Backups keep what they hold: keep them no longer than answers.
    """
    store = console.open_store()
    now = console.current_time()
    chosen = [console.find_clinic_id(store, clinic)] if clinic else store.list_clinic_ids()
    counts = {
        one: dict(retention.run_retention(store, one, now, console.COMMAND_ACTOR, dry=dry_run))
        for one in chosen
    }
    if not clinic and not dry_run:
        counts["server"] = retention.delete_expired_rows(store, now)
    console.print_json(counts)
