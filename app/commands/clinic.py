"""`calcinosis-check clinic ...`: the clinics of this server."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from app.commands.console import load_rulebook, open_store, read_settings, say, stop
from app.store import clinics
from app.store.clinics import NameTaken

app = typer.Typer(help="Add a clinic, or list them.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What patients and staff call it.")],
    region: Annotated[str, typer.Option(help="Region of the rulebook: uk")],
    time_zone: Annotated[str, typer.Option(help="Its time zone: Europe/London")],
) -> None:
    """Add a clinic; print its id. Its people are seen by nobody elsewhere."""
    settings = read_settings()
    regions = list(load_rulebook(settings).regions)
    if region not in regions:
        raise stop(f"No region '{region}'. The regions are: {', '.join(regions)}", 2)
    if not name.strip():
        raise stop("A clinic needs a name.", 2)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise stop(f"No time zone '{time_zone}'. One is: Europe/London", 2) from None
    now = datetime.now(UTC)
    try:
        store = open_store(settings)
        clinic = clinics.add(store, now, name=name.strip(), region=region, time_zone=time_zone)
    except NameTaken:
        raise stop(f"There is a clinic '{name.strip()}' already.", 1) from None
    typer.echo(clinic)
    say.print("Next: calcinosis-check staff invite EMAIL --clinic ID --name NAME --role admin")


@app.command("list")
def list_all() -> None:
    """List the clinics: id, region, time zone, name."""
    for clinic in clinics.everyone(open_store(read_settings())):
        typer.echo(f"{clinic.clinic_id}  {clinic.region}  {clinic.time_zone}  {clinic.name}")
