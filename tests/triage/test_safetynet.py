"""The safety net: exact, complete, told once, and quick.

Every single change is tried here anew, by code of its own that reads rules/questions.yaml itself,
on published cases, worked cases and random answers; what it finds must be what the net says.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from app.assurance.cases import read_cases
from app.assurance.proof.evaluator import read_yaml_strings
from app.rulebook.load import load_rulebook_folder
from app.triage.labs import read_lab_amounts
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.safety_net import SafetyNet, SafetyNetChange, build_safety_net
from app.triage.terms import Answers, Urgency
from tests.builders import (
    FRESH,
    KNOWN,
    QUIET_LUMPS,
    RULES,
    SOAK,
    Labs,
    answers,
    rulebook,
    seeded,
    situation,
    telling_values,
    values_as_sent,
)
from tests.reference import reference_urgency
from tests.triage.test_worked_cases import CASES as WORKED

Person = tuple[Answers, Labs]
Reached = dict[tuple[str, str], Urgency]
RANDOM = 100_000 if SOAK else 10_000


# --- The changes that there are, found without the net ---


@cache
def asked(folder: Path = RULES) -> list[dict]:
    """The questions as they stand in their file."""
    return read_yaml_strings(folder / "questions.yaml")


def single_changes(given: Answers, folder: Path = RULES) -> Iterator[tuple[str, str, frozenset]]:
    """Question, option and new answer of all that may newly happen to these answers."""
    for entry in asked(folder):
        name, chosen = entry["id"], given.get(entry["id"])
        for option in entry["options"] if chosen else ():
            one = option["id"]
            if "may_end" in option and one in chosen:
                yield name, one, frozenset(chosen - {one} or {entry["none"]})
            if "may_happen" not in option or one in chosen:
                continue
            if entry["kind"] == "many":
                yield name, one, frozenset({*chosen, one} - {entry["none"]})
            elif not any(
                one in chain and chosen & set(chain[chain.index(one) :])
                for chain in entry["severity"]
            ):
                yield name, one, frozenset({one})


def raising(book: Rulebook, given: Answers, values: Labs, folder: Path = RULES) -> Reached:
    """The level after each single change that raises it, by trying all of them."""
    path, amounts = book.questionnaire.trace_path(given), read_lab_amounts(book.laboratory, values)
    routing = {
        q["id"]
        for q in asked(folder)
        if any(q["id"] in str(o.get("ask_if")) for o in asked(folder))
    }
    now = book.compiled_rules.level(
        book.compiled_rules.encode_answers(path.answers, path.off_path, amounts)
    )
    found = {}
    for question, option, chosen in single_changes(path.answers, folder):
        after, off = {**path.answers, question: chosen}, path.off_path
        if question in routing:
            anew = book.questionnaire.trace_path(after)
            after, off = anew.answers, anew.off_path
        level = book.compiled_rules.level(book.compiled_rules.encode_answers(after, off, amounts))
        if level > now:
            found[question, option] = Urgency(level)
    return found


def promised(found: SafetyNet) -> Reached:
    """The same, as the net says it."""
    return {(change.question, change.option): change.urgency for change in found.changes}


Net = Callable[[Rulebook, Answers, Labs], SafetyNet]


def differences(people: Iterable[Person], tried: Net = build_safety_net) -> Iterator[str]:
    """Each change that the net misses, makes up or promises a wrong level for."""
    for given, values in people:
        said, true = promised(tried(rulebook(), given, values)), raising(rulebook(), given, values)
        for pair in said.keys() | true.keys():
            if said.get(pair) != true.get(pair):
                yield f"{pair}: {said.get(pair)!r}, but {true.get(pair)!r}; {dict(given)} {values}"


# --- Whose answers ---


@cache
def known_people() -> tuple[Person, ...]:
    """Published cases with both readings, worked cases, and three quiet lumps."""
    published = read_cases(rulebook(), RULES / "cases" / "published")
    return (
        *((answers, {}) for case in published for answers in (case.answers, case.second_reading)),
        *((case.answers, case.labs) for case in WORKED),
        *((quiet, {}) for quiet in QUIET_LUMPS),
    )


def some_people(many: int, seed: int = 0) -> Iterator[Person]:
    """Random answers, a few or many choices away from a quiet lump; some with a blood test."""
    chance = seeded(None if SOAK else seed)
    questions, values = rulebook().questionnaire.questions, telling_values()
    for _ in range(many):
        given = dict(chance.choice(QUIET_LUMPS))
        for question in chance.choices(questions, k=chance.randrange(9)):
            ticked = set(chance.choices(question.option_ids, k=1 + (question.kind == "many")))
            alone = question.none in ticked and len(ticked) > 1
            given[question.id] = frozenset(ticked - {question.none} if alone else ticked)
        yield given, values_as_sent([chance.choice(values)]) if chance.random() < 0.1 else {}


# --- Exact and complete ---


def test_the_net_of_every_known_case_holds_all_that_raises_the_level_and_nothing_else() -> None:
    assert list(differences(known_people())) == []


def test_the_net_of_random_answers_holds_all_that_raises_the_level_and_nothing_else() -> None:
    assert list(differences(some_people(RANDOM))) == []


def test_the_levels_are_those_of_walking_through_every_condition() -> None:
    """The same once more without compiled rules, on either side of a change."""
    book = rulebook()
    for given, values in [*known_people()[::4], *some_people(100, seed=1)]:
        path, amounts = (
            book.questionnaire.trace_path(given),
            read_lab_amounts(book.laboratory, values),
        )
        unread = book.laboratory.not_weighed
        now = reference_urgency(book.rules, path, situation(given, amounts), unread)
        true = {}
        for question, option, chosen in single_changes(path.answers):
            changed = {**path.answers, question: chosen}
            facing = situation(changed, amounts)
            after = book.questionnaire.trace_path(changed)
            level = reference_urgency(book.rules, after, facing, unread)
            if level > now:
                true[question, option] = level
        assert promised(build_safety_net(book, given, values)) == true


def test_the_rules_named_are_those_that_give_the_level_then() -> None:
    for given, values in [*known_people()[::4], *some_people(200, seed=2)]:
        path = rulebook().questionnaire.trace_path(given)
        anew = {(q, o): chosen for q, o, chosen in single_changes(path.answers)}
        for change in build_safety_net(rulebook(), given, values).changes:
            chosen = anew[change.question, change.option]
            after = assess_answers(rulebook(), {**path.answers, change.question: chosen}, values)
            there = {f.rule for f in after.findings if f.urgency == after.urgency}
            assert (after.urgency, after.within) == (change.urgency, change.within)
            assert set(change.rules) == there


def test_random_answers_are_of_every_level_and_their_nets_of_many_sizes() -> None:
    nets = [build_safety_net(rulebook(), *person) for person in some_people(500)]
    sizes = {len(found.changes) for found in nets}
    assert {found.urgency for found in nets} == set(Urgency)
    assert (min(sizes), max(sizes) > 40, len(sizes) > 20) == (0, True, True)
    reached = {pair for found in nets for pair in promised(found)}
    watched = {(q, o) for quiet in INFANT_AND_ADULT for q, o, _ in single_changes(quiet)}
    assert reached == watched


# --- A net with a fault in it is caught ---


def without_one(book: Rulebook, given: Answers, values: Labs) -> SafetyNet:
    """Forgets one change."""
    found = build_safety_net(book, given, values)
    return found._replace(changes=found.changes[:-1])


def one_level_up(book: Rulebook, given: Answers, values: Labs) -> SafetyNet:
    """Promises a level too high, for one rare change alone."""
    found = build_safety_net(book, given, values)
    return found._replace(changes=tuple(map(_exaggerated, found.changes)))


def _exaggerated(change: SafetyNetChange) -> SafetyNetChange:
    rare = (change.option, change.urgency) == ("swallowing", Urgency.soon)
    return change._replace(urgency=Urgency.same_day) if rare else change


def with_a_fixed_fact(book: Rulebook, given: Answers, values: Labs) -> SafetyNet:
    """Says what cannot newly happen."""
    found = build_safety_net(book, given, values)
    made_up = SafetyNetChange("kidney", "dialysis", Urgency.emergency, ())
    return found._replace(changes=(*found.changes, made_up))


@pytest.mark.parametrize("faulty", [without_one, one_level_up, with_a_fixed_fact])
def test_a_net_with_a_fault_is_caught(faulty: Net) -> None:
    assert next(differences(some_people(2_000), faulty), None)


@pytest.mark.parametrize(
    "fault",
    [
        lambda step: step._replace(adds=0) if step.option == "swallowing" else step,
        lambda step: step._replace(adds=0) if step.question.kind == "one" else step,
        lambda step: step._replace(bars=step.bars | step.adds << 1),
        lambda step: step._replace(needs=0) if step.ends and step.also == -1 else step,
    ],
    ids=["adds nothing", "only takes the old answer away", "misses some people", "forgets time"],
)
def test_a_fault_in_the_arithmetic_is_caught(
    fault: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = rulebook().watched_changes
    monkeypatch.setattr(watched, "_steps", [fault(step) for step in watched._steps])
    assert next(differences(some_people(2_000)), None)


def test_a_rule_that_is_left_out_of_the_net_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = rulebook().watched_changes
    silent = [lambda _: [] for _ in watched._outcome_tests[:20]] + watched._outcome_tests[20:]
    monkeypatch.setattr(watched, "_outcome_tests", silent)
    assert next(differences(some_people(200)), None)


# --- What a change is ---


def changes_of(**given: object) -> dict[str, SafetyNetChange]:
    found = build_safety_net(rulebook(), answers(**given))
    return {change.option: change for change in found.changes}


def test_a_tick_takes_none_of_these_away_and_stands_beside_not_sure() -> None:
    hot = next(
        step
        for step in rulebook().watched_changes.possible_steps(answers())
        if step.option == "hot"
    )
    assert hot.apply_to(frozenset({"normal"})) == {"hot"}
    assert hot.apply_to(frozenset({"not_sure", "irritated"})) == {"not_sure", "irritated", "hot"}


def test_what_raises_the_level_rests_on_all_else_that_was_answered() -> None:
    assert changes_of()["hot"].urgency is Urgency.same_day
    assert changes_of(unwell="fever")["hot"].urgency is Urgency.emergency


def test_pain_only_gets_worse() -> None:
    assert set(changes_of(**KNOWN)) >= {"mild", "moderate", "severe"}
    assert {"mild", "moderate", "severe"} & set(changes_of(pain="moderate")) == {"severe"}
    assert "severe" in changes_of(pain="not_sure")


def test_what_is_already_so_is_no_change() -> None:
    assert "grown" not in changes_of(change="grown")
    assert not changes_of(breath="confused")


def test_fixed_facts_never_happen() -> None:
    fixed = {"age", "reason", "place", "kidney", "autoimmune", "medicines", "conditions", "before"}
    for given, values in some_people(300):
        assert not fixed & {c.question for c in build_safety_net(rulebook(), given, values).changes}


def test_time_itself_can_raise_the_level() -> None:
    fresh = changes_of(**FRESH)["under_2_weeks"]
    assert (fresh.urgency, fresh.ends) == (Urgency.routine, True)
    gland = changes_of(feel="gland", change=["under_2_weeks", "limits"])["under_2_weeks"]
    assert (gland.urgency, gland.rules) == (Urgency.soon, ("TW10",))


def test_self_care_ends_with_any_sign_at_all() -> None:
    belly = changes_of(**KNOWN)["belly"]
    assert (belly.urgency, belly.rules) == (Urgency.routine, ())


def test_a_shorter_time_is_told() -> None:
    assert changes_of(age="young")["grown"].within == "48 h"
    assert changes_of()["grown"].within is None


def test_the_gravest_change_comes_first_then_as_asked() -> None:
    order = [(q.id, o.id) for q in rulebook().questionnaire for o in q.options]
    for given, values in known_people()[::5]:
        found = build_safety_net(rulebook(), given, values).changes
        assert list(found) == sorted(
            found, key=lambda c: (-c.urgency, order.index((c.question, c.option)))
        )


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rulebook, Path]:
    """A rulebook in which a change of the skin opens one question and closes another."""
    folder = tmp_path_factory.mktemp("routed") / "rules"
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns("cases", "published"))
    file = folder / "questions.yaml"
    text = file.read_text("utf-8")
    for name, ask_if in (
        ("before", "{question: skin, includes_any: [open, irritated]}"),
        ("feel", "{not: {question: skin, includes: pus}}"),
    ):
        start = text.index(f"- id: {name}\n")
        line = text.index("  ask_if: ", start)
        end = text.index("  options:", line)  # `narrows` goes too: it is a closer look no more
        text = f"{text[:line]}  ask_if: {ask_if}\n{text[end:]}"
    file.write_text(text, "utf-8")
    return load_rulebook_folder(folder), folder


def test_a_question_that_a_change_opens_counts_as_unanswered(
    routed: tuple[Rulebook, Path],
) -> None:
    book, _ = routed
    burnt = answers(**KNOWN, before=["burn", "radiotherapy"])
    found = {change.option: change for change in build_safety_net(book, burnt).changes}
    assert build_safety_net(book, burnt).urgency is Urgency.self_care
    assert (found["irritated"].urgency, found["irritated"].opens) == (Urgency.routine, ("before",))
    assert found["open"].opens == ("before",)
    assert found["pus"].opens == found["hot"].opens == ()


def test_a_change_that_moves_the_path_is_exact_too(routed: tuple[Rulebook, Path]) -> None:
    book, folder = routed
    for given, values in some_people(500, seed=3):
        counted = book.questionnaire.trace_path(given).answers
        assert promised(build_safety_net(book, counted, values)) == raising(
            book, counted, values, folder
        )


# --- Quick ---


def test_a_net_takes_less_than_half_a_millisecond() -> None:
    def seconds() -> float:
        start = time.process_time()
        for given, values in people:
            build_safety_net(rulebook(), given, values)
        return (time.process_time() - start) / len(people)

    people = [person for person in known_people() if not person[1]]
    assert min(seconds() for _ in range(5)) < 0.0005


INFANT_AND_ADULT = [answers(**FRESH), answers(age="under_1", **FRESH)]
