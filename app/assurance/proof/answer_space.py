"""Every complete answer set of a rulebook at once, as decision diagrams: what holds, and how often.

A variable stands for each tick, each choice and each bound on a laboratory value. All ticks of a
list left empty are its "none of these". Read from the YAML and from rules/README.md alone; knows
nothing of words, and shares no judging with others.
"""

from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from app.assurance.proof.diagrams import Bound, Diagram, LabSpace
from app.assurance.proof.evaluator import LEVELS, read_entries, read_yaml_strings

ORDER = Path(__file__).with_name("order.txt")
"""An order of the variables in which the diagrams are small, found by `find_variable_order`."""
CHOICE_KEYS = ("is", "includes", "any_of", "includes_any")
RESULT_FILES = ("questions.yaml", "urgency/*.yaml", "types/*.yaml", "advice.yaml")
"""The files whose conditions can change a result."""


class Meaning(NamedTuple):
    """Where a condition certainly holds, and where it holds or a "not sure" keeps it open."""

    certain: Diagram
    possible: Diagram


class AnswerSpace(LabSpace):
    """The answer sets of one rulebook. Questions off the path have all their variables false.

    To ask where two rulebooks differ, make the second `beside` the first: both then speak of the
    same variables ("question: option"), so that their diagrams can be joined and counted. Make
    both before the first use, since a real value must fit the bounds of either:

        old = AnswerSpace(one)
        new = AnswerSpace(other, beside=old)
        people = old.complete_answers & new.complete_answers
        up = people & ~old.at_least["soon"] & new.at_least["soon"]
        new.count_answer_sets(new.whatever_labs(up)), new.decode_case(new.find_smallest(up))
    """

    def __init__(
        self, folder: Path, beside: "AnswerSpace | None" = None, always: str | None = None
    ) -> None:
        super().__init__(folder, beside)
        self._always = always
        """A question that is asked of everyone, whatever its `ask_if` says."""
        self.questions = read_entries(folder / "questions.yaml")
        self.named = {name: e["when"] for name, e in read_entries(folder / "named.yaml").items()}
        files = sorted(folder.glob("urgency/*.yaml"))
        self.rules = [rule for file in files for rule in read_yaml_strings(file)]
        self.options = {name: self._declare_options(e) for name, e in self.questions.items()}
        """Question -> option -> variable. The "none of these" of a list has no variable."""
        self.on_path: dict[str, Diagram] = {}
        for name in self.questions:
            self.on_path[name] = self._where_asked(name)
        self.falls: dict[Hashable, Diagram] = {}
        """What `diagram_level.fall` found of a move: more than one property asks for it."""
        self._exactly: dict[str, Diagram] = {}
        self.meaning = {rule["id"]: self.read_rule(rule) for rule in self.rules}
        """Rule -> where it certainly fires, and where it does or a doubt that counts is left."""
        if beside is None:
            self.arrange_variables(ORDER.read_text("utf-8").splitlines())

    # The answer sets.

    @cached_property
    def complete_answers(self) -> Diagram:
        """Every question on the path answered as it may be, no other; values in any real band."""
        return self.complete_with_any_labs & self.plausible_labs()

    @cached_property
    def complete_with_any_labs(self) -> Diagram:
        """The same with any laboratory values, real or not."""
        return self.validly_answered(self.questions)

    def validly_answered(self, names: Iterable[str]) -> Diagram:
        """These questions answered as they may be, or off the path."""
        ite, answered, nothing = self.bdd.ite, self._permitted_answers, self._nothing_chosen
        return self.all_of(ite(self.on_path[q], answered(q), nothing(q)) for q in names)

    def option_chosen(self, name: str, option: str) -> Diagram:
        """This option is chosen."""
        return self.bdd.var(self.options[name][option])

    def unsure_about(self, name: str) -> Diagram:
        """The person is not sure about this question."""
        return self.option_chosen(name, self.questions[name]["unsure"])

    def find_counterparts(self, name: str) -> list[str]:
        """The questions that are asked of those who are not asked this one."""
        own = self.questions[name].get("instead_of", [])
        return [*own, *(q for q, e in self.questions.items() if name in e.get("instead_of", ()))]

    def find_follow_ups(self, name: str) -> list[str]:
        """The questions whose being asked rests on this one, if only through a third."""
        found: list[str] = []
        for other, asked in self.on_path.items():
            if any(asked.support & set(self.options[on].values()) for on in [name, *found]):
                found.append(other)
        return found

    @cached_property
    def result_conditions(self) -> list[tuple[str, Meaning]]:
        """All that can change a result: what it is a condition of, and where it holds."""
        written = list_written_conditions(self.folder)
        return [(what, self.read_condition(when)) for what, when in written]

    def every_bound(self) -> dict[str, dict[str, Bound]]:
        """Analyte -> variable -> bound, those of types and advice among them."""
        return self.bounds if self.result_conditions else {}

    # The levels.

    @cached_property
    def at_least(self) -> dict[str, Diagram]:
        """Level -> the answer sets that are given it or a higher one."""
        above = dict.fromkeys(LEVELS, self.bdd.false)
        for rule in self.rules:
            certain, possible = self.meaning[rule["id"]]
            for level in LEVELS[1 : level_rank(rule["urgency"]) + 1]:
                above[level] |= certain
            for level in LEVELS[1 : level_rank(rule.get("if_unsure", LEVELS[0])) + 1]:
                above[level] |= possible
        above[LEVELS[1]] |= self.any_doubt | self.has_unweighed_lab | ~self.self_care_earned
        above[LEVELS[0]] = self.bdd.true
        return above

    def exactly_at_level(self, level: str) -> Diagram:
        """The complete answer sets that are given this level."""
        if level not in self._exactly:
            higher = self.any_of(self.at_least[above] for above in LEVELS[level_rank(level) + 1 :])
            self._exactly[level] = self.complete_answers & self.at_least[level] & ~higher
        return self._exactly[level]

    @cached_property
    def self_care_earned(self) -> Diagram:
        """A self-care rule certainly holds."""
        earning = [rule["id"] for rule in self.rules if rule["urgency"] == LEVELS[0]]
        return self.any_of(self.meaning[rule].certain for rule in earning)

    @cached_property
    def any_doubt(self) -> Diagram:
        """Some question of the path is answered "not sure"."""
        return self.any_of(self.on_path[name] & self.unsure_about(name) for name in self.questions)

    def find_variable_order(self) -> list[str]:
        """An order of the variables in which the diagrams of all levels are small. Takes minutes.

        After the questions or many rules have changed, write it to `ORDER`; nothing but the time
        that a proof takes depends on it:

            ORDER.write_text("\n".join(AnswerSpace(folder).find_variable_order()) + "\n")
        """
        self.reorder_variables(self.complete_answers, *self.at_least.values())
        return sorted(self.bdd.vars, key=self.bdd.level_of_var)

    # Counting and picking.

    def count_answer_sets(self, u: Diagram) -> int:
        """How many answer sets; `u` must know no laboratory value."""
        return self.count_models(u, len(self.answer_variables))

    @property
    def answer_variables(self) -> list[str]:
        """Of all rulebooks that stand beside each other, without laboratory bounds."""
        bounds = {variable for bounds in self.bounds.values() for variable in bounds}
        return [variable for variable in self.bdd.vars if variable not in bounds]

    def find_smallest(self, u: Diagram) -> dict[str, bool] | None:
        """Of the answer sets in `u` one that says least; None if there is none.

        Each tick, "not sure", laboratory value and choice but the mildest counts one.
        """
        return self.find_cheapest_model(u, self.silent_variables)

    @cached_property
    def silent_variables(self) -> set[str]:
        """The variables of choices that count as saying nothing."""
        mildest = {q: _mildest_choices(entry) for q, entry in self.questions.items()}
        return {self.options[q][o] for q, options in mildest.items() for o in options}

    def decode_case(self, picked: dict[str, bool]) -> dict[str, list[str]]:
        """The answers of the questions on the path, and the bounds that the values meet."""
        answers = {}
        for name, options in self.options.items():
            chosen = [option for option, variable in options.items() if picked[variable]]
            if chosen or self.bdd.let(picked, self.on_path[name]) == self.bdd.true:
                answers[name] = chosen or [self.questions[name]["none"]]
        for analyte, bounds in self.bounds.items():
            met = [bound.removeprefix(f"{analyte} ") for bound in bounds if picked[bound]]
            answers |= {analyte: met} if met else {}
        return answers

    # Conditions.

    def read_rule(self, rule: dict[str, Any]) -> Meaning:
        """What a rule means; its doubt counts only with what `only_with` says for certain."""
        certain, possible = self.read_condition(rule["when"])
        if "only_with" in rule:
            possible = certain | possible & self.read_condition(rule["only_with"]).certain
        return Meaning(certain, possible)

    def read_condition(self, when: Any, *, no: bool = False) -> Meaning:
        """What a condition, or its opposite, means on complete answer sets."""
        match when:
            case {"all": [*parts]}:
                return self._read_threshold(parts, 1 if no else len(parts), no)
            case {"any": [*parts]}:
                return self._read_threshold(parts, len(parts) if no else 1, no)
            case {"at_least": n, "of": [*parts]}:
                return self._read_threshold(parts, len(parts) + 1 - int(n) if no else int(n), no)
            case {"not": part}:
                return self.read_condition(part, no=not no)
            case {"named": name}:
                return self.read_condition(self.named[name], no=no)
            case {"lab": analyte}:
                found = self.read_lab_bound(analyte, when)
                meaning = Meaning(found, found)
            case {"question": name} if name in self.options:
                [wanted] = [when[k] for k in CHOICE_KEYS if k in when]
                chosen = {wanted} if isinstance(wanted, str) else set(wanted)
                meaning = self._read_choice(name, chosen)
            case _:
                raise ValueError(f"no condition about the answers: {when}")
        return Meaning(~meaning.certain, ~meaning.certain) if no else meaning

    def _read_choice(self, name: str, wanted: set[str]) -> Meaning:
        question, options = self.questions[name], self.options[name]
        certain = self.any_of(self.option_chosen(name, o) for o in wanted if o in options)
        if question.get("none") in wanted:
            certain |= self._nothing_chosen(name)
        may_mean = set(question.get("unsure_among", wanted)) & wanted
        possible = certain | self.unsure_about(name) if may_mean else certain
        return Meaning(self.on_path[name] & certain, self.on_path[name] & possible)

    def _read_threshold(self, parts: list[Any], needed: int, no: bool) -> Meaning:
        read = [self.read_condition(part, no=no) for part in parts]
        certain, possible = (self.threshold_of(needed, side) for side in zip(*read, strict=True))
        return Meaning(certain, possible)

    # What may be answered.

    def _declare_options(self, question: dict[str, Any]) -> dict[str, str]:
        ids = [option["id"] for option in question["options"]] + [question["unsure"]]
        names = {option: f"{question['id']}: {option}" for option in ids}
        self.bdd.declare(*names.values())
        return names

    def _where_asked(self, name: str) -> Diagram:
        """Asked unless it certainly does not apply; a doubt hides no question."""
        ask_if = self.questions[name].get("ask_if")
        if ask_if is None or name == self._always:
            return self.bdd.true
        return self.read_condition(ask_if).possible

    def _permitted_answers(self, name: str) -> Diagram:
        """One choice; of a list any ticks, "not sure" among them, or "none of these" alone."""
        question, options = self.questions[name], self._option_diagrams(name)
        if question["kind"] == "many":
            return self.bdd.true if "none" in question else self.any_of(options)
        return self.threshold_of(1, options) & ~self.threshold_of(2, options)

    def _nothing_chosen(self, name: str) -> Diagram:
        return ~self.any_of(self._option_diagrams(name))

    def _option_diagrams(self, name: str) -> list[Diagram]:
        return [self.option_chosen(name, option) for option in self.options[name]]


def level_rank(level: str) -> int:
    """Its place in the order of levels; a name that is no level has the lowest."""
    return LEVELS.index(level) if level in LEVELS else 0


def _mildest_choices(question: dict[str, Any]) -> set[str]:
    """The choices that count as saying nothing: the first of each chain; without any, all."""
    if question["kind"] == "many":
        return set()
    return {c[0] for c in question.get("severity", ())} or {o["id"] for o in question["options"]}


def list_written_conditions(
    folder: Path, patterns: tuple[str, ...] = RESULT_FILES
) -> Iterator[tuple[str, Any]]:
    """Every condition in these files, with what it belongs to; `places` of advice is one too."""
    for file in (file for files in patterns for file in sorted(folder.glob(files))):
        yield from _walk_conditions(read_yaml_strings(file), file.stem)


def _walk_conditions(tree: Any, what: str) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        what = tree.get("id", what)
        for key, value in tree.items():
            if key in ("when", "only_with", "ask_if", "likely_needs"):
                yield what, value
            elif key == "places":
                yield what, {"question": "place", "includes_any": value}
            else:
                yield from _walk_conditions(value, what)
    elif isinstance(tree, list):
        for part in tree:
            yield from _walk_conditions(part, what)
