"""Properties (a) to (e) by decision diagram: walks, levels, red flags, graver answers, self-care.

Each yields claims: what would be wrong, and the answer sets in which it is; none, and it holds.
Knows nothing of `app.triage` and shares no code with the other checker.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from app.assurance.proof.answer_space import AnswerSpace, level_rank
from app.assurance.proof.diagrams import Diagram
from app.assurance.proof.evaluator import LEVELS, read_yaml_strings

PROMISES = Path(__file__).with_name("promises.yaml")
TODAY = LEVELS[3:]
"""The levels that no tick of any kind may take away."""

Claim = tuple[str, Diagram]
"""What would be wrong, and in which answer sets (all of them, where something can never be)."""
Move = tuple[str, dict[str, bool], dict[str, bool]]
"""A step up in severity: its name, and the variables of the question before and after."""


def walks_end(space: AnswerSpace) -> Iterator[Claim]:
    """(a) Every walk ends within the length that the rulebook states, and some walk is as long."""
    stated = int(read_yaml_strings(space.folder / "rulebook.yaml")["longest_path"])
    walks = measure_walk_lengths(space)
    for length, where in walks.items():
        longer = where if length > stated else space.bdd.false
        yield f"a walk asks {length} questions, {stated} are stated", longer
    about = f"{stated} questions are stated, the longest walk asks {max(walks)}"
    yield about, everyone_unless(space, holds=max(walks) >= stated)


def measure_walk_lengths(space: AnswerSpace) -> dict[int, Diagram]:
    """Number of questions asked -> the answer sets of these walks."""
    walks = {0: space.complete_answers}
    for asked in space.on_path.values():
        longer: dict[int, Diagram] = {}
        for length, where in walks.items():
            for more, part in ((1, where & asked), (0, where & ~asked)):
                if part != space.bdd.false:
                    longer[length + more] = longer.get(length + more, space.bdd.false) | part
        walks = longer
    return walks


def exactly_one_level(space: AnswerSpace) -> Iterator[Claim]:
    """(b) Every complete answer set gets exactly one level."""
    for rule in space.rules:
        certain, possible = space.meaning[rule["id"]]
        if rule["urgency"] not in LEVELS:
            yield f"{rule['id']} gives no level that there is", space.complete_answers & certain
        if rule.get("if_unsure", LEVELS[0]) not in LEVELS:
            yield f"{rule['id']} gives no level that there is", space.complete_answers & possible
    for lower, higher in pairwise(LEVELS):
        gap = space.complete_answers & space.at_least[higher] & ~space.at_least[lower]
        yield f"{higher} without being at least {lower}", gap


def red_flags_keep_level(space: AnswerSpace) -> Iterator[Claim]:
    """(c) A rule, and a tick that by itself means today, gives its level whatever else is said.

    And no tick of any kind, reassuring or neutral, takes "today" or "now" away.
    """
    for rule in space.rules:
        certain, possible = space.meaning[rule["id"]]
        if rule["urgency"] != LEVELS[0]:
            lower = certain & ~space.at_least[LEVELS[max(level_rank(rule["urgency"]), 1)]]
            yield f"{rule['id']} fires, the level is lower", lower & space.complete_answers
        if "if_unsure" in rule:
            lower = possible & ~space.at_least[LEVELS[max(level_rank(rule["if_unsure"]), 1)]]
            yield f"{rule['id']} is open, the level is lower", lower & space.complete_answers
    for name, option, level in _find_red_flags(space):
        lower = space.bdd.var(space.options[name][option]) & ~space.at_least[level]
        why = f"{name}: {option} alone gives {level}, with other answers less"
        yield why, lower & space.complete_answers
    for name, question in space.questions.items():
        if question["kind"] == "many":
            for why, before, after in _tick_moves(space, question, space.options[name]):
                for level in TODAY:
                    fallen = where_level_falls(space, name, level, before, after)
                    yield f"{name}: {why} falls from {level}", fallen


def _find_red_flags(space: AnswerSpace) -> Iterator[tuple[str, str, str]]:
    """Question, option and the level that it gives when all else is quiet: today or now."""
    telling = [v for v in space.bdd.vars if v not in space.silent_variables]
    for name, options in space.options.items():
        for option, variable in options.items():
            said = {v: v == variable for v in {*telling, variable}}
            if space.questions[name]["kind"] == "one":
                said |= {v: v == variable for v in options.values()}
            alone = space.complete_answers & space.bdd.cube(said)
            given = [u for u in TODAY if alone & ~space.at_least[u] == space.bdd.false != alone]
            if given:
                yield name, option, given[-1]


def graver_never_lowers(space: AnswerSpace) -> Iterator[Claim]:
    """(d) A step up in severity never lowers the level, whatever questions it opens or closes."""
    for name, question in space.questions.items():
        for why, before, after in _severity_moves(space, question):
            for level in LEVELS[1:]:
                fallen = where_level_falls(space, name, level, before, after)
                yield f"{name}: {why} falls from {level}", fallen


def _severity_moves(space: AnswerSpace, question: dict[str, Any]) -> Iterator[Move]:
    options = space.options[question["id"]]
    for chain in question.get("severity", ()):
        for milder, graver in pairwise(chain):
            before = {variable: option == milder for option, variable in options.items()}
            after = {variable: option == graver for option, variable in options.items()}
            yield f"{milder} -> {graver}", before, after
    if question["kind"] == "many":
        raising = [o["id"] for o in question["options"] if not o.keys() & {"neutral", "reassuring"}]
        yield from _tick_moves(space, question, [question["unsure"], *raising])


def _tick_moves(
    space: AnswerSpace, question: dict[str, Any], options: Iterable[str]
) -> Iterator[Move]:
    variables = space.options[question["id"]]
    for option in options:
        yield f"+ {option}", {variables[option]: False}, {variables[option]: True}


def where_level_falls(
    space: AnswerSpace, name: str, level: str, before: dict[str, bool], after: dict[str, bool]
) -> Diagram:
    """Answer sets of this level or a higher one that the move can take below it.

    A question that is asked only before the move, or only after it, may have any answer there.
    """
    move = name, level, frozenset(before.items()), frozenset(after.items())
    if move not in space.falls:
        space.falls[move] = _fall(space, name, level, before, after)
    # What values are real is asked last: no move changes a value, and that diagram is wide.
    return space.falls[move] & space.plausible_labs()


def _fall(
    space: AnswerSpace, name: str, level: str, before: dict[str, bool], after: dict[str, bool]
) -> Diagram:
    """The same with any laboratory values, real or not."""
    let, above = space.bdd.let, space.at_least[level]
    moved = _affected_follow_ups(space, name, before, after)
    found = space.bdd.false
    if not moved and [*after.values()] == [True]:
        # A tick that falls in nobody: seen sooner by leaving its variable open than by setting it.
        [ticked] = after
        if above & ~space.bdd.var(ticked) & ~above.forall(ticked) == space.bdd.false:
            return found
    for ways in product(product((True, False), repeat=2), repeat=len(moved)):
        # Off the path a question's variables are all false: so the answers before and after speak
        # of the same variables, and no answer has to be looked for.
        one, other, opened = dict(before), dict(after), []
        for (_, questions), (was, will) in zip(moved, ways, strict=True):
            variables = [v for question in questions for v in space.options[question].values()]
            one |= {} if was else dict.fromkeys(variables, False)
            other |= {} if will else dict.fromkeys(variables, False)
            opened += variables if will and not was else []
        where = space.bdd.true
        for (on_path, _), (was, will) in zip(moved, ways, strict=True):
            where &= let(one, on_path) if was else ~let(one, on_path)
            where &= let(other, on_path) if will else ~let(other, on_path)
        if where == space.bdd.false:
            continue
        falls = where & let(one, above) & ~let(other, above)
        if falls == space.bdd.false:
            continue
        finished = space.complete_with_any_labs & space.on_path[name]
        falls &= let(one, finished) & let(other, finished)
        found |= falls.exist(*opened) & space.bdd.cube(one)
    return found


def _affected_follow_ups(
    space: AnswerSpace, name: str, before: dict[str, bool], after: dict[str, bool]
) -> list[tuple[Diagram, list[str]]]:
    """Where questions are asked that the move can open or close; those asked together as one."""
    found: list[tuple[Diagram, list[str]]] = []
    for question in space.find_follow_ups(name):
        on_path = space.on_path[question]
        if space.bdd.let(before, on_path) == space.bdd.let(after, on_path):
            continue
        for known, questions in found:
            if known == on_path:
                questions.append(question)
                break
        else:
            found.append((on_path, [question]))
    return found


def must_ask_and_self_care(space: AnswerSpace) -> Iterator[Claim]:
    """(e) Below "soon" every must-ask question was asked; self-care only where it was earned."""
    promises = read_yaml_strings(PROMISES)
    for topic, asked in _list_promises(promises["must_ask"]):
        question = space.questions.get(asked["question"], {})
        offered = {option["id"] for option in question.get("options", ())}
        kept = "must_ask" in question and offered.issuperset(asked.get("options", ()))
        yield f"{topic} is not a must-ask question", everyone_unless(space, holds=kept)
    below_soon = space.complete_answers & ~space.at_least["soon"]
    for name, question in space.questions.items():
        if "must_ask" in question:
            in_turn = space.any_of(space.on_path[q] for q in [name, *space.find_counterparts(name)])
            yield f"{name} is not asked below soon", below_soon & ~in_turn
    others = space.any_of(
        space.meaning[r["id"]].certain for r in space.rules if r["urgency"] != LEVELS[0]
    )
    spoilt = space.any_doubt | others | ~space.self_care_earned
    self_care = space.exactly_at_level(LEVELS[0])
    yield "self-care that was not earned", self_care & spoilt
    try:
        allowed = space.read_condition(promises["self_care_only_if"]).certain
    except (KeyError, ValueError):
        yield "floor rule F1 speaks of what is no longer asked", space.complete_answers
    else:
        yield "self-care where floor rule F1 forbids it", self_care & ~allowed


def _list_promises(promised: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for topic, asked in promised.items():
        yield from ((topic, one) for one in (asked if isinstance(asked, list) else [asked]))


def everyone_unless(space: AnswerSpace, *, holds: bool) -> Diagram:
    """The answer sets of a claim that does not depend on answers."""
    return space.bdd.false if holds else space.complete_answers
