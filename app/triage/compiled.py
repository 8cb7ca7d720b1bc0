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
    NamedCondition,
    Situation,
    judge_condition,
    walk_leaves,
)
from app.triage.labs import Amounts, find_unweighed_analytes
from app.triage.questionnaire import Questionnaire
from app.triage.terms import Answers, Evidence, Truth, Urgency

if TYPE_CHECKING:
    from app.triage.rules import Rule

RuleMatch = tuple[int, bool]
"""Index of a rule, and whether it certainly holds."""

Requirement = tuple[Condition, Truth]
"""A condition, and how true it has to be at least: UNSURE or TRUE."""

LeafEvidence = tuple[Any, Evidence | None, Evidence, int]
"""A leaf, what it says when met (if always the same) and when unsure, and its bits."""

ConditionEvidence = tuple[Callable[[int], list[int]], list[LeafEvidence]]
"""A function that lists by index which leaves carry a condition, and those leaves."""


class CompiledRules:
    """The rules of one rulebook, and groups of its other conditions, in compiled form."""

    def __init__(
        self,
        questionnaire: Questionnaire,
        rules: Sequence["Rule"],
        groups: Mapping[str, Sequence[Requirement]],
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
        ruled = [condition for rule in rules for condition in _rule_conditions(rule)]
        for leaf in _list_lab_leaves([*ruled, *others]):
            self._labs.setdefault(leaf, 1 << position + len(self._labs))
        nothing = Situation({}, frozenset(), {}, {})
        self._no_labs = sum(
            b for leaf, b in self._labs.items() if judge_condition(leaf, nothing) is Truth.TRUE
        )
        self._unsure = sum(self._bits[q.id][q.unsure] for q in questionnaire)
        self.level: Callable[[int], int] = _compile_function(
            "level", self._level_source_lines(rules)
        )
        self.fired: Callable[[int], list[RuleMatch]] = _compile_function(
            "fired", self._fired_source_lines(rules)
        )
        self.matched_groups = self.compile_groups(_wrap_singly(groups))
        # By identity: to hash a condition is to walk it, which costs more than the answer. Made
        # when first needed: most are never asked for in a rulebook that is only tried out.
        self._evidence_fns: dict[int, ConditionEvidence] = {}

    def compile_groups(
        self, groups: Mapping[str, Sequence[Sequence[Requirement]]]
    ) -> Mapping[str, Callable[[int], list[int]]]:
        """For each group, a function that lists where all conditions together hold, by index."""
        return {
            name: _compile_function(name, self._matched_source_lines(group))
            for name, group in groups.items()
        }

    def encode_answers(self, answers: Answers, off_path: Iterable[str], amounts: Amounts) -> int:
        """The answers on the path, the questions that are not asked and the lab bounds met."""
        bitset = 0 if amounts else self._no_labs
        for question, chosen in answers.items():
            bits = self._bits[question]
            for option in chosen:
                bitset |= bits[option]
        for question in off_path:
            bitset |= self._off[question]
        if amounts:
            situation = Situation({}, frozenset(), {}, amounts)
            for leaf, bit in self._labs.items():
                if judge_condition(leaf, situation) is Truth.TRUE:
                    bitset |= bit
            if find_unweighed_analytes(self._unread, amounts):
                bitset |= self._unread_value
        return bitset

    def explain_condition(
        self, condition: Condition, bitset: int, answers: Answers
    ) -> tuple[Evidence, ...]:
        """The answers that make a rule or an evidence line hold, as `conditions.because` does."""
        found = []
        evidence_fn, leaves_by_index = self._evidence_fns.get(
            id(condition)
        ) or self._compile_evidence_fn(condition)
        for index in evidence_fn(bitset):
            leaf, ready, unsure, mask = leaves_by_index[index]
            if ready is not None and bitset & mask:
                found.append(ready)
                continue
            chosen = answers.get(leaf.question)
            if chosen is None:
                continue  # a "not" about a question that is not asked rests on no answer
            if bool(bitset & mask) is leaf.negated:
                found.append(unsure)
            else:
                telling = chosen if leaf.negated else chosen & leaf.options
                found.append(Evidence(leaf.question, tuple(sorted(telling))))
        return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)

    def _level_source_lines(self, rules: Sequence["Rule"]) -> list[str]:
        body = []
        for urgency in sorted(Urgency, reverse=True)[:-1]:
            certain = [self._write_test(r.when, Truth.TRUE) for r in rules if r.urgency is urgency]
            unsure = [
                self._write_joint_test(doubt_requirements(r))
                for r in rules
                if r.if_unsure is urgency
            ]
            if certain or unsure:
                body.append(f"if {' or '.join([*certain, *unsure])}: return {int(urgency)}")
        earned = [
            self._write_test(r.when, Truth.TRUE) for r in rules if r.urgency is Urgency.self_care
        ]
        complete = [f"marks & {self._answered_bits(q.id)}" for q in self._questionnaire]
        if earned:
            barred = self._unsure | self._unread_value
            calm = f"not marks & {barred} and {' and '.join(complete)}"
            body.append(f"if ({' or '.join(earned)}) and {calm}: return 0")
        return [*body, "return 1"]

    def _fired_source_lines(self, rules: Sequence["Rule"]) -> list[str]:
        body = ["found = []"]
        for index, rule in enumerate(rules):
            body.append(
                f"if {self._write_test(rule.when, Truth.TRUE)}: found.append(({index}, True))"
            )
            if rule.if_unsure is not None:
                unsure = self._write_joint_test(doubt_requirements(rule))
                body.append(f"elif {unsure}: found.append(({index}, False))")
        return [*body, "return found"]

    def _matched_source_lines(self, group: Sequence[Sequence[Requirement]]) -> list[str]:
        tests = map(self._write_joint_test, group)
        body = [f"if {test}: found.append({index})" for index, test in enumerate(tests)]
        return ["found = []", *body, "return found"]

    def _compile_evidence_fn(self, condition: Condition) -> ConditionEvidence:
        """What carries a condition. Threads that ask at once make the same thing twice, no more."""
        leaf_indices: dict[Choice | LabBound, int] = {}
        body = [
            "found = []",
            *self._evidence_source_lines(condition, "", leaf_indices),
            "return found",
        ]
        made = (
            _compile_function("behind", body),
            [self._explain_leaf(leaf) for leaf in leaf_indices],
        )
        self._evidence_fns[id(condition)] = made
        return made

    def _evidence_source_lines(
        self, condition: Condition, pad: str, leaf_indices: dict[Choice | LabBound, int]
    ) -> list[str]:
        """Source that collects the leaves which carry a condition, like `conditions.because`."""
        match condition:
            case NamedCondition():
                return self._evidence_source_lines(condition.part, pad, leaf_indices)
            case AtLeast():
                inner = [
                    line
                    for p in condition.parts
                    for line in self._evidence_source_lines(p, pad + " ", leaf_indices)
                ]
                return [f"{pad}if {self._write_test(condition, Truth.UNSURE)}:", *inner]
            case LabBound() if condition.negated:
                return [f"{pad}pass"]  # a value that was not given is no evidence
            case Choice() | LabBound():
                index = leaf_indices.setdefault(condition, len(leaf_indices))
                return [
                    f"{pad}if {self._write_test(condition, Truth.UNSURE)}: found.append({index})"
                ]

    def _explain_leaf(self, leaf: Choice | LabBound) -> LeafEvidence:
        """The leaf, what it says when met (if always the same) and when unsure, and its bits."""
        if isinstance(leaf, LabBound):
            value = Evidence("", (), lab=leaf.analyte)
            return leaf, value, value, self._labs[leaf]
        bits = self._bits[leaf.question]
        option, could_be = self._questionnaire.unsure_options[leaf.question]
        doubt = bits[option] if leaf.options & could_be else 0
        unsure = Evidence(leaf.question, (option,), unsure=True)
        if leaf.negated:
            return leaf, None, unsure, doubt
        alone = Evidence(leaf.question, tuple(leaf.options)) if len(leaf.options) == 1 else None
        return leaf, alone, unsure, sum(bits[ticked] for ticked in leaf.options)

    def _write_joint_test(self, requirements: Sequence[Requirement]) -> str:
        """Source that is true when all of these conditions are so true."""
        tests = (self._write_test(condition, truth) for condition, truth in requirements)
        return f"({' and '.join(tests)})"

    def _write_test(self, condition: Condition, truth: Truth) -> str:
        """Source that is true when the condition is at least so true (UNSURE or TRUE)."""
        match condition:
            case NamedCondition():
                return self._write_test(condition.part, truth)
            case LabBound():
                return f"marks & {self._labs[condition]}"
            case Choice():
                return self._write_choice_test(condition, truth)
            case AtLeast():
                parts = [self._write_test(part, truth) for part in condition.parts]
                if condition.count == 1:
                    return f"({' or '.join(parts)})"
                if condition.count == len(parts):
                    return f"({' and '.join(parts)})"
                return f"({' + '.join(f'bool({part})' for part in parts)} >= {condition.count})"

    def _write_choice_test(self, leaf: Choice, truth: Truth) -> str:
        bits = self._bits[leaf.question]
        ticked = sum(bits[option] for option in leaf.options)
        unsure, could_be = self._questionnaire.unsure_options[leaf.question]
        doubtful = ticked | (bits[unsure] if leaf.options & could_be else 0)
        if not leaf.negated:
            return f"marks & {ticked if truth is Truth.TRUE else doubtful}"
        return f"(marks & {self._answered_bits(leaf.question)} and not marks & {ticked})"

    def _answered_bits(self, question: str) -> int:
        """Bits of which one is set once the question is answered or known not to be asked."""
        return sum(self._bits[question].values()) | self._off[question]


