"""From the entry of an urgency rule to the rule, with every fault in it noted."""

from collections.abc import Collection

from app.rulebook.entries import RuleEntry
from app.rulebook.faults import WrittenEntry
from app.triage.conditions import Choice, Condition, walk_leaves
from app.triage.rules import Rule
from app.triage.terms import Urgency

TIMED = (Urgency.routine, Urgency.soon)
"""Levels of which a rule may shorten the time; the others mean now, today, or no visit."""


def read_rule(
    at: WrittenEntry,
    entry: RuleEntry,
    when: Condition,
    only_with: Condition | None,
    screens: Collection[str],
) -> Rule:
    """The rule; what "not sure" makes of it is never graver, and never self-care.

    `screens`: the questions about emergency signs, of which no doubt is passed over.
    """
    rule = Rule(
        id=entry.id,
        when=when,
        urgency=Urgency[entry.urgency],
        sources=tuple(entry.sources),
        review_by=entry.review_by,
        file=at.file,
        if_unsure=Urgency[entry.if_unsure] if entry.if_unsure else None,
        only_with=only_with,
        within=entry.within,
    )
    _check_unsure(at, rule)
    _check_only_with(at, rule, screens)
    if rule.within is not None and rule.urgency not in TIMED:
        allowed = ", ".join(urgency.name for urgency in TIMED)
        text = f"'within' does not go with {rule.urgency.name}; allowed with: {allowed}"
        at.note_fault(text, "within")
    return rule


def _check_unsure(at: WrittenEntry, rule: Rule) -> None:
    asks = list(walk_leaves(rule.when))
    by_answers = asks != [] and all(isinstance(leaf, Choice) for leaf in asks)
    if rule.if_unsure is None:
        if rule.urgency is Urgency.emergency and by_answers:
            at.note_fault('an emergency rule needs \'if_unsure\', since "not sure" is never "no"')
    elif rule.urgency is Urgency.self_care:
        at.note_fault("self-care must be certain; leave out 'if_unsure'", "if_unsure")
    elif rule.if_unsure > rule.urgency:
        text = f"'{rule.if_unsure.name}' is graver than the rule; allowed: at most"
        at.note_fault(f"{text} {rule.urgency.name}", "if_unsure")


def _check_only_with(at: WrittenEntry, rule: Rule, screens: Collection[str]) -> None:
    if rule.only_with is None:
        return
    if rule.if_unsure is None:
        at.note_fault("'only_with' limits 'if_unsure'; give both or none", "only_with")
    asked = {leaf.question for leaf in walk_leaves(rule.when) if isinstance(leaf, Choice)}
    if asked and asked <= set(screens):
        text = "it asks only for signs of an emergency, of which every doubt counts"
        at.note_fault(f"{text}; leave out 'only_with'", "only_with")
