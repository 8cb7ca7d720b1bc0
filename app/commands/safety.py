"""`calcinosis-check safety ...`: the hazard log, the published figures and the safety case."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.assurance import headline
from app.assurance.figures import FILE, BadFigures, read_figures
from app.assurance.hazards import Hazard, HazardFaults, read_hazards
from app.assurance.safety_case import CASE, build_safety_case
from app.commands import console
from app.settings import ROOT

app = typer.Typer(help="Make or check what /safety shows.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option(help="The folder of the safety documents.")]
SAFETY = ROOT / "safety"


@app.command()
def build(
    folder: Folder = SAFETY,
    mutants: Annotated[
        Path | None,
        typer.Option(help="What `rules mutate --json` printed.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Prove and measure everything; write the figures, the safety case and those of README.md."""
    settings, page = console.read_settings(), folder.parent / headline.FILE
    rulebook, hazards = console.load_rulebook(settings), _load_hazards(folder)
    with console.stop_without_provers():
        from app.assurance.measured import RulebookMismatch, measure_figures
    with console.show_progress("Proving and measuring") as progress:
        try:
            tried = json.loads(mutants.read_bytes()) if mutants is not None else None
            today, step = console.todays_date(), progress.begin_step
            figures = measure_figures(rulebook, settings.rules, hazards, today, tried, step)
        except (RulebookMismatch, ValueError) as problem:
            raise console.stop_command(f"{mutants}: {problem}", 1) from None
    try:
        page.write_text(headline.renew_headline(page.read_text("utf-8"), figures), "utf-8")
    except (OSError, headline.MissingMarkers) as problem:
        raise console.stop_command(f"{page}: {problem}", 1) from None
    (folder / FILE).write_text(figures.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (folder / CASE).write_text(build_safety_case(figures), encoding="utf-8")
    console.stderr.print(f"Wrote {folder / FILE} and {folder / CASE}, and the figures in {page}")


@app.command()
def check(folder: Folder = SAFETY) -> None:
    """Check the hazard log, and whether the figures are those of this rulebook."""
    rulebook, hazards = console.load_rulebook(), _load_hazards(folder)
    try:
        figures = read_figures(folder / FILE)
    except BadFigures as problem:
        raise console.stop_command(str(problem), 1) from None
    if figures is None or figures.sha256 != rulebook.sha256:
        why = f"{folder / FILE}: not of rulebook {rulebook.sha256[:12]}; run `make safety`"
        raise console.stop_command(why, 1)
    states = figures.hazard_state_counts
    lines = [
        f"Hazards         {len(hazards)}",
        f"  proved        {states['proved']}, by {figures.hazard_proof_count} tests",
        f"  partly        {states['partly']}",
        f"  open          {states['open']}",
        f"Open controls   {figures.open_control_count}",
        f"Figures of      {figures.made_on}, rulebook {figures.version}",
    ]
    typer.echo("\n".join(lines))


def _load_hazards(folder: Path) -> tuple[Hazard, ...]:
    try:
        return read_hazards(folder / "hazards.yaml", ROOT)
    except HazardFaults as problem:
        raise console.stop_with_faults(problem.faults, folder) from None
