"""A safety net as it is told: in lines, beside the emergency box, and nothing said twice.

Which change goes with which, and which warning stands for which change, is data of the rulebook
(`told_with`, `box`, `covers`, `covered_by`). Knows no words and no page.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from app.triage.advice import AdviceRule
from app.triage.questionnaire import Question, Questionnaire
from app.triage.safety_net import SafetyNet, SafetyNetChange
from app.triage.terms import Advice, Urgency

if TYPE_CHECKING:
    from app.triage.rulebook import Rulebook


class SafetyNetLine(NamedTuple):
    """Changes that are told together; `words`: whose words of a change tell all of them."""

    urgency: Urgency
    question: str
    words: str
    changes: tuple[SafetyNetChange, ...]


class SafetyNetLayout(NamedTuple):
    """What is told. What the emergency box says to everyone is not among it.

    `entries`: lines, and warnings that say more than a line can, the gravest first. `remarks`:
    warnings that lead to no level of their own.
    """

    entries: tuple[SafetyNetLine | AdviceRule, ...]
    remarks: tuple[AdviceRule, ...] = ()


def arrange_lines(
    rulebook: "Rulebook", found: SafetyNet, watch: Iterable[Advice]
) -> SafetyNetLayout:
    """The net beside the warnings (`watch`) of the same result.

    A warning that is `covered_by` changes is left out where lines tell them, no less gravely. A
    warning that `covers` changes stands for their lines, but for graver ones.
    """
    reached = {(change.question, change.option): change.urgency for change in found.changes}
    ids = {advice.id for advice in watch}
    chosen = [rule for rule in rulebook.advice if rule.advice.id in ids]
    warnings = [rule for rule in chosen if not _is_covered(rule, reached)]
    said = {pair: rule.urgency for rule in warnings for pair in rule.covers}
    boxed = rulebook.watched_changes.boxed
    left = [
        change
        for change in found.changes
        if (pair := (change.question, change.option)) not in boxed
        and change.urgency > (said.get(pair) or Urgency.self_care)
    ]
    entries: list[SafetyNetLine | AdviceRule] = [
        *_group_lines(rulebook.questionnaire, left),
        *(w for w in warnings if w.urgency),
    ]
    entries.sort(key=lambda entry: -(entry.urgency or 0))
    return SafetyNetLayout(tuple(entries), tuple(rule for rule in warnings if rule.urgency is None))


def collapse_lines(layout: SafetyNetLayout, most: int) -> tuple[SafetyNetLayout, SafetyNetLayout]:
    """(What is shown at once, what may be folded away): `most` entries, but every emergency."""
    grave = sum(entry.urgency is Urgency.emergency for entry in layout.entries)
    first = max(most, grave)
    return SafetyNetLayout(layout.entries[:first], layout.remarks), SafetyNetLayout(
        layout.entries[first:]
    )


def _is_covered(rule: AdviceRule, reached: Mapping[tuple[str, str], Urgency]) -> bool:
    levels = [reached[pair] for pair in rule.covered_by if pair in reached]
    return levels != [] and rule.urgency is not None and min(levels) >= rule.urgency


def _group_lines(
    questionnaire: Questionnaire, changes: Iterable[SafetyNetChange]
) -> Iterator[SafetyNetLine]:
    for (urgency, name), group in groupby(changes, lambda c: (c.urgency, c.question)):
        left = {change.option: change for change in group}
        while left:
            words, options = _next_line_options(questionnaire[name], left)
            yield SafetyNetLine(urgency, name, words, tuple(left.pop(option) for option in options))


def _next_line_options(
    question: Question, left: Mapping[str, SafetyNetChange]
) -> tuple[str, list[str]]:
    """The words that come next, and the options that they tell: all of a line's, or one alone."""
    first = next(iter(left))
    if question.kind == "one":  # the mildest step tells the graver ones, which lead no further
        chain = next(chain for chain in question.severity if first in chain)
        together = [option for option in chain if option in left]
        words = together[0]
    else:
        words = next(o.told_with for o in question.options if o.id == first) or first
        together = [o.id for o in question.options if o.told_with == words]
    whole = together != [] and left.keys() >= {*together}
    one_time = whole and len({left[option].within for option in together}) == 1
    return (words, together) if one_time else (first, [first])
