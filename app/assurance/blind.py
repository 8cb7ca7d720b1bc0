"""How the rulebook does on cases that somebody else read: who read them blind, and who knew them.

Three things are kept apart. A reading is blind while its answers, questions and stories are those
that were kept; where the questions are others by now, it is translated, and not blind. A set is
unseen only by the rulebook with which its labels were opened. Only the mean of blind readings of a
set that a rulebook was not built with may lead a report.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, floor
from pathlib import Path
from typing import Any, Literal

from pydantic_core import to_jsonable_python

from app.assurance.asked import (
    EditionTranslation,
    EditionTranslations,
    find_edition_translations,
    hash_questions,
)
from app.assurance.benchmark import BenchmarkScore, Share, run_benchmark
from app.assurance.cases import Case, CaseEntry
from app.assurance.figures import MeanFigure, clopper_pearson_bounds
from app.assurance.reading import READERS_NEEDED, drop_unknown_ids
from app.assurance.sets import CaseLibrary, CaseSet, LabelOpening, Reading, Reply, Use
from app.rulebook.load import load_published_versions, load_rulebook_folder
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.triage.labs import BadLab, read_lab_amounts
from app.triage.questionnaire import BadAnswer, parse_answer
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers

Standing = Literal["unseen", "not_built_with", "built_with"]
NotBlind = Literal["not_logged", "edited", "other_questions", "other_stories", "unanswered", "late"]
NotUnseen = Literal["building", "other_rulebook", "few_readers"]


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
    score: BenchmarkScore

    @property
    def blind(self) -> bool:
        """Whether nothing speaks against calling it blind."""
        return not self.not_blind

    @property
    def shares(self) -> Mapping[str, Share]:
        """The figures of the score by their names."""
        return self.score.shares


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
    mean: Mapping[str, MeanFigure] | None
    same_answers: Share | None
    same_level: Share | None

    @property
    def blind_readings(self) -> tuple[ReaderRun, ...]:
        """The readings that are blind."""
        return tuple(reader for reader in self.readers if reader.blind)


@dataclass(frozen=True, slots=True)
class BlindReport:
    """Every opened set under the rulebook it was opened with and under today's.

    `closed`: sets whose labels nobody has opened, with how many readings are kept of each.
    """

    questions: str
    headline: SetRun | None
    others: tuple[SetRun, ...]
    closed: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """The runs as plain values."""
        plain: dict[str, Any] = to_jsonable_python(self)
        return plain


def benchmark_sets(rulebook: Rulebook, rules: Path, library: CaseLibrary) -> BlindReport:
    """Try the rulebook, which was read from the folder `rules`, on every opened set."""
    found, answered = [], {reading.questions for reading in library.readings}
    translations = find_edition_translations(rulebook, rules, answered)
    for one in library.sets.values():
        if one.opened is not None:
            earlier = _find_opening_rulebooks(one.opened, rulebook, rules)
            found += [benchmark_set(book, one, one.opened, library) for book in earlier]
            found.append(benchmark_set(rulebook, one, one.opened, library, translations))
    leading = [one for one in found if one.mean is not None and one.standing != "built_with"]
    headline = max(leading, key=lambda one: _headline_priority(one, rulebook), default=None)
    others = tuple(one for one in found if one is not headline)
    closed = [one.name for one in library.sets.values() if not one.opened]
    readings = {name: len(library.readings_of(name)) for name in closed}
    return BlindReport(hash_questions(rulebook), headline, others, readings)


def benchmark_set(
    rulebook: Rulebook,
    case_set: CaseSet,
    opening: LabelOpening,
    library: CaseLibrary,
    translations: EditionTranslations | None = None,
) -> SetRun:
    """Try one rulebook on every reading of one set, which was opened then.

    `translations`: how answers to other questions read in those of this rulebook.
    """
    asked_hash, scored_readings = hash_questions(rulebook), []
    for reading in library.readings_of(case_set.name):
        reasons = tuple(_reasons_not_blind(reading, case_set, asked_hash, library))
        translation = (translations or {}).get(reading.questions)
        scored_readings.append(_score_reading(rulebook, case_set, reading, reasons, translation))
    blind = [each for each in scored_readings if each.run.blind]
    not_unseen = tuple(_reasons_not_unseen(case_set, opening, rulebook, len(blind)))
    open_to_it = case_set.use == "building" and opening.sha256 != rulebook.sha256
    pairs = list(combinations(blind, 2))
    return SetRun(
        name=case_set.name,
        use=case_set.use,
        cases=len(case_set.cases),
        rulebook=rulebook.version,
        sha256=rulebook.sha256,
        standing="built_with" if open_to_it else "not_built_with" if not_unseen else "unseen",
        not_unseen=not_unseen,
        readers=tuple(each.run for each in scored_readings),
        mean=_average_scores([each.run.score for each in blind]) if blind else None,
        same_answers=_reader_agreement(pairs, _compare_answers),
        same_level=_reader_agreement(pairs, _compare_levels),
    )


@dataclass(frozen=True, slots=True)
class _ScoredReading:
    """One reading, worked out; by case its level, and its answers as far as they are known."""

    run: ReaderRun
    levels: Mapping[str, str]
    answers: Mapping[str, Answers]


def _score_reading(
    rulebook: Rulebook,
    case_set: CaseSet,
    reading: Reading,
    reasons: tuple[NotBlind, ...],
    translation: EditionTranslation | None,
) -> _ScoredReading:
    cases, left_out = [], 0
    for case in case_set.cases:
        if case.id in reading.answers and case.expected is not None:
            reply = reading.answers[case.id]
            answers, labs, lost = _keep_known_answers(rulebook, reply, translation)
            entry = CaseEntry(id=case.id, answers={}, labs=labs, **case.expected.model_dump())
            cases.append(Case(entry, answers, {}))
            left_out += lost
    report = run_benchmark(rulebook, cases)
    run = ReaderRun(
        reader=reading.reader,
        date=reading.date,
        not_blind=reasons,
        translated=translation.edition if translation is not None else None,
        refused=len(reading.refused),
        left_out=left_out,
        score=report.headline,
    )
    levels = {outcome.id: outcome.urgency for outcome in report.outcomes}
    return _ScoredReading(run, levels, {case.entry.id: case.answers for case in cases})


def _keep_known_answers(
    rulebook: Rulebook, reply: Reply, translation: EditionTranslation | None
) -> tuple[Answers, dict[str, dict[str, str]], int]:
    """The answers and values that this rulebook can read, and how much it cannot.

    Nothing is lost where the questions are those that were read, or were translated on the way,
    but a value beyond new limits.
    """
    asked_by = translation.asked_by if translation is not None else rulebook
    known_reply, strange = drop_unknown_ids(asked_by, Reply(answers=reply.answers))
    measured, unknown = drop_unknown_ids(rulebook, Reply(answers={}, labs=reply.labs))
    answers, labs, lost = {}, {}, len(strange) + len(unknown)
    for name, chosen in known_reply.answers.items():
        try:
            answers[name] = parse_answer(asked_by.questionnaire[name], chosen)
        except BadAnswer:
            lost += 1
    for name, value in measured.labs.items():
        try:
            read_lab_amounts(rulebook.laboratory, {name: value})
        except BadLab:
            lost += 1
        else:
            labs[name] = value
    if translation is not None:
        return translation.table.translate_answers(answers), labs, lost
    return answers, labs, lost


def _reasons_not_blind(
    reading: Reading, case_set: CaseSet, asked_hash: str, library: CaseLibrary
) -> Iterator[NotBlind]:
    if reading.name not in library.log:
        yield "not_logged"
    elif library.log[reading.name] != reading.content_hash:
        yield "edited"
    if reading.questions != asked_hash:
        yield "other_questions"
    if reading.stories != case_set.stories:
        yield "other_stories"
    if reading.answers.keys() != case_set.labels_by_id.keys():
        yield "unanswered"
    if case_set.use == "unseen" and case_set.opened and reading.date > case_set.opened.date:
        yield "late"


def _reasons_not_unseen(
    case_set: CaseSet, opening: LabelOpening, rulebook: Rulebook, blind_count: int
) -> Iterator[NotUnseen]:
    if case_set.use != "unseen":
        yield "building"
    if opening.sha256 != rulebook.sha256:
        yield "other_rulebook"
    if blind_count < READERS_NEEDED:
        yield "few_readers"


def _find_opening_rulebooks(
    opening: LabelOpening, rulebook: Rulebook, rules: Path
) -> list[Rulebook]:
    """The rulebook with which a set was opened, where it is another than this and is published."""
    kept = load_published_versions(rules / PUBLISHED_FOLDER).get(opening.rulebook)
    if opening.sha256 == rulebook.sha256 or kept != opening.sha256:
        return []
    return [load_rulebook_folder(rules / PUBLISHED_FOLDER / opening.rulebook)]


def _headline_priority(
    set_run: SetRun, rulebook: Rulebook
) -> tuple[bool, bool, tuple[int, ...], int]:
    """Unseen leads, then today's rulebook, then the newest one, then the larger set."""
    number = tuple(int(part) for part in set_run.rulebook.split("."))
    return set_run.standing == "unseen", set_run.sha256 == rulebook.sha256, number, set_run.cases


