"""`calcinosis-check serve`: the pages and the API."""

from typing import Annotated

import typer
import uvicorn

from app.commands import console

DATABASE_TIMEOUT = 5.0
"""Seconds to wait for the database: what makes it useless for good shows in less."""


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
