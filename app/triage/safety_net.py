"""The safety net: for a person's own answers, every single change that would raise the level.

What can change stands in rules/questions.yaml (`may_happen`, `may_end`); each change is tried on
the rules themselves, and nothing is added to them. Knows no words and no page.

A change that opens a question leaves that one unanswered. Unanswered is never "no": the level is
then "at least", and never self-care; the change names what it `opens`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from app.triage.advice import AdviceRule
from app.triage.compiled import CompiledRules, Requirement, doubt_requirements
from app.triage.conditions import Choice, LabBound, walk_leaves
from app.triage.labs import Amounts, RawLabs
from app.triage.questionnaire import AnswerPath, Question, Questionnaire
from app.triage.rules import Rule, find_shortest_time, read_counted_amounts
from app.triage.terms import Advice, Answers, Truth, Urgency

if TYPE_CHECKING:
    from app.triage.rulebook import Rulebook

ANY_BIT = -1
"""The mask of all marks."""


class SafetyNetChange(NamedTuple):
    """One answer that would raise the level to `urgency`, and by which rules (none: the floor).

    `ends`: no new tick, but one that time takes away. `opens`: what would have to be asked then.
    """

    question: str
    option: str
    urgency: Urgency
    rules: tuple[str, ...]
    within: str | None = None
    ends: bool = False
    opens: tuple[str, ...] = ()


class SafetyNet(NamedTuple):
    """The level now, and every change that raises it: the gravest first, then as asked."""

    urgency: Urgency
    changes: tuple[SafetyNetChange, ...]


def build_safety_net(
    rulebook: "Rulebook", answers: Answers, labs: RawLabs | None = None
) -> SafetyNet:
    """Every single change that raises the level of these answers. Raises BadLab."""
    path = rulebook.questionnaire.trace_path(answers)
    return rulebook.watched_changes.try_changes(path, read_counted_amounts(rulebook, path, labs))


class WhatIfStep(NamedTuple):
    """A change as arithmetic on marks.

    It can happen where a mark of `needs` and one of `also` is set, and none of `bars`.
    """

    question: Question
    option: str
    needs: int
    also: int
    bars: int
    keeps: int
    adds: int
    ends: bool = False

    def apply_to(self, chosen: frozenset[str]) -> frozenset[str]:
        """The answer after the change."""
        if self.question.kind == "one":
            return frozenset([self.option])
        if not self.ends:
            return chosen - {self.question.none} | {self.option}
        return chosen - {self.option} or frozenset([self.question.none or self.option])

    def may_satisfy(self, leaf: Choice | LabBound) -> bool:
        """Whether the change could make a comparison true that was not."""
        if not isinstance(leaf, Choice) or leaf.question != self.question.id:
            return False
        return leaf.negated or (self.question.none if self.ends else self.option) in leaf.options


class WatchedChanges:
    """Every change that the questions name, ready to be tried on anyone's answers."""

    def __init__(
        self, questionnaire: Questionnaire, rules: Sequence[Rule], compiled: CompiledRules
    ) -> None:
        self._questionnaire, self._rules, self._compiled = questionnaire, rules, compiled
        self._steps = [step for question in questionnaire for step in self._list_steps(question)]
        self._outcomes = [self._list_outcomes(step) for step in self._steps]
        groups = {
            f"after_{place}": [asked for _, _, asked in outcomes]
            for place, outcomes in enumerate(self._outcomes)
        }
        self._outcome_tests = list(compiled.compile_groups(groups).values())
        self.boxed = frozenset((q.id, o.id) for q in questionnaire for o in q.options if o.box)

    def try_changes(self, path: AnswerPath, amounts: Amounts) -> SafetyNet:
        """Every single change that raises the level of the answers on this path."""
        bitset = self._compiled.encode_answers(path.answers, path.off_path, amounts)
        now = Urgency(self._compiled.level(bitset))
        found = []
        each = zip(self._steps, self._outcomes, self._outcome_tests, strict=True)
        for step, outcomes, holding in each:
            if not bitset & step.needs or not bitset & step.also or bitset & step.bars:
                continue
            if step.question.id in self._questionnaire.routing_questions:
                change = self._try_rerouting_step(step, path, amounts)
                found += [change] if change.urgency > now else []
                continue
            after = bitset & step.keeps | step.adds
            held = holding(after)
            reached = outcomes[held[0]][1] if held else now
            if now == Urgency.self_care >= reached:
                reached = Urgency(self._compiled.level(after))  # not earned any more?
            if reached > now:
                rules = [outcomes[index][0] for index in held if outcomes[index][1] == reached]
                found.append(_make_change(step, reached, rules))
        found.sort(key=lambda change: -change.urgency)
        return SafetyNet(now, tuple(found))

    def possible_steps(self, answers: Answers) -> list[WhatIfStep]:
        """Every change that can still happen to these answers, whatever it leads to."""
        path = self._questionnaire.trace_path(answers)
        bitset = self._compiled.encode_answers(path.answers, path.off_path, {})
        return [
            s for s in self._steps if bitset & s.needs and bitset & s.also and not bitset & s.bars
        ]

    def _try_rerouting_step(
        self, step: WhatIfStep, path: AnswerPath, amounts: Amounts
    ) -> SafetyNetChange:
        """A change after which other questions may be asked: the path is walked anew."""
        name = step.question.id
        after = self._questionnaire.trace_path(
            {**path.answers, name: step.apply_to(path.answers[name])}
        )
        bitset = self._compiled.encode_answers(after.answers, after.off_path, amounts)
        reached = Urgency(self._compiled.level(bitset))
        fired = [(self._rules[index], certain) for index, certain in self._compiled.fired(bitset)]
        rules = (r for r, certain in fired if (r.urgency if certain else r.if_unsure) == reached)
        opened = path.off_path - after.off_path - after.answers.keys()
        opens = tuple(q.id for q in self._questionnaire if q.id in opened)
        return _make_change(step, reached, rules)._replace(opens=opens)

    def _list_outcomes(self, step: WhatIfStep) -> list[tuple[Rule, Urgency, list[Requirement]]]:
        """What each rule that the change can make true gives, and what has to hold for that.

        A rule that raises the level did not give it before, so it is among them; the gravest of
        those that hold is the level, and the gravest come first. Only self-care can be lost
        without any.
        """
        found = []
        for rule in self._rules:
            if any(map(step.may_satisfy, walk_leaves(rule.when))):
                found.append((rule, rule.urgency, [(rule.when, Truth.TRUE)]))
            needed = doubt_requirements(rule)
            leaves = [leaf for condition, _ in needed for leaf in walk_leaves(condition)]
            if rule.if_unsure is not None and any(map(step.may_satisfy, leaves)):
                found.append((rule, rule.if_unsure, needed))
        return sorted(found, key=lambda outcome: -outcome[1])

    def _list_steps(self, question: Question) -> Iterator[WhatIfStep]:
        bits = self._compiled.masks.bits[question.id]
        all_bits = sum(bits.values())
        none = bits[question.none] if question.none is not None else 0
        for option in question.options:
            bit = bits[option.id]
            if option.may_happen and question.kind == "many":
                yield WhatIfStep(question, option.id, all_bits, ANY_BIT, bit, ~none, bit)
            elif option.may_happen:
                graver = _graver_options(question, option.id)
                lower = all_bits - sum(bits[one] for one in graver)
                yield WhatIfStep(question, option.id, lower, ANY_BIT, 0, ~all_bits, bit)
            elif option.may_end:
                others = all_bits - bit
                yield WhatIfStep(question, option.id, bit, ANY_BIT, others, ~bit, none, ends=True)
                yield WhatIfStep(question, option.id, bit, others, 0, ~bit, 0, ends=True)


