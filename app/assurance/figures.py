"""The published figures: what was proved and measured of one rulebook, kept as one file.

The file is made by `make safety` and read as it is, so that a server without the tools of proof
can show it. It knows the shape of the figures; it must not know how they are made.
"""

from collections.abc import Collection, Mapping
from math import ceil, exp, floor, lgamma, log, log1p
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from app.assurance.hazards import Hazard

FILE = "figures.json"
COMMAND = "make safety"
"""What makes the figures again."""


class Figure(BaseModel):
    """Any part of the figures: unknown keys are refused and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def of_result(cls, found: object) -> Self:
        """The figure of a result that has the same attributes."""
        return cls.model_validate(found, from_attributes=True, strict=False)


class ProofFigure(Figure):
    """One property that was proved over all answer sets."""

    letter: str
    title: str
    holds: bool
    asked: int
    seconds: float
    twice: bool
    """Whether the second checker examined it too."""


class CertificateFigures(Figure):
    """What two checkers proved of the rules."""

    holds: bool
    answer_sets: int
    by_level: dict[str, int]
    longest: int
    replayed: int
    differences: list[str]
    seconds: float
    peak_mib: int
    proofs: list[ProofFigure]


class MeanFigure(Figure):
    """So many of so many cases, and the bounds between which the true share lies.

    The count is a mean where several readers answered for the same cases. The bounds are over
    cases: more readers of the same cases do not make them narrower.
    """

    count: float
    of: int
    low: float
    high: float

    def __str__(self) -> str:
        if not self.of:
            return "none"
        return f"{self.count / self.of:.1%} ({self.low:.1%} to {self.high:.1%}) of {self.of}"

    def whole_case_bounds(self, many: int = 100) -> tuple[int, int]:
        """The bounds as whole cases in `many`, rounded to the careful side of each."""
        return floor(self.low * many), ceil(self.high * many)


class ShareFigure(MeanFigure):
    """The same of one reading, counted in whole cases."""

    count: int


class ReaderFigure(Figure):
    """What one reader's answers gave, and whether the reading is blind.

    `translated`: the edition whose questions were answered, where these are others.
    """

    reader: str
    blind: bool
    translated: str | None = None
    shares: dict[str, ShareFigure]


class SetFigures(Figure):
    """How one rulebook did on one set that others read; the mean is of blind readings only."""

    name: str
    cases: int
    rulebook: str
    sha256: str
    standing: Literal["unseen", "not_built_with", "built_with"]
    not_unseen: list[Literal["building", "other_rulebook", "few_readers"]]
    readers: list[ReaderFigure]
    mean: Annotated[dict[str, MeanFigure], BeforeValidator(lambda mean: mean or {})]
    same_answers: ShareFigure | None
    same_level: ShareFigure | None

    @property
    def blind_count(self) -> int:
        """How many readings are blind."""
        return sum(reader.blind for reader in self.readers)

    @property
    def translated_readers(self) -> list[ReaderFigure]:
        """The readings whose answers are to the questions of an earlier edition."""
        return [reader for reader in self.readers if reader.translated is not None]


class ReadingsFigures(Figure):
    """What others' readings gave; `headline`: of cases that its rulebook was not built with."""

    headline: SetFigures | None
    others: list[SetFigures]

    @property
    def translated_sets(self) -> list[SetFigures]:
        """The sets of which a reading was translated."""
        return [one for one in self.others if one.translated_readers]


class BenchmarkFigures(Figure):
    """How the rules did on our own published cases, with which they were sharpened."""

    cases: int
    shares: dict[str, ShareFigure]
    questions_median: float
    questions_most: int
    caveat: str


class MutantFigures(Figure):
    """Rules that were made wrong on purpose: how many of them were noticed."""

    made: int
    killed: int
    equivalent: int
    survivors: list[str]
    seconds: float


class ChangeFigure(Figure):
    """One kind of change: how many answer sets, the smallest of them, and what is behind it.

    `way` is "up" or "down" for a level, "type" for a likely type.
    """

    was: str
    becomes: str
    way: Literal["up", "down", "type"]
    answer_sets: int
    example: dict[str, list[str]]
    because: list[str]

    @property
    def kind(self) -> str:
        """What it was and what it becomes."""
        return f"{self.was} -> {self.becomes}"

    def describe_example(self, unsaid: Collection[list[str]] = ()) -> str:
        """The smallest answers in a line, without answers that are `unsaid`."""
        said = {name: chosen for name, chosen in self.example.items() if chosen not in unsaid}
        return "; ".join(f"{name}: {', '.join(chosen)}" for name, chosen in said.items())


class ChangesFigures(Figure):
    """What the last change of the rules did, against the newest published rulebook."""

    old: str
    old_sha256: str
    up: int
    down: int
    approved: bool
    cases: list[str]
    changes: list[ChangeFigure]


class HazardFigure(Figure):
    """One hazard of the log with the state of its proofs."""

    hazard: Hazard
    state: Literal["proved", "partly", "open"]
    risk_before: int
    risk_after: int


class Figures(Figure):
    """Everything, of the rulebook of this version and hash."""

    version: str
    date: str
    sha256: str
    approvals: list[str]
    made_on: str
    command: str
    certificate: CertificateFigures
    mutants: MutantFigures | None
    readings: ReadingsFigures | None = None
    """None in a file that was made before there were any."""
    benchmark: BenchmarkFigures
    changes: ChangesFigures | None
    hazards: list[HazardFigure]

    @property
    def hazard_state_counts(self) -> Mapping[str, int]:
        """How many hazards are proved, partly proved, and open."""
        found = [hazard.state for hazard in self.hazards]
        return {state: found.count(state) for state in ("proved", "partly", "open")}

    @property
    def hazard_proof_count(self) -> int:
        """How many tests the hazard log rests on."""
        controls = [control for one in self.hazards for control in one.hazard.controls]
        return len({proof for control in controls for proof in control.proofs})

    @property
    def open_control_count(self) -> int:
        """How many controls are not built or not done."""
        controls = [control for one in self.hazards for control in one.hazard.controls]
        return sum(control.open is not None for control in controls)


class BadFigures(Exception):
    """The file of figures cannot be read; the message says why."""


def read_figures(file: Path) -> Figures | None:
    """The figures in this file; None where there is no such file. Raises BadFigures."""
    try:
        return Figures.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadFigures(f"{file}: {where}: {first['msg']}; run `{COMMAND}`") from None


def clopper_pearson_bounds(count: int, of: int, doubt: float = 0.05) -> tuple[float, float]:
    """Between which shares the true one lies, unless we are unlucky with probability `doubt`.

    Clopper and Pearson 1934: exact, and rather too wide than too narrow.
    """
    if of == 0:
        return 0.0, 1.0
    low = 0.0 if count == 0 else _share_with_tail(of, count, doubt / 2)
    high = 1.0 if count == of else 1 - _share_with_tail(of, of - count, doubt / 2)
    return low, high


def _binomial_probability(k: int, of: int, share: float) -> float:
    """With which probability `k` of `of` come; by logarithms, as the ways to choose overflow."""
    ways = lgamma(of + 1) - lgamma(k + 1) - lgamma(of - k + 1)
    return exp(ways + k * log(share) + (of - k) * log1p(-share))


def _share_with_tail(of: int, count: int, tail: float) -> float:
    """The share at which `count` or more of `of` come with this probability, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        share = (low + high) / 2
        found = sum(_binomial_probability(k, of, share) for k in range(count, of + 1))
        low, high = (share, high) if found < tail else (low, share)
    return (low + high) / 2
