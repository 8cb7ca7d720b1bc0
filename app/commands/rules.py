"""`calcinosis-check rules ...`: for those who write, check or read the rulebook."""

from pathlib import Path
from typing import Annotated

import typer

from app.assurance.cases import BadCases, read_cases
from app.assurance.length import (
    WORDS_A_MINUTE,
    ReadingLoadReport,
    grade_texts,
    known_lump_answers,
    known_names_pattern,
    list_all_screens,
    measure_reading_load,
)
from app.commands.console import (
    load_rulebook,
    print_json,
    read_settings,
    show_progress,
    stderr,
    stop_command,
    stop_without_provers,
    todays_date,
)
from app.documents.drawing import draw_flowchart
from app.triage.explain import describe_condition

app = typer.Typer(help="Look at the rulebook.", no_args_is_help=True)


@app.command()
def check() -> None:
    """Check every rule file; print all faults, or what the rulebook holds."""
    settings = read_settings()
    rulebook = load_rulebook(settings)
    questions = rulebook.questionnaire
    typer.echo(f"Rulebook {rulebook.version} of {rulebook.date}, sha256 {rulebook.sha256}")
    typer.echo(
        f"  questions       {len(questions.questions)} "
        f"(longest path {questions.count_longest_path()})"
    )
    typer.echo(f"  urgency rules   {len(rulebook.rules)}")
    typer.echo(
        f"  type evidence   {len(rulebook.evidence)} lines, {len(rulebook.conflicts)} conflicts"
    )
    typer.echo(f"  advice          {len(rulebook.advice)}")
    typer.echo(f"  sources         {len(rulebook.sources)}")
    approved = ", ".join(rulebook.approvals) or "nobody yet"
    typer.echo(f"  approved by     {approved}")
    for rule in (r for r in rulebook.rules if r.review_by < todays_date()):
        stderr.print(f"{rule.file}: {rule.id}: its review was due by {rule.review_by}")
    typer.echo("No faults.")


@app.command()
def asking() -> None:
    """Count in how many cases each question can still change something. Takes minutes."""
    settings = read_settings()
    load_rulebook(settings)
    with stop_without_provers():
        from app.assurance.proof.answer_space import AnswerSpace
        from app.assurance.proof.asking import count_question_impact, format_impact_table
    with show_progress("Counting what each question can change"):
        typer.echo(format_impact_table(count_question_impact(AnswerSpace(settings.rules))))


@app.command()
def certify(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove the rulebook over all answer sets, by two checkers; exit code 1 where it fails."""
    settings = read_settings()
    rulebook = load_rulebook(settings)
    with stop_without_provers():
        from app.assurance.proof import certificate_words as words
        from app.assurance.proof.certificate import PROPERTIES, certify_rulebook
        from app.assurance.proof.diagram import examine_rulebook
    with show_progress("Proving") as progress:
        certificate = certify_rulebook(
            rulebook,
            lambda: examine_rulebook(settings.rules),
            progress.begin_step("Proving", len(PROPERTIES) + 1),
        )
    if as_json:
        print_json(words.serialize_certificate(certificate))
    else:
        typer.echo(words.format_certificate(certificate))
    if not certificate.all_hold:
        raise typer.Exit(1)


@app.command()
def length(
    cases: Annotated[
        Path | None, typer.Argument(help="A JSON list or a folder of YAML cases.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count screens, words and minutes of the questions for these cases, and how hard they read."""
    settings = read_settings()
    rulebook = load_rulebook(settings)
    own = settings.rules / "cases"
    try:
        found = read_cases(rulebook, cases or own / "published")
    except BadCases as problem:
        raise stop_command(str(problem), 1) from None
    people = measure_reading_load(rulebook, {case.entry.id: case.answers for case in found})
    known = measure_reading_load(rulebook, {"known": known_lump_answers(rulebook, own / "worked")})
    named = known_names_pattern(rulebook)
    grades = {question.id: -99.0 for question in rulebook.questionnaire}
    for page in list_all_screens(rulebook):
        grades[page.question] = max(grades[page.question], grade_texts(page.texts, named))
    if as_json:
        payload = {"cases": people.as_json(), "known_lump": known.as_json(), "grades": grades}
        print_json({"rulebook": rulebook.version, "sha256": rulebook.sha256, **payload})
        return
    typer.echo(f"Rulebook {rulebook.version}, sha256 {rulebook.sha256[:12]}")
    typer.echo(f"Cases: {len(found)}")
    typer.echo(_format_lengths(people))
    typer.echo("A known calcium lump without pain")
    typer.echo(_format_lengths(known))
    typer.echo("Flesch-Kincaid grade, the hardest page of each question first")
    for question, worst in sorted(grades.items(), key=lambda one: -one[1]):
        typer.echo(f"  {question:<14}{worst:5.1f}")


def _format_lengths(found: ReadingLoadReport) -> str:
    rows = {"screens": found.screens, "words": found.words, "minutes": found.minutes}
    notes = {"minutes": f"   at {WORDS_A_MINUTE} words a minute"}
    return "\n".join(
        f"  {name:<9}median {middle.median:6.4g}, most {middle.most:6.4g}{notes.get(name, '')}"
        for name, middle in rows.items()
    )


@app.command()
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="Id of an urgency rule: E4")],
) -> None:
    """Show one rule in plain words, with its level and sources."""
    rulebook = load_rulebook(read_settings())
    words = rulebook.wording[rulebook.languages[0]]
    try:
        rule = rulebook.find_rule(rule_id)
    except KeyError:
        known = ", ".join(r.id for r in rulebook.rules)
        raise stop_command(f"No rule '{rule_id}'. The rules are: {known}", 2) from None
    unsure = f", {rule.if_unsure.name} if not sure" if rule.if_unsure is not None else ""
    within = f", within {rule.within}" if rule.within else ""
    typer.echo(f"{rule.id}: {rule.urgency.name}{within}{unsure}   ({rule.file})")
    typer.echo(words.rules[rule.id].reason)
    typer.echo("When")
    for depth, text in describe_condition(rule.when, words):
        typer.echo(f"{'  ' * (depth + 1)}{text}")
    if rule.only_with is not None:
        typer.echo("Not sure counts only with")
        for depth, text in describe_condition(rule.only_with, words):
            typer.echo(f"{'  ' * (depth + 1)}{text}")
    typer.echo(f"Sources (review by {rule.review_by})")
    for source in (rulebook.sources[s] for s in rule.sources):
        typer.echo(
            f"  {source.id}: {source.title} ({source.year}, {source.strength}) {source.link}"
        )


@app.command("draw")
def draw_flow(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the SVG here.")
    ] = None,
) -> None:
    """Draw the questions and rules, with their conditions, as SVG."""
    picture = draw_flowchart(load_rulebook(read_settings()))
    if output is None:
        typer.echo(picture, nl=False)
        return
    try:
        output.write_text(picture, encoding="utf-8")
    except OSError as problem:
        raise stop_command(f"{output}: {problem.strerror}", 2) from None
    stderr.print(f"Wrote {output}")