def doubt_requirements(rule: "Rule") -> list[Requirement]:
    """What holds where a "not sure" gives `if_unsure` of a rule, or the rule certainly fires."""
    only_with = [] if rule.only_with is None else [(rule.only_with, Truth.TRUE)]
    return [(rule.when, Truth.UNSURE), *only_with]


def _wrap_singly(
    groups: Mapping[str, Sequence[Requirement]],
) -> Mapping[str, Sequence[Sequence[Requirement]]]:
    return {name: [[one] for one in group] for name, group in groups.items()}


def _rule_conditions(rule: "Rule") -> list[Condition]:
    return [rule.when] if rule.only_with is None else [rule.when, rule.only_with]


def _compile_function(name: str, body: Sequence[str]) -> Any:
    return _compile_source(name, "\n    ".join([f"def {name}(marks):", *body]))


@lru_cache(maxsize=512)
def _compile_source(name: str, source: str) -> Any:
    """The function of this source; rulebooks that differ in one rule share all others."""
    space: dict[str, Any] = {}
    # The source is made of our own words and of numbers: bits stand for all ids, and no text of a
    # rule file comes into it (a test holds that). Walking the conditions takes sixty times as long.
    exec(compile(source, f"<rules: {name}>", "exec"), {"bool": bool}, space)  # noqa: S102
    return space[name]


def _list_lab_leaves(conditions: Iterable[Condition]) -> Iterable[LabBound]:
    for condition in conditions:
        for leaf in walk_leaves(condition):
            if isinstance(leaf, LabBound):
                yield leaf
