"""Properties (a) to (e): walks end, one level each, red flags and graver answers count, self-care.

Each is a function from a Prover to what breaks it: nothing, where it is proved. What must never be
is asked of the formula as a question that has no solution. Unfinished answer sets count too,
unless it is said that they do not.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from pathlib import Path
from typing import Any

from app.assurance.cases import read_plain
from app.assurance.proof.prover import (
    Counterexample,
    Prover,
    list_every_option,
    questions_in_condition,
    quiet_options,
    readable_answers,
)
from app.triage.conditions import (
    BadCondition,
    Choice,
    Condition,
    Vocabulary,
    parse_condition,
    walk_leaves,
)
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Truth, Urgency

PROMISES = Path(__file__).with_name("promises.yaml")
TODAY = Urgency.same_day
"""A red flag is an answer that by itself leads here or further."""


def walks_end(prover: Prover) -> Iterator[Counterexample]:
    """(a) A question waits only for earlier ones, and no walk is longer than is promised."""
    earlier: set[str] = set()
    for question in prover.rulebook.questionnaire:
        for other in sorted(questions_in_condition(question.ask_if) - earlier):
            yield Counterexample(f"{question.id} waits for {other}, which comes no earlier")
        earlier.add(question.id)
    if not prover.is_ordered:
        return
    if not prover.is_possible(prover.first_world.complete):
        yield Counterexample("no walk through the questions can be finished")
    promised = prover.rulebook.longest_path
    about = f"a walk of more than {promised} questions, the most that rulebook.yaml allows for"
    longer = prover.asked_count.at_least(promised + 1)
    yield from prover.find_counterexamples(about, prover.first_world.complete, longer)
    yield from _progress_is_true_and_tight(prover)


def _progress_is_true_and_tight(prover: Prover) -> Iterator[Counterexample]:
    """Whatever was answered so far, the most questions that the progress line allows for can come.

    The line depends only on what the conditions of questions make of the answers, so one person
    stands for all who are alike in that.
    """
    one, formula, book = prover.first_world, prover.formula, prover.rulebook
    conditions = [q.ask_if for q in book.questionnaire if q.ask_if is not None]
    leaves = [leaf for condition in conditions for leaf in walk_leaves(condition)]
    choices = [leaf for leaf in leaves if isinstance(leaf, Choice)]
    names = sorted({leaf.question for leaf in choices})
    telling = [one.truth_literal(leaf, truth) for leaf in choices for truth in Truth if truth]
    telling += [one.answered[name] for name in names]
    met: list[int] = []
    while so_far := formula.find_model(*prover.without_labs, *met):
        met.append(-formula.and_gate(part if part in so_far else -part for part in telling))
        path = book.questionnaire.trace_path(one.decode_answers(so_far))
        allowed = len(path.asked) + path.remaining_at_most
        answered = [name for name in names if one.answered[name] in so_far]
        ticks = [tick for name in answered for tick in one.ticks[name].values()]
        fixed = [tick if tick in so_far else -tick for tick in ticks]
        about = f"the progress line allows for {allowed} questions, and {allowed + 1} can come"
        more = prover.asked_count.at_least(allowed + 1)
        yield from prover.find_counterexamples(about, one.complete, *fixed, more)
        if formula.find_model(one.complete, *fixed, prover.asked_count.at_least(allowed)) is None:
            about = f"the progress line allows for {allowed} questions, and fewer can come"
            said = {name: chosen for name, chosen in path.answers.items() if name in names}
            yield Counterexample(about, readable_answers(book, said))


def exactly_one_level(prover: Prover) -> Iterator[Counterexample]:
    """(b) Each finished answer set has exactly one level, and it is that of its worst finding."""
    one, formula, rules = prover.first_world, prover.formula, prover.rulebook.rules
    unlevelled = (-level for level in one.level.values())
    yield from prover.find_counterexamples("no level at all", one.complete, *unlevelled)
    for (first, level), (second, another) in combinations(one.level.items(), 2):
        about = f"{first.name} and {second.name} at once"
        yield from prover.find_counterexamples(about, one.complete, level, another)
    for urgency in (Urgency.emergency, Urgency.same_day, Urgency.soon):
        # As the engine's generated code reads the rules, while `at_least` follows the findings.
        sure = [one.truth_literal(r.when, Truth.TRUE) for r in rules if r.urgency >= urgency]
        doubtful = [one.doubt_literal(rule) for rule in rules if (rule.if_unsure or 0) >= urgency]
        code = formula.or_gate([*sure, *doubtful])
        about = f"{urgency.name} or above is given without a finding that says so"
        yield from prover.find_counterexamples(about, code, -one.at_least[urgency])
        about = f"a finding says {urgency.name} or above and it is not given"
        yield from prover.find_counterexamples(about, -code, one.at_least[urgency])


def red_flags_keep_level(prover: Prover) -> Iterator[Counterexample]:
    """(c) A rule, and an answer that by itself means today, gives its level whatever else is said.

    And no tick of any kind, reassuring or neutral, takes "today" or "now" away.
    """
    one = prover.first_world
    for rule in prover.rulebook.rules:
        if rule.urgency is not Urgency.self_care:
            about = f"{rule.id} fires, and the level is below {rule.urgency.name}"
            below = -one.at_least[rule.urgency]
            yield from prover.find_counterexamples(about, one.certain[rule.id], below)
        if rule.if_unsure is not None:
            about = f"a doubt keeps {rule.id} open, and the level is below {rule.if_unsure.name}"
            below = -one.at_least[rule.if_unsure]
            yield from prover.find_counterexamples(about, one.unsure[rule.id], below)
    for (name, option), alone in find_red_flags(prover.rulebook).items():
        about = f"{name}: {option} alone gives {alone.name}, and with other answers less"
        flag = one.ticks[name][option]
        yield from prover.find_counterexamples(about, one.complete, flag, -one.at_least[alone])
    for question, option in list_every_option(prover.rulebook.questionnaire):
        if question.kind == "many" and option != question.none:
            about = f"{question.id}: + {option}"
            calmed = [one.complete, one.at_least[TODAY], prover.second_world.lower_than(one)]
            more = prover.with_extra_tick(question, option)
            yield from prover.find_counterexamples(about, *calmed, *more, variant=True)


def graver_never_lowers(prover: Prover) -> Iterator[Counterexample]:
    """(d) No answer moved up its order lowers the level.

    A question that the move opens counts as answered in any way, or not at all; one that it closes
    is gone.
    """
    lower = prover.second_world.lower_than(prover.first_world)
    for question in prover.rulebook.questionnaire:
        pairs = (pair for chain in question.severity for pair in combinations(chain, 2))
        for milder, graver in dict.fromkeys(pairs):
            about = f"{question.id}: {milder} -> {graver}"
            move = prover.with_other_choice(question, milder, graver)
            yield from prover.find_counterexamples(about, lower, *move, variant=True)
        for option in find_graver_ticks(question):
            about, move = f"{question.id}: + {option}", prover.with_extra_tick(question, option)
            yield from prover.find_counterexamples(about, lower, *move, variant=True)


def must_ask_and_self_care(prover: Prover) -> Iterator[Counterexample]:
    """(e) What must be asked was answered before anything below "soon"; F1 for self-care."""
    one, rulebook = prover.first_world, prover.rulebook
    promises = read_plain(PROMISES)
    for topic, asked in _list_promises(promises["must_ask"]):
        name, options = asked["question"], asked.get("options", ())
        if name not in rulebook.questionnaire:
            yield Counterexample(f"{topic}: there is no question '{name}'")
        elif missing := set(options) - set(rulebook.questionnaire[name].option_ids):
            yield Counterexample(f"{topic}: '{name}' no longer offers {', '.join(sorted(missing))}")
        elif not rulebook.questionnaire[name].must_ask:
            yield Counterexample(f"{topic}: '{name}' is not marked 'must_ask'")
    for question in (q for q in rulebook.questionnaire if q.must_ask):
        in_turn = [question.id, *rulebook.questionnaire.counterpart_questions[question.id]]
        unanswered = -prover.formula.or_gate(one.answered[name] for name in in_turn)
        low, doubt = -one.at_least[Urgency.soon], one.ticks[question.id][question.unsure]
        for about, assumed in (
            ("a level below soon without", (one.complete, low, unanswered)),
            ("self-care without", (one.self_care, unanswered)),
            ("self-care though unsure of", (one.self_care, doubt)),
        ):
            yield from prover.find_counterexamples(f"{about} {question.id}", *assumed)
    for about, broken in (
        ("self-care with a question open", -one.complete),
        ("self-care with a doubt", one.doubt),
        ("self-care though another rule fires", -one.quiet),
    ):
        yield from prover.find_counterexamples(about, one.self_care, broken)
    try:
        allowed = parse_written_condition(rulebook, promises["self_care_only_if"])
    except BadCondition as problem:
        yield Counterexample(f"floor rule F1 no longer fits the questions: {problem}")
    else:
        forbidden = -one.truth_literal(allowed, Truth.TRUE)
        about = "self-care where floor rule F1 forbids it"
        yield from prover.find_counterexamples(about, one.self_care, forbidden)


def _list_promises(promised: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for topic, asked in promised.items():
        yield from ((topic, one) for one in (asked if isinstance(asked, list) else [asked]))


def find_graver_ticks(question: Question) -> list[str]:
    """What raises in a tick list: every tick but the reassuring and neutral; then also a doubt."""
    if question.kind == "one":
        return []
    graver = [o.id for o in question.options if not (o.reassuring or o.neutral)]
    raising = [option for option in graver if option not in (question.none, question.unsure)]
    return [*raising, question.unsure] if raising else []


def find_red_flags(rulebook: Rulebook) -> Mapping[tuple[str, str], Urgency]:
    """(question, option) -> its level when all else is quiet, where that is today or now.

    Of questions without an order, as the age, the answer that gives the lowest level counts.
    """
    calm = {q.id: frozenset(quiet_options(q)) for q in rulebook.questionnaire}
    varied = [q for q in rulebook.questionnaire if q.none is None and not q.severity]
    people: list[Answers] = [
        {**calm, **{q.id: frozenset([o]) for q, o in zip(varied, chosen, strict=True)}}
        for chosen in product(*(sorted(quiet_options(q)) for q in varied))
    ]
    found = {}
    for question, option in list_every_option(rulebook.questionnaire):
        chosen = frozenset([option])
        alone = [{**person, question.id: chosen} for person in people]
        asking = [p for p in alone if question.id in rulebook.questionnaire.trace_path(p).answers]
        level = min((assess_answers(rulebook, person).urgency for person in asking), default=None)
        if level is not None and level >= TODAY:
            found[question.id, option] = level
    return found


def parse_written_condition(rulebook: Rulebook, when: Any) -> Condition:
    """A condition about this rulebook, as a file has it. Raises BadCondition."""
    questions = {q.id: (q.kind, q.option_ids) for q in rulebook.questionnaire}
    analytes = [*rulebook.laboratory.analytes.values(), rulebook.laboratory.product.analyte]
    units = {analyte.id: analyte.unit_names for analyte in analytes}
    return parse_condition(when, Vocabulary(questions, units, rulebook.named))
