"""Makes the published figures: runs every proof and measurement on one rulebook.

Needs the tools of proof (`pip install calcinosis-check[proof]`), and up to some minutes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from app.assurance.benchmark import Report, Score, Share, run
from app.assurance.blind import Mean, SetRun, try_sets
from app.assurance.cases import read_cases, read_conflicts
from app.assurance.difference import Change, compare
from app.assurance.figures import (
    COMMAND,
    BenchmarkFigures,
    CertificateFigures,
    ChangeFigure,
    ChangesFigures,
    Figures,
    HazardFigure,
    MeanFigure,
    MutantFigures,
    ProofFigure,
    ReaderFigure,
    ReadingsFigures,
    SetFigures,
    ShareFigure,
    bounds,
)
from app.assurance.hazards import Hazard
from app.assurance.proof.certificate import Certificate, certify
from app.assurance.proof.diagram import Examined, examine
from app.assurance.sets import read_library
from app.triage.published import FOLDER, versions
from app.triage.rulebook import Rulebook

Progress = Callable[[str], None]
"""Is told what begins."""


def measure(
    rulebook: Rulebook,
    rules: Path,
    hazards: Sequence[Hazard],
    made_on: str,
    mutants: Mapping[str, Any] | None = None,
    progress: Progress = lambda _: None,
) -> Figures:
    """All figures of this rulebook, which was read from the folder `rules`.

    `mutants`: what `rules mutate --json` gave, since that takes minutes. Raises OtherRules.
    """
    tried = mutant_figures(rulebook, mutants) if mutants is not None else None
    progress("Proving the properties")
    certificate = certificate_figures(rulebook, rules)
    progress("Comparing with the last rulebook")
    changes = changes_figures(rulebook, rules)
    progress("Judging what others read")
    readings = readings_figures(rulebook, rules)
    progress("Judging the published cases")
    return Figures(
        version=rulebook.version,
        date=rulebook.date,
        sha256=rulebook.sha256,
        approvals=list(rulebook.approvals),
        made_on=made_on,
        command=COMMAND,
        certificate=certificate,
        mutants=tried,
        readings=readings,
        benchmark=benchmark_figures(rulebook, rules),
        changes=changes,
        hazards=hazard_figures(hazards),
    )


def certificate_figures(rulebook: Rulebook, rules: Path) -> CertificateFigures:
    """What the two checkers say, each by itself and together."""
    examined = examine(rules)
    certificate = certify(rulebook, lambda: examined)
    return CertificateFigures(
        holds=certificate.holds,
        answer_sets=examined.answer_sets,
        by_level=examined.by_level,
        longest=certificate.longest,
        replayed=certificate.replayed,
        differences=list(certificate.differences),
        seconds=certificate.seconds,
        peak_mib=certificate.peak_mib,
        proofs=_proofs(certificate, examined),
    )


def _proofs(certificate: Certificate, examined: Examined) -> list[ProofFigure]:
    return [
        ProofFigure(
            letter=proof.letter,
            title=proof.title,
            holds=proof.holds,
            asked=proof.asked,
            seconds=proof.seconds,
            twice=proof.letter in examined.holds,
        )
        for proof in certificate.proofs
    ]


class OtherRules(Exception):
    """Something was measured of another rulebook."""


def mutant_figures(rulebook: Rulebook, told: Mapping[str, Any]) -> MutantFigures:
    """How many mutants were noticed, as `rules mutate --json` tells it. Raises OtherRules."""
    if told["sha256"] != rulebook.sha256:
        raise OtherRules(f"these mutants are of rulebook {told['sha256'][:12]}; make them again")
    return MutantFigures(
        made=told["mutants"],
        killed=told["killed"],
        equivalent=len(told["equivalent"]),
        survivors=[one["mutant"] for one in told["survivors"]],
        seconds=told["seconds"],
    )


def changes_figures(rulebook: Rulebook, rules: Path) -> ChangesFigures | None:
    """What moved since the newest published rulebook that is another; None where there is none."""
    earlier = newest_published(rulebook, rules)
    if earlier is None:
        return None
    found = compare(earlier, rules)
    return ChangesFigures(
        old=found.old,
        old_sha256=found.old_sha256,
        up=found.up,
        down=found.down,
        approved=found.approved,
        cases=[case.case for case in found.cases],
        changes=[_change(change) for change in found.changes],
    )


def newest_published(rulebook: Rulebook, rules: Path) -> Path | None:
    """The folder of the newest published rulebook, this one itself left out."""
    known = versions(rules / FOLDER)
    others = [version for version, sha256 in known.items() if sha256 != rulebook.sha256]
    return rules / FOLDER / others[-1] if others else None


def _change(change: Change) -> ChangeFigure:
    was, _, becomes = change.kind.partition(" -> ")
    return ChangeFigure(
        was=was,
        becomes=becomes,
        way="up" if change.way == "up" else "down" if change.way == "down" else "type",
        answer_sets=change.answer_sets,
        example={question: list(chosen) for question, chosen in change.example.items()},
        because=list(change.because),
    )


def benchmark_figures(rulebook: Rulebook, rules: Path) -> BenchmarkFigures:
    """How the rulebook does on the published cases, each share with its bounds."""
    cases = read_cases(rulebook, rules / "cases" / "published")
    report: Report = run(rulebook, cases, read_conflicts(rules / "cases" / "conflicts.yaml"))
    return BenchmarkFigures(
        cases=report.cases,
        shares=_shares(report.headline),
        questions_median=report.questions_median,
        questions_most=report.questions_most,
        caveat=report.caveat,
    )


def readings_figures(rulebook: Rulebook, rules: Path) -> ReadingsFigures:
    """How rulebooks did on every set that others read."""
    runs = try_sets(rulebook, rules, read_library(rules / "cases"))
    return ReadingsFigures(
        headline=_set(runs.headline) if runs.headline is not None else None,
        others=[_set(one) for one in runs.others],
    )


def _set(one: SetRun) -> SetFigures:
    return SetFigures(
        name=one.name,
        cases=one.cases,
        rulebook=one.rulebook,
        sha256=one.sha256,
        standing=one.standing,
        not_unseen=list(one.not_unseen),
        readers=[
            ReaderFigure(
                reader=r.reader,
                blind=not r.not_blind,
                translated=r.translated,
                shares=_shares(r.score),
            )
            for r in one.readers
        ],
        mean={name: _mean(mean) for name, mean in (one.mean or {}).items()},
        same_answers=_share(one.same_answers) if one.same_answers is not None else None,
        same_level=_share(one.same_level) if one.same_level is not None else None,
    )


def _mean(mean: Mean) -> MeanFigure:
    return MeanFigure(count=mean.count, of=mean.of, low=mean.low, high=mean.high)


def _shares(score: Score) -> dict[str, ShareFigure]:
    return {part.name: _share(getattr(score, part.name)) for part in fields(Score)}


def _share(share: Share) -> ShareFigure:
    low, high = bounds(share.count, share.of)
    return ShareFigure(count=share.count, of=share.of, low=round(low, 6), high=round(high, 6))


def hazard_figures(hazards: Sequence[Hazard]) -> list[HazardFigure]:
    """Every hazard with the state of its proofs."""
    return [
        HazardFigure(
            hazard=hazard,
            state=hazard.state,
            risk_before=hazard.before.risk,
            risk_after=hazard.after.risk,
        )
        for hazard in hazards
    ]
