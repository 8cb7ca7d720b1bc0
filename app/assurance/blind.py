"""How the rulebook does on cases that somebody else read: who read them blind, and who knew them.

Three things are kept apart. A reading is blind while its answers, questions and stories are those
that were kept; where the questions are others by now, it is translated, and not blind. A set is
unseen only by the rulebook with which its labels were opened. Only the mean of blind readings of a
set that a rulebook was not built with may lead a report.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import combinations
from math import ceil, floor
from pathlib import Path
from typing import Literal

from app.assurance.asked import questions_hash
from app.assurance.benchmark import Outcome, Score, Share, run
from app.assurance.cases import Case, CaseEntry
from app.assurance.earlier import Way, Ways, ways
from app.assurance.figures import bounds
from app.assurance.reading import READERS_NEEDED, known_only
from app.assurance.sets import CaseSet, Library, Opened, Reading, Reply, Use
from app.triage.answers import BadAnswer, read
from app.triage.labs import BadLab, read_labs
from app.triage.published import FOLDER, versions
from app.triage.rulebook import Rulebook, load
from app.triage.terms import Answers

Standing = Literal["unseen", "not_built_with", "built_with"]
NotBlind = Literal["not_logged", "edited", "other_questions", "other_stories", "unanswered", "late"]
NotUnseen = Literal["building", "other_rulebook", "few_readers"]


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean count of several readers of the same cases, and the bounds of its share.

    The bounds are over cases: more readers of the same cases do not make them narrower.
    """

    count: float
    of: int
    low: float
    high: float

    def __str__(self) -> str:
        if not self.of:
            return "none"
        return f"{self.count / self.of:.1%} ({self.low:.1%} to {self.high:.1%}) of {self.of}"


@dataclass(frozen=True, slots=True)
class ReaderRun:
    """One reading under one rulebook. `left_out`: ids that this rulebook does not know.

    `translated`: the edition whose questions were answered, where its answers were translated.
    """

    reader: str
    date: str
    not_blind: tuple[NotBlind, ...]
    translated: str | None
    refused: int
    left_out: int
    score: Score


@dataclass(frozen=True, slots=True)
class SetRun:
    """One set under one rulebook; the mean and what readers agree in are of blind readings only."""

    name: str
    use: Use
    cases: int
    rulebook: str
    sha256: str
    standing: Standing
    not_unseen: tuple[NotUnseen, ...]
    readers: tuple[ReaderRun, ...]
    mean: Mapping[str, Mean] | None
    same_answers: Share | None
    same_level: Share | None

    @property
    def blind(self) -> tuple[ReaderRun, ...]:
        """The readings that are blind."""
        return tuple(reader for reader in self.readers if not reader.not_blind)


