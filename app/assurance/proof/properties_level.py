"""Properties (a) to (e): walks end, one level each, red flags and graver answers count, self-care.

Each is a function from a Prover to what breaks it: nothing, where it is proved. What must never be
is asked of the formula as a question that has no solution. Unfinished answer sets count too,
unless it is said that they do not.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from pathlib import Path
from typing import Any

import yaml

from app.assurance.proof.prover import (
    Broken,
    Prover,
    asked_about,
    every_option,
    quiet,
    readable,
    without_order,
)
from app.triage.conditions import BadCondition, Choice, Vocabulary, leaves, parse
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import assess
from app.triage.terms import Answers, Truth, Urgency

PROMISES = Path(__file__).with_name("promises.yaml")
TODAY = Urgency.same_day
"""A red flag is an answer that by itself leads here or further."""


def walks_end(prover: Prover) -> Iterator[Broken]:
    """(a) A question waits only for earlier ones, and no walk is longer than is promised."""
    earlier: set[str] = set()
    for question in prover.rulebook.questionnaire:
        for other in sorted(asked_about(question.ask_if) - earlier):
            yield Broken("a", f"{question.id} waits for {other}, which comes no earlier")
        earlier.add(question.id)
    if not prover.ordered:
        return
    if not prover.shown(prover.one.complete):
        yield Broken("a", "no walk through the questions can be finished")
    promised = prover.rulebook.longest_path
    about = f"a walk of more than {promised} questions, the most that rulebook.yaml allows for"
    yield from prover.never("a", about, prover.one.complete, prover.steps.at_least(promised + 1))
    yield from _progress_is_true_and_tight(prover)


def _progress_is_true_and_tight(prover: Prover) -> Iterator[Broken]:
    """Whatever was answered so far, the most questions that the progress line allows for can come.

    The line depends only on what the conditions of questions make of the answers, so one person
    stands for all who are alike in that.
    """
    one, formula, book = prover.one, prover.formula, prover.rulebook
    routes = [leaf for q in book.questionnaire if q.ask_if is not None for leaf in leaves(q.ask_if)]
    choices = [leaf for leaf in routes if isinstance(leaf, Choice)]
    names = sorted({leaf.question for leaf in choices})
    telling = [one.holds(leaf, truth) for leaf in choices for truth in Truth if truth]
    telling += [one.answered[name] for name in names]
    met: list[int] = []
    while so_far := formula.solve(*prover.without_labs, *met):
        met.append(-formula.every(part if part in so_far else -part for part in telling))
        path = book.questionnaire.path(one.answers(so_far))
        allowed = len(path.asked) + path.remaining_at_most
        fixed = [
            tick if tick in so_far else -tick
            for name in names
            if one.answered[name] in so_far
            for tick in one.ticks[name].values()
        ]
        about = f"the progress line allows for {allowed} questions, and {allowed + 1} can come"
        more = prover.steps.at_least(allowed + 1)
        yield from prover.never("a", about, one.complete, *fixed, more)
        if formula.solve(one.complete, *fixed, prover.steps.at_least(allowed)) is None:
            about = f"the progress line allows for {allowed} questions, and fewer can come"
            answers = readable(book, {n: c for n, c in path.answers.items() if n in names})
            yield Broken("a", about, answers=answers)


def one_level(prover: Prover) -> Iterator[Broken]:
    """(b) Each finished answer set has exactly one level, and it is that of its worst finding."""
    one, formula, rules = prover.one, prover.formula, prover.rulebook.rules
    unlevelled = (-level for level in one.level.values())
    yield from prover.never("b", "no level at all", one.complete, *unlevelled)
    for (first, level), (second, another) in combinations(one.level.items(), 2):
        about = f"{first.name} and {second.name} at once"
        yield from prover.never("b", about, one.complete, level, another)
    for urgency in (Urgency.emergency, Urgency.same_day, Urgency.soon):
        # As the engine's generated code reads the rules, while `at_least` follows the findings.
        sure = [one.holds(rule.when, Truth.TRUE) for rule in rules if rule.urgency >= urgency]
        doubtful = [one.doubtful(rule) for rule in rules if (rule.if_unsure or 0) >= urgency]
        code = formula.some([*sure, *doubtful])
        about = f"{urgency.name} or above is given without a finding that says so"
        yield from prover.never("b", about, code, -one.at_least[urgency])
        about = f"a finding says {urgency.name} or above and it is not given"
        yield from prover.never("b", about, -code, one.at_least[urgency])


def red_flags_count(prover: Prover) -> Iterator[Broken]:
    """(c) A rule, and an answer that by itself means today, gives its level whatever else is said.

    And no tick of any kind, reassuring or neutral, takes "today" or "now" away.
    """
    one = prover.one
    for rule in prover.rulebook.rules:
        if rule.urgency is not Urgency.self_care:
            about = f"{rule.id} fires, and the level is below {rule.urgency.name}"
            yield from prover.never("c", about, one.certain[rule.id], -one.at_least[rule.urgency])
        if rule.if_unsure is not None:
            about = f"a doubt keeps {rule.id} open, and the level is below {rule.if_unsure.name}"
            yield from prover.never("c", about, one.unsure[rule.id], -one.at_least[rule.if_unsure])
    for (name, option), alone in red_flags(prover.rulebook).items():
        about = f"{name}: {option} alone gives {alone.name}, and with other answers less"
        flag = one.ticks[name][option]
        yield from prover.never("c", about, one.complete, flag, -one.at_least[alone])
    for question, option in every_option(prover.rulebook.questionnaire):
        if question.kind == "many" and option != question.none:
            about = f"{question.id}: + {option}"
            calmed = [one.at_least[TODAY], prover.two.below(one)]
            more = prover.more(question, option)
            yield from prover.never("c", about, one.complete, *calmed, *more, variant=True)


def graver_never_lowers(prover: Prover) -> Iterator[Broken]:
    """(d) No answer moved up its order lowers the level.

    A question that the move opens counts as answered in any way, or not at all; one that it closes
    is gone.
    """
    lower = prover.two.below(prover.one)
    for question in prover.rulebook.questionnaire:
        pairs = (pair for chain in question.severity for pair in combinations(chain, 2))
        for milder, graver in dict.fromkeys(pairs):
            about, move = (
                f"{question.id}: {milder} -> {graver}",
                prover.instead(question, milder, graver),
            )
            yield from prover.never("d", about, lower, *move, variant=True)
        for option in graver_ticks(question):
            about, move = f"{question.id}: + {option}", prover.more(question, option)
            yield from prover.never("d", about, lower, *move, variant=True)


def must_ask_and_self_care(prover: Prover) -> Iterator[Broken]:
    """(e) What must be asked was answered before anything below "soon"; F1 for self-care."""
    one, rulebook = prover.one, prover.rulebook
    promises = yaml.safe_load(PROMISES.read_text(encoding="utf-8"))
    for topic, asked in _each(promises["must_ask"]):
        name, options = asked["question"], asked.get("options", ())
        if name not in rulebook.questionnaire:
            yield Broken("e", f"{topic}: there is no question '{name}'")
        elif missing := set(options) - set(rulebook.questionnaire[name].option_ids):
            yield Broken("e", f"{topic}: '{name}' no longer offers {', '.join(sorted(missing))}")
        elif not rulebook.questionnaire[name].must_ask:
            yield Broken("e", f"{topic}: '{name}' is not marked 'must_ask'")
    for question in (q for q in rulebook.questionnaire if q.must_ask):
        in_turn = [question.id, *rulebook.questionnaire.counterparts[question.id]]
        answered = prover.formula.some(one.answered[name] for name in in_turn)
        about, unanswered = f"a level below soon without {question.id}", -answered
        low = -one.at_least[Urgency.soon]
        yield from prover.never("e", about, one.complete, low, unanswered)
        about = f"self-care without {question.id}"
        yield from prover.never("e", about, one.self_care, unanswered)
        about, doubt = f"self-care though unsure of {question.id}", one.ticks[question.id]
        yield from prover.never("e", about, one.self_care, doubt[question.unsure])
    for about, broken in (
        ("self-care with a question open", -one.complete),
        ("self-care with a doubt", one.doubt),
        ("self-care though another rule fires", -one.quiet),
    ):
        yield from prover.never("e", about, one.self_care, broken)
    try:
        allowed = parse(promises["self_care_only_if"], vocabulary(rulebook))
    except BadCondition as problem:
        yield Broken("e", f"floor rule F1 no longer fits the questions: {problem}")
    else:
        about, fits = "self-care where floor rule F1 forbids it", one.holds(allowed, Truth.TRUE)
        yield from prover.never("e", about, one.self_care, -fits)


def _each(promised: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for topic, asked in promised.items():
        yield from ((topic, one) for one in (asked if isinstance(asked, list) else [asked]))


def graver_ticks(question: Question) -> list[str]:
    """What raises in a tick list: every tick but the reassuring and neutral; then also a doubt."""
    if question.kind == "one":
        return []
    apart = {question.none, question.unsure}
    raising = [
        option.id
        for option in question.options
        if option.id not in apart and not (option.reassuring or option.neutral)
    ]
    return [*raising, question.unsure] if raising else []


def red_flags(rulebook: Rulebook) -> Mapping[tuple[str, str], Urgency]:
    """(question, option) -> its level when all else is quiet, where that is today or now.

    Of questions without an order, as the age, the answer that gives the lowest level counts.
    """
    calm = {q.id: frozenset(quiet(q)) for q in rulebook.questionnaire if not without_order(q)}
    varied = [q for q in rulebook.questionnaire if without_order(q)]
    people: list[Answers] = [
        {**calm, **{q.id: frozenset([o]) for q, o in zip(varied, chosen, strict=True)}}
        for chosen in product(*(sorted(quiet(q)) for q in varied))
    ]
    found = {}
    for question, option in every_option(rulebook.questionnaire):
        chosen = frozenset([option])
        alone = [{**person, question.id: chosen} for person in people]
        asking = [p for p in alone if question.id in rulebook.questionnaire.path(p).answers]
        level = min((assess(rulebook, person).urgency for person in asking), default=None)
        if level is not None and level >= TODAY:
            found[question.id, option] = level
    return found


def vocabulary(rulebook: Rulebook) -> Vocabulary:
    """What a condition about this rulebook may speak of."""
    laboratory = rulebook.laboratory
    analytes = [*laboratory.analytes.values(), laboratory.product.analyte]
    return Vocabulary(
        {q.id: (q.kind, q.option_ids) for q in rulebook.questionnaire},
        {analyte.id: analyte.unit_names for analyte in analytes},
        rulebook.named,
    )
