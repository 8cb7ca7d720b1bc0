"""`calcinosis-check rules ...`: for those who write, check or read the rulebook."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.commands.console import load_rulebook, read_settings, say, stop
from app.documents.drawing import draw
from app.triage.explain import in_words

app = typer.Typer(help="Look at the rulebook.", no_args_is_help=True)


@app.command()
def check() -> None:
    """Check every rule file; print all faults, or what the rulebook holds."""
    rulebook = load_rulebook(read_settings())
    questions = rulebook.questionnaire
    typer.echo(f"Rulebook {rulebook.version} of {rulebook.date}, sha256 {rulebook.sha256}")
    typer.echo(f"  questions       {len(questions.questions)} (longest path {questions.longest()})")
    typer.echo(f"  urgency rules   {len(rulebook.rules)}")
    typer.echo(
        f"  type evidence   {len(rulebook.evidence)} lines, {len(rulebook.conflicts)} conflicts"
    )
    typer.echo(f"  advice          {len(rulebook.advice)}")
    typer.echo(f"  sources         {len(rulebook.sources)}")
    approved = ", ".join(rulebook.approvals) or "nobody yet"
    typer.echo(f"  approved by     {approved}")
    today = datetime.now(UTC).date().isoformat()
    for rule in (r for r in rulebook.rules if r.review_by < today):
        say.print(f"{rule.file}: {rule.id}: its review was due by {rule.review_by}")
    typer.echo("No faults.")


@app.command()
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="Id of an urgency rule: E4")],
) -> None:
    """Show one rule in plain words, with its level and sources."""
    rulebook = load_rulebook(read_settings())
    words = rulebook.wording[rulebook.languages[0]]
    try:
        rule = rulebook.rule(rule_id)
    except KeyError:
        known = ", ".join(r.id for r in rulebook.rules)
        raise stop(f"No rule '{rule_id}'. The rules are: {known}", 2) from None
    unsure = f", {rule.if_unsure.name} if not sure" if rule.if_unsure is not None else ""
    within = f", within {rule.within}" if rule.within else ""
    typer.echo(f"{rule.id}: {rule.urgency.name}{within}{unsure}   ({rule.file})")
    typer.echo(words.rules[rule.id].reason)
    typer.echo("When")
    for depth, text in in_words(rule.when, words):
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
    picture = draw(load_rulebook(read_settings()))
    if output is None:
        typer.echo(picture, nl=False)
        return
    try:
        output.write_text(picture, encoding="utf-8")
    except OSError as problem:
        raise stop(f"{output}: {problem.strerror}", 2) from None
    say.print(f"Wrote {output}")
