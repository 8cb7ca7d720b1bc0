"""`calcinosis-check serve` and `doctor`: the pages and the API, and what they still lack."""

from typing import Annotated

import typer
import uvicorn

from app.commands import console
from app.settings import PREFIX, Settings
from app.store import clinics, downtime

DATABASE_TIMEOUT = 5.0
"""Seconds to wait for the database: what makes it useless for good shows in less."""

LACKS = {
    "operator_name": "nobody can see who runs this website",
    "operator_address": "who finds advice wrong cannot write to you",
    "operator_telephone": "who finds advice wrong cannot call you",
    "trusted_origin": "receipts and letters name an address of this machine",
}
"""Setting -> what people lack while it is empty."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
) -> None:
    """Serve the pages and the API."""
    # Here, since the web room takes a while to import, and no other command needs it.
    from app.main import create_app

    settings = console.read_settings()
    settings.var.mkdir(parents=True, exist_ok=True)
    with console.stop_on_rulebook_faults(settings), console.stop_if_unusable():
        application = create_app(settings, database_timeout=DATABASE_TIMEOUT)
    rulebook = application.state.context.rulebook
    host, port = host or settings.host, settings.port if port is None else port
    console.stderr.print(f"Calcinosis Check, rulebook {rulebook.version} ({rulebook.sha256[:12]})")
    console.stderr.print(f"Serving on http://{host}:{port}  (Ctrl+C stops)")
    uvicorn.run(
        application,
        host=host,
        port=port,
        server_header=False,
        access_log=False,
        # Left alone, it would believe whoever connects from this machine.
        proxy_headers=bool(settings.proxy_addresses),
        forwarded_allow_ips=settings.proxy_addresses,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )


def doctor() -> None:
    """Say what is not set yet and what people then lack; exit code 1 if there is anything."""
    settings, rulebook = console.read_settings(), console.load_rulebook()
    silent = _list_clinics_without_number(settings)
    lacking = {name: lack for name, lack in LACKS.items() if not getattr(settings, name)}
    for name, lack in lacking.items():
        console.stderr.print(f"{PREFIX}{name.upper()}: is not set; {lack}")
    if not rulebook.approvals:
        console.stderr.print(
            f"rulebook {rulebook.version}: no clinician has approved it; pages say so"
        )
    for name in silent:
        console.stderr.print(f"clinic {name}: has no telephone; its patients cannot call it")
    stale = downtime.list_stale_clinics(settings.var / "downtime", console.current_time())
    for clinic, at in stale:
        console.stderr.print(
            f"clinic {clinic}: its newest downtime list is of {at:%Y-%m-%d %H:%M} UTC; "
            "the server writes one each half hour while it runs"
        )
    unlisted = _list_clinics_without_list(settings)
    for name in unlisted:
        console.stderr.print(
            f"clinic {name}: is open and has no downtime list; look at the log of the server"
        )
    if lacking or silent or stale or unlisted or not rulebook.approvals:
        raise typer.Exit(1)
    console.stderr.print("Nothing is lacking.")


def _list_clinics_without_number(settings: Settings) -> list[str]:
    """The names of clinics that patients cannot call; none where there is no database yet."""
    if not settings.master_key_file.exists():
        return []
    known = clinics.list_clinics(console.open_store(settings))
    return [clinic.name for clinic in known if not clinic.telephone]


def _list_clinics_without_list(settings: Settings) -> list[str]:
    """The names of open clinics that would have nothing in hours without pages."""
    if not settings.master_key_file.exists():
        return []
    found = downtime.list_clinics_without_file(console.open_store(settings), console.current_time())
    return [clinic.name for clinic in found]
