"""`calcinosis-check rules ...`: for those who write, check, publish or read the rulebook."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from app.assurance.cases import read_cases
from app.assurance.length import (
    WORDS_A_MINUTE,
    ReadingLoadReport,
    grade_questions,
    known_lump_answers,
    measure_reading_load,
)
from app.assurance.mutation.pinned import list_fired_rules, load_worked_cases
from app.commands import console
from app.documents.drawing import draw_flowchart
from app.documents.receipt import RulebookArchive
from app.documents.replay import record_corpus, replay_corpus
from app.rulebook import load
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.triage.explain import describe_condition
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers

CorpusCase = tuple[Answers, Mapping[str, Mapping[str, str]]]
app = typer.Typer(help="Look at the rulebook.", no_args_is_help=True)


@app.command()
def check() -> None:
    """Check every rule file; print all faults, or what the rulebook holds."""
    rulebook = console.load_rulebook()
    longest = rulebook.questionnaire.count_longest_path()
    lines = [
        f"Rulebook {rulebook.version} of {rulebook.date}, sha256 {rulebook.sha256}",
        f"  questions       {len(rulebook.questionnaire.questions)} (longest path {longest})",
        f"  urgency rules   {len(rulebook.rules)}",
        f"  type evidence   {len(rulebook.evidence)} lines, {len(rulebook.conflicts)} conflicts",
        f"  advice          {len(rulebook.advice)}",
        f"  sources         {len(rulebook.sources)}",
        f"  approved by     {', '.join(rulebook.approvals) or 'nobody yet'}",
    ]
    typer.echo("\n".join(lines))
    for rule in (r for r in rulebook.rules if r.review_by < console.todays_date()):
        console.stderr.print(f"{rule.file}: {rule.id}: its review was due by {rule.review_by}")
    typer.echo("No faults.")


@app.command()
def asking() -> None:
    """Count in how many cases each question can still change something. Takes minutes."""
    console.load_rulebook()
    with console.stop_without_provers():
        from app.assurance.proof.answer_space import AnswerSpace
        from app.assurance.proof.asking import count_question_impact, format_impact_table
    with console.show_progress("Counting what each question can change"):
        space = AnswerSpace(console.read_settings().rules)
        typer.echo(format_impact_table(count_question_impact(space)))


@app.command()
def certify(as_json: console.AsJson = False) -> None:
    """Prove the rulebook over all answer sets, by two checkers; exit code 1 where it fails."""
    rulebook, rules = console.load_rulebook(), console.read_settings().rules
    with console.stop_without_provers():
        from app.assurance.proof import certificate as proved
        from app.assurance.proof.diagram import examine_rulebook
    with console.show_progress("Proving") as progress:
        step = progress.begin_step("Proving", len(proved.PROPERTIES) + 1)
        certificate = proved.certify_rulebook(rulebook, lambda: examine_rulebook(rules), step)
    if as_json:
        console.print_json(proved.serialize_certificate(certificate))
    else:
        typer.echo(proved.format_certificate(certificate))
    if not certificate.all_hold:
        raise typer.Exit(1)


@app.command()
def length(
    cases: Annotated[
        Path | None, typer.Argument(help="A JSON list or a folder of YAML cases.")
    ] = None,
    as_json: console.AsJson = False,
) -> None:
    """Count screens, words and minutes of the questions for these cases, and how hard they read."""
    rulebook, own = console.load_rulebook(), console.read_settings().rules / "cases"
    with console.stop_on_bad_cases():
        found = read_cases(rulebook, cases or own / "published")
    people = measure_reading_load(rulebook, {case.entry.id: case.answers for case in found})
    known = measure_reading_load(rulebook, {"known": known_lump_answers(rulebook, own / "worked")})
    grades = grade_questions(rulebook)
    if as_json:
        payload = {"cases": people.as_json(), "known_lump": known.as_json(), "grades": grades}
        console.print_json({"rulebook": rulebook.version, "sha256": rulebook.sha256, **payload})
        return
    hardest = sorted(grades.items(), key=lambda one: -one[1])
    lines = [
        f"Rulebook {rulebook.version}, sha256 {rulebook.sha256[:12]}",
        f"Cases: {len(found)}",
        *_length_lines(people),
        "A known calcium lump without pain",
        *_length_lines(known),
        "Flesch-Kincaid grade, the hardest page of each question first",
        *(f"  {question:<14}{worst:5.1f}" for question, worst in hardest),
    ]
    typer.echo("\n".join(lines))


def _length_lines(found: ReadingLoadReport) -> Iterator[str]:
    for name, middle, note in (
        ("screens", found.screens, ""),
        ("words", found.words, ""),
        ("minutes", found.minutes, f"   at {WORDS_A_MINUTE} words a minute"),
    ):
        yield f"  {name:<9}median {middle.median:6.4g}, most {middle.most:6.4g}{note}"


@app.command()
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="Id of an urgency rule: E4")],
) -> None:
    """Show one rule in plain words, with its level and sources."""
    rulebook = console.load_rulebook()
    words = rulebook.wording[rulebook.languages[0]]
    try:
        rule = rulebook.find_rule(rule_id)
    except KeyError:
        known = ", ".join(r.id for r in rulebook.rules)
        raise console.stop_command(f"No rule '{rule_id}'. The rules are: {known}", 2) from None
    unsure = f", {rule.if_unsure.name} if not sure" if rule.if_unsure is not None else ""
    within = f", within {rule.within}" if rule.within else ""
    typer.echo(f"{rule.id}: {rule.urgency.name}{within}{unsure}   ({rule.file})")
    typer.echo(words.rules[rule.id].reason)
    for heading, condition in (
        ("When", rule.when),
        ("Not sure counts only with", rule.only_with),
    ):
        if condition is not None:
            typer.echo(heading)
            for depth, text in describe_condition(condition, words):
                typer.echo(f"{'  ' * (depth + 1)}{text}")
    typer.echo(f"Sources (review by {rule.review_by})")
    for source in (rulebook.sources[s] for s in rule.sources):
        strength = f"{source.year}, {source.strength}"
        typer.echo(f"  {source.id}: {source.title} ({strength}) {source.link}")


@app.command("draw")
def draw_flow(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the SVG here.")
    ] = None,
) -> None:
    """Draw the questions and rules, with their conditions, as SVG."""
    picture = draw_flowchart(console.load_rulebook())
    if output is None:
        typer.echo(picture, nl=False)
        return
    try:
        output.write_text(picture, encoding="utf-8")
    except OSError as problem:
        raise console.stop_command(f"{output}: {problem.strerror}", 2) from None
    console.stderr.print(f"Wrote {output}")


@app.command()
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


@app.command()
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
    before = (
        load.find_newest_folder(published) if old is None else _find_rulebook_folder(published, old)
    )
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


@app.command()
def publish() -> None:
    """Keep the rulebook of today for ever under its version, with a corpus to replay."""
    settings = console.read_settings()
    people = _choose_corpus_cases(console.load_rulebook(settings), settings.rules)
    try:
        with console.stop_on_rulebook_faults(settings):
            rulebook, folder = load.publish_rulebook(settings.rules)
    except load.NotPublished as problem:
        raise console.stop_command(str(problem), 1) from None
    corpus, published = folder / load.CORPUS_FILE, settings.rules / PUBLISHED_FOLDER
    if not corpus.exists():
        record_corpus(corpus, rulebook, people)
    archive = RulebookArchive(rulebook, published)
    wrong = [*load.find_published_faults(published), *replay_corpus(corpus, archive)]
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
