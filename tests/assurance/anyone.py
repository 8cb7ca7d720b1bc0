"""Anyone at all: random answer sets of every kind, the same for the same chance.

Whole and partial, on the path and off it, sure and unsure, from one step away from a quiet lump to
nothing but chance; some with laboratory values on and beside the bounds of the rules.
"""

from collections.abc import Iterator
from random import Random

from app.triage.questionnaire import Question
from app.triage.terms import Answers
from tests.builders import QUIET_LUMPS, Labs, rulebook, telling_values, values_as_sent

QUESTIONS = rulebook().questionnaire.questions

ANALYTES = sorted({analyte for analyte, _, _ in telling_values()})


def anyone(chance: Random, how_many: int) -> Iterator[tuple[Answers, Labs]]:
    """So many people, each with answers and mostly without laboratory values."""
    values = {analyte: [v for v in telling_values() if v[0] == analyte] for analyte in ANALYTES}
    for _ in range(how_many):
        given = dict(chance.choice(QUIET_LUMPS))
        for question in chance.sample(QUESTIONS, chance.choice((1, 3, 6, len(QUESTIONS)))):
            given[question.id] = reply(chance, question)
        if chance.random() < 0.4:
            for question in chance.sample(QUESTIONS, chance.randint(1, 8)):
                del given[question.id]
        tested = chance.sample(ANALYTES, chance.randint(1, 4)) if chance.random() < 0.3 else []
        yield given, values_as_sent(chance.choice(values[analyte]) for analyte in tested)


def reply(chance: Random, question: Question) -> frozenset[str]:
    """One reply that may be given to this question; a few ticks are likelier than many."""
    if question.kind == "one":
        return frozenset({chance.choice(question.option_ids)})
    if question.none is not None and chance.random() < 0.4:
        return frozenset({question.none})
    ticks = [option for option in question.option_ids if option != question.none]
    return frozenset(chance.sample(ticks, min(len(ticks), 1 + int(chance.expovariate(1)))))
