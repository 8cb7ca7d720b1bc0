"""`calcinosis-check benchmark`: how the rulebook does on cases that others have judged."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from app.assurance.benchmark import in_words, run
from app.assurance.cases import BadCases, read_cases, read_conflicts
from app.commands.console import load_rulebook, read_settings, say, stop


def benchmark(
    cases: Annotated[
        Path | None, typer.Argument(help="A JSON list or a folder of YAML cases.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count how the rulebook does on cases that others have judged (default: published ones)."""
    settings = read_settings()
    rulebook = load_rulebook(settings)
    try:
        found = read_cases(rulebook, cases or settings.rules / "cases" / "published")
        conflicts = read_conflicts(settings.rules / "cases" / "conflicts.yaml")
    except BadCases as problem:
        raise stop(str(problem), 1) from None
    with Progress(console=say, transient=True) as progress:
        task = progress.add_task("Cases", total=len(found))
        report = run(rulebook, found, conflicts, lambda done: progress.update(task, completed=done))
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        typer.echo(in_words(report, conflicts))
