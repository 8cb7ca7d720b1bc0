"""The command line, `calcinosis-check`. Outside the floors: it joins them and speaks in words.

Exit codes: 0 done, 1 a fault was found (rulebook, cases, answers), 2 the call itself was wrong.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.progress import Progress

from app.assurance.benchmark import in_words as report_in_words
from app.assurance.benchmark import run as run_benchmark
from app.assurance.cases import BadCases, read_cases, read_conflicts
from app.documents.drawing import draw
from app.documents.exchange import ANYWHERE, BadBody, assess_json
from app.documents.receipt import BadReceipt, Shelf, Verdict
from app.documents.receipt import verify as verify_receipt
from app.settings import Settings, SettingsFaults, load_settings
from app.store.database import open_database, upgrade
from app.store.rulebooks import record
from app.triage.explain import in_words
from app.triage.rulebook import Rulebook, RulebookFaults, load
from app.triage.terms import Finding, Urgency

app = typer.Typer(
    help="Calcinosis Check: when to see a doctor about a hard lump, and what it might be.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
rules_app = typer.Typer(help="Look at the rulebook.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
say = Console(stderr=True, highlight=False, soft_wrap=True)


def run() -> None:
    """Run the command line."""
    app(prog_name="calcinosis-check")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
) -> None:
    """Serve the pages and the API."""
    from app.main import (
        create_app,
    )  # the web floor takes a while to import; no other command needs it

    settings = _settings()
    settings.var.mkdir(parents=True, exist_ok=True)
    try:
        application = create_app(settings)
    except RulebookFaults as problem:
        raise _faulty(problem, settings) from None
    rulebook = application.state.floor.rulebook
    database = open_database(settings.database)
    upgrade(database)
    record(database, rulebook.version, rulebook.sha256, datetime.now(UTC))
    database.dispose()
    chosen_host, chosen_port = host or settings.host, settings.port if port is None else port
    say.print(f"Calcinosis Check, rulebook {rulebook.version} ({rulebook.sha256[:12]})")
    say.print(f"Serving on http://{chosen_host}:{chosen_port}  (Ctrl+C stops)")
    uvicorn.run(
        application,
        host=chosen_host,
        port=chosen_port,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )


@app.command()
def assess(
    file: Annotated[str, typer.Argument(help="JSON file with answers; - reads standard input.")],
) -> None:
    """Assess the answers in FILE: the body of the API in, its answer out."""
    rulebook = _rulebook(_settings())
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        answer = assess_json(rulebook, text)
    except OSError as problem:
        raise _stop(f"{file}: {problem.strerror}", 2) from None
    except BadBody as problem:
        raise _stop(f"{file}: {problem}", 1) from None
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))


@app.command()
def verify(
    receipt: Annotated[str, typer.Argument(help="Text of a receipt; - reads standard input.")],
) -> None:
    """Work out the assessment of RECEIPT again; exit code 1 where the two differ."""
    settings = _settings()
    rulebook = _rulebook(settings)
    text = sys.stdin.buffer.read().decode("utf-8", "replace") if receipt == "-" else receipt
    try:
        verdict = verify_receipt(text, Shelf(rulebook, settings.rules / "published"))
    except BadReceipt as problem:
        words = _RECEIPT_PROBLEMS[problem.problem]
        raise _stop(words.format(problem.version, problem.fingerprint), 1) from None
    typer.echo("\n".join(_verdict_in_words(verdict, rulebook)))
    if not verdict.same:
        raise _stop("The receipt was changed, or was made by a program that works differently.", 1)


_RECEIPT_PROBLEMS = {
    "not_a_receipt": "This is no receipt.",
    "damaged": "Letters of this receipt are wrong or missing.",
    "other_rulebook": "Made with rulebook {} ({}), which is not at hand in published/.",
    "unknown_answer": "The answers in this receipt do not fit its rulebook.",
}


def _verdict_in_words(verdict: Verdict, today: Rulebook) -> list[str]:
    receipt, found, now = verdict.receipt, verdict.assessment, verdict.currently
    made_with, same = receipt.rulebook, "the same" if verdict.same else "they differ"
    lines = [
        f"Rulebook          {made_with.version} of {made_with.date} ({made_with.sha256[:16]})",
        f"The receipt says  {_level(receipt.urgency, receipt.likely_type)}",
        f"The rules say     {_level(found.urgency, found.likely_type)}: {same}",
    ]
    if verdict.older:
        words = _level(now.urgency, now.likely_type) if now else "other questions are asked"
        lines.append(f"Rulebook of today {today.version} ({today.sha256[:16]}): {words}")
    if not found.complete:
        lines.append("Unfinished        some questions are open, so the level is at least this")
    lines.append("Findings" if found.findings else "No findings: a routine visit is the floor.")
    return lines + [line for finding in found.findings for line in _finding(finding, made_with)]


def _level(urgency: Urgency, likely_type: str) -> str:
    return f"{urgency.name}, {likely_type}"


def _finding(finding: Finding, rulebook: Rulebook) -> list[str]:
    words = rulebook.wording[rulebook.languages[0]]
    reason = words.fill(words.rules[finding.rule].reason, words.regions[ANYWHERE])
    sure = "" if finding.certain else " (not sure)"
    told = [
        f"      {evidence.question}: {', '.join(evidence.options)}" for evidence in finding.because
    ]
    return [f"  {finding.rule}: {finding.urgency.name}{sure}: {reason}", *told]


@app.command()
def benchmark(
    cases: Annotated[
        Path | None, typer.Argument(help="A JSON list or a folder of YAML cases.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count how the rulebook does on cases that others have judged (default: published ones)."""
    settings = _settings()
    rulebook = _rulebook(settings)
    try:
        found = read_cases(rulebook, cases or settings.rules / "cases" / "published")
        conflicts = read_conflicts(settings.rules / "cases" / "conflicts.yaml")
    except BadCases as problem:
        raise _stop(str(problem), 1) from None
    with Progress(console=say, transient=True) as progress:
        task = progress.add_task("Cases", total=len(found))
        report = run_benchmark(
            rulebook, found, conflicts, lambda done: progress.update(task, completed=done)
        )
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        typer.echo(report_in_words(report, conflicts))