@dataclass(frozen=True, slots=True)
class Runs:
    """Every opened set under the rulebook it was opened with and under today's.

    `closed`: sets whose labels nobody has opened, with how many readings are kept of each.
    """

    questions: str
    headline: SetRun | None
    others: tuple[SetRun, ...]
    closed: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The runs as plain values."""
        return asdict(self)


def try_sets(rulebook: Rulebook, rules: Path, library: Library) -> Runs:
    """Try the rulebook, which was read from the folder `rules`, on every opened set."""
    found = []
    known = ways(rulebook, rules, {reading.questions for reading in library.readings})
    for one in library.sets.values():
        if one.opened is not None:
            earlier = _opened_with(one.opened, rulebook, rules)
            found += [try_set(book, one, one.opened, library) for book in earlier]
            found.append(try_set(rulebook, one, one.opened, library, known))
    leading = [one for one in found if one.mean is not None and one.standing != "built_with"]
    headline = max(leading, key=lambda one: _weight(one, rulebook), default=None)
    return Runs(
        questions=questions_hash(rulebook),
        headline=headline,
        others=tuple(one for one in found if one is not headline),
        closed={s.name: len(library.of(s.name)) for s in library.sets.values() if not s.opened},
    )


def try_set(
    rulebook: Rulebook, one: CaseSet, when: Opened, library: Library, known: Ways | None = None
) -> SetRun:
    """Try one rulebook on every reading of one set, which was opened then.

    `known`: how answers to other questions read in those of this rulebook.
    """
    asked, known = questions_hash(rulebook), known or {}
    tried = [_try_reading(rulebook, one, r, known.get(r.questions)) for r in library.of(one.name)]
    why = [tuple(_not_blind(r, one, when, asked, library)) for r in library.of(one.name)]
    blind = [each for each, reasons in zip(tried, why, strict=True) if not reasons]
    not_unseen = tuple(_not_unseen(one, when, rulebook, len(blind)))
    open_to_it = one.use == "building" and when.sha256 != rulebook.sha256
    pairs = list(combinations(blind, 2))
    return SetRun(
        name=one.name,
        use=one.use,
        cases=len(one.cases),
        rulebook=rulebook.version,
        sha256=rulebook.sha256,
        standing="built_with" if open_to_it else "not_built_with" if not_unseen else "unseen",
        not_unseen=not_unseen,
        readers=tuple(
            ReaderRun(
                r.reader, r.date, reasons, each.edition, len(r.refused), each.left_out, each.score
            )
            for r, reasons, each in zip(library.of(one.name), why, tried, strict=True)
        ),
        mean=_means([each.score for each in blind]) if blind else None,
        same_answers=_agreement(pairs, _same_answers),
        same_level=_agreement(pairs, _same_level),
    )


@dataclass(frozen=True, slots=True)
class _Tried:
    """One reading, worked out: its answers as far as this rulebook knows them."""

    score: Score
    outcomes: Mapping[str, Outcome]
    answers: Mapping[str, Answers]
    left_out: int
    edition: str | None
    """Whose questions were answered, where they were translated."""


def _try_reading(rulebook: Rulebook, one: CaseSet, reading: Reading, way: Way | None) -> _Tried:
    cases, left_out = [], 0
    for case in one.cases:
        if case.id in reading.answers and case.expected is not None:
            answers, labs, lost = _as_far_as_known(rulebook, reading.answers[case.id], way)
            entry = CaseEntry(id=case.id, answers={}, labs=labs, **case.expected.model_dump())
            cases.append(Case(entry, answers, {}))
            left_out += lost
    report = run(rulebook, cases)
    given = {case.entry.id: case.answers for case in cases}
    edition = way.edition if way is not None else None
    return _Tried(report.headline, {o.id: o for o in report.outcomes}, given, left_out, edition)


def _as_far_as_known(
    rulebook: Rulebook, reply: Reply, way: Way | None
) -> tuple[Answers, dict[str, dict[str, str]], int]:
    """The answers and values that this rulebook can read, and how much it cannot.

    Nothing is lost where the questions are those that were read, or were translated on the way,
    but a value beyond new limits.
    """
    asked_by = way.asked_by if way is not None else rulebook
    told, strange = known_only(asked_by, Reply(answers=reply.answers))
    measured, unknown = known_only(rulebook, Reply(answers={}, labs=reply.labs))
    answers, labs, lost = {}, {}, len(strange) + len(unknown)
    for name, chosen in told.answers.items():
        try:
            answers[name] = read(asked_by.questionnaire[name], chosen)
        except BadAnswer:
            lost += 1
    for name, value in measured.labs.items():
        try:
            read_labs(rulebook.laboratory, {name: value})
        except BadLab:
            lost += 1
        else:
            labs[name] = value
    return way.table.translate(answers) if way is not None else answers, labs, lost


def _not_blind(
    reading: Reading, one: CaseSet, when: Opened, asked: str, library: Library
) -> Iterator[NotBlind]:
    """Why a reading may not be called blind."""
    if reading.name not in library.log:
        yield "not_logged"
    elif library.log[reading.name] != reading.sha256:
        yield "edited"
    if reading.questions != asked:
        yield "other_questions"
    if reading.stories != one.stories:
        yield "other_stories"
    if reading.answers.keys() != one.labels_by_id.keys():
        yield "unanswered"
    if one.use == "unseen" and reading.date > when.date:
        yield "late"


def _not_unseen(one: CaseSet, when: Opened, rulebook: Rulebook, blind: int) -> Iterator[NotUnseen]:
    """Why a set may not be called unseen by a rulebook."""
    if one.use != "unseen":
        yield "building"
    if when.sha256 != rulebook.sha256:
        yield "other_rulebook"
    if blind < READERS_NEEDED:
        yield "few_readers"


def _opened_with(when: Opened, rulebook: Rulebook, rules: Path) -> list[Rulebook]:
    """The rulebook with which a set was opened, where it is another than this and is published."""
    kept = versions(rules / FOLDER).get(when.rulebook)
    if when.sha256 == rulebook.sha256 or kept != when.sha256:
        return []
    return [load(rules / FOLDER / when.rulebook)]


def _weight(one: SetRun, rulebook: Rulebook) -> tuple[bool, bool, tuple[int, ...], int]:
    """Unseen leads, then today's rulebook, then the newest one, then the larger set."""
    number = tuple(int(part) for part in one.rulebook.split("."))
    return one.standing == "unseen", one.sha256 == rulebook.sha256, number, one.cases


def _means(scores: Sequence[Score]) -> Mapping[str, Mean]:
    return {part.name: _mean([getattr(s, part.name) for s in scores]) for part in fields(Score)}


def _mean(shares: Sequence[Share]) -> Mean:
    count, of = sum(share.count for share in shares) / len(shares), shares[0].of
    low, high = bounds(floor(count), of)[0], bounds(ceil(count), of)[1]
    return Mean(round(count, 6), of, round(low, 6), round(high, 6))


def _agreement(
    pairs: Sequence[tuple[_Tried, _Tried]],
    compared: Callable[[_Tried, _Tried], Iterator[bool]],
) -> Share | None:
    """So many of so many that two readers have alike, over all pairs of readers."""
    alike = [same for one, other in pairs for same in compared(one, other)]
    return Share(sum(alike), len(alike)) if pairs else None


def _same_answers(one: _Tried, other: _Tried) -> Iterator[bool]:
    for case, mine in one.answers.items():
        theirs = other.answers[case]
        yield from (mine.get(name) == theirs.get(name) for name in mine.keys() | theirs.keys())


def _same_level(one: _Tried, other: _Tried) -> Iterator[bool]:
    for case, outcome in one.outcomes.items():
        yield outcome.urgency == other.outcomes[case].urgency
