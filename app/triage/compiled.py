"""Answers as one integer and all rules as a few generated functions of mask tests.

The generated source holds nothing but numbers that are made here, never a word from a rule file.
`conditions.judge` and `conditions.because` are the reference; property tests hold them equal.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, TypeVar

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

Requirements = Sequence[Requirement]
"""Conditions that have to hold together."""

Written = TypeVar("Written")

_VARIABLE = re.compile(r"q\d+|labs")
LEAST_USES = 6
"""How often a function has to read a question for it to be worth a variable of its own."""


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
        self._labs: dict[LabBound, int] = {}
        self._ticked: dict[tuple[Choice, Truth], tuple[str, int]] = {}
        others = [condition for group in groups.values() for condition, _ in group]
        ruled = [condition for rule in rules for condition in _rule_conditions(rule)]
        self._assign_bits([*ruled, *others])
        self.level: Callable[[int], int] = self._compile_function(
            "level", self._level_source_lines(rules)
        )
        self.fired: Callable[[int], list[RuleMatch]] = self._compile_function(
            "fired", self._fired_source_lines(rules)
        )
        self.matched_groups = self.compile_groups(
            {name: [[one] for one in group] for name, group in groups.items()}
        )
        self._rules, self._groups = rules, groups
        # Made when first needed: most are never asked for in a rulebook that is only tried out.
        self._evidence: dict[tuple[str, int], ConditionEvidence] = {}

    def _assign_bits(self, conditions: Sequence[Condition]) -> None:
        """A bit for each option, each question that is not asked and each lab bound."""
        self._bits: dict[str, dict[str, int]] = {}
        self._off: dict[str, int] = {}
        self._places: dict[str, tuple[str, int, int]] = {}
        position = 0
        for number, question in enumerate(self._questionnaire):
            width = len(question.options) + 1
            self._places[question.id] = f"q{number}", position, (1 << width) - 1
            self._bits[question.id] = {
                option: 1 << position + step for step, option in enumerate(question.option_ids)
            }
            position += len(question.options)
            self._off[question.id] = 1 << position
            position += 1
        self._unread_value = 1 << position
        position += 1
        leaves = (leaf for one in conditions for leaf in walk_leaves(one))
        for leaf in (leaf for leaf in leaves if isinstance(leaf, LabBound)):
            self._labs.setdefault(leaf, 1 << position + len(self._labs))
        self._lab_position = position
        # The last bits have no end, so that a bound which only a type has changes no other source.
        self._places[""] = "labs", position, -1
        nothing = Situation({}, frozenset(), {}, {})
        self._no_labs = sum(
            b for leaf, b in self._labs.items() if judge_condition(leaf, nothing) is Truth.TRUE
        )
        self._unsure = sum(self._bits[q.id][q.unsure] for q in self._questionnaire)

    def compile_groups(
        self, groups: Mapping[str, Sequence[Sequence[Requirement]]]
    ) -> Mapping[str, Callable[[int], list[int]]]:
        """For each group, a function that lists where all conditions together hold, by index."""
        return {
            name: self._compile_function(name, self._matched_source_lines(group))
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

    def explain_rule(
        self, index: int, certain: bool, bitset: int, answers: Answers
    ) -> tuple[Evidence, ...]:
        """The answers that make the rule of this index fire, as `conditions` explains them."""
        rule = self._rules[index]
        evidence = self._explain(("rule", index), rule.when, bitset, answers)
        if not certain and rule.only_with is not None:
            evidence += self._explain(("doubt", index), rule.only_with, bitset, answers)
        return tuple(dict.fromkeys(evidence))

    def explain_match(
        self, group: str, index: int, bitset: int, answers: Answers
    ) -> tuple[Evidence, ...]:
        """The answers that make the condition of this index in the group hold."""
        condition = self._groups[group][index][0]
        evidence = self._explain((group, index), condition, bitset, answers)
        return tuple(dict.fromkeys(evidence) if len(evidence) > 1 else evidence)

    def _explain(
        self, key: tuple[str, int], condition: Condition, bitset: int, answers: Answers
    ) -> list[Evidence]:
        list_carrying, leaves = self._evidence.get(key) or self._make_evidence(key, condition)
        found = []
        for leaf, ready, unsure, mask in [leaves[index] for index in list_carrying(bitset)]:
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
        return found

    def _make_evidence(self, key: tuple[str, int], condition: Condition) -> ConditionEvidence:
        leaves: dict[Choice | LabBound, int] = {}
        lines = self._evidence_source_lines(condition, "", leaves)
        list_carrying = self._compile_function("carrying", ["found = []", *lines, "return found"])
        made = self._evidence[key] = list_carrying, [self._explain_leaf(leaf) for leaf in leaves]
        return made

    def _evidence_source_lines(
        self, condition: Condition, pad: str, leaves: dict[Choice | LabBound, int]
    ) -> list[str]:
        """Source that collects the leaves which carry a condition; each gets an index."""
        match condition:
            case NamedCondition():
                return self._evidence_source_lines(condition.part, pad, leaves)
            case AtLeast():
                inner = [
                    line
                    for part in condition.parts
                    for line in self._evidence_source_lines(part, pad + " ", leaves)
                ]
                return [f"{pad}if {self._write_test(condition, Truth.UNSURE)}:", *inner]
            case LabBound() if condition.negated:
                return [f"{pad}pass"]  # a value that was not given is no evidence
            case Choice() | LabBound():
                index = leaves.setdefault(condition, len(leaves))
                test = self._write_test(condition, Truth.UNSURE)
                return [f"{pad}if {test}: found.append({index})"]

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
        return leaf, alone, unsure, sum_bits(bits[ticked] for ticked in leaf.options)

    def _level_source_lines(self, rules: Sequence["Rule"]) -> list[str]:
        body = []
        for urgency in sorted(Urgency, reverse=True)[:-1]:
            certain = [[(r.when, Truth.TRUE)] for r in rules if r.urgency is urgency]
            unsure = [doubt_requirements(r) for r in rules if r.if_unsure is urgency]
            if certain or unsure:
                test = self._write_any([*certain, *unsure])
                body.append(f"if {test}: return {int(urgency)}")
        earned = [
            self._write_test(r.when, Truth.TRUE) for r in rules if r.urgency is Urgency.self_care
        ]
        complete = [self._places[q.id][0] for q in self._questionnaire]
        if earned:
            barred = self._unsure | self._unread_value
            calm = f"not marks & {barred} and {' and '.join(complete)}"
            body.append(f"if ({' or '.join(earned)}) and {calm}: return 0")
        return [*body, "return 1"]

    def _write_any(self, tests: Iterable[Requirements]) -> str:
        """Source that is true when the requirements of any test hold."""
        blocks = self._group_by_need((test, self._write_joint_test(test)) for test in tests)
        return " or ".join(
            f"{need} and ({' or '.join(joined)})" if need else " or ".join(joined)
            for need, joined in blocks
        )

    def _write_blocks(self, tests: Iterable[tuple[Requirements, Sequence[str]]]) -> list[str]:
        """Lines of source under what they need, so that most are passed over together."""
        body = ["found = []"]
        groups = self._group_by_need(tests)
        for need, blocks in groups:
            lines = [line for block in blocks for line in block]
            body += [f"if {need}:", *(f" {line}" for line in lines)] if need else lines
        order = ["found.sort()"] if len(groups) > 1 else []
        return [*body, *order, "return found"]

    def _group_by_need(
        self, tests: Iterable[tuple[Requirements, Written]]
    ) -> list[tuple[str, list[Written]]]:
        """What is written for tests, by source of what has to be ticked for any of them."""
        masks: dict[str, int] = {}
        written: dict[str, list[Written]] = {}
        for requirements, source in tests:
            needed: dict[str, int] = {}
            for condition, truth in requirements:
                needed |= self._needed_bits(condition, truth)
            name = min(needed, key=lambda one: needed[one].bit_count(), default="")
            masks[name] = masks.get(name, 0) | needed.get(name, 0)
            written.setdefault(name, []).append(source)
        return [(f"{n} & {masks[n]}" if n else "", written[n]) for n in written]

    def _needed_bits(self, condition: Condition, truth: Truth) -> dict[str, int]:
        """By variable of the source, bits of which one is set wherever the condition is so true."""
        match condition:
            case NamedCondition():
                return self._needed_bits(condition.part, truth)
            case LabBound():
                return {"labs": self._labs[condition] >> self._lab_position}
            case Choice():
                if condition.negated:
                    return {}
                name, bits = self._ticked_bits(condition, truth)
                return {name: bits}
            case AtLeast():
                parts = [self._needed_bits(part, truth) for part in condition.parts]
                if condition.count == len(parts):
                    return {name: bits for part in parts for name, bits in part.items()}
                shared = set(parts[0]).intersection(*parts[1:]) if parts else set()
                return {name: sum_bits(part[name] for part in parts) for name in shared}

    def _fired_source_lines(self, rules: Sequence["Rule"]) -> list[str]:
        tests = []
        for index, rule in enumerate(rules):
            certain = self._write_test(rule.when, Truth.TRUE)
            lines = [f"if {certain}: found.append(({index}, True))"]
            if rule.if_unsure is not None:
                unsure = self._write_joint_test(doubt_requirements(rule))
                lines.append(f"elif {unsure}: found.append(({index}, False))")
            least = Truth.TRUE if rule.if_unsure is None else Truth.UNSURE
            tests.append(([(rule.when, least)], lines))
        return self._write_blocks(tests)

    def _matched_source_lines(self, group: Sequence[Sequence[Requirement]]) -> list[str]:
        return self._write_blocks(
            (test, [f"if {self._write_joint_test(test)}: found.append({index})"])
            for index, test in enumerate(group)
        )

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
                return f"labs & {self._labs[condition] >> self._lab_position}"
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
        if not leaf.negated:
            return "{} & {}".format(*self._ticked_bits(leaf, truth))
        name, ticked = self._ticked_bits(leaf, Truth.TRUE)
        return f"({name} and not {name} & {ticked})"

    def _ticked_bits(self, leaf: Choice, truth: Truth) -> tuple[str, int]:
        """The variable of the question, and the bits that make its choice so true."""
        known = self._ticked.get((leaf, truth))
        if known is not None:
            return known
        name, position, _ = self._places[leaf.question]
        bits = self._bits[leaf.question]
        unsure, could_be = self._questionnaire.unsure_options[leaf.question]
        counted = set(leaf.options)
        if truth is Truth.UNSURE and leaf.options & could_be:
            counted.add(unsure)
        made = name, sum(bits[option] for option in counted) >> position
        self._ticked[leaf, truth] = made
        return made

    def _compile_function(self, name: str, body: Sequence[str]) -> Any:
        """The function of these lines; a question that they read often is cut out of marks once.

        A question alone is a small number, and tests of small numbers take a third of the time.
        """
        source = "\n    ".join(body)
        used = Counter(_VARIABLE.findall(source))
        cuts = []
        for short, position, ones in self._places.values():
            if used[short] >= LEAST_USES:
                cuts.append(f"{short} = marks >> {position} & {ones}")
            elif short in used:
                test = re.compile(rf"\b{short}\b(?: & (\d+))?")
                for part in reversed(list(test.finditer(source))):
                    mask = int(part[1] or ones) << position
                    source = f"{source[: part.start()]}marks & {mask}{source[part.end() :]}"
        return _compile_source(name, "\n    ".join([f"def {name}(marks):", *cuts, source]))


def doubt_requirements(rule: "Rule") -> list[Requirement]:
    """What holds where a "not sure" gives `if_unsure` of a rule, or the rule certainly fires."""
    only_with = [] if rule.only_with is None else [(rule.only_with, Truth.TRUE)]
    return [(rule.when, Truth.UNSURE), *only_with]


def sum_bits(some: Iterable[int]) -> int:
    """All bits that are set in any of them."""
    return reduce(or_, some, 0)


def _rule_conditions(rule: "Rule") -> list[Condition]:
    return [rule.when] if rule.only_with is None else [rule.when, rule.only_with]


@lru_cache(maxsize=512)
def _compile_source(name: str, source: str) -> Any:
    """The function of this source; rulebooks that differ in one rule share all others."""
    space: dict[str, Any] = {}
    # The source is made of our own words and of numbers: bits stand for all ids, and no text of a
    # rule file comes into it (a test holds that). Walking the conditions takes sixty times as long.
    exec(compile(source, f"<rules: {name}>", "exec"), {"bool": bool}, space)  # noqa: S102
    return space[name]
