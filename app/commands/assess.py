"""`calcinosis-check assess` and `verify`: answers or a receipt in, the assessment out."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands import console
from app.documents.exchange import DEFAULT_REGION, BadBody, assess_json_body
from app.documents.receipt import ReceiptCheck, RulebookArchive, verify_receipt
from app.documents.receipt_text import BadReceipt
from app.triage.rulebook import Rulebook
from app.triage.terms import Finding, Urgency


def assess(
    file: Annotated[str, typer.Argument(help="JSON file with answers; - reads standard input.")],
) -> None:
    """Assess the answers in FILE: the body of the API in, its answer out."""
    rulebook = console.load_rulebook()
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        answer = assess_json_body(rulebook, text)
    except OSError as problem:
        raise console.stop_command(f"{file}: {problem.strerror}", 2) from None
    except BadBody as problem:
        raise console.stop_command(f"{file}: {problem}", 1) from None
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def verify(
    receipt: Annotated[str, typer.Argument(help="Text of a receipt; - reads standard input.")],
) -> None:
    """Work out the assessment of RECEIPT again; exit code 1 where the two differ."""
    settings = console.read_settings()
    rulebook = console.load_rulebook(settings)
    text = sys.stdin.buffer.read().decode("utf-8", "replace") if receipt == "-" else receipt
    try:
        verdict = verify_receipt(text, RulebookArchive(rulebook, settings.rules / "published"))
    except BadReceipt as problem:
        words = _RECEIPT_PROBLEMS[problem.problem]
        raise console.stop_command(words.format(problem.version, problem.fingerprint), 1) from None
    typer.echo("\n".join(_describe_verdict(verdict, rulebook)))
    if not verdict.matches_rulebook:
        why = "The receipt was changed, or was made by a program that works differently."
        raise console.stop_command(why, 1)


_RECEIPT_PROBLEMS = {
    "not_a_receipt": "This is no receipt.",
    "damaged": "Letters of this receipt are wrong or missing.",
    "other_rulebook": "Made with rulebook {} ({}), which is not at hand in published/.",
    "unknown_answer": "The answers in this receipt do not fit its rulebook.",
}


def _describe_verdict(verdict: ReceiptCheck, today: Rulebook) -> list[str]:
    receipt, found, now = verdict.receipt, verdict.assessment, verdict.currently
    made_with, same = receipt.rulebook, "the same" if verdict.matches_rulebook else "they differ"
    lines = [
        f"Rulebook          {made_with.version} of {made_with.date} ({made_with.sha256[:16]})",
        f"The receipt says  {_format_level(receipt.urgency, receipt.likely_type)}",
        f"The rules say     {_format_level(found.urgency, found.likely_type)}: {same}",
    ]
    if verdict.older:
        words = _format_level(now.urgency, now.likely_type) if now else "other questions are asked"
        lines.append(f"Rulebook of today {today.version} ({today.sha256[:16]}): {words}")
    if not found.complete:
        lines.append("Unfinished        some questions are open, so the level is at least this")
    lines.append("Findings" if found.findings else "No findings: a routine visit is the floor.")
    for finding in found.findings:
        lines += _describe_finding(finding, made_with)
    return lines


def _format_level(urgency: Urgency, likely_type: str) -> str:
    return f"{urgency.name}, {likely_type}"


def _describe_finding(finding: Finding, rulebook: Rulebook) -> list[str]:
    words = rulebook.wording[rulebook.languages[0]]
    region = words.regions[DEFAULT_REGION]
    reason = words.fill_placeholders(words.rules[finding.rule].reason, region)
    sure = "" if finding.certain else " (not sure)"
    because = [f"      {said.question}: {', '.join(said.options)}" for said in finding.because]
    return [f"  {finding.rule}: {finding.urgency.name}{sure}: {reason}", *because]