@rules_app.command()
def check() -> None:
    """Check every rule file; print all faults, or what the rulebook holds."""
    rulebook = _rulebook(_settings())
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


@rules_app.command()
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="Id of an urgency rule: E4")],
) -> None:
    """Show one rule in plain words, with its level and sources."""
    rulebook = _rulebook(_settings())
    words = rulebook.wording[rulebook.languages[0]]
    try:
        rule = rulebook.rule(rule_id)
    except KeyError:
        known = ", ".join(r.id for r in rulebook.rules)
        raise _stop(f"No rule '{rule_id}'. The rules are: {known}", 2) from None
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


@rules_app.command("draw")
def draw_flow(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the SVG here.")
    ] = None,
) -> None:
    """Draw the questions and rules, with their conditions, as SVG."""
    picture = draw(_rulebook(_settings()))
    if output is None:
        typer.echo(picture, nl=False)
        return
    try:
        output.write_text(picture, encoding="utf-8")
    except OSError as problem:
        raise _stop(f"{output}: {problem.strerror}", 2) from None
    say.print(f"Wrote {output}")


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsFaults as problem:
        raise _stop("\n".join(problem.faults), 2) from None


def _rulebook(settings: Settings) -> Rulebook:
    try:
        return load(settings.rules)
    except RulebookFaults as problem:
        raise _faulty(problem, settings) from None


def _faulty(problem: RulebookFaults, settings: Settings) -> typer.Exit:
    count = len(problem.faults)
    summary = f"{count} fault{'' if count == 1 else 's'} in {settings.rules}"
    return _stop("\n".join([*problem.faults, summary]), 1)


def _stop(text: str, code: int) -> typer.Exit:
    say.print(text, markup=False)
    return typer.Exit(code)
