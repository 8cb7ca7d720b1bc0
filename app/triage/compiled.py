"""All rules as a few generated functions of one integer, and what stands behind each that holds.

Judging every condition in turn (`conditions.judge_condition`) says the same; property tests hold
the two equal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from app.triage.conditions import AtLeast, Choice, Condition, LabBound, NamedCondition
from app.triage.labs import Amounts
from app.triage.masks import AnswerMasks, sum_bits
from app.triage.questionnaire import Questionnaire
from app.triage.terms import Answers, Evidence, Truth, Urgency

if TYPE_CHECKING:
    from app.triage.rules import Rule

RuleMatch = tuple[int, bool]
"""Index of a rule, and whether it certainly holds."""

Requirement = tuple[Condition, Truth]
"""A condition, and how true it has to be at least: UNSURE or TRUE."""

Requirements = Sequence[Requirement]
"""Conditions that have to hold together."""

Matcher = Callable[[int], list[int]]
"""Lists by index what holds."""

Written = TypeVar("Written")


class CompiledRules:
    """The rules of one rulebook, and groups of its other conditions, in compiled form."""

    def __init__(
        self,
        questionnaire: Questionnaire,
        rules: Sequence["Rule"],
        groups: Mapping[str, Sequence[Requirements]],
        unread: Mapping[str, str | None] | None = None,
    ) -> None:
        self._questionnaire = questionnaire
        self._conditions: dict[str, list[Condition | None]] = {
            "rule": [rule.when for rule in rules],
            "doubt": [rule.only_with for rule in rules],
            **{name: [e[0][0] if e else None for e in group] for name, group in groups.items()},
        }
        conditions = [c for rule in rules for c in (rule.when, rule.only_with) if c is not None]
        conditions += [c for group in groups.values() for needs in group for c, _ in needs]
        self.masks = masks = AnswerMasks(questionnaire, conditions, unread)
        self.encode_answers = masks.encode_answers
        self.level: Callable[[int], int] = masks.compile_function(
            "level", self._level_source_lines(rules)
        )
        self.fired: Callable[[int], list[RuleMatch]] = masks.compile_function(
            "fired", self._fired_source_lines(rules)
        )
        self.matched_groups = self.compile_groups(groups)
        # Made when first needed: most are never asked for in a rulebook that is only tried out.
        self._carrying: dict[str, list[Matcher | None]] = {
            group: [None] * len(some) for group, some in self._conditions.items()
        }

    def level_of(self, answers: Answers, off_path: Iterable[str], amounts: Amounts) -> Urgency:
        """The level of these answers; see `encode_answers`."""
        return Urgency(self.level(self.encode_answers(answers, off_path, amounts)))

    def compile_groups(self, groups: Mapping[str, Sequence[Requirements]]) -> Mapping[str, Matcher]:
        """For each group, a function that lists where all conditions together hold, by index."""
        return {
            name: self.masks.compile_function(name, self._matched_source_lines(group))
            for name, group in groups.items()
        }

    def explain_match(self, bitset: int, index: int, *groups: str) -> tuple[Evidence, ...]:
        """The answers that make the conditions of this index hold, each named once.

        The groups of a rule are "rule" and, for its `only_with`, "doubt".
        """
        found: dict[int, Evidence] = {}
        for group in groups:
            list_carrying = self._carrying[group][index] or self._compile_carrying(group, index)
            for bits in list_carrying(bitset):
                found[bits] = self._ready_evidence.get(bits) or self._read_evidence(bits)
        return tuple(found.values())

    def _compile_carrying(self, group: str, index: int) -> Matcher:
        """Lists what carries a condition where it holds: bits of answers, or of ready evidence."""
        condition = self._conditions[group][index]
        lines = [] if condition is None else self._evidence_source_lines(condition, "", sure=True)
        made: Matcher = self.masks.compile_function(
            "carrying", ["found = []", *lines, "return found"]
        )
        self._carrying[group][index] = made
        return made

    def _evidence_source_lines(self, condition: Condition, pad: str, *, sure: bool) -> list[str]:
        """Source that collects what carries a condition, unless it is `sure` to hold."""
        match condition:
            case NamedCondition():
                return self._evidence_source_lines(condition.part, pad, sure=sure)
            case AtLeast(count, parts):
                guarded = not sure and count > 1
                inner, each_sure = pad + " " * guarded, count == len(parts) and (sure or guarded)
                lines = [
                    line
                    for part in parts
                    for line in self._evidence_source_lines(part, inner, sure=each_sure)
                ]
                test = self.masks.write_test(condition, Truth.UNSURE)
                return [f"{pad}if {test}:", *lines] if guarded else lines
            case LabBound():
                test = self.masks.write_test(condition, Truth.UNSURE)
                found = "pass" if condition.negated else f"found.append({self._lab_key(condition)})"
                return [f"{pad}if {test}: {found}"]  # no value that was not given is evidence
            case Choice():
                return [f"{pad}{self._write_choice_evidence(condition)}"]

    def _write_choice_evidence(self, leaf: Choice) -> str:
        bits = self.masks.bits[leaf.question]
        option, could_be = self._questionnaire.unsure_options[leaf.question]
        doubt = bits[option] if leaf.options & could_be else 0
        ticked, given = sum_bits(bits[o] for o in leaf.options), sum(bits.values())
        if leaf.negated:  # of a question that is not asked it holds, but rests on no answer
            telling = f"-{doubt} if marks & {doubt} else marks & {given}"
            test = f"marks & {given} and not marks & {ticked}"
            return f"if {test}: found.append({telling if doubt else f'marks & {given}'})"
        telling = f"marks & {ticked} or -{doubt}" if doubt else f"marks & {ticked}"
        return f"if marks & {ticked | doubt}: found.append({telling})"

    @cached_property
    def _ready_evidence(self) -> Mapping[int, Evidence]:
        """What one tick says, what a doubt says (a number below 0), and each value."""
        found: dict[int, Evidence] = {}
        for question in self._questionnaire:
            bits, unsure = self.masks.bits[question.id], question.unsure
            found |= {bits[o]: Evidence(question.id, (o,)) for o in question.option_ids}
            found[-bits[unsure]] = Evidence(question.id, (unsure,), unsure=True)
        for leaf in self.masks.lab_bits:
            found[self._lab_key(leaf)] = Evidence("", (), lab=leaf.analyte)
        return found

    def _lab_key(self, leaf: LabBound) -> int:
        """The same number for every bound of an analyte."""
        return next(-b for one, b in self.masks.lab_bits.items() if one.analyte == leaf.analyte)

    def _read_evidence(self, carrying: int) -> Evidence:
        """What several ticks of a question say."""
        question = self.masks.question_at[carrying.bit_length()]
        bits = self.masks.bits[question].items()
        return Evidence(question, tuple(sorted([option for option, b in bits if b & carrying])))

    def _level_source_lines(self, rules: Sequence["Rule"]) -> list[str]:
        masks, body = self.masks, []
        for urgency in sorted(Urgency, reverse=True)[:-1]:
            certain = [[(r.when, Truth.TRUE)] for r in rules if r.urgency is urgency]
            unsure = [doubt_requirements(r) for r in rules if r.if_unsure is urgency]
            if certain or unsure:
                test = self._write_any([*certain, *unsure])
                body.append(f"if {test}: return {int(urgency)}")
        earned = [
            masks.write_test(r.when, Truth.TRUE) for r in rules if r.urgency is Urgency.self_care
        ]
        if earned:
            complete = [masks.variable_of(question.id) for question in self._questionnaire]
            calm = f"not marks & {masks.unsure | masks.unread_value} and {' and '.join(complete)}"
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
        bits: dict[str, int] = {}
        written: dict[str, list[Written]] = {}
        for requirements, source in tests:
            needed: dict[str, int] = {}
            for condition, truth in requirements:
                needed |= self.masks.needed_bits(condition, truth)
            # Most people have no blood tests: what needs one is passed over first of all.
            name = min(needed, key=lambda n: (n != "labs", needed[n].bit_count()), default="")
            bits[name] = bits.get(name, 0) | needed.get(name, 0)
            written.setdefault(name, []).append(source)
        return [(f"{n} & {bits[n]}" if n else "", written[n]) for n in written]

    def _fired_source_lines(self, rules: Sequence["Rule"]) -> list[str]:
        tests = []
        for index, rule in enumerate(rules):
            certain = self.masks.write_test(rule.when, Truth.TRUE)
            lines = [f"if {certain}: found.append(({index}, True))"]
            if rule.if_unsure is not None:
                unsure = self._write_joint_test(doubt_requirements(rule))
                lines.append(f"elif {unsure}: found.append(({index}, False))")
            least = Truth.TRUE if rule.if_unsure is None else Truth.UNSURE
            tests.append(([(rule.when, least)], lines))
        return self._write_blocks(tests)

    def _matched_source_lines(self, group: Sequence[Requirements]) -> list[str]:
        return self._write_blocks(
            (test, [f"if {self._write_joint_test(test)}: found.append({index})"])
            for index, test in enumerate(group)
            if test
        )

    def _write_joint_test(self, requirements: Requirements) -> str:
        """Source that is true when all of these conditions are so true."""
        tests = (self.masks.write_test(condition, truth) for condition, truth in requirements)
        return f"({' and '.join(tests)})"


def doubt_requirements(rule: "Rule") -> list[Requirement]:
    """What holds where a "not sure" gives `if_unsure` of a rule, or the rule certainly fires."""
    only_with = [] if rule.only_with is None else [(rule.only_with, Truth.TRUE)]
    return [(rule.when, Truth.UNSURE), *only_with]
