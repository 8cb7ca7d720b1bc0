"""Makes the published figures: runs every proof and measurement on one rulebook.

Needs the tools of proof (`pip install calcinosis-check[proof]`), and up to some minutes.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.assurance import figures
from app.assurance.benchmark import run_benchmark
from app.assurance.blind import benchmark_sets
from app.assurance.cases import read_cases, read_conflicts
from app.assurance.difference import compare_rulebooks
from app.assurance.hazards import Hazard
from app.assurance.proof.certificate import certify_rulebook
from app.assurance.proof.diagram import examine_rulebook
from app.assurance.sets import read_library
from app.rulebook.load import load_published_versions
from app.rulebook.reading_words import PUBLISHED_FOLDER
from app.triage.rulebook import Rulebook

Progress = Callable[[str], object]
"""Is told what begins."""


def measure_figures(
    rulebook: Rulebook,
    rules: Path,
    hazards: Sequence[Hazard],
    made_on: str,
    mutants: Mapping[str, Any] | None = None,
    progress: Progress = lambda _: None,
) -> figures.Figures:
    """All figures of this rulebook, which was read from the folder `rules`.

    `mutants`: what `rules mutate --json` gave, since that takes minutes. Raises RulebookMismatch.
    """
    tried = build_mutant_figures(rulebook, mutants) if mutants is not None else None
    progress("Proving the properties")
    certificate = build_certificate_figures(rulebook, rules)
    progress("Comparing with the last rulebook")
    changes = build_changes_figures(rulebook, rules)
    progress("Judging what others read")
    readings = build_readings_figures(rulebook, rules)
    progress("Judging the published cases")
    return figures.Figures(
        version=rulebook.version,
        date=rulebook.date,
        sha256=rulebook.sha256,
        approvals=list(rulebook.approvals),
        made_on=made_on,
        command=figures.COMMAND,
        certificate=certificate,
        mutants=tried,
        readings=readings,
        benchmark=build_benchmark_figures(rulebook, rules),
        changes=changes,
        hazards=build_hazard_figures(hazards),
    )


def build_certificate_figures(rulebook: Rulebook, rules: Path) -> figures.CertificateFigures:
    """What the two checkers say, each by itself and together."""
    examined = examine_rulebook(rules)
    certificate = certify_rulebook(rulebook, lambda: examined)
    return figures.CertificateFigures(
        holds=certificate.all_hold,
        answer_sets=examined.answer_sets,
        by_level=examined.by_level,
        longest=certificate.longest,
        replayed=certificate.replayed,
        differences=list(certificate.differences),
        seconds=certificate.seconds,
        peak_mib=certificate.peak_mib,
        proofs=[
            figures.ProofFigure(
                letter=proof.letter,
                title=proof.title,
                holds=proof.holds,
                asked=proof.asked,
                seconds=proof.seconds,
                twice=proof.letter in examined.checked,
            )
            for proof in certificate.proofs
        ],
    )


class RulebookMismatch(Exception):
    """Something was measured of another rulebook."""


def build_mutant_figures(
    rulebook: Rulebook, mutation_report: Mapping[str, Any]
) -> figures.MutantFigures:
    """How many mutants were noticed, as `rules mutate --json` tells it. Raises RulebookMismatch."""
    tried = mutation_report["sha256"]
    if tried != rulebook.sha256:
        raise RulebookMismatch(f"these mutants are of rulebook {tried[:12]}; make them again")
    return figures.MutantFigures(
        made=mutation_report["mutants"],
        killed=mutation_report["killed"],
        equivalent=len(mutation_report["equivalent"]),
        survivors=[one["mutant"] for one in mutation_report["survivors"]],
        seconds=mutation_report["seconds"],
    )


def build_changes_figures(rulebook: Rulebook, rules: Path) -> figures.ChangesFigures | None:
    """What moved since the newest published rulebook that is another; None where there is none."""
    earlier = find_newest_published(rulebook, rules)
    if earlier is None:
        return None
    found = compare_rulebooks(earlier, rules)
    return figures.ChangesFigures(
        old=found.old,
        old_sha256=found.old_sha256,
        up=found.up,
        down=found.down,
        approved=found.is_approved,
        cases=[case.case for case in found.cases],
        changes=list(found.changes),
    )


def find_newest_published(rulebook: Rulebook, rules: Path) -> Path | None:
    """The folder of the newest published rulebook, this one itself left out."""
    known = load_published_versions(rules / PUBLISHED_FOLDER)
    others = [version for version, sha256 in known.items() if sha256 != rulebook.sha256]
    return rules / PUBLISHED_FOLDER / others[-1] if others else None


def build_benchmark_figures(rulebook: Rulebook, rules: Path) -> figures.BenchmarkFigures:
    """How the rulebook does on the published cases, each share with its bounds."""
    cases = read_cases(rulebook, rules / "cases" / "published")
    conflicts = read_conflicts(rules / "cases" / "conflicts.yaml")
    return figures.BenchmarkFigures.of_result(run_benchmark(rulebook, cases, conflicts))


def build_readings_figures(rulebook: Rulebook, rules: Path) -> figures.ReadingsFigures:
    """How rulebooks did on every set that others read."""
    runs = benchmark_sets(rulebook, rules, read_library(rules / "cases"))
    return figures.ReadingsFigures.of_result(runs)


def build_hazard_figures(hazards: Sequence[Hazard]) -> list[figures.HazardFigure]:
    """Every hazard with the state of its proofs."""
    return [
        figures.HazardFigure(
            hazard=hazard,
            state=hazard.proof_state,
            risk_before=hazard.before.risk_rating,
            risk_after=hazard.after.risk_rating,
        )
        for hazard in hazards
    ]
