"""What must hold of the real rulebook for any answers at all.

The order of severity is the one that stands in rules/questions.yaml: chains for choices; in a tick
list every tick is graver than none, but for reassuring and neutral ones.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rulebook.load import load_rulebook_folder
from app.triage.labs import Amounts
from app.triage.questionnaire import Question
from app.triage.rules import assess_answers
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, TYPES, Answers, Assessment, Urgency
from tests.builders import (
    FRESH,
    GATES,
    KNOWN,
    QUIET_LUMPS,
    RULES,
    answers,
    assessed,
    examples,
    level,
    question,
    read_amounts,
    rulebook,
    some_amounts,
    some_answers,
    some_unfinished_answers,
    some_values,
    telling_values,
    ticks,
    values_as_sent,
)

QUESTIONS = rulebook().questionnaire.questions
INFANT = {"age": frozenset({"under_1"})}
CALCIUM = {"calcium_total", "calcium_adjusted", "albumin"}

each_question = pytest.mark.parametrize("name", [asked.id for asked in QUESTIONS])


Person = tuple[Answers, Amounts]
Broken = Iterator[str]
"""Each step that lowers the level, in words; none where all is well."""


def on_path(given_answers: Answers, asked: Question) -> Answers:
    """The same answers, of someone who is asked this: a baby, or who ticked the line above it."""
    if asked.id.startswith("baby"):
        return {**given_answers, **INFANT}
    if asked.id in GATES:
        ticked = given_answers["conditions"] - {"none"} | {GATES[asked.id]}
        return {**given_answers, "conditions": ticked}
    return given_answers


def changed(given_answers: Answers, asked: Question, *options: str) -> Answers:
    return {**given_answers, asked.id: frozenset(options)}


def steps_up(asked: Question, given_answers: Answers, amounts: Amounts) -> Broken:
    """One tick more, one step along a chain, or "not sure" in place of "none of these"."""
    start = on_path(given_answers, asked)
    chains = [*asked.severity]
    if asked.none is not None and any(ticks(asked.id, raising=True)):
        chains.append((asked.none, asked.unsure))
    for chain in chains:
        levels = [level(changed(start, asked, option), amounts) for option in chain]
        for (milder, one), (graver, other) in pairwise(zip(chain, levels, strict=True)):
            if other < one:
                yield f"{asked.id}: {milder} -> {graver} takes {one.name} to {other.name}"
    now = level(start, amounts)
    for tick in ticks(asked.id, raising=True) if asked.kind == "many" else ():
        after = level(changed(start, asked, *(start[asked.id] - {asked.none}), tick), amounts)
        if after < now:
            yield f"{asked.id}: + {tick} takes {now.name} to {after.name}"


def meanings(asked: Question, given_answers: Answers, amounts: Amounts) -> Broken:
    """Where "not sure" is milder or graver than everything that it may stand for.

    Of an emergency it makes "same day" (floor rule F3), so that is all it has to reach.
    """
    start = on_path(given_answers, asked)
    meant = sorted((asked.unsure_among or frozenset(asked.option_ids)) - {asked.unsure})
    every = [frozenset([option]) for option in meant]
    if asked.kind == "many":
        every.append(frozenset(ticks(asked.id)) - {o.id for o in asked.options if o.reassuring})
    levels = [level({**start, asked.id: chosen}, amounts) for chosen in every]
    unsure = level(changed(start, asked, asked.unsure), amounts)
    if unsure < min(*levels, Urgency.same_day):
        yield f"{asked.id}: not sure gives {unsure.name}, every answer at least {min(levels).name}"
    if unsure > max(*levels, Urgency.routine):
        yield f"{asked.id}: not sure gives {unsure.name}, no answer more than {max(levels).name}"


def calming(asked: Question, given_answers: Answers, amounts: Amounts) -> Broken:
    """A tick of any kind that takes "today" or "now" away: reassurance never may (rule F2)."""
    start = on_path(given_answers, asked)
    now = level(start, amounts)
    if asked.kind == "many" and now >= Urgency.same_day:
        for tick in ticks(asked.id):
            after = level(changed(start, asked, *(start[asked.id] - {asked.none}), tick), amounts)
            if after < now:
                yield f"{asked.id}: + {tick} takes {now.name} to {after.name}"


def people_nearby() -> Iterator[Person]:
    """Everyone who is one answer, or one laboratory value, away from a quiet lump."""
    for quiet in QUIET_LUMPS:
        yield quiet, {}
        yield from ((quiet, read_amounts([value])) for value in telling_values())
        for asked in QUESTIONS:
            yield from ((changed(quiet, asked, o), {}) for o in asked.option_ids)


# Monotone: a graver answer is never less urgent. First all of the small neighbourhood, so that a
# fault is named by the fewest answers; then people with many answers, at random.


@each_question
def test_no_step_up_from_nearby_lowers_the_level(name: str) -> None:
    assert first_of_each(steps_up, name) == {}


@each_question
@examples(200)
@given(some_answers(), some_amounts())
def test_no_step_up_from_anywhere_lowers_the_level(
    name: str, given_answers: Answers, amounts: Amounts
) -> None:
    assert list(steps_up(question(name), given_answers, amounts)) == []


@each_question
def test_not_sure_lies_between_the_answers_that_it_may_stand_for(name: str) -> None:
    assert first_of_each(meanings, name) == {}


@each_question
@examples(100)
@given(some_answers(), some_amounts())
def test_not_sure_lies_between_the_answers_that_it_may_stand_for_anywhere(
    name: str, given_answers: Answers, amounts: Amounts
) -> None:
    assert list(meanings(question(name), given_answers, amounts)) == []


@each_question
@examples(100)
@given(some_answers(), some_amounts())
def test_no_reassurance_takes_away_a_level_of_today_or_now(
    name: str, given_answers: Answers, amounts: Amounts
) -> None:
    assert list(calming(question(name), given_answers, amounts)) == []


@pytest.mark.parametrize(
    "person", [{}, KNOWN, FRESH, {"age": "child"}, {"age": "under_1"}], ids=str
)
def test_one_more_laboratory_value_never_lowers_the_level(person: dict[str, str]) -> None:
    """Calcium and albumin aside: there a later value corrects an earlier one."""
    lowered = [
        (one, more)
        for one, more in product(telling_values(), repeat=2)
        if more[0] not in CALCIUM | {one[0]}
        and level(answers(person), read_amounts([one, more]))
        < level(answers(person), read_amounts([one]))
    ]
    assert lowered == []


def first_of_each(
    broken: Callable[[Question, Answers, Amounts], Broken], name: str
) -> dict[str, str]:
    """Each fault with the first person nearby who meets it."""
    found: dict[str, str] = {}
    for person, amounts in people_nearby():
        for fault in broken(question(name), person, amounts):
            found.setdefault(fault, _in_short(person, amounts))
    return found


def _in_short(person: Answers, amounts: Amounts) -> str:
    """Only what differs from the healthy default."""
    quiet = QUIET_LUMPS[0]
    differs = [f"{n}: {' '.join(sorted(c))}" for n, c in person.items() if c != quiet[n]]
    values = [
        f"{a} {value} {unit}" for a, units in amounts.items() for unit, value in units.items()
    ]
    return "; ".join([*differs, *values[:1]]) or "the healthy default"


# What does not matter.


@examples(300)
@given(some_unfinished_answers(), st.randoms(use_true_random=False))
def test_the_order_of_answers_never_matters(given_answers: Answers, chance) -> None:
    names = list(given_answers)
    chance.shuffle(names)
    shuffled = {
        n: frozenset(chance.sample(sorted(given_answers[n]), len(given_answers[n]))) for n in names
    }
    assert assess_answers(rulebook(), shuffled) == assess_answers(rulebook(), given_answers)


@examples(300)
@given(some_answers(), some_answers())
def test_answers_off_the_path_never_matter(given_answers: Answers, others: Answers) -> None:
    off = rulebook().questionnaire.trace_path(given_answers).off_path
    without = {name: chosen for name, chosen in given_answers.items() if name not in off}
    swapped = {**without, **{name: others[name] for name in off}}
    plain, stuffed = assess_answers(rulebook(), without), assess_answers(rulebook(), swapped)
    assert (plain.ignored, stuffed.ignored) == ((), tuple(sorted(off)))
    compared_parts = [part for part in Assessment.__annotations__ if part != "ignored"]
    assert [getattr(stuffed, part) for part in compared_parts] == [
        getattr(plain, part) for part in compared_parts
    ]


@examples(300)
@given(some_unfinished_answers(), some_amounts())
def test_the_type_never_changes_the_level(given_answers: Answers, amounts: Amounts) -> None:
    assert level(given_answers, amounts) == _typeless(given_answers, amounts)


def _typeless(given_answers: Answers, amounts: Amounts) -> int:
    book = rulebook()
    path = book.questionnaire.trace_path(given_answers)
    marks = TYPELESS.compiled_rules.encode_answers(path.answers, path.off_path, amounts)
    return TYPELESS.compiled_rules.level(marks)


TYPELESS = replace(rulebook(), evidence=(), conflicts=(), contradictions=())


# Unfinished and unsure.


@examples(1_000)
@given(some_unfinished_answers(), some_answers(), some_values())
def test_an_unfinished_level_is_at_least_what_any_completion_gives(
    unfinished: Answers, rest: Answers, values: list[tuple[str, str, str]]
) -> None:
    """Whatever was found stays found. Only the bare floor (nothing found) may become self-care.

    Answers that the rest takes off the path (a baby's, of a grown-up) never counted.
    """
    whole = {**rest, **unfinished}
    kept = rulebook().questionnaire.trace_path(whole).answers
    still_asked = {name: chosen for name, chosen in unfinished.items() if name in kept}
    so_far = assess_answers(rulebook(), still_asked, values_as_sent(values))
    if so_far.findings:
        assert level(whole, read_amounts(values)) >= so_far.urgency


@examples(500)
@given(some_unfinished_answers(), some_amounts())
def test_unfinished_answers_never_give_self_care(unfinished: Answers, amounts: Amounts) -> None:
    if rulebook().questionnaire.trace_path(unfinished).next is not None:
        assert level(unfinished, amounts) > Urgency.self_care


@each_question
@examples(100)
@given(some_answers(), some_amounts())
def test_not_sure_never_gives_self_care(
    name: str, given_answers: Answers, amounts: Amounts
) -> None:
    asked = question(name)
    start = on_path(given_answers, asked)
    assert level(changed(start, asked, asked.unsure), amounts) > Urgency.self_care
    if asked.kind == "many":
        beside = changed(start, asked, *(start[asked.id] - {asked.none}), asked.unsure)
        assert level(beside, amounts) > Urgency.self_care


# What every assessment holds.


@examples(500)
@given(some_unfinished_answers(), some_values())
def test_the_worst_finding_leads(
    given_answers: Answers, values: list[tuple[str, str, str]]
) -> None:
    result = assess_answers(rulebook(), given_answers, values_as_sent(values))
    order = [(finding.urgency, finding.certain) for finding in result.findings]
    assert order == sorted(order, reverse=True)
    worst = max((finding.urgency for finding in result.findings), default=Urgency.routine)
    assert result.urgency == worst
    assert len({finding.rule for finding in result.findings}) == len(result.findings)


@examples(300)
@given(some_unfinished_answers(), some_values())
def test_every_finding_stands_at_its_rules_level_with_its_sources(
    given_answers: Answers, values: list[tuple[str, str, str]]
) -> None:
    for finding in assess_answers(rulebook(), given_answers, values_as_sent(values)).findings:
        rule = rulebook().find_rule(finding.rule)
        assert finding.urgency == (rule.urgency if finding.certain else rule.if_unsure)
        assert finding.sources == rule.sources
        assert finding.certain or any(evidence.unsure for evidence in finding.because)


@examples(300)
@given(some_unfinished_answers(), some_values())
def test_a_likely_type_stands_first_among_all_types(
    given_answers: Answers, values: list[tuple[str, str, str]]
) -> None:
    result = assess_answers(rulebook(), given_answers, values_as_sent(values))
    assert {kind.type for kind in result.types} == set(TYPES)
    if result.likely_type in TYPES:
        assert result.types[0].type == result.likely_type
    else:
        assert result.likely_type in (NOT_CALCINOSIS, CANNOT_TELL)


@examples(200)
@given(some_unfinished_answers(), some_values())
def test_the_same_answers_always_give_the_same_assessment(
    given_answers: Answers, values: list[tuple[str, str, str]]
) -> None:
    sent = values_as_sent(values)
    assert assess_answers(rulebook(), given_answers, sent) == assess_answers(
        SECOND, given_answers, sent
    )


SECOND = load_rulebook_folder(RULES)
"""The rulebook read a second time: nothing of the first may linger in an answer."""


# Everything can be reached.

A_PERSON_FOR_EACH_LEVEL = {
    "emergency": {"breath": "confused"},
    "same_day": {"skin": "hot"},
    "soon": {"change": "grown"},
    "routine": {},
    "self_care": {"reason": "calcinosis"},
}
A_PERSON_FOR_EACH_TYPE = {
    "dystrophic": {"place": "finger", "autoimmune": "scleroderma", "skin": "chalky"},
    "metastatic": {"place": "hip", "kidney": "dialysis"},
    "idiopathic": {"place": "genital", "feel": ["hard", "several"]},
    "iatrogenic": {"place": "injection", "before": "drip"},
    "calciphylaxis": {
        "place": "thigh",
        "kidney": "dialysis",
        "skin": "dead_skin",
        "pain": "severe",
    },
    NOT_CALCINOSIS: {"feel": "soft"},
    CANNOT_TELL: {"place": "testicle"},
}


def test_every_level_can_be_reached() -> None:
    assert set(A_PERSON_FOR_EACH_LEVEL) == {urgency.name for urgency in Urgency}
    for name, person in A_PERSON_FOR_EACH_LEVEL.items():
        assert assessed(**person).urgency.name == name


def test_every_type_can_be_reached() -> None:
    assert set(A_PERSON_FOR_EACH_TYPE) == {*TYPES, NOT_CALCINOSIS, CANNOT_TELL}
    for kind, person in A_PERSON_FOR_EACH_TYPE.items():
        assert assessed(**person).likely_type == kind


def test_every_question_can_be_on_a_path_and_every_option_chosen() -> None:
    for asked in QUESTIONS:
        for option in asked.option_ids:
            start = on_path(QUIET_LUMPS[0], asked)
            path = rulebook().questionnaire.trace_path(changed(start, asked, option))
            assert path.answers[asked.id] == {option}
            assert path.next is None
