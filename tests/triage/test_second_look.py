"""Looking again: what "I'm not sure" did to a result, and which questions to ask again."""

from random import Random

from app.triage.questionnaire import Questionnaire
from app.triage.safety_net import WhatIfStep
from app.triage.second_look import DoubtEffect, assess_doubts, list_recheck_questions
from app.triage.terms import Answers, Urgency
from tests.builders import FRESH, KNOWN, SOAK, answers, level, question, rulebook, seeded
from tests.triage.test_safetynet import known_people, some_people

PEOPLE = [given for given, _ in [*known_people(), *some_people(5_000 if SOAK else 400, seed=5)]]
PATHS: Questionnaire = rulebook().questionnaire


def unsure_in(given: Answers) -> list[str]:
    counted = PATHS.trace_path(given).answers
    return [name for name, chosen in counted.items() if question(name).unsure in chosen]


def some_unsure_people() -> list[Answers]:
    chance = seeded(6)
    unsure = []
    for given in PEOPLE[:: 1 if SOAK else 2]:
        names = chance.sample(sorted(given), min(len(given), chance.randrange(1, 5)))
        unsure.append({**given, **{name: frozenset([question(name).unsure]) for name in names}})
    return unsure


# --- Not sure, in the open ---


def test_where_nothing_is_unsure_there_is_no_doubt() -> None:
    for given in PEOPLE:
        if not unsure_in(given):
            assert assess_doubts(rulebook(), given) == (level(given), (), level(given))


def test_a_doubt_that_keeps_an_emergency_open_is_told_with_the_level_of_a_no() -> None:
    found = assess_doubts(rulebook(), answers(breath="not_sure"))
    assert found.urgency is Urgency.same_day
    assert found.each == (DoubtEffect("breath", Urgency.routine),)


def test_a_doubt_that_bars_self_care_is_told() -> None:
    found = assess_doubts(rulebook(), answers(**KNOWN, before="not_sure"))
    assert found == (
        Urgency.routine,
        (DoubtEffect("before", Urgency.self_care),),
        Urgency.self_care,
    )


def test_a_doubt_that_changed_nothing_is_not_told() -> None:
    assert assess_doubts(rulebook(), answers(skin="pus", before="not_sure")).each == ()


def test_what_else_is_ticked_beside_a_doubt_stays() -> None:
    found = assess_doubts(rulebook(), answers(skin=["pus", "not_sure"], unwell="fever"))
    assert found.urgency is Urgency.emergency
    assert found.each == ()


def test_doubts_that_keep_the_level_up_together_are_all_told() -> None:
    found = assess_doubts(rulebook(), answers(breath="not_sure", limbs="not_sure"))
    assert {doubt.question for doubt in found.each} == {"breath", "limbs"}


def test_an_age_that_nobody_is_sure_of_counts_as_the_calmest_that_it_may_be() -> None:
    found = assess_doubts(rulebook(), answers(**FRESH, age="not_sure"))
    assert found.if_all_no is Urgency.self_care
    assert [doubt.question for doubt in found.each] == ["age"]


def test_doubts_only_raise_and_without_those_told_nothing_else_raises() -> None:
    doubt_count = 0
    for given in some_unsure_people():
        found = assess_doubts(rulebook(), given)
        names = {doubt.question for doubt in found.each}
        assert found.urgency == level(given) >= found.if_all_no
        assert names <= set(unsure_in(given))
        assert bool(names) == (found.urgency > found.if_all_no)
        doubt_count += len(names)
    assert doubt_count > 50


# --- What to ask again ---


def changed(given: Answers, steps: list[WhatIfStep], only: set[str] | None = None) -> Answers:
    """The answers after these changes, or after those of some questions."""
    after = dict(PATHS.trace_path(given).answers)
    for step in steps:
        if only is None or step.question.id in only:
            after[step.question.id] = step.apply_to(after[step.question.id])
    return after


def missed(given: Answers, asked: set[str], chance: Random) -> bool:
    """Whether some changes raise the level higher than those of the questions asked again."""
    possible = rulebook().watched_changes.possible_steps(given)
    for _ in range(5 if possible else 0):
        few = chance.choice((2, 4, len(possible)))
        steps = chance.sample(possible, chance.randrange(1, min(few, len(possible)) + 1))
        whole, part = level(changed(given, steps)), level(changed(given, steps, asked))
        if whole > level(given) and part < whole:
            return True
    return False


def test_changes_in_the_questions_asked_again_lead_as_high_as_all_changes() -> None:
    chance = seeded(7)
    for given in PEOPLE:
        asked = set(list_recheck_questions(rulebook(), given))
        assert not missed(given, asked, chance), given


def test_a_question_that_is_left_out_is_missed() -> None:
    chance = seeded(8)
    given = answers()
    for name in list_recheck_questions(rulebook(), given):
        asked = set(list_recheck_questions(rulebook(), given)) - {name}
        assert any(missed(given, asked, chance) for _ in range(400)), name


def test_in_an_emergency_nothing_is_asked_again() -> None:
    assert list_recheck_questions(rulebook(), answers(breath="confused")) == ()


def test_fixed_facts_are_never_asked_again() -> None:
    fixed = {"age", "reason", "place", "conditions", "kidney", "autoimmune", "medicines", "before"}
    asked = {name for given in PEOPLE for name in list_recheck_questions(rulebook(), given)}
    assert not asked & fixed
    assert asked >= {screen.id for screen in PATHS if screen.signs}
    assert asked >= {"change", "skin", "unwell", "baby", "pain"}


def test_the_higher_the_level_the_less_is_asked_again() -> None:
    calm, today = (list_recheck_questions(rulebook(), answers(skin=s)) for s in ("normal", "pus"))
    assert set(today) < set(calm)
    assert list(calm) == [q.id for q in PATHS if q.id in calm]
