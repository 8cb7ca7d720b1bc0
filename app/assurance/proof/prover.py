"""Asks the formula and reads its answers back as people: who breaks a property, and who shows it.

Every answer set that the solver finds is given to the engine too, and both must see the same level,
type, rules and advice in it. Knows nothing of particular properties.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TypeVar

import yaml

from app.assurance.proof.formula import Model, UnaryNumber
from app.assurance.proof.sat import SatEncoding, World
from app.assurance.proof.sat_types import TypeEncoding
from app.triage.conditions import Choice, Condition, walk_leaves
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Assessment, Urgency

Key = TypeVar("Key", bound=Hashable)
EngineComparison = tuple[str, object, object]
"""What was compared, as the engine has it and as the formula has it."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """One way in which a property fails, with the smallest answer set that shows it, if any.

    `then`: what the same person answers differently in the second of two answer sets.
    """

    about: str
    answers: Mapping[str, str | list[str]] | None = None
    labs: Mapping[str, str] | None = None
    urgency: str | None = None
    then: Mapping[str, str | list[str]] | None = None

    def as_worked_case(self, letter: str) -> dict[str, object]:
        """In the form of a worked case, with the property's letter and without what it lacks."""
        parts = {"id": letter, **asdict(self), "labs": self.labs or None}
        return {name: part for name, part in parts.items() if part is not None}

    def format_yaml(self, letter: str) -> str:
        """The same as text."""
        case = [self.as_worked_case(letter)]
        return yaml.safe_dump(case, sort_keys=False, default_flow_style=None, width=100).rstrip()


