"""The condition language: parsing, judging and walking. The one place that knows its grammar.

    {all: [...]}  {any: [...]}  {not: ...}  {at_least: 2, of: [...]}  {named: infant}
    {question: kidney, is: dialysis}   {question: age, any_of: [...]}          one choice
    {question: skin, includes: pus}    {question: skin, includes_any: [...]}   tick lists
    {lab: phosphate, above: {mmol/L: "1.5", mg/dL: "4.6"}}   also at_least, below

`not` is pushed down to the leaves when a condition is read: with two kinds of unknown only a leaf
can be turned round without letting a later answer lower what was already said.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from app.triage.terms import Answers, Truth

COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "at_least": Decimal.__ge__,
    "above": Decimal.__gt__,
    "below": Decimal.__lt__,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Some of these options were chosen (or, negated, none of them)."""

    question: str
    options: frozenset[str]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class LabBound:
    """A laboratory value against a bound that is given in every unit of its analyte."""

    analyte: str
    comparison: str
    bounds: tuple[tuple[str, Decimal], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `count` of the parts hold: `any` is 1 of n, `all` is n of n."""

    count: int
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class NamedCondition:
    """A condition that several rules share, kept under its name for whoever explains it."""

    name: str
    part: "Condition"
    negated: bool = False


Condition = Choice | LabBound | AtLeast | NamedCondition


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a condition may speak of: question -> (kind, options), analyte -> units, names."""

    questions: Mapping[str, tuple[str, tuple[str, ...]]]
    analytes: Mapping[str, tuple[str, ...]]
    named: Mapping[str, Condition]


class BadCondition(Exception):
    """A condition outside the grammar; the text says what is wrong and what is allowed."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a condition is judged against.

    `off_path` holds the questions that will not be asked, `could_be` what "I'm not sure" may stand
    for (question -> options), `labs` analyte -> unit -> amount, unrounded, in every unit.
    """

    answers: Answers
    off_path: Set[str]
    unsure: Mapping[str, tuple[str, frozenset[str]]]
    labs: Mapping[str, Mapping[str, Decimal]]


def judge_condition(condition: Condition, situation: Situation) -> Truth:
    """What is known of the condition: the reference that the compiled form must equal."""
    match condition:
        case Choice():
            return _judge_choice(condition, situation)
        case LabBound():
            return _judge_lab(condition, situation)
        case NamedCondition():
            return judge_condition(condition.part, situation)
        case AtLeast():
            truths = sorted(
                (judge_condition(part, situation) for part in condition.parts), reverse=True
            )
            return truths[condition.count - 1]


def walk_leaves(condition: Condition) -> Iterator[Choice | LabBound]:
    """Every comparison inside the condition, in reading order."""
    match condition:
        case Choice() | LabBound():
            yield condition
        case NamedCondition():
            yield from walk_leaves(condition.part)
        case AtLeast():
            for part in condition.parts:
                yield from walk_leaves(part)


def negate_condition(condition: Condition) -> Condition:
    """The condition turned round, with the turning done at the leaves."""
    match condition:
        case Choice() | LabBound():
            return replace(condition, negated=not condition.negated)
        case NamedCondition():
            return NamedCondition(
                condition.name, negate_condition(condition.part), not condition.negated
            )
        case AtLeast():
            needed = len(condition.parts) - condition.count + 1
            return AtLeast(needed, tuple(negate_condition(part) for part in condition.parts))


def parse_condition(raw: object, vocabulary: Vocabulary) -> Condition:
    """Read a condition as it stands in a rule file. Raises BadCondition."""
    if not isinstance(raw, dict) or not raw:
        raise BadCondition(f"a condition is expected, not {_describe_kind(raw)}; allowed: {_FORMS}")
    for key, reader in _READERS.items():
        if key in raw:
            return reader(raw, vocabulary)
    raise BadCondition(f"unknown condition '{next(iter(raw))}'; allowed: {_FORMS}")


def _judge_choice(leaf: Choice, situation: Situation) -> Truth:
    chosen = situation.answers.get(leaf.question)
    if chosen is None:
        truth = Truth.FALSE if leaf.question in situation.off_path else Truth.OPEN
    elif not chosen.isdisjoint(leaf.options):
        truth = Truth.TRUE
    else:
        unsure, could_be = situation.unsure[leaf.question]
        open_to_doubt = unsure in chosen and not leaf.options.isdisjoint(could_be)
        truth = Truth.UNSURE if open_to_doubt else Truth.FALSE
    return _negate_truth(truth, leaf.negated)


def _judge_lab(leaf: LabBound, situation: Situation) -> Truth:
    amounts = situation.labs.get(leaf.analyte)
    if amounts is None:
        return _negate_truth(Truth.FALSE, leaf.negated)
    compare = COMPARISONS[leaf.comparison]
    holds = any(compare(amounts[unit], bound) for unit, bound in leaf.bounds)
    return _negate_truth(Truth.TRUE if holds else Truth.FALSE, leaf.negated)


def _negate_truth(truth: Truth, negated: bool) -> Truth:
    """A "not" turns true and false round; of "not sure" it makes true: a doubt clears nothing."""
    if not negated or truth is Truth.OPEN:
        return truth
    return Truth.FALSE if truth is Truth.TRUE else Truth.TRUE


def _read_group(key: str) -> Callable[[dict[str, object], Vocabulary], Condition]:
    def read_condition_list(raw: dict[str, object], vocabulary: Vocabulary) -> Condition:
        _refuse_other_keys(raw, {key})
        parts = _parse_parts(raw[key], key, vocabulary)
        return AtLeast(len(parts) if key == "all" else 1, parts)

    return read_condition_list


def _read_at_least(raw: dict[str, object], vocabulary: Vocabulary) -> Condition:
    _refuse_other_keys(raw, {"at_least", "of"})
    parts = _parse_parts(raw["of"], "of", vocabulary)
    count = raw.get("at_least")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= len(parts):
        raise BadCondition(f"'at_least' takes a whole number from 1 to {len(parts)}")
    return AtLeast(count, parts)


def _read_not(raw: dict[str, object], vocabulary: Vocabulary) -> Condition:
    _refuse_other_keys(raw, {"not"})
    return negate_condition(parse_condition(raw["not"], vocabulary))


def _read_named(raw: dict[str, object], vocabulary: Vocabulary) -> Condition:
    _refuse_other_keys(raw, {"named"})
    name = raw["named"]
    if not isinstance(name, str) or name not in vocabulary.named:
        allowed = ", ".join(vocabulary.named) or "none so far"
        raise BadCondition(f"unknown name '{name}'; allowed here: {allowed}")
    return NamedCondition(name, vocabulary.named[name])


def _read_choice(raw: dict[str, object], vocabulary: Vocabulary) -> Condition:
    question = raw["question"]
    if not isinstance(question, str) or question not in vocabulary.questions:
        allowed = ", ".join(vocabulary.questions) or "none yet"
        raise BadCondition(f"unknown question '{question}'; allowed here: {allowed}")
    kind, allowed_options = vocabulary.questions[question]
    single, several = _FORMS_OF_KIND[kind]
    forms = raw.keys() - {"question"}
    if len(forms) != 1 or not forms <= {single, several}:
        raise BadCondition(f"question '{question}' takes one of: {single}, {several}")
    form = forms.pop()
    options = raw[form] if form == several else [raw[form]]
    if not isinstance(options, list) or not options:
        raise BadCondition(f"'{form}' takes a list of option ids")
    for option in options:
        if option not in allowed_options:
            shown = str(option).lower() if isinstance(option, bool) else option
            raise BadCondition(
                f"unknown option '{shown}' of question '{question}'; "
                f"allowed: {', '.join(allowed_options)}"
            )
    if len(set(options)) != len(options):
        raise BadCondition(f"'{form}' names an option twice")
    return Choice(question, frozenset(options))


def _read_lab(raw: dict[str, object], vocabulary: Vocabulary) -> Condition:
    analyte = raw["lab"]
    if not isinstance(analyte, str) or analyte not in vocabulary.analytes:
        allowed = ", ".join(vocabulary.analytes)
        raise BadCondition(f"unknown lab '{analyte}'; allowed: {allowed}")
    forms = raw.keys() - {"lab"}
    if len(forms) != 1 or not forms <= set(COMPARISONS):
        raise BadCondition(f"lab '{analyte}' takes one of: {', '.join(COMPARISONS)}")
    form = forms.pop()
    bounds, units = raw[form], vocabulary.analytes[analyte]
    if not isinstance(bounds, dict) or set(bounds) != set(units):
        raise BadCondition(f"'{form}' of '{analyte}' needs a bound in each of: {', '.join(units)}")
    try:
        read = tuple((unit, Decimal(_require_text(bounds[unit]))) for unit in units)
    except InvalidOperation:
        raise BadCondition(f"'{form}' of '{analyte}' takes numbers in quotes") from None
    return LabBound(analyte, form, read)


def _require_text(bound: object) -> str:
    if not isinstance(bound, str):
        raise InvalidOperation
    return bound


_READERS: Mapping[str, Callable[[dict[str, object], Vocabulary], Condition]] = {
    "all": _read_group("all"),
    "any": _read_group("any"),
    "not": _read_not,
    "of": _read_at_least,
    "named": _read_named,
    "question": _read_choice,
    "lab": _read_lab,
}
_FORMS_OF_KIND = {"one": ("is", "any_of"), "many": ("includes", "includes_any")}
_FORMS = "all, any, not, at_least with of, named, question, lab"


def _parse_parts(raw: object, key: str, vocabulary: Vocabulary) -> tuple[Condition, ...]:
    if not isinstance(raw, list) or not raw:
        raise BadCondition(f"'{key}' takes a list of conditions")
    return tuple(parse_condition(part, vocabulary) for part in raw)


def _refuse_other_keys(raw: dict[str, object], allowed: set[str]) -> None:
    surplus = [str(key) for key in raw if key not in allowed]
    if surplus:
        raise BadCondition(
            f"unknown key '{surplus[0]}' in a condition; allowed here: {', '.join(sorted(allowed))}"
        )


def _describe_kind(raw: object) -> str:
    kinds = {bool: "true or false", str: "a word", list: "a list", dict: "an empty one"}
    return kinds.get(type(raw), "nothing" if raw is None else "a number")
