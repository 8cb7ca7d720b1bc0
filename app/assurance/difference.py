"""What a change of the rules does: how many answer sets move, which way, and who shows it.

Levels are counted exactly over all finished answer sets, by decision diagram. The likely type is
counted exactly among those who say at most a few things (see `answer_types`); no diagram holds it
for everyone. Every figure counts answer sets, not patients. Writes no files.

Where the old rulebook asks otherwise, its answer sets are counted as they read in the new one.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from app.assurance.cases import read_cases
from app.assurance.figures import ChangeFigure
from app.assurance.mutation.pinned import WORKED, load_boundary_cases, load_worked_cases
from app.assurance.proof.answer_space import AnswerSpace, level_rank
from app.assurance.proof.answer_types import AT_MOST, AnswerTypes
from app.assurance.proof.diagrams import Diagram
from app.assurance.proof.evaluator import LEVELS, read_entries, read_yaml_strings
from app.assurance.translated import TranslatedSpace, find_translation_table
from app.rulebook.load import CORPUS_FILE, load_rulebook_folder, read_corpus
from app.rulebook.translation import load_translation
from app.triage.questionnaire import BadAnswer, parse_answer
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers

TYPE_FILES = ("questions.yaml", "named.yaml", "labs.yaml", "types/*.yaml")
TYPE_RULES = ("evidence", "look_alikes", "conflicts")
PUBLISHED_CASES = Path("cases") / "published"
RulebookInFolder = tuple[Rulebook, Path]
Labs = Mapping[str, Mapping[str, str]]
Way = Literal["up", "down", "type"]
Progress = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case that gets another result: level and likely type, before and after."""

    case: str
    old: tuple[str, str]
    new: tuple[str, str]


@dataclass(frozen=True)
class Difference:
    """Two rulebooks compared. An answer set may move up with some values and down with others.

    `translated`: the answer sets are those of the old rulebook, as they read in the new one.
    `types_among`: None where no file differs that a type rests on, or where none can be compared.
    """

    old: str
    old_sha256: str
    new: str
    new_sha256: str
    approvals: tuple[str, ...]
    answer_sets: int
    up: int
    down: int
    changes: tuple[ChangeFigure, ...]
    types_among: int | None
    types_at_most: int
    rules: Mapping[str, str]
    cases: tuple[CaseChange, ...]
    not_compared: tuple[str, ...]
    translated: bool = False

    @property
    def is_approved(self) -> bool:
        """Whether somebody has put their name to the new rulebook."""
        return bool(self.approvals)

    @property
    def unapproved_lowerings(self) -> tuple[str, ...]:
        """Every change that lowers a level and that nobody has put a name to, in words."""
        if self.is_approved:
            return ()
        return tuple(
            f"{change.kind}: {change.answer_sets:,} answer sets ({', '.join(change.because)})"
            for change in self.changes
            if change.way == "down"
        )

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            **asdict(self),
            "changes": [
                {"kind": change.kind, **change.model_dump(exclude={"was", "becomes"})}
                for change in self.changes
            ],
            "approved": self.is_approved,
            "unapproved": list(self.unapproved_lowerings),
        }


def compare_rulebooks(old: Path, new: Path, progress: Progress = lambda _: None) -> Difference:
    """What the rulebook in one folder does otherwise than another. Raises RulebookFaults."""
    before, after = load_rulebook_folder(old), load_rulebook_folder(new)
    progress("Levels")
    one, other = _build_spaces(old, new)
    translated = isinstance(other, TranslatedSpace)
    people, levels = find_level_changes(one, other)
    up = _count_answer_sets(other, people & _raised_answer_sets(one, other))
    down = _count_answer_sets(other, people & _raised_answer_sets(other, one))
    progress("Types")
    types, among = ([], None) if translated else _find_type_changes(old, new)
    progress("Cases")
    people_known = _find_recorded_changes if translated else _find_case_changes
    return Difference(
        old=before.version,
        old_sha256=before.sha256,
        new=after.version,
        new_sha256=after.sha256,
        approvals=after.approvals,
        answer_sets=_count_answer_sets(other, people),
        up=up,
        down=down,
        changes=(*levels, *types),
        types_among=among,
        types_at_most=AT_MOST,
        rules=dict(_classify_rule_changes(one, other)),
        cases=tuple(people_known((before, old), (after, new))),
        not_compared=tuple(_reasons_not_compared(one, other)),
        translated=translated,
    )


def _build_spaces(old: Path, new: Path) -> tuple[AnswerSpace, AnswerSpace]:
    one, table = AnswerSpace(old), find_translation_table(old, new)
    return one, AnswerSpace(new, beside=one) if table is None else TranslatedSpace(new, one, table)


