"""`calcinosis-check rules mutate`, `diff`, `publish`: what a change does, and what is kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from app.assurance.cases import read_cases
from app.assurance.mutation.pinned import list_fired_rules, load_worked_cases
from app.commands import console
from app.documents.receipt import RulebookArchive
from app.documents.replay import record_corpus, replay_corpus
from app.rulebook.load import (
    CORPUS_FILE,
    NotPublished,
    find_newest_folder,
    find_published_faults,
    publish_rulebook,
)
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers

CorpusCase = tuple[Answers, Mapping[str, Mapping[str, str]]]


def mutate(
    as_json: console.AsJson = False,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh", help="First find the boundary cases and what ordinary people miss."
        ),
    ] = False,
) -> None:
    """Make every small slip in the rules, one at a time, and see that each is noticed."""
    rulebook, rules = console.load_rulebook(), console.read_settings().rules
    with console.stop_without_provers():
        from app.assurance.mutation import boundary, killing, widened
        from app.assurance.mutation.mutants import list_mutants
    every = list_mutants(rules)
    with console.show_progress("Listing mutants") as progress:
        if refresh:
            step = progress.begin_step("Boundary cases", len(every))
            boundary.refresh_boundary_cases(rules, step)
            slips = len(widened.list_urgent_slips(rulebook, rules))
            step = progress.begin_step("Ordinary people", slips)
            widened.refresh_widened_slips(rulebook, rules, step)
        step = progress.begin_step("Mutants", len(every))
        found = killing.run_mutation_tests(rules, every, boundary.prove_survivors, step)
    if as_json:
        console.print_json(found.as_json())
    else:
        typer.echo(killing.format_mutation_report(found))
    if not found.all_accounted_for:
        raise typer.Exit(1)


def diff(
    old: Annotated[
        str | None, typer.Argument(help="A folder or a published version (default: the newest).")
    ] = None,
    new: Annotated[
        str | None, typer.Argument(help="A folder or a published version (default: today's rules).")
    ] = None,
    as_json: console.AsJson = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print a page.")] = False,
) -> None:
    """Count the answer sets whose level or likely type differs between two rulebooks."""
    settings = console.read_settings()
    with console.stop_without_provers():
        from app.assurance import difference, difference_words
    published = settings.rules / PUBLISHED_FOLDER
    before = find_newest_folder(published) if old is None else _find_rulebook_folder(published, old)
    if before is None:
        why = "No rulebook is published yet; name the folder to compare with."
        raise console.stop_command(why, 2)
    after = settings.rules if new is None else _find_rulebook_folder(published, new)
    with console.show_progress("Comparing") as progress, console.stop_on_rulebook_faults(settings):
        found = difference.compare_rulebooks(before, after, progress.begin_step)
    if as_json:
        console.print_json(found.as_json())
    elif as_html:
        typer.echo(difference_words.format_difference_html(found))
    else:
        typer.echo(difference_words.format_difference(found))


def publish() -> None:
    """Keep the rulebook of today for ever under its version, with a corpus to replay."""
    settings = console.read_settings()
    people = _choose_corpus_cases(console.load_rulebook(settings), settings.rules)
    try:
        with console.stop_on_rulebook_faults(settings):
            rulebook, folder = publish_rulebook(settings.rules)
    except NotPublished as problem:
        raise console.stop_command(str(problem), 1) from None
    corpus, published = folder / CORPUS_FILE, settings.rules / PUBLISHED_FOLDER
    if not corpus.exists():
        record_corpus(corpus, rulebook, people)
    archive = RulebookArchive(rulebook, published)
    wrong = [*find_published_faults(published), *replay_corpus(corpus, archive)]
    if wrong:
        raise console.stop_command("\n".join(wrong), 1)
    typer.echo(f"{rulebook.version} ({rulebook.sha256}) stands in {folder}")


def _find_rulebook_folder(published: Path, named: str) -> Path:
    """A published version by its name, else a folder."""
    for folder in (published / named, Path(named)):
        if folder.is_dir():
            return folder
    raise console.stop_command(f"{named}: neither a published version nor a folder", 2)


def _choose_corpus_cases(rulebook: Rulebook, rules: Path) -> list[CorpusCase]:
    """Of all cases those that together show everything that any of them shows."""
    published = read_cases(rulebook, rules / "cases" / "published")
    people: list[CorpusCase] = [(case.answers, case.entry.labs) for case in published]
    people += [(case.answers, case.labs) for case in load_worked_cases(rulebook, rules)]
    shown: set[str] = set()
    kept = []
    for answers, labs in people:
        found = assess_answers(rulebook, answers, labs)
        shows = {*list_fired_rules(found), found.likely_type, found.urgency.name}
        shows |= {a.id for section in found.advice.values() for a in section}
        if not shows <= shown:
            shown |= shows
            kept.append((answers, labs))
    return kept
