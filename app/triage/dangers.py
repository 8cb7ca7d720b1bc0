"""What must not be missed: which dangers were looked for, and what the answers say of each.

Which signs and rules belong to a danger stands in rules/dangers.yaml. Knows no words and no page.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.triage.questionnaire import AnswerPath, Questionnaire
from app.triage.terms import Assessment, Urgency

FOUND = "found"
UNSURE = "unsure"
SIGN = "sign"
OPEN = "open"
CLEAR = "clear"
STATES = (FOUND, UNSURE, SIGN, OPEN, CLEAR)
_KNOWN = (CLEAR, OPEN, UNSURE, SIGN)
"""What is known of one sign, the least first: of signs that count together, the least holds."""

Signs = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Danger:
    """An illness that must not be missed, the signs that are asked for, and the rules on it.

    `also`: what speaks of it though no rule on it counts it, each where all its questions are
    answered so. `look_alikes`: what else it is called where a lump of another kind is thought of.
    `not_asked`: questions about signs of which it is told why they were not asked.
    `urgency`: the level that each of its signs gives, or more; `no_option`: why none is named.
    """

    id: str
    signs: Signs
    rules: frozenset[str]
    not_asked: tuple[str, ...]
    sources: tuple[str, ...]
    also: tuple[Signs, ...] = ()
    look_alikes: frozenset[str] = frozenset()
    urgency: Urgency | None = None
    no_option: str | None = None

    @property
    def sign_groups(self) -> list[Signs]:
        """Its signs, each alone or with what it counts together with."""
        return [*({question: options} for question, options in self.signs.items()), *self.also]


class DangerState(NamedTuple):
    """One danger and its state, the gravest that holds.

    FOUND: a rule on it certainly holds. UNSURE: a "not sure" leaves it open. SIGN: a sign was
    ticked, and no rule on it holds. OPEN: signs were not asked. CLEAR: all were, and answered no.
    """

    danger: str
    state: str
    partly_asked: bool


def assess_dangers(
    dangers: Iterable[Danger],
    questionnaire: Questionnaire,
    path: AnswerPath,
    assessment: Assessment,
) -> tuple[DangerState, ...]:
    """What the answers on this path, and what the rules made of them, say of each danger."""
    certain = {finding.rule for finding in assessment.findings if finding.certain}
    possible = {finding.rule for finding in assessment.findings if not finding.certain}
    alike = {one.id for one in assessment.look_alikes}
    found = []
    for danger in dangers:
        partly = any(question in path.off_path for question in danger.not_asked)
        group_states = {_group_state(group, questionnaire, path) for group in danger.sign_groups}
        if danger.rules & certain:
            state = FOUND
        elif danger.rules & possible or UNSURE in group_states:
            state = UNSURE
        elif SIGN in group_states or danger.look_alikes & alike:
            state = SIGN
        else:
            state = OPEN if OPEN in group_states or partly else CLEAR
        found.append(DangerState(danger.id, state, partly))
    return tuple(found)


def add_todays_signs(
    dangers: Iterable[Danger], today: Collection[Danger], questionnaire: Questionnaire
) -> tuple[Danger, ...]:
    """Dangers of older rules, with what today's count as a sign too, as far as it was asked."""
    known = {danger.id: danger for danger in today}
    asked = {question.id: set(question.option_ids) for question in questionnaire}
    found = []
    for danger in dangers:
        newer = known.get(danger.id, danger)
        also = tuple(
            group
            for group in newer.also
            if all(options <= asked.get(question, set()) for question, options in group.items())
        )
        found.append(replace(danger, also=also, look_alikes=newer.look_alikes))
    return tuple(found)


def _group_state(signs: Signs, questionnaire: Questionnaire, path: AnswerPath) -> str:
    """What is known of signs that count only together."""
    known = []
    for name, options in signs.items():
        given, question = path.answers.get(name, frozenset()), questionnaire[name]
        # A closer look that was not asked denies nothing; of two ways for two ages, one was asked.
        closed = name in path.off_path and question.narrows is None
        if options & given:
            known.append(SIGN)
        elif question.unsure in given:
            known.append(UNSURE)
        else:
            known.append(CLEAR if given or closed else OPEN)
    return min(known, key=_KNOWN.index)