def _compared_people(one: AnswerSpace, other: AnswerSpace) -> Diagram:
    """Everyone who answers what either rulebook asks, in words that both have; any real values."""
    people = one.plausible_labs() & other.plausible_labs()
    if isinstance(other, TranslatedSpace):
        return people & one.validly_answered(one.questions)
    for name in {**one.questions, **other.questions}:
        if name not in one.questions or name not in other.questions:
            people &= (one if name in one.questions else other).validly_answered([name])
            continue
        said, said_too = one.validly_answered([name]), other.validly_answered([name])
        asked, asked_too = one.on_path[name], other.on_path[name]
        both = ~one.where_different(asked, asked_too) & said & said_too
        people &= both | asked & ~asked_too & said | ~asked & asked_too & said_too
        for option in set(one.options[name]) ^ set(other.options[name]):
            known = one if option in one.options[name] else other
            people &= ~one.bdd.var(known.options[name][option])
    return people


def find_level_changes(one: AnswerSpace, other: AnswerSpace) -> tuple[Diagram, list[ChangeFigure]]:
    """Who is compared, and every change of level that occurs, those that lower it first.

    The second stands `beside` the first.
    """
    people, found = _compared_people(one, other), []
    for was, becomes in product(LEVELS, LEVELS):
        where = people & _exactly_at_level(one, was) & _exactly_at_level(other, becomes)
        if was != becomes and where != one.bdd.false:
            way: Way = "up" if level_rank(becomes) > level_rank(was) else "down"
            found.append(_build_change(one, other, (was, becomes), way, where))
    return people, sorted(found, key=lambda change: change.way)


def _build_change(
    one: AnswerSpace, other: AnswerSpace, kind: tuple[str, str], way: Way, where: Diagram
) -> ChangeFigure:
    picked, giving = other.find_smallest(where), set(_rules_giving_level(one, other, kind))
    differences = _find_differences(one, other, giving)
    behind = [name for name, differs in differences if where & differs != one.bdd.false]
    return ChangeFigure(
        was=kind[0],
        becomes=kind[1],
        way=way,
        answer_sets=_count_answer_sets(other, where),
        example=(one.decode_case(picked) | other.decode_case(picked)) if picked else {},
        because=list(dict.fromkeys(behind)),
    )


def _exactly_at_level(space: AnswerSpace, level: str) -> Diagram:
    higher = (space.at_least[above] for above in LEVELS[level_rank(level) + 1 :])
    return space.at_least[level] & ~space.any_of(higher)


def _raised_answer_sets(one: AnswerSpace, other: AnswerSpace) -> Diagram:
    return one.any_of(other.at_least[level] & ~one.at_least[level] for level in LEVELS)


def _rules_giving_level(
    one: AnswerSpace, other: AnswerSpace, levels: tuple[str, str]
) -> Iterator[str]:
    """The rules, old and new, that can give the higher of two levels, or self-care."""
    least = max(map(level_rank, levels))
    for rule in (*one.rules, *other.rules):
        given = max(level_rank(rule["urgency"]), level_rank(rule.get("if_unsure", LEVELS[0])))
        if given >= least or (LEVELS[0] in levels and rule["urgency"] == LEVELS[0]):
            yield rule["id"]


def _find_differences(
    one: AnswerSpace, other: AnswerSpace, among: Collection[str] | None = None
) -> Iterator[tuple[str, Diagram]]:
    """Rules and questions that differ, with where they do; conditions are compared by meaning."""
    nowhere = (one.bdd.false, one.bdd.false)
    old, new = ({rule["id"]: rule for rule in space.rules} for space in (one, other))
    for name in {**old, **new}:
        if among is not None and name not in among:
            continue
        meant, means = one.meaning.get(name, nowhere), other.meaning.get(name, nowhere)
        sides = zip(meant, means, strict=True)
        differs = one.any_of(one.where_different(*side) for side in sides)
        if name in old and name in new:
            for key, where in zip(("urgency", "if_unsure"), means, strict=True):
                if old[name].get(key) != new[name].get(key):
                    differs |= where
        if differs != one.bdd.false:
            yield name, differs
    for name, asked in one.on_path.items() if not isinstance(other, TranslatedSpace) else ():
        if name in other.on_path and asked != other.on_path[name]:
            yield f"asking {name}", one.where_different(asked, other.on_path[name])


def _classify_rule_changes(one: AnswerSpace, other: AnswerSpace) -> Iterator[tuple[str, str]]:
    old, new = ({rule["id"] for rule in space.rules} for space in (one, other))
    for name, _ in _find_differences(one, other):
        gone = "left out" if name in old else "added"
        yield name, "changed" if (name in old) == (name in new) else gone


