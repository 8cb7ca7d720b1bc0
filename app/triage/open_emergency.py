"""What may be an emergency because someone was not sure, and the signs that would settle it.

The level is what the rules give; this names what comes before it. Knows no words and no page.
"""

from typing import TYPE_CHECKING, NamedTuple

from app.triage.safety_net import RawLabs, build_safety_net
from app.triage.terms import Answers, Assessment, Finding, Urgency

if TYPE_CHECKING:
    from app.triage.rulebook import Rulebook


class OpenEmergency(NamedTuple):
    """`signs`: (question, option) of which each alone, if it were ticked, is an emergency.

    All of them stand in questions that were answered "not sure". `rules`: open rules that none of
    them settles, as far as half of them is certain; without any sign, every open rule.
    """

    signs: tuple[tuple[str, str], ...]
    rules: tuple[str, ...]


def find_open_emergency(
    rulebook: "Rulebook", answers: Answers, found: Assessment, labs: RawLabs | None = None
) -> OpenEmergency | None:
    """What may be an emergency in these answers; None where one is certain, or none is open."""
    left = [f for f in found.findings if not f.certain and _is_emergency_rule(rulebook, f)]
    if found.urgency is Urgency.emergency or not left:
        return None
    unsure = {q.id for q in rulebook.questionnaire if q.unsure in answers.get(q.id, ())}
    settling = [
        change
        for change in build_safety_net(rulebook, answers, labs).changes
        if change.urgency is Urgency.emergency and change.question in unsure
    ]
    settled = {rule for change in settling for rule in change.rules}
    others = [f for f in left if f.rule not in settled]
    if settling:
        others = [f for f in others if any(not piece.unsure for piece in f.because)]
    signs = tuple((change.question, change.option) for change in settling)
    return OpenEmergency(signs, tuple(f.rule for f in others))


def _is_emergency_rule(rulebook: "Rulebook", finding: Finding) -> bool:
    return rulebook.find_rule(finding.rule).urgency is Urgency.emergency