def _make_change(step: WhatIfStep, reached: Urgency, rules: Iterable[Rule]) -> SafetyNetChange:
    within = {rule.id: rule.within for rule in rules}  # by id: to hash a rule is to walk it
    shortest = find_shortest_time(within.values())
    return SafetyNetChange(
        step.question.id, step.option, reached, tuple(within), shortest, step.ends
    )


def _graver_options(question: Question, option: str) -> set[str]:
    """This option and every one that is graver: from these no step leads up to it."""
    after = [chain[chain.index(option) :] for chain in question.severity if option in chain]
    return {option}.union(*after)


class SafetyNetLine(NamedTuple):
    """Changes that are told together; `words`: whose words of a change tell all of them."""

    urgency: Urgency
    question: str
    words: str
    changes: tuple[SafetyNetChange, ...]


class SafetyNetLayout(NamedTuple):
    """What is told. What the emergency box says to everyone is not among it.

    `entries`: lines, and warnings that say more than a line can, the gravest first. `remarks`:
    warnings that lead to no level of their own.
    """

    entries: tuple[SafetyNetLine | AdviceRule, ...]
    remarks: tuple[AdviceRule, ...] = ()


def arrange_lines(
    rulebook: "Rulebook", found: SafetyNet, watch: Iterable[Advice]
) -> SafetyNetLayout:
    """The net beside the warnings (`watch`) of the same result.

    A warning that is `covered_by` changes is left out where lines tell them, no less gravely. A
    warning that `covers` changes stands for their lines, but for graver ones.
    """
    reached = {(change.question, change.option): change.urgency for change in found.changes}
    ids = {advice.id for advice in watch}
    chosen = [rule for rule in rulebook.advice if rule.advice.id in ids]
    warnings = [rule for rule in chosen if not _is_covered(rule, reached)]
    said = {pair: rule.urgency for rule in warnings for pair in rule.covers}
    boxed = rulebook.watched_changes.boxed
    left = [
        change
        for change in found.changes
        if (pair := (change.question, change.option)) not in boxed
        and change.urgency > (said.get(pair) or Urgency.self_care)
    ]
    entries: list[SafetyNetLine | AdviceRule] = [
        *_group_lines(rulebook.questionnaire, left),
        *(w for w in warnings if w.urgency),
    ]
    entries.sort(key=lambda entry: -(entry.urgency or 0))
    return SafetyNetLayout(tuple(entries), tuple(rule for rule in warnings if rule.urgency is None))


