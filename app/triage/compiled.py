"""Answers as one integer and all rules as a few generated functions of mask tests.

The generated source holds nothing but numbers that are made here, never a word from a rule file.
`conditions.judge` and `conditions.because` are the reference; property tests hold them equal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.triage.conditions import (
    AtLeast,
    Choice,
    Condition,
    LabBound,
    Named,
    Situation,
    judge,
    leaves,
)
from app.triage.labs import Amounts, not_weighed
from app.triage.questionnaire import Questionnaire
from app.triage.terms import Answers, Evidence, Truth, Urgency

if TYPE_CHECKING:
    from app.triage.rules import Rule

Fired = tuple[int, bool]
"""Index of a rule, and whether it certainly holds."""

Asked = tuple[Condition, Truth]
"""A condition, and how true it has to be at least: UNSURE or TRUE."""

Telling = tuple[Any, Evidence | None, Evidence, int]
"""A leaf, what it says when met (if always the same) and when unsure, and its bits."""

Behind = tuple[Callable[[int], list[int]], list[Telling]]
"""A function that lists by index which leaves carry a condition, and those leaves."""


class Compiled:
    """The rules of one rulebook, and groups of its other conditions, in compiled form."""

    def __init__(
        self,
        questionnaire: Questionnaire,
        rules: Sequence["Rule"],
        groups: Mapping[str, Sequence[Asked]],
        unread: Mapping[str, str | None] | None = None,
    ) -> None:
        self._questionnaire = questionnaire
        self._unread = unread or {}
        self._bits: dict[str, dict[str, int]] = {}
        self._off: dict[str, int] = {}
        self._labs: dict[LabBound, int] = {}
        position = 0
        for question in questionnaire:
            self._bits[question.id] = {
                option: 1 << position + step for step, option in enumerate(question.option_ids)
            }
            position += len(question.options)
            self._off[question.id] = 1 << position
            position += 1
        self._unread_value = 1 << position
        position += 1
        others = [condition for group in groups.values() for condition, _ in group]
        ruled = [condition for rule in rules for condition in _conditions(rule)]
        for leaf in _lab_leaves([*ruled, *others]):
            self._labs.setdefault(leaf, 1 << position + len(self._labs))
        nothing = Situation({}, frozenset(), {}, {})
        self._no_labs = sum(
            b for leaf, b in self._labs.items() if judge(leaf, nothing) is Truth.TRUE
        )
        self._unsure = sum(self._bits[q.id][q.unsure] for q in questionnaire)
        self.level: Callable[[int], int] = _function("level", self._level_body(rules))
        self.fired: Callable[[int], list[Fired]] = _function("fired", self._fired_body(rules))
        self.holding = self.asking(_alone(groups))
        # By identity: to hash a condition is to walk it, which costs more than the answer. Made
        # when first needed: most are never asked for in a rulebook that is only tried out.
        self._behind: dict[int, Behind] = {}

    def asking(
        self, groups: Mapping[str, Sequence[Sequence[Asked]]]
    ) -> Mapping[str, Callable[[int], list[int]]]:
        """For each group, a function that lists where all conditions together hold, by index."""
        return {name: _function(name, self._holding_body(group)) for name, group in groups.items()}

    def encode(self, answers: Answers, off_path: Iterable[str], amounts: Amounts) -> int:
        """The answers on the path, the questions that are not asked and the lab bounds met."""
        marks = 0 if amounts else self._no_labs
        for question, chosen in answers.items():
            bits = self._bits[question]
            for option in chosen:
                marks |= bits[option]
        for question in off_path:
            marks |= self._off[question]
        if amounts:
            situation = Situation({}, frozenset(), {}, amounts)
            for leaf, bit in self._labs.items():
                if judge(leaf, situation) is Truth.TRUE:
                    marks |= bit
            if not_weighed(self._unread, amounts):
                marks |= self._unread_value
        return marks

    def because(self, condition: Condition, marks: int, answers: Answers) -> tuple[Evidence, ...]:
        """The answers that make a rule or an evidence line hold, as `conditions.because` does."""
        found = []
        behind, about = self._behind.get(id(condition)) or self._explained(condition)
        for index in behind(marks):
            leaf, ready, unsure, mask = about[index]
            if ready is not None and marks & mask:
                found.append(ready)
                continue
            chosen = answers.get(leaf.question)
            if chosen is None:
                continue  # a "not" about a question that is not asked rests on no answer
            if bool(marks & mask) is leaf.negated:
                found.append(unsure)
            else:
                telling = chosen if leaf.negated else chosen & leaf.options
                found.append(Evidence(leaf.question, tuple(sorted(telling))))
        return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)

    def _level_body(self, rules: Sequence["Rule"]) -> list[str]:
        body = []
        for urgency in sorted(Urgency, reverse=True)[:-1]:
            certain = [self._test(r.when, Truth.TRUE) for r in rules if r.urgency is urgency]
            unsure = [self._together(doubt(r)) for r in rules if r.if_unsure is urgency]
            if certain or unsure:
                body.append(f"if {' or '.join([*certain, *unsure])}: return {int(urgency)}")
        earned = [self._test(r.when, Truth.TRUE) for r in rules if r.urgency is Urgency.self_care]
        complete = [f"marks & {self._asked(q.id)}" for q in self._questionnaire]
        if earned:
            barred = self._unsure | self._unread_value
            calm = f"not marks & {barred} and {' and '.join(complete)}"
            body.append(f"if ({' or '.join(earned)}) and {calm}: return 0")
        return [*body, "return 1"]

    def _fired_body(self, rules: Sequence["Rule"]) -> list[str]:
        body = ["found = []"]
        for index, rule in enumerate(rules):
            body.append(f"if {self._test(rule.when, Truth.TRUE)}: found.append(({index}, True))")
            if rule.if_unsure is not None:
                unsure = self._together(doubt(rule))
                body.append(f"elif {unsure}: found.append(({index}, False))")
        return [*body, "return found"]

    def _holding_body(self, group: Sequence[Sequence[Asked]]) -> list[str]:
        tests = map(self._together, group)
        body = [f"if {test}: found.append({index})" for index, test in enumerate(tests)]
        return ["found = []", *body, "return found"]

    def _explained(self, condition: Condition) -> Behind:
        """What carries a condition. Threads that ask at once make the same thing twice, no more."""
        told: dict[Choice | LabBound, int] = {}
        body = ["found = []", *self._behind_body(condition, "", told), "return found"]
        made = _function("behind", body), [self._tell(leaf) for leaf in told]
        self._behind[id(condition)] = made
        return made

    def _behind_body(
        self, condition: Condition, pad: str, told: dict[Choice | LabBound, int]
    ) -> list[str]:
        """Source that collects the leaves which carry a condition, like `conditions.because`."""
        match condition:
            case Named():
                return self._behind_body(condition.part, pad, told)
            case AtLeast():
                inner = [
                    line for p in condition.parts for line in self._behind_body(p, pad + " ", told)
                ]
                return [f"{pad}if {self._test(condition, Truth.UNSURE)}:", *inner]
            case LabBound() if condition.negated:
                return [f"{pad}pass"]  # a value that was not given is no evidence
            case Choice() | LabBound():
                index = told.setdefault(condition, len(told))
                return [f"{pad}if {self._test(condition, Truth.UNSURE)}: found.append({index})"]

    def _tell(self, leaf: Choice | LabBound) -> Telling:
        """The leaf, what it says when met (if always the same) and when unsure, and its bits."""
        if isinstance(leaf, LabBound):
            value = Evidence("", (), lab=leaf.analyte)
            return leaf, value, value, self._labs[leaf]
        bits = self._bits[leaf.question]
        option, could_be = self._questionnaire.unsure[leaf.question]
        doubt = bits[option] if leaf.options & could_be else 0
        unsure = Evidence(leaf.question, (option,), unsure=True)
        if leaf.negated:
            return leaf, None, unsure, doubt
        alone = Evidence(leaf.question, tuple(leaf.options)) if len(leaf.options) == 1 else None
        return leaf, alone, unsure, sum(bits[ticked] for ticked in leaf.options)

    def _together(self, asked: Sequence[Asked]) -> str:
        """Source that is true when all of these conditions are so true."""
        return f"({' and '.join(self._test(condition, truth) for condition, truth in asked)})"

    def _test(self, condition: Condition, truth: Truth) -> str:
        """Source that is true when the condition is at least so true (UNSURE or TRUE)."""
        match condition:
            case Named():
                return self._test(condition.part, truth)
            case LabBound():
                return f"marks & {self._labs[condition]}"
            case Choice():
                return self._choice(condition, truth)
            case AtLeast():
                parts = [self._test(part, truth) for part in condition.parts]
                if condition.count == 1:
                    return f"({' or '.join(parts)})"
                if condition.count == len(parts):
                    return f"({' and '.join(parts)})"
                return f"({' + '.join(f'bool({part})' for part in parts)} >= {condition.count})"

    def _choice(self, leaf: Choice, truth: Truth) -> str:
        bits = self._bits[leaf.question]
        ticked = sum(bits[option] for option in leaf.options)
        unsure, could_be = self._questionnaire.unsure[leaf.question]
        doubtful = ticked | (bits[unsure] if leaf.options & could_be else 0)
        if not leaf.negated:
            return f"marks & {ticked if truth is Truth.TRUE else doubtful}"
        return f"(marks & {self._asked(leaf.question)} and not marks & {ticked})"

    def _asked(self, question: str) -> int:
        """Bits of which one is set once the question is answered or known not to be asked."""
        return sum(self._bits[question].values()) | self._off[question]


def doubt(rule: "Rule") -> list[Asked]:
    """What holds where a "not sure" gives `if_unsure` of a rule, or the rule certainly fires."""
    only_with = [] if rule.only_with is None else [(rule.only_with, Truth.TRUE)]
    return [(rule.when, Truth.UNSURE), *only_with]


def _alone(groups: Mapping[str, Sequence[Asked]]) -> Mapping[str, Sequence[Sequence[Asked]]]:
    return {name: [[one] for one in group] for name, group in groups.items()}


def _conditions(rule: "Rule") -> list[Condition]:
    return [rule.when] if rule.only_with is None else [rule.when, rule.only_with]


def _function(name: str, body: Sequence[str]) -> Any:
    return _made(name, "\n    ".join([f"def {name}(marks):", *body]))


@lru_cache(maxsize=512)
def _made(name: str, source: str) -> Any:
    """The function of this source; rulebooks that differ in one rule share all others."""
    space: dict[str, Any] = {}
    # The source is made of our own words and of numbers: bits stand for all ids, and no text of a
    # rule file comes into it (a test holds that). Walking the conditions takes sixty times as long.
    exec(compile(source, f"<rules: {name}>", "exec"), {"bool": bool}, space)  # noqa: S102
    return space[name]


def _lab_leaves(conditions: Iterable[Condition]) -> Iterable[LabBound]:
    for condition in conditions:
        for leaf in leaves(condition):
            if isinstance(leaf, LabBound):
                yield leaf
