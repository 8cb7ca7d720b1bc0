"""Answers as one integer, and conditions as generated tests of its bits.

The generated source holds nothing but numbers that are made here, never a word from a rule file.
`conditions.judge_condition` is the reference; property tests hold the two equal.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from operator import or_
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
from app.triage.terms import Answers, Truth

if TYPE_CHECKING:
    from app.triage.questionnaire import Questionnaire

_VARIABLE = re.compile(r"q\d+|labs")
LEAST_USES = 6
"""How often a function has to read a question for it to be worth a variable of its own."""


class AnswerMasks:
    """A bit for each option, each question that is not asked and each lab bound.

    `question_at`: the question of a bit, by its `bit_length`. In the source `marks` is the whole
    number, `q3` the bits of the question at place 3.
    """

    def __init__(
        self,
        questionnaire: "Questionnaire",
        conditions: Iterable[Condition] = (),
        unread: Mapping[str, str | None] | None = None,
    ) -> None:
        self._unread, self._unsure_options = unread or {}, questionnaire.unsure_options
        self.bits: dict[str, dict[str, int]] = {}
        self.off: dict[str, int] = {}
        self.question_at = [""]
        self.lab_bits: dict[LabBound, int] = {}
        self._places: dict[str, tuple[str, int, int]] = {}
        self._ticked: dict[tuple[Choice, Truth], int] = {}
        position = 0
        for number, question in enumerate(questionnaire):
            width = len(question.options) + 1
            self._places[question.id] = f"q{number}", position, (1 << width) - 1
            options = enumerate(question.option_ids, position)
            self.bits[question.id] = {option: 1 << shift for shift, option in options}
            self.question_at += [question.id] * width
            position += width
            self.off[question.id] = 1 << position - 1
        self.unread_value = 1 << position
        position += 1
        for condition in conditions:
            for leaf in walk_leaves(condition):
                if isinstance(leaf, LabBound):
                    self.lab_bits.setdefault(leaf, 1 << position + len(self.lab_bits))
        # The last bits have no end, so that a bound which only a type has changes no other source.
        self._lab_position = position
        self._places[""] = "labs", position, -1
        self._no_labs = self._encode_labs({})

    @property
    def unsure(self) -> int:
        """The bits of every "not sure"."""
        return sum(self.bits[name][unsure] for name, (unsure, _) in self._unsure_options.items())

    def encode_answers(self, answers: Answers, off_path: Iterable[str], amounts: Amounts) -> int:
        """The answers on the path, the questions that are not asked and the lab bounds met."""
        bitset = self._encode_labs(amounts) if amounts else self._no_labs
        for question, chosen in answers.items():
            bits = self.bits[question]
            for option in chosen:
                bitset |= bits[option]
        for question in off_path:
            bitset |= self.off[question]
        return bitset

    def _encode_labs(self, amounts: Amounts) -> int:
        situation = Situation({}, frozenset(), {}, amounts)
        unread = self.unread_value if find_unweighed_analytes(self._unread, amounts) else 0
        return unread | sum_bits(
            bit
            for leaf, bit in self.lab_bits.items()
            if judge_condition(leaf, situation) is Truth.TRUE
        )

    def variable_of(self, question: str) -> str:
        """The variable of a question in the source."""
        return self._places[question][0]

    def write_test(self, condition: Condition, truth: Truth) -> str:
        """Source that is true when the condition is at least so true (OPEN, UNSURE or TRUE)."""
        match condition:
            case NamedCondition():
                return self.write_test(condition.part, truth)
            case LabBound():
                return f"labs & {self.lab_bits[condition] >> self._lab_position}"
            case Choice():
                return self._write_choice_test(condition, truth)
            case AtLeast():
                if condition.count == 1:
                    return f"({' or '.join(self._write_alternatives(condition, truth))})"
                parts = [self.write_test(part, truth) for part in condition.parts]
                if condition.count == len(parts):
                    return f"({' and '.join(parts)})"
                return f"({' + '.join(f'bool({part})' for part in parts)} >= {condition.count})"

    def _write_alternatives(self, condition: Condition, truth: Truth) -> list[str]:
        """Tests of which one is to hold: one for all plain choices of the same question."""
        ticked: dict[str, int] = {}
        others = []
        for part in _list_alternatives(condition):
            plain = isinstance(part, Choice | LabBound) and truth is not Truth.OPEN
            bits = self.needed_bits(part, truth) if plain else {}
            for name in bits:
                ticked[name] = ticked.get(name, 0) | bits[name]
            if not bits:
                others.append(self.write_test(part, truth))
        return [*(f"{name} & {bits}" for name, bits in ticked.items()), *others]

    def _write_choice_test(self, leaf: Choice, truth: Truth) -> str:
        name = self.variable_of(leaf.question)
        ticked = self._ticked_bits(leaf, Truth.TRUE if leaf.negated else truth)
        if truth is Truth.OPEN:
            return f"(not {name} {'or not' if leaf.negated else 'or'} {name} & {ticked})"
        return f"({name} and not {name} & {ticked})" if leaf.negated else f"{name} & {ticked}"

    def needed_bits(self, condition: Condition, truth: Truth) -> dict[str, int]:
        """By variable of the source, bits of which one is set wherever the condition is so true."""
        match condition:
            case NamedCondition():
                return self.needed_bits(condition.part, truth)
            case LabBound() | Choice() if condition.negated:
                return {}
            case LabBound():
                return {"labs": self.lab_bits[condition] >> self._lab_position}
            case Choice():
                return {self.variable_of(condition.question): self._ticked_bits(condition, truth)}
            case AtLeast():
                parts = [self.needed_bits(part, truth) for part in condition.parts]
                if condition.count == len(parts):
                    return {name: bits for part in parts for name, bits in part.items()}
                shared = set(parts[0]).intersection(*parts[1:]) if parts else set()
                return {name: sum_bits(part[name] for part in parts) for name in shared}

    def _ticked_bits(self, leaf: Choice, truth: Truth) -> int:
        """The bits that make a choice so true, in the variable of its question."""
        if (leaf, truth) not in self._ticked:
            bits = self.bits[leaf.question]
            unsure, could_be = self._unsure_options[leaf.question]
            doubt = truth < Truth.TRUE and leaf.options & could_be
            ticked = sum_bits(bits[o] for o in (*leaf.options, *([unsure] if doubt else ())))
            self._ticked[leaf, truth] = ticked >> self._places[leaf.question][1]
        return self._ticked[leaf, truth]

    def compile_function(self, name: str, body: Sequence[str], *, cut: bool = True) -> Any:
        """The function of these lines; a question that they read often is cut out of marks once.

        A question alone is a small number, and tests of small numbers take a third of the time.
        Lines that change marks themselves are not to be `cut`.
        """
        source = "\n    ".join(body)
        used = Counter(_VARIABLE.findall(source))
        cuts = []
        for short, position, ones in self._places.values():
            if cut and used[short] >= LEAST_USES:
                cuts.append(f"{short} = marks >> {position} & {ones}")
            elif short in used:
                test = re.compile(rf"\b{short}\b(?: & (\d+))?")
                for part in reversed(list(test.finditer(source))):
                    mask = int(part[1] or ones) << position
                    source = f"{source[: part.start()]}marks & {mask}{source[part.end() :]}"
        return _compile_source(name, "\n    ".join([f"def {name}(marks):", *cuts, source]))


def _list_alternatives(condition: Condition) -> Iterator[Condition]:
    """The parts of which one is to hold, with those of an "any" inside it."""
    match condition:
        case NamedCondition():
            yield from _list_alternatives(condition.part)
        case AtLeast(1, parts):
            for part in parts:
                yield from _list_alternatives(part)
        case _:
            yield condition


def sum_bits(some: Iterable[int]) -> int:
    """All bits that are set in any of them."""
    return reduce(or_, some, 0)


@lru_cache(maxsize=512)
def _compile_source(name: str, source: str) -> Any:
    """The function of this source; rulebooks that differ in one rule share all others."""
    space: dict[str, Any] = {}
    # The source is made of our own words and of numbers: bits stand for all ids, and no text of a
    # rule file comes into it (a test holds that). Walking the conditions takes sixty times as long.
    exec(compile(source, f"<rules: {name}>", "exec"), {"bool": bool}, space)  # noqa: S102
    return space[name]
