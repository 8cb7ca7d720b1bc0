"""The difference between two rulebooks as text for a terminal and as a page for a reviewer.

Counts are of answer sets and it says so each time. Knows nothing of how they are found.
"""

from collections.abc import Iterator
from html import escape

from app.assurance.difference import AnswerSetChange, Difference

QUIET = (["none"], ["no"], ["normal"], ["nowhere"], ["nothing_yet"])
"""Answers that say nothing; an example is easier to read without them."""


def format_difference(found: Difference) -> str:
    """As text."""
    return "\n".join(_difference_lines(found))


def format_difference_html(found: Difference) -> str:
    """As a page that stands by itself."""
    title = f"Rulebook {found.old} and {found.new}"
    rows = "".join(
        f"<tr><td>{escape(c.way)}<td>{escape(c.kind)}<td>{c.answer_sets:,}"
        f"<td>{escape(_format_example(c))}<td>{escape(', '.join(c.because))}\n"
        for c in found.changes
    )
    rest = [line for line in _difference_lines(found) if not line.startswith("  ")]
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<h1>{escape(title)}</h1>\n"
        + "".join(f"<p>{escape(line)}</p>\n" for line in rest if line)
        + "<table>\n<tr><th>Way<th>Change<th>Answer sets<th>Smallest example<th>Because of\n"
        + f"{rows}</table>\n"
    )


def _difference_lines(found: Difference) -> Iterator[str]:
    yield f"Old: {found.old}, sha256 {found.old_sha256}"
    yield f"New: {found.new}, sha256 {found.new_sha256}"
    whose = f", those of {found.old} as they read in {found.new}" if found.translated else ""
    yield f"Compared: {found.answer_sets:,} finished answer sets{whose}. They are not patients."
    yield from (f"Not compared: {what}" for what in found.not_compared)
    yield f"Level higher: {found.up:,} answer sets. Level lower: {found.down:,}."
    for change in found.changes:
        if change.way != "type":
            yield from _change_lines(change)
    if found.translated:
        yield "Likely type: not compared, but for the cases below."
    elif found.types_among is None:
        yield "Likely type: no file that it rests on differs."
    else:
        yield (
            f"Likely type, among the {found.types_among:,} answer sets that say at most "
            f"{found.types_at_most} things without blood values:"
        )
        kinds = [change for change in found.changes if change.way == "type"]
        for change in kinds:
            yield from _change_lines(change)
        if not kinds:
            yield "Nothing changes among them."
    differing = [f"{rule} ({how})" for rule, how in found.rules.items()]
    yield f"Rules that differ: {', '.join(differing) or 'none'}"
    yield f"Cases with another result: {len(found.cases)}"
    for case in found.cases:
        yield f"  {case.case}: {', '.join(case.old)} -> {', '.join(case.new)}"
    for line in found.unapproved_lowerings:
        yield f"Not approved by a clinician: {line}"


def _change_lines(change: AnswerSetChange) -> Iterator[str]:
    yield f"  {change.way:<5}{change.kind}: {change.answer_sets:,} answer sets"
    yield f"       smallest: {_format_example(change)}"
    yield f"       because of: {', '.join(change.because) or 'nothing by itself'}"


def _format_example(change: AnswerSetChange) -> str:
    said = {name: list(chosen) for name, chosen in change.example.items()}
    telling = {name: chosen for name, chosen in said.items() if chosen not in QUIET}
    return "; ".join(f"{name}: {', '.join(chosen)}" for name, chosen in telling.items())