class Prover:
    """One rulebook as a formula, with one person in it, or two of whom the second is a variant.

    Ask with literals of both worlds (see World), all of which must hold at once:

        one = prover.first_world
        prover.is_possible(one.complete, one.certain["E4"])  whether anybody is like that
        prover.find_counterexamples("why", one.self_care, one.doubt)  nobody, or the smallest

    Where two rulebooks differ is asked of two AnswerSpaces, one made `beside` the other.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.encoding = SatEncoding(rulebook)
        self.formula = self.encoding.formula
        self.replayed = 0
        self.engine_differences: list[str] = []

    @cached_property
    def is_ordered(self) -> bool:
        """Each question waits only for earlier ones; without that there are no worlds."""
        names = [question.id for question in self.rulebook.questionnaire]
        return all(
            questions_in_condition(question.ask_if) <= set(names[:place])
            for place, question in enumerate(self.rulebook.questionnaire)
        )

    @cached_property
    def first_world(self) -> World:
        """The first person."""
        return World(self.encoding)

    @cached_property
    def second_world(self) -> World:
        """The second person."""
        return World(self.encoding)

    @cached_property
    def asked_count(self) -> UnaryNumber:
        """How many questions the first person is asked."""
        return self.formula.sum_numbers(
            [self.formula.weigh_literal(a, 1) for a in self.first_world.asked.values()]
        )

    @cached_property
    def longest_path(self) -> int:
        """The most questions on a finished path."""
        reached = [
            self.formula.find_model(self.first_world.complete, step)
            for step in self.asked_count.steps
        ]
        return self.asked_count.low + len(reached) - reached.count(None)

    @cached_property
    def types(self) -> TypeEncoding:
        """How the types stand for the first person."""
        return TypeEncoding(self.first_world)

    @cached_property
    def advice(self) -> Mapping[str, int]:
        """What advice the first person is shown."""
        return self.types.encode_advice()

    @cached_property
    def without_labs(self) -> tuple[int, ...]:
        """No laboratory value is given."""
        return tuple(-present for present in self.encoding.labs.present.values())

    @cached_property
    def unchanged_ticks(self) -> Mapping[tuple[str, str], int]:
        """(question, option) -> both persons tick it or neither does, unless only one is asked."""
        formula, one, two = self.formula, self.first_world, self.second_world
        unchanged = {}
        for name, options in one.ticks.items():
            for option, tick in options.items():
                same = formula.iff_gate(tick, two.ticks[name][option])
                same = formula.or_gate([-one.asked[name], -two.asked[name], same])
                unchanged[name, option] = same
        return unchanged

    def same_elsewhere(self, question: Question) -> list[int]:
        """The two answer every other question alike, where both are asked."""
        return [same for (name, _), same in self.unchanged_ticks.items() if name != question.id]

    def with_extra_tick(self, question: Question, option: str) -> list[int]:
        """The second ticks this too, and nothing else changes but for "none of these"."""
        beside = [
            same
            for (name, other), same in self.unchanged_ticks.items()
            if name == question.id and other not in (option, question.none)
        ]
        one, two = self.first_world, self.second_world
        ticked = [-one.ticks[question.id][option], two.ticks[question.id][option]]
        return [*self.same_elsewhere(question), one.answered[question.id], *ticked, *beside]

    def with_other_choice(self, question: Question, option: str, other: str) -> list[int]:
        """The first gives one answer, the second the other."""
        one, two = self.first_world.ticks[question.id], self.second_world.ticks[question.id]
        return [*self.same_elsewhere(question), one[option], two[other]]

    def is_possible(self, *assumed: int) -> bool:
        """Whether somebody fits, without laboratory values if possible; the engine must agree."""
        find_model = self.formula.find_model
        model = find_model(*assumed, *self.without_labs) or find_model(*assumed)
        if model is not None:
            self.replay_model(model, self.first_world)
        return model is not None

    def find_counterexamples(
        self, about: str, *assumed: int, variant: bool = False
    ) -> list[Counterexample]:
        """Nothing where nobody fits, else the smallest who does, with all answered if possible."""
        if self.formula.find_model(*assumed) is None:
            return []
        costs, find_smallest = self._cost_literals(variant), self.formula.find_smallest_model
        finished = find_smallest(costs, *assumed, self.first_world.complete)
        model = finished or find_smallest(costs, *assumed)
        return [] if model is None else [self._build_counterexample(about, model, variant)]

    def replay_model(self, model: Model, world: World) -> Urgency | None:
        """The level that the engine gives; where it sees anything else than the formula, noted."""
        given, labs = world.decode_answers(model), self.encoding.labs.decode_values(model)
        if labs is None:
            self.engine_differences.append(
                f"no values lie in the bands {self.encoding.labs.decode_bands(model)}"
            )
            return None
        self.replayed += 1
        assessment = assess_answers(self.rulebook, given, labs)
        person = f"{readable_answers(self.rulebook, given)} {labs}"
        self.engine_differences += [
            f"{what}: engine {engine}, formula {formula}: {person}"
            for what, engine, formula in self._compare_with_engine(assessment, model, world)
            if engine != formula
        ]
        return assessment.urgency

    def _compare_with_engine(
        self, assessment: Assessment, model: Model, world: World
    ) -> Iterator[EngineComparison]:
        """What the engine makes of a person, and what the formula makes of the same person."""

        def true_names(literals: Mapping[Key, int]) -> set[Key]:
            return {name for name, literal in literals.items() if literal in model}

        yield "level", {assessment.urgency}, true_names(world.level)
        yield "finished", assessment.complete, world.complete in model
        fired = {f.rule: f.certain for f in assessment.findings if f.urgency > Urgency.self_care}
        rules = {r.id for r in self.rulebook.rules if r.urgency > Urgency.self_care}
        sure = {rule for rule, certain in fired.items() if certain}
        yield "rules", sure, true_names(world.certain) & rules
        yield "doubts", fired.keys() - sure, true_names(world.unsure)
        if world is self.first_world and "types" in self.__dict__:
            yield "likely type", {assessment.likely_type}, true_names(self.types.likely)
        if world is self.first_world and "advice" in self.__dict__:
            shown = {advice.id for section in assessment.advice.values() for advice in section}
            yield "advice", shown, true_names(self.advice)

    def _build_counterexample(self, about: str, model: Model, variant: bool) -> Counterexample:
        first = self.first_world.decode_answers(model)
        urgency = self.replay_model(model, self.first_world)
        then = None
        if variant:
            second = self.second_world.decode_answers(model)
            changed = {q: second.get(q, frozenset()) for q in {**first, **second}}
            then = {q: chosen for q, chosen in changed.items() if chosen != first.get(q)}
            after = self.replay_model(model, self.second_world)
            about = f"{about} takes {_level_name(urgency)} to {_level_name(after)}"
        labs = self.encoding.labs.decode_values(model) or {}
        return Counterexample(
            about,
            answers=readable_answers(self.rulebook, first),
            labs={analyte: f"{v['value']} {v['unit']}" for analyte, v in labs.items()},
            urgency=_level_name(urgency),
            then=None if then is None else readable_answers(self.rulebook, then),
        )

    def _cost_literals(self, variant: bool) -> list[int]:
        """What makes an answer set less small: every answer but the quiet ones, every value."""
        worlds = [self.first_world, self.second_world] if variant else [self.first_world]
        ticked = [
            world.ticks[question.id][option]
            for world in worlds
            for question in self.rulebook.questionnaire
            for option in question.option_ids
            if option not in quiet_options(question)
        ]
        return [*ticked, *self.encoding.labs.present.values()]


def _level_name(urgency: Urgency | None) -> str:
    return "a level unknown" if urgency is None else urgency.name


def quiet_options(question: Question) -> set[str]:
    """The answers that say nothing: "none of these", the least grave, else any but a doubt."""
    if question.none is not None:
        return {question.none}
    bottom = {chain[0] for chain in question.severity}
    return bottom or set(question.option_ids) - {question.unsure}


def readable_answers(rulebook: Rulebook, answers: Answers) -> dict[str, str | list[str]]:
    """Answers as a case file holds them, in asking order; what is no longer asked is empty."""
    found: dict[str, str | list[str]] = {}
    for question in rulebook.questionnaire:
        if question.id in answers:
            chosen = [o for o in question.option_ids if o in answers[question.id]]
            single = question.kind == "one" and len(chosen) == 1
            found[question.id] = chosen[0] if single else chosen
    return found


def questions_in_condition(condition: Condition | None) -> set[str]:
    """The questions that a condition speaks of."""
    found = walk_leaves(condition) if condition is not None else ()
    return {leaf.question for leaf in found if isinstance(leaf, Choice)}


def list_every_option(questions: Iterable[Question]) -> list[tuple[Question, str]]:
    """Each option with its question, "none of these" and "not sure" among them."""
    return [(question, option) for question in questions for option in question.option_ids]
