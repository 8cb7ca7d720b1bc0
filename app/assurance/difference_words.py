"""The difference between two rulebooks as text for a terminal and as a page for a reviewer.

Counts are of answer sets and it says so each time. Knows nothing of how they are found.
"""

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment

from app.assurance.difference import Difference
from app.assurance.figures import ChangeFigure

PAGE = Path(__file__).with_name("difference.html")
QUIET = (["none"], ["no"], ["normal"], ["nowhere"], ["nothing_yet"])
"""Answers that say nothing; an example is easier to read without them."""


def format_difference(found: Difference) -> str:
    """As text."""
    return "\n".join(_difference_lines(found))


def format_difference_html(found: Difference) -> str:
    """As a page that stands by itself."""
    lines = [line for line in _difference_lines(found) if line and not line.startswith("  ")]
    template = Environment(
        autoescape=True, trim_blocks=True, keep_trailing_newline=True
    ).from_string(PAGE.read_text("utf-8"))
    return template.render(found=found, lines=lines, quiet=QUIET)


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


def _change_lines(change: ChangeFigure) -> Iterator[str]:
    yield f"  {change.way:<5}{change.kind}: {change.answer_sets:,} answer sets"
    yield f"       smallest: {change.describe_example(QUIET)}"
    yield f"       because of: {', '.join(change.because) or 'nothing by itself'}"
