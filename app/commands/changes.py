"""`calcinosis-check rules mutate`, `diff`, `publish`: what a change does, and what is kept."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from app.assurance.cases import read_cases
from app.assurance.mutation.pinned import findings, read_worked
from app.commands.console import faulty, load_rulebook, read_settings, say, stop
from app.documents.receipt import Shelf
from app.documents.replay import record, replay
from app.settings import Settings
from app.triage.published import CORPUS, FOLDER, NotPublished, faults, newest
from app.triage.published import publish as keep
from app.triage.rulebook import Rulebook, RulebookFaults
from app.triage.rules import assess
from app.triage.terms import Answers

PROOF = "pip install 'calcinosis-check[proof]' brings the provers"
Person = tuple[Answers, Mapping[str, Mapping[str, str]]]


def mutate(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh", help="First find the boundary cases and what ordinary people miss."
        ),
    ] = False,
) -> None:
    """Make every small slip in the rules, one at a time, and see that each is noticed."""
    settings = read_settings()
    rulebook = load_rulebook(settings)
    try:
        from app.assurance.mutation import boundary, killing, widened
        from app.assurance.mutation.mutants import mutants
    except ModuleNotFoundError as lacking:
        raise stop(f"{lacking.name} is missing: {PROOF}", 2) from None
    every = mutants(settings.rules)
    with Progress(console=say, transient=True) as progress:
        if refresh:
            task = progress.add_task("Boundary cases", total=len(every))
            boundary.refresh(settings.rules, lambda done: progress.update(task, completed=done))
            slips = len(widened.urgent_slips(rulebook, settings.rules))
            wider = progress.add_task("Ordinary people", total=slips)
            widened.refresh(
                rulebook, settings.rules, lambda done: progress.update(wider, completed=done)
            )
        trying = progress.add_task("Mutants", total=len(every))
        found = killing.mutate(
            settings.rules,
            every,
            lambda done: progress.update(trying, completed=done),
            boundary.prove,
        )
    typer.echo(json.dumps(found.as_json(), indent=2) if as_json else killing.in_words(found))
    if not found.holds:
        raise typer.Exit(1)


def diff(
    old: Annotated[
        str | None, typer.Argument(help="A folder or a published version (default: the newest).")
    ] = None,
    new: Annotated[
        str | None, typer.Argument(help="A folder or a published version (default: today's rules).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print a page.")] = False,
) -> None:
    """Count the answer sets whose level or likely type differs between two rulebooks."""
    settings = read_settings()
    try:
        from app.assurance import difference, difference_words
    except ModuleNotFoundError as lacking:
        raise stop(f"{lacking.name} is missing: {PROOF}", 2) from None
    before = newest(settings.rules / FOLDER) if old is None else _folder(settings, old)
    if before is None:
        raise stop("No rulebook is published yet; name the folder to compare with.", 2)
    after = settings.rules if new is None else _folder(settings, new)
    with Progress(console=say, transient=True) as progress:
        task = progress.add_task("Comparing", total=None)
        try:
            found = difference.compare(
                before, after, lambda what: progress.update(task, description=what)
            )
        except RulebookFaults as problem:
            raise faulty(problem, settings) from None
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        typer.echo((difference_words.in_html if as_html else difference_words.in_words)(found))


def publish() -> None:
    """Keep the rulebook of today for ever under its version, with a corpus to replay."""
    settings = read_settings()
    people = _people(load_rulebook(settings), settings)
    try:
        rulebook, folder = keep(settings.rules)
    except RulebookFaults as problem:
        raise faulty(problem, settings) from None
    except NotPublished as problem:
        raise stop(str(problem), 1) from None
    corpus = folder / CORPUS
    if not corpus.exists():
        record(corpus, rulebook, people)
    shelf = Shelf(rulebook, settings.rules / FOLDER)
    wrong = [*faults(settings.rules / FOLDER), *replay(corpus, shelf)]
    if wrong:
        raise stop("\n".join(wrong), 1)
    typer.echo(f"{rulebook.version} ({rulebook.sha256}) stands in {folder}")


def _folder(settings: Settings, named: str) -> Path:
    """A published version by its name, else a folder."""
    for folder in (settings.rules / FOLDER / named, Path(named)):
        if folder.is_dir():
            return folder
    raise stop(f"{named}: neither a published version nor a folder", 2)


def _people(rulebook: Rulebook, settings: Settings) -> list[Person]:
    """Of all cases those that together show everything that any of them shows."""
    published = read_cases(rulebook, settings.rules / "cases" / "published")
    people: list[Person] = [(case.answers, case.entry.labs) for case in published]
    people += [(case.answers, case.labs) for case in read_worked(rulebook, settings.rules)]
    shown: set[str] = set()
    kept = []
    for answers, labs in people:
        found = assess(rulebook, answers, labs)
        shows = {*findings(found), found.likely_type, found.urgency.name}
        shows |= {a.id for section in found.advice.values() for a in section}
        if not shows <= shown:
            shown |= shows
            kept.append((answers, labs))
    return kept
