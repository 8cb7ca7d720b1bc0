"""Whether asking is worth it: in how many cases an answer can still change what a person is told.

Counted exactly, by decision diagram, over every way in which the questions before may have been
answered. The likely type itself is too wide to count so: `evidence` says where the answer can still
change what speaks for or against the types.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.assurance.proof.answer_space import AnswerSpace, list_written_conditions
from app.assurance.proof.diagrams import Diagram
from app.assurance.proof.evaluator import AT_EMERGENCY, LEVELS, read_yaml_strings


@dataclass(frozen=True)
class QuestionImpact:
    """What one question can do at the moment when it is asked.

    asked     ways to answer the questions before, so that this one is asked
    open      of these, those that are not yet an emergency whatever follows
    level     of these, those in which the answer can change the level, with some answers and
              laboratory values that may follow; its follow-up questions change with it
    net       ... in which it can change what the safety net says of another question
    advice    ... in which it can change the advice that is given whatever the likely type is
    evidence  ... in which it can change the evidence for the types, or a conflict rule
    """

    asked: int
    open: int
    level: int
    net: int
    advice: int
    evidence: int


def count_question_impact(space: AnswerSpace) -> dict[str, QuestionImpact]:
    """Question -> what its answer can still do, in asking order."""
    result_diagrams = ResultDiagrams(space)
    return {name: _count_impact(space, result_diagrams, name) for name in space.questions}


def format_impact_table(worth: Mapping[str, QuestionImpact]) -> str:
    """A line for each question, for a terminal."""
    lines = [
        "",
        "In how many cases can an answer still change something when it is asked? Of all ways to",
        "answer the questions before that are no emergency yet; whatever may be answered after.",
        "The likely type is counted by the evidence for it, the safety net without its own lines.",
        "",
        f"  {'question':<12}{'level':>18}{'safety net':>18}{'advice':>18}{'evidence':>18}",
    ]
    for name, found in worth.items():
        counts = (found.level, found.net, found.advice, found.evidence)
        shares = [f"{_format_share(count, found.open):>18}" for count in counts]
        lines.append(f"  {name:<12}{''.join(shares)}")
    return "\n".join([*lines, ""])


def _format_share(count: int, of: int) -> str:
    if count in (0, of):
        return "always" if count else "never"
    in_100 = 100 * count // of
    return f"{in_100} in 100" if in_100 else f"1 in {of // count:,}"


class ResultDiagrams:
    """What a person is told, each thing as the answer sets in which it is told."""

    def __init__(self, space: AnswerSpace) -> None:
        self._space = space

    @cached_property
    def advice_diagrams(self) -> list[Diagram]:
        """Pieces of advice that do not rest on the likely type."""
        space, found = self._space, []
        for entry in read_yaml_strings(space.folder / "advice.yaml"):
            if entry["types"] == "all":
                levels = set(entry.get("levels", LEVELS))
                if entry["section"] not in AT_EMERGENCY:
                    levels -= {LEVELS[-1]}
                shown = space.any_of(map(space.exactly_at_level, levels))
                for when in list_advice_conditions(entry):
                    certain, possible = space.read_condition(when)
                    careful = entry["section"] in ("watch", "do_not") and "places" not in entry
                    shown &= possible if careful else certain
                found.append(shown)
        return found

    @cached_property
    def evidence_diagrams(self) -> list[Diagram]:
        """Conditions of types/: lines of evidence, look-alikes, conflict rules."""
        every = list_written_conditions(self._space.folder, ("types/*.yaml",))
        return [self._space.read_condition(when).certain for _, when in every]

    @cached_property
    def safety_net_diagrams(self) -> dict[str, list[Diagram]]:
        """Question -> for each change of its answer and each level: where the change leads there.

        A question that such a change would open is not looked at.
        """
        return {
            name: list(self._safety_net_steps(entry))
            for name, entry in self._space.questions.items()
        }

    def _safety_net_steps(self, question: dict[str, Any]) -> Iterator[Diagram]:
        space, options = self._space, self._space.options[question["id"]]
        for option in question["options"]:
            variable = space.bdd.var(options[option["id"]])
            if "may_happen" in option and question["kind"] == "many":
                can, after = ~variable, {options[option["id"]]: True}
            elif "may_happen" in option:
                graver = _graver_choices(question, option)
                can = ~space.any_of(space.bdd.var(options[o]) for o in graver)
                after = {name: o == option["id"] for o, name in options.items()}
            elif "may_end" in option:
                can, after = variable, {options[option["id"]]: False}
            else:
                continue
            for level in LEVELS[1:]:
                raised = space.bdd.let(after, space.at_least[level]) & ~space.at_least[level]
                yield space.on_path[question["id"]] & can & raised


def list_advice_conditions(entry: dict[str, Any]) -> Iterator[Any]:
    """The conditions of one piece of advice."""
    if "when" in entry:
        yield entry["when"]
    if "places" in entry:
        yield {"question": "place", "includes_any": entry["places"]}


def _graver_choices(question: dict[str, Any], option: dict[str, Any]) -> set[str]:
    """This choice and those after it in a chain of severity."""
    chains = [chain for chain in question["severity"] if option["id"] in chain]
    return {o for chain in chains for o in chain[chain.index(option["id"]) :]}


def _count_impact(space: AnswerSpace, result_diagrams: ResultDiagrams, name: str) -> QuestionImpact:
    names = list(space.questions)
    later = names[names.index(name) :]
    moved = _option_variables(space, [name, *space.find_follow_ups(name)])
    asked = space.complete_answers & space.on_path[name]
    calm = asked & ~space.at_least[LEVELS[-1]]
    nets = result_diagrams.safety_net_diagrams
    elsewhere = [u for other, steps in nets.items() if other != name for u in steps]

    def count_ways(where: Diagram) -> int:
        variables = _option_variables(space, later)
        distinguished = space.whatever_labs(where).exist(*variables)
        return space.count_answer_sets(distinguished) >> len(variables)

    def count_mattering(people: Diagram, outcomes: Iterable[Diagram]) -> int:
        """All else being equal, two answers lie on two sides of something that is told."""
        touched = [u for u in outcomes if not u.support.isdisjoint(moved)]
        sides = ((people & u).exist(*moved) & (people & ~u).exist(*moved) for u in touched)
        return count_ways(space.any_of(sides))

    return QuestionImpact(
        asked=count_ways(asked),
        open=count_ways(calm),
        level=count_mattering(asked, space.at_least.values()),
        net=count_mattering(calm, elsewhere),
        advice=count_mattering(calm, result_diagrams.advice_diagrams),
        evidence=count_mattering(calm, result_diagrams.evidence_diagrams),
    )


def _option_variables(space: AnswerSpace, names: list[str]) -> list[str]:
    return [variable for name in names for variable in space.options[name].values()]
