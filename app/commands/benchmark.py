"""`calcinosis-check benchmark ...`: how the rulebook does on cases that others have judged."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from app.assurance import blind_words
from app.assurance.asked import hash_questions
from app.assurance.benchmark import TUNED, BenchmarkReport, format_benchmark, run_benchmark
from app.assurance.blind import benchmark_sets
from app.assurance.cases import BadCases, read_cases, read_conflicts
from app.assurance.reading import (
    build_reading,
    create_case_set,
    make_reader_folder,
    open_labels,
    read_stories,
)
from app.assurance.sets import Use, read_library, write_reading, write_set
from app.commands import console
from app.triage.rulebook import Rulebook

REPORT = "report"


class _ReportByDefault(TyperGroup):
    """A group whose first command is meant where none is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named else [REPORT, *args])


app = typer.Typer(
    cls=_ReportByDefault,
    help="Count how the rulebook does on cases that others have judged. Without a command: report.",
)
Named = Annotated[str, typer.Option("--set", help="Name of the set.")]


@app.command(REPORT)
def report_benchmark(
    cases: Annotated[
        Path | None, typer.Argument(help="A JSON list or a folder of YAML cases.")
    ] = None,
    as_json: console.AsJson = False,
    hash_only: Annotated[
        bool, typer.Option("--questions-hash", help="Print only the hash of what readers see.")
    ] = False,
) -> None:
    """Report on cases (default: all sets that were read blind, then the project's own)."""
    rules = console.read_settings().rules
    rulebook = console.load_rulebook()
    if hash_only:
        return typer.echo(hash_questions(rulebook))
    conflicts = read_conflicts(rules / "cases" / "conflicts.yaml")
    tuned = _run_benchmark(rulebook, cases or rules / "cases" / "published", conflicts)
    if cases is not None:
        if as_json:
            return console.print_json(tuned.as_json())
        return typer.echo(format_benchmark(tuned, conflicts))
    with console.stop_on_bad_cases():
        runs = benchmark_sets(rulebook, rules, read_library(rules / "cases"))
    if as_json:
        made_with = {"rulebook": rulebook.version, "sha256": rulebook.sha256}
        own = {"tuned": {"says": TUNED, **tuned.as_json()}}
        return console.print_json(made_with | runs.as_json() | own)
    typer.echo(f"{blind_words.format_blind_report(runs, rulebook.sha256)}\n{TUNED}\n")
    return typer.echo(format_benchmark(tuned, conflicts))


@app.command()
def folder(
    out: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    stories: Annotated[Path, typer.Option(help="A JSON list of id and story.")],
    name: Annotated[str | None, typer.Option("--set", help="Note a new set of this name.")] = None,
    use: Annotated[Use, typer.Option(help="What the new set is for.")] = "unseen",
) -> None:
    """Make the folder that a blind reader gets, and print the hashes of what stands in it."""
    rulebook, cases = console.load_rulebook(), console.read_settings().rules / "cases"
    with console.stop_on_bad_cases():
        found = read_stories(stories)
        if name in read_library(cases).sets:
            raise BadCases(f"{name}: there is a set of this name already")
        if name is not None:
            console.stderr.print(f"Wrote {write_set(cases, create_case_set(name, use, found))}")
        questions_hash, stories_hash = make_reader_folder(rulebook, found, cases / "README.md", out)
    typer.echo(f"questions {questions_hash}\nstories   {stories_hash}")


@app.command("keep")
def keep_answers(
    answers: Annotated[Path, typer.Argument(help="What the reader handed in.")],
    name: Named,
    reader: Annotated[str, typer.Option(help="A letter.")],
) -> None:
    """Keep what a reader handed in, with its hashes, before any label is looked at."""
    rulebook, cases = console.load_rulebook(), console.read_settings().rules / "cases"
    with console.stop_on_bad_cases():
        library, today = read_library(cases), console.todays_date()
        reading = build_reading(rulebook, library, answers, name, reader, today)
        written = write_reading(cases, reading)
    for refused in reading.refused:
        console.stderr.print(f"Refused: {refused}", markup=False)
    console.stderr.print(f"Wrote {written}; commit it before a label is opened or a rule changes")
    typer.echo(reading.content_hash)


@app.command("open")
def open_set(
    labels: Annotated[Path, typer.Argument(help="A JSON list of the labels.")], name: Named
) -> None:
    """Open the labels of a set, once, with the rulebook of today."""
    rulebook, cases = console.load_rulebook(), console.read_settings().rules / "cases"
    with console.stop_on_bad_cases():
        found = open_labels(rulebook, read_library(cases), name, labels, console.todays_date())
        console.stderr.print(f"Wrote {write_set(cases, found)}")


def _run_benchmark(rulebook: Rulebook, cases: Path, conflicts: dict[str, str]) -> BenchmarkReport:
    with console.stop_on_bad_cases():
        found = read_cases(rulebook, cases)
    with console.show_progress("Cases") as progress:
        step = progress.begin_step("Cases", len(found))
        return run_benchmark(rulebook, found, conflicts, step)