def _find_type_changes(old: Path, new: Path) -> tuple[list[ChangeFigure], int | None]:
    """Changes of the likely type among those who say little, and how many they are.

    None, and no change in anyone at all, where no file that the type rests on differs.
    """
    if not any(_read_file_bytes(old, file) != _read_file_bytes(new, file) for file in TYPE_FILES):
        return [], None
    one, other = _build_spaces(old, new)
    types, types_too = AnswerTypes(one), AnswerTypes(other)
    people = types.people_considered & types_too.people_considered
    found, behind = [], list(_changed_type_entries(old, new))
    for was, becomes in product(types.likely_types, types_too.likely_types):
        where = people & types.likely_types[was] & types_too.likely_types[becomes]
        if was != becomes and where != one.bdd.false:
            change = _build_change(one, other, (was, becomes), "type", where)
            found.append(change.model_copy(update={"because": behind}))
    return found, _count_answer_sets(other, people)


def _changed_type_entries(old: Path, new: Path) -> Iterator[str]:
    """Ids of the entries about types, and of the named conditions, that are not the same."""
    for file in ("named.yaml", *(f"types/{name}.yaml" for name in TYPE_RULES)):
        entries, entries_too = read_entries(old / file), read_entries(new / file)
        for name in {**entries, **entries_too}:
            if entries.get(name) != entries_too.get(name):
                yield name
    if read_yaml_strings(old / "types/scale.yaml") != read_yaml_strings(new / "types/scale.yaml"):
        yield "scale"


def _read_file_bytes(folder: Path, pattern: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.glob(pattern))]


def _count_answer_sets(other: AnswerSpace, where: Diagram) -> int:
    """How many answer sets, with whatever laboratory values."""
    return other.count_answer_sets(other.whatever_labs(where))


def _find_case_changes(before: RulebookInFolder, after: RulebookInFolder) -> Iterator[CaseChange]:
    """Cases that get another level or type: those of the new folder, or else of the old one."""
    books = [before[0], after[0]]
    with_cases = [book for book in (after, before) if (book[1] / "cases").is_dir()]
    for name, answers, labs in _load_people(*with_cases[0]) if with_cases else ():
        if all(_are_answers_known(rulebook, answers) for rulebook in books):
            was, becomes = (_judge_case(rulebook, answers, labs) for rulebook in books)
            if was != becomes:
                yield CaseChange(name, was, becomes)


def _find_recorded_changes(
    before: RulebookInFolder, after: RulebookInFolder
) -> Iterator[CaseChange]:
    """People kept with a published rulebook who get another level or type as they read today."""
    (old, folder), (new, rules) = before, after
    read_today = load_translation(rules, old.version, old.questionnaire, new.questionnaire)
    corpus = folder / CORPUS_FILE
    for number, line in enumerate(read_corpus(corpus) if corpus.is_file() else (), start=1):
        body = json.loads(line)["body"]
        answers = {name: frozenset(chosen) for name, chosen in body["answers"].items()}
        labs = body.get("labs", {})
        was = _judge_case(old, answers, labs)
        becomes = _judge_case(new, read_today.translate_answers(answers), labs)
        if was != becomes:
            yield CaseChange(f"recorded-{number}", was, becomes)


def _judge_case(rulebook: Rulebook, answers: Answers, labs: Labs) -> tuple[str, str]:
    found = assess_answers(rulebook, answers, labs)
    return found.urgency.name, found.likely_type


def _load_people(rulebook: Rulebook, folder: Path) -> Iterator[tuple[str, Answers, Labs]]:
    """Worked, boundary and published cases, as far as the folder has them."""
    if (folder / WORKED).is_dir():
        worked, boundary = (
            load_worked_cases(rulebook, folder),
            load_boundary_cases(rulebook, folder),
        )
        yield from ((case.id, case.answers, case.labs) for case in (*worked, *boundary))
    if (folder / PUBLISHED_CASES).is_dir():
        for case in read_cases(rulebook, folder / PUBLISHED_CASES):
            yield case.entry.id, case.answers, case.entry.labs


def _are_answers_known(rulebook: Rulebook, answers: Answers) -> bool:
    try:
        for name, chosen in answers.items():
            parse_answer(rulebook.questionnaire[name], sorted(chosen))
    except (KeyError, BadAnswer):
        return False
    return True


def _reasons_not_compared(one: AnswerSpace, other: AnswerSpace) -> Iterator[str]:
    if isinstance(other, TranslatedSpace):
        for name, option in other.unreached_options:
            yield f"only the new rulebook has {name}: {option}; no old answer leads there"
        yield "likely types: the few things that someone says are not as few in the other questions"
        return
    for space, which in ((one, "old"), (other, "new")):
        against = other if space is one else one
        for name, options in space.options.items():
            if name not in against.options:
                yield f"only the {which} rulebook asks {name}: the other one never hears of it"
                continue
            for option in options:
                if option not in against.options[name]:
                    yield f"only the {which} rulebook has {name}: {option}; nobody here ticks it"