def _average_scores(scores: Sequence[BenchmarkScore]) -> Mapping[str, MeanFigure]:
    return {name: _average_shares([s.shares[name] for s in scores]) for name in scores[0].shares}


def _average_shares(shares: Sequence[Share]) -> MeanFigure:
    count, of = sum(share.count for share in shares) / len(shares), shares[0].of
    low, _ = clopper_pearson_bounds(floor(count), of)
    _, high = clopper_pearson_bounds(ceil(count), of)
    return MeanFigure(count=round(count, 6), of=of, low=round(low, 6), high=round(high, 6))


def _reader_agreement(
    pairs: Sequence[tuple[_ScoredReading, _ScoredReading]],
    compared: Callable[[_ScoredReading, _ScoredReading], Iterator[bool]],
) -> Share | None:
    """So many of so many that two readers have alike, over all pairs of readers."""
    alike = [same for one, other in pairs for same in compared(one, other)]
    return Share(sum(alike), len(alike)) if pairs else None


def _compare_answers(one: _ScoredReading, other: _ScoredReading) -> Iterator[bool]:
    for case, mine in one.answers.items():
        theirs = other.answers[case]
        yield from (mine.get(name) == theirs.get(name) for name in mine.keys() | theirs.keys())


def _compare_levels(one: _ScoredReading, other: _ScoredReading) -> Iterator[bool]:
    yield from (level == other.levels[case] for case, level in one.levels.items())
