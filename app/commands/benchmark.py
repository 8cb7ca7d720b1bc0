"""`calcinosis-check benchmark ...`: how the rulebook does on cases that others have judged."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.progress import Progress
from typer.core import TyperGroup

from app.assurance import blind_words
from app.assurance.asked import questions_hash
from app.assurance.benchmark import TUNED, Report, in_words, run
from app.assurance.blind import try_sets
from app.assurance.cases import BadCases, read_cases, read_conflicts
from app.assurance.cases import in_words as faults_in_words
from app.assurance.reading import keep, make_folder, new_set, open_labels, read_stories
from app.assurance.sets import Use, read_library, write_reading, write_set
from app.commands.console import load_rulebook, read_settings, say, stop
from app.triage.rulebook import Rulebook

REPORT = "report"


class _Reporting(TyperGroup):
    """A group whose first command is meant where none is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named else [REPORT, *args])


app = typer.Typer(
    cls=_Reporting,
    help="Count how the rulebook does on cases that others have judged. Without a command: report.",
)
Named = Annotated[str, typer.Option("--set", help="Name of the set.")]


@app.command(REPORT)
def report(
    cases: Annotated[
        Path | None, typer.Argument(help="A JSON list or a folder of YAML cases.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    hash_only: Annotated[
        bool, typer.Option("--questions-hash", help="Print only the hash of what readers see.")
    ] = False,
) -> None:
    """Report on cases (default: all sets that were read blind, then the project's own)."""
    settings = read_settings()
    rulebook = load_rulebook(settings)
    if hash_only:
        typer.echo(questions_hash(rulebook))
        return
    own = settings.rules / "cases" / "published"
    conflicts = read_conflicts(settings.rules / "cases" / "conflicts.yaml")
    tuned = _judge(rulebook, cases or own, conflicts)
    if cases is not None:
        typer.echo(_json(tuned.as_json()) if as_json else in_words(tuned, conflicts))
        return
    with _told_in_words():
        runs = try_sets(rulebook, settings.rules, read_library(settings.rules / "cases"))
    if as_json:
        of = {"rulebook": rulebook.version, "sha256": rulebook.sha256}
        typer.echo(_json({**of, **runs.as_json(), "tuned": {"says": TUNED, **tuned.as_json()}}))
    else:
        typer.echo(f"{blind_words.in_words(runs, rulebook.sha256)}\n{TUNED}\n")
        typer.echo(in_words(tuned, conflicts))


@app.command()
def folder(
    out: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    stories: Annotated[Path, typer.Option(help="A JSON list of id and story.")],
    name: Annotated[str | None, typer.Option("--set", help="Note a new set of this name.")] = None,
    use: Annotated[Use, typer.Option(help="What the new set is for.")] = "unseen",
) -> None:
    """Make the folder that a blind reader gets, and print the hashes of what stands in it."""
    settings = read_settings()
    rulebook, cases = load_rulebook(settings), settings.rules / "cases"
    with _told_in_words():
        found = read_stories(stories)
        if name in read_library(cases).sets:
            raise BadCases(f"{name}: there is a set of this name already")
        if name is not None:
            say.print(f"Wrote {write_set(cases, new_set(name, use, found))}")
        questions, told = make_folder(rulebook, found, cases / "README.md", out)
    typer.echo(f"questions {questions}\nstories   {told}")


@app.command("keep")
def keep_answers(
    answers: Annotated[Path, typer.Argument(help="What the reader handed in.")],
    name: Named,
    reader: Annotated[str, typer.Option(help="A letter.")],
) -> None:
    """Keep what a reader handed in, with its hashes, before any label is looked at."""
    settings = read_settings()
    rulebook, cases = load_rulebook(settings), settings.rules / "cases"
    with _told_in_words():
        reading = keep(rulebook, read_library(cases), answers, name, reader, _today())
        written = write_reading(cases, reading)
    for refused in reading.refused:
        say.print(f"Refused: {refused}", markup=False)
    say.print(f"Wrote {written}; commit it before a label is opened or a rule changes")
    typer.echo(reading.sha256)


@app.command("open")
def open_set(
    labels: Annotated[Path, typer.Argument(help="A JSON list of the labels.")], name: Named
) -> None:
    """Open the labels of a set, once, with the rulebook of today."""
    settings = read_settings()
    rulebook, cases = load_rulebook(settings), settings.rules / "cases"
    with _told_in_words():
        found = open_labels(rulebook, read_library(cases), name, labels, _today())
        say.print(f"Wrote {write_set(cases, found)}")


def _judge(rulebook: Rulebook, cases: Path, conflicts: dict[str, str]) -> Report:
    with _told_in_words():
        found = read_cases(rulebook, cases)
    with Progress(console=say, transient=True) as progress:
        task = progress.add_task("Cases", total=len(found))
        return run(rulebook, found, conflicts, lambda done: progress.update(task, completed=done))


@contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except BadCases as problem:
        raise stop(str(problem), 1) from None
    except ValidationError as problem:
        raise stop(faults_in_words(problem), 1) from None


def _json(value: object) -> str:
    return json.dumps(value, indent=2)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
