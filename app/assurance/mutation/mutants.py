"""Every small slip that a hand could make in the rules: an operator, a condition, a level, a sign.

A mutant is made from the YAML as it is written, so that both checkers can read it in their own way.
Knows nothing of cases and of proofs, and not whether a mutant is noticed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from app.assurance.cases import read_plain
from app.assurance.proof.properties_level import parse_written_condition
from app.triage.conditions import AtLeast, Condition, NamedCondition, negate_condition
from app.triage.rulebook import Rulebook
from app.triage.terms import Urgency

LEVELS = [urgency.name for urgency in Urgency]
ONE_OF = {"any_of": "is", "includes_any": "includes"}
OPPOSITE = {"at_least": "below", "above": "below", "below": "at_least"}
EDGE = {"at_least": "above", "above": "at_least"}
WITH_CONDITION = {
    "questions.yaml": "ask_if",
    "named.yaml": "when",
    "types/evidence.yaml": "when",
    "types/conflicts.yaml": "when",
    "contradictions.yaml": "when",
    "advice.yaml": "when",
}
FILTERS = ("types", "places", "levels")
EVIDENCE_FILES = {"types/evidence.yaml": "", "types/look_alikes.yaml": "like-"}
"""File -> what stands before the id of an entry where all lines of evidence are one list."""
PARTS = {
    "contradictions.yaml": "contradictions",
    "types/conflicts.yaml": "conflicts",
    "advice.yaml": "advice",
}
"""File -> the part of a rulebook that its entries are; the others hold its urgency rules."""
MutatedCondition = tuple[str, Any]
"""What was changed, and what then stands there; None, where nothing does."""


class Mutant(NamedTuple):
    """One slip: in an entry of a file, what stands under a key is another value.

    `line` counts the lines of a look-alike. A key of None is the whole entry, left out.
    """

    file: str
    entry: str
    key: str | None
    change: str
    value: Any
    line: int = 0

    @property
    def full_name(self) -> str:
        """The same in one line of words."""
        line = f"[{self.line}]" if self.file == "types/look_alikes.yaml" else ""
        key = f"{self.key}: " if self.key else ""
        return f"{self.file}: {self.entry}{line}: {key}{self.change}"


def list_mutants(folder: Path) -> list[Mutant]:
    """Every mutant of the rulebook in this folder, in the order of its files."""
    return list({mutant.full_name: mutant for mutant in _generate_mutants(folder)}.values())


def _generate_mutants(folder: Path) -> Iterator[Mutant]:
    for file, key in WITH_CONDITION.items():
        for entry in read_plain(folder / file):
            if key in entry:
                yield from _condition_mutants(file, entry["id"], key, entry[key])
            if file in ("types/conflicts.yaml", "contradictions.yaml"):
                yield Mutant(file, entry["id"], None, "left out", None)
            if file == "advice.yaml":
                yield from _advice_mutants(entry)
            yield from _weight_mutants(file, entry["id"], entry.get("weights", {}))
    for path in sorted(folder.glob("urgency/*.yaml")):
        for rule in read_plain(path):
            yield from _rule_mutants(f"urgency/{path.name}", rule)
    for alike in read_plain(folder / "types/look_alikes.yaml"):
        for line, part in enumerate(alike["evidence"]):
            at = "types/look_alikes.yaml", alike["id"]
            yield from _condition_mutants(*at, "when", part["when"], line)
            yield from _weight_mutants(*at, part["weights"], line)
    needs = read_plain(folder / "types/scale.yaml")["likely_needs"]
    yield from _condition_mutants("types/scale.yaml", "scale", "likely_needs", needs)


def mutate_condition(when: Any, *, turned: bool = False) -> Iterator[MutatedCondition]:
    """Every condition that is one slip away; `turned`: it stands under a "not" already."""
    if not turned and "not" not in when:
        yield f"not {format_yaml_line(when)}", {"not": when}
    match when:
        case {"all": [*parts]}:
            yield from _mutate_connective("all", parts)
        case {"any": [*parts]}:
            yield from _mutate_connective("any", parts)
        case {"at_least": n, "of": [*parts]}:
            for other in (n - 1, n + 1):
                if 1 <= other <= len(parts):
                    yield f"at_least {n} -> {other}", {"at_least": other, "of": parts}
            for what, fewer in _mutate_parts(parts):
                yield what, {"at_least": min(n, len(fewer)), "of": fewer}
        case {"not": part}:
            yield f"without the not of {format_yaml_line(part)}", part
            for what, other in mutate_condition(part, turned=True):
                yield what, {"not": other}
        case {"lab": _}:
            [comparison] = set(when) - {"lab"}
            for table in (EDGE, OPPOSITE):
                if comparison in table:
                    swapped = {"lab": when["lab"], table[comparison]: when[comparison]}
                    yield f"{when['lab']}: {comparison} -> {table[comparison]}", swapped
        case {"question": name}:
            [form] = set(when) - {"question"}
            if form in ONE_OF and len(when[form]) > 1:
                for option in when[form]:
                    rest = [other for other in when[form] if other != option]
                    yield f"{name}: without {option}", {"question": name, form: rest}


def apply_mutant(rulebook: Rulebook, mutant: Mutant) -> Rulebook:
    """The rulebook with this slip in it."""
    value: Any = mutant.value
    if value is not None and mutant.key in ("when", "only_with", "ask_if", "likely_needs"):
        value = parse_written_condition(rulebook, value)
    elif value is not None and mutant.key in ("urgency", "if_unsure"):
        value = Urgency[value]
    elif mutant.key in FILTERS:
        value = frozenset(value)
    if mutant.file == "named.yaml":
        return _redefine_name(rulebook, mutant.entry, value)
    if mutant.file == "types/scale.yaml":
        return replace(rulebook, scale=replace(rulebook.scale, likely_needs=value))
    change = {} if mutant.key is None else {mutant.key: value}
    if mutant.file == "questions.yaml":
        questions = _replace_entry(rulebook.questionnaire.questions, mutant.entry, change)
        return replace(rulebook, questionnaire=replace(rulebook.questionnaire, questions=questions))
    if mutant.file in EVIDENCE_FILES:
        name = EVIDENCE_FILES[mutant.file] + mutant.entry
        [start, *_] = [i for i, line in enumerate(rulebook.evidence) if line.id == name]
        lines = list(rulebook.evidence)
        lines[start + mutant.line] = replace(lines[start + mutant.line], **change)
        return replace(rulebook, evidence=tuple(lines))
    part = PARTS.get(mutant.file, "rules")
    changed: dict[str, Any] = {part: _replace_entry(getattr(rulebook, part), mutant.entry, change)}
    return replace(rulebook, **changed)


def format_yaml_line(part: Any) -> str:
    """Some YAML on one line."""
    return yaml.safe_dump(part, default_flow_style=True, width=10_000, sort_keys=False).strip()


def _condition_mutants(
    file: str, entry: str, key: str, when: Any, line: int = 0
) -> Iterator[Mutant]:
    for what, value in mutate_condition(when):
        yield Mutant(file, entry, key, what, value, line)
    if key in ("ask_if", "only_with") or file == "advice.yaml":
        yield Mutant(file, entry, key, "without any condition", None, line)


def _rule_mutants(file: str, rule: Mapping[str, Any]) -> Iterator[Mutant]:
    yield Mutant(file, rule["id"], None, "left out", None)
    yield from _condition_mutants(file, rule["id"], "when", rule["when"])
    for key in ("urgency", "if_unsure"):
        for step in (-1, 1) if key in rule else ():
            place = LEVELS.index(rule[key]) + step
            if 0 <= place < len(LEVELS):
                level = LEVELS[place]
                yield Mutant(file, rule["id"], key, f"{rule[key]} -> {level}", level)
    if "if_unsure" in rule:
        yield Mutant(file, rule["id"], "if_unsure", "left out", None)
    if "only_with" in rule:
        yield from _condition_mutants(file, rule["id"], "only_with", rule["only_with"])


def _weight_mutants(
    file: str, entry: str, weights: Mapping[str, int], line: int = 0
) -> Iterator[Mutant]:
    for kind, weight in weights.items():
        swapped = {**weights, kind: -weight}
        yield Mutant(file, entry, "weights", f"{kind}: {weight:+} -> {-weight:+}", swapped, line)


def _advice_mutants(entry: Mapping[str, Any]) -> Iterator[Mutant]:
    """Each filter left out, and each word of a filter; an empty filter lets everyone see it."""
    for key in FILTERS:
        named = entry.get(key, "all")
        if named == "all":
            continue
        yield Mutant("advice.yaml", entry["id"], key, "left out", [])
        for one in named if len(named) > 1 else ():
            rest = [other for other in named if other != one]
            yield Mutant("advice.yaml", entry["id"], key, f"without {one}", rest)


def _mutate_connective(key: str, parts: list[Any]) -> Iterator[MutatedCondition]:
    other = "any" if key == "all" else "all"
    if len(parts) > 1:
        yield f"{key} -> {other} of {format_yaml_line(parts)}", {other: parts}
    for what, changed_parts in _mutate_parts(parts):
        yield what, {key: changed_parts}


def _mutate_parts(parts: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    for i, part in enumerate(parts):
        before, after = parts[:i], parts[i + 1 :]
        if len(parts) > 1:
            yield f"without {format_yaml_line(part)}", before + after
        for what, other in mutate_condition(part):
            yield what, [*before, other, *after]


def _replace_entry(entries: Sequence[Any], name: str, change: Mapping[str, Any]) -> tuple[Any, ...]:
    """The entries, one of them changed; without a change, left out."""
    # What a piece of advice is and when it is shown are two values; the first has the id.
    both = [(getattr(entry, "advice", entry).id, entry) for entry in entries]
    if not change:
        return tuple(entry for id_, entry in both if id_ != name)
    return tuple(replace(entry, **change) if id_ == name else entry for id_, entry in both)


def _redefine_name(rulebook: Rulebook, name: str, meaning: Condition) -> Rulebook:
    """Another meaning for a name, wherever the name stands."""

    def redefine_condition(when: Condition) -> Condition:
        match when:
            case NamedCondition() if when.name == name:
                return replace(when, part=negate_condition(meaning) if when.negated else meaning)
            case NamedCondition():
                return replace(when, part=redefine_condition(when.part))
            case AtLeast():
                return replace(when, parts=tuple(redefine_condition(part) for part in when.parts))
            case _:
                return when

    def redefine_entries(entries: Sequence[Any], key: str = "when") -> tuple[Any, ...]:
        found = []
        for entry in entries:
            when = getattr(entry, key)
            other = None if when is None else redefine_condition(when)
            found.append(entry if other == when else replace(entry, **{key: other}))
        return tuple(found)

    questions = rulebook.questionnaire
    return replace(
        rulebook,
        questionnaire=replace(questions, questions=redefine_entries(questions.questions, "ask_if")),
        rules=redefine_entries(redefine_entries(rulebook.rules), "only_with"),
        evidence=redefine_entries(rulebook.evidence),
        conflicts=redefine_entries(rulebook.conflicts),
        contradictions=redefine_entries(rulebook.contradictions),
        advice=redefine_entries(rulebook.advice),
        scale=replace(rulebook.scale, likely_needs=redefine_condition(rulebook.scale.likely_needs)),
    )
