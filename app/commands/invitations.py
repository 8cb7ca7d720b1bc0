"""`calcinosis-check invitations ...`: lists of patients that a hospital's own system writes."""

import hashlib
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

import typer

from app.commands import console
from app.documents.patient_list import columns, rows
from app.documents.patient_list.rows import ListedPatient
from app.documents.patient_list.table import MAX_FILE_BYTES, UnreadableList
from app.documents.typed_days import DAY_FIRST, MONTH_FIRST
from app.presentation.invitation_checks import (
    FILE_WORDS,
    IMPORT_WORDS,
    CheckedPatient,
    CheckNote,
    ListChecker,
)
from app.store import clinics, invitation_lists, invitations
from app.store.accounts import staff
from app.store.db import server_records
from app.store.db.rate_limits import RateLimitExceeded
from app.store.db.scope import Store
from app.store.invitations import MAX_PER_BATCH
from app.store.opening_hours import is_closed_day
from app.store.people import NameMismatch
from app.store.permissions import role_allows
from app.triage.wording import Wording

app = typer.Typer(help="Invite the patients of a list.", no_args_is_help=True)
SETTLED = 10.0
"""Seconds since a file in the folder was last written: before that it may be half a file."""
TOO_MANY = "Too many invitations in this hour. What is left is taken next time."
DayChoice = Literal["day-first", "month-first"]


class ListRefused(Exception):
    """Nobody of the file was invited; `reasons` says why, a line for each thing."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


class ListImporter(NamedTuple):
    """Invites the patients of files for one clinic; `by`: the id of who answers for it."""

    store: Store
    clinic: str
    by: str
    words: Wording
    order: DayChoice | None

    def import_file(self, file: Path) -> tuple[int, int]:
        """(How many were invited, how many had an open invitation). Raises ListRefused, OSError.

        All of the file or nothing of it; the same file again invites nobody again.
        """
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
        key = f"{self.by}:file-{hashlib.sha256(content).hexdigest()[:32]}"
        with self.store.reading_scope(self.clinic) as scope:
            if before := invitations.find_batch_rows(scope, key):
                return 0, len(before)
        checked = self._check_patients(self._read_patients(content))
        known = [one for one in checked if any(note.kind == "already" for note in one.notes)]
        guests = [one.invitee for one in checked if one not in known]
        now = console.current_time()
        try:
            if guests:
                invitations.invite_patients(self.store, self.clinic, now, self.by, guests, key)
        except NameMismatch as other:
            say = self.words.page_text
            raise ListRefused([say("invitations.other_name", name=other.reference)]) from None
        return len(guests), len(known)

    def _read_patients(self, content: bytes) -> list[ListedPatient]:
        say = self.words.page_text
        try:
            table = rows.read_file(content)
        except UnreadableList as bad:
            raise ListRefused([say(FILE_WORDS[bad.problem])]) from None
        layout = columns.find_layout(table)
        if layout.reference is None or layout.name is None:
            raise ListRefused([say(IMPORT_WORDS["unknown"])])
        order = rows.find_list_order(table, layout)
        if order == "unclear" and self.order is None:
            raise ListRefused([say(IMPORT_WORDS["order"])])
        if order == "unclear" and self.order:
            order = MONTH_FIRST if self.order == "month-first" else DAY_FIRST
        patients = rows.list_patients(table, layout, order=order)
        if not patients:
            raise ListRefused([say("list.file.headings")])
        if len(patients) > MAX_PER_BATCH:
            number, most = str(len(patients)), str(MAX_PER_BATCH)
            raise ListRefused([say("list.file.many", number=number, most=most)])
        return patients

    def _check_patients(self, patients: list[ListedPatient]) -> list[CheckedPatient]:
        now = console.current_time()
        with self.store.reading_scope(self.clinic) as scope:
            clinic = clinics.load_clinic(scope)
            references = [one.reference for one in patients]
            known = invitation_lists.find_known_patients(scope, now, references)
        today = now.astimezone(ZoneInfo(clinic.time_zone)).date()
        language = self.words.language
        is_closed = partial(is_closed_day, clinic)
        checker = ListChecker(known, today, is_closed, clinic.time_zone, language)
        checked = checker.check_patients(patients)
        reasons = [
            self._describe_fault(one.patient.line, note)
            for one in checked
            for note in one.notes
            if note.weight == "refused" or note.kind == "ahead"
        ]
        if reasons:
            raise ListRefused(reasons)
        return checked

    def _describe_fault(self, line: int, note: CheckNote) -> str:
        problem = self.words.page_text(note.words, **note.values)
        return self.words.page_text(IMPORT_WORDS["line"], number=str(line), problem=problem)


@app.command("import")
def import_lists(
    clinic: Annotated[str, typer.Option(help="The clinic's id or name.")],
    by: Annotated[str, typer.Option(help="E-mail of the nurse or lead who answers for it.")],
    file: Annotated[Path | None, typer.Argument(help="A list: CSV, .xlsx, .xls or .ods.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Take each new file of this folder instead, once.")
    ] = None,
    day_order: Annotated[
        DayChoice | None, typer.Option(help="How 03/04/2027 is read where the list does not tell.")
    ] = None,
) -> None:
    """Invite all patients of a list, or nobody where one of its lines will not do.

    Who has an open invitation is passed over. With --folder, files go on to done/ or refused/
    beside a .txt that says why; exit code 1 says that a file was refused.
    """
    if (file is None) == (folder is None):
        raise console.stop_command("Give a file, or --folder and no file.", 2)
    store, rulebook = console.open_store(), console.load_rulebook()
    found = console.find_clinic_id(store, clinic)
    importer = ListImporter(
        store, found, _find_inviter(store, found, by), rulebook.wording["en"], day_order
    )
    if folder is None and file is not None:
        refused = not _import_one(importer, file)
    elif folder is not None:
        refused = _import_folder(importer, folder)
    if refused:
        raise typer.Exit(1)


def _find_inviter(store: Store, clinic: str, email: str) -> str:
    known = server_records.resolve_word(store, "staff", staff.normalize_email(email))
    if known is not None and known[0] == clinic:
        with store.reading_scope(clinic) as scope:
            member = staff.find_staff(scope, known[1])
        if member.disabled_at is None and role_allows(member.role, "invite_patients"):
            return member.id
    why = f"'{email}' is no nurse or lead of this clinic: invitations are theirs to give."
    raise console.stop_command(why, 2)


def _import_one(importer: ListImporter, file: Path) -> bool:
    """Import a file and say what became of it; whether it was taken."""
    try:
        invited, known = importer.import_file(file)
    except ListRefused as refused:
        console.stderr.print(f"{file.name}: refused, nobody was invited", markup=False)
        for reason in refused.reasons:
            console.stderr.print(f"  {reason}", markup=False)
        return False
    except OSError as problem:
        raise console.stop_command(f"{file}: {problem.strerror}", 2) from None
    except RateLimitExceeded:
        raise console.stop_command(TOO_MANY, 1) from None
    typer.echo(f"{file.name}: {invited} invited, {known} invited before")
    return True


def _import_folder(importer: ListImporter, folder: Path) -> bool:
    """Take each file that is whole; whether any was refused."""
    if not folder.is_dir():
        raise console.stop_command(f"{folder} is no folder.", 2)
    any_refused = False
    for file in sorted(folder.iterdir()):
        if not file.is_file() or file.name.startswith((".", "~$")):
            continue
        if time.time() - file.stat().st_mtime < SETTLED:
            console.stderr.print(f"{file.name}: may still be written, left for next time")
            continue
        try:
            any_refused |= not _take_file(importer, file)
        except OSError as problem:
            console.stderr.print(f"{file.name}: left there: {problem.strerror}", markup=False)
            any_refused = True
        except RateLimitExceeded:
            raise console.stop_command(TOO_MANY, 1) from None
    return any_refused


def _take_file(importer: ListImporter, file: Path) -> bool:
    """Import it, then move it; a file that breaks off in between is found again and adds nobody."""
    try:
        invited, known = importer.import_file(file)
    except ListRefused as refused:
        kept = _move_file(file, "refused", refused.reasons)
        console.stderr.print(f"{file.name}: refused, see {kept}.txt", markup=False)
        return False
    _move_file(file, "done")
    typer.echo(f"{file.name}: {invited} invited, {known} invited before")
    return True


def _move_file(file: Path, where: str, reasons: Sequence[str] = ()) -> Path:
    """Move the file to this folder beside it, under a name that is free there; give the place."""
    folder = file.parent / where
    folder.mkdir(exist_ok=True)
    free, number = folder / file.name, 1
    while free.exists():
        number += 1
        free = folder / f"{file.stem}-{number}{file.suffix}"
    if reasons:
        free.with_name(f"{free.name}.txt").write_text("\n".join(reasons) + "\n", "utf-8")
    return file.rename(free)
