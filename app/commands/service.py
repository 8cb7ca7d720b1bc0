"""`calcinosis-check serve`: the pages and the API."""

from typing import Annotated

import typer
import uvicorn

from app.commands.console import (
    read_settings,
    stderr,
    stop_if_unusable,
    stop_on_rulebook_faults,
)

DATABASE_TIMEOUT = 5.0
"""Seconds to wait for the database: what makes it useless for good shows in less."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
) -> None:
    """Serve the pages and the API."""
    # Here, since the web room takes a while to import, and no other command needs it.
    from app.main import create_app

    settings = read_settings()
    settings.var.mkdir(parents=True, exist_ok=True)
    with stop_on_rulebook_faults(settings), stop_if_unusable():
        application = create_app(settings, database_timeout=DATABASE_TIMEOUT)
    rulebook = application.state.context.rulebook
    chosen_host, chosen_port = host or settings.host, settings.port if port is None else port
    stderr.print(f"Calcinosis Check, rulebook {rulebook.version} ({rulebook.sha256[:12]})")
    stderr.print(f"Serving on http://{chosen_host}:{chosen_port}  (Ctrl+C stops)")
    uvicorn.run(
        application,
        host=chosen_host,
        port=chosen_port,
        server_header=False,
        access_log=False,
        # Left alone, it would believe whoever connects from this machine.
        proxy_headers=bool(settings.proxy_addresses),
        forwarded_allow_ips=settings.proxy_addresses,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )
