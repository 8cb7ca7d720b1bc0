"""The clinical safety case as Markdown, made from the published figures and from nothing else.

It says what is proved, what is measured, what is open, and that nobody has approved it.
"""

from collections.abc import Iterator, Mapping

from app.assurance.figures import Figures, HazardFigure, MeanFigure, SetFigures
from app.assurance.hazards import SEVERITIES, HazardControl, RiskScore
from app.assurance.headline import NOT_UNSEEN, describe_cases

CASE = "clinical-safety-case.md"
_STATES = {"proved": "proved", "partly": "partly proved", "open": "open"}
_SIDES = {"rules": "Rules", "patient": "Patient side", "clinic": "Clinic side"}
_SHARES = {
    "exact": "Level as expected",
    "acceptable": "Level acceptable",
    "under": "Rated below the expected level",
    "urgent_missed": "Needed help the same day or at once, rated below that",
    "over_by_one": "Rated one level above",
    "over_by_more": "Rated two or more levels above",
    "type_exact": "Likely type as expected",
    "type_acceptable": "Likely type acceptable",
}


def build_safety_case(figures: Figures) -> str:
    """The whole safety case."""
    parts = [
        _title_section(figures),
        _standing_section(figures),
        _property_section(figures),
        _mutant_section(figures),
        _reading_section(figures),
        _benchmark_section(figures),
        _change_section(figures),
        _hazard_section(figures),
    ]
    return "\n".join(line for part in parts for line in part)


def _title_section(figures: Figures) -> Iterator[str]:
    yield f"<!-- Made by `{figures.command}` from figures.json. Never edit by hand. -->"
    yield "# Clinical safety case"
    yield ""
    yield f"Rulebook {figures.version} of {figures.date}, sha256 `{figures.sha256}`."
    yield f"Figures of {figures.made_on}. `{figures.command}` makes them again."
    yield ""
    yield "What it is for: [intended-use.md](intended-use.md). How risk is handled:"
    yield "[risk-management-plan.md](risk-management-plan.md). Every hazard in full:"
    yield "[hazards.yaml](hazards.yaml). For whoever puts it to use: [clinic/](clinic/)."
    yield ""


def _standing_section(figures: Figures) -> Iterator[str]:
    yield "## Where this stands"
    yield ""
    names = ", ".join(figures.approvals)
    approved = f"Approved by {names}." if names else "No clinician has approved the rules."
    yield f"- {approved}"
    yield "- It is not a registered medical device, and must not be used for real patients yet."
    yield "- No Clinical Safety Officer is named. Every score below is the makers' own."
    yield "- The cases are published or made up. They are not patients."
    states = figures.hazard_state_counts
    yield (
        f"- Of {len(figures.hazards)} hazards, {states['proved']} have a proof for every control, "
        f"{states['partly']} for a part of them, and {states['open']} are open. "
        f"{figures.open_control_count} controls are not built or not done."
    )
    yield ""


def _property_section(figures: Figures) -> Iterator[str]:
    proof = figures.certificate
    yield "## What is proved of the rules, over every possible set of answers"
    yield ""
    agree = "agree" if not proof.differences else "DO NOT AGREE"
    yield f"{proof.answer_sets:,} finished sets of answers, whatever the blood values. Two checkers"
    yield f"that share only the rule files {agree}. {proof.replayed:,} answer sets that the first"
    yield "one found were shown to the program that answers people. The longest path has"
    yield f"{proof.longest} questions. {proof.seconds:.0f} s, {proof.peak_mib} MiB."
    yield ""
    yield "| | Property | Holds | Checkers | Solver calls | Seconds |"
    yield "|---|---|---|---|---|---|"
    for one in proof.proofs:
        holds, checkers = ("yes" if one.holds else "NO"), (2 if one.twice else 1)
        yield (
            f"| {one.letter} | {one.title} | {holds} | {checkers} | {one.asked} | {one.seconds} |"
        )
    yield ""


def _mutant_section(figures: Figures) -> Iterator[str]:
    yield "## Rules made wrong on purpose"
    yield ""
    if figures.mutants is None:
        yield "Not measured."
    else:
        found = figures.mutants
        yield f"{found.killed} of {found.made} mutants are noticed by a property or a case."
        yield f"{found.equivalent} more change no result at all, which is proved."
        yield f"Not noticed: {', '.join(found.survivors) or 'none'}."
    yield ""


def _reading_section(figures: Figures) -> Iterator[str]:
    yield "## Cases that others read, the headline first"
    yield ""
    found = figures.readings
    if found is None or found.headline is None:
        yield "No cases that the rules were not built with have been read blind yet."
        yield ""
    if found is not None:
        for one in [found.headline, *found.others]:
            if one is not None:
                yield from _set_lines(one)


def _set_lines(set_figures: SetFigures) -> Iterator[str]:
    yield f"### {describe_cases(set_figures)}"
    yield ""
    rules = f"{set_figures.rulebook} (`{set_figures.sha256[:12]}`)"
    yield f"Set {set_figures.name}, rulebook {rules}, {set_figures.blind_count} blind"
    yield f"of {len(set_figures.readers)} readings. Bounds: 95 %, over cases."
    if set_figures.not_unseen and set_figures.standing != "built_with":
        yield f"Not called unseen: {'; '.join(NOT_UNSEEN[why] for why in set_figures.not_unseen)}."
    if set_figures.same_answers is not None and set_figures.same_level is not None:
        answers, level = set_figures.same_answers, set_figures.same_level
        yield f"Readers gave the same answer in {answers.count} of {answers.of},"
        yield f"and the level was the same in {level.count} of {level.of} cases."
    yield ""
    if set_figures.blind_count:
        yield from _share_table_lines("Mean of the blind readings", set_figures.mean)
    for reader in (
        set_figures.readers if len(set_figures.readers) > 1 or not set_figures.blind_count else ()
    ):
        blind = "blind" if reader.blind else "NOT blind, so not in the mean"
        translated_note = f"translated from the questions of {reader.translated}, "
        yield from _share_table_lines(
            f"Reader {reader.reader}, {translated_note if reader.translated else ''}{blind}",
            reader.shares,
        )


def _benchmark_section(figures: Figures) -> Iterator[str]:
    found = figures.benchmark
    yield "## Our own published cases: tuned"
    yield ""
    yield "Questions and rules were sharpened with these cases, and we answered for them ourselves."
    yield "Expect less for anyone else. No target counts this."
    yield f"{found.cases} cases. {found.caveat} Bounds: 95 %, Clopper and Pearson."
    yield f"Questions asked: median {found.questions_median:g}, most {found.questions_most}."
    yield ""
    yield from _share_table_lines("", found.shares)


def _share_table_lines(heading: str, shares: Mapping[str, MeanFigure]) -> Iterator[str]:
    yield f"| {heading} | Cases | Bounds |"
    yield "|---|---|---|"
    for name, share in shares.items():
        if name in _SHARES:
            share_cells = f"{share.count:g} of {share.of} | {share.low:.1%} to {share.high:.1%}"
            yield f"| {_SHARES[name]} | {share_cells} |"
    yield ""


def _change_section(figures: Figures) -> Iterator[str]:
    yield "## The last change of the rules"
    yield ""
    found = figures.changes
    if found is None:
        yield "No earlier rulebook is published, so there is nothing to compare with."
    else:
        yield f"Against rulebook {found.old} (`{found.old_sha256[:12]}`): the level rises in"
        yield f"{found.up:,} answer sets and falls in {found.down:,}."
        if found.down and not found.approved:
            yield "**A level falls, and no clinician has approved that.**"
        yield ""
        for change in found.changes:
            because, example = ", ".join(change.because), change.describe_example()
            yield f"- {change.was} to {change.becomes}: {change.answer_sets:,} answer sets, by"
            yield f"  {because}; for example {example}"
        yield f"- Cases with another result: {', '.join(found.cases) or 'none'}"
    yield ""


def _hazard_section(figures: Figures) -> Iterator[str]:
    yield "## Hazards"
    yield ""
    yield "Risk from 1 to 5 by the matrix of DCB0129: before, and after what is built and proved."
    yield "Scores are provisional until a Clinical Safety Officer has signed them."
    yield ""
    for side, words in _SIDES.items():
        yield f"### {words}"
        yield ""
        for one in figures.hazards:
            if one.hazard.side == side:
                yield from _hazard_lines(one)


def _hazard_lines(hazard_figure: HazardFigure) -> Iterator[str]:
    hazard = hazard_figure.hazard
    yield f"#### {hazard.id}: {hazard.title} ({_STATES[hazard_figure.state]})"
    yield ""
    yield f"- Causes: {' '.join(hazard.causes)}"
    yield f"- Harm: {hazard.harm}"
    before, after = _format_risk_score(hazard.before), _format_risk_score(hazard.after)
    risks = (hazard_figure.risk_before, hazard_figure.risk_after)
    yield f"- Risk {risks[0]} ({before}), after controls {risks[1]} ({after})"
    for control in hazard.controls:
        yield from _control_lines(control)
    yield ""


def _control_lines(control: HazardControl) -> Iterator[str]:
    yield f"- {f'**Open, {control.open}**' if control.open else 'Control'}: {control.what}"
    for proof in control.proofs:
        yield f"  - `{proof}`"


def _format_risk_score(score: RiskScore) -> str:
    place = SEVERITIES.index(score.severity) + 1
    return f"{score.severity}, {score.likelihood.replace('_', ' ')} likelihood; severity {place}"
