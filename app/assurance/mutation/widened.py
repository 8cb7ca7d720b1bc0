"""Slips that would send more people in today or as an emergency, and which ordinary person notices.

A slip that widens an urgent rule frightens people whom the rule is not about. The ordinary people
of `cases/ordinary` stand for them; what none of them notices is listed, so that it can be read.
Knows nothing of the boundary cases, which notice the rest.
"""

from dataclasses import replace
from pathlib import Path

import yaml

from app.assurance.cases import read_plain
from app.assurance.mutation.apart_by_diagram import product_constraint
from app.assurance.mutation.killing import Progress
from app.assurance.mutation.mutants import Mutant, apply_mutant, list_mutants
from app.assurance.mutation.pinned import load_quiet_lump, merge_with_quiet
from app.assurance.proof.answer_space import AnswerSpace
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Urgency

ORDINARY = Path("cases") / "ordinary"
"""Made-up people with everyday lumps: their stories, and what readers answered for them."""
LISTED = ORDINARY / "widened.yaml"
URGENT = ("same_day", "emergency")
HEADING = """\
# Slips that widen a rule of "same day" or "emergency" and that no ordinary person notices, rule
# by rule; {noticed} of {every} such slips are noticed by one. Each listed here is noticed by a
# worked or boundary case instead: no ordinary person has the sign, doubt or blood value it needs.
# Written by `calcinosis-check rules mutate --refresh`; do not change by hand.
"""


def list_urgent_slips(rulebook: Rulebook, folder: Path) -> list[Mutant]:
    """All slips in what the urgent rules ask and in how urgent they are."""
    urgent = {rule.id for rule in rulebook.rules if rule.urgency >= Urgency.same_day}
    slips = [slip for slip in list_mutants(folder) if slip.file.startswith("urgency/")]
    return [slip for slip in slips if slip.key and slip.entry in urgent]


class OrdinaryPeople:
    """The ordinary people, as readers answered for them, and the level of each today."""

    def __init__(self, rulebook: Rulebook, folder: Path) -> None:
        self.rulebook = replace(rulebook, evidence=(), conflicts=(), contradictions=(), advice=())
        given, quiet = read_plain(folder / ORDINARY / "answers.yaml"), load_quiet_lump(folder)
        people = (merge_with_quiet(rulebook, quiet, said) for said in given.values())
        self.people = [(answers, assess_answers(rulebook, answers).urgency) for answers in people]

    def notices_slip(self, slip: Mutant) -> bool:
        """Whether the slip would send one of them in today, or as an emergency, who now is not."""
        changed = apply_mutant(self.rulebook, slip)
        alone = replace(changed, rules=tuple(r for r in changed.rules if r.id == slip.entry))
        return any(
            level < assess_answers(alone, answers).urgency >= Urgency.same_day
            for answers, level in self.people
        )


def refresh_widened_slips(
    rulebook: Rulebook, folder: Path, progress: Progress = lambda _done: None
) -> None:
    """Write the list anew. Takes minutes."""
    people, space = OrdinaryPeople(rulebook, folder), AnswerSpace(folder)
    noticed, missed = 0, dict[str, list[str]]()
    for done, slip in enumerate(list_urgent_slips(rulebook, folder), start=1):
        if people.notices_slip(slip):
            noticed += 1
        elif widens_urgent_level(space, slip):
            missed.setdefault(slip.entry, []).append(slip.full_name)
        progress(done)
    head = HEADING.format(noticed=noticed, every=noticed + sum(map(len, missed.values())))
    text = yaml.safe_dump(missed, sort_keys=False, width=10_000, allow_unicode=True)
    (folder / LISTED).write_text(f"{head}\n{text}", "utf-8")


def widens_urgent_level(space: AnswerSpace, slip: Mutant) -> bool:
    """Whether somebody who has less today would be given "same day" or "emergency"."""
    rule = next(rule for rule in space.rules if rule["id"] == slip.entry)
    changed = {**rule, str(slip.key): slip.value}
    certain, possible = space.read_rule({k: v for k, v in changed.items() if v is not None})
    raised = space.any_of(
        where & ~space.at_least[level]
        for level, where in ((changed["urgency"], certain), (changed.get("if_unsure"), possible))
        if level in URGENT
    )
    people = space.complete_answers & space.plausible_labs() & product_constraint(space)
    return bool(raised & people != space.bdd.false)