def collapse_lines(layout: SafetyNetLayout) -> tuple[SafetyNetLayout, SafetyNetLayout]:
    """(What is shown at once: every emergency and the remarks; what may be folded away)."""
    grave = sum(entry.urgency is Urgency.emergency for entry in layout.entries)
    return SafetyNetLayout(layout.entries[:grave], layout.remarks), SafetyNetLayout(
        layout.entries[grave:]
    )


def _is_covered(rule: AdviceRule, reached: Mapping[tuple[str, str], Urgency]) -> bool:
    levels = [reached[pair] for pair in rule.covered_by if pair in reached]
    return levels != [] and rule.urgency is not None and min(levels) >= rule.urgency


def _group_lines(
    questionnaire: Questionnaire, changes: Iterable[SafetyNetChange]
) -> Iterator[SafetyNetLine]:
    for (urgency, name), group in groupby(changes, lambda c: (c.urgency, c.question)):
        left = {change.option: change for change in group}
        while left:
            words, options = _next_line_options(questionnaire[name], left)
            yield SafetyNetLine(urgency, name, words, tuple(left.pop(option) for option in options))


def _next_line_options(
    question: Question, left: Mapping[str, SafetyNetChange]
) -> tuple[str, list[str]]:
    """The words that come next, and the options that they tell: all of a line's, or one alone."""
    first = next(iter(left))
    if question.kind == "one":  # the mildest step tells the graver ones, which lead no further
        chain = next(chain for chain in question.severity if first in chain)
        together = [option for option in chain if option in left]
        words = together[0]
    else:
        words = next(o.told_with for o in question.options if o.id == first) or first
        together = [o.id for o in question.options if o.told_with == words]
    whole = together != [] and left.keys() >= {*together}
    one_time = whole and len({left[option].within for option in together}) == 1
    return (words, together) if one_time else (first, [first])
