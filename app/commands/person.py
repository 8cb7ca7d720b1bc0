"""`calcinosis-check person ...`: all that is kept of one person, given out or erased."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.commands.console import load_rulebook, open_store, read_settings, stderr, stop_command
from app.commands.staff import COMMAND_ACTOR, find_clinic_id
from app.documents.person_file import build_person_file
from app.store import clinics
from app.store.compliance import person_requests
from app.store.compliance.person_requests import NoSuchPerson
from app.store.db.scope import Store
from app.store.people import PersonIdentity

app = typer.Typer(help="Export or erase all of a person.", no_args_is_help=True)
ClinicWord = Annotated[str, typer.Option(help="The clinic's id or name.")]
Reference = Annotated[str, typer.Option(help="The person's reference at the clinic.")]


@app.command()
def export(clinic: ClinicWord, reference: Reference) -> None:
    """Print all that the clinic keeps of the person as JSON: answers, decisions, notes, looks."""
    settings = read_settings()
    rulebook, store = load_rulebook(settings), open_store(settings)
    found, person = _find_person(store, clinic, reference)
    now = datetime.now(UTC)
    with store.writing_scope(found) as scope:
        kept = person_requests.export_person(scope, now, COMMAND_ACTOR, person.id)
        name = clinics.read_clinic_name(scope)
    typer.echo(build_person_file(rulebook, kept, clinic=name, made_at=now.isoformat()))


@app.command()
def erase(
    clinic: ClinicWord,
    reference: Reference,
    yes: Annotated[bool, typer.Option(help="Do it without asking again.")] = False,
) -> None:
    """Erase the person and all that is theirs; print counts as JSON. There is no way back.

    The audit stays: who did what and when, with no answer and no name.
    """
    store = open_store(read_settings())
    found, person = _find_person(store, clinic, reference)
    if not yes and not typer.confirm(f"Erase all of '{person.reference}'?", err=True):
        raise stop_command("Nothing was erased.", 1)
    with store.writing_scope(found) as scope:
        counts = person_requests.erase_person(scope, datetime.now(UTC), COMMAND_ACTOR, person.id)
    typer.echo(json.dumps(counts))
    stderr.print("Erased. Backups keep what they hold until they are deleted.")


def _find_person(store: Store, word: str, reference: str) -> tuple[str, PersonIdentity]:
    clinic = find_clinic_id(store, word)
    with store.reading_scope(clinic) as scope:
        try:
            return clinic, person_requests.find_person(scope, reference)
        except NoSuchPerson:
            raise stop_command(f"Nobody has the reference '{reference}' there.", 1) from None
