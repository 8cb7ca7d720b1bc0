"""What must not be missed: which dangers were looked for, and what the answers say of each.

Which signs and rules belong to a danger stands in rules/dangers.yaml. Knows no words and no page.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.triage.questionnaire import Path, Questionnaire
from app.triage.terms import Finding

FOUND = "found"
UNSURE = "unsure"
SIGN = "sign"
OPEN = "open"
CLEAR = "clear"
STATES = (FOUND, UNSURE, SIGN, OPEN, CLEAR)


@dataclass(frozen=True, slots=True)
class Danger:
    """An illness that must not be missed, the signs that are asked for, and the rules on it.

    `not_asked`: questions about signs of which it is told why they were not asked.
    """

    id: str
    signs: Mapping[str, frozenset[str]]
    rules: frozenset[str]
    not_asked: tuple[str, ...]
    sources: tuple[str, ...]


class LookedFor(NamedTuple):
    """One danger and its state, the gravest that holds.

    FOUND: a rule on it certainly holds. UNSURE: a "not sure" leaves it open. SIGN: a sign was
    ticked, which no rule counts alone. OPEN: signs are still to be asked. CLEAR: none was ticked.
    """

    danger: str
    state: str
    partly_asked: bool


def look_for(
    dangers: Iterable[Danger],
    questionnaire: Questionnaire,
    path: Path,
    findings: Collection[Finding],
) -> tuple[LookedFor, ...]:
    """What the answers on this path, and the rules that fired, say of each danger."""
    certain = {finding.rule for finding in findings if finding.certain}
    possible = {finding.rule for finding in findings if not finding.certain}
    found = []
    for danger in dangers:
        if danger.rules & certain:
            state = FOUND
        elif danger.rules & possible or _doubted(danger, questionnaire, path):
            state = UNSURE
        else:
            state = _told(danger, path)
        partly = any(question in path.off_path for question in danger.not_asked)
        found.append(LookedFor(danger.id, state, partly))
    return tuple(found)


def _doubted(danger: Danger, questionnaire: Questionnaire, path: Path) -> bool:
    for question, signs in danger.signs.items():
        unsure, could_be = questionnaire.unsure[question]
        if unsure in path.answers.get(question, ()) and signs & could_be:
            return True
    return False


def _told(danger: Danger, path: Path) -> str:
    if any(signs & path.answers.get(question, set()) for question, signs in danger.signs.items()):
        return SIGN
    asked = path.answers.keys() | path.off_path
    return CLEAR if danger.signs.keys() <= asked else OPEN
